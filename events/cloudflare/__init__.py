"""Cloudflare's Threat Events API: the client, its errors and its records, free of Django."""

from events.cloudflare.client import Client
from events.cloudflare.errors import ApiError, NotSent, Problem, RateLimited, Refused, Unknown
from events.cloudflare.jsontext import Json
from events.cloudflare.records import (
    Actor,
    Category,
    Country,
    Created,
    Dataset,
    Filter,
    IndicatorPage,
    Page,
    RateLimit,
    RawData,
    RelatedEvent,
    SeenIndicator,
    Tag,
    TokenStatus,
)
from events.cloudflare.search import (
    FILTER_VALUE_MAX,
    IN_MAX,
    SEARCH_STYLES,
    SearchStyle,
    is_searchable,
)

__all__ = [
    "FILTER_VALUE_MAX",
    "IN_MAX",
    "SEARCH_STYLES",
    "Actor",
    "ApiError",
    "Category",
    "Client",
    "Country",
    "Created",
    "Dataset",
    "Filter",
    "IndicatorPage",
    "Json",
    "NotSent",
    "Page",
    "Problem",
    "RateLimit",
    "RateLimited",
    "RawData",
    "Refused",
    "RelatedEvent",
    "SearchStyle",
    "SeenIndicator",
    "Tag",
    "TokenStatus",
    "Unknown",
    "is_searchable",
]
