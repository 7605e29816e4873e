"""An embedder as memory uses it: in batches, with a cache, and with a check of its results."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Generator, Sequence
from threading import Lock
from typing import Any, Final

from leyden.errors import EmbedderError
from leyden.memory.checks import batches_of
from leyden.memory.protocols import Embedder

__all__ = ["CachedEmbedder"]

_BATCH: Final = 100
"""How many texts go at once to an embedder that has no `batch_size`."""


class CachedEmbedder:
    """An embedder with a cache for the vectors of the `size` texts that were used last.

    A call sends each text to the embedder once, and only if the cache does not have its vector.
    Several threads may share it. Raises EmbedderError if the embedder raises anything, or if it
    returns too few vectors, vectors of other dimensions than it declares, or numbers that are not
    finite.

    >>> class Lengths:
    ...     dimensions = 1
    ...     def embed(self, texts):
    ...         return [[float(len(text))] for text in texts]
    >>> [vector.tolist() for vector in CachedEmbedder(Lengths()).embed(["four", "sixsix"])]
    [[4.0], [6.0]]
    """

    def __init__(self, embedder: Embedder, size: int = 1000) -> None:
        if not callable(getattr(embedder, "embed", None)):
            raise EmbedderError("An embedder needs a method embed(texts) that returns vectors")
        dimensions = getattr(embedder, "dimensions", None)
        if not isinstance(dimensions, int) or isinstance(dimensions, bool) or dimensions < 1:
            raise EmbedderError("An embedder needs dimensions, an integer of at least 1")
        self.embedder = embedder
        self.dimensions: int = dimensions
        self._size = size
        self._kept: dict[str, array[float]] = {}
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> list[array[float]]:
        """Return one vector for each text, in the same order."""
        steps, answer = self._steps(texts), None
        while True:
            try:
                batch = steps.send(answer)
            except StopIteration as stop:
                vectors: list[array[float]] = stop.value
                return vectors
            with _Asking():
                answer = self.embedder.embed(batch)

    async def aembed(self, texts: Sequence[str]) -> list[array[float]]:
        """Embed without blocking the event loop: by the embedder's `aembed`, or on a thread."""
        steps, answer = self._steps(texts), None
        aembed = getattr(self.embedder, "aembed", None)
        while True:
            try:
                batch = steps.send(answer)
            except StopIteration as stop:
                vectors: list[array[float]] = stop.value
                return vectors
            with _Asking():
                if aembed is not None:
                    answer = await aembed(batch)
                else:
                    answer = await asyncio.to_thread(self.embedder.embed, batch)

    def _steps(self, texts: Sequence[str]) -> Generator[list[str], Any, list[array[float]]]:
        """Yield the texts to embed; the caller sends the embedder's answers."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        size = getattr(self.embedder, "batch_size", None) or _BATCH
        for batch in batches_of(missing, size):
            answer = yield [*batch]
            found.update(zip(batch, self._checked(answer, len(batch)), strict=True))
        with self._lock:
            for text in texts:
                self._kept.pop(text, None)
                self._kept[text] = found[text]
            for text in [*self._kept][: max(len(self._kept) - self._size, 0)]:
                del self._kept[text]
        return [found[text] for text in texts]

    def _checked(self, answer: Any, count: int) -> list[array[float]]:
        """Check the embedder's answer, which must have one vector for each text."""
        try:
            vectors = [
                array("d", vector.tolist() if hasattr(vector, "tolist") else vector)
                for vector in answer
            ]
        except (TypeError, ValueError, OverflowError) as error:
            raise EmbedderError(
                "The embedder must return a sequence of vectors, each a sequence of numbers"
            ) from error
        if len(vectors) != count:
            raise EmbedderError(
                f"The embedder returned {len(vectors)} vectors for {count} texts; it must return "
                "one for each, in the same order"
            )
        for vector in vectors:
            if len(vector) != self.dimensions:
                raise EmbedderError(
                    f"The embedder returned a vector of {len(vector)} dimensions, but declares "
                    f"{self.dimensions}"
                )
            # Vector stores keep 32 bits, in which larger numbers become infinite.
            if not math.isfinite(sum(array("f", vector))):
                raise EmbedderError(
                    "The embedder returned a vector with a number that is not finite, or too large "
                    "for 32 bits"
                )
        return vectors


class _Asking:
    """Turns the exceptions of an embedder into EmbedderErrors that keep the cause."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, EmbedderError):
            raise EmbedderError(
                f"The embedder failed ({type(error).__name__}); the cause says why"
            ) from error
