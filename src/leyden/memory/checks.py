"""The checks of every vector store before a request is sent, and the computing of scores."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from leyden._text import did_you_mean, listed, quoted
from leyden.errors import VectorIndexMismatchError, VectorInputError
from leyden.memory.filters import Condition, conditions_of
from leyden.memory.protocols import Filter, Vector, VectorIndex

__all__ = [
    "METRICS",
    "batches_of",
    "check_alike",
    "check_definition",
    "checked_deletion",
    "checked_ids",
    "checked_query",
    "checked_vectors",
    "flat_metadata",
    "floats_of",
    "requests_of",
    "score_of",
]

Entry = TypeVar("Entry")

METRICS: Final = ("cosine", "euclidean", "dot_product")


def check_definition(
    name: str, dimensions: int, metric: str, metrics: Sequence[str] = METRICS
) -> None:
    """Refuse a definition that is not valid, or a metric that the store does not support."""
    if not isinstance(name, str) or not name:
        raise VectorInputError("An index needs a name, a text that is not empty")
    if not isinstance(dimensions, int) or isinstance(dimensions, bool) or dimensions < 1:
        raise VectorInputError("An index needs dimensions, an integer of at least 1", index=name)
    if metric not in metrics:
        raise VectorInputError(
            f"This vector store has the metrics {listed(metrics)}, not {quoted(str(metric))}"
            + did_you_mean(str(metric), metrics),
            index=name,
        )


def check_alike(found: VectorIndex, dimensions: int, metric: str) -> None:
    """Refuse an existing index that has other dimensions or another metric."""
    if (found.dimensions, found.metric) != (dimensions, metric):
        raise VectorIndexMismatchError(
            f"The index {quoted(found.name)} has {found.dimensions} dimensions and the metric "
            f"{found.metric}; {dimensions} and {metric} were asked for. Choose another name, or "
            "delete the index and index everything again",
            index=found.name,
        )


def floats_of(values: Any, index: VectorIndex, whose: str = "The vector") -> list[float]:
    """Return the numbers of a vector, after checking that they fit the index."""
    try:
        if isinstance(values, (str, bytes, bytearray)):
            raise TypeError
        # A NumPy array returns all its numbers at once, which is much faster than one by one.
        given = values.tolist() if hasattr(values, "tolist") else values
        numbers = array("d", given).tolist()
    except (TypeError, ValueError, OverflowError):
        raise VectorInputError(f"{whose} is not a sequence of numbers", index=index.name) from None
    if len(numbers) != index.dimensions:
        raise VectorInputError(
            f"{whose} has {len(numbers)} dimensions; the index {quoted(index.name)} has "
            f"{index.dimensions}",
            index=index.name,
        )
    # Stores keep 32 bits, in which larger numbers become infinite, and so does the sum.
    kept = array("f", numbers)
    if not math.isfinite(sum(kept)):
        raise VectorInputError(
            f"{whose} has a number that is not finite, or too large for 32 bits", index=index.name
        )
    if index.metric == "cosine" and not any(kept):
        raise VectorInputError(
            f"{whose} has only zeros, so it has no direction for the metric cosine to compare",
            index=index.name,
        )
    return numbers


def checked_vectors(vectors: Sequence[Vector], index: VectorIndex) -> list[Vector]:
    """Return the vectors, each with a list of floats; if an id occurs twice, the last one counts.

    An error names the vector that does not fit. It has the ids of all vectors in `unsaved`, because
    none is written.
    """
    found: dict[str, Vector] = {}
    try:
        for position, vector in enumerate(vectors):
            if not isinstance(vector, Vector):
                raise VectorInputError(
                    f"upsert takes Vector objects, but the one at {position} is of type "
                    f"{type(vector).__name__}",
                    index=index.name,
                )
            if not isinstance(vector.id, str) or not vector.id:
                raise VectorInputError(
                    f"The id of the vector at {position} must be a text that is not empty",
                    index=index.name,
                )
            numbers = floats_of(vector.values, index, f"The vector {quoted(vector.id)}")
            found.pop(vector.id, None)
            found[vector.id] = Vector(vector.id, numbers, _metadata_of(vector, index.name))
    except VectorInputError as error:
        error.unsaved = tuple(str(getattr(vector, "id", "")) for vector in vectors)
        raise
    return [*found.values()]


def _metadata_of(vector: Vector, index: str) -> dict[str, Any]:
    try:
        metadata = dict(vector.metadata)
        json.dumps(metadata, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise VectorInputError(
            f"The metadata of the vector {quoted(vector.id)} is not a mapping of JSON values",
            index=index,
        ) from error
    return metadata


def checked_query(
    vector: Any, index: VectorIndex, top_k: int, most: int | None = None
) -> list[float]:
    """Return the numbers of a query's vector; `most` is the largest `top_k` of the store."""
    if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1:
        raise VectorInputError("top_k must be an integer of at least 1", index=index.name)
    if most is not None and top_k > most:
        raise VectorInputError(
            f"top_k is {top_k}; this vector store finds at most {most} at once", index=index.name
        )
    return floats_of(vector, index, "The vector of the query")


def checked_ids(ids: Sequence[str]) -> list[str]:
    """Check ids of vectors, and return each once."""
    if isinstance(ids, (str, bytes)) or not all(isinstance(id, str) and id for id in ids):
        raise VectorInputError("ids takes a sequence of ids, texts that are not empty")
    return [*dict.fromkeys(ids)]


def checked_deletion(
    ids: Sequence[str] | None, filter: Filter | None
) -> tuple[list[str] | None, tuple[Condition, ...]]:
    """Return the ids to delete, or the conditions of a filter."""
    if (ids is None) is (filter is None):
        raise VectorInputError("delete takes either ids=[...] or filter={...}")
    if ids is not None:
        return checked_ids(ids), ()
    conditions = conditions_of(filter)
    if not conditions:
        raise VectorInputError("A filter without conditions would delete every vector of the index")
    return None, conditions


def batches_of(entries: Sequence[Entry], size: int) -> list[Sequence[Entry]]:
    """Split entries into batches of `size`, in their order."""
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def requests_of(
    vectors: Sequence[Vector], size: int, most: int | None
) -> Sequence[Sequence[Vector]]:
    """Split vectors into requests of at most `size` vectors and about `most` bytes of JSON.

    A vector that is larger by itself gets its own request, and the store decides whether to refuse
    it.
    """
    if most is None:
        return batches_of(vectors, size)
    batches: list[list[Vector]] = []
    room = 0
    for vector in vectors:
        # A number takes up to 20 bytes in JSON, and a comma.
        weight = 21 * len(vector.values) + len(json.dumps(vector.metadata)) + len(vector.id)
        if not batches or len(batches[-1]) == size or weight > room:
            batches.append([])
            room = most
        batches[-1].append(vector)
        room -= weight
    return batches


def flat_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata for stores that take no nested values and no null.

    Nulls are left out, and nested values become JSON texts. Texts, numbers, booleans and lists of
    texts stay as they are, so that filters find them.
    """
    return {
        name: value if _is_flat(value) else json.dumps(value, ensure_ascii=False)
        for name, value in metadata.items()
        if value is not None
    }


def _is_flat(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(each, str) for each in value)
    return isinstance(value, (str, int, float))


def score_of(measure: float, metric: str, *, similarity: bool = False) -> float:
    """Return a score from 0 to 1 for what a store measured.

    For `cosine` it is `1 - distance / 2`, and for `euclidean` `1 / (1 + distance)`. The product of
    two vectors of length 1 is their cosine, so `dot_product` has the score of that; for longer
    vectors the score is cut off at 0 and 1. With `similarity`, the measure of a cosine is the
    cosine itself, not its distance from 1.
    """
    if metric == "euclidean":
        return 1.0 / (1.0 + max(measure, 0.0))
    product = measure if similarity or metric == "dot_product" else 1.0 - measure
    return min(max((1.0 + product) / 2.0, 0.0), 1.0)
