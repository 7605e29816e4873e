"""A vector store in Amazon S3 Vectors, with your boto3 client.

::

    import boto3
    from leyden.memory.s3 import S3Vectors

    vectors = S3Vectors(boto3.client("s3vectors"), bucket="my-vectors")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from leyden.memory.base import BaseVectors, Conditions, Floats, Ids
from leyden.memory.checks import batches_of, flat_metadata, score_of
from leyden.memory.filters import members_of
from leyden.memory.protocols import Vector, VectorIndex, VectorMatch

__all__ = ["S3Vectors"]


class S3Vectors(BaseVectors):
    """Stores vectors in the indexes of a vector bucket, which must exist.

    S3 allows 40 KB of metadata for each vector, and 2 KB of it to filter by. The fields named in
    `unfiltered`, by default the text of a message, count only towards the 40 KB. A null is left
    out, and a nested value becomes its JSON text. S3 cannot delete by a filter, so such a deletion
    reads the whole index.

    The score is `1 - distance / 2` for `cosine` and `1 / (1 + distance)` for `euclidean`, with the
    distance that S3 returns.
    """

    service: ClassVar[str] = "S3 Vectors"
    separator = "-"
    metrics: ClassVar[Sequence[str]] = ("cosine", "euclidean")
    most: ClassVar[int | None] = 100

    def __init__(
        self, client: Any, bucket: str, *, unfiltered: Sequence[str] = ("content",)
    ) -> None:
        super().__init__()
        self._client = client
        self._bucket = {"vectorBucketName": bucket}
        self._unfiltered = [*unfiltered]

    def _describe(self, name: str) -> VectorIndex:
        found = self._client.get_index(**self._bucket, indexName=name)["index"]
        return VectorIndex(name, found["dimension"], found["distanceMetric"], None, True)

    def _create(self, name: str, dimensions: int, metric: str) -> None:
        asked: dict[str, Any] = {"dimension": dimensions, "distanceMetric": metric}
        if self._unfiltered:
            asked["metadataConfiguration"] = {"nonFilterableMetadataKeys": self._unfiltered}
        self._client.create_index(**self._bucket, indexName=name, dataType="float32", **asked)

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        written = [
            {
                "key": vector.id,
                "data": {"float32": vector.values},
                "metadata": flat_metadata(vector.metadata),
            }
            for vector in vectors
        ]
        self._client.put_vectors(**self._bucket, indexName=index, vectors=written)

    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]:
        asked: dict[str, Any] = {
            "topK": top_k,
            "queryVector": {"float32": vector},
            "returnMetadata": True,
            "returnDistance": True,
        }
        if conditions:
            asked["filter"] = {"$and": [{one.field: {"$in": [*one.values]}} for one in conditions]}
        for found in self._pages("query_vectors", index.name, asked):
            score = score_of(found["distance"], index.metric)
            yield VectorMatch(found["key"], score, dict(found.get("metadata") or {}))

    def _delete(self, index: str, ids: Ids) -> None:
        for keys in batches_of(ids, self.batch_size):
            self._client.delete_vectors(**self._bucket, indexName=index, keys=keys)

    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None:
        gone = []
        for found in self._pages("list_vectors", index.name, {"returnMetadata": True}):
            metadata = found.get("metadata") or {}
            held = ((members_of(metadata.get(one.field)), one.values) for one in conditions)
            if all(members & members_of(values) for members, values in held):
                gone.append(found["key"])
        self._delete(index.name, gone)

    def _pages(self, operation: str, index: str, asked: dict[str, Any]) -> Iterable[dict[str, Any]]:
        ask = partial(getattr(self._client, operation), **self._bucket, indexName=index, **asked)
        page = ask()
        yield from page["vectors"]
        while page.get("nextToken"):
            page = ask(nextToken=page["nextToken"])
            yield from page["vectors"]

    def _names(self) -> Iterable[str]:
        for page in self._client.get_paginator("list_indexes").paginate(**self._bucket):
            yield from (found["indexName"] for found in page["indexes"])

    def _is_missing(self, error: Exception) -> bool:
        answer = getattr(error, "response", None) or {}
        return bool(answer.get("Error", {}).get("Code") == "NotFoundException")
