"""Values, pages and filters that callers give, checked; `name` is what a refusal calls them.

Nothing here looks at what is stored. Every refusal is an InputError that names the argument or
the field (`messages[3].role`), and never shows its value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import frozen

from leyden._text import did_you_mean, listed
from leyden.errors import InvalidOptionError
from leyden.store.records import JSON, DateRange
from leyden.types.anything import accept_json
from leyden.types.base import refuse, wrong_type
from leyden.types.text import accept_string
from leyden.types.times import accept_timestamp

_Value = TypeVar("_Value")

_TENANCY: Final = ("organization_id", "project_id")
_SPANS: Final = (
    "agent_run",
    "agent_signal",
    "classifier_evaluation",
    "client_tool_call",
    "generic",
    "graph_action",
    "mapping",
    "mcp_server_request",
    "mcp_tool_call",
    "memory_operation",
    "model_chunk",
    "model_generation",
    "model_inference",
    "model_step",
    "processor_run",
    "provider_tool_call",
    "rag_action",
    "rag_embedding",
    "rag_ingestion",
    "rag_vector_operation",
    "scorer_run",
    "scorer_step",
    "skill_action",
    "skill_resolution",
    "tool_call",
    "workflow_conditional",
    "workflow_conditional_eval",
    "workflow_loop",
    "workflow_parallel",
    "workflow_run",
    "workflow_sleep",
    "workflow_step",
    "workflow_wait_event",
    "workspace_action",
)

_WHITE_IN_JAVASCRIPT: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

SCORED: Final = ("AGENT", "WORKFLOW", "TRAJECTORY", "STEP", "EXTERNAL", *_SPANS)
"""What a scorer can score: the values of `entity_type`, the last of them kinds of spans."""


def identifier(value: Any, name: str) -> str:
    """A str that is not blank: it has more than white space, Python's or JavaScript's."""
    text = accept_string(value, name)
    if not text.strip() or not text.strip(_WHITE_IN_JAVASCRIPT):
        raise refuse(name, "is blank, with nothing but white space, and must name something")
    return text


def identifiers(values: Any, name: str) -> tuple[str, ...]:
    """A sequence of ids as a tuple, each once, in the order in which they first come."""
    items = sequence(values, name, "ids")
    return tuple(dict.fromkeys(identifier(item, f"{name}[{i}]") for i, item in enumerate(items)))


def thread_ids(value: Any, name: str = "thread_id") -> tuple[str, ...]:
    """One thread's id, or a sequence of at least one; each once."""
    if isinstance(value, str):
        return (identifier(value, name),)
    ids = identifiers(value, name)
    if not ids:
        raise refuse(name, "names no thread; give an id, or a list of at least one")
    return ids


def text(value: Any, name: str) -> str:
    """A str, which may be empty."""
    return accept_string(value, name)


def word(value: Any, name: str) -> str:
    """A str that is not empty."""
    given = accept_string(value, name)
    if not given:
        raise refuse(name, "is empty")
    return given


def instant(value: Any, name: str) -> datetime:
    """An aware datetime, or ISO 8601 text with an offset: in UTC, cut to milliseconds."""
    return accept_timestamp(value, name)


def json(value: Any, name: str) -> JSON:
    """A copy of a JSON value."""
    return accept_json(value, name)


def mapping(value: Any, name: str) -> dict[str, JSON]:
    """A copy of a JSON object."""
    if not isinstance(value, Mapping):
        raise wrong_type(name, "a mapping with str keys", value)
    copied: dict[str, JSON] = accept_json(value, name)
    return copied


def optional(check: Callable[[Any, str], _Value], value: Any, name: str) -> _Value | None:
    """`value` as `check` has it; None stays None."""
    return None if value is None else check(value, name)


def count(value: Any, name: str) -> int:
    """An int of 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an int", value)
    if value < 0:
        raise refuse(name, "is below 0")
    return int(value)


def choice(value: Any, name: str, among: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in among:
        hint = did_you_mean(value, among) if isinstance(value, str) else ""
        raise InvalidOptionError(f'"{name}" takes {listed(among, "or")}{hint}')
    return str(value)


def statuses(value: Any, name: str) -> tuple[str, ...] | None:
    """One status or a sequence of several; None for any."""
    if value is None:
        return None
    return (word(value, name),) if isinstance(value, str) else identifiers(value, name)


def number(value: Any, name: str) -> int | float:
    """A finite number; a whole float becomes an int."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(name, "an int or a float", value)
    if value - value != 0:
        raise refuse(name, "is not a finite number")
    accepted: int | float = accept_json(value, name)
    return accepted


def whole_number(value: Any, name: str) -> int:
    """An int of either sign."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an int", value)
    return int(value)


def flag(value: Any, name: str) -> bool:
    """True or False."""
    if value is True or value is False:
        return value
    raise wrong_type(name, "a bool", value)


def content(value: Any, name: str) -> JSON:
    """The content of a message: a mapping, a list or a text."""
    if isinstance(value, str):
        return accept_string(value, name)
    if isinstance(value, Mapping | list | tuple):
        return accept_json(value, name)
    raise wrong_type(name, "a mapping with parts, a list of parts, or a str", value)


def source(value: Any, name: str) -> str:
    """Where a score comes from."""
    return choice(value, name, ("LIVE", "TEST"))


def scored(value: Any, name: str) -> str:
    """The kind of what was scored."""
    if isinstance(value, str) and value not in SCORED:
        capital = f'; did you mean "{value.upper()}"?' if value.upper() in SCORED else ""
        near = capital or did_you_mean(value, SCORED)
        hint = near or "; there are AGENT, WORKFLOW, TRAJECTORY, STEP, EXTERNAL and kinds of spans"
        raise refuse(name, f"is no kind of what is scored{hint}")
    return accept_string(value, name)


def any_identifier(value: Any, name: str) -> str | None:
    """An id that may be empty: such a one is none."""
    return identifier(value, name) if accept_string(value, name) else None


def sequence(values: Any, name: str, of: str) -> Sequence[Any]:
    """A list or tuple of anything; a text is none."""
    if isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray):
        return values
    raise wrong_type(name, f"a list of {of}", values)


@frozen
class Paging:
    """A page that is asked for; `per_page` is None for all, `cursor` goes on behind an entry."""

    page: int
    per_page: int | None
    cursor: str | None = None

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return self.page * (self.per_page or 0)

    @property
    def end(self) -> int | None:
        """How many entries there are up to the end of the page; None where all are on it."""
        return None if self.per_page is None else self.offset + self.per_page


def paging(page: Any, per_page: Any, cursor: Any = None) -> Paging:
    """Checked paging: `page` counts from 0, and goes with neither a cursor nor all on one page."""
    number = count(page, "page")
    if per_page is not None:
        count(per_page, "per_page")
    elif number:
        raise InvalidOptionError('"page" goes with "per_page"; None gives all on page 0')
    if cursor is not None:
        text(cursor, "cursor")
        if number:
            raise InvalidOptionError('give "page" or "cursor", not both')
    return Paging(number, per_page, cursor)


def order(value: Any, fields: Sequence[str] = ("created_at", "updated_at")) -> tuple[str, bool]:
    """The field to order by, and whether from the latest to the earliest."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidOptionError(
            '"order_by" takes a field and a direction, as in ("created_at", "desc")'
        )
    field = choice(value[0], "order_by[0]", fields)
    return field, choice(value[1], "order_by[1]", ("asc", "desc")) == "desc"


def dates(start: Any, end: Any, names: tuple[str, str] = ("from_date", "to_date")) -> DateRange:
    """A checked range whose ends, where there are any, are part of it."""
    return DateRange(
        start=optional(instant, start, names[0]),
        end=optional(instant, end, names[1]),
    )


def tenancy(value: Any) -> dict[str, str | None]:
    """The organization and the project that scores must be of; None for any."""
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


def metadata_filter(value: Any) -> dict[str, JSON]:
    """The values that metadata must have by key; empty for a filter that lets all through."""
    return {} if value is None else mapping(value, "metadata")
