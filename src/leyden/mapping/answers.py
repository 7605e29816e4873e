"""Answers with vectors in them, whose numbers stay JSON until a record is made of their item.

A page of items with vectors is nearly all numbers. Read like any JSON, each of these becomes a
mapping, though most reads leave the vector out, and the others make one tuple of it. So the lists
are cut out of the JSON first, and put back as `StoredVector`s, which know their JSON.
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
    """An answer that is to be read the careful way."""


@lru_cache(256)
def vector_reader(fields: frozenset[str]) -> Reader | None:
    """What reads the answers of calls that read items; None where no field holds a vector.

    It raises UnusualItemError for an answer that is to be read like any other.
    """
    begins = [b'%b:{"L":[{"N":"' % _write(field) for field in sorted(fields)]

    def read(content: bytes) -> dict[str, Any]:
        spans = sorted(span for begin in begins for span in _spans(content, begin))
        pieces: list[bytes] = []
        vectors: list[bytes] = []
        cut = 0
        for start, end in spans:
            # The place of the vector among all stands in the list's stead.
            pieces += (content[cut:start], b'{"L":%d}' % len(vectors))
            vectors.append(content[start:end])
            cut = end
        rest = b"".join([*pieces, content[cut:]])
        # Bytes need another look at all of the answer.
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
            # Whatever is wrong, the careful way finds it too, and has the words for it.
            raise UnusualItemError from error
        if left:
            # A map of some item has a list under the same name.
            raise UnusualItemError
        return answer

    return read if fields else None


def _spans(content: bytes, begin: bytes) -> Iterator[tuple[int, int]]:
    """Where the AttributeValues are that begin like this, behind their name.

    In a text of JSON a quote has a backslash before it, so nothing else looks like one.
    """
    end = 0
    while (found := content.find(begin, end)) >= 0:
        end = content.find(_END, found + len(begin)) + len(_END)
        if end < len(_END):
            raise UnusualItemError
        yield content.index(b"{", found + len(begin) - len(b'{"L":[{"N":"')), end


def _items_in(answer: Mapping[str, Any]) -> Iterable[Item]:
    """The items in the answer of any call that reads some."""
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
