"""What a refused write says: that the item exists, that it does not, or what else did not hold."""

from __future__ import annotations

import re
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    ItemExistsError,
    ItemNotFoundError,
    KeyCollisionError,
    LeydenError,
    TransactionCanceledError,
    VersionConflictError,
)
from tests.conformance.conftest import Open

# Three kinds of entities whose writes travel by three ways: alone, with guards, with parts.
PARTS = """
entity: {name}
version: "1"
service: parts
attributes:
  id: {{type: string, required: true}}
  label: string
  amount: integer
  {more}
indexes:
  all:
    pk: {{field: pk, composite: [id]}}
    sk: {{field: sk, composite: []}}
{options}
"""
KINDS = {
    "plain": PARTS.format(name="plain", more="note: string", options=""),
    "versioned": PARTS.format(
        name="versioned", more="revision: integer", options="version_attribute: revision"
    ),
    "unique": PARTS.format(name="unique", more="email: string", options="unique: [[email]]"),
    "large": PARTS.format(name="large", more="text: {type: string, overflow: chunk}", options=""),
    "exact": PARTS.format(name="exact", more="note: string", options="keys: strict"),
}
SENT = {"plain": "note", "versioned": "note", "unique": "email", "large": "text", "exact": "note"}

EXISTS = (
    "the item already exists; nothing was changed. .put() replaces it, .patch() changes it, "
    ".upsert() writes it either way"
)
NOT_FOUND = (
    "the item does not exist; nothing was changed. .create() makes it, .upsert() writes it either "
    "way"
)
NOTHING_DELETED = "the item does not exist; nothing was deleted. .delete() does not raise for that"
WHERE_OF_STORED = "the item exists, but a condition of .where() did not hold; nothing was changed"
WHERE_OF_NONE = (
    "the item does not exist, and a condition of .where() did not hold; nothing was changed"
)
COMPOSITE = 'the stored item has another "label" than .composite() says; nothing was changed'


@pytest.fixture(params=KINDS)
def app(request: pytest.FixtureRequest, open_service: Open) -> leyden.Service:
    return open_service(KINDS[request.param])


@pytest.fixture
def part(app: leyden.Service) -> leyden.Entity:
    (entity,) = app.entities.values()
    return entity


def refused(chain: Any) -> ConditionFailedError:
    with pytest.raises(ConditionFailedError) as caught:
        chain.go()
    assert f"<{caught.value.operation}>" == repr(chain)
    assert caught.value.entity in KINDS
    assert not caught.value.unsure
    return caught.value


def said(chain: Any, kind: type[LeydenError]) -> str:
    error = refused(chain)
    assert type(error) is kind
    return error.message


def test_create_says_that_the_item_exists(part: leyden.Entity) -> None:
    part.create(id="a", label="first").go()
    assert said(part.create(id="a", label="second"), ItemExistsError) == EXISTS
    unmet = part.create(id="a", label="second").where(part.attr.amount > 3)
    assert said(unmet, ItemExistsError) == EXISTS
    assert refused(unmet).item is not None
    if part.name == "unique":
        assert said(part.create(id="a", email="x"), ItemExistsError) == EXISTS
    assert part.get(id="a").go().label == "first"


def test_patch_and_remove_say_that_the_item_does_not_exist(part: leyden.Entity) -> None:
    chains = [part.patch(id="a").set(label="x"), part.patch(id="a").set(label="x", amount=1)]
    if part.name in ("unique", "large"):
        chains.append(part.patch(id="a").set({SENT[part.name]: "x"}))
    for chain in chains:
        assert said(chain, ItemNotFoundError) == NOT_FOUND
        assert said(chain.where(part.attr.amount > 3), ItemNotFoundError) == NOT_FOUND
        assert refused(chain).item is None
    assert said(part.remove(id="a"), ItemNotFoundError) == NOTHING_DELETED
    unmet = part.remove(id="a").where(part.attr.amount > 3)
    assert said(unmet, ItemNotFoundError) == NOTHING_DELETED
    told = part.patch(id="a").set(label="x").composite(amount=2)
    assert said(told, ItemNotFoundError) == NOT_FOUND


def test_what_the_caller_asks_is_told_from_what_the_verb_needs(part: leyden.Entity) -> None:
    part.create(id="a", label="first", amount=1).go()
    many = part.attr.amount > 3
    for chain in (
        part.patch(id="a").set(label="x"),
        part.update(id="a").set(label="x"),
        part.remove(id="a"),
        part.delete(id="a"),
        part.put(id="a", label="x"),
    ):
        assert said(chain.where(many), ConditionFailedError) == WHERE_OF_STORED
    for absent in (part.update(id="b").set(label="x"), part.delete(id="b")):
        message = said(absent.where(many), ConditionFailedError)
        assert message in (
            WHERE_OF_NONE,
            "a condition of .where() did not hold; nothing was changed",
        )
    assert said(part.create(id="b").where(many), ConditionFailedError) == WHERE_OF_NONE
    for chain in (part.patch(id="a").set(amount=5), part.update(id="a").set(amount=5)):
        told = chain.composite(label="second")
        assert said(told, ConditionFailedError) == COMPOSITE
        both = chain.composite(label="second").where(many)
        assert said(both, ConditionFailedError) == COMPOSITE
        held = chain.composite(label="first").where(many)
        assert said(held, ConditionFailedError) == WHERE_OF_STORED
    assert part.get(id="a").go().amount == 1


def test_a_version_that_was_seen_stays_a_conflict_of_versions(open_service: Open) -> None:
    part = open_service(KINDS["versioned"]).entities.versioned
    part.create(id="a").go()
    assert type(refused(part.create(id="a"))) is ItemExistsError
    assert type(refused(part.patch(id="a").set(label="x").expecting(7))) is VersionConflictError
    assert type(refused(part.patch(id="b").set(label="x").expecting(7))) is VersionConflictError
    assert type(refused(part.patch(id="b").set(label="x"))) is ItemNotFoundError
    assert type(refused(part.remove(id="b"))) is ItemNotFoundError


def test_another_item_under_the_key_is_neither(part: leyden.Entity) -> None:
    part.create(id="a").go()
    if part.name == "exact":
        part.create(id="A").go()
        return
    for chain in (
        part.create(id="A"),
        part.patch(id="A").set(label="x"),
        part.remove(id="A"),
    ):
        assert type(refused(chain)) is KeyCollisionError


def test_a_transaction_says_of_each_operation_what_it_met(
    app: leyden.Service, part: leyden.Entity
) -> None:
    for name in "abc":
        part.create(id=name, amount=1).go()
    many = part.attr.amount > 3
    with pytest.raises(TransactionCanceledError) as caught:
        app.transact_write(
            [
                part.create(id="a"),
                part.patch(id="x").set(label="x"),
                part.patch(id="y").set(label="x").where(many),
                part.remove(id="z"),
                part.check(id="w"),
                part.patch(id="b").set(label="x").where(many),
                part.delete(id="v").where(many),
                part.check(id="c").where(many),
                part.create(id="u").where(many),
                part.put(id="t"),
            ]
        ).go()
    assert [(r.position, r.reason) for r in caught.value.rejections] == [
        (0, "exists"),
        (1, "not_found"),
        (2, "not_found"),
        (3, "not_found"),
        (4, "not_found"),
        (5, "condition"),
        (6, "condition"),
        (7, "condition"),
        (8, "condition"),
    ]
    name = part.spec.alias
    text = str(caught.value)
    assert f"operation 0, {name}.create: the item already exists; " in text
    assert f"operation 1, {name}.patch: the item does not exist; " in text
    assert f"operation 5, {name}.patch: its condition did not hold; " in text
    assert part.get(id="t").go() is None


def test_a_guarded_batch_says_which_entry_met_what(
    app: leyden.Service, part: leyden.Entity
) -> None:
    part.create(id="a").go()
    chains = [part.put(id="b"), part.create(id="a"), part.remove(id="x")]
    with pytest.raises(TransactionCanceledError) as caught:
        app.batch_write(chains).go(guard=True)
    assert [r.reason for r in caught.value.rejections] == ["exists", "not_found"]
    assert re.search(r"operation 1, .*already exists; operation 2, .*does not exist", str(caught))
