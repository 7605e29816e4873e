"""Cursors of the store: the place of the last entry that a page gave, as opaque text.

Reading goes on behind that place, so entries that come or go in between do no harm.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, TypeVar

from attrs import frozen

from leyden.errors import InvalidCursorError, LeydenError
from leyden.store.places import Mark
from leyden.store.records import JSON
from leyden.types.numbers import epoch_milliseconds

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHECKSUM_BYTES: Final = 8
_DIGEST_BYTES: Final = 8
_LONGEST: Final = 1 << 20
_ODD: Final = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(RecursionError, LeydenError),
)


@frozen
class Position:
    """Where an entry is: its time, and its id among those of the same time.

    `given` are digests of what was given out of its turn, and is not given again.
    """

    time: datetime
    id: str
    given: frozenset[bytes] = frozenset()


def digest(id: str) -> bytes:
    """What `Position.given` has of an id."""
    return blake2b(id.encode(), digest_size=_DIGEST_BYTES).digest()


def write_cursor(position: Position, query: JSON) -> str:
    """The cursor that goes on behind an entry; `query` is all that must stay the same."""
    mark = [epoch_milliseconds(position.time), position.id]
    if position.given:
        mark.append(base64.b64encode(b"".join(sorted(position.given))).decode())
    return seal(mark, query)


def read_cursor(cursor: str, query: JSON) -> Position:
    """Where a cursor goes on.

    Raises InvalidCursorError where it is none, was changed, or belongs to another query.
    """
    return unseal(cursor, query, _position)


def seal(mark: Mark, query: JSON) -> str:
    """The cursor that goes on behind a place that JSON can say."""
    text = json.dumps([_checksum(query, mark), *mark], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def unseal(cursor: str, query: JSON, read: Callable[[Mark], T]) -> T:
    """What `read` makes of the place in a cursor; it raises an error of any kind for what is none.

    Raises InvalidCursorError where the cursor is none, was changed, or belongs to another query.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        checksum, *mark = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        position = read(mark)
    except _ODD as error:
        raise InvalidCursorError(
            "this is no cursor, or it was cut short; pass on the text that a page gave, unchanged"
        ) from error
    if checksum != _checksum(query, mark):
        raise InvalidCursorError(
            "the cursor belongs to another query, or was changed; use it with the same threads, "
            "order and filters as the page that gave it"
        )
    return position


def _position(mark: Mark) -> Position:
    milliseconds, id, *rest = mark
    if type(milliseconds) is not int or type(id) is not str or len(rest) > 1:
        raise ValueError("no position")
    digests = b"".join(base64.b64decode(text, validate=True) for text in rest)
    given = (digests[n : n + _DIGEST_BYTES] for n in range(0, len(digests), _DIGEST_BYTES))
    return Position(time_of(milliseconds), id, frozenset(given))


def time_of(milliseconds: int) -> datetime:
    """The time that is so many milliseconds after the epoch."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _checksum(query: JSON, mark: Mark) -> str:
    whole = json.dumps([query, *mark], sort_keys=True)
    return blake2b(whole.encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
