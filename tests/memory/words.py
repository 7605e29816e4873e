"""An embedder that counts hashed words, as the one of tools/node/memory.mjs does.

Texts with the same words are near each other, and both languages make the very same vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


class Words:
    """The embedder; `asked` has each list of texts that it was given.

    >>> Words(4).embed(["a b", "B, A!"])
    [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """How often each hashed word occurs in each of the texts."""
        self.asked.append(list(texts))
        return [counts_of(text, self.dimensions) for text in texts]


def counts_of(text: str, dimensions: int) -> list[float]:
    """The vector of a text."""
    vector = [0.0] * dimensions
    for word in re.findall("[a-z0-9]+", text.lower()) or ["?"]:
        vector[_hash_of(word) % dimensions] += 1
    return vector


def _hash_of(word: str) -> int:
    hash = 0x811C9DC5
    for byte in word.encode():
        hash = (hash ^ byte) * 0x01000193 & 0xFFFFFFFF
    return hash
