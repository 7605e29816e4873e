"""Reads under a migration: a table with items in both forms answers as one in the new form does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import InvalidExpressionError, LeydenError, SchemaError

CASINGS: Final = st.sampled_from(["default", "none", "upper"])
OWNERS: Final = ["e1", "E1", "e2"]
IDS: Final = ["a", "a b", "a#t", "ab", "b", "b0", "c", "d-1", "d-10", "d-2", "e", "z"]


@st.composite
def forms(draw: Any, owner: str, points: str, *, version: st.SearchStrategy[str]) -> dict[str, Any]:
    """A schema of tasks, with an owner and points that are called so in it."""
    label = draw(st.sampled_from(["task_id", "id"]))
    padded = draw(st.booleans())
    width = {"min": 0, "max": 99, "padding": {"length": 2, "char": "0"}} if padded else {}
    text = points == "score"
    attributes = {
        "project": {"type": "string", "required": True},
        "task_id": {"type": "string", "required": True, "label": label},
        owner: "string",
        points: {"type": "string"} if text else {"type": "integer", **width},
        "status": {"type": ["open", "closed"]},
        "tags": {"type": "set", "items": "string"},
    }
    sort = draw(
        st.sampled_from([["task_id"], [points, "task_id"], ["status", "task_id"], [points], []])
    )
    second = draw(st.sampled_from([[owner], [owner, "project"], ["status"]]))
    owned: dict[str, Any] = {
        "index": "gsi1",
        "pk": {"field": "gsi1pk", "composite": second, "casing": draw(CASINGS)},
        "sk": {
            "field": "gsi1sk",
            "composite": [one for one in sort if one not in second],
            "casing": draw(CASINGS),
        },
    }
    if draw(st.booleans()):
        owned |= {"collection": "work", "type": draw(st.sampled_from(["isolated", "clustered"]))}
    if draw(st.integers(0, 4)) == 0:
        owned["when"] = "status == 'open'"
    if draw(st.integers(0, 4)) == 0:
        owned["projection"] = "keys_only"
    own: dict[str, Any] = {
        "pk": {"field": "pk", "composite": ["project"], "casing": draw(CASINGS)},
        "sk": {"field": "sk", "composite": ["task_id"], "casing": draw(CASINGS)},
    }
    if draw(st.integers(0, 3)) == 0:
        own["sk"] = {"field": "sk", "template": "T#${task_id}", "casing": "none"}
    schema: dict[str, Any] = {
        "entity": draw(st.sampled_from(["tasks", "jobs"])),
        "alias": "task",
        "version": draw(version),
        "service": "app",
        "attributes": attributes,
        "indexes": {"task": own, "owned": owned},
    }
    if "template" not in own["sk"] and draw(st.integers(0, 3)) == 0:
        schema["keys"] = "strict"
    return schema


ITEMS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "task_id": st.sampled_from(IDS),
            "owner": st.sampled_from(OWNERS),
            "points": st.integers(0, 20),
            "status": st.sampled_from(["open", "closed"]),
        },
        optional={"tags": st.sets(st.sampled_from("xyz"), min_size=1)},
    ),
    max_size=len(IDS),
    unique_by=lambda item: item["task_id"],
)


class Both:
    """Two schemas on two tables: items in both forms on one, all in the new form on the other."""

    def __init__(self, start: Callable[..., Any], old: Any, new: Any, change: Any) -> None:
        migration = {"migration": "m", "from": old, "entities": {"task": change}}
        self.app = start(new, migrating_from=migration)
        self.plain = start(new)
        self.old = start(old, table=self.app.table, create=False)
        self.new = start(new, table=self.app.table, create=False)
        self.change = change["attributes"]

    def put(self, item: dict[str, Any], form: str) -> None:
        named = {one["from"]: name for name, one in self.change.items() if "from" in one}
        values = {named.get(name, name): value for name, value in item.items()}
        if "score" in self.change and "points" in values:
            values["score"] = str(values.pop("points"))
        self.plain.entities.task.put(values).go()
        if form != "old":
            self.new.entities.task.put(values).go()
        if form == "both":
            # A program of the old schema wrote it again, and the present form counts.
            item = {**item, "owner": "e2", "points": 3}
        if form != "new":
            self.old.entities.task.put(item).go()


def read(query: Any, options: dict[str, Any]) -> list[list[Any]]:
    """All pages of a query."""
    pages = []
    cursor = None
    for _ in range(200):
        page = query.go(**options, cursor=cursor)
        pages.append(list(page))
        cursor = page.cursor
        if cursor is None:
            return pages
    raise AssertionError("the pages do not end")


@st.composite
def questions(draw: Any, new: dict[str, Any], owner: str, points: str) -> Callable[[Any], Any]:
    """A query of a service with the new schema, as a function of it."""
    pattern = draw(st.sampled_from(["task", "owned", "owned"]))
    index = new["indexes"][pattern]
    values = {
        "project": st.sampled_from(["p", "q"]),
        "task_id": st.sampled_from(IDS),
        owner: st.sampled_from(OWNERS),
        points: st.integers(0, 20) if points == "points" else st.integers(0, 20).map(str),
        "status": st.sampled_from(["open", "closed"]),
    }
    sort = index["sk"].get("composite", ["task_id"])
    given_too = draw(st.integers(0, max(len(sort) - 1, 0))) if draw(st.booleans()) else 0
    equal = {name: draw(values[name]) for name in (*index["pk"]["composite"], *sort[:given_too])}
    rest = sort[given_too:]
    operator = draw(st.sampled_from(["", "gt", "gte", "lt", "lte", "between", "begins"]))
    text = rest and rest[0] in ("task_id", "status", "score")
    if not rest or (operator == "begins" and not text):
        operator = ""
    ends = sorted([draw(values[rest[0]]), draw(values[rest[0]])]) if operator else []
    where = draw(st.integers(0, 4))
    in_collection = "collection" in index and draw(st.booleans())

    def ask(app: Any) -> Any:
        task = app.entities.task
        start = app.collections.work if in_collection else task.query[pattern]
        query = start(**equal)
        if operator == "between":
            query = query.between({rest[0]: ends[0]}, {rest[0]: ends[1]})
        elif operator:
            query = getattr(query, operator)(**{rest[0]: ends[0]})
        narrow = "projection" in index
        if where == 0 and not narrow:
            query = query.where(task.attr.tags.contains("x"))
        if where == 1 and owner not in (*index["pk"]["composite"], *sort) and not narrow:
            query = query.where(task.attr[owner].is_in("e1", "E1") | task.attr.tags.exists())
        return query

    note(f"{pattern} {equal} {operator} {ends} where={where} collection={in_collection}")
    return ask


OPTIONS: Final = st.fixed_dictionaries(
    {"order": st.sampled_from(["asc", "desc"])},
    optional={
        "limit": st.integers(1, 5),
        "count": st.integers(1, 5),
        "attributes": st.just(["task_id", "project"]),
        "hydrate": st.just(True),
    },
)


@given(data=st.data())
@settings(
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),  # to make a failure small would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_items_in_either_form_are_read_as_if_all_were_in_the_new_form(
    open_service: Callable[..., Any], data: st.DataObject
) -> None:
    owner = data.draw(st.sampled_from(["owner", "assignee"]))
    points = data.draw(st.sampled_from(["points", "points", "score"]))
    old = data.draw(forms("owner", "points", version=st.just("1")))
    new = data.draw(forms(owner, points, version=st.sampled_from(["1", "2"])))
    changes: dict[str, Any] = {} if owner == "owner" else {owner: {"from": "owner"}}
    if points == "score":
        back = {"points": "to_number(score)"}
        changes["score"] = {"value": "to_string(points)", "back": back}
    try:
        both = Both(open_service, old, new, {"attributes": changes})
    except (SchemaError, leyden.errors.InvalidOptionError) as error:
        event(f"not loaded: {type(error).__name__}")
        assume(False)
        raise
    task = both.app.entities.task
    moving = task._bound.moving
    for project in ("p", "q"):
        for item in data.draw(ITEMS):
            form = data.draw(st.sampled_from(["old", "new", "both"]))
            whole = {"project": project, **item}
            if moving is not None and form == "both":
                key = {"project": project, "task_id": item["task_id"]}
                if moving.earlier_key(key) is None:
                    form = "old"
            elif form == "both":
                form = "new"
            both.put(whole, form)
            note(f"{form}: {whole}")
    raw = both.plain.entities.task.scan.go(data="raw", pages="all")
    places = {(one["project"]["S"], one["task_id"]["S"]): one for one in raw}
    for _ in range(4):
        ask = data.draw(questions(new, owner, points))
        options = data.draw(OPTIONS)
        if "projection" in new["indexes"]["owned"] and "hydrate" not in options:
            # An index that holds keys alone tells no attributes.
            options = {**options, "data": "raw"}
            options.pop("attributes", None)
        note(f"{options}")
        try:
            query = ask(both.plain)
            wanted = read(query, options)
        except LeydenError as error:
            with pytest.raises(type(error)):
                read(ask(both.app), options)
            event("both refuse")
            continue
        try:
            found = read(ask(both.app), options)
        except InvalidExpressionError as error:
            if "leyden migrate" not in str(error):
                raise
            event("cannot be found")
            continue
        event("answered")
        field = "gsi1sk" if "gsi1" in ask(both.plain).params().get("IndexName", "") else "sk"
        same = arranged(wanted, places, field)
        note(f"wanted {wanted}\nfound {found}")
        assert arranged(found, places, field) == same
        unique = len({key for key, _ in same}) == len(same)
        # With both, a read of one form counts what it leaves out again, once it is hydrated.
        if unique and "limit" in options and not {"count", "hydrate"} <= options.keys():
            assert [len(page) for page in found if page] == [len(page) for page in wanted if page]
        assert ask(both.app).count() == ask(both.plain).count()
    keys = [{"project": project, "task_id": one} for project in "pq" for one in IDS]
    wanted = list(both.plain.entities.task.get(keys).go())
    assert list(task.get(keys).go()) == wanted
    assert [task.get(key).go() for key in keys[:6]] == wanted[:6]
    assert list(both.app.transact_get([task.get(key) for key in keys]).go()) == wanted
    known = [one for one in both.plain.entities.task.scan if one is not None]
    assert {one.task_id for one in task.match(project="p")} == {
        one.task_id for one in known if one.project == "p"
    }


def arranged(pages: list[list[Any]], places: Any, field: str) -> list[tuple[str, str]]:
    """The records of pages with their sort keys; those of one sort key in an order of our own."""
    keyed = []
    for one in (one for page in pages for one in page):
        if isinstance(one, dict):
            keyed.append((str(one.get(field)), str(sorted(one.items()))))
        else:
            keyed.append((str(places[one.project, one.task_id].get(field)), str(one)))
    return [one for _, some in groupby(keyed, key=lambda pair: pair[0]) for one in sorted(some)]
