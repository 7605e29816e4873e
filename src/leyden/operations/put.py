"""Writing whole items: put, which replaces, and create, which refuses to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from leyden.operations.bound import BoundEntity
from leyden.operations.expression import Expressions
from leyden.operations.index_keys import put_keys
from leyden.operations.options import Options
from leyden.operations.request import Item, Params
from leyden.operations.size import refuse_oversize
from leyden.operations.write import PreparedWrite, Write, is_absent


@frozen
class PreparedItem:
    """An item ready to be written, its own key, and the values that it was made from."""

    item: Item
    key: Item
    values: Mapping[str, Any]


def prepare_item(entity: BoundEntity, given: Mapping[str, Any], operation: str) -> PreparedItem:
    """The stored form of an item: defaults, checks, keys and identifiers.

    Raises the errors of bad input; nothing is sent.
    """
    values = entity.compiled.prepare_create(given)
    keys = put_keys(entity, values).set
    item = entity.compiled.encode(values)
    item.update(keys)
    item.update(entity.identity)
    refuse_oversize(item, operation, entity.spec.entity)
    own = {form.field: keys[form.field] for form in entity.keys.primary.forms}
    return PreparedItem(item, own, values)


@frozen(eq=False, repr=False)
class Put(Write):
    """`task.put(...)`: write an item, in place of the one that is stored under its key.

    `go()` gives the record that was written; with `response="all_old"` the one that it
    replaced, or None.
    """

    given: Mapping[str, Any] = field(factory=dict)

    verb: ClassVar[str] = "put"
    api: ClassVar[str] = "PutItem"
    part: ClassVar[str] = "Put"
    responses: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_old", "all_new"})
    silent: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_new"})
    replaces: ClassVar[bool] = True

    def _prepare(self, options: Options) -> PreparedWrite:
        prepared = prepare_item(self.entity, self.given, self.name)
        params: Params = {"TableName": self.entity.table, "Item": prepared.item}
        expressions = Expressions()
        marks = self._seal(
            params,
            options,
            expressions,
            prepared.values,
            existence="" if self.replaces else is_absent(prepared.key, expressions),
            # Where nothing may be stored under the key at all there is nothing to compare.
            guarded=self.replaces,
        )
        return PreparedWrite(params, prepared.key, marks, prepared.item)

    def _notes(self, params: Params) -> tuple[str, ...]:
        indexes = [
            keys.spec.name
            for keys in self.entity.keys.values()
            if keys.spec.index and keys.pk and keys.pk.field in params["Item"]
        ]
        return (f"the item also stands in {', '.join(indexes)}",) if indexes else ()


@frozen(eq=False, repr=False)
class Create(Put):
    """`task.create(...)`: write an item that must not exist yet.

    Raises ConditionFailedError where one does, KeyCollisionError where that one is another item
    under the same key.
    """

    verb: ClassVar[str] = "create"
    replaces: ClassVar[bool] = False
