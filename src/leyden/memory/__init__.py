"""An agent's memory over a store: recall by meaning, working memory, and what they stand on.

An `Embedder` turns texts into vectors, and a `VectorStore` finds the nearest of them. Both are
Protocols, so any object with their methods will do.
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules

if TYPE_CHECKING:
    from leyden.memory.local import LocalVectors
    from leyden.memory.protocols import (
        Embedder,
        Filter,
        Vector,
        VectorIndex,
        VectorMatch,
        VectorMatches,
        VectorStore,
    )
else:
    __getattr__ = from_modules(
        __name__,
        local="LocalVectors",
        protocols="Embedder Filter Vector VectorIndex VectorMatch VectorMatches VectorStore",
    )

__all__ = [
    "Embedder",
    "Filter",
    "LocalVectors",
    "Vector",
    "VectorIndex",
    "VectorMatch",
    "VectorMatches",
    "VectorStore",
]
