"""Items move by one request each, as they were read or not at all, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

import leyden
from leyden.errors import ConversionError, KeyCollisionError, UniqueConstraintError
from leyden.operations.companions.moving.company import Direction
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.run.moving import Moved, move_items
from leyden.program import Item, Program, Request
from leyden.schema import BEFORE_FIELD
from leyden.tables import read_items
from tests.operations.migrating.cases import CASES, COMPANIONS, OLD, RENAME, Case

LARGE = "lorem ipsum " * 60_000


class Both:
    """A table of a case, with a service of the old schemas and one of the new."""

    def __init__(self, case: Case, engine: Any, table: str) -> None:
        self.table = table
        self.old = leyden.load(case.old, table=table, engine=engine)
        self.new = leyden.load(case.new, table=table, engine=engine)
        both = leyden.load(case.new, table=table, engine=engine, migrating_from=case.migration)
        self.moving: Moving = both.entities.task._bound.moving
        self.has_large = "text" in case.old["attributes"]
        self.old.create_table()

    def close(self) -> None:
        self.old.close()
        self.new.close()

    def write(self, count: int = 6) -> None:
        for n in range(count):
            self.old.entities.task.put(
                team="T1",
                id=f"Id{n}",
                kind="bug",
                employee=f"e{n}",
                points=n,
                **({"text": LARGE[: 600_000 * (n % 2)]} if self.has_large else {}),
            ).go()

    def raw(self) -> list[Item]:
        """All items of the table, in the order of their keys."""
        items = [*self.old.driver.run(read_items(self.table, consistent=True)).items]
        return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def mine(self) -> list[Item]:
        return [item for item in self.raw() if self.moving.owns(item)]

    def move(
        self, items: list[Item] | None = None, direction: Direction = "forward"
    ) -> list[Moved]:
        entries = [(self.moving, item) for item in (self.mine() if items is None else items)]
        return self.old.driver.run(move_items(entries, self.table, direction=direction))


ALL = [pytest.param(case, id=case.name) for case in CASES]
WITH_NEW_KEYS = [one for one in ALL if "in place" not in str(one.id)]


@pytest.fixture(params=ALL)
def both(request: pytest.FixtureRequest, engine: Any, table_name: str) -> Iterator[Both]:
    made = Both(request.param, engine, table_name)
    yield made
    made.close()


def outcomes(moved: list[Moved]) -> list[str]:
    assert all(one.error is None for one in moved), moved
    return [one.outcome for one in moved]


def plain(items: list[Item]) -> list[Any]:
    """Items with the order of sets settled."""
    return [
        {name: sorted(v["SS"]) if "SS" in v else v for name, v in item.items()} for item in items
    ]


def test_items_move_there_and_back_and_for_good(both: Both) -> None:
    both.write()
    before = both.raw()
    assert outcomes(both.move()) == ["moved"] * 6
    assert outcomes(both.move()) == ["done"] * 6
    for item in both.mine():
        assert not both.moving.is_earlier(item)
        record = both.new.entities.task.parse(item)
        key = both.moving.entity.keys.primary.composites
        got = both.new.entities.task.get({name: getattr(record, name) for name in key}).go()
        assert got == record
    assert outcomes(both.move(direction="back")) == ["moved"] * 6
    assert plain(both.raw()) == plain(before), "the old bytes, guards and parts included"
    assert outcomes(both.move(direction="back")) == ["done"] * 6
    both.move()
    assert {*outcomes(both.move(direction="commit"))} <= {"moved", "done"}
    assert all(BEFORE_FIELD not in item for item in both.raw())
    assert outcomes(both.move(direction="commit")) == ["done"] * 6


def test_a_commit_moves_what_is_left(both: Both) -> None:
    both.write(2)
    assert outcomes(both.move(direction="commit")) == ["moved"] * 2
    assert not any(both.moving.needs(item) or BEFORE_FIELD in item for item in both.mine())


def test_what_was_written_meanwhile_moves_with_its_latest_values(both: Both) -> None:
    both.write(3)
    read = both.mine()
    both.old.entities.task.patch(team="T1", id="Id0").set(points=70).go()
    both.old.entities.task.patch(team="T1", id="Id1").set(note="added").go()
    both.old.entities.task.delete(team="T1", id="Id2").go()
    assert outcomes(both.move(read)) == ["moved", "moved", "gone"]
    found = [both.new.entities.task.parse(item) for item in both.mine()]
    assert [(one.points, one.note) for one in found] == [(70, None), (1, "added")]
    assert [item.get("points") for item in both.mine()] == [{"N": "70"}, {"N": "1"}]


@pytest.mark.parametrize("both", WITH_NEW_KEYS, indirect=True)
def test_an_item_that_the_old_code_wrote_once_more_wins(both: Both) -> None:
    both.write(2)
    both.move()
    # A put of the old code does not see that the item has moved. Unique values are still taken.
    changed = {"employee": "other"} if both.has_large else {"employee": "e0"}
    both.old.entities.task.put(team="T1", id="Id0", kind="bug", points=71, **changed).go()
    assert len(both.mine()) == 3
    old = [item for item in both.mine() if both.moving.is_earlier(item)]
    assert outcomes(both.move(old)) == ["moved"]
    assert len(both.mine()) == 2
    assert both.new.entities.task.parse(both.mine()[0]).points == 71
    both.old.entities.task.put(team="T1", id="Id0", kind="bug", points=72, **changed).go()
    both.move(direction="back")
    (first, second) = [both.old.entities.task.parse(item) for item in both.mine()]
    assert (first.points, second.points) == (72, 1)
    if both.has_large:
        assert "taken" in {
            one.employee for one in [_with_value(both, "e0"), _with_value(both, "taken")]
        }


def _with_value(both: Both, employee: str) -> Any:
    """A new item with a unique value, which must be free."""
    return both.old.entities.task.create(team="T2", id=employee, kind="bug", employee=employee).go()


class Meddler:
    """Runs a program, and has something done right before the writing requests."""

    def __init__(self, service: Any, meddle: Callable[[int], object]) -> None:
        self.driver = service.driver
        self.meddle = meddle
        self.times = 0

    def run(self, program: Program[Any]) -> Any:
        def watched() -> Program[Any]:
            try:
                step = next(program)
                while True:
                    apis = [one.api for one in getattr(step, "requests", ())]
                    if "UpdateItem" in apis or "TransactWriteItems" in apis:
                        self.meddle(self.times)
                        self.times += 1
                    step = program.send((yield step))
            except StopIteration as end:
                return end.value

        return self.driver.run(watched())


def test_a_writer_that_comes_between_wins_and_is_picked_up(both: Both) -> None:
    both.write(1)
    task = both.old.entities.task

    def meddle(times: int) -> None:
        if times < 3:
            task.patch(team="T1", id="Id0").add(points=1).go()

    meddler = Meddler(both.old, meddle)
    program = move_items([(both.moving, item) for item in both.mine()], both.table)
    assert outcomes(meddler.run(program)) == ["moved"]
    assert meddler.times == 4
    assert both.new.entities.task.parse(both.mine()[0]).points == 3


def test_an_item_that_never_rests_is_a_conflict_and_stays_what_it_is(both: Both) -> None:
    both.write(1)
    task = both.old.entities.task
    meddler = Meddler(both.old, lambda _: task.patch(team="T1", id="Id0").add(points=1).go())
    program = move_items([(both.moving, item) for item in both.mine()], both.table)
    assert outcomes(meddler.run(program)) == ["conflict"]
    assert task.parse(both.mine()[0]).points == 5
    assert both.moving.is_earlier(both.mine()[0])


def case_named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def test_another_item_under_the_new_key_is_left_alone(engine: Any, table_name: str) -> None:
    folded = deepcopy(OLD)
    folded["attributes"] |= {"code": {"type": "string", "required": True}}
    new = deepcopy(folded)
    new["indexes"]["tasks"]["sk"]["template"] = "task#${id}"
    new["indexes"]["tasks"]["sk"].pop("composite")
    new["indexes"]["tasks"]["sk"]["casing"] = "lower"
    old = deepcopy(folded)
    old["indexes"]["tasks"]["sk"]["casing"] = "none"
    both = Both(Case("folding", old, new, {}), engine, table_name)
    for name in ("A", "a"):
        both.old.entities.task.put(team="t", id=name, kind="bug", code=name).go()
    before = both.mine()
    moved = both.move()
    assert sorted(one.outcome for one in moved) == ["failed", "moved"]
    (failed,) = [one for one in moved if one.outcome == "failed"]
    assert isinstance(failed.error, KeyCollisionError)
    assert "another item is stored under its new key" in failed.error.message
    assert failed.key in [{name: item[name] for name in ("pk", "sk")} for item in before]
    assert len(both.mine()) == 2
    both.close()


def test_items_come_under_unique_constraints_and_duplicates_are_named(
    engine: Any, table_name: str
) -> None:
    new = {**deepcopy(OLD), "unique": [["employee"]]}
    both = Both(Case("unique", OLD, new, {"unique": True}), engine, table_name)
    for name, employee in (("1", "e1"), ("2", "e2"), ("3", "e1")):
        both.old.entities.task.put(team="t", id=name, kind="bug", employee=employee).go()
    moved = both.move()
    assert sorted(one.outcome for one in moved) == ["failed", "moved", "moved"]
    # They are sent side by side, so either of the two that share a value may be first.
    (left,) = (one for one in moved if one.outcome == "failed")
    number = left.key["sk"]["S"].rpartition("_")[2]
    assert number in ("1", "3")
    assert isinstance(left.error, UniqueConstraintError)
    assert left.error.attributes == ("employee",)
    with pytest.raises(UniqueConstraintError):
        both.new.entities.task.create(team="t", id="4", kind="bug", employee="e2").go()
    assert sorted(one.outcome for one in both.move()) == ["done", "done", "failed"]
    both.old.entities.task.patch(team="t", id=number).set(employee="e3").go()
    assert sorted(one.outcome for one in both.move()) == ["done", "done", "moved"]
    both.close()


def test_an_item_that_cannot_be_converted_is_left_and_its_neighbours_move(
    engine: Any, table_name: str
) -> None:
    new = deepcopy(OLD)
    new["attributes"]["points"] = "string"
    new["attributes"]["size"] = {"type": "integer", "min": 3}
    change = {
        "attributes": {
            "points": {"value": "to_string(points)", "back": "to_number(points)"},
            "size": {"value": "points"},
        }
    }
    both = Both(Case("small", OLD, new, change), engine, table_name)
    for n in (1, 5):
        both.old.entities.task.put(team="t", id=f"{n}", kind="bug", points=n).go()
    moved = both.move()
    assert [one.outcome for one in moved] == ["failed", "moved"]
    assert isinstance(moved[0].error, ConversionError)
    assert "points" in both.mine()[0]
    assert both.mine()[0]["points"] == {"N": "1"}
    both.close()


def test_items_are_copied_to_another_table_and_stay_where_they_are(
    engine: Any, new_table_name: Callable[[], str]
) -> None:
    case = Case("copy", COMPANIONS, case_named("companions").new, RENAME)
    both = Both(case, engine, new_table_name())
    both.write(4)
    other = leyden.load(case.new, table=new_table_name(), engine=engine)
    other.create_table()
    before = both.raw()

    def copy() -> list[str]:
        entries = [(both.moving, item) for item in both.mine()]
        return outcomes(both.old.driver.run(move_items(entries, both.table, copy_to=other.table)))

    assert copy() == ["moved"] * 4
    assert copy() == ["done"] * 4
    assert plain(both.raw()) == plain(before)
    for n in range(4):
        found = other.entities.task.get(team="T1", id=f"Id{n}").go()
        assert (found.assignee, found.points) == (f"e{n}", n)
        assert found.text == LARGE[: 600_000 * (n % 2)]
    both.old.entities.task.patch(team="T1", id="Id2").set(points=99).go()
    assert copy() == ["done", "done", "moved", "done"]
    assert other.entities.task.get(team="T1", id="Id2").go().points == 99
    both.close()
    other.close()


def test_a_lost_connection_is_nobodys_fault_and_ends_it(engine: Any, table_name: str) -> None:
    both = Both(CASES[0], engine, table_name)
    both.write(1)
    entries = [(both.moving, item) for item in both.mine()]
    program = move_items(entries, both.table)
    step = next(program)
    assert isinstance(step.requests[0], Request)
    error = leyden.errors.ConnectionFailedError("gone")
    with pytest.raises(leyden.errors.ConnectionFailedError):
        program.send([error])
    both.close()
