"""The options of `.go()`, `.params()` and `.explain()`: which call takes which, and their values.

Each family of calls has a TypedDict of the options that it takes. Type checkers read it in the
signatures, and `read_options` allows exactly these names at run time. So an option is in three
places: its type in a family, its default in `Options`, and its check in `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, TypedDict

from leyden._attrs import frozen
from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError
from leyden.program import Params
from leyden.schema.expressions import ExpressionError, check_calls


class _Read(TypedDict, total=False):
    table: str | None
    params: Mapping[str, Any] | None
    select: str | None
    attributes: Sequence[str] | None
    consistent: bool | None
    ignore_ownership: bool | None


class GetOptions(_Read, total=False):
    """The options of `task.get(...)`."""

    data: Literal["attributes", "include_keys", "raw", "result"] | None


class WriteOptions(TypedDict, total=False):
    """The options of writes of one item."""

    table: str | None
    params: Mapping[str, Any] | None
    select: str | None
    data: Literal["attributes", "include_keys", "raw", "result"] | None
    response: Literal["default", "none", "all_old", "updated_old", "all_new", "updated_new"] | None


class FirstOptions(_Read, total=False):
    """The options of `.first()` and `.one()` of a scan."""

    data: Literal["attributes", "include_keys", "raw"] | None
    cursor: str | None
    cursor_from: Literal["leyden", "electrodb"] | None
    unreadable: Literal["raise", "collect"] | None
    hydrate: bool | None
    concurrency: int | None
    budget: float | None


class QueryFirstOptions(FirstOptions, total=False):
    """The options of `.first()` and `.one()` of a query."""

    order: Literal["asc", "desc"] | None
    compare: Literal["keys", "attributes", "v2"] | None


class QueryIterOptions(QueryFirstOptions, total=False):
    """The options of `.iter()` of a query."""

    limit: int | None


class QueryOptions(QueryIterOptions, total=False):
    """The options of queries of entities and collections."""

    count: int | None
    pages: int | Literal["all"] | None


class ScanIterOptions(FirstOptions, total=False):
    """The options of `.iter()` of a scan."""

    limit: int | None
    segments: int | None
    progress: Callable[[int, int], object] | None


class ScanOptions(ScanIterOptions, total=False):
    """The options of scans."""

    count: int | None
    pages: int | Literal["all"] | None


class _Count(TypedDict, total=False):
    table: str | None
    params: Mapping[str, Any] | None
    consistent: bool | None
    ignore_ownership: bool | None
    limit: int | None


class QueryCountOptions(_Count, total=False):
    """The options of `.count()` of a query."""

    compare: Literal["keys", "attributes", "v2"] | None


class ScanCountOptions(_Count, total=False):
    """The options of `.count()` of a scan."""

    segments: int | None


class SearchOptions(TypedDict, total=False):
    """The options of searches by meaning."""

    top_k: int | None
    table: str | None
    params: Mapping[str, Any] | None
    attributes: Sequence[str] | None
    data: Literal["attributes", "include_keys", "raw"] | None
    unreadable: Literal["raise", "collect"] | None
    hydrate: bool | None
    budget: float | None


class NoOptions(TypedDict, total=False):
    """The options of `task.check(...)`: it has none."""


class TransactGetOptions(TypedDict, total=False):
    """The options of `app.transact_get([...])`."""

    data: Literal["attributes", "include_keys", "raw"] | None
    select: str | None
    ignore_ownership: bool | None
    unreadable: Literal["raise", "collect"] | None


class TransactWriteOptions(TypedDict, total=False):
    """The options of `app.transact_write([...])`."""

    token: str | None


class BatchWriteOptions(TypedDict, total=False):
    """The options of batches of writes."""

    table: str | None
    concurrency: int | None
    budget: float | None
    unprocessed: Literal["raise", "return"] | None
    progress: Callable[[int, int], object] | None
    guard: bool | None


class BatchGetOptions(TransactGetOptions, total=False):
    """The options of batches of gets."""

    table: str | None
    attributes: Sequence[str] | None
    consistent: bool | None
    concurrency: int | None
    budget: float | None
    unprocessed: Literal["raise", "return"] | None
    progress: Callable[[int, int], object] | None


@frozen
class Options:
    """The checked options of one call. An absent option has its default."""

    order: Literal["asc", "desc"] | None = None
    limit: int | None = None
    top_k: int = 10
    count: int | None = None
    pages: int | Literal["all"] | None = None
    cursor: str | None = None
    attributes: tuple[str, ...] = ()
    consistent: bool = False
    cursor_from: Literal["leyden", "electrodb"] = "leyden"
    """Who wrote the cursor. ElectroDB's cursors have no checksum that ties them to the query."""
    compare: Literal["keys", "attributes", "v2"] | None = None
    """Which request of ElectroDB's a range sends; None for an exact range."""
    response: str = "default"
    data: Literal["attributes", "include_keys", "raw", "result"] = "attributes"
    ignore_ownership: bool = False
    select: Any = None
    table: str | None = None
    params: Mapping[str, Any] | None = None
    concurrency: int = 1
    hydrate: bool = False
    segments: int | None = None
    budget: float = 30.0
    unprocessed: Literal["raise", "return"] = "raise"
    unreadable: Literal["raise", "collect"] = "raise"
    progress: Callable[[int, int], object] | None = None
    guard: bool = False
    token: str | None = None


DEFAULT: Final = Options()
"""The options of a call that gives none."""


def read_options(operation: str, family: type, given: Mapping[str, Any]) -> Options:
    """Return the checked options of one call; `family` is the TypedDict that it takes.

    Raises InvalidOptionError for an option that the operation does not have, or a wrong value.
    """
    if not given:
        return DEFAULT
    allowed = _names_of(family)
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise InvalidOptionError(f'no option "{name}" here{hint}', operation=operation)
        if value is None:
            continue
        try:
            checked[name] = _CHECKS[name](name, value)
        except InvalidOptionError as error:
            error.operation = operation
            raise
        if value == "result" and name == "data" and family not in (GetOptions, WriteOptions):
            raise InvalidOptionError(
                'the option "data" takes "result" for single items only: a page itself says '
                "what it cost",
                operation=operation,
            )
    return Options(**checked)


def finish(params: Params, options: Options) -> Params:
    """Return the request with the caller's table and extra parameters."""
    if options.table is not None:
        if "TransactItems" in params:
            for part in params["TransactItems"]:
                for body in part.values():
                    body["TableName"] = options.table
        else:
            params["TableName"] = options.table
    if options.params:
        params.update(options.params)
    return params


@cache
def _names_of(family: type) -> frozenset[str]:
    names: frozenset[str] = family.__optional_keys__  # type: ignore[attr-defined]
    return names


def _takes(is_right: Callable[[Any], bool], wanted: str) -> Callable[[str, Any], Any]:
    """Return the check of an option; `wanted` says what it takes."""

    def check(name: str, value: Any) -> Any:
        if not is_right(value):
            raise InvalidOptionError(f'the option "{name}" takes {wanted}')
        return value

    return check


def _one_of(*choices: str) -> Callable[[str, Any], Any]:
    shown = ", ".join(f'"{choice}"' for choice in choices)
    return _takes(lambda value: value in choices, shown)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_time(value: Any) -> bool:
    """Whether an option's value is a number of seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_top_k(value: Any) -> bool:
    return _is_count(value) and bool(value <= MOST_MATCHES)


_flag = _takes(lambda value: isinstance(value, bool), "True or False")
_number = _takes(_is_count, "a whole number from 1 up")
_text = _takes(lambda value: isinstance(value, str) and value != "", "a text that is not empty")
_function = _takes(callable, "a function that takes the number done and the total")


def _segments(name: str, value: Any) -> Any:
    wanted = f"at most {_MOST_SEGMENTS:,}, as DynamoDB does"
    return _takes(lambda count: count <= _MOST_SEGMENTS, wanted)(name, _number(name, value))


def _names(name: str, value: Any) -> tuple[str, ...]:
    names = not isinstance(value, str) and isinstance(value, Sequence) and bool(value)
    all_texts = names and all(isinstance(one, str) for one in value)
    _takes(lambda _: all_texts, "a list of attribute names")(name, value)
    return tuple(value)


def _expression(name: str, value: Any) -> Any:
    _takes(lambda text: isinstance(text, str), "a JMESPath expression")(name, value)
    if value in _OF_DYNAMODB:
        instead = (
            "count items with .count()"
            if value == "COUNT"
            else "name attributes with the option `attributes`"
        )
        raise InvalidOptionError(
            f'the option "select" is a JMESPath expression, which reshapes each item, and not '
            f"DynamoDB's Select={value}; {instead}. For an attribute of that name, quote it "
            f"inside: select='\"{value}\"'"
        )
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(value)
        # JMESPath itself reports a wrong call only when it evaluates an item, after a write.
        check_calls(compiled.parsed, value)
        return compiled
    except ExpressionError as error:
        raise InvalidOptionError(f'the option "select" cannot be evaluated: {error}') from None
    except JMESPathError as error:
        raise InvalidOptionError(
            f'the option "select" is not a JMESPath expression: {error}'
        ) from error
    except RecursionError:
        raise InvalidOptionError('the option "select" is nested too deeply') from None


_MOST_SEGMENTS: Final = 1_000_000

MOST_MATCHES: Final = 100
"""The most items that DynamoDB returns for a search."""

_OF_DYNAMODB: Final = frozenset(
    {"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES"}
)
"""The values of DynamoDB's own Select parameter."""

_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "order": _one_of("asc", "desc"),
    "limit": _number,
    "top_k": _takes(_is_top_k, f"a whole number from 1 to {MOST_MATCHES}, as DynamoDB does"),
    "count": _number,
    "pages": _takes(
        lambda value: value == "all" or _is_count(value), 'a whole number from 1 up, or "all"'
    ),
    "cursor": _text,
    "attributes": _names,
    "consistent": _flag,
    "cursor_from": _one_of("leyden", "electrodb"),
    "compare": _one_of("keys", "attributes", "v2"),
    "response": _one_of("default", "none", "all_old", "updated_old", "all_new", "updated_new"),
    "data": _one_of("attributes", "include_keys", "raw", "result"),
    "ignore_ownership": _flag,
    "select": _expression,
    "table": _text,
    "params": _takes(lambda value: isinstance(value, Mapping), "a mapping of request parameters"),
    "concurrency": _number,
    "hydrate": _flag,
    "segments": _segments,
    "budget": _takes(is_time, "a number of seconds"),
    "unprocessed": _one_of("raise", "return"),
    "unreadable": _one_of("raise", "collect"),
    "progress": _function,
    "guard": _flag,
    "token": _takes(
        lambda value: isinstance(value, str) and 1 <= len(value) <= 36,
        "a text of 1 to 36 characters",
    ),
}
