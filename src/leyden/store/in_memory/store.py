"""The store in memory: its domains, and its life."""

from __future__ import annotations

from threading import RLock
from types import TracebackType
from typing import Final, Literal, Self

from leyden.store import checks
from leyden.store.in_memory.memory import InMemoryMemory
from leyden.store.in_memory.observability import InMemoryEvals, InMemoryScores, InMemoryTraces
from leyden.store.in_memory.workflows import InMemoryWorkflows
from leyden.store.times import Clock, system_clock

__all__ = ["InMemoryStore"]

_DOMAINS: Final = ("memory", "workflows", "scores", "traces", "evals")


class InMemoryStore:
    """A memory store that lives in this process and dies with it, for tests and trials.

    It does what any backend of the interface does, with the same errors, one call at a time.
    `clock` gives the time, as an aware datetime; by default it is now.

    >>> store = InMemoryStore()
    >>> store.memory.save_thread({"id": "t1", "resource_id": "alice"}).title
    'Thread t1'
    """

    def __init__(self, *, clock: Clock = system_clock) -> None:
        lock = RLock()
        self.memory: Final = InMemoryMemory(lock, clock)
        self.workflows: Final = InMemoryWorkflows(lock, clock)
        self.scores: Final = InMemoryScores(lock, clock)
        self.traces: Final = InMemoryTraces(lock, clock)
        self.evals: Final = InMemoryEvals(lock, clock)
        self._lock = lock

    def init(self) -> None:
        """Do nothing: there is nothing that could be missing."""

    def clear(self, domain: Literal["memory", "workflows", "scores", "traces", "evals"]) -> None:
        """Delete everything of a domain."""
        name = checks.choice(domain, "domain", _DOMAINS)
        with self._lock:
            getattr(self, name)._clear()

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
