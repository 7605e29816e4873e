"""The command line in this process, on the embedded engine."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import botocore.session
import pytest
from attrs import frozen
from click.testing import CliRunner, Result

import leyden
from leyden.cli.application import leyden as application
from leyden.engine import LocalEngine
from leyden.program import Request

ROOT: Final = Path(__file__).parent.parent.parent
TASKAPP: Final = str(ROOT / "schemas" / "taskapp")

_tables = itertools.count(1)


def leyden_command(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run `leyden` with these arguments; an unexpected exception fails the test."""
    result = CliRunner().invoke(application, list(arguments), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@frozen
class OnTable:
    """`leyden` on one table of the embedded engine."""

    engine: LocalEngine
    table: str

    def __call__(self, command: str, *arguments: str, stdin: str | bytes | None = None) -> Result:
        return leyden_command(command, TASKAPP, *arguments, *self.place, stdin=stdin)

    @property
    def place(self) -> tuple[str, ...]:
        return ("--table", self.table, "--endpoint-url", self.engine.endpoint_url)

    def json(self, command: str, *arguments: str) -> Any:
        result = self(command, *arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    @property
    def service(self) -> leyden.Service:
        return leyden.load(TASKAPP, table=self.table, engine=self.engine)

    def put_tasks(self, count: int, project: str = "p1") -> None:
        """Write `t000`, `t001`, ... of one project, with their number as points."""
        tasks = [
            {"project_id": project, "task_id": f"t{i:03}", "employee_id": f"e{i % 3}", "points": i}
            for i in range(count)
        ]
        with self.service as app:
            app.entities.task.put(tasks).go()

    def put_stranger(self) -> None:
        """Write an item that belongs to no entity."""
        with self.service as app:
            app.driver.send(  # type: ignore[attr-defined]
                Request(
                    "PutItem",
                    {
                        "TableName": self.table,
                        "Item": {"pk": {"S": "stranger"}, "sk": {"S": "1"}, "blob": {"B": b"\0\1"}},
                    },
                )
            )


@pytest.fixture(scope="session")
def cli_engine() -> Iterator[LocalEngine]:
    with leyden.local() as engine:
        yield engine


@pytest.fixture(scope="session", autouse=True)
def shared_service_models() -> Iterator[None]:
    """Each command makes a client of its own; the description of DynamoDB is read only once."""
    loader = botocore.session.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: loader)
        yield


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch, cli_engine: LocalEngine) -> None:
    """What a user of an emulator has in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cli_engine.credentials.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cli_engine.credentials.secret_access_key)
    monkeypatch.setenv("AWS_REGION", cli_engine.region)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name in list(os.environ):
        if name.startswith("LEYDEN_") and name != "LEYDEN_TRACEBACKS":
            monkeypatch.delenv(name)


@pytest.fixture
def missing_table(cli_engine: LocalEngine) -> OnTable:
    """A table name that nothing has used yet."""
    return OnTable(cli_engine, f"cli-{next(_tables)}")


@pytest.fixture
def on_table(missing_table: OnTable) -> OnTable:
    """A new, empty table."""
    with missing_table.service as app:
        app.create_table()
    return missing_table
