"""Whatever is given is refused with an error of ours, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

import leyden
from leyden.errors import InputError, LeydenError, ValidationError

SCHEMA = """
entity: e
version: "1"
service: s
attributes:
  id: {type: string, required: true}
  v: any
  j: json
  l: list
  t: {type: list, items: string}
  m: map
  q: {type: map, properties: {inner: map, list: {type: list, items: map}}}
indexes: {main: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}
"""
app = leyden.load(SCHEMA, table="t", endpoint_url="http://127.0.0.1:1", region="us-east-1")
e = app["e"]


def deep(levels: int, kind: type = list) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


def negated(levels: int) -> Any:
    condition = e.attr.v == "x"
    for _ in range(levels):
        condition = ~condition
    return condition


GIVEN: dict[str, Callable[[int], Any]] = {
    "any": lambda n: e.put(id="1", v=deep(n)).params(),
    "any map": lambda n: e.create(id="1", v=deep(n, dict)).params(),
    "json": lambda n: e.put(id="1", j=deep(n)).params(),
    "list": lambda n: e.put(id="1", t=deep(n)).params(),
    "map": lambda n: e.upsert(id="1", m=deep(n, dict)).params(),
    "key": lambda n: e.put(id=deep(n)).params(),
    "get": lambda n: e.get(id=deep(n)).params(),
    "batch": lambda n: e.put([{"id": "1", "v": deep(n)}]).params(),
    "set": lambda n: e.update(id="1").set(v=deep(n)).params(),
    "set path": lambda n: e.update(id="1").set({"m.a": deep(n)}).params(),
    "append": lambda n: e.update(id="1").append(t=deep(n)).params(),
    "condition": lambda n: e.scan.where(e.attr.v == deep(n)).params(),
    "contains": lambda n: e.scan.where(e.attr.v.contains(deep(n))).params(),
    "match": lambda n: e.match(v=deep(n)).params(),
    "negated": lambda n: e.scan.where(negated(n)).params(),
    "path": lambda n: e.update(id="1").remove("m" + ".a" * n).params(),
    "index": lambda n: e.update(id="1").remove("l[" + "9" * n + "]").params(),
    "select filter": lambda n: e.query.main(id="1").go(select="a" + "[?a" * n + "]" * n),
    "select group": lambda n: e.query.main(id="1").go(select="(" * n + "a" + ")" * n),
    "params": lambda n: e.get(id="1").go(params={"Key": {"pk": deep(n, dict)}}),
    "cursor": lambda n: e.query.main(id="1").go(cursor="W" * n),
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("levels", [600, 5_000])
def test_what_is_nested_deeply_is_refused_in_our_words(name: str, levels: int) -> None:
    started = time.thread_time()
    with pytest.raises(LeydenError):
        GIVEN[name](levels)
    assert time.thread_time() - started < 5


EMPTY = {"": 1}


@pytest.mark.parametrize(
    "write",
    [
        lambda: e.put(id="1", v=EMPTY),
        lambda: e.create(id="1", v=[{"a": [EMPTY]}]),
        lambda: e.put(id="1", m=EMPTY),
        lambda: e.put(id="1", m={"a": EMPTY}),
        lambda: e.put(id="1", l=[EMPTY]),
        lambda: e.put(id="1", q={"inner": EMPTY}),
        lambda: e.put(id="1", q={"list": [{"a": EMPTY}]}),
        lambda: e.upsert(id="1", v={"a": EMPTY}),
        lambda: e.put([{"id": "1", "v": EMPTY}]),
        lambda: e.update(id="1").set(v=EMPTY),
        lambda: e.update(id="1").set({"m.a": EMPTY}),
        lambda: e.patch(id="1").append(l=[EMPTY]),
        lambda: e.update(id="1").set({'m[""]': 1}),
        lambda: e.update(id="1").remove('v.a[""]'),
        lambda: e.scan.where(e.attr.v == EMPTY),
        lambda: e.scan.where(e.attr.m["a"] == EMPTY),
        lambda: e.scan.where(e.attr.v.is_in(1, EMPTY)),
        lambda: e.scan.where(e.attr.m[""] == 1),
        lambda: e.match(v=EMPTY),
        lambda: app.transact_write([e.put(id="1", v=EMPTY)]),
    ],
)
def test_a_map_with_an_empty_key_is_refused(write: Callable[[], Any]) -> None:
    with pytest.raises(InputError):
        write().params()


def test_the_words_for_an_empty_key_say_where_it_is() -> None:
    with pytest.raises(ValidationError, match='"v\\.a" has an empty key') as caught:
        e.put(id="1", v={"a": {"": 1}}).params()
    assert caught.value.path == "v.a"


def test_json_may_have_empty_keys() -> None:
    assert e.put(id="1", j={"": 1}).params()["Item"]["j"] == {"S": '{"":1}'}
