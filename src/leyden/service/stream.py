"""Turns DynamoDB stream records into typed changes of entities."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden.errors import DecodeError, InputError, InvalidOptionError, LeydenError
from leyden.operations.bound import error_context
from leyden.operations.companions.overflow.format import (
    is_part,
    is_part_key,
    record_in_place,
)
from leyden.program import AttributeValue, Item
from leyden.service.entity import Entity

Kind = Literal["insert", "modify", "remove"]

_KINDS: Final[dict[str, Kind]] = {"INSERT": "insert", "MODIFY": "modify", "REMOVE": "remove"}
_SOURCE: Final = "aws:dynamodb"
_TTL_PRINCIPAL: Final = "dynamodb.amazonaws.com"
_CONTAINERS: Final[dict[str, tuple[type, ...]]] = {
    "BS": (list, tuple, set, frozenset),
    "L": (list, tuple),
    "M": (Mapping,),
}

# Streams count seconds, Kinesis counts milliseconds or microseconds. Seconds reach the first of
# these limits in the year 5138; milliseconds passed it in 1973.
_MILLISECONDS_FROM: Final = 10**11
_MICROSECONDS_FROM: Final = 10**14


class MalformedRecordError(ValueError):
    """The record is not from a DynamoDB stream. The message says why, without the values in it."""


@frozen
class StreamRecord:
    """One stream record, in the same shape whatever it came from. Binary values are bytes."""

    kind: Kind
    keys: Item = field(repr=False)
    old: Item | None = field(repr=False)
    new: Item | None = field(repr=False)
    expired: bool
    sequence_number: str | None
    at: datetime | None


def records_of(event: Any) -> list[Any]:
    """Return the records in an event, a response of GetRecords, a list, or a single record.

    Raises InputError for anything else.
    """
    if isinstance(event, Mapping):
        records = _part(event, "Records")
        if records is None:
            if _part(event, "dynamodb") is not None or _part(event, "eventName") is not None:
                return [event]
            raise InputError(
                'the event has neither "Records" nor the parts of a single record; pass the event '
                "of a Lambda function, a response of GetRecords, a record, or a list of records"
            )
    else:
        records = event
    if isinstance(records, str | bytes) or not isinstance(records, Sequence):
        raise InputError(
            f"the records of a stream must be a list of dicts, not {type(records).__name__}; read "
            "JSON text with json.loads first"
        )
    return list(records)


def event_id_of(record: Any) -> str | None:
    """Return the record's `eventID`, which messages name."""
    found = _part(record, "eventID") if isinstance(record, Mapping) else None
    return found if isinstance(found, str) else None


def sequence_number_of(record: Any) -> str | None:
    """Return the record's sequence number, which Lambda wants in a report of failed items."""
    body = _part(record, "dynamodb") if isinstance(record, Mapping) else None
    found = _part(body, "SequenceNumber") if isinstance(body, Mapping) else None
    return None if found is None else str(found)


def read_record(record: Any) -> StreamRecord:
    """Return one record in the common shape. Raises MalformedRecordError."""
    if not isinstance(record, Mapping):
        raise MalformedRecordError(f"is not a dict, but {type(record).__name__}")
    source = _part(record, "eventSource")
    if source not in (None, _SOURCE):
        hint = (
            "; its data is the record itself, as JSON in base64" if source == "aws:kinesis" else ""
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
    by = _part(record, "userIdentity")
    by_time_to_live = isinstance(by, Mapping) and _part(by, "principalId") == _TTL_PRINCIPAL
    return StreamRecord(
        kind=kind,
        keys=keys,
        old=_item(body, "OldImage"),
        new=_item(body, "NewImage"),
        expired=kind == "remove" and by_time_to_live,
        sequence_number=sequence_number_of(record),
        at=_instant(_part(body, "ApproximateCreationDateTime")),
    )


def _part(mapping: Mapping[str, Any], name: str) -> Any:
    """Return the part with this name, in upper or lower case; None if there is none."""
    if name in mapping:
        return mapping[name]
    wanted = name.lower()
    for key, value in mapping.items():
        if isinstance(key, str) and key.lower() == wanted:
            return value
    return None


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        # botocore's parser returns aware datetimes. A naive one is taken to be UTC, as of `utcnow`.
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
            'has an "ApproximateCreationDateTime" that is not a time; it must be seconds since '
            "1970, ISO 8601 text or a datetime"
        ) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _item(body: Mapping[str, Any], name: str) -> Item | None:
    image = _part(body, name)
    if image is None or image == {}:
        # An item always has its keys, so an empty image is no image.
        return None
    if not isinstance(image, Mapping):
        raise MalformedRecordError(f'has a "{name}" that is not a dict of typed values')
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
                f'has text at "{where}" that is not base64, as binary values are in JSON'
            ) from None
    # boto3's resource layer wraps bytes in a `Binary`.
    content = getattr(value, "value", value)
    if isinstance(content, bytes | bytearray):
        return bytes(content)
    raise MalformedRecordError(f'has a binary value at "{where}" that is neither bytes nor base64')


Unknown = Literal["skip", "raise", "keep"]
EntityOf: TypeAlias = Callable[[Item], Entity]

_UNKNOWN: Final = ("skip", "raise", "keep")


class StreamRecordError(DecodeError):
    """A stream record cannot be read.

    `event_id` and `sequence_number` say which one; each is None if the record has none. `position`
    is its place among the records of the event, from 0. `field` is the field at fault, empty if it
    is not a single one. Lambda wants the sequence number as `itemIdentifier` in a report of failed
    items.
    """

    def __init__(
        self,
        message: str,
        *,
        event_id: str | None,
        sequence_number: str | None,
        position: int,
        field: str = "",
        entity: str | None = None,
    ) -> None:
        super().__init__(message, field=field, operation="parse_stream", entity=entity)
        self.event_id = event_id
        self.sequence_number = sequence_number
        self.position = position


@frozen
class Change:
    """The change of one item.

    * `kind`: `insert`, `modify` or `remove`.
    * `entity`: the item's entity, and `alias` its name in Python. Both are None for an item that
      belongs to no entity, which only `unknown="keep"` returns.
    * `old`, `new`: the records before and after the change. None if there was no item, if the
      stream has no such image, or if the image belongs to no entity.
    * `changed`: the names of the attributes that differ between the two images, hidden ones too.
      None if one of the images is missing.
    * `key_attributes`: the attributes of the item's own key. They come from an image, or from the
      keys if there is none (`KEYS_ONLY`); text then has the case that the key gave it.
    * `keys`, `old_image`, `new_image`: raw items with typed AttributeValues. Binary values are
      bytes.
    * `expired`: whether time to live removed the item.
    * `sequence_number`: the record's place in the order of its shard.
    * `at`: the approximate time of the change, in UTC.
    * `raw`: the record as you passed it.
    """

    kind: Kind
    entity: Entity | None
    old: Any
    new: Any
    changed: frozenset[str] | None
    key_attributes: Mapping[str, Any]
    expired: bool
    sequence_number: str | None
    at: datetime | None
    keys: Item = field(repr=False)
    old_image: Item | None = field(repr=False)
    new_image: Item | None = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def alias(self) -> str | None:
        """The entity's name in Python; None for an item that belongs to no entity."""
        return None if self.entity is None else self.entity.spec.alias


def parse_stream(
    entities: Iterable[Entity],
    entity_of: EntityOf,
    event: Any,
    *,
    unknown: Unknown = "skip",
    failed: list[StreamRecordError] | None = None,
) -> list[Change]:
    """Return the changes in an event of a DynamoDB stream, in the event's order.

    `entities` are those of the service. `entity_of` returns the entity of a raw item, or raises
    DecodeError. `event` is the event of a Lambda function, a response of the Streams API's
    GetRecords, one record, or a list of records, as EventBridge Pipes pass it. All four stream view
    types work; what a view type leaves out is None in the changes.

    `unknown` says what to do with items that belong to no entity of the service: `skip` leaves them
    out, `keep` returns changes whose `entity` is None, `raise` treats them as records that cannot
    be read. A record that cannot be read raises StreamRecordError, a DecodeError, which names it.
    If you pass a list as `failed`, the errors are appended to it, and the other records are parsed.

    Raises InputError if `event` is none of these, InvalidOptionError.

    >>> for change in app.parse_stream(event):                        # doctest: +SKIP
    ...     if change.alias == "task" and "status" in (change.changed or ()):
    ...         print(change.old.status, "->", change.new.status)
    """
    if unknown not in _UNKNOWN:
        raise InvalidOptionError(f"`unknown` takes {', '.join(_UNKNOWN)}", operation="parse_stream")
    try:
        records = records_of(event)
    except InputError as error:
        error.operation = "parse_stream"
        raise
    known = (*entities,)
    changes = []
    for position, raw in enumerate(records):
        try:
            change = _change(known, entity_of, read_record(raw), raw, unknown)
        except (MalformedRecordError, LeydenError) as error:
            named = _named(error, raw, position)
            if failed is None:
                raise named from error
            failed.append(named)
            continue
        if change is not None:
            changes.append(change)
    return changes


def _named(error: Exception, raw: Any, position: int) -> StreamRecordError:
    event_id = event_id_of(raw)
    which = f'the stream record "{event_id}"' if event_id else f"the stream record at {position}"
    said = error.message if isinstance(error, LeydenError) else None
    return StreamRecordError(
        f"{which}: {said}" if said else f"{which} {error}",
        event_id=event_id,
        sequence_number=sequence_number_of(raw),
        position=position,
        field=getattr(error, "field", ""),
        entity=getattr(error, "entity", None),
    )


def _change(
    entities: Sequence[Entity],
    entity_of: EntityOf,
    record: StreamRecord,
    raw: Mapping[str, Any],
    unknown: Unknown,
) -> Change | None:
    old_entity = _owner(entities, record.old)
    new_entity = _owner(entities, record.new)
    entity = new_entity or old_entity
    if record.old is None and record.new is None:
        entity = _owner_by_keys(entities, record.keys)
    if entity is None:
        if unknown == "raise" and not _is_our_part(entities, record):
            # It raises the error that names the item's own entity and version.
            entity_of(record.new or record.old or record.keys)
        if unknown != "keep":
            return None
    return Change(
        kind=record.kind,
        entity=entity,
        old=_record(old_entity, record.old),
        new=_record(new_entity, record.new),
        changed=_changed(record, old_entity, new_entity),
        key_attributes=MappingProxyType({} if entity is None else _key_attributes(entity, record)),
        expired=record.expired,
        sequence_number=record.sequence_number,
        at=record.at,
        keys=record.keys,
        old_image=record.old,
        new_image=record.new,
        raw=raw,
    )


def _record(entity: Entity | None, image: Item | None) -> Any:
    """Return the record in an image, with a `StoredApart` for each value stored outside it."""
    if entity is None or image is None:
        return None
    bound = entity._bound
    with error_context(bound.operation("parse"), bound):
        return record_in_place(bound, image)


def _is_our_part(entities: Sequence[Entity], record: StreamRecord) -> bool:
    """Return whether the record is about a part of a large value, which is not a whole item."""
    names = {entity.name for entity in entities}
    image = record.new or record.old
    if image is not None:
        return is_part(image, names)
    sorts = (entity.spec.primary.sk for entity in entities)
    fields = {sort.field for sort in sorts if sort is not None}
    return any(is_part_key(record.keys.get(name)) for name in fields)


def _owner(entities: Sequence[Entity], image: Item | None) -> Entity | None:
    if image is None:
        return None
    return next((e for e in entities if e.owns(image)), None)


def _owner_by_keys(entities: Sequence[Entity], keys: Item) -> Entity | None:
    """Return the entity of these keys. Keys have no identifiers, so they may fit several."""
    owners = [entity for entity in entities if entity.owns(keys)]
    if len(owners) > 1:
        names = ", ".join(f'"{entity.name}"' for entity in owners)
        raise DecodeError(
            f"has keys that fit {names}, and no image that says which; let the stream have an "
            "image (StreamViewType NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES)"
        )
    return owners[0] if owners else None


def _key_attributes(entity: Entity, record: StreamRecord) -> dict[str, Any]:
    for image in (record.new, record.old):
        if image is not None and entity.owns(image):
            values = entity.decode(image)
            names = entity.spec.primary.composites
            if all(name in values for name in names):
                return {name: values[name] for name in names}
    conversions = entity.conversions
    return conversions.keys_to_attributes(
        conversions.item_to_keys(record.keys), entity.spec.primary.name
    )


def _changed(
    record: StreamRecord, old_entity: Entity | None, new_entity: Entity | None
) -> frozenset[str] | None:
    if record.old is None or record.new is None or new_entity is None:
        return None
    if old_entity is not new_entity:
        return None
    before, after = new_entity.decode(record.old), new_entity.decode(record.new)
    return frozenset(
        name for name in new_entity.spec.attributes if not _same(before.get(name), after.get(name))
    )


def _same(one: Any, other: Any) -> bool:
    """Return whether two decoded values are equal. In Python True equals 1, in DynamoDB not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
