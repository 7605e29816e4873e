"""Collections whose members' keys are templates: all members' items, whatever their texts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

import leyden

Open = Callable[..., leyden.Service]

ENTITY = """
entity: {name}
version: "1"
service: club
attributes:
  id: {{type: string, required: true}}
  team: {{type: string, required: true}}
  at: {{type: {kind}, required: true}}
  step: {{type: string, required: true}}
indexes:
  main: {{pk: {{field: pk, composite: [id]}}}}
  sorted:
    index: gsi1
    type: {form}
    collection: both
    projection: {projection}
    pk: {{field: gsi1pk, template: "TEAM#${{team}}"}}
    sk: {{field: gsi1sk, template: "{sk}"}}
"""

FORMS = {
    "texts that differ": ("isolated", "GAME#${at}", "VISIT#${at}", "string"),
    "one inside the other": ("isolated", "X#${at}", "X#${at}#${step}", "string"),
    "constants": ("isolated", "GAME", "VISIT#${at}", "string"),
    "plain values": ("isolated", "${at}", "${step}", "string"),
    "plain numbers": ("isolated", "${at}", "${at}", "integer"),
    "clustered": ("clustered", "X#${at}", "X#${at}#${step}", "string"),
    "clustered, endings": ("clustered", "X#${at}#GAME", "X#${at}#${step}", "string"),
    "clustered, other attributes": ("clustered", "X#${at}", "Y#${step}", "string"),
    "clustered numbers": ("clustered", "${at}", "${at}", "integer"),
}
VALUES = ("1", "10", "2")


def schema(form: str, game: str, visit: str, kind: str, projection: str) -> str:
    shared = {"form": form, "kind": kind, "projection": projection}
    return "---".join(
        [
            ENTITY.format(name="game", sk=game, **shared),
            ENTITY.format(name="visit", sk=visit, **shared),
        ]
    )


def fill(app: leyden.Service, kind: str) -> list[dict[str, Any]]:
    """Items of both entities, in two partitions; those of one as a scan would give them."""
    items = []
    for team, at, step, name in product(("t", "t2"), VALUES, VALUES, ("game", "visit")):
        item = {"id": f"{name}{team}{at}{step}", "team": team, "step": step}
        item["at"] = int(at) if kind == "integer" else at
        app.entities[name].put(**item).go()
        if team == "t":
            items.append({"name": name, **item})
    return items


def ids(records: Any) -> list[str]:
    return sorted(record.id for record in records)


@pytest.mark.parametrize("projection", ["all", "keys_only"])
@pytest.mark.parametrize("case", FORMS)
def test_all_members_items_are_found(open_service: Open, case: str, projection: str) -> None:
    form, game, visit, kind = FORMS[case]
    app = open_service(schema(form, game, visit, kind, projection))
    items = fill(app, kind)
    both = app.collections.both
    options = {"hydrate": projection != "all"}

    everything = both(team="t")
    assert ids(everything.go(**options)) == sorted(item["id"] for item in items)
    assert ids(everything.iter(limit=2, order="desc", **options)) == sorted(
        item["id"] for item in items
    )
    page = everything.go()
    assert (len(page.game), len(page.visit)) == (9, 9)
    assert len(both(team="none").go()) == 0

    templates = {"game": game, "visit": visit}
    for name in ("at", "step"):
        if not any(f"${{{name}}}" in template for template in templates.values()):
            continue
        value = 1 if kind == "integer" and name == "at" else "1"
        if name == "step" and all("${at}" in t for t in templates.values() if "${step}" in t):
            continue
        # What only one member has in its key says nothing of the other.
        expected = [
            item["id"]
            for item in items
            if item[name] == value or f"${{{name}}}" not in templates[item["name"]]
        ]
        assert ids(both(team="t", **{name: value}).go(**options)) == sorted(expected)


def test_a_clustered_collection_reads_what_its_templates_have_in_common(open_service: Open) -> None:
    app = open_service(schema(*FORMS["clustered"], "all"))
    both = app.collections.both
    whole = both(team="t").params()
    assert whole["KeyConditionExpression"] == "#0 = :0"
    begun = both(team="t", at="1").params()
    assert begun["KeyConditionExpression"] == "#0 = :0 AND begins_with(#1, :1)"
    assert begun["ExpressionAttributeValues"][":1"] == {"S": "x#1"}
