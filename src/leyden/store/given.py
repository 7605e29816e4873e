"""Records that callers give, or mappings of their fields in snake_case, and changes: checked.

>>> from leyden.store import given
>>> given.thread({"id": "t1", "resource_id": "alice"}).title
'Thread t1'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import NOTHING, evolve, fields_dict, frozen

from leyden._text import did_you_mean, quoted
from leyden.errors import ReadOnlyAttributeError, RequiredAttributeError, UnknownAttributeError
from leyden.store import checks
from leyden.store.records import (
    JSON,
    DateRange,
    Eval,
    Include,
    Message,
    Resource,
    Score,
    Thread,
    Trace,
)
from leyden.types.base import wrong_type

_Record = TypeVar("_Record")
_Check = Callable[[Any, str], Any]

_FIRST: Final = ("metadata", "content", "parts")
_SET_BY_THE_STORE: Final = ("created_at", "updated_at")
_REPLACED: Final = (
    *("thread_id", "resource_id", "role", "type"),
    *("tool_call_ids", "tool_call_args", "tool_names"),
)

_TIMES: Final[dict[str, _Check]] = {"created_at": checks.instant, "updated_at": checks.instant}

CHECKS: Final[dict[type[Any], dict[str, _Check]]] = {
    Thread: {
        "id": checks.identifier,
        "resource_id": checks.identifier,
        "title": checks.text,
        "metadata": checks.mapping,
        "archived_at": checks.instant,
        **_TIMES,
    },
    Message: {
        "id": checks.identifier,
        "thread_id": checks.identifier,
        "role": checks.word,
        "content": checks.content,
        "type": checks.word,
        "resource_id": checks.identifier,
        "tool_call_ids": checks.json,
        "tool_call_args": checks.json,
        "tool_names": checks.json,
        **_TIMES,
    },
    Resource: {
        "id": checks.identifier,
        "working_memory": checks.text,
        "metadata": checks.mapping,
        **_TIMES,
    },
    Score: {
        **dict.fromkeys(("id", "scorer_id", "run_id", "entity_id"), checks.identifier),
        **dict.fromkeys(("trace_id", "span_id", "resource_id", "thread_id"), checks.any_identifier),
        **dict.fromkeys(("organization_id", "project_id"), checks.text),
        **dict.fromkeys(("batch_id", "dataset_id", "dataset_item_id"), checks.text),
        "source": checks.source,
        "score": checks.number,
        "entity_type": checks.scored,
        **dict.fromkeys(("scorer", "entity", "metadata"), checks.mapping),
        **dict.fromkeys(("additional_context", "request_context"), checks.mapping),
        **dict.fromkeys(
            ("extract_step_result", "preprocess_step_result", "analyze_step_result"),
            checks.mapping,
        ),
        **dict.fromkeys(("input", "output"), checks.json),
        "reason": checks.text,
        **dict.fromkeys(("extract_prompt", "preprocess_prompt", "analyze_prompt"), checks.text),
        **dict.fromkeys(("reason_prompt", "generate_score_prompt"), checks.text),
        "generate_reason_prompt": checks.text,
        **_TIMES,
    },
    Trace: {
        **dict.fromkeys(("id", "trace_id", "name", "scope", "parent_span_id"), checks.identifier),
        "kind": checks.whole_number,
        **dict.fromkeys(("start_time", "end_time"), checks.number),
        **dict.fromkeys(("attributes", "status", "events", "links"), checks.json),
        "other": checks.text,
        **_TIMES,
    },
    Eval: {
        **dict.fromkeys(
            ("run_id", "global_run_id", "agent_name", "metric_name"), checks.identifier
        ),
        "instructions": checks.text,
        **dict.fromkeys(("input", "output", "result", "test_info"), checks.json),
        "created_at": checks.instant,
    },
    DateRange: {
        "start": checks.instant,
        "end": checks.instant,
        "start_exclusive": checks.flag,
        "end_exclusive": checks.flag,
    },
    Include: {
        "id": checks.identifier,
        "thread_id": checks.identifier,
        "with_previous_messages": checks.count,
        "with_next_messages": checks.count,
    },
}


def thread(value: Any) -> Thread:
    """A checked thread, with a title: an empty one becomes `Thread ID`."""
    checked = record(Thread, value, "thread")
    return evolve(checked, title=checked.title or f"Thread {checked.id}")


def messages(given: Any) -> tuple[Message, ...]:
    """Checked messages, all that were given."""
    return records(Message, given, "messages")


def resource(value: Any) -> Resource:
    """A checked resource."""
    return record(Resource, value, "resource")


def score(value: Any) -> Score:
    """A checked score; the ids of trace, span, resource and thread are None where they are ""."""
    checked = record(Score, value, "score")
    if checked.entity is None:
        # Only a stored one may lack it.
        raise RequiredAttributeError('"score.entity" is required', path="score.entity")
    return checked


def traces(given: Any) -> tuple[Trace, ...]:
    """Checked spans, all that were given."""
    return records(Trace, given, "records")


def evals(given: Any) -> tuple[Eval, ...]:
    """Checked evaluations, all that were given."""
    return records(Eval, given, "records")


def date_range(value: Any) -> DateRange:
    """A checked range; None is one without ends."""
    return DateRange() if value is None else record(DateRange, value, "date_range")


def includes(value: Any) -> tuple[Include, ...]:
    """Checked messages to include; None is none."""
    return () if value is None else records(Include, value, "include")


def record(kind: type[_Record], value: Any, path: str) -> _Record:
    """`value`, a record of this kind or a mapping of its fields, as a checked record."""
    attributes = fields_dict(kind)  # type: ignore[arg-type]
    if isinstance(value, kind):
        value = {name: getattr(value, name) for name in attributes}
    elif not isinstance(value, Mapping):
        raise wrong_type(path, f"a {kind.__name__} or a mapping of its fields", value)
    required = {name for name, attribute in attributes.items() if attribute.default is NOTHING}
    return kind(**checked(value, CHECKS[kind], required, path))


def records(kind: type[_Record], given: Any, path: str) -> tuple[_Record, ...]:
    """A list of records of this kind or of mappings of their fields, checked."""
    items = checks.sequence(given, path, f"{kind.__name__} records or mappings")
    return tuple(record(kind, item, f"{path}[{i}]") for i, item in enumerate(items))


def checked(
    value: Mapping[Any, Any], checks: Mapping[str, _Check], required: set[str], path: str
) -> dict[str, Any]:
    """The fields that are given, each as its check has it; one that is None is left out."""
    unknown = next((name for name in value if name not in checks), None)
    if unknown is not None:
        word = unknown if isinstance(unknown, str) else type(unknown).__name__
        snake = re.sub("([A-Z])", r"_\1", word).lower()
        near = f"; did you mean {quoted(snake)}?" if snake in checks else ""
        raise UnknownAttributeError(
            f'"{path}" has no field {quoted(word)}{near or did_you_mean(word, checks)}'
        )
    missing = [name for name in checks if name in required and value.get(name) is None]
    if missing:
        raise RequiredAttributeError(
            f'"{path}.{missing[0]}" is required', path=f"{path}.{missing[0]}"
        )
    return {
        name: check(value[name], f"{path}.{name}")
        for name, check in checks.items()
        if value.get(name) is not None
    }


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
        for i, value in enumerate(checks.sequence(given, "messages", "mappings"))
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
        checks.mapping(content["metadata"], f"{path}.content.metadata")
    known = fields_dict(MessageChange)
    given = {name: item for name, item in value.items() if name not in _SET_BY_THE_STORE}
    changing = {name: check for name, check in CHECKS[Message].items() if name in known}
    return MessageChange(**checked(given, changing, {"id"}, path))
