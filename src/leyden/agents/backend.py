"""What every adapter stands on: the schemas of its items, the table, and two drivers.

Frameworks call an adapter from threads and from event loops, often the same object from both. So an
adapter writes each of its methods once, as a program over the entities of its schemas, and runs it
with `run` or `arun`.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self, TypedDict, TypeVar, Unpack

from attrs import evolve

from leyden import Service, bind, bind_async, schemas_folder, tables
from leyden._methods import named
from leyden.errors import InvalidOptionError, LeydenError
from leyden.program import Program, Work
from leyden.schema import load_service
from leyden.store.dynamodb.settings import refuse_unfit

T = TypeVar("T")


class Access(TypedDict, total=False):
    """The options that say how an adapter reaches its table."""

    region: str | None
    """The AWS region. Without these first six, the usual AWS rules find what is needed."""
    endpoint_url: str | None
    """Where DynamoDB is, if not at its usual address."""
    credentials: Mapping[str, str | None] | None
    """`access_key_id`, `secret_access_key` and `session_token`."""
    profile: str | None
    """A profile of the AWS configuration."""
    session: Any
    """A `boto3.Session`, for its credentials and configuration."""
    client: Any
    """A boto3 client of DynamoDB, for calls that block; those that are awaited take a `session`."""
    engine: Any
    """An engine of `leyden.local()`, in place of all of these."""
    clock: Callable[[], datetime] | None
    """Returns the time as an aware datetime, for tests."""
    concurrency: int
    """How many requests of one call run at a time, 10 by default."""


class Options(Access, total=False):
    """The options that adapters take beside `table_name`."""

    ttl: timedelta | None
    """How long items live after they were last written. Without it, for ever."""


class Backend:
    """The items of one adapter on one table.

    `folder` names its schemas, such as `agents/langgraph`, and `called` is the adapter's name in
    messages. Making one reads schema files and sends nothing.

    Raises InvalidOptionError, and SchemaError if the schemas cannot be read.

    >>> backend = Backend("agents/langgraph", "LeydenSaver", "agents")          # doctest: +SKIP
    >>> backend.run(backend.app.entities.checkpoint.scan.program())             # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str,
        called: str,
        table_name: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | None = None,
        profile: str | None = None,
        session: Any = None,
        client: Any = None,
        engine: Any = None,
        ttl: timedelta | None = None,
        clock: Callable[[], datetime] | None = None,
        concurrency: int = 10,
        change: Callable[[Any], Any] | None = None,
    ) -> None:
        refuse_unfit(called, table_name, concurrency, clock)
        if ttl is not None and (not isinstance(ttl, timedelta) or ttl <= timedelta(0)):
            raise InvalidOptionError(
                "ttl takes a positive timedelta, such as timedelta(days=30); leave it out for "
                "items that do not expire"
            )
        spec = load_service(schemas_folder(folder))
        self.called = called
        self.folder = f"schemas/{folder}"
        self.ttl = ttl
        self.concurrency = concurrency
        self._clock = clock or _system_clock
        where = {"engine": engine, "client": client, "session": session, "region": region}
        where |= {"endpoint_url": endpoint_url, "credentials": credentials, "profile": profile}
        spec = spec if change is None else change(spec)
        self._bound: dict[str, Any] = {"spec": spec, "table": table_name, **where}
        self.app: Service = bind(**self._bound)
        self._awaiting: Service | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<{self.called} on table {self.app.table}>"

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock()

    def expiry(self, now: datetime | None = None, *, lives: int = 1) -> dict[str, datetime]:
        """The attribute that lets an item expire if it is written now; nothing without a `ttl`.

        With `lives`, it expires after as many times the time to live.
        """
        if self.ttl is None:
            return {}
        return {"expires_at": (now or self.now()) + lives * self.ttl}

    def run(self, program: Program[T], method: str = "") -> T:
        """Run a program on this thread; `method` names the caller in errors and events."""
        result: T = self.app.driver.run(self._named(program, method))
        return result

    async def arun(self, program: Program[T], method: str = "") -> T:
        """Run a program on the event loop."""
        with self._lock:
            if self._awaiting is None:
                # Its entities are never used, so this compiles nothing a second time.
                self._awaiting = bind_async(**self._bound)
        runner: Any = self._awaiting.driver
        result: T = await runner.run(self._named(program, method))
        return result

    def lasting(self, time: timedelta | None) -> Backend:
        """Return this backend with another time to live, if there is one."""
        if time is None:
            return self
        other = copy.copy(self)
        other.ttl = time
        return other

    def check_table(self, *, expiring: bool = False) -> Program[None]:
        """Compare the table with the schemas; changes nothing.

        Its time to live must be on if the backend has one, or with `expiring`. Raises
        TableNotFoundError, and TableMismatchError with all differences.
        """
        definition = self.app.table_definition
        if self.ttl is None and not expiring:
            # Nothing expires, so the table need not look for what does.
            definition = evolve(definition, ttl=None)
        try:
            yield from tables.check_table(definition, self.app.table)
        except LeydenError as error:
            error.message = (
                f"{error.message}\n`leyden table {self.folder}` prints the table that "
                f"{self.called} needs, and `{self.called}.app.create_table()` creates it"
            )
            raise

    def close(self) -> None:
        """Close the connections that blocking calls have opened."""
        self.app.close()

    async def aclose(self) -> None:
        """Close all connections, of blocking and of awaited calls."""
        self.app.close()
        if self._awaiting is not None:
            closing: Any = self._awaiting
            await closing.close()

    def _named(self, program: Program[T], method: str) -> Program[T]:
        return named(f"{self.called}.{method}", program) if method else program


class Adapter:
    """What adapters have in common: a backend, and the service of its entities."""

    _backend: Backend

    @property
    def app(self) -> Service:
        """The service of the entities, whose calls block: to query them and to create the table."""
        return self._backend.app

    def __repr__(self) -> str:
        return repr(self._backend)


class AwaitedAdapter(Adapter):
    """An adapter whose calls are awaited: `async with` closes it."""

    async def aclose(self) -> None:
        """Close all connections; later calls open new ones."""
        await self._backend.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class EitherAdapter(AwaitedAdapter):
    """An adapter whose calls block or are awaited: `with` and `async with` close it."""

    def close(self) -> None:
        """Close the connections that blocking calls have opened; later calls open new ones."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


HEAVY: Final = 32 * 1024
"""From so many bytes on, an event loop has them read on a thread, which costs less than waiting."""


def worked(size: int, compute: Callable[[], T]) -> Program[T]:
    """Compute something of so many bytes, where an event loop is not held up by it."""
    if size < HEAVY:
        return compute()
    result: T = yield Work(compute)
    return result


KEPT: Final = 32
"""How many backends `shared` keeps for objects to come."""

_kept: Final[OrderedDict[tuple[Any, ...], Backend]] = OrderedDict()
_keeping: Final = Lock()


def shared(folder: str, called: str, table_name: str, **options: Unpack[Options]) -> Backend:
    """The backend for objects that a framework makes one by one, such as one for each session.

    Those of a process that are made with the same table and the same options have one backend, and
    so the same connections. The arguments and errors are those of `Backend`.

    >>> one = shared("agents/langchain", "History", "agents")                 # doctest: +SKIP
    >>> one is shared("agents/langchain", "History", "agents")                # doctest: +SKIP
    True
    """
    made_with = sorted((name, _identity(value)) for name, value in options.items())
    key = (folder, called, table_name, *made_with)
    with _keeping:
        found = _kept.get(key)
        if found is None:
            # It holds the options, so none of these identities becomes another object's.
            found = _kept[key] = Backend(folder, called, table_name, **options)
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _identity(value: Any) -> str:
    """What tells an option from others: its value if it is plain, else which object it is."""
    if isinstance(value, Mapping):
        return repr(sorted(value.items()))
    plain = value is None or isinstance(value, str | int | timedelta)
    return repr(value) if plain else f"{type(value).__qualname__} at {id(value)}"


def _system_clock() -> datetime:
    return datetime.now(UTC)
