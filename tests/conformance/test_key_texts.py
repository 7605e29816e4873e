"""Attributes that are stored in a key's own field, with the key's text around them."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import ConditionFailedError, ValidationError
from tests.conformance.conftest import Open

MEMBERS = """
entity: member
version: "1"
service: club
attributes:
  user_id: {type: string, required: true, field: userId}
  at: {type: timestamp, required: true}
  email: string
  team: string
  points: {type: integer, default: 0}
indexes:
  own:
    pk: {field: userId, template: "USER#${user_id}"}
    sk: {field: at, template: "AT#${at}"}
  by_email:
    index: gsi1
    pk: {field: email, template: "MAIL#${email}"}
    sk: {field: gsi1sk, composite: [team]}
"""
DAY = "2026-02-0{}T09:00:00.000Z"


def keyed(day: int, user: str = "U1") -> dict[str, Any]:
    return {"user_id": user, "at": DAY.format(day)}


def test_every_verb_finds_its_item(open_service: Open) -> None:
    app = open_service(MEMBERS)
    member = app["member"]
    member.create(**keyed(1), email="A@b", team="x").go()
    with pytest.raises(ConditionFailedError):
        member.create(**keyed(1, "u1")).go()
    assert member.get(**keyed(1)).go().email == "a@b"
    member.patch(**keyed(1)).set(points=2).where(member.attr.user_id == "U1").go()
    member.update(**keyed(1)).set(email="N@b", team="y").go()
    assert [one.points for one in member.query.by_email(email="n@B").go()] == [2]
    assert not member.query.by_email(email="a@b").go().items
    member.upsert(**keyed(2), email="n@b", team="z").go()
    found = member.query.by_email(email="n@b").gt(team="y").go()
    assert [(one.user_id, one.email, one.team) for one in found] == [("u1", "n@b", "z")]
    member.delete(**keyed(1)).go()
    assert member.get(**keyed(1)).go() is None


def test_ranges_pages_and_scans_give_values(open_service: Open) -> None:
    member = open_service(MEMBERS)["member"]
    member.put([keyed(day) for day in range(1, 6)]).go()
    later = member.query.own(user_id="U1").gte(at=DAY.format(3)).go(limit=2)
    assert [one.at.day for one in later] == [3, 4]
    rest = member.query.own(user_id="U1").gte(at=DAY.format(3)).go(cursor=later.cursor)
    assert [one.at.day for one in rest] == [5]
    assert [one.at.day for one in member.query.own(user_id="U1").gt(at=DAY.format(3))] == [4, 5]
    assert {one.at.day for one in member.scan.where(member.attr.at > DAY.format(3)).go()} == {4, 5}
    assert len(member.scan.where(member.attr.user_id.startswith("U")).go()) == 5
    assert len(member.match(user_id="u1").go()) == 5
    assert [one.at.day for one in member.get([keyed(2), keyed(3)]).go()] == [2, 3]


def test_a_record_is_written_back_as_it_was(open_service: Open) -> None:
    member = open_service(MEMBERS)["member"]
    member.create(**keyed(1), email="A@b", team="x").go()
    before = member.get(**keyed(1)).go(data="raw")
    member.put(member.get(**keyed(1)).go()).go()
    assert member.get(**keyed(1)).go(data="raw") == before


def test_absent_is_told_from_empty(open_service: Open) -> None:
    member = open_service(MEMBERS)["member"]
    member.create(**keyed(1), team="x").go()
    member.create(**keyed(2), team="x", email="e").go()
    assert member.get(**keyed(1)).go().email is None
    email = member.attr.email
    assert [one.at.day for one in member.scan.where(email.exists()).go()] == [2]
    assert [one.at.day for one in member.scan.where(email.does_not_exist()).go()] == [1]
    assert [one.at.day for one in member.scan.where(email < "f").go()] == [2]
    with pytest.raises(ValidationError):
        member.put(**keyed(3), email="").go()


def test_transactions_take_and_give_values(open_service: Open) -> None:
    app = open_service(MEMBERS)
    member = app["member"]
    app.transact_write([member.create(**keyed(1), team="x"), member.create(**keyed(2))]).go()
    first, second = app.transact_get([member.get(**keyed(1)), member.get(**keyed(2))]).go()
    assert (first.user_id, second.at.day) == ("u1", 2)
