"""What all compiled PynamoDB models share: they write whole Leyden items.

A model's instances behave as PynamoDB's do. In addition, saving one

* gives it defaults, `on_write` values and derived attributes, and checks all values,
* writes the keys of the table and of all indexes, and the fields that name the entity,
* puts what was stored back onto the instance.

Queries, scans and counts see the entity's own items only, although others share the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from leyden.compile.preparing import Preparation
from leyden.compile.pynamodb_attributes import operand_of
from leyden.errors import MissingCompositeError, ValidationError
from leyden.types.anything import decode_any
from leyden.types.base import AttributeValue, Item
from leyden.types.numbers import number_text

__all__ = ["LeydenModel"]

KeyBuilder = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class LeydenModel(Model):
    """The base of all compiled models."""

    _leyden_entity: ClassVar[Preparation]
    _leyden_encode: ClassVar[Callable[[Mapping[str, Any]], Item]]
    """Accepted values as an item, without keys."""
    _leyden_decode: ClassVar[Callable[[Item], dict[str, Any]]]
    """The other way."""
    _leyden_names: ClassVar[Mapping[str, str]]
    """The model's names of the entity's attributes, by attribute name."""
    _leyden_identity: ClassVar[tuple[str, str]]
    """The model's names of the two fields that name the entity."""
    _leyden_key_fields: ClassVar[Mapping[str, str]]
    """The model's names of the table's key fields, by field."""
    _leyden_made_keys: ClassVar[Mapping[str, str]]
    """Those of key fields in which no attribute of the entity is stored."""
    _leyden_guarded: ClassVar[Mapping[str, str]]
    """By field: why PynamoDB's update must not touch it."""
    _leyden_blind_indexes: ClassVar[frozenset[str]]
    """Indexes whose projection lacks the fields that name the entity."""
    _leyden_ttl_field: ClassVar[str | None]
    _leyden_build_keys: ClassVar[KeyBuilder]
    """All key fields of an item from its accepted values."""
    _leyden_build_own_key: ClassVar[KeyBuilder]
    """The fields of the table's own key alone, which need fewer values."""

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
        # Until someone changes them, these values are as the table has them: `set` hooks have
        # run on them.
        self.__dict__["_leyden_stored"] = self._leyden_values()

    def _leyden_values(self) -> dict[str, Any]:
        """The instance's values by attribute name."""
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
            keys = type(self)._leyden_build_keys(values)
        else:
            values = {name: entity.attributes[name].accept(v) for name, v in given.items()}
            keys = {
                field: getattr(self, name)
                for field, name in self._leyden_made_keys.items()
                if getattr(self, name) is not None
            }
        item = type(self)._leyden_encode(values)
        name_field, version_field = entity.spec.identifiers
        item[name_field] = {"S": entity.spec.entity}
        item[version_field] = {"S": entity.spec.version}
        for field, key in keys.items():
            item[field] = typed(key)
        if null_check:
            self._check_keys(item)
            stored = type(self)._leyden_decode(item)
            for name, python in self._leyden_names.items():
                self.attribute_values[python] = stored.get(name)
            for field, name in self._leyden_made_keys.items():
                self.attribute_values[name] = _bare(item[field])
            self._remember()
        return item

    def _check_keys(self, item: Item) -> None:
        entity = self._leyden_entity
        missing = [field for field in self._leyden_key_fields if field not in item]
        if missing:
            names = ", ".join(f'"{name}"' for name in entity.spec.primary.composites)
            raise MissingCompositeError(
                f'the key field "{missing[0]}" cannot be made; the table\'s own key needs {names}',
                missing=entity.spec.primary.composites,
                entity=entity.spec.entity,
            )

    def _leyden_key(self) -> tuple[Any, Any]:
        """The item's own key: as given or read, else made from the attributes."""
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
            keys = type(self)._leyden_build_own_key(accepted)
            self._check_keys({field: typed(key) for field, key in keys.items()})
            # What an attribute itself is stored in has that attribute's value, not the key's text.
            values = [
                _bare(typed(keys[field])) if field in self._leyden_made_keys else value
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
        """Update the item; sets `on_write` attributes as well.

        Raises ValidationError for an attribute that a key or a derived attribute is made from:
        PynamoDB cannot write those anew. `save()` does, and so does the entity's own update.
        """
        return super().update(self._leyden_actions(actions), condition, **options)

    def get_update_kwargs_from_instance(
        self, actions: list[Action], *arguments: Any, **options: Any
    ) -> dict[str, Any]:
        """The update as part of a transaction; see `update`."""
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
                    f'the field "{field}" {reason}, which PynamoDB\'s update does not write; '
                    f"use save(), or update() of the entity",
                    path=field,
                    entity=entity.spec.entity,
                )
        return [
            *actions,
            *(operand_of(entity.attributes[name]).set(value) for name, value in written.items()),
        ]

    @classmethod
    def _leyden_own(cls, filter_condition: Any, index_name: str | None) -> Any:
        """The filter that leaves out the items of other entities."""
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
        """Items of this entity under one partition key, as PynamoDB's `query` gives them."""
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
        """All items of this entity, as PynamoDB's `scan` gives them."""
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
        """How many items of this entity a query finds; without a key, the whole table's items."""
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


def typed(key: Any) -> AttributeValue:
    """A key as an AttributeValue; one that is typed already stays as it is."""
    if isinstance(key, dict):
        return key
    if isinstance(key, str):
        return {"S": key}
    if isinstance(key, bytes):
        return {"B": key}
    return {"N": number_text(key)}


def _bare(key: AttributeValue) -> Any:
    return decode_any(key)
