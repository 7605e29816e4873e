"""The cost of a search in the embedded engine's vector index, beside NumPy and Qdrant in memory.

Only the search itself is measured, on the vectors that the index has, without reading requests or
writing answers. NumPy alone is the minimum that such a search needs. Times are processor time, the
minimum of many rounds. Needs NumPy; qdrant-client takes part if it is installed. Run it from the
project's root with one thread, because waiting threads count as well: `OPENBLAS_NUM_THREADS=1
python -m bench.engine_vectors`.
"""

from __future__ import annotations

import argparse
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from attrs import frozen

from bench.local_vectors import TOP_K, QdrantClient, in_numpy, in_qdrant, told
from bench.offline import least
from leyden.engine.vectors import VectorIndex

SIZES: Final = ((10_000, 256), (2_000, 1_536))
"""How many vectors, and their dimensions."""


@frozen
class Value:
    """A value as moto stores it."""

    type: str
    value: Any


@frozen(eq=False)
class Row:
    """An item with one vector, which is written when it is read."""

    name: str
    vector: Any

    @property
    def attrs(self) -> Mapping[str, Value]:
        """Its attributes."""
        numbers = [Value("N", repr(number)) for number in self.vector.tolist()]
        return {"embedding": Value("L", numbers)}


class Rows:
    """The parts of moto's table that an index looks at."""

    has_range_key = False

    def __init__(self, matrix: Any) -> None:
        self.items = {f"m{n}": Row(f"m{n}", vector) for n, vector in enumerate(matrix)}


def in_engine(matrix: Any, sought: list[float], metric: str) -> Callable[[], Any]:
    """Return a search for the names of the nearest items, and their distances."""
    definition = {
        "IndexName": "bench",
        "VectorAttribute": {"AttributeName": "embedding"},
        "Dimensions": matrix.shape[1],
        "DistanceFunction": metric,
    }
    index, table, query = VectorIndex(definition, "bench"), Rows(matrix), array("f", sought)

    def search() -> Any:
        _, found = index.search(table, query, (), TOP_K)
        return [item.name for _, item in found], [score for score, _ in found]

    return search


def measure(
    sizes: Sequence[tuple[int, int]], rounds: int, *, qdrant: bool
) -> dict[str, dict[str, float]]:
    """Return the times in milliseconds."""
    found = {}
    for count, dimensions in sizes:
        drawn = np.random.default_rng(1)
        matrix = drawn.standard_normal((count, dimensions), np.float32)
        sought = drawn.standard_normal(dimensions).tolist()
        searches = {
            "numpy": in_numpy(matrix, sought),
            "engine": in_engine(matrix, sought, "COSINE"),
            "engine, euclidean": in_engine(matrix, sought, "EUCLIDEAN"),
            "engine, product": in_engine(matrix, sought, "DOT_PRODUCT"),
        }
        if searches["engine"]()[0] != searches["numpy"]()[0]:
            raise SystemExit("the engine and NumPy find different vectors")
        if qdrant:
            searches["qdrant"] = in_qdrant(matrix, sought)["qdrant"]
        title = f"{count:,} vectors of {dimensions:,}"
        found[title] = {name: t / 1000 for name, t in least(searches, rounds, 10).items()}
    return found


def main() -> int:
    """Measure and print; return 1 if the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--alone", action="store_true", help="without qdrant-client")
    chosen = options.parse_args()
    qdrant = QdrantClient is not None and not chosen.alone
    found = measure(SIZES, chosen.rounds, qdrant=qdrant)
    return told(found, "engine", as_json=chosen.json, qdrant=qdrant)


if __name__ == "__main__":
    sys.exit(main())
