"""Drafts of migration files, and checks that one stands beside a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from attrs import evolve

import leyden
from leyden.diff import Draft, Side, check_diff, compare, draft_migration, read_side
from leyden.errors import InvalidOptionError, SchemaError, UniqueConstraintError
from leyden.operations.companions.moving.moving import Moving
from leyden.schema import check_against, load_migration, load_service
from tests.diff.golden.files import HOOKS, base, cases, diff_of
from tests.operations.moving.support import WHERE, bound, stored

OLD: Final = Side("main:schemas/desk", base()[1], base()[0])


def write(draft: Draft, folder: Path) -> Path:
    """Write a draft, with the old schemas beside it."""
    file = folder / f"{draft.name}.yaml"
    for path, text in draft.files(file).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return file


def decide(file: Path) -> Path:
    """Delete what a migration file asks, as people do when they have answered it."""
    said = yaml.safe_load(file.read_text())
    for place in (said, *said["entities"].values()):
        place.pop("decide", None)
    file.write_text(yaml.safe_dump(said))
    return file


def test_an_entity_that_is_gone_may_be_the_one_that_is_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    label = Path("tests/diff/golden/base/label.yaml").read_text(encoding="utf-8")
    old.write_text(label)
    new.write_text(label.replace("entity: label", "entity: mark"))
    before = read_side(old)
    text = draft_migration(compare(before.service, read_side(new).service), before, "m").text
    (question,) = yaml.safe_load(text)["decide"]
    assert question.startswith('whether "mark" is what "label" was')
    assert "`from: label`" in question


@pytest.mark.parametrize("name", cases())
def test_what_is_drafted_loads_and_lets_a_change_pass(name: str, tmp_path: Path) -> None:
    diff = diff_of(name)
    draft = draft_migration(diff, OLD, "desk")
    file = write(draft, tmp_path / "migrations")
    migration = load_migration(file)
    assert migration.name == "desk"
    assert compare(migration.earlier, diff.old).changes == ()
    moved = {change.entity for change in diff if change.migration is not None}
    assert set(migration.entities) == moved - {None}
    asked = {question.text for question in migration.questions}
    assert asked >= {f"{one.subject}: {one.decide}" for one in diff if one.decide and one.entity}
    assert draft.asks == bool(asked)
    (tmp_path / "schemas").mkdir()
    if asked:
        verdict = check_diff(diff, tmp_path / "schemas")
        assert (verdict.passes, len(verdict.reasons)) == (False, len(asked))
        with pytest.raises(SchemaError):
            check_against(migration, diff.new)
    check_against(load_migration(decide(file)), diff.new)
    verdict = check_diff(diff, tmp_path / "schemas")
    assert verdict.passes
    assert verdict.file == (None if diff.is_safe else file)


def test_a_draft_asks_what_only_people_know(tmp_path: Path) -> None:
    draft = draft_migration(diff_of("attribute_required_added"), OLD, "mood")
    said = yaml.safe_load(draft.text)
    question = "ticket.attributes.mood: what stored items get: `mood: {value: ...}`"
    assert said["entities"]["ticket"]["decide"] == [question]
    assert said["from"] == "mood.from"
    assert draft.asks
    assert "decide:" not in draft_migration(diff_of("default_added"), OLD, "m").text


def test_an_open_question_lets_no_change_pass(tmp_path: Path) -> None:
    diff = diff_of("attribute_required_added")
    file = write(draft_migration(diff, OLD, "mood"), tmp_path / "migrations")
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "- '" in text)
    verdict = check_diff(diff, tmp_path)
    assert (verdict.passes, verdict.file) == (False, None)
    (reason,) = verdict.reasons
    assert reason.startswith(f"{file}:{line}:7: migration.undecided: still to decide: ticket.")
    # Not even where its class is allowed, or another file is decided.
    assert check_diff(diff, tmp_path, ["backfill", "breaks_writers"]).reasons == (reason,)
    other = decide(write(draft_migration(diff, OLD, "again"), tmp_path / "migrations"))
    assert check_diff(diff, tmp_path).reasons == (reason,)
    file.unlink()
    assert check_diff(diff, tmp_path).file == other


def test_what_another_change_left_open_is_nothing_to_this_one(tmp_path: Path) -> None:
    diff = diff_of("attribute_required_added")
    write(draft_migration(diff, OLD, "mood"), tmp_path / "migrations")
    later = evolve(diff_of("attribute_optional_added"), old=diff_of("enum_value_added").new)
    assert check_diff(later, tmp_path, ["breaks_readers"]).passes


def test_a_draft_renames_converts_fills_and_removes() -> None:
    def entities(name: str) -> str:
        return draft_migration(diff_of(name), OLD, "m").text.partition("entities:")[2]

    assert "owner: {from: assignee}" in entities("attribute_replaced_in_keys")
    assert "score: {value: to_string(score), back: to_number(score)}" in entities(
        "type_number_to_string"
    )
    assert "defaults: [mood]" in entities("attribute_with_default_added")
    assert "remove: [notes]" in entities("attribute_removed")
    assert "unique: true" in entities("unique_added")
    assert "copy: {table: desk}" in entities("table_key_fields")


def test_a_safe_change_passes_without_a_migration(tmp_path: Path) -> None:
    assert check_diff(diff_of("attribute_optional_added"), tmp_path).passes


def test_a_change_that_is_not_safe_fails_and_says_what(tmp_path: Path) -> None:
    verdict = check_diff(diff_of("enum_value_added"), tmp_path)
    assert not verdict.passes
    assert "ticket.attributes.status" in verdict.reasons[0]


def test_classes_may_be_allowed(tmp_path: Path) -> None:
    diff = diff_of("enum_value_added")
    assert check_diff(diff, tmp_path, ["breaks_readers"]).passes
    assert not check_diff(diff, tmp_path, ["index"]).passes
    # All classes of a change have to be allowed.
    assert not check_diff(diff_of("unique_added"), tmp_path, ["backfill"]).passes
    with pytest.raises(InvalidOptionError, match='did you mean "breaks_readers"'):
        check_diff(diff, tmp_path, ["breaks_reader"])


@pytest.mark.parametrize("inside", [True, False])
def test_a_migration_may_stand_in_the_folder_or_beside_it(inside: bool, tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    folder = (schemas if inside else tmp_path) / "migrations"
    diff = diff_of("attribute_other_field")
    file = write(draft_migration(diff, OLD, "notes"), folder)
    assert check_diff(diff, schemas).file == file
    assert check_diff(diff, schemas / "ticket.yaml" if inside else schemas).file == file


@pytest.mark.parametrize("top", ["pyproject.toml", ".git"])
def test_a_migration_may_stand_anywhere_up_to_the_top_of_the_project(
    top: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "repository" / "project"
    schemas = project / "schemas" / "desk"
    schemas.mkdir(parents=True)
    monkeypatch.chdir(project)
    diff = diff_of("attribute_other_field")
    above = write(draft_migration(diff, OLD, "notes"), project.parent / "migrations")
    assert not check_diff(diff, schemas).passes
    (project / top).touch()
    assert not check_diff(diff, schemas).passes
    above.parent.rename(project / "migrations")
    assert check_diff(diff, Path("schemas/desk")).file == Path("migrations/notes.yaml")
    monkeypatch.chdir("schemas")
    assert check_diff(diff, Path("desk")).file == Path("../migrations/notes.yaml")
    assert check_diff(diff, schemas).file == project / "migrations" / "notes.yaml"


def test_a_migration_from_other_schemas_is_none_for_a_change(tmp_path: Path) -> None:
    write(draft_migration(diff_of("default_added"), OLD, "score"), tmp_path / "migrations")
    later = evolve(diff_of("default_added"), old=diff_of("enum_value_added").new)
    verdict = check_diff(later, tmp_path)
    assert not verdict.passes
    assert verdict.reasons[1].endswith("starts from other schemas than these")


def test_a_migration_that_leaves_an_entity_out_is_none_for_a_change(tmp_path: Path) -> None:
    draft = draft_migration(diff_of("entity_renamed"), OLD, "notes")
    write(draft, tmp_path / "migrations")
    verdict = check_diff(diff_of("entity_version"), tmp_path)
    assert not verdict.passes
    assert 'leaves out "member", whose items have to be migrated' in verdict.reasons[1]


def test_a_migration_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "a.yaml").write_text("migration: a\nfrom: nowhere\nentities: {}\n")
    verdict = check_diff(diff_of("entity_version"), tmp_path)
    assert not verdict.passes
    assert "cannot be read" in verdict.reasons[1]
    assert "nowhere" in verdict.reasons[1]


SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "ticket": {
        "org": "acme", "number": 7, "title": "A door", "status": "open", "assignee": "Ada",
        "priority": 3, "score": 1.5, "code": "TX", "tags": {"a"}, "history": [{"by": "ada"}],
        "detail": {"room": "r", "floor": 1}, "extra": {"a": "x"}, "secret": "s", "pin": "p",
        "payment": {"method": "cash"}, "notes": "7", "price": 2, "embedding": [1, 0] * 4,
        "expires_at": 1_900_000_000,
    },
    "member": {"org": "acme", "member_id": "M1", "email": "Ada@example.org", "name": "Ada"},
    "label": {"org": "acme", "text": "red", "rank": 3},
}  # fmt: skip


MOVES: Final = (
    *("key.composite", "key.template", "key.field", "key.cast", "key.scope", "key.collection"),
    *("key.type", "attribute.field", "attribute.label", "attribute.padding", "pattern.added"),
    *("entity.version", "entity.renamed", "entity.service", "entity.identifiers", "entity.keys"),
)
"""The codes after which the samples have another form."""


MEMBER: Final = """
entity: member
version: "1"
service: desk
attributes:
  member_id: {type: string, required: true}
  email:     {type: string, required: true}
indexes:
  member: {pk: {field: pk, composite: [member_id]}, sk: {field: sk, composite: []}}
"""


@pytest.mark.parametrize(
    ("version", "more", "drafted"),
    [("2", "", True), ("1", ", field: mail", True), ("1", "", False)],
)
def test_a_draft_brings_texts_into_their_normal_form_where_an_item_tells_that_it_was_done(
    version: str, more: str, drafted: bool, tmp_path: Path
) -> None:
    (tmp_path / "member.yaml").write_text(MEMBER)
    old = read_side(tmp_path / "member.yaml")
    normal = "{type: string, required: true, normalize: [trim, lower]" + more + "}"
    after = MEMBER.replace('version: "1"', f'version: "{version}"').replace(
        "email:     {type: string, required: true}", f"email: {normal}"
    )
    diff = compare(old.service, load_service(after + "unique: [[email]]\n"))
    text = draft_migration(diff, old, "emails").text
    assert ("email: {value: email}" in text) is drafted
    assert ("email: how stored texts get their normal form" in text) is not drafted
    if not drafted:
        return
    file = write(draft_migration(diff, old, "emails"), tmp_path / "migrations")
    with leyden.local() as engine:
        with leyden.bind(diff.old, table="desk", engine=engine) as app:
            app.create_table()
            app["member"].create(member_id="m1", email=" Ada@Example.org").go()
            app["member"].create(member_id="m2", email="Bob@example.org").go()
            app["member"].create(member_id="m3", email="bob@example.org").go()
        with leyden.bind(diff.new, table="desk", engine=engine) as app:
            (failure,) = app.migrate(file).failures
            assert failure.code == "unique.violated"
            assert app["member"].get(member_id="m1").go().email == "ada@example.org"
            with pytest.raises(UniqueConstraintError):
                app["member"].create(member_id="m4", email="ADA@example.org").go()


@pytest.mark.parametrize("name", [name for name in cases() if diff_of(name).migrates])
def test_what_is_drafted_moves_items_where_nothing_is_left_to_decide(
    name: str, tmp_path: Path
) -> None:
    diff = diff_of(name)
    decided = {change.entity for change in diff if change.decide is not None}
    migration = load_migration(write(draft_migration(diff, OLD, "desk"), tmp_path))
    options = {**WHERE, "hooks": HOOKS, "encryption_keys": {"k": b"x" * 32}}
    earlier, later = (leyden.bind(one, **options) for one in (migration.earlier, diff.new))
    for alias, change in migration.entities.items():
        if alias in decided:
            continue
        old, new = bound(earlier, change.source), bound(later, alias)
        moving = Moving(new, old, change)
        item = stored(old, **SAMPLES[change.source])
        codes = {change.code for change in diff if change.entity == alias}
        assert moving.needs(item) or not any(code.startswith(MOVES) for code in codes)
        moved = moving.forward(item)
        assert not moving.is_earlier(moved)
        assert new.decode(moved, None) is not None
        # And its keys are those that new code gives it.
        assert new.owns(moved)
        assert new.owns_key(moved)


def test_what_is_drafted_takes_a_table_from_the_old_schemas_to_the_new(tmp_path: Path) -> None:
    before = base()[0]["label.yaml"]
    after = (
        before.replace("keys: strict\n", "")
        .replace("rank: {type: integer, min: 0, max: 99}", "rank: {type: string, label: order}")
        .replace("org:  {type: string, required: true}", "org: {type: string, required: true}\n"
                 "  hue: {type: string, default: plain}")
    )  # fmt: skip
    (tmp_path / "label.yaml").write_text(before)
    old = read_side(tmp_path / "label.yaml")
    diff = compare(old.service, load_service(after))
    file = write(draft_migration(diff, old, "label"), tmp_path / "migrations")
    with leyden.local() as engine:
        with leyden.bind(diff.old, table="labels", engine=engine) as app:
            app.create_table()
            for number in range(30):
                app["label"].create(org="Acme", text=f"T{number}", rank=number).go()
        with leyden.bind(diff.new, table="labels", engine=engine) as app:
            label = app["label"]
            assert app.migrate(file).failures == ()
            app.migrate(file, commit=True)
            found = list(label.query.ranked(org="Acme"))
            assert {(one.text, one.rank, one.hue) for one in found} == {
                (f"T{number}", str(number), "plain") for number in range(30)
            }
            fresh = label.put(org="Acme", text="T7", rank="7", hue="plain").params()["Item"]
            assert label.get(org="Acme", text="T7").go(data="raw") == fresh
