"""`migrating_from`: services that run while a migration moves their items.

During a migration, an item is either in its earlier form or in the present one. A service that you
load with `migrating_from` reads both forms and writes only the present one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

from leyden._attrs import evolve, field, fields, frozen
from leyden.errors import InvalidOptionError
from leyden.mapping.sealing import Keys, keyring_of
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.moving.moving import Moving
from leyden.schema.faults import Report
from leyden.schema.loading import load_service
from leyden.schema.migrations import EntityMigration, MigrationSpec, check_against, load_migration
from leyden.schema.nodes import Mapping as Named
from leyden.schema.prepared import Prepared
from leyden.schema.sources import read_source
from leyden.schema.spec import ServiceSpec, Span

if TYPE_CHECKING:
    from leyden.program import Runner

Hooks = Mapping[str, Callable[..., Any]]

Origin: TypeAlias = str | PathLike[str] | Mapping[str, Any] | Prepared | ServiceSpec | MigrationSpec
"""The origin of items: a migration, or the earlier schemas, as `leyden.load` takes them."""


def migration_of(origin: Origin, spec: ServiceSpec, hooks: Hooks | None) -> MigrationSpec:
    """Return the migration that leads to `spec`: the given one, or one made from two schemas.

    Without a migration file, entities with the same alias belong together, and so do attributes
    with the same name. Raises SchemaError.
    """
    if isinstance(origin, MigrationSpec):
        migration = origin
    elif _is_migration(origin):
        migration = load_migration(origin, hooks)  # type: ignore[arg-type]
    else:
        earlier = _earlier(origin, hooks)
        both = [alias for alias in spec.entities if alias in earlier.entities]
        pairs = {alias: EntityMigration(alias, alias) for alias in both}
        migration = MigrationSpec("", earlier, pairs)
    check_against(migration, spec)
    return migration


def _is_migration(origin: Any) -> bool:
    """Return whether the source is a single document that has a migration, not an entity."""
    if isinstance(origin, Mapping):
        return "migration" in origin
    if not isinstance(origin, str | PathLike):
        return False
    documents = read_source(origin, Report()).documents
    if len(documents) != 1:
        return False
    node = documents[0].node
    return isinstance(node, Named) and "migration" in node.entries


def _earlier(origin: Any, hooks: Hooks | None) -> ServiceSpec:
    if isinstance(origin, ServiceSpec):
        return origin
    if isinstance(origin, Prepared):
        return origin.checked(hooks)[0]
    return load_service(origin, hooks=hooks)


@frozen
class Migrating:
    """The migration that a service is loaded with.

    `keys` are those of encrypted attributes, `operation` names the function that loads the service.
    """

    migration: MigrationSpec
    keys: Keys | None = field(repr=False)
    operation: str

    def origins(
        self, spec: ServiceSpec, hooks: Hooks, table: str, runner: Runner
    ) -> dict[str, Callable[[BoundEntity], Moving]]:
        """Return, by alias, a function that makes the `moving` of each entity that changes.

        Entities whose items stay as they are have none. Raises InvalidOptionError for a migration
        that copies items to another table.
        """
        if self.migration.copy_to is not None:
            raise InvalidOptionError(
                f'the migration copies to the table "{self.migration.copy_to}" and leaves the '
                "items here as they are; leave `migrating_from` out",
                operation=self.operation,
            )
        earlier = self.migration.earlier
        keyring = keyring_of(earlier, self.keys, self.operation)
        origins: dict[str, Callable[[BoundEntity], Moving]] = {}
        for alias, change in self.migration.entities.items():
            old = earlier.entities[change.source]
            if change == EntityMigration(alias, alias) and are_alike(old, spec.entities[alias]):
                continue
            bound = BoundEntity(old, hooks, table, runner, earlier.table, keyring)
            origins[alias] = partial(_moving, bound, change, self.migration.name)
        return origins

    def refuse_unfound(self, entities: Iterable[BoundEntity]) -> None:
        """Raise InvalidOptionError if code could not find items that have not moved yet."""
        for entity in entities:
            moving: Moving | None = entity.moving
            if moving is None:
                continue
            alias = entity.spec.alias
            if moving.earlier.key_fields != entity.key_fields:
                raise InvalidOptionError(
                    f'"{alias}" has other key fields than before, and DynamoDB cannot change the '
                    "key of a table; copy the items into another table, with `copy` in a migration",
                    operation=self.operation,
                )
            if not moving.finds_by_key:
                raise InvalidOptionError(
                    f'the old key of "{alias}" has attributes that its new key lacks, so code '
                    "could not find an item by its key before it has moved; stop the code that "
                    "uses it while `leyden migrate` runs, or migrate first to schemas in which it "
                    "has both keys",
                    operation=self.operation,
                )


def _moving(
    earlier: BoundEntity, change: EntityMigration, name: str, entity: BoundEntity
) -> Moving:
    if earlier.table != entity.table:
        earlier = evolve(earlier, table=entity.table)
    return Moving(entity, earlier, change, name)


def are_alike(one: Any, other: Any) -> bool:
    """Return whether two specs are equal, apart from their places in files."""
    if isinstance(one, Span):
        return isinstance(other, Span)
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(are_alike(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(are_alike, one, other))
    if hasattr(type(one), "__leyden_fields__"):
        names = (part.name for part in fields(type(one)))
        return all(are_alike(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)
