"""The memory store in this process's memory: the reference that other backends follow."""

from leyden.store.in_memory.store import InMemoryStore

__all__ = ["InMemoryStore"]
