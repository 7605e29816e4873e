"""Convert callbacks that a schema can express without a function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from leyden.porting.javascript import (
    Array,
    Binary,
    Call,
    Constant,
    Expression,
    Member,
    Name,
    New,
    Not,
    Undefined,
    constant_of,
    parse_function,
)

_HEAD: Final = re.compile(
    r"\s*(?:async\s+)?(?:(?:function\b)?\s*[\w$]*\s*\(\s*(?P<taken>\{[^}]*\}|[\w$]*)\s*\)"
    r"|(?P<alone>[\w$]+)\s*=>)"
)
"""The parameter of a JavaScript function: a name, or what it unpacks."""

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
"""A named function that was passed on, as in `default: randomUUID`."""

_SIGNS: Final = {"===": "==", "!==": "!=", "==": "==", "!=": "!="}
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


_Read: TypeAlias = Callable[[Expression], tuple[str, str] | None]
"""Returns the name in the schema, and the type, of the attribute that an expression stands for."""


class _UnsaidError(Exception):
    """JMESPath has no expression with the same meaning."""


def generated(source: str, kind: str) -> str | None:
    """Return the kind of `{generate: ...}` that does what the callback does for this type.

    >>> generated("() => Date.now()", "number")
    'now'
    """
    ids = _IDS if kind in ("string", "any") else {}
    by_reference = _NAMED.match(source)
    if by_reference and by_reference[1] in ids:
        return ids[by_reference[1]]
    function = parse_function(source)
    match function.body if function is not None else None:
        case Call(Member(Name("Date"), name), ()):
            return "now" if (name, kind) == ("now", "number") else None
        case Call(Member(New("Date", ()), name), ()):
            stamps = {"getTime": "number", "valueOf": "number", "toISOString": "string"}
            return "now" if stamps.get(name) == kind else None
        case Call(Name(name) | Member(_, name), ()):
            return ids.get(name)
    return None


def identifier(name: str) -> str | None:
    """Return the kind of `{generate: ...}` for the ids that a function of this name makes.

    >>> identifier("uuidv7")
    'uuid7'
    """
    return _IDS.get(name)


def constant_default(source: str) -> Any:
    """Return the literal that the callback always returns. Raises ValueError if there is none."""
    function = parse_function(source)
    if function is None:
        raise ValueError("no constant")
    value = constant_of(function.body)
    if value is None:
        raise ValueError("null is no value to start with")
    return value


def when(source: str, names: Mapping[str, str], kinds: Mapping[str, str]) -> str | None:
    """Return an index's condition in JMESPath; None if that might mean something else.

    `names` maps the model's attributes to their names in the schema, `kinds` to their types.

    >>> when("(a) => a.status === 'open'", {"status": "status"}, {"status": "string"})
    "status == 'open'"
    """
    function = parse_function(source)
    if function is None or len(function.parameters) > 1:
        return None
    parameters = [Name(name) for name in function.parameters]

    def attribute(expression: Expression) -> tuple[str, str] | None:
        name = None
        if isinstance(expression, Member) and expression.of in parameters:
            name = expression.name
        elif isinstance(expression, Name):
            name = function.unpacked.get(expression.name)
        if name is None:
            return None
        if name not in names:
            raise _UnsaidError
        return names[name], kinds[name]

    try:
        return _condition(function.body, attribute)
    except _UnsaidError:
        return None


def reads(source: str, names: Mapping[str, str]) -> list[str]:
    """Return the attributes that an index's condition seems to read, by their names in the schema.

    The list is empty if the condition reads none by name, or passes on the whole item.

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
    """Return a `validate` callback in JMESPath; None if that might mean something else.

    >>> validation("(price) => price > 0", "number")
    '@ > `0`'
    """
    function = parse_function(source)
    if function is None or len(function.parameters) != 1 or function.unpacked:
        return None
    value = Name(function.parameters[0])
    try:
        return _condition(function.body, lambda one: ("@", kind) if one == value else None)
    except _UnsaidError:
        return None


def bounds(source: str) -> dict[str, int | float] | None:
    """Return `min` and `max` if a number's `validate` callback checks these and nothing else.

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
    """Return a JMESPath expression that only holds for these values."""
    return f"contains({_listed(values)}, @)"


def _condition(expression: Expression, read: _Read, *, inside: bool = False) -> str:
    """Return a JavaScript condition as JMESPath. `read` recognizes attributes."""
    match expression:
        case Binary("&&" | "||" as operator, left, right):
            first = _condition(left, read, inside=True)
            text = f"{first} {operator} {_condition(right, read, inside=True)}"
            return f"({text})" if inside else text
        case Binary():
            return _comparison(expression, read)
        case Not(of):
            inner = _condition(of, read)
            return f"!({inner})" if isinstance(of, Binary) else f"!{inner}"
        case Call(Member(Array(items), "includes"), (asked,)):
            known = read(asked)
            values = [item.value for item in items if isinstance(item, Constant)]
            if (
                known is not None
                and len(values) == len(items)
                and all(_of_kind(value, known[1]) for value in values)
            ):
                return f"contains({_listed(values)}, {known[0]})"
        case Constant(bool() as value):
            return _literal(value)
        case _:
            known = read(expression)
            # Both languages agree about what counts as true for these types only.
            if known is not None and known[1] in ("string", "boolean", "enum"):
                return known[0]
    raise _UnsaidError


def _comparison(expression: Binary, read: _Read) -> str:
    operator, known, other = expression.operator, read(expression.left), expression.right
    if known is None:
        known, other = read(expression.right), expression.left
        operator = _TURNED.get(operator, operator)
    if known is None:
        raise _UnsaidError
    if operator not in _TURNED and operator not in _SIGNS:
        # Arithmetic is not a condition.
        raise _UnsaidError
    name, kind = known
    if isinstance(other, Undefined) and operator in _SIGNS:
        return f"{name} {_SIGNS[operator]} `null`"
    # An absent attribute is undefined in JavaScript, and `===` tells that from null.
    if other == Constant(None) and operator in ("==", "!="):
        return f"{name} {operator} `null`"
    if not isinstance(other, Constant) or not _of_kind(other.value, kind):
        raise _UnsaidError
    if operator not in _SIGNS and kind != "number":
        raise _UnsaidError
    return f"{name} {_SIGNS.get(operator, operator)} {_literal(other.value)}"


def _of_kind(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind in ("string", "enum")
    return isinstance(value, int | float) and kind == "number"


def _listed(values: list[Any]) -> str:
    if values and all(isinstance(value, str) for value in values):
        return f"[{', '.join(map(_literal, values))}]"
    return _literal(values)


def _literal(value: Any) -> str:
    if isinstance(value, str) and "\\" not in value:
        escaped = value.replace("'", "\\'")
        return f"'{escaped}'"
    return f"`{json.dumps(value, ensure_ascii=False).replace('`', chr(92) + '`')}`"
