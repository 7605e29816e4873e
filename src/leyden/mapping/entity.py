"""An entity's schema as functions: they turn values into keys and items, and back.

An `EntityMapping` knows nothing of tables or requests, so all layers above can share it: operations
plan with it, PynamoDB's models are built on it, and tools ask it what an item holds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from leyden._text import did_you_mean
from leyden.errors import (
    InputError,
    InvalidExpressionError,
    ItemTooLargeError,
    MissingCompositeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.keys import IndexKeys, KeyForm, KeyValue, entity_keys
from leyden.mapping.building import Hooks, check_hooks, compile_attributes, set_key_texts
from leyden.mapping.codec import all_attributes, compile_codec
from leyden.mapping.paths import ResolvedPath, resolve_path, unknown_attribute
from leyden.mapping.preparing import Preparation, SparseCondition, sparse_condition
from leyden.mapping.record import record_class, record_slots
from leyden.mapping.sealing import Keyring, Sealer, seal_codec
from leyden.schema.spec import OVERFLOW_FIELD, EntitySpec
from leyden.types.base import AttributeValue, Item
from leyden.types.numbers import number_text

if TYPE_CHECKING:
    from leyden.mapping.rows import RowReader

T = TypeVar("T")

PARTITION_KEY_LIMIT: Final = 2048
"""The length of the longest partition key that DynamoDB accepts, in bytes."""

SORT_KEY_LIMIT: Final = 1024
"""The length of the longest sort key that DynamoDB accepts, in bytes."""

_SURELY_SHORT: Final = SORT_KEY_LIMIT // 4
"""A number of characters that always fits, because a character has at most 4 bytes."""


class EntityMapping(Preparation):
    """The compiled schema of one entity.

    `spec` is the schema, `keys` the forms of its keys by access pattern, `attributes` its compiled
    attributes by name, `record` the class of its records, and `slots` the records' slot of each
    attribute that is not hidden (a slot differs from the name only if that is a keyword or is
    taken). `encode`, `decode` and `decode_values` are generated functions:

    * `encode(values)` turns accepted values by name into a stored item, without keys. An attribute
      that is stored in a key's field is written as that key.
    * `decode(item)` turns a stored item into a record. It leaves out fields that the schema does
      not know, hidden attributes, and unknown properties of typed maps, and the record knows which
      (`leyden.mapping.lack`). It also leaves out deferred attributes; `decode(item, True)` keeps
      them. `get` hooks run. Only the type of values matters: constraints and enum members apply to
      writes, not to reads.
    * `decode_values(item)` turns a stored item into values by name, hidden ones too. It is the
      inverse of `encode`.

    The decoders raise DecodeError for values that do not fit their type. Stored NULLs are None.
    """

    encode: Callable[[Mapping[str, Any]], Item]
    decode: Callable[..., Any]
    decode_values: Callable[[Item], dict[str, Any]]
    _encoders: dict[str, tuple[str, Callable[[Any], Any]]]

    def __init__(self, spec: EntitySpec, hooks: Hooks, keyring: Keyring | None = None) -> None:
        attributes = compile_attributes(spec, hooks)
        super().__init__(spec, attributes, hooks)
        self.keys = entity_keys(spec)
        self.sealer: Sealer | None = None
        """Encrypts and decrypts values; None if the entity has no encrypted attributes."""
        if any(attribute.encrypt for attribute in spec.attributes.values()):
            own = tuple(form.field for form in self.keys.primary.forms)
            self.sealer = Sealer(spec, own, keyring)
        self.visible = tuple(name for name, a in spec.attributes.items() if not a.hidden)
        """The names of the attributes that records show."""
        self.slots: Mapping[str, str] = MappingProxyType(record_slots(spec))
        self.record: type[Any] = record_class(spec, self.slots)
        self.record.__leyden_mapping__ = lambda: self
        halves = [half for index in spec.indexes.values() for half in (index.pk, index.sk) if half]
        self.key_fields = frozenset(half.field for half in halves if half.field)
        """The key fields of the table and of its indexes."""
        self.key_texts = set_key_texts(self.keys, attributes)
        stored = frozenset(attribute.spec.field for attribute in attributes.values())
        self.known_fields = stored | self.key_fields | {*spec.identifiers, OVERFLOW_FIELD}
        """All fields that the schema knows."""
        for attribute in all_attributes(attributes.values()):
            attribute.write_codec = self._write_codec
        self._roots = {
            name: resolve_path(name, attributes, spec.entity)
            for name in attributes
            if name.isidentifier()
        }
        self._conditions = {
            name: sparse_condition(self, index, hooks)
            for name, index in spec.indexes.items()
            if index.when is not None
        }
        self.guards_vectors = bool(spec.searches or spec.never_empty or spec.never_zero)
        """Whether a vector index of the table has requirements for the entity's items."""
        self._rows: list[RowReader | None] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<mapping of {self.spec.entity} (version {self.spec.version})>"

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes, such as the codec before its first use.
        if name not in ("_encoders", "decode", "decode_values", "encode"):
            raise AttributeError(name, name=name, obj=self)
        self._write_codec()
        return object.__getattribute__(self, name)

    def _write_codec(self) -> None:
        # Two threads may run this at the same time, and write the same functions.
        codec = compile_codec(
            self.attributes, self.record, self.slots, self.known_fields, title=self.spec.entity
        )
        if self.sealer is not None:
            codec = seal_codec(codec, self.attributes, self.sealer, self.primary_key)
        self._encoders = {name: (a.spec.field, a.encode) for name, a in self.attributes.items()}
        self.encode = codec.encode
        self.decode_values = codec.decode_values
        self.decode = codec.decode

    @property
    def written_late(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """The functions that write and compile source at first use, each with a title."""
        name = self.spec.entity
        return (
            (f"the codec of {name}", self._write_codec),
            (f"new items of {name}", self._compile_fill),
            (f"pages of {name}", lambda: self.rows),
        )

    @property
    def rows(self) -> RowReader | None:
        """The fast path from a query's answer to records, made at first use.

        It is None if records show more than what is stored.
        """
        if not self._rows:
            from leyden.mapping.rows import compile_rows

            with self._lock:
                if not self._rows:
                    reader = compile_rows(
                        self.attributes,
                        self.record,
                        self.slots,
                        self.key_fields,
                        self.spec.identifiers,
                        title=self.spec.entity,
                    )
                    self._rows.append(reader)
        return self._rows[0]

    @cached_property
    def overflow(self) -> frozenset[str]:
        """The fields whose values may be stored outside their item."""
        attributes = self.spec.attributes.values()
        return frozenset(attribute.field for attribute in attributes if attribute.overflow)

    @cached_property
    def has_companions(self) -> bool:
        """Whether items may have companions: guards of unique values, parts of large values."""
        return bool(self.overflow or self.spec.unique)

    @cached_property
    def composites(self) -> tuple[str, ...]:
        """The fields of the attributes in the table's own key."""
        return tuple(self.spec.attributes[name].field for name in self.keys.primary.composites)

    @cached_property
    def key_slots(self) -> frozenset[str]:
        """The slots of a record that shows only the table's own key."""
        names = self.keys.primary.composites
        return frozenset(self.slots[name] for name in names if name in self.slots)

    @cached_property
    def vectors(self) -> frozenset[str]:
        """The fields that hold vectors."""
        attributes = self.spec.attributes.values()
        return frozenset(attribute.field for attribute in attributes if attribute.type == "vector")

    @cached_property
    def deferred(self) -> frozenset[str]:
        """The slots that records show only if a read names them."""
        attributes = self.spec.attributes
        return frozenset(slot for name, slot in self.slots.items() if attributes[name].deferred)

    @cached_property
    def read_only(self) -> tuple[str, ...]:
        """The read-only attributes in no key, which are set only if the item has none."""
        return tuple(
            name
            for name, attribute in self.spec.attributes.items()
            if attribute.read_only and name not in self.keys.indexed
        )

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The attributes in index keys, and those that conditions of sparse indexes read."""
        read: set[str] = set()
        for keys in self.keys.values():
            if keys.spec.when is not None:
                roots = self.condition(keys.spec.name).roots
                read.update(self.spec.attributes if roots is None else roots)
        return self.keys.indexed | read

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """The constants of the schema."""
        return self.spec.constants

    def encode_few(self, values: Mapping[str, Any]) -> Item:
        """Encode like `encode`, but faster for a few values, none of which may be None."""
        encoders = self._encoders
        item = {}
        for name, value in values.items():
            field, encode = encoders[name]
            item[field] = encode(value)
        return item

    def condition(self, index: str) -> SparseCondition:
        """Return the `when` of an access pattern. Raises KeyError if it has none."""
        return self._conditions[index]

    def needed_by(self, keys: IndexKeys) -> frozenset[str]:
        """Return the attributes that decide about an index key: composites, and those of `when`."""
        return keys.needed if keys.spec.when is None else self.condition(keys.spec.name).needed

    def resolve(self, path: str) -> ResolvedPath:
        """Resolve a path such as `detail.effort`, `history[0].text` or `detail["a b"]`.

        Raises InvalidExpressionError if it is not a path, UnknownAttributeError for an unknown
        name.
        """
        return self._roots.get(path) or resolve_path(path, self.attributes, self.spec.entity)

    def accept(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the types of values, and return them as they are stored, without None.

        Raises UnknownAttributeError or ValidationError.
        """
        attributes = self.attributes
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
        # Stored values went through the `set` hooks, so values to search for must as well.
        return self.setters.looked_for(accepted) if self.has_setters else accepted

    def sought(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check values to search for; each must narrow the search.

        Dropping a value would find more items than the caller wants. Raises UnknownAttributeError,
        ValidationError, and InvalidExpressionError for None.
        """
        accepted = self.accept(given)
        for name, value in given.items():
            if self.attributes[name].spec.encrypt:
                raise InvalidExpressionError(
                    f'"{name}" is encrypted, so the table cannot search for it; leave it out, and '
                    "compare it in Python after you read it",
                    entity=self.spec.entity,
                )
            if accepted.get(name) is None:
                why = (
                    "None is nothing to search for"
                    if value is None
                    else "its `set` hook turns this one into None, which is nothing to search for"
                )
                raise InvalidExpressionError(
                    f'"{name}" needs a value: {why}; leave the attribute out, or filter with '
                    f".where({self.spec.alias}.attr.{name}.does_not_exist())",
                    entity=self.spec.entity,
                )
        return accepted

    def completed(self, given: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
        """Return the given values, and the constants among `names` that were not given."""
        if not self.constants:
            return given
        refuse_no_mapping(given, self.spec.entity)
        implied = {n: self.constants[n] for n in names if n in self.constants and n not in given}
        return {**implied, **given} if implied else given

    def access_pattern(self, name: object) -> IndexKeys:
        """Return the access pattern of this name. Raises InvalidExpressionError."""
        keys = self.keys.by_name.get(name) if isinstance(name, str) else None
        if keys is None:
            shown = f'"{name}"' if isinstance(name, str) else f"of type {type(name).__name__}"
            hint = did_you_mean(str(name), self.keys) or f"; it has {', '.join(self.keys)}"
            raise InvalidExpressionError(
                f'"{self.spec.entity}" has no access pattern {shown}{hint}',
                entity=self.spec.entity,
            )
        return keys

    def unknown(self, name: str) -> UnknownAttributeError:
        """Return the error for a name that the entity does not have."""
        return unknown_attribute(name, self.attributes, self.spec.entity)

    def own_values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the attributes of the table's own key, and return them.

        Raises UnknownAttributeError for other attributes, MissingCompositeError if one is missing.
        """
        names = self.keys.primary.composites
        if given.__class__ is not dict:
            refuse_no_mapping(given, self.spec.entity)
        for name in given:
            if name not in names:
                if name not in self.spec.attributes:
                    raise self.unknown(name)
                raise UnknownAttributeError(
                    f'"{name}" is not part of the key, which is made of {_names(names)}'
                    f"{did_you_mean(name, names)}",
                    entity=self.spec.entity,
                )
        values = self.accept(self.completed(given, names) if self.constants else given)
        if len(values) < len(names):
            # A derived attribute can be given by its inputs, as a day by its time.
            told = self.with_derived(values)
            values = {name: told[name] for name in names if name in told}
            missing = tuple(name for name in names if name not in values)
            if missing:
                raise self.missing(missing, self.keys.primary)
        return values

    def primary_key(self, values: Mapping[str, Any]) -> Item:
        """Return the table's own key of an item. Raises MissingCompositeError."""
        return {
            form.field: self.key_value(form, values, self.keys.primary)
            for form in self.keys.primary.forms
        }

    def key_value(
        self, form: KeyForm, values: Mapping[str, Any], keys: IndexKeys
    ) -> AttributeValue:
        """Return a complete key of one form, typed. Raises MissingCompositeError."""
        try:
            key = form.complete(values)
        except ValueError as error:
            raise self._unmakeable(form, error) from error
        if key.__class__ is str and 0 < len(key) <= _SURELY_SHORT:
            return {"S": key}
        if key is None:
            raise self.missing(form.missing(values), keys)
        return typed_key(self._fit(form, key))

    def build_key(self, form: KeyForm, values: Mapping[str, Any]) -> KeyValue:
        """Return a key as a write stores it. Raises an error if it cannot be a key."""
        return self._fit(form, self.made(form, lambda: form.build(values)))

    def made(self, form: KeyForm, make: Callable[[], T]) -> T:
        """Return the result of `make`. Raises ValidationError if the key cannot be built."""
        try:
            return make()
        except ValueError as error:
            raise self._unmakeable(form, error) from error

    def _unmakeable(self, form: KeyForm, error: ValueError) -> ValidationError:
        return ValidationError(
            f'the key field "{form.field}" cannot be built: {error}', entity=self.spec.entity
        )

    def _fit(self, form: KeyForm, key: KeyValue | None) -> KeyValue:
        if key is None or key == "":
            raise ValidationError(
                f'the key field "{form.field}" would be empty; give {_names(form.names)} a '
                "value that is not empty",
                path=form.names[0] if form.names else "",
                entity=self.spec.entity,
            )
        if isinstance(key, str):
            refuse_long_key(form.field, key, sort=form.field in self.keys.sort_fields)
        return key

    def missing(self, names: tuple[str, ...], keys: IndexKeys) -> MissingCompositeError:
        """Return the error for attributes that an access pattern needs and did not get."""
        return MissingCompositeError(
            f'the access pattern "{keys.spec.name}" needs {_names(names)} as well',
            missing=names,
            entity=self.spec.entity,
        )


def compile_entity(
    spec: EntitySpec, *, hooks: Hooks | None = None, keyring: Keyring | None = None
) -> EntityMapping:
    """Compile one entity. `hooks` are the functions that `{call: NAME}` names.

    `keyring` has the keys of encrypted attributes. Without it, writing or reading their values
    raises an error.

    The arguments of hooks:

    * `default`, `on_write`: none. They return a value, or None.
    * `validate`: the value; see `leyden.mapping.building`.
    * `set`, `get`: the value and all values by name. `set` runs after all checks, and must return a
      value of the attribute's type. `get` runs when a record is made from an item that has the
      attribute, or one that it watches.
    * `when`: the values by name of the attributes that it reads.
    * `derive`: the value given for the attribute itself, or None, and all values by name.

    Raises InvalidOptionError for a missing hook, InvalidExpressionError for JMESPath that does not
    parse.

    >>> task = compile_entity(spec)                                  # doctest: +SKIP
    >>> task.encode(task.prepare_create({"task_id": "t1"}))          # doctest: +SKIP
    {'taskId': {'S': 't1'}, ...}
    """
    hooks = dict(hooks or {})
    check_hooks(spec, hooks)
    return EntityMapping(spec, hooks, keyring)


def refuse_no_mapping(given: object, entity: str) -> None:
    """Raise InputError if attributes are not given by name."""
    if given.__class__ is not dict and not isinstance(given, Mapping):
        raise InputError(
            f"attributes must be given by name, as keywords or in a mapping, not as "
            f"{type(given).__name__}",
            entity=entity,
        )


def refuse_long_key(field: str, key: str, *, sort: bool) -> None:
    """Raise ItemTooLargeError for a key that is too long for DynamoDB."""
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
    """Return a key as a typed AttributeValue."""
    if isinstance(key, str):
        return {"S": key}
    if isinstance(key, bytes):
        return {"B": key}
    return {"N": number_text(key)}


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
