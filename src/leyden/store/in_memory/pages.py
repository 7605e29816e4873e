"""Pages and cursors over entries that are put in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, TypeVar

from attrs import frozen

from leyden.errors import InvalidCursorError
from leyden.store.given import Paging
from leyden.store.places import Mark, Order
from leyden.store.records import JSON

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """Some of the entries, and how it goes on."""

    entries: tuple[T, ...]
    total: int | None
    has_more: bool
    cursor: str | None = None


def page_of(
    entries: Iterable[T],
    mark: Callable[[T], Mark],
    order: Order,
    paging: Paging,
    query: JSON,
    *,
    include_total: bool,
    given: Collection[str] = (),
) -> Page[T]:
    """A page by its number or behind a cursor, with the cursor to go on.

    `query` is all that must be the same for a cursor to be of use, as JSON. `given` are the ids of
    entries that are given beside the page: no later page has them, by way of the cursors.
    """
    behind, before = _begin(paging, query, order)
    if paging.per_page == 0:
        return Page((), 0 if include_total else None, False)
    ordered = sorted(entries, key=lambda entry: order(mark(entry)))
    left = [
        entry
        for entry in ordered
        if behind is None or (order(mark(entry)) > behind and mark(entry)[-1] not in before)
    ]
    end = len(left) if paging.end is None else paging.end
    shown = tuple(left[paging.offset : end])
    more = any(mark(entry)[-1] not in given for entry in left[end:])
    cursor = _sealed(mark(shown[-1]), [*before, *given], query) if more else None
    return Page(shown, len(ordered) if include_total else None, more, cursor)


def given_before(paging: Paging, query: JSON) -> list[str]:
    """The ids of what was given beside earlier pages of the same cursors."""
    return [] if paging.cursor is None else _opened(paging.cursor, query)[1]


def _begin(paging: Paging, query: JSON, order: Order) -> tuple[Any, list[str]]:
    """Behind what the page begins, None for a first page, and what is not given again."""
    if paging.cursor is None:
        return None, []
    mark, before = _opened(paging.cursor, query)
    try:
        return order(mark), before
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
        raise InvalidCursorError("the cursor is no cursor of this store") from None


def _sealed(mark: Mark, given: Iterable[str], query: JSON) -> str:
    text = json.dumps([query, list(mark), list(given)])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _opened(cursor: str, query: JSON) -> tuple[Any, list[str]]:
    try:
        theirs, mark, given = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        valid = isinstance(mark, list) and isinstance(given, list)
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise InvalidCursorError("the cursor is no cursor of this store")
    if theirs != json.loads(json.dumps(query)):
        raise InvalidCursorError("the cursor belongs to another query")
    return mark, given
