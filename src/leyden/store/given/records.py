"""Records that callers give, or mappings of their fields in snake_case, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import NOTHING, evolve, fields_dict

from leyden._text import did_you_mean, quoted
from leyden.errors import RequiredAttributeError, UnknownAttributeError
from leyden.store.given import values
from leyden.store.records import (
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

_TIMES: Final[dict[str, _Check]] = {"created_at": values.instant, "updated_at": values.instant}

CHECKS: Final[dict[type[Any], dict[str, _Check]]] = {
    Thread: {
        "id": values.identifier,
        "resource_id": values.identifier,
        "title": values.text,
        "metadata": values.mapping,
        "archived_at": values.instant,
        **_TIMES,
    },
    Message: {
        "id": values.identifier,
        "thread_id": values.identifier,
        "role": values.word,
        "content": values.content,
        "type": values.word,
        "resource_id": values.identifier,
        "tool_call_ids": values.json,
        "tool_call_args": values.json,
        "tool_names": values.json,
        **_TIMES,
    },
    Resource: {
        "id": values.identifier,
        "working_memory": values.text,
        "metadata": values.mapping,
        **_TIMES,
    },
    Score: {
        **dict.fromkeys(("id", "scorer_id", "run_id", "entity_id"), values.identifier),
        **dict.fromkeys(("trace_id", "span_id", "resource_id", "thread_id"), values.any_identifier),
        **dict.fromkeys(("organization_id", "project_id"), values.text),
        **dict.fromkeys(("batch_id", "dataset_id", "dataset_item_id"), values.text),
        "source": values.source,
        "score": values.number,
        "entity_type": values.scored,
        **dict.fromkeys(("scorer", "entity", "metadata"), values.mapping),
        **dict.fromkeys(("additional_context", "request_context"), values.mapping),
        **dict.fromkeys(
            ("extract_step_result", "preprocess_step_result", "analyze_step_result"),
            values.mapping,
        ),
        **dict.fromkeys(("input", "output"), values.json),
        "reason": values.text,
        **dict.fromkeys(("extract_prompt", "preprocess_prompt", "analyze_prompt"), values.text),
        **dict.fromkeys(("reason_prompt", "generate_score_prompt"), values.text),
        "generate_reason_prompt": values.text,
        **_TIMES,
    },
    Trace: {
        **dict.fromkeys(("id", "trace_id", "name", "scope", "parent_span_id"), values.identifier),
        "kind": values.whole_number,
        **dict.fromkeys(("start_time", "end_time"), values.number),
        **dict.fromkeys(("attributes", "status", "events", "links"), values.json),
        "other": values.text,
        **_TIMES,
    },
    Eval: {
        **dict.fromkeys(
            ("run_id", "global_run_id", "agent_name", "metric_name"), values.identifier
        ),
        "instructions": values.text,
        **dict.fromkeys(("input", "output", "result", "test_info"), values.json),
        "created_at": values.instant,
    },
    DateRange: {
        "start": values.instant,
        "end": values.instant,
        "start_exclusive": values.flag,
        "end_exclusive": values.flag,
    },
    Include: {
        "id": values.identifier,
        "thread_id": values.identifier,
        "with_previous_messages": values.count,
        "with_next_messages": values.count,
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
    items = values.sequence(given, path, f"{kind.__name__} records or mappings")
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
