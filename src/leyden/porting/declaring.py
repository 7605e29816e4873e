"""Convert callbacks into declarations: normal forms, lifetimes, time buckets, prefixed ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from leyden.porting.javascript import (
    Binary,
    Call,
    Constant,
    Expression,
    Function,
    Member,
    Name,
    New,
    Regexp,
    parse_function,
)
from leyden.types import duration_words

_METHODS: Final[Mapping[str, str]] = {
    "trim": "trim",
    "toLowerCase": "lower",
    "toUpperCase": "upper",
}
_REPLACED: Final[Mapping[tuple[str, str], str]] = {
    (r"\s+", " "): "collapse",
    (r"\s+", ""): "compact",
    (r"\s", ""): "compact",
    (r"\D", ""): "digits",
    (r"\D+", ""): "digits",
    ("[^0-9]", ""): "digits",
    ("[^0-9]+", ""): "digits",
    (r"[^\d]", ""): "digits",
    (r"[^\d]+", ""): "digits",
}
_UNICODE: Final[Mapping[str, str]] = {"NFC": "nfc", "NFKC": "nfkc"}
_PERIODS: Final[Mapping[int, str]] = {4: "year", 7: "month", 10: "day", 13: "hour"}

_SECOND: Final = 1000


def normal_forms(source: str) -> list[str] | None:
    """Return the normal forms that a `set` callback applies, if it does nothing else.

    >>> normal_forms("(v) => v?.trim().toLowerCase()")
    ['trim', 'lower']
    """
    function = parse_function(source)
    if function is None or not function.parameters or function.unpacked:
        return None
    value = Name(function.parameters[0])
    body = function.body
    if isinstance(body, Binary) and body.operator == "&&" and body.left == value:
        body = body.right
    forms: list[str] = []
    while body != value:
        if not isinstance(body, Call) or not isinstance(body.of, Member):
            return None
        form = _form(body.of.name, body.arguments)
        if form is None:
            return None
        forms.insert(0, form)
        body = body.of.of
    cases = {"lower", "upper"} & {*forms}
    found = list(dict.fromkeys(forms))
    # A form that is applied twice may do more the second time.
    return found if found and len(cases) < 2 and len(found) == len(forms) else None


def _form(method: str, arguments: tuple[Expression, ...]) -> str | None:
    match arguments:
        case ():
            return "nfc" if method == "normalize" else _METHODS.get(method)
        case (Constant(str() as form),) if method == "normalize":
            return _UNICODE.get(form)
        case (Regexp(pattern, "g" | "gu"), Constant(str() as by)) if method == "replace":
            return _REPLACED.get((pattern, by))
    return None


@frozen
class Lifetime:
    """A time that a callback counts from another one: `{after: ..., of: ...}`.

    `is_seconds` says whether the result is in seconds since 1970, as in a `ttl`.
    """

    seconds: int
    is_seconds: bool
    of: str | None = None

    def option(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return the schema's option; `names` are the attributes' names in the schema."""
        after = {"after": duration_words(self.seconds)}
        return after if self.of is None else {**after, "of": names[self.of]}


def lifetime(source: str, kind: str) -> Lifetime | None:
    """Return the lifetime that a callback without inputs counts from now.

    `kind` is the attribute's type.

    >>> lifetime("() => Math.floor(Date.now() / 1000) + 90 * 24 * 60 * 60", "number")
    Lifetime(seconds=7776000, is_seconds=True, of=None)
    """
    function = parse_function(source)
    if function is None:
        return None
    return _counted(function.body, kind, _is_now)


def _is_now(expression: Expression) -> bool:
    """Return whether an expression is the current time in milliseconds."""
    match expression:
        case Call(Member(Name("Date"), "now"), ()):
            return True
        case Call(Member(New("Date", ()), "getTime" | "valueOf"), ()):
            return True
    return False


def _counted(
    body: Expression, kind: str, is_start: Callable[[Expression], bool]
) -> Lifetime | None:
    """Return a lifetime, if `is_start` recognizes the milliseconds that it counts from."""
    if kind == "string":
        match body:
            case Call(Member(New("Date", (inner,)), "toISOString"), ()):
                amount = _behind(inner, is_start)
                return _whole(amount, _SECOND, is_seconds=False)
        return None
    if kind != "number":
        return None
    amount = _behind(body, is_start)
    if amount is not None:
        return _whole(amount, _SECOND, is_seconds=False)
    match body:
        case Binary("+", inner, Constant(int() as more)) if not isinstance(more, bool):
            if (start := _in_seconds(inner)) is not None and is_start(start):
                return _whole(more, 1, is_seconds=True)
    inner_seconds = _in_seconds(body)
    if inner_seconds is not None:
        return _whole(_behind(inner_seconds, is_start), _SECOND, is_seconds=True)
    match body:
        case Call(Member(Name("Math"), "floor"), (Binary("+", inner, Constant(int() as more)),)):
            match inner:
                case Binary("/", start, Constant(1000)) if is_start(start):
                    return _whole(more, 1, is_seconds=True)
    return None


def _behind(expression: Expression, is_start: Callable[[Expression], bool]) -> Any:
    """Return the milliseconds that are added to the start; None for anything else."""
    match expression:
        case Binary("+", start, Constant(amount)) if is_start(start):
            return amount
        case Binary("+", Constant(amount), start) if is_start(start):
            return amount
    return None


def _in_seconds(expression: Expression) -> Expression | None:
    """Return the milliseconds of an expression that rounds them down to seconds."""
    match expression:
        case Call(Member(Name("Math"), "floor"), (Binary("/", inner, Constant(1000)),)):
            return inner
    return None


def _whole(amount: Any, unit: int, *, is_seconds: bool) -> Lifetime | None:
    """Return the lifetime of so many units, if that is a whole number of seconds."""
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0 or amount % unit:
        return None
    return Lifetime(amount // unit, is_seconds)


@frozen
class Derived:
    """What a `set` callback computes from the one attribute that it watches.

    `period` is that of a bucket, `lifetime` a time counted from the attribute; one of them is None.
    """

    period: str | None = None
    lifetime: Lifetime | None = None


def derived(source: str, kind: str, of: str, of_kind: str) -> Derived | None:
    """Return a bucket of the attribute `of`, or a time counted from it; None for anything else.

    >>> derived("(_, { at }) => at.slice(0, 7)", "string", "at", "string")
    Derived(period='month', lifetime=None)
    """
    function = parse_function(source)
    if function is None or len(function.parameters) != 2:
        return None
    body = function.body

    def is_read(expression: Expression) -> bool:
        return _reads(function, expression, of)

    if isinstance(body, Binary) and body.operator == "&&" and is_read(body.left):
        body = body.right
    if kind == "string" and (period := _period(body, is_read, of_kind)) is not None:
        return Derived(period)
    if of_kind == "number":
        counted = _counted(body, kind, is_read)
        if counted is not None:
            return Derived(lifetime=Lifetime(counted.seconds, counted.is_seconds, of))
    return None


def _reads(function: Function, expression: Expression, of: str) -> bool:
    """Return whether an expression is the attribute `of` of the item, the second parameter."""
    item = function.parameters[1]
    if not item:
        return isinstance(expression, Name) and function.unpacked.get(expression.name) == of
    return expression == Member(Name(item), of)


def _period(body: Expression, is_read: Callable[[Expression], bool], of_kind: str) -> str | None:
    """Return the period of a bucket that is the beginning of a time as ISO 8601 text."""
    match body:
        case Call(Member(text, "slice" | "substring"), (Constant(0), Constant(int() as length))):
            period = _PERIODS.get(length)
        case Member(Call(Member(text, "split"), (Constant("T"),)), "0"):
            period = "day"
        case _:
            return None
    match text:
        case Call(Member(New("Date", (inner,)), "toISOString"), ()) if is_read(inner):
            return period if of_kind in ("string", "number") else None
    return period if is_read(text) and of_kind == "string" else None


def prefixed(source: str) -> tuple[str, str] | None:
    """Return the prefix and the name of the id function, for ids such as `order_...`.

    >>> prefixed("() => `order_${ulid()}`")
    ('order_', 'ulid')
    """
    function = parse_function(source)
    match function.body if function is not None else None:
        case Binary("+", Constant(str() as prefix), Call(Name(name) | Member(_, name), ())):
            return (prefix, name) if prefix else None
    return None
