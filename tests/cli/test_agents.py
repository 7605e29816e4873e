"""`leyden agents import`: what other packages wrote arrives whole, in order, and only once."""

from __future__ import annotations

import json
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import leyden
import leyden.agents
from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from leyden.engine import LocalEngine
from leyden.program import Request
from leyden.types import encode_any
from tests.agents.foreign import WRITTEN, new_table, one, write
from tests.cli.conftest import leyden_command

_number = count()
ENTRIES = {"langchain": WRITTEN["langchain_expected"], "openai-agents": WRITTEN["openai_expected"]}
SESSIONS = {"langchain": "user-1", "openai-agents": "user-123"}
KINDS = {"langchain": "langchain", "openai-agents": "openai"}
HELLO: Any = {"type": "human", "data": {"type": "human", "content": "Hello"}}
"""An entry of both: LangChain's messages have this form, and the items of sessions any."""


class Move:
    """A table that another package wrote, and one of Leyden's to move it to."""

    def __init__(self, engine: LocalEngine, source: str) -> None:
        self.engine, self.source = engine, source
        number = next(_number)
        folder = f"agents/{source.replace('-', '_')}"
        self.backend = Backend(folder, "test", f"agents-to-{number}", engine=engine)
        self.backend.app.create_table()
        self.table = f"agents-from-{number}"
        new_table(self.backend.app.driver, KINDS[source], self.table)

    def __call__(self, *options: str) -> Any:
        place = ("--table", self.table, "--to", self.backend.app.table)
        url = ("--endpoint-url", self.engine.endpoint_url)
        return leyden_command("agents", "import", self.source, *place, *url, *options)

    @property
    def key(self) -> str:
        """The field with the id of a conversation."""
        return {"langchain": "SessionId", "openai-agents": "session_id"}[self.source]

    def item(self, session: str, entries: list[Any], **more: Any) -> dict[str, Any]:
        """An item with entries, as the other package writes it."""
        fields = {"langchain": "History", "openai-agents": "conversation_data"}
        forms = {"langchain": encode_any(entries), "openai-agents": {"S": json.dumps(entries)}}
        return {self.key: {"S": session}, fields[self.source]: forms[self.source], **more}

    def write(self, *items: dict[str, Any]) -> None:
        """Write items to the source."""
        write(self.backend.app.driver, self.table, [*items])

    def expire(self, table: str, field: str, *, is_on: bool = True) -> None:
        """Turn a table's time to live on or off."""
        specification = {"Enabled": is_on, "AttributeName": field}
        params = {"TableName": table, "TimeToLiveSpecification": specification}
        self.backend.app.driver.run(one(Request("UpdateTimeToLive", params)))

    def log(self, session: str | None = None) -> Log[Any]:
        return Log(self.backend, {"session_id": session or SESSIONS[self.source]})

    def entries(self, session: str | None = None) -> list[Any]:
        return self.backend.run(self.log(session).get())


@pytest.fixture(params=ENTRIES)
def move(
    cli_engine: LocalEngine,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Move:
    monkeypatch.chdir(tmp_path)
    return Move(cli_engine, request.param)


def test_all_entries_arrive_in_their_order(move: Move) -> None:
    result = move("--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "source": move.source,
        "table": move.table,
        "to": move.backend.app.table,
        "conversations": 1,
        "entries": len(ENTRIES[move.source]),
        "expired": 0,
        "refused": {},
    }
    assert move.entries() == ENTRIES[move.source]
    assert not Path("agents-import.state").exists()


def test_what_was_added_since_is_added(move: Move) -> None:
    first = ENTRIES[move.source][0]
    move.backend.run(move.log().add([first]))
    result = move()
    assert f"wrote {len(ENTRIES[move.source]) - 1} new entries" in result.stdout
    assert "wrote 0 new entries" in move().stdout
    assert move.entries() == ENTRIES[move.source]


def test_a_conversation_that_went_on_elsewhere_stays_as_it_is(move: Move) -> None:
    move.backend.run(move.log().add(["something else"]))
    result = move()
    assert result.exit_code == 1
    assert f"not moved: {SESSIONS[move.source]}: the 1 entries that are there" in result.stderr
    assert move.entries() == ["something else"]


def test_what_went_on_after_it_was_moved_stays_as_it_is(move: Move) -> None:
    move()
    move.backend.run(move.log().add([HELLO]))
    result = move()
    assert result.exit_code == 0, result.stderr
    assert "wrote 0 new entries" in result.stdout
    assert move.entries() == [*ENTRIES[move.source], HELLO]


@pytest.mark.parametrize("entries", [{"a": HELLO}, "text", 1, None, [HELLO, "text"], ["text"]])
def test_an_item_in_another_format_is_named(move: Move, entries: Any) -> None:
    move.write(move.item("strange", entries), {move.key: {"S": "odd"}, "x": {"N": "1"}})
    result = move()
    assert result.exit_code == 1
    assert "not moved: strange: its item is not in the format of this source" in result.stderr
    assert "not moved: odd: its item is not in the format of this source" in result.stderr
    assert move.entries() == ENTRIES[move.source]
    assert move.entries("strange") == []


def test_messages_that_langchain_could_not_read_are_not_moved(move: Move) -> None:
    strange = {"type": "human", "content": "Hello"}
    move.write(move.item("strange", [strange]))
    assert move.source != "langchain" or "not moved: strange" in move().stderr


def test_a_conversation_that_cannot_be_written_does_not_hold_up_others(move: Move) -> None:
    long = "x" * 2040
    move.write(move.item(long, [HELLO]))
    result = move()
    assert result.exit_code == 1
    assert f"not moved: {long}: " in result.stderr
    assert move.entries() == ENTRIES[move.source]


def test_a_conversation_without_entries_leaves_nothing(move: Move) -> None:
    move.write(move.item("empty", []))
    result = move()
    assert result.exit_code == 0, result.stderr
    assert "read 2 conversations" in result.stdout
    assert move.backend.app.entities.session.get(session_id="empty").go() is None


def test_a_time_to_live_is_kept(move: Move) -> None:
    now = int(time.time())
    move.write(
        move.item("new", [HELLO], expireAt={"N": f"{now + 5000}"}),
        move.item("old", [HELLO], expireAt={"N": f"{now - 5000}"}),
        move.item("ever", [HELLO]),
    )
    move.expire(move.table, "expireAt")
    move.expire(move.backend.app.table, "ttl", is_on=False)
    refused = move()
    assert refused.exit_code == 1
    assert "time to live" in refused.stderr
    move.expire(move.backend.app.table, "ttl")
    result = move()
    assert result.exit_code == 0, result.stderr
    assert "left out 1 conversation that expired" in result.stdout
    assert move.entries("old") == []
    batches = move.backend.app.entities.batch.scan.go(pages="all").items
    ends = {one.session_id: one.expires_at for one in batches}
    assert abs(ends["new"].timestamp() - now - 5000) <= 2
    assert ends["ever"] is None
    assert move("--ttl-days", "1").exit_code == 0


def test_a_table_of_something_else_is_refused(move: Move) -> None:
    other = new_table(move.backend.app.driver, "langgraph", f"{move.table}-other")
    move.table = other
    result = move()
    assert result.exit_code == 1
    assert 'its key is "PK" of type S and "SK" of type S, and' in result.stderr
    assert f'partition key should be "{move.key}" of type S' in result.stderr
    assert not Path("agents-import.state").exists()


def test_of_several_items_with_one_id_the_first_is_moved_and_the_others_are_named(
    move: Move,
) -> None:
    create = {
        "TableName": f"{move.table}-two",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in (move.key, "user")
        ],
        "KeySchema": [
            {"AttributeName": move.key, "KeyType": "HASH"},
            {"AttributeName": "user", "KeyType": "RANGE"},
        ],
    }
    move.backend.app.driver.run(one(Request("CreateTable", create)))
    move.table = f"{move.table}-two"
    move.write(*(move.item("s", [HELLO], user={"S": user}) for user in "ab"))
    result = move()
    assert result.exit_code == 1
    assert f"not moved: s: there are several items with this {move.key}" in result.stderr
    assert move.entries("s") == [HELLO]


@pytest.mark.parametrize("adds", [0, 5])
def test_an_interrupted_import_goes_on(
    move: Move, monkeypatch: pytest.MonkeyPatch, adds: int
) -> None:
    move.write(*(move.item(f"more-{n}", [HELLO]) for n in range(20)))
    real = Log.add
    calls = count()

    def interrupted(self: Any, items: Any) -> Any:
        if next(calls) == adds:
            raise KeyboardInterrupt
        return (yield from real(self, items))

    monkeypatch.setattr(Log, "add", interrupted)
    stopped = move()
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    again = move()
    assert again.exit_code == 2
    assert "was interrupted" in again.stderr
    done = move("--resume", "--json")
    assert done.exit_code == 0, done.stderr
    assert all(move.entries(f"more-{n}") == [HELLO] for n in range(20))
    assert move.entries() == ENTRIES[move.source]
    # Nothing is counted twice, and nothing is left out.
    counted = json.loads(done.stdout)
    assert counted["conversations"] == 21
    assert counted["entries"] == 20 + len(ENTRIES[move.source])


def test_an_import_that_was_stopped_before_it_began_leaves_nothing_to_resume(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*given: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(leyden.agents, "move", stopped)
    result = move()
    assert result.exit_code == 130
    assert "stopped; nothing was moved" in result.stderr
    monkeypatch.undo()


def test_the_progress_of_another_import_is_refused(move: Move) -> None:
    assert "nothing to resume" in move("--resume").stderr
    Path("agents-import.state").write_text("{}")
    assert "is damaged" in move("--resume").stderr
    purpose = {"source": "langchain", "table": "a", "to": "b"}
    Path("agents-import.state").write_text(json.dumps({"purpose": purpose, "progress": {}}))
    assert "is of an import of langchain from a to b" in move("--resume").stderr


def test_a_table_that_does_not_fit_is_refused_before_anything_is_read(
    move: Move, cli_engine: LocalEngine
) -> None:
    result = leyden_command(
        *("agents", "import", move.source, "--table", move.table, "--to", "nowhere"),
        *("--endpoint-url", cli_engine.endpoint_url),
    )
    assert result.exit_code == 1
    assert "leyden table schemas/agents/" in result.stderr


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(leyden.errors.InvalidOptionError, match='did you mean "langchain"'):
        leyden.agents.move("langchian", "a", "agents")
