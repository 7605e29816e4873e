"""Which requests let vectors stay JSON until a record is made of their item."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, Final

import pytest

import leyden
from leyden.program import Gather, Request
from leyden.types.vector import StoredVector

SCHEMA: Final = """
entity: {name}s
alias: {name}
version: "1"
service: search
attributes:
  id: {{type: string, required: true}}
  title: string
  near: {near}
indexes:
  {name}s:
    collection: everything
    pk: {{field: pk, composite: [id]}}
    sk: {{field: sk, composite: []}}
"""
BODY: Final = (
    b'{"Items":[{"pk":{"S":"k"},"near":{"L":[{"N":"1"},{"N":"2"}]},"other":{"S":"x"}}],'
    b'"Count":1,"ScannedCount":1}'
)


@pytest.fixture(scope="module")
def app() -> leyden.Service:
    keys = {"access_key_id": "x", "secret_access_key": "x"}
    schema = "---".join(
        SCHEMA.format(name=name, near=near)
        for name, near in (
            ("passage", "{type: vector, dimensions: 2}"),
            ("note", "{type: list, items: number}"),
        )
    )
    return leyden.load(schema, table="t", region="us-east-1", credentials=keys)


READS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "get": lambda app, entity: entity.get(id="a"),
    "batch": lambda app, entity: entity.get([{"id": "a"}]),
    "scan": lambda app, entity: entity.scan,
    "query": lambda app, entity: getattr(entity.query, f"{entity.spec.alias}s")(id="a"),
    "transaction": lambda app, entity: app.transact_get([entity.get(id="a")]),
}


def first(chain: Any, **options: Any) -> Request:
    step = next(chain.program(**options))
    found = step.requests[0] if isinstance(step, Gather) else step
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize("read", READS)
def test_reads_of_entities_with_vectors_leave_them_json(app: Any, read: str) -> None:
    chain = READS[read](app, app.entities.passage)
    given = [{}] if read == "transaction" else [{}, {"attributes": ["near"]}]
    for options in given:
        reader = first(chain, **options).reader
        assert reader is not None
        (item,) = reader(BODY)["Items"]
        assert isinstance(item["near"]["L"], StoredVector)


@pytest.mark.parametrize("read", READS)
def test_raw_items_and_other_entities_are_read_as_ever(app: Any, read: str) -> None:
    if read != "transaction":
        assert first(READS[read](app, app.entities.passage), data="raw").reader is None
    if read not in ("query", "scan"):
        assert first(READS[read](app, app.entities.note)).reader is None


def test_a_collection_with_vectors_leaves_them_json(app: Any) -> None:
    reader = first(app.collections.everything(id="a")).reader
    assert reader is not None
    assert isinstance(reader(BODY)["Items"][0]["near"]["L"], StoredVector)


def test_a_view_is_taken_where_its_content_is(app: leyden.Service) -> None:
    passage = app.entities.passage
    view = memoryview(array("f", [0.5, 2]))
    for write in (
        passage.put(id="p", near=view),
        passage.upsert(id="p", near=view),
        passage.patch(id="p").set(near=view),
    ):
        assert "{'L': [{'N': '0.5'}, {'N': '2'}]}" in str(write.params())
