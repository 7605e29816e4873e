"""The part of JavaScript that a schema can express: functions of a single expression.

`parse_function` understands arrow functions, and `function` with a single `return`. They may
contain literals, templates, regular expressions, names, members, calls, `new`, arithmetic,
comparisons, `!`, `&&`, `||` and `??`. For everything else it returns None: such a callback has to
be written in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import attrs
from attrs import frozen

T = TypeVar("T")

_LONGEST: Final = 2000
_DEEPEST: Final = 40

_TOKEN: Final = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<number>(?:0|[1-9][0-9_]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`)
    |(?P<template>`(?:[^`\\]|\\.)*`)
    |(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<sign>=>|===|!==|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?![0-9])|[-+*/%<>!()\[\]{},.:;])""",
    re.VERBOSE | re.DOTALL,
)
_REGEXP: Final = re.compile(r"/((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)")
_PLACEHOLDER: Final = re.compile(r"\$\{([^{}`]*)\}")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "`": "`"}
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
class Regexp:
    """`/source/flags`."""

    source: str
    flags: str


@frozen
class Binary:
    """A comparison, arithmetic, `&&`, `||` or `??`."""

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
    Constant | Undefined | Name | Member | Call | New | Not | Binary | Array | Object | Regexp
)
_WORDS: Final[Mapping[str, Expression]] = {
    "true": Constant(True),
    "false": Constant(False),
    "null": Constant(None),
    "undefined": Undefined(),
}


@frozen
class Function:
    """A function of one expression.

    `parameters` are plain names. One of them may be written as `({status, kind: what})`; its name
    is `""` then, and `unpacked` maps the inner names to the members that they stand for.
    """

    parameters: tuple[str, ...]
    body: Expression
    unpacked: Mapping[str, str] = attrs.field(factory=dict)


class _OtherError(Exception):
    """Something outside of the supported part of JavaScript."""


def parse_function(source: str) -> Function | None:
    """Return the function, or None if it is more than one expression.

    >>> parse_function("() => 5").body
    Constant(value=5)
    """
    if len(source) > _LONGEST:
        return None
    try:
        return _Parser(_tokens(source)).function()
    except _OtherError:
        return None


def constant_of(expression: Expression) -> Any:
    """Return the value of a literal, list or object. Raises ValueError for anything else."""
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Array):
        return [constant_of(item) for item in expression.items]
    if isinstance(expression, Object):
        return {name: constant_of(value) for name, value in expression.entries}
    raise ValueError("no constant")


def _tokens(source: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(source):
        # After a value, a slash is a division.
        before = found[-1] if found else ("", "")
        is_behind_value = before[0] in ("number", "name", "text") or before[1] in (")", "]")
        match = None if is_behind_value else _regexp_at(source, position)
        if match is not None:
            position = match.end()
            found.append(("regexp", match[0]))
            continue
        match = _TOKEN.match(source, position)
        if match is None:
            raise _OtherError
        position = match.end()
        if match.lastgroup is not None:
            found.append((match.lastgroup, match[match.lastgroup]))
    return found


def _regexp_at(source: str, position: int) -> re.Match[str] | None:
    """Return the regular expression that begins here; None for a comment or anything else."""
    if source.startswith(("//", "/*"), position):
        return None
    return _REGEXP.match(source, position)


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

    @property
    def kind(self) -> str:
        """The kind of the next token; empty at the end."""
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    def peek(self, offset: int = 0) -> str:
        place = self.position + offset
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise _OtherError
        self.position += 1
        return token

    def took(self, sign: str) -> bool:
        found = self.peek() == sign
        self.position += found
        return found

    def name(self) -> str:
        if self.kind != "name":
            raise _OtherError
        return self.take()

    def listed(self, closing: str, entry: Callable[[], T]) -> list[T]:
        """Return the comma-separated entries up to the sign that closes the list."""
        found = []
        while not self.took(closing):
            found.append(entry())
            if self.peek() != closing:
                self.take(",")
        return found

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
        parameters: list[str] = []
        unpacked: dict[str, str] = {}

        def member() -> tuple[str, str]:
            member = self.name()
            return (self.name() if self.took(":") else member), member

        if arrow and self.peek() != "(":
            parameters.append(self.name())
        else:

            def parameter() -> str:
                if unpacked or not self.took("{"):
                    return self.name()
                unpacked.update(self.listed("}", member))
                return ""

            self.take("(")
            parameters += self.listed(")", parameter)
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
        if self.kind:
            raise _OtherError
        return Function(tuple(parameters), body, unpacked)

    # expressions, by precedence

    def expression(self) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _OtherError
        left = self._and()
        while self.peek() in ("||", "??"):
            left = Binary(self.take(), left, self._and())
        self.depth -= 1
        return left

    def _and(self) -> Expression:
        left = self._comparison()
        while self.took("&&"):
            left = Binary("&&", left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._sum()
        for sign in ("===", "!==", "==", "!=", "<=", ">=", "<", ">"):
            if self.took(sign):
                return Binary(sign, left, self._sum())
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while self.peek() in ("+", "-"):
            left = _arithmetic(self.take(), left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while self.peek() in ("*", "/", "%"):
            left = _arithmetic(self.take(), left, self._unary())
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
        of = self._primary()
        while True:
            if self.took(".") or self.took("?."):
                of = Member(of, self.name())
            elif self.peek() == "[" and self.peek(1).isdecimal() and self.peek(2) == "]":
                self.take("[")
                of = Member(of, self.take())
                self.take("]")
            elif self.took("("):
                of = Call(of, tuple(self.listed(")", self.expression)))
            else:
                return of

    def _primary(self) -> Expression:
        kind, text = self.kind, self.take()
        if kind == "number":
            digits = text.replace("_", "")
            return Constant(float(digits) if re.search(r"[.eE]", digits) else int(digits))
        if kind == "text":
            return Constant(_text(text))
        if kind == "regexp":
            source, _, flags = text[1:].rpartition("/")
            return Regexp(source, flags)
        if kind == "template":
            return self._template(text)
        if text in _WORDS:
            return _WORDS[text]
        if text == "new":
            made = self.name()
            return New(made, tuple(self.listed(")", self.expression)) if self.took("(") else ())
        if kind == "name" and text not in _UNSUPPORTED:
            return Name(text)
        if text == "(":
            inner = self.expression()
            self.take(")")
            return inner
        if text == "[":
            return Array(tuple(self.listed("]", self.expression)))

        def entry() -> tuple[str, Expression]:
            name = _text(self.take()) if self.kind == "text" else self.name()
            self.take(":")
            return name, self.expression()

        if text == "{":
            return Object(tuple(self.listed("}", entry)))
        raise _OtherError

    def _template(self, token: str) -> Expression:
        """Return a template text with `${...}` as a sum of its parts."""
        texts = _PLACEHOLDER.split(token[1:-1])
        total: Expression = Constant(_plain(texts[0]))
        for inner, text in zip(texts[1::2], texts[2::2], strict=True):
            parser = _Parser(_tokens(inner))
            parser.depth = self.depth + 1
            part = parser.expression()
            if parser.kind:
                raise _OtherError
            total = Binary("+", total, part)
            if text:
                total = Binary("+", total, Constant(_plain(text)))
        return total


def _plain(text: str) -> str:
    """Return the text between the placeholders of a template."""
    if "${" in text:
        raise _OtherError
    return _text(f"`{text}`")


def _arithmetic(sign: str, left: Expression, right: Expression) -> Expression:
    """Return the result of two number literals, or the operation itself."""
    if not isinstance(left, Constant) or not isinstance(right, Constant):
        return Binary(sign, left, right)
    one, other = left.value, right.value
    numbers = (int, float)
    if not isinstance(one, numbers) or not isinstance(other, numbers) or sign in "/%":
        return Binary(sign, left, right)
    if isinstance(one, bool) or isinstance(other, bool):
        return Binary(sign, left, right)
    return Constant({"+": one + other, "-": one - other, "*": one * other}[sign])
