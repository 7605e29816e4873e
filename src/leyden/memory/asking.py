"""Calls of embedders and vector stores, as steps of a memory's programs, and the cost of recalls.

If a vector store's methods are programs, and it runs them as the memory does, the memory runs those
programs itself, so that their requests go beside others. Every other object is called as `Work`,
which an asynchronous driver awaits or runs on a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from leyden._attrs import define, field, frozen
from leyden._methods import Methods, program_of
from leyden.errors import LeydenError, VectorStoreError
from leyden.memory.embedding import CachedEmbedder
from leyden.program import Gather, Program, Request, Runner, Work
from leyden.results import consumed_units

__all__ = ["Cost", "Meter", "Sent", "asked", "embedded"]

T = TypeVar("T")


def asked(runner: Runner, store: Any, name: str, *given: Any, **named: Any) -> Program[Any]:
    """Call a vector store's method. Errors that are not Leyden's become a VectorStoreError."""
    bound = getattr(store, name)
    if isinstance(store, Methods) and store._runner is runner:
        return (yield from program_of(bound)(*given, **named))

    def blocking() -> Any:
        try:
            return bound(*given, **named)
        except LeydenError:
            raise
        except Exception as error:
            raise _failed(store, error) from error

    awaitable = getattr(store, f"a{name}", None)

    async def awaited() -> Any:
        try:
            return await awaitable(*given, **named)  # type: ignore[misc]
        except LeydenError:
            raise
        except Exception as error:
            raise _failed(store, error) from error

    return (yield Work(blocking, None if awaitable is None else awaited, f"vectors.{name}"))


def _failed(store: Any, error: Exception) -> VectorStoreError:
    return VectorStoreError(
        f"The vector store {type(store).__name__} failed ({type(error).__name__}); the cause says "
        "why"
    )


def embedded(embedder: CachedEmbedder, texts: Sequence[str]) -> Program[list[Sequence[float]]]:
    """Return the vectors of texts, in their order. Raises EmbedderError."""
    if not texts:
        return []
    work = Work(
        partial(embedder.embed, texts), partial(embedder.aembed, texts), operation="embedder.embed"
    )
    vectors: list[Sequence[float]] = yield work
    return vectors


@frozen
class Sent:
    """A request to DynamoDB: the operation, the index that it read (if any), and what it cost.

    `consumed` is in capacity units. It is None if the engine did not report it or the request
    failed.
    """

    api: str
    index: str | None
    consumed: float | None


@frozen
class Cost:
    """What a recall cost.

    `requests` counts the requests to DynamoDB and to the vector store. `consumed` is in capacity
    units and `bytes_searched` in bytes of vectors; both are None if nobody reported them. `sent`
    has the requests to DynamoDB one by one, in the order of their answers.
    """

    requests: int = 0
    consumed: float | None = None
    bytes_searched: int | None = None
    sent: tuple[Sent, ...] = field(default=(), repr=False)


@define
class Meter:
    """Counts the requests of a program while it runs."""

    requests: int = 0
    consumed: float | None = None
    bytes_searched: int | None = None
    _sent: list[Sent] = field(factory=list)

    def over(self, program: Program[T]) -> Program[T]:
        """Run the program and count its requests."""
        try:
            step = next(program)
            while True:
                try:
                    answer = yield step
                except LeydenError as error:
                    self._count(step, error)
                    step = program.throw(error)
                else:
                    if isinstance(step, Gather):
                        for request, one in zip(step.requests, answer, strict=True):
                            self._count(request, one)
                    else:
                        self._count(step, answer)
                    step = program.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            program.close()

    def _count(self, step: Any, answer: Any) -> None:
        if not isinstance(step, Request):
            return
        self.requests += 1
        consumed = None if isinstance(answer, LeydenError) else consumed_units(answer)
        self.add(consumed, None)
        self._sent.append(Sent(step.api, step.params.get("IndexName"), consumed))

    def add(self, consumed: float | None, bytes_searched: int | None) -> None:
        """Add what another party reports."""
        if consumed is not None:
            self.consumed = (self.consumed or 0.0) + consumed
        if bytes_searched is not None:
            self.bytes_searched = (self.bytes_searched or 0) + bytes_searched

    @property
    def cost(self) -> Cost:
        """The cost so far."""
        return Cost(self.requests, self.consumed, self.bytes_searched, tuple(self._sent))
