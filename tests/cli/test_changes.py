"""`leyden create`, `update` and `delete` on a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from leyden.cli.chains import RANGES, STEPS
from leyden.cli.commands import changes
from leyden.cli.commands.explain import explain
from tests.cli.conftest import OnTable, leyden_command

KEY = ("project_id=p1", "task_id=t1")


@pytest.fixture
def with_task(on_table: OnTable) -> OnTable:
    """A table with the open task t1 of e1, which has 1 point, tags and a history."""
    result = on_table(
        "create", "task", *KEY, "employee_id=e1", "points=1", "title=Paint",
        'tags=["a", "b"]', 'history=["made"]', 'detail={"owner": "Ann", "effort": 1}', "secret=x",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return on_table


def stored(table: OnTable) -> Any:
    return table.json("get", "task", *KEY)


def test_create_refuses_to_overwrite_and_says_what_does(with_task: OnTable) -> None:
    again = with_task("create", "task", *KEY, "title=Other")
    assert again.exit_code == 1
    assert "`leyden put` replaces it, `leyden update` changes it" in again.stderr
    assert ".put()" not in again.stderr
    assert stored(with_task)["title"] == "Paint"


def test_create_takes_json_and_files(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"project_id": "p1", "task_id": "t2", "employee_id": "e"}\n')
    item = '{"project_id": "p1", "task_id": "t1", "employee_id": "e"}'
    assert on_table("create", "task", "--json-item", item).exit_code == 0
    assert on_table("create", "task", "--file", str(file)).exit_code == 0
    assert on_table("create", "task", "--file", str(file)).exit_code == 1


def test_update_sets_what_is_no_key_and_prints_the_item(with_task: OnTable) -> None:
    changed = with_task.json("update", "task", "title=Paint it", *KEY, "done=true")
    assert (changed["title"], changed["done"], changed["task_id"]) == ("Paint it", True, "t1")
    assert changed == stored(with_task)


def test_update_takes_every_step_with_paths_and_typed_values(with_task: OnTable) -> None:
    changed = with_task.json(
        "update", "task", *KEY, "detail.effort=2.5", "--set", "history[0]=seen",
        "--remove", "title", "--add", 'tags=["c"]', "--if-not-exists", "done=true",
        "--if-not-exists", "body=b",
    )  # fmt: skip
    assert changed["detail"] == {"effort": 2.5, "owner": "Ann"}
    assert changed["history"] == ["seen"]
    assert "title" not in changed
    assert changed["tags"] == ["a", "b", "c"]
    assert (changed["done"], changed["body"]) == (True, "b")
    more = ("--delete", 'tags=["a", "c"]', "--append", 'history=["x", "y"]')
    changed = with_task.json("update", "task", *KEY, *more)
    assert (changed["tags"], changed["history"]) == (["b"], ["seen", "x", "y"])


def test_numbers_are_added_and_subtracted(on_table: OnTable, tmp_path: Path) -> None:
    (tmp_path / "counter.yaml").write_text(
        'entity: counter\nversion: "1"\nservice: counting\n'
        "attributes: {name: string, hits: integer, left: {type: number}}\n"
        "indexes: {named: {pk: {field: pk, composite: [name]}, sk: {field: sk, composite: []}}}\n"
    )

    def counter(command: str, *arguments: str) -> Any:
        place = (*on_table.place, "--json")
        result = leyden_command(command, str(tmp_path), "counter", "name=a", *arguments, *place)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    counter("create", "left=2.5")
    counter("update", "--add", "hits=3", "--subtract", "left=1")
    assert counter("update", "--add", "hits=2") == {"name": "a", "hits": 5, "left": 1.5}


def test_an_index_key_is_made_of_what_the_item_has(with_task: OnTable) -> None:
    """Closing a task takes it out of its sparse index, and its headline is derived anew."""
    assert with_task.json("query", "task.assigned", "employee_id=e1")["items"] != []
    changed = with_task.json("update", "task", *KEY, "status=closed")
    assert (changed["headline"], changed["points"]) == ("closed 1", 1)
    assert with_task.json("query", "task.assigned", "employee_id=e1")["items"] == []


def test_what_was_read_is_a_condition_of_the_write(
    with_task: OnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    informed = changes._informed

    def late(*arguments: Any) -> Any:
        operation = informed(*arguments)
        with with_task.service as app:
            task = app.entities.task
            task.patch(project_id="p1", task_id="t1").set(points=7).composite(status="open").go()
        return operation

    monkeypatch.setattr(changes, "_informed", late)
    result = with_task("update", "task", *KEY, "status=closed")
    assert result.exit_code == 1
    assert "[condition.failed]" in result.stderr
    assert "--composite says" in result.stderr
    assert stored(with_task)["status"] == "open"


def test_composite_that_is_wrong_changes_nothing(with_task: OnTable) -> None:
    known = ("--composite", "points=5", "--composite", "employee_id=e1")
    result = with_task("update", "task", *KEY, "status=closed", *known)
    assert result.exit_code == 1
    assert stored(with_task)["status"] == "open"
    known = ("--composite", "points=1", "--absent", "employee_id")
    assert with_task("update", "task", *KEY, "status=closed", *known).exit_code == 1


@pytest.mark.parametrize("change", ["title=x", "status=closed"])
def test_a_typo_in_a_key_makes_no_item(with_task: OnTable, change: str) -> None:
    result = with_task("update", "task", "project_id=p1", "task_id=t2", change)
    assert result.exit_code == 1
    assert "[item.not_found]" in result.stderr
    assert "Check the key, or make the item with --upsert" in result.stderr
    assert with_task("scan", "task", "--count").stdout == "1\n"


def test_upsert_makes_the_item(with_task: OnTable) -> None:
    key = ("project_id=p1", "task_id=t2", "employee_id=e2")
    made = with_task.json("update", "task", *key, "status=open", "points=2", "--upsert")
    assert (made["task_id"], made["headline"]) == ("t2", "open 2")
    refused = with_task("update", "task", *key, "--remove", "body", "--upsert")
    assert refused.exit_code == 2
    assert "--remove cannot be used with --upsert" in refused.stderr


def test_update_under_a_condition(with_task: OnTable) -> None:
    no = with_task("update", "task", *KEY, "title=No", "--where", "points > 1")
    assert no.exit_code == 1
    assert "a condition of --where did not hold" in no.stderr
    yes = with_task("update", "task", *KEY, "title=Yes", "--where", "points = 1 and exists(tags)")
    assert yes.exit_code == 0
    assert stored(with_task)["title"] == "Yes"


@pytest.mark.parametrize(
    ("response", "title"),
    [("all_new", "New"), ("updated_new", "New"), ("all_old", "Paint"), ("updated_old", "Paint")],
)
def test_update_prints_what_response_says(with_task: OnTable, response: str, title: str) -> None:
    shown = with_task.json("update", "task", *KEY, "title=New", "--response", response)
    assert shown["title"] == title
    assert ("points" in shown) == response.startswith("all")


def test_update_prints_nothing_where_nothing_is_wanted(with_task: OnTable) -> None:
    silent = with_task("update", "task", *KEY, "title=New", "--response", "none")
    assert (silent.exit_code, silent.stdout, silent.stderr) == (0, "", "")
    assert stored(with_task)["title"] == "New"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (KEY, 2, "there is nothing to change"),
        ((*KEY, "titel=x"), 1, 'did you mean "title"?'),
        ((*KEY, "points=many"), 1, '"points"'),
        ((*KEY, "--append", "history=x"), 1, "takes JSON"),
        ((*KEY, "--set", "title"), 2, "must have the form NAME=VALUE"),
        (("project_id=p1", "title=x"), 1, '"task_id"'),
        ((*KEY, "--set", "payload.a.b=1"), 1, "payload"),
        ((*KEY, "--set", "detail.effort=2", "--set", "detail.effort=3"), 2, "occurs twice"),
    ],
)
def test_update_refuses(
    with_task: OnTable, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = stored(with_task)
    result = with_task("update", "task", *arguments)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert stored(with_task) == before


def test_a_part_of_what_is_not_there_says_what_to_set(on_table: OnTable) -> None:
    on_table("create", "task", *KEY, "employee_id=e1")
    result = on_table("update", "task", *KEY, "detail.effort=3")
    assert result.exit_code == 1
    assert "set the whole attribute first" in result.stderr


def test_delete_prints_what_it_deleted(with_task: OnTable) -> None:
    result = with_task("delete", "task", *KEY, "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "Paint"
    assert "secret" not in result.stdout
    assert with_task("scan", "task", "--count").stdout == "0\n"
    again = with_task("delete", "task", *KEY, "--yes", "--json")
    assert (again.exit_code, again.stdout) == (1, "null\n")
    assert again.stderr == "there is no task with this key\n"


def test_delete_asks_nobody_in_a_script(with_task: OnTable) -> None:
    result = with_task("delete", "task", *KEY)
    assert result.exit_code == 2
    assert "pass --yes" in result.stderr
    assert stored(with_task)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_delete_shows_the_item_and_asks(
    with_task: OnTable, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr(changes, "can_ask", lambda: True)
    result = with_task("delete", "task", *KEY, "--json", stdin=answer)
    assert result.exit_code == code
    assert "title: Paint" in result.stderr
    assert "Delete this task? [y/N]" in result.stderr
    assert bool(result.stdout) == (code == 0)
    assert ("nothing was deleted" in result.stderr) == (code == 1)


def test_delete_does_not_ask_for_what_is_not_there(
    on_table: OnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "can_ask", lambda: True)
    result = on_table("delete", "task", *KEY)
    assert (result.exit_code, result.stderr) == (1, "there is no task with this key\n")
    wrong = on_table("delete", "task", *KEY, "--where", "pionts = 1")
    assert "Delete this" not in wrong.stderr
    assert 'did you mean "points"?' in wrong.stderr


def test_delete_under_a_condition(with_task: OnTable) -> None:
    refused = with_task("delete", "task", *KEY, "--yes", "--where", "status = closed")
    assert refused.exit_code == 1
    assert "a condition of --where did not hold" in refused.stderr
    assert with_task("delete", "task", *KEY, "--yes", "--where", "status = open").exit_code == 0


def test_count_is_a_number_of_items(on_table: OnTable) -> None:
    on_table.put_tasks(7)
    everything = ("query", "task.project", "project_id=p1")
    assert on_table(*everything, "--count").stdout == "7\n"
    assert on_table(*everything, "--count", "--gte", "task_id=t003").stdout == "4\n"
    assert on_table(*everything, "--count", "--where", "points > 4").stdout == "2\n"
    assert on_table(*everything, "--count", "--all", "--limit", "2").stdout == "7\n"
    assert on_table("scan", "task", "--count", "--segments", "2").stdout == "7\n"
    assert on_table("scan", "task", "--count", "--index", "assigned").stdout == "7\n"
    counted = on_table.json("query", "collections.overview", "project_id=p1", "--count")
    assert counted["count"] == 7
    assert counted["requests"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--count", "3"), "use --max 3"),
        (("--count=3",), "use --max 3"),
        (("--count", "--max", "3"), "--count and --max cannot be used together"),
        (("--count", "--cursor", "x"), "--count and --cursor cannot be used together"),
        (("--count", "--attributes", "points"), "--count and --attributes"),
    ],
)
@pytest.mark.parametrize("command", [("query", "task.project", "project_id=p"), ("scan", "task")])
def test_count_refuses(
    on_table: OnTable, command: tuple[str, ...], arguments: tuple[str, ...], said: str
) -> None:
    result = on_table(*command, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_max_keeps_reading(on_table: OnTable) -> None:
    on_table.put_tasks(7)
    found = on_table.json("query", "task.project", "project_id=p1", "--max", "3", "--limit", "1")
    assert (len(found["items"]), found["requests"]) == (3, 3)


@pytest.mark.parametrize("name", ["query", "update"])
def test_explain_takes_the_options_of_what_it_explains(name: str) -> None:
    from leyden.cli.application import leyden as application

    command = application.get_command(click.Context(application), name)
    assert command is not None
    own = {"--count", "--upsert", "--response"}
    options = {option for one in command.params for option in one.opts if option[:2] == "--"}
    assert options - own <= {option for one in explain.params for option in one.opts}
    assert {
        f"--{one.replace('_', '-')}" for one in (STEPS if name == "update" else RANGES)
    } <= options


def test_explain_takes_a_query_or_an_update_as_it_is_run(on_table: OnTable) -> None:
    query = ("task.assigned", "employee_id=e1", "--begins", "project_id=p", "--order", "desc")
    said = on_table.json("explain", *query, "--params")
    assert said["operation"] == "task.query.assigned"
    assert said["params"]["ScanIndexForward"] is False
    change = (*KEY, "title=New", "--remove", "body", "--where", "points = 1")
    changed = on_table.json("explain", "task", "patch", *change, "--params")
    assert changed["operation"] == "task.patch"
    assert "REMOVE" in changed["params"]["UpdateExpression"]
    collection = on_table.json("explain", "collections.overview", "project_id=p1")
    assert collection == on_table.json("explain", "collections", "overview", "project_id=p1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task",), "Missing OPERATION"),
        (("task", "get", *KEY, "--set", "title=x"), "get takes no --set"),
        (("task", "upsert", *KEY, "--remove", "body"), "upsert takes no --remove"),
        (("task", "patch", *KEY, "--gt", "points=1"), "patch takes no --gt"),
        (("task", "get", *KEY, "--index", "assigned"), "only a scan does"),
        (("collections.overview", "project_id=p1", "--set", "title=x"), "overview takes no --set"),
    ],
)
def test_explain_refuses_options_of_others(arguments: tuple[str, ...], said: str) -> None:
    from tests.cli.conftest import TASKAPP

    result = leyden_command("explain", TASKAPP, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
