"""Entities of a loaded service are compiled when they are first used, which nobody sees."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

import leyden
from leyden._attrs import evolve
from leyden.errors import DecodeError, InvalidExpressionError, ValidationError
from leyden.mapping.record import Record
from leyden.schema import load_service
from leyden.schema.spec import JMESPath

SCHEMA = """
entity: {name}
version: "1"
service: late
attributes:
  jar_id: {{type: string, required: true}}
  label: {{type: string, validate: {{call: allows}}}}
indexes:
  jar:
    pk: {{field: pk, composite: [jar_id]}}
"""


def loaded(name: str, allows: Any = bool) -> leyden.Entity:
    hooks = {"allows": allows}
    app = leyden.load(SCHEMA.format(name=name), table="t", region="x", hooks=hooks)
    return app.entities[name]


def is_made(entity: leyden.Entity) -> bool:
    return "mapping" in vars(entity._bound)


def test_an_entity_is_compiled_when_it_is_used() -> None:
    jar = loaded("used")
    assert jar.spec.entity == "used"
    assert "used" in repr(jar)
    assert not is_made(jar)
    jar.get(jar_id="j1").params()
    assert is_made(jar)


def test_threads_share_what_the_first_of_them_makes() -> None:
    jar = loaded("shared")
    together = threading.Barrier(8)
    found: list[Any] = []

    def use() -> None:
        together.wait()
        found.append(jar.mapping)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(mapping) for mapping in found}) == 1


def test_a_pickled_record_finds_an_entity_that_was_not_used() -> None:
    first = loaded("pickled")
    content = pickle.dumps(first.record(jar_id="j1"))
    before = first.record
    del first
    jar = loaded("pickled")
    record: Any = pickle.loads(content)
    assert record.jar_id == "j1"
    assert isinstance(record, jar.record)
    assert jar.record is before


def test_a_pickled_record_of_an_entity_that_is_not_loaded_is_refused() -> None:
    content = pickle.dumps(loaded("gone").record(jar_id="j1"))
    with pytest.raises(DecodeError, match=r"leyden.load\(\)"):
        pickle.loads(content.replace(b"gone", b"lost"))


@pytest.mark.parametrize("used", [True, False])
def test_records_are_checked_by_the_latest_service_that_was_loaded(used: bool) -> None:
    first = loaded(f"checked_{used}", lambda label: label == "a")
    if used:
        assert first.record(jar_id="j1", label="a").label == "a"
    second = loaded(f"checked_{used}", lambda label: label == "b")
    kind: type[Record] = first.record
    assert kind is second.record
    assert kind(jar_id="j1", label="b").label == "b"
    with pytest.raises(ValidationError, match="label"):
        kind(jar_id="j1", label="a")


def test_specs_that_were_made_by_hand_are_compiled_at_once() -> None:
    spec = load_service(SCHEMA.format(name="bound"), hooks={"allows": bool})
    entity = spec.entities["bound"]
    label = evolve(entity.attributes["label"], validate=JMESPath("["))
    broken = evolve(entity, attributes={**entity.attributes, "label": label})
    with pytest.raises(InvalidExpressionError):
        leyden.bind(evolve(spec, entities={"bound": broken}), table="t", region="x")
