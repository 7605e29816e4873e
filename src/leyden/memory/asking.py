"""Calls of embedders and vector stores, as steps of a memory's programs; and what recalls cost.

What has methods that are programs themselves, and runs them as the memory does, lends the memory
its programs, so that its requests go beside others. Everything else is called as `Work`, which
an asynchronous driver awaits, or gives to a thread.
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
    """A call of a vector store's method. Whatever it raises is a VectorStoreError, or its own."""
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
    """The vectors of texts, in their order. Raises EmbedderError."""
    if not texts:
        return []
    work = Work(
        partial(embedder.embed, texts), partial(embedder.aembed, texts), operation="embedder.embed"
    )
    vectors: list[Sequence[float]] = yield work
    return vectors


@frozen
class Sent:
    """A request to DynamoDB: the name of the call, the index it read if any, and what it cost.

    `consumed` is in capacity units, None where the engine did not say or the request failed.
    """

    api: str
    index: str | None
    consumed: float | None


@frozen
class Cost:
    """What a recall cost.

    `requests` counts those to DynamoDB and to the vector store. `consumed` is in capacity units,
    `bytes_searched` in bytes of vectors; each is None where nobody said. `sent` has the requests to
    DynamoDB one by one, in the order of their answers.
    """

    requests: int = 0
    consumed: float | None = None
    bytes_searched: int | None = None
    sent: tuple[Sent, ...] = field(default=(), repr=False)


@define
class Meter:
    """Counts what a program sends, while it runs."""

    requests: int = 0
    consumed: float | None = None
    bytes_searched: int | None = None
    _sent: list[Sent] = field(factory=list)

    def over(self, program: Program[T]) -> Program[T]:
        """The program, counted."""
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
        """Count what somebody else says that it cost."""
        if consumed is not None:
            self.consumed = (self.consumed or 0.0) + consumed
        if bytes_searched is not None:
            self.bytes_searched = (self.bytes_searched or 0) + bytes_searched

    @property
    def cost(self) -> Cost:
        """All of it."""
        return Cost(self.requests, self.consumed, self.bytes_searched, tuple(self._sent))
