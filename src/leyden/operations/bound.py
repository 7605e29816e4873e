"""An entity on a table, as operations need it, with names for errors.

It decides whether an item is the intended one. Keys are folded and joined without escaping, so two
different items may have the same key. An item is the intended one only where its key attributes are
the same too.
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
"""The fields, with their values, that an item must have to be the intended one."""

EMPTY: Final[AttributeValue] = {"S": ""}

ItemId: TypeAlias = Hashable
"""Equal for equal keys of one table, however DynamoDB writes the numbers in them."""


def item_id(table: str, key: Item) -> ItemId:
    """Return the identity of the item that a key names, whatever the order of its fields."""
    parts: list[Any] = [table]
    for name in sorted(key):
        ((kind, content),) = key[name].items()
        # DynamoDB may write a number with other digits; Decimals of equal value are equal.
        parts += (name, kind, Decimal(content) if kind == "N" else content)
    return tuple(parts)


_LONGEST_SHOWN: Final = 120
"""The characters of a key value that a message shows at most."""


def name_item(error: DecodeError | HookError, entity: BoundEntity, item: Item) -> None:
    """Attach the unreadable item to the error, and put its key into the message.

    Only the key: no other contents of items belong into messages.
    """
    if error.item is not None:
        return
    error.item = plain_item(item)
    error.key = {f.field: item[f.field] for f in entity.keys.primary.forms if f.field in item}
    error.entity = error.entity or entity.spec.entity
    error.message += shown_key(error.key)


def name_key(error: LeydenError, key: Item) -> None:
    """Put the key of the item that an error is about into its message, unless it is there."""
    if isinstance(error, ConversionError | DecodeError | HookError) and error.key is None:
        error.key = key
    shown = shown_key(key)
    if shown not in error.message:
        error.message += shown


def shown_key(key: Item) -> str:
    """Return the key as the end of a message; "" for an empty key."""
    return f" (the item {key_text(key)})" if key else ""


def key_text(key: Item) -> str:
    """Return the fields of a key with their values, for a message."""
    shown = []
    for field, value in key.items():
        content = next(iter(value.values()), "") if isinstance(value, Mapping) else value
        text = repr(content)
        if len(text) > _LONGEST_SHOWN:
            text = f"{text[:_LONGEST_SHOWN]}..."
        shown.append(f"{field}={text}")
    return ", ".join(shown)


def refuse_duplicates(operation: str, ids: Iterable[ItemId]) -> None:
    """Raise InputError where two entries name the same item of the same table."""
    ids = [*ids]
    if len({*ids}) == len(ids):
        return
    seen: dict[ItemId, int] = {}
    for position, one in enumerate(ids):
        first = seen.setdefault(one, position)
        if first != position:
            raise InputError(
                f"entries {first} and {position} have the same key, and each item may be there "
                "only once (keys fold the case of letters unless told otherwise)",
                operation=operation,
            )


_compiling: Final = RLock()


@frozen(eq=False, repr=False, slots=False)
class BoundEntity:
    """One entity on one table, with the runner that sends its requests.

    Its mapping is built on first use: most processes that load a service use one or two of its
    entities at first.
    """

    spec: EntitySpec
    """The entity's schema."""
    hooks: Hooks
    table: str
    runner: Runner
    declared: TableSpec
    """What table.yaml says of the table."""
    keyring: Keyring | None = attrs.field(default=None, repr=False)
    """The encryption keys of its encrypted attributes."""
    origin: Callable[[BoundEntity], Any] | None = attrs.field(default=None, repr=False)
    """Makes `moving` for this entity; None where no migration is under way."""

    def __attrs_post_init__(self) -> None:
        promise_class(self)

    @cached_property
    def mapping(self) -> EntityMapping:
        """The functions that its schema compiles to."""
        made = vars(self)
        with _compiling:
            # Another thread may have compiled it meanwhile; all operations must share one mapping.
            if "mapping" not in made:
                made["mapping"] = compile_entity(self.spec, hooks=self.hooks, keyring=self.keyring)
        mapping: EntityMapping = made["mapping"]
        return mapping

    @cached_property
    def moving(self) -> Any:
        """How a migration turns earlier items into this entity's; None without a migration.

        It is a `Moving` of `companions.moving`. That package imports this module, so the places
        that use it annotate its type.
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
        """The names of the table's local secondary indexes."""
        indexes = self.declared.indexes.items()
        return frozenset(name for name, index in indexes if index.kind == "lsi")

    @cached_property
    def key_fields(self) -> tuple[str, ...]:
        """The fields of the table's own key."""
        return tuple(form.field for form in self.keys.primary.forms)

    def key_in(self, item: Item) -> Item:
        """Return the table's own key of a raw item, as far as the item has it."""
        return {name: item[name] for name in self.key_fields if name in item}

    @cached_property
    def positions(self) -> Mapping[str, tuple[str, ...]]:
        """The key fields of a position by access pattern: those of its index and of the table."""
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
            # Besides the table's key, a vector index holds the filter fields, and the vector for
            # reads that name it.
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
        """The attributes, by name with their fields, that tell apart items with the same key.

        Empty where two different items cannot share a key.
        """
        return {name: self.spec.attributes[name].field for name in self.keys.guarded}

    def __repr__(self) -> str:
        return f"<{self.spec.alias} on table {self.table}>"

    @property
    def telling(self) -> tuple[str, ...]:
        """The fields that tell which item it is: keys, identifiers and key attributes."""
        own = (self.spec.attributes[name].field for name in self.keys.primary.composites)
        return (*self.key_fields, *self.spec.identifiers, *own)

    @property
    def identifiers(self) -> Item:
        """The two fields that name the entity and its version."""
        spec = self.spec
        name, version = spec.identifiers
        return {name: {"S": spec.entity}, version: {"S": spec.version}}

    def identity_of(self, stored: Item) -> Identity:
        """Return the identity of an item that has at least the fields of its key attributes.

        It is empty where the key is unique. A key that does not name its entity may also belong to
        another entity, so the identity then includes the identifiers.
        """
        identity = {field: stored[field] for field in self.guarded.values()}
        return identity if self.keys.name_entity else {**identity, **self.identifiers}

    def identity_by(self, values: Mapping[str, Any]) -> Identity:
        """Return the identity of the item with these accepted key attributes."""
        attributes = self.mapping.attributes
        return self.identity_of(
            {field: attributes[name].encode(values[name]) for name, field in self.guarded.items()}
        )

    def owns(self, item: Item, keys: IndexKeys | None = None) -> bool:
        """Whether the item belongs to this entity, by its identifiers, or else by its keys.

        `keys` are those of the index that it was read from.
        """
        spec = self.spec
        name, version = map(item.get, spec.identifiers)
        if name is not None and version is not None:
            return name == {"S": spec.entity} and version == {"S": spec.version}
        forms = keys.forms if keys is not None else ()
        if not forms or any(form.template for form in forms):
            # Multi-attribute keys and templates do not name the entity. The table's key does, and
            # every index holds it.
            forms = (*forms, *self.keys.primary.forms)
        return all(form.field in item and form.owns(item[form.field].get("S", 0)) for form in forms)

    def owns_key(self, item: Item) -> bool:
        """Whether the table's own key of an item is one that this entity builds.

        An entity of another service may have the same name and version.
        """
        for form in self.keys.primary.forms:
            content = item.get(form.field, {}).get("S", 0)
            # A key without attributes is a fixed text. A key that only begins with it is another's.
            if not form.owns(content) or (not form.names and content != form.build({})):
                return False
        return True

    def record_of(self, item: Item, shown: frozenset[str] | None = None) -> Any:
        """Return the record of a stored item. `shown` names the slots that were read; None for all.

        Raises DecodeError and HookError, which name the item.
        """
        try:
            record = self.decode(item, shown)
        except (DecodeError, HookError) as error:
            name_item(error, self, item)
            raise
        return record if shown is None else narrow(record, shown)

    def decode(self, item: Item, shown: frozenset[str] | None) -> Any:
        """Return the record of a whole item, with deferred attributes only if `shown` has some."""
        if shown is None or shown.isdisjoint(self.mapping.deferred):
            return self.mapping.decode(item)
        return self.mapping.decode(item, True)

    def operation(self, verb: str) -> str:
        """Return the name of an operation for errors and events, such as `task.create`."""
        return f"{self.spec.alias}.{verb}"


@frozen
class SearchedIndex:
    """A vector index of the table, as reads of one entity see it. It has no key forms."""

    spec: SearchSpec
    forms: ClassVar[tuple[KeyForm, ...]] = ()


ReadIndex: TypeAlias = IndexKeys | SearchedIndex
"""The index that a read uses."""


def matches(item: Item, identity: Identity) -> bool:
    """Whether the item has this identity.

    A field that was not read counts as equal, but an absent value is not the empty text.
    """
    for field, value in identity.items():
        if item[field] != value if field in item else value == EMPTY:
            return False
    return True


def reader_of(entities: Iterable[BoundEntity], data: str = "attributes") -> Reader | None:
    """Return the reader of answers with these entities' items; None for the driver's own.

    Raw items go to the caller as JSON has them, so they need no reader.
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
        """Name the operation and entity on an error, and end its traceback at the call."""
        shorten(error)
        error.operation = error.operation or self.operation
        error.entity = error.entity or self.entity.spec.entity


def run_named(program: Program[T], named: error_context) -> Program[T]:
    """Run the program, with the operation's name on the errors that it raises."""
    with named:
        return (yield from program)
