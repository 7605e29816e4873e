"""An agent's memory over a store: recall by meaning, and working memory.

An `Embedder` turns texts into vectors, and a `VectorStore` finds the nearest vectors. Both are
Protocols, so any object with their methods will do.
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules

if TYPE_CHECKING:
    from leyden.memory.asking import Cost, Sent
    from leyden.memory.dynamodb import AsyncDynamoDBVectors, DynamoDBVectors
    from leyden.memory.embedders import bedrock_embedder, offline_embedder, openai_embedder
    from leyden.memory.local import LocalVectors
    from leyden.memory.memory import AsyncMemory, Memory
    from leyden.memory.options import Options, SemanticRecall, WorkingMemory
    from leyden.memory.protocols import (
        Embedder,
        Filter,
        Vector,
        VectorIndex,
        VectorMatch,
        VectorMatches,
        VectorStore,
    )
    from leyden.memory.results import Context, Recall, Reindexed
    from leyden.memory.table import with_vectors
    from leyden.memory.working_text import Tool
else:
    __getattr__ = from_modules(
        __name__,
        asking="Cost Sent",
        dynamodb="AsyncDynamoDBVectors DynamoDBVectors",
        embedders="bedrock_embedder offline_embedder openai_embedder",
        local="LocalVectors",
        memory="AsyncMemory Memory",
        options="Options SemanticRecall WorkingMemory",
        protocols="Embedder Filter Vector VectorIndex VectorMatch VectorMatches VectorStore",
        results="Context Recall Reindexed",
        table="with_vectors",
        working_text="Tool",
    )

__all__ = [
    "AsyncDynamoDBVectors",
    "AsyncMemory",
    "Context",
    "Cost",
    "DynamoDBVectors",
    "Embedder",
    "Filter",
    "LocalVectors",
    "Memory",
    "Options",
    "Recall",
    "Reindexed",
    "SemanticRecall",
    "Sent",
    "Tool",
    "Vector",
    "VectorIndex",
    "VectorMatch",
    "VectorMatches",
    "VectorStore",
    "WorkingMemory",
    "bedrock_embedder",
    "offline_embedder",
    "openai_embedder",
    "with_vectors",
]
