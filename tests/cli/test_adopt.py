"""`leyden adopt`: guards for items that are older than their constraint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.errors import KeyCollisionError, UniqueConstraintError
from tests.cli.conftest import OnTable, leyden_command

PEOPLE = """
entity: people
alias: person
version: "1"
service: taskapp
attributes:
  id: {type: string, required: true}
  email: string
indexes:
  people:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


@pytest.fixture
def folder(tmp_path: Path, on_table: OnTable) -> Path:
    """A schema with a constraint, and a table whose items were written without it."""
    before = leyden.load(PEOPLE, table=on_table.table, engine=on_table.engine)
    people = [{"id": f"p{n}", "email": f"m{n % 4}"} for n in range(5)]
    before["person"].put(people).go()
    (tmp_path / "person.yaml").write_text(PEOPLE + "unique: [[email]]\n")
    return tmp_path


def test_duplicates_are_listed_by_key_and_everything_else_adopted(
    folder: Path, on_table: OnTable
) -> None:
    result = leyden_command("adopt", str(folder), "person", *on_table.place)
    assert result.exit_code == 1
    assert "checked 5 items, wrote 4 guards, 0 guards existed before" in result.stderr
    assert "left 1 duplicate alone" in result.stderr
    assert "$taskapp#id_p4" in result.stdout
    assert "$taskapp#id_p0" in result.stdout
    app = leyden.load(folder, table=on_table.table, engine=on_table.engine)
    with pytest.raises(UniqueConstraintError):
        app["person"].create(id="new", email="m2").go()
    app["person"].delete(id="p4").go()
    app["person"].delete(id="p0").go()
    again = leyden_command("adopt", str(folder), "person", *on_table.place, "--json")
    assert again.exit_code == 0
    said: dict[str, Any] = json.loads(again.stdout)
    assert (said["checked"], said["adopted"], said["duplicates"]) == (3, 0, [])
    assert (said["kept"], said["cursor"]) == (3, None)


def test_an_entity_without_constraints_is_refused(on_table: OnTable) -> None:
    result = on_table("adopt", "task")
    assert result.exit_code == 1
    assert "has no unique constraints" in result.stderr


def test_items_come_under_a_normal_form_of_their_own_key_by_way_of_a_file(
    tmp_path: Path, on_table: OnTable, cli_engine: leyden.LocalEngine
) -> None:
    unique = PEOPLE + "unique: [[email]]\n"
    before = leyden.load(unique, table=on_table.table, engine=cli_engine)["person"]
    for id, email in (("Ada", "A@x"), ("bob", "b@x")):
        before.create(id=id, email=email).go()
    normal = unique.replace(
        "{type: string, required: true}", "{type: string, required: true, normalize: lower}"
    ).replace("email: string", "email: {type: string, normalize: lower}")
    (tmp_path / "person.yaml").write_text(normal)
    there = leyden.load(normal, table=on_table.table, engine=cli_engine)["person"]
    # The key folds letters, so "ada" would stand in the place of what counts as another item.
    assert there.get(id="Ada").go() is None
    with pytest.raises(KeyCollisionError):
        there.put(next(one for one in there.scan if one.id == "Ada")).go()

    file, table = tmp_path / "people.jsonl", f"{on_table.table}-normal"
    place = ("--endpoint-url", cli_engine.endpoint_url, "--table")
    app = leyden.load(normal, table=table, engine=cli_engine)
    app.create_table()
    for command in (
        ("export", str(tmp_path), "--records", "--to", str(file), *place, on_table.table),
        ("import", str(tmp_path), str(file), *place, table),
        ("adopt", str(tmp_path), "person", *place, table),
    ):
        assert leyden_command(*command).exit_code == 0
    assert app["person"].get(id="ADA").go().email == "a@x"
    with pytest.raises(UniqueConstraintError):
        app["person"].create(id="c", email="A@X").go()
