"""Unique constraints: which values an item claims, and what a write does to its claims.

The table holds a guard item for each claim; see `unique_guards`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from leyden._attrs import field, frozen
from leyden.errors import InvalidExpressionError
from leyden.operations.bound import BoundEntity
from leyden.operations.update_steps import Step
from leyden.program import Item
from leyden.types import type_of
from leyden.types.text import escape

_SORT_KEY: Final = "$unique"
_KNOWN_OUTCOMES: Final = frozenset({"set", "remove", "if_not_exists"})


@frozen
class Claim:
    """One constraint, and the values that an item has for it.

    `attributes` are the constraint's, `values` their stored fields, `key` is the guard's.
    """

    attributes: tuple[str, ...]
    values: Item = field(repr=False)
    key: Item = field(repr=False)
    text: str = field(repr=False)


@frozen
class Effect:
    """What a write does to the fields of an item.

    It sets `sets`, sets `defaults` where there is nothing yet, and takes `removes` away. `known`
    is what it requires the stored fields to be. `creates`: it may make an item that is not there.
    """

    kind: Literal["create", "replace", "change", "delete"]
    sets: Item = field(factory=dict, repr=False)
    defaults: Item = field(factory=dict, repr=False)
    removes: frozenset[str] = frozenset()
    known: Item = field(factory=dict, repr=False)
    creates: bool = False
    constraints: tuple[tuple[str, ...], ...] | None = None
    """The unique constraints that a create is about; None for all."""

    def after(self, stored: Item | None) -> Item:
        """The item's fields after the write, those of the stored one before it."""
        if self.kind == "delete":
            return {}
        if self.kind != "change":
            return self.sets
        fields = {**self.defaults, **(stored or {}), **self.sets}
        return {name: value for name, value in fields.items() if name not in self.removes}


def claims_of(
    entity: BoundEntity, item: Item, constraints: Iterable[tuple[str, ...]] | None = None
) -> dict[str, Claim]:
    """The claims of an item, by the text of their guards' keys.

    An item that lacks one of a constraint's attributes claims nothing for it.
    """
    claims = {}
    for names in entity.spec.unique if constraints is None else constraints:
        fields = _fields(entity, names)
        held = {name: item[name] for name in fields if name in item}
        values = entity.compiled.decode_values(held)
        if len(held) < len(fields) or any(values.get(name) is None for name in names):
            continue
        text = _text(entity, names, values)
        pk, *sk = (form.field for form in entity.keys.primary.forms)
        key: Item = {pk: {"S": text}, **{name: {"S": _SORT_KEY} for name in sk}}
        claims[text] = Claim(names, held, key, text)
    return claims


def _text(entity: BoundEntity, names: tuple[str, ...], values: dict[str, Any]) -> str:
    """A text that these values of this constraint have, and nothing else has.

    It goes by fields in the order of their names, so that neither renaming an attribute nor
    turning a constraint round loses the guards that there are.
    """
    attributes = sorted((entity.spec.attributes[name] for name in names), key=lambda a: a.field)
    parts = [
        entity.spec.entity,
        entity.spec.version,
        ",".join(attribute.field for attribute in attributes),
    ]
    texts = [type_of(attribute).strict_text(values[attribute.name]) for attribute in attributes]
    head = f"${escape(entity.spec.service)}$unique"
    return "#".join([head, *map(escape, parts), *texts])


def _fields(entity: BoundEntity, names: Iterable[str]) -> list[str]:
    return [entity.spec.attributes[name].field for name in names]


def unique_fields(entity: BoundEntity) -> tuple[str, ...]:
    """The fields of all unique attributes."""
    names = dict.fromkeys(name for constraint in entity.spec.unique for name in constraint)
    return tuple(_fields(entity, names))


def moves_claims(entity: BoundEntity, effect: Effect | None) -> bool:
    """Whether a write may change what its item claims."""
    if not entity.spec.unique or effect is None:
        return False
    if effect.kind == "create":
        return bool(claims_of(entity, effect.sets))
    return effect.kind != "change" or bool(touched_by(entity, effect))


def why_read(entity: BoundEntity, effect: Effect | None) -> str | None:
    """Why a write cannot know its claims without reading what is stored; None where it can."""
    if effect is None or effect.kind == "create" or not moves_claims(entity, effect):
        return None
    if effect.kind != "change":
        verb = "a put" if effect.kind == "replace" else "deleting"
        return f'"{entity.spec.entity}" has unique attributes, and {verb} gives up what they were'
    touched = touched_by(entity, effect)
    own = {*entity.keys.primary.spec.composites}
    unknown = {
        name
        for names in touched
        for name in names
        if entity.spec.attributes[name].field not in effect.known
    }
    if unknown:
        quoted = ", ".join(f'"{name}"' for name in sorted(unknown))
        return f"nothing says what the unique {quoted} was; say it with .composite()"
    if any(own.issuperset(names) for names in touched):
        return "it may be an update or a new item with new values; .patch() is an update"
    return None


def touched_by(entity: BoundEntity, effect: Effect) -> list[tuple[str, ...]]:
    """The constraints that an update may change something about."""
    own = set(_fields(entity, entity.keys.primary.spec.composites))
    moved = {*effect.sets, *effect.defaults, *effect.removes} - own
    return [
        names
        for names in entity.spec.unique
        if moved.intersection(_fields(entity, names))
        or (effect.creates and own.issuperset(_fields(entity, names)))
    ]


def refuse_unknown_claims(entity: BoundEntity, steps: Iterable[Step]) -> None:
    """Raise where the new value of a unique attribute would not be known here."""
    if not entity.spec.unique:
        return
    unique = {name for names in entity.spec.unique for name in names}
    for step in steps:
        if step.root in unique and step.operator not in _KNOWN_OUTCOMES:
            raise InvalidExpressionError(
                f'"{step.root}" is unique, and after .{step.operator}() its value is not known '
                "here; give the new value with .set()",
                entity=entity.spec.entity,
            )


def unique_notes(entity: BoundEntity, effect: Effect | None) -> tuple[str, ...]:
    """What keeping the constraints costs a write, in words."""
    if effect is None or not moves_claims(entity, effect):
        return ()
    names = "; ".join(" with ".join(constraint) for constraint in entity.spec.unique)
    if effect.kind == "create":
        return (f"writes a guard item for each unique value, in one transaction ({names})",)
    return (
        "reads the stored item first, consistently",
        f"where unique values change ({names}), it becomes a transaction that moves their guard "
        "items along; otherwise it is this request, on the condition that they are as read",
    )
