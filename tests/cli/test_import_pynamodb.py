"""`leyden import-pynamodb`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import leyden_command

MODULE = "tests.porting.pynamodb_models"


def test_it_prints_the_schemas_and_says_what_to_look_at() -> None:
    result = leyden_command("import-pynamodb", f"{MODULE}:User")
    assert result.exit_code == 0
    assert "entity: User" in result.stdout
    assert "\n---\ntable: users-dev\n" in result.stdout
    assert "user: attributes.colour: adapt:" in result.stderr
    assert "3 functions to write in Python" in result.stderr


def test_it_writes_a_folder_that_loads(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    arguments = ("import-pynamodb", f"{MODULE}:Animal", "--to", str(folder), "--service", "zoo")
    result = leyden_command(*arguments)
    assert result.exit_code == 0
    assert {file.name for file in folder.iterdir()} == {"cat.yaml", "dog.yaml", "table.yaml"}
    assert leyden_command("check", str(folder)).exit_code == 0
    again = leyden_command(*arguments)
    assert again.exit_code == 1
    assert "overwrite with --force" in again.stderr
    assert leyden_command(*arguments, "--force").exit_code == 0


def test_keys_are_given_as_templates() -> None:
    result = leyden_command(
        *("import-pynamodb", f"{MODULE}:Order", "--json"),
        *("--key", "pk=C#${customer_id}", "--key", "Order.sk=O#${number}"),
    )
    assert result.exit_code == 0
    (order,) = json.loads(result.stdout)["entities"]
    assert order["schema"]["indexes"]["primary"]["sk"] == {
        "field": "sk",
        "template": "O#${number}",
        "casing": "none",
    }


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ([], "Missing argument", 2),
        (["nowhere:User"], 'cannot import the module "nowhere"', 2),
        ([f"{MODULE}:Usr"], 'did you mean "User"', 2),
        ([f"{MODULE}:new_tenant"], "not a subclass of pynamodb.models.Model", 1),
        ([f"{MODULE}:User", "--key", "pk"], "must be FIELD=TEMPLATE", 2),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], said: str, code: int) -> None:
    result = leyden_command("import-pynamodb", *arguments)
    assert said in result.stderr
    assert result.exit_code == code
