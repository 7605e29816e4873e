"""No text of one resource reaches another, whatever is done, and whatever the vectors say."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from leyden.errors import NotFoundError, ThreadOwnerError
from leyden.memory import LocalVectors, Memory, SemanticRecall, Vector, with_vectors
from leyden.store import DynamoDBStore, InMemoryStore
from tests.conftest import _new_table_name, _start
from tests.memory.bags import Words

DIMENSIONS = 16
OWNERS = ("alice", "bob", "Alice", "al")
RECALLS = st.builds(
    SemanticRecall,
    top_k=st.sampled_from([1, 4, 50]),
    message_range=st.sampled_from([0, 1, (3, 0)]),
    scope=st.sampled_from(["resource", "thread"]),
    filter=st.sampled_from([None, {"role": "user"}]),
)
HOSTILE = st.sampled_from(
    [
        {"resource_id": "bob"},
        {"resource_id": {"in": list(OWNERS)}},
        {"and": [{"resource_id": "bob"}]},
        {"thread_id": "t0"},
    ]
)
owners = st.sampled_from(OWNERS)


class Isolation(RuleBasedStateMachine):
    """A memory that several resources use, and a model of whose each message is."""

    threads = Bundle("threads")
    are_filters_pushed: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.memory = self.new_memory()
        self.owner_of: dict[str, str] = {}
        self.begun = 0
        self.thread_of: dict[str, str] = {}
        self.messages: dict[str, tuple[str, str]] = {}
        """The text of each message, and whose it is."""
        self.count = 0

    def new_memory(self) -> Memory:
        self.vectors = LocalVectors()
        return Memory(
            InMemoryStore(),
            embedder=Words(DIMENSIONS),
            vector=self.vectors,
            semantic_recall=True,
            working_memory=True,
        )

    def foreign_vector(self, owner: str, message: str) -> None:
        """What another client might write: a message of somebody under the resource of another."""
        self.vectors.create_index(f"memory_messages_{DIMENSIONS}", DIMENSIONS)
        metadata = {"message_id": message, "thread_id": self.thread_of[message]}
        vector = Vector(
            f"forged-{self.count}", [1.0] * DIMENSIONS, {**metadata, "resource_id": owner}
        )
        self.vectors.upsert(f"memory_messages_{DIMENSIONS}", [vector])

    @initialize(target=threads, owner=owners)
    def first(self, owner: str) -> str:
        return self.new_thread(owner)

    @rule(target=threads, owner=owners)
    def another(self, owner: str) -> str:
        return self.new_thread(owner)

    def new_thread(self, owner: str) -> str:
        id = f"t{self.begun}"
        self.begun += 1
        self.memory.create_thread(thread_id=id, resource_id=owner)
        self.owner_of[id] = owner
        return id

    @rule(thread=threads, size=st.integers(1, 3), by_someone_else=st.booleans())
    def save(self, thread: str, size: int, by_someone_else: bool) -> None:
        if thread not in self.owner_of:
            return
        owner = "carol" if by_someone_else else self.owner_of[thread]
        saved = []
        for _ in range(size):
            self.count += 1
            id, text = f"m{self.count}", f"word{self.count % 5} secret-{self.count}-of-{owner}"
            saved.append({"id": id, "role": "user", "content": text, "resource_id": owner})
            self.messages[id] = (text, owner)
            self.thread_of[id] = thread
        self.memory.save_messages(saved, thread_id=thread)

    @rule(thread=threads, owner=owners)
    def give(self, thread: str, owner: str) -> None:
        if thread not in self.owner_of:
            return
        if self.owner_of[thread] != owner:
            for id, place in self.thread_of.items():
                if place == thread:
                    self.messages[id] = (self.messages[id][0], owner)
        self.memory.update_thread_resource_id(thread, owner)
        self.owner_of[thread] = owner

    @rule(target=threads, thread=threads, owner=owners)
    def copy(self, thread: str, owner: str) -> str:
        if thread not in self.owner_of:
            return thread
        # Who copies a thread for somebody gives it away.
        copied = self.memory.copy_thread(thread, resource_id=owner)
        self.owner_of[copied.thread.id] = owner
        for old, new in copied.message_id_map.items():
            self.messages[new] = (self.messages[old][0], owner)
            self.thread_of[new] = copied.thread.id
        return copied.thread.id

    @rule(thread=threads, change=st.sampled_from(["text", "move", "delete"]), to=threads)
    def change(self, thread: str, change: str, to: str) -> None:
        found = [id for id, place in self.thread_of.items() if place == thread]
        if not found or to not in self.owner_of:
            return
        id = found[0]
        owner = self.messages[id][1]
        if change == "delete":
            self.memory.delete_messages([id])
            del self.messages[id], self.thread_of[id]
        elif change == "move":
            # It stays its owner's, in whichever thread it is.
            self.memory.update_messages([{"id": id, "thread_id": to}])
            self.thread_of[id] = to
        else:
            text = f"word1 changed secret of {owner} {self.count}"
            self.memory.update_messages([{"id": id, "content": {"content": text, "parts": []}}])
            self.messages[id] = (text, owner)

    @rule(thread=threads)
    def delete(self, thread: str) -> None:
        self.memory.delete_thread(thread)
        self.owner_of.pop(thread, None)
        for id in [id for id, place in self.thread_of.items() if place == thread]:
            del self.messages[id], self.thread_of[id]

    @rule(owner=owners, number=st.integers(0, 50))
    def forge(self, owner: str, number: int) -> None:
        if self.messages:
            self.foreign_vector(owner, sorted(self.messages)[number % len(self.messages)])

    @rule(owner=owners)
    def reindex(self, owner: str) -> None:
        self.memory.reindex(resource_id=owner)

    @rule(thread=threads, owner=owners, word=st.integers(0, 5), recall=RECALLS)
    def recall(self, thread: str, owner: str, word: int, recall: SemanticRecall) -> None:
        self.look(thread, owner, f"word{word} secret", recall)

    @rule(thread=threads, owner=owners, filter=HOSTILE)
    def pry(self, thread: str, owner: str, filter: dict[str, Any]) -> None:
        if self.are_filters_pushed:
            self.look(thread, owner, "secret", SemanticRecall(top_k=50, filter=filter))

    def look(self, thread: str, owner: str, search: str, recall: SemanticRecall) -> None:
        options: Any = {"resource_id": owner, "search": search, "semantic_recall": recall}
        try:
            context = self.memory.context(thread, **options)
        except ThreadOwnerError:
            assert self.owner_of[thread] != owner
            return
        except NotFoundError:
            assert thread not in self.owner_of
            return
        assert self.owner_of.get(thread, owner) == owner
        for message in context.recall.messages:
            assert self.messages[message.id][1] == owner
        shown = context.system + "".join(one["content"] for one in context.messages)
        mine = {text for text, whose in self.messages.values() if whose == owner}
        for text, _ in self.messages.values():
            assert text in mine or text not in shown

    @invariant()
    def the_last_messages_are_their_owners(self) -> None:
        for thread, owner in self.owner_of.items():
            found = self.memory.recall(thread, resource_id=owner, last_messages=50).messages
            assert {one.id for one in found} == {
                id
                for id, place in self.thread_of.items()
                if place == thread and self.messages[id][1] == owner
            }


def test_no_text_reaches_another_resource_by_exact_search() -> None:
    run(Isolation, 20)


def run(machine: type[Isolation], steps: int) -> None:
    """Drive a machine, in as many examples as the profile says."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(machine, settings=settings(stateful_step_count=steps))


def test_no_text_reaches_another_resource_by_an_index_of_the_table() -> None:
    with _start("embedded") as engine:
        store = DynamoDBStore(
            table_name=_new_table_name("memory-isolation"),
            endpoint_url=engine.endpoint_url,
            region=engine.region,
            credentials={"access_key_id": "local", "secret_access_key": "local"},
        )
        store.app.create_table()
        memory = Memory(
            store, embedder=Words(DIMENSIONS), semantic_recall=True, working_memory=True
        )
        memory.init()

        with_its_vectors = store.app.beside(with_vectors(store.app.spec, DIMENSIONS))

        class InTable(Isolation):
            are_filters_pushed = False

            def teardown(self) -> None:
                assert with_its_vectors.doctor(full=True).findings == ()

            def new_memory(self) -> Memory:
                store.clear("memory")
                return memory

            def foreign_vector(self, owner: str, message: str) -> None:
                ids = {"message_id": message, "thread_id": self.thread_of[message]}
                vector = Vector(f"{message}#0", [1.0] * DIMENSIONS, {**ids, "resource_id": owner})
                memory._indexing.store.upsert(f"memory_messages_{DIMENSIONS}", [vector])

        from hypothesis.stateful import run_state_machine_as_test

        few = settings(stateful_step_count=8, max_examples=5, deadline=None)
        run_state_machine_as_test(InTable, settings=few)


pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
