"""A vector store in Pinecone; it needs the extra `pinecone`.

::

    from leyden.memory.pinecone import PineconeVectors

    vectors = PineconeVectors(api_key="...")        # or the variable PINECONE_API_KEY
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote, unquote

from leyden.memory.base import BaseVectors, Conditions, Floats, Ids
from leyden.memory.checks import batches_of, flat_metadata, score_of
from leyden.memory.filters import Condition
from leyden.memory.protocols import Vector, VectorIndex, VectorMatch

try:
    from pinecone import Pinecone, ServerlessSpec
except ImportError as error:
    raise ImportError(
        'PineconeVectors needs Pinecone\'s client: pip install "leyden[pinecone]"'
    ) from error

__all__ = ["PineconeVectors"]

_METRICS: Final = {"cosine": "cosine", "euclidean": "euclidean", "dotproduct": "dot_product"}
_MOST_IDS: Final = 1000
"""The most ids in one delete request."""


class PineconeVectors(BaseVectors):
    """Stores vectors in Pinecone's indexes, all in one namespace.

    `client` is your `pinecone.Pinecone`; without it, one is created with `api_key` or the variable
    PINECONE_API_KEY. `spec` says where new indexes are, by default serverless in AWS's us-east-1.
    Pinecone is eventually consistent: queries find what was written only some time later.

    Pinecone takes neither nulls nor nested values in metadata. A null is left out, and a nested
    value becomes its JSON text. Pinecone allows 40 KB of metadata for each vector, and returns
    every number as a float.

    The score is `(1 + similarity) / 2` for `cosine`, `1 / (1 + distance)` for `euclidean`, and
    `(1 + product) / 2` for `dot_product`, which is meant for vectors of length 1.
    """

    service: ClassVar[str] = "Pinecone"
    separator = "-"
    most: ClassVar[int | None] = 10_000
    batch_size = 1000
    batch_bytes: int | None = 2_000_000

    def __init__(
        self,
        api_key: str | None = None,
        *,
        client: Any = None,
        namespace: str = "",
        spec: Any = None,
    ) -> None:
        super().__init__()
        self._client: Any = client if client is not None else Pinecone(api_key=api_key)
        self._namespace = namespace
        self._spec = spec or ServerlessSpec(cloud="aws", region="us-east-1")
        self._handles: dict[str, Any] = {}

    def _describe(self, name: str) -> VectorIndex:
        found = self._client.describe_index(name)
        count, ready = None, bool(found.status.ready)
        if ready:
            # An index that was deleted and created again has another host.
            self._handles[name] = handle = self._client.Index(host=found.host)
            count = handle.describe_index_stats().total_vector_count
        metric = _METRICS.get(found.metric, str(found.metric))
        return VectorIndex(name, found.dimension, metric, count, ready)

    def _create(self, name: str, dimensions: int, metric: str) -> None:
        # Without this timeout, the client itself would wait for the index, forever.
        self._client.create_index(
            name=name,
            dimension=dimensions,
            metric=metric.replace("_", ""),
            spec=self._spec,
            timeout=-1,
        )

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        self._handles[index].upsert(
            vectors=[
                {
                    "id": _encoded(vector.id),
                    "values": vector.values,
                    "metadata": flat_metadata(vector.metadata),
                }
                for vector in vectors
            ],
            namespace=self._namespace,
        )

    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]:
        answer = self._handles[index.name].query(
            vector=vector,
            top_k=top_k,
            filter=_filter(conditions) if conditions else None,
            include_metadata=True,
            namespace=self._namespace,
        )
        for match in answer.matches:
            # The score of the metric euclidean is the squared distance.
            measure = max(match.score, 0.0) ** 0.5 if index.metric == "euclidean" else match.score
            score = score_of(measure, index.metric, similarity=True)
            yield VectorMatch(unquote(match.id), score, dict(match.metadata or {}))

    def _delete(self, index: str, ids: Ids) -> None:
        for part in batches_of(ids, _MOST_IDS):
            self._remove(index, ids=[_encoded(id) for id in part])

    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None:
        try:
            self._remove(index.name, filter=_filter(conditions))
        except Exception as error:
            if _status_of(error) != 400 or "metadata filter" not in str(error):
                raise
            # Some indexes delete only by ids, so delete what queries find until they find nothing.
            self._delete_what_is_found(index, conditions)

    def _delete_what_is_found(self, index: VectorIndex, conditions: Conditions) -> None:
        handle, deleted = self._handles[index.name], set[str]()
        while True:
            answer = handle.query(
                vector=[1.0] * index.dimensions,
                top_k=self.most,
                filter=_filter(conditions),
                namespace=self._namespace,
            )
            # For a while, a query may still return what is deleted already.
            found = [match.id for match in answer.matches if match.id not in deleted]
            if not found:
                return
            for part in batches_of(found, _MOST_IDS):
                self._remove(index.name, ids=part)
            deleted.update(found)

    def _remove(self, index: str, **what: Any) -> None:
        try:
            self._handles[index].delete(namespace=self._namespace, **what)
        except Exception as error:
            # A namespace does not exist before its first vector, so there is nothing to delete.
            if _status_of(error) != 404 or "namespace" not in str(error).lower():
                raise

    def _names(self) -> Iterable[str]:
        return [found.name for found in self._client.list_indexes()]

    def _is_missing(self, error: Exception) -> bool:
        return _status_of(error) == 404


def _status_of(error: Exception) -> int | None:
    return getattr(error, "status_code", None) or getattr(error, "status", None)


def _filter(conditions: Sequence[Condition]) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        {condition.field: {"$in": [*condition.values]}}
        if condition.is_in
        else {condition.field: {"$eq": condition.values[0]}}
        for condition in conditions
    ]
    return found[0] if len(found) == 1 else {"$and": found}


def _encoded(id: str) -> str:
    """Encode an id in ASCII, which is all that Pinecone takes; most ids stay as they are."""
    return id if id.isascii() and "%" not in id else quote(id, safe=" !#$&'()*+,/:;=?@[]")
