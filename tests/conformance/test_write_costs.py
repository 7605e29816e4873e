"""What `explain()` says that a write costs is what DynamoDB reckons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import leyden
from leyden.engine import LocalEngine
from leyden.program import Program, Request

SCHEMA: dict[str, Any] = {
    "entity": "job",
    "version": "1",
    "service": "work",
    "unique": [["ticket"]],
    "attributes": {
        "team": {"type": "string", "required": True},
        "id": {"type": "string", "required": True},
        "state": {"type": ["open", "done"], "default": "open"},
        "owner": "string",
        "ticket": "string",
        "text": "string",
        "note": "string",
        "tries": {"type": "integer", "default": 0},
    },
    "indexes": {
        "job": {
            "pk": {"field": "pk", "composite": ["team"]},
            "sk": {"field": "sk", "composite": ["id"]},
        },
        "by_state": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["team", "state"]},
            "sk": {"field": "gsi1sk", "composite": ["id"]},
        },
        "owned": {
            "index": "gsi2",
            "when": "owner",
            "projection": ["note"],
            "pk": {"field": "gsi2pk", "composite": ["owner"]},
            "sk": {"field": "gsi2sk", "composite": ["id"]},
        },
    },
}


@pytest.fixture(scope="module")
def app(engine: Any) -> Iterator[leyden.Service]:
    if isinstance(engine, LocalEngine):
        pytest.skip("the embedded engine does not measure capacity")
    with leyden.load(SCHEMA, table=f"costs-{id(engine)}", engine=engine) as app:
        app.create_table()
        yield app


def units(app: leyden.Service, write: Any) -> float:
    """Send a write's request, and say what the engine has reckoned."""
    params = {**write.params(), "ReturnConsumedCapacity": "INDEXES"}
    return float(app.driver.run(consumed(Request(write._api, params))))


def consumed(request: Request) -> Program[float]:
    answer = yield request
    return float(answer["ConsumedCapacity"]["CapacityUnits"])


@pytest.mark.parametrize("size", [1, 800, 1100, 5000])
@pytest.mark.parametrize("values", [{}, {"owner": "ada"}, {"owner": "ada", "note": "n" * 1500}])
def test_a_new_item_costs_what_it_says(
    app: leyden.Service, size: int, values: dict[str, str]
) -> None:
    job = app.entities.job
    write = job.create(team="a", id=f"{size}{len(values)}", text="x" * size, **values)
    cost = write.explain().cost
    assert cost.bound == "exact"
    assert cost.units == units(app, write)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "other"}, {"by_state": 1}),
        ({"note": "other"}, {"by_state": 1, "owned": 1}),
        ({"state": "done"}, {"by_state": 2}),
        ({"owner": "bob"}, {"by_state": 1, "owned": 2}),
        ({"state": "done", "owner": "eve", "note": "x"}, {"by_state": 2, "owned": 2}),
    ],
)
def test_an_update_of_a_small_item_costs_no_more_than_it_says(
    app: leyden.Service, change: dict[str, str], said: dict[str, int]
) -> None:
    job = app.entities.job
    name = "-".join(change)
    job.create(team="b", id=name, owner="ada", text="first", note="first").go()
    write = job.patch(team="b", id=name).set(**change)
    cost = write.explain().cost
    assert (cost.bound, cost.indexes) == ("at most", said)
    assert cost.units == units(app, write)


def test_what_leaves_an_index_costs_its_old_entry(app: leyden.Service) -> None:
    job = app.entities.job
    job.create(team="c", id="1", owner="ada").go()
    write = job.patch(team="c", id="1").remove("owner")
    cost = write.explain().cost
    assert cost.indexes == {"by_state": 1, "owned": 1}
    assert cost.units == units(app, write)


def test_counting_costs_the_indexes_that_hold_the_count(app: leyden.Service) -> None:
    job = app.entities.job
    job.create(team="c", id="2", owner="ada").go()
    write = job.patch(team="c", id="2").add(tries=1)
    assert write.explain().cost.units == units(app, write) == 2


def test_a_delete_costs_no_more_than_it_says(app: leyden.Service) -> None:
    job = app.entities.job
    job.create(team="d", id="1").go()
    write = job.delete(team="d", id="1")
    cost = write.explain().cost
    # Its unique value is not known before the item is read, nor whether it stands in `owned`.
    assert (cost.units, cost.bound, cost.in_transaction) == (8, "at most", True)
    assert str(cost) == (
        "at most 8 write units for an item of up to 1 KB: 1 for the item, 1 for by_state, "
        "1 for owned, 1 for the items that go with it, doubled by the transaction"
    )
    assert units(app, write) == 2
