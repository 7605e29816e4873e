"""The same calls by both sides, on tables of their own and on one that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import define, field, frozen
from botocore.session import get_session

from leyden.errors import LeydenError
from tests.store.interop.client import MastraClient
from tests.store.interop.words import Call, facts, theirs
from tests.store.waiting import WaitingStore

Item = dict[str, Any]

OURS: Final = "ours"
THEIRS: Final = "theirs"
SHARED: Final = "shared"


@frozen
class Refused:
    """A call ended in an error; both sides' words are their own, so they are not compared."""

    words: str = field(eq=False)


class RawTable:
    """A table as it is, by a plain client."""

    def __init__(self, engine: Any, name: str) -> None:
        self.name = name
        self._client = get_session().create_client(
            "dynamodb",
            endpoint_url=engine.endpoint_url,
            region_name=engine.region,
            aws_access_key_id=engine.credentials.access_key_id,
            aws_secret_access_key=engine.credentials.secret_access_key,
        )

    def items(self) -> list[Item]:
        """All items, in the order of their keys."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        found = [_with_plain_numbers(item) for page in pages for item in page["Items"]]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def put(self, item: Item) -> None:
        """Write an item as it is."""
        self._client.put_item(TableName=self.name, Item=item)

    def clear(self) -> None:
        """Delete all items."""
        for item in self.items():
            key = {name: item[name] for name in ("pk", "sk")}
            self._client.delete_item(TableName=self.name, Key=key)


def _with_plain_numbers(item: Item) -> Item:
    # Engines keep a number as it is written, or in a form of their own.
    return {
        name: {"N": f"{Decimal(value['N']).normalize():f}"} if "N" in value else value
        for name, value in item.items()
    }


@define
class Clock:
    """A clock that stands where it is put."""

    now: datetime = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@frozen
class Backend:
    """An engine, and the kind of our store on it."""

    engine: Any
    store: Any

    @property
    def asynchronous(self) -> bool:
        """Whether our store is the asynchronous one, which is waited for."""
        return self.store is WaitingStore


class Twins:
    """Three tables of one engine: `ours`, `theirs`, and `shared` by both sides."""

    def __init__(self, backend: Backend, prefix: str, client: MastraClient, **options: Any) -> None:
        engine = backend.engine
        self.asynchronous = backend.asynchronous
        self.clock = Clock()
        self.client = client
        self.names = {kind: f"{prefix}-{kind}" for kind in (OURS, THEIRS, SHARED)}
        self.tables = {kind: RawTable(engine, name) for kind, name in self.names.items()}
        self.stores = {
            kind: backend.store(
                table_name=name,
                endpoint_url=engine.endpoint_url,
                region=engine.region,
                credentials=engine.credentials,
                clock=self.clock,
                **options,
            )
            for kind, name in self.names.items()
        }
        for store in self.stores.values():
            (store if self.asynchronous else store.app).create_table()

    def close(self) -> None:
        for store in self.stores.values():
            store.close()

    def clear(self) -> None:
        """Empty the tables."""
        for table in self.tables.values():
            table.clear()

    def both(self, call: Call, *, now: datetime | None = None) -> Any:
        """What both answer alike, each on a table of its own."""
        said = self.they(call, now=now)
        assert self.we(call, now=now) == said
        return said

    def same_items(self) -> list[Item]:
        """The items that both sides' tables hold."""
        items = self.tables[THEIRS].items()
        assert self.tables[OURS].items() == items
        return items

    def we(self, call: Call, on: str = OURS, *, now: datetime | None = None) -> Any:
        """What our store answers, as facts."""
        if now is not None:
            self.clock.now = now
        try:
            return facts(call, call.on(self.stores[on]))
        except LeydenError as error:
            return Refused(f"{type(error).__name__}: {error}")

    def they(
        self,
        call: Call,
        on: str = THEIRS,
        *,
        now: datetime | None = None,
        ttl: Mapping[str, Any] | None = None,
    ) -> Any:
        """What the client answers, as facts.

        Raises AssertionError where it gives an empty answer for a failure that it only logs.
        """
        domain, method, args = theirs(call)
        called = self.client.call(self.names[on], domain, method, args, now=now, ttl=ttl)
        if called.error is not None:
            return Refused(called.error)
        failures = [line for line in called.log if "FAILED" in line]
        if failures:
            raise AssertionError(f"the client hid a failure of {method}: {failures}")
        return facts(call, called.value)


def entities(items: list[Item]) -> Iterator[tuple[str, dict[str, str]]]:
    """The entity and the key of each item, as the client's entities take it."""
    for item in items:
        kind = item["__edb_e__"]["S"]
        names = ("workflow_name", "run_id") if kind == "workflow_snapshot" else ("id",)
        yield kind, {name: item[name]["S"] for name in names}
