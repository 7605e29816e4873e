"""From the text of a condition to a tree."""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import frozen

from leyden.cli.where.tokens import Token, misuse, tokens_of

COMPARISONS: Final = {
    "=": "=",
    "==": "=",
    "!=": "<>",
    "<>": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
FUNCTIONS: Final = {"exists": 0, "missing": 0, "contains": 1, "begins": 1}
"""The functions that are conditions, with the number of values behind the path."""

_RESERVED: Final = frozenset({"and", "or", "not", "between", "in"})
_DEEPEST: Final = 100


@frozen
class Path:
    """A place in an item: `detail.effort`, `history[0]`."""

    steps: tuple[str | int, ...]
    start: int


@frozen
class Value:
    """Text that a path is compared with; `quoted` where it stood in quotes."""

    text: str
    quoted: bool
    start: int


@frozen
class Test:
    """One condition on one path. `operator` is one of `COMPARISONS`, `FUNCTIONS`, `between`, `in`.

    With `of_size` it is on the size of what is there.
    """

    operator: str
    path: Path
    values: tuple[Value, ...]
    of_size: bool = False


@frozen
class Not:
    """The opposite."""

    of: Tree


@frozen
class Both:
    """Two conditions joined by `and` or `or`."""

    word: str
    left: Tree
    right: Tree


Tree: TypeAlias = Test | Not | Both


def parse(text: str) -> Tree:
    """The tree of a condition. Raises click's BadParameter, pointing at the place."""
    return _Parser(text).whole()


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._position = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._either()
        if self._next.kind != "end":
            raise self._expected('"and", "or" or the end')
        return tree

    def _either(self) -> Tree:
        tree = self._all()
        while self._takes_word("or"):
            tree = Both("or", tree, self._all())
        return tree

    def _all(self) -> Tree:
        tree = self._one()
        while self._takes_word("and"):
            tree = Both("and", tree, self._one())
        return tree

    def _one(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise misuse(self._text, self._next.start, "this is nested too deeply")
        try:
            if self._takes_word("not"):
                return Not(self._one())
            if self._takes("("):
                tree = self._either()
                self._need(")")
                return tree
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Tree:
        function = self._next.text.lower() if self._next.kind == "word" else ""
        if function in FUNCTIONS and self._after.text == "(" and self._after.kind == "symbol":
            return self._call(function)
        of_size = function == "size" and self._after.text == "("
        if of_size:
            self._position += 2
        path = self._path()
        if of_size:
            self._need(")")
        return self._comparison(path, of_size)

    def _call(self, function: str) -> Test:
        self._position += 2
        path = self._path()
        values = []
        for _ in range(FUNCTIONS[function]):
            self._need(",")
            values.append(self._value())
        self._need(")")
        return Test(function, path, tuple(values))

    def _comparison(self, path: Path, of_size: bool) -> Test:
        token = self._next
        if token.kind == "symbol" and token.text in COMPARISONS:
            self._position += 1
            return Test(COMPARISONS[token.text], path, (self._value(),), of_size)
        if self._takes_word("between"):
            low = self._value()
            if not self._takes_word("and"):
                raise self._expected('"and" and the upper value of "between"')
            return Test("between", path, (low, self._value()), of_size)
        if self._takes_word("in"):
            self._need("(")
            values = [self._value()]
            while self._takes(","):
                values.append(self._value())
            self._need(")")
            return Test("in", path, tuple(values), of_size)
        raise self._expected("a comparison such as = or >, between, or in")

    def _path(self) -> Path:
        token = self._next
        steps: list[str | int]
        if token.kind == "quoted" and token.text:
            steps = [token.text]
        elif token.kind == "word" and token.text.lower() not in _RESERVED:
            steps = list(self._names(token))
        elif token.kind == "word":
            raise self._expected(f'an attribute (put "{token.text}" in quotes where it is one)')
        else:
            raise self._expected("an attribute")
        self._position += 1
        while self._takes("["):
            steps.append(self._step())
            self._need("]")
            follows = self._next
            if follows.kind == "word" and follows.text.startswith("."):
                self._position += 1
                steps += self._names(Token("word", follows.text[1:], follows.start + 1))
        return Path(tuple(steps), token.start)

    def _names(self, token: Token) -> list[str]:
        names = token.text.split(".")
        if not all(names):
            raise misuse(
                self._text, token.start, f"{token} is no path; write it as in detail.effort"
            )
        return names

    def _step(self) -> str | int:
        token = self._next
        if token.kind == "quoted":
            self._position += 1
            return token.text
        if token.kind == "word" and token.text.isdecimal():
            self._position += 1
            return int(token.text)
        raise self._expected('the number of an element, or a name in quotes, as in ["a b"]')

    def _value(self) -> Value:
        token = self._next
        if token.kind not in ("word", "quoted"):
            raise self._expected("a value")
        if token.kind == "word" and token.text.lower() in _RESERVED:
            raise self._expected(f'a value (put "{token.text}" in quotes where it is one)')
        self._position += 1
        return Value(token.text, token.kind == "quoted", token.start)

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    @property
    def _after(self) -> Token:
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def _takes(self, symbol: str) -> bool:
        found = self._next.kind == "symbol" and self._next.text == symbol
        self._position += found
        return found

    def _takes_word(self, word: str) -> bool:
        found = self._next.kind == "word" and self._next.text.lower() == word
        self._position += found
        return found

    def _need(self, symbol: str) -> None:
        if not self._takes(symbol):
            raise self._expected(f'"{symbol}"')

    def _expected(self, what: str) -> Exception:
        return misuse(self._text, self._next.start, f"expected {what}, found {self._next}")
