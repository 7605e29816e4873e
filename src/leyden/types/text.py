"""`string`, `enum`, `boolean` and `binary`: the types that are stored as they are."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.spec import Bucket
from leyden.types.base import (
    Accept,
    AttributeType,
    Compiled,
    Likely,
    Names,
    PartSchema,
    Static,
    WrongLiteralError,
    refuse,
    unchanged,
    wrong_type,
)
from leyden.types.periods import PERIODS, accepted_times
from leyden.types.times import timestamp_text, timestamp_value

if TYPE_CHECKING:
    from datetime import datetime

    from leyden.schema.spec import AttributeSpec

# All characters up to and including the escape character `$` are escaped, in order: each becomes
# `$` and a character from 0x30 ("0") on.
_ESCAPE: Final = {code: "$" + chr(0x30 + code) for code in range(ord("$") + 1)}


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def escape(text: str) -> str:
    """Escape all characters up to `$`, which keeps the order and can be undone."""
    return text.translate(_ESCAPE)


def unescape(text: str) -> str:
    """Undo `escape`. Raises ValueError for a truncated or unknown escape."""
    head, *rest = text.split("$")
    parts = [head]
    for part in rest:
        code = ord(part[0]) - 0x30 if part else -1
        if not 0 <= code <= ord("$"):
            raise ValueError("broken escape in a strict key")
        parts.append(chr(code) + part[1:])
    return "".join(parts)


def accept_string(value: Any, path: str) -> str:
    """Check that a str can be stored as UTF-8; members of string enums become plain strings."""
    if value.__class__ is not str:
        if not isinstance(value, str):
            raise wrong_type(path, "a str", value)
        value = str.__str__(value)
    text: str = value
    if not text.isascii():
        _check_encodable(text, path)
    return text


def _check_encodable(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refuse(
            path, "holds half of a surrogate pair, which cannot be stored as UTF-8"
        ) from None


def accept_boolean(value: Any, path: str) -> bool:
    """Check that a value is True or False, not merely truthy or falsy."""
    if value is True or value is False:
        return value
    raise wrong_type(path, "a bool", value)


def accept_binary(value: Any, path: str) -> bytes:
    """Check bytes, and copy those that could change later."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise wrong_type(path, "bytes", value)


class StringType(AttributeType):
    """`string`: text."""

    name = "string"
    meaning = "Text: a `str`."
    example = "{type: string, max_length: 200}"
    also_called: tuple[str, ...] = ("str",)
    options = frozenset({"normalize", "prefix", "pattern", "min_length", "max_length", "overflow"})
    wanted = "text"
    generates = frozenset({"now", "uuid4", "uuid7", "ulid"})
    in_expressions = "text"
    in_sets = True

    kind = "S"
    write = "{0}"
    read = "{0}"
    normal: str = "value.__class__ is str and value.isascii()"
    accept = staticmethod(accept_string)
    python = str
    fixed = True
    in_json: Any = staticmethod(unchanged)

    keyable = True
    in_keys = "text"
    tells_time: bool = True
    key_text = staticmethod(str)
    strict_text = staticmethod(escape)

    def now(self, instant: datetime) -> Any:
        """Return ISO 8601 text."""
        return timestamp_text(instant)

    def instant(self, value: Any) -> datetime:
        """Return the time of ISO 8601 text; a date is its first instant in UTC."""
        if _DATE.fullmatch(value):
            value = f"{value}T00:00:00Z"
        return timestamp_value(value)

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept text."""
        if not isinstance(value, str):
            raise WrongLiteralError(self.wanted)
        return value

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return the text itself; the text of a bucket gets its capitals back."""
        return text.upper() if isinstance(spec.derive, Bucket) else text

    def key_number(self, value: Any) -> Any:
        """Return the whole number at the start of the text."""
        leading = re.match(r"\s*[+-]?\d+", value)
        if leading is None:
            raise ValueError("does not start with a whole number")
        return int(leading[0])

    def strict_value(self, text: str) -> Any:
        """Return the text."""
        return unescape(text)

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match any text; for a bucket, the text of its period."""
        if isinstance(spec.derive, Bucket) and spec.padding is None:
            return PERIODS[spec.derive.period].pattern.pattern
        return super().key_pattern(spec)

    def has_one_width(self, spec: AttributeSpec) -> bool:
        """Return True for buckets, whose texts have one length and sort like the times."""
        return isinstance(spec.derive, Bucket)

    def may_fold(self, spec: AttributeSpec) -> bool:
        """Return False only for buckets, whose letters are always the same."""
        return not isinstance(spec.derive, Bucket)

    def may_hold(self, spec: AttributeSpec, label: str) -> bool:
        """Return False only for buckets without padding, which contain no label."""
        return not isinstance(spec.derive, Bucket) or spec.padding is not None

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "str"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text; for a bucket, also times in it."""
        if not isinstance(spec.derive, Bucket):
            return "str"
        return f"{text.imported('datetime', accepted_times(spec.derive.period))} | str"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return f"typed.Text[{self.static_given(spec, text)}]"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe text."""
        lengths = {"minLength": spec.min_length, "maxLength": spec.max_length}
        return {"type": "string", "pattern": spec.pattern, **lengths}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return text that fits the attribute's name."""
        return like.text()


class EnumType(StringType):
    """A list of texts: one of them."""

    name = "enum"
    meaning = "One of a list of texts: a `str`."
    example = "{type: [open, closed], default: open}"
    also_called = ()
    options = frozenset({"normalize", "pattern"})
    generates = frozenset()
    tells_time = False
    normal = "value.__class__ is str and value in {members}"
    begins_as_text = True

    def read_source(self, spec: AttributeSpec, inner: str, names: Names) -> str:
        """Use one string object for all records, instead of one per record."""
        shared = names.name("shared", {value: value for value in spec.values}.get)
        return f"{shared}(text := {inner}, text)"

    def normal_source(self, spec: AttributeSpec, names: Names) -> str | None:
        """Compare with the texts of the enum."""
        return self.normal.format(members=names.name("members", frozenset(spec.values)))

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept one of the texts."""
        values = {value: value for value in attribute.spec.values}
        wanted = ", ".join(f'"{value}"' for value in attribute.spec.values)

        def check(value: Any, path: str) -> str:
            if isinstance(value, str):
                known = values.get(value)
                if known is not None:
                    return known
                raise refuse(path, f"must be one of {wanted}{did_you_mean(value, values)}")
            raise wrong_type(path, f"one of {wanted}", value)

        return check

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.choice(spec)

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text; any text if it is normalized."""
        return "str" if spec.normalize else text.choice(spec)

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept one of the texts."""
        if super().literal(spec, value, written) not in spec.values:
            hint = did_you_mean(value, spec.values)
            raise ValueError(f"must be {listed(spec.values, 'or')}, not {quoted(value)}{hint}")
        return value

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match one of the texts."""
        longest_first = sorted(spec.values, key=len, reverse=True)
        return "(?:" + "|".join(re.escape(value) for value in longest_first) + ")"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return the text of the enum that the key holds, perhaps in another case."""
        return next((value for value in spec.values if value.lower() == text.lower()), text)

    def choices(self, spec: AttributeSpec) -> tuple[Any, ...] | None:
        """Return the texts, in the order of the schema."""
        return spec.values

    def may_fold(self, spec: AttributeSpec) -> bool:
        """Return whether two texts differ only in case."""
        return len({value.lower() for value in spec.values}) < len(spec.values)

    def may_hold(self, spec: AttributeSpec, label: str) -> bool:
        """Return whether one of the texts contains the label; with padding, any may."""
        if spec.padding is not None:
            return True
        return any(label.lower() in f"{value}{label[:-1]}".lower() for value in spec.values)

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe one of the texts."""
        return {"type": "string", "enum": [*spec.values]}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return the texts in turn."""
        return spec.values[like.number % len(spec.values)]


def _truth(value: bool) -> str:
    return "true" if value else "false"


class BooleanType(AttributeType):
    """`boolean`: true or false."""

    name = "boolean"
    meaning = "True or false: a `bool`."
    example = "{type: boolean, default: false}"
    also_called = ("bool",)
    wanted = "true or false"
    in_expressions = "true or false"

    kind = "BOOL"
    write = "{0}"
    read = "{0}"
    normal = "value is True or value is False"
    accept = staticmethod(accept_boolean)
    python = bool
    fixed = True
    in_json: Any = staticmethod(unchanged)

    keyable = True
    in_keys = "a boolean"
    key_text = staticmethod(_truth)
    strict_text = staticmethod(_truth)

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept `true` or `false`."""
        if not isinstance(value, bool):
            raise WrongLiteralError(self.wanted)
        return value

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match `true` or `false`."""
        return "(?:true|false)"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return True or False."""
        return self.strict_value(text.lower())

    def key_number(self, value: Any) -> Any:
        """Return 1 or 0."""
        return int(value)

    def strict_value(self, text: str) -> Any:
        """Return True or False."""
        if text not in ("true", "false"):
            raise ValueError("neither true nor false")
        return text == "true"

    def choices(self, spec: AttributeSpec) -> tuple[Any, ...] | None:
        """Return both values, False first."""
        return False, True

    def from_text(self, text: str) -> Any:
        """Accept `true` or `false`."""
        truth = {"true": True, "false": False}.get(text.lower())
        if truth is None:
            raise ValueError("must be true or false")
        return truth

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "bool"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return "typed.Flag"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe `true` or `false`."""
        return {"type": "boolean"}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a value that fits the attribute's name."""
        return like.truth()


class BinaryType(AttributeType):
    """`binary`: bytes."""

    name = "binary"
    meaning = "Bytes: `bytes`."
    example = "{type: binary, max_length: 4096}"
    also_called = ("bytes",)
    options = frozenset({"min_length", "max_length", "overflow"})
    wanted = "text in base64"
    in_sets = True

    kind = "B"
    write = "{0}"
    read = "bytes({0})"
    normal = "value.__class__ is bytes"
    accept = staticmethod(accept_binary)
    python = bytes

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return base64 text."""
        return lambda value: base64.b64encode(value).decode()

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept binary values of YAML, or base64 text."""
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise WrongLiteralError(self.wanted)
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"must be {self.wanted}") from None

    def from_text(self, text: str) -> Any:
        """Accept base64 text."""
        return self.from_json(text)

    def from_json(self, value: Any) -> Any:
        """Accept base64 text."""
        if not isinstance(value, str):
            return value
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            raise ValueError("must be bytes as base64 text") from None

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "bytes"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return "bytes | bytearray | memoryview"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return "typed.Bytes"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe base64 text."""
        return {"type": "string", "contentEncoding": "base64"}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return the bytes of `Key`, and one that differs."""
        return bytes((0x4C, 0x65, 0x79, like.number & 0xFF))
