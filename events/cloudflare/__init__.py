"""Cloudflare's Threat Events API: the client, its errors and its records, free of Django."""

from events.cloudflare.client import Client
from events.cloudflare.errors import ApiError, NotSent, Problem, RateLimited, Refused, Unknown
from events.cloudflare.jsontext import Json
from events.cloudflare.records import (
    Category,
    Country,
    Created,
    Dataset,
    Filter,
    Page,
    RateLimit,
    RawData,
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
    "ApiError",
    "Category",
    "Client",
    "Country",
    "Created",
    "Dataset",
    "Filter",
    "Json",
    "NotSent",
    "Page",
    "Problem",
    "RateLimit",
    "RateLimited",
    "RawData",
    "Refused",
    "SearchStyle",
    "Tag",
    "TokenStatus",
    "Unknown",
    "is_searchable",
]
