"""Pages and cursors over entries that are in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from leyden.errors import InvalidCursorError
from leyden.store.given import Paging
from leyden.store.order import Place, id_key

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """Some of the entries, and how it goes on."""

    entries: tuple[T, ...]
    total: int
    has_more: bool
    cursor: str | None = None


def page_of(entries: Sequence[T], paging: Paging) -> Page[T]:
    """A page by its number."""
    end = len(entries) if paging.end is None else paging.end
    return Page(tuple(entries[paging.offset : end]), len(entries), end < len(entries))


def page_by_place(
    entries: Sequence[T], paging: Paging, place: Callable[[T], Place], query: Any
) -> Page[T]:
    """A page by its number or behind a cursor, with the cursor to go on.

    `query` is all that must be the same for a cursor to be of use, as JSON.
    """
    remaining = entries
    if paging.cursor is not None:
        seen = _place_in(paging.cursor, query)
        remaining = [entry for entry in entries if place(entry) > seen]
    page = page_of(remaining, paging)
    cursor = paging.cursor if page.has_more else None
    if page.has_more and page.entries:
        milliseconds, (*_, id) = place(page.entries[-1])
        text = json.dumps([query, milliseconds, id])
        cursor = base64.urlsafe_b64encode(text.encode()).decode()
    return Page(page.entries, len(entries), page.has_more, cursor)


def _place_in(cursor: str, query: Any) -> Place:
    try:
        theirs, milliseconds, id = json.loads(
            base64.b64decode(cursor, altchars=b"-_", validate=True)
        )
        place = (int(milliseconds), id_key(id))
    except (ValueError, TypeError, AttributeError):
        raise InvalidCursorError("the cursor is no cursor of this store") from None
    if theirs != json.loads(json.dumps(query)):
        raise InvalidCursorError("the cursor belongs to another query")
    return place
