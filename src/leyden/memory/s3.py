"""A vector store in Amazon S3 Vectors, with a boto3 client of yours.

::

    import boto3
    from leyden.memory.s3 import S3Vectors

    vectors = S3Vectors(boto3.client("s3vectors"), bucket="my-vectors")
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from leyden.memory.base import BaseVectors
from leyden.memory.checks import batches_of, flat_metadata, score_of
from leyden.memory.filters import Condition, members_of
from leyden.memory.protocols import Vector, VectorIndex, VectorMatch

__all__ = ["S3Vectors"]


class S3Vectors(BaseVectors):
    """Keeps vectors in the indexes of a vector bucket, which must be there.

    S3 takes 2 KB of metadata a vector that can be filtered by, and 40 KB in all; fields named in
    `unfiltered`, by default the text of a message, count towards the 40 KB alone. A null is left
    out, and a nested value becomes its JSON text. S3 cannot delete by a filter: to do so, all of
    the index is read.

    The score is `1 - distance / 2` for `cosine`, and `1 / (1 + distance)` for `euclidean`, by the
    distance as S3 gives it.
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
        configuration = {"nonFilterableMetadataKeys": self._unfiltered} if self._unfiltered else {}
        self._client.create_index(
            **self._bucket,
            indexName=name,
            dataType="float32",
            dimension=dimensions,
            distanceMetric=metric,
            **({"metadataConfiguration": configuration} if configuration else {}),
        )

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        self._client.put_vectors(
            **self._bucket,
            indexName=index,
            vectors=[
                {
                    "key": vector.id,
                    "data": {"float32": vector.values},
                    "metadata": flat_metadata(vector.metadata),
                }
                for vector in vectors
            ],
        )

    def _nearest(
        self,
        index: VectorIndex,
        vector: builtins.list[float],
        top_k: int,
        conditions: Sequence[Condition],
    ) -> Iterable[VectorMatch]:
        asked: dict[str, Any] = {
            "topK": top_k,
            "queryVector": {"float32": vector},
            "returnMetadata": True,
            "returnDistance": True,
        }
        if conditions:
            asked["filter"] = {
                "$and": [
                    {each.field: {"$in": [*each.values]} if each.is_in else {"$eq": each.values[0]}}
                    for each in conditions
                ]
            }
        for found in self._pages("query_vectors", index.name, asked):
            score = score_of(found["distance"], index.metric)
            yield VectorMatch(found["key"], score, dict(found.get("metadata") or {}))

    def _delete(self, index: str, ids: builtins.list[str]) -> None:
        for keys in batches_of(ids, self.batch_size):
            self._client.delete_vectors(**self._bucket, indexName=index, keys=keys)

    def _delete_where(self, index: VectorIndex, conditions: Sequence[Condition]) -> None:
        wanted = [(each.field, members_of(each.values)) for each in conditions]
        self._delete(
            index.name,
            [
                found["key"]
                for found in self._pages("list_vectors", index.name, {"returnMetadata": True})
                if all(
                    members_of((found.get("metadata") or {}).get(field)) & members
                    for field, members in wanted
                )
            ],
        )

    def _pages(self, operation: str, index: str, asked: dict[str, Any]) -> Iterable[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = getattr(self._client, operation)(
                **self._bucket, indexName=index, **asked, **token
            )
            yield from page["vectors"]
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def _names(self) -> Iterable[str]:
        for page in self._client.get_paginator("list_indexes").paginate(**self._bucket):
            yield from (found["indexName"] for found in page["indexes"])

    def _is_missing(self, error: Exception) -> bool:
        answer = getattr(error, "response", None) or {}
        return bool(answer.get("Error", {}).get("Code") == "NotFoundException")
