"""A service behind a proxy, its table seen past the proxy, and a clock that does not wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import botocore.endpoint
import botocore.session
import pytest
from attrs import define, field, frozen
from botocore.config import Config

import leyden
from leyden.drivers import SharedConnection, SyncDriver
from leyden.drivers.aio import AsyncConnection
from leyden.drivers.pynamodb import ClientConnection
from leyden.drivers.sync import LeanConnection
from leyden.schema import load_service
from leyden.service.service import build_service
from tests.bridge import BridgedDriver
from tests.faults.proxy import FaultProxy, fault_proxy

BANK: Final = """
entity: accounts
alias: account
version: "1"
service: bank
attributes:
  owner: {type: string, required: true}
  number: {type: integer, required: true, min: 0, padding: {length: 6, char: "0"}}
  balance: {type: integer, default: 0}
  note: string
indexes:
  owner:
    pk: {field: pk, composite: [owner]}
    sk: {field: sk, composite: [number]}
---
entity: transfers
alias: transfer
version: "1"
service: bank
attributes:
  owner: {type: string, required: true}
  transfer_id: {type: string, required: true}
  amount: {type: integer, required: true}
indexes:
  owner:
    pk: {field: pk, composite: [owner]}
    sk: {field: sk, composite: [transfer_id]}
"""

Key = tuple[str, str]
Items = dict[Key, dict[str, Any]]


def key_of(item: Mapping[str, Any]) -> Key:
    """The key of a raw item."""
    return item["pk"]["S"], item["sk"]["S"]


@frozen
class Table:
    """The table itself, with nothing between it and the test."""

    client: Any
    name: str

    def items(self) -> Items:
        """All raw items by key."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return {key_of(item): item for page in pages for item in page["Items"]}

    def clear(self) -> None:
        """Delete all items."""
        keys = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in self.items()]
        for start in range(0, len(keys), 25):
            deletes = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + 25]]
            self.client.batch_write_item(RequestItems={self.name: deletes})


@frozen
class Opened:
    """A driver over one of the transports, and its connection."""

    driver: Any
    connection: Any

    @classmethod
    def over(cls, transport: str, **options: Any) -> Opened:
        """`lean`, `pynamodb`, `async` for the asynchronous driver, or `client` for a given one."""
        if transport == "async":
            connection: Any = AsyncConnection(**options)
            return cls(BridgedDriver(connection=connection), connection)
        if transport == "client":
            connection = ClientConnection(_client(**options))
            return cls(SyncDriver(connection=connection), connection)
        connection = (LeanConnection if transport == "lean" else SharedConnection)(**options)
        return cls(SyncDriver(connection=connection), connection)

    @property
    def shared(self) -> SharedConnection:
        """The connection that has botocore's client."""
        own = self.connection
        return own._access if isinstance(own, AsyncConnection) else own

    def forget(self) -> None:
        """Begin with a new client, which has all of its retries."""
        if isinstance(self.driver, BridgedDriver):
            self.driver.forget()
        else:
            self.connection.close()

    def close(self) -> None:
        if isinstance(self.driver, BridgedDriver):
            self.driver.close()
        elif isinstance(self.connection, ClientConnection):
            self.connection.client.close()
        else:
            self.connection.close()


def _client(
    *,
    region: str,
    endpoint_url: str,
    credentials: Any,
    connect_timeout: float = 5.0,
    read_timeout: float = 20.0,
) -> Any:
    """A client of botocore's own making."""
    return botocore.session.get_session().create_client(
        "dynamodb",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=credentials and credentials.access_key_id,
        aws_secret_access_key=credentials and credentials.secret_access_key,
        config=Config(connect_timeout=connect_timeout, read_timeout=read_timeout),
    )


@define(eq=False)
class Bank:
    """A service that sends through a proxy: `app`, its `proxy`, and the `table` past it."""

    engine: Any
    proxy: FaultProxy
    table: Table
    direct: leyden.Service
    transport: str
    source: Any = field(factory=lambda: load_service(BANK))
    app: leyden.Service = field(init=False)
    _own: leyden.Service = field(init=False)
    _drivers: list[Opened] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._own = self.app = self._open(read_timeout=20.0)

    def renew(self) -> None:
        """Begin again: no items, no faults, and a client that has all of its retries."""
        self.proxy.play()
        self.table.clear()
        if self.transport == "client":
            # Its retries cannot be renewed, so another one takes its place.
            while self._drivers:
                self._drivers.pop().close()
            self._own = self._open(read_timeout=20.0)
        self.app = self._own
        self._drivers[0].forget()

    def be_impatient(self, read_timeout: float) -> None:
        """Give up on an answer after `read_timeout` seconds, until the bank is renewed.

        Each request is then sent twice at most.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_MAX_ATTEMPTS", "2")
            self.app = self._open(read_timeout)
            # Made here, while the surroundings say so, and without a request that might be late.
            assert self._drivers[-1].shared.client

    def _open(self, read_timeout: float) -> leyden.Service:
        opened = Opened.over(
            self.transport,
            region=self.engine.region,
            endpoint_url=self.proxy.url,
            credentials=self.engine.credentials,
            connect_timeout=5.0,
            read_timeout=read_timeout,
        )
        self._drivers.append(opened)
        return build_service(self.source, opened.driver, table=self.table.name)

    def fill(self, count: int, owner: str = "o", **values: Any) -> None:
        """Put accounts 0 up to `count`, past the proxy."""
        account = self.direct.entities.account
        account.put([{"owner": owner, "number": n, **values} for n in range(count)]).go()

    def close(self) -> None:
        self.direct.close()
        for opened in self._drivers:
            opened.close()


@contextmanager
def open_bank(
    engine: Any, table_name: str, transport: str = "lean", source: Any = None
) -> Iterator[Bank]:
    """A bank on a new table of the engine, which sends over a transport.

    `source` is another service specification than that of the bank.
    """
    spec = load_service(BANK) if source is None else source
    embedded = isinstance(engine, leyden.LocalEngine)
    with fault_proxy(engine.endpoint_url, remembers_tokens=embedded) as proxy:
        where = {
            "region": engine.region,
            "endpoint_url": engine.endpoint_url,
            "credentials": engine.credentials,
        }
        direct = build_service(spec, SyncDriver(**where), table=table_name)
        direct.create_table()
        client = _client(**where)
        bank = Bank(engine, proxy, Table(client, table_name), direct, transport, spec)
        try:
            yield bank
        finally:
            client.delete_table(TableName=table_name)
            client.close()
            bank.close()
            direct.driver.close()


@define
class Clock:
    """A clock on which waiting takes no time: what was waited for, by whom.

    `retries` are the waits of single requests, `pauses` those of the programs around them.
    """

    now: float = 1000.0
    retries: list[float] = field(factory=list)
    pauses: list[float] = field(factory=list)

    def monotonic(self) -> float:
        return self.now

    def retry(self, seconds: float) -> None:
        self.retries.append(seconds)
        self.now += seconds

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def retry_awaited(self, seconds: float) -> None:
        self.retry(seconds)

    async def pause_awaited(self, seconds: float) -> None:
        self.pause(seconds)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put it in the place of the time that requests and programs go by."""
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=self.retry))
        patch.setattr("leyden.drivers.sync.retry_pause", self.retry)
        patch.setattr("leyden.drivers.aio.retry_pause", self.retry_awaited)
        patch.setattr("leyden.drivers.aio.pause", self.pause_awaited)
        patch.setattr("leyden.drivers.sync.pause", self.pause)
        patch.setattr(
            "leyden.operations.run.sending.time", SimpleNamespace(monotonic=self.monotonic)
        )
