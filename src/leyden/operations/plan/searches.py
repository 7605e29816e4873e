"""Searches by meaning: the request, which matches are kept, and how they are shaped.

A vector index holds the items of every entity of its table that have the vector. A search therefore
filters by its entity's identifiers, which every such index can filter by. An entity of another
service may have the same identifiers; its items are recognized by their keys, and dropped.

The only condition that DynamoDB takes is equality on the partition and the filters. Leyden applies
`where()` itself to the items that the search found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pynamodb.expressions.condition import Condition

from leyden._attrs import frozen
from leyden._text import did_you_mean
from leyden.errors import InvalidExpressionError, MissingCompositeError, ValidationError
from leyden.operations.bound import BoundEntity, SearchedIndex, reader_of
from leyden.operations.companions.overflow.reading import OverflowRead, joining_for, reading_notes
from leyden.operations.options import Options, finish
from leyden.operations.plan.evaluation import holds, orders_the_unordered, same
from leyden.operations.plan.expressions import Expressions, conjunction, fields_of
from leyden.operations.plan.identity import held_fields, project, shown_slots
from leyden.operations.plan.reads import Explanation, Shape, shape, show
from leyden.program import Item, Params, Request

API: Final = "SearchVectors"

_SCORES: Final[Mapping[str, Callable[[float], float]]] = {
    "cosine": lambda distance: 1 - distance / 2,
    "euclidean": lambda distance: 1 / (1 + distance),
    "dot_product": lambda product: product,
}
_NEAREST: Final = {
    "cosine": "of the least cosine distance",
    "euclidean": "of the least euclidean distance",
    "dot_product": "of the highest dot product",
}


@frozen
class SearchPlan:
    """How to search: the request, which matches to keep, and how to shape them.

    `is_ours` drops items of another service, `is_still` whole items that no longer match the
    search, `is_met` items that fail `where()`.
    """

    request: Request
    options: Options
    key_fields: tuple[str, ...]
    is_ours: Callable[[Item], bool]
    is_still: Callable[[Item], bool]
    is_met: Callable[[Item], bool]
    shape: Shape
    joining: OverflowRead | None
    metric: str

    def rate(self, number: float) -> tuple[float, float | None]:
        """Return the score and the distance for the number that DynamoDB gives a match."""
        return _SCORES[self.metric](number), None if self.metric == "dot_product" else number


@frozen(eq=False, slots=False)
class SearchReading:
    """A search of one entity's items: near which vector, and among which items.

    `vector` and the values of `equal` (the partition and the filters) are accepted.
    """

    entity: BoundEntity
    index: SearchedIndex
    vector: Any
    equal: Mapping[str, Any]
    conditions: tuple[Condition, ...] = ()

    @property
    def name(self) -> str:
        """The operation's name with its access pattern, such as `note.search.similar`."""
        return f"{self.entity.operation('search')}.{self.index.spec.name}"

    @cached_property
    def asked(self) -> Item:
        """The fields, with their values, that DynamoDB filters by."""
        return {**self.entity.mapping.encode_few(self.equal), **self.entity.identifiers}

    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """Return the request. With `telling` it also reads the fields that identify items."""
        spec, entity = self.index.spec, self.entity
        expressions = Expressions()
        asked = [expressions.equal(*pair) for pair in self.asked.items()]
        params: Params = {
            "TableName": entity.table,
            "IndexName": spec.index,
            "SearchVector": entity.mapping.attributes[spec.attribute].encode(self.vector)["L"],
            "TopK": options.top_k,
            "SearchConditionExpression": conjunction(asked),
        }
        if any(map(orders_the_unordered, self.conditions)):
            raise InvalidExpressionError(
                "where() compares by order with a value that has none: only text, numbers and "
                "binary values have an order; compare others with == or !=",
                entity=entity.spec.entity,
            )
        judged = [*dict.fromkeys(f for one in self.conditions for f in fields_of(one))]
        if not options.hydrate:
            self._refuse_unseen(judged)
        if options.attributes and not options.hydrate:
            for field in judged:
                expressions.name(field)
            project(entity, params, options, expressions, telling=telling, index=self.index)
        expressions.write_to(params)
        return params

    def _refuse_unseen(self, judged: list[str]) -> None:
        """Raise InvalidExpressionError for conditions on fields that a search does not return."""
        attributes = self.entity.spec.attributes
        held = held_fields(self.entity, self.index)
        for field in judged:
            if field == attributes[self.index.spec.attribute].field:
                why = "a search does not return the vector"
            elif held is not None and field not in held:
                why = f'the index "{self.index.spec.index}" does not hold it'
            else:
                continue
            name = next((n for n, a in attributes.items() if a.field == field), field)
            raise InvalidExpressionError(
                f'where() cannot be applied to "{name}" after the search: {why}; read the whole '
                "items with `hydrate=True`",
                entity=self.entity.spec.entity,
            )

    def plan(self, options: Options) -> SearchPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        entity, spec, asked, conditions = self.entity, self.index.spec, self.asked, self.conditions
        params = finish(self.describe(options, telling=True), options)
        shown = self._shown(options)
        reader = reader_of([entity], options.data)
        vector = entity.spec.attributes[spec.attribute].field

        def is_still(item: Item) -> bool:
            has_all = all(same(item.get(field), value) for field, value in asked.items())
            return has_all and vector in item and entity.owns_key(item)

        return SearchPlan(
            Request(API, params, self.name, entity.spec.entity, reader),
            options,
            entity.key_fields,
            entity.owns_key,
            is_still,
            lambda item: all(holds(condition, item) for condition in conditions),
            lambda item: shape(entity, item, options, shown),
            joining_for(entity, self.name, params["TableName"], options, is_still, self.index),
            spec.metric,
        )

    def _shown(self, options: Options) -> frozenset[str] | None:
        """Return the slots that records show; None for all of them.

        They include the vector only where it is named, or where whole items are read.
        """
        shown = shown_slots(self.entity, options, self.index)
        if options.attributes or options.hydrate:
            return shown
        mapping = self.entity.mapping
        found = frozenset(mapping.slots.values()) - mapping.deferred if shown is None else shown
        return found - {mapping.slots.get(self.index.spec.attribute, "")}

    def explain(self, options: Options) -> Explanation:
        """Explain the search in words."""
        params = finish(self.describe(options), options)
        expressions = Expressions()
        condition = conjunction([expressions.condition(one) for one in self.conditions])
        judged: Params = {}
        expressions.write_to(judged)
        return Explanation(
            self.name,
            API,
            params["TableName"],
            self.index.spec.index,
            self.index.spec.name,
            False,
            show(params["SearchConditionExpression"], params),
            show(condition, judged),
            tuple(self._notes(params, options)),
        )

    def _notes(self, params: Params, options: Options) -> Iterator[str]:
        spec, top_k = self.index.spec, params["TopK"]
        many = f"the {top_k} items" if top_k != 1 else "the item"
        counted = f"{top_k} items that were" if top_k != 1 else "1 item that was"
        yield (
            f'finds {many} {_NEAREST[spec.metric]} in "{spec.attribute}", as the index has it: '
            "the index follows the table with a delay"
        )
        if self.conditions:
            yield (
                f"where() is applied by Leyden, to at most {counted} found, so fewer may "
                "remain; a filter of the index leaves items out before the search"
            )
        if options.hydrate:
            yield "reads the whole items that were found, in one more request"
        yield from reading_notes(self.entity, options, self.index)


def read_search(
    entity: BoundEntity, index: SearchedIndex, vector: Any, given: Mapping[str, Any]
) -> SearchReading:
    """Return a checked search near a vector, among the items with these values.

    Raises UnknownAttributeError, ValidationError, InvalidExpressionError, MissingCompositeError.
    """
    spec = index.spec
    if entity.moving is not None and not _reads_alike(entity.moving):
        raise InvalidExpressionError(
            f'the search "{spec.name}" finds items of "{entity.spec.entity}" in one form only, and '
            "they may still be stored as the earlier schemas describe: migrate them first, with "
            "`leyden migrate`; access patterns by key read both forms",
            entity=entity.spec.entity,
        )
    parted_by = (spec.partition,) if spec.partition is not None else ()
    takes = parted_by + spec.filters
    for name in given:
        if name not in takes:
            if name not in entity.spec.attributes:
                raise entity.mapping.unknown(name)
            raise InvalidExpressionError(
                f'the search "{spec.name}" cannot filter by "{name}"'
                + (
                    did_you_mean(name, takes)
                    or f": its index takes {', '.join(takes)}; filter its matches with .where()"
                    if takes
                    else ": its index has no filters; filter its matches with .where()"
                ),
                entity=entity.spec.entity,
            )
    values = entity.mapping.sought(entity.mapping.completed(given, parted_by))
    if any(name not in values for name in parted_by):
        raise MissingCompositeError(
            f'the search "{spec.name}" needs "{spec.partition}" as well: it partitions the index, '
            "and a search reads one partition",
            missing=parted_by,
            entity=entity.spec.entity,
        )
    for name, value in values.items():
        if value in ("", b""):
            raise ValidationError(
                f'"{name}" must not be empty: no item with an empty value is in the index',
                path=name,
                entity=entity.spec.entity,
            )
    near = entity.mapping.accept({spec.attribute: vector}).get(spec.attribute)
    if near is None:
        raise ValidationError(
            f'"{spec.attribute}" needs a vector to search near (got None)',
            path=spec.attribute,
            entity=entity.spec.entity,
        )
    if spec.metric == "cosine" and not any(near):
        raise ValidationError(
            f'"{spec.attribute}" must not be all zeros: a vector of length zero has no cosine '
            "distance to others",
            path=spec.attribute,
            entity=entity.spec.entity,
        )
    return SearchReading(entity, index, near, values)


def _reads_alike(moving: Any) -> bool:
    """Whether items in their earlier form read the same in the present form."""
    return not (moving.renames or moving.moves or moving.change.defaults) and all(
        route.is_same or (route.make is None and route.source is None)
        for route in moving.routes.values()
    )
