"""What `migrating_from` takes, and what it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import leyden
from leyden.errors import InvalidOptionError, SchemaError
from leyden.schema import load_migration, load_service
from tests.operations.migrating.cases import CASES, Case

WHERE: Final[dict[str, Any]] = {
    "table": "moving",
    "region": "eu-central-1",
    "credentials": {"access_key_id": "none", "secret_access_key": "none"},
}
PERSON: Final[dict[str, Any]] = {
    "entity": "people",
    "alias": "person",
    "version": "1",
    "service": "moved",
    "attributes": {"name": "string"},
    "indexes": {"people": {"pk": {"field": "pk", "composite": ["name"]}, "sk": {"field": "sk"}}},
}
BY_NAME: Final = {case.name: case for case in CASES}


def moving_of(app: leyden.Service, alias: str = "task") -> Any:
    return app.entities[alias]._bound.moving


def written(case: Case, folder: Path) -> Path:
    """The old schemas as a folder, and a migration beside them."""
    old = folder / "moved.from"
    old.mkdir()
    (old / "task.yaml").write_text(yaml.safe_dump(case.old, sort_keys=False), encoding="utf-8")
    file = folder / "moved.yaml"
    said = {"migration": "moved", "from": "moved.from", "entities": {"task": case.change}}
    file.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    return file


def test_a_migration_is_taken_as_a_file_as_text_as_a_mapping_and_read(tmp_path: Path) -> None:
    case = BY_NAME["version"]
    file = written(case, tmp_path)
    text = yaml.safe_dump(case.migration, sort_keys=False)
    for origin in (file, str(file), text, case.migration, load_migration(file)):
        app = leyden.load(case.new, migrating_from=origin, **WHERE)
        assert moving_of(app).moves
        assert moving_of(app).earlier.spec.version == "1"
        assert moving_of(app).earlier.table == "moving"


def test_old_schemas_alone_say_what_moves(tmp_path: Path) -> None:
    case = BY_NAME["label"]
    written(case, tmp_path)
    for origin in (tmp_path / "moved.from", case.old, load_service(case.old)):
        app = leyden.load(case.new, migrating_from=origin, **WHERE)
        assert moving_of(app).moves


def test_entities_that_stay_what_they_are_are_under_no_migration() -> None:
    case = BY_NAME["label"]
    old, new = ({"entities": [one, PERSON]} for one in (case.old, case.new))
    app = leyden.load(new, migrating_from=old, **WHERE)
    assert moving_of(app) is not None
    assert moving_of(app, "person") is None
    # Schemas are alike wherever they stand.
    text = "\n\n" + yaml.safe_dump(PERSON)
    assert moving_of(leyden.load(PERSON, migrating_from=text, **WHERE), "person") is None


def test_every_way_to_a_service_takes_it() -> None:
    case = BY_NAME["version"]
    spec = load_service(case.new)
    found = asyncio.run(leyden.load_async(case.new, migrating_from=case.migration, **WHERE))
    apps = [found, leyden.bind(spec, migrating_from=case.migration, **WHERE)]
    apps.append(leyden.bind_async(spec, migrating_from=case.migration, **WHERE))
    assert all(moving_of(app).moves for app in apps)


def test_what_a_migration_names_must_be_there() -> None:
    case = BY_NAME["version"]
    change = {"attributes": {"asignee": {"from": "employee"}}}
    said = {"migration": "moved", "from": case.old, "entities": {"task": change}}
    with pytest.raises(SchemaError, match='"task" has no attribute "asignee"; did you mean'):
        leyden.load(case.new, migrating_from=said, **WHERE)
    with pytest.raises(SchemaError, match="there is no such file or folder"):
        leyden.load(case.new, migrating_from="nowhere", **WHERE)


def test_what_is_still_to_be_decided_is_nothing_to_migrate_from() -> None:
    case = BY_NAME["version"]
    said = {**case.migration, "decide": ["whether it is the same"]}
    with pytest.raises(SchemaError, match="still to decide: whether it is the same"):
        leyden.load(case.new, migrating_from=said, **WHERE)


def test_a_copy_is_nothing_to_migrate_from() -> None:
    case = BY_NAME["version"]
    said = {**case.migration, "copy": {"table": "other"}}
    with pytest.raises(InvalidOptionError, match='copies to the table "other"'):
        leyden.load(case.new, migrating_from=said, **WHERE)


def test_items_must_be_found_by_their_keys_while_they_move() -> None:
    case = BY_NAME["longer key"]
    with pytest.raises(InvalidOptionError, match="could not find an item by its key") as raised:
        leyden.load(case.old, migrating_from=case.new, **WHERE)
    assert raised.value.operation == "load"
    with pytest.raises(InvalidOptionError, match="could not find an item") as raised:
        leyden.bind(load_service(case.old), migrating_from=case.new, **WHERE)
    assert raised.value.operation == "bind"


def test_another_tables_keys_are_no_migration_in_place() -> None:
    case = BY_NAME["label"]
    old = {**case.old, "indexes": {**case.old["indexes"]}}
    old["indexes"]["tasks"] = {
        "pk": {"field": "part", "composite": ["team"]},
        "sk": {"field": "sort", "composite": ["id"]},
    }
    with pytest.raises(InvalidOptionError, match="another table"):
        leyden.load(case.new, migrating_from=old, **WHERE)
