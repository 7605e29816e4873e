"""Values that are stored as text: JSON where they are no text themselves."""

from __future__ import annotations

from leyden.store.records import JSON
from leyden.store.texts import as_it_reads
from leyden.types.anything import json_text


def stored_text(value: JSON) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json_text(value)


def value_of(text: str | None) -> JSON:
    """What a stored text stands for: `null`, which is stored where nothing was given, for None."""
    return None if text == "null" else as_it_reads(text)
