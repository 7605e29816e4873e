"""What is saved is recalled, by time and by meaning: over the reference store and exact search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.errors import (
    EmbedderError,
    IndexIncompleteError,
    InputError,
    InvalidOptionError,
    NotFoundError,
    ThreadOwnerError,
    VectorInputError,
    VectorStoreError,
)
from leyden.memory import LocalVectors, Memory, SemanticRecall, Vector, VectorMatches
from leyden.store import InMemoryStore, Message
from tests.memory.bags import Failing, Words
from tests.memory.conftest import Backend

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
TALK: Final = [
    "we fly to Japan in May",
    "which city do you like",
    "Kyoto and the old temples",
    "we stayed at the Maple Inn in Kyoto",
    "was it quiet there",
    "yes but the trains were loud",
    "what about food",
    "ramen every day",
    "and the weather",
    "it rained once",
]


def messages(thread: str, texts: Sequence[str], start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{thread}-{n}",
            "thread_id": thread,
            "role": "assistant" if n % 2 else "user",
            "content": text,
            "created_at": START + timedelta(seconds=n),
        }
        for n, text in enumerate(texts, start)
    ]


def ids(recall: Any) -> list[str]:
    return [message.id for message in recall.messages]


@pytest.fixture
def memory(backend: Backend) -> Any:
    made = backend.memory(embedder=Words(), last_messages=2, semantic_recall=True)
    made.create_thread(thread_id="t1", resource_id="alice", metadata={"mood": "happy"})
    made.save_messages(messages("t1", TALK))
    return made


def test_the_last_messages_are_recalled_with_those_like_a_text(
    memory: Any, backend: Backend
) -> None:
    recall = memory.recall(
        "t1",
        resource_id="alice",
        search="where in Kyoto was the Maple Inn",
        semantic_recall=SemanticRecall(top_k=1),
    )
    assert ids(recall) == [f"t1-{n}" for n in (2, 3, 4, 8, 9)]
    assert list(recall.scores) == ["t1-3"]
    assert 0.5 < recall.scores["t1-3"] < 1
    assert (recall.has_more, recall.total) == (True, None)
    assert recall.cost.requests == (1 if backend.engine is None else 5)


def test_without_a_search_the_last_messages_are_recalled(memory: Any) -> None:
    recall = memory.recall("t1", include_total=True)
    assert (ids(recall), recall.scores, recall.total) == (["t1-8", "t1-9"], {}, 10)
    earlier = memory.recall("t1", cursor=recall.cursor)
    assert ids(earlier) == ["t1-6", "t1-7"]
    assert ids(memory.recall("t1", last_messages=3)) == ["t1-7", "t1-8", "t1-9"]
    none = memory.recall("t1", last_messages=False, include_total=True)
    assert (ids(none), none.total) == ([], 10)
    hit = memory.recall("t1", search="ramen", last_messages=0, include_total=True)
    assert ("t1-7" in ids(hit), hit.total) == (True, 10)
    assert memory.recall("t1", search="Kyoto", semantic_recall=False).scores == {}
    assert memory.recall("t1", search=" \ufeff").scores == {}


def test_the_range_around_a_hit_is_as_asked(memory: Any) -> None:
    def found(message_range: Any) -> list[str]:
        return ids(
            memory.recall(
                "t1",
                search="ramen",
                last_messages=0,
                semantic_recall=SemanticRecall(top_k=1, message_range=message_range),
            )
        )

    assert found(0) == ["t1-7"]
    assert found((2, 0)) == ["t1-5", "t1-6", "t1-7"]
    assert found((0, 1)) == ["t1-7", "t1-8"]
    assert found(9) == [f"t1-{n}" for n in range(10)]


def test_a_score_below_the_threshold_is_no_hit(memory: Any) -> None:
    def scores(threshold: float | None) -> dict[str, float]:
        options = SemanticRecall(threshold=threshold)
        return dict(memory.recall("t1", search="ramen", semantic_recall=options).scores)

    assert len(scores(None)) == 4
    assert list(scores(0.6)) == ["t1-7"]
    assert scores(1.0) == {}


def test_scope_and_filter_say_where_to_look(memory: Any) -> None:
    memory.create_thread(thread_id="t2", resource_id="alice")
    memory.create_thread(thread_id="t3", resource_id="bob")
    memory.save_messages(messages("t2", ["ramen again"]))
    memory.save_messages(messages("t3", ["ramen for Bob"]))

    def hits(thread: str, **options: Any) -> set[str]:
        recall = memory.recall(
            thread, search="ramen", semantic_recall=SemanticRecall(threshold=0.6, **options)
        )
        return set(recall.scores)

    assert hits("t1") == hits("t2") == {"t1-7", "t2-0"}
    assert hits("t1", scope="thread") == {"t1-7"}
    assert hits("t2", scope="thread") == {"t2-0"}
    assert hits("t3") == {"t3-0"}
    assert hits("t1", filter={"role": "user"}) == {"t2-0"}
    # A filter narrows what is found and never widens it.
    assert hits("t1", filter={"resource_id": "bob"}) == set()
    assert hits("t1", filter={"resource_id": {"in": ["alice", "bob"]}}) == {"t1-7", "t2-0"}
    assert hits("t1", scope="thread", filter={"thread_id": "t2"}) == set()


def test_a_filter_goes_by_the_metadata_of_threads_where_the_vectors_have_it(
    memory: Any, backend: Backend
) -> None:
    def hits() -> set[str]:
        happy = SemanticRecall(threshold=0.6, filter={"mood": "happy"})
        return set(memory.recall("t1", search="ramen", semantic_recall=happy).scores)

    if backend.engine is not None:
        with pytest.raises(VectorInputError, match='not by "mood"'):
            hits()
        return
    assert hits() == {"t1-7"}
    memory.update_messages([{"id": "t1-8", "content": {"content": "ramen is nice"}}])
    assert hits() == {"t1-7", "t1-8"}


def test_a_thread_of_another_resource_is_refused_before_its_messages_are_read(
    memory: Any, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    domain = backend.domain
    original = domain._list_messages

    def watched(*given: Any) -> Any:
        read.append("messages")
        return original(*given)

    monkeypatch.setattr(domain, "_list_messages", watched)
    for call in (memory.recall, memory.context):
        for search in (None, "Kyoto"):
            with pytest.raises(ThreadOwnerError) as refused:
                call("t1", resource_id="bob", search=search)
            assert refused.value.thread_id == "t1"
            assert "alice" not in str(refused.value)
    assert read == []


def test_a_thread_that_is_still_to_begin_recalls_from_its_resource(memory: Any) -> None:
    recall = memory.recall("new", resource_id="alice", search="ramen")
    assert "t1-7" in recall.scores
    for options in (
        {"resource_id": "alice"},
        {"search": "ramen"},
        {
            "resource_id": "alice",
            "search": "ramen",
            "semantic_recall": SemanticRecall(scope="thread"),
        },
    ):
        call: Any = memory.recall
        with pytest.raises(NotFoundError):
            call("new", **options)


def test_what_belongs_to_working_memory_is_not_saved(memory: Any) -> None:
    update = {"toolCallId": "c1", "toolName": "updateWorkingMemory", "args": {}, "state": "call"}
    text = "I see <working_memory># Bob</working_memory>"
    saved = memory.save_messages(
        [
            {"role": "system", "content": "be kind"},
            {"role": "assistant", "content": text},
            {
                "role": "assistant",
                "content": {
                    "format": 2,
                    "parts": [
                        {"type": "text", "text": text},
                        {"type": "tool-invocation", "toolInvocation": update},
                    ],
                },
            },
            {
                "role": "assistant",
                "content": {
                    "format": 2,
                    "parts": [{"type": "tool-invocation", "toolInvocation": update}],
                },
            },
        ],
        thread_id="t1",
    )
    assert [message.content for message in saved] == [
        {"format": 2, "parts": [{"type": "text", "text": "I see"}], "content": "I see"},
        {"format": 2, "parts": [{"type": "text", "text": "I see"}]},
    ]
    assert {message.resource_id for message in saved} == {"alice"}
    assert memory.save_messages([]) == []


def test_messages_are_checked_before_anything_is_saved(memory: Any) -> None:
    bad: list[Any] = [
        [{"content": "x", "thread_id": "t1"}],
        [{"role": "user", "thread_id": "t1"}],
        [{"role": "user", "content": "x"}],
        [{"role": "user", "content": "x", "thread_id": "t1", "threadId": "t1"}],
        ["hello"],
        "hello",
    ]
    for given in bad:
        with pytest.raises(InputError):
            memory.save_messages(given)
    assert len(memory.recall("t1", last_messages=99).messages) == len(TALK)


def test_a_message_of_nobody_is_refused_before_anything_is_saved(memory: Any) -> None:
    with pytest.raises(NotFoundError, match="the message has no owner"):
        memory.save_messages(messages("later", TALK[:1]))
    memory.create_thread(thread_id="later", resource_id="alice")
    assert ids(memory.recall("later")) == []
    # Who says whose it is may save it before its thread begins.
    memory.save_messages(messages("soon", TALK[:1]), resource_id="alice")
    memory.create_thread(thread_id="soon", resource_id="alice")
    assert ids(memory.recall("soon", resource_id="alice")) == ["soon-0"]


def test_a_thread_is_not_taken_from_another_resource(memory: Any) -> None:
    memory.update_thread("t1", metadata={"workingMemory": "a secret of alice"})
    with pytest.raises(ThreadOwnerError):
        memory.create_thread(thread_id="t1", resource_id="bob")
    assert memory.get_thread_by_id("t1").resource_id == "alice"
    again = memory.create_thread(thread_id="t1", resource_id="alice", title="Again")
    assert (again.title, again.metadata["mood"]) == ("Again", "happy")


def test_a_message_keeps_its_id_and_records_are_taken_as_well(memory: Any) -> None:
    given = Message(id="m1", thread_id="t1", role="user", content="the ferry", resource_id="alice")
    (saved,) = memory.save_messages([given])
    assert (saved.id, saved.content["content"]) == ("m1", "the ferry")
    assert "m1" in memory.recall("t1", search="ferry").scores


def test_a_long_text_has_a_vector_for_each_chunk(memory: Any, backend: Backend) -> None:
    long = " ".join(["filler"] * 4000) + " capybara"
    memory.save_messages([{"id": "long", "role": "user", "content": long}], thread_id="t1")
    assert {id for id in backend.vectors() if id.startswith("long")} == {"long#0", "long#1"}
    recall = memory.recall("t1", search="capybara", semantic_recall=SemanticRecall(top_k=1))
    assert set(recall.scores) == {"long"}


def test_a_message_that_is_saved_again_is_found_by_its_new_text_only(
    memory: Any, backend: Backend
) -> None:
    memory.create_thread(thread_id="t2", resource_id="bob")
    long = " ".join(["alpaca"] * 3000 + ["beaver"] * 3000)
    one = {"id": "m1", "role": "user", "content": long}
    memory.save_messages([one], thread_id="t1")
    assert len({id for id in backend.vectors() if id.startswith("m1#")}) == 3
    memory.save_messages([{**one, "content": "short"}, {**one, "id": "m2"}], thread_id="t1")
    assert {id for id in backend.vectors() if id.startswith("m1#")} == {"m1#0"}
    memory.save_messages([{**one, "content": "short", "resource_id": "bob"}], thread_id="t2")
    assert "m1" in memory.recall("t2", search="short").scores
    assert "m1" not in memory.recall("t1", search="short").scores
    memory.save_messages([{**one, "content": " "}], thread_id="t1")
    assert {id for id in backend.vectors() if id.startswith("m1#")} == set()


def test_updates_change_what_is_found(memory: Any, backend: Backend) -> None:
    memory.update_messages([{"id": "t1-7", "content": {"content": "sushi every night"}}])
    assert memory.recall("t1", search="sushi").scores["t1-7"] > 0.6
    found = memory.recall("t1", search="ramen", semantic_recall=SemanticRecall(threshold=0.6))
    assert found.scores == {}
    assert len(backend.vectors()) == len(TALK)
    # A message without a text is in no index.
    memory.update_messages([{"id": "t1-7", "content": {"format": 2, "parts": []}}])
    memory.update_messages([{"id": "t1-7", "content": []}])
    assert "t1-7#0" not in backend.vectors()
    assert memory.update_messages([{"id": "missing", "content": "x"}]) == []


def test_a_message_that_moves_is_found_where_it_is(memory: Any, backend: Backend) -> None:
    memory.create_thread(thread_id="t2", resource_id="bob")
    memory.update_messages([{"id": "t1-7", "thread_id": "t2", "resource_id": "bob"}])
    assert "t1-7" not in memory.recall("t1", search="ramen").scores
    assert "t1-7" in memory.recall("t2", resource_id="bob", search="ramen").scores
    assert len(backend.vectors()) == len(TALK)


def test_a_vector_that_stayed_behind_brings_no_message_into_the_scope_of_a_thread(
    memory: Any,
) -> None:
    memory.create_thread(thread_id="t2", resource_id="alice")
    # As if the process had ended between the message and its vectors.
    memory.update_messages([{"id": "t1-7", "thread_id": "t2"}], semantic_recall=False)
    within = SemanticRecall(scope="thread", top_k=1)
    assert memory.recall("t1", search="ramen", semantic_recall=within).scores == {}
    everywhere = SemanticRecall(top_k=1)
    assert [*memory.recall("t1", search="ramen", semantic_recall=everywhere).scores] == ["t1-7"]


def test_deletions_take_vectors_along(memory: Any, backend: Backend) -> None:
    memory.create_thread(thread_id="t2", resource_id="alice")
    memory.save_messages(messages("t2", ["ramen again", "yes"]))
    memory.delete_messages(["t1-7", "missing"])
    assert set(memory.recall("t1", search="ramen").scores) > {"t2-0"}
    assert "t1-7#0" not in backend.vectors()
    memory.delete_thread("t1")
    assert backend.vectors() == {"t2-0#0", "t2-1#0"}
    assert memory.get_thread_by_id("t1") is None
    memory.delete_thread("t1")


def test_messages_without_a_thread_take_their_vectors_along(memory: Any, backend: Backend) -> None:
    memory.save_messages(messages("soon", ["quinces"]), resource_id="alice")
    assert "soon-0#0" in backend.vectors()
    memory.delete_thread("soon")
    assert "soon-0#0" not in backend.vectors()


def test_copies_are_found_too(memory: Any, backend: Backend) -> None:
    copied = memory.clone_thread("t1", resource_id="bob", message_limit=3)
    recall = memory.recall(copied.thread.id, resource_id="bob", search="ramen")
    assert copied.message_id_map["t1-7"] in recall.scores
    assert all(id not in recall.scores for id in ("t1-7", "t1-3"))
    also = memory.copy_thread("t1", message_ids=["t1-0"])
    assert list(also.message_id_map) == ["t1-0"]
    assert len(backend.vectors()) == len(TALK) + 4
    memory.copy_thread("t1", semantic_recall=False)
    assert len(backend.vectors()) == len(TALK) + 4


def test_a_thread_that_gets_another_owner_takes_its_vectors_along(
    memory: Any, backend: Backend
) -> None:
    moved = memory.update_thread_resource_id("t1", "bob")
    assert moved.resource_id == "bob"
    assert memory.recall("new", resource_id="alice", search="ramen").scores == {}
    assert "t1-7" in memory.recall("t1", resource_id="bob", search="ramen").scores
    assert len(backend.vectors()) == len(TALK)
    assert memory.update_thread_resource_id("t1", "bob") == moved
    with pytest.raises(NotFoundError):
        memory.update_thread_resource_id("missing", "bob")


def test_a_failing_embedder_loses_no_message(backend: Backend) -> None:
    embedder = Failing()
    memory = backend.memory(embedder=embedder, semantic_recall=True)
    memory.create_thread(thread_id="t1", resource_id="alice")
    memory.save_messages(messages("t1", TALK[:3]))
    embedder.failing = True
    with pytest.raises(IndexIncompleteError) as failed:
        memory.save_messages(
            [
                *messages("t1", TALK[3:5], 3),
                {
                    "id": "picture",
                    "thread_id": "t1",
                    "role": "user",
                    "content": [{"type": "file", "data": "x", "mimeType": "image/png"}],
                },
            ]
        )
    assert failed.value.saved == ("t1-3", "t1-4", "picture")
    assert failed.value.unindexed == ("t1-3", "t1-4")
    assert isinstance(failed.value.failures[0], EmbedderError)
    assert isinstance(failed.value.failures[0].__cause__, RuntimeError)
    assert failed.value.operation == "memory.save_messages"
    assert len(memory.recall("t1", last_messages=99).messages) == 6
    with pytest.raises(IndexIncompleteError):
        memory.update_messages([{"id": "t1-0", "content": {"content": "changed"}}])
    with pytest.raises(EmbedderError):
        memory.recall("t1", search="anything else")
    before = backend.vectors()
    assert "t1-1#0" in before
    with pytest.raises(EmbedderError):
        memory.reindex(thread_id="t1")
    with pytest.raises(EmbedderError):
        memory.reindex(resource_id="alice")
    assert backend.vectors() == before
    embedder.failing = False
    done = memory.reindex(thread_id="t1")
    assert (done.threads, done.messages, done.indexed) == (1, 6, 5)
    assert "t1-3" in memory.recall("t1", search=TALK[3]).scores
    assert "t1-0" in memory.recall("t1", search="changed").scores


class Broken(LocalVectors):
    """Takes a few vectors, then nothing more while it is broken."""

    broken = False

    def upsert(self, index: str, vectors: Sequence[Vector]) -> None:
        if self.broken:
            super().upsert(index, vectors[:1])
            raise VectorStoreError("out of order", unsaved=[one.id for one in vectors[1:]])
        super().upsert(index, vectors)

    def query(self, index: str, vector: Sequence[float], **options: Any) -> VectorMatches:
        if self.broken:
            raise ConnectionError("somewhere secret")
        return super().query(index, vector, **options)

    def delete(self, index: str, **options: Any) -> None:
        if self.broken:
            raise ConnectionError("somewhere secret")
        super().delete(index, **options)


def stored(vectors: LocalVectors) -> set[str]:
    found = vectors.query("memory_messages_256", [1.0] * 256, top_k=1000)
    return {match.id for match in found}


def test_a_failing_vector_store_loses_no_message_and_stops_no_deletion() -> None:
    vectors = Broken()
    memory = Memory(InMemoryStore(), embedder=Words(), vector=vectors, semantic_recall=True)
    memory.create_thread(thread_id="t1", resource_id="alice")
    memory.save_messages(messages("t1", TALK[:2]))
    vectors.broken = True
    with pytest.raises(IndexIncompleteError) as failed:
        memory.save_messages(messages("t1", TALK[2:5], 2))
    assert failed.value.unindexed == ("t1-3", "t1-4")
    assert failed.value.saved == ("t1-2", "t1-3", "t1-4")
    with pytest.raises(VectorStoreError) as down:
        memory.recall("t1", search="Kyoto")
    assert isinstance(down.value.__cause__, ConnectionError)
    assert "secret" not in str(down.value)
    with pytest.raises(IndexIncompleteError, match="were deleted, but not all of their vectors"):
        memory.delete_messages(["t1-0"])
    with pytest.raises(IndexIncompleteError, match="were moved"):
        memory.update_thread_resource_id("t1", "bob")
    assert {m.id for m in memory.recall("t1").messages} == {f"t1-{n}" for n in range(1, 5)}
    vectors.broken = False
    assert memory.recall("new", resource_id="alice", search="Kyoto").messages == ()
    memory.reindex(resource_id="alice")
    memory.reindex(thread_id="t1")
    assert stored(vectors) == {f"t1-{n}#0" for n in range(1, 5)}
    vectors.broken = True
    with pytest.raises(IndexIncompleteError, match="the thread and its messages were deleted"):
        memory.delete_thread("t1")
    assert memory.get_thread_by_id("t1") is None
    vectors.broken = False
    memory.reindex(resource_id="bob")
    assert stored(vectors) == set()


def test_reindexing_tells_how_far_it_is(memory: Any) -> None:
    told: list[Any] = []
    memory.create_thread(thread_id="t2", resource_id="alice")
    memory.save_messages(messages("t2", [f"number {n}" for n in range(110)]))
    done = memory.reindex(resource_id="alice", progress=told.append)
    assert (done.threads, done.messages, done.indexed) == (2, 120, 120)
    assert [one.messages for one in told] == sorted(one.messages for one in told)
    assert len(told) >= 3
    assert told[-1] == done
    with pytest.raises(InvalidOptionError, match="either thread_id"):
        memory.reindex()
    with pytest.raises(InvalidOptionError, match="either thread_id"):
        memory.reindex(thread_id="t1", resource_id="alice")
    with pytest.raises(NotFoundError):
        memory.reindex(thread_id="missing")


class Meanwhile(Words):
    """Lets somebody else do something once, while it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[], Any]] = []

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        made = super().embed(texts)
        if "trains" in " ".join(texts) and self.others:
            self.others.pop()()
        return made


def test_reindexing_beside_writers_leaves_no_vector_of_a_former_text(backend: Backend) -> None:
    memory = backend.memory(embedder=Words(), semantic_recall=True)
    memory.create_thread(thread_id="t1", resource_id="alice")
    memory.save_messages(messages("t1", TALK))

    def others() -> None:
        memory.update_messages([{"id": "t1-5", "content": {"content": "quinces for breakfast"}}])
        memory.delete_messages(["t1-6"])

    embedder = Meanwhile()
    embedder.others.append(others)
    backend.memory(embedder=embedder).reindex(thread_id="t1")
    assert embedder.others == []
    best = SemanticRecall(top_k=1)
    found = memory.recall("t1", search="quinces for breakfast", semantic_recall=best).scores
    assert found["t1-5"] > 0.99
    assert backend.vectors() == {f"t1-{n}#0" for n in range(10) if n != 6}


def test_reindexing_keeps_vectors_of_threads_that_it_does_not_see_yet(backend: Backend) -> None:
    memory = backend.memory(embedder=Words(), semantic_recall=True)
    # An index of a table shows new threads a moment later; one that is not there shows never.
    memory.save_messages(messages("soon", ["quinces"]), resource_id="alice")
    assert memory.reindex(resource_id="alice").deleted == 0
    if backend.engine is not None:
        assert backend.vectors() == {"soon-0#0"}


def test_a_context_is_what_models_take(memory: Any) -> None:
    memory.create_thread(thread_id="t2", resource_id="alice")
    memory.save_messages(
        [
            {"role": "user", "content": "hello"},
            {"role": "tool", "content": "a result"},
            {"role": "assistant", "content": [{"type": "file", "data": "x"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
        ],
        thread_id="t2",
    )
    context = memory.context(
        "t2",
        resource_id="alice",
        search="ramen",
        last_messages=9,
        semantic_recall=SemanticRecall(top_k=1, message_range=0),
    )
    assert context.messages == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
    ]
    assert 'assistant: "ramen every day"' in context.system
    assert list(context.recall.scores) == ["t1-7"]
    plain = memory.context("t2")
    assert (plain.system, len(plain.messages)) == ("", 1)


def test_a_vector_of_zeros_is_left_out(memory: Any, backend: Backend) -> None:
    memory.save_messages([{"id": "dots", "role": "user", "content": "... !!!"}], thread_id="t1")
    assert "dots#0" not in backend.vectors()
    assert memory.recall("t1", search="???").scores == {}
