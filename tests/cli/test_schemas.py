"""`leyden check`, `patterns`, `keys` and `explain`: nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.cli.output import for_the_command_line
from leyden.schema import check_service
from tests.cli.conftest import ROOT, TASKAPP, leyden_command

MEMORY = str(ROOT / "schemas" / "memory")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("a request was sent")

    monkeypatch.setattr("leyden.drivers.sync.SyncDriver._send", refuse)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A service with one error."""
    (tmp_path / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\nattributes: {id: {type: strng}}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}}}\n"
    )
    return tmp_path


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    """A service with one warning: a number in a sort key without padding."""
    (tmp_path / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\ntable: {}\n".replace("table: {}\n", "")
        + "attributes: {id: string, points: number}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: [points]}}}\n"
    )
    return tmp_path


def keys(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = leyden_command("keys", TASKAPP, *arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    return {**report, "by": {(k["access_pattern"], k["field"]): k for k in report["keys"]}}


def test_a_good_folder_passes_with_a_summary() -> None:
    result = leyden_command("check", TASKAPP)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == f"{TASKAPP}: no faults; 3 entities, 7 access patterns, 2 indexes\n"


def test_errors_are_printed_with_their_place_and_fail(faulty: Path) -> None:
    result = leyden_command("check", str(faulty))
    (fault,) = check_service(faulty).faults
    assert result.exit_code == 1
    assert result.stdout == f"{fault}\n"
    assert result.stdout.startswith(f"{faulty / 'task.yaml'}:4:")
    assert result.stderr == f"{faulty}: 1 error\n"


def test_warnings_fail_only_when_strict(warned: Path) -> None:
    lax = leyden_command("check", str(warned))
    assert lax.exit_code == 0
    assert ": warning: key.number_unpadded: " in lax.stdout
    assert "1 warning; 1 entity, 1 access pattern, 0 indexes" in lax.stderr
    assert leyden_command("check", str(warned), "--strict").exit_code == 1


def test_check_tells_programs_everything(faulty: Path) -> None:
    result = leyden_command("check", str(faulty), TASKAPP, "--json")
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert first["service"] is None
    assert first["errors"] == 1
    assert first["faults"][0]["line"] == 4
    assert first["faults"][0]["severity"] == "error"
    assert (second["service"], second["faults"]) == ("taskapp", [])
    assert second["entities"] == ["employee", "project_member", "task"]


def test_check_finds_what_only_loading_would(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\nattributes: {id: string, email: string}\n"
        "unique: [[email]]\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}\n"
    )
    try:
        leyden.load(tmp_path, table="t")
        loads = True
    except leyden.errors.SchemaError:
        loads = False
    assert (leyden_command("check", str(tmp_path)).exit_code == 0) is loads


def test_other_commands_print_the_faults_too(faulty: Path) -> None:
    result = leyden_command("patterns", str(faulty))
    assert result.exit_code == 1
    assert f"{check_service(faulty).faults[0]}" in result.stderr
    assert "error [schema.invalid] the schemas have 1 error\n" in result.stderr


def test_warnings_are_not_counted_among_what_stops_a_command(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\n"
        "attributes: {id: {type: string, required: true}, n: integer, bad: {typ: string}}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: [n]}}}\n"
    )
    errors = [one for one in check_service(tmp_path).faults if one.severity == "error"]
    assert len(check_service(tmp_path).faults) > len(errors) > 1
    result = leyden_command("patterns", str(tmp_path))
    assert f"the schemas have {len(errors)} errors\n" in result.stderr


def test_hooks_are_checked_where_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\n"
        "attributes: {id: {type: string, default: {call: new_id}}}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}}}\n"
    )
    (tmp_path / "cli_hooks.py").write_text("GOOD = {'new_id': lambda: 'x'}\nBAD = {}\nNONE = 1\n")
    monkeypatch.chdir(tmp_path)
    assert leyden_command("check", str(folder)).exit_code == 0
    assert leyden_command("check", str(folder), "--hooks", "cli_hooks:GOOD").exit_code == 0
    bad = leyden_command("check", str(folder), "--hooks", "cli_hooks:BAD")
    assert bad.exit_code == 1
    assert "new_id" in bad.stdout
    for place, said in (
        ("cli_hooks", "MODULE:NAME"),
        ("cli_hooks:GOD", 'did you mean "GOOD"?'),
        ("cli_hooks:NONE", "is not a dict"),
        ("no_such_module:X", "cannot import the module"),
    ):
        misuse = leyden_command("check", str(folder), "--hooks", place)
        assert misuse.exit_code == 2
        assert said in misuse.stderr


def test_patterns_lists_every_access_pattern() -> None:
    result = leyden_command("patterns", TASKAPP)
    assert result.exit_code == 0
    entities = [text.splitlines() for text in result.stdout.split("\n\n")]
    assert [name for name, *_ in entities] == ["employee", "project_member", "task"]
    assert entities[2] == [
        "task",
        "  project   (table)  pk = $taskapp#project_id_{project_id}",
        "                     sk = $overview#tasks_1#taskid_{task_id}",
        "                     collection: overview",
        "  assigned  gsi2     gsi2pk = $taskapp#employee_id_{employee_id}",
        "                     gsi2sk = $contributions#assignments#tasks_1#project_id_{project_id}",
        "                     collection: contributions, assignments",
        "                     when: employee_id && status == 'open'",
    ]


def test_patterns_says_what_is_not_the_default_of_an_index() -> None:
    result = leyden_command("patterns", str(ROOT / "tests/typed/schemas/everything"))
    assert "\n                       type: clustered\n" in result.stdout
    assert (
        "\n  by_columns  gsi3     partition key: {tenant}"
        "\n                       sort key: {price}, {match}"
        "\n                       type: composite\n"
    ) in result.stdout


@pytest.mark.parametrize("schemas", [TASKAPP, MEMORY, str(ROOT / "examples/desk/schemas/desk")])
def test_patterns_fit_a_terminal(schemas: str) -> None:
    lines = leyden_command("patterns", schemas).stdout.splitlines()
    assert max(map(len, lines)) <= 100


def test_patterns_for_programs() -> None:
    result = leyden_command(
        "patterns", TASKAPP, "--query", "[?index=='gsi3'].{sort: sk.composite, kind: kind}"
    )
    assert json.loads(result.stdout) == [{"sort": ["team", "salary"], "kind": "isolated"}]


def test_keys_shows_made_and_missing_keys() -> None:
    report = keys("task", "project_id=P1", "task_id=t1", "status=open")
    assert report["entity"] == "task"
    pk = report["by"]["project", "pk"]
    assert pk["key"] == "$taskapp#project_id_p1"
    assert pk["reads_back"] == {"project_id": "p1"}
    assert pk["note"].startswith("project_id cannot be read back as given")
    assert report["by"]["project", "sk"]["note"] == ""
    missing = report["by"]["assigned", "gsi2pk"]
    assert missing["key"] is None
    assert missing["missing"] == ["employee_id"]
    left_out = report["by"]["assigned", "gsi2sk"]
    assert left_out["note"].endswith("does not hold (missing: employee_id)")


def test_keys_agree_with_what_a_put_writes() -> None:
    values = {"project_id": "p1", "task_id": "t1", "employee_id": "E1", "status": "open"}
    report = keys("task", *(f"{name}={value}" for name, value in values.items()))
    item = leyden.load(TASKAPP).entities.task.put(**values).params()["Item"]
    made = {k["field"]: {"S": k["key"]} for k in report["keys"]}
    assert made == {name: item[name] for name in ("pk", "sk", "gsi2pk", "gsi2sk")}


def test_keys_says_why_a_sparse_index_leaves_an_item_out() -> None:
    given = ("task", "project_id=p1", "task_id=t1", "employee_id=e1")
    closed = keys(*given, "status=closed")["by"]["assigned", "gsi2pk"]
    assert closed["key"] is None
    assert closed["note"] == "not in this index: employee_id && status == 'open' does not hold"
    unknown = keys(*given)["by"]["assigned", "gsi2pk"]
    assert unknown["note"].endswith("(missing: status)")


def test_keys_tells_whose_a_raw_item_is(tmp_path: Path) -> None:
    task = leyden.load(TASKAPP).entities.task
    item = task.put(project_id="p1", task_id="T1", employee_id="e1").params()["Item"]
    file = tmp_path / "item.json"
    file.write_text(json.dumps(item))
    report = keys("--item", str(file))
    assert (report["entity"], report["name"], report["version"]) == ("task", "tasks", "1")
    assert report["by"]["project", "sk"]["reads_back"] == {"task_id": "t1"}
    item["gsi2sk"] = {"S": "$contributions#assignments#tasks_1#project_id_other"}
    del item["gsi2pk"]
    report = keys("--item", "-", stdin=json.dumps({"Item": item}))
    assert "make a different one" in report["by"]["assigned", "gsi2sk"]["note"]
    assert "missing from the item" in report["by"]["assigned", "gsi2pk"]["note"]
    item["status"] = {"S": "closed"}
    report = keys("task", "--item", "-", stdin=json.dumps(item))
    assert "its attributes make none" in report["by"]["assigned", "gsi2sk"]["note"]
    for arguments in (("employee",), ()):
        stranger = item if arguments else {"pk": {"S": "x"}}
        result = leyden_command(
            "keys", TASKAPP, *arguments, "--item", "-", stdin=json.dumps(stranger)
        )
        assert result.exit_code == 1
        assert "error [item.unreadable]" in result.stderr


def test_keys_in_words() -> None:
    result = leyden_command("keys", TASKAPP, "task", "project_id=p1")
    assert result.exit_code == 0
    assert result.stdout.startswith("task: tasks, version 1\naccess pattern  index")
    assert "needs task_id" in result.stdout


def test_keys_needs_something_to_show() -> None:
    assert leyden_command("keys", TASKAPP).exit_code == 2
    assert leyden_command("keys", TASKAPP, "task", "a=b", "--item", "-").exit_code == 2
    bad = leyden_command("keys", TASKAPP, "--item", "-", stdin="{")
    assert bad.exit_code == 1
    assert "not valid JSON" in bad.stderr


def test_what_sends_nothing_needs_no_table(warned: Path) -> None:
    assert leyden_command("keys", str(warned), "task", "id=a", "points=3").exit_code == 0
    for command in (
        ("explain", str(warned), "task", "scan"),
        ("table", str(warned)),
        ("table", str(warned), "--format", "markdown"),
    ):
        result = leyden_command(*command)
        assert result.exit_code == 0
        assert 'note: the schemas do not name the table, so "app" stands in for it' in result.stderr
        assert "app" in result.stdout
        named = leyden_command(*command, "--table", "other")
        assert "do not name the table" not in named.stderr
        assert "other" in named.stdout


@pytest.mark.parametrize("command", [("table", "--create"), ("table", "--check"), ("scan", "task")])
def test_what_is_sent_needs_a_table(warned: Path, command: tuple[str, ...]) -> None:
    name, *rest = command
    result = leyden_command(name, str(warned), *rest)
    assert result.exit_code == 2
    assert "--table NAME" in result.stderr


def test_messages_name_no_argument_of_python() -> None:
    said = "pass credentials=, set A; table=, region= and endpoint_url=, or app.create_table()"
    assert for_the_command_line(said) == (
        "set A; --table, --region and --endpoint-url, or `leyden table FOLDER --create`"
    )
    assert for_the_command_line("my_region=eu and --table=x stay") == (
        "my_region=eu and --table=x stay"
    )
    said = 'the option "limit" takes a number; leave out `consistent`, `hydrate=True` and `when`'
    assert for_the_command_line(said, {"--limit", "--consistent", "--hydrate"}) == (
        "--limit takes a number; leave out --consistent, --hydrate and `when`"
    )


def test_options_of_an_operation_are_called_as_here() -> None:
    address = ("--endpoint-url", "http://127.0.0.1:9", "--region", "eu-central-1", "--table", "t")
    key = ("task.assigned", "employee_id=e1", "--consistent")
    result = leyden_command("query", TASKAPP, *key, *address)
    assert result.exit_code == 1
    assert "a global index cannot be read consistently; leave out --consistent" in result.stderr


HOOKED = (
    "entity: task\nversion: '1'\nservice: app\n"
    "attributes: {id: string, made: {type: string, default: {call: make}}}\n"
    "indexes: {own: {pk: {field: pk, composite: [id]}}}\n"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("patterns",),
        ("table", "--table=t"),
        ("keys", "task", "id=a"),
        ("explain", "task", "get", "id=a"),
    ],
)
def test_what_calls_no_function_asks_for_none(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "task.yaml").write_text(HOOKED)
    assert leyden_command(arguments[0], str(tmp_path), *arguments[1:]).exit_code == 0


def test_a_function_that_is_called_is_asked_for_by_the_option(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(HOOKED)
    result = leyden_command("explain", str(tmp_path), "task", "put", "id=a")
    assert result.exit_code == 1
    assert 'call the function "make"' in result.stderr
    assert "--hooks MODULE:NAME" in result.stderr
    assert "[tool.leyden]" in result.stderr


def test_explain_says_what_the_library_says() -> None:
    task = leyden.load(TASKAPP).entities.task
    result = leyden_command(
        "explain", TASKAPP, "task", "query.assigned", "employee_id=e1", "begins:project_id=p",
        "--option", "order=desc", "--params",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    query = task.query.assigned(employee_id="e1").begins(project_id="p")
    words, _, request = result.stdout.partition("\n{")
    assert words == str(query.explain(order="desc"))
    assert json.loads("{" + request) == query.params(order="desc")


CHAINS = [
    (("get", "project_id=p", "task_id=t"), lambda t: t.get(project_id="p", task_id="t")),
    (
        ("delete", "project_id=p", "task_id=t"),
        lambda t: t.delete(project_id="p", task_id="t"),
    ),
    (
        ("remove", "project_id=p", "task_id=t", "--where", "points < 3"),
        lambda t: t.remove(project_id="p", task_id="t").where(t.attr.points < 3),
    ),
    (("scan",), lambda t: t.scan),
    (("match", "status=open"), lambda t: t.match(status="open")),
    (("find", "employee_id=e"), lambda t: t.find(employee_id="e")),
    (
        ("query.project", "project_id=p", "between:task_id=a..f"),
        lambda t: t.query.project(project_id="p").between({"task_id": "a"}, {"task_id": "f"}),
    ),
    (
        (
            "patch", "project_id=p", "task_id=t", "set:detail.effort=3", "add:tags=[\"a\"]",
            'append:history=["x"]', "remove:body", "if_not_exists:title=T",
        ),
        lambda t: t.patch(project_id="p", task_id="t")
        .set({"detail.effort": 3})
        .add(tags=["a"])
        .append(history=["x"])
        .remove("body")
        .if_not_exists(title="T"),
    ),
    (
        (
            "update", "project_id=p", "task_id=t", "set:status=closed", "composite:employee_id=e",
            "composite:points=0",
        ),
        lambda t: t.update(project_id="p", task_id="t")
        .set(status="closed")
        .composite(employee_id="e", points=0),
    ),
]  # fmt: skip


def without_time(request: dict[str, Any]) -> dict[str, Any]:
    """A request without the value of `updated_at`, which every write sets to the present."""
    values = request.get("ExpressionAttributeValues", {})
    kept = {k: v for k, v in values.items() if not v.get("S", "").startswith("20")}
    return {**request, "ExpressionAttributeValues": kept}


@pytest.mark.parametrize(("arguments", "chain"), CHAINS, ids=[a[0] for a, _ in CHAINS])
def test_explain_builds_the_request_of_the_chain(arguments: tuple[str, ...], chain: Any) -> None:
    result = leyden_command("explain", TASKAPP, "task", *arguments, "--params", "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    expected = chain(leyden.load(TASKAPP).entities.task)
    plain = json.loads(json.dumps(expected.params(), default=list))
    assert without_time(said["params"]) == without_time(plain)
    assert said["scans"] is expected.explain().scans
    assert said["index"] == expected.explain().index


def test_explain_knows_collections() -> None:
    arguments = ("explain", TASKAPP, "collections", "overview", "project_id=p", "--params")
    result = leyden_command(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    query = leyden.load(TASKAPP).collections.overview(project_id="p")
    assert said["params"] == query.params()
    assert said["operation"] == "collections.overview"


@pytest.mark.parametrize("verb", ["create", "put", "upsert"])
def test_explain_shows_whole_items(verb: str) -> None:
    result = leyden_command(
        "explain", TASKAPP, "task", verb, "project_id=p", "task_id=t", "employee_id=e", "--json"
    )
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["operation"] == f"task.{verb}"
    assert "params" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("quary.project",), 2, 'did you mean "query.project"?'),
        (("query.projct", "project_id=p"), 2, 'did you mean "project"?'),
        (("get", "set:project_id=p"), 2, "takes no --set"),
        (("patch", "project_id=p", "task_id=t", "st:title=x"), 2, 'did you mean "set"?'),
        (("scan", "project_id=p"), 2, "scan takes no attributes"),
        (("get", "project_id=p", "task_id=t", "--where", "points = 1"), 2, "takes no --where"),
        (("scan", "--option", "order=desc"), 1, "option.invalid"),
        (("scan", "--option", "limit"), 2, "must have the form NAME=VALUE"),
        (("query.project",), 1, "key.missing_composite"),
        (("patch", "project_id=p", "task_id=t", "add:title=x"), 1, "expression.invalid"),
    ],
)
def test_explain_refuses(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = leyden_command("explain", TASKAPP, "task", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_the_memory_schemas_are_known_as_well() -> None:
    assert leyden_command("check", MEMORY).exit_code == 0
    assert leyden_command("patterns", MEMORY).exit_code == 0


def test_schema_prints_what_editors_read(tmp_path: Path) -> None:
    printed = leyden_command("schema")
    assert printed.exit_code == 0
    file = tmp_path / "leyden.schema.json"
    written = leyden_command("schema", "--out", str(file))
    assert written.exit_code == 0
    assert written.stdout == ""
    assert "# yaml-language-server: $schema=../leyden.schema.json" in written.stderr
    shipped = (ROOT / "schemas" / "leyden.schema.json").read_text(encoding="utf-8")
    assert printed.stdout == shipped == file.read_text(encoding="utf-8")
    assert leyden_command("schema", "--query", '"$id"').stdout == '"urn:leyden:schema:1"\n'
    assert leyden_command("schema", "--out", str(tmp_path)).exit_code == 2
    assert leyden_command("schema", "--out", str(tmp_path / "no" / "x.json")).exit_code == 1
