"""Values that are kept as text, as in the table: what they read as."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from leyden.store.records import JSON
from leyden.types.anything import json_text


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


def _refuse(constant: str) -> NoReturn:
    raise ValueError("no JSON")


def _finite(digits: str) -> Any:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("no number that can be kept")
    return number
