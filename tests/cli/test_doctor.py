"""`leyden doctor`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from leyden.cli.commands import doctor
from leyden.doctor import Progress
from leyden.program import Request
from tests.cli.conftest import TASKAPP, OnTable, leyden_command


def test_a_healthy_table_ends_with_0(on_table: OnTable) -> None:
    on_table.put_tasks(5)
    result = on_table("doctor", "--full")
    assert result.exit_code == 0
    assert result.stdout.startswith("no findings: ")
    assert re.search(r"^task +5 +1\.\d kB", result.stdout, re.MULTILINE)
    assert re.search(r"^gsi2 +5 +.*1\.00$", result.stdout, re.MULTILINE)
    assert "read 5 items, " in result.stderr
    assert ": 0 faults, 0 warnings, 0 notes" in result.stderr


def test_a_note_ends_with_0_and_a_fault_with_1(on_table: OnTable) -> None:
    on_table.put_tasks(2)
    on_table.put_stranger()
    noted = on_table("doctor")
    assert noted.exit_code == 0
    assert "note [item.foreign] no entity of the schemas owns items" in noted.stdout
    assert '  KEY: \'{"pk": {"S": "stranger"}, "sk": {"S": "1"}}\'' in noted.stdout
    strict = on_table("doctor", "--strict")
    assert strict.exit_code == 1
    assert "fault [item.foreign]" in strict.stdout
    assert "1 fault, 0 warnings, 0 notes" in strict.stderr


def test_a_table_that_is_not_there_is_a_fault_with_its_remedy(missing_table: OnTable) -> None:
    result = missing_table("doctor")
    assert result.exit_code == 1
    assert "fault [table.missing]" in result.stdout
    assert (
        f"  to fix it: `leyden table {TASKAPP} --table {missing_table.table} --create`"
        in result.stdout
    )


def test_programs_read_json(on_table: OnTable) -> None:
    on_table.put_tasks(3)
    on_table.put_stranger()
    report = on_table.json("doctor", "--full")
    assert (report["healthy"], report["complete"]) == (True, True)
    assert report["entities"]["task"]["items"] == 3
    assert [one["code"] for one in report["findings"]] == ["item.foreign"]
    asked = on_table("doctor", "--full", "--query", "findings[].keys[0].pk.S")
    assert json.loads(asked.stdout) == ["stranger"]


def test_a_page_and_a_list_are_written(on_table: OnTable, tmp_path: Path) -> None:
    on_table.put_stranger()
    page, listing = tmp_path / "page.html", tmp_path / "list.jsonl"
    on_table("doctor", "--full", "--html", str(page), "--list", str(listing))
    assert "item.foreign" in page.read_text()
    (line,) = listing.read_text().splitlines()
    assert json.loads(line)["keys"] == [{"pk": {"S": "stranger"}, "sk": {"S": "1"}}]


def test_a_check_up_goes_on_from_its_file(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_table.put_tasks(8)
    state = tmp_path / "state"
    states: list[str] = []
    with on_table.service as app:
        app.doctor(full=True, segments=2, progress=lambda step: states.append(step.state()))
    state.write_text(states[0])
    result = on_table("doctor", "--full", "--segments", "2", "--resume", str(state))
    assert result.exit_code == 0
    assert "read 8 items" in result.stderr
    assert not state.exists(), "it is complete"
    state.write_text(states[0])
    other = on_table("doctor", "--resume", str(state))
    assert other.exit_code == 1
    assert "different sample and segments" in other.stderr

    monkeypatch.setattr(doctor, "_SAVED_EVERY", 0.0)
    state.unlink()

    replace, replaced = Path.replace, []

    def once(self: Path, target: Path) -> Path:
        if replaced:
            raise KeyboardInterrupt
        replaced.append(target)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", once)
        stopped = on_table("doctor", "--full", "--segments", "2", "--resume", str(state))
    assert stopped.exit_code == 130
    assert "stopped; repeat the command to continue where it was" in stopped.stderr
    again = on_table("doctor", "--full", "--segments", "2", "--resume", str(state))
    assert again.exit_code == 0
    assert "read 8 items" in again.stderr


def test_a_list_has_each_finding_once_after_an_interruption(
    on_table: OnTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_table.put_tasks(20)
    on_table.put_stranger()
    with on_table.service as app:
        for task in [*app.entities.task.scan.go(data="raw", pages="all")]:
            put = {"TableName": app.table, "Item": {**task, "legacy": {"S": "x"}}}
            app.driver.send(Request("PutItem", put))  # type: ignore[attr-defined]
    state, listing = tmp_path / "state", tmp_path / "list.jsonl"
    command = ("doctor", "--full", "--resume", str(state), "--list", str(listing))
    monkeypatch.setattr(doctor, "_SAVED_EVERY", 0.0)
    keep, kept = doctor._Notes.watch, []

    def stops(self: doctor._Notes, step: Progress) -> None:
        # It is noted how far it came once, and then it goes on for a while.
        if not kept:
            kept.append(step)
            keep(self, step)
        elif step.items == 21:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(doctor._Notes, "watch", stops)
        assert on_table(*command).exit_code == 130
    assert len(listing.read_text().splitlines()) == 21
    assert on_table(*command).exit_code == 0
    found = [json.loads(line)["keys"][0]["sk"]["S"] for line in listing.read_text().splitlines()]
    assert len(found) == len({*found}) == 21


def test_a_migration_that_is_under_way_is_no_fault(on_table: OnTable, tmp_path: Path) -> None:
    on_table.put_tasks(2)
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        shutil.copytree(TASKAPP, folder)
    changed = new / "task.yaml"
    changed.write_text(re.sub(r'version: "1"', 'version: "2"', changed.read_text(), count=1))
    migration = tmp_path / "m.yaml"
    migration.write_text("migration: m\nfrom: old\nentities: {task: {}}\n")
    assert leyden_command("doctor", str(new), *on_table.place).exit_code == 1
    moving = leyden_command("doctor", str(new), "--migrating-from", str(migration), *on_table.place)
    assert moving.exit_code == 0
    assert "note [item.earlier]" in moving.stdout


def test_full_is_no_sample(on_table: OnTable) -> None:
    result = on_table("doctor", "--full", "--sample", "10")
    assert result.exit_code == 2
    assert "use only one of --full and --sample" in result.stderr


def test_the_index_of_messages_is_looked_at_where_it_is_asked_for(on_table: OnTable) -> None:
    memory = str(Path(TASKAPP).parent / "memory")
    place = ("--table", f"{on_table.table}-memory", *on_table.place[2:])
    leyden_command("table", memory, "--create", *place)
    assert leyden_command("doctor", memory, *place).exit_code == 0
    lacking = leyden_command("doctor", memory, *place, "--vectors", "8")
    assert lacking.exit_code == 1
    assert "vector.missing" in lacking.stdout


def test_what_items_hold_does_nothing_to_a_terminal(on_table: OnTable) -> None:
    evil = "x\u202e\x1b[31m\r\n"
    request = Request(
        "PutItem",
        {
            "TableName": on_table.table,
            "Item": {"pk": {"S": evil}, "sk": {"S": "1"}, "__edb_e__": {"S": evil}},
        },
    )
    with on_table.service as service:
        service.driver.send(request)  # type: ignore[attr-defined]
    lines = on_table("doctor", "--full").stdout.splitlines()
    assert all(line.isprintable() for line in lines)
    assert any(r"\u202e" in line for line in lines if line.startswith("  KEY: "))


@pytest.mark.parametrize("option", ["--html", "--list"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    option: str, on_table: OnTable, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    result = on_table("doctor", option, str(tmp_path / "nowhere" / "file"), "--resume", str(state))
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert result.stdout == ""


def test_a_function_that_was_not_named_is_no_fault_of_items(
    on_table: OnTable, tmp_path: Path
) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(TASKAPP, folder)
    task = folder / "task.yaml"
    hooked = "{type: string, max_length: 200, get: {call: loud}}"
    task.write_text(task.read_text().replace("{type: string, max_length: 200}", hooked))
    on_table.put_tasks(1)
    with on_table.service as app:
        app.entities.task.patch(project_id="p1", task_id="t000").set(title="Draw").go()
    result = leyden_command("doctor", str(folder), "--full", *on_table.place)
    assert result.exit_code == 1
    assert 'the schemas call the function "loud" here: name the dict' in result.stderr
    assert "item.unreadable" not in result.stdout
