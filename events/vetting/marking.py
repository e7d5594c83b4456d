"""The labels against each other and against the dataset: who would be able to read what."""

from collections.abc import Iterator

from events.payload import Tlp
from events.reference import DEFAULT_DATASET, References
from events.vetting.findings import Entry, Finding, Level

# Whoever may send may lower the label: the reason is in the log.
LOWER = "events.send_submission"
OVERRIDE = "events.override_public_tlp"
NOT_FOR_THE_PUBLIC = frozenset({Tlp.AMBER_STRICT, Tlp.RED})


def public(entry: Entry, references: References) -> Iterator[Finding]:
    """RED and AMBER+STRICT do not go into a public dataset, nor into one that may be public.

    A dataset that the API does not list counts as public. Before the lists were ever fetched
    nothing is known of any, which is said and blocks nothing.
    """
    label = entry.strictest
    if label not in NOT_FOR_THE_PUBLIC:
        return
    dataset = references.dataset(entry.dataset_id)
    if dataset is not None and not dataset.is_public:
        return
    if not references.datasets:
        yield Finding(
            "tlp.dataset_unknown",
            Level.WARN,
            f"Whether the dataset is public is not known, and this is {label.label}.",
            "Ask your administrator to run refresh_reference before you send.",
            "dataset_id",
        )
        return
    name = dataset.name if dataset else f"the dataset {entry.dataset_id or DEFAULT_DATASET}"
    what = "is public" if dataset else "is not listed by the API, so that it may be public"
    yield Finding(
        "tlp.public",
        Level.BLOCK,
        f"{label.label} would become readable for strangers: {name} {what}.",
        "Choose a private dataset. A reviewer may send it all the same and give a reason, "
        "which is logged.",
        "dataset_id",
        permission=OVERRIDE,
    )


def lowered(entry: Entry) -> Iterator[Finding]:
    """What was copied from RED and gets a weaker label is no oversight: somebody says why."""
    label = entry.strictest
    if not entry.was_red or label is None or label is Tlp.RED:
        return
    yield Finding(
        "tlp.lowered",
        Level.BLOCK,
        f"This was copied from what is TLP:RED, and would be {label.label}.",
        "Make it TLP:RED; or take out what is, and give a reason, which is logged.",
        "tlp",
        permission=LOWER,
    )


def raw(entry: Entry) -> Iterator[Finding]:
    """The raw data's own label fits the event's."""
    if entry.tlp is None or entry.raw_tlp is None or entry.tlp is entry.raw_tlp:
        return
    labels = f"the raw data is {entry.raw_tlp.label}, the event {entry.tlp.label}"
    if entry.raw_tlp.strictness > entry.tlp.strictness:
        yield Finding(
            "raw_tlp.stricter",
            Level.WARN,
            f"Who may read the event may not read its raw data: {labels}.",
            "Make the event as strict, or leave the raw data out.",
            "raw_tlp",
        )
    else:
        yield Finding(
            "raw_tlp.weaker",
            Level.WARN,
            f"The raw data may go further than the event itself: {labels}.",
            "Check both labels against the source.",
            "raw_tlp",
        )
