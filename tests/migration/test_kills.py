"""A migration that is killed at random points while old and new code write: nothing is lost.

`tools.soak` says what is done, and checks raw items by rules of its own. In CI it is 20,000 items
and 10 kills over both engines; elsewhere a few. `make soak` runs a million items and 200 kills.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from tools.soak.items import Place, first_state, form_faults, keys_of, old_item, state_of_new
from tools.soak.run import company_faults, soak

from leyden.engine import LocalEngine
from tests.conftest import CI


def run(engine: Any, table: str, *, items: int, kills: int, back: bool) -> None:
    seed = random.randrange(10**6)
    found = soak(engine, items=items, kills=kills, seed=seed, longest=1.5, table=table, back=back)

    faults = found["faults"]
    shown = "\n".join(faults[:20])
    assert not faults, (
        f"{len(faults)} faults with the seed {seed}, the first of which are:\n{shown}"
    )
    assert found["kills"] == kills
    assert found["throttled"]
    assert found["reset"]
    for writer in ("old0", "old1", "new2", "new3"):
        assert found["writes"][f"{writer} wrote"]


def test_nothing_is_lost_there_and_back(engine: Any, table_name: str) -> None:
    embedded = isinstance(engine, LocalEngine)
    items, kills = (500, 3) if embedded else (500, 2)
    run(engine, table_name, items=items if CI else 200, kills=kills if CI else 2, back=True)


@pytest.mark.parametrize(
    "engine", [pytest.param("dynamodb_local", marks=pytest.mark.java)], indirect=True
)
def test_nothing_is_lost_of_many_items(engine: Any, table_name: str) -> None:
    items, kills = (19_000, 5) if CI else (600, 1)
    run(engine, table_name, items=items, kills=kills, back=False)


def test_what_is_wrong_with_an_item_would_be_found() -> None:
    place = Place("task", 3)
    state = first_state(place)
    old = old_item(place, state)
    new = {**old, **keys_of(place, state, "new")}
    new["assignee"], new["points"], new["state"] = new.pop("employee"), {"N": "3"}, {"S": "open"}
    assert form_faults(old, "old") == []
    assert form_faults(new, "new") == []
    for spoiled in (
        {"legacy": {"L": []}},
        {"employee": new["assignee"]},
        {"gsi1pk": {"S": "$soak#assignee_x"}},
        {"__edb_v__": {"S": "2"}},
    ):
        assert form_faults({**new, **spoiled}, "new")
    assert form_faults({**old, "__leyden_before__": {"M": {}}}, "old")
    with pytest.raises(KeyError):
        state_of_new(old)
    owners = {("a", "b"): Place("account", 1)}
    assert company_faults([], [], owners, "new")
