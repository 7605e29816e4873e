"""The schemas that a store loads: the memory's, and the user's own beside them."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import InvalidOptionError, SchemaError
from leyden.store.dynamodb.settings import LARGE, TtlRules, memory_schemas

NOTE = """
entity: note
version: "1"
service: mastra
attributes:
  id: {type: string, required: true}
  owner: {type: string, required: true}
  text: string
indexes:
  primary:
    pk: {field: pk, composite: [id]}
    sk: {field: sk}
  by_owner:
    index: gsi1
    pk: {field: gsi1pk, composite: [owner]}
    sk: {field: gsi1sk, composite: [id]}
"""


def schemas(**options: Any) -> Any:
    return memory_schemas(**{"ttl": TtlRules(), **options})


def test_entities_of_your_own_stand_beside_those_of_the_memory() -> None:
    service = schemas(entities=NOTE)
    assert {"thread", "message", "note"} <= set(service.entities)
    assert service.service == "mastra"


def test_an_entity_with_a_name_of_the_memory_is_refused() -> None:
    for name in ("thread", "Thread"):
        with pytest.raises(SchemaError) as caught:
            schemas(entities=NOTE.replace("entity: note", f"entity: {name}\nalias: thread"))
        assert "service.alias_duplicate" in {fault.code for fault in caught.value.faults}


@pytest.mark.parametrize("name", ["Thread", 'thread\nversion: "2"'])
def test_an_entity_whose_name_keys_do_not_tell_from_the_memorys_is_refused(name: str) -> None:
    source = NOTE.replace('version: "1"\n', "") if "version" in name else NOTE
    with pytest.raises(InvalidOptionError, match='hread" is the name of an entity of the store'):
        schemas(entities=source.replace("entity: note", f"entity: {name}\nalias: other"))


def test_an_entity_of_another_service_is_refused() -> None:
    with pytest.raises(SchemaError, match="belongs to the service"):
        schemas(entities=NOTE.replace("service: mastra", "service: notes"))


def test_large_values_are_split_where_that_is_asked_for() -> None:
    plain, chunked = schemas(), schemas(large_values="chunk")
    for alias, entity in plain.entities.items():
        split = {n for n, a in chunked.entities[alias].attributes.items() if a.overflow == "chunk"}
        assert split == set(LARGE.get(alias, ()))
        assert not any(attribute.overflow for attribute in entity.attributes.values())
    with pytest.raises(InvalidOptionError, match='did you mean "chunk"'):
        schemas(large_values="chunks")
