"""Names and forms that DynamoDB, SQL or other libraries have: the errors show those of here."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ArgumentError,
    InputError,
    UnknownAttributeError,
    UnknownNameError,
    ValidationError,
)

SOURCE = """
entity: tickets
alias: ticket
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  title: string
  points: integer
  made_at: timestamp
  detail: {type: map, properties: {length: integer, note: string}}
  tags: {type: set, items: string}
  rest: any
indexes:
  main:
    collection: all
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [id]}
"""


@pytest.fixture(scope="module")
def desk() -> leyden.Service:
    return leyden.load(SOURCE, table="desk")


def read(app: Any) -> Any:
    return app.entities.ticket.query.main(org="o")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("begins_with", ".begins()"),
        ("beginswith", ".begins()"),
        ("like", ".begins() or .contains()"),
        ("not_exists", ".does_not_exist()"),
        ("attribute_exists", ".exists()"),
        ("in_", ".is_in()"),
        ("gte", ">="),
    ],
)
def test_conditions_that_others_have(desk: leyden.Service, name: str, meant: str) -> None:
    attr = desk.entities.ticket.attr
    for one in (attr.title, attr.points, attr.detail):
        with pytest.raises(UnknownAttributeError) as caught:
            getattr(one, name)("A")
        assert type(caught.value) is UnknownAttributeError
        assert str(caught.value).endswith(f"; did you mean {meant}?")
        assert not hasattr(one, name)
    assert attr.detail.length.place == "detail.length"
    with pytest.raises(UnknownAttributeError, match=r"no properties; compare it, or use \.begins"):
        attr.title.first  # noqa: B018


@pytest.mark.parametrize(
    ("act", "kind", "said"),
    [
        (lambda app: app.entities.ticket.title, UnknownNameError, "write ticket.attr.title"),
        (lambda app: app.ticket, UnknownNameError, "write app.entities.ticket"),
        (lambda app: app.all, UnknownNameError, "write app.collections.all"),
        (lambda app: read(app).filter(title="x"), UnknownNameError, r"write \.where\("),
        (lambda app: app.entities.ticket.scan.limit(3), UnknownNameError, r"write \.go\(limit=10"),
        (lambda app: app.collections.all(org="o").limit(3), UnknownNameError, r"write \.go\("),
        (lambda app: read(app)[0], ArgumentError, r"\.first\(\) returns"),
        (
            lambda app: read(app).between("a", "b"),
            ArgumentError,
            r'not as str; write \.between\(\{"id": \.\.\.\}, \{"id": \.\.\.\}\)',
        ),
        (
            lambda app: app.collections.all(org="o").between({"id": "a"}, 3),
            ArgumentError,
            "as mappings, not as int",
        ),
        (
            lambda app: app.entities.ticket.create("o", "1"),
            ArgumentError,
            "got 2 positional arguments",
        ),
        (
            lambda app: app.entities.ticket.upsert("o", "1", "x"),
            ArgumentError,
            "got 3 positional arguments",
        ),
        (
            lambda app: app.entities.ticket.attr.title.is_in(["x", "y"]),
            ValidationError,
            r"write \.is_in\(a, b\), or \.is_in\(\*values\)",
        ),
        (lambda app: app.entities.ticket.attr.points.is_in({1, 2}), ValidationError, "is_in"),
        (
            lambda app: app.entities.ticket.attr.made_at > "2026-01-03",
            ValidationError,
            "without a time zone; add one, as in 2026-01-31T09:00:00Z",
        ),
    ],
)
def test_the_error_shows_the_form_of_here(
    desk: leyden.Service, act: Callable[[Any], Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        act(desk)


def test_sets_are_still_compared_with_sets(desk: leyden.Service) -> None:
    attr = desk.entities.ticket.attr
    for one in (attr.tags.is_in({"a", "b"}), attr.rest.is_in(["a"])):
        assert one.operator == "IN"


def test_other_names_are_missing_as_ever(desk: leyden.Service) -> None:
    for thing in (desk, desk.entities.ticket, read(desk)):
        for name in ("nothing", "__nothing__", "_repr_html_"):
            assert not hasattr(thing, name)
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            thing.nothing  # noqa: B018
    assert copy.copy(read(desk)).params() == read(desk).params()


@pytest.mark.parametrize(
    ("verb", "does"),
    [("put", "would erase"), ("create", "cannot write"), ("upsert", "cannot write")],
)
def test_a_record_of_a_part_is_refused_for_what_the_verb_would_do(
    desk: leyden.Service, verb: str, does: str
) -> None:
    ticket = desk.entities.ticket
    item = ticket.put(org="o", id="1", title="x").params()["Item"]
    part = ticket.parse({name: item[name] for name in ("pk", "sk")})
    with pytest.raises(InputError, match=rf"\.{verb}\(\) {does} the rest"):
        getattr(ticket, verb)(part)


def test_the_errors_can_be_carried(desk: leyden.Service) -> None:
    with pytest.raises(UnknownAttributeError) as caught:
        desk.entities.ticket.attr.title.begins_with  # noqa: B018
    assert type(pickle.loads(pickle.dumps(caught.value))) is UnknownAttributeError
