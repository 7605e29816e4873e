"""Embedders are asked in batches and once a text, and what they give is looked at."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from leyden.errors import EmbedderError
from leyden.memory.embedding import CachedEmbedder


class Lengths:
    """Says how long a text is, and remembers what it was asked."""

    dimensions = 2

    def __init__(self, batch_size: int | None = None) -> None:
        self.asked: list[list[str]] = []
        if batch_size is not None:
            self.batch_size = batch_size

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.append([*texts])
        return [[float(len(text)), 1.0] for text in texts]


class Awaited(Lengths):
    async def aembed(self, texts: Sequence[str]) -> list[list[float]]:
        await asyncio.sleep(0)
        return super().embed(texts)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        raise AssertionError("the event loop would wait for it")


class Gives:
    """Gives what it was made with, whatever it is asked."""

    dimensions = 2

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def embed(self, texts: Sequence[str]) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def blocking(embedder: Any, texts: Sequence[str]) -> list[list[float]]:
    return [vector.tolist() for vector in embedder.embed(texts)]


def awaited(embedder: Any, texts: Sequence[str]) -> list[list[float]]:
    return [vector.tolist() for vector in asyncio.run(embedder.aembed(texts))]


WAYS = pytest.mark.parametrize("way", [blocking, awaited])


@WAYS
def test_texts_go_to_the_embedder_once_and_in_batches(way: Callable[..., Any]) -> None:
    inner = Lengths(batch_size=2)
    embedder = CachedEmbedder(inner)
    assert way(embedder, ["a", "bb", "a", "ccc", "bb"]) == [[n, 1.0] for n in (1, 2, 1, 3, 2)]
    assert inner.asked == [["a", "bb"], ["ccc"]]
    assert way(embedder, ["ccc", "dddd"]) == [[3.0, 1.0], [4.0, 1.0]]
    assert inner.asked[2:] == [["dddd"]]
    assert way(embedder, []) == []


def test_an_embedder_without_a_batch_size_gets_a_hundred_texts_at_once() -> None:
    inner = Lengths()
    CachedEmbedder(inner).embed([str(number) for number in range(250)])
    assert [len(batch) for batch in inner.asked] == [100, 100, 50]


def test_the_texts_asked_for_last_are_remembered_and_no_more_than_a_thousand() -> None:
    inner = Lengths()
    embedder = CachedEmbedder(inner)
    embedder.embed([str(number) for number in range(1000)])
    embedder.embed(["0"])
    embedder.embed(["new"])
    asked = len(inner.asked)
    embedder.embed(["0", "2", "999"])
    assert len(inner.asked) == asked
    embedder.embed(["1"])
    assert inner.asked[asked:] == [["1"]]


def test_more_texts_in_a_call_than_it_remembers_all_get_their_vectors() -> None:
    embedder = CachedEmbedder(Lengths(), size=3)
    assert [vector[0] for vector in embedder.embed([*"abcdefgh"])] == [1.0] * 8
    assert CachedEmbedder(Lengths(), size=0).embed(["a"])[0].tolist() == [1.0, 1.0]


def test_an_asynchronous_embedder_is_awaited() -> None:
    assert awaited(CachedEmbedder(Awaited()), ["abc"]) == [[3.0, 1.0]]


def test_numpy_arrays_are_vectors() -> None:
    vectors = CachedEmbedder(Gives(np.array([[0.5, 0.25]], np.float32))).embed(["a"])
    assert vectors[0].tolist() == [0.5, 0.25]


@WAYS
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([[1.0, 2.0]], "1 vectors for 2 texts"),
        ([], "0 vectors for 2 texts"),
        ([[1.0, 2.0]] * 3, "3 vectors for 2 texts"),
        ([[1.0, 2.0], [1.0]], "a vector of 1 dimensions, but declares 2"),
        ([[1.0, 2.0], [1.0, math.nan]], "not finite"),
        ([[1.0, 2.0], [math.inf, 1.0]], "not finite"),
        ([[1.0, 2.0], [1e300, 1.0]], "too large for 32 bits"),
        (None, "sequence of vectors"),
        ([None, None], "sequence of vectors"),
        ([["a", "b"], [1.0, 2.0]], "sequence of vectors"),
        (OSError("no route"), "OSError"),
    ],
)
def test_what_an_embedder_should_not_give_is_refused(
    answer: Any, words: str, way: Callable[..., Any]
) -> None:
    inner = Gives(answer)
    embedder = CachedEmbedder(inner)
    with pytest.raises(EmbedderError, match=words) as caught:
        way(embedder, ["a", "b"])
    if isinstance(answer, Exception):
        assert caught.value.__cause__ is answer
    # Nothing of it is remembered.
    inner.answer = [[1.0, 2.0], [3.0, 4.0]]
    assert way(embedder, ["a", "b"]) == inner.answer


@pytest.mark.parametrize("dimensions", [None, 0, -1, 1.5, True, "2"])
def test_an_embedder_must_say_its_dimensions(dimensions: Any) -> None:
    class Unsure:
        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return []

    unsure: Any = Unsure()
    unsure.dimensions = dimensions
    with pytest.raises(EmbedderError, match="dimensions, an integer of at least 1"):
        CachedEmbedder(unsure)
    with pytest.raises(EmbedderError, match="method embed"):
        CachedEmbedder(object())  # type: ignore[arg-type]


def test_threads_share_one() -> None:
    embedder, wrong = CachedEmbedder(Lengths(batch_size=3), size=20), []

    def ask(start: int) -> None:
        for turn in range(50):
            texts = ["x" * ((start + turn + n) % 40) for n in range(7)]
            if [vector[0] for vector in embedder.embed(texts)] != [*map(len, texts)]:
                wrong.append(texts)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
