"""The plainest JMESPath expressions as Python functions: names, texts compared, and, or, not.

Sparse indexes are mostly declared by such expressions, and every write evaluates them. Anything
else is jmespath's to evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ["shortcut", "truthy"]

_Tree: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Any], Any]


def shortcut(tree: _Tree) -> Evaluate | None:
    """What evaluates a parsed expression as jmespath does; None where it is not so plain."""
    kind = tree["type"]
    if kind == "field":
        return _field(tree["value"])
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
