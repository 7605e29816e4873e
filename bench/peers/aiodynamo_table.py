"""aiodynamo's table, on aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiodynamo.client import Client as AioDynamo
from aiodynamo.credentials import Key, StaticCredentials
from aiodynamo.http.aiohttp import AIOHTTP
from aiohttp import ClientSession
from yarl import URL

from bench.peers import Client, Get, Target


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""

    @asynccontextmanager
    async def gets() -> AsyncIterator[Get]:
        async with ClientSession() as session:
            client = AioDynamo(
                AIOHTTP(session),
                StaticCredentials(Key(target.access_key_id, target.secret_access_key)),
                target.region,
                URL(target.endpoint_url),
            )
            table = client.table(target.table)
            pk, sk = target.key
            yield lambda: table.get_item({"pk": pk, "sk": sk})

    yield Client(gets=gets)
