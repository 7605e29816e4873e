"""What every vector store checks before anything is sent, and how a measure becomes a score."""

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
    """Refuse what no index can be, or what is none of the metrics that a store has."""
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
    """Refuse to go on with an index that is there in another form."""
    if (found.dimensions, found.metric) != (dimensions, metric):
        raise VectorIndexMismatchError(
            f"The index {quoted(found.name)} has {found.dimensions} dimensions and the metric "
            f"{found.metric}; {dimensions} and {metric} were asked for. Take another name, or "
            "delete the index and index everything again",
            index=found.name,
        )


def floats_of(values: Any, index: VectorIndex, whose: str = "The vector") -> list[float]:
    """The numbers of a vector, which must fit the index."""
    try:
        if isinstance(values, (str, bytes, bytearray)):
            raise TypeError
        # NumPy's arrays give all of their numbers much faster than one by one.
        given = values.tolist() if hasattr(values, "tolist") else values
        numbers = array("d", given).tolist()
    except (TypeError, ValueError, OverflowError):
        raise VectorInputError(f"{whose} is no sequence of numbers", index=index.name) from None
    if len(numbers) != index.dimensions:
        raise VectorInputError(
            f"{whose} has {len(numbers)} dimensions; the index {quoted(index.name)} has "
            f"{index.dimensions}",
            index=index.name,
        )
    # Stores keep 32 bits, in which larger numbers are infinite. A sum shows any that is.
    kept = array("f", numbers)
    if not math.isfinite(sum(kept)):
        raise VectorInputError(
            f"{whose} has a number that is not finite, or too large for 32 bits", index=index.name
        )
    if index.metric == "cosine" and not any(kept):
        raise VectorInputError(
            f"{whose} has only zeros; it has no direction, which the metric cosine compares",
            index=index.name,
        )
    return numbers


def checked_vectors(vectors: Sequence[Vector], index: VectorIndex) -> list[Vector]:
    """Vectors that fit the index, each with a list of floats; the last one of each id.

    The error names the vector, and has the ids of all of them: none is written.
    """
    found: dict[str, Vector] = {}
    try:
        for position, vector in enumerate(vectors):
            if not isinstance(vector, Vector):
                raise VectorInputError(
                    f"upsert takes objects of the class Vector; at {position} stands a value of "
                    f"type {type(vector).__name__}",
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
            f"The metadata of the vector {quoted(vector.id)} is no mapping of JSON values",
            index=index,
        ) from error
    return metadata


def checked_query(
    vector: Any, index: VectorIndex, top_k: int, most: int | None = None
) -> list[float]:
    """The numbers of a query's vector. `most` is the largest `top_k` that the store takes."""
    if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1:
        raise VectorInputError("top_k must be an integer of at least 1", index=index.name)
    if most is not None and top_k > most:
        raise VectorInputError(
            f"top_k is {top_k}; this vector store finds at most {most} at once", index=index.name
        )
    return floats_of(vector, index, "The vector of the query")


def checked_ids(ids: Sequence[str]) -> list[str]:
    """Ids of vectors, each once."""
    if isinstance(ids, (str, bytes)) or not all(isinstance(id, str) and id for id in ids):
        raise VectorInputError("ids takes a sequence of ids, texts that are not empty")
    return [*dict.fromkeys(ids)]


def checked_deletion(
    ids: Sequence[str] | None, filter: Filter | None
) -> tuple[list[str] | None, tuple[Condition, ...]]:
    """What a deletion names: ids, or the conditions of a filter."""
    if (ids is None) is (filter is None):
        raise VectorInputError("delete takes ids=[...] or filter={...}, exactly one of the two")
    if ids is not None:
        return checked_ids(ids), ()
    conditions = conditions_of(filter)
    if not conditions:
        raise VectorInputError("A filter without conditions would delete every vector of the index")
    return None, conditions


def batches_of(entries: Sequence[Entry], size: int) -> list[Sequence[Entry]]:
    """Entries in their order, `size` at a time."""
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def requests_of(
    vectors: Sequence[Vector], size: int, most: int | None
) -> Sequence[Sequence[Vector]]:
    """Vectors in their order: at most `size` at a time, and about `most` bytes as JSON.

    A vector that is larger by itself goes alone; what the store says to it is the error.
    """
    if most is None:
        return batches_of(vectors, size)
    batches: list[list[Vector]] = []
    room = 0
    for vector in vectors:
        # A number in JSON has up to 20 bytes, and a comma.
        weight = 21 * len(vector.values) + len(json.dumps(vector.metadata)) + len(vector.id)
        if not batches or len(batches[-1]) == size or weight > room:
            batches.append([])
            room = most
        batches[-1].append(vector)
        room -= weight
    return batches


def flat_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata for stores that take no nested values and no null: these are left out or JSON texts.

    Texts, numbers, booleans and lists of texts stay as they are, so filters find them.
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
    """A score from 0 to 1 of what a store measured.

    For `cosine` that is `1 - distance / 2`, for `euclidean` `1 / (1 + distance)`. The product of
    two vectors of length 1 is their cosine, so `dot_product` has the score of that; longer vectors
    end at 0 and 1. With `similarity` a cosine was measured as such, not as its distance from 1.
    """
    if metric == "euclidean":
        return 1.0 / (1.0 + max(measure, 0.0))
    product = measure if similarity or metric == "dot_product" else 1.0 - measure
    return min(max((1.0 + product) / 2.0, 0.0), 1.0)
