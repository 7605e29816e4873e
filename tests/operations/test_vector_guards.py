"""No write leaves a vector where no search finds it, whatever the verb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    ConditionFailedError,
    InvalidExpressionError,
    LeydenError,
    RequiredAttributeError,
    TransactionCanceledError,
    ValidationError,
)
from leyden.program import Request

SOURCE = """
entity: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  tenant: {type: string, field: tenant_id}
  kind: string
  raw: binary
  size: integer
  embedding: {type: vector, dimensions: 3, field: vector}
  other: {type: vector, dimensions: 3}
indexes:
  by_id:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
  similar:
    vector:
      {index: vec1, attribute: embedding, partition: tenant, filters: [kind, raw, size]}
  alike:
    vector: {index: vec2, attribute: other, metric: euclidean}
---
entity: page
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  owner: {type: string, field: tenant_id}
  meaning: {type: vector, dimensions: 3, field: vector}
  text: string
indexes:
  by_id:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
---
entity: plain
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  text: string
indexes:
  by_id:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""
VECTOR = (1.0, 0.0, -2.0)
ZEROS = (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def app(vector_engine: Any, module_table_name: str) -> Iterator[leyden.Service]:
    with leyden.load(SOURCE, table=module_table_name, engine=vector_engine) as app:
        app.create_table()
        yield app


@pytest.fixture
def note(app: leyden.Service) -> leyden.Entity:
    app.entities.note.delete(id="n").go()
    return app.entities.note


def conditions(write: Any) -> str:
    params = write.params()
    text = str(params.get("ConditionExpression", ""))
    for placeholder, name in params.get("ExpressionAttributeNames", {}).items():
        text = text.replace(placeholder, name)
    return text


WHOLE = pytest.mark.parametrize(
    "write",
    [
        lambda app, **values: app.entities.note.put(**values).params(),
        lambda app, **values: app.entities.note.create(**values).params(),
        lambda app, **values: app.entities.note.put([values]).params(),
        lambda app, **values: app.batch_write([app.entities.note.put(**values)]).params(),
        lambda app, **values: app.transact_write([app.entities.note.create(**values)]).params(),
        lambda app, **values: app.entities.note.model(**values).serialize(),
    ],
    ids=["put", "create", "puts", "batch", "transaction", "model"],
)
Write = Callable[..., Any]


@WHOLE
def test_a_whole_item_with_the_vector_needs_the_partition(
    app: leyden.Service, write: Write
) -> None:
    with pytest.raises(RequiredAttributeError, match=r'"embedding" needs "tenant".*"similar"') as e:
        write(app, id="n", embedding=VECTOR)
    assert e.value.path == "tenant"
    assert write(app, id="n", embedding=VECTOR, tenant="t")
    assert write(app, id="n", tenant="t")
    assert write(app, id="n", other=VECTOR)


@WHOLE
@pytest.mark.parametrize("empty", [{"kind": ""}, {"tenant": ""}, {"raw": b""}])
def test_what_an_index_compares_cannot_be_empty(
    app: leyden.Service, write: Write, empty: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="is empty, and a vector index") as caught:
        write(app, id="n", **empty)
    assert caught.value.path in empty


@WHOLE
def test_a_vector_of_zeros_has_no_place_in_an_index_by_cosine(
    app: leyden.Service, write: Write
) -> None:
    for zeros in (ZEROS, (0, -0.0, 1e-60)):
        with pytest.raises(ValidationError, match="vector of zeros") as caught:
            write(app, id="n", tenant="t", embedding=zeros)
    assert caught.value.path == "embedding"
    assert write(app, id="n", other=ZEROS)


def test_an_index_sees_the_items_of_entities_that_do_not_search_it(app: leyden.Service) -> None:
    page, plain = app.entities.page, app.entities.plain
    with pytest.raises(ValidationError, match='"owner" is empty'):
        page.put(id="p", owner="").params()
    with pytest.raises(ValidationError, match='"meaning" is a vector of zeros'):
        page.put(id="p", meaning=ZEROS).params()
    assert page.put(id="p", meaning=VECTOR, text="").params()
    assert plain.put(id="p", text="").params()
    assert not plain._bound.mapping.guards_vectors


def test_parts_of_an_item_are_held_to_the_same(note: leyden.Entity) -> None:
    for write in (note.patch(id="n"), note.update(id="n")):
        for refused in (
            lambda write=write: write.set(kind=""),
            lambda write=write: write.if_not_exists(raw=b""),
            lambda write=write: write.set(embedding=ZEROS, tenant="t"),
            lambda write=write: write.if_not_exists(embedding=ZEROS),
        ):
            with pytest.raises(ValidationError):
                refused().params()
    with pytest.raises(ValidationError, match='"kind" is empty'):
        note.upsert(id="n", kind="").params()
    with pytest.raises(ValidationError, match="zeros"):
        note.upsert(id="n").if_not_exists(embedding=ZEROS).params()
    with pytest.raises(InvalidExpressionError, match="may be a vector of zeros"):
        note.patch(id="n").set(embedding=note.attr.other)


def test_the_update_of_a_model_leaves_to_others_what_it_cannot_check(app: leyden.Service) -> None:
    note, page = app.entities.note.model, app.entities.page.model
    stored = note(id="n", tenant="t", embedding=VECTOR)
    for action in (note.tenant.remove(), note.tenant.set("u"), note.embedding.set(VECTOR)):
        with pytest.raises(ValidationError, match=r'vector index of "similar".*does not check'):
            stored.get_update_kwargs_from_instance([action])
    with pytest.raises(ValidationError, match="all zeros in a vector index"):
        page(id="p").get_update_kwargs_from_instance([page.meaning.set(VECTOR)])
    for free in (note.other.set(ZEROS), note.other.remove(), note.size.set(3)):
        assert stored.get_update_kwargs_from_instance([free])
    assert page(id="p").get_update_kwargs_from_instance([page.owner.remove()])


@pytest.mark.parametrize("verb", ["patch", "update"])
def test_what_is_not_known_becomes_a_condition(note: leyden.Entity, verb: str) -> None:
    write = getattr(note, verb)(id="n")
    exists, absent = "attribute_exists(tenant_id)", "attribute_not_exists(vector)"
    for asked, expected in (
        (write.set(embedding=VECTOR), exists),
        (write.if_not_exists(embedding=VECTOR), exists),
        (write.remove("tenant"), absent),
    ):
        assert conditions(asked).endswith(f" AND {expected}")
    for settled in (
        write.set(embedding=VECTOR, tenant="t"),
        write.set(embedding=VECTOR).if_not_exists(tenant="t"),
        write.set(embedding=VECTOR).composite(tenant="t"),
        write.remove("tenant", "embedding"),
        write.remove("embedding"),
        write.set(tenant="t"),
        write.set(kind="k", size=4),
        write.set(other=VECTOR),
    ):
        assert exists not in conditions(settled)
        assert absent not in conditions(settled)
    assert conditions(write.remove("tenant").composite(embedding=None)).count(absent) == 1
    for refused in (
        write.set(embedding=VECTOR).remove("tenant"),
        write.set(embedding=VECTOR).composite(tenant=None),
        write.remove("tenant").composite(embedding=VECTOR),
    ):
        with pytest.raises(RequiredAttributeError, match="write both, or neither"):
            refused.params()


def test_an_upsert_asks_for_what_it_does_not_give(note: leyden.Entity) -> None:
    exists = "attribute_exists(tenant_id)"
    assert exists in conditions(note.upsert(id="n", embedding=VECTOR))
    assert exists not in conditions(note.upsert(id="n", embedding=VECTOR, tenant="t"))
    assert exists not in conditions(note.upsert(id="n", embedding=VECTOR).if_not_exists(tenant="t"))
    assert exists not in conditions(note.upsert(id="n", tenant="t"))


def test_a_refusal_says_what_would_have_become_of_the_item(
    app: leyden.Service, note: leyden.Entity
) -> None:
    note.put(id="n", kind="k").go()
    said = (
        'the item would have "embedding" without "tenant", so that the vector index of "similar" '
        "left it out; write both, or neither; nothing was changed"
    )
    for write in (
        note.patch(id="n").set(embedding=VECTOR),
        note.patch(id="n").set(embedding=VECTOR).where(note.attr.kind == "k"),
        note.upsert(id="n", embedding=VECTOR),
        note.update(id="none").set(embedding=VECTOR),
    ):
        with pytest.raises(ConditionFailedError) as caught:
            write.go()
        assert said in str(caught.value)
    note.patch(id="n").set(embedding=VECTOR, tenant="t").go()
    with pytest.raises(ConditionFailedError) as caught:
        note.patch(id="n").remove("tenant").go()
    assert said in str(caught.value)
    with pytest.raises(TransactionCanceledError) as canceled:
        app.transact_write([note.patch(id="n").remove("tenant")]).go()
    assert canceled.value.rejections[0].reason == "condition"
    assert note.get(id="n").go().tenant == "t"


def test_another_condition_that_does_not_hold_is_told_as_ever(note: leyden.Entity) -> None:
    note.put(id="n", tenant="t", kind="k").go()
    with pytest.raises(ConditionFailedError, match=r"a condition of \.where\(\) did not hold"):
        note.patch(id="n").set(embedding=VECTOR).where(note.attr.kind == "other").go()
    with pytest.raises(ConditionFailedError, match=r"another \"kind\" than \.composite\(\) says"):
        note.patch(id="n").set(embedding=VECTOR).composite(kind="other").go()


VALUES: dict[str, Any] = {"tenant": "t", "kind": "k", "size": 1, "embedding": VECTOR}
NAMES = st.sampled_from([*VALUES])
SOME = st.sets(NAMES)


@st.composite
def writes(draw: st.DrawFn) -> Callable[[leyden.Entity], Any]:
    """Any write of an item, of all of it or of a part."""
    verb = draw(st.sampled_from(["put", "create", "upsert", "update", "patch", "delete"]))
    given_, known = draw(SOME), draw(SOME)
    removed, begun = draw(SOME) - given_, draw(SOME)
    values = {name: VALUES[name] for name in given_}
    started = {name: VALUES[name] for name in begun - removed - given_}

    def made(note: leyden.Entity) -> Any:
        if verb == "delete":
            return note.delete(id="n")
        if verb in ("put", "create"):
            return getattr(note, verb)(id="n", **values)
        if verb == "upsert":
            return note.upsert(id="n", **values).if_not_exists(**started)
        write = getattr(note, verb)(id="n").set(**values).if_not_exists(**started)
        said = {name: VALUES[name] if name in begun else None for name in known - begun}
        return write.remove(*removed).composite(**said)

    return made


@given(st.lists(writes(), min_size=1, max_size=6))
@settings(max_examples=60)
def test_no_run_of_writes_leaves_a_vector_without_its_partition(
    app: leyden.Service, run: list[Callable[[leyden.Entity], Any]]
) -> None:
    note = app.entities.note
    note.delete(id="n").go()
    key = note.get(id="n").params()["Key"]
    for write in run:
        try:
            write(note).go()
        except (ConditionFailedError, RequiredAttributeError):
            pass
        except LeydenError as error:
            raise AssertionError(error) from error
        request = Request("GetItem", {"TableName": app.table, "Key": key, "ConsistentRead": True})
        item = app.driver.send(request).get("Item", {})
        assert "tenant_id" in item or "vector" not in item
