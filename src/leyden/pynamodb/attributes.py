"""PynamoDB attributes that read and write exactly as Leyden's own codec does.

They are subclasses of PynamoDB's classes for the type (a `number` is a `NumberAttribute`), with
Leyden's codec instead of PynamoDB's serialization. Operands are checked: a comparison with a value
of the wrong type raises ValidationError.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BinarySetAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import BeginsWith, Between, Condition, Contains, In
from pynamodb.expressions.update import AddAction, DeleteAction, RemoveAction
from pynamodb.indexes import Index

from leyden._calls import fitting, shorten
from leyden.errors import (
    ArgumentError,
    InputError,
    InvalidExpressionError,
    LeydenError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.paths import step_into
from leyden.pynamodb.operands import TypedIfNotExists, TypedPath, TypedSize, encrypted, own
from leyden.types.base import refuse

_ASKS: Final = (
    ".begins()",
    ".between()",
    ".contains()",
    ".is_in()",
    ".exists()",
    ".does_not_exist()",
    ".size()",
)


_MEANT: Final = {
    "beginswith": ".begins()",
    "like": ".begins() or .contains()",
    "includes": ".contains()",
    "oneof": ".is_in()",
    "in": ".is_in()",
    "isnull": ".does_not_exist()",
    "isnone": ".does_not_exist()",
    "notexists": ".does_not_exist()",
    "attributeexists": ".exists()",
    "attributenotexists": ".does_not_exist()",
    "length": ".size()",
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
}
"""The methods that callers mean by names of DynamoDB, SQL and other libraries, in one word."""


class LeydenAttribute(Attribute[Any]):
    """An attribute of an entity, or a part of one, as an operand of conditions.

    `compiled` is the attribute, `place` its path by names. Reach parts of maps and lists by index
    (`detail["effort"]`, `history[0]`) or, for properties, by name (`detail.effort`).
    """

    null = True
    compiled: CompiledAttribute
    place: str

    def serialize(self, value: Any) -> Any:
        """Return the content of the AttributeValue, or all of it if the type has no fixed kind."""
        encoded = self.compiled.encode(self.compiled.accept(value, self.place))
        return encoded[self.compiled.kind] if self.compiled.kind else encoded

    def deserialize(self, value: Any) -> Any:
        """Return the Python value of what `serialize` returned. Raises DecodeError."""
        return self.compiled.decode({self.compiled.kind: value} if self.compiled.kind else value)

    def __get__(self, instance: Any, owner: Any) -> Any:
        # The key of an index of a model is an operand as well: task.assigned.gsi2sk.
        return self if isinstance(instance, Index) else super().__get__(instance, owner)

    def get_value(self, value: dict[str, Any]) -> Any:
        """Return the content of a stored AttributeValue. Raises DecodeError for another kind."""
        kind = self.compiled.kind
        if not kind:
            return value
        if kind not in value:
            self.compiled.decode(value)
        return value[kind]

    def _path(self) -> TypedPath:
        return TypedPath(self)

    def _compared(self, operator: str, other: Any) -> Condition:
        try:
            return own(self._path().compare(operator, other))
        except LeydenError as error:
            shorten(error)
            raise

    def __eq__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared("=", other)

    def __ne__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared("<>", other)

    def __lt__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared("<", other)

    def __le__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Condition:  # type: ignore[override]
        return self._compared(">=", other)

    __hash__ = object.__hash__

    @fitting(".between(1, 9)")
    def between(self, lower: Any, upper: Any) -> Between:
        """Return a condition for values from `lower` to `upper`, including both."""
        return own(self._path().between(lower, upper))

    @fitting('.is_in("a", "b")')
    def is_in(self, *values: Any) -> In:
        """Return a condition for any of `values`; DynamoDB takes up to 100."""
        try:
            return own(self._path().is_in(*values))
        except ValidationError as error:
            if len(values) != 1 or not isinstance(values[0], list | tuple | AbstractSet):
                raise
            raise ValidationError(
                f"{error.message}; write .is_in(a, b), or .is_in(*values) for a list",
                path=error.path,
                entity=error.entity,
            ) from None

    @fitting('.startswith("a")')
    def startswith(self, prefix: str) -> BeginsWith:
        """Return a condition for text or bytes that begin with `prefix`."""
        return own(self._path().startswith(prefix))

    @fitting('.begins("a")')
    def begins(self, prefix: str) -> BeginsWith:
        """Do the same as `startswith`, under the name that queries use."""
        return own(self._path().startswith(prefix))

    @fitting('.contains("a")')
    def contains(self, item: Any) -> Contains:
        """Return a condition for a member of a set, an element of a list, or a part of a text."""
        return own(self._path().contains(item))

    @fitting(".exists()")
    def exists(self) -> Condition:  # type: ignore[override]
        """Return a condition that the item has the attribute."""
        return own(self._path().is_there())

    @fitting(".does_not_exist()")
    def does_not_exist(self) -> Condition:  # type: ignore[override]
        """Return a condition that the item does not have the attribute."""
        return own(self._path().is_not_there())

    @fitting(".size()")
    def size(self) -> TypedSize:
        """Return the size, to compare with a number: characters, bytes, members or elements."""
        return TypedSize(self._path())

    @fitting('.is_type("S")')
    def is_type(self, kind: str | None = None) -> Any:
        """Return a condition on the stored type (`S`, `N`, ...), by default the attribute's own."""
        kind = kind or self.compiled.kind
        if not kind:
            raise refuse(self.place, "has no stored type of its own; name one, as in is_type('S')")
        return own(self._path().is_type(kind))

    @fitting("task.attr.price + 5")
    def __add__(self, other: Any) -> Any:
        return self._path() + other

    def __radd__(self, other: Any) -> Any:
        return other + self._path()

    @fitting("task.attr.price - 5")
    def __sub__(self, other: Any) -> Any:
        return self._path() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self._path()

    @fitting("task.attr.count | 10")
    def __or__(self, other: Any) -> TypedIfNotExists:
        return self._path().__or__(other)

    def __and__(self, other: Any) -> Any:
        raise self._unparenthesised("&")

    __rand__ = __and__

    def __ror__(self, other: Any) -> Any:
        raise self._unparenthesised("|")

    def _unparenthesised(self, operator: str) -> ArgumentError:
        # Python binds & and | closer than comparisons.
        return ArgumentError(
            f'"{self.place}" is next to {operator} without parentheses; write '
            f"(task.attr.a == 1) {operator} (task.attr.{self.place} > 3)",
            entity=self.compiled.entity,
        )

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        """Raise ArgumentError, because an attribute is not a function."""
        raise ArgumentError(
            f'"{self.place}" is an attribute, not a method; compare it, as in '
            f"task.attr.{self.place} == ..., or use {', '.join(_ASKS)}",
            entity=self.compiled.entity,
        )

    @fitting('.append(["a"])')
    def append(self, other: Iterable[Any]) -> Any:
        """Return the list with the elements of `other` at its end."""
        return self._path().append(other)

    @fitting('.prepend(["a"])')
    def prepend(self, other: Iterable[Any]) -> Any:
        """Return the list with the elements of `other` at its start."""
        return self._path().prepend(other)

    @fitting(".set(value)")
    def set(self, value: Any) -> Any:
        """Return the action that sets the attribute."""
        return self._path().set(value)

    @fitting(".add(1)")
    def add(self, *values: Any) -> AddAction:
        """Return the action that adds to a number, or adds members to a set."""
        return self._path().add(*values)

    @fitting(".remove()")
    def remove(self) -> RemoveAction:
        """Return the action that removes the attribute."""
        return self._path().remove()

    @fitting('.delete("a")')
    def delete(self, *values: Any) -> DeleteAction:
        """Return the action that removes members of a set."""
        return self._path().delete(*values)

    def __getitem__(self, item: int | str) -> LeydenAttribute:  # type: ignore[override]
        leaf, segments, place = step_into(self.compiled, tuple(self.attr_path), self.place, item)
        return pynamodb_attribute(leaf, segments, place=place)

    def __getattr__(self, name: str) -> LeydenAttribute:
        if name.startswith("_") or "compiled" not in self.__dict__:
            raise AttributeError(name)
        try:
            return self[name]
        except (InvalidExpressionError, UnknownAttributeError) as error:
            missing = self._no_part(name, error)
            shorten(missing)
            raise missing from None

    def __contains__(self, item: object) -> bool:
        """Raise ArgumentError, because Python turns the result of `in` into a bool."""
        raise ArgumentError(
            f'Python\'s `in` does not work on "{self.place}"; write .contains(...)',
            entity=self.compiled.entity,
        )

    def _no_part(self, name: str, error: InputError) -> UnknownAttributeError:
        """Return the error for a name that is neither a part nor a method."""
        meant = _MEANT.get(name.replace("_", ""))
        if meant is not None:
            hint = f"; did you mean {meant}?"
        elif self.compiled.type.in_expressions == "a map":
            hint = ""
        else:
            hint = f"; compare it, or use {', '.join(_ASKS)}"
        return UnknownAttributeError(f"{error.message}{hint}", entity=error.entity)

    def __repr__(self) -> str:
        return f"<{self.compiled.entity}.{self.place}: {self.compiled.spec.type}>"


class StringAttribute(LeydenAttribute, UnicodeAttribute):
    """A `string` or an `enum`."""


class JsonAttribute(LeydenAttribute, JSONAttribute):
    """A `json`: any JSON value in one string."""


class TimestampAttribute(LeydenAttribute, UTCDateTimeAttribute):
    """A `timestamp`."""


class ExactNumberAttribute(LeydenAttribute, NumberAttribute):
    """A `number`, an `integer`, a `decimal` or a `ttl`."""


class TrueFalseAttribute(LeydenAttribute, BooleanAttribute):
    """A `boolean`."""


class BytesAttribute(LeydenAttribute, BinaryAttribute):
    """A `binary`."""

    legacy_encoding = False


class StringSetAttribute(LeydenAttribute, UnicodeSetAttribute):
    """A `set` of strings, enums or timestamps."""


class ExactNumberSetAttribute(LeydenAttribute, NumberSetAttribute):
    """A `set` of numbers, integers or decimals."""


class BytesSetAttribute(LeydenAttribute, BinarySetAttribute):
    """A `set` of binaries."""

    legacy_encoding = False


class TypedListAttribute(LeydenAttribute):
    """A `list`, whose values are plain Python lists."""

    attr_type = "L"


class TypedMapAttribute(LeydenAttribute):
    """A `map`, whose values are plain dicts by property name."""

    attr_type = "M"


class EncryptedAttribute(LeydenAttribute):
    """An encrypted attribute. The table only knows whether an item has it."""

    attr_type = "B"

    def _path(self) -> TypedPath:
        raise encrypted(self.compiled, self.place)

    @fitting(".exists()")
    def exists(self) -> Condition:  # type: ignore[override]
        """Return a condition that the item has the attribute."""
        return own(TypedPath(self).is_there())

    @fitting(".does_not_exist()")
    def does_not_exist(self) -> Condition:  # type: ignore[override]
        """Return a condition that the item does not have the attribute."""
        return own(TypedPath(self).is_not_there())


class AnyAttribute(LeydenAttribute):
    """An `any`, or a set of any members; the value decides how it is stored."""

    attr_type = ""


_BY_CLASS: Final[dict[str, type[LeydenAttribute]]] = {
    "JSON": JsonAttribute,
    "UTCDateTime": TimestampAttribute,
}
_BY_KIND: Final[dict[str, type[LeydenAttribute]]] = {
    "S": StringAttribute,
    "N": ExactNumberAttribute,
    "BOOL": TrueFalseAttribute,
    "B": BytesAttribute,
    "SS": StringSetAttribute,
    "NS": ExactNumberSetAttribute,
    "BS": BytesSetAttribute,
    "L": TypedListAttribute,
    "M": TypedMapAttribute,
    "": AnyAttribute,
}


def operand_of(attribute: CompiledAttribute) -> LeydenAttribute:
    """Return an attribute as an operand of conditions and update actions, the same each time.

    Raises InvalidExpressionError for the element of a list, which has no fixed place.
    """
    if attribute.operand is None:
        if attribute.segments is None:
            raise InvalidExpressionError(
                f'"{attribute.path}" is an element of a list; say which one, as in history[0]',
                entity=attribute.entity,
            )
        attribute.operand = pynamodb_attribute(attribute, attribute.segments)
    found: LeydenAttribute = attribute.operand
    return found


def pynamodb_attribute(
    compiled: CompiledAttribute,
    segments: tuple[str, ...],
    *,
    place: str | None = None,
    hash_key: bool = False,
    range_key: bool = False,
) -> LeydenAttribute:
    """Return a PynamoDB attribute for `compiled` at the document path `segments`."""
    kind = _BY_CLASS.get(compiled.type.pynamodb) or _BY_KIND[compiled.kind]
    if compiled.spec.encrypt:
        kind = EncryptedAttribute
    attribute = kind.__new__(kind)
    # Only Attribute.__init__: those of PynamoDB's subclasses take options without meaning here.
    Attribute.__init__(attribute, hash_key=hash_key, range_key=range_key, null=True)
    attribute.attr_path = list(segments)
    attribute.compiled = compiled
    attribute.place = compiled.path if place is None else place
    return attribute
