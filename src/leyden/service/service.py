"""A service: its entities and collections on one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Never, Self, overload

from leyden._attrs import field, frozen
from leyden._calls import fitting, misplaced, no_attribute, not_called
from leyden._text import did_you_mean
from leyden.drivers.base import Driver
from leyden.errors import (
    ArgumentError,
    DecodeError,
    InvalidOptionError,
    LeydenError,
    UnknownNameError,
)
from leyden.mapping.merging import table_definition
from leyden.mapping.sealing import Keyring, Keys, keyring_of
from leyden.mapping.table import TableDefinition
from leyden.operations.bound import BoundEntity, error_context
from leyden.operations.chains.reads import Get, either_form
from leyden.operations.plan.collection import CollectionReading
from leyden.operations.plan.identity import refuse_no_item
from leyden.operations.plan.members import Collection, Member
from leyden.program import Item
from leyden.schema.spec import ServiceSpec
from leyden.service import verbs
from leyden.service.entity import Entity
from leyden.service.given import chains_in

if TYPE_CHECKING:
    from leyden.doctor import Finding, Progress, Report
    from leyden.migration import MigrationPlan, MigrationProgress, MigrationReport
    from leyden.operations.chains.batch_get import BatchGet
    from leyden.operations.chains.batch_write import BatchWrite
    from leyden.operations.chains.collections import CollectionQuery
    from leyden.operations.chains.put import Delete, Put
    from leyden.operations.chains.transactions import TransactGet, TransactWrite
    from leyden.operations.chains.write import Write
    from leyden.service.migrating_from import Migrating
    from leyden.service.migration import MigrationSource
    from leyden.service.stream import Change, StreamRecordError, Unknown
    from leyden.tables import AddedIndexes, CreateTableResult, IndexProgress


@frozen(repr=False)
class Entities(Mapping[str, Entity]):
    """`app.entities`: the entities by alias, as attributes or by `[...]`."""

    __by_alias: Mapping[str, Entity]

    def __getattr__(self, alias: str) -> Entity:
        try:
            return self.__by_alias[alias]
        except KeyError:
            hint = did_you_mean(alias, self.__by_alias) or _known(self.__by_alias)
            raise UnknownNameError(f'the service has no entity "{alias}"{hint}') from None

    def __getitem__(self, alias: str) -> Entity:
        try:
            return self.__by_alias[alias]
        except KeyError:
            hint = did_you_mean(str(alias), self.__by_alias) or _known(self.__by_alias)
            raise UnknownNameError(f'the service has no entity "{alias}"{hint}') from None

    def __call__(self, /, *wrong: Any, **named: Any) -> Entity:
        """Refused: an entity is reached by its alias. Raises ArgumentError."""
        raise not_called(f"app.entities.{next(iter(self.__by_alias), 'NAME')}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__by_alias)

    def __len__(self) -> int:
        return len(self.__by_alias)

    def __dir__(self) -> list[str]:
        return [*self.__by_alias]

    def __repr__(self) -> str:
        return f"<entities {', '.join(self.__by_alias)}>"


@frozen(repr=False)
class Collections:
    """`app.collections`: one method a collection, `app.collections.NAME(...)`.

    `app.collections["NAME"]` gives the same method, whatever the name. It has no methods of its
    own, so that a collection may be called `items` or `get`.
    """

    __members__: Mapping[str, Collection]
    """Their members by name; no collection hides it, as `Enum` has it."""

    def __getattr__(self, name: str) -> Callable[..., CollectionQuery]:
        members = self.__members__.get(name)
        if members is None:
            hint = did_you_mean(name, self.__members__)
            raise UnknownNameError(
                f'the service has no collection "{name}"{hint or _known(self.__members__)}'
            )

        def start(*wrong: Never, **composites: Any) -> CollectionQuery:
            entity = members.entity
            with error_context(f"collections.{name}", entity):
                if wrong:
                    given = ", ".join(f"{one}=..." for one in members.keys.spec.pk.composite)
                    raise misplaced(name, f".{name}({given})", len(wrong))
                values = members.read_values(composites)
            said = CollectionReading(entity, collection=members, values=values)
            return verbs.CollectionQuery(either_form(said))

        start.__name__ = name
        aliases = ", ".join(member.alias for member in members)
        start.__doc__ = f"Query the collection {name!r}: the items of {aliases}."
        return start

    def __getitem__(self, name: str) -> Callable[..., CollectionQuery]:
        return self.__getattr__(name)

    def __call__(self, /, *wrong: Any, **named: Any) -> CollectionQuery:
        """Refused: a collection is reached by its name. Raises ArgumentError."""
        raise not_called(f"app.collections.{next(iter(self.__members__), 'NAME')}(...)")

    def __contains__(self, name: object) -> bool:
        return name in self.__members__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__members__)

    def __len__(self) -> int:
        return len(self.__members__)

    def __dir__(self) -> list[str]:
        return [*self.__members__]

    def __repr__(self) -> str:
        return f"<collections {', '.join(self.__members__) or 'none'}>"


@frozen(repr=False)
class Service:
    """The entities of one service, on one table, behind one connection.

    `leyden.load` makes it. Usable as a context manager, which closes the connection.

    >>> app = leyden.load("schemas/taskapp", table="projectmanagement")    # doctest: +SKIP
    >>> app.entities.task.get(project_id="p1", task_id="t1").go()          # doctest: +SKIP
    """

    spec: ServiceSpec
    table: str
    entities: Entities
    collections: Collections
    driver: Driver = field()

    @property
    def name(self) -> str:
        """The service's name."""
        return self.spec.service

    @property
    def table_definition(self) -> TableDefinition:
        """The table that the entities need: keys, indexes, projections, time to live."""
        return table_definition(self.spec)

    def __getitem__(self, alias: str) -> Entity:
        return self.entities[alias]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Refused: entities and collections have places of their own."""
            if not name.startswith("_") and name not in ("entities", "collections"):
                for place in ("entities", "collections"):
                    if name in getattr(self, place):
                        raise UnknownNameError(
                            f'the service has no attribute "{name}"; write app.{place}.{name}'
                        )
            raise no_attribute(self, name)

    @fitting("app.batch_get([task.get(...), employee.get(...)])")
    def batch_get(self, entries: Sequence[Get]) -> BatchGet:
        """Read many items by key, of any entities.

        >>> app.batch_get([task.get(...), employee.get(...)]).go()       # doctest: +SKIP
        """
        return verbs.BatchGet(self.driver, "batch_get", chains_in("batch_get", entries))

    @fitting("app.batch_write([task.put(...), employee.delete(...)])")
    def batch_write(self, entries: Sequence[Put | Delete]) -> BatchWrite:
        """Write and delete many items, of any entities, each by itself.

        >>> app.batch_write([task.put(...), employee.delete(...)]).go()  # doctest: +SKIP
        """
        return verbs.BatchWrite(self.driver, "batch_write", chains_in("batch_write", entries))

    @fitting("app.transact_write([task.create(...), employee.patch(...).set(...)])")
    def transact_write(self, entries: Sequence[Write]) -> TransactWrite:
        """Write and check up to 100 items, together or not at all.

        >>> app.transact_write([task.create(...), employee.patch(...).set(...)]).go()
        ... # doctest: +SKIP
        """
        return verbs.TransactWrite(self.driver, chains_in("transact_write", entries))

    @fitting("app.transact_get([task.get(...), employee.get(...)])")
    def transact_get(self, entries: Sequence[Get]) -> TransactGet:
        """Read up to 100 items as they all were at one moment."""
        return verbs.TransactGet(self.driver, chains_in("transact_get", entries))

    @fitting("app.create_table()")
    def create_table(self) -> CreateTableResult:
        """Create the table unless it exists, and wait until it is active.

        Raises TableMismatchError where a table of that name differs; it is left as it is.
        """
        return self.driver.run(verbs.create_table(self.table_definition, self.table))

    @fitting("app.add_indexes(time_limit=600)")
    def add_indexes(
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes:
        """Add the global and the vector indexes that the table lacks, each until it is ready.

        DynamoDB builds one index at a time, and fills it with the items that the table has, which
        takes long where these are many: within `time_limit` seconds, an hour unless given.
        `progress` is called with an IndexProgress after each look at the table, on the thread that
        waits. Call it again to go on waiting. Items that were written by schemas without the access
        pattern lack its key, and so are not in the new index.

        Raises TableNotFoundError; TableMismatchError, before anything is added, where the table has
        another key, has an index of that name which differs, or lacks a local index, which can be
        made with a table only; TableError where the table is provisioned and lacks a vector index,
        the engine has no vector indexes, or the time is over; InvalidOptionError.

        >>> app.add_indexes(progress=print)                              # doctest: +SKIP
        AddedIndexes(table='tasks', added=('gsi3',))
        """
        return self.driver.run(
            verbs.add_indexes(
                self.table_definition, self.table, time_limit=time_limit, progress=progress
            )
        )

    @fitting("app.add_vector_indexes(time_limit=600)")
    def add_vector_indexes(
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes:
        """Add the vector indexes that the table lacks, one after another, each until it is ready.

        It leaves out all other indexes; `add_indexes` adds these as well. DynamoDB fills a new
        index with the items that the table has, which takes long where these are many: within
        `time_limit` seconds, an hour unless given. `progress` is called with an IndexProgress after
        each look at the table, on the thread that waits. Call it again to go on waiting.

        Raises TableNotFoundError; TableMismatchError where the table has a vector index of that
        name which differs; TableError where the table is provisioned, the engine has no vector
        indexes, or the time is over; InvalidOptionError.

        >>> app.add_vector_indexes(progress=print)                       # doctest: +SKIP
        AddedIndexes(table='tasks', added=('vec1',))
        """
        return self.driver.run(
            verbs.add_vector_indexes(
                self.table_definition, self.table, time_limit=time_limit, progress=progress
            )
        )

    if TYPE_CHECKING:

        @overload
        def migrate(
            self,
            migration: MigrationSource,
            *,
            dry_run: Literal[True],
            rollback: bool = ...,
            commit: bool = ...,
            rate: float | None = ...,
            segments: int = ...,
            progress: Callable[[MigrationProgress], object] | None = ...,
            encryption_keys: Keys | None = ...,
            lease: float = ...,
        ) -> MigrationPlan: ...
        @overload
        def migrate(
            self,
            migration: MigrationSource,
            *,
            dry_run: Literal[False] = ...,
            rollback: bool = ...,
            commit: bool = ...,
            rate: float | None = ...,
            segments: int = ...,
            progress: Callable[[MigrationProgress], object] | None = ...,
            encryption_keys: Keys | None = ...,
            lease: float = ...,
        ) -> MigrationReport: ...

    @fitting('app.migrate("migrations/assignee.yaml", rate=100)')
    def migrate(
        self,
        migration: MigrationSource,
        *,
        dry_run: bool = False,
        rollback: bool = False,
        commit: bool = False,
        rate: float | None = None,
        segments: int = 4,
        progress: Callable[[MigrationProgress], object] | None = None,
        encryption_keys: Keys | None = None,
        lease: float = 30.0,
    ) -> MigrationPlan | MigrationReport:
        """Move the table's items from the form of earlier schemas into that of this service's.

        `migration` is its file, as `leyden diff --write` drafts it. The table is read pass after
        pass, and each item moved by a write of its own that depends on what was read, until a pass
        finds nothing left. After an interruption, call it again: it goes on where it was. Items
        that cannot be moved stay as they are, and are in the report's `failures`.

        With `dry_run` nothing is written, and a MigrationPlan says what would be. `rollback` moves
        the items back, with their latest values; `commit` removes what a rollback needs, after
        which there is none. `rate` is how many capacity units a second may be used, read and write
        units together; a table that throttles gets less. The table is read in `segments` at a time.
        `progress` is called with a MigrationProgress every few seconds. `encryption_keys` are those
        of the earlier schemas, where this service's are others. `lease` is for how many seconds
        after each sign of life the migration is this process's own.

        Raises SchemaError for a file that does not fit the schemas, MigrationError where the
        migration is at another step, MigrationBusyError where another process is at work on it,
        InvalidOptionError, AwsError.

        >>> app.migrate("migrations/assignee.yaml", rate=100).phase      # doctest: +SKIP
        'verified'
        """
        from leyden.service.migration import work_of

        work = work_of(
            self,
            migration,
            dry_run=dry_run,
            rollback=rollback,
            commit=commit,
            rate=rate,
            segments=segments,
            progress=progress,
            encryption_keys=encryption_keys,
            lease=lease,
        )
        try:
            return self.driver.run(work.program())
        except BaseException:
            # So that the next one need not wait. What ended this one is what the caller hears.
            with suppress(LeydenError):
                self.driver.run(work.job.give_back())
            raise

    @fitting("app.check_table()")
    def check_table(self) -> None:
        """Compare the table with what the entities need.

        Raises TableNotFoundError, or TableMismatchError with all differences.
        """
        self.driver.run(verbs.check_table(self.table_definition, self.table))

    @fitting("app.doctor(full=True, rate=25)")
    def doctor(
        self,
        *,
        full: bool = False,
        sample: int = 1000,
        segments: int | None = None,
        rate: float | None = None,
        strict: bool = False,
        resume: str | None = None,
        progress: Callable[[Progress], object] | None = None,
        found: Callable[[Finding], object] | None = None,
    ) -> Report:
        """Compare the live table with the schemas, and its items with them and with each other.

        Nothing is changed. Unless `full`, about `sample` items are read, from many places of the
        table; what belongs to these (guards of unique values, parts of large ones) is read as well.
        `segments` are read at a time, `rate` limits the capacity units a second. With `strict`,
        items that no entity owns are a fault. What the credentials may not do is a finding, and the
        rest is done without. `progress` is called with a Progress after each page, whose
        `state()` is what `resume` goes on from; `found` with each Finding by itself.

        Raises InvalidOptionError, InputError for the state of another check-up, and the errors of
        requests that are not about permissions.

        >>> report = app.doctor(full=True, rate=25)                      # doctest: +SKIP
        >>> for finding in report.findings:                              # doctest: +SKIP
        ...     print(finding.severity, finding.subject, finding.message, finding.remedy)
        """
        return self.driver.run(
            verbs.examine(
                [entity._bound for entity in self.entities.values()],
                self.table_definition,
                full=full,
                sample=sample,
                segments=segments,
                rate=rate,
                strict=strict,
                resume=resume,
                progress=progress,
                found=found,
            )
        )

    @fitting("app.entity_of(item)")
    def entity_of(self, item: Item) -> Entity:
        """The entity that a raw item is one of. Raises DecodeError where it is none's."""
        refuse_no_item(item)
        for entity in self.entities.values():
            if entity.owns(item):
                return entity
        fields = dict.fromkeys(one._bound.spec.identifiers for one in self.entities.values())
        said_in = next((pair for pair in fields if pair[0] in item), next(iter(fields)))
        name, version = (item.get(field, {}).get("S") for field in said_in)
        said = f'it says "{name}", version "{version}"' if name else "it does not say whose it is"
        raise DecodeError(
            f'the item belongs to no entity of "{self.name}": {said}{_known(self.entities)}'
        )

    @fitting("app.parse(item)")
    def parse(self, item: Item) -> Any:
        """The record in a raw item with typed AttributeValues, of whichever entity.

        Raises DecodeError where it is none's, or does not fit its schema.
        """
        return self.entity_of(item).parse(item)

    @fitting('app.parse_stream(event, unknown="skip")')
    def parse_stream(
        self,
        event: Any,
        *,
        unknown: Unknown = "skip",
        failed: list[StreamRecordError] | None = None,
    ) -> list[Change]:
        """The changes in records of a DynamoDB stream, with typed old and new records.

        `event` is what Lambda hands to a function, a response of GetRecords, one record or a
        list. `unknown` says what becomes of items of no entity: `skip`, `raise` or `keep`.
        Raises StreamRecordError, or collects such errors in `failed`.

        >>> for change in app.parse_stream(event):                       # doctest: +SKIP
        ...     print(change.kind, change.alias, change.changed)
        """
        from leyden.service.stream import parse_stream

        entities = self.entities.values()
        return parse_stream(entities, self.entity_of, event, unknown=unknown, failed=failed)

    @fitting("app.beside(spec)")
    def beside(self, spec: ServiceSpec, *, encryption_keys: Keys | None = None) -> Service:
        """A service of other schemas, on the same table and over the same connections.

        It is for programs that need entities of their own in somebody's table. Its chains are used
        by their `program()`, which runs on event loops as well; it needs no `close()`.
        `encryption_keys` are those of its encrypted attributes, as `leyden.load` takes them.

        >>> notes = app.beside(leyden.schema.load_service("schemas/notes"))  # doctest: +SKIP
        """
        if not isinstance(spec, ServiceSpec):
            raise ArgumentError(
                f"beside() takes what leyden.schema.load_service() gives, not {type(spec).__name__}"
            )
        keyring = keyring_of(spec, encryption_keys, "beside")
        return build_service(spec, self.driver, table=self.table, keyring=keyring)

    def close(self) -> None:
        """Give back the connections."""
        self.driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<service {self.name} on table {self.table}: {', '.join(self.entities)}>"


def build_service(
    spec: ServiceSpec,
    driver: Driver,
    *,
    table: str | None = None,
    hooks: Mapping[str, Any] | None = None,
    kind: type[Service] = Service,
    entity_kind: type[Entity] = Entity,
    checked: bool = False,
    keyring: Keyring | None = None,
    migrating: Migrating | None = None,
) -> Service:
    """Bind all entities of a service to a table and a driver.

    `kind` and `entity_kind` are the classes that users get to hold. Specs that were read from
    schemas, and hooks with them, are `checked`: their entities are compiled when they are first
    used. Those of others are compiled here, so that what is wrong with them shows at once.
    `keyring` has the keys of encrypted attributes. `migrating` is the migration that is under way.

    Raises InvalidOptionError where no table is named, here or in table.yaml, and for a migration
    during which items could not be found.
    """
    name = table or spec.table.table
    if not name:
        raise InvalidOptionError(
            "no table is named: give `table=`, or say `table: NAME` in table.yaml",
            operation="load",
        )
    calls = dict(hooks or {})
    origins = {} if migrating is None else migrating.origins(spec, calls, name, driver)
    bound = {
        alias: BoundEntity(entity, calls, name, driver, spec.table, keyring, origins.get(alias))
        for alias, entity in spec.entities.items()
    }
    if migrating is not None:
        migrating.refuse_unfound(bound.values())
    members: dict[str, list[Member]] = {}
    for entity in bound.values():
        if not checked:
            _ = entity.mapping
        for pattern, index in entity.spec.indexes.items():
            for collection in index.collection:
                members.setdefault(collection, []).append(Member(entity, pattern))
    return kind(
        spec,
        name,
        Entities({alias: entity_kind(entity, driver) for alias, entity in bound.items()}),
        Collections({name: Collection(name, tuple(found)) for name, found in members.items()}),
        driver,
    )


def _known(names: Mapping[str, Any]) -> str:
    return f"; it has {', '.join(names)}" if names else "; it has none"
