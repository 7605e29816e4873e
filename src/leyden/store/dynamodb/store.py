"""The memory store on one DynamoDB table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Any, Literal, Self

from leyden.drivers.given_client import ClientConnection
from leyden.drivers.sync import SyncDriver
from leyden.engine import DynamoDBLocal, LocalEngine
from leyden.errors import InvalidOptionError
from leyden.service.service import Entities, Service, build_service
from leyden.store.dynamodb import init
from leyden.store.dynamodb.calls import named
from leyden.store.dynamodb.domains import (
    DynamoDBEvals,
    DynamoDBMemory,
    DynamoDBScores,
    DynamoDBTraces,
    DynamoDBWorkflows,
)
from leyden.store.dynamodb.programs.clearing import clear
from leyden.store.dynamodb.programs.evals import EvalPrograms
from leyden.store.dynamodb.programs.memory import MemoryPrograms
from leyden.store.dynamodb.programs.scores import ScorePrograms
from leyden.store.dynamodb.programs.traces import TracePrograms
from leyden.store.dynamodb.programs.workflows import WorkflowPrograms
from leyden.store.dynamodb.schemas import LargeValues, Source
from leyden.store.dynamodb.settings import CONCURRENCY, Clock, Hooks, settings
from leyden.store.dynamodb.ttl import TTL


class DynamoDBStore:
    """An agent's memory in one DynamoDB table, item for item as `@mastra/dynamodb` writes it.

    One store may be used by many threads. Nothing is sent until the first call.

    * `table_name`: 3 to 255 letters, digits, dots, dashes and underscores.
    * `region`, `endpoint_url`, `credentials` (`access_key_id`, `secret_access_key`,
      `session_token`), `profile`: as in `leyden.load`, by the usual AWS rules where not given.
    * `client`: in place of these, a boto3 client of DynamoDB, whose credentials, region,
      endpoint, configuration and event handlers are used and which stays open at `close()`; or
      an engine of `leyden.local()`.
    * `ttl`: how long items live, by entity: `{"message": timedelta(days=30)}`, or a `TTL` to
      name the attribute. Counted from the last save.
    * `large_values`: `error` refuses an item over 400 KB with ItemTooLargeError before it is
      sent, `chunk` compresses large values and splits them over several items.
    * `entities`: schemas of your own, of the service `mastra`, in the same table:
      `store.entities.NAME`. `hooks` are the functions that they name.
    * `clock`: gives the time, as an aware datetime. `concurrency`: how many requests of one call
      are under way at once.
    * `name`: what to call the store in messages.

    Raises InvalidOptionError, SchemaError.

    >>> with DynamoDBStore(table_name="mastra-single-table") as store:    # doctest: +SKIP
    ...     store.init()
    ...     store.memory.save_thread({"id": "t1", "resource_id": "alice"})
    """

    def __init__(
        self,
        *,
        table_name: str,
        name: str = "dynamodb",
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | None = None,
        profile: str | None = None,
        client: Any = None,
        ttl: Mapping[str, timedelta | TTL] | None = None,
        large_values: LargeValues = "error",
        entities: Source | None = None,
        hooks: Hooks | None = None,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._settings = settings(
            name=name,
            table_name=table_name,
            ttl=ttl,
            large_values=large_values,
            entities=entities,
            hooks=hooks,
            clock=clock,
            concurrency=concurrency,
        )
        if client is not None and (region or endpoint_url or credentials or profile):
            raise InvalidOptionError(
                "`client` brings its own endpoint, region and credentials; leave those out"
            )
        driver = _driver(client) if client is not None else None
        driver = driver or SyncDriver(
            region=region, endpoint_url=endpoint_url, credentials=credentials, profile=profile
        )
        self._app = build_service(self._settings.spec, driver, table=table_name, hooks=hooks)
        with_settings: Any = {
            "now": self._settings.now,
            "ttl": self._settings.ttl,
            "concurrency": concurrency,
        }
        self._memory = DynamoDBMemory(MemoryPrograms(self._app, **with_settings), driver)
        self._workflows = DynamoDBWorkflows(WorkflowPrograms(self._app, **with_settings), driver)
        self._scores = DynamoDBScores(ScorePrograms(self._app, **with_settings), driver)
        self._traces = DynamoDBTraces(TracePrograms(self._app, **with_settings), driver)
        self._evals = DynamoDBEvals(EvalPrograms(self._app, **with_settings), driver)
        self._checking = Lock()
        self._checked = False

    @property
    def name(self) -> str:
        """What the store is called in messages."""
        return self._settings.name

    @property
    def table_name(self) -> str:
        """The table."""
        return self._settings.table_name

    @property
    def app(self) -> Service:
        """The service of all entities, the store's and your own."""
        return self._app

    @property
    def entities(self) -> Entities:
        """The entities, the store's and your own."""
        return self._app.entities

    @property
    def memory(self) -> DynamoDBMemory:
        """Threads, messages and resources."""
        return self._memory

    @property
    def workflows(self) -> DynamoDBWorkflows:
        """Snapshots of workflow runs."""
        return self._workflows

    @property
    def scores(self) -> DynamoDBScores:
        """What scorers said."""
        return self._scores

    @property
    def traces(self) -> DynamoDBTraces:
        """Spans of traces."""
        return self._traces

    @property
    def evals(self) -> DynamoDBEvals:
        """Results of metrics."""
        return self._evals

    def init(self) -> None:
        """Check that the table is there and fits the schemas; once it does, not again.

        Compares key, indexes and projections, and the time to live where something expires.
        Changes nothing. Raises TableNotFoundError, or TableMismatchError with all differences,
        which say how to put them right.
        """
        with self._checking:
            if not self._checked:
                checking = init.check(self._settings.spec, self._settings.ttl, self.table_name)
                self._app.driver.run(named("store.init", checking))
                self._checked = True

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything of a domain, by reading the whole table. Safe to run again."""
        clearing = clear(self._app, domain, concurrency=self._settings.concurrency)
        self._app.driver.run(named("store.clear", clearing))

    def close(self) -> None:
        """Close the connections; a client that was handed in stays open."""
        self._app.close()

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
        return f"<{type(self).__name__} {self.name} on table {self.table_name}>"


def _driver(client: Any) -> SyncDriver:
    if isinstance(client, LocalEngine | DynamoDBLocal):
        return SyncDriver(
            region=client.region, endpoint_url=client.endpoint_url, credentials=client.credentials
        )
    return SyncDriver(connection=ClientConnection(client))
