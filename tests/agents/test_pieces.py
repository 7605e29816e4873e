"""Lists in blocks: whatever becomes of a list, its parts make it up, and stay few."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from leyden.agents.pieces import (
    FULL,
    PIECE,
    TIERS,
    Block,
    Digest,
    Run,
    cut,
    digest,
    joined,
    laid,
    packed,
    unpacked,
)

SIZES = (10, 200, 2_000, 50_000, 140_000, 300_000)


@define
class Kept:
    """A list as it is kept step by step, with what was written for it."""

    elements: list[Digest] = field(factory=list)
    runs: list[Run] = field(factory=list)
    blocks: dict[Block, list[Digest]] = field(factory=dict)
    sizes: dict[Digest, int] = field(factory=dict)
    written: int = 0
    steps: list[int] = field(factory=list)
    _numbers: count[int] = field(factory=count)

    def become(self, elements: Sequence[Digest]) -> None:
        """Lay out what the list is now."""
        sizes = [self.sizes[one] for one in elements]
        runs, blocks, at, written = [], {}, 0, 0
        for part in laid(elements, sizes, self.runs, self.blocks):
            assert len(part) > 0
            if isinstance(part, Run):
                runs.append(part)
                blocks[part.block] = self.blocks[part.block]
            else:
                # A block of new elements is another one each time, as with a cipher.
                assert part.start == at
                name = f"block {next(self._numbers)}".encode()
                size = sum(sizes[part.start : part.stop])
                assert size <= PIECE or len(part) == 1
                runs.append(Run(name, 0, len(part)))
                blocks[name] = [*elements[part.start : part.stop]]
                written += size
            at += len(part)
        self.elements, self.runs, self.blocks = [*elements], runs, blocks
        self.written += written
        self.steps.append(written)
        assert self.read() == self.elements
        assert len(self.runs) <= self.most()

    def read(self) -> list[Digest]:
        return [one for run in self.runs for one in self.blocks[run.block][run.start : run.stop]]

    def most(self) -> int:
        """So many parts a list has at most, however it came to be what it is."""
        size = sum(self.sizes[one] for one in self.elements)
        (_, most), (longest, more) = TIERS
        return most + more + 3 * (size // FULL + len(self.elements) // longest) + 3

    def new(self, name: object, size: int) -> Digest:
        one = digest(str(name).encode())
        self.sizes[one] = size
        return one


EDITS: dict[str, Callable[[list[Digest], Sequence[Digest], random.Random], list[Digest]]] = {
    "append": lambda old, new, chance: [*old, *new],
    "prepend": lambda old, new, chance: [*new, *old],
    "insert": lambda old, new, chance: [
        *old[: (at := chance.randint(0, len(old)))],
        *new,
        *old[at:],
    ],
    "replace": lambda old, new, chance: [
        *old[: (at := chance.randint(0, len(old)))],
        *new,
        *old[at + len(new) :],
    ],
    "trim": lambda old, new, chance: old[chance.randint(0, len(old)) :],
    "remove": lambda old, new, chance: [one for one in old if chance.random() < 0.9],
    "reverse": lambda old, new, chance: old[::-1],
    "repeat": lambda old, new, chance: [*old, *old[: chance.randint(0, 40)]],
    "clear": lambda old, new, chance: [],
}


@given(
    st.lists(st.tuples(st.sampled_from([*EDITS]), st.integers(0, 70)), max_size=40),
    st.sampled_from((3, 30, 10**9)),
    st.randoms(use_true_random=False),
)
def test_the_parts_make_up_the_list(
    edits: list[tuple[str, int]], different: int, chance: random.Random
) -> None:
    kept = Kept()
    for name, many in edits:
        fresh = [chance.randrange(different) for _ in range(many)]
        new = [kept.new(one, SIZES[one % len(SIZES)]) for one in fresh]
        kept.become(EDITS[name](kept.elements, new, chance))


@pytest.mark.parametrize("different", [1, 7, 50, 10**9])
@pytest.mark.parametrize("many", [1, 2, 5])
def test_an_append_writes_what_is_new_and_moves_each_element_a_few_times(
    different: int, many: int
) -> None:
    kept = Kept()
    numbers = count()
    for _ in range(600 if many < 5 else 300):
        new = [kept.new(next(numbers) % different, 1_000) for _ in range(many)]
        kept.become([*kept.elements, *new])
    assert kept.written <= 4 * sum(kept.sizes[one] for one in kept.elements)
    # Most steps move nothing.
    assert sorted(kept.steps)[len(kept.steps) * 9 // 10] <= (many + 1) * 1_000


@pytest.mark.parametrize("window", [1, 2, 20, 200])
@pytest.mark.parametrize("different", [7, 10**9])
def test_a_window_that_moves_on_writes_what_is_new(window: int, different: int) -> None:
    kept = Kept()
    for n in range(500):
        kept.become([*kept.elements, kept.new(n % different, 1_000)][-window:])
    assert kept.written <= 4 * 500 * 1_000


def test_a_large_element_is_written_once_whatever_stands_beside_it() -> None:
    kept = Kept()
    for n in range(200):
        kept.become([*kept.elements, kept.new(n, 2_000 if n % 2 else 300_000)])
    assert kept.written <= 100 * 300_000 + 4 * 100 * 2_000


@pytest.mark.parametrize("size", [1_000, 20_000])
def test_edits_anywhere_leave_few_parts_and_move_few_elements(size: int) -> None:
    kept = Kept()
    chance = random.Random(1)
    kept.become([kept.new(n, size) for n in range(500)])
    kept.written = 0
    for n in range(500):
        elements = [*kept.elements]
        elements[chance.randrange(500)] = kept.new(f"edit {n}", size)
        kept.become(elements)
    # As much as if every sixteenth edit wrote the list as a whole, and mostly much less.
    assert kept.written <= 500 / 16 * 500 * size
    assert sorted(kept.steps[1:])[450] <= 2 * size


def test_an_edit_writes_the_element_and_no_other() -> None:
    kept = Kept()
    kept.become([kept.new(n, 1_000) for n in range(64)])
    elements = [*kept.elements]
    elements[20] = kept.new("edit", 1_000)
    kept.become(elements)
    assert kept.steps[-1] == 1_000
    assert [len(run) for run in kept.runs] == [20, 1, 43]
    kept.become(elements[:10] + elements[40:])
    assert kept.steps[-1] == 0


@given(st.binary(max_size=2_000), st.integers(0, 400), st.binary(max_size=50))
def test_bytes_come_back_from_their_blocks(data: bytes, times: int, words: bytes) -> None:
    data *= times
    block, pieces = cut(data)
    assert joined(block, pieces) == data
    assert all(len(piece) <= PIECE for piece in pieces.values())
    assert unpacked(packed(data, words), words) == data


@pytest.mark.parametrize("data", [b"", b"\1", b"\1abc", b"\7abc", packed(b"a" * 99)[:-1]])
def test_bytes_that_are_no_block_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="compressed bytes"):
        unpacked(data)


def test_a_block_with_a_piece_that_is_gone_is_a_key_error() -> None:
    block, _ = cut(b"a")
    with pytest.raises(KeyError):
        joined(block, {})
