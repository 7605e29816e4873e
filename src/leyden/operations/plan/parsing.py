"""Parse the expressions of a request, so that Leyden can evaluate what DynamoDB would filter.

A filter is written for the present form, and an item in an earlier form would not pass it. Reads of
both forms therefore send no filter. They apply the text of that filter to the items after these are
converted to the present form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path, Value, _Operand, _Size

from leyden._attrs import define
from leyden.errors import InvalidExpressionError
from leyden.program import Params

_TOKEN: Final = re.compile(r"\s*(<=|>=|<>|[=<>(),]|[#:]?\w+(?:\[\d+\]|\.#?\w+)*)")
_COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_FUNCTIONS: Final = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"}
)


def condition_in(params: Params, clause: str) -> Condition | None:
    """Return the condition in a clause such as FilterExpression; None where it is absent."""
    text = params.get(clause, "")
    if not text:
        return None
    names = params.get("ExpressionAttributeNames", {})
    values = params.get("ExpressionAttributeValues", {})
    reader = _Reader(_tokens(text), names, values)
    condition = reader.alternatives()
    reader.end()
    return condition


def fields_in(params: Params) -> frozenset[str] | None:
    """Return the fields that a request's projection names; None where it reads whole items."""
    text = params.get("ProjectionExpression", "")
    if not text:
        return None
    names = params.get("ExpressionAttributeNames", {})
    return frozenset(names.get(one.strip(), one.strip()) for one in text.split(","))


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise _unreadable()
        yield found[1]
        position = found.end()


def _unreadable() -> InvalidExpressionError:
    return InvalidExpressionError(
        "the expression of the request has a form that Leyden does not write, so it cannot apply "
        "it to items that are stored in an earlier form; use .where() instead"
    )


@define
class _Reader:
    """Reads tokens into a condition. OR binds least, then AND, then NOT."""

    _tokens: Iterator[str]
    _names: Mapping[str, str]
    _values: Mapping[str, Any]
    _next: str | None = None

    def __attrs_post_init__(self) -> None:
        self._next = next(self._tokens, None)

    def end(self) -> None:
        """Raise InvalidExpressionError where tokens are left."""
        if self._next is not None:
            raise _unreadable()

    def alternatives(self) -> Condition:
        """Read conditions that are joined by OR."""
        found = self._together()
        while self._next == "OR":
            self._take()
            found = _of("OR", found, self._together())
        return found

    def _together(self) -> Condition:
        found = self._one()
        while self._next == "AND":
            self._take()
            found = _of("AND", found, self._one())
        return found

    def _one(self) -> Condition:
        if self._next == "NOT":
            self._take()
            return _of("NOT", self._one())
        if self._next == "(":
            self._take()
            inner = self.alternatives()
            self._take(")")
            return inner
        if self._next in _FUNCTIONS:
            return _of(self._take(), *self._arguments())
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        sign = self._take()
        if sign in _COMPARISONS:
            return _of(sign, left, self._operand())
        if sign == "IN":
            return _of("IN", left, *self._arguments())
        if sign != "BETWEEN":
            raise _unreadable()
        low = self._operand()
        self._take("AND")
        return _of("BETWEEN", left, low, self._operand())

    def _arguments(self) -> list[_Operand]:
        self._take("(")
        found = [self._operand()]
        while self._next == ",":
            self._take()
            found.append(self._operand())
        self._take(")")
        return found

    def _operand(self) -> _Operand:
        token = self._take()
        if token == "size":
            (path,) = self._arguments()
            if not isinstance(path, Path):
                raise _unreadable()
            return _Size(path)
        if token in self._values:
            return Value(self._values[token])
        segments = []
        for part in token.split("."):
            name, bracket, indexes = part.partition("[")
            segments.append(self._names.get(name, name) + bracket + indexes)
        return Path(segments)

    def _take(self, wanted: str | None = None) -> str:
        """Return the next token, which must be `wanted` if that is given."""
        token = self._next
        if token is None or (wanted is not None and token != wanted):
            raise _unreadable()
        self._next = next(self._tokens, None)
        return token


def _of(operator: str, *values: Any) -> Condition:
    condition: Condition = Condition(operator, *values)
    return condition
