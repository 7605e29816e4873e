"""Old code, migrating code and the migration at once: nothing that was written is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import pytest

import leyden
from leyden.errors import AwsError, ConditionFailedError, TransactionCanceledError
from leyden.operations.run.moving import move_items
from tests.operations.migrating.cases import CASES
from tests.operations.migrating.support import own_items

SHARED: Final = ("1", "2", "3")
"""The items that all writers patch."""
ROUNDS: Final = 12


class Writers:
    """Threads that write, and what they know to be written."""

    def __init__(self, old: leyden.Service, new: leyden.Service) -> None:
        self.apps = {"old": old, "new": new}
        self.marks: set[tuple[str, str]] = set()
        self.put: dict[str, int] = {}
        self.created: set[str] = set()
        self.wrong: list[BaseException] = []

    def patch(self, who: str) -> None:
        """Add marks to the shared items; those that are granted must stay."""
        task = self.apps[who].entities.task
        for number in range(ROUNDS):
            for one in SHARED:
                mark = f"{who}-{number}"
                if self.granted(task.patch(team="a", id=one).add(tags={mark})):
                    self.marks.add((one, mark))

    def replace(self, name: str, turns: tuple[str, ...]) -> None:
        """Put an item of one's own, by old and by new code in turn; the last one must stay."""
        for number in range(ROUNDS):
            task = self.apps[turns[number % len(turns)]].entities.task
            if self.granted(task.put(team="a", id=name, kind="bug", points=number)):
                self.put[name] = number

    def create(self, who: str) -> None:
        """Create items, which must be there in the end."""
        task = self.apps[who].entities.task
        for number in range(ROUNDS):
            name = f"{who}-created-{number}"
            if self.granted(task.create(team="a", id=name, kind="bug")):
                self.created.add(name)

    @staticmethod
    def granted(chain: Any) -> bool:
        """Whether a write was granted; others may have stood in its way."""
        try:
            chain.go()
        except (AwsError, ConditionFailedError, TransactionCanceledError) as error:
            if error.unsure:
                raise
            return False
        return True

    def migrate(self, done: threading.Event) -> None:
        """Move items, until nobody writes any more and none is left."""
        app = self.apps["new"]
        moving = app.entities.task._bound.moving
        while True:
            last = done.is_set()
            entries = [(moving, item) for item in own_items(app) if moving.needs(item)]
            results = app.driver.run(move_items(entries, app.table))
            assert all(one.outcome != "failed" for one in results), results
            if last and all(one.outcome in ("done", "moved") for one in results):
                return

    def guarded(self, work: Callable[..., None], *arguments: Any) -> threading.Thread:
        """A thread whose errors are kept."""

        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self.wrong.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


@pytest.mark.parametrize("name", ["version", "in place", "companions"])
def test_nothing_is_lost_while_all_write(
    local_engine: Any,
    open_service: Callable[..., leyden.Service],
    new_table_name: Callable[[], str],
    name: str,
) -> None:
    case = next(case for case in CASES if case.name == name)
    old = open_service(case.old)
    new = open_service(case.new, table=old.table, migrating_from=case.migration, create=False)
    for one in SHARED:
        old.entities.task.put(team="a", id=one, kind="bug", points=1).go()
    writers, done = Writers(old, new), threading.Event()
    moving = writers.guarded(writers.migrate, done)
    threads = [
        writers.guarded(writers.patch, "old"),
        writers.guarded(writers.patch, "new"),
        writers.guarded(writers.replace, "by-old", ("old",)),
        writers.guarded(writers.replace, "by-both", ("old", "new", "new")),
        writers.guarded(writers.create, "old"),
        writers.guarded(writers.create, "new"),
    ]
    for thread in threads:
        thread.join()
    done.set()
    moving.join()
    assert writers.wrong == []

    items = own_items(new)
    earlier = new.entities.task._bound.moving.is_earlier
    assert not any(map(earlier, items))
    found = {item["id"]["S"]: new.entities.task.parse(item) for item in items}
    assert len(found) == len(items)
    assert writers.created <= found.keys()
    assert {name: found[name].points for name in writers.put} == writers.put
    marks = {(one, mark) for one in SHARED for mark in found[one].tags or ()}
    assert writers.marks <= marks
    # They did get at the items.
    assert {mark.partition("-")[0] for _, mark in writers.marks} >= {"new"}
    assert writers.put == dict.fromkeys(("by-old", "by-both"), ROUNDS - 1)
