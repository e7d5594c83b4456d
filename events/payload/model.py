"""What is sent to create an event: one frozen model, its limits, its canonical bytes.

Names, types and required fields are those of `POST …/cloudforce-one/events/create`. Limits on
lengths and counts are our own, because the API names none: they are the constants below.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from events.payload.text import refuse_hostile

NAME_MAX = 200
TEXT_MAX = 10_000
VALUE_MAX = 4_096
TITLE_MAX = 500
TAGS_MAX = 50
INDICATORS_MAX = 1_000
BODY_MAX_BYTES = 2 * 1024 * 1024

# Beyond this a reader in JavaScript, the API itself presumably, would see another number.
ACCOUNT_ID_MAX: Final = 2**53 - 1
_ACCOUNT_ID = "Account id is a whole number such as 123456, not the text that the token belongs to."


def _whole(value: object) -> object:
    """`accountId` is a JSON number; as a float, 123456 would go out as 123456.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(_ACCOUNT_ID)
    if not 1 <= value <= ACCOUNT_ID_MAX:
        raise ValueError(f"Account id is a number from 1 to {ACCOUNT_ID_MAX:,}.")
    return value


_Clean = AfterValidator(refuse_hostile)
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX), _Clean]
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX), _Clean]
Value = Annotated[str, StringConstraints(min_length=1, max_length=VALUE_MAX), _Clean]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
AccountId = Annotated[int, BeforeValidator(_whole)]
TlpText = Annotated[str, StringConstraints(min_length=1, max_length=32), _Clean]


class _Wire(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Raw(_Wire):
    """What the event was made from; `data` is a JSON object and is required, if only as `{}`."""

    data: dict[str, Any] | None
    source: Annotated[str, StringConstraints(max_length=TEXT_MAX), _Clean] | None = None
    tlp: TlpText | None = None


class Indicator(_Wire):
    """One indicator: the API's type name and the value exactly as it is to be stored."""

    indicator_type: Name
    value: Value


class Source(_Wire):
    """The Threat Signals article that the event was taken from: its id, and its title if known."""

    system: Literal["threat-signals"] = "threat-signals"
    resource_type: Literal["article"] = "article"
    resource_id: UUID
    title: Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX), _Clean] | None = (
        None
    )


class EventCreate(_Wire):
    """The body of a create. Attributes are snake_case, the wire is camelCase.

    One indicator is carried by `indicator` and `indicator_type`, several by `indicators`, never
    both: `with_indicators` chooses.
    """

    category: Name
    date: datetime
    event: Text
    raw: Raw
    tlp: TlpText
    account_id: AccountId | None = None
    attacker: Name | None = None
    attacker_country: CountryCode | None = None
    dataset_id: Name | None = None
    indicator: Value | None = None
    indicator_type: Name | None = None
    indicators: Annotated[tuple[Indicator, ...], Field(max_length=INDICATORS_MAX)] | None = None
    insight: Text | None = None
    source: Source | None = None
    tags: Annotated[tuple[Name, ...], Field(max_length=TAGS_MAX)] | None = None
    target_country: CountryCode | None = None
    target_industry: Name | None = None

    @field_validator("date")
    @classmethod
    def _in_utc(cls, date: datetime) -> datetime:
        if date.tzinfo is None:
            raise ValueError("Write the time zone too, such as 2022-04-01T00:00:00Z.")
        try:
            return date.astimezone(UTC)
        except OverflowError:
            raise ValueError("Write a date between the years 1 and 9999.") from None

    @model_validator(mode="after")
    def _one_shape_of_indicators(self) -> Self:
        if self.indicators is not None and self.indicator is not None:
            raise ValueError("Send either one indicator or a list of indicators, not both.")
        if (self.indicator is None) != (self.indicator_type is None):
            raise ValueError("An indicator needs both its type and its value.")
        return self

    @field_serializer("date")
    def _rfc3339(self, date: datetime) -> str:
        return rfc3339(date)

    @classmethod
    def with_indicators(cls, rows: Sequence[Indicator], **fields: Any) -> Self:
        """The event with `rows` in the shape that the API documents for their number.

        Raises `pydantic.ValidationError`; `problems` turns that into sentences.
        """
        if len(rows) == 1:
            fields |= {"indicator": rows[0].value, "indicator_type": rows[0].indicator_type}
        elif rows:
            fields["indicators"] = tuple(rows)
        return cls(**fields)

    @property
    def rows(self) -> tuple[Indicator, ...]:
        """The indicators, whichever shape carries them."""
        if self.indicator is not None and self.indicator_type is not None:
            return (Indicator(indicator_type=self.indicator_type, value=self.indicator),)
        return self.indicators or ()

    def to_wire(self) -> dict[str, Any]:
        """The JSON object to send: camelCase names, nothing that was left out."""
        wire = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"raw"})
        raw = self.raw.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"data"})
        return wire | {"raw": raw | {"data": self.raw.data}}

    def to_bytes(self) -> bytes:
        """The canonical bytes: UTF-8 JSON, keys sorted, no spaces. Equal events, equal bytes."""
        return canonical_bytes(self.to_wire())


def canonical_bytes(value: Any) -> bytes:
    """`value` as UTF-8 JSON with sorted keys and no spaces; `ValueError` for NaN and infinities."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def sha256(body: bytes) -> str:
    """The SHA-256 of `body` as 64 lower-case hex digits."""
    return hashlib.sha256(body).hexdigest()


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC as RFC 3339 with a `Z`, with fractions of a second only if there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


__all__ = [
    "EventCreate",
    "Indicator",
    "Raw",
    "Source",
    "ValidationError",
    "canonical_bytes",
    "sha256",
]
