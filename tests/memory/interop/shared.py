"""A vector store of this process, which TypeScript asks over HTTP: both sides share it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from leyden.memory import Vector, VectorStore


class SharedVectors:
    """Serves a store on the loopback address; `address` is what `memory.mjs` asks.

    An id of a vector that comes without one is made up, as the stores over there do.
    """

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self._made = itertools.count(1)
        shared = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps({"value": shared.answer(**question)}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it is asked."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, params: Mapping[str, Any]) -> Any:
        """What a method of a vector store in TypeScript answers."""
        index = params.get("indexName", "")
        match method:
            case "createIndex":
                self._store.create_index(index, params["dimension"], params.get("metric", "cosine"))
                return None
            case "upsert":
                ids = params.get("ids") or [f"made-{next(self._made)}" for _ in params["vectors"]]
                rows = zip(ids, params["vectors"], params["metadata"], strict=True)
                self._store.upsert(index, [Vector(*row) for row in rows])
                return ids
            case "query":
                vector, top = params["queryVector"], params["topK"]
                found = self._store.query(
                    index, vector, top_k=top, filter=_filter(params.get("filter"))
                )
                return [{"id": m.id, "score": m.score, "metadata": m.metadata} for m in found]
            case "deleteVectors":
                self._store.delete(index, filter=_filter(params["filter"]))
                return None
            case "listIndexes":
                return self._store.list()
        raise ValueError(f"there is no {method}")


def _filter(theirs: Any) -> Any:
    """A filter in our words: `in` for `$in`, `and` for `$and`."""
    if isinstance(theirs, list):
        return [_filter(part) for part in theirs]
    if isinstance(theirs, dict):
        return {name.removeprefix("$"): _filter(part) for name, part in theirs.items()}
    return theirs
