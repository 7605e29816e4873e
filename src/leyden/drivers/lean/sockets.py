"""Blocking connections, which stay open between requests and are shared by threads."""

from __future__ import annotations

import contextlib
import select
import socket
import time
import weakref
from collections import deque
from typing import Any, Final

from leyden.drivers.base import IDLE_LIMIT, aws, renew_at_fork, ssl
from leyden.drivers.lean.answers import (
    AnswerReader,
    BrokenAnswerError,
    ForeignAnswerError,
    HttpAnswer,
)
from leyden.drivers.lean.endpoint import Destination, Route, connect_request
from leyden.drivers.lean.trust import Trust

_OK: Final = 200


class Pool:
    """Open connections by route; several threads may share a pool.

    At most `size` idle connections to each route stay open. A connection is checked before it is
    used again, and replaced if the other side has closed it.
    """

    def __init__(
        self, trust: Trust, *, connect_timeout: float, read_timeout: float, size: int
    ) -> None:
        self._trust = trust
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._size = size
        self._idle: dict[Route, deque[Connection]] = {}
        self._era = 0
        renew_at_fork(self)
        # urllib3's pools also close themselves if somebody drops a service without closing it.
        weakref.finalize(self, _close_all, self._idle)

    def exchange(self, destination: Destination, data: bytes) -> HttpAnswer:
        """Send a request and wait for the answer.

        Raises botocore's errors of connections, ForeignAnswerError, and InvalidOptionError for
        certificates that cannot be read.
        """
        connection = self._take(destination)
        try:
            if not connection.send(data, destination.url):
                # None of the request was taken, so it is safe to send it on a new connection.
                connection.close()
                connection = self._open(destination)
                connection.send(data, destination.url)
            answer = connection.receive(destination.url)
        except BaseException:
            connection.close()
            raise
        self._give_back(destination.route, connection)
        return answer

    def close(self) -> None:
        """Close idle connections now, and those in use when they are given back."""
        self._era += 1
        _close_all(self._idle)

    @property
    def idle(self) -> int:
        """The number of open connections that are not in use."""
        return sum(map(len, self._idle.values()))

    def after_fork(self) -> None:
        """Drop all connections; the parent keeps them open."""
        self.close()

    def _take(self, destination: Destination) -> Connection:
        connections = self._idle.get(destination.route)
        while connections:
            try:
                connection = connections.pop()
            except IndexError:
                break
            if connection.is_alive():
                return connection
            connection.close()
        return self._open(destination)

    def _give_back(self, route: Route, connection: Connection) -> None:
        connections = self._idle.setdefault(route, deque())
        if not connection.reusable or connection.era != self._era or len(connections) >= self._size:
            connection.close()
            return
        connection.used = True
        connection.since = time.monotonic()
        connections.append(connection)
        if connection.era != self._era:
            # Another thread has just closed the pool, and may not have seen this connection.
            _close_all({route: connections})

    def _open(self, destination: Destination) -> Connection:
        route, url = destination.route, destination.url
        proxy = route.proxy
        if route.secure or (proxy and proxy.scheme == "https"):
            # Load the certificates before connecting, so that bad ones are reported first.
            self._trust.load()
        host, port = (proxy.host, proxy.port) if proxy else (route.host, route.port)
        # As bytes, a name skips Python's IDNA, which imports a table of all characters.
        address: Any = (host.encode() if host.isascii() else host, port)
        # Each way to fail has its own error, and all of them close the socket.
        try:
            raw = socket.create_connection(address, self._connect_timeout)
        except TimeoutError as error:
            raise aws.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            if proxy:
                raise aws.ProxyConnectionError(proxy_url=proxy.url, error=error) from error
            raise aws.EndpointConnectionError(endpoint_url=url, error=error) from error
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if proxy and proxy.scheme == "https":
                raw = self._trust.context.wrap_socket(raw, server_hostname=proxy.host)
            if route.tunneled:
                _tunnel(raw, route)
            if route.secure:
                raw = self._trust.context.wrap_socket(raw, server_hostname=route.host)
            raw.settimeout(self._read_timeout)
        except TimeoutError as error:
            raw.close()
            raise aws.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except ssl.SSLError as error:
            raw.close()
            raise aws.SSLError(endpoint_url=url, error=error) from error
        except aws.ConnectionError:
            raw.close()
            raise
        except OSError as error:
            raw.close()
            raise aws.EndpointConnectionError(endpoint_url=url, error=error) from error
        except BaseException:
            raw.close()
            raise
        return Connection(raw, self._era)


class Connection:
    """One open connection."""

    __slots__ = ("_poll", "_socket", "cut_short", "era", "reusable", "since", "used")

    def __init__(self, connected: socket.socket, era: int) -> None:
        self._socket = connected
        self._poll: Any = None
        self.era = era
        self.used = False
        self.cut_short = False
        self.reusable = False
        self.since = 0.0

    def is_alive(self) -> bool:
        """Return whether it may be used again: it is not too old, and the other side was silent."""
        if time.monotonic() - self.since > IDLE_LIMIT:
            return False
        if not hasattr(select, "poll"):
            readable, _, _ = select.select([self._socket], [], [], 0)
            return not readable
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN | select.POLLPRI)
        return not self._poll.poll(0)

    def send(self, data: bytes, url: str) -> bool:
        """Send data; return False if a connection that was used before no longer takes any."""
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise aws.ReadTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            if self.used:
                return False
            if not isinstance(error, BrokenPipeError | ConnectionResetError):
                raise aws.ConnectionClosedError(endpoint_url=url, error=error) from error
            # The other side may have answered early, for example because the request is too large.
            self.cut_short = True
        return True

    def receive(self, url: str) -> HttpAnswer:
        """Wait for the answer."""
        reader = AnswerReader()
        read = self._socket.recv
        try:
            while True:
                data = read(reader.read_size)
                if reader.feed(data) if data else reader.finish():
                    break
        except TimeoutError as error:
            raise aws.ReadTimeoutError(endpoint_url=url, error=error) from error
        except (BrokenAnswerError, OSError) as error:
            raise aws.ConnectionClosedError(endpoint_url=url, error=error) from error
        self.reusable = reader.reusable and not self.cut_short
        assert reader.answer is not None
        return reader.answer

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()


def _close_all(idle: dict[Route, deque[Connection]]) -> None:
    for connections in list(idle.values()):
        # Other threads may take connections and give them back at the same time.
        while connections:
            with contextlib.suppress(IndexError):
                connections.pop().close()


def _tunnel(connected: socket.socket, route: Route) -> None:
    """Ask the proxy to pass bytes on to the route's host."""
    assert route.proxy is not None
    connected.sendall(connect_request(route))
    reader = AnswerReader()
    head = b""
    # Read byte by byte, so that nothing behind the head is consumed.
    while not head.endswith(b"\r\n\r\n"):
        more = connected.recv(1)
        if not more:
            break
        head += more
    try:
        reader.feed(head)
        status = reader.status
    except (BrokenAnswerError, ForeignAnswerError):
        status = 0
    if status != _OK:
        error = f"the proxy does not open a tunnel (status {status})"
        raise aws.ProxyConnectionError(proxy_url=route.proxy.url, error=error)
