"""An entity as a PynamoDB model, with a class for each of its indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import new_class
from typing import Any, Final, TypeAlias

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    Index,
    KeysOnlyProjection,
    LocalSecondaryIndex,
    Projection,
)

from leyden.compile.model_base import KeyBuilder, LeydenModel
from leyden.compile.names import camel_case, python_names
from leyden.compile.preparing import Preparation
from leyden.compile.pynamodb_attributes import LeydenAttribute, pynamodb_attribute
from leyden.compile.sparse import SparseCondition
from leyden.compile.tree import stand_alone
from leyden.errors import ValidationError
from leyden.keys import EntityKeys, IndexKeys, KeyForm, entity_keys
from leyden.schema.spec import (
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    TableSpec,
)
from leyden.types import type_of
from leyden.types.anything import plain_any
from leyden.types.base import Item

__all__ = ["build_model"]

Judging: TypeAlias = Callable[[str], SparseCondition]

# Names that a model has already, or that its constructor takes for itself.
_TAKEN: Final = frozenset(
    {*dir(LeydenModel), *LeydenModel.__annotations__, "hash_key", "range_key", "self", "Meta"}
    | {"attribute_values", "attributes"}
)
_TAKEN_IN_INDEX: Final = frozenset(dir(GlobalSecondaryIndex))


def build_model(
    entity: Preparation,
    *,
    encode: Callable[[Mapping[str, Any]], Item],
    decode: Callable[[Item], dict[str, Any]],
    condition: Judging,
    table_name: str,
    table: TableSpec,
    key_builder: KeyBuilder | None,
) -> type[LeydenModel]:
    """The model class of an entity, of which `encode` and `decode` write and read the items.

    `condition` gives the `when` of an access pattern.

    Attributes have their own names, key fields and indexes too (`pk`, `sk`, the access
    patterns' names); one that is taken gets an underscore behind it.
    """
    spec = entity.spec
    keys = entity_keys(spec)
    names = python_names(spec.attributes, _TAKEN)
    by_field = {attribute.field: name for name, attribute in spec.attributes.items()}
    forms = keys.primary.forms
    extra = python_names(
        [
            *(form.field for form in forms if form.field not in by_field),
            "edb_entity",
            "edb_version",
            *(index.name for index in _secondary(spec)),
        ],
        _TAKEN | set(names.values()),
    )
    body: dict[str, Any] = {
        "__doc__": f'The entity "{spec.entity}" as a PynamoDB model.',
        "__module__": __name__,
        "Meta": type("Meta", (), {"table_name": table_name, "region": None, "host": None}),
    }
    key_fields, made_keys = {}, {}
    roles = dict(zip((form.field for form in forms), ("hash_key", "range_key"), strict=False))
    for name, attribute in entity.attributes.items():
        role = roles.get(attribute.spec.field)
        which: Any = {"hash_key": role == "hash_key", "range_key": role == "range_key"}
        body[names[name]] = pynamodb_attribute(attribute, (attribute.spec.field,), **which)
    for form in forms:
        if form.field in by_field:
            key_fields[form.field] = names[by_field[form.field]]
        else:
            key_fields[form.field] = made_keys[form.field] = extra[form.field]
            body[extra[form.field]] = _key_attribute(entity, form, roles[form.field])
    for name, field, value in (
        ("edb_entity", spec.identifiers[0], spec.entity),
        ("edb_version", spec.identifiers[1], spec.version),
    ):
        body[extra[name]] = UnicodeAttribute(attr_name=field, default=value)
    blind = set()
    for index in _secondary(spec):
        projection = _projection(index, table)
        if isinstance(projection, KeysOnlyProjection) or (
            isinstance(projection, IncludeProjection)
            and not set(spec.identifiers) <= set(projection.non_key_attributes)
        ):
            blind.add(index.index)
        body[extra[index.name]] = _index_class(entity, keys, index, projection, table)()
    body |= {
        "_leyden_entity": entity,
        "_leyden_encode": staticmethod(encode),
        "_leyden_decode": staticmethod(decode),
        "_leyden_names": names,
        "_leyden_identity": (extra["edb_entity"], extra["edb_version"]),
        "_leyden_key_fields": key_fields,
        "_leyden_made_keys": made_keys,
        "_leyden_guarded": _guarded(entity, condition),
        "_leyden_blind_indexes": frozenset(blind),
        "_leyden_ttl_field": table.ttl or _first_ttl(spec),
        "_leyden_build_keys": staticmethod(
            key_builder or _plain_keys(entity, condition, keys.values())
        ),
        "_leyden_build_own_key": staticmethod(_plain_keys(entity, condition, [keys.primary])),
    }
    return new_class(
        f"{camel_case(spec.alias)}Model", (LeydenModel,), exec_body=lambda made: made.update(body)
    )


def _secondary(spec: EntitySpec) -> list[IndexSpec]:
    # PynamoDB cannot express keys of several attributes.
    return [i for i in spec.indexes.values() if i.index is not None and i.type != "composite"]


def _first_ttl(spec: EntitySpec) -> str | None:
    fields = (
        attribute.field for attribute in spec.attributes.values() if type_of(attribute).expires
    )
    return next(fields, None)


def _key_attribute(entity: Preparation, form: KeyForm, role: str) -> LeydenAttribute:
    """The attribute of a key field: the entity's own where it is one, else text or a number."""
    which: Any = {role: True}
    for attribute in entity.attributes.values():
        if attribute.spec.field == form.field:
            return pynamodb_attribute(attribute, (form.field,), **which)
    field = form.field
    spec = AttributeSpec(
        name=field, type="number" if form.numeric else "string", field=field, label=field
    )
    return pynamodb_attribute(stand_alone(spec, entity.spec.entity), (field,), **which)


def _index_class(
    entity: Preparation,
    keys: EntityKeys,
    index: IndexSpec,
    projection: Projection,
    table: TableSpec,
) -> type[Index[Any]]:
    forms = keys[index.name].forms
    names = python_names((form.field for form in forms), _TAKEN_IN_INDEX)
    body: dict[str, Any] = {
        names[form.field]: _key_attribute(entity, form, role)
        for form, role in zip(forms, ("hash_key", "range_key"), strict=False)
    }
    body["__module__"] = __name__
    body["__doc__"] = f'The access pattern "{index.name}" of "{entity.spec.entity}".'
    body["Meta"] = type("Meta", (), {"index_name": index.index, "projection": projection})
    base: Any = LocalSecondaryIndex if _is_local(entity.spec, index, table) else None
    return type(f"{camel_case(index.name)}Index", (base or GlobalSecondaryIndex,), body)


def _is_local(spec: EntitySpec, index: IndexSpec, table: TableSpec) -> bool:
    declared = table.indexes.get(index.index or "")
    if declared is not None:
        return declared.kind == "lsi"
    return index.pk.field == spec.primary.pk.field


def _projection(index: IndexSpec, table: TableSpec) -> Projection:
    declared = table.indexes.get(index.index or "")
    projection = index.projection or (declared.projection if declared else None) or "all"
    if projection == "all":
        return AllProjection()
    if projection == "keys_only":
        return KeysOnlyProjection()
    return IncludeProjection(list(projection))


def _guarded(entity: Preparation, condition: Judging) -> Mapping[str, str]:
    spec = entity.spec
    reasons: dict[str, str] = {}
    for derived, reads in entity.derivations.items():
        for name in reads:
            reasons[spec.attributes[name].field] = (
                f'takes part in the derived attribute "{derived}"'
            )
    for name, watched in entity.setters.watched.items():
        for other in spec.attributes if watched is None else {name, *watched}:
            reasons[spec.attributes[other].field] = f'is watched by the `set` of "{name}"'
    for index in spec.indexes.values():
        read = set(index.composites)
        if index.when is not None:
            roots = condition(index.name).roots
            read |= set(spec.attributes if roots is None else roots)
        if index.type != "composite":
            for name in read & spec.attributes.keys():
                reasons[spec.attributes[name].field] = f'takes part in the key of "{index.name}"'
            for key in (index.pk, index.sk):
                if key is not None:
                    reasons.setdefault(key.field, f'is a key of "{index.name}"')
    return reasons


def _plain_keys(
    entity: Preparation, condition: Judging, indexes: Iterable[IndexKeys]
) -> KeyBuilder:
    """Keys straight from their forms: each half whose values are all there."""

    def build(values: Mapping[str, Any]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for index in indexes:
            sparse = index.spec.when is not None
            if sparse and not condition(index.spec.name).holds(values):
                continue
            for form in index.forms:
                if form.missing(values):
                    continue
                try:
                    key = form.build(values)
                except ValueError as error:
                    raise ValidationError(
                        f'the key field "{form.field}" cannot be made: {error}',
                        path=form.names[0] if form.names else "",
                        entity=entity.spec.entity,
                    ) from error
                if key is not None:
                    built[form.field] = plain_any(key) if form.numeric else key
        return built

    return build
