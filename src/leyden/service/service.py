"""The service: entities and collections on one table."""

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
    """`app.entities`: the entities by alias, as attributes or with `[...]`.

    Raises UnknownNameError for an alias that the service does not have.
    """

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
        """Raise ArgumentError that shows how to reach an entity by its alias."""
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
    """`app.collections`: one method per collection, `app.collections.NAME(...)`.

    `app.collections["NAME"]` returns the same method, whatever the name. The class has no other
    public methods, so a collection may be called `items` or `get`.

    >>> app.collections.contributions(employee_id="e1").go()            # doctest: +SKIP
    """

    __members__: Mapping[str, Collection]
    """The collections by name. A dunder name, as in `Enum`, so that no collection hides it."""

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
        start.__doc__ = f"Query the collection {name!r}: items of {aliases}."
        return start

    def __getitem__(self, name: str) -> Callable[..., CollectionQuery]:
        return self.__getattr__(name)

    def __call__(self, /, *wrong: Any, **named: Any) -> CollectionQuery:
        """Raise ArgumentError that shows how to reach a collection by its name."""
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

    `leyden.load` returns it. Use it in a `with` statement, or call `close()`, to close the
    connection.

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
        """The table that the entities need: its keys, indexes, projections and time to live."""
        return table_definition(self.spec)

    def __getitem__(self, alias: str) -> Entity:
        return self.entities[alias]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Raise an error that says where an entity or a collection of this name is."""
            if not name.startswith("_") and name not in ("entities", "collections"):
                for place in ("entities", "collections"):
                    if name in getattr(self, place):
                        raise UnknownNameError(
                            f'the service has no attribute "{name}"; write app.{place}.{name}'
                        )
            raise no_attribute(self, name)

    @fitting("app.batch_get([task.get(...), employee.get(...)])")
    def batch_get(self, entries: Sequence[Get]) -> BatchGet:
        """Read many items by key, from any entities.

        `.go()` returns a BatchResult with a record, or None, for each entry.

        >>> app.batch_get([task.get(...), employee.get(...)]).go()       # doctest: +SKIP
        """
        return verbs.BatchGet(self.driver, "batch_get", chains_in("batch_get", entries))

    @fitting("app.batch_write([task.put(...), employee.delete(...)])")
    def batch_write(self, entries: Sequence[Put | Delete]) -> BatchWrite:
        """Put and delete many items, from any entities.

        It is not a transaction: if it fails, some entries may be written. `.go()` then raises
        BatchIncompleteError, which lists them.

        >>> app.batch_write([task.put(...), employee.delete(...)]).go()  # doctest: +SKIP
        """
        return verbs.BatchWrite(self.driver, "batch_write", chains_in("batch_write", entries))

    @fitting("app.transact_write([task.create(...), employee.patch(...).set(...)])")
    def transact_write(self, entries: Sequence[Write]) -> TransactWrite:
        """Write and check up to 100 items: all of them, or none.

        `.go()` raises TransactionCanceledError if one of the operations is refused.

        >>> app.transact_write([task.create(...), employee.patch(...).set(...)]).go()
        ... # doctest: +SKIP
        """
        return verbs.TransactWrite(self.driver, chains_in("transact_write", entries))

    @fitting("app.transact_get([task.get(...), employee.get(...)])")
    def transact_get(self, entries: Sequence[Get]) -> TransactGet:
        """Read up to 100 items as they were at one moment.

        >>> app.transact_get([task.get(...), employee.get(...)]).go()    # doctest: +SKIP
        """
        return verbs.TransactGet(self.driver, chains_in("transact_get", entries))

    @fitting("app.create_table()")
    def create_table(self) -> CreateTableResult:
        """Create the table unless it exists, and wait until it is active.

        Raises TableMismatchError if the existing table differs from the schemas. Leyden does not
        change that table.

        >>> app.create_table().created                                   # doctest: +SKIP
        True
        """
        return self.driver.run(verbs.create_table(self.table_definition, self.table))

    @fitting("app.add_indexes(time_limit=600)")
    def add_indexes(
        self,
        *,
        time_limit: float | None = None,
        progress: Callable[[IndexProgress], object] | None = None,
    ) -> AddedIndexes:
        """Add the global and vector indexes that the table lacks, and wait until each is ready.

        DynamoDB builds one index at a time and backfills it from the table's items, which can take
        long. After `time_limit` seconds, an hour by default, Leyden stops waiting; call the method
        again to go on. `progress` gets an IndexProgress after each look at the table, on the
        waiting thread. Items that were written by schemas without the access pattern lack its key,
        so the new index does not have them.

        Raises TableNotFoundError; TableMismatchError, before it adds anything, if the table has
        another key or a different index of the same name, or lacks a local index, which only a new
        table can have; TableError if the table lacks a vector index and is provisioned, if the
        engine has no vector indexes, or if the time is over; InvalidOptionError.

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
        """Add the vector indexes that the table lacks, and wait until each is ready.

        It adds no other indexes; `add_indexes` adds those as well. DynamoDB backfills a new index
        from the table's items, which can take long. After `time_limit` seconds, an hour by default,
        Leyden stops waiting; call the method again to go on. `progress` gets an IndexProgress after
        each look at the table, on the waiting thread.

        Raises TableNotFoundError; TableMismatchError if the table has a different vector index of
        the same name; TableError if the table is provisioned, if the engine has no vector indexes,
        or if the time is over; InvalidOptionError.

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
        """Move the table's items from earlier schemas to those of this service.

        `migration` is a migration file, as `leyden diff --write` drafts it. Leyden reads the table
        in passes until a pass finds nothing left to move. It moves each item with a conditional
        write of its own, so that it overwrites no concurrent change. After an interruption, call
        the method again, and it resumes. Items that cannot be moved stay as they are, and are in
        the report's `failures`.

        `dry_run` writes nothing, and returns a MigrationPlan of what would be done. `rollback`
        moves the items back, with their latest values. `commit` deletes the data that a rollback
        needs, so you cannot roll back after it. `rate` limits the capacity units a second, reads
        and writes together; Leyden uses fewer if the table throttles. `segments` are read in
        parallel. `progress` gets a MigrationProgress every few seconds. `encryption_keys` are the
        keys of the earlier schemas, if they differ from this service's. Only one process can run a
        migration: it holds a lease, which expires `lease` seconds after its last renewal.

        Raises SchemaError if the file does not fit the schemas, MigrationError if the migration is
        at another step, MigrationBusyError if another process is running it, InvalidOptionError,
        AwsError.

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
            # Release the lease, so that the next run need not wait for it to expire. An error of
            # the release must not hide the one that ended this run.
            with suppress(LeydenError):
                self.driver.run(work.job.give_back())
            raise

    @fitting("app.check_table()")
    def check_table(self) -> None:
        """Check that the table has the keys, indexes and settings that the entities need.

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
        """Check the live table against the schemas, and its items against schemas and each other.

        The check-up changes nothing. Without `full`, it reads about `sample` items from many places
        of the table, and the guard items and parts of large values that belong to them. `segments`
        are read in parallel, and `rate` limits the capacity units a second. With `strict`, items
        that belong to no entity are a fault. Missing permissions are a finding, and the check-up
        goes on without them. `progress` gets a Progress after each page; pass its `state()` as
        `resume` to continue from there. `found` gets each Finding as soon as it is made.

        Raises InvalidOptionError, InputError if `resume` is the state of another check-up, and the
        errors of requests, except for missing permissions.

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
        """Return the entity that a raw item belongs to. Raises DecodeError if there is none."""
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
        """Return the record in a raw item with typed AttributeValues, of whichever entity.

        Raises DecodeError if the item belongs to no entity or does not fit its schema. See
        `Entity.parse`.

        >>> app.parse({"pk": {"S": "..."}, "taskId": {"S": "t1"}})       # doctest: +SKIP
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
        """Return the changes in records of a DynamoDB stream, with typed old and new records.

        `event` is the event of a Lambda function, a response of GetRecords, one record, or a list
        of records. `unknown` says what to do with items that belong to no entity: `skip`, `raise`
        or `keep`. A record that cannot be read raises StreamRecordError; if you pass a list as
        `failed`, the errors are appended to it instead.

        >>> for change in app.parse_stream(event):                       # doctest: +SKIP
        ...     print(change.kind, change.alias, change.changed)
        """
        from leyden.service.stream import parse_stream

        entities = self.entities.values()
        return parse_stream(entities, self.entity_of, event, unknown=unknown, failed=failed)

    @fitting("app.beside(spec)")
    def beside(self, spec: ServiceSpec, *, encryption_keys: Keys | None = None) -> Service:
        """Return a service of other schemas, on the same table and connection.

        Libraries use it to keep entities of their own in an application's table. Use the
        `program()` of its chains, which runs on event loops as well. It needs no `close()`.
        `encryption_keys` are the keys of its encrypted attributes, as for `leyden.load`.

        >>> notes = app.beside(leyden.schema.load_service("schemas/notes"))  # doctest: +SKIP
        """
        if not isinstance(spec, ServiceSpec):
            raise ArgumentError(
                "beside() takes the spec that leyden.schema.load_service() returns, not "
                f"{type(spec).__name__}"
            )
        keyring = keyring_of(spec, encryption_keys, "beside")
        return build_service(spec, self.driver, table=self.table, keyring=keyring)

    def close(self) -> None:
        """Close the connection."""
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

    `kind` and `entity_kind` are the classes of the service and its entities. If the spec and its
    hooks are `checked`, entities are compiled when they are first used; otherwise they are compiled
    here, so that faults show at once. `keyring` has the keys of encrypted attributes. `migrating`
    is the migration that is under way.

    Raises InvalidOptionError if neither `table` nor table.yaml names a table, and for a migration
    during which code could not find items.
    """
    name = table or spec.table.table
    if not name:
        raise InvalidOptionError(
            "no table is named: pass `table=`, or write `table: NAME` in table.yaml",
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
