"""Checks of the callers' input: values, filters, orders, records and changes of messages.

Nothing here looks at what is stored. Every refusal is an InputError that names the argument or the
field (`messages[3].role`) and never shows its value. A record may be given as such, or as a mapping
of its fields in snake_case.
>>> from leyden.store import given
>>> given.thread({"id": "t1", "resource_id": "alice"}).title
'Thread t1'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from attrs import NOTHING, evolve, fields_dict, frozen

from leyden._text import WHITE_IN_JAVASCRIPT, did_you_mean, listed, quoted
from leyden.errors import (
    InvalidOptionError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    UnknownAttributeError,
)
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
from leyden.store.values import Span
from leyden.types import accept_json, accept_string, accept_timestamp, refuse, wrong_type

_Value = TypeVar("_Value")
_Record = TypeVar("_Record")
_Check: TypeAlias = Callable[[Any, str], Any]
"""Takes a value and the name that a refusal uses for it."""

text = accept_string
"""Check a str, which may be empty."""

instant = accept_timestamp
"""Check an aware datetime, or ISO 8601 text with an offset; return it in UTC, in milliseconds."""

json = accept_json
"""Return a copy of a JSON value."""

_TENANCY: Final = ("organization_id", "project_id")

SCORED: Final = (
    *("AGENT", "WORKFLOW", "TRAJECTORY", "STEP", "EXTERNAL"),
    *("agent_run", "agent_signal", "classifier_evaluation", "client_tool_call", "generic"),
    *("graph_action", "mapping", "mcp_server_request", "mcp_tool_call", "memory_operation"),
    *("model_chunk", "model_generation", "model_inference", "model_step", "processor_run"),
    *("provider_tool_call", "rag_action", "rag_embedding", "rag_ingestion"),
    *("rag_vector_operation", "scorer_run", "scorer_step", "skill_action", "skill_resolution"),
    *("tool_call", "workflow_conditional", "workflow_conditional_eval", "workflow_loop"),
    *("workflow_parallel", "workflow_run", "workflow_sleep", "workflow_step"),
    *("workflow_wait_event", "workspace_action"),
)
"""The values of `entity_type`: what a score is about. All but the first five are kinds of spans."""


def optional(check: Callable[[Any, str], _Value], value: Any, name: str) -> _Value | None:
    """Check a value unless it is None."""
    return None if value is None else check(value, name)


def identifier(value: Any, name: str) -> str:
    """Check a str that has more than white space, by Python's and by JavaScript's definition."""
    checked = accept_string(value, name)
    if not checked.strip() or not checked.strip(WHITE_IN_JAVASCRIPT):
        raise refuse(name, "is blank; give more than white space")
    return checked


def any_identifier(value: Any, name: str) -> str | None:
    """Check an id that may be empty; an empty id becomes None."""
    return identifier(value, name) if accept_string(value, name) else None


def identifiers(values: Any, name: str) -> tuple[str, ...]:
    """Check a sequence of ids; return each id once, in the order of first occurrence."""
    items = sequence(values, name, "ids")
    return tuple(dict.fromkeys(identifier(item, f"{name}[{i}]") for i, item in enumerate(items)))


def thread_ids(value: Any, name: str = "thread_id") -> tuple[str, ...]:
    """Check one thread's id, or a sequence of at least one; return each id once."""
    if isinstance(value, str):
        return (identifier(value, name),)
    ids = identifiers(value, name)
    if not ids:
        raise refuse(name, "names no thread; give a thread's id, or a list of at least one")
    return ids


def word(value: Any, name: str) -> str:
    """Check a str that is not empty."""
    checked = accept_string(value, name)
    if not checked:
        raise refuse(name, "is empty")
    return checked


def mapping(value: Any, name: str) -> dict[str, JSON]:
    """Return a copy of a JSON object."""
    if not isinstance(value, Mapping):
        raise wrong_type(name, "a mapping with str keys", value)
    copied: dict[str, JSON] = accept_json(value, name)
    return copied


def whole_number(value: Any, name: str) -> int:
    """Check an int of either sign."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an int", value)
    return int(value)


def count(value: Any, name: str) -> int:
    """Check an int of 0 or more."""
    number = whole_number(value, name)
    if number < 0:
        raise refuse(name, "is below 0")
    return number


def number(value: Any, name: str) -> int | float:
    """Check a finite number; a float without a fraction becomes an int."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(name, "an int or a float", value)
    if value - value != 0:
        raise refuse(name, "is not a finite number")
    accepted: int | float = accept_json(value, name)
    return accepted


def flag(value: Any, name: str) -> bool:
    """Check a bool."""
    if value is True or value is False:
        return value
    raise wrong_type(name, "a bool", value)


def choice(value: Any, name: str, among: Sequence[str]) -> str:
    """Check a word that must be one of a few."""
    if not isinstance(value, str) or value not in among:
        hint = did_you_mean(value, among) if isinstance(value, str) else ""
        raise InvalidOptionError(f'"{name}" takes {listed(among, "or")}{hint}')
    return str(value)


def source(value: Any, name: str) -> str:
    """Check the source of a score."""
    return choice(value, name, ("LIVE", "TEST"))


def scored(value: Any, name: str) -> str:
    """Check the kind of a scored entity."""
    if isinstance(value, str) and value not in SCORED:
        capital = f'; did you mean "{value.upper()}"?' if value.upper() in SCORED else ""
        near = capital or did_you_mean(value, SCORED)
        hint = near or f"; the kinds are {', '.join(SCORED[:5])} and those of spans"
        raise refuse(name, f"is not a kind of entity that can be scored{hint}")
    return accept_string(value, name)


def statuses(value: Any, name: str) -> tuple[str, ...] | None:
    """Check one status or a sequence of several; None means any status."""
    if value is None:
        return None
    return (word(value, name),) if isinstance(value, str) else identifiers(value, name)


def content(value: Any, name: str) -> JSON:
    """Check the content of a message: a mapping, a list or a text."""
    if isinstance(value, str):
        return accept_string(value, name)
    if isinstance(value, Mapping | list | tuple):
        return accept_json(value, name)
    raise wrong_type(name, "a mapping with parts, a list of parts, or a str", value)


def sequence(values: Any, name: str, of: str) -> Sequence[Any]:
    """Check a list or tuple of anything; a text is not one."""
    if isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray):
        return values
    raise wrong_type(name, f"a list of {of}", values)


def order(value: Any, fields: Sequence[str] = ("created_at", "updated_at")) -> tuple[str, bool]:
    """Return the field to order by, and whether the order is descending."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidOptionError(
            '"order_by" takes a field and a direction, as in ("created_at", "desc")'
        )
    field = choice(value[0], "order_by[0]", fields)
    return field, choice(value[1], "order_by[1]", ("asc", "desc")) == "desc"


def dates(start: Any, end: Any, names: tuple[str, str] = ("from_date", "to_date")) -> Span:
    """Return the span between two times, both inclusive; None leaves that end open."""
    return Span(optional(instant, start, names[0]), optional(instant, end, names[1]))


def date_range(value: Any) -> Span:
    """Return the span of a date range; None leaves both ends open."""
    return Span() if value is None else Span.of(record(DateRange, value, "date_range"))


def metadata_filter(value: Any) -> dict[str, JSON]:
    """Return the values that metadata must have, by key; an empty filter matches everything."""
    return {} if value is None else mapping(value, "metadata")


def tenancy(value: Any) -> dict[str, str | None]:
    """Return the organization and the project that scores must have; None matches any."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong_type("filters", f"a mapping of {listed(_TENANCY, 'and')}", value)
    for name in value:
        if name not in _TENANCY:
            hint = did_you_mean(name, _TENANCY) if isinstance(name, str) else ""
            raise InvalidOptionError(f'"filters" takes {listed(_TENANCY, "and")}{hint}')
    return {
        name: optional(text, value[name], f"filters.{name}") for name in _TENANCY if name in value
    }


def _each(check: _Check, names: str) -> dict[str, _Check]:
    return dict.fromkeys(names.split(), check)


CHECKS: Final[dict[type[Any], dict[str, _Check]]] = {
    Thread: {
        **_each(identifier, "id resource_id"),
        "title": text,
        "metadata": mapping,
        **_each(instant, "archived_at created_at updated_at"),
    },
    Message: {
        **_each(identifier, "id thread_id"),
        "role": word,
        "content": content,
        "type": word,
        "resource_id": identifier,
        **_each(json, "tool_call_ids tool_call_args tool_names"),
        **_each(instant, "created_at updated_at"),
    },
    Resource: {
        "id": identifier,
        "working_memory": text,
        "metadata": mapping,
        **_each(instant, "created_at updated_at"),
    },
    Score: {
        **_each(identifier, "id scorer_id run_id entity_id"),
        **_each(any_identifier, "trace_id span_id resource_id thread_id"),
        **_each(text, "organization_id project_id batch_id dataset_id dataset_item_id"),
        "source": source,
        "score": number,
        "entity_type": scored,
        **_each(mapping, "scorer entity metadata additional_context request_context"),
        **_each(mapping, "extract_step_result preprocess_step_result analyze_step_result"),
        **_each(json, "input output"),
        **_each(text, "reason extract_prompt preprocess_prompt analyze_prompt reason_prompt"),
        **_each(text, "generate_score_prompt generate_reason_prompt"),
        **_each(instant, "created_at updated_at"),
    },
    Trace: {
        **_each(identifier, "id trace_id name scope parent_span_id"),
        "kind": whole_number,
        **_each(number, "start_time end_time"),
        **_each(json, "attributes status events links"),
        "other": text,
        **_each(instant, "created_at updated_at"),
    },
    Eval: {
        **_each(identifier, "run_id global_run_id agent_name metric_name"),
        "instructions": text,
        **_each(json, "input output result test_info"),
        "created_at": instant,
    },
    DateRange: {
        **_each(instant, "start end"),
        **_each(flag, "start_exclusive end_exclusive"),
    },
    Include: {
        **_each(identifier, "id thread_id"),
        **_each(count, "with_previous_messages with_next_messages"),
        "created_at": instant,
    },
}
"""How to check each field of a record, in the order in which faults are reported."""


def thread(value: Any) -> Thread:
    """Return a checked thread with a title; an empty title becomes `Thread ID`."""
    checked = record(Thread, value, "thread")
    return evolve(checked, title=checked.title or f"Thread {checked.id}")


def score(value: Any) -> Score:
    """Return a checked score; an empty id of a trace, span, resource or thread becomes None."""
    checked = record(Score, value, "score")
    if checked.entity is None:
        # Scores that other clients stored may lack it; new ones must have it.
        raise RequiredAttributeError('"score.entity" is required', path="score.entity")
    return checked


def record(kind: type[_Record], value: Any, path: str) -> _Record:
    """Check a record of this kind, or a mapping of its fields, and return it as a record."""
    attributes = fields_dict(kind)  # type: ignore[arg-type]
    if isinstance(value, kind):
        value = {name: getattr(value, name) for name in attributes}
    elif not isinstance(value, Mapping):
        raise wrong_type(path, f"a {kind.__name__} or a mapping of its fields", value)
    required = {name for name, attribute in attributes.items() if attribute.default is NOTHING}
    return kind(**_checked(value, CHECKS[kind], required, path))


def records(kind: type[_Record], given: Any, path: str) -> tuple[_Record, ...]:
    """Check a list of records of this kind, or of mappings of their fields."""
    items = sequence(given, path, f"{kind.__name__} records or mappings")
    return tuple(record(kind, item, f"{path}[{i}]") for i, item in enumerate(items))


def _checked(
    value: Mapping[Any, Any], checks: Mapping[str, _Check], required: set[str], path: str
) -> dict[str, Any]:
    """Return the given fields, each checked; fields that are None are left out."""
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
    """A change of one message; None leaves a field as it is."""

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
        """Return the given fields that are replaced as a whole: all but the content."""
        values = {name: getattr(self, name) for name in _REPLACED}
        return {name: value for name, value in values.items() if value is not None}

    def content_after(self, stored: JSON) -> JSON:
        """Return the content after this change is applied to `stored`.

        If both are mappings, `metadata` is merged key by key and every other key of the change is
        replaced. A stored text counts as the `content` of a mapping, and a stored list as its
        `parts`. A text or a list in the change replaces everything.
        """
        if self.content is None:
            return stored
        if not isinstance(self.content, dict):
            return self.content
        if isinstance(stored, dict):
            after = dict(stored)
        else:
            after = {"parts" if isinstance(stored, list) else "content": stored}
        for key in sorted(self.content, key=lambda key: _FIRST.get(key, len(_FIRST))):
            value = self.content[key]
            if key == "metadata" and isinstance(after.get(key), dict):
                after[key] = {**after[key], **(value or {})}
            elif value is not None:
                after[key] = value
        return after


_REPLACED: Final = (
    *("thread_id", "resource_id", "role", "type"),
    *("tool_call_ids", "tool_call_args", "tool_names"),
)
_SET_BY_THE_STORE: Final = ("created_at", "updated_at")
_FIRST: Final = {"metadata": 0, "content": 1, "parts": 2}
"""The order of new keys in a content, which is the TypeScript client's."""


def message_changes(given: Any) -> tuple[MessageChange, ...]:
    """Check changes of messages, each a mapping of `id` and the fields to change."""
    return tuple(
        _message_change(value, f"messages[{i}]")
        for i, value in enumerate(sequence(given, "messages", "mappings"))
    )


def _message_change(value: Any, path: str) -> MessageChange:
    if not isinstance(value, Mapping):
        raise wrong_type(path, "a mapping of `id` and the fields to change", value)
    for name in _SET_BY_THE_STORE:
        if value.get(name) is not None:
            raise ReadOnlyAttributeError(
                f'"{path}.{name}" is set by the store and cannot be changed', path=f"{path}.{name}"
            )
    content = value.get("content")
    if isinstance(content, Mapping) and content.get("metadata") is not None:
        mapping(content["metadata"], f"{path}.content.metadata")
    given = {name: item for name, item in value.items() if name not in _SET_BY_THE_STORE}
    changing = {
        name: check for name, check in CHECKS[Message].items() if name not in _SET_BY_THE_STORE
    }
    return MessageChange(**_checked(given, changing, {"id"}, path))
