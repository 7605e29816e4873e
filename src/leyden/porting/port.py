"""One model into one entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from leyden.porting.attributes import port_attribute
from leyden.porting.context import Context, Place, function_source
from leyden.porting.errors import ModelError
from leyden.porting.hooks import HookNames
from leyden.porting.identity import Identity, read_identity
from leyden.porting.indexes import port_index
from leyden.porting.layout import write_yaml
from leyden.porting.names import is_name, python_alias, python_names, snake_case
from leyden.porting.patterns import (
    Attribute,
    Pattern,
    read_index,
    shared_scopes,
    without_idle_conditions,
)
from leyden.porting.ported import PortedModel
from leyden.porting.shapes import check_shapes
from leyden.schema.loading import check_service
from leyden.schema.shapes import TAKEN_ALIASES, TAKEN_ATTRIBUTES
from leyden.schema.spec import ENTITY_FIELD, VERSION_FIELD

__all__ = ["port_alone", "port_model", "refuse_unloadable"]

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

    Functions in the model stand as `{"$function": "(a) => ..."}` and regular expressions as
    `{"$regexp": "...", "flags": "i"}`, as `read_models` gives them. Items and keys stay byte for
    byte the same, also with `snake_case`, which renames attributes and access patterns. `alias`
    is the entity's name in Python; by default the entity's own. Share `hook_names` between models
    that are loaded together. What could not be carried over is in the result's `notes`.

    Raises ModelError for what ElectroDB would not take for a model, and where the schema would
    not load.

    >>> model = {
    ...     "model": {"entity": "task", "version": "1", "service": "app"},
    ...     "attributes": {"id": {"type": "string"}},
    ...     "indexes": {"own": {"pk": {"field": "pk", "composite": ["id"]}}},
    ... }
    >>> port_model(model).entity["attributes"]
    {'id': 'string'}
    """
    ported = port_alone(model, alias=alias, snake_case=snake_case, hook_names=hook_names)
    refuse_unloadable(write_yaml(ported), ported.entity["entity"])
    return ported


def port_alone(
    model: Mapping[str, Any],
    *,
    alias: str | None,
    snake_case: bool,
    hook_names: HookNames | None,
    identifiers: tuple[str, ...] = (),
) -> PortedModel:
    """Port a model as `port_model` does, without a look at whether the result loads."""
    check_shapes(model)
    identity = read_identity(model)
    if len(identifiers) == 2:
        identity = evolve(identity, fields=identifiers)
    try:
        return _Porting(model, identity, alias, snake_case, hook_names or HookNames()).run()
    except ModelError as error:
        error.entity = error.entity or identity.entity
        raise


def refuse_unloadable(text: str, entity: str | None = None) -> None:
    """Raise ModelError where schema files that were written do not load."""
    result = check_service(text)
    fault = next((fault for fault in result.faults if fault.severity == "error"), None)
    if fault is not None:
        raise ModelError(
            f"the schema that it makes would not load ({fault.code}): {fault.message}",
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
        self.alias = alias if alias is not None else _alias(identity.entity, snake)
        if not is_name(self.alias, TAKEN_ALIASES):
            raise ModelError(
                f'"{self.alias}" cannot be the name of an entity in Python; give another',
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
        pattern_names = python_names(self.indexes, snake=self.snake)
        fields = {name: _field(name, raw) for name, raw in self.attributes.items()}
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
        self._leave_key_texts_out(patterns, fields)
        labelled = _labelled(patterns, fields)
        attributes = {}
        ported = {}
        names = self.context.names
        for name, raw in self.attributes.items():
            if name not in names:
                continue
            place = Place((), ()).at("attributes").at(name, names[name])
            port = port_attribute(name, raw, place, self.context, in_keys=name in labelled)
            attributes[name] = Attribute(fields[name], _label(name, port.raw), port.kind)
            ported[names[name]] = port.finished()
        indexes = {
            pattern_names[name]: port_index(pattern, attributes, self.identity, self.context)
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

    def _leave_key_texts_out(
        self, patterns: Mapping[str, Pattern], fields: Mapping[str, str]
    ) -> None:
        """Leave out the attributes in whose field a key is stored that is not made of them.

        ElectroDB writes the key's text over any value that they are given, and shows it in their
        place. It takes them where a template writes the key.
        """
        halves = [half for pattern in patterns.values() for _, half in pattern.halves]
        in_keys = {name for half in halves for name in half.composite}
        written = {
            half.field: half.composite
            for half in halves
            if half.template is not None and len(half.composite) <= 1
        }
        found = [name for name in fields if fields[name] in written and name not in in_keys]
        for name in found:
            made_of = "".join(f'"{composite}"' for composite in written[fields[name]])
            self.context.lost(
                Place((), ()).at("attributes").at(name),
                f'an attribute in the field "{fields[name]}" of a key that is made of '
                f"{made_of or 'constant text'}, which is written over any value of its own",
                'data="include_keys" shows the text of the key',
            )
        names = {name: python for name, python in self.context.names.items() if name not in found}
        self.context = evolve(self.context, names=names, key_texts=frozenset(found))

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
                source = function_source(raw)
                self.context.lost(
                    Place((), ()).at("filters").at(name),
                    "a filter by name",
                    "give its condition to .where() where it is used",
                    source,
                )
        for option in self.model:
            if option not in _KNOWN:
                self.context.adapt(
                    Place((option,), (option,)),
                    "without effect: ElectroDB has no such option",
                    "it is left out",
                )


def _alias(entity: str, snake: bool) -> str:
    """The entity's own name, or one made of it that Python takes."""
    wanted = snake_case(entity) if snake else entity
    return python_alias(wanted, snake)


def _field(name: str, raw: Any) -> str:
    field = raw.get("field") if isinstance(raw, Mapping) else None
    return field if isinstance(field, str) and field else name


def _label(name: str, raw: Mapping[str, Any]) -> str:
    label = raw.get("label")
    return label if isinstance(label, str) else name


def _labelled(patterns: Mapping[str, Pattern], fields: Mapping[str, str]) -> set[str]:
    """The attributes whose labels stand in a key."""
    return {
        name
        for pattern in patterns.values()
        if pattern.type != "composite"
        for _, half in pattern.halves
        if half.template is None and half.cast != "number" and not half.is_lone(fields)
        for name in half.composite
    }
