"""The memory store on one DynamoDB table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Any, Final, Literal, Self

from leyden.drivers.botocore import ClientConnection
from leyden.drivers.sync import SyncDriver
from leyden.service.service import build_service
from leyden.store.dynamodb.base import StoreBase, driver_options
from leyden.store.dynamodb.methods import Blocking
from leyden.store.dynamodb.programs.evals import EvalMethods
from leyden.store.dynamodb.programs.memory import MemoryMethods
from leyden.store.dynamodb.programs.scores import ScoreMethods
from leyden.store.dynamodb.programs.traces import TraceMethods
from leyden.store.dynamodb.programs.workflows import WorkflowMethods
from leyden.store.dynamodb.schemas import LargeValues, Source
from leyden.store.dynamodb.settings import CONCURRENCY, Hooks, settings
from leyden.store.dynamodb.ttl import TTL
from leyden.store.times import Clock


class DynamoDBMemory(MemoryMethods, Blocking):
    """The memory of a `DynamoDBStore`; see `Memory`."""


class DynamoDBWorkflows(WorkflowMethods, Blocking):
    """The workflows of a `DynamoDBStore`; see `Workflows`."""


class DynamoDBScores(ScoreMethods, Blocking):
    """The scores of a `DynamoDBStore`; see `Scores`."""


class DynamoDBTraces(TraceMethods, Blocking):
    """The traces of a `DynamoDBStore`; see `Traces`."""


class DynamoDBEvals(EvalMethods, Blocking):
    """The evals of a `DynamoDBStore`; see `Evals`."""


class DynamoDBStore(StoreBase):
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
        known = settings(
            name=name,
            table_name=table_name,
            ttl=ttl,
            large_values=large_values,
            entities=entities,
            hooks=hooks,
            clock=clock,
            concurrency=concurrency,
        )
        where = driver_options(
            client,
            region=region,
            endpoint_url=endpoint_url,
            credentials=credentials,
            profile=profile,
        )
        driver = SyncDriver(**where) if where else SyncDriver(connection=ClientConnection(client))
        super().__init__(known, build_service(known.spec, driver, table=table_name, hooks=hooks))
        rules = self._rules()
        self.memory: Final = DynamoDBMemory(self.app, **rules)
        self.workflows: Final = DynamoDBWorkflows(self.app, **rules)
        self.scores: Final = DynamoDBScores(self.app, **rules)
        self.traces: Final = DynamoDBTraces(self.app, **rules)
        self.evals: Final = DynamoDBEvals(self.app, **rules)
        self._checking_now = Lock()
        self._checked = False

    def init(self) -> None:
        """Check that the table is there and fits the schemas; once it does, not again.

        Compares key, indexes and projections, and the time to live where something expires.
        Changes nothing. Raises TableNotFoundError, or TableMismatchError with all differences,
        which say how to put them right.
        """
        with self._checking_now:
            if not self._checked:
                self.app.driver.run(self._checking())
                self._checked = True

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything of a domain, by reading the whole table. Safe to run again."""
        self.app.driver.run(self._clearing(domain))

    def close(self) -> None:
        """Close the connections; a client that was handed in stays open."""
        self.app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
