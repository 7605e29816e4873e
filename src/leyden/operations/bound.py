"""An entity as operations need it: its mapping on a table, and names for errors.

It says whose an item is. Keys are folded and joined without escaping, so two different items may
have the same key, and an item is the one meant only where its key attributes are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden._calls import shorten
from leyden.errors import (
    ConversionError,
    DecodeError,
    HookError,
    InputError,
    LeydenError,
)
from leyden.keys import EntityKeys, IndexKeys, KeyForm
from leyden.mapping import EntityMapping, compile_entity
from leyden.mapping.building import Hooks
from leyden.mapping.lack import narrow
from leyden.mapping.record import promise_class
from leyden.mapping.sealing import Keyring
from leyden.mapping.table import held_fields
from leyden.program import AttributeValue, Item, Program, Runner
from leyden.schema.spec import EntitySpec, SearchSpec, TableSpec
from leyden.types import type_of
from leyden.types.vector import plain_item

if TYPE_CHECKING:
    from leyden.mapping.answers import Reader

T = TypeVar("T")

Identity: TypeAlias = Mapping[str, AttributeValue]
"""Fields of an item, with the values that they must have for the item to be the one meant."""

EMPTY: Final[AttributeValue] = {"S": ""}

ItemId: TypeAlias = Hashable
"""Equal for equal keys of one table, however the service writes them."""


def item_id(table: str, key: Item) -> ItemId:
    """The identity of the item that a key names, in any order of its fields."""
    parts: list[Any] = [table]
    for name in sorted(key):
        ((kind, content),) = key[name].items()
        # The service writes numbers out in digits of its own; Decimals of one value are equal.
        parts += (name, kind, Decimal(content) if kind == "N" else content)
    return tuple(parts)


_LONGEST_SHOWN: Final = 120
"""So much of a key's text stands in a message, in characters."""


def name_item(error: DecodeError | HookError, entity: BoundEntity, item: Item) -> None:
    """Put the item that cannot be read on the error, and its key into the message.

    The key alone: what else is in an item stays out of messages.
    """
    if error.item is not None:
        return
    error.item = plain_item(item)
    error.key = {f.field: item[f.field] for f in entity.keys.primary.forms if f.field in item}
    error.entity = error.entity or entity.spec.entity
    error.message += shown_key(error.key)


def name_key(error: LeydenError, key: Item) -> None:
    """Put the key of the item that an error is about into its message, if it is not there yet."""
    if isinstance(error, ConversionError | DecodeError | HookError) and error.key is None:
        error.key = key
    shown = shown_key(key)
    if shown not in error.message:
        error.message += shown


def shown_key(key: Item) -> str:
    """The item of a key, for the end of a message; nothing for an empty key."""
    return f" (the item {key_text(key)})" if key else ""


def key_text(key: Item) -> str:
    """The fields of a key with their values, for a message."""
    shown = []
    for field, value in key.items():
        content = next(iter(value.values()), "") if isinstance(value, Mapping) else value
        text = repr(content)
        if len(text) > _LONGEST_SHOWN:
            text = f"{text[:_LONGEST_SHOWN]}..."
        shown.append(f"{field}={text}")
    return ", ".join(shown)


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


_compiling: Final = RLock()


@frozen(eq=False, repr=False, slots=False)
class BoundEntity:
    """One entity on one table, with the runner that its requests go through.

    Its mapping is made when it is first asked for: most processes that load a service begin with
    one or two of its entities.
    """

    spec: EntitySpec
    """The entity's schema."""
    hooks: Hooks
    table: str
    runner: Runner
    declared: TableSpec
    """What table.yaml says of the table."""
    keyring: Keyring | None = attrs.field(default=None, repr=False)
    """The keys of its encrypted attributes."""
    origin: Callable[[BoundEntity], Any] | None = attrs.field(default=None, repr=False)
    """What makes `moving` of this entity; None where it is under no migration."""

    def __attrs_post_init__(self) -> None:
        promise_class(self)

    @cached_property
    def mapping(self) -> EntityMapping:
        """Its schema as functions."""
        made = vars(self)
        with _compiling:
            # Another thread may have been here: operations must share one mapping.
            if "mapping" not in made:
                made["mapping"] = compile_entity(self.spec, hooks=self.hooks, keyring=self.keyring)
        mapping: EntityMapping = made["mapping"]
        return mapping

    @cached_property
    def moving(self) -> Any:
        """How its items come here from an earlier form; None where it is under no migration.

        It is a `Moving` of `companions.moving`, which imports this module, so its type is said
        where it is used.
        """
        return None if self.origin is None else self.origin(self)

    @property
    def record(self) -> type[Any]:
        """The class of its records."""
        return self.mapping.record

    @cached_property
    def keys(self) -> EntityKeys:
        """The forms of its keys, by access pattern."""
        return self.mapping.keys

    @cached_property
    def local_indexes(self) -> frozenset[str]:
        """The names of the table's local indexes."""
        indexes = self.declared.indexes.items()
        return frozenset(name for name, index in indexes if index.kind == "lsi")

    @cached_property
    def key_fields(self) -> tuple[str, ...]:
        """The fields of the table's own key."""
        return tuple(form.field for form in self.keys.primary.forms)

    def key_in(self, item: Item) -> Item:
        """The table's own key of a raw item, as far as it has one."""
        return {name: item[name] for name in self.key_fields if name in item}

    @cached_property
    def positions(self) -> Mapping[str, tuple[str, ...]]:
        """The fields of a position in each access pattern's index: its key, and the table's own."""
        found = {}
        for name, keys in self.keys.items():
            own = [form.field for form in keys.forms]
            if not own:
                own = [self.spec.attributes[n].field for n in keys.composites]
            found[name] = tuple(dict.fromkeys((*self.key_fields, *own)))
        return found

    @cached_property
    def held(self) -> Mapping[str, frozenset[str] | None]:
        """The fields that each access pattern's index holds; None where it holds whole items."""
        found: dict[str, frozenset[str] | None] = {}
        for name, keys in self.keys.items():
            found[name] = held_fields(keys.spec.projection or "all", self.positions[name])
        for name, search in self.spec.searches.items():
            # Besides the table's key it holds what searches ask for, and the vector, for those who
            # name it.
            asked = (search.attribute, search.partition, *search.filters)
            own = [self.spec.attributes[one].field for one in asked if one is not None]
            own += (*self.key_fields, *self.spec.identifiers)
            found[name] = held_fields(search.projection or "all", own)
        return found

    @cached_property
    def lifetimes(self) -> frozenset[str]:
        """The fields that may hold an item's time to live."""
        return frozenset(
            attribute.field
            for attribute in self.spec.attributes.values()
            if type_of(attribute).expires or attribute.field == self.declared.ttl
        )

    @cached_property
    def guarded(self) -> Mapping[str, str]:
        """The attributes that tell apart items which may share the table's own key: fields by name.

        Empty where no two different items can have one key.
        """
        return {name: self.spec.attributes[name].field for name in self.keys.guarded}

    def __repr__(self) -> str:
        return f"<{self.spec.alias} on table {self.table}>"

    @property
    def telling(self) -> tuple[str, ...]:
        """The fields that tell which of its items an item is: keys, identifiers, key attributes."""
        own = (self.spec.attributes[name].field for name in self.keys.primary.composites)
        return (*self.key_fields, *self.spec.identifiers, *own)

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

    def owns_key(self, item: Item) -> bool:
        """Whether the table's own key of an item is one of this entity's.

        An entity of another service may have its name and its version.
        """
        for form in self.keys.primary.forms:
            content = item.get(form.field, {}).get("S", 0)
            # Of a key without attributes nothing follows, not even the rest of a longer name.
            if not form.owns(content) or (not form.names and content != form.build({})):
                return False
        return True

    def record_of(self, item: Item, shown: frozenset[str] | None = None) -> Any:
        """The record of a stored item; `shown` are the slots of what was read of it, None for all.

        Raises DecodeError and HookError, which name the item.
        """
        try:
            record = self.decode(item, shown)
        except (DecodeError, HookError) as error:
            name_item(error, self, item)
            raise
        return record if shown is None else narrow(record, shown)

    def decode(self, item: Item, shown: frozenset[str] | None) -> Any:
        """The record of all that an item has; what is deferred only where `shown` has it."""
        if shown is None or shown.isdisjoint(self.mapping.deferred):
            return self.mapping.decode(item)
        return self.mapping.decode(item, True)

    def operation(self, verb: str) -> str:
        """The name of an operation for errors and events: `task.create`."""
        return f"{self.spec.alias}.{verb}"


@frozen
class SearchedIndex:
    """A vector index of the table, as reads of one entity see it: it has no key forms."""

    spec: SearchSpec
    forms: ClassVar[tuple[KeyForm, ...]] = ()


ReadIndex: TypeAlias = IndexKeys | SearchedIndex
"""What a read may go by."""


def matches(item: Item, identity: Identity) -> bool:
    """Whether the item has this identity.

    A field that was not read counts as agreeing, but no value is no empty text.
    """
    for field, value in identity.items():
        if item[field] != value if field in item else value == EMPTY:
            return False
    return True


def reader_of(entities: Iterable[BoundEntity], data: str = "attributes") -> Reader | None:
    """What reads answers with items of these entities; None where the driver reads them best.

    Raw items are nobody's but the caller's, and hold what JSON says.
    """
    if data == "raw":
        return None
    fields = [entity.mapping.vectors for entity in entities]
    if not any(fields):
        return None
    from leyden.mapping.answers import vector_reader

    return vector_reader(frozenset().union(*fields))


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
