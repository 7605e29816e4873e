"""Pages of listings and their cursors; a cursor is the place of a page's last entry, as text.

Reading continues behind that place, so entries may come or go in between. Both backends use these
cursors.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from leyden.errors import InvalidCursorError, InvalidOptionError, LeydenError
from leyden.store import given
from leyden.store.order import Mark, Order
from leyden.store.records import JSON

T = TypeVar("T")
P = TypeVar("P")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHECKSUM_BYTES: Final = 8
_DIGEST_BYTES: Final = 8
_LONGEST: Final = 1 << 20
_ODD: Final = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(RecursionError, LeydenError),
)


@frozen
class Asked:
    """The checked request for a page.

    `query` is everything that must stay the same from page to page. `per_page` is None to get all
    entries, and `cursor` continues behind an entry.
    """

    query: JSON
    page: int
    per_page: int | None
    cursor: str | None
    include_total: bool

    @classmethod
    def of(cls, query: JSON, page: Any, per_page: Any, cursor: Any, include_total: Any) -> Asked:
        """Check the arguments that choose a page: `page` excludes a cursor, and needs `per_page`.

        Raises InputError.
        """
        number = given.count(page, "page")
        if per_page is not None:
            given.count(per_page, "per_page")
        elif number:
            raise InvalidOptionError('"page" needs "per_page"; with None, page 0 has all entries')
        if cursor is not None:
            given.text(cursor, "cursor")
            if number:
                raise InvalidOptionError('give "page" or "cursor", not both')
        return cls(query, number, per_page, cursor, given.flag(include_total, "include_total"))

    @property
    def is_empty(self) -> bool:
        """Whether the page has no entries, so that nothing needs to be read or counted."""
        return self.per_page == 0

    @property
    def offset(self) -> int:
        """The number of entries before the page."""
        return self.page * (self.per_page or 0)

    @property
    def end(self) -> int | None:
        """The number of entries up to the end of the page; None if the page has all of them."""
        return None if self.per_page is None else self.offset + self.per_page

    def after(self, *check: Callable[[Mark], Any]) -> Mark | None:
        """Return the place behind which the page begins, or None if it begins at the top.

        Each check is called with the place. Raises InvalidCursorError, also when a check raises.
        """

        def read(mark: Mark) -> Mark:
            for one in check:
                one(mark)
            return mark

        return None if self.cursor is None else unseal(self.cursor, self.query, read)


@frozen
class Listed(Generic[T]):
    """A page of a listing."""

    asked: Asked
    entries: tuple[T, ...]
    total: int | None
    has_more: bool
    cursor: str | None

    def page(self, kind: Callable[..., P], **entries: tuple[Any, ...]) -> P:
        """Return the page for the caller, with its entries under the given name."""
        return kind(
            **entries,
            total=self.total,
            page=self.asked.page,
            per_page=self.asked.per_page,
            has_more=self.has_more,
            cursor=self.cursor,
        )


def listed(
    entries: Sequence[T], more: bool, total: int | None, mark: Callable[[T], Mark], asked: Asked
) -> Listed[T]:
    """Return the page of these entries, with the cursor that continues behind the last one."""
    cursor = None
    if more:
        cursor = seal(mark(entries[-1]), asked.query) if entries else asked.cursor
    return Listed(asked, tuple(entries), total, more, cursor)


def no_page(asked: Asked) -> Listed[Any]:
    """Return a page without entries."""
    return listed((), False, 0 if asked.include_total else None, list, asked)


def of_all(
    entries: Iterable[T],
    mark: Callable[[T], Mark],
    order: Order,
    asked: Asked,
    beside: Collection[str] = (),
) -> Listed[T]:
    """Sort all entries and return the page of them that was asked for.

    `beside` has the ids of entries that are returned out of order beside the page. Through the
    cursors, no later page returns them again.
    """
    after = asked.after(order, digests_in)
    if asked.is_empty:
        return no_page(asked)
    behind, before = None if after is None else order(after), digests_in(after)
    ordered = sorted(((order(mark(entry)), entry) for entry in entries), key=lambda pair: pair[0])
    left = [
        entry
        for place, entry in ordered
        if behind is None or (place > behind and not (before and digest(mark(entry)[-1]) in before))
    ]
    rest = [] if asked.end is None else left[asked.end :]
    more = any(mark(entry)[-1] not in beside for entry in rest) if beside else bool(rest)
    total = len(ordered) if asked.include_total else None
    digests = before.union(map(digest, beside))
    return listed(
        left[asked.offset : asked.end],
        more,
        total,
        lambda entry: with_digests(mark(entry), digests),
        asked,
    )


def seal(mark: Mark, query: JSON) -> str:
    """Return the cursor that continues behind a place; `query` is all that must stay the same."""
    text = json.dumps([_checksum(query, mark), *mark], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def unseal(cursor: str, query: JSON, read: Callable[[Mark], T]) -> T:
    """Return what `read` makes of the place in a cursor; it may raise any error for a bad place.

    Raises InvalidCursorError if the text is not a cursor, was changed, or belongs to another query.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        checksum, *mark = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = read(mark)
    except _ODD as error:
        raise InvalidCursorError(
            "this is not a cursor, or a part of it is missing; pass the text that a page returned, "
            "unchanged"
        ) from error
    if checksum != _checksum(query, mark):
        raise InvalidCursorError(
            "the cursor belongs to another query, or was changed; use it with the same threads, "
            "order and filters as the page that returned it"
        )
    return place


def time_of(mark: Mark) -> datetime:
    """Return the time in a place by time and id. Raises ValueError if it is not such a place."""
    milliseconds, id, *_ = mark
    if type(milliseconds) is not int or type(id) is not str:
        raise ValueError("no place")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def digest(id: str) -> bytes:
    """Return the digest by which a cursor remembers an entry that was returned out of order."""
    return blake2b(id.encode(), digest_size=_DIGEST_BYTES).digest()


def with_digests(mark: Mark, digests: Collection[bytes]) -> Mark:
    """Return the place with the digests of entries that no later page may return again."""
    return [*mark, base64.b64encode(b"".join(sorted(digests))).decode()] if digests else mark


def digests_in(mark: Mark | None) -> frozenset[bytes]:
    """Return the digests in a place. Raises ValueError if they are malformed."""
    if mark is None:
        return frozenset()
    _, _, *rest = mark
    if len(rest) > 1:
        raise ValueError("no place")
    digests = b"".join(base64.b64decode(text, validate=True) for text in rest)
    return frozenset(digests[n : n + _DIGEST_BYTES] for n in range(0, len(digests), _DIGEST_BYTES))


def _checksum(query: JSON, mark: Mark) -> str:
    whole = json.dumps([query, *mark], sort_keys=True)
    return blake2b(whole.encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
