"""`leyden import --guard`: records that overwrite nothing else, and keep unique values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import leyden
from leyden.engine import LocalEngine
from tests.cli.conftest import leyden_command

USERS = """
entity: users
alias: user
version: "1"
service: shop
attributes:
  id: {type: string, required: true}
  email: string
  badge: string
  revision: integer
version_attribute: revision
unique: [[email], [badge]]
indexes:
  users:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "user.yaml").write_text(USERS)
    (schemas / "table.yaml").write_text("table: users\n")
    return schemas


@pytest.fixture
def place(folder: Path, engine: LocalEngine) -> tuple[str, ...]:
    arguments = ("--table", f"t-{folder.parent.name}", "--endpoint-url", engine.endpoint_url)
    assert leyden_command("table", str(folder), "--create", *arguments).exit_code == 0
    return arguments


def _file(folder: Path, *records: Mapping[str, object]) -> str:
    path = folder.parent / "users.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def _import(folder: Path, place: tuple[str, ...], file: str, *more: str) -> Result:
    return leyden_command(
        "import", str(folder), file, "--records", "--entity", "user", *more, *place
    )


def _users(folder: Path, place: tuple[str, ...]) -> dict[str, Any]:
    found = leyden_command("scan", str(folder), "user", "--all", "--json", *place)
    return {item["id"]: item for item in json.loads(found.stdout)["items"]}


def test_records_bring_their_guards(folder: Path, place: tuple[str, ...]) -> None:
    file = _file(folder, *({"id": f"u{n}", "email": f"m{n}", "badge": f"b{n}"} for n in range(60)))
    done = _import(folder, place, file, "--guard")
    assert done.exit_code == 0, done.stderr
    assert len(_users(folder, place)) == 60
    again = leyden_command("put", str(folder), "user", "id=z", "email=m7", *place)
    assert again.exit_code == 1
    assert "unique.violated" in again.stderr
    adopted = leyden_command("adopt", str(folder), "user", "--json", *place)
    assert json.loads(adopted.stdout)["adopted"] == 0


def test_a_value_that_is_taken_stops_there_or_is_put_aside(
    folder: Path, place: tuple[str, ...]
) -> None:
    assert leyden_command("put", str(folder), "user", "id=a", "email=x", *place).exit_code == 0
    records = ({"id": "b", "email": "y"}, {"id": "c", "email": "x"}, {"id": "d", "email": "z"})
    file = _file(folder, *records)
    stopped = _import(folder, place, file, "--guard")
    assert stopped.exit_code == 1
    assert f"{file}:2: unique.violated: another item has the same values" in stopped.stderr
    assert set(_users(folder, place)) == {"a"}
    kept = _import(folder, place, file, "--guard", "--keep-going", "--restart")
    assert kept.exit_code == 1
    assert set(_users(folder, place)) == {"a", "b", "d"}
    assert json.loads(Path(file + ".rejected").read_text()) == records[1]


def test_a_key_that_another_item_has_is_refused(folder: Path, place: tuple[str, ...]) -> None:
    assert leyden_command("put", str(folder), "user", "id=A", "email=x", *place).exit_code == 0
    done = _import(folder, place, _file(folder, {"id": "a", "email": "y"}), "--guard")
    assert done.exit_code == 1
    assert "key.collision: another item is stored under the same key" in done.stderr
    assert _users(folder, place)["A"]["email"] == "x"


def test_a_record_with_a_version_replaces_that_one_only(
    folder: Path, place: tuple[str, ...]
) -> None:
    for _ in range(2):
        leyden_command("put", str(folder), "user", "id=a", "email=x", *place)
    old = _import(folder, place, _file(folder, {"id": "a", "revision": 1}), "--guard")
    assert old.exit_code == 1
    assert "version.conflict: the stored item has another version" in old.stderr
    fresh = _file(folder, {"id": "a", "email": "y", "revision": 2})
    assert _import(folder, place, fresh, "--guard", "--restart").exit_code == 0
    assert _users(folder, place)["a"] == {"id": "a", "email": "y", "revision": 3}


def test_without_guards_a_record_comes_back_as_it_was(folder: Path, place: tuple[str, ...]) -> None:
    done = _import(folder, place, _file(folder, {"id": "a", "email": "y", "revision": 7}))
    assert done.exit_code == 0, done.stderr
    assert _users(folder, place)["a"]["revision"] == 7


def test_raw_items_take_no_guard(folder: Path, place: tuple[str, ...]) -> None:
    done = leyden_command("import", str(folder), _file(folder, {}), "--raw", "--guard", *place)
    assert done.exit_code == 2
    assert "--guard needs records" in done.stderr


@pytest.mark.parametrize("only", [(), ("--entity", "user")], ids=["all", "entity"])
def test_guards_go_with_their_items_and_are_no_strangers(
    folder: Path, place: tuple[str, ...], tmp_path: Path, engine: LocalEngine, only: tuple[str, ...]
) -> None:
    _, table, *_ = place
    users = ({"id": "u1", "email": "a@example.org"}, {"id": "u2", "badge": "7"})
    with leyden.load(folder, table=table, engine=engine) as app:
        for user in users:
            app.entities.user.create(user).go()
    file = tmp_path / "all.jsonl"
    done = leyden_command("export", str(folder), "--to", str(file), *only, *place, "--json")
    summary = json.loads(done.stdout)
    assert (summary["items"], summary["foreign"], summary["skipped"]) == (4, 0, 0)
    records = tmp_path / "records.jsonl"
    done = leyden_command(
        "export", str(folder), "--to", str(records), "--records", *only, *place, "--json"
    )
    summary = json.loads(done.stdout)
    assert (summary["items"], summary["foreign"], summary["skipped"]) == (2, 0, 0)

    copy = ("--table", f"{table}-copy", *place[2:])
    assert leyden_command("table", str(folder), "--create", *copy).exit_code == 0
    done = leyden_command("import", str(folder), str(file), *only, *copy, "--json")
    summary = json.loads(done.stdout)
    assert (summary["written"], summary["foreign"], summary["skipped"]) == (4, 0, 0)
    with leyden.load(folder, table=copy[1], engine=engine) as app:
        assert app.doctor(full=True).findings == ()
