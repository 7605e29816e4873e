"""Drafts of migration files, and checks that one stands beside a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

import leyden
from leyden.diff import Draft, Side, check_diff, compare, draft_migration, read_side
from leyden.errors import InvalidOptionError
from leyden.operations.companions.moving.moving import Moving
from leyden.schema import check_against, load_migration, load_service
from tests.diff.golden.files import HOOKS, base, cases, diff_of
from tests.operations.moving.support import WHERE, bound, stored

OLD: Final = Side("main:schemas/desk", base()[1], base()[0])


def write(draft: Draft, folder: Path) -> Path:
    """Write a draft, with the old schemas beside it."""
    (folder / draft.folder).mkdir(parents=True)
    for name, text in draft.schemas.items():
        (folder / draft.folder / name).write_text(text)
    file = folder / f"{draft.name}.yaml"
    file.write_text(draft.text)
    return file


def test_an_entity_that_is_gone_may_be_the_one_that_is_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    label = Path("tests/diff/golden/base/label.yaml").read_text(encoding="utf-8")
    old.write_text(label)
    new.write_text(label.replace("entity: label", "entity: mark"))
    before = read_side(old)
    text = draft_migration(compare(before.service, read_side(new).service), before, "m").text
    assert '# Decide whether "mark" is what "label" was' in text
    assert "`from: label`" in text


@pytest.mark.parametrize("name", cases())
def test_what_is_drafted_loads_and_lets_a_change_pass(name: str, tmp_path: Path) -> None:
    diff = diff_of(name)
    file = write(draft_migration(diff, OLD, "desk"), tmp_path / "migrations")
    migration = load_migration(file)
    assert migration.name == "desk"
    assert compare(migration.earlier, diff.old).changes == ()
    check_against(migration, diff.new)
    moved = {change.entity for change in diff if change.migration is not None}
    assert set(migration.entities) == moved - {None}
    (tmp_path / "schemas").mkdir()
    verdict = check_diff(diff, tmp_path / "schemas")
    assert verdict.passes
    assert verdict.file == (None if diff.is_safe else file)


def test_a_draft_asks_what_only_people_know(tmp_path: Path) -> None:
    text = draft_migration(diff_of("attribute_required_added"), OLD, "mood").text
    assert "# Decide what stored items get: `mood: {value: ...}`" in text
    assert "from: mood.from" in text


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


def test_a_migration_from_other_schemas_is_none_for_a_change(tmp_path: Path) -> None:
    write(draft_migration(diff_of("default_added"), OLD, "score"), tmp_path / "migrations")
    later = evolve(diff_of("default_added"), old=diff_of("enum_value_added").new)
    verdict = check_diff(later, tmp_path)
    assert not verdict.passes
    assert verdict.reasons[1].endswith("is from other schemas than these")


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
