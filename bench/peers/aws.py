"""boto3's low-level client; for an event loop, it runs on threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import boto3
from botocore.config import Config

from bench.peers import Client, Get, Target


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""
    client = boto3.client("dynamodb", config=Config(max_pool_connections=64), **target.keys)

    @asynccontextmanager
    async def gets() -> AsyncIterator[Get]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(64) as threads:
            yield lambda: loop.run_in_executor(threads, lambda: client.get_item(**target.get))

    yield Client(
        {
            "get": lambda: client.get_item(**target.get),
            "put": lambda: client.put_item(**target.put),
            "query": lambda: client.query(**target.query),
            "batch": lambda: client.batch_write_item(**target.batch),
        },
        gets,
    )
