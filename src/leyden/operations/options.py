"""The options of `.go()`, `.params()` and `.explain()`: which operation takes which, and what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import jmespath
from jmespath.exceptions import JMESPathError

from leyden._attrs import frozen
from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError
from leyden.schema.expressions import ExpressionError, check_calls

_COMMON: Final = frozenset({"table", "params", "select", "data"})
_READ: Final = _COMMON | {"attributes", "consistent", "ignore_ownership"}
_PAGED: Final = _READ | {"limit", "count", "pages", "cursor", "cursor_from", "unreadable"}

GET: Final = _READ
WRITE: Final = _COMMON | {"response"}
QUERY: Final = _PAGED | {"order", "compare", "hydrate", "concurrency", "budget"}
SCAN: Final = _PAGED | {"hydrate", "concurrency", "budget", "segments", "progress"}
_BATCH: Final = frozenset({"table", "concurrency", "budget", "unprocessed", "progress"})
TRANSACT_GET: Final = frozenset({"data", "select", "ignore_ownership", "unreadable"})
BATCH_GET: Final = _BATCH | TRANSACT_GET | {"attributes", "consistent"}
TRANSACT_WRITE: Final = frozenset({"token"})
BATCH_WRITE: Final = _BATCH | {"guard"}

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "order": ("asc", "desc"),
    "compare": ("keys", "attributes", "v2"),
    "cursor_from": ("leyden", "electrodb"),
    "response": ("default", "none", "all_old", "updated_old", "all_new", "updated_new"),
    "unprocessed": ("raise", "return"),
    "unreadable": ("raise", "collect"),
    "data": ("attributes", "include_keys", "raw", "result"),
}

_OF_DYNAMODB: Final = frozenset(
    {"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "COUNT", "SPECIFIC_ATTRIBUTES"}
)
"""The values of DynamoDB's own Select."""

_MOST_SEGMENTS: Final = 1_000_000


@frozen
class Options:
    """What may be said of how an operation runs. Absent means the operation's default."""

    order: Literal["asc", "desc"] | None = None
    limit: int | None = None
    count: int | None = None
    pages: int | Literal["all"] | None = None
    cursor: str | None = None
    attributes: tuple[str, ...] = ()
    consistent: bool = False
    cursor_from: Literal["leyden", "electrodb"] = "leyden"
    """Who wrote the cursor; one of ElectroDB's has no checksum that ties it to the query."""
    compare: Literal["keys", "attributes", "v2"] | None = None
    """Which of ElectroDB's requests a range is; None for a range that is exact."""
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


_DEFAULT: Final = Options()


def read_options(operation: str, allowed: frozenset[str], given: Mapping[str, Any]) -> Options:
    """The options of one call.

    Raises InvalidOptionError for one that the operation does not have, or a wrong value.
    """
    if not given:
        return _DEFAULT
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise InvalidOptionError(f'no option "{name}" here{hint}', operation=operation)
        if value is not None:
            checked[name] = _check(operation, allowed, name, value)
    return Options(**checked)


def _check(operation: str, allowed: frozenset[str], name: str, value: Any) -> Any:
    def refuse(wanted: str) -> InvalidOptionError:
        return InvalidOptionError(f'the option "{name}" takes {wanted}', operation=operation)

    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise refuse(", ".join(f'"{choice}"' for choice in _CHOICES[name]))
        if value == "result" and ("table" not in allowed or allowed & {"limit", "concurrency"}):
            raise refuse('"result" for single items only: a page says what it cost by itself')
    elif name in ("limit", "count", "concurrency", "segments"):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise refuse("a whole number from 1 up")
        if name == "segments" and value > _MOST_SEGMENTS:
            raise refuse(f"at most {_MOST_SEGMENTS:,}, as DynamoDB does")
    elif name == "pages":
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if not whole and value != "all":
            raise refuse('a whole number from 1 up, or "all"')
    elif name in ("consistent", "ignore_ownership", "guard", "hydrate"):
        if not isinstance(value, bool):
            raise refuse("True or False")
    elif name == "attributes":
        names = not isinstance(value, str) and isinstance(value, Sequence) and bool(value)
        if not names or not all(isinstance(name, str) for name in value):
            raise refuse("a list of attribute names")
        return tuple(value)
    elif name == "params":
        if not isinstance(value, Mapping):
            raise refuse("a mapping of request parameters")
    elif name == "select":
        if not isinstance(value, str):
            raise refuse("a JMESPath expression")
        if value in _OF_DYNAMODB:
            instead = (
                "count items with .count()"
                if value == "COUNT"
                else "name attributes with the option `attributes`"
            )
            raise InvalidOptionError(
                f'the option "select" is a JMESPath expression, which reshapes each item, and not '
                f"DynamoDB's Select={value}; {instead}. For an attribute of that name, quote it "
                f"inside: select='\"{value}\"'",
                operation=operation,
            )
        try:
            compiled = jmespath.compile(value)
            # JMESPath itself reports a wrong call only over an item, when a write has happened.
            check_calls(compiled.parsed, value)
            return compiled
        except ExpressionError as error:
            raise InvalidOptionError(
                f'the option "select" cannot be evaluated: {error}', operation=operation
            ) from None
        except JMESPathError as error:
            raise InvalidOptionError(
                f'the option "select" is no JMESPath expression: {error}', operation=operation
            ) from error
        except RecursionError:
            raise InvalidOptionError(
                'the option "select" is nested too deeply', operation=operation
            ) from None
    elif name == "budget":
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise refuse("a number of seconds")
    elif name == "progress":
        if not callable(value):
            raise refuse("a function of what is done and the total")
    elif name == "token":
        if not isinstance(value, str) or not 1 <= len(value) <= 36:
            raise refuse("a text of 1 to 36 characters")
    elif not isinstance(value, str) or not value:
        raise refuse("a text that is not empty")
    return value
