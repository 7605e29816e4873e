"""What a read shows of an item, and how requests tell whether an item is the intended one.

The first part is about what is read: projections, what an index holds, what a record of it shows.
The second part is about identity. Writes carry a condition that the stored item has the same key
attributes. Reads filter by these attributes where the index holds them, and otherwise compare them
after reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from leyden.errors import (
    DecodeError,
    InvalidExpressionError,
    InvalidOptionError,
    KeyCollisionError,
)
from leyden.keys import IndexKeys, KeyForm
from leyden.operations.bound import EMPTY, BoundEntity, Identity, ReadIndex
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions
from leyden.program import Item, Params, Request
from leyden.schema.spec import OVERFLOW_FIELD


def project(
    entity: BoundEntity,
    params: Params,
    options: Options,
    expressions: Expressions,
    *,
    telling: bool,
    index: ReadIndex | None = None,
) -> None:
    """Project the wanted attributes, the table's own key, and what the expressions name.

    `telling` adds the fields that identify the item. Raises UnknownAttributeError and
    InvalidOptionError.
    """
    if not options.attributes:
        return
    attributes, held = entity.spec.attributes, held_fields(entity, index)
    fields = [*entity.key_fields]
    for name in options.attributes:
        attribute = attributes.get(name)
        if attribute is None:
            raise entity.mapping.unknown(name)
        if held is not None and attribute.field not in held:
            assert index is not None
            raise InvalidOptionError(
                f'the index "{index.spec.index}" does not hold "{name}"; leave it out of '
                "`attributes`, or read it through another access pattern",
                entity=entity.spec.entity,
            )
        fields += [attribute.field, *(_watched_fields(entity, name) if telling else ())]
    if telling:
        # Keys identify an item without identifiers, and hold values that the index lacks.
        composites = [name for keys in entity.keys.values() for name in keys.composites]
        fields += [
            *(() if options.ignore_ownership else entity.identifiers),
            *(attributes[name].field for name in composites),
            *(form.field for form in (index.forms if index is not None else ())),
        ]
    for field in fields:
        if held is None or field in held:
            expressions.name(field)
    asked = {attributes[name].field for name in options.attributes}
    if telling and not entity.mapping.overflow.isdisjoint(asked):
        expressions.name(OVERFLOW_FIELD)
    params["ProjectionExpression"] = ", ".join(expressions.names.values())


def _watched_fields(entity: BoundEntity, name: str) -> list[str]:
    """Return the fields that the `get` hook of an attribute watches."""
    attribute = entity.spec.attributes[name]
    if attribute.get is None:
        return []
    names = entity.spec.attributes if "*" in attribute.watch else attribute.watch
    return [entity.spec.attributes[watched].field for watched in names]


def shown_slots(
    entity: BoundEntity, options: Options, index: ReadIndex | None = None
) -> frozenset[str] | None:
    """Return the slots that records of a read show; None where it reads whole items.

    An attribute whose `get` hook watches others is shown only where these are read too.
    """
    held = None if options.hydrate else held_fields(entity, index)
    if held is None and not options.attributes:
        return None
    return frozenset(
        slot
        for name, slot in entity.mapping.slots.items()
        if (
            name in options.attributes
            if options.attributes
            else slot not in entity.mapping.deferred
        )
        and (
            held is None
            or {entity.spec.attributes[name].field, *_watched_fields(entity, name)} <= held
        )
    )


def slots_reader(
    entity: BoundEntity, options: Options, keys: IndexKeys
) -> Callable[[Item], frozenset[str] | None]:
    """Return a function that gives the slots that the record of an item from an index shows.

    Every item that Leyden writes has identifiers. Where an item has none, although the schema says
    that the index holds them, the table's index holds less than the schema says. An absent
    attribute then looks like one that was left out, so the record shows only what is there.
    """
    shown = shown_slots(entity, options, keys)
    is_whole = keys is entity.keys.primary or options.hydrate
    unasked = options.attributes and options.ignore_ownership
    if is_whole or unasked or not identifiers_projected(entity, keys):
        return lambda item: shown
    mark = next(iter(entity.identifiers))
    return lambda item: shown if mark in item else present_slots(entity, item, shown)


def present_slots(
    entity: BoundEntity, item: Item, shown: frozenset[str] | None = None
) -> frozenset[str]:
    """Return the slots of what an item has: those in `shown`, or all that are not deferred."""
    return frozenset(
        slot
        for name, slot in entity.mapping.slots.items()
        if (slot in shown if shown is not None else slot not in entity.mapping.deferred)
        and inputs_of(entity, [name]) <= item.keys()
    )


def inputs_of(entity: BoundEntity, names: Iterable[str]) -> set[str]:
    """Return the fields of attributes, and those that their `get` hooks read."""
    fields = set()
    for name in names:
        fields |= {entity.spec.attributes[name].field, *_watched_fields(entity, name)}
    return fields


def held_fields(entity: BoundEntity, index: ReadIndex | None) -> frozenset[str] | None:
    """Return the fields that an index holds; None where it holds whole items."""
    return None if index is None else entity.held[index.spec.name]


def key_attribute_fields(entity: BoundEntity, index: IndexKeys) -> tuple[str, ...]:
    """Return the fields of the attributes that are the keys of a multi-attribute index."""
    names = () if index.forms else index.spec.composites
    return tuple(entity.spec.attributes[name].field for name in names)


def identifiers_projected(entity: BoundEntity, keys: IndexKeys) -> bool:
    """Whether the index holds the fields that identify the entity."""
    projection = keys.spec.projection
    if projection is None or projection == "all":
        return True
    return projection != "keys_only" and set(entity.identifiers) <= set(projection)


def identifiers_filtered(entity: BoundEntity, keys: IndexKeys, options: Options) -> bool:
    """Whether a read may filter on the fields that identify the entity.

    A read that hydrates items may use an index that holds less than the schema says, and DynamoDB
    refuses a filter on a field that the index does not hold. The whole items tell it later.
    """
    if options.ignore_ownership or (options.hydrate and keys.spec.index is not None):
        return False
    return identifiers_projected(entity, keys)


def refuse_unheld(entity: BoundEntity, keys: IndexKeys, fields: Iterable[str]) -> None:
    """Raise InvalidExpressionError for a filter on fields that the index does not hold."""
    held = held_fields(entity, keys)
    for field in fields if held is not None else ():
        if held is not None and field not in held:
            raise InvalidExpressionError(
                f'the index "{keys.spec.index}" does not hold {_attributes(entity, field)}, so '
                "where() cannot filter on it there; read through another access pattern, or "
                "filter the records",
                entity=entity.spec.entity,
            )


def refuse_unfilterable(entity: BoundEntity, keys: IndexKeys, fields: Iterable[str]) -> None:
    """Raise InvalidExpressionError for a filter that a query of the index cannot have.

    It cannot filter on fields that the index does not hold, or on the index's own key.
    """
    refuse_unheld(entity, keys, fields)
    own = {*keys.fields, *key_attribute_fields(entity, keys)}
    for field in fields:
        if field in own:
            raise InvalidExpressionError(
                f"{_attributes(entity, field)} is a key of the access pattern "
                f'"{keys.spec.name}", and DynamoDB does not filter by keys; give it as equal, or '
                "as a range: .between(), .gte(), .lt()",
                entity=entity.spec.entity,
            )


def _attributes(entity: BoundEntity, field: str) -> str:
    """Return the name of the attribute in a field, for messages."""
    names = [name for name, a in entity.spec.attributes.items() if a.field == field]
    return f'"{names[0] if names else field}"'


def query_identity(entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any]) -> Identity:
    """Return the identity of the items that a query with these composites asks for.

    Raises InvalidExpressionError for an empty text that looks like an absent value.
    """
    names = [name for name in keys.folded if name in values]
    if "" in values.values():
        names += _empty(entity, keys, values)
        held = held_fields(entity, keys)
        # For an empty text that the index does not hold, the key alone decides.
        names = [n for n in names if values[n] != "" or _is_held(entity, n, held)]
    attributes = entity.mapping.attributes
    return {attributes[n].spec.field: attributes[n].encode(values[n]) for n in names}


def _empty(entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any]) -> list[str]:
    """Return the attributes whose empty text makes the same key as no value does."""
    names = [
        form.names[-1]
        for form in keys.forms
        if form.names and values.get(form.names[-1]) == "" and _is_as_absent(form, values)
    ]
    held = held_fields(entity, keys)
    for name in names:
        if not _is_held(entity, name, held) and not is_always_there(entity, name):
            raise InvalidExpressionError(
                f'the index "{keys.spec.index}" does not hold "{name}", so an empty text cannot '
                "be told from no value there; read through another access pattern",
                entity=entity.spec.entity,
            )
    return names


def _is_as_absent(form: KeyForm, values: Mapping[str, Any]) -> bool:
    """Whether the key stays the same without the last of these values."""
    if form.numeric:
        return False
    key = form.complete(values)
    others = {name: value for name, value in values.items() if name != form.names[-1]}
    return bool(key) and key == form.build(others)


def _is_held(entity: BoundEntity, name: str, held: frozenset[str] | None) -> bool:
    return held is None or entity.spec.attributes[name].field in held


def is_always_there(entity: BoundEntity, name: str) -> bool:
    """Whether every item has the attribute, so that a key that ends before it means ""."""
    return name in entity.keys.primary.composites or entity.spec.attributes[name].required


def refuse_no_item(item: object) -> None:
    """Raise DecodeError for what is not a raw item: fields with typed AttributeValues."""
    typed = isinstance(item, Mapping) and all(
        isinstance(name, str) and isinstance(value, Mapping) and len(value) == 1
        for name, value in item.items()
    )
    if not typed:
        raise DecodeError(
            "this is not a raw item; a raw item has typed AttributeValues by field, as in "
            '{"pk": {"S": "..."}}'
        )


def guard_condition(identity: Identity, expressions: Expressions, *, reading: bool = False) -> str:
    """Return the condition that no other item is stored under the key; "" where none can be.

    A field that the stored item lacks does not fail the condition. In `reading`, an absent value
    does fail the condition for an empty text.
    """
    texts = []
    for field, value in identity.items():
        name = expressions.name(field)
        if reading and value == EMPTY:
            texts.append(f"{name} = {expressions.value(value)}")
            continue
        texts.append(f"attribute_not_exists({name}) OR {name} = {expressions.value(value)}")
    return f"({') AND ('.join(texts)})" if len(texts) > 1 else "".join(texts)


def are_filterable(entity: BoundEntity, keys: IndexKeys, identity: Identity) -> bool:
    """Whether a query can filter by these fields: the index holds them, outside its key."""
    held = held_fields(entity, keys)
    own = {form.field for form in keys.forms}
    return not any(field in own or (held is not None and field not in held) for field in identity)


def identity_or_none(entity: BoundEntity, keys: IndexKeys, expressions: Expressions) -> str | None:
    """Return the condition that an item has the entity's identifiers, or has none.

    An item without identifiers is recognized by its keys. None where a key condition does not
    ensure that.
    """
    if not identifiers_projected(entity, keys) or not keys.forms:
        return None
    if any(form.template or form.postfix or form.numeric for form in keys.forms):
        return None
    absent = [f"attribute_not_exists({expressions.name(field)})" for field in entity.identifiers]
    equal = " AND ".join(expressions.equal(*pair) for pair in entity.identifiers.items())
    return " OR ".join([*absent, f"({equal})"])


def collision(identity: Identity, stored: Item, request: Request) -> KeyCollisionError:
    """Return the error for another item that is stored under the key of a write."""
    other = (field for field, value in identity.items() if stored.get(field, value) != value)
    names = ", ".join(f'"{field}"' for field in other)
    return KeyCollisionError(
        f"another item is stored under the same key, with another value of {names}: keys fold "
        "the case of letters and join values, so different values can make one key. Nothing was "
        "written",
        item=stored,
        request=request,
        operation=request.operation,
        entity=request.entity,
    )
