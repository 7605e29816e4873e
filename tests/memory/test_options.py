"""Options are refused in clear words where they are given: when a memory is made, or in a call."""

from __future__ import annotations

from typing import Any, cast

import pytest

from leyden.errors import CallStyleError, EmbedderError, InvalidOptionError, LeydenError
from leyden.memory import (
    AsyncMemory,
    LocalVectors,
    Memory,
    SemanticRecall,
    WorkingMemory,
    openai_embedder,
)
from leyden.store import InMemoryStore
from tests.memory.bags import Words

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"top_k": 0}, "top_k takes a whole number from 1 to 100"),
        ({"top_k": 101}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"top_k": "4"}, "top_k"),
        ({"message_range": -1}, "message_range"),
        ({"message_range": (1, 2, 3)}, "message_range"),
        ({"message_range": (1, "2")}, "message_range"),
        ({"message_range": True}, "message_range"),
        ({"scope": "threads"}, 'scope takes "resource" or "thread", not "threads"; did you mean'),
        ({"scope": None}, "scope"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "0.5"}, "threshold"),
        ({"filter": {"role": {"not": "user"}}}, 'filter: The filter on "role"'),
        ({"filter": "role"}, "filter: A filter is a mapping"),
    ],
)
def test_semantic_recall_is_refused_what_it_cannot_be(options: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError, match="^" + told.replace("(", r"\(")):
        SemanticRecall(**options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"template": "# Me", "schema": SCHEMA}, "not both"),
        ({"template": "  "}, "template must be a text"),
        ({"template": 1}, "template must be a text"),
        ({"schema": {"type": "array"}}, "a JSON schema of an object"),
        ({"schema": ["name"]}, "a JSON schema of an object"),
        ({"scope": "user"}, "scope takes"),
    ],
)
def test_working_memory_is_refused_what_it_cannot_be(options: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        WorkingMemory(**options)


def test_a_schema_holds_nothing_but_json() -> None:
    with pytest.raises(LeydenError, match="schema"):
        WorkingMemory(schema={"type": "object", "default": object()})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"last_messages": -1}, "last_messages"),
        ({"last_messages": None}, "last_messages"),
        ({"semantic_recall": {"top_k": 3}}, "semantic_recall takes True, False, or a Semantic"),
        ({"semantic_recall": None}, "semantic_recall takes"),
        ({"working_memory": "yes"}, "working_memory takes True, False, or a WorkingMemory"),
    ],
)
def test_a_memory_is_refused_options_that_it_does_not_take(options: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        Memory(InMemoryStore(), embedder=Words(), **options)
    memory = Memory(InMemoryStore(), embedder=Words(), semantic_recall=True)
    call: Any = memory.context
    with pytest.raises(InvalidOptionError, match=told):
        call("t1", **options)


def test_recall_by_meaning_needs_an_embedder() -> None:
    with pytest.raises(InvalidOptionError, match="semantic_recall needs an embedder"):
        Memory(InMemoryStore(), semantic_recall=True)
    with pytest.raises(InvalidOptionError, match='int has no "separator"'):
        Memory(InMemoryStore(), embedder=Words(), vector=cast(Any, 5))
    with pytest.raises(InvalidOptionError, match="vector needs an embedder"):
        Memory(InMemoryStore(), vector=LocalVectors())
    memory = Memory(InMemoryStore())
    with pytest.raises(InvalidOptionError, match="semantic_recall needs an embedder"):
        memory.recall("t1", semantic_recall=True)
    with pytest.raises(InvalidOptionError, match="needs an embedder"):
        memory.reindex(thread_id="t1")


def test_the_refusal_shows_a_call_that_works() -> None:
    with pytest.raises(InvalidOptionError) as refused:
        Memory(InMemoryStore(), semantic_recall=True)
    _, _, example = refused.value.message.partition("as in ")
    names = {"Memory": Memory, "openai_embedder": openai_embedder}
    made = eval(example, {**names, "store": InMemoryStore(), "client": None})
    assert isinstance(made, Memory)
    broken: Any = object()
    with pytest.raises(EmbedderError):
        Memory(InMemoryStore(), embedder=broken)


def test_a_memory_takes_a_store_of_its_own_style() -> None:
    with pytest.raises(CallStyleError, match="AsyncMemory"):
        AsyncMemory(InMemoryStore())
    with pytest.raises(InvalidOptionError, match="store takes a DynamoDBStore"):
        Memory(object())


def test_true_means_the_defaults_and_false_is_off() -> None:
    memory = Memory(
        InMemoryStore(),
        embedder=Words(),
        last_messages=True,
        semantic_recall=True,
        working_memory=True,
    )
    assert memory.options.last_messages == 10
    assert memory.options.semantic_recall == SemanticRecall(
        top_k=4, message_range=(1, 1), scope="resource", threshold=None, filter=None
    )
    assert memory.options.working_memory == WorkingMemory(scope="resource")
    off = Memory(InMemoryStore(), last_messages=False)
    assert (off.options.last_messages, off.options.semantic_recall) == (0, None)
    assert off.options.working_memory is None
