"""Compiled JMESPath expressions of a schema.

jmespath walks an expression's tree at every call: 16 microseconds for `status == 'open'`, while a
whole put takes 23. Most expressions of schemas compare a name with a text, or join a few texts.
Such trees become functions, which take a hundredth of that time. Values that a function does not
handle go to jmespath, so jmespath alone defines what an expression means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from leyden._late import Late
from leyden.errors import InvalidExpressionError
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.types.base import refuse

if TYPE_CHECKING:
    import jmespath
    from jmespath import exceptions
else:
    jmespath, exceptions = Late("jmespath"), Late("jmespath.exceptions")

_Tree: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Any], Any]


class Expression:
    """One compiled expression. `roots` are the attributes that it reads, None for all."""

    __slots__ = ("_search", "roots", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.roots: frozenset[str] | None = parse_expression(text).roots
        except ExpressionError as error:
            raise InvalidExpressionError(f"{text}: {error}") from error
        self._search: Evaluate = evaluator(jmespath.compile(text))

    def search(self, data: Any, path: str) -> Any:
        """Evaluate the expression on plain data; `path` is the attribute that it is for.

        Raises ValidationError if a function gets a type that it does not take.
        """
        try:
            return self._search(data)
        except TypeError:
            # jmespath lets Python compare text with numbers, which raises. In JMESPath it is null.
            return None
        except exceptions.JMESPathTypeError as error:
            wanted = " or ".join(error.expected_types)
            reason = f"{error.function_name}() takes {wanted}, and got {error.actual_type}"
        except exceptions.ArityError as error:
            reason = str(error)
        except (exceptions.JMESPathError, RecursionError) as error:
            reason = type(error).__name__
        raise refuse(path, f"cannot be evaluated by {self.text}: {reason}")

    def holds(self, data: Any, path: str) -> bool:
        """Return whether the result is true in JMESPath."""
        return truthy(self.search(data, path))


class UnusualError(Exception):
    """A shortcut got values that it does not handle."""


def evaluator(compiled: Any) -> Evaluate:
    """Return a function that evaluates a compiled expression, by a shortcut if possible."""
    search: Evaluate = compiled.search
    quick = shortcut(compiled.parsed)
    if quick is None:
        return search

    def evaluate(data: Any) -> Any:
        try:
            return quick(data)
        except UnusualError:
            return search(data)

    return evaluate


def shortcut(tree: _Tree) -> Evaluate | None:
    """Return a function that evaluates a parsed expression as jmespath does; None if too complex.

    It raises UnusualError for values that only jmespath can handle.
    """
    kind = tree["type"]
    if kind not in _COMPOUND:
        return _leaf(tree)
    parts = [part for child in tree["children"] if (part := shortcut(child)) is not None]
    if len(parts) < len(tree["children"]):
        return None
    if kind == "multi_select_list":
        return lambda data: None if data is None else [part(data) for part in parts]
    if kind == "function_expression":
        made = _FUNCTIONS.get((tree["value"], len(parts)))
        return None if made is None else made(*parts)
    if kind == "not_expression":
        return lambda data: not truthy(parts[0](data))
    left, right = parts
    ends = kind == "or_expression"

    def either(data: Any) -> Any:
        """Return the left value if it decides, else the right one."""
        found = left(data)
        return found if truthy(found) is ends else right(data)

    return either


_COMPOUND: Final = frozenset(
    {
        "and_expression",
        "function_expression",
        "multi_select_list",
        "not_expression",
        "or_expression",
    }
)


def _leaf(tree: _Tree) -> Evaluate | None:
    """Return the shortcut for a name, a literal, or a name compared with a text; else None."""
    kind, said = tree["type"], tree.get("value")
    if kind == "field":
        return lambda data: data.get(said) if isinstance(data, dict) else None
    if kind == "literal" and isinstance(said, str | int | None):
        return lambda data: said
    if kind != "comparator" or said not in ("eq", "ne"):
        return None
    left, right = tree["children"]
    if left["type"] == "literal":
        left, right = right, left
    if left["type"] != "field" or right["type"] != "literal" or type(right["value"]) is not str:
        return None
    name, text, equal = left["value"], right["value"], said == "eq"
    return lambda data: ((data.get(name) if isinstance(data, dict) else None) == text) is equal


def join_texts(glue: Evaluate, texts: Evaluate) -> Evaluate:
    """Return the shortcut for `join(glue, texts)`, which handles texts only."""

    def evaluate(data: Any) -> str:
        between, parts = glue(data), texts(data)
        if between.__class__ is str and parts.__class__ is list:
            for part in parts:
                if part.__class__ is not str:
                    raise UnusualError
            joined: str = between.join(parts)
            return joined
        raise UnusualError

    return evaluate


def text_of(part: Evaluate) -> Evaluate:
    """Return the shortcut for `to_string(part)`, which handles texts and whole numbers only."""

    def evaluate(data: Any) -> str:
        value = part(data)
        if value.__class__ is str or value.__class__ is int:
            return str(value)
        raise UnusualError

    return evaluate


_FUNCTIONS: Final[Mapping[tuple[Any, int], Callable[..., Evaluate]]] = {
    ("join", 2): join_texts,
    ("to_string", 1): text_of,
}
"""The functions that have a shortcut, by name and number of arguments."""


def truthy(value: Any) -> bool:
    """Return whether a value is true in JMESPath: not false, null or empty; 0 is true."""
    return not (value is None or value is False or value == "" or value == [] or value == {})
