"""`leyden import` tells what a file holds, and a wrong first try does not block the right one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TASKAPP, OnTable, leyden_command

TASK = {"project_id": "p1", "task_id": "t1", "employee_id": "e1"}
NAMED = {"entity": "task", "record": TASK}


def line(value: Any) -> str:
    return json.dumps(value) + "\n"


@pytest.fixture
def raw_item(on_table: OnTable, tmp_path: Path) -> dict[str, Any]:
    """The item of a task as it is stored, with typed values; the table is empty again."""
    assert on_table("create", "task", *(f"{n}={v}" for n, v in TASK.items())).exit_code == 0
    file = tmp_path / "exported.jsonl"
    assert on_table("export", "--to", str(file)).exit_code == 0
    assert on_table("delete", "task", "project_id=p1", "task_id=t1", "--yes").exit_code == 0
    item: dict[str, Any] = json.loads(file.read_text())
    return item


def imported(table: OnTable, file: Path, *arguments: str) -> Any:
    result = table("import", str(file), *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    assert table("get", "task", "project_id=p1", "task_id=t1").exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize("form", ["line", "export to S3", "gzip", "scan", "pretty scan", "one"])
def test_items_with_typed_values_are_taken_in_every_form(
    on_table: OnTable, raw_item: dict[str, Any], tmp_path: Path, form: str
) -> None:
    scanned = {"Items": [raw_item], "Count": 1, "ScannedCount": 1, "ConsumedCapacity": None}
    texts = {
        "line": line(raw_item),
        "export to S3": line({"Item": raw_item}),
        "gzip": line({"Item": raw_item}),
        "scan": line(scanned),
        "pretty scan": json.dumps(scanned, indent=4),
        "one": json.dumps(raw_item, indent=2),
    }
    file = tmp_path / "items"
    content = texts[form].encode()
    file.write_bytes(gzip.compress(content) if form == "gzip" else content)
    assert imported(on_table, file)["written"] == 1


@pytest.mark.parametrize("form", ["named", "plain", "list"])
def test_records_are_taken_in_every_form(on_table: OnTable, tmp_path: Path, form: str) -> None:
    file = tmp_path / "records.jsonl"
    text = {"named": line(NAMED), "plain": line(TASK), "list": json.dumps([TASK], indent=2)}[form]
    file.write_text(f"\n{text}")
    assert imported(on_table, file, *(() if form == "named" else ("--entity", "task")))


def test_the_only_entity_of_a_service_need_not_be_named(on_table: OnTable, tmp_path: Path) -> None:
    schemas = tmp_path / "one"
    schemas.mkdir()
    (schemas / "tag.yaml").write_text(
        'entity: tag\nversion: "1"\nservice: one\nattributes: {name: string}\n'
        "indexes: {named: {pk: {field: pk, composite: [name]}, sk: {field: sk, composite: []}}}\n"
    )
    file = tmp_path / "tags.jsonl"
    file.write_text('{"name": "a"}\n{"name": "b"}\n')
    place = (str(schemas), str(file), *on_table.place)
    assert leyden_command("import", *place).exit_code == 0
    counted = leyden_command("scan", str(schemas), "tag", "--count", *on_table.place)
    assert counted.stdout == "2\n"


def test_a_document_names_the_item_that_is_bad(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text(json.dumps([TASK, {**TASK, "task_id": "t2", "points": "many"}], indent=2))
    result = on_table("import", str(file), "--entity", "task", "--keep-going")
    assert result.exit_code == 1
    assert f'{file}: item 2: input.invalid_value: "points"' in result.stderr
    rejected = Path(f"{file}.rejected")
    assert json.loads(rejected.read_text())["task_id"] == "t2"


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (line(TASK), (), "pass --entity task,"),
        (line({"project_id": "p", "employee_id": "e"}), (), "--entity project_member or --entity"),
        (line({"what": 1}), (), "pass --entity NAME,"),
        (line(TASK), ("--raw",), "is a record, not an item with typed values; leave out --raw"),
        (line({"pk": "$taskapp#p1", "sk": "$tasks#t1", "x": 1}), (), "without the types"),
        (line({"Items": [], "NextToken": "x"}), (), "one page of a scan"),
        (line(NAMED) + '{"a": 1,\n', (), "records.jsonl:2:9: input: this is not valid JSON"),
        ("[1, 2\n", (), "records.jsonl:1:6: input: this is not valid JSON"),
        (line({**NAMED, "record": {**TASK, "pionts": 1}}), (), "jsonl:1:89: input.unknown_attr"),
        (line({**NAMED, "record": {**TASK, "points": "x"}}), (), "jsonl:1:89: input.invalid_va"),
    ],
)
def test_what_cannot_be_taken_says_what_to_do(
    on_table: OnTable, tmp_path: Path, text: str, arguments: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(text)
    result = on_table("import", str(file), *arguments)
    assert result.exit_code == 1
    assert said in result.stderr


def test_typed_items_are_no_records(
    on_table: OnTable, raw_item: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text(line(raw_item))
    refused = on_table("import", str(file), "--records", "--entity", "task")
    assert "is an item with typed values, not a record; leave out --records" in refused.stderr
    guarded = on_table("import", str(file), "--guard")
    assert (guarded.exit_code, "--guard is for records" in guarded.stderr) == (1, True)
    put = on_table("put", "task", "--file", str(file))
    assert put.exit_code == 1
    assert "`leyden import` writes such items" in put.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--raw",),
        ("--entity", "employee"),
        ("--table", "nowhere"),
        ("--endpoint-url", "http://127.0.0.1:9"),
    ],
)
def test_a_wrong_first_try_does_not_block_the_right_one(
    on_table: OnTable, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(line(TASK))
    # The last of an option counts.
    first = (*on_table.place, "--entity", "task", *wrong)
    assert leyden_command("import", TASKAPP, str(file), *first).exit_code == 1
    assert not Path(f"{file}.import-state").exists()
    assert imported(on_table, file, "--entity", "task")["written"] == 1


def test_an_import_that_wrote_says_what_it_was(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(line(NAMED) + "bad\n")
    assert on_table("import", str(file)).exit_code == 1
    again = on_table("import", str(file))
    assert f'into the table "{on_table.table}" (records) was interrupted at line 1' in again.stderr
    file.write_text(line(NAMED))
    assert imported(on_table, file, "--restart")["written"] == 1


@pytest.mark.parametrize("images", [("NewImage",), ("OldImage", "NewImage"), ("OldImage",), ()])
def test_an_incremental_export_is_refused_by_its_name(
    on_table: OnTable, raw_item: dict[str, Any], tmp_path: Path, images: tuple[str, ...]
) -> None:
    key = {name: raw_item[name] for name in ("pk", "sk")}
    written = {"WriteTimestampMicros": {"N": "1680109764000000"}}
    file = tmp_path / "change.json"
    change = {"Metadata": written, "Keys": key, **dict.fromkeys(images, raw_item)}
    file.write_text(line(change))
    refused = on_table("import", str(file))
    assert refused.exit_code == 1
    assert "an incremental export to S3" in refused.stderr
