"""The catalogue of actors: who is known, under which names, and how sure that is.

Names and aliases are those that the field uses in public reports; TLP and confidence are made up.
"""

from typing import Any, NamedTuple

from events.sandbox.catalog import stable_uuid


class Actor(NamedTuple):
    """One actor; `confidence` is 1 to 10, `country` two letters or None if nobody claims one."""

    name: str
    aliases: tuple[str, ...]
    country: str | None
    confidence: int
    tlp: str = "clear"

    def to_wire(self) -> dict[str, Any]:
        """One item of the API's list: a tag of the category actor."""
        return {
            "uuid": stable_uuid("actor", self.name),
            "value": self.name,
            "categoryName": "Actor",
            "categoryUuid": stable_uuid("tag category", "Actor"),
            "tlp": self.tlp,
            "confidence": self.confidence,
            "aliases": [
                {"value": alias, "confidence": self.confidence, "tlp": self.tlp}
                for alias in self.aliases
            ],
            "aliasGroupNames": list(self.aliases),
            "originCountryISO": self.country,
        }


ACTORS: tuple[Actor, ...] = (
    Actor("APT28", ("Fancy Bear", "Sofacy", "Forest Blizzard", "STRONTIUM"), "RU", 9),
    Actor("APT29", ("Cozy Bear", "Midnight Blizzard", "NOBELIUM", "The Dukes"), "RU", 9),
    Actor("APT41", ("Double Dragon", "Brass Typhoon", "BARIUM", "Winnti"), "CN", 8),
    Actor("BLACKBASTA", ("Black Basta", "Storm-1811"), None, 7, "green"),
    Actor("Charming Kitten", ("APT35", "Mint Sandstorm", "PHOSPHORUS"), "IR", 8),
    Actor("Cl0p", ("TA505", "FIN11", "Lace Tempest"), None, 7),
    Actor("Flying Yeti", ("FlyingYeti", "UAC-0149"), "RU", 6, "green"),
    Actor("Gamaredon", ("Primitive Bear", "Aqua Blizzard", "UAC-0010"), "RU", 9),
    Actor("Kimsuky", ("Emerald Sleet", "THALLIUM", "APT43"), "KP", 8),
    Actor("Lazarus Group", ("HIDDEN COBRA", "Diamond Sleet", "ZINC"), "KP", 9),
    Actor("MuddyWater", ("Mango Sandstorm", "Static Kitten", "Seedworm"), "IR", 8),
    Actor("OilRig", ("APT34", "Hazel Sandstorm", "Helix Kitten"), "IR", 8),
    Actor("Sandworm", ("Seashell Blizzard", "APT44", "Voodoo Bear", "IRIDIUM"), "RU", 9),
    Actor("Scattered Spider", ("Octo Tempest", "UNC3944", "0ktapus"), None, 7, "amber"),
    Actor("SloppyLemming", ("OUTRIDER TIGER", "Fishing Elephant"), "IN", 6, "amber-strict"),
    Actor("Turla", ("Secret Blizzard", "Venomous Bear", "Snake"), "RU", 9),
    Actor("Volt Typhoon", ("BRONZE SILHOUETTE", "Vanguard Panda", "Insidious Taurus"), "CN", 9),
)
