"""Examples keep the rules of their schema: unique values differ, and what they name is there."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.chart.examples import Examples, examples_of, unconnected
from leyden.schema import check_service
from tests.chart.schemas import MEMBERS


def made(source: Any, given: Any = 3) -> Examples:
    spec = check_service(source).service
    assert spec is not None
    found = examples_of(unconnected(spec), given, spec.entities)
    assert found.missing == {}
    return found


def values(examples: Examples, alias: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(one.values.get(name) for name in names) for one in examples.of(alias)]


def entity(alias: str, attributes: str, pk: str, sk: str, more: str = "") -> str:
    return (
        f"entity: {alias}\nversion: '1'\nservice: s\nattributes: {{{attributes}}}\nindexes:\n"
        f"  main: {{pk: {{field: pk, composite: [{pk}]}}, sk: {{field: sk, composite: [{sk}]}}}}\n"
        f"{more}"
    )


@pytest.mark.parametrize("count", [2, 3, 9])
def test_unique_values_differ(count: int) -> None:
    examples = made(MEMBERS, count)
    emails = [email for (email,) in values(examples, "member", "email")]
    assert len({*emails}) == len(emails) >= 2
    assert all(email.endswith("@example.com") for email in emails)
    badges = values(examples, "member", "org", "badge")
    assert len({*badges}) == len(badges)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_what_keys_name_is_there(count: int) -> None:
    org = "org_id: string"
    desk = [
        entity("organization", org, "org_id", ""),
        entity("member", f"{org}, member_id: string", "org_id", "member_id"),
        entity("tag", f"{org}, tag: string", "org_id", "tag"),
        entity("ticket", f"{org}, ticket_id: string", "org_id, ticket_id", ""),
        entity(
            "comment",
            f"{org}, ticket_id: string, comment_id: string",
            "org_id, ticket_id",
            "comment_id",
        ),
        entity("tagging", f"{org}, ticket_id: string, tag: string", "org_id, ticket_id", "tag"),
    ]
    examples = made("---\n".join(desk), count)
    organizations = {*values(examples, "organization", "org_id")}
    tickets = {*values(examples, "ticket", "org_id", "ticket_id")}
    tags = {*values(examples, "tag", "org_id", "tag")}
    for alias in ("member", "tag", "ticket", "comment", "tagging"):
        assert {*values(examples, alias, "org_id")} <= organizations
    for alias in ("comment", "tagging"):
        assert {*values(examples, alias, "org_id", "ticket_id")} <= tickets
    assert {*values(examples, "tagging", "org_id", "tag")} <= tags
    # The tenants are still told apart.
    assert count < 3 or len({*values(examples, "comment", "org_id")}) > 1


def test_values_with_a_prefix_are_those_of_their_parents() -> None:
    schema = "---\n".join(
        [
            entity("order", "customer_id: string, order_id: string", "customer_id", "order_id"),
            entity("customer", "customer_id: {type: string, prefix: cus_}", "customer_id", ""),
        ]
    )
    examples = made(schema)
    assert values(examples, "order", "customer_id") == [
        *(("cus_0001",), ("cus_0001",), ("cus_0002",))
    ]


def test_an_id_is_its_own_entitys_and_is_named_with_it() -> None:
    schema = "---\n".join(
        [
            entity("post", "user_id: string, id: string", "user_id", "id"),
            entity("user", "id: {type: string, prefix: u-}", "id", ""),
        ]
    )
    examples = made(schema)
    assert {*values(examples, "post", "user_id")} <= {*values(examples, "user", "id")}
    assert values(examples, "post", "id") == [("post-1",), ("post-2",), ("post-3",)]


def test_given_items_are_named_by_the_examples_of_others() -> None:
    schema = "---\n".join(
        [
            entity("order", "customer_id: string, order_id: string", "customer_id", "order_id"),
            entity("customer", "customer_id: string", "customer_id", ""),
        ]
    )
    examples = made(schema, {"customer": [{"customer_id": "mine"}]})
    assert {*values(examples, "order", "customer_id")} == {("mine",)}


def test_an_attribute_that_does_not_take_the_others_values_keeps_its_own() -> None:
    own = "customer_id: {type: string, pattern: '^[0-9]+$'}, order_id: string"
    schema = "---\n".join(
        [
            entity("order", own, "customer_id", "order_id"),
            entity("customer", "customer_id: string", "customer_id", ""),
        ]
    )
    assert all(one.isdigit() for (one,) in values(made(schema), "order", "customer_id"))


def test_entities_that_name_each_other_have_examples() -> None:
    schema = "---\n".join(
        [
            entity(
                "team",
                "team_id: string, lead_id: string, person_id: string",
                "team_id",
                "",
                "  lead: {index: gsi1, pk: {field: a, composite: [person_id]},"
                " sk: {field: b, composite: []}}\n",
            ),
            entity(
                "person",
                "person_id: string, team_id: string",
                "person_id",
                "",
                "  team: {index: gsi1, pk: {field: a, composite: [team_id]},"
                " sk: {field: b, composite: []}}\n",
            ),
        ]
    )
    examples = made(schema)
    assert len(examples.items) == 6
    assert {*values(examples, "person", "team_id")} <= {*values(examples, "team", "team_id")}
    assert {*values(examples, "team", "person_id")} <= {*values(examples, "person", "person_id")}
