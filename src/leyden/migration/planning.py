"""What a migration will do, found out by reading the table as the run will.

The counts cover all items. The costs are computed by DynamoDB's rules for metering, from the sizes
of items before and after and the indexes that they are in. They are a close estimate, not a
promise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from leyden._attrs import define, evolve, field
from leyden.errors import LeydenError
from leyden.mapping.table import TableDefinition, held_fields
from leyden.migration.job import (
    MOST_FAILURES,
    OPERATION,
    Migration,
    Reading,
    failure_of,
    segments_for,
)
from leyden.migration.results import (
    Counts,
    Direction,
    EntityPlan,
    Failure,
    FieldChange,
    MigrationPlan,
    MigrationProgress,
    Phase,
    Sample,
)
from leyden.operations.bound import name_key
from leyden.operations.companions.moving.company import Prepared, prepare
from leyden.operations.companions.moving.kept import alike, digest_of, kept_of, same_items
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.moving.routes import Route
from leyden.operations.plan.expressions import item_size
from leyden.operations.run.move_requests import concerns_all, place_taken
from leyden.operations.run.pacing import Pace, paced
from leyden.program import Item, Program
from leyden.schema import BEFORE_FIELD
from leyden.schema.spec import AttributeSpec

SAMPLES: Final = 10
MOST_KEYS: Final = 1_000_000
"""How many new keys are remembered, at 60 bytes each, to find items that would get the same key.
The run finds all of them, because it looks at the table."""
_UNIT: Final = 1024
_IN_TRANSACTIONS: Final = 2
"""How many times as much a write costs in a transaction; assumed for indexes too, to be safe."""


def plan_migration(
    migration: Migration,
    direction: Direction,
    definition: TableDefinition,
    phase: Phase | None,
    *,
    rate: float | None = None,
    segments: int = 4,
    progress: Callable[[MigrationProgress], object] | None = None,
) -> Program[MigrationPlan]:
    """Read the whole table at `rate`, and return what moving its items would take.

    `definition` is the table as the new schemas have it, and `phase` the migration's phase.
    """
    pace = Pace(rate)
    planning = _Planning(migration, direction, definition)
    beginning: list[Item | None] = [{} for _ in range(segments_for(segments, rate))]
    reading = Reading(migration, pace, beginning, False)
    began = time.monotonic()
    while not reading.is_over:
        items, positions = yield from reading.next()
        yield from paced(planning.look_at(items), pace)
        reading.went_on(positions)
        if progress is not None:
            counts = Counts(planning.scanned, planning.writes, failed=len(planning.failures))
            progress(
                MigrationProgress(
                    migration.name,
                    migration.table,
                    phase or "running",
                    counts=counts,
                    seconds=time.monotonic() - began,
                    consumed=pace.consumed,
                    rate=rate,
                    throttles=pace.throttles,
                )
            )
    # The run reads the table as planning did, and again consistently, which costs twice as much.
    return MigrationPlan(
        migration.name,
        migration.table,
        direction,
        phase,
        planning.scanned,
        tuple(planning.entities.values()),
        3 * pace.consumed,
        planning.units,
        rate,
        tuple(planning.chosen()),
        tuple(planning.failures),
        pace.consumed,
    )


@define
class _Planning:
    migration: Migration
    direction: Direction
    definition: TableDefinition
    scanned: int = 0
    writes: int = 0
    units: float = 0.0
    entities: dict[str, EntityPlan] = field(factory=dict)
    failures: list[Failure] = field(factory=list)
    samples: dict[tuple[str, bool], list[Sample]] = field(factory=dict)
    taken: set[int] = field(factory=set)
    """Digests of the first new keys, to find items that would get the same one."""

    def __attrs_post_init__(self) -> None:
        for moving in self.migration.movings:
            alias = moving.entity.spec.alias
            self.entities[alias] = EntityPlan(alias)

    def look_at(self, items: list[Item]) -> Program[None]:
        """Count items and their costs."""
        self.scanned += len(items)
        by_entity: dict[Moving, list[Item]] = {}
        for moving, item in self.migration.owned(items):
            by_entity.setdefault(moving, []).append(item)
        for moving, some in by_entity.items():
            prepared = yield from prepare(
                moving,
                some,
                self.migration.table,
                OPERATION,
                direction=self.direction,
                copy_to=self.migration.copy_to,
            )
            for item, one in zip(some, prepared, strict=True):
                self._count(moving, item, one)

    def _count(self, moving: Moving, item: Item, one: Prepared | LeydenError) -> None:
        alias = moving.entity.spec.alias
        entity = self.entities[alias]
        if isinstance(one, LeydenError):
            if concerns_all(one):
                raise one
            self._leave(moving, item, one)
            return
        is_copied = self.migration.copy_to is not None
        if one.is_nothing and not is_copied:
            self.entities[alias] = evolve(entity, done=entity.done + 1)
            return
        if one.moves:
            # Python's own hash is the same for -1 and -2.
            new = int.from_bytes(digest_of(one.new_key)[:8])
            if new in self.taken:
                self._leave(moving, item, place_taken(one, moving.entity.spec.entity))
                return
            if len(self.taken) < MOST_KEYS:
                self.taken.add(new)
        self.writes += 1
        self.units += units_of(one, self.definition, is_copied=is_copied)
        if one.moves:
            self.entities[alias] = evolve(entity, moves=entity.moves + 1)
        else:
            self.entities[alias] = evolve(entity, changes=entity.changes + 1)
        kept = self.samples.setdefault((alias, one.moves), [])
        if len(kept) < SAMPLES:
            kept.append(sample_of(moving, one))

    def _leave(self, moving: Moving, item: Item, error: LeydenError) -> None:
        """Count an item that cannot be moved, and keep the first of them."""
        alias = moving.entity.spec.alias
        entity = self.entities[alias]
        self.entities[alias] = evolve(entity, failed=entity.failed + 1)
        if len(self.failures) < MOST_FAILURES:
            key = moving.earlier.key_in(item)
            name_key(error, key)
            self.failures.append(failure_of(alias, key, error))

    def chosen(self) -> Iterable[Sample]:
        """Return up to ten samples, of as many kinds as possible."""
        rest = [list(some) for some in self.samples.values()]
        found: list[Sample] = []
        while len(found) < SAMPLES and any(rest):
            found += (some.pop(0) for some in rest if some)
        return found[:SAMPLES]


def units_of(one: Prepared, definition: TableDefinition, *, is_copied: bool = False) -> float:
    """Estimate the write capacity units of moving an item."""
    before, after = item_size(one.before), item_size(one.after)
    if is_copied:
        units = float(_units(after))
    elif one.moves:
        units = float(_units(before) + _units(after))
    else:
        units = float(_units(max(before, after)))
    for part in one.parts:
        body = part.get("Put")
        units += 1 if body is None else _units(item_size(body["Item"]))
    units += len(one.guards)
    for index in definition.indexes.values():
        units += _index_units(one, (*index.hash, *index.range), index.projection, is_copied)
    is_together = one.parts or one.guards or (one.moves and not is_copied)
    return units * _IN_TRANSACTIONS if is_together else units


def _index_units(
    one: Prepared, fields: tuple[str, ...], projection: str | tuple[str, ...], is_copied: bool
) -> float:
    own = {*fields, *one.old_key, *one.new_key}
    held = held_fields(projection, own)

    def entry(item: Item) -> Item | None:
        if not all(name in item for name in fields):
            return None
        return item if held is None else {name: item[name] for name in held if name in item}

    before = None if is_copied else entry(one.before)
    after = entry(one.after)
    if before is None or after is None:
        return _units(item_size(before or after or {})) if before or after else 0
    if any(before.get(name) != after.get(name) for name in own):
        return _units(item_size(before)) + _units(item_size(after))
    if same_items(before, after):
        return 0
    return _units(max(item_size(before), item_size(after)))


def _units(size: int) -> int:
    return max(1, -(-size // _UNIT))


def sample_of(moving: Moving, one: Prepared) -> Sample:
    """Return an item before and after, without hidden or encrypted values and what they are in."""
    secret = _secret_fields(moving)
    names = sorted(
        name
        for name in one.before.keys() | one.after.keys()
        if name != BEFORE_FIELD
        and not (
            name in one.before and name in one.after and alike(one.before[name], one.after[name])
        )
    )
    changes = tuple(
        FieldChange(name, None, None, masked=True)
        if name in secret
        else FieldChange(name, one.before.get(name), one.after.get(name))
        for name in names
    )
    kept = kept_of(one.after)
    return Sample(
        moving.entity.spec.alias,
        None if secret.intersection(one.old_key) else one.old_key,
        changes,
        0 if kept is None else len(kept.fields) + len(kept.absent),
        len(one.guards) + len(one.parts),
    )


def _secret_fields(moving: Moving) -> frozenset[str]:
    """Return the fields whose values must not be shown.

    These are fields that either schema hides or encrypts, fields that no attribute knows, and keys
    and other attributes that are made of such values.
    """
    found = {*moving.change.remove}
    secret: set[str] = set()
    for entity, routes in ((moving.earlier, {}), (moving.entity, moving.routes)):
        names = {
            name
            for name, one in entity.spec.attributes.items()
            if _is_secret(one) or (name in routes and _reads_any(routes[name], secret))
        }
        secret = names
        found |= {entity.spec.attributes[name].field for name in names}
        for keys in entity.keys.values():
            found |= {form.field for form in keys.forms if names.intersection(form.names)}
        # What is derived from a secret is a secret, too.
        found |= {
            one.field
            for one in entity.spec.attributes.values()
            if one.derive is not None and ("*" in one.watch or names.intersection(one.watch))
        }
    return frozenset(found)


def _reads_any(route: Route, names: set[str]) -> bool:
    """Return whether an attribute is made of one of these attributes of the other schema."""
    if route.make is not None and route.reads is None:
        return bool(names)
    source = set() if route.source is None else {route.source.spec.name}
    return not names.isdisjoint(source | {*(route.reads or ())})


def _is_secret(attribute: AttributeSpec) -> bool:
    inner = [*(attribute.properties or {}).values(), *(attribute.variants or {}).values()]
    if attribute.items is not None:
        inner.append(attribute.items)
    return bool(attribute.hidden or attribute.encrypt) or any(map(_is_secret, inner))
