"""Keys that are given by name, in a mapping, as a record; what else stands there is refused."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import ArgumentError, InputError, MissingCompositeError, UnknownAttributeError

SERVICE = """
entity: tasks
alias: task
version: "1"
service: work
version_attribute: revision
attributes:
  org: {type: string, required: true}
  number: {type: integer, required: true, padding: {length: 5, char: "0"}}
  title: string
  revision: integer
indexes:
  all: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [number]}}
---
entity: secrets
alias: secret
version: "1"
service: work
attributes:
  org: {type: string, required: true}
  token: {type: string, required: true, hidden: true}
indexes:
  all: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [token]}}
"""
KEY = {"org": "o", "number": 7}
VERBS = ("get", "update", "patch", "delete", "remove", "check")


@pytest.fixture(scope="module")
def app() -> leyden.Service:
    return leyden.load(SERVICE, table="work")


@pytest.fixture
def task(app: leyden.Service) -> leyden.Entity:
    return app.entities.task


def request_of(chain: Any) -> Any:
    """What a chain would send; an update needs something to do."""
    return (chain.set(title="x") if hasattr(chain, "set") else chain).params()


@pytest.mark.parametrize("verb", VERBS)
def test_one_key_is_one_request_however_it_is_given(task: leyden.Entity, verb: str) -> None:
    start = getattr(task, verb)
    by_name = request_of(start(**KEY))
    assert request_of(start(KEY)) == by_name
    assert request_of(start({"org": "o"}, number=7)) == by_name
    assert request_of(start(task.record(**KEY))) == by_name
    assert request_of(start(task.record(org="o"), number=7)) == by_name
    whole = task.record(**KEY, title="t")
    assert request_of(start(whole)) == by_name


def test_lists_take_records_as_well(task: leyden.Entity) -> None:
    records = [task.record(org="o", number=n) for n in (1, 2)]
    keys = [{"org": "o", "number": n} for n in (1, 2)]
    for start in (task.get, task.delete):
        assert start(records).params() == start(keys).params()
        assert start(tuple(records)).params() == start(keys).params()
        assert start(one for one in keys).params() == start(keys).params()


def test_a_record_brings_the_version_that_was_seen(task: leyden.Entity) -> None:
    seen = task.record(**KEY, revision=3)
    for verb in VERBS[1:]:
        start = getattr(task, verb)
        assert request_of(start(seen)) == request_of(start(**KEY).expecting(3))
        # Whoever says another version means that one, and a mapping says none.
        assert request_of(start(seen).expecting(4)) == request_of(start(**KEY).expecting(4))
        assert request_of(start({**KEY})) == request_of(start(**KEY))
    assert task.get(seen).params() == task.get(**KEY).params()
    with pytest.raises(InputError, match="has a condition, which a batch cannot carry"):
        task.delete([seen]).params()
    (together,) = task.delete([seen]).params(guard=True)
    assert "ConditionExpression" in together["TransactItems"][0]["Delete"]


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_key_is_refused(app: leyden.Service, task: leyden.Entity, verb: str) -> None:
    start = getattr(task, verb)
    for given, name in (
        (app.entities.secret.record(org="o"), "Secret"),
        ("o", "str"),
        (7, "int"),
        (task.attr.org, "StringAttribute"),
    ):
        with pytest.raises(ArgumentError) as caught:
            request_of(start(given))
        assert caught.value.message == (
            f"{verb}() takes a key by name (org=..., number=...), as a mapping or a record of "
            f'"tasks", not as {name}'
        )
        assert caught.value.operation == f"task.{verb}"
        assert isinstance(caught.value, TypeError)
    with pytest.raises(ArgumentError) as caught:
        start("o", 7)
    assert caught.value.message == (
        f"{verb}() takes keyword arguments only, as in task.{verb}(org=..., number=...), but "
        "got 2 positional arguments"
    )
    with pytest.raises(UnknownAttributeError, match='"title" is not part of the key'):
        request_of(start({**KEY, "title": "x"}))
    with pytest.raises(MissingCompositeError, match='needs "number" as well'):
        request_of(start(task.record(org="o", title="x")))


def test_a_list_says_which_entry_is_no_key(task: leyden.Entity) -> None:
    for verb in ("get", "delete"):
        with pytest.raises(ArgumentError) as caught:
            getattr(task, verb)([KEY, 5])
        assert caught.value.message == (
            f'entry 1 of {verb}() takes a key as a mapping or a record of "tasks", not as int'
        )
    with pytest.raises(ArgumentError, match=r"entry 0 of put\(\) takes attributes as a mapping"):
        task.put(["x"])
    with pytest.raises(ArgumentError, match="takes either a list or attributes by name, not both"):
        task.get([KEY], org="o")  # type: ignore[call-overload]


def test_a_hidden_part_of_the_key_is_given_beside_the_record(app: leyden.Service) -> None:
    secret = app.entities.secret
    record = secret.record(org="o")
    with pytest.raises(MissingCompositeError, match='"token"'):
        secret.get(record).params()
    assert secret.get(record, token="t").params() == secret.get(org="o", token="t").params()
