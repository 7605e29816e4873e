"""One compiled attribute: what it accepts, and how it is written and read.

The generated functions assume that every value fits its schema. If one does not,
`decode_leniently` reads it again step by step, takes NULL as None, and says exactly what does not
fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from leyden._attrs import frozen
from leyden.errors import DecodeError
from leyden.keys import EntityKeys, KeyForm
from leyden.keys.form import value_of
from leyden.mapping.moment import Moment
from leyden.schema.spec import AttributeSpec, Bucket
from leyden.types import accept_string
from leyden.types.base import Accept, AttributeValue, UnreadableError, refuse, type_of
from leyden.types.lacking import has_properties, lacking_properties
from leyden.types.normal import part_form
from leyden.types.union import readable_parts


@frozen(eq=False)
class KeyText:
    """How the values of an attribute are stored in a key's field.

    `before` and `after` are the key's text around a value. `text` returns the text of a value, and
    `value` reads it back. If `may_be_absent`, a key without a value is stored as `before` alone.
    """

    attribute: AttributeSpec
    before: str
    after: str
    fold: Callable[[str], str]
    text: Callable[[Any], str]
    value: Callable[[str], Any]
    may_be_absent: bool

    @property
    def is_framed(self) -> bool:
        """Whether there is text around the values."""
        return bool(self.before or self.after)

    @property
    def absent(self) -> str | None:
        """The text of a key without a value; None if such a key is never stored."""
        return self.before if self.may_be_absent and self.before else None

    def write(self, value: Any) -> str:
        """Return the stored text of an accepted value. Raises ValidationError for an empty one."""
        inner = self.text(value)
        if not inner and not self.after and self.absent is not None:
            raise refuse(
                self.attribute.name,
                "is empty, and its key would read as one without a value; leave it out instead",
            )
        return self.fold(f"{self.before}{inner}{self.after}")

    def read(self, stored: str) -> Any:
        """Return the value in a stored text, or None; text that is not the key's own is kept."""
        start, end = 0, len(stored)
        if self.before and stored[: len(self.before)].lower() == self.before.lower():
            start = len(self.before)
            if start == end and self.may_be_absent:
                return None
        ending = len(self.after)
        if ending and start + ending <= end and stored[-ending:].lower() == self.after.lower():
            end -= ending
        inner = stored[start:end]
        return self.value(inner)

    def settled(self, value: str) -> str:
        """Return a text as it reads after it was stored: with the case that the key gives it."""
        settled: str = self.read(self.write(value)) if value else value
        return settled

    def part(self, text: str, place: str) -> str:
        """Return the text to search in stored texts for values that contain `text`.

        Raises ValidationError if it could match the key's own text.
        """
        text = self.fold(text)
        if _may_start_in(self.before, text) or _may_start_in(self.after[::-1], text[::-1]):
            raise refuse(
                place,
                "is stored with the text of its key around it, which may contain the text that you "
                "look for; compare the whole value, or its beginning",
            )
        return text

    def beginning(self, text: str) -> str:
        """Return the beginning of the stored texts of values that begin with `text`."""
        return self.fold(f"{self.before}{text}")

    def refuse_order(self, place: str) -> None:
        """Raise ValidationError if stored texts do not sort as the values do."""
        if self.after or not type_of(self.attribute).is_text:
            raise refuse(
                place,
                "is stored as the text of a key, which does not sort as its values do; query by "
                "that key, or compare with == or .startswith()",
            )

    def refuse_operand(self, place: str) -> None:
        """Raise ValidationError if the stored text cannot be compared with another attribute."""
        if self.is_framed:
            raise refuse(
                place,
                "is stored with the text of its key around it, and cannot be compared with, or "
                "copied to, another attribute",
            )


def _may_start_in(around: str, text: str) -> bool:
    """Return whether a match of `text` can begin inside `around`, whatever follows it."""
    return any(
        text.startswith(around[i:]) or around[i:].startswith(text) for i in range(len(around))
    )


def key_text_of(form: KeyForm, keys: EntityKeys) -> KeyText:
    """Return how a key's field stores the only attribute of the key."""
    (segment,) = form.segments
    fold = form.fold or _kept
    attribute = segment.attribute
    kind = type_of(attribute)
    # Most attributes are plain text, which needs no conversion.
    as_it_is = kind.is_free_text and kind.choices(attribute) is None and attribute.padding is None
    as_it_is = as_it_is and not isinstance(attribute.derive, Bucket)
    return KeyText(
        attribute,
        fold(segment.label),
        fold(form.suffix),
        fold,
        segment.text,
        _kept if as_it_is else partial(value_of, attribute),
        form.field not in keys.primary.fields,
    )


def _kept(text: str) -> str:
    return text


Fill: TypeAlias = Callable[[Any, Moment], Any]
Rework: TypeAlias = Callable[[Any, Mapping[str, Any]], Any]


class CompiledAttribute:
    """One attribute, or an element or a property of a container.

    `path` is its place by names (`detail.effort`, `history[]`), and `segments` its place in the
    stored item, None below a list. `items` is the element of a typed list or set, and `properties`
    are those of a typed map; otherwise they are None.

    >>> task.attributes["points"].accept(5.0)               # doctest: +SKIP
    5
    >>> task.attributes["points"].encode(5)                 # doctest: +SKIP
    {'N': '5'}
    """

    __slots__ = (
        "apply_get",
        "apply_set",
        "check",
        "constrain",
        "encode",
        "entity",
        "fill_defaults",
        "has_form",
        "items",
        "key_text",
        "kind",
        "operand",
        "path",
        "plain",
        "properties",
        "read",
        "segments",
        "spec",
        "tag",
        "type",
        "variants",
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
        variants: Mapping[str, CompiledAttribute] | None = None,
        tag: CompiledAttribute | None = None,
    ) -> None:
        self.spec = spec
        self.path = path
        self.segments = segments
        self.entity = entity
        self.items = items
        self.properties = properties
        self.variants = variants
        """The variants of a union by name, each a map at the same place."""
        self.tag = tag
        """The property that names the variant of a value, as an enum of all variants."""
        self.type = type_of(spec)
        self.kind = self.type.stored_kind(spec)
        """The kind of AttributeValue that stores it; empty if the value decides."""
        parts = [*(properties or {}).values(), *(variants or {}).values()]
        parts += () if items is None else (items,)
        self.has_form: bool = (
            bool(spec.normalize)
            or isinstance(spec.derive, Bucket)
            or any(part.has_form for part in parts)
        )
        """Whether `check` normalizes its texts, or texts inside it."""
        self.check: Accept
        """Checks the type and returns the normal form, without the attribute's constraints."""
        self.constrain: Callable[[Any, str], None] | None = None
        self.fill_defaults: Fill | None = None
        """Fills in defaults of maps; None if there are none."""
        self.apply_set: Rework | None = None
        """Applies `set` hooks; None if there are none."""
        self.apply_get: Rework | None = None
        """Drops hidden properties and applies `get` hooks; None if there are neither."""
        self.key_text: KeyText | None = None
        """How a key's field stores its values; None if it has a field of its own."""
        self.encode: Callable[[Any], AttributeValue]
        """Returns the AttributeValue of an accepted value."""
        self.read: Callable[[AttributeValue], Any]
        """Decodes quickly; it may raise any exception for a value that does not fit."""
        self.plain: Callable[[Any], Any]
        """Returns an accepted value as JMESPath sees it."""
        self.write_codec: Callable[[], object] | None = None
        """Sets `encode` and `read` of all attributes of the entity."""
        self.operand: Any = None
        """The operand of conditions, once one was used; see `operand_of`."""

    def __getattr__(self, name: str) -> Any:
        # Python calls this for slots that are not set. A codec is written at its first use, because
        # most processes that load a service use one or two of its entities.
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
        """Check a value and return its normal form.

        `path` is its place for messages, by default the attribute's own path. `constraints=False`
        checks the type only, as for values that are compared, added or appended. `moment` is the
        time that defaults inside maps share with the rest of the write. Raises ValidationError with
        `path`, or UnknownAttributeError for a property that a map does not have.
        """
        if path is None:
            path = self.path
        if self.fill_defaults is not None:
            value = self.fill_defaults(value, moment or Moment())
        value = self.check(value, path)
        if constraints and self.constrain is not None:
            self.constrain(value, path)
        return value

    def part(self, text: Any, path: str, *, at_start: bool) -> str:
        """Return a text as it occurs inside stored texts, or at their start.

        Raises ValidationError if it is not a string.
        """
        part = accept_string(text, path)
        if isinstance(self.spec.derive, Bucket):
            return part.upper()
        return part_form(self.spec.normalize, at_start=at_start)(part) if self.has_form else part

    def decode(self, value: AttributeValue) -> Any:
        """Return the Python value of a stored value; NULL is None. Raises DecodeError."""
        try:
            return self.read(value)
        except Exception:
            return decode_leniently(self, value, ".".join(self.segments or (self.path,)))

    def __repr__(self) -> str:
        return f"<{self.entity}.{self.path}: {self.spec.type}>"

    def __copy__(self) -> CompiledAttribute:
        return self

    def __deepcopy__(self, memo: object) -> CompiledAttribute:
        # PynamoDB copies the attributes of index classes, but they share this object.
        return self


def decode_leniently(attribute: CompiledAttribute, value: Any, where: str) -> Any:
    """Return the Python value of a stored value; NULL is None.

    Raises DecodeError, whose `field` is the place in the item that cannot be read.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _unreadable(attribute, where, "is not a typed AttributeValue")
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
    if kind == "M" and has_properties(attribute) and isinstance(inner, Mapping):
        properties: Mapping[str, Any] | None = attribute.properties
        if properties is None:
            properties = _parts_of_variant(attribute, inner, where)
        found = {}
        for name, part in properties.items():
            if part.spec.field in inner:
                item = decode_leniently(part, inner[part.spec.field], f"{where}.{part.spec.field}")
                if item is not None:
                    found[name] = item
        return lacking_properties(properties)(found, inner)
    try:
        return attribute.read(dict(value))
    except UnreadableError as error:
        raise _unreadable(attribute, where, str(error)) from None
    except Exception as error:
        reason = f"cannot be read as {attribute.spec.type} ({type(error).__name__})"
        raise _unreadable(attribute, where, reason) from None


def _parts_of_variant(
    attribute: CompiledAttribute, stored: Mapping[str, Any], where: str
) -> Mapping[str, Any]:
    """Return the properties of the variant that a stored value of a union is."""
    tag, tagged = attribute.tag, None
    if tag is not None and tag.spec.field in stored:
        tagged = decode_leniently(tag, stored[tag.spec.field], f"{where}.{tag.spec.field}")
    return readable_parts(attribute, tagged)


def _unreadable(attribute: CompiledAttribute, where: str, reason: str) -> DecodeError:
    return DecodeError(f'the stored field "{where}" {reason}', field=where, entity=attribute.entity)
