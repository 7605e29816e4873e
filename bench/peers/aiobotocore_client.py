"""aiobotocore's client, on aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from bench.peers import Client, Get, Target


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""

    @asynccontextmanager
    async def gets() -> AsyncIterator[Get]:
        config = AioConfig(max_pool_connections=64)
        async with get_session().create_client("dynamodb", config=config, **target.keys) as client:
            yield lambda: client.get_item(**target.get)

    yield Client(gets=gets)
