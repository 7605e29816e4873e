"""Constraints on a value that has the right type: patterns, bounds, lengths, validations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import Any

from leyden.compile.attribute import CompiledAttribute
from leyden.compile.calling import hook_of
from leyden.compile.expressions import Expression
from leyden.errors import LeydenError
from leyden.schema.regexps import searching
from leyden.schema.spec import Call, JMESPath
from leyden.types.base import refuse

__all__ = ["build_constrain"]

_Constraint = Callable[[Any, str], None]


def build_constrain(
    attribute: CompiledAttribute, hooks: Mapping[str, Callable[..., Any]]
) -> _Constraint | None:
    """All constraints of one attribute as one function; None where it has none.

    * `pattern` is searched for anywhere in the text, as JavaScript's `RegExp.test` does: anchor
      it with `^` and `$`.
    * `min` and `max` bound numbers; for a `ttl` they are seconds since 1970.
    * `min_length` and `max_length` count characters, bytes, elements or keys.
    * `validate` as JMESPath: `@` is the value; false, null and empty results refuse it.
    * `validate` as a hook: called with the value. It refuses by returning False, by returning a
      message, or by raising ValueError; True and None accept.
    """
    spec = attribute.spec
    constraints: list[_Constraint] = []
    if spec.pattern is not None:
        constraints.append(_pattern(spec.pattern))
    if spec.min is not None or spec.max is not None:
        constraints.append(_bounds(spec.min, spec.max, attribute.type.size))
    if spec.min_length is not None or spec.max_length is not None:
        constraints.append(_length(spec.min_length, spec.max_length))
    if isinstance(spec.validate, JMESPath):
        constraints.append(_expression(spec.validate, attribute))
    elif isinstance(spec.validate, Call):
        constraints.append(
            _hook(hook_of(hooks, spec.validate, "validate", attribute.path, (ValueError,)))
        )
    if not constraints:
        return None
    if len(constraints) == 1:
        return constraints[0]

    def constrain(value: Any, path: str) -> None:
        for constraint in constraints:
            constraint(value, path)

    return constrain


def _pattern(pattern: str) -> _Constraint:
    holds = searching(pattern)

    def constrain(value: Any, path: str) -> None:
        if not holds(value):
            raise refuse(path, f"does not match the pattern {pattern}")

    return constrain


def _bounds(low: float | None, high: float | None, size: Callable[[Any], Any]) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        value = size(value)
        if low is not None and value < low:
            raise refuse(path, f"must be at least {low}")
        if high is not None and value > high:
            raise refuse(path, f"must be at most {high}")

    return constrain


def _length(low: int | None, high: int | None) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        if not isinstance(value, Sized):
            return
        if low is not None and len(value) < low:
            raise refuse(path, f"must have a length of at least {low}")
        if high is not None and len(value) > high:
            raise refuse(path, f"must have a length of at most {high}")

    return constrain


def _expression(source: JMESPath, attribute: CompiledAttribute) -> _Constraint:
    expression = Expression(source.text)

    def constrain(value: Any, path: str) -> None:
        if not expression.holds(attribute.plain(value), path):
            raise refuse(path, f"does not pass its validation {source.text}")

    return constrain


def _hook(hook: Callable[[Any], Any]) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        try:
            verdict = hook(value)
        except LeydenError:
            raise
        except ValueError as error:
            raise refuse(path, f"does not pass its validation: {error}") from error
        if isinstance(verdict, str):
            raise refuse(path, f"does not pass its validation: {verdict}")
        if verdict is not None and not verdict:
            raise refuse(path, "does not pass its validation")

    return constrain
