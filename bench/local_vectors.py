"""The cost of a search in LocalVectors, beside NumPy alone and qdrant-client's store in memory.

NumPy alone is the minimum that such a search needs: one product of a matrix and a vector, and its
ten highest values. Times are processor time, the minimum of many rounds. Needs NumPy; qdrant-client
takes part if it is installed. Run it from the project's root: `python -m bench.local_vectors`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.offline import least
from leyden.memory import LocalVectors, Vector

try:
    from qdrant_client import QdrantClient, models
except ImportError:
    QdrantClient = None  # type: ignore[assignment, misc]

SIZES: Final = ((10_000, 256), (10_000, 1_536), (50_000, 256), (50_000, 1_536))
"""How many vectors, and their dimensions."""
TOP_K: Final = 10
RESOURCES: Final = 10
"""Each resource has a tenth of the vectors."""
GOAL: Final = 1.3
"""How much of NumPy's time a search may take."""


def metadata(number: int) -> dict[str, Any]:
    """Return the metadata that filters compare and matches return."""
    return {"resource_id": f"r{number % RESOURCES}", "thread_id": f"t{number % 100}"}


def in_numpy(matrix: Any, sought: list[float]) -> Callable[[], Any]:
    """Return a search for the rows that are nearest by angle, and their cosines."""
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    def search() -> Any:
        query = np.array(sought, np.float32)
        cosines = unit @ (query / np.linalg.norm(query))
        best = np.argpartition(cosines, -TOP_K)[-TOP_K:]
        best = best[np.argsort(-cosines[best])]
        return [f"m{row}" for row in best.tolist()], cosines[best].tolist()

    return search


def in_local_vectors(matrix: Any, sought: list[float]) -> dict[str, Callable[[], Any]]:
    """Return a search of all vectors, and one of a tenth of them by a filter."""
    store = LocalVectors()
    store.create_index("bench", matrix.shape[1])
    for start in range(0, len(matrix), 1000):
        rows = enumerate(matrix[start : start + 1000], start)
        store.upsert("bench", [Vector(f"m{n}", row, metadata(n)) for n, row in rows])
    owned = {"resource_id": "r1"}
    return {
        "leyden": lambda: store.query("bench", sought, top_k=TOP_K),
        "leyden, a tenth": lambda: store.query("bench", sought, top_k=TOP_K, filter=owned),
    }


def in_qdrant(matrix: Any, sought: list[float]) -> dict[str, Callable[[], Any]]:
    """Return the same two searches in qdrant-client's store in memory."""
    client = QdrantClient(":memory:")
    parameters = models.VectorParams(size=matrix.shape[1], distance=models.Distance.COSINE)
    client.create_collection("bench", vectors_config=parameters)
    payloads = (metadata(number) for number in range(len(matrix)))
    client.upload_collection("bench", vectors=matrix, payload=payloads)
    match = models.MatchValue(value="r1")
    owned = models.Filter(must=[models.FieldCondition(key="resource_id", match=match)])

    def search(filter: Any) -> Any:
        return client.query_points("bench", query=sought, limit=TOP_K, query_filter=filter).points

    return {"qdrant": lambda: search(None), "qdrant, a tenth": lambda: search(owned)}


def measure(
    sizes: Sequence[tuple[int, int]], rounds: int, *, qdrant: bool
) -> dict[str, dict[str, float]]:
    """Return the times in milliseconds."""
    found = {}
    for count, dimensions in sizes:
        drawn = np.random.default_rng(1)
        matrix = drawn.standard_normal((count, dimensions), np.float32)
        sought = drawn.standard_normal(dimensions).tolist()
        searches = {"numpy": in_numpy(matrix, sought), **in_local_vectors(matrix, sought)}
        if [match.id for match in searches["leyden"]()] != searches["numpy"]()[0]:
            raise SystemExit("LocalVectors and NumPy find different vectors")
        if qdrant:
            searches |= in_qdrant(matrix, sought)
        times = least(searches, rounds, 5)
        title = f"{count:,} vectors of {dimensions:,}"
        found[title] = {name: spent / 1000 for name, spent in times.items()}
    return found


def main() -> int:
    """Measure and print; return 1 if the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--most", type=int, default=50_000, help="vectors at most")
    options.add_argument("--alone", action="store_true", help="without qdrant-client")
    chosen = options.parse_args()
    sizes = [size for size in SIZES if size[0] <= chosen.most]
    qdrant = QdrantClient is not None and not chosen.alone
    found = measure(sizes, chosen.rounds, qdrant=qdrant)
    return told(found, "leyden", as_json=chosen.json, qdrant=qdrant)


def told(found: dict[str, dict[str, float]], ours: str, *, as_json: bool, qdrant: bool) -> int:
    """Print times by case and client; return 1 if `ours` is too far from NumPy."""
    worst = max(figures[ours] / figures["numpy"] for figures in found.values())
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        names = [*next(iter(found.values()))]
        drawn = Table("ms of processor time", *names, title=f"the nearest {TOP_K}")
        for title, figures in found.items():
            drawn.add_row(title, *(f"{figures[name]:.3f}" for name in names))
        Console().print(drawn)
        if not qdrant:
            Console().print("Not measured: qdrant-client (pip install qdrant-client)")
        Console().print(f"a search takes up to {worst:.2f} of NumPy's time; the goal is {GOAL}")
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
