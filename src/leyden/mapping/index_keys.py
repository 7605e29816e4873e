"""Which index keys a write sets, begins and removes: the one place that decides it.

An index key has two halves. Each half has all of its composite attributes, or none; its text then
ends with the first label. Whatever verbs brought an item there, a query must find it: so once all
attributes of a partition key are there, both fields hold what a put of the whole item would write.

A put knows the whole item. An update knows what it sets and removes, the item's own key, and what
`composite()` says; all else is unknown. Where nothing of a half is known, the write leaves alone
what is stored, and begins the half where nothing is: as every verb stores a half together with its
attributes, an item without the half has none of them. No key is made of what happens to be at hand.
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
    """The key fields that a write sets, those that it begins, and those that it removes.

    What it begins is set only where the stored item does not have the field.
    """

    set: Item
    begin: Item
    remove: tuple[str, ...]


NO_CHANGES: Final = KeyChanges({}, {}, ())


class _Half(Enum):
    """How much of a half an item has, as far as the write knows."""

    WHOLE = "all of its attributes"
    NONE = "none of them"
    SOME = "some of them, and not the others"
    UNKNOWN = "of one at least that is not known"


class Knowledge:
    """What a write knows of the item that it leaves behind.

    `values` are attributes that the item will have, `absent` those that it will not have; of all
    others nothing is known. `absent` is None for a whole item, which has nothing beside `values`.
    `changed` are the attributes that the write sets or removes. `made` are the values of the item
    in case the write makes a new one; None where it only changes one that exists. `creates`: a
    new one would be held to what a put is held to, as an upsert's is. `kept` are attributes that
    the write sets where the item does not have them, so that what it will have is not known.
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
        """Whether the write gives the whole item."""
        return self.absent is None

    def has(self, name: str) -> bool | None:
        """Whether the item will have an attribute; None where that is not known."""
        if name in self.values:
            return True
        return False if self.absent is None or name in self.absent else None

    def half(self, form: KeyForm) -> _Half:
        """How much of a half the item will have."""
        found = {self.has(name) for name in form.names}
        if None in found:
            return _Half.UNKNOWN
        if False not in found:
            return _Half.WHOLE
        return _Half.SOME if True in found else _Half.NONE

    def touches(self, names: Iterable[str]) -> bool:
        """Whether the write changes one of these attributes."""
        return not self.changed.isdisjoint(names)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """The attributes of which nothing is known."""
        return [name for name in names if self.has(name) is None]


def put_keys(mapping: EntityMapping, values: Values) -> Item:
    """The keys of a whole item: its own, and those of every index that it takes part in.

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
    """Write both halves of an index key, of which all values are known."""
    for form in keys.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(mapping, form, values)
        written[form.field] = mapping.key_value(form, values, keys)


def refuse_empty_keys(mapping: EntityMapping, values: Values) -> None:
    """Raise ValidationError for an empty text in a key of a multi-attribute index."""
    for name in mapping.keys.attributes_as_keys:
        if values.get(name) in ("", b""):
            raise ValidationError(
                f'"{name}" is empty, and DynamoDB takes no empty value in a key of an index; leave '
                "it out instead",
                path=name,
                entity=mapping.spec.entity,
            )


def own_keys(mapping: EntityMapping, values: Values) -> Item:
    """The table's own key of an item. Raises MissingCompositeError, AmbiguousKeyError."""
    primary = mapping.keys.primary
    written = {form.field: mapping.key_value(form, values, primary) for form in primary.forms}
    for form in primary.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(mapping, form, values)
    return written


def refuse_ambiguous(mapping: EntityMapping, form: KeyForm, values: Values) -> None:
    """Raise AmbiguousKeyError where the key of these values reads back as others."""
    if form.may_be_ambiguous and form.is_ambiguous(values):
        names = ", ".join(f'"{name}"' for name in form.names)
        # A key with a template cannot be strict.
        places = "template" if form.template else "labels, or declare `keys: strict`"
        raise AmbiguousKeyError(
            f'the key field "{form.field}", which joins {names}, could not be taken apart again: '
            "one of the values holds the text that stands in front of the next one. Change the "
            f"value or the {places}",
            entity=mapping.spec.entity,
        )


def changed_keys(mapping: EntityMapping, item: Knowledge) -> KeyChanges:
    """The index keys that go with a write which changes a part of an item, or may make one.

    Raises MissingCompositeError where a half or the condition of a sparse index needs more,
    AmbiguousKeyError.
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
            # Most writes know all of an index that they concern.
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
    # What is an attribute as well stays with the item; the other half takes it out.
    kept = {*mapping.keys.primary.fields, *mapping.keys.shared_fields, *written, *begun}
    # Several indexes may share a field, which goes only when the last of them lets go.
    users = Counter(form.field for keys in mapping.keys.secondary for form in keys.forms)
    dropped = (name for name, n in Counter(drops).items() if n == users[name] and name not in kept)
    return KeyChanges(written, begun, tuple(dropped))


def _is_left_alone(keys: IndexKeys, needed: Set[str], item: Knowledge) -> bool:
    """Whether a write that does not know all of an index concerns nothing of it, as most do.

    It neither changes what the index is made of, nor makes an item that would be in it, nor says
    whether a stored one is.
    """
    if item.creates or item.touches(needed):
        return False
    if item.made is not None and not (keys.pk is not None and keys.pk.missing(item.made)):
        return False
    return keys.spec.when is None or bool(item.unknown(needed))


class _Decision:
    """What becomes of the key of one index: fields to set, to begin, to drop."""

    __slots__ = ("_anew", "_item", "_keys", "_mapping", "begin", "drop", "set")

    def __init__(self, mapping: EntityMapping, keys: IndexKeys, item: Knowledge) -> None:
        self._mapping = mapping
        self._keys = keys
        self._item = item
        self._anew = item.is_whole
        """Whether nothing of the stored key stays, so that all of it must be known."""
        self.set: Item = {}
        self.begin: Item = {}
        self.drop: list[str] = []

    def make(self) -> None:
        """Decide. Raises MissingCompositeError, AmbiguousKeyError."""
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
            # An index of which no composite is there is not written.
            self._drop_all()
            return
        found = self._partition(pk)
        if sk is not None:
            self._sort(sk, found)

    def _refuse_half_made(self) -> None:
        """Refuse what would make an item with some attributes of a half, and not the others."""
        made = self._item.made or {}
        for form in self._keys.forms:
            missing = len(form.missing(made))
            may_lack = form is self._keys.pk and self._keys.leaves_out
            is_partial = 0 < missing < len(form.names) and not may_lack
            if is_partial and self._item.half(form) is not _Half.WHOLE:
                raise self._partial(form)

    def _is_inside(self) -> bool | None:
        """Whether the item meets the condition of a sparse index; None where that stays as it is.

        The condition is asked whenever one of its inputs or a part of the key changes, and before
        any composite is: an item that does not meet it needs none.
        """
        item, keys = self._item, self._keys
        condition = self._mapping.condition(keys.spec.name)
        inputs = self._mapping.spec.attributes if condition.roots is None else condition.roots
        unknown = item.unknown(sorted(inputs))
        touched = item.touches(condition.needed) or any(name in item.kept for name in unknown)
        if item.is_whole or touched or not item.unknown(condition.needed):
            if unknown and self._is_without_partition():
                # Whatever the condition says, the item may be out, and is so for certain.
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
            # A new item would be in the index, and of one that is stored that is not known.
            raise self._incomplete(unknown, _GIVE_OR_PATCH)
        return True

    def _is_without_partition(self) -> bool:
        """Whether the item will have nothing of the partition key, or not what it must have."""
        pk, item = self._keys.pk, self._item
        assert pk is not None
        lacks = any(item.has(name) is False for name in pk.names)
        return item.half(pk) is _Half.NONE or (lacks and self._keys.leaves_out)

    def _is_made(self, form: KeyForm) -> bool:
        """Whether a new item has all attributes of a half."""
        made = self._item.made
        return made is not None and not form.missing(made)

    def _partition(self, form: KeyForm) -> bool:
        """Decide about the partition key; gives whether the item is, or may be, in the index."""
        item, half = self._item, self._item.half(form)
        if self._keys.leaves_out and any(item.has(name) is False for name in form.names):
            self.drop.append(form.field)
            return False
        if half is _Half.WHOLE:
            self._write(form)
            return True
        if not (self._anew or item.touches(form.names)):
            # A new item begins as a put would have it; what is stored stays.
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
        """Decide about the sort key of an item that is `found` in the index, or not."""
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
        """Store a half of which all attributes are known, or known to be absent."""
        values = self._item.values
        if not form.missing(values):
            refuse_ambiguous(self._mapping, form, values)
        elif not form.text_of_absent:
            # It would be a number, or an attribute's own value: such a key cannot be without.
            self.drop.append(form.field)
            return
        self.set[form.field] = typed_key(self._mapping.build_key(form, values))

    def _begin(self, form: KeyForm, *, unless: bool = False) -> None:
        """Store a half where none is stored, as a new item has it."""
        values = self._item.values if self._item.made is None else self._item.made
        missing = form.missing(values)
        if not missing:
            refuse_ambiguous(self._mapping, form, values)
        if not missing or (form.text_of_absent and not unless):
            self.begin[form.field] = typed_key(self._mapping.build_key(form, values))

    def _drop_all(self) -> None:
        self.drop += [form.field for form in self._keys.forms]

    def _partial(self, form: KeyForm) -> MissingCompositeError:
        """The error for a half of which some attributes are there, and others not, or unknown."""
        item = self._item
        unknown = item.unknown(form.names)
        if unknown:
            changed = [name for name in form.names if name in item.changed]
            removes = changed and not any(item.has(name) for name in changed)
            return self._incomplete(unknown, _REMOVE if removes else _GIVE)
        absent = [name for name in form.names if item.has(name) is False]
        advice = "give all attributes of that key, or none"
        if form is self._keys.pk:
            advice += "; with `absent: out` such items are not in the index"
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
    "give it as well, with .set() where it changes or with .composite() where the stored value "
    "stays (None there: the item has none)"
)
KEPT: Final = (
    "a stored item keeps what it has of a read-only attribute, so say with .composite() what that "
    "is (None: the item has none)"
)
_REMOVE: Final = (
    "remove all attributes of that key together, or say with .composite() what the stored value is "
    "(None: the item has none)"
)
_GIVE_OR_PATCH: Final = (
    "this write may make a new item. Give it with .set(), or with .composite() where the stored "
    "value stays (None there: the item has none), or use .patch()"
)


def refuse_unknown_inputs(mapping: EntityMapping, moved: Collection[str]) -> None:
    """Raise where an attribute whose new value is not known decides about something else.

    `moved` are attributes that are counted up, appended to, set inside or set if absent:
    attributes derived from them, and sparse indexes that read them, could not be kept true.
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
        f'after this step the new value of "{root}" is not known here, and {why}; give the whole '
        "new value with .set()",
        entity=mapping.spec.entity,
    )
