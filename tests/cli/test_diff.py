"""`leyden diff`, as people and pull requests run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leyden.schema import load_migration
from tests.cli.conftest import leyden_command
from tests.diff.conftest import Git, edit, git

__all__ = ["edit", "git"]

Edit = Callable[[str, str, str], None]

RENAME = ("ticket.yaml", "  notes:      string", "  remarks:    {type: string, field: remarks}")


def test_people_see_each_change_with_its_place_and_the_way(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "  score:      number", "  score:      {type: number, default: 0}")
    result = leyden_command("diff", "main", "schemas/desk")
    assert result.exit_code == 0
    first, *rest = result.stdout.splitlines()
    assert first == (
        "schemas/desk/ticket.yaml:11:3: attribute.default_added: ticket.attributes.score: backfill"
    )
    assert "  2. Migrate the stored items: ticket.attributes.score" in rest
    assert "       leyden migrate schemas/desk FILE" in rest
    assert result.stderr == "1 change: 1 backfill\n"


def test_what_is_gone_is_shown_where_it_was(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "  notes:      string\n", "")
    result = leyden_command("diff", "main:schemas/desk", "schemas/desk")
    assert result.stdout.startswith("main:schemas/desk/ticket.yaml:26:3: attribute.removed: ")


def test_indexes_without_a_table_file_are_shown_at_their_access_pattern(tmp_path: Path) -> None:
    note = (
        'entity: note\nversion: "1"\nservice: notes\n'
        "attributes: {id: {type: string, required: true}, owner: string}\n"
        "indexes:\n"
        "  notes: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}\n"
    )
    owned = "  owned: {index: gsi1, pk: {field: gsi1pk, composite: [owner]}}\n"
    for folder, text in {"plain": note, "indexed": note + owned}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.yaml").write_text(text)
    plain, indexed = (str(tmp_path / folder) for folder in ("plain", "indexed"))
    added = leyden_command("diff", plain, indexed).stdout
    assert f"{indexed}/note.yaml:7:3: table.index_added: table.indexes.gsi1: index\n" in added
    removed = leyden_command("diff", indexed, plain).stdout
    assert f"{indexed}/note.yaml:7:3: table.index_removed: table.indexes.gsi1: index\n" in removed
    (tmp_path / "indexed" / "table.yaml").write_text("table: notes\nstream: keys_only\n")
    assert f"{plain}/note.yaml:6:3: table.setting" in leyden_command("diff", indexed, plain).stdout


def test_nothing_changed(git: Git) -> None:
    result = leyden_command("diff", "main", "schemas/desk", "--check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no changes\n")


def test_a_safe_change_passes_the_check(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "  notes:      string", "  notes:      string\n  mood:       string")
    result = leyden_command("diff", "main", "schemas/desk", "--check")
    assert result.exit_code == 0
    assert "In this order" not in result.stdout


def test_the_check_fails_until_a_migration_stands_beside(git: Git, edit: Edit) -> None:
    edit(*RENAME)
    result = leyden_command("diff", "main", "schemas/desk", "--check")
    assert result.exit_code == 1
    assert 'no migration file is in "schemas/desk/migrations", "schemas/' in result.stderr
    drafted = leyden_command("diff", "main", "schemas/desk", "--write", "schemas/migrations/a.yaml")
    assert drafted.exit_code == 0
    assert "leyden migrate schemas/desk schemas/migrations/a.yaml\n" in drafted.stdout
    assert "wrote schemas/migrations/a.yaml and schemas/migrations/a.from/" in drafted.stderr
    file = Path("schemas/migrations/a.yaml")
    assert f"answer what {file} asks under `decide`, and delete it there" in drafted.stderr
    assert (Path("schemas/migrations/a.from") / "ticket.yaml").read_text() == git(
        "show", "main:schemas/desk/ticket.yaml"
    )
    undecided = leyden_command("diff", "main", "schemas/desk", "--check")
    assert undecided.exit_code == 1
    text = file.read_text()
    line = text[: text.index("- '")].count("\n") + 1
    assert f"{file}:{line}:7: migration.undecided: still to decide: ticket." in undecided.stderr
    assert "no migration file" not in undecided.stderr
    file.write_text(text[: text.index("    decide:")] + text[text.index("    remove:") :])
    result = leyden_command("diff", "main", "schemas/desk", "--check")
    assert result.exit_code == 0
    assert "the migration schemas/migrations/a.yaml is for this change" in result.stderr
    assert "leyden migrate schemas/desk schemas/migrations/a.yaml\n" in result.stdout


@pytest.mark.parametrize("schema", ["../leyden.schema.json", "https://example.org/leyden.json"])
def test_a_draft_leads_editors_where_the_schemas_do(git: Git, edit: Edit, schema: str) -> None:
    line = "# yaml-language-server: $schema="
    edit("ticket.yaml", "entity: ticket", f"{line}{schema}\nentity: ticket")
    git("commit", "-q", "-a", "-m", "Lead editors")
    edit(*RENAME)
    draft = ("diff", "main", "schemas/desk", "--write")
    for file, there, above in (
        ("schemas/migrations/a.yaml", "../leyden.schema.json", "../../leyden.schema.json"),
        ("b.yaml", "schemas/leyden.schema.json", "../schemas/leyden.schema.json"),
    ):
        assert leyden_command(*draft, file).exit_code == 0
        migration, old = (schema, schema) if "://" in schema else (there, above)
        assert Path(file).read_text().splitlines()[0] == f"{line}{migration}"
        copied = Path(file).with_suffix(".from")
        assert (copied / "ticket.yaml").read_text().splitlines()[0] == f"{line}{old}"
        assert line not in (copied / "member.yaml").read_text()
        assert load_migration(file).questions


def test_a_draft_is_not_written_over_another(git: Git, edit: Edit) -> None:
    edit(*RENAME)
    draft = ("diff", "main", "schemas/desk", "--write", "m.yaml")
    assert leyden_command(*draft).exit_code == 0
    Path("m.yaml").write_text("mine")
    refused = leyden_command(*draft)
    assert refused.exit_code == 2
    assert "m.yaml exists already; overwrite with --force" in refused.stderr
    assert Path("m.yaml").read_text() == "mine"
    assert leyden_command(*draft, "--force").exit_code == 0
    assert Path("m.yaml").read_text() != "mine"


def test_what_an_earlier_draft_left_is_no_old_schema(git: Git, edit: Edit) -> None:
    edit(*RENAME)
    draft = ("diff", "main", "schemas/desk", "--write", "migrations/m.yaml")
    left = Path("migrations/m.from/gone.yaml")
    left.parent.mkdir(parents=True)
    left.write_text(Path("schemas/desk/member.yaml").read_text().replace("member", "gone"))
    refused = leyden_command(*draft)
    assert refused.exit_code == 2
    assert "gone.yaml exists already" in refused.stderr
    assert leyden_command(*draft, "--force").exit_code == 0
    assert not left.exists()
    old = load_migration("migrations/m.yaml").earlier
    assert set(old.entities) == {"ticket", "member", "label"}


def test_a_draft_has_a_name_under_which_it_is_found(git: Git, edit: Edit) -> None:
    edit(*RENAME)
    refused = leyden_command("diff", "main", "schemas/desk", "--write", "migrations/m")
    assert refused.exit_code == 2
    assert "a migration file ends in .yaml: migrations/m.yaml" in refused.stderr


def test_a_class_may_be_allowed(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "[open, closed, spam]", "[open, closed, spam, waiting]")
    check = ("diff", "main", "schemas/desk", "--check")
    assert leyden_command(*check).exit_code == 1
    assert leyden_command(*check, "--allow", "breaks_readers").exit_code == 0
    assert leyden_command("diff", "main", "schemas/desk", "--allow", "index").exit_code == 2
    assert "did you mean" in leyden_command(*check, "--allow", "backfil").stderr


def test_programs_get_json(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "  notes:      string\n", "")
    result = leyden_command("diff", "main", "schemas/desk", "--check", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["old"], found["new"]) == ("main:schemas/desk", "schemas/desk")
    assert (found["safe"], found["passes"], found["migration"]) == (False, False, None)
    (change,) = found["changes"]
    assert change["file"] == "main:schemas/desk/ticket.yaml"
    assert (change["classes"], change["line"], change["side"]) == (["orphans"], 26, "old")
    assert [step["phase"] for step in found["steps"]] == [
        *("deploy_moving", "migrate", "deploy_settled", "commit")
    ]
    subjects = leyden_command("diff", "main", "schemas/desk", "--query", "changes[].subject")
    assert json.loads(subjects.stdout) == ["ticket.attributes.notes"]


def test_the_configured_schemas_stand_in_for_new(
    git: Git, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("ticket.yaml", "  notes:      string\n", "")
    missing = leyden_command("diff", "main")
    assert missing.exit_code == 2
    assert "Missing argument 'NEW'" in missing.stderr
    monkeypatch.setenv("LEYDEN_SCHEMAS", "schemas/desk")
    assert "attribute.removed" in leyden_command("diff", "main").stdout


def test_two_revisions_are_compared_and_not_checked(git: Git, edit: Edit) -> None:
    edit("ticket.yaml", "  notes:      string\n", "")
    git("commit", "-q", "-a", "-m", "Take the notes away")
    both = ("diff", "HEAD~1:schemas/desk", "HEAD:schemas/desk")
    assert "attribute.removed" in leyden_command(*both).stdout
    refused = leyden_command(*both, "--check")
    assert refused.exit_code == 2
    assert "--check needs NEW as a folder" in refused.stderr


def test_schemas_that_a_revision_does_not_have_are_new(git: Git) -> None:
    git("mv", "schemas/desk", "schemas/help")
    result = leyden_command("diff", "main", "schemas/help", "--check")
    assert result.exit_code == 0
    assert "note: there are no schemas at main:schemas/help" in result.stderr
    assert result.stdout.count("entity.added") == 3


def test_a_wrong_side_is_told(git: Git) -> None:
    result = leyden_command("diff", "nowhere", "schemas/desk")
    assert result.exit_code == 1
    assert "git knows no such revision" in result.stderr
