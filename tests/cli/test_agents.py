"""`leyden agents import`: what other packages wrote arrives whole, in order, and only once."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import leyden
import leyden.agents
from leyden.agents.backend import Backend
from leyden.agents.logs import Log
from leyden.engine import LocalEngine
from tests.agents.foreign import WRITTEN, new_table, write
from tests.cli.conftest import leyden_command

_number = count()
ENTRIES = {"langchain": WRITTEN["langchain_expected"], "openai-agents": WRITTEN["openai_expected"]}
SESSIONS = {"langchain": "user-1", "openai-agents": "user-123"}
KINDS = {"langchain": "langchain", "openai-agents": "openai"}


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


def test_an_item_in_another_format_is_named(move: Move) -> None:
    key = {"langchain": "SessionId", "openai-agents": "session_id"}[move.source]
    write(move.backend.app.driver, move.table, [{key: {"S": "strange"}, "x": {"N": "1"}}])
    result = move()
    assert result.exit_code == 1
    assert "not moved: strange: its item is not in the format of this source" in result.stderr
    assert move.entries() == ENTRIES[move.source]


def test_an_interrupted_import_goes_on(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"langchain": "SessionId", "openai-agents": "session_id"}[move.source]
    fields = {"langchain": "History", "openai-agents": "conversation_data"}
    values = {"langchain": {"L": [{"S": "x"}]}, "openai-agents": {"S": '["x"]'}}
    more = [{key: {"S": f"more-{n}"}, fields[move.source]: values[move.source]} for n in range(20)]
    write(move.backend.app.driver, move.table, more)
    real = Log.add
    calls = count()

    def interrupted(self: Any, items: Any) -> Any:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return (yield from real(self, items))

    monkeypatch.setattr(Log, "add", interrupted)
    stopped = move()
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    again = move()
    assert again.exit_code == 2
    assert "was interrupted" in again.stderr
    done = move("--resume")
    assert done.exit_code == 0, done.stderr
    assert all(move.entries(f"more-{n}") == ["x"] for n in range(20))
    assert move.entries() == ENTRIES[move.source]


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
