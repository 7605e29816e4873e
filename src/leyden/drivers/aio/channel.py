"""One connection on an event loop: a request goes out, its answer comes in, nothing else."""

from __future__ import annotations

import asyncio
import select
from typing import Any, Final, cast

import botocore.exceptions as aws

from leyden.drivers.wire.http11 import (
    IDLE_LIMIT,
    AnswerReader,
    BrokenAnswerError,
    ForeignAnswerError,
    HttpAnswer,
)

_FAREWELL: Final = 0.5
"""Seconds that the other side has to take note of a connection's end."""


class Channel(asyncio.Protocol):
    """A connection that is open; one exchange at a time.

    It belongs to the loop on which it was opened. After an exchange that was broken off it
    cannot be used again: `abort` it.
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
        """Ask a proxy for a tunnel; the status of its answer, 0 where it is none."""
        assert self.transport is not None
        self._reader = AnswerReader()
        self._tunnel = self._loop.create_future()
        self.transport.write(request)
        try:
            return await self._tunnel
        finally:
            self._tunnel = self._reader = None

    def is_alive(self) -> bool:
        """Whether it may be used again: not too old, and nothing came from the other side."""
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
        # The loop may not have come round to an end that has arrived already.
        return not self._poll.poll(0)

    def abort(self) -> None:
        """Close at once."""
        self._settle()
        if self.transport is not None:
            self.transport.abort()

    def hang_up(self) -> None:
        """Close the socket itself, on a loop that is closed and takes no calls any more."""
        transport, self.transport = self.transport, None
        self._settle()
        connected = None if transport is None else transport.get_extra_info("socket")
        # What asyncio shows of its socket cannot be closed; loops of other makers close it.
        owned = getattr(connected, "_sock", None)
        if owned is not None:
            owned.close()

    async def close(self) -> None:
        """Close, and wait until it is closed."""
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
        """Asyncio's call: the connection is there."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio's call: something has come."""
        reader = self._reader
        if reader is None:
            # Nobody asked for anything: this connection cannot be trusted any more.
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
        """Asyncio's call: the connection has ended."""
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
        # After an answer to half of a request, the other half is still on its way.
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
