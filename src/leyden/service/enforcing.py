"""Declarations that Leyden itself keeps, and what stands against keeping them."""

from __future__ import annotations

from collections.abc import Collection

from leyden.compile.expressions import Expression
from leyden.errors import SchemaError
from leyden.keys import entity_keys
from leyden.schema.faults import Fault
from leyden.schema.spec import EntitySpec, JMESPath, Judge, ServiceSpec
from leyden.service.overflow_rules import unspreadable


def refuse_unenforced(spec: ServiceSpec) -> None:
    """Raise SchemaError for unique values, versions or large values that could not be kept."""
    faults = [
        fault
        for entity in spec.entities.values()
        for fault in (
            *unspreadable(entity, spec),
            *_unguardable(entity, spec),
            *_uncountable(entity),
        )
    ]
    if faults:
        raise SchemaError(faults)


def _unguardable(entity: EntitySpec, service: ServiceSpec) -> list[Fault]:
    """What stands against guard items for the entity's unique values."""
    if not entity.unique:
        return []
    from leyden.operations.uniqueness.guards import GUARD_SUFFIX

    problems = [
        f'the table\'s key field "{form.field}" '
        + ("holds numbers" if form.numeric else "is itself an attribute")
        + ", so it cannot hold the keys of guard items, which are texts of their own"
        for form in entity_keys(entity).primary.forms
        if form.numeric or form.bare
    ]
    if any(entity.version_attribute in names for names in entity.unique):
        problems.append(f'"{entity.version_attribute}" changes with every write')
    guards = f"{entity.entity}{GUARD_SUFFIX}"
    if any(other.entity == guards for other in service.entities.values()):
        problems.append(f'its guard items would be those of the entity "{guards}"')
    return [
        Fault(entity.span, "entity.unique", f'"{entity.entity}" cannot have `unique`: {problem}')
        for problem in problems
    ]


def _read_by(when: JMESPath | Judge) -> Collection[str]:
    return when.reads if isinstance(when, Judge) else Expression(when.text).roots or ()


def _uncountable(entity: EntitySpec) -> list[Fault]:
    """What reads the version, which is counted in the table and not known to a write."""
    name = entity.version_attribute
    if name is None:
        return []
    readers = [
        (index.span, f'the condition of "{index.name}"')
        for index in entity.indexes.values()
        if index.when is not None and name in _read_by(index.when)
    ]
    for attribute in entity.attributes.values():
        derived = attribute.derive
        roots = Expression(derived.text).roots if isinstance(derived, JMESPath) else None
        if name in attribute.watch or name in (roots or ()):
            readers.append((attribute.span, f'"{attribute.name}"'))
    return [
        Fault(
            span,
            "entity.version_attribute",
            f'{what} reads "{name}", which every write counts up in the table, so that its value '
            "is not known when the write is made",
        )
        for span, what in readers
    ]
