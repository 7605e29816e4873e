"""Compare entities as a whole: names, versions, constraints, and removed entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from leyden._text import listed
from leyden.diff.attributes import compare_attributes
from leyden.diff.changes import BACKFILL, COLLIDE, ORPHANS, READERS, WRITERS, Change, in_order
from leyden.diff.keys import compare_patterns, compare_searches, moving
from leyden.diff.pairing import Pair, halves, pair_entities, pair_of
from leyden.schema import EntitySpec, ServiceSpec


def compare_entities(old: ServiceSpec, new: ServiceSpec) -> Iterator[Change]:
    """Yield the changes of all entities, those of removed ones last."""
    known = {one.alias: other for one, other in pair_entities(new.entities, old.entities)}
    for alias, entity in new.entities.items():
        was = known.get(alias)
        if was is None:
            yield Change(
                "entity.added", in_order(()), alias,
                "a new entity; old code ignores its items",
                entity.span, entity=alias,
            )  # fmt: skip
            continue
        yield from compare_entity(pair_of(entity, was))
    gone = {entity.alias for entity in known.values()}
    for alias, entity in old.entities.items():
        if alias not in gone:
            yield entity_removed(entity, new.entities.values())


def compare_entity(pair: Pair) -> Iterator[Change]:
    """Yield the changes of an entity that both sides have."""
    yield from identity_changed(pair)
    yield from constraints_changed(pair)
    yield from compare_attributes(pair)
    yield from compare_patterns(pair)
    yield from compare_searches(pair)


def entity_removed(entity: EntitySpec, others: Iterable[EntitySpec]) -> Change:
    """Return the change of a removed entity, whose items stay in the table."""
    apart = [
        *(["guards of unique values"] if entity.unique else []),
        *(
            ["parts of large values"]
            if any(attribute.overflow for attribute in entity.attributes.values())
            else []
        ),
    ]
    also = f", with {' and '.join(apart)}" if apart else ""
    versions = [one.version for one in others if one.entity == entity.entity]
    still = f" (there still is version {listed(versions)})" if versions else ""
    return Change(
        "entity.removed", in_order({ORPHANS}), entity.alias,
        f"the entity is gone{still}: its items stay in the table{also}, and nothing reads them. "
        "Export and delete them first, with the old schemas",
        entity.span, is_old=True,
    )  # fmt: skip


def identity_changed(pair: Pair) -> Iterator[Change]:
    """Yield changes of the names that items and keys carry."""
    old, new = pair.old, pair.new

    def change(code: str, classes: Iterable[str], message: str, migrates: bool = True) -> Change:
        return Change(
            code, in_order(classes), new.alias, message, new.span, entity=new.alias,
            migration={} if migrates else None,
        )  # fmt: skip

    if old.alias != new.alias:
        yield change(
            "entity.alias", (),
            f'its name in Python was "{old.alias}" before; items and keys are the same',
            migrates=False,
        )  # fmt: skip
    renamed = [
        index
        for name, index in new.indexes.items()
        if name in pair.patterns
        and any(
            one is not None and other is not None and (one.prefix, one.postfix) != (
                other.prefix, other.postfix)
            for one, other in zip(
                halves(pair.stored_keys[pair.patterns[name]]),
                halves(pair.old_keys[pair.patterns[name]]), strict=True,
            )
        )
    ]  # fmt: skip
    bound = bound_to_names(new)
    for option, what in (("service", "service"), ("entity", "entity"), ("version", "version")):
        before, after = getattr(old, option), getattr(new, option)
        if before == after:
            continue
        classes, effect = moving(pair, renamed)
        if option != "service":
            classes |= {BACKFILL, READERS, WRITERS}
            effect = (
                f"stored items carry the {what} {before}, so new code ignores them, and old code "
                f"ignores new items; {effect}"
            )
        if bound:
            classes |= {BACKFILL, READERS, WRITERS}
        also = f"; {' and '.join(bound)} also depend on it" if bound else ""
        yield change(
            f"entity.{'renamed' if option == 'entity' else option}", classes,
            f"the {what} is {after} instead of {before}: {effect}{also}",
            migrates=bool(classes),
        )  # fmt: skip
    if old.identifiers != new.identifiers:
        yield change(
            "entity.identifiers", {BACKFILL, READERS},
            f"items name their entity in {listed(new.identifiers)} instead of "
            f"{listed(old.identifiers)}: scans, and queries whose keys are templates, ignore the "
            "items of the other code",
        )  # fmt: skip
    if old.keys != new.keys:
        classes, effect = moving(pair, [new.indexes[name] for name in pair.patterns])
        yield change("entity.keys", classes, f"keys are {new.keys} instead of {old.keys}: {effect}")


def bound_to_names(entity: EntitySpec) -> list[str]:
    """Return what is bound to an entity's names beside its keys."""
    return [
        *(["guards of unique values"] if entity.unique else []),
        *(
            ["encrypted values"]
            if any(attribute.encrypt for attribute in entity.attributes.values())
            else []
        ),
    ]


def constraints_changed(pair: Pair) -> Iterator[Change]:
    """Yield changes of unique constraints and of the version attribute."""
    old, new, alias = pair.old, pair.new, pair.new.alias

    def same(names: Iterable[str]) -> frozenset[str | None]:
        return frozenset(pair.attributes.get(name) for name in names)

    before = {frozenset(names) for names in old.unique}
    after = {same(names) for names in new.unique}
    for names in new.unique:
        if same(names) not in before:
            yield Change(
                "entity.unique_added", in_order({BACKFILL, WRITERS, COLLIDE}), f"{alias}.unique",
                f"no two items may share {listed(names)} from now on: stored items have no guards, "
                "some may already share values, and old code does not check",
                new.span, entity=alias, migration={"unique": True},
            )  # fmt: skip
    for names in old.unique:
        if frozenset(names) not in after:
            yield Change(
                "entity.unique_removed", in_order({WRITERS, ORPHANS}), f"{alias}.unique",
                f"items may share {listed(names)} from now on: the guards stay in the table, where "
                "old code obeys them and new code ignores them",
                old.span, is_old=True, entity=alias,
            )  # fmt: skip
    counted: Any = new.version_attribute and pair.attributes.get(new.version_attribute)
    if old.version_attribute != counted or bool(new.version_attribute) != bool(
        old.version_attribute
    ):
        yield Change(
            "entity.version_attribute", in_order({WRITERS}), f"{alias}.version_attribute",
            f"the version of items is in {new.version_attribute or 'nothing'} instead of "
            f"{old.version_attribute or 'nothing'}: while both run, neither code notices "
            "what the other changes",
            new.span, entity=alias,
        )  # fmt: skip
