"""The way to DynamoDB from event loops."""

from __future__ import annotations

import asyncio
import os
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from leyden.drivers.aio.pool import ChannelPool
from leyden.drivers.connection import SharedConnection
from leyden.drivers.wire.exchange import Call, Exchange, Reader, Send, Wait

pause = asyncio.sleep


class AsyncConnection:
    """What `SharedConnection` is to threads, for event loops; takes its arguments.

    Nothing is tied to a loop before the first request. Each loop that it is used on has
    connections of its own. What botocore does that may block, such as fetching credentials or
    reading configuration, is done on a thread of the loop's executor.
    """

    def __init__(self, **options: Any) -> None:
        self._shared = SharedConnection(**options)
        self._exchange = Exchange(self._shared)
        self._trust = self._shared.trust
        self._lock = Lock()
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, ChannelPool] = WeakKeyDictionary()
        _connections.add(self)

    def __repr__(self) -> str:
        return f"AsyncConnection({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        return self._shared.place

    @property
    def session(self) -> Any:
        """The botocore session, which finds credentials and configuration."""
        return self._shared.session

    async def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
        pool: ChannelPool | None = None,
    ) -> dict[str, Any]:
        """Send one request. `operation_kwargs` stays as it is; `reader` is a `Request`'s.

        `pool` is the one that was there when the program began whose request it is.
        """
        if pool is None:
            pool = self.pool()
        steps = self._exchange.of(operation_name, operation_kwargs, reader)
        try:
            step = next(steps)
            while True:
                try:
                    result: Any = None
                    match step:
                        case Send(destination, data):
                            result = await pool.exchange(destination, data)
                        case Wait(seconds):
                            await pause(seconds)
                        case Call(function):
                            result = await asyncio.to_thread(function)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            response: dict[str, Any] = end.value
            return response

    async def close(self) -> None:
        """Close the connections, those in use when they are free. Later calls open new ones."""
        loop = asyncio.get_running_loop()
        with self._lock:
            own = self._pools.pop(loop, None)
            for other, pool in list(self._pools.items()):
                # Those of a loop that still runs, on another thread, are that loop's to close.
                if not other.is_running():
                    del self._pools[other]
                    pool.abandon()
        self._exchange.forget()
        try:
            if own is not None:
                await own.close()
        finally:
            await asyncio.to_thread(self._shared.close)

    def pool(self) -> ChannelPool:
        """The connections of the running loop. After `close()` it is another one."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        return self._new_pool(loop) if pool is None else pool

    def _new_pool(self, loop: asyncio.AbstractEventLoop) -> ChannelPool:
        new = ChannelPool(
            self._trust,
            connect_timeout=self._shared._connect_timeout_seconds,
            read_timeout=self._shared._read_timeout_seconds,
            size=self._shared._max_pool_connections or 1,
        )
        with self._lock:
            for other, pool in list(self._pools.items()):
                # Nobody closed the connections before their loop, as with `asyncio.run` for each
                # call: there may be thousands of such loops.
                if other.is_closed():
                    del self._pools[other]
                    pool.abandon()
            self._pools[loop] = new
        return new


_connections: WeakSet[AsyncConnection] = WeakSet()
_inherited: Final[list[Any]] = []
"""Pools of the process that this one was forked from: to close them would take them from it."""


def _leave_to_parent() -> None:
    for connection in list(_connections):
        connection._lock = Lock()
        # To close one would end the parent's watch over it, and to let go of one closes it.
        _inherited.append(connection._pools)
        connection._pools = WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
