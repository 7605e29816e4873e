"""Conditions as people type them: `points > 3 and exists(tags)`.

::

    condition   = all ("or" all)*
    all         = one ("and" one)*
    one         = "not" one | "(" condition ")" | call | comparison
    call        = "exists" "(" path ")" | "missing" "(" path ")"
                | "contains" "(" path "," value ")" | "begins" "(" path "," value ")"
    comparison  = operand ("=" | "!=" | "<" | "<=" | ">" | ">=") value
                | operand "between" value "and" value
                | operand "in" "(" value ("," value)* ")"
    operand     = path | "size" "(" path ")"
    path        = name ("." name | "[" number "]" | "[" quoted "]")*
    value       = quoted text, or a word without spaces, commas and parentheses

A value takes the type of the attribute that it is compared with, so that text needs quotes only
where it has spaces or the like in it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import click
from attrs import frozen

from leyden.cli.values import read_json, value_from_text
from leyden.errors import LeydenError, ValidationError
from leyden.types import type_of

if TYPE_CHECKING:
    from leyden import Entity

T = TypeVar("T")
Condition: TypeAlias = Any
"""What `entity.attr` returns for a comparison."""

_COMPARISONS: Final[dict[str, Callable[[Any, Any], Condition]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FUNCTIONS: Final = {"exists": 0, "missing": 0, "contains": 1, "begins": 1}
"""The functions that are conditions, with the number of values after the path."""

_RESERVED: Final = frozenset({"and", "or", "not", "between", "in"})
_DEEPEST: Final = 100

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<symbol><=|>=|!=|<>|==|[=<>(),\[\]])
    | (?P<word>[^\s"'=<>!(),\[\]]+)
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def read_condition(entity: Entity, text: str) -> Condition:
    """Return the condition that `text` says.

    Raises click's BadParameter for text that cannot be parsed, and UnknownAttributeError,
    InvalidExpressionError or ValidationError if it does not fit the entity. All of them point at
    the place.
    """
    return _Parser(entity, text).whole()


@frozen
class _Token:
    """A word, symbol or quoted text; `start` counts characters from 0. The last token is `end`."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f'"{self.text}"'


class _Parser:
    """Reads tokens from left to right, and builds the condition as it goes."""

    def __init__(self, entity: Entity, text: str) -> None:
        self._entity = entity
        self._text = text
        self._tokens = self._split()
        self._position = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._next.kind != "end":
            raise self._expected('"and", "or" or the end')
        return condition

    def _split(self) -> list[_Token]:
        tokens = []
        position = 0
        while position < len(self._text):
            found = _TOKEN.match(self._text, position)
            if found is None:
                quote = self._text[position] in "\"'"
                raise self._misuse(
                    position, "this quote is not closed" if quote else "unexpected character"
                )
            kind = found.lastgroup or ""
            if kind == "quoted":
                tokens.append(_Token(kind, _ESCAPE.sub(r"\1", found[0][1:-1]), position))
            elif kind != "space":
                tokens.append(_Token(kind, found[0], position))
            position = found.end()
        return [*tokens, _Token("end", "", len(self._text))]

    def _either(self) -> Condition:
        condition = self._all()
        while self._takes("word", "or"):
            condition = condition | self._all()
        return condition

    def _all(self) -> Condition:
        condition = self._one()
        while self._takes("word", "and"):
            condition = condition & self._one()
        return condition

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._misuse(self._next.start, "this is nested too deeply")
        try:
            if self._takes("word", "not"):
                return ~self._one()
            if self._takes("symbol", "("):
                condition = self._either()
                self._need(")")
                return condition
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        called = self._tokens[self._position : self._position + 2]
        function = ""
        if called[0].kind == "word" and called[-1].kind == "symbol" and called[-1].text == "(":
            function = called[0].text.lower()
        if function in _FUNCTIONS:
            self._position += 2
            operand, start = self._operand()
            values = []
            for _ in range(_FUNCTIONS[function]):
                self._need(",")
                values.append(self._value())
            self._need(")")
            if function == "exists":
                return operand.exists()
            if function == "missing":
                return operand.does_not_exist()
            (value,) = values
            if function == "begins":
                return self._at(start, lambda: operand.startswith(value.text))
            member = self._at(value.start, lambda: _member(operand, value))
            return self._at(start, lambda: operand.contains(member))
        if function != "size":
            operand, _ = self._operand()
            return self._comparison(
                operand, lambda value: _typed(operand.compiled.spec, value, operand.place)
            )
        self._position += 2
        operand, _ = self._operand()
        self._need(")")
        return self._comparison(operand.size(), _count)

    def _comparison(self, operand: Any, read: Callable[[_Token], Any]) -> Condition:
        token = self._next

        def value() -> tuple[Any, int]:
            found = self._value()
            return self._at(found.start, lambda: read(found)), found.start

        if token.kind == "symbol" and token.text in _COMPARISONS:
            self._position += 1
            compared, start = value()
            return self._at(start, lambda: _COMPARISONS[token.text](operand, compared))
        if self._takes("word", "between"):
            low, start = value()
            if not self._takes("word", "and"):
                raise self._expected('"and" and the upper value of "between"')
            high, _ = value()
            return self._at(start, lambda: operand.between(low, high))
        if self._takes("word", "in"):
            self._need("(")
            values = [value()]
            while self._takes("symbol", ","):
                values.append(value())
            self._need(")")
            return self._at(values[0][1], lambda: operand.is_in(*(one for one, _ in values)))
        raise self._expected("a comparison such as = or >, between, or in")

    def _operand(self) -> tuple[Any, int]:
        """Return what a path refers to in the entity's items, and where the path starts."""
        token = self._next
        if token.kind == "word" and token.text.lower() in _RESERVED:
            raise self._expected(f'an attribute (put "{token.text}" in quotes if it is one)')
        if token.kind == "end" or token.kind == "symbol" or not token.text:
            raise self._expected("an attribute")
        self._position += 1
        steps: list[str | int] = [token.text] if token.kind == "quoted" else [*self._names(token)]
        while self._takes("symbol", "["):
            step = self._next
            if step.kind != "quoted" and not (step.kind == "word" and step.text.isdecimal()):
                raise self._expected('the number of an element, or a name in quotes, as in ["a b"]')
            self._position += 1
            steps.append(step.text if step.kind == "quoted" else int(step.text))
            self._need("]")
            follows = self._next
            if follows.kind == "word" and follows.text.startswith("."):
                self._position += 1
                steps += self._names(_Token("word", follows.text[1:], follows.start + 1))

        def resolve() -> Any:
            operand: Any = self._entity.attr[str(steps[0])]
            for step in steps[1:]:
                operand = operand[step]
            return operand

        return self._at(token.start, resolve), token.start

    def _names(self, token: _Token) -> list[str]:
        names = token.text.split(".")
        if not all(names):
            raise self._misuse(token.start, f"{token} is not a path; write one as detail.effort")
        return names

    def _value(self) -> _Token:
        token = self._next
        if token.kind not in ("word", "quoted"):
            raise self._expected("a value")
        if token.kind == "word" and token.text.lower() in _RESERVED:
            raise self._expected(f'a value (put "{token.text}" in quotes if it is one)')
        self._position += 1
        return token

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _takes(self, kind: str, text: str) -> bool:
        found = self._next.kind == kind and self._next.text.lower() == text
        self._position += found
        return found

    def _need(self, symbol: str) -> None:
        if not self._takes("symbol", symbol):
            raise self._expected(f'"{symbol}"')

    def _expected(self, what: str) -> click.BadParameter:
        meant = {"&&": "and", "||": "or", "!": "not"}.get(self._next.text)
        hint = f'; write "{meant}"' if meant else ""
        return self._misuse(self._next.start, f"expected {what}, found {self._next}{hint}")

    def _misuse(self, position: int, what: str) -> click.BadParameter:
        return click.BadParameter(what + self._pointed(position), param_hint="--where")

    def _at(self, position: int, make: Callable[[], T]) -> T:
        """Return what `make` returns; if it raises an error, add the place to it."""
        try:
            return make()
        except LeydenError as error:
            error.message = f"--where: {error.message}{self._pointed(position)}"
            raise

    def _pointed(self, position: int) -> str:
        """Return the condition on a line of its own, with a mark below one position."""
        shown = "".join(c if c.isprintable() else " " for c in self._text)
        return f"\n  {shown}\n  {' ' * position}^"


def _typed(spec: Any, value: _Token, place: str) -> Any:
    """Return the value in the attribute's type; for an untyped one, as JSON or else as text."""
    if spec is not None and not type_of(spec).holds_anything:
        return value_from_text(spec, value.text, place)
    if value.kind == "quoted":
        return value.text
    try:
        return read_json(value.text)
    except ValueError:
        return value.text


def _member(operand: Any, value: _Token) -> Any:
    spec = operand.compiled.spec
    if spec.items is not None:
        return value_from_text(spec.items, value.text, f"{operand.place}[]")
    return _typed(None, value, "") if spec.type in ("any", "list", "set") else value.text


def _count(value: _Token) -> int:
    if not value.text.isdecimal():
        raise ValidationError("a size must be a whole number")
    return int(value.text)
