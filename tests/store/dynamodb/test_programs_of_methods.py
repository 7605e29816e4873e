"""The programs of a store's methods, as steps of another program."""

from __future__ import annotations

from leyden._methods import program_of
from leyden.program import Program
from leyden.store import InMemoryStore, Thread, change_resource, change_thread


def test_a_program_runs_methods_as_its_own_steps() -> None:
    store = InMemoryStore()
    memory = store.memory

    def both() -> Program[list[str]]:
        saved = yield from program_of(memory.save_thread)({"id": "t1", "resource_id": "alice"})
        found = yield from program_of(memory.get_thread_by_id)("t1", resource_id="bob")
        assert found is None
        return [saved.id]

    assert memory._run(both()) == ["t1"]


def test_a_change_is_made_of_what_is_stored() -> None:
    memory = InMemoryStore().memory
    seen: list[object] = []

    def add(resource: object) -> dict[str, str]:
        seen.append(resource)
        return {"working_memory": f"{getattr(resource, 'working_memory', '')}x"}

    for _ in range(2):
        changed = memory._run(change_resource(memory, "alice", add))
    assert changed.working_memory == "xx"
    assert seen[0] is None

    memory.save_thread({"id": "t1", "resource_id": "alice", "title": "Tea"})

    def shout(thread: Thread) -> dict[str, str]:
        return {"title": f"{thread.title}!"}

    assert memory._run(change_thread(memory, "t1", shout)).title == "Tea!"
