"""Working memory: of a resource or a thread, as text or JSON, without lost updates."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from leyden.errors import InputError, InvalidOptionError, NotFoundError, ThreadOwnerError
from leyden.memory import Memory, WorkingMemory
from leyden.store import InMemoryStore
from tests.memory.conftest import Backend

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "likes": {"type": "array", "items": {"type": "string"}},
        "home": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
    "required": ["name"],
}


Made = Callable[..., Any]


@pytest.fixture
def made(backend: Backend) -> Made:
    """Makes a memory over an empty store, with two threads of a resource."""
    return partial(_made, backend)


def _made(backend: Backend, working: Any = True) -> Any:
    backend.clear()
    memory = backend.memory(working_memory=working)
    memory.create_thread(thread_id="t1", resource_id="alice")
    memory.create_thread(thread_id="t2", resource_id="alice")
    return memory


def waited(owner: Any, function: Callable[..., Any], **given: Any) -> Any:
    """What a tool's function gives, awaited where the memory is asynchronous."""
    wait = getattr(owner, "_wait", None)
    return function(**given) if wait is None else wait(function, **given)


def test_that_of_a_resource_is_shared_by_its_threads(made: Made, backend: Backend) -> None:
    memory = made()
    assert memory.get_working_memory(resource_id="alice") is None
    assert memory.update_working_memory("# Alice", resource_id="alice") == "# Alice"
    assert memory.update_working_memory("# Alice!", thread_id="t1") == "# Alice!"
    assert memory.get_working_memory(thread_id="t2") == "# Alice!"
    assert memory.get_working_memory(resource_id="bob") is None
    stored = backend.store.memory.get_resource_by_id("alice")
    assert (stored.working_memory, stored.metadata) == ("# Alice!", {})


def test_that_of_a_thread_is_its_own(made: Made, backend: Backend) -> None:
    memory = made(WorkingMemory(scope="thread"))
    memory.update_thread("t1", metadata={"mood": "happy"})
    memory.update_working_memory("# One", thread_id="t1")
    assert memory.get_working_memory(thread_id="t1") == "# One"
    assert memory.get_working_memory(thread_id="t2") is None
    thread = memory.get_thread_by_id("t1")
    assert thread is not None
    assert thread.metadata == {"mood": "happy", "workingMemory": "# One"}
    assert backend.store.memory.get_resource_by_id("alice") is None


def test_under_a_schema_updates_are_merged(made: Made) -> None:
    memory = made(WorkingMemory(schema=SCHEMA))
    first = {"name": "Al", "home": {"city": "Rome", "floor": 2}, "likes": ["tea", "rain"]}
    memory.update_working_memory(first, resource_id="alice")
    text = memory.update_working_memory(
        {"name": "Alice", "likes": ["tea"], "home": {"city": "Kyoto", "floor": None}},
        resource_id="alice",
    )
    assert text == '{"name":"Alice","home":{"city":"Kyoto"},"likes":["tea"]}'
    assert memory.get_working_memory(resource_id="alice") == text
    assert memory.update_working_memory({}, resource_id="alice") == text
    assert memory.update_working_memory('{"name":"Ann"}', resource_id="alice") == '{"name":"Ann"}'
    with pytest.raises(InputError, match="JSON object"):
        memory.update_working_memory("# Alice", resource_id="alice")
    with pytest.raises(InputError):
        memory.update_working_memory({"name": object()}, resource_id="alice")


def test_a_function_is_given_what_is_stored(made: Made) -> None:
    memory = made()
    for _ in range(3):
        memory.update_working_memory(lambda text: f"{text or ''}x", resource_id="alice")
    assert memory.get_working_memory(resource_id="alice") == "xxx"


@pytest.mark.parametrize("scope", ["resource", "thread"])
def test_threads_of_a_process_lose_nothing(made: Made, scope: Any) -> None:
    memory = made(WorkingMemory(scope=scope, schema=SCHEMA))

    def update(worker: int) -> None:
        for number in range(6):
            memory.update_working_memory({f"{worker}-{number}": number}, thread_id="t1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(update, range(4)))
    known = json.loads(memory.get_working_memory(thread_id="t1") or "")
    assert len(known) == 24


def test_it_is_refused_where_it_is_off_or_nobody_is_named(made: Made) -> None:
    off = made(False)
    for call in (off.get_working_memory, lambda **k: off.update_working_memory("x", **k)):
        with pytest.raises(InvalidOptionError, match="working memory is off"):
            call(resource_id="alice")
    assert off.tools(resource_id="alice") == {}
    memory = made()
    with pytest.raises(InvalidOptionError, match="needs a resource_id"):
        memory.get_working_memory()
    of_threads = WorkingMemory(scope="thread")
    with pytest.raises(InvalidOptionError, match="needs a thread_id"):
        memory.update_working_memory("x", resource_id="alice", working_memory=of_threads)
    with pytest.raises(InvalidOptionError, match="give WorkingMemory a schema"):
        memory.update_working_memory({"a": 1}, resource_id="alice")
    with pytest.raises(NotFoundError):
        memory.update_working_memory("x", thread_id="missing")
    with pytest.raises(NotFoundError):
        memory.update_working_memory("x", thread_id="missing", working_memory=of_threads)
    for scope in (True, of_threads):
        with pytest.raises(ThreadOwnerError):
            memory.update_working_memory(
                "x", thread_id="t1", resource_id="bob", working_memory=scope
            )
    assert memory.get_working_memory(resource_id="bob") is None


def test_the_tool_updates_what_it_was_made_for(made: Made) -> None:
    memory = made()
    tool = memory.tools(resource_id="alice")["updateWorkingMemory"]
    called = partial(waited, memory, tool.function)
    assert tool.name == "updateWorkingMemory"
    assert tool.parameters["required"] == ["memory"]
    assert tool.parameters["properties"]["memory"]["type"] == "string"
    assert called(memory="# Alice") == {"success": True}
    assert memory.get_working_memory(resource_id="alice") == "# Alice"
    # A template that nobody filled in wipes nothing out.
    template = memory.options.working_memory.form
    answer = called(memory=template.replace("\n", "  \n"))
    assert answer["success"] is False
    assert "nothing was changed" in answer["message"]
    assert memory.get_working_memory(resource_id="alice") == "# Alice"
    with pytest.raises(InputError, match="takes an argument, memory"):
        called(text="x")
    with pytest.raises(InputError, match="takes a text"):
        called(memory=None)
    assert memory.get_working_memory(resource_id="alice") == "# Alice"
    with pytest.raises(InvalidOptionError, match="there is no tool"):
        memory.use_tool("update", {"memory": "x"}, resource_id="alice")


def test_under_a_schema_the_tool_merges_and_drops_padding(made: Made) -> None:
    memory = made(WorkingMemory(schema=SCHEMA))
    tool = memory.tools(thread_id="t1", resource_id="alice")["updateWorkingMemory"]
    called = partial(waited, memory, tool.function)
    assert tool.parameters["properties"]["memory"]["properties"]["home"]["type"] == "object"
    called(memory={"name": "Alice", "likes": ["tea"]})
    called(memory='{"likes": null, "home": {"city": "Kyoto"}}')
    called(memory=None)
    known = json.loads(memory.get_working_memory(resource_id="alice") or "")
    assert known == {"name": "Alice", "likes": ["tea"], "home": {"city": "Kyoto"}}
    with pytest.raises(InputError, match="JSON object"):
        called(memory="likes tea")


@pytest.mark.parametrize("named", ["$defs", "definitions"])
def test_the_tool_has_what_a_schema_refers_to(named: str) -> None:
    home = {"type": "object", "properties": {"city": {"type": "string"}}}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        named: {"Home": home},
        "type": "object",
        "properties": {"": {}, "home": {"$ref": f"#/{named}/Home"}},
    }
    memory = Memory(InMemoryStore(), working_memory=WorkingMemory(schema=schema))
    parameters = memory.tools(resource_id="alice")["updateWorkingMemory"].parameters
    assert parameters[named] == {"Home": home}
    assert parameters["properties"] == {
        "memory": {"type": "object", "properties": schema["properties"]}
    }


def test_the_context_says_what_is_known_and_how_to_note_more(made: Made) -> None:
    memory = made(WorkingMemory(template="# Me\n- Name:"))
    memory.update_working_memory("# Me\n- Name: Alice", resource_id="alice")
    system = memory.context("t1", resource_id="alice").system
    assert "# Me\n- Name:\n" in system
    assert "<working_memory>\n# Me\n- Name: Alice\n</working_memory>" in system
    assert "updateWorkingMemory" in system
    assert memory.context("t1", working_memory=False).system == ""


def test_a_copy_takes_working_memory_along(made: Made) -> None:
    memory = made(WorkingMemory(scope="thread"))
    memory.update_working_memory("# One", thread_id="t1")
    copied = memory.copy_thread("t1", metadata={"a": 1})
    assert memory.get_working_memory(thread_id=copied.thread.id) == "# One"

    shared = made()
    shared.update_working_memory("# Alice", resource_id="alice")
    shared.clone_thread("t1")
    assert shared.get_working_memory(resource_id="alice") == "# Alice"
    shared.clone_thread("t1", resource_id="bob")
    assert shared.get_working_memory(resource_id="bob") == "# Alice"
    shared.update_working_memory("# Bob", resource_id="bob")
    shared.clone_thread("t1", resource_id="bob")
    assert shared.get_working_memory(resource_id="bob") == "# Bob"


def test_metadata_that_brings_working_memory_gives_it_to_the_resource(made: Made) -> None:
    memory = made()
    memory.create_thread(resource_id="carol", metadata={"workingMemory": "# Carol"})
    assert memory.get_working_memory(resource_id="carol") == "# Carol"
    memory.update_thread("t1", metadata={"workingMemory": "# Alice"})
    assert memory.get_working_memory(resource_id="alice") == "# Alice"
    memory.update_working_memory("# New", resource_id="alice")
    memory.update_thread("t1", title="Renamed")
    assert memory.get_working_memory(resource_id="alice") == "# New"


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"name": 5}, '"update.name" takes "string"'),
        ({"likes": ["tea", 1]}, r'"update.likes\[1\]" takes "string"'),
        ({"likes": "tea"}, '"update.likes" takes "array"'),
        ({"home": {"city": ["Rome"]}}, '"update.home.city" takes "string"'),
        ({"home": {"town": "Rome"}}, 'has no field "town"'),
        ({"mood": "odd"}, '"update.mood" is not one of the choices'),
        ({"age": 1.5}, '"update.age" takes "integer" or "boolean"'),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(update: Any, told: str) -> None:
    properties: dict[str, Any] = {
        **SCHEMA["properties"],  # type: ignore[dict-item]
        "home": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "additionalProperties": False,
        },
        "mood": {"enum": ["good", "bad"]},
        "age": {"type": ["integer", "boolean"]},
    }
    options = WorkingMemory(schema={**SCHEMA, "properties": properties})
    memory = Memory(InMemoryStore(), working_memory=options)
    with pytest.raises(InputError, match=told):
        memory.update_working_memory(update, resource_id="alice")
    with pytest.raises(InputError, match=told):
        memory.use_tool("updateWorkingMemory", {"memory": update}, resource_id="alice")
    assert memory.get_working_memory(resource_id="alice") is None
    fits = {"name": None, "likes": ["tea"], "age": True, "mood": "good", "more": [1]}
    memory.update_working_memory(fits, resource_id="alice")
