"""Which index keys a write sets and removes.

An index key has two halves. A write may know the attributes of both, of one, or of none; a
half of which only some attributes are known cannot be written and is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from leyden.errors import InvalidExpressionError, MissingCompositeError
from leyden.keys import IndexKeys, KeyForm
from leyden.operations.bound import BoundEntity, typed_key
from leyden.operations.guard import refuse_ambiguous
from leyden.operations.request import Item

Values = Mapping[str, Any]

_IN_PUT = "give it as well, or leave out all attributes of that key"
_IN_UPDATE = (
    "give it as well, with .set() where it changes or with .composite() where the stored value "
    "stays"
)


class KeyChanges(NamedTuple):
    """The key fields that a write sets, and those that it removes."""

    set: Item
    remove: tuple[str, ...]


_NO_CHANGES: Final = KeyChanges({}, ())


def put_keys(entity: BoundEntity, values: Values) -> KeyChanges:
    """The keys of a whole item: its own, and those of every index that it takes part in.

    `remove` names the fields of sparse indexes whose condition says no; a put does not write
    them, an upsert removes them.

    Raises MissingCompositeError, AmbiguousKeyError.
    """
    primary = entity.keys.primary
    written = {form.field: entity.key_value(form, values, primary) for form in primary.forms}
    for form in primary.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(entity, form, values)
    removed: list[str] = []
    for keys in entity.keys.secondary:
        if _are_known(keys.composites, values):
            if keys.spec.when is None or entity.compiled.condition(keys.spec.name).holds(values):
                _write_whole(entity, keys, values, written)
            else:
                removed += [form.field for form in keys.forms]
            continue
        _refuse_halves(entity, keys, values, values, _IN_PUT)
        if not any(_touches(form, values) for form in keys.forms):
            continue
        if keys.spec.when is not None:
            missing = [name for name in keys.composites if values.get(name) is None]
            raise _incomplete(entity, keys, missing, _IN_PUT)
        for form in keys.forms:
            _write(entity, form, values, written)
    if not removed:
        return KeyChanges(written, ())
    own = {form.field for form in primary.forms}
    return KeyChanges(written, tuple(field for field in removed if field not in own))


def _are_known(names: Iterable[str], values: Values) -> bool:
    return None not in map(values.get, names)


def _write_whole(entity: BoundEntity, keys: IndexKeys, values: Values, written: Item) -> None:
    """Write both halves of an index key, of which all values are known."""
    for form in keys.forms:
        if form.may_be_ambiguous:
            refuse_ambiguous(entity, form, values)
        written[form.field] = entity.key_value(form, values, keys)


def refuse_unknown_inputs(entity: BoundEntity, moved: Collection[str]) -> None:
    """Raise where an attribute whose new value is not known decides about something else.

    `moved` are attributes that are counted up, appended to, set inside or set if absent:
    attributes derived from them, and sparse indexes that read them, could not be kept true.
    """
    if not moved:
        return
    for name, reads in entity.compiled.derivations.items():
        for root in sorted(reads.intersection(moved)):
            raise _unknown_input(entity, root, f'"{name}" is derived from it')
    for keys in entity.keys.values():
        if keys.spec.when is None:
            continue
        read = entity.compiled.condition(keys.spec.name).roots
        for root in sorted(moved if read is None else read.intersection(moved)):
            raise _unknown_input(entity, root, f'the index of "{keys.spec.name}" depends on it')


def _unknown_input(entity: BoundEntity, root: str, why: str) -> Exception:
    return InvalidExpressionError(
        f'after this step the new value of "{root}" is not known here, and {why}; give the whole '
        "new value with .set()",
        entity=entity.spec.entity,
    )


def update_keys(
    entity: BoundEntity, changed: Values, removed: Collection[str], known: Values
) -> KeyChanges:
    """The keys that an update rebuilds, given what it sets and removes, and what else is known.

    Raises MissingCompositeError where a half or a sparse index's condition needs more,
    AmbiguousKeyError.
    """
    if not entity.keys.secondary:
        return _NO_CHANGES
    values = {**known, **changed}
    written: Item = {}
    dropped: dict[str, None] = {}
    own = entity.keys.primary.fields
    fixed = entity.keys.primary.composites
    for keys in entity.keys.secondary:
        if removed:
            for form in _forms_losing(entity, keys, removed, fixed):
                dropped[form.field] = None
        if keys.spec.when is not None:
            rebuilt = _sparse_forms(entity, keys, changed, removed, values)
            if rebuilt is None:
                dropped.update({form.field: None for form in keys.forms})
                continue
        else:
            if changed.keys().isdisjoint(keys.composites):
                continue
            _refuse_halves(entity, keys, changed, values, _IN_UPDATE)
            rebuilt = _with_constants(
                keys, [form for form in keys.forms if _touches(form, changed)]
            )
        for form in rebuilt:
            if form.field not in dropped:
                _write(entity, form, values, written)
    return KeyChanges(
        {field: key for field, key in written.items() if field not in own},
        tuple(field for field in dropped if field not in own and field not in written),
    )


def _touches(form: KeyForm, values: Collection[str]) -> bool:
    return any(name in values for name in form.names)


def _refuse_halves(
    entity: BoundEntity, keys: IndexKeys, given: Values, known: Values, remedy: str
) -> None:
    """Raise where a half of the key has some of its attributes given, and some unknown."""
    for form in keys.forms:
        if _touches(form, given):
            missing = form.missing(known)
            if missing:
                raise _incomplete(entity, keys, missing, remedy)


def _incomplete(
    entity: BoundEntity, keys: IndexKeys, missing: Iterable[str], remedy: str
) -> Exception:
    names = tuple(dict.fromkeys(missing))
    quoted = ", ".join(f'"{name}"' for name in names)
    return MissingCompositeError(
        f'without {quoted} the key of the access pattern "{keys.spec.name}" cannot be written; '
        f"{remedy}",
        missing=names,
        entity=entity.spec.entity,
    )


def _with_constants(keys: IndexKeys, touched: list[KeyForm]) -> list[KeyForm]:
    """The touched halves, and beside them a half that has no attributes of its own."""
    if not touched:
        return []
    return [form for form in keys.forms if form in touched or not form.names]


def _forms_losing(
    entity: BoundEntity, keys: IndexKeys, removed: Collection[str], fixed: Collection[str]
) -> list[KeyForm]:
    """The halves that a removal of attributes takes away; `fixed` ones cannot be removed."""
    losing = [form for form in keys.forms if _touches(form, removed)]
    for form in losing:
        left = tuple(n for n in form.names if n not in removed and n not in fixed)
        if left:
            quoted = ", ".join(f'"{name}"' for name in left)
            raise MissingCompositeError(
                f'the key of the access pattern "{keys.spec.name}" also holds {quoted}; '
                "remove all of its attributes together",
                missing=left,
                entity=entity.spec.entity,
            )
    return losing


def _sparse_forms(
    entity: BoundEntity,
    keys: IndexKeys,
    changed: Values,
    removed: Collection[str],
    values: Values,
) -> list[KeyForm] | None:
    """The halves of a sparse index to rebuild; None where its condition now says no.

    The condition is asked again whenever the write touches what it reads or what the key is
    made of, and then all of that must be known. It is also asked where everything is known.
    """
    condition = entity.compiled.condition(keys.spec.name)
    reads, needed = condition.roots, condition.needed
    if not removed and changed.keys().isdisjoint(needed) and not needed <= values.keys():
        return []
    left = {name: value for name, value in values.items() if name not in removed}
    unknown = [name for name in sorted(needed) if name not in left and name not in removed]
    rereads = needed & changed.keys() or (set(removed) & set(reads or entity.spec.attributes))
    if unknown:
        if rereads:
            raise _incomplete(entity, keys, unknown, _IN_UPDATE)
        return []
    return list(keys.forms) if _belongs(entity, keys, left) else None


def _belongs(entity: BoundEntity, keys: IndexKeys, values: Values) -> bool:
    """Whether an item with these values, and no others, is in a sparse index."""
    whole = _are_known(keys.composites, values)
    return whole and entity.compiled.condition(keys.spec.name).holds(values)


def _write(entity: BoundEntity, form: KeyForm, values: Values, written: Item) -> None:
    if not form.missing(values):
        refuse_ambiguous(entity, form, values)
    elif form.numeric or form.build(values) == "":
        return
    written[form.field] = typed_key(entity.build(form, values))
