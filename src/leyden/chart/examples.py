"""Example items: a few of each entity, with keys from the real key layer.

They come from a service for drawing, which builds real keys and items but needs no network and no
hooks. Its schema omits what has no part in keys: limits of values (patterns, bounds, validations),
values that differ in every run (`{generate: now}`), and whatever needs more than one item to store.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import attrs
from attrs import frozen

from leyden import Entity, Service, bind
from leyden._text import did_you_mean
from leyden.chart.relations import identity_of, references_of, referring
from leyden.chart.samples import is_free, sample
from leyden.errors import AmbiguousKeyError, DecodeError, InputError, InvalidOptionError
from leyden.program import Item
from leyden.schema import (
    After,
    AttributeSpec,
    Bucket,
    Call,
    EntitySpec,
    JMESPath,
    Literal,
    ServiceSpec,
    Slug,
)
from leyden.types import type_of

Hooks = Mapping[str, Callable[..., Any]]

Given = int | Mapping[str, Sequence[Mapping[str, Any]]]
"""How many items of each entity, or items of your own by alias."""

DEFAULT_COUNT: Final = 3
_SHOWN_OPTIONAL: Final = 4
"""How many optional attributes an example has beside those of keys."""

_TRIED: Final = 256
"""How many combinations of values to try for the conditions of sparse indexes."""


@frozen
class Example:
    """An item: a `name` to refer to it, its stored form, and its values by attribute."""

    name: str
    entity: Entity
    item: Item
    values: Mapping[str, Any]


@frozen
class Other:
    """A stored item of no entity: a guard, a part of a large value, or another program's.

    `label` is the name in the first of its `identifiers`.
    """

    name: str
    label: str
    item: Item
    identifiers: tuple[str, ...]


@frozen
class Examples:
    """All examples, and for entities without any (by alias) the reason."""

    items: tuple[Example, ...]
    missing: Mapping[str, str] = {}
    others: tuple[Other, ...] = ()

    def of(self, alias: str) -> tuple[Example, ...]:
        """Return the examples of one entity."""
        return tuple(item for item in self.items if item.entity.spec.alias == alias)


def unconnected(spec: ServiceSpec, hooks: Hooks | None = None, *, guarded: bool = False) -> Service:
    """Return a service that builds requests for examples. Missing hooks pass values unchanged.

    With `guarded`, writes include the guards of unique values, as they do in a table.
    """
    entities = {
        alias: attrs.evolve(
            entity,
            attributes={name: _unbound(attribute) for name, attribute in entity.attributes.items()},
            unique=entity.unique if guarded else (),
            version_attribute=None,
        )
        for alias, entity in spec.entities.items()
    }
    drawable = attrs.evolve(spec, entities=entities)

    def passing(*arguments: Any) -> Any:
        # `get`, `set` and `derive` are called with a value and all values: return the value.
        return arguments[0] if arguments else None

    stand_ins = {
        name: (hooks or {}).get(name, passing)
        for entity in drawable.entities.values()
        for attribute in entity.attributes.values()
        for name in _calls(attribute)
    }
    # Nothing is sent to this region, but a connection requires one.
    table = spec.table.table or spec.service
    return bind(drawable, table=table, region="us-east-1", hooks=stand_ins)


def _unbound(attribute: AttributeSpec) -> AttributeSpec:
    properties = attribute.properties and {n: _unbound(p) for n, p in attribute.properties.items()}
    return attrs.evolve(
        attribute,
        default=attribute.default if isinstance(attribute.default, Literal) else None,
        on_write=None,
        pattern=None,
        min=None,
        max=None,
        min_length=None,
        max_length=None,
        validate=None,
        overflow=None,
        encrypt=False,
        items=None if attribute.items is None else _unbound(attribute.items),
        properties=properties,
        variants=attribute.variants and {n: _unbound(v) for n, v in attribute.variants.items()},
    )


def _calls(attribute: AttributeSpec) -> list[str]:
    own = [
        call.name
        for call in (attribute.get, attribute.set, attribute.derive)
        if isinstance(call, Call)
    ]
    parts = [
        attribute.items,
        *(attribute.properties or {}).values(),
        *(attribute.variants or {}).values(),
    ]
    return own + [name for part in parts if part is not None for name in _calls(part)]


def examples_of(drawn: Service, given: Given, spec: Mapping[str, EntitySpec]) -> Examples:
    """Return a few items of every entity.

    `spec` holds the entities as declared, with the bounds that samples obey. Raises
    InvalidOptionError for examples of unknown entities, and InputError for examples that do not
    fit.
    """
    own = given if isinstance(given, Mapping) else {}
    count = DEFAULT_COUNT if isinstance(given, Mapping) else given
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100:
        raise InvalidOptionError(
            "`examples` must be a number of items for each entity, from 1 to 100, or items by "
            "alias",
            operation="chart",
        )
    for alias, handed in own.items():
        if isinstance(handed, str | bytes | Mapping) or not isinstance(handed, Sequence):
            raise InvalidOptionError(
                f'`examples` must have a list of items for "{alias}", not {type(handed).__name__}',
                operation="chart",
            )
        if alias not in drawn.entities:
            hint = did_you_mean(alias, drawn.entities)
            raise InvalidOptionError(
                f'`examples` has items of "{alias}", but the service has no such entity{hint}',
                operation="chart",
            )
    given_items = [
        example
        for alias, items in own.items()
        for example in _distinct(
            drawn.entities[alias], [_stored(drawn.entities[alias], values) for values in items]
        )
    ]
    found, missing = _all_sampled(drawn, spec, given_items, own, count, plain=False)
    if any(isinstance(error, AmbiguousKeyError) for error in missing.values()):
        # Use plain texts in all entities, so that their items still meet.
        found, missing = _all_sampled(drawn, spec, given_items, own, count, plain=True)
    order = {alias: place for place, alias in enumerate(drawn.entities)}
    items = sorted(given_items + found, key=lambda example: order[example.entity.spec.alias])
    return Examples(tuple(items), {alias: error.message for alias, error in missing.items()})


def stored_items(drawn: Service, items: Iterable[Item]) -> Examples:
    """Return stored items in place of examples. Raises DecodeError for anything but items.

    Attributes that do not fit their schema are shown as they are stored.
    """
    found: list[Example] = []
    others: list[Other] = []
    counted: Counter[str] = Counter()
    for item in items:
        entity = next((one for one in drawn.entities.values() if one.owns(item)), None)
        label, identifiers = _said(drawn, item) if entity is None else (entity.spec.alias, ())
        counted[label] += 1
        name = f"{label}-{counted[label]}"
        if entity is None:
            others.append(Other(name, label, item, identifiers))
        else:
            found.append(Example(name, entity, item, _readable(entity, item)))
    return Examples(tuple(found), {}, tuple(others))


def _said(drawn: Service, item: Item) -> tuple[str, tuple[str, ...]]:
    """Return the name that an item of no entity carries, and the fields that it is in."""
    for entity in drawn.entities.values():
        name = item.get(entity.spec.identifiers[0], {}).get("S")
        if isinstance(name, str) and name:
            return name, entity.spec.identifiers
    return "item", ()


def _readable(entity: Entity, item: Item) -> dict[str, Any]:
    values = {}
    for name, attribute in entity.mapping.attributes.items():
        if attribute.spec.field in item:
            with suppress(DecodeError):
                values[name] = attribute.decode(item[attribute.spec.field])
    return {name: value for name, value in values.items() if value is not None}


def _all_sampled(
    drawn: Service,
    specs: Mapping[str, EntitySpec],
    given: Sequence[Example],
    without: Container[str],
    count: int,
    *,
    plain: bool,
) -> tuple[list[Example], dict[str, InputError]]:
    """Make examples for each entity except some; return them, and the errors of entities without.

    They refer to existing examples: to those `given`, and to each other.
    """
    items: list[Example] = []
    missing: dict[str, InputError] = {}
    pool: dict[str, list[Mapping[str, Any]]] = {}
    for example in given:
        pool.setdefault(example.entity.spec.alias, []).append(example.values)
    # An entity that others refer to has fewer attributes in its identity than they have.
    wanted = [spec for alias, spec in specs.items() if alias not in without]
    for spec in sorted(wanted, key=lambda spec: len(identity_of(spec))):
        try:
            entity, places = drawn.entities[spec.alias], _places(spec)
            there = [specs[alias] for alias in pool]
            references = references_of(spec, there)
            # The last one stays out of sparse indexes, unless it is the only one.
            made = [
                _sample_item(
                    entity,
                    spec,
                    _values(spec, places, number, plain)
                    | referring(references, pool, places, number),
                    inside=count == 1 or number < count - 1,
                )
                for number in range(count)
            ]
            found = _distinct(entity, made, spec.unique)
        except InputError as error:
            missing[spec.alias] = error
        else:
            items += found
            pool[spec.alias] = [example.values for example in found]
    return items, missing


def _distinct(
    entity: Entity, items: Iterable[Item], unique: Sequence[Sequence[str]] = ()
) -> list[Example]:
    """Return one example for each key and each unique value, since small sets of samples repeat."""
    fields = [form.field for form in entity.mapping.keys.primary.forms]
    by_key = {json.dumps([item[field] for field in fields], default=repr): item for item in items}
    decode = entity.mapping.decode_values
    taken: set[str] = set()
    found: list[Example] = []
    for item in by_key.values():
        values = decode(item)
        claims = {
            repr((names, [values[name] for name in names]))
            for names in unique
            if all(name in values for name in names)
        }
        if not claims & taken:
            taken |= claims
            name = f"{entity.spec.alias}-{len(found) + 1}"
            found.append(Example(name, entity, item, values))
    return found


def _stored(entity: Entity, values: Mapping[str, Any]) -> Item:
    item: Item = entity.put(values).params()["Item"]
    return item


def _places(spec: EntitySpec) -> dict[str, str]:
    """Return how the sample of an attribute depends on the number of the item.

    `own`: each item has a different one. `shared`: several items have the same, so that they meet
    in a partition. The last free attribute of the table's own key differs, so that keys do.
    """
    places: dict[str, str] = {}
    for index in spec.indexes.values():
        if index.index is not None:
            places.update(dict.fromkeys(index.sk.composite if index.sk else (), "own"))
    for index in spec.indexes.values():
        if index.index is not None:
            places.update(dict.fromkeys(index.pk.composite, "shared"))
    primary = spec.primary.composites
    places.update(dict.fromkeys(primary, "shared"))
    free = [name for name in primary if is_free(spec.attributes[name])]
    if free:
        places[free[-1]] = "own"
    else:
        places.update(dict.fromkeys(primary, "own"))
    for names in spec.unique:
        free = [name for name in names if is_free(spec.attributes[name])]
        if free and all(places.get(name) != "own" for name in free):
            places[free[-1]] = "own"
    return places


def _values(
    spec: EntitySpec, places: Mapping[str, str], number: int, plain: bool
) -> dict[str, Any]:
    """Return the samples of an item's attributes."""
    values = {}
    for name in _shown(spec):
        attribute = spec.attributes[name]
        if isinstance(attribute.derive, JMESPath | Bucket | Slug | After):
            continue
        place = number // 2 if places.get(name) == "shared" else number
        default = attribute.default
        if isinstance(default, Literal) and attribute.type == "string" and name not in places:
            # Most items have the default. In keys it would put all examples into one partition.
            values[name] = default.value
            continue
        values[name] = sample(attribute, place, spec.alias, plain=plain)
    return values


def _sample_item(entity: Entity, spec: EntitySpec, values: dict[str, Any], *, inside: bool) -> Item:
    if any(index.when is not None for index in spec.indexes.values()):
        return _best(entity, spec, values, inside)
    return _stored(entity, values)


def _shown(spec: EntitySpec) -> list[str]:
    """Return the attributes that examples have: those of keys, required ones, and some others."""
    keys = {name for index in spec.indexes.values() for name in index.composites}
    conditions = " ".join(index.when.text for index in spec.indexes.values() if index.when)
    read = {name for name in spec.attributes if re.search(rf"\b{re.escape(name)}\b", conditions)}
    needed = [n for n, a in spec.attributes.items() if n in keys or a.required or n in read]
    optional = [
        name
        for name, attribute in spec.attributes.items()
        if name not in needed and attribute.derive is None and not attribute.hidden
    ]
    ttl = [name for name in optional if type_of(spec.attributes[name]).expires][:1]
    return needed + [n for n in optional if n not in ttl][:_SHOWN_OPTIONAL] + ttl


def _best(entity: Entity, spec: EntitySpec, values: dict[str, Any], inside: bool) -> Item:
    """Return the item that is in most of the sparse indexes, or in the fewest if not `inside`."""
    sparse = [index for index in spec.indexes.values() if index.when is not None]
    fixed = set(spec.primary.composites)
    options: dict[str, list[Any]] = {}
    for index in sparse:
        assert index.when is not None
        roots = entity.mapping.condition(index.name).roots
        for name in spec.attributes if roots is None else roots:
            if name in values and name not in fixed:
                found = [values[name], *_alternatives(spec.attributes[name], index.when.text)]
                options.setdefault(name, []).extend(
                    value for value in found if value not in options.get(name, [])
                )
    chosen: Item | None = None
    best = 0
    refused: InputError | None = None
    for combination in itertools.islice(itertools.product(*options.values()), _TRIED):
        try:
            item = _stored(entity, {**values, **dict(zip(options, combination, strict=True))})
        except InputError as error:
            refused = error
            continue
        member = sum(index.pk.field in item for index in sparse)
        if chosen is None or (member > best if inside else member < best):
            chosen, best = item, member
        if member == (len(sparse) if inside else 0):
            break
    if chosen is None:
        assert refused is not None, "every combination was either stored or refused"
        raise refused
    return chosen


def _alternatives(attribute: AttributeSpec, condition: str) -> list[Any]:
    """Return other values that may meet a condition: members, booleans, values in the condition."""
    kind = type_of(attribute)
    choices = kind.choices(attribute)
    if choices is not None:
        return list(choices)
    if kind.is_free_text:
        return re.findall(r"'([^']*)'", condition)
    if kind.countable:
        numbers = [int(text) for text in re.findall(r"`(-?\d+)`", condition)]
        return [near for number in numbers for near in (number, number + 1, number - 1)]
    return []
