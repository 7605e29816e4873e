"""Reads answers with vectors, whose numbers stay JSON until a record is made from their item.

Nearly all of a page of items with vectors is numbers. Parsed like any JSON, each number becomes a
mapping, although most reads leave the vector out, and the others make one tuple of it. So the lists
are cut out of the JSON first, and put back as `StoredVector` objects, which keep their JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from leyden.types.base import Item
from leyden.types.vector import StoredVector

Reader: TypeAlias = Callable[[bytes], dict[str, Any]]

_read: Final = msgspec.json.Decoder(dict[str, Any]).decode
_write: Final = msgspec.json.Encoder().encode
_END: Final = b'"}]}'


class UnusualItemError(ValueError):
    """The fast path does not handle this answer, so the general decoder must read it."""


@lru_cache(256)
def vector_reader(fields: frozenset[str]) -> Reader | None:
    """Return a reader for answers with items; None if no field holds a vector.

    The reader raises UnusualItemError for an answer that the general decoder must read.
    """
    begins = [b'%b:{"L":[{"N":"' % _write(field) for field in sorted(fields)]

    def read(content: bytes) -> dict[str, Any]:
        spans = sorted(span for begin in begins for span in _spans(content, begin))
        pieces: list[bytes] = []
        vectors: list[bytes] = []
        cut = 0
        for start, end in spans:
            # Replace the list by the position of the vector in `vectors`.
            pieces += (content[cut:start], b'{"L":%d}' % len(vectors))
            vectors.append(content[start:end])
            cut = end
        rest = b"".join([*pieces, content[cut:]])
        # Binary values must be decoded from base64, which the general decoder does.
        if not vectors or b'"B"' in rest or b'"BS"' in rest:
            raise UnusualItemError
        try:
            answer = _read(rest)
            left = len(vectors)
            for item in _items_in(answer):
                for field in fields & item.keys():
                    place = item[field].get("L")
                    if place.__class__ is int:
                        item[field] = {"L": StoredVector(vectors[place])}
                        left -= 1
        except Exception as error:
            # The general decoder meets the same problem, and raises an error that explains it.
            raise UnusualItemError from error
        if left:
            # The field also occurs inside a map of some item, as a list.
            raise UnusualItemError
        return answer

    return read if fields else None


def _spans(content: bytes, begin: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each AttributeValue whose name and value begin with `begin`.

    In JSON, quotes inside a string are escaped, so no string can look like one.
    """
    end = 0
    while (found := content.find(begin, end)) >= 0:
        end = content.find(_END, found + len(begin)) + len(_END)
        if end < len(_END):
            raise UnusualItemError
        yield content.index(b"{", found + len(begin) - len(b'{"L":[{"N":"')), end


def _items_in(answer: Mapping[str, Any]) -> Iterable[Item]:
    """Return the items in the answer of any call that reads items."""
    if "Items" in answer:
        return answer["Items"]  # type: ignore[no-any-return]
    if "Item" in answer:
        return [answer["Item"]]
    if "SearchResults" in answer:
        return [found["Item"] for found in answer["SearchResults"]]
    responses = answer["Responses"]
    if isinstance(responses, list):
        return [response["Item"] for response in responses if "Item" in response]
    return [item for items in responses.values() for item in items]
