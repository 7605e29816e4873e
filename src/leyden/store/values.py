"""Values that both backends make, read and compare alike.

What is kept as text, as in the table, and what it reads as; what a filter lets through; how the
state of a workflow run begins.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from leyden.store.records import JSON, DateRange
from leyden.types.anything import json_text
from leyden.types.numbers import epoch_milliseconds


def as_it_reads(value: JSON) -> JSON:
    """A text with the JSON of an object or an array reads as that, any other value as text."""
    if value is None or isinstance(value, dict | list):
        return value
    text = value if isinstance(value, str) else json_text(value)
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return text


def stored_text(value: JSON) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json_text(value)


def value_of(text: str | None) -> JSON:
    """What a stored text stands for: `null`, which is stored where nothing was given, for None."""
    return None if text == "null" else as_it_reads(text)


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


def pending(run_id: str, now: datetime) -> dict[str, JSON]:
    """The state of a run of which nothing is stored, as the TypeScript client begins it."""
    return {
        "context": {},
        "activePaths": [],
        "timestamp": epoch_milliseconds(now),
        "suspendedPaths": {},
        "activeStepsPath": {},
        "resumeLabels": {},
        "serializedStepGraph": [],
        "status": "pending",
        "value": {},
        "waitingPaths": {},
        "runId": run_id,
        "requestContext": {},
    }


def _refuse(constant: str) -> NoReturn:
    raise ValueError("no JSON")


def _finite(digits: str) -> Any:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("no number that can be kept")
    return number
