"""The entity as users hold it: every operation on its items starts here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Never, TypeVar, overload

from leyden._attrs import field, frozen
from leyden._calls import fitting, no_attribute
from leyden.drivers.base import Driver
from leyden.errors import (
    DecodeError,
    HookError,
    InvalidExpressionError,
    InvalidOptionError,
    UnknownNameError,
)
from leyden.mapping import EntityMapping
from leyden.mapping.lack import narrow
from leyden.operations.bound import BoundEntity, error_context, name_item
from leyden.operations.chains.reads import Get, Queries, Query, Scan, either_form
from leyden.operations.companions.overflow.format import (
    is_part,
    placed,
    record_in_place,
    values_apart,
)
from leyden.operations.companions.unique import is_guard
from leyden.operations.plan.identity import present_slots, refuse_no_item
from leyden.operations.plan.queries import PageReading, QueryReading, ScanReading
from leyden.operations.plan.reads import GetReading
from leyden.program import Item
from leyden.pynamodb import AttributePaths
from leyden.schema.spec import EntitySpec
from leyden.service import verbs
from leyden.service.changing import are_changes, changes_in, changes_of
from leyden.service.conversions import Conversions
from leyden.service.given import (
    are_many,
    copied_values,
    key_of,
    no_item,
    refuse_incomplete,
    refuse_misplaced,
    seen_key,
)

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.models import Model

    from leyden.operations.chains.batch_get import BatchGet
    from leyden.operations.chains.batch_write import BatchWrite
    from leyden.operations.chains.put import Check, Create, Delete, Put, Remove
    from leyden.operations.chains.searching import Searches
    from leyden.operations.chains.update import Patch, Update
    from leyden.operations.chains.upsert import Upsert
    from leyden.operations.companions.backfill import Adoption
    from leyden.operations.companions.overflow.sweeping import Sweep

Batch = list[Any] | tuple[Any, ...]
_lock = Lock()
U = TypeVar("U", bound="Update")


@frozen(repr=False, slots=False)
class Entity:
    """One entity of a service: `app.entities.task`.

    Most methods begin a call chain. `.go()` sends it, `.params()` shows its request.

    >>> task = app.entities.task                                    # doctest: +SKIP
    >>> task.create(task_id="t1", project_id="p1").go()             # doctest: +SKIP
    >>> task.get(project_id="p1", task_id="t1").go()                # doctest: +SKIP
    """

    _bound: BoundEntity = field()
    _driver: Driver = field()

    def __repr__(self) -> str:
        patterns = ", ".join((*self.spec.indexes, *self.spec.searches))
        return f"<entity {self.name} (version {self.spec.version}): {patterns}>"

    @property
    def spec(self) -> EntitySpec:
        """The entity's schema."""
        return self._bound.spec

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Raise UnknownNameError for an attribute of the schema, because it is under `attr`."""
            if not name.startswith("_") and name in self._bound.spec.attributes:
                alias = self._bound.spec.alias
                raise UnknownNameError(
                    f'"{alias}" is an entity, and its attributes are under .attr; write '
                    f"{alias}.attr.{name}"
                )
            raise no_attribute(self, name)

    @property
    def name(self) -> str:
        """The entity's name in the table. Its name in Python is `spec.alias`."""
        return self.spec.entity

    @property
    def mapping(self) -> EntityMapping:
        """The schema as functions, for tools: they build keys, check values, and encode items."""
        return self._bound.mapping

    @property
    def record(self) -> type[Any]:
        """The frozen attrs class of the entity's records."""
        return self._bound.mapping.record

    @property
    def model(self) -> type[Model]:
        """The PynamoDB model class of the entity's items, on the service's connection."""
        from leyden.pynamodb.model import build_model

        bound, made = self._bound, vars(self)
        with _lock:
            if "_model" not in made:
                made["_model"] = build_model(
                    bound.mapping, table_name=bound.table, table=bound.declared
                )
        model: type[Model] = made["_model"]
        self._driver.attach(model)
        return model

    @cached_property
    def attr(self) -> AttributePaths:
        """The attributes as operands of conditions: `task.attr.points > 3`."""
        return AttributePaths(self._bound.mapping.attributes, self.name)

    @property
    def query(self) -> Queries:
        """The access patterns as methods: `task.query.assigned(employee_id="e1")`."""
        return Queries(self._bound)

    @property
    def search(self) -> Searches:
        """The vector searches as methods: `note.search.similar(vector, tenant_id="t1")`."""
        return verbs.Searches(self._bound)

    @property
    def scan(self) -> Scan:
        """A scan for all of the entity's items, which reads the whole table."""
        return Scan(either_form(ScanReading(self._bound)))

    @property
    def conversions(self) -> Conversions:
        """Conversions between attributes, keys and cursors."""
        return Conversions(self._bound)

    @overload
    def get(self, keys: Batch, /) -> BatchGet: ...
    @overload
    def get(self, key: Any = ..., /, **attributes: Any) -> Get: ...
    def get(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Get | BatchGet:
        """Read the item with this key, or, for a list of keys, all their items in batches.

        Pass the attributes of the key by name, as a mapping, or in a record of the entity. `.go()`
        returns a record, or None if there is no item. For a list it returns a BatchResult.

        >>> task.get(project_id="p1", task_id="t1").go()            # doctest: +SKIP
        >>> task.get(record).go(consistent=True)                    # doctest: +SKIP
        """
        if key is ... and not wrong:
            return Get(either_form(GetReading(self._bound, attributes)))
        if are_many(self._bound, "get", key, wrong, attributes):
            gets = [
                Get(either_form(GetReading(self._bound, key_of(self._bound, "get", one, place=n))))
                for n, one in enumerate(key)
            ]
            return verbs.BatchGet(self._bound.runner, self._bound.operation("batch_get"), gets)
        return Get(
            either_form(GetReading(self._bound, key_of(self._bound, "get", key, attributes)))
        )

    @overload
    def put(self, items: Batch, /) -> BatchWrite: ...
    @overload
    def put(self, item: Any = None, /, **attributes: Any) -> Put: ...
    def put(self, item: Any = None, /, *wrong: Never, **attributes: Any) -> Put | BatchWrite:
        """Write an item, replacing the stored one, or write a list of items in batches.

        Pass the attributes by name, as a mapping, or in a record.

        >>> task.put(task_id="t1", project_id="p1").go()            # doctest: +SKIP
        """
        if (item is not None or wrong) and are_many(self._bound, "put", item, wrong, attributes):
            puts = [self._given(one, place=n) for n, one in enumerate(item)]
            return self._batch([verbs.Put(self._bound, given=given) for given in puts])
        return verbs.Put(self._bound, given=self._given(item, attributes, "put"))

    def create(self, item: Any = None, /, *wrong: Never, **attributes: Any) -> Create:
        """Write an item that must not exist yet.

        Pass the attributes by name, as a mapping, or in a record. `.go()` raises ItemExistsError
        if an item with this key exists.

        >>> task.create(task_id="t1", project_id="p1").go()         # doctest: +SKIP
        """
        refuse_misplaced(self._bound, "create", (item, *wrong) if wrong else ())
        return verbs.Create(self._bound, given=self._given(item, attributes, "create"))

    def upsert(self, item: Any = None, /, *wrong: Never, **attributes: Any) -> Upsert:
        """Set attributes of an item, or create the item if it does not exist.

        Stored attributes that you do not pass stay as they are.

        >>> task.upsert(task_id="t1", project_id="p1", points=3).go()   # doctest: +SKIP
        """
        refuse_misplaced(self._bound, "upsert", (item, *wrong) if wrong else ())
        return verbs.Upsert(self._bound, given=self._given(item, attributes, "upsert"))

    def update(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Update:
        """Change the item with this key, or create it if it does not exist; see `patch`."""
        if key is ... and not wrong:
            return verbs.Update(self._bound, given=attributes)
        if isinstance(key, self._bound.mapping.record) and are_changes(self._bound, wrong):
            return self._changing(verbs.Update, "update", key, wrong, attributes)
        given, seen = seen_key(self._bound, "update", key, wrong, attributes)
        return verbs.Update(self._bound, given=given, expected=seen)

    def patch(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Patch:
        """Change the item with this key, which must exist.

        Pass the key as for `get`. After a record, the attributes that you pass are the changes, and
        None removes an attribute. A mapping, or a record that you constructed, can hold the changes
        as well. What `attrs.evolve` changed in the record counts too. The request sets these
        attributes only.

        Index keys and derived attributes may need other attributes. Leyden takes their values from
        the record, and adds the condition that they are still stored so. For a versioned entity, it
        adds the condition that the stored version is that of the record.

        `.go()` raises ItemNotFoundError if there is no item, and VersionConflictError if the
        stored version is another one.

        >>> task.patch(project_id="p1", task_id="t1").set(status="closed").go()  # doctest: +SKIP
        >>> task.patch(record, status="closed", detail=None).go()                # doctest: +SKIP
        >>> task.patch(attrs.evolve(record, status="closed")).go()               # doctest: +SKIP
        """
        if key is ... and not wrong:
            return verbs.Patch(self._bound, given=attributes)
        if isinstance(key, self._bound.mapping.record) and are_changes(self._bound, wrong):
            return self._changing(verbs.Patch, "patch", key, wrong, attributes)
        given, seen = seen_key(self._bound, "patch", key, wrong, attributes)
        return verbs.Patch(self._bound, given=given, expected=seen)

    @overload
    def delete(self, keys: Batch, /) -> BatchWrite: ...
    @overload
    def delete(self, key: Any = ..., /, **attributes: Any) -> Delete: ...
    def delete(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Delete | BatchWrite:
        """Delete the item with this key if it exists, or the items of a list of keys, in batches.

        Pass keys as for `get`. A record of a versioned entity adds the condition that the stored
        version is that of the record.
        """
        if key is ... and not wrong:
            return verbs.Delete(self._bound, given=attributes)
        if are_many(self._bound, "delete", key, wrong, attributes):
            pairs = [seen_key(self._bound, "delete", one, place=n) for n, one in enumerate(key)]
            return self._batch(
                [verbs.Delete(self._bound, given=given, expected=seen) for given, seen in pairs]
            )
        given, seen = seen_key(self._bound, "delete", key, wrong, attributes)
        return verbs.Delete(self._bound, given=given, expected=seen)

    def remove(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Remove:
        """Delete the item with this key, which must exist.

        Pass the key as for `delete`. `.go()` raises ItemNotFoundError if there is no item.
        """
        if key is ... and not wrong:
            return verbs.Remove(self._bound, given=attributes)
        given, seen = seen_key(self._bound, "remove", key, wrong, attributes)
        return verbs.Remove(self._bound, given=given, expected=seen)

    def check(self, key: Any = ..., /, *wrong: Never, **attributes: Any) -> Check:
        """Check a condition on the item with this key, as part of a transaction.

        `.where()` gives the condition; without it, the item must exist. Pass the key as for
        `delete`.

        >>> held = employee.check(employee_id="e1")                # doctest: +SKIP
        >>> app.transact_write([held, task.create(...)]).go()      # doctest: +SKIP
        """
        if key is ... and not wrong:
            return verbs.Check(self._bound, given=attributes)
        given, seen = seen_key(self._bound, "check", key, wrong, attributes)
        return verbs.Check(self._bound, given=given, expected=seen)

    def match(self, /, *wrong: Never, **attributes: Any) -> Query | Scan:
        """Query the access pattern that serves these attributes best, and filter on all of them.

        If no access pattern serves them, the result is a scan.

        >>> task.match(employee_id="e1", status="open").go()        # doctest: +SKIP
        """
        refuse_misplaced(self._bound, "match", wrong)
        return self._matched("match", verbs.match, attributes)

    def find(self, /, *wrong: Never, **attributes: Any) -> Query | Scan:
        """Query the access pattern that serves these attributes best, without a filter.

        If no access pattern serves them, the result is a scan. See `match`, which filters.
        """
        refuse_misplaced(self._bound, "find", wrong)
        return self._matched("find", verbs.find, attributes)

    def _matched(
        self,
        verb: str,
        choose: Callable[[BoundEntity, Mapping[str, Any]], PageReading],
        attributes: Mapping[str, Any],
    ) -> Query | Scan:
        with error_context(self._bound.operation(verb), self._bound):
            chosen = either_form(choose(self._bound, attributes))
        return Query(chosen) if isinstance(chosen, QueryReading) else Scan(chosen)

    @fitting("task.adopt_unique(pages=10)")
    def adopt_unique(
        self,
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Adoption], object] | None = None,
    ) -> Adoption:
        """Write guard items for the unique values of existing items.

        Run it after you add `unique` to an entity that has items. It scans the table from `cursor`
        on, at most `pages` pages. Items that share a value stay as they are, and are in
        `duplicates` of the result.
        """
        return self._driver.run(
            verbs.adopt_unique(self._bound, cursor=cursor, pages=pages, progress=progress)
        )

    @fitting("task.sweep_overflow(pages=10)")
    def sweep_overflow(
        self,
        *,
        cursor: str | None = None,
        pages: int | None = None,
        progress: Callable[[Sweep], object] | None = None,
    ) -> Sweep:
        """Delete parts of large values that no item refers to.

        Writers that do not know of `overflow` leave such parts behind. It scans the table from
        `cursor` on, at most `pages` pages, and is safe while others write. Raises InputError if no
        attribute has `overflow`.
        """
        return self._driver.run(
            verbs.sweep_overflow(self._bound, cursor=cursor, pages=pages, progress=progress)
        )

    @fitting("task.owns(item)")
    def owns(self, item: Item) -> bool:
        """Return whether a raw item belongs to this entity."""
        refuse_no_item(item)
        return self._bound.owns(item)

    @fitting("task.owns_part(item)")
    def owns_part(self, item: Item) -> bool:
        """Return whether a raw item is only a part of a large value of this entity."""
        refuse_no_item(item)
        return is_part(item, {self.name})

    @fitting("task.owns_guard(item)")
    def owns_guard(self, item: Item) -> bool:
        """Return whether a raw item is only a guard item for unique values of this entity."""
        refuse_no_item(item)
        return is_guard(self._bound, item)

    @fitting("task.unknown_fields(item)")
    def unknown_fields(self, item: Item) -> Item:
        """Return the fields of a raw item that are neither attributes nor keys of the schema.

        >>> task.unknown_fields({"pk": {"S": "..."}, "addedLater": {"S": "x"}})
        ... # doctest: +SKIP
        {'addedLater': {'S': 'x'}}
        """
        refuse_no_item(item)
        known = self._bound.mapping.known_fields
        return {name: value for name, value in item.items() if name not in known}

    @fitting("task.decode(item)")
    def decode(self, item: Item) -> dict[str, Any]:
        """Return all values in a raw item by attribute, hidden ones too, without `get` hooks.

        Attributes that the item lacks are left out. A value that is stored outside the item
        (`overflow: chunk`) is a `StoredApart`. The method does not check that the item belongs to
        this entity; `owns` does. Raises DecodeError.

        >>> task.decode({"pk": {"S": "..."}, "taskId": {"S": "t1"}})  # doctest: +SKIP
        {'task_id': 't1'}
        """
        refuse_no_item(item)
        with error_context(self._bound.operation("decode"), self._bound):
            inside = placed(self._bound, item)
            values = self._bound.mapping.decode_values(inside.item)
            return {**values, **values_apart(self._bound, inside.missing)}

    @fitting('task.stored_as(item, ["title"])')
    def stored_as(self, item: Item, names: Iterable[str]) -> Condition:
        """Return the condition that attributes are still stored exactly as in a raw item.

        `names` are the attributes, at least one. A write with this condition fails if somebody has
        changed them meanwhile. Raises UnknownAttributeError, and InvalidExpressionError if `names`
        is empty.

        >>> found = task.get(id="t1").go(data="raw")                  # doctest: +SKIP
        >>> task.patch(id="t1").set(title="New").where(task.stored_as(found, ["title"])).go()
        ... # doctest: +SKIP
        """
        from leyden.operations.plan.expressions import as_stored

        refuse_no_item(item)
        named = [*names]
        for name in named:
            if name not in self.spec.attributes:
                raise self._bound.mapping.unknown(name)
        if not named:
            raise InvalidExpressionError(
                "stored_as() needs the name of at least one attribute",
                operation=self._bound.operation("stored_as"),
                entity=self.name,
            )
        return as_stored(self.spec, item, named)

    @fitting("task.parse(item)")
    def parse(
        self, item: Item, *, apart: Literal["raise", "keep"] = "raise", deferred: bool = False
    ) -> Any:
        """Return the record in a raw item with typed AttributeValues, as in a stream or an export.

        If the item has key fields only, the record's other attributes count as not read. If the
        service was loaded with `migrating_from`, items in the earlier form are converted.

        `apart` says what to do with a value that is stored outside the item (`overflow: chunk`):
        `raise` an error, or `keep` a `StoredApart` in its place. `get` reads such values. With
        `deferred`, the record shows deferred attributes as well.

        Raises DecodeError if the item belongs to another entity, does not fit the schema, or has a
        value outside that `apart` does not keep; InvalidOptionError.

        >>> task.parse({"pk": {"S": "..."}, "taskId": {"S": "t1"}})  # doctest: +SKIP
        """
        if apart not in ("raise", "keep"):
            raise InvalidOptionError(
                f'`apart` takes "raise" or "keep", not {apart!r}',
                operation=self._bound.operation("parse"),
            )
        refuse_no_item(item)
        moving = self._bound.moving
        is_earlier = moving is not None and moving.is_earlier(item)
        if not is_earlier and not self.owns(item):
            raise DecodeError(
                f'the item does not belong to "{self.name}" (version {self.spec.version}): neither '
                "its identifiers nor its keys match",
                operation=self._bound.operation("parse"),
                entity=self.name,
            )
        with error_context(self._bound.operation("parse"), self._bound):
            try:
                present = moving.present(item) if is_earlier else item
                return self._parsed(present, keeps=apart == "keep", deferred=deferred)
            except (DecodeError, HookError) as error:
                name_item(error, self._bound, item)
                raise

    def _parsed(self, item: Item, *, keeps: bool, deferred: bool) -> Any:
        mapping = self._bound.mapping
        if keeps:
            return record_in_place(self._bound, item, deferred=deferred)
        unfolded = placed(self._bound, item)
        for name, value in values_apart(self._bound, unfolded.missing).items():
            raise DecodeError(
                f'the value of "{name}" ({value.size:,} bytes) is stored outside the item; '
                "read it with .get()",
                field=self.spec.attributes[name].field,
            )
        record = mapping.decode(unfolded.item, deferred)
        if item.keys() <= mapping.key_fields:
            # Keys only, as in a KEYS_ONLY index: the item may have other attributes.
            present = present_slots(self._bound, item)
            if len(present) < len(mapping.slots):
                return narrow(record, present)
        return record

    def _changing(
        self,
        kind: type[U],
        verb: str,
        record: Any,
        more: tuple[Any, ...],
        attributes: Mapping[str, Any],
    ) -> U:
        named = {**changes_in(self._bound, more[0]), **attributes} if more else attributes
        given = changes_of(self._bound, verb, record, named)
        chain = kind(self._bound, given=given.key, expected=given.expected, seen=given.seen)
        if given.sets or given.removes:
            chain = chain._bringing(given.sets, given.removes)
        return chain.composite(**given.known) if given.known else chain

    def _batch(self, entries: list[Put] | list[Delete]) -> BatchWrite:
        return verbs.BatchWrite(self._bound.runner, self._bound.operation("batch_write"), entries)

    def _given(
        self,
        item: Any,
        attributes: Mapping[str, Any] | None = None,
        verb: str = "put",
        place: int | None = None,
    ) -> Mapping[str, Any]:
        """Return the attributes of a mapping or a record, overridden by those given by name."""
        named = self._own(attributes) if attributes else {}
        if item is None:
            return named
        if item.__class__ is dict or isinstance(item, Mapping):
            return self._own(item) | named if named else self._own(item)
        mapping = self._bound.mapping
        if not isinstance(item, mapping.record):
            raise no_item(self._bound, verb, "attributes", item, place=place)
        refuse_incomplete(self._bound, item, named, verb)
        derived = {n for n, a in self.spec.attributes.items() if a.derive is not None}
        kept = {n: getattr(item, s, None) for n, s in mapping.slots.items() if n not in derived}
        return {**kept, **named}

    def _own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the values that later changes by the caller do not affect."""
        if self._bound.mapping.changeable.isdisjoint(values):
            return {**values}
        return copied_values(values)
