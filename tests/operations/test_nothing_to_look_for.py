"""None is refused wherever values narrow what is found: left away, it would find all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import leyden
from leyden.errors import InvalidExpressionError

SOURCE = """
entity: notes
alias: note
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  points: integer
  area: string
  tone: {type: string, set: {call: emptied}}
indexes:
  primary:
    collection: all
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [id]}
  ranked:
    index: gsi1
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [points, id]}
"""

Act = Callable[[Any, Any], Any]

REFUSED: list[tuple[str, Act]] = [
    ("id", lambda note, app: note.query.primary(org="o", id=None)),
    ("org", lambda note, app: note.query.primary(org=None)),
    ("points", lambda note, app: note.query.ranked(org="o", points=None)),
    ("org", lambda note, app: note.match(org=None)),
    ("points", lambda note, app: note.match(org="o", points=None)),
    ("id", lambda note, app: note.find(org="o", id=None)),
    ("org", lambda note, app: note.find(org=None)),
    ("points", lambda note, app: note.find(points=None)),
    ("id", lambda note, app: app.collections.all(org="o", id=None)),
    ("org", lambda note, app: app.collections.all(org=None)),
    ("id", lambda note, app: app.collections.all(org="o").gte(id=None)),
    ("id", lambda note, app: app.collections.all(org="o").between({"id": "a"}, {"id": None})),
    *(
        (
            "id",
            lambda note, app, verb=verb: getattr(note.query.ranked(org="o"), verb)(
                points=1, id=None
            ),
        )
        for verb in ("gt", "gte", "lt", "lte", "begins")
    ),
    (
        "id",
        lambda note, app: note.query.ranked(org="o").between(
            {"points": 1, "id": "a"}, {"points": 2, "id": None}
        ),
    ),
]


@pytest.fixture(scope="module")
def desk() -> leyden.Service:
    return leyden.load(SOURCE, table="desk", hooks={"emptied": lambda value, item: value or None})


@pytest.mark.parametrize(("name", "act"), REFUSED)
def test_none_is_refused_where_it_would_narrow_nothing(
    desk: leyden.Service, name: str, act: Act
) -> None:
    with pytest.raises(InvalidExpressionError) as caught:
        act(desk.entities.note, desk)
    assert caught.value.message == (
        f'"{name}" needs a value: None is nothing to search for; leave the attribute out, or '
        f"filter with .where(note.attr.{name}.does_not_exist())"
    )
    assert caught.value.operation
    assert caught.value.entity == "notes"


def test_a_hook_that_makes_none_of_a_value_does_not_widen_what_is_found(
    desk: leyden.Service,
) -> None:
    note = desk.entities.note
    with pytest.raises(InvalidExpressionError, match='"tone" needs a value: its `set` hook'):
        note.match(org="o", tone="")
    assert "tone" in str(note.match(org="o", tone="soft").params()["ExpressionAttributeNames"])


def test_none_still_means_no_value_where_something_is_written(desk: leyden.Service) -> None:
    note = desk.entities.note
    assert "area" not in note.put(org="o", id="1", points=1, area=None).params()["Item"]
    assert "area" not in note.create(org="o", id="1", points=1, area=None).params()["Item"]
    update = note.patch(org="o", id="1").set(tone="soft").composite(area=None)
    assert "attribute_not_exists" in update.params()["ConditionExpression"]
