"""Submissions beside the log: each is what its entries say, and none is missing or added.

What people may change without an entry is not compared: the text of a draft, and what follows from
it in lists. Everything else of a submission is in an entry that was verified before.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from events.audit import body, stored
from events.audit.report import Fault
from events.audit.stored import Row
from events.audit.story import ACTIONS, Commitment, Story
from events.models import PRIVATE, AuditAttachment, AuditEntry, Submission, SubmissionIndicator
from events.payload import Indicator, Tlp, ValidationError, has_red_data, sha256
from events.payload.values import value_of

_ID = re.compile("-?".join(f"([0-9a-f]{{{n}}})" for n in (8, 4, 4, 4, 12)), re.ASCII)
_PAGE = 200
# Of rows that may hold megabytes.
_AT_ONCE = 10
_TABLE = Submission._meta.db_table
_ACTIONS = frozenset(ACTIONS)
_COLUMNS = (
    *("state", "author_name", "tlp", "body_sha256", "event_uuid", "answer"),
    *("category", "event", "dataset_id", "event_date"),
)


class Missing:
    """Submissions that the log tells of and that are not there: `fault` is about the first one."""

    def __init__(self) -> None:
        self.fault: Fault | None = None

    def note(self, entries: list[Row]) -> None:
        """Look for those that `entries`, which were verified, are about."""
        if self.fault is not None:
            return
        told = [row for row in entries if row["action"] in _ACTIONS and row["object_id"]]
        ids = {row["object_id"]: _id(row["object_id"]) for row in told}
        there = _there([each for each in ids.values() if each])
        for row in told:
            if ids[row["object_id"]] not in there:
                reason = f"it is gone, and entry {row['seq']} tells of it"
                self.fault = Fault(None, reason, submission=row["object_id"])
                return


def compare() -> tuple[int, Fault | None]:
    """How many submissions are as the log says, and what is wrong with the first that is not.

    To be called when the log was verified, within the same snapshot.
    """
    good = indicators = 0
    for names in _pages():
        ids = [_id(name) for name in names]
        if odd := [name for name in names if _adapted(_id(name)) != name]:
            return good, Fault(None, "its id is no id", submission=odd[0])
        known = _Known.of(ids)
        indicators += sum(map(len, known.keys.values()))
        for row in _rows(ids[0], ids[-1]):
            if reason := _reason(row, known):
                return good, Fault(None, reason, submission=row["id"])
            good += 1
    return good, _stray_indicator(indicators)


class _Known(NamedTuple):
    """What stands elsewhere of the submissions of a page, by their ids as entries write them.

    `salts` are those of the texts that the stories name, `users` the ids of accounts that exist.
    """

    stories: dict[str, Story]
    keys: dict[str, list[str]]
    salts: dict[tuple[int, str], str]
    users: set[int]

    @classmethod
    def of(cls, ids: list[str]) -> "_Known":
        stories = _stories(ids)
        return cls(stories, _keys(ids), _salts(stories.values()), _users(stories.values()))

    def is_kept(self, commitment: Commitment, text: str) -> bool:
        """Whether `text` is the one that an entry committed to."""
        salt = self.salts.get(commitment.key)
        return salt is not None and body.commitment(salt, body.escaped(text)) == commitment.digest


def _reason(row: Row, known: _Known) -> str:
    """What is wrong with a submission; empty if nothing is."""
    story = known.stories[row["id"]]
    if story.state is None:
        return "no entry tells of it"
    if row["state"] != story.state:
        return f"its state is {row['state']}, and the log says {story.state}"
    return (
        _author_fault(row, story, known.users)
        or _body_fault(row, story, known)
        or _answer_fault(row, story, known)
        or _copies_fault(row, story)
        or _indicators_fault(row, known.keys[row["id"]])
    )


def _author_fault(row: Row, story: Story, users: set[int]) -> str:
    is_deleted = row["author_id"] is None and story.author_id not in users
    if row["author_id"] != story.author_id and not is_deleted:
        return "its author was changed"
    if story.author and body.plain(row["author_name"] or "", body.ACTOR_MAX) != story.author:
        return "its author's name was changed"
    return ""


def _body_fault(row: Row, story: Story, known: _Known) -> str:
    sent = row["body"]
    if story.payload is None:
        return "it holds bytes that no entry tells of" if sent or row["body_sha256"] else ""
    if not isinstance(sent, bytes) or row["body_sha256"] != sha256(sent):
        return "the bytes that it sends were changed"
    text = stored.text(sent)
    if text is None or not known.is_kept(story.payload, text):
        return "the bytes that it sends are not those that the log tells of"
    return ""


def _answer_fault(row: Row, story: Story, known: _Known) -> str:
    found = row["event_uuid"]
    if found is None or body.plain(found, body.TEXT_MAX).lower() != story.uuid.lower():
        return "the uuid of its event was changed"
    answer = row["answer"]
    if story.answer is None:
        return "it holds an answer that no entry tells of" if answer != "" else ""
    if answer is None or not known.is_kept(story.answer, answer):
        return "the answer that came was changed"
    return ""


def _copies_fault(row: Row, story: Story) -> str:
    """The columns that others see; of a draft nobody sees them."""
    if row["attempt"] != (story.attempt or 0):
        return "the number of its sends was changed"
    if row["state"] in PRIVATE:
        return ""
    event = body.parsed(stored.text(row["body"]) or "")
    if row["tlp"] != story.tlp and not _is_red_by_data(row, event):
        return f"its marking is {row['tlp'] or 'none'}, and the log says {story.tlp or 'none'}"
    if not story.shows_payload:
        return ""
    for column, name in (("category", "category"), ("event", "event"), ("dataset_id", "datasetId")):
        if row[column] != event.get(name, ""):
            return f"its column {column} was changed: its bytes say otherwise"
    at = body.moment_in_utc(str(event.get("date")))
    if at is None or not stored.is_moment(row["event_date"], at):
        return "its column event_date was changed: its bytes say otherwise"
    return ""


def _is_red_by_data(row: Row, event: dict[str, Any]) -> bool:
    """Entries of before named the label of the event alone; RED raw data makes the whole RED."""
    return row["tlp"] == Tlp.RED and has_red_data(event, settings.TLP_WIRE)


def _indicators_fault(row: Row, keys: list[str]) -> str:
    """What it is found by: that of its bytes; without them, at most what the answer shows."""
    if row["body"] is not None:
        event = body.parsed(stored.text(row["body"]) or "")
        wanted = {value_of(*each).key for each in _sent(event)}
        is_right = sorted(wanted) == sorted(keys)
    else:
        shown = {value_of(*each).key for each in _shown(body.parsed(row["answer"] or ""))}
        is_right = shown.issuperset(keys)
    return "" if is_right else "the indicators that it is found by were changed"


def _sent(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The types and values of a payload, whichever shape carries them."""
    if "indicator" in event:
        yield str(event.get("indicatorType")), str(event["indicator"])
    for row in event.get("indicators", ()):
        yield str(row.get("indicatorType")), str(row.get("value"))


def _shown(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The one that an answer shows, if it is one."""
    try:
        kind, value = event.get("indicatorType"), event.get("indicator")
        shown = Indicator.model_validate({"indicatorType": kind, "value": value})
    except ValidationError:
        return
    yield shown.indicator_type, shown.value


def _pages() -> Iterator[list[str]]:
    """The ids by their order, a page at a time, as text."""
    sql = f"SELECT {stored.texts('id')} FROM {_TABLE} WHERE {{}} ORDER BY id LIMIT {_PAGE}"  # noqa: S608
    page = stored.fetch(sql.format("1 = 1"))
    while page:
        names = [stored.text(name) or stored.UNREADABLE for (name,) in page]
        yield names
        last = names[-1]
        if _adapted(_id(last)) != last:
            return
        page = stored.fetch(sql.format("id > %s"), (last,))


def _rows(first: str, last: str) -> Iterator[Row]:
    """The submissions between two ids, a few at a time."""
    found = stored.stream(
        f"SELECT {stored.texts('id')}, author_id, attempt, body, {stored.texts(*_COLUMNS)}"  # noqa: S608
        f" FROM {_TABLE} WHERE id BETWEEN %s AND %s ORDER BY id",
        (_adapted(first), _adapted(last)),
        at_once=_AT_ONCE,
    )
    for name, author, attempt, sent, *rest in found:
        yield {
            "id": _stored_id(name),
            "author_id": author,
            "attempt": attempt,
            # What is no bytes is left as it is, and fits nothing.
            "body": bytes(sent) if isinstance(sent, memoryview) else sent,
        } | dict(zip(_COLUMNS, map(stored.text, rest), strict=True))


def _stories(ids: list[str]) -> dict[str, Story]:
    """What the entries say of each."""
    found = {name: Story() for name in ids}
    # Not by their actions: SQLite would take the index of those, and read the whole log for it.
    entries = stored.stream(
        f"SELECT seq, object_id, action, body FROM {AuditEntry._meta.db_table}"  # noqa: S608
        f" WHERE object_id IN ({stored.marks(ids)}) ORDER BY object_id, seq",
        ids,
    )
    for seq, name, action, text in entries:
        if action in _ACTIONS:
            found[name].read(seq, body.parsed(text))
    return found


def _keys(ids: list[str]) -> dict[str, list[str]]:
    """The keys of the indicators of each."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = stored.fetch(
        f"SELECT {stored.texts('submission_id', 'key')}"  # noqa: S608
        f" FROM {SubmissionIndicator._meta.db_table} WHERE submission_id IN ({stored.marks(ids)})",
        [_adapted(each) for each in ids],
    )
    for name, key in rows:
        found[_stored_id(name)].append(stored.text(key) or stored.UNREADABLE)
    return found


def _salts(stories: Iterable[Story]) -> dict[tuple[int, str], str]:
    wanted = {each.key[0] for story in stories for each in (story.payload, story.answer) if each}
    rows = stored.fetch(
        f"SELECT entry_id, name, salt FROM {AuditAttachment._meta.db_table}"  # noqa: S608
        f" WHERE entry_id IN ({stored.marks(wanted)})",
        list(wanted),
    )
    return {(seq, name): salt for seq, name, salt in rows}


def _users(stories: Iterable[Story]) -> set[int]:
    wanted = {story.author_id for story in stories if story.author_id is not None}
    return set(User.objects.filter(pk__in=wanted).values_list("pk", flat=True))


def _there(ids: list[str]) -> set[str]:
    """Those of `ids` that are submissions."""
    rows = stored.fetch(
        f"SELECT {stored.texts('id')} FROM {_TABLE} WHERE id IN ({stored.marks(ids)})",  # noqa: S608
        [_adapted(each) for each in ids],
    )
    return {each for (name,) in rows if (each := _stored_id(name))}


def _stray_indicator(known: int) -> Fault | None:
    """An indicator of no submission; `known` is how many belong to one."""
    table = SubmissionIndicator._meta.db_table
    ((count,),) = stored.fetch(f"SELECT count(*) FROM {table}")  # noqa: S608
    if count == known:
        return None
    return Fault(None, f"{count - known} indicators belong to none that is there", submission="?")


def _id(text: str) -> str:
    """The id in `text` as entries write it; empty if this database and they write none so."""
    if (parts := _ID.fullmatch(text)) is None:
        return ""
    return "-".join(parts.groups())


def _stored_id(stored_id: object) -> str:
    """The id in a column as entries write it; empty if it is written in another way."""
    text = stored.text(stored_id) or ""
    found = _id(text)
    return found if _adapted(found) == text else ""


def _adapted(name: str) -> str:
    """An id as a value for a statement."""
    return name.replace("-", "") if connection.vendor == "sqlite" else name
