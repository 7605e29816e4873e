"""What one memory writes the other recalls: `@mastra/memory` with `@mastra/dynamodb`, and ours."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from leyden.memory import LocalVectors
from tests.memory.interop.sides import DIMENSIONS, Ours, Side, Theirs, kept
from tests.memory.words import counts_of

pytestmark = pytest.mark.node

Sides = Callable[..., tuple[Ours, Theirs]]

TALK: Final = (
    "the hotel in kyoto had a moss garden",
    "which temple was it",
    "my sister keeps two cats",
    "the train to osaka leaves at nine",
    "we pay the rent in advance",
    "python has no semicolons",
    "eggs are in the fridge",
    "the cake needs three of them",
)
SEARCHES: Final = ("kyoto garden", "a train to osaka", "cats and eggs", "unheard of", "")
RANGES: Final = ((1, 0, 0), (2, 1, 3), (4, 2, 0))
"""How many are found, how many messages around each, and how many of the last."""
WIDEST: Final = RANGES[-1:]
"""What shows most of the index: what a change has left there."""
EITHER: Final = pytest.mark.parametrize("python_writes", [True, False], ids=["ours", "theirs"])


def in_turn(sides: tuple[Side, Side], python_writes: bool) -> tuple[Side, Side]:
    """The one that writes, and the other."""
    ours, theirs = sides
    return (ours, theirs) if python_writes else (theirs, ours)


def talk(side: Side) -> None:
    """Two threads of Alice, whose messages take turns, and one of Bob with the same words."""
    side.create_thread("t1", "alice", topic="travel")
    side.create_thread("t2", "alice")
    side.create_thread("t3", "bob")
    side.save("t1", "alice", [(f"a{n}", text) for n, text in enumerate(TALK)], 0)
    side.save("t2", "alice", [(f"b{n}", text + " too") for n, text in enumerate(TALK[:4])], 3)
    side.save("t3", "bob", [(f"c{n}", text) for n, text in enumerate(TALK)], 0)


def same_recalls(one: Side, other: Side, ranges: Sequence[tuple[int, int, int]] = RANGES) -> None:
    for search, scope, (top, around, last) in itertools.product(
        SEARCHES, ("resource", "thread"), ranges
    ):
        asked = ("t1", "alice", search, scope, top, around, last)
        found = one.recall(*asked)
        assert found == other.recall(*asked), asked
        if last == 0 and search == SEARCHES[0]:
            assert found


@EITHER
def test_what_one_saves_both_recall(sides: Sides, python_writes: bool) -> None:
    writer, reader = in_turn(sides(), python_writes)
    talk(writer)
    same_recalls(writer, reader)
    hit = reader.recall("t1", "alice", "moss garden", "thread", 1, 0, 0)
    assert hit == [("a0", TALK[0])]
    # Nothing of Bob, who said the very same.
    everything = reader.recall("t1", "alice", "moss garden", "resource", 50, 0, 0)
    assert {id[0] for id, _ in everything} == {"a", "b"}


@EITHER
def test_what_one_changes_the_other_finds_no_more(
    sides: Sides, vectors: LocalVectors, python_writes: bool
) -> None:
    ours, theirs = sides()
    writer, other = in_turn((ours, theirs), python_writes)
    talk(writer)
    other.update("a0", "the inn in nara was loud")
    assert writer.recall("t1", "alice", "nara inn", "thread", 1, 0, 0) == [
        ("a0", "the inn in nara was loud")
    ]
    other.update("a2", " ")
    other.delete("b0", "b1", "nobody")
    same_recalls(writer, other, WIDEST)
    assert _ids(vectors).isdisjoint({"a2", "b0", "b1"})
    ours.clone_thread("t1", "t4")
    same_recalls(writer, other, WIDEST)
    assert sum(each["thread_id"] == "t4" for each in kept(vectors)) == len(TALK) - 1
    other.delete_thread("t1")
    other.delete_thread("t4")
    assert {each["thread_id"] for each in kept(vectors)} == {"t2", "t3"}
    left = writer.recall("t2", "alice", "kyoto garden", "resource", 50, 0, 0)
    assert [id for id, _ in left] == ["b2", "b3"]


def _ids(vectors: LocalVectors) -> set[str]:
    return {each["message_id"] for each in kept(vectors)}


@EITHER
@pytest.mark.parametrize("scope", ["resource", "thread"])
def test_working_memory_is_shared(sides: Sides, scope: str, python_writes: bool) -> None:
    writer, other = in_turn(sides(scope), python_writes)
    writer.create_thread("t1", "alice", topic="travel")
    writer.create_thread("t2", "alice")
    assert other.remembered("alice", "t1") is None
    writer.remember("alice", "t1", {"name": "Ada", "home": {"city": "Kyoto"}, "pets": ["Mo", "Ti"]})
    other.remember("alice", "t1", {"home": {"street": "Sanjo"}, "pets": ["Ti"]})
    expected = {"name": "Ada", "home": {"city": "Kyoto", "street": "Sanjo"}, "pets": ["Ti"]}
    for side in (writer, other):
        known = side.remembered("alice", "t1")
        assert known is not None
        assert json.loads(known) == expected
        elsewhere = side.remembered("alice", "t2")
        assert elsewhere == (known if scope == "resource" else None)


@st.composite
def _steps(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Who does what: saving, updating and deleting messages of a few ids."""
    word = st.sampled_from(["kyoto", "garden", "train", "cats", "eggs", "rent"])
    words = st.lists(word, max_size=3)
    ids = st.sampled_from([f"m{n}" for n in range(5)])
    step = st.tuples(
        st.booleans(), st.sampled_from(["save", "save", "update", "delete"]), ids, words
    )
    return draw(st.lists(step, min_size=1, max_size=8))


def test_whoever_does_what_both_find_the_same(sides: Sides, vectors: LocalVectors) -> None:
    ours, theirs = sides()
    threads = itertools.count()

    @settings(
        max_examples=8,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(_steps())
    def compare(steps: list[tuple[Any, ...]]) -> None:
        number = next(threads)
        thread, resource = f"t{number}", f"r{number}"
        ours.create_thread(thread, resource)
        known: dict[str, str] = {}
        for minute, (is_ours, verb, name, words) in enumerate(steps):
            side, id, text = (ours if is_ours else theirs), f"{number}-{name}", " ".join(words)
            if verb == "save" and id not in known:
                side.save(thread, resource, [(id, text)], minute)
                known[id] = text
            elif verb == "update":
                side.update(id, text)
                known |= {id: text} if id in known else {}
            elif verb == "delete":
                side.delete(id)
                known.pop(id, None)
        near = (
            vectors.query(
                "memory_messages_64",
                counts_of("a", DIMENSIONS),
                top_k=50,
                filter={"resource_id": resource},
            )
            if vectors.list()
            else ()
        )
        assert sorted((m.metadata["message_id"], m.metadata["content"]) for m in near) == sorted(
            (id, text) for id, text in known.items() if text
        )
        for search in ("kyoto", "eggs cats", "rent"):
            asked = (thread, resource, search, "resource", 2, 1, 1)
            assert ours.recall(*asked) == theirs.recall(*asked)

    compare()
