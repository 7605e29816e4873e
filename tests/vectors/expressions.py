"""Reading DynamoDB's expressions: condition, key condition, filter, update and projection.

A condition becomes nested lists, `["and", ["=", {"path": "a.b[0]"}, {"value": 3}], ...]`, with
its placeholders replaced; AND and OR are flattened and sorted, so that two texts which say the
same in another order give the same tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import define

COMPARATORS: Final = ("=", "<>", "<=", ">=", "<", ">")
FUNCTIONS: Final = frozenset(
    {
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
        "contains",
        "size",
        "if_not_exists",
        "list_append",
    }
)
CLAUSES: Final = ("SET", "REMOVE", "ADD", "DELETE")

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[#:]?[A-Za-z_][A-Za-z0-9_\-]*|[#:][A-Za-z0-9_\-]+)"
    r"|(?P<number>\d+)|(?P<sign><>|<=|>=|[=<>()\[\].,+\-]))"
)


class ExpressionSyntaxError(ValueError):
    """The text is not one of DynamoDB's expressions."""


def sort_key(node: Any) -> str:
    """The order of operands of AND and OR, and of the members of sets."""
    return json.dumps(node, sort_keys=True, ensure_ascii=False)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionSyntaxError(f"cannot read {text[position:]!r} of {text!r}")
        tokens.append(match.group(match.lastgroup or 0))
        position = match.end()
    return tokens


@define
class _Reader:
    """A recursive descent over the tokens of one expression."""

    text: str
    names: Mapping[str, str]
    values: Mapping[str, Any]
    tokens: list[str]
    position: int = 0

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        if not token:
            raise ExpressionSyntaxError(f"{self.text!r} ends too early")
        self.position += 1
        return token

    def expect(self, *wanted: str) -> str:
        token = self.take()
        if token.upper() not in wanted:
            raise ExpressionSyntaxError(f"{token!r} where {wanted} belongs in {self.text!r}")
        return token

    def accept(self, wanted: str) -> bool:
        if self.next.upper() == wanted:
            self.position += 1
            return True
        return False

    def finish(self) -> None:
        if self.next:
            raise ExpressionSyntaxError(f"{self.next!r} is left over in {self.text!r}")

    # conditions

    def condition(self) -> list[Any]:
        return self._joined("OR", self._conjunction)

    def _conjunction(self) -> list[Any]:
        return self._joined("AND", self._negation)

    def _joined(self, word: str, operand: Any) -> list[Any]:
        operands = [operand()]
        while self.accept(word):
            operands.append(operand())
        return join(word.lower(), operands)

    def _negation(self) -> list[Any]:
        if self.accept("NOT"):
            return ["not", self._negation()]
        if self.next == "(":
            self.take()
            inner = self.condition()
            self.expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> list[Any]:
        left = self.operand()
        word = self.next.upper()
        if word in COMPARATORS:
            return [self.take(), left, self.operand()]
        if word == "BETWEEN":
            self.take()
            low = self.operand()
            self.expect("AND")
            return ["between", left, low, self.operand()]
        if word == "IN":
            self.take()
            self.expect("(")
            choices = [self.operand()]
            while self.accept(","):
                choices.append(self.operand())
            self.expect(")")
            return ["in", left, *sorted(choices, key=sort_key)]
        if isinstance(left, list):
            return left
        raise ExpressionSyntaxError(f"{left} is not a condition in {self.text!r}")

    # operands

    def operand(self) -> Any:
        token = self.next
        if token == "(":
            self.take()
            inner = self.operand()
            self.expect(")")
            return inner
        if token in FUNCTIONS and self.tokens[self.position + 1 : self.position + 2] == ["("]:
            return self._call()
        if token.startswith(":"):
            return {"value": self.value(self.take())}
        return {"path": self.path()}

    def _call(self) -> list[Any]:
        function = self.take()
        self.expect("(")
        arguments = [self.operand()]
        while self.accept(","):
            arguments.append(self.operand())
        self.expect(")")
        return [function, *arguments]

    def sum(self) -> Any:
        if self.next == "(":
            self.take()
            inner = self.sum()
            self.expect(")")
            return inner
        left = self.operand()
        if self.next in ("+", "-"):
            return [self.take(), left, self.operand()]
        return left

    def value(self, placeholder: str) -> Any:
        if placeholder not in self.values:
            raise ExpressionSyntaxError(f"{placeholder} of {self.text!r} has no value")
        return self.values[placeholder]

    def path(self) -> str:
        text = self._name()
        while self.next in (".", "["):
            if self.take() == ".":
                text += f".{self._name()}"
            else:
                text += f"[{int(self.take())}]"
                self.expect("]")
        return text

    def _name(self) -> str:
        token = self.take()
        if token.startswith("#"):
            if token not in self.names:
                raise ExpressionSyntaxError(f"{token} of {self.text!r} has no name")
            return self.names[token]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_\-]*", token):
            raise ExpressionSyntaxError(f"{token!r} is not a path in {self.text!r}")
        return token

    # updates

    def update(self) -> dict[str, dict[str, Any]]:
        clauses: dict[str, dict[str, Any]] = {}
        while self.next:
            clause = self.expect(*CLAUSES).upper()
            if clause in clauses:
                raise ExpressionSyntaxError(f"{clause} stands twice in {self.text!r}")
            entries = clauses[clause] = {}
            while True:
                path = self.path()
                if path in entries:
                    raise ExpressionSyntaxError(f"{path} stands twice in {self.text!r}")
                entries[path] = self._update_value(clause)
                if not self.accept(","):
                    break
        return clauses

    def _update_value(self, clause: str) -> Any:
        if clause == "REMOVE":
            return True
        if clause == "SET":
            self.expect("=")
            return self.sum()
        return self.operand()

    def projection(self) -> list[str]:
        paths = [self.path()]
        while self.accept(","):
            paths.append(self.path())
        return paths


def join(word: str, operands: list[Any]) -> list[Any]:
    """One AND or OR of the operands: nested ones of the same kind flattened, all sorted."""
    flat: list[Any] = []
    for operand in operands:
        flat.extend(operand[1:] if operand[0] == word else [operand])
    if len(flat) == 1:
        only: list[Any] = flat[0]
        return only
    return [word, *sorted(flat, key=sort_key)]


def conjuncts(condition: list[Any] | None) -> list[Any]:
    """The parts that an expression requires all of."""
    if condition is None:
        return []
    return condition[1:] if condition[0] == "and" else [condition]


def _reader(text: str, names: Mapping[str, str], values: Mapping[str, Any]) -> _Reader:
    return _Reader(text, names, values, _tokens(text))


def read_condition(text: str, names: Mapping[str, str], values: Mapping[str, Any]) -> list[Any]:
    """A condition, key condition or filter expression as nested lists."""
    reader = _reader(text, names, values)
    tree = reader.condition()
    reader.finish()
    return tree


def read_update(
    text: str, names: Mapping[str, str], values: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """An update expression as `{"SET": {path: operand}, "REMOVE": {path: True}, ...}`."""
    return _reader(text, names, values).update()


def read_projection(text: str, names: Mapping[str, str]) -> list[str]:
    """The paths of a projection expression, in their order."""
    reader = _reader(text, names, {})
    paths = reader.projection()
    reader.finish()
    return paths
