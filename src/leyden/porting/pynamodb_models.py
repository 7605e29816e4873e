"""Port PynamoDB models to schemas that read and write the models' items."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pynamodb import attributes as known
from pynamodb.indexes import Index, LocalSecondaryIndex
from pynamodb.models import Model

from leyden.porting.context import (
    Context,
    HookNames,
    ModelError,
    Place,
    PortedModel,
    PortedService,
    python_alias,
    python_names,
    snake_case,
)
from leyden.porting.layout import write_table_yaml, write_yaml
from leyden.porting.port import refuse_unloadable
from leyden.porting.pynamodb_attributes import Attributes, in_order
from leyden.schema import TAKEN_ATTRIBUTES

_STREAMS: Final = {
    "NEW_IMAGE": "new_image",
    "OLD_IMAGE": "old_image",
    "NEW_AND_OLD_IMAGES": "new_and_old_images",
    "KEYS_ONLY": "keys_only",
}


def port_pynamodb(
    models: Iterable[type[Model]],
    *,
    service: str | None = None,
    keys: Mapping[str, str] | None = None,
    timestamps: bool = False,
) -> PortedService:
    """Draft the schemas of PynamoDB models that share a table.

    The schemas read and write the models' own items: their fields, types and keys are the same, and
    each key attribute is its own key. `keys` lists the key fields that your code builds from other
    attributes, as in `{"pk": "USER#${user_id}"}`, or `{"User.pk": ...}` for one model. `service` is
    the name of the service, by default the table's. With `timestamps`, times are declared as
    `timestamp`, and PynamoDB cannot read what Leyden writes.

    A model with registered subclasses stands for all of them. The `notes` list what the schemas
    cannot express.

    Raises ModelError for anything but such models, if the models belong to several tables, or if
    the schema would not load.

    >>> print(write_yaml(port_pynamodb([User]).models[0]))              # doctest: +SKIP
    """
    if inspect.isclass(models):
        raise ModelError(f"pass the models in a list: port_pynamodb([{models.__name__}])")
    classes = list(dict.fromkeys(one for model in models for one in _classes(model)))
    if not classes:
        raise ModelError("there is no model to port")
    of_models = {
        model.__name__: getattr(getattr(model, "Meta", None), "table_name", None)
        for model in classes
    }
    nameless = [name for name, table in of_models.items() if table is None]
    if nameless:
        raise ModelError(
            f"{nameless[0]} does not name its table: give it a Meta with a table_name",
            entity=nameless[0],
        )
    tables = {*of_models.values()}
    if len(tables) > 1:
        named = ", ".join(sorted(map(str, tables)))
        raise ModelError(
            f"the models belong to several tables ({named}), and a folder describes one"
        )
    (table,) = tables
    name = service or snake_case(str(table)).replace("-", "_").replace(".", "_")
    hook_names = HookNames()
    ported = tuple(
        _port(model, name, hook_names, keys or {}, timestamps, len(classes)) for model in classes
    )
    for said in keys or ():
        of, _, field = said.rpartition(".")
        if not any(of in ("", one.entity["entity"]) and field in _fields(one) for one in ported):
            known = ", ".join(
                f"{one.entity['entity']}.{key}" for one in ported for key in _fields(one)
            )
            raise ModelError(f'there is no key field "{said}" for a template; there are {known}')
    found = PortedService(ported, _table(classes, str(table)))
    documents = [*map(write_yaml, ported), write_table_yaml(found)]
    refuse_unloadable("---\n".join(documents))
    return found


def _classes(model: Any) -> Iterable[type[Model]]:
    """Return the models that a class stands for: itself, or those that its discriminator knows."""
    if not (inspect.isclass(model) and issubclass(model, Model)) or not model.get_attributes():
        raise ModelError(f"{model!r} is not a subclass of pynamodb.models.Model with attributes")
    mark = model._get_discriminator_attribute()
    return mark.get_registered_subclasses(model) if mark is not None else [model]


def _fields(ported: PortedModel) -> list[str]:
    """Return the fields of all keys of a model."""
    halves = [
        index[half]["field"]
        for index in ported.entity["indexes"].values()
        for half in ("pk", "sk")
        if half in index
    ]
    return list(dict.fromkeys(halves))


def _port(
    model: type[Model],
    service: str,
    hook_names: HookNames,
    keys: Mapping[str, str],
    timestamps: bool,
    siblings: int,
) -> PortedModel:
    if model._hash_keyname is None:
        raise ModelError("the model has no hash key", entity=model.__name__)
    alias = python_alias(snake_case(model.__name__), snake=True)
    templates = {
        field: template
        # Templates for one model override those for all models.
        for said, template in sorted(keys.items(), key=lambda pair: "." in pair[0])
        for of, _, field in [said.rpartition(".")]
        if of in ("", model.__name__)
    }
    declared = {**in_order(model), **_only_in_indexes(model)}
    stored = {name: one for name, one in declared.items() if one.attr_name not in templates}
    names = python_names(stored, snake=False, taken=TAKEN_ATTRIBUTES)
    context = Context(alias, names, hook_names)
    porting = Attributes(model, context, timestamps)
    attributes: dict[str, Any] = {}
    for name, attribute in stored.items():
        place = Place((), ()).at("attributes").at(name, names[name])
        said = porting.declared(attribute, place, names[name])
        if name not in model.get_attributes() and isinstance(said, dict):
            # An index declares it, and the model itself does not write it.
            said.pop("required", None)
            context.adapt(place, "only an index declares it", "the model itself does not write it")
        attributes[names[name]] = said
    indexes = _indexes(model, stored, names, templates)
    counter = model._version_attribute_name
    entity = {
        "entity": model.__name__,
        **({"alias": alias} if alias != model.__name__ else {}),
        "version": "1",
        "service": service,
        **({"version_attribute": names[counter]} if counter is not None else {}),
        "attributes": attributes,
        "indexes": indexes,
    }
    context.adapt(
        Place(("Meta",), ("entity",)),
        "items of the model do not say whose they are",
        "get, query and writes find them by their keys, but scans and match do not: `leyden "
        "migrate` writes that into them"
        + (
            "; until then queries return the items of all models that share a partition"
            if siblings > 1 and not templates
            else ""
        ),
    )
    return PortedModel(
        entity=entity,
        notes=tuple(context.notes),
        hooks=context.hooks,
        names=names,
        patterns={name: name for name in indexes},
        table=model.Meta.table_name,
    )


def _indexes(
    model: type[Model],
    stored: Mapping[str, known.Attribute[Any]],
    names: Mapping[str, str],
    templates: Mapping[str, str],
) -> dict[str, Any]:
    """Return the access patterns: the model's own key, and its indexes."""
    kinds = {one.attr_name: (one.attr_type, names[name]) for name, one in stored.items()}

    def half(field: str) -> dict[str, Any]:
        if field in templates:
            return {"field": field, "template": templates[field], "casing": "none"}
        kind, name = kinds[field]
        if kind == "B":
            raise ModelError(
                f'the key "{field}" is binary, and keys are text or numbers here',
                entity=model.__name__,
            )
        bare = {"field": field, "composite": [name]}
        return bare if kind == "N" else {**bare, "casing": "none"}

    def keyed(hash_key: str, range_key: str | None) -> dict[str, Any]:
        return {"pk": half(hash_key), **({"sk": half(range_key)} if range_key else {})}

    indexes = {"primary": keyed(*_key_fields(model.get_attributes()))}
    for name, index in inspect.getmembers(model, lambda one: isinstance(one, Index)):
        indexes[name if name != "primary" else "primary_"] = {
            "index": index.Meta.index_name,
            **_projection(index),
            **keyed(*_key_fields(index.Meta.attributes)),
        }
    return indexes


def _key_fields(attributes: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the fields of a partition key and of a sort key."""
    (hash_key,) = (one.attr_name for one in attributes.values() if one.is_hash_key)
    return hash_key, next((one.attr_name for one in attributes.values() if one.is_range_key), None)


def _projection(index: Any) -> dict[str, Any]:
    """Return the projection of an index, unless it is the default."""
    said = index.Meta.projection
    if said.projection_type == "ALL":
        return {}
    return {"projection": [*said.non_key_attributes] if said.non_key_attributes else "keys_only"}


def _only_in_indexes(model: type[Model]) -> dict[str, known.Attribute[Any]]:
    """Return the key attributes that an index declares and the model itself does not."""
    fields = {one.attr_name for one in model.get_attributes().values()}
    return {
        one.attr_name: one
        for index in model._indexes.values()
        for one in index.Meta.attributes.values()
        if one.attr_name not in fields
    }


def _table(models: list[type[Model]], name: str) -> dict[str, Any]:
    """Return the content of table.yaml."""
    found: dict[str, Any] = {"table": name}
    meta: Any = models[0].Meta
    if getattr(meta, "billing_mode", None) == "PAY_PER_REQUEST":
        found["billing"] = "on_demand"
    elif getattr(meta, "read_capacity_units", None) and getattr(meta, "write_capacity_units", None):
        found["billing"] = {"read": meta.read_capacity_units, "write": meta.write_capacity_units}
    if getattr(meta, "stream_view_type", None) in _STREAMS:
        found["stream"] = _STREAMS[meta.stream_view_type]
    indexes = {
        index.Meta.index_name: {
            **({"kind": "lsi"} if isinstance(index, LocalSecondaryIndex) else {}),
            **_projection(index),
        }
        for model in models
        for index in model._indexes.values()
    }
    if any("kind" in one for one in indexes.values()):
        # Local indexes must be listed, and a list must be complete.
        found["indexes"] = indexes
    return found
