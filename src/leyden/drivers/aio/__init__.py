"""The driver for event loops: the same programs and the same wire, over asyncio's transports."""

from __future__ import annotations

from leyden.drivers.aio.connection import AsyncConnection
from leyden.drivers.aio.driver import AsyncDriver

__all__ = ["AsyncConnection", "AsyncDriver"]
