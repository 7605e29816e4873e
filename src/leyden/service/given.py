"""What callers give to the verbs of an entity: keys and items, by name, as mappings, as records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leyden.arguments import misplaced
from leyden.compile.paths import is_operand
from leyden.errors import ArgumentError
from leyden.operations.bound import BoundEntity
from leyden.operations.versions import Expectation, version_seen_in


def refuse_misplaced(entity: BoundEntity, verb: str, wrong: tuple[Any, ...]) -> None:
    """Raise ArgumentError where values stand without a name, with the form that the verb has."""
    if wrong:
        form = f"{entity.spec.alias}.{verb}({_names(entity)})"
        raise misplaced(verb, form, len(wrong), operation=entity.operation(verb))


def are_many(
    entity: BoundEntity, verb: str, first: Any, wrong: tuple[Any, ...], named: Mapping[str, Any]
) -> bool:
    """Whether `first` is a list of keys or items. Raises ArgumentError for more beside it."""
    if wrong:
        refuse_misplaced(entity, verb, (first, *wrong))
    if isinstance(first, str | bytes | bytearray | Mapping) or is_operand(first):
        return False
    if not isinstance(first, Iterable):
        return False
    if named:
        raise ArgumentError(
            f"{verb}() takes a list, or one by name, and was given both",
            operation=entity.operation(verb),
            entity=entity.spec.entity,
        )
    return True


def key_of(
    entity: BoundEntity,
    verb: str,
    key: Any,
    named: Mapping[str, Any] | None = None,
    *,
    place: int | None = None,
) -> Mapping[str, Any]:
    """The attributes of a key: those of a mapping or a record, and over them the named.

    `place` is where it stands in a list. Raises ArgumentError for anything else.
    """
    named = named or {}
    if isinstance(key, Mapping):
        return {**key, **named}
    compiled = entity.compiled
    if not isinstance(key, compiled.record):
        raise no_item(entity, verb, "a key", key, place=place)
    slots = {name: compiled.slots.get(name) for name in entity.keys.primary.composites}
    # What a partial record did not read is no part of the key that it gives.
    found = {n: getattr(key, slot, None) for n, slot in slots.items() if slot is not None}
    return {**{n: value for n, value in found.items() if value is not None}, **named}


def seen_key(
    entity: BoundEntity,
    verb: str,
    key: Any,
    wrong: tuple[Any, ...] = (),
    named: Mapping[str, Any] | None = None,
    *,
    place: int | None = None,
) -> tuple[Mapping[str, Any], Expectation | None]:
    """The attributes of a key, and the version that a record of them was seen with."""
    if wrong:
        refuse_misplaced(entity, verb, (key, *wrong))
    given = key_of(entity, verb, key, named, place=place)
    is_record = isinstance(key, entity.compiled.record)
    return given, version_seen_in(entity, key) if is_record else None


def no_item(
    entity: BoundEntity, verb: str, what: str, given: Any, *, place: int | None = None
) -> ArgumentError:
    """The error for what is neither a mapping nor a record of the entity."""
    if place is None:
        call, form = f"{verb}()", f"by name ({_names(entity)}), as a mapping"
    else:
        call, form = f"entry {place} of {verb}()", "as a mapping"
    return ArgumentError(
        f'{call} takes {what} {form} or a record of "{entity.spec.entity}", not as '
        f"{type(given).__name__}",
        operation=entity.operation(verb),
        entity=entity.spec.entity,
    )


def _names(entity: BoundEntity) -> str:
    return ", ".join(f"{name}=..." for name in entity.keys.primary.spec.composites)
