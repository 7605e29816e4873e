"""One half of an index key: how it is built from values, and read back into them."""

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
"""A key in Python: text, or a number where the key field is one."""

Values: TypeAlias = Mapping[str, Any]

Fold: TypeAlias = Callable[[str], str]

_CASING: dict[str, Fold | None] = {
    "default": str.lower,
    "lower": str.lower,
    "upper": str.upper,
    "none": None,
}


class Beginning(str):
    """The beginning of a value's text, where a range starts: `2026-02` of a timestamp."""

    __slots__ = ()


@frozen
class Segment:
    """A composite attribute in a key, and the exact text in front of its value."""

    attribute: AttributeSpec
    label: str
    text: Callable[[Any], str] = field(eq=False, repr=False)

    @property
    def name(self) -> str:
        """The attribute's name."""
        return self.attribute.name


@frozen(slots=False)
class KeyForm:
    """How one key field is written.

    `prefix` comes first, then each segment, then `suffix` (the closing literal of a template)
    and `postfix` (entity and version, in clustered sort keys). `bare` marks a field in which an
    attribute itself is stored, as the whole text of the key; `numeric` one that holds a number
    instead of text.
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
        """The composite attributes' names, in the order in which they stand in the key."""
        return tuple(segment.name for segment in self.segments)

    @cached_property
    def fold(self) -> Fold | None:
        """The function that folds case, or None where case is kept."""
        return None if self.strict else _CASING[self.casing]

    @cached_property
    def _plan(self) -> tuple[tuple[str, str, Callable[[Any], str]], ...]:
        return tuple((segment.name, segment.label, segment.text) for segment in self.segments)

    @cached_property
    def _ending(self) -> str:
        return self.suffix + self.postfix

    @cached_property
    def _whole(self) -> tuple[str, tuple[tuple[str, Callable[[Any], str]], ...], Fold | None]:
        """What makes a complete key: its text with `%s` where values go, and what makes these."""
        fixed = [self.prefix, *(label for _, label, _ in self._plan), self._ending]
        first, *labels, ending = [text.replace("%", "%%") for text in fixed]
        layout = first + "".join(f"{label}%s" for label in labels) + ending
        return layout, tuple((segment.name, segment.text) for segment in self.segments), self.fold

    @cached_property
    def text_of_absent(self) -> str:
        """The key of an item that has none of the composites: the text up to the first label.

        Empty where such a key cannot be: it would be a number, or an attribute's own value.
        """
        return "" if self.numeric else str(self.build({}))

    def missing(self, values: Values) -> tuple[str, ...]:
        """The composite attributes that have no value."""
        return tuple(name for name in self.names if values.get(name) is None)

    def build(self, values: Values) -> KeyValue | None:
        """The key as a write stores it; up to the label of the first missing value.

        None where a numeric key has no value.
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
        """The key as a write stores it; None where a value is missing."""
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
        """The key up to the last given value, without the label of the next one.

        A range starts or ends there. `closed` adds the postfix where all values are given.
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
        """The number that a numeric key is; None where it has no value.

        Raises ValueError for text that starts with no whole number.
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
        """The values in a complete key; text that was folded stays folded.

        Raises ValueError where the key was not made by this form.
        """
        if self.numeric:
            return {self.names[0]: key}
        if not isinstance(key, str):
            raise ValueError("a text key is not a string")
        found = self._texts(key)
        if found is None:
            raise ValueError(f'the key field "{self.field}" does not have the form {self.shape}')
        return self._values_in(found)

    def parse_beginning(self, key: KeyValue) -> dict[str, Any]:
        """The values in a key that may end before its last one: behind a value, or a label.

        Raises ValueError where the key was not made by this form.
        """
        if self.numeric or not isinstance(key, str):
            return self.parse(key)
        fold = self.fold or str
        labels = [re.escape(fold(segment.label)) for segment in self.segments]
        # A label at the end says that the value behind it is missing.
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
        """The values of the first segments, of their texts."""
        values: dict[str, Any] = {}
        for segment, text in zip(self.segments, found, strict=False):
            kind = type_of(segment.attribute)
            value = kind.strict_value(text) if self.strict else value_of(segment.attribute, text)
            if values.setdefault(segment.name, value) != value:
                raise ValueError(f'the key field "{self.field}" has two values of "{segment.name}"')
        return values

    def owns(self, key: KeyValue) -> bool:
        """Whether the key, complete or not, starts as all keys of this form do."""
        if self.numeric or not isinstance(key, str):
            return self.numeric and not isinstance(key, str)
        start = self._folded([self.prefix, *(s.label for s in self.segments[:1])])
        if self.template:
            return key == start or self._texts(key) is not None
        return key.startswith(start) and key.endswith(self._folded([self.postfix]))

    def is_ambiguous(self, values: Values) -> bool:
        """Whether the key of these values, which must be complete, reads back as others."""
        if not self.may_be_ambiguous:
            return False
        texts = [text(values[name]) for name, _, text in self._plan]
        if not self.template:
            # What comes before the next label must not hold that label.
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
        """Whether there are values whose key reads back as others."""
        if self.numeric or self.strict or len(self.segments) < 2:
            return False
        return self.template or any(
            type_of(segment.attribute).may_hold(segment.attribute, following.label)
            for segment, following in pairwise(self.segments)
        )

    @cached_property
    def can_collide(self) -> bool:
        """Whether two items with different values may have the same key here."""
        if self.strict or self.bare or self.numeric:
            return False
        loose = [s for s in self.segments if type_of(s.attribute).may_fold(s.attribute)]
        if self.fold is None:
            return len(loose) > 1 or any(s.attribute.padding is not None for s in loose)
        return bool(loose)

    @cached_property
    def shape(self) -> str:
        """The key as a pattern for people: `$taskapp#employeeid_{employee_id}`."""
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
        """The pattern of a key up to the value of its first `count` segments."""
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
    """The segment of `attribute` with `label` in front."""
    text = type_of(attribute).strict_text if strict else text_of(attribute)
    return Segment(attribute, label, text)


def text_of(attribute: AttributeSpec) -> Callable[[Any], str]:
    """The function that turns a value of `attribute` into its text in a key, padding included."""
    text = type_of(attribute).key_text
    padding = attribute.padding
    if padding is None:
        return text
    return lambda value: pad(text(value), padding)


def value_of(attribute: AttributeSpec, text: str) -> Any:
    """The value that `text` in a key stands for; folded text stays folded.

    Raises ValueError where the text is no value of the attribute's type.
    """
    if attribute.padding is not None:
        text = unpad(text, attribute.padding)
    return type_of(attribute).key_value(attribute, text)


def pad(text: str, padding: Padding) -> str:
    """Pad on the left as JavaScript's `padStart` does; never shortens."""
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    wanted = padding.length - length
    if wanted <= 0:
        return text
    return (padding.char * wanted)[:wanted] + text


def unpad(text: str, padding: Padding) -> str:
    """Take away the filler that `pad` may have put in front; at least one character is kept."""
    if len(padding.char) != 1 or len(text) != padding.length:
        return text
    return text[:-1].lstrip(padding.char) + text[-1:]
