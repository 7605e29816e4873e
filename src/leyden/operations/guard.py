"""Whose item is it? Guards against two items under one key, and against foreign items.

Keys are folded and joined without escaping, so two different items may have the same key.
Writes carry a condition that the stored item has the same key attributes; reads compare them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leyden.errors import (
    AmbiguousKeyError,
    DecodeError,
    InvalidExpressionError,
    KeyCollisionError,
)
from leyden.keys import IndexKeys, KeyForm
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.projection import held_fields, identifiers_projected
from leyden.program import AttributeValue, Item, Request
from leyden.types import type_of

Marks = Mapping[str, AttributeValue]
"""Fields of an item and the values that they must have for the item to be the one meant."""

EMPTY: Final[AttributeValue] = {"S": ""}


def identity_marks(entity: BoundEntity, stored: Item) -> Marks:
    """The marks of an item; empty where its key is unique.

    `stored` has the fields of the primary composites at least. A key that does not name its
    entity may also be another entity's.
    """
    marks = {field: stored[field] for field in entity.guarded}
    return marks if entity.keys.name_entity else {**marks, **entity.identity}


def query_marks(entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any]) -> Marks:
    """The marks of the items that a query with these composites asks for.

    Raises InvalidExpressionError for an empty text that could not be told from no value.
    """
    names = [
        segment.name
        for form in keys.forms
        if form.can_collide
        for segment in form.segments
        if type_of(segment.attribute).is_free_text and segment.name in values
    ]
    if "" in values.values():
        names += _empty(entity, keys, values)
        held = held_fields(entity, keys)
        # Where the index does not hold an empty text, the key alone tells it.
        names = [n for n in names if values[n] != "" or _is_held(entity, n, held)]
    return entity.compiled.encode_few({name: values[name] for name in names})


def _empty(entity: BoundEntity, keys: IndexKeys, values: Mapping[str, Any]) -> list[str]:
    """The attributes whose empty text makes the very key that items without a value have."""
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
    """Whether the key of these values is the one without the last of them as well."""
    if form.numeric:
        return False
    key = form.complete(values)
    others = {name: value for name, value in values.items() if name != form.names[-1]}
    return bool(key) and key == form.build(others)


def _is_held(entity: BoundEntity, name: str, held: frozenset[str] | None) -> bool:
    return held is None or entity.spec.attributes[name].field in held


def is_always_there(entity: BoundEntity, name: str) -> bool:
    """Whether no item is without the attribute, so that a key that ends before it says ""."""
    return name in entity.keys.primary.composites or entity.spec.attributes[name].required


def refuse_no_item(item: object) -> None:
    """Raise DecodeError for what cannot be a raw item: fields with typed AttributeValues."""
    typed = isinstance(item, Mapping) and all(
        isinstance(name, str) and isinstance(value, Mapping) and len(value) == 1
        for name, value in item.items()
    )
    if not typed:
        raise DecodeError(
            "this is no raw item: one has typed AttributeValues by field, as in "
            '{"pk": {"S": "..."}}'
        )


def bears(item: Item, marks: Marks) -> bool:
    """Whether the item has these marks.

    A field that was not read counts as agreeing, but no value is no empty text.
    """
    return all(
        item[field] == value if field in item else value != EMPTY for field, value in marks.items()
    )


def owns(entity: BoundEntity, item: Item, keys: IndexKeys | None = None) -> bool:
    """Whether the item is one of this entity's, by its identifiers, else by its keys."""
    name, version = map(item.get, entity.spec.identifiers)
    if name is not None and version is not None:
        return name == {"S": entity.spec.entity} and version == {"S": entity.spec.version}
    forms = keys.forms if keys is not None else ()
    if not forms or any(form.template for form in forms):
        # Multi-attribute keys and templates do not tell, but every index holds the table's own key.
        forms = (*forms, *entity.keys.primary.forms)
    return all(_form_owns(form, item) for form in forms)


def _form_owns(form: KeyForm, item: Item) -> bool:
    stored = item.get(form.field)
    if stored is None:
        return False
    kind, value = next(iter(stored.items()))
    return form.owns(value if kind == "S" else 0)


def guard_condition(marks: Marks, expressions: Expressions, *, reading: bool = False) -> str:
    """The condition that no other item is stored under the key; empty where none can be.

    A field that the stored item lacks says nothing against it; but in `reading`, no value is no
    empty text.
    """
    texts = []
    for field, value in marks.items():
        name = expressions.name(field)
        if reading and value == EMPTY:
            texts.append(f"{name} = {expressions.value(value)}")
            continue
        texts.append(f"attribute_not_exists({name}) OR {name} = {expressions.value(value)}")
    return f"({') AND ('.join(texts)})" if len(texts) > 1 else "".join(texts)


def are_filterable(entity: BoundEntity, keys: IndexKeys, marks: Marks) -> bool:
    """Whether a query of the index can filter by these fields: held there, and none of its key."""
    held = held_fields(entity, keys)
    own = {form.field for form in keys.forms}
    return not any(field in own or (held is not None and field not in held) for field in marks)


def identity_or_none(entity: BoundEntity, keys: IndexKeys, expressions: Expressions) -> str | None:
    """The condition that an item bears the entity's identifiers, or lacks them.

    An item that lacks them is known by its keys; None where a key condition does not ensure that.
    """
    if not identifiers_projected(entity, keys) or not keys.forms:
        return None
    if any(form.template or form.postfix or form.numeric for form in keys.forms):
        return None
    absent = [f"attribute_not_exists({expressions.name(field)})" for field in entity.identity]
    equal = " AND ".join(expressions.equal(*pair) for pair in entity.identity.items())
    return " OR ".join([*absent, f"({equal})"])


def refuse_ambiguous(entity: BoundEntity, form: KeyForm, values: Mapping[str, Any]) -> None:
    """Raise AmbiguousKeyError where the key of these values reads back as others."""
    if form.may_be_ambiguous and form.is_ambiguous(values):
        names = ", ".join(f'"{name}"' for name in form.names)
        raise AmbiguousKeyError(
            f'the key field "{form.field}", which joins {names}, could not be taken apart again: '
            "one of the values holds the text that stands in front of the next one. Change the "
            "value or the labels, or declare `keys: strict`",
            entity=entity.spec.entity,
        )


def collision(marks: Marks, stored: Item, request: Request) -> KeyCollisionError:
    """The error for another item under the key of a write."""
    other = (field for field, value in marks.items() if stored.get(field, value) != value)
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
