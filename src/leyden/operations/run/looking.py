"""Convert items to their present form, and read items of either form by key.

An item that moves is under its earlier key or under its present one, and changes between them in
one step. So the earlier key is read first and the present one after it: an item that moved in
between is found there. If both are empty, the earlier key is read once more, since a rollback moves
items the other way. All three reads are consistent, because an eventually consistent read could
miss the item under both keys. If both keys have it, the present form counts. If the present key
folds letters that the earlier one kept apart, the item under it may be another one, and is left
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from leyden._attrs import define, evolve, field
from leyden.errors import ConversionError, LeydenError
from leyden.operations.bound import BoundEntity, ItemId, item_id, matches, shown_key
from leyden.operations.companions.overflow.reading import (
    Joined,
    OverflowRead,
    join_items,
    wanted_fields,
)
from leyden.operations.options import Options
from leyden.operations.plan.parsing import fields_in
from leyden.operations.run.sending import GET_LIMIT, Sent, Wanted, chunks, found_in, send_all
from leyden.program import Item, Params, Program, Request, Response
from leyden.results import add_units
from leyden.schema.spec import OVERFLOW_FIELD

if TYPE_CHECKING:
    from leyden.operations.companions.moving.moving import Moving
    from leyden.operations.plan.reads import ReadPlan


def present_form(moving: Moving, item: Item, operation: str) -> Item:
    """Return the present form of an item of an entity under a migration.

    Raises ConversionError for an item in its earlier form that cannot be converted. An item in the
    present form that cannot be read is returned as it is.
    """
    try:
        return moving.present(item)
    except ConversionError as error:
        if not moving.is_earlier(item):
            return item
        error.operation = error.operation or operation
        if error.key is None:
            error.key = moving.earlier.key_in(item)
            error.message += shown_key(error.key)
        raise


def present_under(moving: Moving, key: Item, item: Item, operation: str) -> Item | None:
    """Return the present form of an item, if that form has this key; otherwise None.

    Another entity's item is returned as it is, and the reader decides about it. Raises
    ConversionError.
    """
    present = present_form(moving, item, operation) if moving.owns(item) else item
    return present if all(present.get(name) == value for name, value in key.items()) else None


def is_present(moving: Moving, found: Item, item: Item) -> bool:
    """Whether what was found under an item's key is the same item in the present form."""
    entity = moving.entity
    return (
        not moving.is_earlier(found)
        and entity.owns(found)
        and matches(found, entity.identity_of(item))
    )


def whole_forms(
    movings: Sequence[Moving], items: Sequence[Item], table: str, options: Options, operation: str
) -> Program[Joined]:
    """Return items with their large values in place, where they are in an earlier form.

    Items in the present form keep their manifests for the reader to follow. An item that was
    deleted meanwhile is None.
    """
    apart = [
        place
        for place, item in enumerate(items)
        if OVERFLOW_FIELD in item and any(moving.is_earlier(item) for moving in movings)
    ]
    if not apart or options.data == "raw":
        return Joined([*items])
    how = joining_forms(movings, table, options, operation)
    joined = yield from join_items(how, [items[place] for place in apart])
    whole: list[Item | None] = [*items]
    for place, item in zip(apart, joined.items, strict=True):
        whole[place] = item
    return evolve(joined, items=whole)


def joining_forms(
    movings: Sequence[Moving], table: str, options: Options, operation: str
) -> OverflowRead:
    """Return how to join items in either form, each by the schema of its form."""

    def entity_of(item: Item) -> BoundEntity | None:
        for moving in movings:
            if moving.owns(item):
                return moving.earlier if moving.is_earlier(item) else moving.entity
        return None

    # The attributes that were asked for may be computed from others.
    every = evolve(options, attributes=(), hydrate=True)
    return OverflowRead(
        operation,
        table,
        every,
        entity_of,
        lambda entity: wanted_fields(entity, every),
        lambda item: entity_of(item) is not None,
    )


def look_up(
    moving: Moving, old: Item | None, shown: frozenset[str] | None, plan: ReadPlan
) -> Program[Response]:
    """Return the answer to a get, with the item in its present form.

    `old` is its key in the earlier form; None where that is the same. `shown` are the fields that
    the get asks for. Raises ConversionError.
    """
    request = plan.request
    left = {
        name: value
        for name, value in request.params.items()
        if name not in ("ProjectionExpression", "ExpressionAttributeNames")
    }
    key: Item = left["Key"]
    answers: list[Response] = []
    consumed: float | None = None
    found: Item | None = None
    for number, one in enumerate([key] if old is None else [old, key, old]):
        sent = {**left, "Key": one, **({} if old is None else {"ConsistentRead": True})}
        response = yield Request("GetItem", sent, request.operation, request.entity)
        answers.append(response)
        if response.get("Item"):
            table = request.params["TableName"]
            joined = yield from whole_forms(
                [moving], [response["Item"]], table, plan.options, request.operation
            )
            consumed = add_units(consumed, joined.consumed)
            item = joined.items[0]
            present = item and present_under(moving, key, item, request.operation)
            if present and (found is None or plan.keep(present)):
                found = present
        if found is not None and number > 0:
            break
    reported = [one["ConsumedCapacity"] for one in answers if one.get("ConsumedCapacity")]
    reported += [{"CapacityUnits": consumed}] if consumed else []
    answer = {name: value for name, value in answers[-1].items() if name != "Item"}
    if reported:
        answer["ConsumedCapacity"] = reported[0] if len(reported) == 1 else reported
    if found is not None:
        answer["Item"] = cut(found, shown)
    return answer


def cut(item: Item, fields: frozenset[str] | None) -> Item:
    """Return only the wanted fields of an item; None for all of them."""
    return item if fields is None else {n: v for n, v in item.items() if n in fields}


@define
class LookUps:
    """Reads many items by their keys, where some may be in an earlier form."""

    sought: Sequence[Wanted]
    options: Options
    operation: str
    there: dict[ItemId, Item] = field(factory=dict)
    """The items under the earlier keys, by their ids."""
    sents: list[Sent] = field(factory=list)
    unreadable: list[LeydenError] = field(factory=list)
    """Why items could not be converted, with `unreadable="collect"`."""
    consumed: float | None = None
    requests: int = 0
    """With `consumed`: what reading large values took."""
    shown: frozenset[str] | None = None
    """The fields that are asked for; None for whole items."""

    def widened(self, bodies: Sequence[Params]) -> list[Params]:
        """Return requests for whole items in place of these, as conversions may need any field."""
        wide = []
        for body in bodies:
            tables = {}
            for table, asked in body["RequestItems"].items():
                self.shown = fields_in(asked)
                tables[table] = {"ConsistentRead": True, "Keys": asked["Keys"]}
            wide.append({"RequestItems": tables})
        return wide

    def read_earlier(self, only: Iterable[Wanted] | None = None) -> Program[None]:
        """Read the items under the earlier keys."""
        # A folded earlier key may belong to several present keys.
        keys = {
            item_id(one.table, one.old): (one.table, one.old)
            for one in (self.sought if only is None else only)
            if one.old is not None
        }
        bodies: list[Params] = []
        for chunk in chunks([*keys.values()], GET_LIMIT):
            asked: dict[str, Params] = {}
            for table, key in chunk:
                asked.setdefault(table, {"ConsistentRead": True, "Keys": []})["Keys"].append(key)
            bodies.append({"RequestItems": asked})
        options = evolve(self.options, progress=None)
        sent = yield from send_all(
            "BatchGetItem", self.operation, bodies, options, left_in="UnprocessedKeys"
        )
        self.sents.append(sent)
        self.there |= found_in(sent.responses, {table: [*key] for table, key in keys.values()})

    def present(self, found: dict[ItemId, Item], sent: Sent) -> Program[Sent]:
        """Put the items in their present form into `found`, the items under the present keys.

        `sent` is the outcome of the requests for the present keys. Returns that of all requests.
        """
        left = {one.id: found.pop(one.id, None) for one in self.sought}
        missing = []
        for one in self.sought:
            yield from self.convert(one, left[one.id], found)
            is_there = one.old is None or item_id(one.table, one.old) in self.there
            if one.id not in found and not is_there:
                missing.append(one)
        if missing:
            # A rollback may have moved them while they were read.
            yield from self.read_earlier(missing)
            for one in missing:
                yield from self.convert(one, None, found)
        sents = [sent, *self.sents]
        consumed = reduce(add_units, (one.consumed for one in sents), self.consumed)
        return evolve(
            sent,
            unprocessed=tuple(part for one in sents for part in one.unprocessed),
            unsure=tuple(part for one in sents for part in one.unsure),
            failures=tuple(error for one in sents for error in one.failures),
            consumed=consumed,
            requests=sum((one.requests for one in sents), self.requests),
        )

    def convert(self, one: Wanted, here: Item | None, found: dict[ItemId, Item]) -> Program[None]:
        """Put the present form of an item into `found`; one under its present key wins."""
        there = None if one.old is None else self.there.get(item_id(one.table, one.old))
        for item in (here, there):
            if item is None:
                continue
            joined = yield from whole_forms(
                [one.entity.moving], [item], one.table, self.options, self.operation
            )
            self.unreadable += joined.unreadable
            self.consumed = add_units(self.consumed, joined.consumed)
            self.requests += joined.requests
            whole = joined.items[0]
            try:
                present = whole and present_under(one.entity.moving, one.key, whole, self.operation)
            except ConversionError as error:
                if self.options.unreadable != "collect":
                    raise
                self.unreadable.append(error)
                continue
            if present:
                is_meant = matches(present, one.identity)
                if is_meant or one.id not in found:
                    found[one.id] = cut(present, self.shown)
                if is_meant:
                    break
