"""An entity as operations need it: compiled, with its keys, on a table.

It says whose an item is. Keys are folded and joined without escaping, so two different items may
have the same key, and an item is the one meant only where its key attributes are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeAlias, TypeVar

from leyden._attrs import frozen
from leyden._calls import shorten
from leyden._text import did_you_mean
from leyden.errors import (
    DecodeError,
    HookError,
    InputError,
    InvalidExpressionError,
    ItemTooLargeError,
    LeydenError,
    MissingCompositeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.keys import EntityKeys, IndexKeys, KeyForm, KeyValue
from leyden.mapping import EntityMapping
from leyden.program import AttributeValue, Item, Program, Runner
from leyden.schema.spec import EntitySpec
from leyden.types import type_of
from leyden.types.numbers import number_text

T = TypeVar("T")

Identity: TypeAlias = Mapping[str, AttributeValue]
"""Fields of an item, with the values that they must have for the item to be the one meant."""

EMPTY: Final[AttributeValue] = {"S": ""}

ItemId: TypeAlias = Hashable
"""Equal for equal keys of one table, however the service writes them."""


def item_id(table: str, key: Item) -> ItemId:
    """The identity of the item that a key names, in any order of its fields."""
    parts = []
    for name, value in sorted(key.items()):
        ((kind, content),) = value.items()
        # The service writes numbers out in digits of its own; Decimals of one value are equal.
        parts.append((name, kind, Decimal(content) if kind == "N" else content))
    return (table, *parts)


_LONGEST_SHOWN: Final = 120
"""So much of a key's text stands in a message, in characters."""


def name_item(error: DecodeError | HookError, entity: BoundEntity, item: Item) -> None:
    """Put the item that cannot be read on the error, and its key into the message.

    The key alone: what else is in an item stays out of messages.
    """
    if error.item is not None:
        return
    error.item = item
    error.key = {f.field: item[f.field] for f in entity.keys.primary.forms if f.field in item}
    error.entity = error.entity or entity.spec.entity
    shown = []
    for field, value in error.key.items():
        content = next(iter(value.values()), "") if isinstance(value, Mapping) else value
        text = repr(content)
        if len(text) > _LONGEST_SHOWN:
            text = f"{text[:_LONGEST_SHOWN]}..."
        shown.append(f"{field}={text}")
    if shown:
        error.message += f" (the item {', '.join(shown)})"


def refuse_duplicates(operation: str, ids: Iterable[ItemId]) -> None:
    """Raise InputError where two entries name one item of one table."""
    ids = [*ids]
    if len({*ids}) == len(ids):
        return
    seen: dict[ItemId, int] = {}
    for position, one in enumerate(ids):
        first = seen.setdefault(one, position)
        if first != position:
            raise InputError(
                f"entries {first} and {position} have the same key, and each item can be in "
                "there once (keys fold the case of letters unless told otherwise)",
                operation=operation,
            )


PARTITION_KEY_LIMIT: Final = 2048
"""The longest partition key that DynamoDB takes, in bytes."""

SORT_KEY_LIMIT: Final = 1024
"""The longest sort key that DynamoDB takes, in bytes."""

_SURELY_SHORT: Final = SORT_KEY_LIMIT // 4
"""As many characters as any key may have, whatever they are."""


@frozen(eq=False, repr=False, slots=False)
class BoundEntity:
    """One entity on one table, with the runner that its requests go through."""

    mapping: EntityMapping
    keys: EntityKeys
    table: str
    runner: Runner
    local_indexes: frozenset[str] = frozenset()
    """The names of the table's local indexes."""
    ttl_field: str | None = None
    """The field that the table's time to live reads, where table.yaml says so."""

    @cached_property
    def spec(self) -> EntitySpec:
        """The entity's schema."""
        return self.mapping.spec

    @cached_property
    def overflow(self) -> frozenset[str]:
        """The fields whose values may be stored outside of their item."""
        attributes = self.spec.attributes.values()
        return frozenset(attribute.field for attribute in attributes if attribute.overflow)

    @cached_property
    def has_companions(self) -> bool:
        """Whether other items go with an item: guards of unique values, parts of large ones."""
        return bool(self.overflow or self.spec.unique)

    @cached_property
    def lifetimes(self) -> frozenset[str]:
        """The fields that may hold an item's time to live."""
        return frozenset(
            attribute.field
            for attribute in self.spec.attributes.values()
            if type_of(attribute).expires or attribute.field == self.ttl_field
        )

    @cached_property
    def composites(self) -> tuple[str, ...]:
        """The fields of the attributes that the table's own key is made of."""
        return tuple(self.spec.attributes[name].field for name in self.keys.primary.composites)

    @cached_property
    def guarded(self) -> Mapping[str, str]:
        """The attributes that tell apart items which may share the table's own key: fields by name.

        Empty where no two different items can have one key.
        """
        return {name: self.spec.attributes[name].field for name in self.keys.guarded}

    @cached_property
    def written_once(self) -> frozenset[str]:
        """The fields that a write sets only where the item has none: read-only, and in no key."""
        return frozenset(self.spec.attributes[name].field for name in self.read_only)

    @cached_property
    def read_only(self) -> tuple[str, ...]:
        """The names of the attributes in these fields."""
        return tuple(
            name
            for name, attribute in self.spec.attributes.items()
            if attribute.read_only and name not in self.keys.indexed
        )

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The attributes that make index keys, and those that sparse indexes' conditions read."""
        read: set[str] = set()
        for keys in self.keys.values():
            if keys.spec.when is not None:
                roots = self.mapping.condition(keys.spec.name).roots
                read.update(self.spec.attributes if roots is None else roots)
        return self.keys.indexed | read

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """The values of attributes that can have but one: enums of one value.

        Keys and queries need not be given these.
        """
        return {
            name: attribute.values[0]
            for name, attribute in self.spec.attributes.items()
            if attribute.type == "enum"
            and len(attribute.values) == 1
            # An item may lack one that is optional, and must be found all the same.
            and (attribute.required or attribute.default is not None)
        }

    def __repr__(self) -> str:
        return f"<{self.spec.alias} on table {self.table}>"

    @property
    def identifiers(self) -> Item:
        """The two fields that say whose item it is."""
        spec = self.spec
        name, version = spec.identifiers
        return {name: {"S": spec.entity}, version: {"S": spec.version}}

    def identity_of(self, stored: Item) -> Identity:
        """The identity of an item that has the fields of its key attributes at least.

        Empty where its key is unique. A key that does not name its entity may also be another
        entity's.
        """
        identity = {field: stored[field] for field in self.guarded.values()}
        return identity if self.keys.name_entity else {**identity, **self.identifiers}

    def identity_by(self, values: Mapping[str, Any]) -> Identity:
        """The identity of the item with these accepted key attributes."""
        attributes = self.mapping.attributes
        return self.identity_of(
            {field: attributes[name].encode(values[name]) for name, field in self.guarded.items()}
        )

    def owns(self, item: Item, keys: IndexKeys | None = None) -> bool:
        """Whether the item is one of this entity's, by its identifiers, else by its keys.

        `keys` are those of the index that it was read from.
        """
        spec = self.spec
        name, version = map(item.get, spec.identifiers)
        if name is not None and version is not None:
            return name == {"S": spec.entity} and version == {"S": spec.version}
        forms = keys.forms if keys is not None else ()
        if not forms or any(form.template for form in forms):
            # Multi-attribute keys and templates do not tell, but every index holds the table's key.
            forms = (*forms, *self.keys.primary.forms)
        return all(form.field in item and form.owns(item[form.field].get("S", 0)) for form in forms)

    def operation(self, verb: str) -> str:
        """The name of an operation for errors and events: `task.create`."""
        return f"{self.spec.alias}.{verb}"

    def accept(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values checked for their types, as they are stored; None counts as not given.

        Raises UnknownAttributeError or ValidationError.
        """
        attributes = self.mapping.attributes
        accepted = {}
        refuse_no_mapping(given, self.spec.entity)
        for name, value in given.items():
            attribute = attributes.get(name)
            if attribute is None:
                raise self.unknown(name)
            if value is None:
                continue
            if attribute.fill_defaults is None:
                accepted[name] = attribute.check(value, attribute.path)
            else:
                accepted[name] = attribute.accept(value, constraints=False)
        # What is stored went through the `set` hooks, so what is looked for must as well.
        return self.mapping.setters.looked_for(accepted) if self.mapping.has_setters else accepted

    def sought(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values to look for, checked for their types, each of which narrows what is found.

        A value that was left away would find more than was asked for. Raises UnknownAttributeError,
        ValidationError, InvalidExpressionError for None.
        """
        accepted = self.accept(given)
        for name, value in given.items():
            if accepted.get(name) is None:
                why = (
                    "None says nothing to look for"
                    if value is None
                    else "its `set` hook makes None of this one, which says nothing to look for"
                )
                raise InvalidExpressionError(
                    f'"{name}" needs a value: {why}; leave the attribute out, or filter with '
                    f".where({self.spec.alias}.attr.{name}.does_not_exist())",
                    entity=self.spec.entity,
                )
        return accepted

    def completed(self, given: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
        """The given values, and the constants among `names` that were not given."""
        refuse_no_mapping(given, self.spec.entity)
        if not self.constants:
            return given
        implied = {n: self.constants[n] for n in names if n in self.constants and n not in given}
        return {**implied, **given} if implied else given

    def access_pattern(self, name: object) -> IndexKeys:
        """The access pattern of this name. Raises InvalidExpressionError where there is none."""
        keys = self.keys.by_name.get(name) if isinstance(name, str) else None
        if keys is None:
            shown = f'"{name}"' if isinstance(name, str) else f"of the type {type(name).__name__}"
            hint = did_you_mean(str(name), self.keys) or f"; it has {', '.join(self.keys)}"
            raise InvalidExpressionError(
                f'"{self.spec.entity}" has no access pattern {shown}{hint}',
                entity=self.spec.entity,
            )
        return keys

    def unknown(self, name: str) -> UnknownAttributeError:
        """The error for a name that the entity does not have."""
        hint = did_you_mean(str(name), self.spec.attributes)
        return UnknownAttributeError(
            f'"{self.spec.entity}" has no attribute "{name}"{hint}', entity=self.spec.entity
        )

    def primary_key(self, values: Mapping[str, Any]) -> Item:
        """The table's own key of an item. Raises MissingCompositeError."""
        return {
            form.field: self.key_value(form, values, self.keys.primary)
            for form in self.keys.primary.forms
        }

    def key_value(
        self, form: KeyForm, values: Mapping[str, Any], keys: IndexKeys
    ) -> AttributeValue:
        """A complete key of one form, typed. Raises MissingCompositeError."""
        try:
            key = form.complete(values)
        except ValueError as error:
            raise self._unmakeable(form, error) from error
        if key.__class__ is str and 0 < len(key) <= _SURELY_SHORT:
            return {"S": key}
        if key is None:
            raise self.missing(form.missing(values), keys)
        return typed_key(self._fit(form, key))

    def build(self, form: KeyForm, values: Mapping[str, Any]) -> KeyValue:
        """A key as a write stores it, refused where it cannot be a key."""
        try:
            key = form.build(values)
        except ValueError as error:
            raise self._unmakeable(form, error) from error
        return self._fit(form, key)

    def _unmakeable(self, form: KeyForm, error: ValueError) -> ValidationError:
        return ValidationError(
            f'the key field "{form.field}" cannot be made: {error}', entity=self.spec.entity
        )

    def _fit(self, form: KeyForm, key: KeyValue | None) -> KeyValue:
        if key is None or key == "":
            raise ValidationError(
                f'the key field "{form.field}" would be empty; give '
                f"{_names(form.names)} a value that is not empty",
                path=form.names[0] if form.names else "",
                entity=self.spec.entity,
            )
        if isinstance(key, str):
            refuse_long_key(form.field, key, sort=form.field in self.keys.sort_fields)
        return key

    def missing(self, names: tuple[str, ...], keys: IndexKeys) -> MissingCompositeError:
        """The error for composite attributes that an access pattern needs and did not get."""
        return MissingCompositeError(
            f'the access pattern "{keys.spec.name}" needs {_names(names)} as well',
            missing=names,
            entity=self.spec.entity,
        )


def matches(item: Item, identity: Identity) -> bool:
    """Whether the item has this identity.

    A field that was not read counts as agreeing, but no value is no empty text.
    """
    for field, value in identity.items():
        if item[field] != value if field in item else value == EMPTY:
            return False
    return True


def refuse_no_mapping(given: object, entity: str) -> None:
    """Raise InputError where attributes are not given by their names."""
    if given.__class__ is not dict and not isinstance(given, Mapping):
        raise InputError(
            f"attributes are given by name, as keywords or in a mapping, not as "
            f"{type(given).__name__}",
            entity=entity,
        )


def refuse_long_key(field: str, key: str, *, sort: bool) -> None:
    """Raise ItemTooLargeError for a key that DynamoDB would refuse for its length."""
    limit = SORT_KEY_LIMIT if sort else PARTITION_KEY_LIMIT
    if len(key) * 4 <= limit:
        return
    size = len(key.encode())
    if size > limit:
        raise ItemTooLargeError(
            f'the key field "{field}" has {size:,} bytes and DynamoDB takes at most {limit:,}; '
            "shorten the values that it is made of",
            size=size,
            limit=limit,
        )


def typed_key(key: KeyValue) -> AttributeValue:
    """A key as a typed AttributeValue."""
    if isinstance(key, str):
        return {"S": key}
    if isinstance(key, bytes):
        return {"B": key}
    return {"N": number_text(key)}


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


class error_context:  # noqa: N801 - reads as a statement: with error_context("task.create", task)
    """Puts an operation's name on errors that are raised while it is built."""

    __slots__ = ("entity", "operation")

    def __init__(self, operation: str, entity: BoundEntity) -> None:
        self.operation = operation
        self.entity = entity

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LeydenError):
            self.name(error)

    def name(self, error: LeydenError) -> None:
        """Put the names on an error that has none, and let its traceback end at the call."""
        shorten(error)
        error.operation = error.operation or self.operation
        error.entity = error.entity or self.entity.spec.entity


def run_named(program: Program[T], named: error_context) -> Program[T]:
    """The program, with the operation's name on what it raises."""
    with named:
        return (yield from program)
