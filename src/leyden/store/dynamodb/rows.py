"""Threads, messages and resources as the records of their entities, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import asdict

from leyden.errors import DecodeError
from leyden.operations.companions.overflow.format import read_manifest
from leyden.program import Item
from leyden.schema.spec import EntitySpec
from leyden.store.records import JSON, Message, Resource, Thread
from leyden.store.times import known
from leyden.store.values import as_it_reads
from leyden.types.anything import json_text

Values = dict[str, Any]

STORED_APART: Final = (
    'a store with large_values="chunk" stores large values outside, and only such a one reads them'
)


def refuse_outside(spec: EntitySpec, item: Item, names: Iterable[str]) -> None:
    """Raise DecodeError where a value is stored outside of a raw item, and is not read there."""
    entries = read_manifest(item)
    for name in names:
        attribute = spec.attributes[name]
        if attribute.overflow is None and attribute.field in entries.keys() - item.keys():
            raise DecodeError(
                f'the value of "{name}" is not in its item: {STORED_APART}. Nothing was changed',
                field=attribute.field,
                entity=spec.entity,
            )


def thread_of(record: Any) -> Thread | None:
    """The thread in a record.

    None for what is no thread: where a thread is missing, the TypeScript client's noting of its
    last message leaves an item with little more than an id.
    """
    if record is None or record.resource_id is None or record.created_at is None:
        return None
    return Thread(
        id=record.id,
        resource_id=record.resource_id,
        title=record.title,
        metadata=record.metadata,
        created_at=record.created_at,
        updated_at=record.updated_at,
        archived_at=record.archived_at,
    )


def thread_values(thread: Thread) -> Values:
    """The attributes of a thread."""
    return _given(asdict(thread, recurse=False))


def message_of(record: Any) -> Message | None:
    """The message in a record; None for an item that is only a part of one.

    Raises DecodeError for a message whose content is stored outside, in a store that does not
    read it there.
    """
    if record is None or record.content is None or record.thread_id is None:
        if record is not None and record.role is not None and record.created_at is not None:
            raise DecodeError(
                "a message has no content in its item, or the index does not hold it (see init()): "
                f"{STORED_APART}",
                field="content",
                entity="message",
            )
        return None
    return Message(
        id=record.id,
        thread_id=record.thread_id,
        role=record.role,
        content=as_it_reads(record.content),
        type=record.type,
        resource_id=record.resource_id,
        created_at=record.created_at,
        updated_at=record.updated_at,
        tool_call_ids=record.tool_call_ids,
        tool_call_args=record.tool_call_args,
        tool_names=record.tool_names,
    )


def created(message: Message) -> datetime:
    """The time of a stored message, which always has one."""
    return known(message.created_at)


def message_values(message: Message) -> Values:
    """The attributes of a message."""
    values = asdict(message, recurse=False)
    return _given({**values, "content": content_text(message.content)})


def content_text(content: JSON) -> str:
    """The text that a message's content is stored as: a text is one already."""
    return content if isinstance(content, str) else json_text(content)


def resource_of(record: Any) -> Resource | None:
    """The resource in a record."""
    if record is None:
        return None
    return Resource(
        id=record.id,
        working_memory=record.working_memory,
        metadata=record.metadata,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def resource_values(resource: Resource) -> Values:
    """The attributes of a resource."""
    return _given(asdict(resource, recurse=False))


def _given(values: Mapping[str, Any]) -> Values:
    return {name: value for name, value in values.items() if value is not None}
