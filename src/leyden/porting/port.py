"""Port models into entities: one, or several that share a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import evolve

from leyden.porting.attributes import plain_types, port_attribute
from leyden.porting.context import (
    Context,
    HookNames,
    ModelError,
    Place,
    PortedModel,
    PortedService,
    function_source,
    python_alias,
    python_names,
)
from leyden.porting.indexes import port_index
from leyden.porting.keys import (
    Attribute,
    attributes_in_key_places,
    read_index,
    shared_scopes,
    without_idle_conditions,
)
from leyden.porting.layout import write_table_yaml, write_yaml
from leyden.porting.models import Identity, check_shapes, read_identity
from leyden.porting.reading import FoundModel
from leyden.schema import (
    ENTITY_FIELD,
    TAKEN_ALIASES,
    TAKEN_ATTRIBUTES,
    VERSION_FIELD,
    check_service,
    is_name,
)

_KNOWN: Final = frozenset(
    {"model", "entity", "service", "version", "table", "attributes", "indexes", "filters"}
)


def port_model(
    model: Mapping[str, Any],
    *,
    alias: str | None = None,
    snake_case: bool = False,
    hook_names: HookNames | None = None,
) -> PortedModel:
    """Port an ElectroDB model to the dict form of a schema file.

    Write functions in the model as `{"$function": "(a) => ..."}` and regular expressions as
    `{"$regexp": "...", "flags": "i"}`, as `read_models` does. Items and keys stay the same byte for
    byte, even with `snake_case`, which renames attributes and access patterns. `alias` is the
    entity's name in Python; by default it is the entity's own. Share `hook_names` between models
    that are loaded together. The result's `notes` list what could not be carried over.

    Raises ModelError for what ElectroDB would not accept as a model, and if the schema would not
    load.

    >>> model = {
    ...     "model": {"entity": "task", "version": "1", "service": "app"},
    ...     "attributes": {"id": {"type": "string"}},
    ...     "indexes": {"own": {"pk": {"field": "pk", "composite": ["id"]}}},
    ... }
    >>> port_model(model).entity["attributes"]
    {'id': 'string'}
    """
    ported = _port(model, alias, snake_case, hook_names or HookNames())
    refuse_unloadable(write_yaml(ported), ported.entity["entity"])
    return ported


def _port(
    model: Mapping[str, Any],
    alias: str | None,
    snake: bool,
    hook_names: HookNames,
    identifiers: tuple[str, ...] = (),
) -> PortedModel:
    """Port a model as `port_model` does, without checking whether the result loads."""
    check_shapes(model)
    identity = read_identity(model)
    if len(identifiers) == 2:
        identity = evolve(identity, fields=identifiers)
    try:
        return _Porting(model, identity, alias, snake, hook_names).run()
    except ModelError as error:
        error.entity = error.entity or identity.entity
        raise


def refuse_unloadable(text: str, entity: str | None = None) -> None:
    """Raise ModelError if the written schema files do not load."""
    result = check_service(text)
    fault = next((fault for fault in result.faults if fault.severity == "error"), None)
    if fault is not None:
        raise ModelError(
            f"the resulting schema would not load ({fault.code}): {fault.message}",
            entity=entity,
        )


class _Porting:
    def __init__(
        self,
        model: Mapping[str, Any],
        identity: Identity,
        alias: str | None,
        snake: bool,
        hook_names: HookNames,
    ) -> None:
        self.model = model
        self.identity = identity
        self.snake = snake
        self.alias = python_alias(identity.entity, snake) if alias is None else alias
        if not is_name(self.alias, TAKEN_ALIASES):
            raise ModelError(
                f'"{self.alias}" cannot be the name of an entity in Python; choose another',
                place="alias",
            )
        self.attributes = self._section("attributes")
        self.indexes = self._section("indexes")
        names = python_names(self.attributes, snake=snake, taken=TAKEN_ATTRIBUTES)
        self.context = Context(self.alias, names, hook_names)

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self.model.get(name)
        if not isinstance(section, Mapping) or not section:
            raise ModelError("must be an object with at least one entry", place=name)
        return section

    def run(self) -> PortedModel:
        names = self.context.names
        pattern_names = python_names(self.indexes, snake=self.snake)
        fields = {
            name: (raw.get("field") if isinstance(raw, Mapping) else None) or name
            for name, raw in self.attributes.items()
        }
        patterns = shared_scopes(
            {
                name: read_index(
                    raw,
                    Place((), ()).at("indexes").at(name, pattern_names[name]),
                    self.context,
                    fields,
                )
                for name, raw in self.indexes.items()
            },
            self.context,
        )
        patterns = without_idle_conditions(patterns, fields.values(), self.context)
        key_texts = attributes_in_key_places(patterns, fields, self.context)
        names = {name: python for name, python in names.items() if name not in key_texts}
        plain = plain_types({name: self.attributes[name] for name in names})
        context = evolve(self.context, names=names, key_texts=key_texts, plain=plain)
        labelled = {n for pattern in patterns.values() for n in pattern.labelled(fields)}
        attributes = {}
        ported = {}
        for name, python in names.items():
            place = Place((), ()).at("attributes").at(name, python)
            port = port_attribute(
                name, self.attributes[name], place, context, in_keys=name in labelled
            )
            attributes[name] = Attribute(fields[name], port.raw.get("label", name), port.kind)
            ported[python] = port.finished()
        indexes = {
            pattern_names[name]: port_index(pattern, attributes, self.identity, context)
            for name, pattern in patterns.items()
        }
        self._rest()
        table = self.model.get("table")
        return PortedModel(
            entity={**self._head(), "attributes": ported, "indexes": indexes},
            notes=tuple(self.context.notes),
            hooks=self.context.hooks,
            names=names,
            patterns=pattern_names,
            table=table if isinstance(table, str) and table else None,
        )

    def _head(self) -> dict[str, Any]:
        identity = self.identity
        head: dict[str, Any] = {"entity": identity.entity}
        if self.alias != identity.entity:
            head["alias"] = self.alias
        head |= {"version": identity.version, "service": identity.service}
        name, version = identity.fields
        if identity.fields != (ENTITY_FIELD, VERSION_FIELD):
            head["identifiers"] = {"entity": name, "version": version}
        return head

    def _rest(self) -> None:
        if not self.identity.versioned:
            self.context.adapt(
                Place(("version",), ("version",)),
                "missing: keys are built with 1, and items are stored without a version",
                "items get the version 1 here",
            )
        filters = self.model.get("filters")
        if isinstance(filters, Mapping):
            for name, raw in filters.items():
                self.context.lost(
                    Place((), ()).at("filters").at(name),
                    "a filter by name",
                    "pass its condition to .where() in each use",
                    function_source(raw),
                )
        self.context.unknown_options(self.model, _KNOWN, Place((), ()))


def port_service(
    found: Iterable[FoundModel], *, snake_case: bool = False, table: str | None = None
) -> PortedService:
    """Port models that are loaded together.

    `table` names the table; by default it is the one that the models name, if they agree. An index
    with the table's own partition key becomes a local one. Raises ModelError.
    """
    models = list(found)
    hook_names = HookNames()
    ported = tuple(
        _port(
            model.model,
            None if model.alias is None else python_alias(model.alias, snake_case),
            snake_case,
            hook_names,
            model.identifiers,
        )
        for model in models
    )
    services = {str(model.entity["service"]) for model in ported}
    if len(services) > 1:
        raise ModelError(
            f"the models belong to {len(services)} services ({', '.join(sorted(services))}), and "
            "a folder holds one; choose models by their exports"
        )
    service = PortedService(ported, _table(ported, models, table))
    documents = [*map(write_yaml, ported), write_table_yaml(service)]
    refuse_unloadable("---\n".join(filter(None, documents)))
    return service


def _table(
    ported: tuple[PortedModel, ...], models: list[FoundModel], table: str | None
) -> dict[str, Any]:
    """Return the content of table.yaml."""
    if table is None:
        named = {name for model in models if (name := model.table)}
        named |= {model.table for model in ported if model.table}
        table = next(iter(named)) if len(named) == 1 else None
    found: dict[str, Any] = {} if table is None else {"table": table}
    local = _local_indexes(model.entity["indexes"] for model in ported)
    if local:
        found["indexes"] = {name: {"kind": "lsi"} for name in local}
    return found


def _local_indexes(entities: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the indexes whose partition key is the table's own in all entities that use them."""
    is_local: dict[str, bool] = {}
    for indexes in entities:
        primary = next((index for index in indexes.values() if "index" not in index), None)
        for index in indexes.values():
            if "index" in index:
                same = (
                    primary is not None
                    and "sk" in index
                    and "field" in index["pk"]
                    and index["pk"]["field"] == primary["pk"].get("field")
                )
                is_local[index["index"]] = is_local.get(index["index"], True) and same
    return [name for name, local in is_local.items() if local]
