"""Writing whole items: put, which replaces, and create, which refuses to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from leyden._attrs import evolve, field, frozen
from leyden.arguments import fitting
from leyden.errors import InputError
from leyden.operations.bound import BoundEntity
from leyden.operations.index_keys import put_keys
from leyden.operations.options import Options
from leyden.operations.overflow.writing import Spread
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.writes import WritePlan
from leyden.operations.refusal import Needs
from leyden.operations.size import refuse_oversize
from leyden.operations.unended import end
from leyden.operations.uniqueness.claims import Effect
from leyden.operations.versions import first_version, refuse_counted, seen_version
from leyden.operations.write import Write, is_absent
from leyden.program import Item, Params


class PreparedItem(NamedTuple):
    """An item ready to be written, and its own key."""

    item: Item
    key: Item


def prepare_item(
    entity: BoundEntity, given: Mapping[str, Any], *, verbatim: bool = False
) -> PreparedItem:
    """The stored form of an item: defaults, checks, keys and identifiers.

    `verbatim` keeps the given values of what `on_write` sets. Raises the errors of bad input;
    nothing is sent.
    """
    values = entity.compiled.prepare_create(given, verbatim=verbatim)
    keys = put_keys(entity, values)
    item = entity.compiled.encode(values)
    item.update(keys)
    item.update(entity.identity)
    if not entity.overflow:
        refuse_oversize(item)
    own = {form.field: keys[form.field] for form in entity.keys.primary.forms}
    return PreparedItem(item, own)


@frozen(eq=False, repr=False)
class Put(Write):
    """`task.put(...)`: write an item, in place of the one that is stored under its key.

    `go()` gives the record that was written; with `response="all_old"` the one that it
    replaced, or None.
    """

    _given: Mapping[str, Any] = field(factory=dict)
    _beside: Item = field(factory=dict)
    _verbatim: bool = field(default=False, kw_only=True)
    """Whether the item is written as it was once: `on_write` keeps the values that are given."""

    _verb: ClassVar[str] = "put"
    _api: ClassVar[str] = "PutItem"
    _part: ClassVar[str] = "Put"
    _responses: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_old", "all_new"})
    _silent: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_new"})
    _replaces: ClassVar[bool] = True

    @fitting('.carrying({"colour": {"S": "red"}})')
    def carrying(self, fields: Item) -> Self:
        """The write with fields that the schema does not know, in raw form, as they were read.

        Raises InputError for what has not the form of an item.

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

    def _with_beside(self, given: Mapping[str, Any]) -> PreparedItem:
        prepared = prepare_item(self._entity, given, verbatim=self._verbatim)
        if not self._beside:
            return prepared
        item = {**self._beside, **prepared.item}
        if not self._entity.overflow:
            refuse_oversize(item)
        return PreparedItem(item, prepared.key)

    def _prepare(self, options: Options) -> WritePlan:
        entity, expected, counts_on = self._entity, self._expected, False
        given: Mapping[str, Any] = self._given
        if entity.spec.version_attribute is not None:
            given, expected = seen_version(entity, given, expected)
            given = first_version(entity, given)
            counts_on = self._replaces and expected is None
        prepared = self._with_beside(given)
        params: Params = {"TableName": entity.table, "Item": prepared.item}
        expressions = Expressions()
        marks = self._seal(
            params,
            options,
            expressions,
            prepared.item,
            existence="" if self._replaces else is_absent(prepared.key, expressions),
            # Where nothing may be stored under the key at all there is nothing to compare.
            guarded=self._replaces,
        )
        effect = spread = None
        if entity.has_companions:
            kind: Literal["replace", "create"] = "replace" if self._replaces else "create"
            effect = Effect(kind, sets=prepared.item)
            spread = Spread(kind, effect) if entity.overflow else None
        key, item = prepared.key, prepared.item
        return WritePlan(self, params, key, marks, item, expected, counts_on, effect, spread)

    def _bare(self) -> WritePlan:
        """The put without a condition and by itself, as a batch carries it."""
        end(self)
        prepared = self._with_beside(self._given)
        params: Params = {"TableName": self._entity.table, "Item": prepared.item}
        return WritePlan(self, params, prepared.key, {}, prepared.item)

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        return None

    def _notes(self, params: Params) -> tuple[str, ...]:
        indexes = [
            keys.spec.name
            for keys in self._entity.keys.values()
            if keys.spec.index and keys.pk and keys.pk.field in params["Item"]
        ]
        return (f"the item also stands in {', '.join(indexes)}",) if indexes else ()


@frozen(eq=False, repr=False)
class Create(Put):
    """`task.create(...)`: write an item that must not exist yet.

    Raises ItemExistsError where one does, KeyCollisionError where that one is another item
    under the same key.
    """

    _verb: ClassVar[str] = "create"
    _needs: ClassVar[Needs] = "no item"
    _replaces: ClassVar[bool] = False

    @fitting(".expecting(record)")
    def expecting(self, seen: Any) -> Self:
        """Refused: there is no version of an item that must not exist. Raises InputError."""
        raise InputError(
            "a create expects no version, as the item must not exist; .put() replaces one",
            operation=self._name,
            entity=self._entity.spec.entity,
        )

    def _prepare(self, options: Options) -> WritePlan:
        refuse_counted(self._entity, (n for n, value in self._given.items() if value is not None))
        return super()._prepare(options)
