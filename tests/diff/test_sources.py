"""Where the sides of a comparison come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leyden.diff import compare, read_side
from leyden.errors import InvalidOptionError, SchemaError
from tests.diff.conftest import Git

Edit = Callable[[str, str, str], None]


def test_a_folder_and_a_file_are_read_from_the_disk(git: Git) -> None:
    side = read_side("schemas/desk")
    assert side.folder == Path("schemas/desk")
    assert set(side.service.entities) == {"ticket", "member", "label"}
    assert set(read_side("schemas/desk/label.yaml").service.entities) == {"label"}


@pytest.mark.parametrize(
    "where", ["HEAD:schemas/desk", "main:schemas/desk/", "main:./schemas/desk"]
)
def test_a_revision_is_what_was_committed(where: str, git: Git, edit: Edit) -> None:
    edit("label.yaml", "rank: {type: integer, min: 0, max: 99}", "rank: {type: integer, min: 0}")
    before, after = read_side(where), read_side("schemas/desk")
    assert before.folder is None
    assert before.service.table.table == "desk"
    assert [change.code for change in compare(before.service, after.service)] == ["attribute.max"]
    assert before.place("label.yaml") == f"{where.rstrip('/')}/label.yaml"


@pytest.mark.parametrize(
    "where", ["main:schemas/desk/label.yaml", "main:./schemas/desk/label.yaml"]
)
def test_a_file_of_a_revision_is_its_own_place(where: str, git: Git) -> None:
    side = read_side(where)
    assert [side.place(file) for file in side.texts] == [where]


def test_the_top_of_a_revision_is_a_place(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("schemas/desk")
    assert read_side("main:./").place("label.yaml") == "main:./label.yaml"


def test_a_revision_alone_means_the_same_place_there(git: Git, edit: Edit) -> None:
    edit("label.yaml", "entity: label", "entity: mark")
    folder, file = Path("schemas/desk"), Path("schemas/desk/label.yaml")
    assert set(read_side("main", folder).service.entities) == {"ticket", "member", "label"}
    assert set(read_side("main~0", file).service.entities) == {"label"}
    assert read_side("main", folder).label == "main:schemas/desk"


def test_a_revision_alone_means_the_same_place_wherever_one_stands(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("schemas")
    assert set(read_side("main", Path("desk")).service.entities) == {"ticket", "member", "label"}
    assert set(read_side("main:./desk").service.entities) == {"ticket", "member", "label"}


def test_what_is_on_the_disk_is_no_revision(git: Git) -> None:
    Path("main").mkdir()
    for file in Path("schemas/desk").iterdir():
        (Path("main") / file.name).write_bytes(file.read_bytes())
    assert read_side("main").folder == Path("main")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nowhere:schemas", "git knows no such revision"),
        ("main:nowhere", "git knows no such revision"),
        ("main:schemas", r"there are no \.yaml or \.yml files"),
        ("main", "name the folder too"),
        ("-x", "not a revision of git"),
        ("", "not a revision of git"),
    ],
)
def test_what_is_not_there_is_told(where: str, said: str, git: Git) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        read_side(where)


def test_a_place_outside_of_a_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InvalidOptionError, match="not a git repository"):
        read_side("main:schemas")


def test_a_machine_without_git_is_told(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_side("schemas/desk").folder is not None
    with pytest.raises(InvalidOptionError, match="and git, which could read it"):
        read_side("main:schemas/desk")


def test_faults_of_an_old_revision_are_told_with_their_place_there(git: Git, edit: Edit) -> None:
    edit("label.yaml", "version:", "versoin:")
    git("commit", "-q", "-a", "-m", "Break it")
    with pytest.raises(SchemaError) as caught:
        read_side("HEAD:schemas/desk")
    assert caught.value.faults[0].span.file == "HEAD:schemas/desk/label.yaml"
    with pytest.raises(SchemaError) as caught:
        read_side("schemas/desk")
    assert caught.value.faults[0].span.file == "schemas/desk/label.yaml"
