"""What an attribute type is: everything that the layers ask of it, in one object.

A type of the schema language is one class here and nowhere else. Each layer asks it for what the
layer needs: the schema for its options and literals, keys for the text of its values, the codec for
its source, the command line for what people type. A capability without a value in
`AttributeType` has to be given by every type; the others say what holds for most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from leyden.errors import ValidationError

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec

AttributeValue: TypeAlias = dict[str, Any]
"""One typed value as DynamoDB's low-level API has it: `{"S": "a"}`, `{"N": "1"}`."""

Item: TypeAlias = dict[str, AttributeValue]
"""A stored item: typed values by field name."""

Accept: TypeAlias = Callable[[Any, str], Any]
"""A value and its place into the value's normal form; raises ValidationError."""

PartSchema: TypeAlias = "Callable[[AttributeSpec], dict[str, Any]]"
"""Gives the JSON Schema of an attribute's values."""

MAX_DEPTH: Final = 32
"""How many lists and maps DynamoDB lets stand inside each other."""


class UnreadableError(ValueError):
    """A stored value that does not fit its type; its text says why, without the value."""


class WrongLiteralError(ValueError):
    """A literal of a schema that is not what its type wants; its text names what that is."""


def refuse(path: str, message: str) -> ValidationError:
    """The error for a value at `path`; the message continues the sentence `"path" ...`."""
    return ValidationError(f'"{path}" {message}', path=path)


def wrong_type(path: str, wanted: str, value: Any, hint: str = "") -> ValidationError:
    """The error for a value of another Python type than `wanted`, which is `a str` or the like."""
    given = "None" if value is None else type(value).__name__
    return refuse(path, f"must be {wanted}, not {given}{hint}")


def unchanged(value: Any) -> Any:
    """The value itself."""
    return value


class Compiled(Protocol):
    """What types need to know of a compiled attribute; containers ask their parts."""

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
    """Where generated source finds the objects that it uses."""

    def name(self, stem: str, value: Any) -> str:
        """A global name for an object."""


class Likely(Protocol):
    """Plausible values by an attribute's name, from which types make their samples."""

    number: int

    def text(self) -> str: ...  # noqa: D102
    def amount(self) -> float: ...  # noqa: D102
    def truth(self) -> bool: ...  # noqa: D102
    def instant(self) -> datetime: ...  # noqa: D102
    def expiry(self) -> datetime: ...  # noqa: D102
    def part(self, spec: AttributeSpec, further: int = 0) -> Any: ...  # noqa: D102
    def word(self) -> str: ...  # noqa: D102


class Static(Protocol):
    """A module of static types, which `leyden types` writes; a type adds its own text to it."""

    def imported(self, module: str, name: str) -> str:
        """The text that names something of a module, which is imported for it."""

    def choice(self, spec: AttributeSpec) -> str:
        """The name of the literal type that an enum's values are."""

    def shape(self, spec: AttributeSpec, *, given: bool) -> str:
        """The name of the dict type that a map's properties are."""

    def places(self, spec: AttributeSpec, properties: Mapping[str, AttributeSpec]) -> str:
        """The name of the class that an attribute with these properties is in conditions."""

    def part(self, spec: AttributeSpec, *, given: bool = False, name: str | None = None) -> str:
        """The type of an attribute, or of a part of one; `given` as calls take it.

        `name` is for a part whose own name does not tell it from its neighbours.
        """

    def operand(self, spec: AttributeSpec) -> str:
        """The class of an attribute, or of a part of one, in conditions."""


class AttributeType:
    """One type of the schema language. `spec` is always the attribute that has the type."""

    name: str = ""
    """Its name in schemas; an enum's is written as the list of its values instead."""
    meaning: str = ""
    """What its values are, and in Python, in one sentence; editors show it."""
    example: str = ""
    """An attribute of the type, as YAML has it."""

    # --- in schemas
    also_called: tuple[str, ...] = ()
    """What other languages call it, for the question what was meant."""
    options: frozenset[str] = frozenset()
    """The options that it has and others do not."""
    needs: frozenset[str] = frozenset()
    """Those of its options without which it says too little."""
    wanted: str = "a value"
    """What a literal of it is, as messages say it."""
    generates: frozenset[str] = frozenset()
    """What `generate` can make for it."""
    holds_anything: bool = False
    """Whether its values have any shape, None among them."""
    in_expressions: str | None = None
    """What JMESPath sees, in words; None for anything."""
    whole_limits: bool = False
    """Whether `min` and `max` must be whole numbers, as its values are."""
    expires: bool = False
    """Whether DynamoDB's time to live is meant to read it."""
    in_sets: bool = False
    """Whether a set can hold it."""

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """The Python value of a scalar in a schema, which stands there as `written`.

        Raises WrongLiteralError for another kind of value, and ValueError, whose text continues a
        sentence about the place, for one that cannot be.
        """
        raise WrongLiteralError(self.wanted)

    # --- in the table
    kind: str = ""
    """`S`, `N`, `BOOL`, `B`, `L` or `M`, DynamoDB's letter; empty where the value decides."""
    write: str = ""
    """Source for what is inside of an AttributeValue, of the accepted value `{0}`."""
    read: str = ""
    """Source for the value, of what is inside of an AttributeValue, `{0}`."""
    normal: str | None = None
    """Source that tells whether `value` is its own normal form for certain; None: ask `check`."""
    source_names: Mapping[str, Any] = {}
    """What `write` and `read` call."""
    pynamodb: str = ""
    """The class of PynamoDB's that it is, where the kind does not say it."""

    def stored_kind(self, spec: AttributeSpec) -> str:
        """The kind of AttributeValue that stores an attribute."""
        return self.kind

    def read_source(self, spec: AttributeSpec, inner: str, names: Names) -> str:
        """Source for the value, of the source for what is inside of an AttributeValue."""
        return self.read.format(inner)

    def normal_source(self, spec: AttributeSpec, names: Names) -> str | None:
        """`normal`, for one attribute."""
        return self.normal

    # --- in Python
    python: Any = Any
    """The class of its values in records, as an annotation."""
    fixed: bool = False
    """Whether nothing that calls take for it can change later, as lists and a `bytearray` can."""

    def annotation(self, spec: AttributeSpec) -> Any:
        """`python`, for one attribute."""
        return self.python

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """The type of its values in records, as source text."""
        raise NotImplementedError

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """The type of what calls take for it, as source text."""
        return self.static(spec, text)

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """What it is in conditions: a class of `leyden.typed.static.conditions`, as source text."""
        return f"typed.Sized[{self.static_given(spec, text)}]"

    @staticmethod
    def accept(value: Any, path: str, /) -> Any:
        """The value in its normal form. Raises ValidationError."""
        raise NotImplementedError

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """`accept`, for one attribute; `depth` counts the containers around it, and itself."""
        return self.accept

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """The function from an accepted value to what JMESPath sees: JSON's types only."""
        return unchanged

    def size(self, value: Any) -> Any:
        """What `min` and `max` bound."""
        return value

    def now(self, instant: datetime) -> Any:
        """The present instant as a value."""
        return instant

    tells_time: bool = False
    """Whether its values can be times, as those are that `generate: now` makes."""

    def instant(self, value: Any) -> datetime:
        """The time in UTC that an accepted value tells. Raises ValueError where it tells none."""
        raise NotImplementedError

    def derived(self, value: Any) -> Any:
        """What a JMESPath expression gave, as a value to accept."""
        return value

    operators: frozenset[str] = frozenset()
    """The operators of updates that it has and others do not."""
    without_parts: str = ""
    """Why it has no parts with a path of their own, where its name does not say it."""

    # --- in keys
    keyable: bool = False
    """Whether it can be in a key."""
    in_keys: str = ""
    """What its text in keys stands for, in words."""
    countable: bool = False
    """Whether it can count the changes of an item."""
    keeps_order: bool = False
    """Whether its texts sort as its values do, whatever else is in the key."""
    begins_as_text: bool = False
    """Whether the beginning of its text is no value, so that a range is given it as it is."""
    is_integer: bool = False
    """Whether its text is digits only, up to 21 of them."""

    def has_one_width(self, spec: AttributeSpec) -> bool:
        """Whether all values are as long as each other in a key, and sort there as they do.

        Whole numbers from 0 up do, where `padding` has no fewer digits than `max`.
        """
        return False

    @property
    def is_text(self) -> bool:
        """Whether it can be in keys and is stored there as it is in its own field: as text."""
        return self.keyable and self.kind == "S"

    @property
    def is_free_text(self) -> bool:
        """Whether its texts are words of people's own, which keys fold and run together."""
        return self.is_text and not self.keeps_order

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers in Python too, to be added up and padded."""
        return self.kind == "N" and not self.expires

    @staticmethod
    def key_text(value: Any, /) -> str:
        """The text that stands for a value in a key."""
        raise NotImplementedError

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """The value of a text in a key, folded or not. Raises ValueError."""
        raise NotImplementedError

    def key_pattern(self, spec: AttributeSpec) -> str:
        """A regular expression for all texts in keys."""
        return ".*?"

    def key_number(self, value: Any) -> Any:
        """The number of a value in a `cast: number` key. Raises ValueError where it has none."""
        raise NotImplementedError

    castable: bool = True
    """Whether a keyable type can be in a key that is a number."""

    @staticmethod
    def strict_text(value: Any, /) -> str:
        """The text in a strict key: it sorts as the values do."""
        raise NotImplementedError

    def strict_value(self, text: str) -> Any:
        """The value of a text in a strict key. Raises ValueError."""
        raise NotImplementedError

    def choices(self, spec: AttributeSpec) -> tuple[Any, ...] | None:
        """All values, in their order, where they are few."""
        return None

    def may_fold(self, spec: AttributeSpec) -> bool:
        """Whether two values may have texts that differ in case only, or that run together."""
        return False

    def may_hold(self, spec: AttributeSpec, label: str) -> bool:
        """Whether a text may hold the label that stands behind it in a key."""
        return False

    # --- for people
    def from_text(self, text: str) -> Any:
        """The value that was typed, for `accept`.

        Raises ValueError, whose text continues a sentence about the attribute.
        """
        return text

    typed_as_json: bool = False
    """Whether it is typed as JSON; then `from_json` takes it on."""
    json_hint: str = """write text in double quotes, as in '"text"'"""
    """How to write it, where what was typed is no JSON."""

    def from_json(self, value: Any) -> Any:
        """What JSON said, for `accept`. Raises ValueError as `from_text` does."""
        return value

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """A JSON Schema of what JSON shows of its values, and takes for them.

        `part` gives that of an element or a property. What holds for all types is added to it.
        """
        return {}

    in_json: Callable[[Any], Any] | None = None
    """Makes of a value what JSON shows; None: what its Python class asks for (`as_json`)."""

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """A plausible value."""
        raise NotImplementedError


UNKNOWN: Final = AttributeType()
"""The type of an attribute whose type was refused."""

TYPES: Final[dict[str, AttributeType]] = {}
"""All types by name, in the order of the language; `leyden.types` fills it."""


def type_of(spec: AttributeSpec) -> AttributeType:
    """The type of an attribute."""
    return TYPES.get(spec.type, UNKNOWN)
