"""Values that an update makes in the table: copies of other attributes, and sums with them.

`.set(total=task.attr.price + 5)` is an operand of PynamoDB's. What it gives is not known before the
write, so it cannot go where the value itself is needed: into keys, hooks and derived attributes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from pynamodb.expressions.operand import Path, _Decrement, _Increment, _Operand

from leyden.compile import CompiledAttribute, ResolvedPath
from leyden.errors import InvalidExpressionError
from leyden.operations.bound import BoundEntity

_COPIED: Final = "is copied from another attribute, so its value is not known when it is written"


def is_operand(value: Any) -> bool:
    """Whether a value is to be made in the table."""
    return isinstance(value, _Operand) or _is_attribute(value)


def _is_attribute(value: Any) -> bool:
    # Who has not imported PynamoDB's attributes has none; their import takes a while.
    module = sys.modules.get("pynamodb.attributes")
    return module is not None and isinstance(value, module.Attribute)


def read_operand(entity: BoundEntity, place: ResolvedPath, value: Any) -> Any:
    """The checked operand that `place` is set to.

    Raises InvalidExpressionError where its value is needed before the write, or is of another type.
    """
    operand: Any = Path(value) if _is_attribute(value) else value
    _refuse_where_known(entity, place)
    if isinstance(operand, _Increment | _Decrement) and not place.leaf.type.is_number:
        raise _refused(entity, place, "is no number, so nothing can be added up for it")
    for source in _sources(operand):
        compiled = getattr(source.attribute, "compiled", None)
        if compiled is None or compiled.entity != entity.spec.entity:
            raise _refused(
                entity, place, "is set to an attribute of something else; name one by .attr"
            )
        _refuse_source(entity, place, source, compiled)
    return operand


def _refuse_where_known(entity: BoundEntity, place: ResolvedPath) -> None:
    """Refuse what needs the value before the write."""
    compiled, name = entity.compiled, place.root
    for keys in entity.keys.values():
        if name in keys.composites and keys.forms:
            raise _refused(entity, place, f'{_COPIED}; the key of "{keys.spec.name}" needs it')
    for other, watched in compiled.setters.watched.items():
        if watched is None or name in watched or name == other:
            raise _refused(entity, place, f'{_COPIED}; the `set` of "{other}" needs it')
    if compiled.attributes[name].store is not None:
        raise _refused(entity, place, f"{_COPIED}; its `set` needs it")
    if place.segments[0].partition("[")[0] in entity.overflow:
        raise _refused(entity, place, "may be stored apart from its item, and cannot be a copy")


def _refuse_source(
    entity: BoundEntity, place: ResolvedPath, source: Path, compiled: CompiledAttribute
) -> None:
    if compiled.key_text is not None:
        compiled.key_text.refuse_operand(compiled.path)
    if source.path[0].partition("[")[0] in entity.overflow:
        raise _refused(entity, place, "cannot be a copy of what may be stored apart from its item")
    target, other = place.leaf.spec, compiled.spec
    fits = target.type == other.type or (place.leaf.type.is_number and compiled.type.is_number)
    if target.type == "enum" == other.type:
        fits = set(other.values) <= set(target.values)
    if not fits and target.type != "any":
        raise _refused(
            entity,
            place,
            f'is of type {target.type}, and "{compiled.path}" of type {other.type}, so it cannot '
            "be set to that",
        )


def _sources(operand: Any) -> Iterator[Path]:
    """The attributes that an operand reads."""
    if isinstance(operand, Path):
        yield operand
        return
    for value in operand.values:
        if isinstance(value, _Operand):
            yield from _sources(value)


def _refused(entity: BoundEntity, place: ResolvedPath, why: str) -> InvalidExpressionError:
    return InvalidExpressionError(f'"{place.path}" {why}', entity=entity.spec.entity)
