"""The datasets that a sandbox starts with, and how a person writes another one."""

from typing import Any, NamedTuple

from events.sandbox.catalog import stable_uuid

WRITE_MODES = ("full", "create_only", "read_only")
_WRITTEN_AS = "Write NAME, NAME:private or NAME:public:read_only (or create_only, or full)."


class Dataset(NamedTuple):
    """One dataset; `write_mode` is one of `WRITE_MODES`, `deleted_at` RFC 3339 or None."""

    uuid: str
    name: str
    is_public: bool
    is_analytics: bool = False
    write_mode: str = "full"
    deleted_at: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The API's `Dataset` object."""
        wire: dict[str, Any] = {
            "uuid": self.uuid,
            "name": self.name,
            "isPublic": self.is_public,
            "isAnalytics": self.is_analytics,
            "indicatorWriteMode": self.write_mode,
        }
        return wire | ({"deletedAt": self.deleted_at} if self.deleted_at else {})


def _named(name: str, is_public: bool, **rest: Any) -> Dataset:
    return Dataset(stable_uuid("dataset", name), name, is_public, **rest)


DEFAULT_DATASET = _named("Cloudforce One Threat Events", True)
DATASETS: tuple[Dataset, ...] = (
    DEFAULT_DATASET,
    _named("Incident response", False),
    _named("Partner sharing", True, write_mode="create_only"),
    _named("DDoS", True, is_analytics=True, write_mode="read_only"),
    _named("Retired honeypots", False, deleted_at="2026-06-30T09:00:00Z"),
)


def parse_dataset(text: str) -> Dataset:
    """The dataset that `NAME[:public|private[:full|create_only|read_only]]` describes.

    Raises `ValueError` with one line for the operator who wrote it.
    """
    name, visibility, write_mode = [*text.split(":"), "", ""][:3]
    is_known = visibility in {"", "public", "private"} and write_mode in {"", *WRITE_MODES}
    if not name.strip() or not is_known or text.count(":") > 2:
        raise ValueError(f"{text!r} does not describe a dataset. {_WRITTEN_AS}")
    return _named(name.strip(), visibility == "public", write_mode=write_mode or "full")
