"""`leyden reindex`, and the table of a memory with vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.memory import Memory
from leyden.store import DynamoDBStore
from tests.cli.conftest import ROOT, leyden_command
from tests.memory.bags import Words

SCHEMAS = str(ROOT / "schemas" / "memory")

AGENT = """
from leyden.memory import Memory
from leyden.store import InMemoryStore
from tests.memory.bags import Words

memory = Memory(InMemoryStore(), embedder=Words())
memory.create_thread(thread_id="t1", resource_id="alice")
memory.create_thread(thread_id="t2", resource_id="alice")
for thread in ("t1", "t2"):
    memory.save_messages([{"role": "user", "content": thread}] * 2, thread_id=thread)

def made():
    return memory

plain = Memory(InMemoryStore())
other = {"memory": memory}
"""


@pytest.fixture(autouse=True)
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with an agent's memory, in the folder where the command runs."""
    (tmp_path / "agent_of_tests.py").write_text(AGENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("place", ["agent_of_tests:memory", "agent_of_tests:made"])
def test_messages_are_indexed_anew(place: str) -> None:
    result = leyden_command("reindex", place, "--resource", "alice")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ("indexed 4 messages of 4 in 2 threads, deleted 0 stale vectors\n")
    result = leyden_command("reindex", place, "--thread", "t1", "--json")
    assert json.loads(result.stdout) == {
        "threads": 1, "messages": 2, "indexed": 2, "deleted": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("agent_of_tests:memory",), 2, "exactly one of --thread and --resource"),
        (("agent_of_tests:memory", "--thread", "a", "--resource", "b"), 2, "exactly one"),
        (("agent_of_tests:memry", "--thread", "a"), 2, 'did you mean "memory"?'),
        (("agent_of_tests", "--thread", "a"), 2, "must be MODULE:NAME, as in app.agent:memory"),
        (("no_such_module:memory", "--thread", "a"), 2, "cannot import the module"),
        (("agent_of_tests:other", "--thread", "a"), 2, "is neither a leyden.memory.Memory"),
        (("agent_of_tests:memory", "--thread", "a"), 1, "the thread does not exist"),
        (("agent_of_tests:plain", "--thread", "a"), 1, "needs an embedder"),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], code: int, told: str) -> None:
    result = leyden_command("reindex", *arguments)
    assert result.exit_code == code
    assert told in result.stderr


def printed(*arguments: str) -> Any:
    result = leyden_command("table", SCHEMAS, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_table_has_the_vectors_that_are_asked_for() -> None:
    assert "VectorIndexes" not in printed()
    (index,) = printed("--vectors", "256")["VectorIndexes"]
    assert (index["IndexName"], index["Dimensions"]) == ("memory_messages_256", 256)
    assert index["VectorAttribute"] == {"AttributeName": "vector_256"}
    assert {"AttributeName": "resource_id", "SearchSchemaElementType": "HASH"} in (
        index["SearchSchema"]
    )
    (plain,) = printed("--vectors", "1536")["VectorIndexes"]
    assert plain["IndexName"] == "memory_messages"
    page = leyden_command(
        "table", SCHEMAS, "--table", "mine", "--vectors", "256", "--format", "markdown"
    ).stdout
    assert f"`leyden table {SCHEMAS} --table mine --vectors 256 --add-indexes`" in page
    refused = leyden_command("table", str(ROOT / "schemas" / "taskapp"), "--vectors", "256")
    assert refused.exit_code == 1
    assert "they are in the folder schemas/memory" in refused.stderr


def test_a_table_that_the_command_made_is_one_that_a_memory_finds_ready() -> None:
    with leyden.local() as engine:
        place = ("--table", "memory-by-command", "--endpoint-url", engine.endpoint_url)
        made = leyden_command("table", SCHEMAS, "--vectors", "64", "--create", *place)
        assert made.exit_code == 0, made.stderr
        with DynamoDBStore(table_name="memory-by-command", client=engine) as store:
            store.init()
            memory = Memory(store, embedder=Words(64), semantic_recall=True)
            sent: list[str] = []
            with store.app.driver.listen(lambda event: sent.append(event.api)):
                memory.init()
            assert "UpdateTable" not in sent
            memory.create_thread(thread_id="t1", resource_id="alice")
            memory.save_messages([{"role": "user", "content": "tea"}], thread_id="t1")
            assert memory.recall("t1", search="tea").scores
        added = leyden_command("table", SCHEMAS, "--vectors", "32", "--add-indexes", *place)
        assert added.stdout == "added memory_messages_32 to the table memory-by-command\n"
        checked = leyden_command("table", SCHEMAS, "--vectors", "32", "--check", *place)
        assert checked.exit_code == 0, checked.stderr
