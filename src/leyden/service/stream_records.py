"""Stream records in the shapes in which they arrive, brought into one.

Lambda and EventBridge Pipes hand over JSON, where binary values are base64 text; the low-level
Streams API has bytes and datetimes, and writes some names with other capitals.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from leyden._attrs import field, frozen
from leyden.errors import InputError
from leyden.program import AttributeValue, Item

Kind = Literal["insert", "modify", "remove"]

_KINDS: Final[dict[str, Kind]] = {"INSERT": "insert", "MODIFY": "modify", "REMOVE": "remove"}
_SOURCE: Final = "aws:dynamodb"
_TTL_PRINCIPAL: Final = "dynamodb.amazonaws.com"
_CONTAINERS: Final[dict[str, tuple[type, ...]]] = {
    "BS": (list, tuple, set, frozenset),
    "L": (list, tuple),
    "M": (Mapping,),
}

# Streams count seconds, Kinesis milliseconds or microseconds. Seconds reach the first of these
# limits in the year 5138, and milliseconds were beyond it in 1973.
_MILLISECONDS_FROM: Final = 10**11
_MICROSECONDS_FROM: Final = 10**14


class MalformedRecordError(ValueError):
    """A record that is none of a DynamoDB stream; the message says why, without its values."""


@frozen
class StreamRecord:
    """One record, whatever shape it came in. Binary values are bytes."""

    kind: Kind
    keys: Item = field(repr=False)
    old: Item | None = field(repr=False)
    new: Item | None = field(repr=False)
    expired: bool
    sequence_number: str | None
    at: datetime | None


def records_of(event: Any) -> list[Any]:
    """The records in an event, a response of GetRecords, a list, or in one record by itself.

    Raises InputError for anything else.
    """
    if isinstance(event, Mapping):
        records = _part(event, "Records")
        if records is None:
            if _part(event, "dynamodb") is not None or _part(event, "eventName") is not None:
                return [event]
            raise InputError(
                'the event has neither "Records" nor the parts of a single record; hand in what '
                "Lambda gave, a response of GetRecords, a record, or a list of records"
            )
    else:
        records = event
    if isinstance(records, str | bytes) or not isinstance(records, Sequence):
        raise InputError(
            f"the records of a stream are a list of dicts, not {type(records).__name__}; JSON text "
            "must be read first, with json.loads"
        )
    return list(records)


def event_id_of(record: Any) -> str | None:
    """What names a record to people."""
    found = _part(record, "eventID") if isinstance(record, Mapping) else None
    return found if isinstance(found, str) else None


def sequence_number_of(record: Any) -> str | None:
    """What names a record to Lambda, in a report of failed items."""
    body = _part(record, "dynamodb") if isinstance(record, Mapping) else None
    found = _part(body, "SequenceNumber") if isinstance(body, Mapping) else None
    return None if found is None else str(found)


def read_record(record: Any) -> StreamRecord:
    """One record in the common shape. Raises MalformedRecordError."""
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"is no dict, but {type(record).__name__}")
    source = _part(record, "eventSource")
    if source not in (None, _SOURCE):
        hint = (
            "; its data is base64 of the JSON of the record proper"
            if source == "aws:kinesis"
            else ""
        )
        raise MalformedRecordError(f'comes from "{source}", not from a DynamoDB stream{hint}')
    body = _part(record, "dynamodb")
    if not isinstance(body, Mapping):
        raise MalformedRecordError('has no "dynamodb" part')
    name = _part(record, "eventName")
    kind = _KINDS.get(str(name).upper())
    if kind is None:
        raise MalformedRecordError('has no "eventName" of INSERT, MODIFY or REMOVE')
    keys = _item(body, "Keys")
    if not keys:
        raise MalformedRecordError('has no "Keys"')
    return StreamRecord(
        kind=kind,
        keys=keys,
        old=_item(body, "OldImage"),
        new=_item(body, "NewImage"),
        expired=kind == "remove" and _is_time_to_live(_part(record, "userIdentity")),
        sequence_number=sequence_number_of(record),
        at=_instant(_part(body, "ApproximateCreationDateTime")),
    )


def _part(mapping: Mapping[str, Any], name: str) -> Any:
    """The part with this name, in whatever capitals."""
    if name in mapping:
        return mapping[name]
    wanted = name.lower()
    for key, value in mapping.items():
        if isinstance(key, str) and key.lower() == wanted:
            return value
    return None


def _is_time_to_live(identity: Any) -> bool:
    return isinstance(identity, Mapping) and _part(identity, "principalId") == _TTL_PRINCIPAL


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        # botocore's parser gives aware datetimes; a naive one is what `utcnow` would give.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    try:
        seconds = float(value)
        if seconds >= _MICROSECONDS_FROM:
            seconds /= 1_000_000
        elif seconds >= _MILLISECONDS_FROM:
            seconds /= 1_000
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise MalformedRecordError(
            'has an "ApproximateCreationDateTime" that is no time: seconds since 1970, ISO 8601 '
            "text or a datetime is expected"
        ) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _item(body: Mapping[str, Any], name: str) -> Item | None:
    image = _part(body, name)
    if image is None or image == {}:
        # No item is empty: it has its keys at least.
        return None
    if not isinstance(image, Mapping):
        raise MalformedRecordError(f'has a "{name}" that is no dict of typed values')
    return {
        field_name: _typed(value, f"{name}.{field_name}") for field_name, value in image.items()
    }


def _typed(value: Any, where: str) -> AttributeValue:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise MalformedRecordError(f'has no typed AttributeValue at "{where}"')
    ((kind, inner),) = value.items()
    if kind == "B":
        return {"B": _binary(inner, where)}
    if kind in _CONTAINERS and not isinstance(inner, _CONTAINERS[kind]):
        raise MalformedRecordError(f'has at "{where}" a {kind} without its members')
    if kind == "BS":
        return {"BS": [_binary(member, where) for member in inner]}
    if kind == "L":
        return {"L": [_typed(member, f"{where}[{i}]") for i, member in enumerate(inner)]}
    if kind == "M":
        return {"M": {name: _typed(member, f"{where}.{name}") for name, member in inner.items()}}
    return {kind: inner}


def _binary(value: Any, where: str) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            raise MalformedRecordError(
                f'has text at "{where}" that is no base64, and binary values are base64 in JSON'
            ) from None
    # boto3's resource layer wraps bytes in an object of its own.
    content = getattr(value, "value", value)
    if isinstance(content, bytes | bytearray):
        return bytes(content)
    raise MalformedRecordError(f'has a binary value at "{where}" that is neither bytes nor base64')
