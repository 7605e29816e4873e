"""Two tables of the same items: one in the midst of a migration, one in which all have moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import leyden
from leyden._attrs import frozen
from leyden.errors import LeydenError, TransactionCanceledError
from leyden.operations.run.moving import move_items
from leyden.program import Item, Request
from leyden.results import BatchResult, TransactionResult
from leyden.schema import BEFORE_FIELD
from tests.operations.migrating.cases import Case


def raw_items(app: leyden.Service) -> list[Item]:
    """All items of a service's table, as they are."""
    params = {"TableName": app.table, "ConsistentRead": True}
    items: list[Item] = list(app.driver.send(Request("Scan", params, "raw"))["Items"])
    return items


def clear(app: leyden.Service) -> None:
    """Delete all items of a service's table."""
    for item in raw_items(app):
        params = {"TableName": app.table, "Key": {name: item[name] for name in ("pk", "sk")}}
        app.driver.send(Request("DeleteItem", params, "raw"))


def own_items(app: leyden.Service, alias: str = "task") -> list[Item]:
    """The items of an entity under a migration, in whichever form."""
    moving = app.entities[alias]._bound.moving
    return [item for item in raw_items(app) if moving.owns(item)]


def move_all(app: leyden.Service, alias: str = "task") -> None:
    """Run the migration over all items of an entity."""
    moving = app.entities[alias]._bound.moving
    entries = [(moving, item) for item in own_items(app, alias) if moving.needs(item)]
    for moved in app.driver.run(move_items(entries, app.table)):
        if moved.error is not None:
            raise moved.error
        assert moved.outcome in ("moved", "done"), moved


@frozen(repr=False)
class Tables:
    """The services of a case: the old code and the migrating code on one table, and the new code.

    The table of `plain` has the same items as the other one, and all of them are in the new form.
    `mover` is a migrating service on it, which moves what the old code of `before` wrote there.
    """

    case: Case
    old: leyden.Service
    migrating: leyden.Service
    before: leyden.Service
    mover: leyden.Service
    plain: leyden.Service

    @classmethod
    def of(cls, case: Case, open_service: Callable[..., leyden.Service], name: Any) -> Tables:
        """The services of a case, on two new tables."""
        one, two = name(), name()
        migration: Any = case.migration
        return cls(
            case,
            open_service(case.old, table=one),
            open_service(case.new, table=one, migrating_from=migration, create=False),
            open_service(case.old, table=two),
            open_service(case.new, table=two, migrating_from=migration, create=False),
            open_service(case.new, table=two, create=False),
        )

    def begin(self, old: Iterable[Mapping[str, Any]], moved: Iterable[Mapping[str, Any]]) -> None:
        """Begin with these items, which old code wrote; those in `moved` have been moved."""
        clear(self.old)
        clear(self.before)
        for values in moved:
            self.old.entities.task.put(**values).go()
            self.before.entities.task.put(**values).go()
        move_all(self.migrating)
        move_all(self.mover)
        for values in old:
            self.old.entities.task.put(**values).go()
            self.before.entities.task.put(**values).go()
        move_all(self.mover)

    def in_both(self) -> set[tuple[str, str]]:
        """The new keys of items that stand in both forms: old code wrote them after they moved."""
        moving = self.migrating.entities.task._bound.moving
        items = own_items(self.migrating)
        new = {key_of(item) for item in items if not moving.is_earlier(item)}
        return new & {key_of(moving.forward(item)) for item in items if moving.is_earlier(item)}

    def agree(self) -> None:
        """Check that both tables have the same items, in whichever form, and so after the move."""
        moving = self.migrating.entities.task._bound.moving
        items = sorted(own_items(self.migrating), key=moving.is_earlier)
        # Of an item in both forms, the old one was written later.
        moved = (moving.forward(item) if moving.is_earlier(item) else item for item in items)
        found = {key_of(item): without_indexes(item) for item in moved}
        assert ordered(found.values()) == ordered(map(without_indexes, own_items(self.mover)))
        move_all(self.migrating)
        move_all(self.mover)
        assert ordered(map(without_kept, raw_items(self.migrating))) == ordered(
            map(without_kept, raw_items(self.plain))
        )


def key_of(item: Item) -> tuple[str, str]:
    """The table's own key of an item."""
    return item["pk"]["S"], item["sk"]["S"]


def without_indexes(item: Item) -> Item:
    """The item without the keys of indexes, which the migration fills where items lack them."""
    return {n: value for n, value in without_kept(item).items() if not n.startswith("gsi")}


def without_kept(item: Item) -> Item:
    """The item without what it keeps for a rollback."""
    return {name: value for name, value in item.items() if name != BEFORE_FIELD}


def ordered(items: Iterable[Item]) -> list[Any]:
    """Items in an order of their own, with sets in order."""
    return sorted((sorted(map(_settled, item.items())) for item in items), key=repr)


def _settled(pair: tuple[str, Any]) -> Any:
    name, value = pair
    ((kind, content),) = value.items()
    return (name, kind, sorted(content) if kind in ("SS", "NS") else content)


def outcome_of(act: Callable[[], Any]) -> Any:
    """What came of a call, to be compared with that of another service."""
    try:
        return "done", shown(act())
    except TransactionCanceledError as error:
        said = [(one.position, one.reason, dict(one.key)) for one in error.rejections]
        return type(error), said, bool(error.outcome)
    except LeydenError as error:
        # The stored item may be known where a request of one form would not show it.
        said = error.message.replace("the item does not exist, and a condition", "a condition")
        return type(error), said, bool(error.outcome)


def is_alike(found: Any, wanted: Any) -> bool:
    """Whether what came of a call while items move is what comes of it where all have moved.

    Where old code wrote an item again after it moved, the new form still has its unique value. A
    transaction that is refused for another reason may then name that value as well.
    """
    if found != wanted and found[0] is wanted[0] is TransactionCanceledError:
        refused = {place for place, _, _ in wanted[1]}
        said = [
            one
            for one in found[1]
            if one in wanted[1] or one[0] not in refused or one[1] != "unique"
        ]
        found = (found[0], said, found[2])
    return bool(found == wanted)


def shown(result: Any) -> Any:
    """A result as plain data."""
    if hasattr(result, "to_dict"):
        return result.to_dict()
    is_many = isinstance(result, list | tuple | BatchResult | TransactionResult)
    return [shown(one) for one in result] if is_many else result
