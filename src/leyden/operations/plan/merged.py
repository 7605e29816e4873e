"""Reads of an entity under a migration, which find items in both forms.

Each class here extends a read of the present form so that it also finds items in the earlier form.
Its plan keeps the exact request that the read of the present form would send: cursors are tied to
it, and it holds the conditions. The requests that are sent have no filter, because conditions are
applied after the conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from leyden._attrs import evolve, fields, frozen
from leyden._text import listed
from leyden.errors import ConversionError, InvalidOptionError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.options import DEFAULT, Options
from leyden.operations.plan.collection import CollectionReading
from leyden.operations.plan.earlier import EarlierQuery, earlier_query, not_found, stand_alike
from leyden.operations.plan.evaluation import holds
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.parsing import condition_in, fields_in
from leyden.operations.plan.queries import QueryReading, RangedReading, ScanReading
from leyden.operations.plan.reads import PLACEHOLDER, Explanation, GetReading, ReadPlan, show
from leyden.operations.run.looking import cut, joining_forms, look_up, present_form
from leyden.operations.run.merging import Merging, Origin
from leyden.program import Item, Params, Request

if TYPE_CHECKING:
    from leyden.operations.companions.moving.moving import Moving

_CONVERTED: Final = "items in their earlier form are in the same place, and are converted when read"
_JUDGED_LATE: Final = "conditions are applied after the conversion, and filter nothing in DynamoDB"

_JUDGED: Final = frozenset(
    {
        "ExclusiveStartKey",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "FilterExpression",
        "IndexName",
        "KeyConditionExpression",
        "ProjectionExpression",
        "Select",
    }
)
"""What `params` cannot set for a read of both forms, since the two need different requests."""


@frozen(eq=False)
class MergedGet(GetReading):
    """The read of one item by its key, in either form."""

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        _refuse_params(options, _JUDGED | {"Key"})
        plan = super().plan(options)
        values = self.entity.mapping.own_values(self.given)
        old = self.entity.moving.earlier_key(values)
        shown = fields_in(plan.request.params)
        return evolve(plan, reading=partial(look_up, self.entity.moving, old, shown))

    def explain(self, options: Options) -> Explanation:
        """Explain the read in words."""
        explained = super().explain(options)
        old = self.entity.moving.earlier_key(self.entity.mapping.own_values(self.given))
        if old is None:
            note = "an item in its earlier form has the same key, and is converted"
        else:
            note = (
                "reads the key that the item has in its earlier form first, then this one, both "
                "consistently; an item in the earlier form is converted"
            )
        return evolve(explained, notes=(*explained.notes, note))


class _Merged(RangedReading):
    """What reads of many items in either form have in common."""

    __slots__ = ()

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        _refuse_params(options, _JUDGED)
        plan = super().plan(options)
        request, keys, entity = plan.request, self.source, self.entity
        sought = [(one, self._earlier(one, own, options)) for one, own in self._moved()]
        earlier = [(one.moving, query) for one, query in sought if query is not None]
        index_fields = entity.positions[keys.spec.name]
        if keys.spec.index is not None:
            own = [form.field for form in keys.forms]
            composites = [entity.spec.attributes[n].field for n in keys.composites]
            index_fields = tuple(own or composites)
        return evolve(
            plan,
            reading=Merging(
                Origin(
                    _unfiltered(request, request.params, consistent=bool(earlier)),
                    plan.key_fields,
                    any(_is_narrow(one, own) for one, own in self._read()),
                ),
                tuple(_origin(request, *pair) for pair in earlier),
                tuple(one.moving for one, _ in self._moved()),
                index_fields,
                _sort_fields(entity, keys),
                plan.primary_fields,
                condition_in(request.params, "KeyConditionExpression"),
                condition_in(request.params, "FilterExpression"),
                fields_in(request.params),
                self._held,
            ).read,
        )

    def explain(self, options: Options) -> Explanation:
        """Explain the read in words."""
        explained = super().explain(options)
        notes = [*explained.notes]
        for one, own in self._moved():
            query = self._earlier(one, own, options)
            which = f"items of {one.spec.alias} in their earlier form"
            if query is None:
                notes.append(f"{one.spec.alias}: {_CONVERTED}")
                continue
            theirs = query.reading.keys.spec
            place = f'the index "{theirs.index}"' if theirs.index else "the table's own key"
            how = (
                "page by page, in the same order"
                if query.ordered
                else "all of them at once, because their order differs there, and then sorted"
            )
            if own.spec.index is not None and one.moving.moves:
                how += "; whether the table has their present form too is looked up by their keys"
            notes.append(
                f'{which} are read by the earlier access pattern "{theirs.name}" on {place}, {how}'
            )
        return evolve(explained, notes=(*notes, _JUDGED_LATE))

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return None, because no filter of DynamoDB fits both forms."""
        return None

    def _read(self) -> Iterable[tuple[BoundEntity, IndexKeys]]:
        """Return the entities that are read, each with its keys in the index."""
        return [(self.entity, self.source)]

    def _moved(self) -> Iterator[tuple[BoundEntity, IndexKeys]]:
        """Yield those of them that are under a migration."""
        return ((one, own) for one, own in self._read() if one.moving is not None)

    def _earlier(
        self, entity: BoundEntity, keys: IndexKeys, options: Options
    ) -> EarlierQuery | None:
        """Return the query for an entity's items in the earlier form; None where none is needed."""
        moving: Moving = entity.moving
        if stand_alike(moving, keys):
            return None
        values = {n: v for n, v in self.values.items() if n in keys.composites}
        limits = self.range
        named = {*limits.start, *(limits.end or ())} if limits is not None else set()
        within = limits if named and named <= {*keys.sort_names} else None
        return earlier_query(moving, keys, values, within, options)

    def _held(self, item: Item) -> frozenset[str] | None:
        """Return the fields of an item that the index holds; None for all of them."""
        for one, own in self._read():
            if one.owns(item, own):
                return one.held[own.spec.name]
        return None


@frozen(eq=False, slots=False)
class MergedQuery(_Merged, QueryReading):
    """A query of one access pattern, for items in either form."""


@frozen(eq=False, slots=False)
class MergedCollection(_Merged, CollectionReading):
    """A query of a collection with members whose items may be in either form."""

    def _read(self) -> Iterable[tuple[BoundEntity, IndexKeys]]:
        """Return the entities that are read, each with its keys in the index."""
        return [(member.entity, member.keys) for member in self.collection]


@frozen(eq=False, slots=False)
class MergedScan(ScanReading):
    """A scan of a table with items in both forms. `data="raw"` returns them as they are.

    If a program of the earlier schema writes an item again after it has moved, the table has the
    item twice, and the scan returns both.
    """

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        _refuse_params(options, _JUDGED)
        moving: Moving = self.entity.moving
        if self.keys is not None and not stand_alike(moving, self.keys):
            raise not_found(moving, self.keys)
        plan = super().plan(options)
        request = plan.request
        filtered = condition_in(request.params, "FilterExpression")
        shown = fields_in(request.params)

        def present(item: Item) -> Item:
            if moving.owns(item):
                return present_form(moving, item, request.operation)
            return item

        def keep(item: Item) -> bool:
            try:
                found = present(item)
            except ConversionError:
                # The error says why it cannot be converted when the item is returned.
                return True
            return (filtered is None or holds(filtered, found)) and plan.keep(found)

        def shaped(item: Item) -> Any:
            return plan.shape(item if options.data == "raw" else cut(present(item), shown))

        return evolve(
            plan,
            request=_unfiltered(request, request.params, consistent=False),
            keep=keep,
            shape=shaped,
            joining=joining_forms([moving], request.params["TableName"], options, request.operation)
            if options.data != "raw"
            else None,
            asked=plan.asked + show(request.params.get("FilterExpression", ""), request.params),
            keep_whole=keep if options.hydrate else None,
        )

    def explain(self, options: Options) -> Explanation:
        """Explain the read in words."""
        explained = super().explain(options)
        return evolve(explained, notes=(*explained.notes, _CONVERTED, _JUDGED_LATE))

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return None, because no filter of DynamoDB fits both forms."""
        return None


def _is_narrow(entity: BoundEntity, keys: IndexKeys) -> bool:
    """Whether an index may hold less than whole items, by either of the two schemas."""
    both = [entity] if entity.moving is None else [entity, entity.moving.earlier]
    return any(
        one.held[name] is not None
        for one in both
        for name, own in one.keys.items()
        if own.spec.index == keys.spec.index
    )


def _sort_fields(entity: BoundEntity, keys: IndexKeys) -> tuple[str, ...]:
    if keys.forms:
        return () if keys.sk is None else (keys.sk.field,)
    return tuple(entity.spec.attributes[name].field for name in keys.sort_names)


def _origin(request: Request, moving: Moving, query: EarlierQuery) -> Origin:
    """Return where items in the earlier form are read, for a request of the present form."""
    reading = query.reading
    order = {n: v for n, v in request.params.items() if n in ("Limit", "ScanIndexForward")}
    params = {**reading.describe(DEFAULT), **order, "TableName": request.params["TableName"]}
    pattern = reading.keys.spec.name
    return Origin(
        _unfiltered(request, params, consistent=True),
        reading.entity.positions[pattern],
        _is_narrow(moving.entity, reading.keys),
        moving,
        query.ordered,
    )


def _unfiltered(request: Request, params: Params, *, consistent: bool) -> Request:
    """Return a request for all that a key condition finds, with all fields that the index holds.

    With `consistent`, the read is consistent unless it uses an index.
    """
    left = {
        name: value
        for name, value in params.items()
        if name not in ("FilterExpression", "Limit", "ProjectionExpression")
    }
    named = set(PLACEHOLDER.findall(left.get("KeyConditionExpression", "")))
    for table in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {name: value for name, value in left.pop(table, {}).items() if name in named}
        if used:
            left[table] = used
    if consistent and "IndexName" not in left:
        left["ConsistentRead"] = True
    return Request(request.api, left, request.operation, request.entity)


def _refuse_params(options: Options, judged: frozenset[str]) -> None:
    """Raise InvalidOptionError where `params` would change the request of one form alone."""
    given = sorted(judged.intersection(options.params or ()))
    if given:
        raise InvalidOptionError(
            f"`params` cannot set {listed(given)} while items are read in "
            "two forms, which need different requests; use the options and .where()"
        )


def merged(reading: Any) -> Any:
    """Return the read of both forms that corresponds to a read of the present form."""
    kinds: dict[type, Any] = {
        ScanReading: MergedScan,
        GetReading: MergedGet,
        QueryReading: MergedQuery,
        CollectionReading: MergedCollection,
    }
    kind = kinds[type(reading)]
    said = {one.name: getattr(reading, one.name) for one in fields(type(reading))}
    return kind(**said)
