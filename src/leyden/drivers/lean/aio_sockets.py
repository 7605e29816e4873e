"""Connections on an event loop, which send requests and receive their answers."""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from typing import Any, Final, cast

from leyden.drivers.base import IDLE_LIMIT, aws, ssl
from leyden.drivers.lean.answers import (
    AnswerReader,
    BrokenAnswerError,
    ForeignAnswerError,
    HttpAnswer,
)
from leyden.drivers.lean.endpoint import Destination, Route, connect_request
from leyden.drivers.lean.trust import Trust

_OK: Final = 200

_FAREWELL: Final = 0.5
"""How many seconds a closing connection waits for the other side."""


class Connection(asyncio.Protocol):
    """An open connection, for one exchange at a time.

    It belongs to the loop on which it was opened. After an exchange that was broken off, it cannot
    be used again; call `abort`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, read_timeout: float) -> None:
        self.transport: asyncio.Transport | None = None
        self.reusable = False
        self.since = 0.0
        self._loop = loop
        self._read_timeout = read_timeout
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[HttpAnswer] | None = None
        self._lost = False
        self._gone: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._poll: Any = None
        self._url = ""
        self._tunnel: asyncio.Future[int] | None = None

    async def exchange(self, data: bytes, url: str) -> HttpAnswer:
        """Send a request and wait for its answer. Raises botocore's errors of connections."""
        assert self.transport is not None
        self._url = url
        waiter: asyncio.Future[HttpAnswer] = self._loop.create_future()
        self._waiter = waiter
        self._reader = AnswerReader()
        if self._lost:
            raise aws.ConnectionClosedError(endpoint_url=url)
        self.transport.write(data)
        self._deadline = self._loop.time() + self._read_timeout
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        return await waiter

    async def open_tunnel(self, request: bytes) -> int:
        """Ask a proxy for a tunnel; return the status of its answer, or 0 if that is not HTTP."""
        assert self.transport is not None
        self._reader = AnswerReader()
        self._tunnel = self._loop.create_future()
        self.transport.write(request)
        try:
            return await self._tunnel
        finally:
            self._tunnel = self._reader = None

    def is_alive(self) -> bool:
        """Return whether it may be used again: it is not too old, and the other side was silent."""
        if self._lost or self.transport is None or self.transport.is_closing():
            return False
        if self._loop.time() - self.since > IDLE_LIMIT:
            return False
        if not hasattr(select, "poll"):
            return True
        if self._poll is None:
            self._poll = select.poll()
            socket = self.transport.get_extra_info("socket")
            self._poll.register(socket.fileno(), select.POLLIN | select.POLLPRI)
        # The other side's end may have arrived without the loop having noticed it.
        return not self._poll.poll(0)

    def abort(self) -> None:
        """Close immediately."""
        self._settle()
        if self.transport is not None:
            self.transport.abort()

    def hang_up(self) -> None:
        """Close the socket directly, because a closed loop takes no more calls."""
        transport, self.transport = self.transport, None
        self._settle()
        connected = None if transport is None else transport.get_extra_info("socket")
        # asyncio's view of its socket cannot be closed; other loops close their sockets themselves.
        owned = getattr(connected, "_sock", None)
        if owned is not None:
            owned.close()

    async def close(self) -> None:
        """Close, and wait until the connection is closed."""
        self._settle()
        if self.transport is None or self._lost:
            return
        self._gone = self._loop.create_future()
        self.transport.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._gone), _FAREWELL)
        except TimeoutError:
            self.transport.abort()
            await self._gone
        except asyncio.CancelledError:
            self.transport.abort()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is open; asyncio calls this."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take data that has arrived; asyncio calls this."""
        reader = self._reader
        if reader is None:
            # Data without a request: this connection can no longer be trusted.
            self.abort()
            return
        try:
            done = reader.feed(data)
        except (BrokenAnswerError, ForeignAnswerError) as error:
            self._fail(error)
            return
        if self._tunnel is not None:
            if reader.status and not self._tunnel.done():
                self._tunnel.set_result(reader.status)
            return
        if done:
            self._finish(reader)
        else:
            self._deadline = self._loop.time() + self._read_timeout

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection has ended; asyncio calls this."""
        self._lost = True
        reader = self._reader
        if reader is not None:
            try:
                reader.finish()
            except BrokenAnswerError as error:
                self._fail(exc or error)
            else:
                self._finish(reader)
        self._settle()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def _finish(self, reader: AnswerReader) -> None:
        self._reader = None
        # If the answer came early, the rest of the request is still being sent.
        unsent = self.transport is None or self.transport.get_write_buffer_size()
        self.reusable = reader.reusable and not self._lost and not unsent
        if self._waiter is not None and not self._waiter.done():
            assert reader.answer is not None
            self._waiter.set_result(reader.answer)

    def _fail(self, error: Exception) -> None:
        self._reader = None
        self.reusable = False
        if self._tunnel is not None:
            if not self._tunnel.done():
                self._tunnel.set_result(0)
        elif self._waiter is not None and not self._waiter.done():
            failure = error
            if isinstance(error, TimeoutError):
                failure = aws.ReadTimeoutError(endpoint_url=self._url, error=error)
                failure.__cause__ = error
            elif not isinstance(error, ForeignAnswerError):
                failure = aws.ConnectionClosedError(endpoint_url=self._url, error=error)
                failure.__cause__ = error
            self._waiter.set_exception(failure)

    def _check_deadline(self) -> None:
        self._timer = None
        if self._reader is None or self._waiter is None:
            return
        if self._loop.time() >= self._deadline:
            self._fail(TimeoutError())
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._reader = None


class _Lane:
    """The connections to one host; a permit is needed to use or open one."""

    __slots__ = ("idle", "permits")

    def __init__(self, size: int) -> None:
        self.permits = asyncio.Semaphore(size)
        self.idle: deque[Connection] = deque()


class AsyncPool:
    """At most `size` connections to each host at a time; further requests wait for one.

    A connection is checked before it is used again. If its exchange was broken off, by an error, a
    timeout or a cancellation, it is closed.
    """

    def __init__(
        self, trust: Trust, *, connect_timeout: float, read_timeout: float, size: int
    ) -> None:
        self._trust = trust
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._loop = asyncio.get_running_loop()
        self._size = size
        self._lanes: dict[Route, _Lane] = {}
        self._all: set[Connection] = set()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of open connections that are not in use."""
        return sum(len(lane.idle) for lane in self._lanes.values())

    async def exchange(self, destination: Destination, data: bytes) -> HttpAnswer:
        """Send a request and wait for the answer. Raises botocore's errors of connections."""
        route = destination.route
        lane = self._lanes.get(route)
        if lane is None:
            lane = self._lanes[route] = _Lane(self._size)
        idle = lane.idle
        async with lane.permits:
            channel = None
            while idle and channel is None:
                channel = idle.pop()
                if not channel.is_alive():
                    self._drop(channel)
                    channel = None
            if channel is None:
                channel = await self._open(destination)
            try:
                answer = await channel.exchange(data, destination.url)
            except BaseException:
                self._drop(channel)
                raise
            if channel.reusable and not self._closed:
                channel.since = self._loop.time()
                idle.append(channel)
            else:
                self._drop(channel)
            return answer

    async def close(self) -> None:
        """Close idle connections now, and others after their current answer.

        A program that began before may go on using the pool, with a new connection for each
        request.
        """
        self._closed = True
        idle = [channel for lane in self._lanes.values() for channel in lane.idle]
        for lane in self._lanes.values():
            lane.idle.clear()
        self._all.difference_update(idle)
        await asyncio.gather(*(channel.close() for channel in idle))

    def abandon(self) -> None:
        """Drop everything, on a loop that no longer runs."""
        self._closed = True
        self._lanes.clear()
        for channel in list(self._all):
            if self._loop.is_closed():
                channel.hang_up()
            else:
                channel.abort()
        self._all.clear()

    def _drop(self, channel: Connection) -> None:
        self._all.discard(channel)
        channel.abort()

    async def _open(self, destination: Destination) -> Connection:
        route, url = destination.route, destination.url
        channel = Connection(self._loop, self._read_timeout)
        try:
            tls = route.secure or (route.proxy is not None and route.proxy.scheme == "https")
            if tls and not self._trust.is_loaded:
                await asyncio.to_thread(self._trust.load)
            async with asyncio.timeout(self._connect_timeout):
                await self._connect(channel, route)
        except BaseException as error:
            channel.abort()
            if isinstance(error, aws.BotoCoreError):
                raise
            if isinstance(error, TimeoutError):
                raise aws.ConnectTimeoutError(endpoint_url=url, error=error) from error
            if isinstance(error, ssl.SSLError):
                raise aws.SSLError(endpoint_url=url, error=error) from error
            if isinstance(error, OSError):
                if route.proxy and channel.transport is None:
                    proxy_url = route.proxy.url
                    raise aws.ProxyConnectionError(proxy_url=proxy_url, error=error) from error
                raise aws.EndpointConnectionError(endpoint_url=url, error=error) from error
            raise
        self._all.add(channel)
        return channel

    async def _connect(self, channel: Connection, route: Route) -> None:
        loop, proxy = self._loop, route.proxy
        there = proxy or route
        tls = route.secure if proxy is None else proxy.scheme == "https"
        await loop.create_connection(
            lambda: channel,
            there.host,
            there.port,
            ssl=self._trust.context if tls else None,
            server_hostname=there.host if tls else None,
        )
        assert channel.transport is not None
        connected = channel.transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if proxy is None or not route.tunneled:
            return
        status = await channel.open_tunnel(connect_request(route))
        if status != _OK:
            error = f"the proxy does not open a tunnel (status {status})"
            raise aws.ProxyConnectionError(proxy_url=proxy.url, error=error)
        secured = await loop.start_tls(
            channel.transport, channel, self._trust.context, server_hostname=route.host
        )
        assert secured is not None
        channel.transport = secured
