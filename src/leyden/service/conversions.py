"""Conversions between attributes, keys and cursors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from leyden._attrs import frozen
from leyden._calls import fitting
from leyden._text import did_you_mean
from leyden.errors import InputError
from leyden.keys import IndexKeys, KeyValue
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.entity import typed_key
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.identity import refuse_no_item
from leyden.operations.run.cursor import read_cursor, write_cursor
from leyden.program import AttributeValue, Item
from leyden.types.numbers import number_text


@frozen
class Conversions:
    """`task.conversions`: converts between attributes, keys and cursors.

    With `access_pattern`, a method works on the keys of that index. Keys are a dict of plain values
    by key field, as in `{"pk": "$taskapp#projectid_p1", "sk": "..."}`. For a `composite` index the
    keys are the stored attributes themselves.
    """

    _entity: BoundEntity

    @fitting("task.conversions.attributes_to_keys(...)")
    def attributes_to_keys(
        self,
        attributes: Mapping[str, Any],
        access_pattern: str | None = None,
        *,
        partial: bool = False,
    ) -> dict[str, KeyValue]:
        """Return the keys of these attributes, for every index that they suffice for.

        Derived attributes are computed if you pass all attributes that they read.

        With `access_pattern`, the result has the keys of its index and of the table, and all of
        their attributes are required. With `partial`, each key ends after the label of its first
        missing attribute.

        Raises MissingCompositeError, ValidationError, UnknownAttributeError.

        >>> task.conversions.attributes_to_keys({"project_id": "p1"}, partial=True)
        ... # doctest: +SKIP
        {'pk': '$taskapp#projectid_p1', 'sk': '$overview#tasks_1#taskid_'}
        """
        mapping = self._entity.mapping
        values = mapping.with_derived(mapping.accept(attributes))
        if access_pattern is None and partial:
            patterns = list(self._entity.keys.values())
        elif access_pattern is None:
            patterns = [k for k in self._entity.keys.values() if not _missing(k, values)]
            primary = self._entity.keys.primary
            patterns = [primary, *(keys for keys in patterns if keys is not primary)]
        else:
            patterns = [
                self._entity.keys.primary,
                self._entity.mapping.access_pattern(access_pattern),
            ]
        built: dict[str, KeyValue] = {}
        for keys in patterns:
            missing = _missing(keys, values)
            if missing and not partial:
                raise self._entity.mapping.missing(missing, keys)
            for form in keys.forms:
                if form.text_of_absent or not form.missing(values):
                    built.setdefault(form.field, self._entity.mapping.build_key(form, values))
            for field, attribute in self._bare(keys).items():
                if attribute.spec.name in values:
                    built.setdefault(field, _plain(attribute.encode(values[attribute.spec.name])))
        return built

    @fitting("task.conversions.keys_to_attributes(...)")
    def keys_to_attributes(
        self,
        keys: Mapping[str, Any],
        access_pattern: str | None = None,
        *,
        partial: bool = False,
    ) -> dict[str, Any]:
        """Return the attributes in these keys. Text keeps the case that the key gave it.

        With `partial`, a key may end before its last attribute, as keys of queries do, and keys of
        items that lack some of the key's attributes.

        Raises InputError if a key does not have the entity's form, or if there is no key field of
        the entity among them.
        """
        self._refuse_no_keys(keys)
        patterns = (
            list(self._entity.keys.values())
            if access_pattern is None
            else [self._entity.keys.primary, self._entity.mapping.access_pattern(access_pattern)]
        )
        found: dict[str, Any] = {}
        for pattern in patterns:
            for form in pattern.forms:
                if form.field in keys:
                    try:
                        parse = form.parse_beginning if partial else form.parse
                        found = {**parse(keys[form.field]), **found}
                    except ValueError as error:
                        raise InputError(
                            f'the key field "{form.field}" was not made by '
                            f'"{self._entity.spec.entity}": {error}',
                            entity=self._entity.spec.entity,
                        ) from error
            stored = {
                field: typed_key(keys[field]) for field in self._bare(pattern) if field in keys
            }
            found = {**self._entity.mapping.decode_values(stored), **found}
        return found

    @fitting("task.conversions.keys_to_cursor(...)")
    def keys_to_cursor(self, keys: Mapping[str, KeyValue]) -> str:
        """Return a cursor that continues after the item with these keys, as ElectroDB writes it.

        Raises InputError for fields that are not key fields of the entity.
        """
        self._refuse_no_keys(keys)
        strange = [name for name in keys if name not in self._fields]
        if strange:
            raise InputError(
                f'"{strange[0]}" is not a key field of "{self._entity.spec.entity}"'
                f"{did_you_mean(strange[0], self._fields)}",
                entity=self._entity.spec.entity,
            )
        return write_cursor({name: typed_key(key) for name, key in keys.items()})

    @fitting("task.conversions.attributes_to_cursor(...)")
    def attributes_to_cursor(
        self, attributes: Mapping[str, Any], access_pattern: str | None = None
    ) -> str:
        """Return a cursor that continues after the item with these attributes.

        It is a cursor as ElectroDB writes it, without a checksum, so pass it to a read together
        with `cursor_from="electrodb"`.
        """
        pattern = access_pattern or self._entity.keys.primary.spec.name
        return self.keys_to_cursor(self.attributes_to_keys(attributes, pattern))

    @fitting("task.conversions.cursor_to_keys(...)")
    def cursor_to_keys(self, cursor: str, access_pattern: str | None = None) -> dict[str, KeyValue]:
        """Return the keys in a cursor. Raises InvalidCursorError."""
        keys = self._entity.mapping.access_pattern(
            access_pattern or self._entity.keys.primary.spec.name
        )
        position = read_cursor(cursor, None, self._entity.positions[keys.spec.name])
        return {name: _plain(value) for name, value in position.items()}

    @fitting("task.conversions.cursor_to_attributes(...)")
    def cursor_to_attributes(
        self, cursor: str, access_pattern: str | None = None
    ) -> dict[str, Any]:
        """Return the attributes in a cursor's keys. Raises InvalidCursorError, InputError."""
        return self.keys_to_attributes(self.cursor_to_keys(cursor, access_pattern), access_pattern)

    @fitting("task.conversions.item_to_keys(...)")
    def item_to_keys(self, item: Item) -> dict[str, KeyValue]:
        """Return the key fields of a raw item. Raises DecodeError if it is not a raw item."""
        refuse_no_item(item)
        return {name: _plain(item[name]) for name in item if name in self._fields}

    @property
    def _fields(self) -> frozenset[str]:
        """Return the key fields of all access patterns."""
        patterns = self._entity.keys.values()
        made = (form.field for keys in patterns for form in keys.forms)
        return frozenset((*made, *(field for keys in patterns for field in self._bare(keys))))

    def _bare(self, keys: IndexKeys) -> dict[str, CompiledAttribute]:
        """Return the attributes that are themselves the keys of a `composite` index, by field."""
        if keys.forms:
            return {}
        attributes = self._entity.mapping.attributes
        names = keys.spec.composites
        return {attributes[name].spec.field: attributes[name] for name in names}

    def _refuse_no_keys(self, keys: Mapping[str, Any]) -> None:
        """Raise InputError if there is no key field of the entity among these, or a wrong value."""
        name = self._entity.spec.entity
        if not isinstance(keys, Mapping):
            raise InputError(
                f"keys must be a mapping by key field, not {type(keys).__name__}",
                entity=name,
            )
        if not self._fields.intersection(keys):
            raise InputError(
                f'none of these is a key field of "{name}", which has '
                f"{', '.join(sorted(self._fields))}",
                entity=name,
            )
        for field in self._fields.intersection(keys):
            value = keys[field]
            if isinstance(value, bool) or not isinstance(
                value, str | bytes | int | float | Decimal
            ):
                raise InputError(
                    f'the key field "{field}" holds text, a number or bytes, not '
                    f"{type(value).__name__}",
                    entity=name,
                )


def _missing(keys: IndexKeys, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the attributes that the keys of an access pattern need and `values` lacks."""
    if not keys.forms:
        return tuple(name for name in keys.spec.composites if name not in values)
    return tuple(name for form in keys.forms for name in form.missing(values))


def _plain(value: AttributeValue) -> KeyValue:
    ((kind, content),) = value.items()
    if kind != "N":
        return content  # type: ignore[no-any-return]
    number = float(content)
    exact = int(number) if number.is_integer() else number
    return exact if number_text(exact) == content else content
