"""The words of a condition, each with its place."""

from __future__ import annotations

import re
from typing import Final

import click
from attrs import frozen

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


@frozen
class Token:
    """One word, symbol or quoted text; `start` counts characters from 0. At the end: `end`."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f'"{self.text}"'


def tokens_of(text: str) -> list[Token]:
    """The tokens of a condition, with `end` as the last one."""
    tokens = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            what = "a quote is not closed" if text[position] in "\"'" else "this is not understood"
            raise misuse(text, position, what)
        kind = found.lastgroup or ""
        if kind == "quoted":
            tokens.append(Token(kind, _ESCAPE.sub(r"\1", found[0][1:-1]), position))
        elif kind != "space":
            tokens.append(Token(kind, found[0], position))
        position = found.end()
    return [*tokens, Token("end", "", len(text))]


def misuse(text: str, position: int, what: str) -> click.BadParameter:
    """The error for a condition that cannot be read, which shows where."""
    return click.BadParameter(what + pointed(text, position), param_hint="--where")


def pointed(text: str, position: int) -> str:
    """The condition on a line of its own, with a mark below one of its places."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"\n  {shown}\n  {' ' * position}^"
