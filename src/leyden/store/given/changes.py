"""Changes of messages, checked, and what they make of a message's content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import fields_dict, frozen

from leyden.errors import ReadOnlyAttributeError
from leyden.store.given import values
from leyden.store.given.records import CHECKS, checked
from leyden.store.records import JSON, Message
from leyden.types.base import wrong_type

_FIRST: Final = ("metadata", "content", "parts")
_SET_BY_THE_STORE: Final = ("created_at", "updated_at")
_REPLACED: Final = (
    *("thread_id", "resource_id", "role", "type"),
    *("tool_call_ids", "tool_call_args", "tool_names"),
)


@frozen(kw_only=True)
class MessageChange:
    """What to change of one message; None leaves a field as it is."""

    id: str
    thread_id: str | None = None
    resource_id: str | None = None
    role: str | None = None
    type: str | None = None
    content: JSON = None
    tool_call_ids: JSON = None
    tool_call_args: JSON = None
    tool_names: JSON = None

    def replaced(self) -> dict[str, Any]:
        """The fields that are given and replaced as a whole: all but the content."""
        values = {name: getattr(self, name) for name in _REPLACED}
        return {name: value for name, value in values.items() if value is not None}

    def content_after(self, stored: JSON) -> JSON:
        """The content once this change is made to `stored`.

        Of two mappings the `metadata` is merged key by key, and every other key that the change
        has is replaced; a stored text is taken for the `content` of a mapping, a stored list for
        its `parts`. A text or a list in the change replaces all.
        """
        if self.content is None:
            return stored
        if not isinstance(self.content, dict):
            return self.content
        after = dict(_as_mapping(stored))
        for key in sorted(self.content, key=_order_of_keys):
            value = self.content[key]
            if key == "metadata" and isinstance(after.get(key), dict):
                after[key] = {**after[key], **(value or {})}
            elif value is not None:
                after[key] = value
        return after


def _order_of_keys(key: str) -> int:
    # New keys are written in the order in which the TypeScript client writes them.
    return _FIRST.index(key) if key in _FIRST else len(_FIRST)


def _as_mapping(content: JSON) -> dict[str, JSON]:
    if isinstance(content, dict):
        return content
    return {"parts": content} if isinstance(content, list) else {"content": content}


def message_changes(given: Any) -> tuple[MessageChange, ...]:
    """Checked changes of messages, all that were given: mappings of `id` and fields to change."""
    return tuple(
        _message_change(value, f"messages[{i}]")
        for i, value in enumerate(values.sequence(given, "messages", "mappings"))
    )


def _message_change(value: Any, path: str) -> MessageChange:
    if not isinstance(value, Mapping):
        raise wrong_type(path, "a mapping of `id` and the fields to change", value)
    for name in _SET_BY_THE_STORE:
        if value.get(name) is not None:
            raise ReadOnlyAttributeError(
                f'"{path}.{name}" is set by the store, and cannot be changed', path=f"{path}.{name}"
            )
    content = value.get("content")
    if isinstance(content, Mapping) and content.get("metadata") is not None:
        values.mapping(content["metadata"], f"{path}.content.metadata")
    known = fields_dict(MessageChange)
    given = {name: item for name, item in value.items() if name not in _SET_BY_THE_STORE}
    checks = {name: check for name, check in CHECKS[Message].items() if name in known}
    return MessageChange(**checked(given, checks, {"id"}, path))
