"""A sparse index whose condition is a function of attributes that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import leyden
from leyden.errors import HookError, LeydenError, SchemaError

TASK = """
entity: task
version: "1"
service: app
attributes:
  id: {type: string, required: true}
  owner: string
  title: string
  note: string
indexes:
  own:
    pk: {field: pk, composite: [id]}
  urgent:
    index: gsi1
    when: {call: is_urgent, reads: [title]}
    pk: {field: gsi1pk, composite: [owner]}
"""


def is_urgent(values: Mapping[str, Any]) -> bool:
    assert set(values) <= {"title"}
    return str(values.get("title", "")).startswith("!")


@pytest.fixture(scope="module")
def task() -> Any:
    return leyden.load(TASK, table="t", hooks={"is_urgent": is_urgent})["task"]


def test_a_put_asks_it(task: Any) -> None:
    assert "gsi1pk" in task.put(id="1", owner="o", title="!a", note="n").params()["Item"]
    assert "gsi1pk" not in task.put(id="1", owner="o", title="a").params()["Item"]


def test_an_update_asks_it_again_where_what_it_reads_is_written(task: Any) -> None:
    known = task.patch(id="1").set(title="a").composite(owner="o").params()
    assert "REMOVE" in known["UpdateExpression"]
    plain = task.patch(id="1").set(note="n").params()
    assert "gsi1pk" not in plain["ExpressionAttributeNames"].values()


def test_what_it_reads_must_be_an_attribute_and_the_function_be_handed_in() -> None:
    with pytest.raises(SchemaError, match=r'when reads "titel"'):
        leyden.load(TASK.replace("[title]", "[titel]"), table="t", hooks={"is_urgent": is_urgent})
    with pytest.raises(SchemaError, match=r"hook.missing: indexes.urgent.when calls"):
        leyden.load(TASK, table="t", hooks={})


def test_its_failure_names_it() -> None:
    def fails(values: Mapping[str, Any]) -> bool:
        raise KeyError("secret")

    broken = leyden.load(TASK, table="t", hooks={"is_urgent": fails})["task"]
    with pytest.raises(HookError, match=r'"is_urgent".*`when` of "urgent"') as caught:
        broken.put(id="1", owner="o").params()
    assert isinstance(caught.value, LeydenError)
    assert "secret" not in str(caught.value)


def test_a_search_uses_the_index_where_it_says_yes(task: Any) -> None:
    assert task.match(owner="o", title="!a").params().get("IndexName") == "gsi1"
    assert "IndexName" not in task.match(owner="o", title="a").params()
