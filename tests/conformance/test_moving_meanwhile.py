"""Items move between the requests of a read: each is found once, wherever it stands by then."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

import leyden
from leyden.errors import LeydenError, ThrottledError
from leyden.program import Item, Program, Request, Step
from leyden.results import Page

OLD: Final[dict[str, Any]] = {
    "entity": "tasks",
    "alias": "task",
    "version": "1",
    "service": "app",
    "attributes": {
        "project": "string",
        "task_id": "string",
        "employee": "string",
        "points": "integer",
    },
    "indexes": {
        "task": {
            "pk": {"field": "pk", "composite": ["project"]},
            "sk": {"field": "sk", "composite": ["task_id"]},
        },
        "assigned": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["employee"]},
            "sk": {"field": "gsi1sk", "composite": ["points"]},
        },
    },
}
MIGRATION: Final = {
    "migration": "m",
    "from": OLD,
    "entities": {"task": {"attributes": {"assignee": {"from": "employee"}}}},
}
NAMES: Final = [f"t{number:02}" for number in range(24)]


def new(sort: list[str]) -> dict[str, Any]:
    """Version 2, whose index sorts by these."""
    attributes = {n: t for n, t in OLD["attributes"].items() if n != "employee"}
    assigned = {
        "index": "gsi1",
        "pk": {"field": "gsi1pk", "composite": ["assignee"]},
        "sk": {"field": "gsi1sk", "composite": sort},
    }
    return {
        **OLD,
        "version": "2",
        "attributes": {**attributes, "assignee": "string"},
        "indexes": {**OLD["indexes"], "assigned": assigned},
    }


def one(step: Step) -> Program[Any]:
    """A program of one step."""
    return (yield step)


class Moved:
    """A table of items in the old form, which move when they are told to."""

    def __init__(self, start: Callable[..., Any], sort: list[str], seed: int) -> None:
        self.app = start(new(sort), migrating_from=MIGRATION)
        self.moving = self.app.entities.task._bound.moving
        self.random = random.Random(seed)
        old = start(OLD, table=self.app.table, create=False).entities.task
        points = self.random.choices(range(5), k=len(NAMES))
        rows = [
            {"project": "p", "task_id": name, "employee": "e", "points": number}
            for name, number in zip(NAMES, points, strict=True)
        ]
        old.put(rows).go()
        self.there: list[Item] = list(old.scan.go(data="raw", pages="all"))
        self.gone: list[Item] = []

    def move(self, many: int) -> None:
        """Move so many items, whichever: one transaction each, as the migration does."""
        for _ in range(min(many, len(self.there))):
            raw = self.there.pop(self.random.randrange(len(self.there)))
            after = self.moving.forward(raw)
            self.gone.append(after)
            self.swap(after, raw)

    def move_back(self) -> None:
        """Move one item back, as a rollback does."""
        if self.gone:
            raw = self.gone.pop(self.random.randrange(len(self.gone)))
            self.swap(self.moving.back(raw), raw)

    def swap(self, after: Item, before: Item) -> None:
        """Write an item in place of another."""
        table = self.app.table
        key = {name: before[name] for name in ("pk", "sk")}
        writes = [
            {"Put": {"TableName": table, "Item": after}},
            {"Delete": {"TableName": table, "Key": key}},
        ]
        self.app.driver.run(one(Request("TransactWriteItems", {"TransactItems": writes}, "move")))

    def run(self, program: Program[Any], between: Callable[[], None]) -> Any:
        """Run a program, and do something between its requests."""
        answer: Any = None
        while True:
            try:
                step = program.send(answer)
            except StopIteration as end:
                return end.value
            try:
                between()
                answer = self.app.driver.run(one(step))
            except LeydenError as error:
                # As a driver does: the program is told what came of its request.
                program.throw(error)


@pytest.mark.parametrize("seed", range(12))
def test_no_page_loses_an_item_that_moves_or_gives_it_twice(
    open_service: Callable[..., leyden.Service], seed: int
) -> None:
    chosen = random.Random(seed)
    sort = chosen.choice([["points"], ["task_id"], ["points", "task_id"], []])
    moved = Moved(open_service, sort, seed)
    rate = chosen.choice([0, 1, 1, 3])
    task = moved.app.entities.task
    query = task.query.assigned(assignee="e") if seed % 3 else task.query.task(project="p")
    options: dict[str, Any] = chosen.choice(
        [{"limit": 3}, {"limit": 7, "order": "desc"}, {"count": 4}, {"count": 5, "order": "desc"}]
    )
    found: list[str] = []
    cursor = None
    while True:
        program = query.program(**options, cursor=cursor)
        page = moved.run(program, lambda: moved.move(rate or moved.random.randrange(2)))
        found += [record.task_id for record in page]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(found) == NAMES
    if "assigned" not in repr(query):
        assert found == (NAMES[::-1] if options.get("order") == "desc" else NAMES)


@pytest.mark.parametrize("back", [False, True])
def test_no_get_misses_an_item_that_moves(
    open_service: Callable[..., leyden.Service], back: bool
) -> None:
    moved = Moved(open_service, ["points"], 1)
    task = moved.app.entities.task
    between = moved.move_back if back else lambda: moved.move(1)
    if back:
        moved.move(len(NAMES))
    keys = [{"project": "p", "task_id": name} for name in NAMES]
    for key in keys[:12]:
        record = moved.run(task.get(key).program(), between)
        assert record.task_id == key["task_id"]
        assert record.assignee == "e"
    batch = moved.run(task.get(keys).program(), between)
    assert [record and record.task_id for record in batch] == NAMES
    together = moved.run(moved.app.transact_get([task.get(key) for key in keys]).program(), between)
    assert [record and record.task_id for record in together] == NAMES


@pytest.mark.parametrize("pattern", ["task", "assigned"])
def test_a_request_that_fails_leaves_what_was_read_and_where_to_go_on(
    open_service: Callable[..., leyden.Service], pattern: str
) -> None:
    moved = Moved(open_service, ["points", "task_id"], 3)
    moved.move(12)
    given = {"assignee": "e"} if pattern == "assigned" else {"project": "p"}
    query = moved.app.entities.task.query[pattern](**given)
    sent = 0

    def fail() -> None:
        nonlocal sent
        sent += 1
        if sent == 6:
            raise ThrottledError("too many requests")

    program = query.program(count=20, limit=3)
    with pytest.raises(ThrottledError) as caught:
        moved.run(program, fail)
    page = caught.value.page
    assert isinstance(page, Page)
    assert page.items
    rest = query.go(pages="all", cursor=page.cursor)
    assert [*page, *rest] == [*query]
