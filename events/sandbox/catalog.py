"""The reference lists that the sandbox serves: categories, industries, attackers, tags, types.

Names are plausible, not copied from an account. Kill chain numbers are the seven phases of the
Lockheed Martin Cyber Kill Chain (1 reconnaissance … 7 actions on objectives); technique ids are
MITRE ATT&CK's and CAPEC's. Only `domain` = 5 is a seen id of an indicator type.
"""

import uuid
from typing import Any, NamedTuple

_NAMESPACE = uuid.UUID("6d1c3c2e-5b0f-4c52-9b8e-2f5f0a2c9d31")


def stable_uuid(*parts: str) -> str:
    """The same uuid for the same name in every run, so that restarts keep their ids."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


class Category(NamedTuple):
    """A category and what the API adds to an event that bears it."""

    name: str
    shortname: str
    kill_chain: int
    mitre_attack: tuple[str, ...]
    mitre_capec: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        """The API's `Category` object."""
        return {
            "uuid": stable_uuid("category", self.name),
            "name": self.name,
            "shortname": self.shortname,
            "killChain": self.kill_chain,
            "mitreAttack": list(self.mitre_attack),
            "mitreCapec": list(self.mitre_capec),
        }


class Tag(NamedTuple):
    """A tag of the catalogue; tags that events bring along have a value only."""

    value: str
    category_name: str | None = None
    description: str | None = None
    tlp: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """One item of the API's list of tags."""
        wire = {
            "uuid": stable_uuid("tag", self.value),
            "value": self.value,
            "categoryName": self.category_name,
            "description": self.description,
            "tlp": self.tlp,
        }
        return {name: value for name, value in wire.items() if value is not None}


CATEGORIES: tuple[Category, ...] = (
    Category("Account Takeover", "ato", 7, ("T1078",), ("CAPEC-560",)),
    Category("Adversary-in-the-Middle", "aitm", 4, ("T1557",), ("CAPEC-94",)),
    Category("Anonymisation Network", "anon", 6, ("T1090.003",), ("CAPEC-616",)),
    Category("Backdoor", "backdoor", 5, ("T1505", "T1546"), ("CAPEC-523",)),
    Category("Botnet", "botnet", 6, ("T1583.005", "T1584.005"), ("CAPEC-125",)),
    Category("Brute Force", "brute", 4, ("T1110.001",), ("CAPEC-112",)),
    Category("Business Email Compromise", "bec", 7, ("T1534", "T1566"), ("CAPEC-151",)),
    Category("C2 Beacon", "beacon", 6, ("T1071.001", "T1573"), ("CAPEC-549",)),
    Category("C2 Server", "c2", 6, ("T1071", "T1105"), ("CAPEC-549",)),
    Category("Code Injection", "codeinj", 4, ("T1190", "T1059"), ("CAPEC-242",)),
    Category("Compromised Device", "device", 5, ("T1584.008",), ("CAPEC-542",)),
    Category("Compromised Website", "website", 3, ("T1584.004", "T1189"), ("CAPEC-148",)),
    Category("Credential Dumping", "creddump", 7, ("T1003",), ("CAPEC-555",)),
    Category("Credential Phishing", "credphish", 3, ("T1566.002", "T1056.003"), ("CAPEC-98",)),
    Category("Credential Stuffing", "credstuff", 4, ("T1110.004",), ("CAPEC-600",)),
    Category("Cryptojacking", "cryptojack", 7, ("T1496",), ("CAPEC-185",)),
    Category("Data Exfiltration", "exfil", 7, ("T1041", "T1567"), ("CAPEC-116",)),
    Category("Data Leak", "leak", 7, ("T1530",), ("CAPEC-116",)),
    Category("DDoS", "ddos", 7, ("T1498", "T1499"), ("CAPEC-125", "CAPEC-488")),
    Category("DNS Amplification", "dnsamp", 7, ("T1498.002",), ("CAPEC-490",)),
    Category("DNS Tunnelling", "dnstunnel", 6, ("T1071.004", "T1572"), ("CAPEC-549",)),
    Category("Domain Generation Algorithm", "dga", 6, ("T1568.002",), ("CAPEC-549",)),
    Category("Domain Registration", "domreg", 2, ("T1583.001",), ("CAPEC-630",)),
    Category("Domain Resolution", "domain", 2, ("T1583.001", "T1590.002"), ("CAPEC-89",)),
    Category("Drive-by Download", "driveby", 3, ("T1189",), ("CAPEC-185",)),
    Category("Exploit Attempt", "exploit", 4, ("T1190", "T1203"), ("CAPEC-248",)),
    Category("Homoglyph Domain", "homoglyph", 2, ("T1583.001", "T1036"), ("CAPEC-632",)),
    Category("Infostealer", "stealer", 7, ("T1555", "T1539"), ("CAPEC-568",)),
    Category("Keylogger", "keylogger", 7, ("T1056.001",), ("CAPEC-568",)),
    Category("Lateral Movement", "lateral", 7, ("T1021", "T1570"), ("CAPEC-555",)),
    Category("Loader", "loader", 5, ("T1105", "T1204.002"), ("CAPEC-185",)),
    Category("Malicious Attachment", "maldoc", 3, ("T1566.001", "T1204.002"), ("CAPEC-163",)),
    Category("Malicious Package", "package", 3, ("T1195.001",), ("CAPEC-437",)),
    Category("Malware Hosting", "malhost", 3, ("T1608.001",), ("CAPEC-185",)),
    Category("Password Spraying", "spray", 4, ("T1110.003",), ("CAPEC-565",)),
    Category("Phishing", "phishing", 3, ("T1566",), ("CAPEC-98",)),
    Category("Port Scanning", "portscan", 1, ("T1595.001", "T1046"), ("CAPEC-300",)),
    Category("Privilege Escalation", "privesc", 5, ("T1068",), ("CAPEC-233",)),
    Category("Ransomware", "ransomware", 7, ("T1486", "T1490"), ("CAPEC-542",)),
    Category("Reconnaissance", "recon", 1, ("T1595", "T1589"), ("CAPEC-169",)),
    Category("Remote Access Trojan", "rat", 5, ("T1219",), ("CAPEC-542",)),
    Category("Residential Proxy", "resiproxy", 6, ("T1090.002",), ("CAPEC-616",)),
    Category("SQL Injection", "sqli", 4, ("T1190",), ("CAPEC-66",)),
    Category("Supply Chain Compromise", "supply", 3, ("T1195",), ("CAPEC-437",)),
    Category("Typosquatting", "typosquat", 2, ("T1583.001",), ("CAPEC-630",)),
    Category("Vulnerability Scanning", "vulnscan", 1, ("T1595.002",), ("CAPEC-310",)),
    Category("Web Shell", "webshell", 5, ("T1505.003",), ("CAPEC-650",)),
    Category("Wiper", "wiper", 7, ("T1485", "T1561"), ("CAPEC-542",)),
)
CATEGORY_BY_NAME: dict[str, Category] = {category.name: category for category in CATEGORIES}

INDUSTRIES: tuple[str, ...] = (
    "Accounting",
    "Aerospace",
    "Agriculture",
    "Airlines & Aviation",
    "Apparel & Fashion",
    "Architecture & Planning",
    "Automotive",
    "Banking & Financial Services",
    "Biotechnology",
    "Broadcast Media",
    "Chemicals",
    "Civil Society",
    "Computer Hardware",
    "Computer Networking",
    "Computer Software",
    "Construction",
    "Consumer Electronics",
    "Consumer Goods",
    "Cryptocurrency",
    "Cybersecurity",
    "Defence",
    "Education",
    "Electric Utilities",
    "Energy",
    "Engineering",
    "Entertainment",
    "Food & Beverages",
    "Gambling & Casinos",
    "Gaming",
    "Government",
    "Healthcare",
    "Higher Education",
    "Hospitality",
    "Human Resources",
    "Information Technology",
    "Insurance",
    "International Organisations",
    "Internet",
    "Journalism",
    "Law Enforcement",
    "Legal Services",
    "Logistics & Supply Chain",
    "Manufacturing",
    "Maritime",
    "Marketing & Advertising",
    "Mining & Metals",
    "Non-profit",
    "Nuclear",
    "Oil & Gas",
    "Pharmaceuticals",
    "Political Organisations",
    "Postal & Courier",
    "Professional Services",
    "Public Safety",
    "Publishing",
    "Railways",
    "Real Estate",
    "Religious Institutions",
    "Renewables & Environment",
    "Research",
    "Retail",
    "Semiconductors",
    "Space & Satellites",
    "Sports",
    "Telecommunications",
    "Think Tanks",
    "Transportation",
    "Travel & Tourism",
    "Venture Capital",
    "Waste Management",
    "Water Utilities",
    "Wholesale",
)
INDUSTRIES_IN_USE: tuple[str, ...] = (
    "Agriculture",
    "Automotive",
    "Banking & Financial Services",
    "Cryptocurrency",
    "Government",
    "Healthcare",
    "Insurance",
    "Telecommunications",
)

ATTACKERS: tuple[str, ...] = (
    "APT28",
    "APT29",
    "APT41",
    "BLACKBASTA",
    "Charming Kitten",
    "Cl0p",
    "Flying Yeti",
    "Gamaredon",
    "Kimsuky",
    "Lazarus Group",
    "LockBit",
    "MuddyWater",
    "OilRig",
    "Sandworm",
    "Scattered Spider",
    "SloppyLemming",
    "Turla",
    "Volt Typhoon",
)

TAGS: tuple[Tag, ...] = (
    Tag("bulletproof-hosting", "infrastructure", "Hosting that ignores abuse reports", "green"),
    Tag("cobalt-strike", "malware", "Cobalt Strike beacon or team server", "clear"),
    Tag("credential-theft", "objective", "Steals user names and passwords", "clear"),
    Tag("espionage", "motive", "Collects intelligence for a state", "amber"),
    Tag("fast-flux", "infrastructure", "Addresses that change within minutes", "clear"),
    Tag("financial", "motive", "Done for money", "clear"),
    Tag("hacktivism", "motive", "Done for a cause", "clear"),
    Tag("initial-access-broker", "actor", "Sells access to networks", "amber-strict"),
    Tag("lumma", "malware", "Lumma information stealer", "clear"),
    Tag("mirai", "malware", "Mirai and its descendants", "clear"),
    Tag("newly-registered", "infrastructure", "Domain younger than 30 days", "clear"),
    Tag("phishing-kit", "tool", "Ready-made phishing pages", "green"),
    Tag("ransomware", "malware", "Encrypts for ransom", "clear"),
    Tag("sinkholed", "infrastructure", "Taken over by defenders", "amber"),
    Tag("tor-exit", "infrastructure", "Exit node of the Tor network", "clear"),
    Tag("zero-day", "vulnerability", "Exploited before a fix existed", "red"),
)

TAGS_BY_VALUE: dict[str, Tag] = {tag.value: tag for tag in TAGS}

_INDICATOR_TYPE_NAMES = (
    *("asn", "cidr", "ip", "url", "domain", "email", "hash", "md5", "sha1", "sha256", "sha512"),
    *("ssdeep", "tlsh", "imphash", "ja3", "ja3s", "ja4", "jarm", "user_agent", "cve"),
    *("file_name", "file_path", "mutex", "registry_key", "mac_address", "btc"),
    *("certificate", "phone", "ipv4", "ipv6", "hostname"),
)
INDICATOR_TYPE_IDS: dict[str, int] = {
    name: number for number, name in enumerate(_INDICATOR_TYPE_NAMES, start=1)
}

# `amber+strict` is documented for tags alone; what events accept is not known.
TLP_TEXTS: tuple[str, ...] = (
    *("clear", "green", "amber", "amber-strict", "amber+strict", "red", "purple"),
)
