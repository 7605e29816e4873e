"""An embedder for tests: texts with the same words have the same vector, whatever their order."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence


class Words:
    """Counts words, each in a dimension of its own as far as these go."""

    def __init__(self, dimensions: int = 256) -> None:
        self.dimensions = dimensions
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.calls.append(list(texts))
        vectors = []
        for text in texts:
            vector = [0.0] * self.dimensions
            for word in re.findall(r"\w+", text.lower()):
                vector[zlib.crc32(word.encode()) % self.dimensions] += 1
            vectors.append(vector)
        return vectors


class Failing(Words):
    """Fails while `failing` is true."""

    failing = False

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self.failing:
            raise RuntimeError("no embedding today")
        return super().embed(texts)
