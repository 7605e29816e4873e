"""A proxy in front of an engine that misbehaves as it is told, request by request.

It stands between a client and an engine and answers with DynamoDB's own errors, breaks
connections before or after the engine has seen the request, falls silent, and takes up only
part of a batch. What it does is a script, so that a test says which request meets which fault.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

_CONTENT_TYPE: Final = "application/x-amz-json-1.0"
_PATIENCE: Final = 60.0
_LEFT_IN: Final = {"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}


@frozen
class Forward:
    """No fault: the engine's own answer."""


@frozen
class Refuse:
    """DynamoDB's error `code`; the engine sees nothing of the request.

    With `forward` the engine has done what was asked all the same. `only` names the call that is
    refused; others are forwarded.
    """

    code: str
    status: int = 400
    more: Any = field(factory=dict)
    forward: bool = False
    only: str | None = None


@frozen
class Reset:
    """A broken connection; with `forward` the engine has done what was asked before it breaks."""

    forward: bool = False


@frozen
class Silence:
    """No answer at all; with `forward` the engine has done what was asked."""

    forward: bool = False


@frozen
class Partly:
    """The first `keep` entries of a batch are taken up, the others come back unprocessed.

    Requests that are no batches are forwarded as they are.
    """

    keep: int


@frozen
class CutShort:
    """The engine's answer, broken off in the middle; `declared` says how long it should be."""

    declared: bool = True


Fault = Forward | Refuse | Reset | Silence | Partly | CutShort


def throttled(code: str = "ProvisionedThroughputExceededException") -> Refuse:
    return Refuse(code)


def broken(status: int = 500) -> Refuse:
    return Refuse("InternalServerError" if status == 500 else "ServiceUnavailable", status)


@frozen
class Seen:
    """A request that came to the proxy, and what it met."""

    api: str
    params: dict[str, Any]
    fault: Fault


@define(eq=False)
class FaultProxy:
    """The running proxy: `url`, what it has `seen`, and `play` for what comes next.

    `remembers_tokens` answers a transaction that was already done under its token as DynamoDB
    does, for an engine that does not look at tokens.
    """

    engine_url: str
    remembers_tokens: bool = False
    url: str = ""
    seen: list[Seen] = field(factory=list)
    _script: deque[Fault] = field(factory=deque)
    _otherwise: Fault = field(factory=Forward)
    _answers: dict[str, bytes] = field(factory=dict)
    _under_way: int = 0
    _lock: Any = field(factory=threading.Lock)
    _closing: Any = field(factory=threading.Event)

    def play(self, *faults: Fault, otherwise: Fault | None = None) -> None:
        """Let the next requests meet `faults`, in this order, and all later ones `otherwise`.

        What was seen before is forgotten.
        """
        with self._lock:
            self._script = deque(faults)
            self._otherwise = otherwise or Forward()
            self.seen.clear()

    @property
    def faults_left(self) -> int:
        """How many faults of the script no request has met yet."""
        return len(self._script)

    @property
    def apis(self) -> list[str]:
        """The calls seen, by name."""
        return [seen.api for seen in self.seen]

    def next_fault(self, api: str, params: dict[str, Any]) -> Fault:
        """Take note of a request and say what it meets."""
        with self._lock:
            fault = self._script.popleft() if self._script else self._otherwise
            self.seen.append(Seen(api, params, fault))
            self._under_way += 1
            return fault

    def has_met(self) -> None:
        """Take note that a request has met its fault: the engine has done its part."""
        with self._lock:
            self._under_way -= 1

    def wait_until_met(self, count: int) -> None:
        """Wait until so many requests were seen, and the engine has done its part of them all.

        A client that does not wait for an answer may have given up before that.
        """
        end = time.monotonic() + _PATIENCE
        while len(self.seen) < count or self._under_way:
            assert time.monotonic() < end, f"{len(self.seen)} requests of {count} came"
            time.sleep(0.002)

    def forward(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The engine's answer: its status and its body."""
        token = json.loads(body).get("ClientRequestToken") if self.remembers_tokens else None
        if token in self._answers:
            return 200, self._answers[token]
        status, payload = self.exchange(headers, body)
        if token is not None and status == 200:
            self._answers[token] = payload
        return status, payload

    def exchange(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Send a request to the engine: its status and its body."""
        address = urlsplit(self.engine_url).netloc
        connection = http.client.HTTPConnection(address, timeout=_PATIENCE)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_until_closing(self) -> None:
        """Hold a request until the proxy stops; the client has given up long before."""
        self._closing.wait(_PATIENCE)

    def close(self) -> None:
        """Let go of all requests that are held."""
        self._closing.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A request that is held ends only after the server has.
    block_on_close = False

    def shutdown_request(self, request: Any) -> None:
        """Close without the farewell, which would turn a reset into an ordinary end."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are gone before their answer, as killed ones are."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def fault_proxy(engine_url: str, *, remembers_tokens: bool = False) -> Iterator[FaultProxy]:
    """Run a proxy in front of the engine at `engine_url`."""
    proxy = FaultProxy(engine_url, remembers_tokens)
    with running(proxy):
        yield proxy


@contextmanager
def running(proxy: FaultProxy) -> Iterator[None]:
    """Run a proxy; its `url` is known from then on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api = self.headers["X-Amz-Target"].partition(".")[2]
            params = json.loads(body)
            fault = proxy.next_fault(api, params)
            try:
                self._meet(fault, api, params, body)
            finally:
                proxy.has_met()
            if isinstance(fault, Silence):
                proxy.wait_until_closing()
                self._reset()

        def _meet(self, fault: Fault, api: str, params: dict[str, Any], body: bytes) -> None:
            match fault:
                case Refuse() if fault.only in (None, api):
                    if fault.forward:
                        self._forward(body)
                    self._answer(fault.status, refusal(fault))
                case Reset(forward=forward):
                    if forward:
                        self._forward(body)
                    self._reset()
                case Silence(forward=forward):
                    if forward:
                        self._forward(body)
                case Partly(keep=keep) if api in _LEFT_IN:
                    self._answer(*self._partly(api, params, keep))
                case CutShort(declared=declared):
                    status, payload = self._forward(body)
                    half = payload[: len(payload) // 2]
                    self._answer(status, half, length=len(payload) if declared else None)
                    self.close_connection = True
                case _:
                    self._answer(*self._forward(body))

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in {"content-length", "connection", "expect"}
            }
            return proxy.forward(headers, body)

        def _partly(self, api: str, params: dict[str, Any], keep: int) -> tuple[int, bytes]:
            kept, left = split_batch(params["RequestItems"], keep)
            if not kept:
                return 200, json.dumps({"Responses": {}, _LEFT_IN[api]: left}).encode()
            status, payload = self._forward(json.dumps({**params, "RequestItems": kept}).encode())
            answer = json.loads(payload)
            if status == 200:
                answer[_LEFT_IN[api]] = merge(answer.get(_LEFT_IN[api], {}), left)
            return status, json.dumps(answer).encode()

        def _answer(self, status: int, payload: bytes, *, length: int | None = -1) -> None:
            self.send_response(status)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("x-amzn-RequestId", f"REQUEST-{len(proxy.seen)}")
            if length is None:
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(len(payload) if length < 0 else length))
            self.end_headers()
            self.wfile.write(payload)
            self.wfile.flush()

        def _reset(self) -> None:
            # Closed without lingering, a connection ends in a reset.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        proxy.close()
        server.shutdown()
        server.server_close()
        thread.join()


def refusal(fault: Refuse) -> bytes:
    """The body of an error, as DynamoDB sends it."""
    kind = f"com.amazonaws.dynamodb.v20120810#{fault.code}"
    return json.dumps({"__type": kind, "message": "told to refuse", **fault.more}).encode()


def canceled(*codes: str) -> Refuse:
    """A transaction that was canceled, with a code for each of its operations."""
    reasons = [{"Code": code, "Message": None if code == "None" else "told to"} for code in codes]
    return Refuse("TransactionCanceledException", more={"CancellationReasons": reasons})


def split_batch(items: dict[str, Any], keep: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first `keep` entries of a batch, and the rest, both by table."""
    kept: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for table, body in items.items():
        entries = body["Keys"] if isinstance(body, dict) else body
        for into, part in ((kept, entries[:keep]), (left, entries[keep:])):
            if part:
                into[table] = {**body, "Keys": part} if isinstance(body, dict) else part
        keep = max(0, keep - len(entries))
    return kept, left


def merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two sets of entries by table, put together."""
    merged = dict(one)
    for table, body in other.items():
        if table not in merged:
            merged[table] = body
        elif isinstance(body, dict):
            merged[table] = {**body, "Keys": [*merged[table]["Keys"], *body["Keys"]]}
        else:
            merged[table] = [*merged[table], *body]
    return merged


def entries_of(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of batches by table, as one list."""
    return [
        entry
        for by_table in items
        for body in by_table.values()
        for entry in (body["Keys"] if isinstance(body, dict) else body)
    ]
