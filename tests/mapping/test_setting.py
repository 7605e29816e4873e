"""The `set` hooks of an entity: which of them a write asks, and with what."""

from __future__ import annotations

import re
from typing import Any

import pytest

import leyden
from leyden.errors import ValidationError

SIGN = """
entity: sign
version: "1"
service: library
attributes:
  id: {type: string, required: true}
  text: string
  size: integer
  secret: {type: string, set: {call: hashed}}
  seen: {type: string, set: {call: told, always: true}}
  head: {type: string, watch: [text, size], set: {call: told}}
  label: {type: string, hidden: true, get: {call: upper}}
  shown: {type: string, watch: [text, label], get: {call: shown}}
indexes:
  signs:
    pk: {field: pk, composite: [id]}
"""


def told(value: Any, values: Any) -> str:
    return f"{value} of {', '.join(sorted(values))}"


HOOKS = {
    "hashed": lambda value, values: f"h({value})",
    "told": told,
    "upper": lambda value, values: value.upper(),
    "shown": lambda value, values: f"{value}/{values.get('text')}/{values.get('label')}",
}


@pytest.fixture(scope="module")
def sign() -> Any:
    return leyden.load(SIGN, table="library", hooks=HOOKS)["sign"]


def written(chain: Any) -> dict[str, Any]:
    """What a write stores, by field."""
    params = chain.params()
    if "Item" in params:
        return {field: next(iter(value.values())) for field, value in params["Item"].items()}
    names, values = params["ExpressionAttributeNames"], params["ExpressionAttributeValues"]
    sets = params["UpdateExpression"].partition("SET ")[2].partition(" REMOVE")[0]
    found = {}
    for name, value in re.findall(r"(#\d+) = [^:]*(:\d+)", sets):
        found[names[name]] = next(iter(values[value].values()))
    return found


def test_a_new_item_asks_those_that_watch_and_those_that_say_always(sign: Any) -> None:
    item = written(sign.put(id="1"))
    assert item["seen"] == "None of id"
    assert item["head"] == "None of id, seen"
    assert "secret" not in item


def test_what_watches_sees_what_the_others_made(sign: Any) -> None:
    item = written(sign.put(id="1", text="a", secret="s", head="h"))
    assert item["secret"] == "h(s)"
    assert item["head"] == "h of head, id, secret, seen, text"


def test_an_update_asks_where_the_attribute_or_a_watched_one_is_written(sign: Any) -> None:
    assert written(sign.update(id="1").set(text="a"))["head"] == "None of text"
    assert written(sign.patch(id="1").set(head="h"))["head"] == "h of head"
    assert "head" not in written(sign.update(id="1").set(secret="s"))
    assert "head" not in written(sign.update(id="1").remove("text"))
    assert "seen" not in written(sign.update(id="1").set(text="a"))
    added = sign.update(id="1").add(size=1).params()["ExpressionAttributeValues"].values()
    assert {"S": "None of size"} in added


def test_every_step_stores_what_the_hook_made(sign: Any) -> None:
    assert written(sign.update(id="1").if_not_exists(secret="s"))["secret"] == "h(s)"
    assert written(sign.upsert(id="1").if_not_exists(secret="s"))["secret"] == "h(s)"


def test_what_watches_with_get_is_made_of_the_item_on_reading(sign: Any) -> None:
    item = {"id": {"S": "1"}, "text": {"S": "a"}, "label": {"S": "l"}}
    marks = {"__edb_e__": {"S": "sign"}, "__edb_v__": {"S": "1"}}
    assert sign.parse({**item, **marks}).shown == "None/a/l"
    assert sign.parse({"id": {"S": "1"}, **marks}).shown is None


def test_a_hook_that_gives_another_type_is_refused() -> None:
    hooks = {**HOOKS, "told": lambda value, values: 3}
    wrong = leyden.load(SIGN, table="library", hooks=hooks)["sign"]
    with pytest.raises(ValidationError, match='"seen"'):
        wrong.put(id="1").params()


def test_a_model_of_pynamodb_does_not_ask_twice(sign: Any) -> None:
    made = sign.model(id="1", text="a")
    first = made.serialize()
    assert first["head"] == {"S": "None of id, seen, text"}
    assert made.serialize()["head"] == first["head"]
    made.text = "b"
    assert made.serialize()["head"] == {"S": f"{first['head']['S']} of head, id, seen, text"}
    with pytest.raises(ValidationError, match="watched"):
        made._leyden_actions([sign.model.text.set("c")])


WORDS = """
entity: page
version: "1"
service: library
attributes:
  id: {type: string, required: true}
  words: {type: list, items: {type: string, set: {call: trimmed}, get: {call: trimmed}}}
  tags: {type: list, items: {type: map, properties: {name: {type: string, set: {call: trimmed}}}}}
indexes:
  pages:
    pk: {field: pk, composite: [id]}
"""


def test_an_element_of_which_a_hook_makes_nothing_is_left_out() -> None:
    hooks = {"trimmed": lambda value, values: value.strip() or None}
    page = leyden.load(WORDS, table="library", hooks=hooks)["page"]
    item = page.put(id="1", words=["a ", " "], tags=[{"name": " "}]).params()["Item"]
    assert item["words"] == {"L": [{"S": "a"}]}
    assert item["tags"] == {"L": [{"M": {}}]}
    shown = page.parse({**item, "words": {"L": [{"S": " "}, {"S": "b"}]}})
    assert list(shown.words) == [None, "b"]
