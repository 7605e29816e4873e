"""`leyden get`, `put`, `query` and `scan` on a table."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

import leyden
from tests.cli.conftest import OnTable, leyden_command


def test_what_put_writes_get_prints(on_table: OnTable) -> None:
    put = on_table(
        "put", "task", "employee_id=e1", "project_id=p1", "task_id=t1",
        "points=3", 'tags=["b", "a"]',
        "expires_at=2030-01-02T03:04:05+00:00", 'detail={"owner": "Ann", "effort": 1.5}',
        'payload={"z": 1, "a": [true, null]}', "done=true", "secret=hush",
    )  # fmt: skip
    assert put.exit_code == 0, put.stderr
    record = on_table.json("get", "task", "project_id=p1", "task_id=t1")
    assert record["points"] == 3
    assert record["tags"] == ["a", "b"]
    assert record["expires_at"] == "2030-01-02T03:04:05.000Z"
    assert record["detail"] == {"effort": 1.5, "owner": "Ann"}
    assert list(record["payload"]) == ["z", "a"]
    assert record["done"] is True
    assert record["headline"] == "open 3"
    assert "secret" not in record
    assert "history" not in record


def test_json_has_the_attributes_in_the_order_of_the_schema(on_table: OnTable) -> None:
    on_table("put", "task", "employee_id=e1", "points=3", "title=A", "project_id=p1", "task_id=t1")
    record = on_table.json("get", "task", "task_id=t1", "project_id=p1")
    names = [name for name in record if name in ("task_id", "project_id", "title", "points")]
    assert names == ["task_id", "project_id", "title", "points"]


def test_get_prints_an_attribute_a_line_for_people(on_table: OnTable) -> None:
    on_table("put", "task", "employee_id=e1", "project_id=p1", "task_id=t1", "title=Paint it")
    lines = on_table("get", "task", "project_id=p1", "task_id=t1").stdout.splitlines()
    assert lines[0].split() == ["attribute", "value"]
    assert "title        Paint it" in lines
    assert "\x1b" not in "".join(lines)


def test_get_of_what_is_not_there_is_an_error(on_table: OnTable) -> None:
    result = on_table("get", "task", "project_id=p1", "task_id=none", "--json")
    assert result.exit_code == 1
    assert result.stdout == "null\n"
    assert result.stderr == "there is no task with this key\n"


def test_query_option_picks_from_the_json(on_table: OnTable) -> None:
    on_table("put", "task", "employee_id=e1", "project_id=p1", "task_id=t1", "points=7")
    result = on_table("get", "task", "project_id=p1", "task_id=t1", "--query", "[task_id, points]")
    assert json.loads(result.stdout) == ["t1", 7]


def test_create_refuses_to_overwrite(on_table: OnTable) -> None:
    arguments = ("put", "task", "employee_id=e1", "project_id=p1", "task_id=t1", "--create")
    assert on_table(*arguments).exit_code == 0
    again = on_table(*arguments)
    assert again.exit_code == 1
    assert "[item.exists]" in again.stderr
    assert on_table(*arguments[:-1]).exit_code == 0


def test_put_takes_an_item_as_json(on_table: OnTable) -> None:
    item = {"employee_id": "e1", "project_id": "p1", "task_id": "t1", "points": 4, "tags": ["x"]}
    result = on_table("put", "task", "--json-item", json.dumps(item), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["tags"] == ["x"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "--json-item: this is not valid JSON: "),
        ("[]", "--json-item: a record is a JSON object"),
        ('{"task_id": "a", "task_id": "b"}', 'an object has the name "task_id" twice'),
        ('{"points": NaN}', "NaN is not a JSON number"),
        ('{"points": 1e999999999}', "a number has too many digits"),
        ('{"pionts": 1}', 'did you mean "points"?'),
        ('{"task_id": "t", "points": 1}', '"project_id" is required'),
    ],
)
def test_a_bad_json_item_is_refused(on_table: OnTable, text: str, said: str) -> None:
    result = on_table("put", "task", "--json-item", text)
    assert result.exit_code == 1
    assert said in result.stderr


def test_put_writes_the_records_of_a_file(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    lines = [
        json.dumps({"employee_id": "e1", "project_id": "p1", "task_id": f"t{i:02}"})
        for i in range(30)
    ]
    file.write_text("\n".join(lines) + "\n\n")
    result = on_table("put", "task", "--file", str(file))
    assert result.exit_code == 0
    assert result.stdout == f"wrote 30 items into {on_table.table}\n"
    assert len(on_table.json("scan", "task", "--all")["items"]) == 30


def test_put_writes_nothing_of_a_file_with_a_bad_line(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(
        '{"employee_id": "e1", "project_id": "p1", "task_id": "t1"}\n'
        '{"project_id": "p1", "points": "x"}\n'
    )
    result = on_table("put", "task", "--file", str(file))
    assert result.exit_code == 1
    assert f"{file}:2: " in result.stderr
    assert on_table.json("scan", "task", "--all")["items"] == []


def test_put_create_names_the_line_that_exists(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    record = {"employee_id": "e1", "project_id": "p1"}
    lines = "".join(f"{json.dumps({**record, 'task_id': name})}\n" for name in ("new", "t001"))
    result = on_table("put", "task", "--create", "--file", "-", stdin=lines)
    assert result.exit_code == 1
    assert "standard input:2: " in result.stderr
    assert "written before it: 1 item" in result.stderr
    assert len(on_table.json("scan", "task", "--all")["items"]) == 3


def test_query_reads_in_order(on_table: OnTable) -> None:
    on_table.put_tasks(5)
    found = on_table.json("query", "task.project", "project_id=p1", "--order", "desc")
    assert [item["task_id"] for item in found["items"]] == ["t004", "t003", "t002", "t001", "t000"]
    assert found["cursor"] is None
    assert found["scanned"] == 5
    assert found["requests"] == 1


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        (("--begins", "task_id=t00"), ["t000", "t001", "t002", "t003"]),
        (("--gt", "task_id=t001"), ["t002", "t003"]),
        (("--gte", "task_id=t001"), ["t001", "t002", "t003"]),
        (("--lt", "task_id=t001"), ["t000"]),
        (("--lte", "task_id=t001"), ["t000", "t001"]),
        (("--between", "task_id=t001..t002"), ["t001", "t002"]),
    ],
)
def test_query_takes_a_range(
    on_table: OnTable, range_: tuple[str, ...], expected: list[str]
) -> None:
    on_table.put_tasks(4)
    found = on_table.json("query", "task.project", "project_id=p1", *range_)
    assert [item["task_id"] for item in found["items"]] == expected


def test_a_cursor_goes_on_where_the_page_ended(on_table: OnTable) -> None:
    on_table.put_tasks(5)
    arguments = ("query", "task.project", "project_id=p1", "--limit", "2")
    found: list[str] = []
    cursor: tuple[str, ...] = ()
    for _ in range(3):
        page = on_table.json(*arguments, *cursor)
        found += [item["task_id"] for item in page["items"]]
        cursor = ("--cursor", page["cursor"])
    assert found == ["t000", "t001", "t002", "t003", "t004"]
    assert page["cursor"] is None


def test_a_page_for_people_says_how_to_go_on(on_table: OnTable) -> None:
    on_table.put_tasks(3)
    result = on_table("query", "task.project", "project_id=p1", "--limit", "2")
    assert result.stdout.splitlines()[0].split()[:2] == ["task_id", "project_id"]
    assert len(result.stdout.splitlines()) == 3
    assert "2 items found, 2 read" in result.stderr
    cursor = result.stderr.rpartition("--cursor ")[2].strip()
    rest = on_table("query", "task.project", "project_id=p1", "--cursor", cursor)
    assert "t002" in rest.stdout
    assert "--cursor" not in rest.stderr


def test_a_page_without_items_prints_no_table(on_table: OnTable) -> None:
    result = on_table("query", "task.project", "project_id=none")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "0 items" in result.stderr


def test_count_and_all_read_more_than_a_page(on_table: OnTable) -> None:
    on_table.put_tasks(9)
    where = ("--limit", "2", "--where", "points >= 5")
    assert len(on_table.json("scan", "task", *where, "--max", "3")["items"]) == 3
    everything = on_table.json("scan", "task", *where, "--all")
    assert sorted(item["points"] for item in everything["items"]) == [5, 6, 7, 8]
    assert everything["requests"] > 1


def test_attributes_limit_what_is_read(on_table: OnTable) -> None:
    on_table.put_tasks(1)
    page = on_table.json("query", "task.project", "project_id=p1", "--attributes", "task_id,points")
    assert page["items"] == [{"task_id": "t000", "points": 0}]
    again = on_table.json(
        "scan", "task", "--attributes", "task_id,points", "--attributes", " project_id ,points"
    )
    assert again["items"] == [{"task_id": "t000", "project_id": "p1", "points": 0}]
    assert on_table("scan", "task", "--attributes", " , ").exit_code == 2


def test_conditions_filter(on_table: OnTable) -> None:
    on_table.put_tasks(6)
    found = on_table.json(
        "query", "task.assigned", "employee_id=e0",
        "--where", "points = 0 or points between 3 and 9", "--where", "not points = 0",
    )  # fmt: skip
    assert [item["points"] for item in found["items"]] == [3]


def test_alternatives_filter_a_scan(on_table: OnTable) -> None:
    on_table.put_tasks(6)
    found = on_table.json("scan", "task", "--where", "points = 1 or points > 4")
    assert sorted(item["points"] for item in found["items"]) == [1, 5]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("get", "task", "project_id"), "must have the form NAME=VALUE"),
        (("get", "task", "project_id=a", "project_id=b"), '"project_id" occurs twice'),
        (("get", "tsk", "project_id=a"), 'did you mean "task"?'),
        (("get", "task", "project_id=a", "--query", "a["), "not a valid JMESPath expression"),
        (("put", "task"), "there is nothing to write"),
        (("put", "task", "task_id=a", "--json-item", "{}"), "use only one of"),
        (("query", "task", "project_id=a"), "must be ENTITY.PATTERN"),
        (("query", "task.assignd", "employee_id=a"), 'did you mean "assigned"?'),
        (("query", "task.project", "project_id=p", "--gt", "task_id=a", "--lt", "task_id=b"),
         "a query takes one range"),
        (("query", "task.project", "project_id=p", "--between", "task_id=a"), "task_id=a..f"),
        (("query", "task.project", "project_id=p", "--between", "task_id=a..b..c"),
         '"task_id" has .. more than once'),
        (("query", "task.project", "project_id=p", "--limit", "0"), "not in the range"),
        (("query", "task.project", "project_id=p", "--all", "--max", "3"), "--all"),
        (("query", "task.project", "project_id=p", "--where", "points >"), "expected a value"),
        (("scan", "task", "--unknown"), "No such option"),
    ],
)  # fmt: skip
def test_misuse_ends_with_2_and_sends_nothing(
    missing_table: OnTable, arguments: tuple[str, ...], said: str
) -> None:
    result = missing_table(arguments[0], *arguments[1:])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("get", "task", "project_id=a"), "key.missing_composite", '"task_id"'),
        (("get", "task", "projet_id=a"), "input.unknown_attribute", '"project_id"'),
        (("put", "task", "project_id=a", "points=many"), "input.invalid_value", "must be a number"),
        (("put", "task", "project_id=a", "status=shut"), "input.invalid_value", '"open", "closed"'),
        (("put", "task", "project_id=a", "tags=a,b"), "input.invalid_value", """'["a", "b"]'"""),
        (("query", "task.project", "project_id=a", "--cursor", "xyz"), "cursor.invalid", "cursor"),
        (("scan", "task"), "table.not_found", "does not exist"),
    ],
)
def test_errors_end_with_1_and_say_their_code(
    missing_table: OnTable, arguments: tuple[str, ...], code: str, said: str
) -> None:
    result = missing_table(arguments[0], *arguments[1:])
    assert result.exit_code == 1
    assert f"error [{code}]" in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_numbers_keep_their_digits(on_table: OnTable, tmp_path: Path) -> None:
    (tmp_path / "money.yaml").write_text(
        "entity: money\nversion: '1'\nservice: bank\n"
        "attributes: {id: string, amount: decimal, data: any, blob: binary}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}\n"
    )
    amount = "12345678901234567890.123456789012345678"
    arguments = (str(tmp_path), "money", "id=m1", *on_table.place)
    blob = base64.b64encode(b"\x00\xff").decode()
    put = leyden_command(
        "put", *arguments, f"amount={amount}", 'data={"b": [0.1, 1e3], "a": "x"}', f"blob={blob}"
    )
    assert put.exit_code == 0, put.stderr
    printed = leyden_command("get", *arguments, "--json").stdout
    assert f'"amount": {amount}' in printed
    assert json.loads(printed)["data"] == {"a": "x", "b": [0.1, 1000]}
    assert json.loads(printed)["blob"] == blob
    assert leyden_command("get", *arguments, "--query", "amount").stdout.strip() == amount
    assert leyden_command("get", *arguments, "--query", "data.b[0] < `1`").stdout == "true\n"


def test_a_collection_is_read_with_each_item_s_entity(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    on_table("put", "project_member", "employee_id=e1", "project_id=p1", "name=Ann")
    query = ("query", "collections.overview", "project_id=p1")
    items = on_table.json(*query)["items"]
    assert [item["entity"] for item in items] == ["project_member", "task", "task"]
    assert items[0]["record"] == {"employee_id": "e1", "project_id": "p1", "name": "Ann"}
    lines = on_table(*query).stdout.splitlines()
    assert lines[0].startswith("of entity       ")
    assert lines[1].startswith("project_member  ")
    kept = on_table.json(*query, "--where", "points = 1")["items"]
    # The condition says nothing of members that do not have the attribute.
    assert [item["record"].get("task_id") for item in kept] == [None, "t001"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("collections.overvew", "project_id=p"), 2, 'did you mean "overview"?'),
        (("collections.overview",), 1, "key.missing_composite"),
        (("collections.overview", "project_id=p", "--where", "nothing = 1"), 1, '"nothing"'),
        (("collections.overview", "project_id=p", "--attributes", "a"), 1, "unknown_attribute"),
        (("collections.overview", "project_id=p", "--begins", "task_id=a"), 1, "expression"),
    ],
)
def test_a_collection_is_asked_for_rightly(
    missing_table: OnTable, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = missing_table("query", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_a_scan_reads_an_index_or_segments(on_table: OnTable) -> None:
    on_table.put_tasks(5)
    whole = on_table.json("scan", "task", "--segments", "3")
    assert len(whole["items"]) == 5
    assert whole["cursor"] is None
    index = on_table.json("scan", "task", "--index", "assigned", "--all", "--hydrate")
    assert len(index["items"]) == 5
    refused = on_table("scan", "task", "--segments", "3", "--all")
    assert refused.exit_code == 2
    assert "--segments reads the whole table" in refused.stderr


def test_a_file_overwrites_no_item_that_only_shares_a_key(
    on_table: OnTable, tmp_path: Path
) -> None:
    on_table("put", "task", "project_id=p1", "task_id=a", "employee_id=e")
    lines = tmp_path / "tasks.jsonl"
    lines.write_text('{"project_id": "P1", "task_id": "a", "employee_id": "e"}\n')
    refused = on_table("put", "task", "--file", str(lines))
    assert refused.exit_code == 1
    assert "another item is stored under the same key" in refused.stderr
    assert on_table.json("get", "task", "project_id=p1", "task_id=a")["task_id"] == "a"


def test_ranges_compare_the_attributes_and_take_cursors_of_others_when_told(
    on_table: OnTable,
) -> None:
    for points in (3, 20, 100):
        given = ("employee_id=e1", "project_id=p1", f"task_id=t{points}")
        assert on_table("put", "task", *given).exit_code == 0
    ranged = on_table("query", "task.project", "project_id=p1", "--gt", "task_id=t20", "--json")
    assert [item["task_id"] for item in json.loads(ranged.stdout)["items"]] == ["t3"]
    both = ("query", "collections.overview", "project_id=p1", "--lte", "task_id=t20", "--json")
    found = json.loads(on_table(*both).stdout)["items"]
    assert [item["record"]["task_id"] for item in found] == ["t100", "t20"]
    first = on_table("query", "task.project", "project_id=p1", "--limit", "1", "--json")
    stripped = json.loads(first.stdout)["cursor"].partition(".")[0]
    again = ("query", "task.project", "project_id=p1", "--json", "--cursor", stripped)
    refused = on_table(*again)
    assert refused.exit_code == 1
    assert "no checksum" in refused.stderr
    taken = on_table(*again, "--cursor-from", "electrodb")
    assert [item["task_id"] for item in json.loads(taken.stdout)["items"]] == ["t20", "t3"]


def test_a_query_hydrates_what_its_index_holds_in_part(
    missing_table: OnTable, tmp_path: Path
) -> None:
    (tmp_path / "task.yaml").write_text(
        "entity: task\nversion: '1'\nservice: app\n"
        "attributes: {id: string, owner: string, title: string}\n"
        "indexes:\n"
        "  own: {pk: {field: pk, composite: [id]}}\n"
        "  owned:\n    index: gsi1\n    projection: keys_only\n    collection: work\n"
        "    pk: {field: gsi1pk, composite: [owner]}\n    sk: {field: gsi1sk, composite: [id]}\n"
    )
    task = {"id": "t1", "owner": "ann", "title": "Wind the coil"}
    with leyden.load(tmp_path, table=missing_table.table, engine=missing_table.engine) as app:
        app.create_table()
        app.entities.task.put(**task).go()

    def items(pattern: str, *options: str) -> Any:
        arguments = (pattern, "owner=ann", "--json", *options, *missing_table.place)
        return json.loads(leyden_command("query", str(tmp_path), *arguments).stdout)["items"]

    assert "title" not in items("task.owned")[0]
    assert items("task.owned", "--hydrate") == [task]
    assert items("collections.work", "--hydrate") == [{"entity": "task", "record": task}]
