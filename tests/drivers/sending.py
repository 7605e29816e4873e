"""One request over each way to send: the transports, a given client, and event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import boto3

from leyden.drivers import SyncDriver
from leyden.drivers.aio import AsyncDriver
from leyden.drivers.pynamodb import ClientConnection
from leyden.program import Request
from tests.drivers.test_lean import GET, KEYS

LOOPS: Final[dict[str, Callable[[Any], Any]]] = {"async": asyncio.run}
try:
    import uvloop
except ImportError:  # pragma: no cover - uvloop is not for every platform
    pass
else:
    LOOPS["uvloop"] = uvloop.run

OURS: Final = ["lean", *LOOPS]
"""The ways on which Leyden itself writes and reads."""

WAYS: Final = ["pynamodb", *OURS]

EVERY_WAY: Final = ["lean", "pynamodb", "given", "async"]
"""Each way once, whatever the loop."""


def send_over(way: str, url: str, request: Request = GET, **options: Any) -> dict[str, Any]:
    """Send over one of WAYS or EVERY_WAY, with a driver of its own."""
    options = {"endpoint_url": url, "credentials": KEYS, **options}
    if way in LOOPS:
        found: dict[str, Any] = LOOPS[way](_awaited(request, options))
        return found
    if way == "given":
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="AKID",
            aws_secret_access_key="SECRETKEY",
        )
        try:
            return SyncDriver(connection=ClientConnection(client)).send(request)
        finally:
            client.close()
    options["transport"] = way
    with SyncDriver(**options) as driver:
        return driver.send(request)


async def _awaited(request: Request, options: dict[str, Any]) -> dict[str, Any]:
    async with AsyncDriver(**options) as driver:
        return await driver.send(request)
