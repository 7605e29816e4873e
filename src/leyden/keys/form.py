"""One half of an index key: builds it from values, and reads values back from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

from leyden._attrs import field, frozen
from leyden.schema.spec import AttributeSpec, Padding
from leyden.types import type_of

KeyValue: TypeAlias = str | int | float | Decimal | bytes
"""A key in Python: a string, a number or bytes, by the type of the key field."""

Values: TypeAlias = Mapping[str, Any]

Fold: TypeAlias = Callable[[str], str]

_CASING: dict[str, Fold | None] = {
    "default": str.lower,
    "lower": str.lower,
    "upper": str.upper,
    "none": None,
}


class Beginning(str):
    """The beginning of a value's text, as the end of a range: `2026-02` for a timestamp."""

    __slots__ = ()


@frozen
class Segment:
    """A composite attribute in a key, with the exact text before its value."""

    attribute: AttributeSpec
    label: str
    text: Callable[[Any], str] = field(eq=False, repr=False)

    @property
    def name(self) -> str:
        """The attribute's name."""
        return self.attribute.name


@frozen(slots=False)
class KeyForm:
    """The form of one key field.

    A key is the `prefix`, then each segment, then `suffix` (the last literal of a template) and
    `postfix` (entity and version, in clustered sort keys). `bare` marks a key that is the field of
    an attribute itself. `numeric` marks a key that is a number instead of text. `strict` marks the
    keys of an entity with `keys: strict`, and `template` those with a template.
    """

    field: str
    prefix: str
    segments: tuple[Segment, ...]
    suffix: str = ""
    postfix: str = ""
    casing: str = "default"
    numeric: bool = False
    bare: bool = False
    template: bool = False
    strict: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the composite attributes, in the order of the key."""
        return tuple(segment.name for segment in self.segments)

    @cached_property
    def fold(self) -> Fold | None:
        """The function that changes the case of keys, or None if they keep it."""
        return None if self.strict else _CASING[self.casing]

    @cached_property
    def _plan(self) -> tuple[tuple[str, str, Callable[[Any], str]], ...]:
        return tuple((segment.name, segment.label, segment.text) for segment in self.segments)

    @cached_property
    def _ending(self) -> str:
        return self.suffix + self.postfix

    @cached_property
    def _whole(self) -> tuple[str, tuple[tuple[str, Callable[[Any], str]], ...], Fold | None]:
        """The parts of a complete key: its text with `%s` for values, and their functions."""
        fixed = [self.prefix, *(label for _, label, _ in self._plan), self._ending]
        first, *labels, ending = [text.replace("%", "%%") for text in fixed]
        layout = first + "".join(f"{label}%s" for label in labels) + ending
        return layout, tuple((segment.name, segment.text) for segment in self.segments), self.fold

    @cached_property
    def text_of_absent(self) -> str:
        """The key of an item without any of the composites: the text up to the first label.

        It is empty if there is no such key, because it is a number or an attribute's own value.
        """
        return "" if self.numeric else str(self.build({}))

    def missing(self, values: Values) -> tuple[str, ...]:
        """Return the composite attributes that have no value."""
        return tuple(name for name in self.names if values.get(name) is None)

    def build(self, values: Values) -> KeyValue | None:
        """Return the key as a write stores it, up to the label of the first missing value.

        It is None if a numeric key has no value.
        """
        if self.numeric:
            return self.number(values)
        parts = [self.prefix]
        for name, label, text in self._plan:
            parts.append(label)
            value = values.get(name)
            if value is None:
                break
            parts.append(text(value))
        else:
            parts.append(self._ending)
        return self._folded(parts)

    def complete(self, values: Values) -> KeyValue | None:
        """Return the complete key as a write stores it; None if a value is missing."""
        if self.numeric:
            return self.number(values)
        layout, plan, fold = self._whole
        texts = []
        for name, text in plan:
            value = values.get(name)
            if value is None:
                return None
            texts.append(text(value))
        key = layout % (*texts,)
        return fold(key) if fold else key

    def stem(self, values: Values, *, closed: bool = True) -> KeyValue | None:
        """Return the key up to the last given value, without the label of the next one.

        Ranges start or end there. `closed` adds the postfix if all values are given.
        """
        if self.numeric:
            return self.number(values)
        parts = [self.prefix]
        for segment in self.segments:
            value = values.get(segment.name)
            if value is None:
                break
            parts.append(segment.label)
            parts.append(value if isinstance(value, Beginning) else segment.text(value))
        else:
            if closed:
                parts.append(self.postfix)
        return self._folded(parts)

    def _folded(self, parts: list[str]) -> str:
        text = "".join(parts)
        return self.fold(text) if self.fold else text

    def number(self, values: Values) -> KeyValue | None:
        """Return the number of a numeric key; None if it has no value.

        Raises ValueError for text that does not start with a whole number.
        """
        value = values.get(self.names[0])
        if value is None:
            return None
        try:
            number: KeyValue = type_of(self.segments[0].attribute).key_number(value)
        except ValueError as error:
            raise ValueError(f'"{self.names[0]}" {error}') from None
        return number

    def parse(self, key: KeyValue) -> dict[str, Any]:
        """Return the values in a complete key. Text keeps the case that the key gave it.

        Raises ValueError if the key does not have this form.
        """
        if self.numeric:
            return {self.names[0]: key}
        if not isinstance(key, str):
            raise ValueError("the key must be a string")
        found = self._texts(key)
        if found is None:
            raise ValueError(f'the key field "{self.field}" does not have the form {self.shape}')
        return self._values_in(found)

    def parse_beginning(self, key: KeyValue) -> dict[str, Any]:
        """Return the values in a key that may end early, after a value or a label.

        Raises ValueError if the key does not have this form.
        """
        if self.numeric or not isinstance(key, str):
            return self.parse(key)
        fold = self.fold or str
        labels = [re.escape(fold(segment.label)) for segment in self.segments]
        # A label at the end means that its value is missing.
        for count, label in enumerate(labels):
            begun = re.fullmatch(self._beginning(count) + label, key, self._flags)
            if begun is not None:
                return self._values_in(list(begun.groups()))
        if self._texts(key) is None:
            for count in reversed(range(len(labels) + 1)):
                begun = re.fullmatch(self._beginning(count), key, self._flags)
                if begun is not None:
                    return self._values_in(list(begun.groups()))
        return self.parse(key)

    def _values_in(self, found: list[str]) -> dict[str, Any]:
        """Return the values of the first segments from their texts."""
        values: dict[str, Any] = {}
        for segment, text in zip(self.segments, found, strict=False):
            kind = type_of(segment.attribute)
            value = kind.strict_value(text) if self.strict else value_of(segment.attribute, text)
            if values.setdefault(segment.name, value) != value:
                raise ValueError(f'the key field "{self.field}" has two values of "{segment.name}"')
        return values

    def owns(self, key: KeyValue) -> bool:
        """Return whether the key, complete or not, starts like all keys of this form."""
        if self.numeric or not isinstance(key, str):
            return self.numeric and not isinstance(key, str)
        start = self._folded([self.prefix, *(s.label for s in self.segments[:1])])
        if self.template:
            return key == start or self._texts(key) is not None
        return key.startswith(start) and key.endswith(self._folded([self.postfix]))

    def is_ambiguous(self, values: Values) -> bool:
        """Return whether the key of these values, which must be complete, reads back as others."""
        if not self.may_be_ambiguous:
            return False
        texts = [text(values[name]) for name, _, text in self._plan]
        if not self.template:
            # The text before a label must not contain that label.
            following = [label for _, label, _ in self._plan[1:]]
            if not any(label[:1] in text for text, label in zip(texts, following, strict=False)):
                return False
            fold = self.fold or str
            if all(
                fold(text + label).find(fold(label)) == len(fold(text))
                for text, label in zip(texts, following, strict=False)
            ):
                return False
        key = self.build(values)
        assert isinstance(key, str)
        return self._texts(key) != [self._folded([text]) for text in texts]

    @cached_property
    def may_be_ambiguous(self) -> bool:
        """Whether there can be values whose key reads back as other values."""
        if self.numeric or self.strict or len(self.segments) < 2:
            return False
        return self.template or any(
            type_of(segment.attribute).may_hold(segment.attribute, following.label)
            for segment, following in pairwise(self.segments)
        )

    @cached_property
    def can_collide(self) -> bool:
        """Whether two items with different values can have the same key."""
        if self.strict or self.bare or self.numeric:
            return False
        loose = [s for s in self.segments if type_of(s.attribute).may_fold(s.attribute)]
        if self.fold is None:
            return len(loose) > 1 or any(s.attribute.padding is not None for s in loose)
        return bool(loose)

    @cached_property
    def shape(self) -> str:
        """The form in a readable way: `$taskapp#employeeid_{employee_id}`."""
        fold = self.fold or str
        inner = "".join(f"{fold(s.label)}{{{s.name}}}" for s in self.segments)
        return fold(self.prefix) + inner + fold(self.suffix + self.postfix)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        fold = self.fold or str
        ending = re.escape(fold(self.suffix + self.postfix))
        return re.compile(self._beginning(len(self.segments)) + ending, self._flags)

    @property
    def _flags(self) -> re.RegexFlag:
        return re.DOTALL if self.fold is None else re.DOTALL | re.IGNORECASE

    def _beginning(self, count: int) -> str:
        """Return the pattern of a key up to the values of its first `count` segments."""
        fold = self.fold or str
        parts = [re.escape(fold(self.prefix))]
        for segment in self.segments[:count]:
            if self.strict and not self.bare:
                inner = "[^#]*"
            elif segment.attribute.padding is not None:
                inner = ".*?"
            else:
                inner = type_of(segment.attribute).key_pattern(segment.attribute)
            parts.append(f"{re.escape(fold(segment.label))}({inner})")
        return "".join(parts)

    def _texts(self, key: str) -> list[str] | None:
        found = self._pattern.fullmatch(key)
        return list(found.groups()) if found else None


def segment_of(attribute: AttributeSpec, label: str, *, strict: bool = False) -> Segment:
    """Return the segment of `attribute` with `label` before its value."""
    text = type_of(attribute).strict_text if strict else text_of(attribute)
    return Segment(attribute, label, text)


def text_of(attribute: AttributeSpec) -> Callable[[Any], str]:
    """Return the function from a value of `attribute` to its text in a key, with padding."""
    text = type_of(attribute).key_text
    padding = attribute.padding
    if padding is None:
        return text
    return lambda value: pad(text(value), padding)


def value_of(attribute: AttributeSpec, text: str) -> Any:
    """Return the value of a text in a key. Text keeps the case that the key gave it.

    Raises ValueError if the text is not a value of the attribute's type.
    """
    if attribute.padding is not None:
        text = unpad(text, attribute.padding)
    return type_of(attribute).key_value(attribute, text)


def pad(text: str, padding: Padding) -> str:
    """Pad on the left as JavaScript's `padStart` does. It never shortens."""
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    wanted = padding.length - length
    if wanted <= 0:
        return text
    return (padding.char * wanted)[:wanted] + text


def unpad(text: str, padding: Padding) -> str:
    """Remove the padding that `pad` may have added, but keep at least one character."""
    if len(padding.char) != 1 or len(text) != padding.length:
        return text
    return text[:-1].lstrip(padding.char) + text[-1:]
