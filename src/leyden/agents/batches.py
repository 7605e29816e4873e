"""What a batch of a log stores: JSON values, as text that people can read, or compressed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from leyden.agents.pieces import packed, unpacked
from leyden.errors import DecodeError

TOGETHER: Final = 100
"""The most items of a batch."""

SIZE: Final = 256 * 1024
"""The most bytes of a batch of several items. A single item may have more."""

PLAIN: Final = 4 * 1024
"""Up to so many bytes a batch is stored as text, and above compressed."""

FORMS: Final = ("items", "packed")
"""The attributes in which a batch may have its items."""


def attributes_of(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return what is stored of JSON values, for each batch that they make.

    Raises TypeError for a value that JSON cannot hold.

    >>> attributes_of([{"role": "user"}, "Hello"])
    [{'items': '[{"role":"user"},"Hello"]'}]
    """
    return [_stored(batch) for batch in _cut(map(json_of, values))]


def shortened(values: Sequence[Any]) -> dict[str, Any]:
    """Return what is stored of what is left of a batch."""
    return _stored(list(map(json_of, values)))


def values_of(record: Any) -> list[Any]:
    """Return the JSON values of a batch. Raises DecodeError for one that cannot be read."""
    try:
        text = record.items if record.items is not None else unpacked(record.packed)
        values: list[Any] = json.loads(text)
    except ValueError as error:
        raise DecodeError(
            f"the items of batch {record.number} cannot be read: {error}", field="items"
        ) from error
    return values


def size_of(record: Any) -> int:
    """Return about how many bytes the JSON of a batch has. An empty batch has none."""
    return len(record.items or "") + 4 * len(record.packed or b"")


def json_of(value: Any) -> bytes:
    """Return a value as JSON, in as few bytes as it takes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can escape and UTF-8 cannot hold.
        return json.dumps(value, separators=(",", ":")).encode()


def _cut(texts: Iterable[bytes]) -> list[list[bytes]]:
    """The texts of each batch."""
    batches: list[list[bytes]] = []
    size = 0
    for text in texts:
        size += len(text)
        if not batches or size > SIZE or len(batches[-1]) == TOGETHER:
            batches.append([])
            size = len(text)
        batches[-1].append(text)
    return batches


def _stored(texts: Sequence[bytes]) -> dict[str, Any]:
    data = b"[%b]" % b",".join(texts)
    return {"items": data.decode()} if len(data) <= PLAIN else {"packed": packed(data)}
