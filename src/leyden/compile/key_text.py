"""Attributes that are stored in a key's own field, as the whole text of that key.

`pk: {field: userId, template: "USER#${user_id}"}` with `user_id: {field: userId}`: the table holds
`user#u1`, and the record says `u1`. What is compared, counted or begun with is the stored text, so
a condition on such an attribute is translated, and refused where no translation says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from leyden._attrs import frozen
from leyden.keys import EntityKeys, KeyForm
from leyden.keys.form import value_of
from leyden.schema.spec import AttributeSpec
from leyden.types.base import refuse, type_of

__all__ = ["KeyText", "key_text_of"]


@frozen(eq=False)
class KeyText:
    """How the values of one attribute stand in its key's field.

    `before` and `after` are the key's text around a value, `text` makes the value's own, and
    `value` reads it back. Where `may_be_absent`, a key without a value is stored as `before` alone.
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
        """The text of a key that has no value; None where that is never stored."""
        return self.before if self.may_be_absent and self.before else None

    def write(self, value: Any) -> str:
        """The stored text of an accepted value. Raises ValidationError for an empty one."""
        inner = self.text(value)
        if not inner and not self.after and self.absent is not None:
            raise refuse(
                self.attribute.name,
                "is empty, and its key would read as one without a value; leave it out instead",
            )
        return self.fold(f"{self.before}{inner}{self.after}")

    def read(self, stored: str) -> Any:
        """The value in a stored text, None for none; other text than the key's is kept."""
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
        """A text as it will be read once it is stored: folded where the key folds."""
        settled: str = self.read(self.write(value)) if value else value
        return settled

    def part(self, text: str, place: str) -> str:
        """The text to look for in stored ones, for values that contain `text`.

        Raises ValidationError where it may be found in the key's own text.
        """
        text = self.fold(text)
        if _may_start_in(self.before, text) or _may_start_in(self.after[::-1], text[::-1]):
            raise refuse(
                place,
                "is stored with the text of its key around it, in which what is looked for may be "
                "found as well; compare the whole value, or what it begins with",
            )
        return text

    def beginning(self, text: str) -> str:
        """How the stored texts of values begin that begin with `text`."""
        return self.fold(f"{self.before}{text}")

    def refuse_order(self, place: str) -> None:
        """Raise where stored texts do not sort as the values do."""
        if self.after or not type_of(self.attribute).is_text:
            raise refuse(
                place,
                "is stored as the text of a key, which does not sort as its values do; query by "
                "that key, or compare with == or .startswith()",
            )

    def refuse_operand(self, place: str) -> None:
        """Raise where stored text would be set against that of another attribute."""
        if self.is_framed:
            raise refuse(
                place,
                "is stored with the text of its key around it, and cannot be compared with, or "
                "copied to, another attribute",
            )


def _may_start_in(around: str, text: str) -> bool:
    """Whether `text` can be found where it begins inside of `around`, whatever follows that."""
    return any(
        text.startswith(around[i:]) or around[i:].startswith(text) for i in range(len(around))
    )


def key_text_of(form: KeyForm, keys: EntityKeys) -> KeyText:
    """How the attribute stands there whose values make a whole key."""
    (segment,) = form.segments
    fold = form.fold or _kept
    attribute = segment.attribute
    kind = type_of(attribute)
    # Most are plain text, which is read as it is.
    as_it_is = kind.is_free_text and kind.choices(attribute) is None and attribute.padding is None
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
