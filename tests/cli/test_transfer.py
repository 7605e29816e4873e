"""`leyden export` and `leyden import`: whole tables, interrupted and gone on with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.cli.transfer.state import StateFile
from leyden.drivers.sync import LeanConnection
from leyden.errors import AwsError
from leyden.program import Params
from tests.cli.conftest import OnTable, leyden_command

Break = Callable[[int, str], None]


@pytest.fixture
def break_after(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Makes Ctrl-C come instead of the request number `count` + 1 of an API."""

    def install(count: int, api: str) -> None:
        send = LeanConnection.dispatch
        sent = 0

        def interrupted(
            self: LeanConnection, sent_api: str, params: Params, reader: Any = None
        ) -> Any:
            nonlocal sent
            if sent_api == api:
                sent += 1
                if sent == count + 1:
                    raise KeyboardInterrupt
            return send(self, sent_api, params, reader)

        monkeypatch.setattr(LeanConnection, "dispatch", interrupted)

    return install


def lines_in(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def task_ids(file: Path) -> list[str]:
    return [item["taskId"]["S"] for item in lines_in(file)]


def stored(table: OnTable) -> list[Any]:
    """All raw items, in a fixed order."""
    result = table("export", "--to", "-")
    assert result.exit_code == 0
    return sorted(map(json.loads, result.stdout.splitlines()), key=json.dumps)


def test_an_export_holds_every_item_once(on_table: OnTable, tmp_path: Path) -> None:
    on_table.put_tasks(300)
    file = tmp_path / "all.jsonl"
    result = on_table("export", "--to", str(file), "--page-size", "37")
    assert result.exit_code == 0
    assert sorted(task_ids(file)) == [f"t{i:03}" for i in range(300)]
    assert f"exported 300 items of {on_table.table}, 9 requests" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["all.jsonl"]


def test_an_interrupted_export_goes_on_without_loss_or_repetition(
    on_table: OnTable, tmp_path: Path, break_after: Break
) -> None:
    on_table.put_tasks(300)
    whole, file = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    assert on_table("export", "--to", str(whole), "--page-size", "20").exit_code == 0
    break_after(4, "Scan")
    arguments = ("export", "--to", str(file), "--page-size", "20")
    stopped = on_table(*arguments)
    assert stopped.exit_code == 130
    assert "stopped after 80 items; repeat the command with --resume to continue" in stopped.stderr
    assert len(task_ids(file)) == 80
    refused = on_table(*arguments)
    assert refused.exit_code == 1
    assert "--resume continues it, --overwrite starts over" in refused.stderr
    resumed = on_table(*arguments, "--resume", "--json")
    assert resumed.exit_code == 0
    assert json.loads(resumed.stdout)["items"] == 300
    assert file.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "parts.jsonl.state").exists()


def test_what_was_written_behind_the_state_is_cut_off(
    on_table: OnTable, tmp_path: Path, break_after: Break
) -> None:
    on_table.put_tasks(50)
    file = tmp_path / "all.jsonl"
    break_after(2, "Scan")
    arguments = ("export", "--to", str(file), "--page-size", "10")
    assert on_table(*arguments).exit_code == 130
    with file.open("a") as out:
        out.write('{"half of a page that was ne')
    assert on_table(*arguments, "--resume").exit_code == 0
    assert sorted(task_ids(file)) == [f"t{i:03}" for i in range(50)]


def test_an_export_stopped_between_page_and_state_repeats_the_page(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_table.put_tasks(50)
    file = tmp_path / "all.jsonl"
    save, saves = StateFile.save, 0

    def interrupted(self: StateFile, state: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == 3:
            raise KeyboardInterrupt
        save(self, state)

    monkeypatch.setattr(StateFile, "save", interrupted)
    arguments = ("export", "--to", str(file), "--page-size", "10")
    assert on_table(*arguments).exit_code == 130
    assert len(task_ids(file)) == 20
    assert on_table(*arguments, "--resume").exit_code == 0
    assert sorted(task_ids(file)) == [f"t{i:03}" for i in range(50)]


def test_an_export_that_was_changed_is_not_gone_on_with(
    on_table: OnTable, tmp_path: Path, break_after: Break
) -> None:
    on_table.put_tasks(30)
    file = tmp_path / "all.jsonl"
    break_after(2, "Scan")
    arguments = ("export", "--to", str(file), "--page-size", "10")
    on_table(*arguments)
    other = on_table(*arguments, "--resume", "--entity", "task")
    assert other.exit_code == 1
    assert "belongs to a transfer with a different entity" in other.stderr
    file.write_text("")
    shorter = on_table(*arguments, "--resume")
    assert shorter.exit_code == 1
    assert "is shorter than" in shorter.stderr
    (tmp_path / "all.jsonl.state").write_text("{}")
    broken = on_table(*arguments, "--resume")
    assert broken.exit_code == 1
    assert "nothing says how far" in broken.stderr
    assert on_table(*arguments, "--overwrite").exit_code == 0
    assert len(task_ids(file)) == 30


def test_a_file_that_exists_is_replaced_only_on_demand(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    for arguments in ((), ("--resume",)):
        refused = on_table("export", "--to", str(file), *arguments)
        assert refused.exit_code == 1
        assert "--overwrite replaces it" in refused.stderr
        assert file.read_text() == "mine"
    assert on_table("export", "--to", str(file), "--overwrite").exit_code == 0
    assert file.read_text() == ""


def test_raw_keeps_strangers_and_counts_them(on_table: OnTable, tmp_path: Path) -> None:
    on_table.put_tasks(3)
    on_table.put_stranger()
    file = tmp_path / "all.jsonl"
    result = on_table("export", "--to", str(file), "--json")
    summary = json.loads(result.stdout)
    assert (summary["items"], summary["foreign"], summary["skipped"]) == (4, 1, 0)
    assert {"blob": {"B": "AAE="}, "pk": {"S": "stranger"}, "sk": {"S": "1"}} in lines_in(file)
    assert "1 belong to no entity of taskapp" in result.stderr


def test_records_leave_strangers_out_and_count_them(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    on_table.put_stranger()
    result = on_table("export", "--to", "-", "--records")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["entity"] for line in lines] == ["task", "task"]
    assert {line["record"]["task_id"] for line in lines} == {"t000", "t001"}
    assert "skipped 1 other" in result.stderr
    assert "hidden attributes left out: task.secret" in result.stderr


def test_one_entity_of_several_is_exported(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    on_table("put", "project_member", "employee_id=e1", "project_id=p1")
    result = on_table("export", "--to", "-", "--entity", "project_member")
    assert [json.loads(line)["employee_id"] for line in result.stdout.splitlines()] == [{"S": "e1"}]
    assert "skipped 2 others" in result.stderr


def test_what_was_exported_comes_back_as_it_was(
    on_table: OnTable, tmp_path: Path, new_table: OnTable
) -> None:
    on_table.put_tasks(60)
    on_table.put_stranger()
    on_table("put", "task", "employee_id=e1", "project_id=p2", "task_id=x", 'tags=["b","a"]',
             "secret=hush", 'payload=[1.5, {"a": null}]', "expires_at=1893456000")  # fmt: skip
    file = tmp_path / "all.jsonl"
    on_table("export", "--to", str(file))
    result = new_table("import", str(file), "--json")
    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["written"], summary["foreign"], summary["failed"]) == (62, 1, 0)
    assert stored(new_table) == stored(on_table)


def test_records_come_back_as_they_were(
    on_table: OnTable, tmp_path: Path, new_table: OnTable
) -> None:
    on_table.put_tasks(30)
    on_table("put", "task", "employee_id=e1", "project_id=p2", "task_id=x", 'tags=["b","a"]',
             'payload=[1.5, {"a": null}]', "expires_at=1893456000")  # fmt: skip
    file = tmp_path / "records.jsonl"
    assert on_table("export", "--to", str(file), "--records").exit_code == 0
    result = new_table("import", str(file), "--records")
    assert result.exit_code == 0, result.stderr
    assert stored(new_table) == stored(on_table)


@pytest.fixture
def new_table(on_table: OnTable) -> OnTable:
    """A second table, empty as well."""
    other = OnTable(on_table.engine, f"{on_table.table}-copy")
    with other.service as app:
        app.create_table()
    return other


def test_an_interrupted_import_goes_on_where_it_stopped(
    on_table: OnTable, tmp_path: Path, new_table: OnTable, break_after: Break
) -> None:
    on_table.put_tasks(300)
    file = tmp_path / "all.jsonl"
    on_table("export", "--to", str(file))
    break_after(4, "BatchWriteItem")
    stopped = new_table("import", str(file))
    assert stopped.exit_code == 130
    assert "stopped after 100 lines; repeat the command with --resume to continue" in stopped.stderr
    assert len(stored(new_table)) == 100
    refused = new_table("import", str(file))
    assert refused.exit_code == 1
    assert "--resume continues it, --restart starts over" in refused.stderr
    written: list[int] = []

    def count(event: leyden.events.Event) -> None:
        if isinstance(event, leyden.events.RequestSent) and event.api == "BatchWriteItem":
            written.extend(len(puts) for puts in event.params["RequestItems"].values())

    with leyden.events.listen(count):
        resumed = new_table("import", str(file), "--resume", "--json")
    assert json.loads(resumed.stdout)["written"] == 300
    assert written == [25] * 8
    assert stored(new_table) == stored(on_table)
    assert [path.name for path in tmp_path.iterdir()] == ["all.jsonl"]


def test_an_import_goes_on_only_with_the_same_file(
    on_table: OnTable, tmp_path: Path, new_table: OnTable, break_after: Break
) -> None:
    on_table.put_tasks(60)
    file = tmp_path / "all.jsonl"
    on_table("export", "--to", str(file))
    break_after(1, "BatchWriteItem")
    assert new_table("import", str(file)).exit_code == 130
    lines = file.read_text().splitlines(keepends=True)
    for changed in ([*reversed(lines)], lines[:10]):
        file.write_text("".join(changed))
        refused = new_table("import", str(file), "--resume")
        assert refused.exit_code == 1
        assert "is not the file that the import began with" in refused.stderr
    file.write_text("".join(lines))
    assert new_table("import", str(file), "--restart").exit_code == 0
    assert stored(new_table) == stored(on_table)


def test_there_must_be_something_to_go_on_with(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text("")
    result = on_table("import", str(file), "--resume")
    assert result.exit_code == 1
    assert "--resume has nothing to continue" in result.stderr


GOOD = '{"entity": "project_member", "record": {"employee_id": "e%d", "project_id": "p1"}}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "input: this is not valid JSON: "),
        ("[1]", "the line does not name its entity"),
        ('{"entity": "tsk", "record": {}}', 'did you mean "task"?'),
        ('{"entity": "task", "record": {"project_id": 1}}', 'input.invalid_value: "project_id"'),
        ('{"entity": "task", "record": {"projct_id": "p"}}', "input.unknown_attribute: "),
        ('{"entity": "task", "record": {"task_id": "t1"}}', '"project_id" is required'),
        (GOOD % 1, "an earlier line has the same key"),
        (GOOD.replace("e%d", "E1"), "an earlier line has the same key"),
        ("\udcff", "this is not UTF-8 text, at byte 1"),
    ],
)
def test_a_bad_line_ends_an_import_behind_the_good_ones(
    on_table: OnTable, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "records.jsonl"
    lines = [*(GOOD % i for i in range(30)), line, GOOD % 99]
    file.write_text("\n".join(lines), errors="surrogateescape")
    result = on_table("import", str(file), "--records")
    assert result.exit_code == 1
    assert re.search(rf"{file}:31:(\d+:)? ", result.stderr)
    assert said in result.stderr
    assert len(stored(on_table)) == 30
    file.write_text("\n".join([*lines[:30], GOOD % 77, lines[31]]))
    resumed = on_table("import", str(file), "--records", "--resume", "--json")
    assert json.loads(resumed.stdout)["written"] == 32
    assert len(stored(on_table)) == 32


def test_keep_going_puts_bad_lines_aside(on_table: OnTable, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join([GOOD % 1, "bad", "", GOOD % 2, GOOD % 1, GOOD % 3]))
    result = on_table("import", str(file), "--records", "--keep-going", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert (summary["lines"], summary["written"], summary["failed"]) == (6, 3, 2)
    rejected = tmp_path / "records.jsonl.rejected"
    assert summary["rejected"] == str(rejected)
    assert rejected.read_text() == f"bad\n{GOOD % 1}\n"
    assert f"{file}:2:1: input: this is not valid JSON" in result.stderr
    assert f"{file}:5: input: an earlier line" in result.stderr
    again = on_table("import", str(file), "--records", "--keep-going")
    assert again.exit_code == 1
    assert "holds the rejected lines of an earlier import" in again.stderr


def test_rejected_lines_come_once_though_the_import_is_interrupted(
    on_table: OnTable, tmp_path: Path, break_after: Break
) -> None:
    file = tmp_path / "records.jsonl"
    lines = [GOOD % i if i % 10 else f"bad {i}" for i in range(100)]
    file.write_text("\n".join(lines) + "\n")
    break_after(2, "BatchWriteItem")
    arguments = ("import", str(file), "--records", "--keep-going")
    assert on_table(*arguments).exit_code == 130
    rejected = tmp_path / "records.jsonl.rejected"
    with rejected.open("a") as out:
        out.write("written, and never noted\n")
    resumed = on_table(*arguments, "--resume", "--json")
    assert resumed.exit_code == 1
    summary = json.loads(resumed.stdout)
    assert (summary["written"], summary["failed"]) == (90, 10)
    assert rejected.read_text().splitlines() == [f"bad {i}" for i in range(0, 100, 10)]
    assert len(stored(on_table)) == 90


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"sk": {"S": "1"}}', 'the item lacks the key field "pk" of the table (type S)'),
        ('{"pk": {"N": "1"}, "sk": {"S": "1"}}', 'the key field "pk"'),
        ('{"pk": {"S": ""}, "sk": {"S": "1"}}', 'the key field "pk" is empty'),
        ('{"pk": "p", "sk": {"S": "1"}}', '"pk" is not a typed value'),
        ('{"pk": {"S": "p"}, "sk": {"S": "1"}, "a": {"M": {"b": {"X": 1}}}}', '"a.b" has a type'),
        ('{"pk": {"S": "p"}, "sk": {"S": "1"}, "a": {"L": [{"N": "x"}]}}', '"a[0]" is of type N'),
        ('{"pk": {"S": "p"}, "sk": {"S": "1"}, "a": {"SS": ["b", "b"]}}', "has a member twice"),
        ('{"pk": {"S": "p"}, "sk": {"S": "1"}, "a": {"B": "%"}}', "base64"),
        (
            '{"pk": {"S": "p"}, "sk": {"S": "1"}, "__edb_e__": {"S": "tasks"}, '
            '"__edb_v__": {"S": "1"}, "points": {"S": "many"}}',
            "item.unreadable",
        ),
        (
            '{"pk": {"S": "p"}, "sk": {"S": "1"}, "a": {"S": "' + "x" * 410_000 + '"}}',
            "item.too_large",
        ),
    ],
)
def test_a_bad_raw_item_is_refused(on_table: OnTable, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text(line)
    result = on_table("import", str(file))
    assert result.exit_code == 1
    assert f"{file}:1: " in result.stderr
    assert said in result.stderr
    assert stored(on_table) == []


def test_lines_of_a_dynamodb_export_are_taken(on_table: OnTable) -> None:
    line = '{"Item": {"pk": {"S": "p"}, "sk": {"S": "1"}, "Item": {"S": "x"}}}\n'
    assert on_table("import", "-", stdin=line).exit_code == 0
    assert stored(on_table) == [{"Item": {"S": "x"}, "pk": {"S": "p"}, "sk": {"S": "1"}}]


def test_only_one_entity_of_a_file_is_imported(on_table: OnTable, new_table: OnTable) -> None:
    on_table.put_tasks(3)
    on_table.put_stranger()
    on_table("put", "project_member", "employee_id=e1", "project_id=p1")
    exported = on_table("export", "--to", "-").stdout
    result = new_table("import", "-", "--entity", "task", "--json", stdin=exported)
    summary = json.loads(result.stdout)
    assert (summary["written"], summary["skipped"]) == (3, 2)


def test_plain_records_are_taken_where_the_entity_is_said(on_table: OnTable) -> None:
    lines = '{"employee_id": "e1", "project_id": "p1"}\n{"employee_id": "e2", "project_id": "p1"}'
    arguments = ("import", "-", "--records", "--entity", "project_member")
    assert on_table(*arguments, stdin=lines).exit_code == 0
    assert len(stored(on_table)) == 2


def unprocessed(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Makes the table take up one item of each batch, this many times."""
    send = LeanConnection.dispatch
    sizes: list[int] = []

    def busy(self: LeanConnection, api: str, params: Params, reader: Any = None) -> Any:
        if api != "BatchWriteItem":
            return send(self, api, params, reader)
        ((table, writes),) = params["RequestItems"].items()
        sizes.append(len(writes))
        if len(sizes) > times:
            return send(self, api, params, reader)
        answer = send(self, api, {"RequestItems": {table: writes[:1]}})
        return {**answer, "UnprocessedItems": {table: writes[1:]}}

    monkeypatch.setattr(LeanConnection, "dispatch", busy)
    monkeypatch.setattr("leyden.drivers.sync.pause", lambda seconds: None)
    return sizes


def test_what_the_table_does_not_take_up_is_sent_again(
    on_table: OnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = unprocessed(monkeypatch, 2)
    lines = "\n".join(GOOD % i for i in range(5))
    assert on_table("import", "-", "--records", stdin=lines).exit_code == 0
    assert sizes == [5, 4, 3]
    assert len(stored(on_table)) == 5


def test_what_is_never_taken_up_is_reported(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(GOOD % i for i in range(20)))
    unprocessed(monkeypatch, 10)
    result = on_table("import", str(file), "--records")
    assert result.exit_code == 1
    assert "error [aws.throttled]" in result.stderr
    assert f"{file}: lines 11 to 20: the write was throttled; retries are used up" in result.stderr
    assert on_table("import", str(file), "--records", "--resume").exit_code == 0
    assert len(stored(on_table)) == 20


def test_keep_going_puts_aside_what_is_never_taken_up(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(GOOD % i for i in range(20)))
    unprocessed(monkeypatch, 10)
    result = on_table("import", str(file), "--records", "--keep-going")
    assert result.exit_code == 1
    assert "wrote 10 items" in result.stderr
    assert "10 failed" in result.stderr
    rejected = tmp_path / "records.jsonl.rejected"
    assert rejected.read_text().splitlines() == [GOOD % i for i in range(10, 20)]


def test_keep_going_finds_the_item_that_a_batch_is_refused_for(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = LeanConnection.dispatch

    def picky(self: LeanConnection, api: str, params: Params, reader: Any = None) -> Any:
        if api == "BatchWriteItem" and "e3" in str(params):
            raise AwsError("refused", aws_code="ValidationException")
        return send(self, api, params, reader)

    monkeypatch.setattr(LeanConnection, "dispatch", picky)
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(GOOD % i for i in range(6)))
    stopped = on_table("import", str(file), "--records")
    assert stopped.exit_code == 1
    assert f"{file}: one of lines 1 to 6: refused" in stopped.stderr
    result = on_table("import", str(file), "--records", "--keep-going", "--restart")
    assert result.exit_code == 1
    assert f"{file}:4: aws.failed: refused" in result.stderr
    assert len(stored(on_table)) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export",), "--to"),
        (("export", "--to", "-", "--resume"), "--resume needs a file"),
        (("export", "--to", "-", "--json"), "--json needs --to FILE"),
        (("export", "--to", "f", "--resume", "--overwrite"), "cannot be used together"),
        (("export", "--to", "f", "--entity", "tsk"), 'did you mean "task"?'),
        (("import", "-", "--resume"), "--resume needs a file"),
        (("import", "-", "--keep-going"), "needs --rejected"),
        (("import", "-", "--rejected", "f"), "--rejected needs --keep-going"),
        (("import", "no-such-file"), "does not exist"),
    ],
)
def test_misuse_ends_with_2(missing_table: OnTable, arguments: tuple[str, ...], said: str) -> None:
    result = missing_table(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_records_that_json_cannot_carry_are_counted(missing_table: OnTable, tmp_path: Path) -> None:
    (tmp_path / "note.yaml").write_text(
        "entity: note\nversion: '1'\nservice: notes\n"
        "attributes: {id: string, data: any}\n"
        "indexes: {own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}\n"
    )
    with leyden.load(tmp_path, table=missing_table.table, engine=missing_table.engine) as app:
        app.create_table()
        app.entities.note.put([{"id": "1", "data": {"a": b"x"}}, {"id": "2", "data": [1]}]).go()
    result = leyden_command("export", str(tmp_path), *missing_table.place, "--to", "-", "--records")
    assert result.exit_code == 0
    assert "became lists and text in JSON: 1 (--raw keeps them)" in result.stderr
