"""Callbacks that a schema can say without a function."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from leyden.porting.javascript import (
    Array,
    Binary,
    Call,
    Constant,
    Expression,
    Function,
    Member,
    Name,
    New,
    Not,
    Undefined,
    constant_of,
    parse_function,
)

__all__ = ["bounds", "constant_default", "generated", "membership", "reads", "validation", "when"]

_HEAD: Final = re.compile(
    r"\s*(?:async\s+)?(?:(?:function\b)?\s*[\w$]*\s*\(\s*(?P<taken>\{[^}]*\}|[\w$]*)\s*\)"
    r"|(?P<alone>[\w$]+)\s*=>)"
)
"""What a function in JavaScript takes: a name, or what it unpacks."""

_IDS: Final[Mapping[str, str]] = {
    "randomUUID": "uuid4",
    "uuid": "uuid4",
    "uuid4": "uuid4",
    "uuidv4": "uuid4",
    "uuidV4": "uuid4",
    "v4": "uuid4",
    "uuid7": "uuid7",
    "uuidv7": "uuid7",
    "uuidV7": "uuid7",
    "v7": "uuid7",
    "ulid": "ulid",
}
_NAMED: Final = re.compile(r"function\s+([A-Za-z0-9_]+)\s*\(")
"""A function that was handed over by its name, as in `default: randomUUID`."""

_SIGNS: Final = {"===": "==", "!==": "!=", "==": "==", "!=": "!="}
_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class _UnsaidError(Exception):
    """JMESPath would not mean the same."""


def generated(source: str, kind: str) -> str | None:
    """What `{generate: ...}` makes the same as the callback, for an attribute of type `kind`.

    >>> generated("() => Date.now()", "number")
    'now'
    """
    by_reference = _NAMED.match(source)
    if by_reference and kind in ("string", "any") and by_reference[1] in _IDS:
        return _IDS[by_reference[1]]
    function = parse_function(source)
    body = function.body if function is not None else None
    if not isinstance(body, Call) or body.arguments:
        return None
    name = body.of.name if isinstance(body.of, Name | Member) else ""
    if isinstance(body.of, Member) and body.of.of in (Name("Date"), New("Date", ())):
        if body.of.of == Name("Date"):
            stamps = {"now": "number"}
        else:
            stamps = {"getTime": "number", "valueOf": "number", "toISOString": "string"}
        return "now" if stamps.get(name) == kind else None
    if kind in ("string", "any"):
        return _IDS.get(name)
    return None


def constant_default(source: str) -> Any:
    """The literal that the callback always gives. Raises ValueError where there is none."""
    function = parse_function(source)
    if function is None:
        raise ValueError("no constant")
    value = constant_of(function.body)
    if value is None:
        raise ValueError("null is no value to start with")
    return value


def when(source: str, names: Mapping[str, str], kinds: Mapping[str, str]) -> str | None:
    """An index's condition in JMESPath; None where that could mean something else.

    `names` maps the model's attributes to their names in the schema, `kinds` to their types.

    >>> when("(a) => a.status === 'open'", {"status": "status"}, {"status": "string"})
    "status == 'open'"
    """
    function = parse_function(source)
    if function is None or len(function.parameters) > 1:
        return None

    def attribute(expression: Expression) -> tuple[str, str] | None:
        name = _attribute(expression, function)
        if name is None:
            return None
        if name not in names:
            raise _UnsaidError
        return names[name], kinds[name]

    try:
        return _Writer(attribute).condition(function.body)
    except _UnsaidError:
        return None


def reads(source: str, names: Mapping[str, str]) -> list[str]:
    """The attributes that an index's condition seems to read, by their names in the schema.

    Empty where it reads none by name, or hands the item on as a whole.

    >>> reads("(a) => a.kind.startsWith('x') && check(a.open)", {"kind": "kind", "open": "is_open"})
    ['kind', 'is_open']
    """
    head = _HEAD.match(source)
    if head is None:
        return []
    taken = head["taken"] or head["alone"] or ""
    body = source[head.end() :]
    if taken.startswith("{"):
        found = [re.split("[:=]", part)[0].strip() for part in taken[1:-1].split(",")]
        return [names[part] for part in dict.fromkeys(found) if part in names]
    if not taken:
        return []
    use = rf"(?<![\w$.]){re.escape(taken)}(?![\w$])\s*"
    by_name = re.findall(use + r"\??\.\s*([A-Za-z_$][\w$]*)", body)
    by_index = re.findall(use + r"\[\s*[\"']([^\"']+)[\"']\s*\]", body)
    if len(by_name) + len(by_index) < len(re.findall(use, body)):
        return []
    return [names[part] for part in dict.fromkeys(by_name + by_index) if part in names]


def validation(source: str, kind: str) -> str | None:
    """A `validate` callback in JMESPath; None where that could mean something else.

    >>> validation("(price) => price > 0", "number")
    '@ > `0`'
    """
    function = parse_function(source)
    if function is None or len(function.parameters) != 1 or function.unpacked:
        return None

    def value(expression: Expression) -> tuple[str, str] | None:
        return ("@", kind) if expression == Name(function.parameters[0]) else None

    try:
        return _Writer(value).condition(function.body)
    except _UnsaidError:
        return None


def bounds(source: str) -> dict[str, int | float] | None:
    """`min` and `max`, where a `validate` callback for a number says these and nothing else.

    >>> bounds("(n) => n >= 0 && n <= 5")
    {'min': 0, 'max': 5}
    """
    function = parse_function(source)
    if function is None or len(function.parameters) != 1 or function.unpacked:
        return None
    found: dict[str, int | float] = {}
    left = [function.body]
    while left:
        part = left.pop(0)
        if not isinstance(part, Binary):
            return None
        if part.operator == "&&":
            left = [part.left, part.right, *left]
            continue
        option = {">=": "min", "<=": "max"}.get(part.operator)
        limit = part.right.value if isinstance(part.right, Constant) else None
        if option is None or option in found:
            return None
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            return None
        if part.left != Name(function.parameters[0]):
            return None
        found[option] = limit
    return found


def membership(values: list[Any]) -> str:
    """A JMESPath expression that holds for these values only."""
    return f"contains({_listed(values)}, @)"


def _attribute(expression: Expression, function: Function) -> str | None:
    parameters = [Name(name) for name in function.parameters]
    if isinstance(expression, Member) and expression.of in parameters:
        return expression.name
    if isinstance(expression, Name):
        return function.unpacked.get(expression.name)
    return None


class _Writer:
    """Writes a JavaScript condition as JMESPath. `read` knows what stands for a value."""

    def __init__(self, read: Any) -> None:
        self.read = read

    def condition(self, expression: Expression, *, inside: bool = False) -> str:
        if isinstance(expression, Binary):
            text = self._binary(expression)
            return f"({text})" if inside and expression.operator in ("&&", "||") else text
        if isinstance(expression, Not):
            inner = self.condition(expression.of)
            return f"!({inner})" if isinstance(expression.of, Binary) else f"!{inner}"
        if isinstance(expression, Call):
            return self._includes(expression)
        if isinstance(expression, Constant) and isinstance(expression.value, bool):
            return _literal(expression.value)
        known = self.read(expression)
        # What counts as true is the same in both languages for these types alone.
        if known is not None and known[1] in ("string", "boolean", "enum"):
            return str(known[0])
        raise _UnsaidError

    def _binary(self, expression: Binary) -> str:
        operator = expression.operator
        if operator in ("&&", "||"):
            first = self.condition(expression.left, inside=True)
            return f"{first} {operator} {self.condition(expression.right, inside=True)}"
        known, other = self.read(expression.left), expression.right
        if known is None:
            known, other = self.read(expression.right), expression.left
            operator = _TURNED.get(operator, operator)
        if known is None:
            raise _UnsaidError
        return self._compared(known[0], known[1], operator, other)

    def _compared(self, name: str, kind: str, operator: str, other: Expression) -> str:
        if isinstance(other, Undefined):
            if operator not in _SIGNS:
                raise _UnsaidError
            return f"{name} {_SIGNS[operator]} `null`"
        if not isinstance(other, Constant):
            raise _UnsaidError
        if other.value is None:
            # An absent attribute is undefined there, which `===` keeps apart from null.
            if operator not in ("==", "!="):
                raise _UnsaidError
            return f"{name} {operator} `null`"
        if not _of_kind(other.value, kind):
            raise _UnsaidError
        if operator in _ORDERS:
            if kind != "number":
                raise _UnsaidError
            return f"{name} {operator} {_literal(other.value)}"
        return f"{name} {_SIGNS[operator]} {_literal(other.value)}"

    def _includes(self, call: Call) -> str:
        if (
            isinstance(call.of, Member)
            and call.of.name == "includes"
            and isinstance(call.of.of, Array)
            and len(call.arguments) == 1
        ):
            known = self.read(call.arguments[0])
            values = [item.value for item in call.of.of.items if isinstance(item, Constant)]
            if (
                known is not None
                and len(values) == len(call.of.of.items)
                and all(_of_kind(value, known[1]) for value in values)
            ):
                return f"contains({_listed(values)}, {known[0]})"
        raise _UnsaidError


def _of_kind(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind in ("string", "enum")
    return isinstance(value, int | float) and kind == "number"


def _listed(values: list[Any]) -> str:
    if values and all(isinstance(value, str) for value in values):
        return f"[{', '.join(map(_literal, values))}]"
    return f"`{json.dumps(values, ensure_ascii=False).replace('`', chr(92) + '`')}`"


def _literal(value: Any) -> str:
    if isinstance(value, str) and "\\" not in value:
        escaped = value.replace("'", "\\'")
        return f"'{escaped}'"
    return f"`{json.dumps(value, ensure_ascii=False).replace('`', chr(92) + '`')}`"
