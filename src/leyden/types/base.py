"""The base of attribute types: an object with everything that the layers need to know of a type.

A type of the schema language is one class in this package and nowhere else. Each layer asks it for
what it needs: the schema for options and literals, keys for the text of values, the codec for
source, the command line for what people type. Members of `AttributeType` without a default must be
defined by every type. Defaults are right for most types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from leyden.errors import ValidationError

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec

AttributeValue: TypeAlias = dict[str, Any]
"""One typed value of DynamoDB's low-level API: `{"S": "a"}`, `{"N": "1"}`."""

Item: TypeAlias = dict[str, AttributeValue]
"""A stored item: typed values by field name."""

Accept: TypeAlias = Callable[[Any, str], Any]
"""A function from a value and its place to its normal form. It raises ValidationError."""

PartSchema: TypeAlias = "Callable[[AttributeSpec], dict[str, Any]]"
"""A function that returns the JSON Schema of an attribute's values."""

MAX_DEPTH: Final = 32
"""The largest number of nested lists and maps in DynamoDB."""


class UnreadableError(ValueError):
    """A stored value does not fit its type. The text says why, without the value."""


class WrongLiteralError(ValueError):
    """A literal in a schema does not fit its type. The text names what the type wants."""


def refuse(path: str, message: str) -> ValidationError:
    """Return the error for a value at `path`; the message continues the sentence `"path" ...`."""
    return ValidationError(f'"{path}" {message}', path=path)


def wrong_type(path: str, wanted: str, value: Any, hint: str = "") -> ValidationError:
    """Return the error for a value of the wrong Python type; `wanted` is like `a str`."""
    given = "None" if value is None else type(value).__name__
    return refuse(path, f"must be {wanted}, not {given}{hint}")


def unchanged(value: Any) -> Any:
    """Return the value itself."""
    return value


class Compiled(Protocol):
    """The parts of a compiled attribute that types use; containers use those of their parts."""

    @property
    def spec(self) -> AttributeSpec: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def entity(self) -> str: ...  # noqa: D102
    @property
    def items(self) -> Compiled | None: ...  # noqa: D102
    @property
    def properties(self) -> Mapping[str, Compiled] | None: ...  # noqa: D102
    @property
    def variants(self) -> Mapping[str, Compiled] | None: ...  # noqa: D102
    @property
    def tag(self) -> Compiled | None: ...  # noqa: D102
    @property
    def check(self) -> Accept: ...  # noqa: D102
    @property
    def apply_get(self) -> Callable[..., Any] | None: ...  # noqa: D102
    @property
    def plain(self) -> Callable[[Any], Any]: ...  # noqa: D102
    def accept(self, value: Any, path: str | None = None) -> Any: ...  # noqa: D102


class Names(Protocol):
    """The names of objects that generated source uses."""

    def name(self, stem: str, value: Any) -> str:
        """Return a global name for an object."""


class Likely(Protocol):
    """Plausible values for an attribute's name, from which types make samples."""

    number: int

    def text(self) -> str: ...  # noqa: D102
    def amount(self) -> float: ...  # noqa: D102
    def truth(self) -> bool: ...  # noqa: D102
    def instant(self) -> datetime: ...  # noqa: D102
    def expiry(self) -> datetime: ...  # noqa: D102
    def part(self, spec: AttributeSpec, further: int = 0) -> Any: ...  # noqa: D102
    def word(self) -> str: ...  # noqa: D102


class Static(Protocol):
    """The module that `leyden types` writes; each type adds its own text."""

    def imported(self, module: str, name: str) -> str:
        """Import a name of a module, and return the text for it."""

    def choice(self, spec: AttributeSpec) -> str:
        """Return the name of the literal type of an enum's values."""

    def shape(self, spec: AttributeSpec, *, given: bool) -> str:
        """Return the name of the TypedDict for a map's properties."""

    def places(self, spec: AttributeSpec, properties: Mapping[str, AttributeSpec]) -> str:
        """Return the name of the class in conditions for an attribute with these properties."""

    def part(self, spec: AttributeSpec, *, given: bool = False, name: str | None = None) -> str:
        """Return the type of an attribute or a part of one; with `given`, the type in calls.

        `name` is for parts whose own names are not unique.
        """

    def operand(self, spec: AttributeSpec) -> str:
        """Return the class of an attribute, or of a part of one, in conditions."""


class AttributeType:
    """One type of the schema language. `spec` is always the attribute that has the type."""

    name: str = ""
    """The name in schemas. An enum is written as the list of its values instead."""
    meaning: str = ""
    """A sentence that says what its values are, also in Python; editors show it."""
    example: str = ""
    """An attribute of the type in YAML."""

    # --- in schemas
    also_called: tuple[str, ...] = ()
    """Names in other languages, for suggestions."""
    options: frozenset[str] = frozenset()
    """The options that are specific to the type."""
    needs: frozenset[str] = frozenset()
    """The specific options that are required."""
    wanted: str = "a value"
    """The description of a literal in messages."""
    generates: frozenset[str] = frozenset()
    """The values of `generate` that it supports."""
    holds_anything: bool = False
    """Whether its values can have any shape, including None."""
    in_expressions: str | None = None
    """What JMESPath sees, in words; None for anything."""
    whole_limits: bool = False
    """Whether `min` and `max` must be whole numbers, because its values are."""
    expires: bool = False
    """Whether it is for DynamoDB's time to live."""
    in_sets: bool = False
    """Whether a set can hold it."""

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Return the Python value of a scalar in a schema; `written` is its text in the file.

        Raises WrongLiteralError for the wrong kind of value. Raises ValueError for an invalid one;
        its text continues a sentence about the place.
        """
        raise WrongLiteralError(self.wanted)

    # --- in the table
    kind: str = ""
    """DynamoDB's letter, `S`, `N`, `BOOL`, `B`, `L` or `M`; empty if the value decides."""
    write: str = ""
    """Source for the content of an AttributeValue, from the accepted value `{0}`."""
    read: str = ""
    """Source for the value, from the content of an AttributeValue, `{0}`."""
    normal: str | None = None
    """Source that is true only if `value` is in its normal form; None: use `check`."""
    source_names: Mapping[str, Any] = {}
    """The functions that `write` and `read` call."""
    pynamodb: str = ""
    """The matching class of PynamoDB, if the kind does not determine it."""

    def stored_kind(self, spec: AttributeSpec) -> str:
        """Return the kind of AttributeValue that stores an attribute."""
        return self.kind

    def read_source(self, spec: AttributeSpec, inner: str, names: Names) -> str:
        """Return source for the value, from `inner`, source for an AttributeValue's content."""
        return self.read.format(inner)

    def normal_source(self, spec: AttributeSpec, names: Names) -> str | None:
        """Return `normal` for one attribute."""
        return self.normal

    # --- in Python
    python: Any = Any
    """The class of its values in records, as an annotation."""
    fixed: bool = False
    """Whether its values are immutable, also as calls take them, unlike lists and `bytearray`."""

    def annotation(self, spec: AttributeSpec) -> Any:
        """Return `python` for one attribute."""
        return self.python

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type of its values in records, as source text."""
        raise NotImplementedError

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type of its values in calls, as source text."""
        return self.static(spec, text)

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return its class in conditions, of `leyden.typed.static.conditions`, as source text."""
        return f"typed.Sized[{self.static_given(spec, text)}]"

    @staticmethod
    def accept(value: Any, path: str, /) -> Any:
        """Return the normal form of a value. Raises ValidationError."""
        raise NotImplementedError

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Return `accept` for one attribute; `depth` counts the containers, including itself."""
        return self.accept

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return the function from accepted values to what JMESPath sees: JSON types only."""
        return unchanged

    def size(self, value: Any) -> Any:
        """Return the size that `min` and `max` limit."""
        return value

    def now(self, instant: datetime) -> Any:
        """Return the present instant as a value."""
        return instant

    tells_time: bool = False
    """Whether its values can be times, like those that `generate: now` makes."""

    def instant(self, value: Any) -> datetime:
        """Return the time in UTC of an accepted value. Raises ValueError if it is not a time."""
        raise NotImplementedError

    def derived(self, value: Any) -> Any:
        """Return the result of a JMESPath expression as a value to accept."""
        return value

    operators: frozenset[str] = frozenset()
    """The operators of updates that are specific to the type."""
    without_parts: str = ""
    """The reason why it has no parts with paths of their own, if its name is not reason enough."""

    # --- in keys
    keyable: bool = False
    """Whether it can be in a key."""
    in_keys: str = ""
    """What its text in keys is, in words."""
    countable: bool = False
    """Whether it can count the changes of an item, as a version does."""
    keeps_order: bool = False
    """Whether its texts sort as its values do, whatever else is in the key."""
    begins_as_text: bool = False
    """Whether a range takes the beginning of its text, which is not a value, as it is."""
    is_integer: bool = False
    """Whether its text is digits only, up to 21 of them."""

    def has_one_width(self, spec: AttributeSpec) -> bool:
        """Return whether all values have the same length in a key, and sort like the values.

        For example, whole numbers from 0 up do, if `padding` has at least the digits of `max`.
        """
        return False

    @property
    def is_text(self) -> bool:
        """Whether it can be in keys, and is stored as text in its own field as well."""
        return self.keyable and self.kind == "S"

    @property
    def is_free_text(self) -> bool:
        """Whether its texts are free text, which keys may lowercase and run together."""
        return self.is_text and not self.keeps_order

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers in Python too, so that they can be added and padded."""
        return self.kind == "N" and not self.expires

    @staticmethod
    def key_text(value: Any, /) -> str:
        """Return the text of a value in a key."""
        raise NotImplementedError

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return the value of a text in a key, in whatever case. Raises ValueError."""
        raise NotImplementedError

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Return a regular expression for all texts in keys."""
        return ".*?"

    def key_number(self, value: Any) -> Any:
        """Return the number of a value in a `cast: number` key. Raises ValueError."""
        raise NotImplementedError

    castable: bool = True
    """Whether a keyable type can be in a `cast: number` key."""

    @staticmethod
    def strict_text(value: Any, /) -> str:
        """Return the text of a value in a strict key, which sorts like the values."""
        raise NotImplementedError

    def strict_value(self, text: str) -> Any:
        """Return the value of a text in a strict key. Raises ValueError."""
        raise NotImplementedError

    def choices(self, spec: AttributeSpec) -> tuple[Any, ...] | None:
        """Return all values in their order, if there are only a few; else None."""
        return None

    def may_fold(self, spec: AttributeSpec) -> bool:
        """Return whether two values can have texts that differ only in case, or run together."""
        return False

    def may_hold(self, spec: AttributeSpec, label: str) -> bool:
        """Return whether a text can contain the label that follows it in a key."""
        return False

    # --- for people
    def from_text(self, text: str) -> Any:
        """Return the value of typed text, for `accept`.

        Raises ValueError, whose text continues a sentence about the attribute.
        """
        return text

    typed_as_json: bool = False
    """Whether people type it as JSON, which `from_json` then converts."""
    json_hint: str = """write text in double quotes, as in '"text"'"""
    """How to write it, for messages about text that is not JSON."""

    def from_json(self, value: Any) -> Any:
        """Return the value of a JSON value, for `accept`. Raises ValueError as `from_text` does."""
        return value

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Return the JSON Schema of its values in JSON.

        `part` returns that of an element or a property. The caller adds what all types share.
        """
        return {}

    in_json: Callable[[Any], Any] | None = None
    """Converts a value to JSON types; None: by the value's Python class (`json_ready`)."""

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a plausible value."""
        raise NotImplementedError


UNKNOWN: Final = AttributeType()
"""The type of an attribute whose declared type is not valid."""

TYPES: Final[dict[str, AttributeType]] = {}
"""All types by name, in the order of the language; `leyden.types` fills it."""


def type_of(spec: AttributeSpec) -> AttributeType:
    """Return the type of an attribute."""
    return TYPES.get(spec.type, UNKNOWN)
