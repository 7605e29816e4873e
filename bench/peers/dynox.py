"""pydynox's model, on its Rust core."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydynox import DynamoDBClient, Model, ModelConfig
from pydynox import attributes as kinds

from bench.items import BATCH
from bench.peers import Client, Get, Target

ELSEWHERE = "elsewhere"
"""The partition that it writes to, since it stores some types in a form that others cannot read."""


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""
    logging.getLogger("pydynox").setLevel(logging.ERROR)  # it warns of each that waits 100 ms
    client = DynamoDBClient(
        region=target.region,
        endpoint_url=target.endpoint_url,
        access_key=target.access_key_id,
        secret_key=target.secret_access_key,
    )

    class Reading(Model):
        model_config = ModelConfig(table=target.table, client=client)
        pk = kinds.StringAttribute(partition_key=True)
        sk = kinds.StringAttribute(sort_key=True)
        station = kinds.StringAttribute()
        number = kinds.NumberAttribute()
        kind = kinds.StringAttribute()
        value = kinds.NumberAttribute()
        unit = kinds.StringAttribute()
        note = kinds.StringAttribute()
        done = kinds.BooleanAttribute()
        tags = kinds.StringSetAttribute()
        at = kinds.StringAttribute()
        place = kinds.MapAttribute()
        source = kinds.StringAttribute()
        body = kinds.StringAttribute()

    pk, sk = target.key
    found: Any = Reading.sync_get(pk=pk, sk=sk)
    values = {**found.to_dict(), "pk": ELSEWHERE}
    saved = Reading(**values)
    many = [{**values, "sk": f"{sk}-{number}"} for number in range(BATCH)]

    @asynccontextmanager
    async def gets() -> AsyncIterator[Get]:
        yield lambda: Reading.get(pk=pk, sk=sk)

    yield Client(
        {
            "get": lambda: Reading.sync_get(pk=pk, sk=sk),
            "put": lambda: saved.sync_save(full_replace=True),
            "query": lambda: list(Reading.sync_query(partition_key=pk)),
            "batch": lambda: client.sync_batch_write(target.table, put_items=many),
        },
        gets,
    )
