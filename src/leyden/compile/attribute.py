"""One attribute, compiled: what it accepts, and how it is written and read.

The compiled functions read as if every value fitted its schema. Where one does not,
`decode_leniently` reads it again, step by step: it takes NULL for None, and says exactly what does
not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from leyden.compile.key_text import KeyText
from leyden.compile.moment import Moment
from leyden.errors import DecodeError
from leyden.schema.spec import AttributeSpec
from leyden.types.base import Accept, AttributeValue, UnreadableError, type_of
from leyden.types.lacking import lacking_properties

Fill: TypeAlias = Callable[[Any, Moment], Any]
Rework: TypeAlias = Callable[[Any, Mapping[str, Any]], Any]


class CompiledAttribute:
    """One attribute, or one element or property of a container.

    `path` is its place by names (`detail.effort`, `history[]`), `segments` its place in the
    stored item, None below a list. `items` is the element of a typed list or set, `properties`
    those of a typed map; both are None elsewhere.

    >>> task.attributes["points"].accept(5.0)               # doctest: +SKIP
    5
    >>> task.attributes["points"].encode(5)                 # doctest: +SKIP
    {'N': '5'}
    """

    __slots__ = (
        "check",
        "constrain",
        "encode",
        "entity",
        "fill",
        "items",
        "key_text",
        "kind",
        "operand",
        "path",
        "plain",
        "properties",
        "read",
        "reveal",
        "segments",
        "spec",
        "store",
        "type",
        "write_codec",
    )

    def __init__(
        self,
        spec: AttributeSpec,
        *,
        path: str,
        segments: tuple[str, ...] | None,
        entity: str,
        items: CompiledAttribute | None = None,
        properties: Mapping[str, CompiledAttribute] | None = None,
    ) -> None:
        self.spec = spec
        self.path = path
        self.segments = segments
        self.entity = entity
        self.items = items
        self.properties = properties
        self.type = type_of(spec)
        self.kind = self.type.stored_kind(spec)
        """The kind of AttributeValue that stores it; empty where the value decides."""
        self.check: Accept
        """Type check and normal form, without this attribute's own constraints."""
        self.constrain: Callable[[Any, str], None] | None = None
        self.fill: Fill | None = None
        """Puts defaults into maps; None where there are none below."""
        self.store: Rework | None = None
        """Applies `set` hooks; None where there are none."""
        self.reveal: Rework | None = None
        """Drops hidden properties and applies `get` hooks; None where there are neither."""
        self.key_text: KeyText | None = None
        """How its values stand in a key's own field; None where it has a field of its own."""
        self.encode: Callable[[Any], AttributeValue]
        """An accepted value, typed for the table."""
        self.read: Callable[[AttributeValue], Any]
        """The quick way back; raises anything where the value does not fit."""
        self.plain: Callable[[Any], Any]
        """An accepted value as JMESPath sees it."""
        self.write_codec: Callable[[], object] | None = None
        """Sets `encode` and `read`, of this attribute and of its entity's others."""
        self.operand: Any = None
        """It as an operand of conditions, where that was asked for: see `operand_of`."""

    def __getattr__(self, name: str) -> Any:
        # Python asks this for slots that are not set. A codec is written at first use: most
        # processes that load a service use one or two of its entities.
        if name in ("encode", "read") and self.write_codec is not None:
            self.write_codec()
            return object.__getattribute__(self, name)
        raise AttributeError(name, name=name, obj=self)

    def accept(
        self,
        value: Any,
        path: str | None = None,
        *,
        constraints: bool = True,
        moment: Moment | None = None,
    ) -> Any:
        """The value in its normal form.

        `path` says where it stands, for messages (default: the attribute's own path).
        `constraints=False` checks the type only, as for what is compared with, added or
        appended. `moment` is the time that defaults inside maps share with the rest of the
        write. Raises ValidationError with `path`, or UnknownAttributeError for a property that
        a map does not have.
        """
        if path is None:
            path = self.path
        if self.fill is not None:
            value = self.fill(value, moment or Moment())
        value = self.check(value, path)
        if constraints and self.constrain is not None:
            self.constrain(value, path)
        return value

    def decode(self, value: AttributeValue) -> Any:
        """The Python value of a stored one; NULL is None. Raises DecodeError."""
        try:
            return self.read(value)
        except Exception:
            return decode_leniently(self, value, ".".join(self.segments or (self.path,)))

    def __repr__(self) -> str:
        return f"<{self.entity}.{self.path}: {self.spec.type}>"

    def __copy__(self) -> CompiledAttribute:
        return self

    def __deepcopy__(self, memo: object) -> CompiledAttribute:
        # PynamoDB copies the attributes of index classes; what they stand for stays one.
        return self


def decode_leniently(attribute: CompiledAttribute, value: Any, where: str) -> Any:
    """The Python value of a stored one; NULL is None.

    Raises DecodeError, whose `field` is the place in the item that cannot be read.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _unreadable(attribute, where, "is no typed AttributeValue")
    ((kind, inner),) = value.items()
    if kind == "NULL":
        return None
    if attribute.kind and kind != attribute.kind:
        raise _unreadable(
            attribute,
            where,
            f"is stored as {kind}, and the schema says {attribute.spec.type} ({attribute.kind})",
        )
    if kind == "L" and attribute.items is not None and isinstance(inner, list | tuple):
        element = attribute.items
        return [decode_leniently(element, item, f"{where}[{i}]") for i, item in enumerate(inner)]
    if kind == "M" and attribute.properties is not None and isinstance(inner, Mapping):
        found = {}
        for name, part in attribute.properties.items():
            if part.spec.field in inner:
                item = decode_leniently(part, inner[part.spec.field], f"{where}.{part.spec.field}")
                if item is not None:
                    found[name] = item
        return lacking_properties(attribute.properties)(found, inner)
    try:
        return attribute.read(dict(value))
    except UnreadableError as error:
        raise _unreadable(attribute, where, str(error)) from None
    except Exception as error:
        reason = f"cannot be read as {attribute.spec.type} ({type(error).__name__})"
        raise _unreadable(attribute, where, reason) from None


def _unreadable(attribute: CompiledAttribute, where: str, reason: str) -> DecodeError:
    return DecodeError(f'the stored field "{where}" {reason}', field=where, entity=attribute.entity)
