"""Decides which index keys a write sets, begins and removes.

An index key has two halves, the partition key and the sort key. A half has all of its composite
attributes, or none; without any, its text ends with the first label. A query must find an item
whatever verbs wrote it. So once all attributes of a partition key are stored, both fields hold what
a put of the whole item would write.

A put knows the whole item. An update knows what it sets and removes, the item's own key, and what
`composite()` says; everything else is unknown. If all of a half is unknown, the write leaves the
stored half alone, and begins it if it is not stored: every verb stores a half together with its
attributes, so an item without the half has none of them. A key is never built from only the values
that happen to be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from enum import Enum
from typing import Any, Final, NamedTuple

from leyden.errors import (
    AmbiguousKeyError,
    InvalidExpressionError,
    MissingCompositeError,
    ValidationError,
)
from leyden.keys import IndexKeys, KeyForm
from leyden.mapping.entity import EntityMapping, typed_key
from leyden.types.base import Item

Values = Mapping[str, Any]


class KeyChanges(NamedTuple):
    """The key fields that a write sets, begins and removes.

    A field that it begins is set only if the stored item does not have it.
    """

    set: Item
    begin: Item
    remove: tuple[str, ...]


NO_CHANGES: Final = KeyChanges({}, {}, ())


class _Half(Enum):
    """How many attributes of a half an item has, as far as the write knows."""

    WHOLE = "all of its attributes"
    NONE = "none of them"
    SOME = "some of them, and not the others"
    UNKNOWN = "of one at least that is not known"


class Knowledge:
    """What a write knows about the item that it leaves behind.

    * `values`: attributes that the item will have.
    * `absent`: attributes that it will not have; None for a whole item, which has only `values`.
      All other attributes are unknown.
    * `changed`: attributes that the write sets or removes.
    * `made`: the values of the item if the write creates a new one; None if it only changes an
      existing one.
    * `creates`: a new item must meet the rules of a put, as with an upsert.
    * `kept`: attributes that the write sets only if the item does not have them, so their final
      values are unknown.
    """

    __slots__ = ("absent", "changed", "creates", "kept", "made", "values")

    def __init__(
        self,
        values: Values,
        absent: Collection[str] | None,
        changed: Set[str],
        made: Values | None = None,
        *,
        creates: bool = False,
        kept: Collection[str] = (),
    ) -> None:
        self.values = values
        self.absent = absent
        self.changed = changed
        self.made = made
        self.creates = creates
        self.kept = kept

    @property
    def is_whole(self) -> bool:
        """Whether the write has the whole item."""
        return self.absent is None

    def has(self, name: str) -> bool | None:
        """Return whether the item will have an attribute; None if that is unknown."""
        if name in self.values:
            return True
        return False if self.absent is None or name in self.absent else None

    def half(self, form: KeyForm) -> _Half:
        """Return how many attributes of a half the item will have."""
        found = {self.has(name) for name in form.names}
        if None in found:
            return _Half.UNKNOWN
        if False not in found:
            return _Half.WHOLE
        return _Half.SOME if True in found else _Half.NONE

    def touches(self, names: Iterable[str]) -> bool:
        """Return whether the write changes one of these attributes."""
        return not self.changed.isdisjoint(names)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return those of these attributes that are unknown."""
        return [name for name in names if self.has(name) is None]


def put_keys(mapping: EntityMapping, values: Values) -> Item:
    """Return the keys of a whole item: its own, and those of every index that it is in.

    Raises MissingCompositeError, AmbiguousKeyError.
    """
    written = own_keys(mapping, values)
    if mapping.keys.attributes_as_keys:
        refuse_empty_keys(mapping, values)
    for keys in mapping.keys.secondary:
        if None in map(values.get, keys.composites):
            decision = _Decision(mapping, keys, Knowledge(values, None, values.keys()))
            decision.make()
            written |= decision.set
        elif keys.spec.when is None or mapping.condition(keys.spec.name).holds(values):
            _write_whole(mapping, keys, values, written)
    return written


def _write_whole(mapping: EntityMapping, keys: IndexKeys, values: Values, written: Item) -> None:
    """Write both halves of an index key whose values are all known."""
    for form in keys.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(mapping, form, values)
        written[form.field] = mapping.key_value(form, values, keys)


def refuse_empty_keys(mapping: EntityMapping, values: Values) -> None:
    """Raise ValidationError for an empty text in a key of a multi-attribute index."""
    for name in mapping.keys.attributes_as_keys:
        if values.get(name) in ("", b""):
            raise ValidationError(
                f'"{name}" is empty, and DynamoDB accepts no empty value in the key of an index; '
                "leave it out instead",
                path=name,
                entity=mapping.spec.entity,
            )


def own_keys(mapping: EntityMapping, values: Values) -> Item:
    """Return the table's own key of an item. Raises MissingCompositeError, AmbiguousKeyError."""
    primary = mapping.keys.primary
    written = {form.field: mapping.key_value(form, values, primary) for form in primary.forms}
    for form in primary.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(mapping, form, values)
    return written


def refuse_ambiguous(mapping: EntityMapping, form: KeyForm, values: Values) -> None:
    """Raise AmbiguousKeyError if the key of these values reads back as other values."""
    if form.may_be_ambiguous and form.is_ambiguous(values):
        names = ", ".join(f'"{name}"' for name in form.names)
        # A key with a template cannot be strict.
        places = "template" if form.template else "labels, or declare `keys: strict`"
        raise AmbiguousKeyError(
            f'the key field "{form.field}", which joins {names}, could not be split again: one of '
            "the values contains the text that separates it from the next one. Change the value "
            f"or the {places}",
            entity=mapping.spec.entity,
        )


def changed_keys(mapping: EntityMapping, item: Knowledge) -> KeyChanges:
    """Return the index keys for a write that changes a part of an item, or may create one.

    Raises MissingCompositeError if a half, or the condition of a sparse index, needs more
    attributes, AmbiguousKeyError.
    """
    written: Item = {}
    begun: Item = {}
    drops: list[str] = []
    values, made = item.values, item.made
    refuse_empty_keys(mapping, values)
    for keys in mapping.keys.secondary:
        condition = None if keys.spec.when is None else mapping.condition(keys.spec.name)
        needed = mapping.needed_by(keys)
        if values.keys() >= needed:
            # Most writes know all attributes of the indexes that they affect.
            if condition is not None and not condition.holds(values):
                drops += (form.field for form in keys.forms)
            elif condition is not None or made is not None or item.touches(needed):
                _write_whole(mapping, keys, values, written)
            continue
        if _is_left_alone(keys, needed, item):
            continue
        decision = _Decision(mapping, keys, item)
        decision.make()
        written |= decision.set
        begun |= decision.begin
        drops += decision.drop
    for field in mapping.keys.primary.fields:
        written.pop(field, None)
        begun.pop(field, None)
    begun = {name: key for name, key in begun.items() if name not in written} if begun else begun
    if not drops:
        return KeyChanges(written, begun, ())
    # A key field that is also an attribute stays in the item. Removing the other half is enough
    # to take the item out of the index.
    kept = {*mapping.keys.primary.fields, *mapping.keys.shared_fields, *written, *begun}
    # Several indexes may share a field, which is removed only if all of them drop it.
    users = Counter(form.field for keys in mapping.keys.secondary for form in keys.forms)
    dropped = (name for name, n in Counter(drops).items() if n == users[name] and name not in kept)
    return KeyChanges(written, begun, tuple(dropped))


def _is_left_alone(keys: IndexKeys, needed: Set[str], item: Knowledge) -> bool:
    """Return whether a write that does not know all of an index leaves the index alone, as most do.

    Such a write does not change attributes of the index, does not create an item that would be in
    it, and does not decide whether a stored item is in it.
    """
    if item.creates or item.touches(needed):
        return False
    if item.made is not None and not (keys.pk is not None and keys.pk.missing(item.made)):
        return False
    return keys.spec.when is None or bool(item.unknown(needed))


class _Decision:
    """The decision about the key of one index: fields to set, to begin, and to drop."""

    __slots__ = ("_anew", "_item", "_keys", "_mapping", "begin", "drop", "set")

    def __init__(self, mapping: EntityMapping, keys: IndexKeys, item: Knowledge) -> None:
        self._mapping = mapping
        self._keys = keys
        self._item = item
        self._anew = item.is_whole
        """Whether the whole key is written anew, so that all of its attributes must be known."""
        self.set: Item = {}
        self.begin: Item = {}
        self.drop: list[str] = []

    def make(self) -> None:
        """Make the decision. Raises MissingCompositeError, AmbiguousKeyError."""
        keys, item = self._keys, self._item
        if keys.spec.when is not None:
            inside = self._is_inside()
            if inside is False:
                self._drop_all()
            if not inside:
                return
        elif item.creates:
            self._refuse_half_made()
        pk, sk = keys.pk, keys.sk
        assert pk is not None
        unknown = item.unknown(keys.composites) if self._anew else []
        if unknown and keys.leaves_out and self._is_without_partition():
            self._drop_all()
            return
        if unknown:
            raise self._incomplete(unknown, _GIVE)
        concerned = self._anew or item.touches(keys.composites)
        if not concerned and (item.made is None or not self._is_made(pk)):
            return
        named = [form for form in keys.forms if form.names]
        if self._anew and named and all(item.half(form) is _Half.NONE for form in named):
            # An item without any composite of an index is not in the index.
            self._drop_all()
            return
        found = self._partition(pk)
        if sk is not None:
            self._sort(sk, found)

    def _refuse_half_made(self) -> None:
        """Refuse a write that could create an item with only some attributes of a half."""
        made = self._item.made or {}
        for form in self._keys.forms:
            missing = len(form.missing(made))
            may_lack = form is self._keys.pk and self._keys.leaves_out
            is_partial = 0 < missing < len(form.names) and not may_lack
            if is_partial and self._item.half(form) is not _Half.WHOLE:
                raise self._partial(form)

    def _is_inside(self) -> bool | None:
        """Return whether the item meets the condition of a sparse index; None for no change.

        The condition is evaluated if one of its inputs or a part of the key changes, and before
        composites are checked, because an item that does not meet it needs none of them.
        """
        item, keys = self._item, self._keys
        condition = self._mapping.condition(keys.spec.name)
        inputs = self._mapping.spec.attributes if condition.roots is None else condition.roots
        unknown = item.unknown(sorted(inputs))
        touched = item.touches(condition.needed) or any(name in item.kept for name in unknown)
        if item.is_whole or touched or not item.unknown(condition.needed):
            if unknown and self._is_without_partition():
                # Without a partition key, the item is not in the index in any case.
                return False
            if unknown:
                raise self._incomplete(unknown, _GIVE)
            self._anew = True
            return condition.holds(item.values)
        made, pk = item.made, keys.pk
        assert pk is not None
        if made is None or not self._is_made(pk) or not condition.holds(made):
            return None
        if unknown:
            # A new item would be in the index; for a stored one it is unknown.
            raise self._incomplete(unknown, _GIVE_OR_PATCH)
        return True

    def _is_without_partition(self) -> bool:
        """Return whether the item certainly has no partition key, or lacks a required part."""
        pk, item = self._keys.pk, self._item
        assert pk is not None
        lacks = any(item.has(name) is False for name in pk.names)
        return item.half(pk) is _Half.NONE or (lacks and self._keys.leaves_out)

    def _is_made(self, form: KeyForm) -> bool:
        """Return whether a new item would have all attributes of a half."""
        made = self._item.made
        return made is not None and not form.missing(made)

    def _partition(self, form: KeyForm) -> bool:
        """Decide about the partition key; return whether the item is, or may be, in the index."""
        item, half = self._item, self._item.half(form)
        if self._keys.leaves_out and any(item.has(name) is False for name in form.names):
            self.drop.append(form.field)
            return False
        if half is _Half.WHOLE:
            self._write(form)
            return True
        if not (self._anew or item.touches(form.names)):
            # A new item gets the key that a put would write; a stored key stays.
            if item.made is not None and len(form.missing(item.made)) in (0, len(form.names)):
                self._begin(form, unless=self._keys.leaves_out)
            return self._is_made(form)
        if half is not _Half.NONE:
            raise self._partial(form)
        if self._anew:
            self._write(form)
        else:
            self.drop.append(form.field)
        return self._anew

    def _sort(self, form: KeyForm, found: bool) -> None:
        """Decide about the sort key; `found` says whether the item is, or may be, in the index."""
        item, half = self._item, self._item.half(form)
        if half is _Half.UNKNOWN and not (self._anew or item.touches(form.names)):
            if found:
                self._begin(form)
        elif half is _Half.WHOLE:
            if found or self._anew or item.touches(form.names) or item.made is not None:
                self._write(form)
        elif half is not _Half.NONE:
            raise self._partial(form)
        elif self._anew or item.touches(form.names) or found:
            if found or not (self._anew or self.drop):
                self._write(form)
            else:
                self.drop.append(form.field)

    def _write(self, form: KeyForm) -> None:
        """Set a half whose attributes are all known, or known to be absent."""
        values = self._item.values
        if not form.missing(values):
            refuse_ambiguous(self._mapping, form, values)
        elif not form.text_of_absent:
            # The key is a number, or an attribute itself, so it cannot exist without a value.
            self.drop.append(form.field)
            return
        self.set[form.field] = typed_key(self._mapping.build_key(form, values))

    def _begin(self, form: KeyForm, *, unless: bool = False) -> None:
        """Set a half as in a new item, if none is stored."""
        values = self._item.values if self._item.made is None else self._item.made
        missing = form.missing(values)
        if not missing:
            refuse_ambiguous(self._mapping, form, values)
        if not missing or (form.text_of_absent and not unless):
            self.begin[form.field] = typed_key(self._mapping.build_key(form, values))

    def _drop_all(self) -> None:
        self.drop += [form.field for form in self._keys.forms]

    def _partial(self, form: KeyForm) -> MissingCompositeError:
        """Return the error for a half with some attributes, while others are absent or unknown."""
        item = self._item
        unknown = item.unknown(form.names)
        if unknown:
            changed = [name for name in form.names if name in item.changed]
            removes = changed and not any(item.has(name) for name in changed)
            return self._incomplete(unknown, _REMOVE if removes else _GIVE)
        absent = [name for name in form.names if item.has(name) is False]
        advice = "give all attributes of that key, or none"
        if form is self._keys.pk:
            advice += "; `absent: out` leaves such items out of the index"
        return self._incomplete(absent, advice)

    def _incomplete(self, names: Iterable[str], advice: str) -> MissingCompositeError:
        missing = tuple(dict.fromkeys(names))
        quoted = ", ".join(f'"{name}"' for name in missing)
        if any(name in self._item.kept for name in missing):
            advice = KEPT
        return MissingCompositeError(
            f'without {quoted} the key of the access pattern "{self._keys.spec.name}" cannot be '
            f"written; {advice}",
            missing=missing,
            entity=self._mapping.spec.entity,
        )


_GIVE: Final = (
    "give it as well, with .set() if it changes or with .composite() if the stored value stays "
    "(None if the item has none)"
)
KEPT: Final = (
    "a stored item keeps its value of a read-only attribute, so give that value with .composite() "
    "(None if the item has none)"
)
_REMOVE: Final = (
    "remove all attributes of that key together, or give the stored value with .composite() (None "
    "if the item has none)"
)
_GIVE_OR_PATCH: Final = (
    "this write may create a new item. Give it with .set(), or with .composite() if the stored "
    "value stays (None if the item has none), or use .patch()"
)


def refuse_unknown_inputs(mapping: EntityMapping, moved: Collection[str]) -> None:
    """Raise InvalidExpressionError if something depends on an attribute with an unknown new value.

    `moved` are attributes that are incremented, appended to, set inside or set if absent.
    Attributes derived from them, and sparse indexes that read them, could become wrong.
    """
    if not moved:
        return
    for name, reads in mapping.derivations.items():
        for root in sorted(reads.intersection(moved)):
            raise _unknown_input(mapping, root, f'"{name}" is derived from it')
    for keys in mapping.keys.values():
        if keys.spec.when is None:
            continue
        read = mapping.condition(keys.spec.name).roots
        for root in sorted(moved if read is None else read.intersection(moved)):
            raise _unknown_input(mapping, root, f'the index of "{keys.spec.name}" depends on it')


def _unknown_input(mapping: EntityMapping, root: str, why: str) -> Exception:
    return InvalidExpressionError(
        f'the new value of "{root}" is not known before this step runs, and {why}; give the whole '
        "new value with .set()",
        entity=mapping.spec.entity,
    )
