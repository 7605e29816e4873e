"""Writes while items move: the same outcomes as where all have moved, and nothing left behind."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from tests.operations.migrating.cases import CASES, Case
from tests.operations.migrating.support import Tables, is_alike, outcome_of

TEAMS: Final = ("a", "A", "b")
IDS: Final = ("1", "2")
KINDS: Final = ("bug", "idea")
PEOPLE: Final = ("ann", "bob", None)
KEY = {
    "team": st.sampled_from(TEAMS),
    "id": st.sampled_from(IDS),
    "kind": st.sampled_from(KINDS),
}
REST = {
    "person": st.sampled_from(PEOPLE),
    "points": st.integers(0, 2) | st.none(),
    "tags": st.sets(st.sampled_from("xy"), min_size=1) | st.none(),
}
ITEMS = st.fixed_dictionaries({**KEY, **REST})
STEPS = st.sampled_from(
    [
        ("set", {"points": 7}),
        ("set", {"person": "bob"}),
        ("set", {"note": "n"}),
        ("add", {"points": 1}),
        ("add", {"tags": {"z"}}),
        ("remove", "points"),
        ("remove", "person"),
        ("if_not_exists", {"points": 9}),
    ]
)
PLAIN_RESPONSES = st.sampled_from([None, "none", "all_old", "all_new"])
ACTIONS = st.fixed_dictionaries(
    {
        "verb": st.sampled_from(
            ["put", "create", "upsert", "update", "patch", "delete", "remove", "check"]
        ),
        "item": ITEMS,
        "step": STEPS,
        "above": st.none() | st.integers(0, 2),
        "response": PLAIN_RESPONSES,
        "expecting": st.none() | st.integers(0, 2),
    }
)
SINGLE = st.tuples(st.just("single"), ACTIONS.map(lambda one: [one]))
TOGETHER = st.tuples(
    st.sampled_from(["transaction", "token"]), st.lists(ACTIONS, min_size=1, max_size=3)
)
BATCH = st.tuples(st.sampled_from(["batch", "guarded"]), st.lists(ACTIONS, min_size=1, max_size=3))
CALLS = st.lists(SINGLE | TOGETHER | BATCH, min_size=1, max_size=6)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def tables(request: pytest.FixtureRequest, open_service: Any, new_table_name: Any) -> Tables:
    return Tables.of(request.param, open_service, new_table_name)


def named(case: Case, values: dict[str, Any], *, old: bool = False) -> dict[str, Any]:
    """Values by the attributes' names of a schema; what is None is not there."""
    schema = case.old if old else case.new
    person = "employee" if "employee" in schema["attributes"] else "assignee"
    found = {person if name == "person" else name: value for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def chain_of(app: leyden.Service, case: Case, action: dict[str, Any]) -> Any:
    """The chain of an action on a service of the new schema."""
    task, verb = app.entities.task, action["verb"]
    values = named(case, action["item"])
    if verb in ("put", "create", "upsert"):
        chain = getattr(task, verb)(**values)
    else:
        own = task._bound.keys.primary.composites
        chain = getattr(task, verb)(**{name: values[name] for name in own})
    if verb in ("update", "patch"):
        operator, what = action["step"]
        if operator == "remove":
            (name,) = named(case, {what: 1})
            chain = chain.remove(name)
        else:
            chain = getattr(chain, operator)(**named(case, what))
    if action["above"] is not None:
        chain = chain.where(task.attr.points > action["above"])
    if action["expecting"] is not None and verb != "create" and task.spec.version_attribute:
        chain = chain.expecting(action["expecting"])
    return chain


def options_of(action: dict[str, Any]) -> dict[str, Any]:
    verb, response = action["verb"], action["response"]
    if response is None or verb == "check":
        return {}
    return {"response": "all_old" if verb in ("delete", "remove") else response}


def call(app: leyden.Service, case: Case, kind: str, actions: list[dict[str, Any]]) -> Any:
    if kind == "single":
        (action,) = actions
        return chain_of(app, case, action).go(**options_of(action))
    if kind == "batch":
        # A batch has no guard against items that share a key; the writes of a migration have one.
        actions = [{**one, "item": {**one["item"], "team": "b"}} for one in actions]
    chains = [chain_of(app, case, action) for action in actions]
    if kind in ("transaction", "token"):
        return app.transact_write(chains).go(token=str(uuid4()) if kind == "token" else None)
    return app.batch_write(chains).go(guard=kind == "guarded")


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    old=st.lists(ITEMS, max_size=3),
    moved=st.lists(ITEMS, max_size=2),
    calls=CALLS,
)
def test_writes_do_what_they_do_where_all_items_have_moved(
    tables: Tables, old: list[Any], moved: list[Any], calls: list[Any]
) -> None:
    case = tables.case
    begun = [[named(case, one, old=True) for one in some] for some in (old, moved)]
    try:
        tables.begin(*begun)
    except leyden.LeydenError:
        # Two of them have one key, or one unique value.
        return
    in_both = tables.in_both()
    for kind, actions in calls:
        wanted = outcome_of(lambda: call(tables.plain, case, kind, actions))  # noqa: B023
        found = outcome_of(lambda: call(tables.migrating, case, kind, actions))  # noqa: B023
        assert is_alike(found, wanted), (found, wanted, kind, actions)
    assert tables.in_both() <= in_both
    tables.agree()
