from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from leyden.errors import SchemaError
from leyden.schema import check_service, load_service
from tests.schema.support import codes, entity

TASK = """entity: tasks
version: 1
service: app
attributes: {a: string}
indexes: {main: {pk: {field: pk, composite: [a]}, sk: {field: sk}}}
"""
USER = TASK.replace("tasks", "users")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "task.yaml").write_text(TASK)
    (tmp_path / "app" / "user.yml").write_text(USER)
    (tmp_path / "app" / "table.yaml").write_text("table: t\n")
    (tmp_path / "app" / "README.md").write_text("not a schema")
    (tmp_path / "app" / "inner.yaml").mkdir()
    return tmp_path / "app"


def test_a_folder_is_a_service(folder: Path) -> None:
    for source in (folder, str(folder)):
        service = load_service(source)
        assert list(service.entities) == ["tasks", "users"]
        assert service.table.table == "t"


def test_a_file_is_a_service_of_one(folder: Path) -> None:
    assert list(load_service(folder / "task.yaml").entities) == ["tasks"]


def test_text_holds_several_documents() -> None:
    service = load_service(f"\ufeff{TASK}---\n{USER}---\ntable: t\n")

    assert list(service.entities) == ["tasks", "users"]
    assert service.table.table == "t"


def test_dicts_hold_one_entity_or_a_service() -> None:
    task, user = entity({}), entity({}, entity="users")
    table = {"table": "t"}

    assert list(load_service(task).entities) == ["tasks"]
    assert list(load_service({"entities": [task, user]}).entities) == ["tasks", "users"]
    by_alias = load_service({"entities": {"t1": task, "u1": user}, "table": table})
    assert list(by_alias.entities) == ["t1", "u1"]
    assert by_alias.entities["u1"].entity == "users"
    assert by_alias.table.table == "t"


def without_places(spec: Any) -> str:
    return re.sub(r"span=Span\([^)]*\)", "", repr(spec))


def test_all_sources_of_one_schema_give_one_result(folder: Path) -> None:
    specs = {
        without_places(load_service(source).entities["tasks"])
        for source in (folder, folder / "task.yaml", TASK, entity({}), {"entities": [entity({})]})
    }

    assert len(specs) == 1


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"entites": []}, "option.unknown"),
        ({"entities": "x"}, "option.type"),
        ({"entities": [], "tables": {}}, "option.unknown"),
        ({"entities": []}, "source.no_entity"),
        ({}, "option.missing"),
        ({"entities": {"x": entity({}, alias="y")}}, "service.alias_conflict"),
        ({"entities": {"two words": entity({})}}, "name.invalid"),
        ({"entities": [entity({})], "table": "t"}, "option.type"),
        ({1: 2}, "yaml.key"),
        (5, "source.invalid"),
        (None, "source.invalid"),
        ([], "source.invalid"),
        ("", "source.missing"),
        ("\n", "yaml.empty"),
        ("table: t\n", "source.no_entity"),
        ("nowhere/at/all", "source.missing"),
        ("nul\0byte", "source.missing"),
        ("x" * 5000, "source.unreadable"),
    ],
)
def test_what_is_no_schema_is_refused(source: Any, code: str) -> None:
    result = check_service(source)

    assert result.service is None
    assert code in [fault.code for fault in result.faults]


def test_faults_in_dicts_name_their_place() -> None:
    source = {"entities": {"task": entity({"b": {"type": "set", "items": ["x", 5]}})}}

    (fault,) = check_service(source).faults

    assert str(fault) == (
        "<dict>:entities.task.attributes.b.items[1]: option.type: "
        "attributes.b.items[1] must be text, not a whole number"
    )


def test_files_are_named_as_they_were_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "task.yaml").write_text("entity: tasks\n")
    monkeypatch.chdir(folder.parent)

    for given in ("app", Path("app"), "app/", str(folder)):
        span = check_service(given).faults[0].span
        assert span.file == f"{str(given).rstrip('/')}/task.yaml"
    monkeypatch.chdir(folder)
    assert check_service(".").faults[0].span.file == "task.yaml"


def test_a_missing_path_suggests_what_is_there(folder: Path) -> None:
    (fault,) = check_service(folder.parent / "ap").faults

    assert fault.code == "source.missing"
    assert 'did you mean "app"?' in fault.message


def test_a_folder_without_schemas_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")

    assert codes(tmp_path) == ["source.empty"]


def test_bytes_that_are_not_utf8_are_refused_with_their_offset(folder: Path) -> None:
    (folder / "task.yaml").write_bytes(b"entity: t\n# caf\xc3\xa9 \xe9\n")

    (fault,) = check_service(folder).faults

    assert str(fault).endswith(
        "task.yaml:2:8: yaml.encoding: the file is not UTF-8: byte 18 (0xe9) cannot be there; "
        "save it as UTF-8"
    )


@pytest.mark.parametrize("content", [os.urandom(4096) + b"\xff", "entity: x".encode("utf-16")])
def test_binary_files_are_refused(folder: Path, content: bytes) -> None:
    (folder / "task.yaml").write_bytes(content)

    assert codes(folder) == ["yaml.encoding"]


def test_a_large_file_is_refused_without_being_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "task.yaml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    opened: list[str] = []
    original = Path.open

    def watching(self: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(self.name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", watching)

    (fault,) = check_service(folder).faults

    assert fault.code == "source.too_large"
    assert "50000000 bytes" in fault.message
    assert opened == ["table.yaml", "user.yml"]


def test_large_text_is_refused() -> None:
    assert codes("# x\n" * 300_000) == ["source.too_large"]


def test_a_broken_link_is_not_passed_over(folder: Path) -> None:
    (folder / "lost.yaml").symlink_to(folder / "nowhere")

    (fault,) = check_service(folder).faults

    assert fault.code == "source.unreadable"
    assert fault.span.file.endswith("lost.yaml")


def test_an_unreadable_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(self: Path, *args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refusing)

    faults = check_service(folder / "task.yaml").faults

    assert [fault.code for fault in faults] == ["source.unreadable"]
    assert faults[0].message == "cannot be read: Permission denied"


def test_a_second_source_joins_the_service_of_the_first(folder: Path) -> None:
    third = TASK.replace("tasks", "teams")
    service = load_service(folder, beside=third)
    assert list(service.entities) == ["tasks", "users", "teams"]
    assert service.table.table == "t"


def test_the_faults_of_a_second_source_are_told_at_their_places(folder: Path) -> None:
    other = TASK.replace("service: app", "service: other")
    with pytest.raises(SchemaError) as caught:
        load_service(folder, beside=other)
    found = {fault.code: fault.span.file for fault in caught.value.faults}
    assert found["service.mismatch"] == "<text>"
    assert found["service.alias_duplicate"] == "<text>"
    with pytest.raises(SchemaError, match="no such file"):
        load_service(folder, beside="nowhere/at/all")
