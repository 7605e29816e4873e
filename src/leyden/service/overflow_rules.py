"""What stands against storing an entity's large values outside of their items."""

from __future__ import annotations

from collections.abc import Iterator

from leyden.keys import entity_keys
from leyden.operations.overflow.format import OVERFLOW_SUFFIX, PART_PREFIX
from leyden.schema.faults import Fault
from leyden.schema.spec import OVERFLOW_FIELD, EntitySpec, ServiceSpec


def unspreadable(entity: EntitySpec, service: ServiceSpec) -> list[Fault]:
    """The faults of an entity that declares `overflow`; none where it can be kept."""
    names = [name for name, attribute in entity.attributes.items() if attribute.overflow]
    if not names:
        return []
    span = entity.attributes[names[0]].span
    quoted = ", ".join(f'"{name}"' for name in names)
    return [
        Fault(
            span,
            "attribute.overflow",
            f'{quoted} of "{entity.entity}" cannot have `overflow`: {problem}',
        )
        for problem in (
            *_of_the_key(entity),
            *_of_the_entity(entity, service),
            *_of_projections(entity, service),
        )
    ]


def _of_the_key(entity: EntitySpec) -> Iterator[str]:
    sort = entity_keys(entity).primary.sk
    if sort is None:
        yield (
            "the parts of a value are items beside its own, and without a sort key there is room "
            f'for one only; give "{entity.primary.name}" an `sk` (`composite: []` will do)'
        )
    elif sort.numeric:
        yield f'the sort key field "{sort.field}" holds numbers, and the keys of parts are texts'
    else:
        start = sort.build({})
        if not isinstance(start, str) or not start or PART_PREFIX.startswith(start):
            yield (
                f'the sort keys in "{sort.field}" do not start with a text of their own, so that '
                "parts would stand among the entity's items; let Leyden make the key, or begin "
                "its template with a text"
            )


def _of_the_entity(entity: EntitySpec, service: ServiceSpec) -> Iterator[str]:
    parts = f"{entity.entity}{OVERFLOW_SUFFIX}"
    if any(other.entity == parts for other in service.entities.values()):
        yield f'its parts would be items of the entity "{parts}"'


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
