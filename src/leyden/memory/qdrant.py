"""A vector store in Qdrant; it needs the extra `qdrant`.

::

    from leyden.memory.qdrant import QdrantVectors
    from qdrant_client import QdrantClient

    vectors = QdrantVectors(QdrantClient(url="http://localhost:6333"))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from leyden._text import quoted
from leyden.errors import VectorInputError
from leyden.memory.base import BaseVectors, Conditions, Floats, Ids
from leyden.memory.checks import score_of
from leyden.memory.filters import Condition
from leyden.memory.protocols import Vector, VectorIndex, VectorMatch

try:
    from qdrant_client import QdrantClient, models
    from qdrant_client.local.qdrant_local import QdrantLocal
except ImportError as error:
    raise ImportError(
        'QdrantVectors needs Qdrant\'s client: pip install "leyden[qdrant]"'
    ) from error

__all__ = ["QdrantVectors"]

_DISTANCES: Final = {
    "cosine": models.Distance.COSINE,
    "euclidean": models.Distance.EUCLID,
    "dot_product": models.Distance.DOT,
}
_METRICS: Final = {distance: metric for metric, distance in _DISTANCES.items()}
_NAMESPACE: Final = UUID("0d8a7a5e-6a0f-5c53-9f0a-3f5f4b1f6c11")
"""The namespace of the UUIDs that replace other ids."""
_ID: Final = "vector_id"
"""The payload field that holds an id that is not a UUID."""


class QdrantVectors(BaseVectors):
    """Stores vectors in Qdrant; each index is a collection of that name.

    Qdrant's ids are UUIDs. Any other id is replaced by a UUID that is derived from it, and stored
    in the payload, beside the metadata.

    The score is `(1 + similarity) / 2` for `cosine`, `1 / (1 + distance)` for `euclidean`, and
    `(1 + product) / 2` for `dot_product`, which is meant for vectors of length 1.

    `indexed` names the fields of the metadata that get a payload index, without which filters on
    them are slow.
    """

    service: ClassVar[str] = "Qdrant"

    def __init__(
        self, client: QdrantClient, *, indexed: Sequence[str] = ("thread_id", "resource_id")
    ) -> None:
        super().__init__()
        self._client = client
        self._indexed = tuple(indexed)
        # Qdrant's in-process client is not thread-safe.
        is_local = isinstance(getattr(client, "_client", None), QdrantLocal)
        self._lock: Any = RLock() if is_local else nullcontext()

    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> None:
        """Create a collection with its payload indexes, and wait until it is ready."""
        super().create_index(name, dimensions, metric)
        with self._asking(name), warnings.catch_warnings():
            # Qdrant in memory has no payload indexes, and warns about that.
            warnings.simplefilter("ignore", UserWarning)
            for field in self._indexed:
                self._client.create_payload_index(
                    name, field, models.PayloadSchemaType.KEYWORD, wait=True
                )

    @contextmanager
    def _asking(self, index: str | None) -> Iterator[None]:
        with self._lock, super()._asking(index):
            yield

    def _describe(self, name: str) -> VectorIndex:
        found = self._client.get_collection(name)
        vectors: Any = found.config.params.vectors
        return VectorIndex(
            name,
            vectors.size,
            _METRICS.get(vectors.distance, str(vectors.distance)),
            found.points_count,
            # Yellow means that Qdrant is still optimizing; searches do not wait for that.
            found.status != models.CollectionStatus.RED,
        )

    def _create(self, name: str, dimensions: int, metric: str) -> None:
        self._client.create_collection(
            name,
            vectors_config=models.VectorParams(size=dimensions, distance=_DISTANCES[metric]),
        )

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        points = []
        for vector in vectors:
            id, payload = _point_id(vector.id), dict(vector.metadata)
            if id != vector.id:
                payload[_ID] = vector.id
            points.append(models.PointStruct(id=id, vector=[*vector.values], payload=payload))
        self._client.upsert(index, points=points, wait=True)

    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]:
        answer = self._client.query_points(
            index.name,
            query=vector,
            limit=top_k,
            query_filter=_filter(conditions) if conditions else None,
            with_payload=True,
        )
        for point in answer.points:
            payload = dict(point.payload or {})
            id = payload.pop(_ID, None) or str(point.id)
            yield VectorMatch(id, score_of(point.score, index.metric, similarity=True), payload)

    def _delete(self, index: str, ids: Ids) -> None:
        points: Any = [_point_id(id) for id in ids]
        self._client.delete(index, points_selector=models.PointIdsList(points=points), wait=True)

    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None:
        selector = models.FilterSelector(filter=_filter(conditions))
        self._client.delete(index.name, points_selector=selector, wait=True)

    def _names(self) -> Iterable[str]:
        return [found.name for found in self._client.get_collections().collections]

    def _is_missing(self, error: Exception) -> bool:
        # Qdrant in memory raises a ValueError, which has no code.
        return getattr(error, "status_code", None) == 404 or (
            isinstance(error, ValueError) and "not found" in str(error)
        )


def _point_id(id: str) -> str:
    """Return an id for Qdrant: a UUID unchanged, and for any other id the UUID derived from it."""
    try:
        return id if str(UUID(id)) == id else str(uuid5(_NAMESPACE, id))
    except ValueError:
        return str(uuid5(_NAMESPACE, id))


def _filter(conditions: Sequence[Condition]) -> models.Filter:
    return models.Filter(must=[_any_of(condition) for condition in conditions])


def _any_of(condition: Condition) -> Any:
    """Return a condition with one alternative for each value."""
    key = condition.field
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        # Any other name would be read as a path into the payload, unless it is quoted.
        if '"' in key:
            raise VectorInputError(f"Qdrant cannot filter by {quoted(key)}, which has a quote")
        key = f'"{key}"'
    texts = [value for value in condition.values if isinstance(value, str)]
    alternatives: list[Any] = []
    if texts:
        match = models.MatchAny(any=texts)
        alternatives.append(models.FieldCondition(key=key, match=match))
    for value in condition.values:
        if isinstance(value, bool):
            same: dict[str, Any] = {"match": models.MatchValue(value=value)}
        elif isinstance(value, str):
            continue
        else:
            # Only a range finds the number 1 where 1.0 is stored, and vice versa.
            same = {"range": models.Range(gte=value, lte=value)}
        alternatives.append(models.FieldCondition(key=key, **same))
    return models.Filter(should=alternatives)
