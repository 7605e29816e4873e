"""Open connections of one event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque

import botocore.exceptions as aws

from leyden.drivers.aio.channel import Channel
from leyden.drivers.wire.destination import Destination, Route, connect_request
from leyden.drivers.wire.http11 import HttpAnswer
from leyden.drivers.wire.trust import Trust

_OK = 200


class ChannelPool:
    """At most `size` connections at a time; who comes later waits for one.

    A connection is looked at before it is used again, and one whose exchange was broken off, by
    an error, a timeout or a cancellation, is closed.
    """

    def __init__(
        self, trust: Trust, *, connect_timeout: float, read_timeout: float, size: int
    ) -> None:
        self._trust = trust
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._loop = asyncio.get_running_loop()
        self._permits = asyncio.Semaphore(size)
        self._idle: dict[Route, deque[Channel]] = {}
        self._all: set[Channel] = set()
        self._closed = False

    @property
    def idle(self) -> int:
        """How many connections are open and not in use."""
        return sum(map(len, self._idle.values()))

    async def exchange(self, destination: Destination, data: bytes) -> HttpAnswer:
        """Send a request and wait for the answer. Raises botocore's errors of connections."""
        route = destination.route
        async with self._permits:
            channel = self._take(route) or await self._open(destination)
            try:
                answer = await channel.exchange(data, destination.url)
            except BaseException:
                self._drop(channel)
                raise
            if channel.reusable and not self._closed:
                channel.since = self._loop.time()
                self._idle.setdefault(route, deque()).append(channel)
            else:
                self._drop(channel)
            return answer

    async def close(self) -> None:
        """Close what is idle now, and what is used from now on when its answer is there.

        Who goes on using it, for a program that began before, has connections for one request.
        """
        self._closed = True
        idle = [channel for channels in self._idle.values() for channel in channels]
        self._idle.clear()
        self._all.difference_update(idle)
        await asyncio.gather(*(channel.close() for channel in idle))

    def abandon(self) -> None:
        """Let go of everything, on a loop that does not run any more."""
        self._closed = True
        self._idle.clear()
        for channel in list(self._all):
            if self._loop.is_closed():
                channel.hang_up()
            else:
                channel.abort()
        self._all.clear()

    def _take(self, route: Route) -> Channel | None:
        channels = self._idle.get(route)
        while channels:
            channel = channels.pop()
            if channel.is_alive():
                return channel
            self._drop(channel)
        return None

    def _drop(self, channel: Channel) -> None:
        self._all.discard(channel)
        channel.abort()

    async def _open(self, destination: Destination) -> Channel:
        route, url = destination.route, destination.url
        channel = Channel(self._loop, self._read_timeout)
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

    async def _connect(self, channel: Channel, route: Route) -> None:
        loop, proxy = self._loop, route.proxy
        if proxy is None:
            await loop.create_connection(
                lambda: channel,
                route.host,
                route.port,
                ssl=self._trust.context if route.secure else None,
                server_hostname=route.host if route.secure else None,
            )
        else:
            to_proxy = proxy.scheme == "https"
            await loop.create_connection(
                lambda: channel,
                proxy.host,
                proxy.port,
                ssl=self._trust.context if to_proxy else None,
                server_hostname=proxy.host if to_proxy else None,
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
