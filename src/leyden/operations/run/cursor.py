"""Cursors: opaque text that says where a query or a scan continues.

The text is DynamoDB's LastEvaluatedKey as base64url JSON, as ElectroDB writes it, followed by a dot
and a checksum over that key, the query and its direction. A read of several places adds where each
of them continues, in the same form. ElectroDB's own cursors have no checksum that ties them to a
query, so only `cursor_from="electrodb"` takes them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from leyden.errors import InvalidCursorError
from leyden.program import AttributeValue, Item, Params

_PLACEHOLDER: Final = re.compile(r"[#:]\w+")
_CHECKSUM_BYTES: Final = 6
_LONGEST: Final = 16_384
"""In characters; the keys of a table and an index have at most 6 KB."""


_PARTS: Final = 2
"""The parts of a cursor of one place: the position and its checksum."""


class _NumberText(str):
    """A JSON number kept as text, so that no digit is lost."""


def write_cursor(last_key: Item, params: Params | None = None, asked: str = "") -> str:
    """Return the cursor for a LastEvaluatedKey of the query that `params` describes.

    `asked` has what the query asks beyond its request, such as what is left out after reading.
    Without a query the cursor has no checksum, like ElectroDB's.
    """
    # Numbers go into the JSON as their text; a float could lose digits.
    members = (
        f"{json.dumps(name)}:{value if isinstance(value, _NumberText) else json.dumps(value)}"
        for name, value in ((name, _plain(value)) for name, value in last_key.items())
    )
    body = "{" + ",".join(members) + "}"
    encoded = base64.urlsafe_b64encode(body.encode()).rstrip(b"=").decode()
    return encoded if params is None else f"{encoded}.{_checksum(body, params, asked)}"


def read_cursor(
    cursor: str,
    params: Params | None,
    fields: Sequence[str] | None,
    asked: str = "",
    *,
    foreign: bool = False,
) -> Item:
    """Return the ExclusiveStartKey of a cursor. Its fields must be `fields`, if given.

    Without `params` the checksum is not checked; with `foreign` a cursor may have none. Raises
    InvalidCursorError where the cursor was changed, is cut short, or belongs to another query or to
    the other direction.
    """
    if not isinstance(cursor, str):
        raise InvalidCursorError(f"a cursor is text, not {type(cursor).__name__}")
    encoded, dot, checksum = cursor.partition(".")
    # The positions of a read of two forms may follow; the first part is the same.
    checksum = checksum.partition(".")[0]
    try:
        if len(encoded) > _LONGEST:
            raise ValueError("too long")
        padded = encoded + "=" * (-len(encoded) % 4)
        body = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        plain = json.loads(body, parse_int=_NumberText, parse_float=_NumberText)
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise InvalidCursorError(
            "this is not a cursor, or a part of it is missing; pass the text that a page returned, "
            "unchanged"
        ) from error
    if params is not None and not (foreign and not dot):
        _refuse_another(body, checksum if dot else None, params, asked)
    if not isinstance(plain, dict) or (fields is not None and set(plain) != set(fields)):
        listed = ", ".join(fields or ())
        raise InvalidCursorError(
            f"the cursor does not fit the query, which continues from the fields {listed}"
        )
    if not all(isinstance(value, str) and value for value in plain.values()):
        raise InvalidCursorError(
            "the cursor does not hold key values; pass the text that a page returned, unchanged"
        )
    return {
        name: {"N" if isinstance(value, _NumberText) else "S": str(value)}
        for name, value in plain.items()
    }


def with_starts(cursor: str, starts: Mapping[int, Item], params: Params) -> str:
    """Return a cursor that also says where each of several places continues, by number.

    A read of one place can use it as well, and continues from the position alone.
    """
    fields = {
        f"{place} {name}": value for place, key in starts.items() for name, value in key.items()
    }
    return f"{cursor}.{write_cursor(fields, params, cursor)}"


def starts_in(cursor: str, params: Params) -> dict[int, Item] | None:
    """Return where each of several places continues. A place without an entry starts over.

    None where a cursor has only the position.
    """
    parts = cursor.split(".")
    if len(parts) <= _PARTS:
        return None
    starts: dict[int, Item] = {}
    own, others = ".".join(parts[:_PARTS]), ".".join(parts[_PARTS:])
    for field, value in read_cursor(others, params, None, own).items():
        place, _, name = field.partition(" ")
        starts.setdefault(int(place), {})[name] = value
    return starts


def _refuse_another(body: str, checksum: str | None, params: Params, asked: str) -> None:
    """Raise InvalidCursorError where the checksum does not fit this position in this query."""
    if checksum == _checksum(body, params, asked):
        return
    if checksum is None:
        raise InvalidCursorError(
            "the cursor has no checksum, so nothing shows which query it belongs to: pass the text "
            "that a page returned, unchanged; for a cursor that ElectroDB or `conversions` made, "
            'pass cursor_from="electrodb"'
        )
    forward = params.get("ScanIndexForward", True)
    if checksum == _checksum(body, {**params, "ScanIndexForward": not forward}, asked):
        here, there = ("ascending", "descending") if forward else ("descending", "ascending")
        raise InvalidCursorError(
            f"the cursor is from a read in {there} order, and this one is {here}; continue in the "
            "same `order`, or start again without the cursor"
        )
    raise InvalidCursorError(
        "the cursor belongs to another query, or was changed; use it with the same access "
        "pattern, key values, conditions and table as the page that returned it"
    )


def _plain(value: AttributeValue) -> str:
    ((kind, content),) = value.items()
    return _NumberText(content) if kind == "N" else str(content)


def _checksum(body: str, params: Params, asked: str) -> str:
    names: dict[str, str] = params.get("ExpressionAttributeNames", {})
    values: dict[str, Any] = params.get("ExpressionAttributeValues", {})

    def meaning(found: re.Match[str]) -> str:
        placeholder = found[0]
        return json.dumps(names.get(placeholder) or values.get(placeholder), default=repr)

    query = [
        params.get("TableName"),
        params.get("IndexName"),
        _PLACEHOLDER.sub(meaning, params.get("KeyConditionExpression", "")),
        _PLACEHOLDER.sub(meaning, params.get("FilterExpression", "")),
        body,
    ]
    # The default adds nothing, so that cursors of earlier versions stay valid.
    if not params.get("ScanIndexForward", True):
        query.append("desc")
    if asked:
        query.append(asked)
    return blake2b(json.dumps(query).encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
