"""JMESPath expressions of a schema, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from leyden._late import Late
from leyden.errors import InvalidExpressionError
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.types.base import refuse

_Tree: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Any], Any]


class UnusualError(Exception):
    """A shortcut met values that are not for it."""


def evaluator(compiled: Any) -> Evaluate:
    """What evaluates an expression that jmespath compiled, by a shortcut where that will do."""
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
    """What evaluates a parsed expression as jmespath does; None where it is not so plain.

    It raises UnusualError where the expression met something that only jmespath can judge.
    """
    kind = tree["type"]
    if kind == "field":
        return _field(tree["value"])
    if kind == "literal" and isinstance(tree["value"], str | int | None):
        return _literal(tree["value"])
    if kind == "multi_select_list":
        return _list(tree)
    if kind == "function_expression":
        return _function(tree)
    if kind == "comparator" and tree["value"] in ("eq", "ne"):
        return _comparison(tree)
    if kind not in ("and_expression", "or_expression", "not_expression"):
        return None
    parts = [shortcut(child) for child in tree["children"]]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    if kind == "not_expression":
        return _not(whole[0])
    return _and(*whole) if kind == "and_expression" else _or(*whole)


def truthy(value: Any) -> bool:
    """JMESPath's truth: false, null and empty strings, lists and objects are not; 0 is."""
    return not (value is None or value is False or value == "" or value == [] or value == {})


def _field(name: str) -> Evaluate:
    return lambda data: data.get(name) if isinstance(data, dict) else None


def _literal(value: Any) -> Evaluate:
    return lambda data: value


def _list(tree: _Tree) -> Evaluate | None:
    parts = [shortcut(child) for child in tree["children"]]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    return lambda data: None if data is None else [part(data) for part in whole]


def _function(tree: _Tree) -> Evaluate | None:
    arguments = [shortcut(child) for child in tree["children"]]
    whole = [argument for argument in arguments if argument is not None]
    if len(whole) < len(arguments):
        return None
    if tree["value"] == "join" and len(whole) == 2:
        return _join(*whole)
    if tree["value"] == "to_string" and len(whole) == 1:
        return _to_string(whole[0])
    return None


def _join(glue: Evaluate, texts: Evaluate) -> Evaluate:
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


def _to_string(part: Evaluate) -> Evaluate:
    def evaluate(data: Any) -> str:
        value = part(data)
        if value.__class__ is str or value.__class__ is int:
            return str(value)
        raise UnusualError

    return evaluate


def _comparison(tree: _Tree) -> Evaluate | None:
    """A name compared with a text; numbers and booleans have rules of their own."""
    left, right = tree["children"]
    if left["type"] == "literal":
        left, right = right, left
    if left["type"] != "field" or right["type"] != "literal" or type(right["value"]) is not str:
        return None
    field, text = _field(left["value"]), right["value"]
    if tree["value"] == "eq":
        return lambda data: field(data) == text
    return lambda data: field(data) != text


def _not(part: Evaluate) -> Evaluate:
    return lambda data: not truthy(part(data))


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(data: Any) -> Any:
        matched = left(data)
        return right(data) if truthy(matched) else matched

    return evaluate


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(data: Any) -> Any:
        matched = left(data)
        return matched if truthy(matched) else right(data)

    return evaluate


if TYPE_CHECKING:
    import jmespath
    from jmespath import exceptions
else:
    jmespath, exceptions = Late("jmespath"), Late("jmespath.exceptions")


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
        """The result over plain data; `path` says for which attribute it is asked.

        Raises ValidationError where a function meets a type that it does not take.
        """
        try:
            return self._search(data)
        except TypeError:
            # jmespath lets Python compare text with numbers; in JMESPath that is null.
            return None
        except exceptions.JMESPathTypeError as error:
            wanted = " or ".join(error.expected_types)
            reason = f"{error.function_name}() takes {wanted}, and met {error.actual_type}"
        except exceptions.ArityError as error:
            reason = str(error)
        except (exceptions.JMESPathError, RecursionError) as error:
            reason = type(error).__name__
        raise refuse(path, f"cannot be evaluated by {self.text}: {reason}")

    def holds(self, data: Any, path: str) -> bool:
        """Whether the result counts as true in JMESPath."""
        return truthy(self.search(data, path))
