"""Cursors of the store: the place of the last entry that a page gave, as opaque text.

Reading goes on behind that place, so entries that come or go in between do no harm.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from attrs import frozen

from leyden.compile.times import epoch_milliseconds
from leyden.errors import InvalidCursorError
from leyden.store.records import JSON

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHECKSUM_BYTES: Final = 8
_LONGEST: Final = 16_384


@frozen
class Position:
    """Where an entry is: its time, and its id among those of the same time."""

    time: datetime
    id: str


def write_cursor(position: Position, query: JSON) -> str:
    """The cursor that goes on behind an entry; `query` is all that must stay the same."""
    milliseconds = epoch_milliseconds(position.time)
    body = [_checksum(query, milliseconds, position.id), milliseconds, position.id]
    text = json.dumps(body, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, query: JSON) -> Position:
    """Where a cursor goes on.

    Raises InvalidCursorError where it is none, was changed, or belongs to another query.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        checksum, milliseconds, id = json.loads(
            base64.b64decode(padded, altchars=b"-_", validate=True)
        )
        if type(milliseconds) is not int or type(id) is not str:
            raise ValueError("no position")
        position = Position(_EPOCH + timedelta(milliseconds=milliseconds), id)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidCursorError(
            "this is no cursor, or it was cut short; pass on the text that a page gave, unchanged"
        ) from error
    if checksum != _checksum(query, milliseconds, id):
        raise InvalidCursorError(
            "the cursor belongs to another query, or was changed; use it with the same threads, "
            "order and filters as the page that gave it"
        )
    return position


def _checksum(query: JSON, milliseconds: int, id: str) -> str:
    whole = json.dumps([query, milliseconds, id], sort_keys=True)
    return blake2b(whole.encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
