"""Projections: reading some attributes of an item."""

from __future__ import annotations

from collections.abc import Iterable

from leyden.errors import InvalidExpressionError, InvalidOptionError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.expression import Expressions
from leyden.operations.options import Options
from leyden.operations.request import Params
from leyden.schema.spec import OVERFLOW_FIELD


def project(
    entity: BoundEntity,
    params: Params,
    options: Options,
    expressions: Expressions,
    *,
    telling: bool,
    index: IndexKeys | None = None,
) -> None:
    """Ask for the wanted attributes and the table's own key, and what the expressions name.

    `telling` adds the fields that say whose item it is. Raises UnknownAttributeError.
    """
    if not options.attributes:
        return
    for form in entity.keys.primary.forms:
        expressions.name(form.field)
    held = held_fields(entity, index)
    for name in options.attributes:
        attribute = entity.spec.attributes.get(name)
        if attribute is None:
            raise entity.unknown(name)
        if held is not None and attribute.field not in held:
            assert index is not None
            raise InvalidOptionError(
                f'the index "{index.spec.index}" does not hold "{name}"; leave it out of '
                "`attributes`, or read it through another access pattern",
                entity=entity.spec.entity,
            )
        expressions.name(attribute.field)
    if telling and not options.ignore_ownership:
        for field in _telling_fields(entity):
            if held is None or field in held:
                expressions.name(field)
    apart = (entity.spec.attributes[name].field in entity.overflow for name in options.attributes)
    if telling and any(apart):
        expressions.name(OVERFLOW_FIELD)
    params["ProjectionExpression"] = ", ".join(expressions.names.values())


def _telling_fields(entity: BoundEntity) -> list[str]:
    composites = [name for keys in entity.keys.values() for name in keys.spec.composites]
    fields = [entity.spec.attributes[name].field for name in dict.fromkeys(composites)]
    return [*entity.identity, *fields]


def held_fields(entity: BoundEntity, index: IndexKeys | None) -> frozenset[str] | None:
    """The fields that an index holds; None where it holds whole items."""
    if index is None or index.spec.projection in (None, "all"):
        return None
    projected = index.spec.projection
    fields = () if isinstance(projected, str) or projected is None else projected
    keys = [form.field for form in (*index.forms, *entity.keys.primary.forms)]
    return frozenset((*fields, *keys))


def identifiers_projected(entity: BoundEntity, keys: IndexKeys) -> bool:
    """Whether the index holds the fields that say whose item it is."""
    projection = keys.spec.projection
    if projection is None or projection == "all":
        return True
    return projection != "keys_only" and set(entity.identity) <= set(projection)


def refuse_unheld(entity: BoundEntity, keys: IndexKeys, fields: Iterable[str]) -> None:
    """Raise InvalidExpressionError for a filter on fields that the index does not hold."""
    held = held_fields(entity, keys)
    for field in fields if held is not None else ():
        if held is not None and field not in held:
            raise InvalidExpressionError(
                f'the index "{keys.spec.index}" does not hold {_attributes(entity, field)}, so '
                "where() cannot filter on it there; read through another access pattern, or "
                "filter the records",
                entity=entity.spec.entity,
            )


def refuse_unfilterable(entity: BoundEntity, keys: IndexKeys, fields: Iterable[str]) -> None:
    """Raise InvalidExpressionError for a filter on what a query of the index cannot filter by.

    That is what the index does not hold, and its own key.
    """
    refuse_unheld(entity, keys, fields)
    if keys.forms:
        own = {form.field for form in keys.forms}
    else:
        own = {entity.spec.attributes[name].field for name in keys.spec.composites}
    for field in fields:
        if field in own:
            raise InvalidExpressionError(
                f"{_attributes(entity, field)} is a key of the access pattern "
                f'"{keys.spec.name}", and DynamoDB does not filter by keys; give it as equal, or '
                "as a range: .between(), .gte(), .lt()",
                entity=entity.spec.entity,
            )


def _attributes(entity: BoundEntity, field: str) -> str:
    """The name of the attribute in a field, for messages."""
    names = [name for name, a in entity.spec.attributes.items() if a.field == field]
    return f'"{names[0] if names else field}"'
