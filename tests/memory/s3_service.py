"""A boto3 client of S3 Vectors whose requests are answered here, not sent.

botocore checks what it is asked, writes the request, and reads the answer, all by its own model of
the service; between the two stands this bucket.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse

from tests.memory.pinecone_service import RefusedError, meets


@cache
def session() -> Any:
    """One session, which reads the service's model once."""
    return botocore.session.get_session()


class Bucket:
    """The indexes of a vector bucket. Pages are short, so that readers have to ask again."""

    page = 3

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}
        self.vectors: dict[str, dict[str, dict[str, Any]]] = {}
        self.refused: set[str] = set()

    def client(self) -> Any:
        client = session().create_client(
            "s3vectors",
            region_name="eu-central-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        client.meta.events.register("before-send.s3vectors", self.answer)
        return client

    def answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        status, headers = 200, {"Content-Type": "application/json"}
        try:
            said = getattr(self, operation)(json.loads(request.body or b"{}"))
        except RefusedError as error:
            status, said = error.status, {"message": str(error)}
            kind = {404: "NotFoundException", 409: "ConflictException"}
            headers["x-amzn-ErrorType"] = kind.get(status, "ValidationException")
        answer = AWSResponse(request.url, status, headers, None)
        answer._content = json.dumps(said).encode()
        return answer

    def held(self, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
        if asked["indexName"] not in self.indexes:
            raise RefusedError(404, "The specified index could not be found")
        return self.vectors[asked["indexName"]]

    def paged(self, found: list[Any], asked: dict[str, Any], name: str) -> dict[str, Any]:
        start = int(asked.get("nextToken", 0))
        page = {name: found[start : start + self.page]}
        if start + self.page < len(found):
            page |= {"nextToken": str(start + self.page)}
        return page

    def CreateIndex(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        if asked["indexName"] in self.indexes:
            raise RefusedError(409, "An index with the specified name already exists")
        self.indexes[asked["indexName"]] = asked
        self.vectors[asked["indexName"]] = {}
        return {"indexArn": "arn:aws:s3vectors:eu-central-1:000000000000:bucket/b/index/i"}

    def shown(self, name: str) -> dict[str, Any]:
        return {**self.indexes[name], "indexArn": "arn", "creationTime": 0}

    def GetIndex(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        self.held(asked)
        return {"index": self.shown(asked["indexName"])}

    def ListIndexes(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        return self.paged([self.shown(name) for name in self.indexes], asked, "indexes")

    def PutVectors(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        held = self.held(asked)
        for one in asked["vectors"]:
            if one["key"] in self.refused:
                raise RefusedError(400, "This one was refused")
            for value in one["metadata"].values():
                members = value if isinstance(value, list) else [value]
                if not all(isinstance(each, (str, bool, int, float)) for each in members):
                    raise RefusedError(400, "Metadata is a string, a number, a boolean or a list")
        held.update({one["key"]: one for one in asked["vectors"]})
        return {}

    def QueryVectors(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        definition = self.indexes.get(asked["indexName"], {})
        hidden = definition.get("metadataConfiguration", {}).get("nonFilterableMetadataKeys", [])
        for each in (asked.get("filter") or {}).get("$and", []):
            if set(each) & set(hidden):
                raise RefusedError(400, "Invalid use of non-filterable metadata in filter")
        sought = asked["queryVector"]["float32"]
        found = [
            {
                "key": one["key"],
                "distance": measured(definition["distanceMetric"], sought, one["data"]["float32"]),
                "metadata": one["metadata"],
            }
            for one in [*self.held(asked).values()]
            if meets(asked.get("filter"), one["metadata"])
        ]
        found.sort(key=lambda one: one["distance"])
        return {
            **self.paged(found[: asked["topK"]], asked, "vectors"),
            "distanceMetric": definition["distanceMetric"],
        }

    def ListVectors(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        # What is written between two pages moves no other vector from one to the other.
        held, after = dict(self.held(asked)), asked.get("nextToken", "")
        keys = sorted(key for key in held if key > after)[: self.page + 1]
        found = [{"key": key, "metadata": held[key]["metadata"]} for key in keys[: self.page]]
        more = {"nextToken": found[-1]["key"]} if len(keys) > self.page else {}
        return {"vectors": found, **more}

    def DeleteVectors(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        held = self.held(asked)
        for key in asked["keys"]:
            held.pop(key, None)
        return {}


def measured(metric: str, one: list[float], other: list[float]) -> float:
    if metric == "euclidean":
        return math.dist(one, other)
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return 1.0 - product / (math.hypot(*one) * math.hypot(*other))
