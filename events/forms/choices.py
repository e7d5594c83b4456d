"""What the pickers offer: options made of the reference lists, values that are not in them kept."""

from collections.abc import Iterable
from itertools import accumulate, takewhile

from events.forms.widgets import Choice, Choices
from events.payload import Tlp
from events.reference import DEFAULT_DATASET, Category, Dataset, References

# Characters of names and aliases that weigh little beside the rest of the page.
TEXT_MOST = 6_000


def of_names(names: Iterable[str], blank: str = "Choose…") -> Choices:
    """One option per name, after an empty one."""
    return (Choice("", blank), *(Choice(name, name) for name in names))


def of_categories(references: References) -> Choices:
    """By name, with the kill chain's phase and the ATT&CK ids beside it."""
    return (Choice("", "Choose…"), *map(_category, references.categories))


def _category(category: Category) -> Choice:
    phase = f"kill chain {category.kill_chain}" if category.kill_chain else ""
    hint = " · ".join(filter(None, (phase, *category.mitre_attack)))
    return Choice(category.name, category.name, hint)


def of_countries(references: References) -> Choices:
    """`Germany (DE)`, valued by alpha-2, with alpha-3 and the other names beside it."""
    return (
        Choice("", "Not known"),
        *(
            Choice(c.alpha2, f"{c.name} ({c.alpha2})", " · ".join((c.alpha3, *c.aliases)))
            for c in references.countries
        ),
    )


def of_datasets(references: References) -> Choices:
    """Every dataset with whether it is public; the empty value is the API's default dataset."""
    default = references.dataset("")
    visibility = f", {_words(default)}" if default else ""
    listed = (
        Choice(dataset.uuid, f"{dataset.name} ({_words(dataset)})")
        for dataset in references.datasets
    )
    return (Choice("", f"{DEFAULT_DATASET} (default{visibility})"), *listed)


def of_attackers(references: References) -> tuple[Choices, bool]:
    """Attackers with their other names, and whether there are more than a page should carry.

    If so, these are of the names in use, as many as a page should carry; `all_attackers` has the
    rest.
    """
    every = all_attackers(references)
    if (light := _light(every)) == every:
        return every, False
    used = {each.name for each in references.attackers if each.is_used}
    return _light(tuple(each for each in every if each.value in used)) or light, True


def all_attackers(references: References) -> Choices:
    """Every attacker by name, with the other names that it can be found by."""
    return tuple(
        Choice(each.name, each.name, " · ".join(each.aliases)) for each in references.attackers
    )


def of_tags(references: References) -> tuple[Choices, bool]:
    """Tags, and whether there are more than a page should carry: `all_tags` has the rest."""
    every = all_tags(references)
    light = _light(every)
    return light, light != every


def all_tags(references: References) -> Choices:
    """Every tag by name."""
    return tuple(Choice(name, name) for name in references.tags)


def _light(every: Choices) -> Choices:
    """The first of `every`, as many as weigh little beside the rest of the page."""
    weights = accumulate(len(each.value) + len(each.hint) for each in every)
    return every[: sum(1 for _ in takewhile(lambda weight: weight <= TEXT_MOST, weights))]


def closed_datasets(references: References) -> frozenset[str]:
    """The ids of the datasets in which no event may be created."""
    return frozenset(d.uuid for d in references.datasets if not d.writable)


def of_raw_tlp() -> Choices:
    """The five labels as texts, none chosen."""
    return (Choice("", "Not marked"), *(Choice(label.value, label.label) for label in Tlp))


def dataset_words(dataset_id: str, references: References) -> str:
    """The name of the dataset that an event goes to, and whether it is public."""
    dataset = references.dataset(dataset_id)
    if dataset is not None:
        return f"{dataset.name} ({_words(dataset)})"
    name = f"Dataset {dataset_id}" if dataset_id else DEFAULT_DATASET
    return f"{name} (not known whether it is public)"


def _words(dataset: Dataset) -> str:
    visibility = "public" if dataset.is_public else "private"
    return visibility if dataset.writable else f"{visibility}, read-only"
