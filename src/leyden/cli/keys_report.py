"""The keys of one item in every access pattern, each with what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, frozen

from leyden import Entity
from leyden.cli.output.plain import plain
from leyden.errors import LeydenError
from leyden.keys import IndexKeys, KeyForm, KeyValue
from leyden.operations.bound import BoundEntity
from leyden.program import Item


@frozen
class Row:
    """One key field of one access pattern.

    `key` is None where it cannot be made; `missing` and `note` say why. `shape` shows what it is
    made of, `reads_back` the values that the key holds.
    """

    access_pattern: str
    index: str | None
    field: str | None
    key: Any
    shape: str
    missing: tuple[str, ...] = ()
    reads_back: dict[str, Any] | None = None
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {**asdict(self), "missing": list(self.missing)}


def rows_of_attributes(entity: Entity, given: Mapping[str, Any]) -> list[Row]:
    """The keys that these attributes make. Raises UnknownAttributeError, ValidationError."""
    bound = entity.conversions.entity
    values = bound.accept(given)
    rows: list[Row] = []
    for keys in bound.keys.values():
        if not keys.forms:
            rows.append(_multi_attribute(keys, values))
            continue
        membership = _membership(bound, keys, values)
        rows += [_made(bound, keys, form, values, membership) for form in keys.forms]
    return rows


def rows_of_item(entity: Entity, item: Item) -> list[Row]:
    """The keys that a raw item has, each compared with what its attributes make."""
    bound = entity.conversions.entity
    values = {n: v for n, v in bound.compiled.decode_values(item).items() if v is not None}
    stored = entity.conversions.item_to_keys(item)
    rows: list[Row] = []
    for keys in bound.keys.values():
        if not keys.forms:
            rows.append(_multi_attribute(keys, values))
            continue
        membership = _membership(bound, keys, values)
        for form in keys.forms:
            rows.append(_found(bound, keys, form, stored.get(form.field), values, membership))
    return rows


def _made(
    bound: BoundEntity, keys: IndexKeys, form: KeyForm, values: Mapping[str, Any], membership: str
) -> Row:
    spec = keys.spec
    missing = form.missing(values)
    if missing:
        note = f"needs {', '.join(missing)}"
        return Row(spec.name, spec.index, form.field, None, form.shape, missing, note=note)
    if membership:
        return Row(spec.name, spec.index, form.field, None, form.shape, note=membership)
    try:
        key = bound.build(form, values)
    except LeydenError as error:
        return Row(spec.name, spec.index, form.field, None, form.shape, note=error.message)
    return _read(keys, form, key, values)


def _found(
    bound: BoundEntity,
    keys: IndexKeys,
    form: KeyForm,
    stored: KeyValue | None,
    values: Mapping[str, Any],
    membership: str,
) -> Row:
    made = _made(bound, keys, form, values, membership)
    if stored is None:
        if made.key is None:
            return made
        return Row(
            made.access_pattern,
            made.index,
            form.field,
            None,
            form.shape,
            note="the item has no such key, though its attributes make one",
        )
    row = _read(keys, form, stored, values)
    if made.key is None:
        note = f"stored, though its attributes make none: {made.note}"
    elif made.key != plain(stored):
        note = "stored, though its attributes make another one"
    else:
        return row
    return Row(
        row.access_pattern, row.index, row.field, row.key, row.shape, (), row.reads_back, note
    )


def _read(keys: IndexKeys, form: KeyForm, key: KeyValue, values: Mapping[str, Any]) -> Row:
    """The row of a key, read back."""
    spec = keys.spec
    try:
        reads_back = form.parse(key)
    except ValueError as error:
        return Row(spec.name, spec.index, form.field, plain(key), form.shape, note=str(error))
    differing = [
        name for name, value in reads_back.items() if name in values and value != values[name]
    ]
    note = ""
    if differing:
        note = f"{', '.join(differing)} cannot be read back as given: the key folds or joins values"
    shown = {name: plain(value) for name, value in reads_back.items()}
    return Row(spec.name, spec.index, form.field, plain(key), form.shape, (), shown, note)


def _multi_attribute(keys: IndexKeys, values: Mapping[str, Any]) -> Row:
    """A multi-attribute index has no key fields: the attributes themselves are the key."""
    spec = keys.spec
    missing = tuple(name for name in spec.composites if values.get(name) is None)
    shape = ", ".join(f"{{{name}}}" for name in spec.composites)
    if missing:
        note = f"needs {', '.join(missing)}"
        return Row(spec.name, spec.index, None, None, shape, missing, note=note)
    note = "the attributes are the key"
    return Row(spec.name, spec.index, None, None, shape, note=note)


def _membership(bound: BoundEntity, keys: IndexKeys, values: Mapping[str, Any]) -> str:
    """Why a sparse index does not take an item with these values; empty where it does."""
    when = keys.spec.when
    if when is None:
        return ""
    condition = bound.compiled.condition(keys.spec.name)
    unknown = sorted((condition.roots or frozenset()) - values.keys())
    try:
        if condition.holds(values):
            return ""
    except LeydenError as error:
        return error.message
    needs = f" (not given: {', '.join(unknown)})" if unknown else ""
    return f"left out: {when.text} does not hold{needs}"
