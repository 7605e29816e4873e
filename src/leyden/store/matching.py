"""What a filter lets through: values of metadata, kinds of evaluations, and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from leyden.store.records import JSON, DateRange


def same_json(one: JSON, other: JSON) -> bool:
    """Whether two JSON values are the same; True is not 1, and the order of keys is nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def has_all(metadata: JSON, wanted: Mapping[str, JSON]) -> bool:
    """Whether metadata has all these values; a key that is missing is not one that is null."""
    if not wanted:
        return True
    return isinstance(metadata, dict) and all(
        key in metadata and same_json(metadata[key], value) for key, value in wanted.items()
    )


def metadata_of(content: JSON) -> JSON:
    """The metadata of a message's content; None where it is a text or has none."""
    return content.get("metadata") if isinstance(content, dict) else None


def kind_of(test_info: JSON) -> str:
    """The kind of an evaluation: `test` where its test information has a path, else `live`."""
    return "test" if isinstance(test_info, dict) and test_info.get("testPath") else "live"


def is_within(time: datetime, dates: DateRange) -> bool:
    """Whether a time is in the range."""
    if dates.start is not None and (
        time < dates.start or (dates.start_exclusive and time == dates.start)
    ):
        return False
    return dates.end is None or (
        time < dates.end or (time == dates.end and not dates.end_exclusive)
    )
