"""Sentences for what the payload model refuses: which field, what is wrong, what to write."""

from typing import NamedTuple

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

LABELS = {
    "category": "Category",
    "date": "When",
    "event": "Event",
    "insight": "Insight",
    "attacker": "Attacker",
    "attacker_country": "From country",
    "target_country": "Target country",
    "target_industry": "Target industry",
    "tlp": "TLP",
    "dataset_id": "Dataset",
    "tags": "Tags",
    "raw": "Raw data",
    "indicators": "Indicators",
    "indicator": "Indicator",
    "indicator_type": "Indicator type",
    "value": "Value",
    "raw.source": "Raw source",
    "account_id": "Account id",
    "source": "Source",
    "source_id": "Article id",
    "source_title": "Article title",
    "source.resource_id": "Article id",
    "source.title": "Article title",
}


class Problem(NamedTuple):
    """`field` is a snake_case path like `("indicators", 3, "value")`; empty for the whole."""

    field: tuple[str | int, ...]
    message: str


def problems(error: ValidationError) -> list[Problem]:
    """Every fault in `error`, in the model's order, each as a sentence for the person who typed."""
    return [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Problem:
    path = tuple(to_snake(part) if isinstance(part, str) else part for part in details["loc"])
    names = [part for part in path if isinstance(part, str)]
    label = (
        LABELS.get(".".join(names)) or LABELS.get(names[-1], names[-1]) if names else "The event"
    )
    return Problem(path, _sentence(label, details))


def _sentence(label: str, details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing" | "string_too_short":
            return f"{label} is required. Write or choose one."
        case "string_too_long":
            length, limit = len(details["input"]), context["max_length"]
            return f"{label} is {length:,} characters long. Shorten it to {limit:,} or fewer."
        case "too_long":
            length, limit = context["actual_length"], context["max_length"]
            return f"{label}: {length:,} were given. Keep {limit:,} or fewer."
        case "string_pattern_mismatch":
            return f"{label} has to be a two-letter code of ISO 3166, such as US."
        case "uuid_parsing" | "uuid_type":
            return (
                f"{label} is not an id of Threat Signals. Write the article's uuid, such as "
                "3fa85f64-5717-4562-b3fc-2c963f66afa6."
            )
        case "value_error":
            return str(context["error"])
        case "extra_forbidden":
            return f"{label} is not a field of an event. Leave it out."
        case _:
            return f"{label}: {details['msg']}."
