"""Checks that Leyden can enforce the `unique`, `version_attribute` and `overflow` of schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leyden._calls import fitting
from leyden.errors import SchemaError
from leyden.keys import entity_keys
from leyden.mapping.expressions import Expression
from leyden.mapping.merging import table_definition
from leyden.operations.companions.overflow.format import OVERFLOW_SUFFIX, PART_PREFIX
from leyden.schema.faults import Fault
from leyden.schema.spec import OVERFLOW_FIELD, EntitySpec, JMESPath, Judge, ServiceSpec

if TYPE_CHECKING:
    from leyden.schema import CheckResult, Texts


@fitting('leyden.check_schemas("schemas/taskapp")')
def check_schemas(
    source: str | Path | Mapping[str, Any] | Texts,
    *,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
) -> CheckResult:
    """Return everything that is wrong with schemas, or may surprise, without raising an error.

    It checks the files as `leyden.schema.check_service` does, and also whether all entities fit
    on one table. Without `hooks`, it does not check the names of functions.

    >>> for fault in leyden.check_schemas("schemas/taskapp").faults:           # doctest: +SKIP
    ...     print(fault)
    """
    from leyden.schema.loading import CheckResult, check_service

    result = check_service(source, hooks=hooks)
    if result.service is not None:
        try:
            refuse_unenforced(result.service)
            table_definition(result.service)
        except SchemaError as error:
            more = tuple(fault for fault in error.faults if fault not in result.faults)
            return CheckResult(result.service, (*result.faults, *more))
    return result


def refuse_unenforced(spec: ServiceSpec) -> None:
    """Raise SchemaError for `unique`, versions or `overflow` that Leyden could not enforce."""
    faults = [
        fault
        for entity in spec.entities.values()
        for fault in (
            *_unspreadable(entity, spec),
            *_unguardable(entity, spec),
            *_uncountable(entity),
        )
    ]
    if faults:
        raise SchemaError(faults)


def _unguardable(entity: EntitySpec, service: ServiceSpec) -> list[Fault]:
    """Return the reasons why guard items cannot protect the entity's unique values."""
    if not entity.unique:
        return []
    from leyden.operations.companions.unique import GUARD_SUFFIX

    problems = [
        f'the table\'s key field "{form.field}" '
        + ("holds numbers" if form.numeric else "is itself an attribute")
        + ", so it cannot hold the keys of guard items, which are strings that Leyden makes"
        for form in entity_keys(entity).primary.forms
        if form.numeric or form.bare
    ]
    if any(entity.version_attribute in names for names in entity.unique):
        problems.append(f'"{entity.version_attribute}" changes with every write')
    guards = f"{entity.entity}{GUARD_SUFFIX}"
    if any(other.entity == guards for other in service.entities.values()):
        problems.append(f'its guard items would look like items of the entity "{guards}"')
    return [
        Fault(entity.span, "entity.unique", f'"{entity.entity}" cannot have `unique`: {problem}')
        for problem in problems
    ]


def _uncountable(entity: EntitySpec) -> list[Fault]:
    """Return a fault for each reader of the version, which DynamoDB counts, so writes lack it."""
    name = entity.version_attribute
    if name is None:
        return []
    readers = [
        (index.span, f'the condition of "{index.name}"')
        for index in entity.indexes.values()
        if index.when is not None
        and name
        in (
            index.when.reads
            if isinstance(index.when, Judge)
            else Expression(index.when.text).roots or ()
        )
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
            f'{what} reads "{name}". DynamoDB increments it with every write, so its value is not '
            "known when the write is built",
        )
        for span, what in readers
    ]


def _unspreadable(entity: EntitySpec, service: ServiceSpec) -> list[Fault]:
    """Return the reasons why the entity cannot have `overflow`; empty if it can."""
    names = [name for name, attribute in entity.attributes.items() if attribute.overflow]
    if not names:
        return []
    span = entity.attributes[names[0]].span
    parts = f"{entity.entity}{OVERFLOW_SUFFIX}"
    taken = any(other.entity == parts for other in service.entities.values())
    quoted = ", ".join(f'"{name}"' for name in names)
    return [
        Fault(
            span,
            "attribute.overflow",
            f'{quoted} of "{entity.entity}" cannot have `overflow`: {problem}',
        )
        for problem in (
            *_of_the_key(entity),
            *([f'its parts would look like items of the entity "{parts}"'] if taken else ()),
            *_of_projections(entity, service),
        )
    ]


def _of_the_key(entity: EntitySpec) -> Iterator[str]:
    sort = entity_keys(entity).primary.sk
    if sort is None:
        yield (
            "the parts of a value are items with the same partition key, and a table without a "
            f'sort key has only one; give "{entity.primary.name}" an `sk` (`composite: []` will do)'
        )
    elif sort.numeric:
        yield f'the sort key field "{sort.field}" holds numbers, and the keys of parts are strings'
    else:
        start = sort.build({})
        if not isinstance(start, str) or not start or PART_PREFIX.startswith(start):
            yield (
                f'the sort keys in "{sort.field}" do not start with fixed text, so parts would '
                "sort among the entity's items; let Leyden build the key, or begin its template "
                "with fixed text"
            )


def _of_projections(entity: EntitySpec, service: ServiceSpec) -> Iterator[str]:
    fields = {a.field: name for name, a in entity.attributes.items() if a.overflow}
    for index in entity.indexes.values():
        declared = service.table.indexes.get(index.index or "")
        for projection in {index.projection, declared.projection if declared else None}:
            if not isinstance(projection, tuple) or OVERFLOW_FIELD in projection:
                continue
            held = [fields[name] for name in projection if name in fields]
            if held:
                quoted = ", ".join(f'"{name}"' for name in held)
                yield (
                    f'the index "{index.index}" holds {quoted}, but not the field '
                    f'"{OVERFLOW_FIELD}", which says where a large value is; add it to the '
                    "projection, or leave the attribute out of it"
                )
