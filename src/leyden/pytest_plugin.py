"""Fixtures for pytest: an engine for the session, and a service on a fresh table for each test.

pytest loads this module in every project that has Leyden installed, so it imports nothing expensive
before a test uses a fixture::

    def test_an_order_is_found(leyden_app):
        app = leyden_app("schemas/shop")
        app.entities.order.create(customer_id="c1", order_id="o1", total=5).go()

The engine is the embedded one, which needs the extra `local`. `--leyden-endpoint-url=URL`, or
`leyden_endpoint_url` in pytest's configuration, runs the same tests against DynamoDB Local or any
other endpoint. The fixtures delete the tables that they created there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, overload

import pytest

if TYPE_CHECKING:
    from leyden import AsyncService, Service

__all__ = ["AppFactory", "AsyncAppFactory", "Engine"]

A_co = TypeVar("A_co", covariant=True)
A = TypeVar("A")

_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_WORDS: Final = 120
_numbers: Final = count(1)


class Engine(Protocol):
    """The engine of `leyden_engine`: where the tests' tables are, and how to access them."""

    @property
    def endpoint_url(self) -> str:
        """The URL of the engine."""

    @property
    def region(self) -> str:
        """The region that requests are signed for."""

    @property
    def credentials(self) -> Any:
        """The credentials that sign requests; None if AWS's usual rules find them."""


class Loads(Protocol[A_co]):
    """A module that `leyden types` generated, as far as `leyden_app` uses it."""

    @property
    def load(self) -> Callable[..., A_co]:
        """The function that loads its service."""


class LoadsAsync(Protocol[A_co]):
    """A module that `leyden types` generated, as far as `leyden_app_async` uses it."""

    @property
    def load_async(self) -> Callable[..., Awaitable[A_co]]:
        """The function that loads its service for event loops."""


class AppFactory(Protocol):
    """The function of `leyden_app`, which loads a service and creates its table."""

    @overload
    def __call__(self, source: Loads[A], /, **options: Any) -> A: ...
    @overload
    def __call__(
        self, source: str | Path | Mapping[str, Any] | None = None, /, **options: Any
    ) -> Service: ...


class AsyncAppFactory(Protocol):
    """The function of `leyden_app_async`, which is like `AppFactory` but must be awaited."""

    @overload
    async def __call__(self, source: LoadsAsync[A], /, **options: Any) -> A: ...
    @overload
    async def __call__(
        self, source: str | Path | Mapping[str, Any] | None = None, /, **options: Any
    ) -> AsyncService: ...


def _leave_asserts_as_they_are() -> None:
    """Exclude the package from pytest's assertion rewriting.

    pytest rewrites the assertions of every package that has a plugin. Leyden has none that a test
    could see, and without cached bytecode, as in containers, rewriting costs each run seconds.
    """
    for finder in sys.meta_path:
        marked = getattr(finder, "_must_rewrite", None)
        if isinstance(marked, set):
            marked.discard("leyden")


_leave_asserts_as_they_are()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--leyden-endpoint-url`, and the setting for pytest's configuration."""
    said = "run the tests that use Leyden against this endpoint, not the embedded engine"
    group = parser.getgroup("leyden")
    group.addoption("--leyden-endpoint-url", metavar="URL", default=None, help=said)
    parser.addini("leyden_endpoint_url", said, default="")


class _Endpoint:
    """An engine at a given endpoint, which the fixtures neither start nor stop."""

    def __init__(self, endpoint_url: str) -> None:
        from leyden.drivers.connection import Access, Credentials

        told = os.environ.get
        self.endpoint_url = endpoint_url
        self.region = told("AWS_REGION") or told("AWS_DEFAULT_REGION") or "us-east-1"
        # DynamoDB Local accepts any credentials. If the environment has some, they are used.
        has_some = told("AWS_ACCESS_KEY_ID") or told("AWS_PROFILE")
        self.credentials = None if has_some else Credentials("local", "local")
        self.access = Access(
            region=self.region, endpoint_url=endpoint_url, credentials=self.credentials
        )

    def __repr__(self) -> str:
        return f"<endpoint {self.endpoint_url}>"

    def close(self) -> None:
        self.access.forget_client()


@pytest.fixture(scope="session")
def leyden_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine for the whole session, one per worker of pytest-xdist; see `leyden.local()`."""
    config = request.config
    url = config.getoption("--leyden-endpoint-url") or config.getini("leyden_endpoint_url")
    running: Any
    if url:
        running = _Endpoint(str(url))
    else:
        from leyden.engine import local

        running = local()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def leyden_table(request: pytest.FixtureRequest) -> str:
    """A table name that no other test uses, in this run or another. The table is not created."""
    return _new_name(request.node.name)


@pytest.fixture
def leyden_app(
    request: pytest.FixtureRequest, leyden_engine: Engine, leyden_table: str
) -> Iterator[AppFactory]:
    """A function that loads a service on the engine and creates its table.

    `leyden_app(source, **options)` takes what `leyden.load` takes, or a module that `leyden types`
    generated. Without a source, it takes `schemas` of `[tool.leyden]` in pyproject.toml. The first
    service of a test is on the table `leyden_table`, and each further one on a fresh table, unless
    `table=` names one. The services are closed after the test.
    """
    from leyden import bind

    apps = _Apps(leyden_engine, request.node.name, leyden_table, bind)

    def start(source: Any = None, /, **options: Any) -> Any:
        source, options = apps.asked(source, options)
        app = apps.opened(source, options, "load")
        if app.driver.run(apps.creating(app)).created:
            apps.made.append((app, app.table))
        return app

    yield start
    for app, table in apps.made if isinstance(leyden_engine, _Endpoint) else ():
        app.driver.send(_deletion(table))
    for app in apps.all:
        app.close()


@pytest.fixture
def leyden_app_async(
    request: pytest.FixtureRequest, leyden_engine: Engine, leyden_table: str
) -> Iterator[AsyncAppFactory]:
    """`leyden_app` for event loops: `app = await leyden_app_async("schemas/shop")`.

    It works with any plugin that runs asynchronous tests, and needs none itself.
    """
    from leyden import bind_async

    apps = _Apps(leyden_engine, request.node.name, leyden_table, bind_async)

    async def start(source: Any = None, /, **options: Any) -> Any:
        source, options = apps.asked(source, options)
        app = apps.opened(source, options, "load_async")
        if isinstance(app, Awaitable):
            app = await app
            apps.all[-1] = app
        if (await app.driver.run(apps.creating(app))).created:
            apps.made.append((app, app.table))
        return app

    yield start
    if apps.all:
        import asyncio

        async def end() -> None:
            for app, table in apps.made if isinstance(leyden_engine, _Endpoint) else ():
                await app.driver.send(_deletion(table))
            for app in apps.all:
                await app.close()

        # The test's loop has ended, or belongs to a plugin. `asyncio.run` would unset that one.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(end())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()


class _Apps:
    """The services of one test."""

    def __init__(
        self,
        engine: Engine,
        test: str,
        table: str,
        bind: Callable[..., Any],
    ) -> None:
        self._engine = engine
        self._test = test
        self._first: str | None = table
        self._bind = bind
        self.all: list[Any] = []
        self.made: list[tuple[Any, str]] = []

    def asked(self, source: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the source and the options, with defaults for what the caller left out."""
        if source is None:
            source, configured = _configured()
            options = {**configured, **options}
        if options.get("table") is None:
            options["table"] = self._first or _new_name(self._test)
            self._first = None
        if not any(options.get(name) for name in ("engine", "client", "session", "endpoint_url")):
            options["engine"] = self._engine
        return source, options

    def creating(self, app: Any) -> Any:
        """Return the program that creates a service's table, or checks it if it exists."""
        from leyden import tables

        is_new = all(app.table != table for _, table in self.made)
        return tables.create_table(app.table_definition, app.table, is_new=is_new)

    def opened(self, source: Any, options: dict[str, Any], loading: str) -> Any:
        """Return the service, or an awaitable of it, and note it to be closed after the test."""
        loads = getattr(source, loading, None)
        if loads is not None:
            app = loads(**options)
        else:
            app = self._bind(_spec_of(source, options), **options)
        self.all.append(app)
        return app


_specs: Final[dict[Any, Any]] = {}
"""The schemas that tests of this process have loaded, by the state of their files."""


def _spec_of(source: Any, options: dict[str, Any]) -> Any:
    """Return the schemas of a source, which are read again only if the files change."""
    from leyden import load

    state = _state_of(source)
    hooks, keys = options.get("hooks"), options.get("encryption_keys")
    key = (state, frozenset(hooks or ()))
    found = None if state is None else _specs.get(key)
    if found is None:
        # `load`, so that tests show the same warnings as the application.
        found = load(
            source, table="any", region="us-east-1", hooks=hooks, encryption_keys=keys
        ).spec
        if state is not None:
            _specs[key] = found
    return found


def _state_of(source: Any) -> Any:
    """Return a key that changes when files change; None if the source is not on the disk."""
    if not isinstance(source, str | Path) or "\n" in str(source):
        return None
    place = Path(source)
    files = sorted(place.rglob("*.y*ml")) if place.is_dir() else [place]
    try:
        stats = [(str(file), file.stat()) for file in files]
    except OSError:
        return None
    return str(place.resolve()), *((name, one.st_mtime_ns, one.st_size) for name, one in stats)


def _configured() -> tuple[Any, dict[str, Any]]:
    """Return the schemas of `[tool.leyden]`, and its hooks as an option of `leyden.load`."""
    from leyden.configuration import configured, schemas_path

    settings = configured()
    schemas = settings.get("schemas")
    if schemas is None:
        raise pytest.UsageError(
            "leyden_app() has no schemas: pass them, as in leyden_app('schemas/shop'), or "
            'configure them with schemas = "schemas/shop" under [tool.leyden] in pyproject.toml'
        )
    options: dict[str, Any] = {}
    if "hooks" in settings:
        from importlib import import_module

        module, _, name = settings["hooks"].value.partition(":")
        options["hooks"] = getattr(import_module(module), name)
    return schemas_path(schemas), options


def _new_name(test: str) -> str:
    """Return a table name that contains the test's name and is unique among processes and runs."""
    words = _SPECIAL.sub("-", test).strip("-")[:_LONGEST_WORDS]
    return f"{words}-{os.getpid()}-{os.urandom(4).hex()}-{next(_numbers)}"


def _deletion(table: str) -> Any:
    from leyden.program import Request

    return Request("DeleteTable", {"TableName": table}, "delete_table")
