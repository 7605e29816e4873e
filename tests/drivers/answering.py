"""A server that answers every request in one way, for what no engine does on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field


@define
class Answering:
    """The running server: its address, and the requests that came (api, parameters)."""

    endpoint_url: str
    received: list[tuple[str, dict[str, Any]]] = field(factory=list)


@contextmanager
def answering(
    body: Any,
    status: int = 200,
    *,
    delay: float = 0.0,
    content_type: str = "application/x-amz-json-1.0",
) -> Iterator[Answering]:
    """Serve `body`, as JSON unless it is bytes, to every request, after `delay` seconds."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            state.received.append((self.headers["X-Amz-Target"].partition(".")[2], sent))
            time.sleep(delay)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("x-amzn-RequestId", "REQ-1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Answering(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def refusal(code: str, message: str, **more: Any) -> dict[str, Any]:
    """The body of an error, as DynamoDB sends it."""
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}
