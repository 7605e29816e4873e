"""Leyden, which returns records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import leyden
from bench.items import BATCH, SCHEMA, STATION, reading, station_of
from bench.peers import Client, Get, Target
from leyden.drivers.connection import Credentials


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""
    where = {
        "table": target.table,
        "endpoint_url": target.endpoint_url,
        "region": target.region,
        "credentials": Credentials(target.access_key_id, target.secret_access_key),
    }

    @asynccontextmanager
    async def gets() -> AsyncIterator[Get]:
        async with await leyden.load_async(SCHEMA, **where) as app:
            entity = app.entities.reading
            yield lambda: entity.get(station=STATION, number=1).go()

    app = leyden.load(SCHEMA, **where)
    entity = app.entities.reading
    one, many = reading(1), [reading(number) for number in range(BATCH)]
    yield Client(
        {
            "get": lambda: entity.get(station=STATION, number=1).go(),
            "put": lambda: entity.put(**one).go(),
            "query": lambda: entity.query.readings(station=STATION).go(),
            "batch": lambda: entity.put(many).go(),
            "params": lambda: entity.query.readings(station=STATION).gt(number=5).params(),
        },
        gets,
        lambda station: entity.query.readings(station=station),
        lambda number: entity.get(station=station_of(number), number=number).go(),
    )
    app.close()
