"""Attributes, keys and cursors turned into each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from leyden.errors import InputError, InvalidExpressionError
from leyden.keys import IndexKeys, KeyValue
from leyden.keys.text import number_text
from leyden.operations.bound import BoundEntity, typed_key
from leyden.operations.cursor import read_cursor, write_cursor
from leyden.operations.read_many import key_fields
from leyden.operations.request import AttributeValue, Item
from leyden.schema.faults import did_you_mean


@frozen
class Conversions:
    """`task.conversions`: for an entity, or with `access_pattern`, for one of its indexes.

    Keys are plain values by key field, as in `{"pk": "$taskapp#projectid_p1", "sk": "..."}`.
    """

    entity: BoundEntity

    def attributes_to_keys(
        self, attributes: Mapping[str, Any], access_pattern: str | None = None
    ) -> dict[str, KeyValue]:
        """The keys that these attributes make; of every index that they suffice for.

        With `access_pattern`, those of its index and the table's own key, all required. Raises
        MissingCompositeError, ValidationError, UnknownAttributeError.
        """
        values = self.entity.accept(attributes)
        if access_pattern is None:
            patterns = [
                keys
                for keys in self.entity.keys.values()
                if keys.forms and not any(form.missing(values) for form in keys.forms)
            ]
            primary = self.entity.keys.primary
            patterns = [primary, *(keys for keys in patterns if keys is not primary)]
        else:
            patterns = [self.entity.keys.primary, self._keys(access_pattern)]
        built: dict[str, KeyValue] = {}
        for keys in patterns:
            for form in keys.forms:
                missing = form.missing(values)
                if missing:
                    raise self.entity.missing(missing, keys)
                built.setdefault(form.field, self.entity.build(form, values))
        return built

    def keys_to_attributes(
        self, keys: Mapping[str, Any], access_pattern: str | None = None
    ) -> dict[str, Any]:
        """The attributes in these keys; text that a key folded stays folded.

        Raises InputError where a key does not have the entity's form.
        """
        patterns = (
            list(self.entity.keys.values())
            if access_pattern is None
            else [self.entity.keys.primary, self._keys(access_pattern)]
        )
        found: dict[str, Any] = {}
        for pattern in patterns:
            for form in pattern.forms:
                if form.field in keys:
                    try:
                        found = {**form.parse(keys[form.field]), **found}
                    except ValueError as error:
                        raise InputError(
                            f'the key field "{form.field}" was not made by '
                            f'"{self.entity.spec.entity}": {error}',
                            entity=self.entity.spec.entity,
                        ) from error
        return found

    def keys_to_cursor(self, keys: Mapping[str, KeyValue]) -> str:
        """A cursor that goes on behind the item with these keys, as ElectroDB writes it."""
        return write_cursor({name: typed_key(key) for name, key in keys.items()})

    def attributes_to_cursor(
        self, attributes: Mapping[str, Any], access_pattern: str | None = None
    ) -> str:
        """A cursor that goes on behind the item with these attributes."""
        pattern = access_pattern or self.entity.keys.primary.spec.name
        return self.keys_to_cursor(self.attributes_to_keys(attributes, pattern))

    def cursor_to_keys(self, cursor: str, access_pattern: str | None = None) -> dict[str, KeyValue]:
        """The keys in a cursor. Raises InvalidCursorError."""
        keys = self._keys(access_pattern or self.entity.keys.primary.spec.name)
        fields = tuple(form.field for form in keys.forms)
        position = read_cursor(cursor, None, key_fields(self.entity.keys.primary, keys, fields))
        return {name: _plain(value) for name, value in position.items()}

    def cursor_to_attributes(
        self, cursor: str, access_pattern: str | None = None
    ) -> dict[str, Any]:
        """The attributes in a cursor's keys. Raises InvalidCursorError, InputError."""
        return self.keys_to_attributes(self.cursor_to_keys(cursor, access_pattern), access_pattern)

    def item_to_keys(self, item: Item) -> dict[str, KeyValue]:
        """The key fields of a raw item."""
        fields = {form.field for keys in self.entity.keys.values() for form in keys.forms}
        return {name: _plain(item[name]) for name in item if name in fields}

    def _keys(self, access_pattern: str) -> IndexKeys:
        keys = self.entity.keys.by_name.get(access_pattern)
        if keys is None:
            hint = did_you_mean(access_pattern, self.entity.keys)
            raise InvalidExpressionError(
                f'"{self.entity.spec.entity}" has no access pattern "{access_pattern}"{hint}',
                entity=self.entity.spec.entity,
            )
        return keys


def _plain(value: AttributeValue) -> KeyValue:
    ((kind, content),) = value.items()
    if kind != "N":
        return content  # type: ignore[no-any-return]
    number = float(content)
    exact = int(number) if number.is_integer() else number
    return exact if number_text(exact) == content else content
