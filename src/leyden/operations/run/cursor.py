"""Cursors: where a query or a scan goes on, as opaque text.

The text is the base64url JSON of DynamoDB's LastEvaluatedKey, as ElectroDB writes it, then a
dot and a checksum over that, the query and its direction. A read of several places adds where each
goes on, in the same form. ElectroDB's own cursors have no
checksum, so nothing ties them to a query: only `cursor_from="electrodb"` takes them.
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
"""Characters; the keys of a table and an index have 6 KB at most."""


_PARTS: Final = 2
"""The parts of a cursor of one place: the position, and its checksum."""


class _NumberText(str):
    """A JSON number kept as its text, so that no digit is lost."""


def write_cursor(last_key: Item, params: Params | None = None, asked: str = "") -> str:
    """The cursor for a LastEvaluatedKey of the query that `params` describes.

    `asked` says what the query asks beside its request, such as what is left out after reading.
    Without a query the cursor has no checksum, as ElectroDB's.
    """
    # Numbers go into the JSON as they are, not by way of a float.
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
    """The ExclusiveStartKey in a cursor, whose fields must be `fields`, if these are given.

    Without `params` the checksum is not looked at; with `foreign` a cursor may have none. Raises
    InvalidCursorError where the cursor was changed, is cut short, or belongs to another query or
    to the other direction.
    """
    if not isinstance(cursor, str):
        raise InvalidCursorError(f"a cursor is text, not {type(cursor).__name__}")
    encoded, dot, checksum = cursor.partition(".")
    # Behind it may stand where a read of two forms goes on in each; the position is the same.
    checksum = checksum.partition(".")[0]
    try:
        if len(encoded) > _LONGEST:
            raise ValueError("too long")
        padded = encoded + "=" * (-len(encoded) % 4)
        body = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        plain = json.loads(body, parse_int=_NumberText, parse_float=_NumberText)
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise InvalidCursorError(
            "this is not a cursor, or a part of it is missing; pass on the text that a page gave, "
            "unchanged"
        ) from error
    if params is not None and not (foreign and not dot):
        _refuse_another(body, checksum if dot else None, params, asked)
    if not isinstance(plain, dict) or (fields is not None and set(plain) != set(fields)):
        listed = ", ".join(fields or ())
        raise InvalidCursorError(
            f"the cursor does not fit the query: this one goes on from the fields {listed}"
        )
    if not all(isinstance(value, str) and value for value in plain.values()):
        raise InvalidCursorError(
            "the cursor does not hold key values; pass on the text that a page gave, unchanged"
        )
    return {
        name: {"N" if isinstance(value, _NumberText) else "S": str(value)}
        for name, value in plain.items()
    }


def with_starts(cursor: str, starts: Mapping[int, Item], params: Params) -> str:
    """A cursor that also says where each of several places is read on, by their numbers.

    It is good for a read of one place as well, which goes on from the position alone.
    """
    fields = {
        f"{place} {name}": value for place, key in starts.items() for name, value in key.items()
    }
    return f"{cursor}.{write_cursor(fields, params, cursor)}"


def starts_in(cursor: str, params: Params) -> dict[int, Item] | None:
    """Where each of several places is read on: those that are not are read from the beginning.

    None where a cursor has the position alone.
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
    """Raise where the checksum is not the one of this position in this query."""
    if checksum == _checksum(body, params, asked):
        return
    if checksum is None:
        raise InvalidCursorError(
            "the cursor has no checksum, so nothing says which query it belongs to: pass on the "
            "text that a page gave, unchanged; for a cursor that ElectroDB or `conversions` made, "
            'say cursor_from="electrodb"'
        )
    forward = params.get("ScanIndexForward", True)
    if checksum == _checksum(body, {**params, "ScanIndexForward": not forward}, asked):
        here, there = ("ascending", "descending") if forward else ("descending", "ascending")
        raise InvalidCursorError(
            f"the cursor is from a read in {there} order, and this one is {here}; go on in the "
            "same `order`, or begin again without the cursor"
        )
    raise InvalidCursorError(
        "the cursor belongs to another query, or was changed; use it with the same access "
        "pattern, key values, conditions and table as the page that gave it"
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
    # Only what is not the default is added, so that the cursors of earlier versions stay good.
    if not params.get("ScanIndexForward", True):
        query.append("desc")
    if asked:
        query.append(asked)
    return blake2b(json.dumps(query).encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
