"""Versioned records: a number that every write increments, and writes that depend on it.

The request that changes an item also increments its version, so no change goes without a new
version. A reader who finds the same version again knows that nothing was written in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from leyden._attrs import frozen
from leyden.errors import (
    DecodeError,
    InputError,
    NotReadError,
    ReadOnlyAttributeError,
    VersionConflictError,
)
from leyden.mapping.lack import WHOLE, lack_of
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.overflow.format import record_or_none
from leyden.operations.plan.expressions import Expressions
from leyden.program import AttributeValue, Item, Request
from leyden.types.numbers import number_text


@frozen
class Expectation:
    """The version that the stored item must have.

    `number` is None for no version: there is no item, or one from before the entity was versioned.
    With `stored` there must be an item.
    """

    field: str
    number: Decimal | None
    stored: bool = False

    def condition(self, expressions: Expressions, key: Item) -> str:
        """Return what a write requires of the item under `key`."""
        if self.number is not None:
            return expressions.equal(self.field, {"N": number_text(self.number)})
        absent = f"attribute_not_exists({expressions.name(self.field)})"
        if not self.stored:
            return absent
        present = " AND ".join(f"attribute_exists({expressions.name(name)})" for name in key)
        return f"{present} AND {absent}"

    def holds(self, item: Item | None) -> bool:
        """Whether the stored item (None if there is none) has this version."""
        if item is None:
            return self.number is None and not self.stored
        found = item.get(self.field)
        if self.number is None or found is None:
            return self.number is None and found is None
        return "N" in found and Decimal(found["N"]) == self.number

    @property
    def next(self) -> AttributeValue:
        """The version that a write over this one gives the item."""
        return {"N": number_text((self.number or Decimal(0)) + 1)}


def version_field(entity: BoundEntity) -> str | None:
    """Return the field with the version; None where the entity is not versioned."""
    name = entity.spec.version_attribute
    return None if name is None else entity.spec.attributes[name].field


def expectation_of(entity: BoundEntity, seen: Any) -> Expectation:
    """Return the expectation in a record, or in a number; 0 stands for no version.

    Raises InputError where neither gives a version.
    """
    name = entity.spec.version_attribute
    if name is None:
        raise InputError(
            f'"{entity.spec.entity}" has no versions to expect; declare `version_attribute`',
            entity=entity.spec.entity,
        )
    field = entity.spec.attributes[name].field
    if isinstance(seen, entity.mapping.record):
        slot = entity.mapping.slots.get(name)
        if slot is None:
            raise InputError(
                f'a record does not show the hidden "{name}"; give the number itself',
                entity=entity.spec.entity,
            )
        try:
            number = getattr(seen, slot)
        except NotReadError as error:
            raise InputError(
                f'"{name}" was not read with this record, so it does not say which version was '
                f'seen; read "{name}" as well, or give the number itself',
                entity=entity.spec.entity,
            ) from error
        if number is None:
            return Expectation(field, None, stored=True)
        return Expectation(field, Decimal(str(number)))
    is_number = isinstance(seen, int | float) and not isinstance(seen, bool)
    if not is_number or seen < 0 or seen % 1 != 0:
        raise InputError(
            f'a version is a whole number from 0 up, or a record of "{entity.spec.entity}" that '
            f"carries one; this is {'another number' if is_number else type(seen).__name__}",
            entity=entity.spec.entity,
        )
    return Expectation(field, Decimal(int(seen)) or None)


def version_seen_in(entity: BoundEntity, record: Any) -> Expectation | None:
    """Return the version that a record requires to be still stored; None if it tells nothing.

    A record that was read without a version is from an item without one, which must still have
    none. A record that was made by hand, or read in part, tells nothing.
    """
    name = entity.spec.version_attribute
    slot = None if name is None else entity.mapping.slots.get(name)
    number = None if slot is None else getattr(record, slot, None)
    if slot is None or number is not None:
        return None if number is None else expectation_of(entity, number)
    lack = lack_of(record) or WHOLE
    is_read = not lack.made and slot not in lack.changed
    is_read = is_read and (lack.read is None or slot in lack.read)
    return expectation_of(entity, record) if is_read else None


def expectation_from(entity: BoundEntity, item: Item | None) -> Expectation:
    """Return the expectation that a stored item stays as it is, or stays absent.

    Raises DecodeError where its version is not a number.
    """
    field = version_field(entity)
    assert field is not None
    found = None if item is None else item.get(field)
    if found is None:
        return Expectation(field, None, stored=item is not None)
    if "N" not in found:
        raise DecodeError(
            f'the stored version in "{field}" is not a number',
            field=field,
            entity=entity.spec.entity,
        )
    return Expectation(field, Decimal(found["N"]))


def version_notes(
    entity: BoundEntity, counts_on: bool, expected: Expectation | None
) -> tuple[str, ...]:
    """Say what versions mean for a write."""
    name = entity.spec.version_attribute
    if name is None:
        return ()
    if counts_on:
        return (
            f'is first sent as the write of a new item, with the first "{name}"; if one is stored, '
            "the refusal shows which version to count on from, in a second request",
        )
    if expected is not None:
        return (f'only over the "{name}" that was seen',)
    return ()


def refuse_counted(entity: BoundEntity, names: Iterable[str]) -> None:
    """Raise ReadOnlyAttributeError where the version itself would be set by hand."""
    counted = entity.spec.version_attribute
    if counted is not None and counted in names:
        raise ReadOnlyAttributeError(
            f'"{counted}" is the version, which every write increments by itself; say with '
            ".expecting() which version must be stored",
            path=counted,
            entity=entity.spec.entity,
        )


def seen_version(
    entity: BoundEntity, given: Mapping[str, Any], expected: Expectation | None
) -> tuple[Mapping[str, Any], Expectation | None]:
    """Return the attributes of a whole item without its version, and the expected version.

    A record that is written back carries the version that the caller saw, so that version must
    still be stored. Raises InputError where `expecting()` gave a different one.
    """
    name = entity.spec.version_attribute
    if name is None or given.get(name) is None:
        return given, expected
    implied = expectation_of(entity, given[name])
    if expected is not None and expected.number != implied.number:
        raise InputError(
            f'the item carries another "{name}" than .expecting() was given; give one of them',
            entity=entity.spec.entity,
        )
    return {n: value for n, value in given.items() if n != name}, expected or implied


def first_version(entity: BoundEntity, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes of a whole item with the first version."""
    name = entity.spec.version_attribute
    return given if name is None else {**given, name: 1}


def conflict(
    entity: BoundEntity,
    item: Item | None,
    request: Request | None,
    operation: str,
    *,
    unsure: bool = False,
) -> VersionConflictError:
    """Return the error for a stored item that has another version than expected.

    `unsure` means that an earlier attempt of the same request got no answer.
    """
    what = (
        "there is no item with that version any more"
        if item is None
        else f'the stored item has another "{entity.spec.version_attribute}" than the one that '
        "was seen: it was written meanwhile"
    )
    advice = "Nothing was changed; read it again, and decide again"
    if unsure:
        advice = (
            "An earlier attempt of this write got no answer, and may be what changed it; compare "
            "the stored item with what was to be written"
        )
    return VersionConflictError(
        f"{what}. {advice}",
        stored=record_or_none(entity, item),
        item=item,
        request=request,
        unsure=unsure,
        operation=operation,
        entity=entity.spec.entity,
    )
