"""An entity as a PynamoDB model, with a class for each of its indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import new_class
from typing import Any, ClassVar, Final

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    LocalSecondaryIndex,
    Projection,
)
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from leyden.errors import InputError, ValidationError
from leyden.keys import KeyForm
from leyden.mapping.building import stand_alone
from leyden.mapping.entity import EntityMapping, typed_key
from leyden.mapping.index_keys import put_keys
from leyden.mapping.record import camel_case, python_names
from leyden.mapping.vector_guards import refuse_unfound
from leyden.pynamodb.attributes import LeydenAttribute, operand_of, pynamodb_attribute
from leyden.schema.spec import (
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    TableSpec,
)
from leyden.types import type_of
from leyden.types.anything import decode_any
from leyden.types.base import Item


class LeydenModel(Model):
    """The base class of all compiled models."""

    _leyden_entity: ClassVar[EntityMapping]
    _leyden_names: ClassVar[Mapping[str, str]]
    """The model's names of the entity's attributes, by attribute name."""
    _leyden_identity: ClassVar[tuple[str, str]]
    """The model's names of the two fields that name the entity."""
    _leyden_key_fields: ClassVar[Mapping[str, str]]
    """The model's names of the table's key fields, by field."""
    _leyden_made_keys: ClassVar[Mapping[str, str]]
    """The same, for key fields that are not attributes of the entity."""
    _leyden_guarded: ClassVar[Mapping[str, str]]
    """Why PynamoDB's update must not touch a field, by field."""
    _leyden_blind_indexes: ClassVar[frozenset[str]]
    """Indexes whose projection lacks the fields that name the entity."""
    _leyden_ttl_field: ClassVar[str | None]

    def _set_defaults(self, _user_instantiated: bool = True) -> None:
        super()._set_defaults(_user_instantiated=_user_instantiated)
        self.__dict__["_leyden_stored"] = {}
        if _user_instantiated:
            for name, value in self._leyden_entity.default_values().items():
                self.attribute_values[self._leyden_names[name]] = value

    @classmethod
    def _instantiate(cls, attribute_values: Item) -> Any:
        instance = cls(_user_instantiated=False)
        instance._container_deserialize(attribute_values)
        return instance

    def _container_deserialize(self, attribute_values: Item) -> None:
        super()._container_deserialize(attribute_values)
        self._remember()

    def _remember(self) -> None:
        # Until somebody changes these values, they are as stored, so `set` hooks have run on them.
        self.__dict__["_leyden_stored"] = self._leyden_values()

    def _leyden_values(self) -> dict[str, Any]:
        """Return the instance's values by attribute name."""
        values = self.attribute_values
        return {
            name: values[python]
            for name, python in self._leyden_names.items()
            if values.get(python) is not None
        }

    def _container_serialize(self, null_check: bool = True) -> Item:
        entity = self._leyden_entity
        given = self._leyden_values()
        if null_check:
            for name in entity.derivations:
                given.pop(name, None)
            stored = self.__dict__["_leyden_stored"]
            settled = {name for name, value in stored.items() if given.get(name) is value}
            values = entity.prepare_create(given, settled=settled)
            if entity.guards_vectors:
                refuse_unfound(entity, values)
            keys = put_keys(entity, values)
        else:
            values = {name: entity.attributes[name].accept(v) for name, v in given.items()}
            keys = {
                field: typed_key(getattr(self, name))
                for field, name in self._leyden_made_keys.items()
                if getattr(self, name) is not None
            }
        item = entity.encode(values)
        name_field, version_field = entity.spec.identifiers
        item[name_field] = {"S": entity.spec.entity}
        item[version_field] = {"S": entity.spec.version}
        item |= keys
        if null_check:
            stored = entity.decode_values(item)
            for name, python in self._leyden_names.items():
                self.attribute_values[python] = stored.get(name)
            for field, name in self._leyden_made_keys.items():
                self.attribute_values[name] = decode_any(item[field])
            self._remember()
        return item

    def _leyden_key(self) -> tuple[Any, Any]:
        """Return the item's own key: as given or read, or built from the attributes."""
        names = list(self._leyden_key_fields.items())
        values = [getattr(self, name) for _, name in names]
        if any(value is None for value in values):
            entity = self._leyden_entity
            given = self._leyden_values()
            accepted = {
                name: entity.attributes[name].accept(given[name])
                for name in entity.spec.primary.composites
                if name in given
            }
            keys = entity.primary_key(accepted)
            # A key field that is an attribute has the attribute's value, not the key's text.
            values = [
                decode_any(keys[field]) if field in self._leyden_made_keys else value
                for (field, _), value in zip(names, values, strict=True)
            ]
        return values[0], values[1] if len(values) > 1 else None

    def _get_hash_range_key_serialized_values(self) -> tuple[Any, Any]:
        return self._get_serialized_keys()

    def _get_serialized_keys(self) -> tuple[Any, Any]:
        keys: tuple[Any, Any] = self._serialize_keys(*self._leyden_key())
        return keys

    def update(
        self, actions: list[Action], condition: Condition | None = None, **options: Any
    ) -> Any:
        """Update the item, and set its `on_write` attributes.

        Raises ValidationError for an attribute that a key or a derived attribute depends on,
        because PynamoDB cannot rebuild those, nor tell whether a vector index still finds the item.
        Use `save()`, or the entity's own update.
        """
        return super().update(self._leyden_actions(actions), condition, **options)

    def get_update_kwargs_from_instance(
        self, actions: list[Action], *arguments: Any, **options: Any
    ) -> dict[str, Any]:
        """Return the update as a part of a transaction; see `update`."""
        return super().get_update_kwargs_from_instance(
            self._leyden_actions(actions), *arguments, **options
        )

    def _leyden_actions(self, actions: Sequence[Action]) -> list[Action]:
        entity = self._leyden_entity
        touched = {action.values[0].path[0].partition("[")[0] for action in actions}  # type: ignore[attr-defined]
        present = {name for name, spec in entity.spec.attributes.items() if spec.field in touched}
        written = entity.on_write_values(present)
        for field in sorted({*touched, *(entity.spec.attributes[n].field for n in written)}):
            reason = self._leyden_guarded.get(field)
            if reason is not None:
                raise ValidationError(
                    f'the field "{field}" {reason}; use save(), or update() of the entity',
                    path=field,
                    entity=entity.spec.entity,
                )
        return [
            *actions,
            *(operand_of(entity.attributes[name]).set(value) for name, value in written.items()),
        ]

    @classmethod
    def _leyden_own(cls, filter_condition: Any, index_name: str | None) -> Any:
        """Return the filter, extended so that it leaves out items of other entities."""
        if index_name in cls._leyden_blind_indexes:
            return filter_condition
        names = cls.get_attributes()
        spec = cls._leyden_entity.spec
        entity, version = cls._leyden_identity
        own = (names[entity] == spec.entity) & (names[version] == spec.version)
        return own if filter_condition is None else own & filter_condition

    @classmethod
    def query(
        cls,
        hash_key: Any,
        range_key_condition: Condition | None = None,
        filter_condition: Condition | None = None,
        consistent_read: bool = False,
        index_name: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> ResultIterator[Any]:
        """Query items of this entity under one partition key, as PynamoDB's `query` does."""
        own = cls._leyden_own(filter_condition, index_name)
        return super().query(
            hash_key,
            range_key_condition,
            own,
            consistent_read,
            index_name,
            *arguments,
            **options,
        )

    @classmethod
    def scan(
        cls, filter_condition: Condition | None = None, *arguments: Any, **options: Any
    ) -> ResultIterator[Any]:
        """Scan for all items of this entity, as PynamoDB's `scan` does."""
        own = cls._leyden_own(filter_condition, options.get("index_name"))
        return super().scan(own, *arguments, **options)

    @classmethod
    def count(
        cls,
        hash_key: Any = None,
        range_key_condition: Condition | None = None,
        filter_condition: Condition | None = None,
        consistent_read: bool = False,
        index_name: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> int:
        """Count the items of this entity that a query finds; without a key, the table's items."""
        if hash_key is not None:
            filter_condition = cls._leyden_own(filter_condition, index_name)
        return super().count(
            hash_key,
            range_key_condition,
            filter_condition,
            consistent_read,
            index_name,
            *arguments,
            **options,
        )

    @classmethod
    def _ttl_attribute(cls) -> Attribute[Any] | None:
        for attribute in cls.get_attributes().values():
            if attribute.attr_name == cls._leyden_ttl_field:
                return attribute
        return None


# Names that a model, or its constructor, uses itself.
_TAKEN: Final = frozenset(
    {*dir(LeydenModel), *LeydenModel.__annotations__, "hash_key", "range_key", "self", "Meta"}
    | {"attribute_values", "attributes"}
)
_TAKEN_IN_INDEX: Final = frozenset(dir(GlobalSecondaryIndex))


def build_model(
    entity: EntityMapping, *, table_name: str = "", table: TableSpec | None = None
) -> type[LeydenModel]:
    """Build the model class of an entity, for a table of this name with these indexes.

    Attributes, key fields (`pk`, `sk`) and indexes (by access pattern) keep their names. If a name
    is taken, an underscore is added at its end.
    """
    spec = entity.spec
    if entity.sealer is not None:
        raise InputError(
            f'"{spec.entity}" has encrypted attributes, which PynamoDB\'s models cannot write or '
            "read, because a value there does not know the key of its item; use the entity itself",
            entity=spec.entity,
        )
    table = table or TableSpec()
    names = python_names(spec.attributes, _TAKEN)
    by_field = {attribute.field: name for name, attribute in spec.attributes.items()}
    forms = entity.keys.primary.forms
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
    expiring = (a.field for a in spec.attributes.values() if type_of(a).expires)
    blind = set()
    for index in _secondary(spec):
        made = _index_class(entity, index, table)
        projection = made.Meta.projection
        if isinstance(projection, KeysOnlyProjection) or (
            isinstance(projection, IncludeProjection)
            and not set(spec.identifiers) <= set(projection.non_key_attributes)
        ):
            blind.add(index.index)
        body[extra[index.name]] = made()
    body |= {
        "_leyden_entity": entity,
        "_leyden_names": names,
        "_leyden_identity": (extra["edb_entity"], extra["edb_version"]),
        "_leyden_key_fields": key_fields,
        "_leyden_made_keys": made_keys,
        "_leyden_guarded": _guarded(entity),
        "_leyden_blind_indexes": frozenset(blind),
        "_leyden_ttl_field": table.ttl or next(expiring, None),
    }
    return new_class(
        f"{camel_case(spec.alias)}Model", (LeydenModel,), exec_body=lambda made: made.update(body)
    )


def _secondary(spec: EntitySpec) -> list[IndexSpec]:
    # PynamoDB cannot express keys of several attributes.
    return [i for i in spec.indexes.values() if i.index is not None and i.type != "composite"]


def _key_attribute(entity: EntityMapping, form: KeyForm, role: str) -> LeydenAttribute:
    """Return the attribute of a key field: the entity's own, or else a string or a number."""
    which: Any = {role: True}
    for attribute in entity.attributes.values():
        if attribute.spec.field == form.field:
            return pynamodb_attribute(attribute, (form.field,), **which)
    field = form.field
    spec = AttributeSpec(
        name=field, type="number" if form.numeric else "string", field=field, label=field
    )
    return pynamodb_attribute(stand_alone(spec, entity.spec.entity), (field,), **which)


def _index_class(entity: EntityMapping, index: IndexSpec, table: TableSpec) -> Any:
    declared = table.indexes.get(index.index or "")
    shown = index.projection or (declared.projection if declared else None) or "all"
    projection: Projection = (
        AllProjection()
        if shown == "all"
        else KeysOnlyProjection()
        if shown == "keys_only"
        else IncludeProjection(list(shown))
    )
    # An index with the table's partition key field is a local index, unless declared otherwise.
    shares = index.pk.field == entity.spec.primary.pk.field
    is_local = declared.kind == "lsi" if declared else shares
    forms = entity.keys[index.name].forms
    names = python_names((form.field for form in forms), _TAKEN_IN_INDEX)
    body: dict[str, Any] = {
        names[form.field]: _key_attribute(entity, form, role)
        for form, role in zip(forms, ("hash_key", "range_key"), strict=False)
    }
    body["__module__"] = __name__
    body["__doc__"] = f'The access pattern "{index.name}" of "{entity.spec.entity}".'
    body["Meta"] = type("Meta", (), {"index_name": index.index, "projection": projection})
    base: Any = LocalSecondaryIndex if is_local else GlobalSecondaryIndex
    return type(f"{camel_case(index.name)}Index", (base,), body)


def _guarded(entity: EntityMapping) -> Mapping[str, str]:
    """Return the reasons why PynamoDB's update must not touch certain fields, by field."""
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
            roots = entity.condition(index.name).roots
            read |= set(spec.attributes if roots is None else roots)
        if index.type != "composite":
            for name in read & spec.attributes.keys():
                reasons[spec.attributes[name].field] = f'takes part in the key of "{index.name}"'
            for key in (index.pk, index.sk):
                if key is not None:
                    reasons.setdefault(key.field, f'is a key of "{index.name}"')
    told = {f: f"{reason}, which PynamoDB's update does not write" for f, reason in reasons.items()}
    for search in spec.searches.values():
        for name in (search.attribute, search.partition) if search.partition is not None else ():
            reason = f'says whether the vector index of "{search.name}" finds the item'
            told.setdefault(
                spec.attributes[name].field, f"{reason}, which PynamoDB's update does not check"
            )
    for name in spec.never_zero:
        told.setdefault(
            spec.attributes[name].field,
            "must not be all zeros in a vector index, which PynamoDB's update does not check",
        )
    return told
