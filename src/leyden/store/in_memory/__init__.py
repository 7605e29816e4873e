"""The memory store in the memory of this process: the reference that other backends follow."""

from leyden.store.in_memory.store import InMemoryStore

__all__ = ["InMemoryStore"]
