"""Answers on 127.0.0.1 as Pinecone does, in the shapes of the Pinecone client's own models.

The client's classes decode what it sent and encode what it gets, so a field that one of them does
not have fails here. What the service refuses, and keeps as something else, is by its documents:
filters of other operators, metadata that is nested or null, ids that are not ASCII.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from pinecone.models.indexes.index import IndexModel
from pinecone.models.vectors.responses import (
    DescribeIndexStatsResponse,
    NamespaceSummary,
    QueryResponse,
    UpsertResponse,
)
from pinecone.models.vectors.vector import ScoredVector, Vector


class RefusedError(Exception):
    """An answer that is an error, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PineconeService(ThreadingHTTPServer):
    """All indexes of a project; each is ready when it was looked at `looks` times."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PineconeRequest)
        self.host = f"http://127.0.0.1:{self.server_port}"
        self.indexes: dict[str, dict[str, Any]] = {}
        self.vectors: dict[str, dict[str, dict[str, Vector]]] = {}
        self.looks = 0
        self.refused: set[str] = set()
        self.deletes_by_filter = True
        self.asked: list[tuple[str, str, Any]] = []
        self.largest = 0

    def describe(self, name: str) -> IndexModel:
        """The index as the client's model has it."""
        if name not in self.indexes:
            raise RefusedError(404, f"Resource {name} not found")
        found = self.indexes[name]
        found["looks"] += 1
        ready = found["looks"] > self.looks
        return msgspec.convert(
            {
                "name": name,
                "host": f"{self.host}/{name}" if ready else None,
                "status": {"ready": ready, "state": "Ready" if ready else "Initializing"},
                "schema": found["schema"],
                "deployment": {
                    "environment": "aws-us-east-1",
                    **found["deployment"],
                },
                "deletion_protection": "disabled",
            },
            IndexModel,
        )

    def field(self, name: str) -> Mapping[str, Any]:
        """The one dense field of an index."""
        (field,) = self.indexes[name]["schema"]["fields"].values()
        assert field["type"] == "dense_vector"
        return dict(field)

    def control(self, verb: str, path: str, body: Any) -> Any:
        """The plane that knows indexes."""
        if (verb, path) == ("GET", "/indexes"):
            return {"indexes": [self.describe(name) for name in self.indexes]}
        if (verb, path) == ("POST", "/indexes"):
            if body["name"] in self.indexes:
                raise RefusedError(409, "Resource already exists")
            self.indexes[body["name"]] = {**body, "looks": 0}
            self.vectors[body["name"]] = {}
            # What is being made is not ready.
            described = self.describe(body["name"])
            self.indexes[body["name"]]["looks"] = 0
            return described
        return self.describe(path.removeprefix("/indexes/"))

    def data(self, name: str, path: str, body: dict[str, Any]) -> Any:
        """The plane that knows the vectors of an index."""
        if name not in self.indexes:
            raise RefusedError(404, "Index not found")
        spaces = self.vectors[name]
        if path == "describe_index_stats":
            count = sum(map(len, spaces.values()))
            return DescribeIndexStatsResponse(
                namespaces={
                    space: NamespaceSummary(vector_count=len(held))
                    for space, held in spaces.items()
                },
                dimension=self.field(name)["dimension"],
                index_fullness=0.0,
                total_vector_count=count,
            )
        space = body.pop("namespace", "")
        if path == "vectors/upsert":
            return self.upsert(name, spaces.setdefault(space, {}), body)
        if path == "query":
            return self.query(name, space, spaces.get(space, {}), body)
        assert path == "vectors/delete", path
        if space not in spaces:
            raise RefusedError(404, "Namespace not found")
        return self.delete(spaces[space], body)

    def upsert(self, name: str, held: dict[str, Vector], body: dict[str, Any]) -> UpsertResponse:
        vectors = msgspec.convert(body["vectors"], list[Vector])
        if len(vectors) > 1000:
            raise RefusedError(400, "Vector upsert batch exceeds 1000")
        for vector in vectors:
            if vector.id in self.refused:
                raise RefusedError(400, "This one was refused")
            if not vector.id.isascii() or len(vector.id) > 512:
                raise RefusedError(400, "Vector ID must be ASCII")
            if len(vector.values) != self.field(name)["dimension"]:
                raise RefusedError(400, "Vector dimension does not match")
            for value in (vector.metadata or {}).values():
                if isinstance(value, list) and all(isinstance(each, str) for each in value):
                    continue
                if not isinstance(value, (str, bool, int, float)):
                    raise RefusedError(400, "Metadata value must be a string, number, boolean")
        for vector in vectors:
            kept = {
                key: float(value) if type(value) is int else value
                for key, value in (vector.metadata or {}).items()
            }
            held[vector.id] = Vector(vector.id, vector.values, metadata=kept)
        return UpsertResponse(upserted_count=len(vectors))

    def query(
        self, name: str, space: str, held: dict[str, Vector], body: dict[str, Any]
    ) -> QueryResponse:
        metric = self.field(name)["metric"]
        matches = [
            ScoredVector(
                id=vector.id,
                score=scored(metric, body["vector"], vector.values),
                metadata=vector.metadata if body["includeMetadata"] else None,
            )
            for vector in held.values()
            if meets(body.get("filter"), vector.metadata or {})
        ]
        matches.sort(key=lambda match: match.score, reverse=metric != "euclidean")
        return QueryResponse(matches=matches[: body["topK"]], namespace=space)

    def delete(self, held: dict[str, Vector], body: dict[str, Any]) -> dict[str, Any]:
        if "filter" in body:
            if not self.deletes_by_filter:
                raise RefusedError(
                    400,
                    "Serverless and Starter indexes do not support deleting with metadata filter",
                )
            gone = [id for id, one in held.items() if meets(body["filter"], one.metadata or {})]
        else:
            gone = body["ids"]
            if len(gone) > 1000:
                raise RefusedError(400, "Too many ids")
        for id in gone:
            held.pop(id, None)
        return {}


def scored(metric: str, one: list[float], other: list[float]) -> float:
    """The score as Pinecone gives it."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    if metric == "cosine":
        return product / (math.hypot(*one) * math.hypot(*other))
    return product if metric == "dotproduct" else math.dist(one, other) ** 2


def meets(filter: Any, metadata: Mapping[str, Any]) -> bool:
    """Whether metadata meets a filter, of which this service knows three operators."""
    if filter is None:
        return True
    held = []
    for field, wanted in filter.items():
        if field == "$and":
            held.append(all(meets(each, metadata) for each in wanted))
            continue
        ((operator, value),) = wanted.items()
        if operator not in ("$eq", "$in") or (operator == "$in" and not value):
            raise RefusedError(400, f"Unknown or empty operator {operator}")
        have = metadata.get(field)
        members = have if isinstance(have, list) else [have]
        among = value if operator == "$in" else [value]
        held.append(
            any(
                isinstance(a, bool) is isinstance(b, bool) and a == b
                for a in members
                for b in among
            )
        )
    return all(held)


class PineconeRequest(BaseHTTPRequestHandler):
    server: PineconeService

    def do_GET(self) -> None:
        self.answer("GET")

    def do_POST(self) -> None:
        self.answer("POST")

    def answer(self, verb: str) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(size)
        body = json.loads(content) if content else {}
        service = self.server
        service.asked.append((verb, self.path, json.loads(content) if content else {}))
        service.largest = max(service.largest, size)
        status: int = 200
        said: Any = None
        try:
            if self.path.startswith("/indexes"):
                said = service.control(verb, self.path, body)
            else:
                _, name, path = self.path.split("/", 2)
                said = service.data(name, path, body)
        except RefusedError as error:
            status = error.status
            said = {"code": 3, "message": str(error), "details": []}
        encoded = msgspec.json.encode(said)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *args: Any) -> None: ...


@contextmanager
def serving() -> Iterator[PineconeService]:
    """A service that answers until the block ends."""
    with PineconeService() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
