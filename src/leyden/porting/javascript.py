"""The small part of JavaScript that a schema can say: functions that are one expression.

`parse_function` understands arrow functions and `function` with a single `return`; in them
literals, names, members, calls, `new`, comparisons, `!`, `&&` and `||`. For everything else it
gives None: such a callback has to be written in Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs
from attrs import frozen

__all__ = [
    "Array",
    "Binary",
    "Call",
    "Constant",
    "Expression",
    "Function",
    "Member",
    "Name",
    "New",
    "Not",
    "Object",
    "Undefined",
    "constant_of",
    "parse_function",
]

_LONGEST: Final = 2000
_DEEPEST: Final = 40

_TOKEN: Final = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<number>(?:0|[1-9][0-9_]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`)
    |(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<sign>=>|===|!==|==|!=|<=|>=|&&|\|\||[-<>!()\[\]{},.:;])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "`": "`"}
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_UNSUPPORTED: Final = frozenset(
    {"await", "async", "typeof", "void", "delete", "in", "instanceof", "this", "yield", "function"}
)


@frozen
class Constant:
    """A number, a text, true, false or null."""

    value: Any


@frozen
class Undefined:
    """`undefined`."""


@frozen
class Name:
    """A variable."""

    name: str


@frozen
class Member:
    """`of.name`."""

    of: Expression
    name: str


@frozen
class Call:
    """`of(arguments)`."""

    of: Expression
    arguments: tuple[Expression, ...]


@frozen
class New:
    """`new name(arguments)`."""

    name: str
    arguments: tuple[Expression, ...]


@frozen
class Not:
    """`!of`."""

    of: Expression


@frozen
class Binary:
    """A comparison, `&&` or `||`."""

    operator: str
    left: Expression
    right: Expression


@frozen
class Array:
    """`[items]`."""

    items: tuple[Expression, ...]


@frozen
class Object:
    """`{name: value}`."""

    entries: tuple[tuple[str, Expression], ...]


Expression: TypeAlias = (
    Constant | Undefined | Name | Member | Call | New | Not | Binary | Array | Object
)


@frozen
class Function:
    """A function of one expression.

    `parameters` are plain names; `unpacked` maps the names of a first parameter written as
    `({status, kind: what})` to the members that they stand for.
    """

    parameters: tuple[str, ...]
    body: Expression
    unpacked: Mapping[str, str] = attrs.field(factory=dict)


class _OtherError(Exception):
    """Something that is not in the part of JavaScript that is read here."""


def parse_function(source: str) -> Function | None:
    """The function, or None where it is more than one expression.

    >>> parse_function("() => 5").body
    Constant(value=5)
    """
    if len(source) > _LONGEST:
        return None
    try:
        parser = _Parser(_tokens(source))
        function = parser.function()
        parser.end()
    except _OtherError:
        return None
    return function


def constant_of(expression: Expression) -> Any:
    """The value of a literal, lists and objects included. Raises ValueError for all else."""
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Array):
        return [constant_of(item) for item in expression.items]
    if isinstance(expression, Object):
        return {name: constant_of(value) for name, value in expression.entries}
    raise ValueError("no constant")


def _tokens(source: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise _OtherError
        position = match.end()
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[match.lastgroup]))
    return found


def _text(token: str) -> str:
    def unescaped(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise _OtherError
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", unescaped, token[1:-1], flags=re.DOTALL)


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def peek(self, offset: int = 0) -> str:
        place = self.position + offset
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        if self.position >= len(self.tokens) or (expected and self.peek() not in expected):
            raise _OtherError
        self.position += 1
        return self.tokens[self.position - 1][1]

    def took(self, sign: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position] in (
            ("sign", sign),
            ("name", sign),
        ):
            self.position += 1
            return True
        return False

    def name(self) -> str:
        if self.position >= len(self.tokens) or self.tokens[self.position][0] != "name":
            raise _OtherError
        return self.take()

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise _OtherError

    # functions

    def function(self) -> Function:
        arrow = True
        if self.took("function"):
            arrow = False
            if self.peek() != "(":
                self.name()
        elif self.peek(1) == "(" and self.peek() != "(":
            arrow = False  # a method: condition(attributes) { ... }
            self.name()
        unpacked: dict[str, str] = {}
        if arrow and self.peek() != "(":
            parameters = [self.name()]
        else:
            self.take("(")
            parameters = []
            while not self.took(")"):
                if self.peek() == "{" and not parameters:
                    unpacked = self._unpacked()
                    parameters.append("")
                else:
                    parameters.append(self.name())
                if self.peek() != ")":
                    self.take(",")
        if arrow:
            self.take("=>")
        if self.took("{"):
            self.take("return")
            body = self.expression()
            self.took(";")
            self.take("}")
        elif arrow:
            body = self.expression()
        else:
            raise _OtherError
        return Function(tuple(parameters), body, unpacked)

    def _unpacked(self) -> dict[str, str]:
        self.take("{")
        found = {}
        while not self.took("}"):
            member = self.name()
            found[self.name() if self.took(":") else member] = member
            if self.peek() != "}":
                self.take(",")
        return found

    # expressions, by precedence

    def expression(self) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _OtherError
        left = self._and()
        while self.took("||"):
            left = Binary("||", left, self._and())
        self.depth -= 1
        return left

    def _and(self) -> Expression:
        left = self._comparison()
        while self.took("&&"):
            left = Binary("&&", left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._unary()
        for sign in ("===", "!==", "==", "!=", "<=", ">=", "<", ">"):
            if self.took(sign):
                return Binary(sign, left, self._unary())
        return left

    def _unary(self) -> Expression:
        if self.took("!"):
            self.depth += 1
            if self.depth > _DEEPEST:
                raise _OtherError
            return Not(self._unary())
        if self.took("-"):
            operand = self._primary()
            if not isinstance(operand, Constant) or not isinstance(operand.value, int | float):
                raise _OtherError
            return Constant(-operand.value)
        return self._postfix(self._primary())

    def _postfix(self, of: Expression) -> Expression:
        while True:
            if self.took("."):
                of = Member(of, self.name())
            elif self.peek() == "(":
                of = Call(of, self._arguments())
            else:
                return of

    def _arguments(self) -> tuple[Expression, ...]:
        self.take("(")
        found = []
        while not self.took(")"):
            found.append(self.expression())
            if self.peek() != ")":
                self.take(",")
        return tuple(found)

    def _primary(self) -> Expression:
        if self.position >= len(self.tokens):
            raise _OtherError
        kind, text = self.tokens[self.position]
        if kind == "number":
            self.take()
            digits = text.replace("_", "")
            return Constant(float(digits) if re.search(r"[.eE]", digits) else int(digits))
        if kind == "text":
            self.take()
            return Constant(_text(text))
        if kind == "name":
            return self._word(self.take())
        if self.took("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.took("["):
            items = []
            while not self.took("]"):
                items.append(self.expression())
                if self.peek() != "]":
                    self.take(",")
            return Array(tuple(items))
        if self.took("{"):
            return self._object()
        raise _OtherError

    def _word(self, word: str) -> Expression:
        if word in _WORDS:
            return Constant(_WORDS[word])
        if word == "undefined":
            return Undefined()
        if word == "new":
            made = self.name()
            return New(made, self._arguments() if self.peek() == "(" else ())
        if word in _UNSUPPORTED:
            raise _OtherError
        return Name(word)

    def _object(self) -> Expression:
        entries = []
        while not self.took("}"):
            kind, text = (
                self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
            )
            if kind not in ("name", "text"):
                raise _OtherError
            self.take()
            self.take(":")
            entries.append((_text(text) if kind == "text" else text, self.expression()))
            if self.peek() != "}":
                self.take(",")
        return Object(tuple(entries))
