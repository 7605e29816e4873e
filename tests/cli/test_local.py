"""`leyden local`: a server with the tables of schemas, for every AWS SDK, that keeps its items."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import leyden
from leyden.cli.commands.local import _Service, local
from tests.cli.conftest import TASKAPP, leyden_command
from tests.interop.node_process import node_folder


class Server:
    """`leyden local` in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.output = folder / "output"
        with self.output.open("w") as out, (folder / "errors").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "leyden", "local", "--port", "0", *arguments],
                stdout=out,
                stderr=errors,
                cwd=folder,
            )
        self.errors = folder / "errors"
        end = time.monotonic() + 60
        while not self.text.endswith("\n") and time.monotonic() < end:
            assert self.process.poll() is None, self.errors.read_text()
            time.sleep(0.05)

    @property
    def text(self) -> str:
        return self.output.read_text()

    @property
    def variables(self) -> dict[str, str]:
        """The lines to copy."""
        lines = [line.split() for line in self.text.splitlines() if "  export " in line]
        found = dict(words[1].split("=", 1) for words in lines)
        return found or {"AWS_ENDPOINT_URL_DYNAMODB": json.loads(self.text)["endpoint_url"]}

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TASKAPP, tmp_path / "schemas")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.leyden]\nschemas = "schemas"\ntable = "jars"\nregion = "eu-central-1"\n'
    )
    return tmp_path


@pytest.fixture
def started() -> Iterator[Any]:
    servers = []

    def start(folder: Path, *arguments: str) -> Server:
        servers.append(Server(folder, *arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait(30)


def test_commands_find_it_by_the_lines_that_it_prints_and_items_outlive_a_kill(
    folder: Path, started: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = started(folder, "--data", "items.jsonl")
    assert "table jars: created\n  kept in items.jsonl\n" in server.text
    assert server.variables["AWS_REGION"] == "eu-central-1"
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    key = ("project_id=p1", "task_id=t1")
    assert leyden_command("put", "task", *key, "employee_id=e1").exit_code == 0
    server.process.kill()
    server.process.wait(30)
    again = started(folder, "--data", "items.jsonl")
    assert "table jars: was there already" in again.text
    name = "AWS_ENDPOINT_URL_DYNAMODB"
    monkeypatch.setenv(name, again.variables[name])
    assert leyden_command("get", "task", *key, "--query", "task_id").stdout == '"t1"\n'


JAVASCRIPT = """
const { createRequire } = require("node:module");
const sdk = createRequire(process.argv[1] + "/")("@aws-sdk/client-dynamodb");
const client = new sdk.DynamoDBClient({});
const key = { pk: { S: "js" }, sk: { S: "1" } };
(async () => {
  await client.send(new sdk.PutItemCommand({ TableName: "jars", Item: key }));
  const found = await client.send(new sdk.GetItemCommand({ TableName: "jars", Key: key }));
  console.log(JSON.stringify(found.Item));
})();
"""


@pytest.mark.node
def test_the_sdk_for_javascript_finds_it_by_the_same_lines(folder: Path, started: Any) -> None:
    server = started(folder)
    done = subprocess.run(
        ["node", "-e", JAVASCRIPT, str(node_folder() / "node_modules")],
        env={"PATH": os.environ["PATH"], **server.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == {"pk": {"S": "js"}, "sk": {"S": "1"}}, done.stderr


def test_keys_of_encrypted_attributes_and_functions_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "note.yaml").write_text(
        "entity: note\nversion: '1'\nservice: notes\n"
        "attributes:\n  id: {type: string, default: {call: new_id}}\n"
        "  text: {type: string, encrypt: true}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}\n"
    )
    context = click.Context(local)
    with leyden.local() as engine:
        assert _Service.at(tmp_path, None, context).made(engine).created


def test_it_stops_cleanly_by_ctrl_c(folder: Path, started: Any) -> None:
    server = started(folder, "--json")
    said = json.loads(server.text)
    assert said["tables"] == [{"name": "jars", "service": "taskapp", "created": True, "lacks": []}]
    assert server.end(signal.SIGINT) == 0
    assert server.errors.read_text() == "stopped\n"


def test_without_schemas_it_is_empty_and_sigterm_stops_it(tmp_path: Path, started: Any) -> None:
    server = started(tmp_path, "--json")
    assert json.loads(server.text)["tables"] == []
    assert server.end(signal.SIGTERM) == 0
    assert server.errors.read_text() == "stopped\n"


def test_it_says_what_an_old_file_lacks_and_keeps_tables_of_others(
    folder: Path, started: Any
) -> None:
    file = folder / "items.jsonl"
    with leyden.local(data=file) as engine:
        old = {
            "entity": "tasks",
            "alias": "task",
            "version": "1",
            "service": "taskapp",
            "attributes": {"id": "string"},
            "indexes": {
                "own": {
                    "pk": {"field": "pk", "composite": ["id"]},
                    "sk": {"field": "sk", "composite": []},
                }
            },
        }
        for name in ("jars", "of-others"):
            with leyden.load(old, table=name, engine=engine) as app:
                app.create_table()
                app.entities.task.put(id=name).go()
    with (folder / "schemas" / "table.yaml").open("a", encoding="utf-8") as table:
        table.write("deletion_protection: true\n")
    server = started(folder, "--data", "items.jsonl")
    errors = server.errors.read_text()
    assert "warning: the table jars: the index" in errors
    assert "is missing" in errors
    assert "leyden export" in errors
    assert "  to change that: aws dynamodb update-table --table-name jars --deletion" in errors
    server.process.kill()
    server.process.wait(30)
    with (
        leyden.local(data=file) as engine,
        leyden.load(old, table="of-others", engine=engine) as app,
    ):
        found = app.entities.task.get(id="of-others").go()
        assert found is not None


def test_a_port_in_use_and_a_foreign_file_are_told(folder: Path, started: Any) -> None:
    server = started(folder, "--json")
    port = json.loads(server.text)["endpoint_url"].rpartition(":")[2]
    taken = leyden_command("local", str(folder / "schemas"), "--port", port)
    assert taken.exit_code == 1
    assert f"cannot listen on port {port}" in taken.stderr
    (folder / "foreign.json").write_text("{}")
    foreign = leyden_command("local", "--port", "0", "--data", str(folder / "foreign.json"))
    assert foreign.exit_code == 1
    assert "is not a file of a local engine" in foreign.stderr
    assert (folder / "foreign.json").read_text() == "{}"
