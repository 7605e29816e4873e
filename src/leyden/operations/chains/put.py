"""Writes of whole items, and writes that name an item by its key: put, create, delete, check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from leyden._attrs import evolve, field, frozen
from leyden._calls import fitting
from leyden.errors import InputError
from leyden.mapping.index_keys import put_keys
from leyden.mapping.vector_guards import refuse_unfound
from leyden.operations.bound import run_named
from leyden.operations.chains.transactions import TransactWrite
from leyden.operations.chains.write import NO_RETURN, Write, exists, is_absent
from leyden.operations.companions.overflow.writing import OverflowChange
from leyden.operations.companions.unique import Effect
from leyden.operations.companions.versions import first_version, refuse_counted, seen_version
from leyden.operations.options import NoOptions, Options
from leyden.operations.plan.expressions import Expressions, refuse_oversize
from leyden.operations.plan.refusal import Asked, Needs
from leyden.operations.plan.writes import WritePlan
from leyden.program import Item, Params, Program


@frozen(eq=False, repr=False)
class Put(Write):
    """`task.put(...)`: write an item, and replace the one with the same key, if there is one.

    `go()` returns the record that was written, or with `response="all_old"` the record that it
    replaced, or None.

    >>> task.put(project_id="p1", task_id="t1", status="open").go()     # doctest: +SKIP
    """

    _given: Mapping[str, Any] = field(factory=dict)
    _beside: Item = field(factory=dict)
    _verbatim: bool = field(default=False, kw_only=True)
    """Whether the item is written as it once was: `on_write` keeps values that are given."""

    _verb: ClassVar[str] = "put"
    _api: ClassVar[str] = "PutItem"
    _part: ClassVar[str] = "Put"
    _responses: ClassVar[frozenset[str]] = NO_RETURN | {"all_old", "all_new"}
    _silent: ClassVar[frozenset[str]] = NO_RETURN | {"all_new"}
    _replaces: ClassVar[bool] = True

    @fitting('.carrying({"colour": {"S": "red"}})')
    def carrying(self, fields: Item) -> Self:
        """Add fields that the schema does not know, in raw form, as they were read.

        Raises InputError for anything that does not have the form of an item.

        >>> task.put(task_id="t1").carrying({"colour": {"S": "red"}})    # doctest: +SKIP
        """
        if not isinstance(fields, Mapping) or not all(
            isinstance(name, str) and isinstance(value, Mapping) and len(value) == 1
            for name, value in fields.items()
        ):
            raise InputError(
                '.carrying() takes fields in raw form, such as {"colour": {"S": "red"}}',
                operation=self._name,
                entity=self._entity.spec.entity,
            )
        return evolve(self, beside={**self._beside, **fields}) if fields else self

    def _plan(self, options: Options) -> WritePlan:
        entity, expected, counts_on = self._entity, self._expected, False
        given: Mapping[str, Any] = self._given
        if entity.spec.version_attribute is not None:
            if self._replaces:
                given, expected = seen_version(entity, given, expected)
                counts_on = expected is None
            else:
                refuse_counted(entity, (n for n, value in given.items() if value is not None))
            given = first_version(entity, given)
        item, key = self._item(given)
        params: Params = {"TableName": entity.table, "Item": item}
        expressions = Expressions()
        identity = self._attach_conditions(
            params,
            options,
            expressions,
            item,
            existence="" if self._replaces else is_absent(key, expressions),
            # A create allows no stored item at all, so there is none to compare.
            guarded=self._replaces,
        )
        effect = overflow = None
        if entity.mapping.has_companions:
            kind: Literal["replace", "create"] = "replace" if self._replaces else "create"
            effect = Effect(kind, sets=item)
            overflow = OverflowChange(kind, effect) if entity.mapping.overflow else None
        return WritePlan(self, params, key, identity, item, expected, counts_on, effect, overflow)

    def _unguarded(self) -> WritePlan:
        """Return the put on its own and without a condition, as a batch carries it."""
        item, key = self._item(self._given)
        return WritePlan(self, {"TableName": self._entity.table, "Item": item}, key, {}, item)

    def _item(self, given: Mapping[str, Any]) -> tuple[Item, Item]:
        """Return the item with defaults, keys and identifiers in stored form, and its own key."""
        entity = self._entity
        values = entity.mapping.prepare_create(given, verbatim=self._verbatim)
        if entity.mapping.guards_vectors:
            refuse_unfound(entity.mapping, values)
        keys = put_keys(entity.mapping, values)
        item = entity.mapping.encode(values)
        if self._beside:
            item = {**self._beside, **item}
        item.update(keys)
        item.update(entity.identifiers)
        if not entity.mapping.overflow:
            refuse_oversize(item)
        return item, {form.field: keys[form.field] for form in entity.keys.primary.forms}

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        return None

    def _notes(self, params: Params) -> tuple[str, ...]:
        indexes = [
            keys.spec.name
            for keys in self._entity.keys.values()
            if keys.spec.index and keys.pk and keys.pk.field in params["Item"]
        ]
        return (f"the item is also in {', '.join(indexes)}",) if indexes else ()


@frozen(eq=False, repr=False)
class Create(Put):
    """`task.create(...)`: write an item that must not exist yet.

    Raises ItemExistsError where it exists, and KeyCollisionError where another item has the same
    key.

    >>> task.create(project_id="p1", task_id="t1").go()                 # doctest: +SKIP
    """

    _verb: ClassVar[str] = "create"
    _needs: ClassVar[Needs] = "no item"
    _replaces: ClassVar[bool] = False

    @fitting(".expecting(record)")
    def expecting(self, seen: Any) -> Self:
        """Refuse a version, because the item must not exist. Raises InputError."""
        raise InputError(
            "a create expects no version, as the item must not exist; .put() replaces one",
            operation=self._name,
            entity=self._entity.spec.entity,
        )


@frozen(eq=False, repr=False)
class ByKey(Write):
    """A write that needs only the item's key."""

    _given: Mapping[str, Any] = field(factory=dict)

    def _plan(self, options: Options) -> WritePlan:
        entity = self._entity
        values = entity.mapping.own_values(self._given)
        key, kept = entity.mapping.primary_key(values), entity.mapping.encode_few(values)
        params: Params = {"TableName": entity.table, "Key": key}
        expressions = Expressions()
        existence = exists(key, expressions) if self._asked.needs == "an item" else ""
        identity = self._attach_conditions(params, options, expressions, kept, existence=existence)
        effect = overflow = None
        if entity.mapping.has_companions and self._part == "Delete":
            effect = Effect("delete")
            overflow = OverflowChange("delete", effect) if entity.mapping.overflow else None
        return WritePlan(self, params, key, identity, kept, self._expected, False, effect, overflow)


@frozen(eq=False, repr=False)
class Delete(ByKey):
    """`task.delete(...)`: delete the item with this key, if there is one.

    `go()` returns a record of its key attributes, or with `response="all_old"` the whole record, or
    None where there was none.
    """

    _verb: ClassVar[str] = "delete"
    _api: ClassVar[str] = "DeleteItem"
    _part: ClassVar[str] = "Delete"
    _form: ClassVar[str] = 'response="all_old"'
    _responses: ClassVar[frozenset[str]] = NO_RETURN | {"all_old"}

    def _unguarded(self) -> WritePlan:
        """Return the delete on its own and without a condition, as a batch carries it."""
        key = self._entity.mapping.primary_key(self._entity.mapping.own_values(self._given))
        return WritePlan(self, {"TableName": self._entity.table, "Key": key}, key, {}, key)

    def _notes(self, params: Params) -> tuple[str, ...]:
        return ()


@frozen(eq=False, repr=False)
class Remove(Delete):
    """`task.remove(...)`: delete the item with this key, which must exist.

    Raises ItemNotFoundError where there is none.
    """

    _verb: ClassVar[str] = "remove"
    _needs: ClassVar[Needs] = "an item"


@frozen(eq=False, repr=False)
class Check(ByKey):
    """`task.check(...)`: a condition that a transaction depends on.

    The conditions of `.where()` must hold; without them the item must exist. So
    `.where(task.attr.task_id.does_not_exist())` requires that there is none. A check changes
    nothing, and goes into `app.transact_write`; on its own, `go()` sends it as a transaction of
    one.
    """

    _allowed: ClassVar[type] = NoOptions
    _form: ClassVar[str] = ""
    _verb: ClassVar[str] = "check"
    _api: ClassVar[str] = "TransactWriteItems"
    _part: ClassVar[str] = "ConditionCheck"

    @property
    def _asked(self) -> Asked:
        """What the check requires of the stored item: that it exists, or what `.where()` says."""
        return Asked("anything", where=True) if self._conditions else Asked("an item")

    def _program(self, options: Options) -> Program[Any]:
        def first(program: Program[Any]) -> Program[Any]:
            return (yield from program)[0]

        alone = TransactWrite(self._entity.runner, [self]).program()
        return run_named(first(alone), self._error_context())

    def _notes(self, params: Params) -> tuple[str, ...]:
        return ("changes nothing; the transaction that contains it depends on it",)
