"""Code that was compiled ahead of time: it is what would be compiled, and is found."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import leyden._code
from leyden._code import code_of, digest_of
from leyden.compiled.writing import compiled_source
from leyden.mapping import EntityMapping
from leyden.mapping.building import calls_of
from leyden.schema import load_checked
from leyden.schema.spec import EntitySpec, ServiceSpec
from tests.compiled.support import compiled_here, precompiled
from tests.compiled.test_specs import FEW, FOLDERS, SERVICE
from tests.interop.leyden_side import tell, to_service
from tests.interop.models import key_text_models, models
from tests.interop.test_hooks import hooked_models
from tests.mapping.strategies import entities_with_values


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever other tests compiled ahead is not there."""
    monkeypatch.setattr(leyden._code, "_ready", {})


def mapping_of(entity: EntitySpec) -> EntityMapping:
    return EntityMapping(entity, {call.name: tell for _, call in calls_of(entity)})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_is_compiled_for_shipped_schemas(folder: Path) -> None:
    spec, noted = load_checked(folder)
    assert all(compiled_here(mapping_of(entity)) for entity in spec.entities.values())
    again = precompiled(spec, noted).spec
    assert [compiled_here(mapping_of(entity)) for entity in again.entities.values()] == [
        [] for _ in again.entities
    ]


def test_nothing_is_compiled_for_attributes_of_all_kinds() -> None:
    spec, noted = load_checked(SERVICE, hooks={"settle": tell, "is_open": tell})
    (entity,) = precompiled(spec, noted).spec.entities.values()
    assert compiled_here(mapping_of(entity)) == []


@FEW
@given(models() | key_text_models() | hooked_models())
def test_nothing_is_compiled_for_generated_schemas(model: dict[str, Any]) -> None:
    spec, noted = load_checked(to_service({"thing": model}), hooks={"tell": tell})
    (entity,) = precompiled(spec, noted).spec.entities.values()
    assert compiled_here(mapping_of(entity)) == []


@FEW
@given(entities_with_values())
def test_the_codec_is_the_same(made: tuple[EntitySpec, dict[str, Any]]) -> None:
    entity, given = made
    leyden._code._ready.clear()
    mine = EntityMapping(entity, {})
    values = mine.prepare_create({"id": "1", **given})
    item, rows = mine.encode(values), mine.rows
    service = precompiled(ServiceSpec(entity.service, {entity.alias: entity})).spec
    ready = EntityMapping(service.entities[entity.alias], {})
    assert ready.prepare_create({"id": "1", **given}) == values
    assert ready.encode(values) == item
    assert ready.decode_values(item) == mine.decode_values(item)
    assert ready.decode(item) == mine.decode(item)
    assert ready.record is mine.record
    assert (ready.rows is None) == (rows is None)
    assert inspect.getsourcefile(ready.decode) != inspect.getsourcefile(mine.decode)


def test_functions_are_called_what_they_are_called_without() -> None:
    spec, noted = load_checked(FOLDERS[0])
    entity = next(iter(spec.entities.values()))
    mine = mapping_of(entity)
    names = mine.encode.__qualname__, mine.encode.__module__
    precompiled(spec, noted)
    ready = mapping_of(entity)
    assert ready.encode.__code__.co_filename == "<a generated module>"
    assert (ready.encode.__qualname__, ready.encode.__module__) == names


def test_code_of_other_source_is_never_run() -> None:
    ready = compile("answer = 42", "<ready>", "exec")
    leyden._code.add_ready({digest_of("answer = 41"): ready})
    assert code_of("answer = 41", "<here>") is ready
    assert code_of("answer = 43", "<here>").co_filename == "<here>"


def test_the_same_schemas_have_the_same_source() -> None:
    spec, noted = load_checked(FOLDERS[0])
    first = compiled_source(spec, noted)
    precompiled(spec, noted)
    assert compiled_source(*load_checked(FOLDERS[0])) == first
