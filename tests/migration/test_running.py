"""A migration runs, is killed and goes on, is verified, rolled back and committed."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

import leyden
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    InvalidOptionError,
    LeydenError,
    MigrationBusyError,
    MigrationError,
    SchemaError,
    TableMismatchError,
    TableNotFoundError,
    ThrottledError,
)
from leyden.migration import Entry, Logbook, MigrationProgress, is_progress
from leyden.operations.bound import shown_key
from leyden.program import Gather, Item, Pause, Program, Request
from leyden.schema import BEFORE_FIELD
from leyden.service.migration import work_of
from leyden.tables import read_items
from tests.operations.migrating.cases import CASES, COMPANIONS, OLD, Case

COUNT = 20


class Ground:
    """A table of a case, with a service of either schemas, and items of another entity in it."""

    def __init__(self, case: Case, engine: Any, table: str) -> None:
        self.case = case
        self.table = table
        self.old = leyden.load(case.old, table=table, engine=engine)
        self.new = leyden.load(case.new, table=table, engine=engine)
        self.old.create_table()

    def fill(self, count: int = COUNT) -> None:
        large = "text" in self.case.old["attributes"]
        for n in range(count):
            self.old.entities.task.put(
                team=f"T{n % 3}",
                id=f"Id{n}",
                kind="bug",
                employee=f"e{n}",
                points=n,
                **({"text": "long " * 100_000} if large and n == 1 else {}),
            ).go()
        self.old.driver.send(Request("PutItem", {"TableName": self.table, "Item": FOREIGN}))

    def raw(self) -> list[Item]:
        """All items but the migration's own."""
        items = (item for item in every_item(self.old) if not is_progress(item))
        return sorted(map(settled, items), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def migrate(self, **options: Any) -> Any:
        return self.new.migrate(self.case.migration, **options)

    def points(self) -> dict[str, int]:
        """The points of all items as the new schema sees them."""
        own = self.new.entities.task
        return {record.id: record.points for record in map(own.parse, filter(own.owns, self.raw()))}

    def close(self) -> None:
        self.old.close()
        self.new.close()


def every_item(app: leyden.Service) -> list[Item]:
    """All that is in a service's table."""
    items: list[Item] = []
    position = None
    while True:
        page = app.driver.run(read_items(app.table, position=position, consistent=True))
        items += page.items
        position = page.position
        if position is None:
            return items


FOREIGN: Item = {"pk": {"S": "$other#1"}, "sk": {"S": "x"}, "points": {"S": "not ours"}}


def settled(item: Item) -> Item:
    """An item with the order of its sets settled."""
    return {
        name: {"SS": sorted(value["SS"])} if "SS" in value else value
        for name, value in item.items()
    }


@pytest.fixture(params=[pytest.param(case, id=case.name) for case in CASES])
def ground(request: pytest.FixtureRequest, engine: Any, table_name: str) -> Iterator[Ground]:
    made = Ground(request.param, engine, table_name)
    made.fill()
    yield made
    made.close()


@pytest.fixture
def first(engine: Any, table_name: str) -> Iterator[Ground]:
    """The ground of one case."""
    made = Ground(CASES[0], engine, table_name)
    made.fill()
    yield made
    made.close()


def test_it_runs_and_is_verified_and_rolled_back_and_committed(ground: Ground) -> None:
    before = ground.raw()
    plan = ground.migrate(dry_run=True)
    assert ground.raw() == before
    assert (plan.writes, plan.failed, plan.phase) == (COUNT, 0, None)
    report = ground.migrate()
    assert (report.phase, report.moved, report.counts.done) == ("verified", COUNT, COUNT)
    assert (report.is_complete, report.failures) == (True, ())
    assert ground.points() == {f"Id{n}": n for n in range(COUNT)}
    assert FOREIGN in ground.raw()
    again = ground.migrate()
    assert (again.phase, again.moved, again.counts.moved) == ("verified", COUNT, 0)
    back = ground.migrate(rollback=True)
    assert (back.phase, back.moved) == ("rolled_back", COUNT)
    assert ground.raw() == before, "the old bytes"
    assert ground.migrate().phase == "verified"
    done = ground.migrate(commit=True)
    assert (done.phase, done.is_complete) == ("committed", True)
    assert all(BEFORE_FIELD not in item for item in ground.raw())
    assert ground.points() == {f"Id{n}": n for n in range(COUNT)}
    assert ground.migrate().phase == "committed"
    with pytest.raises(MigrationError, match="what rolling back needs is gone"):
        ground.migrate(rollback=True)


class KilledError(Exception):
    """The process is gone."""


def killed_after(program: Program[Any], requests: int) -> Program[Any]:
    """The program, until it has sent so many requests; half of a last group is sent as well."""
    left = requests
    try:
        step = next(program)
        while True:
            if isinstance(step, Gather):
                if len(step.requests) > left:
                    if left:
                        yield Gather(step.requests[:left], step.concurrency)
                    raise KilledError
                left -= len(step.requests)
            elif isinstance(step, Request):
                if not left:
                    raise KilledError
                left -= 1
            step = program.send((yield step))
    except StopIteration as end:
        return end.value


def run_killed(ground: Ground, requests: int, **options: Any) -> Any:
    """Run, in a process that is killed after so many requests, and leaves its lease behind."""
    work = work_of(ground.new, ground.case.migration, **{"segments": 2, "lease": 1.0, **options})
    return ground.new.driver.run(killed_after(work.program(), requests))


@pytest.mark.parametrize("seed", range(2))
def test_killed_anywhere_and_run_again_it_ends_as_if_nothing_had_been(
    engine: Any, table_name: str, seed: int
) -> None:
    dice = random.Random(seed)
    ground = Ground(dice.choice(CASES), engine, table_name)
    ground.fill()
    before = ground.raw()
    kills = 0
    for options in ({}, {"rollback": True}, {}, {"commit": True}):
        for _ in range(2):
            try:
                run_killed(ground, dice.randint(0, 24), **options)
            except KilledError:
                kills += 1
        kinds = {item.get("id", {}).get("S") for item in ground.raw()}
        assert kinds >= {f"Id{n}" for n in range(COUNT)}
        report = ground.migrate(**options, lease=1)
        assert report.is_complete
        if options == {"rollback": True}:
            assert ground.raw() == before
        else:
            assert ground.points() == {f"Id{n}": n for n in range(COUNT)}
    assert kills > 2
    ground.close()


def test_a_killed_run_is_waited_for_and_a_living_one_is_left_alone(first: Ground) -> None:
    with pytest.raises(KilledError):
        run_killed(first, 6, lease=60)
    told: list[MigrationProgress] = []
    work = work_of(first.new, first.case.migration, progress=told.append)
    waited = 0.0

    def hurried(program: Program[Any]) -> Program[Any]:
        """The program, whose pauses take no time but by its own clock."""
        nonlocal waited
        try:
            step = next(program)
            while True:
                if isinstance(step, Pause):
                    waited += step.seconds
                    step = next(program)
                else:
                    step = program.send((yield step))
        except StopIteration as end:
            return end.value

    work.logbook._clock = lambda: time.time() + waited
    report: Any = first.new.driver.run(hurried(work.program()))
    assert told[0].waiting
    assert not told[-1].waiting
    assert report.is_complete
    assert 0 < waited <= 61


def test_a_migration_that_another_process_works_on_is_left_alone(first: Ground) -> None:
    definition = first.old.table_definition
    other = Logbook(definition, first.table, "moved", "migrate", lease=1)
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.2):
            first.old.driver.run(other.save(Entry("moved", "running", positions=({},))))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        time.sleep(0.5)
        for options in ({}, {"rollback": True}):
            with pytest.raises(MigrationBusyError, match="another process is at work"):
                first.migrate(lease=1, **options)
    finally:
        is_over.set()
        thread.join()
    report = first.migrate(lease=1)
    assert report.is_complete
    # Whoever lost the lease meanwhile stops at the next save.
    with pytest.raises(MigrationBusyError):
        first.old.driver.run(other.save(Entry("moved", "running")))


def test_after_an_error_the_lease_is_given_back(first: Ground) -> None:
    def fail(_: MigrationProgress) -> None:
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError):
        first.migrate(progress=fail)
    report = first.migrate()
    assert report.is_complete
    assert report.seconds < 20


def test_what_the_old_code_writes_meanwhile_is_brought_over_by_a_later_pass(first: Ground) -> None:
    task = first.old.entities.task
    times = []

    def write(progress: MigrationProgress) -> None:
        if len(times) < 5:
            times.append(progress.turn)
            task.put(team="T0", id="Id0", kind="bug", points=100 + len(times)).go()
            task.put(team="late", id=f"L{len(times)}", kind="bug", points=1).go()

    report = first.migrate(progress=write)
    assert (report.phase, report.is_complete) == ("verified", True)
    assert report.turns > 2
    assert first.points() == {
        **{f"Id{n}": n for n in range(COUNT)},
        "Id0": 105,
        **{f"L{n}": 1 for n in range(1, 6)},
    }


def test_code_that_never_stops_writing_the_old_form_is_told_of(first: Ground) -> None:
    task = first.old.entities.task
    written = iter(range(100_000))
    report = first.migrate(
        progress=lambda _: task.put(team="T0", id="Id0", kind="bug", points=next(written)).go()
    )
    assert (report.phase, report.is_complete) == ("unsettled", False)
    with pytest.raises(MigrationError, match="it has not run to its end"):
        first.migrate(commit=True)
    assert first.migrate().phase == "verified"


def test_a_rollback_keeps_the_latest_values(first: Ground) -> None:
    first.migrate()
    first.new.entities.task.patch(team="T0", id="Id0").set(points=77, assignee="somebody").go()
    first.new.entities.task.delete(team="T1", id="Id1").go()
    first.new.entities.task.create(team="T1", id="new", kind="idea", points=5).go()
    first.migrate(rollback=True)
    found = first.old.entities.task
    record = found.get(team="T0", id="Id0").go()
    assert (record.points, record.employee) == (77, "somebody")
    assert found.get(team="T1", id="Id1").go() is None
    assert found.get(team="T1", id="new").go().points == 5
    assert found.query.by_employee(employee="somebody").go().items == (record,)


def with_points_from(least: int) -> Case:
    new = deepcopy(OLD)
    new["version"] = "2"
    new["attributes"]["points"] = {"type": "number", "min": least}
    change = {"attributes": {"points": {"value": "points"}}}
    return Case("least", OLD, new, change)


def test_items_that_cannot_be_converted_are_listed_left_alone_and_in_the_way_of_a_commit(
    engine: Any, table_name: str
) -> None:
    ground = Ground(with_points_from(3), engine, table_name)
    ground.fill(10)
    plan = ground.migrate(dry_run=True)
    assert (plan.writes, plan.failed, len(plan.failures)) == (7, 3, 3)
    report = ground.migrate()
    assert (report.phase, report.is_complete) == ("verified", False)
    assert (report.counts.failed, len(report.failures)) == (3, 3)
    failure = report.failures[0]
    assert failure.alias == "task"
    assert failure.key in [{n: item[n] for n in ("pk", "sk")} for item in ground.raw()]
    assert '"points" must be at least 3' in failure.reason
    assert "pk='$moved#team_t" in failure.reason
    with pytest.raises(MigrationError, match="3 items could not be moved"):
        ground.migrate(commit=True)
    for n in range(3):
        ground.old.entities.task.patch(team=f"T{n}", id=f"Id{n}").set(points=9).go()
    assert ground.migrate().is_complete
    assert ground.migrate(commit=True).is_complete
    ground.close()


def keyed_by(*composites: str, of: dict[str, Any] = OLD) -> dict[str, Any]:
    schema = deepcopy(of)
    schema["attributes"]["employee"] = {"type": "string", "required": True}
    schema["indexes"]["tasks"]["sk"]["composite"] = [*composites]
    return schema


def test_items_that_would_get_one_key_are_told_of_and_none_is_lost(
    engine: Any, table_name: str
) -> None:
    change = Case("shorter key", keyed_by("id"), keyed_by("employee"), {})
    ground = Ground(change, engine, table_name)
    for n in range(9):
        of = {"team": "a", "kind": "bug", "points": n}
        ground.old.entities.task.put(id=f"Id{n}", employee=f"e{n // 3}", **of).go()
    before = ground.raw()
    plan = ground.migrate(dry_run=True)
    assert (plan.writes, plan.failed) == (3, 6)
    assert "another item has its new key" in plan.failures[0].reason
    report = ground.migrate()
    assert (report.counts.failed, report.is_complete) == (6, False)
    assert "another item is stored under its new key" in report.failures[0].reason
    assert sorted(item["points"]["N"] for item in ground.raw()) == [str(n) for n in range(9)]
    assert ground.migrate(rollback=True).is_complete
    assert ground.raw() == before
    ground.close()


def test_a_rollback_leaves_items_that_had_no_keys_of_their_own_before(
    engine: Any, table_name: str
) -> None:
    change = Case("longer key", keyed_by("id"), keyed_by("id", "kind"), {})
    ground = Ground(change, engine, table_name)
    ground.fill(4)
    ground.migrate()
    one = {"team": "T0", "id": "Id0", "employee": "e0", "points": 70}
    ground.new.entities.task.create(kind="idea", **one).go()
    plan = ground.migrate(rollback=True, dry_run=True)
    assert (plan.writes, plan.failed) == (4, 1)
    report = ground.migrate(rollback=True)
    assert (report.counts.failed, report.is_complete) == (1, False)
    left = [item["points"]["N"] for item in ground.raw() if item != FOREIGN]
    assert sorted(left) == ["0", "1", "2", "3", "70"]
    ground.close()


def test_each_step_says_what_can_be_done_instead(first: Ground) -> None:
    with pytest.raises(MigrationError, match="it has not run; run it") as caught:
        first.migrate(commit=True)
    assert (caught.value.name, caught.value.operation) == ("moved", "migrate")
    with pytest.raises(KilledError):
        run_killed(first, 3, rollback=True)
    with pytest.raises(MigrationError, match="a rollback is under way"):
        first.migrate(lease=1)
    assert first.migrate(rollback=True, lease=1).phase == "rolled_back"
    first.migrate()
    with pytest.raises(KilledError):
        run_killed(first, 3, commit=True)
    with pytest.raises(MigrationError, match="a commit is under way"):
        first.migrate(lease=1)
    with pytest.raises(MigrationError, match="what rolling back needs is gone"):
        first.migrate(lease=1, rollback=True)
    assert first.migrate(commit=True, lease=1).phase == "committed"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rollback": True, "commit": True}, "use one of"),
        ({"rate": 0}, '"rate" takes capacity units'),
        ({"rate": True}, '"rate" takes capacity units'),
        ({"segments": 0}, '"segments" takes a number from 1 to 64'),
        ({"lease": 0}, '"lease" takes a number of seconds'),
        ({"progress": "print"}, '"progress" takes a function'),
    ],
)
def test_wrong_options_are_refused(first: Ground, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        first.migrate(**options)


def test_a_file_that_does_not_fit_is_refused(first: Ground) -> None:
    wrong = {**first.case.migration, "entities": {"tusk": {}}}
    with pytest.raises(SchemaError, match="tusk"):
        first.new.migrate(wrong)


def test_it_runs_on_an_event_loop_as_well(first: Ground, engine: Any) -> None:
    async def run() -> None:
        told: list[MigrationProgress] = []
        migration = first.case.migration
        async with await leyden.load_async(first.case.new, table=first.table, engine=engine) as app:
            plan = await app.migrate(migration, dry_run=True, progress=told.append)
            assert plan.writes == COUNT
            report = await app.migrate(migration, progress=told.append)
            assert (report.phase, report.moved) == ("verified", COUNT)
            assert {one.turn for one in told} >= {1, 2}
            broken = asyncio.create_task(
                app.migrate(migration, rollback=True, progress=lambda _: broken.cancel())
            )
            with pytest.raises(asyncio.CancelledError):
                await broken
            assert (await app.migrate(migration, rollback=True)).seconds < 20
            assert (await app.migrate(migration, rollback=True)).is_complete

    before = first.raw()
    asyncio.run(run())
    assert first.raw() == before


def test_listeners_hear_its_requests(first: Ground) -> None:
    heard: list[Any] = []
    with first.new.driver.listen(heard.append):
        first.migrate()
    sent = [one for one in heard if isinstance(one, leyden.events.RequestSent)]
    assert {one.operation for one in sent} == {"migrate"}
    assert {"Scan", "TransactWriteItems", "PutItem"} <= {one.api for one in sent}


def unheard(program: Program[Any], dice: random.Random) -> Program[Any]:
    """The program over a connection that breaks off when some requests have been answered."""
    try:
        step = next(program)
        while True:
            try:
                answer = yield step
            except LeydenError as refused:
                step = program.throw(refused)
                continue
            if getattr(step, "api", "") == "PutItem" and dice.random() < 0.5:
                error = leyden.errors.ConnectionFailedError("the connection broke off")
                error.unsure = True
                step = program.throw(error)
            elif isinstance(step, Gather) and dice.random() < 0.2:
                lost = leyden.errors.ConnectionFailedError("the connection broke off")
                lost.unsure = True
                step = program.send([lost, *answer[1:]])
            else:
                step = program.send(answer)
    except StopIteration as end:
        return end.value


def test_lost_answers_are_made_up_for(ground: Ground) -> None:
    work = work_of(ground.new, ground.case.migration, segments=2, lease=1)
    report: Any = ground.new.driver.run(unheard(work.program(), random.Random(5)))
    assert report.is_complete
    assert report.moved == COUNT, "those whose answers were lost as well"
    assert ground.points() == {f"Id{n}": n for n in range(COUNT)}
    assert ground.migrate(lease=1).seconds < 5, "the lease was given back"


def refused_after(program: Program[Any], api: str, count: int) -> Program[Any]:
    """The program with credentials that may not call an API any more after so many times."""
    left = count

    def answered(request: Request) -> Program[Any]:
        nonlocal left
        if request.api != api or (left := left - 1) >= 0:
            return (yield request)
        return AwsError(f"the credentials may not call {api}", aws_code="AccessDeniedException")

    try:
        step = next(program)
        while True:
            if isinstance(step, Gather):
                answers = []
                for request in step.requests:
                    answers.append((yield from answered(request)))
                step = program.send(answers)
            elif isinstance(step, Request):
                answer = yield from answered(step)
                step = (program.throw if isinstance(answer, AwsError) else program.send)(answer)
            else:
                step = program.send((yield step))
    except StopIteration as end:
        return end.value


def test_an_error_says_how_far_it_came_and_the_next_run_counts_on(first: Ground) -> None:
    work = work_of(first.new, first.case.migration, segments=2)
    driver = first.new.driver
    with pytest.raises(AwsError) as caught:
        driver.run(refused_after(work.program(), "TransactWriteItems", 7))
    assert str(caught.value) == (
        "the credentials may not call TransactWriteItems; 7 items were moved so far; run it again, "
        "and it goes on from there"
    )
    assert not caught.value.outcome, "no write that must not be made again"
    driver.run(work.job.give_back())
    told: list[MigrationProgress] = []
    report = first.migrate(progress=told.append)
    assert (report.is_complete, report.moved, report.seconds < 20) == (True, COUNT, True)
    assert not told[0].waiting


def test_an_error_before_it_began_says_nothing_of_going_on(first: Ground) -> None:
    work = work_of(first.new, first.case.migration)
    with pytest.raises(AwsError) as caught:
        first.new.driver.run(refused_after(work.program(), "GetItem", 0))
    assert caught.value.message == "the credentials may not call GetItem"


def lost_once(program: Program[Any], api: str) -> Program[Any]:
    """The program over a connection on which one answer to an API never comes."""
    is_lost = False
    try:
        step = next(program)
        while True:
            answer = yield step
            requests = step.requests if isinstance(step, Gather) else ()
            if not is_lost and any(getattr(one, "api", "") == api for one in requests):
                is_lost = True
                answer = [ConnectionFailedError("the connection broke off"), *answer[1:]]
            step = program.send(answer)
    except StopIteration as end:
        assert is_lost
        return end.value


def test_what_is_read_beside_an_item_is_read_again_when_its_answer_was_lost(
    engine: Any, table_name: str
) -> None:
    old = kept_unique()
    ground = Ground(
        Case("added", old, kept_unique("employee"), {"unique": True}), engine, table_name
    )
    ground.fill()
    work = work_of(ground.new, ground.case.migration, segments=1)
    report: Any = ground.new.driver.run(lost_once(work.program(), "BatchGetItem"))
    assert (report.is_complete, report.moved) == (True, COUNT)
    ground.close()


def throttling(program: Program[Any], dice: random.Random) -> Program[Any]:
    """The program over a table that throttles one in ten requests, after all of the retries."""
    try:
        step = next(program)
        while True:
            if not isinstance(step, Gather):
                step = program.send((yield step))
                continue
            refused = {n for n in range(len(step.requests)) if dice.random() < 0.1}
            rest = [one for n, one in enumerate(step.requests) if n not in refused]
            answers = iter((yield Gather(tuple(rest), step.concurrency)) if rest else ())
            step = program.send(
                [
                    ThrottledError("too much") if n in refused else next(answers)
                    for n in range(len(step.requests))
                ]
            )
    except StopIteration as end:
        return end.value


def test_throttled_requests_are_sent_again(first: Ground) -> None:
    work = work_of(first.new, first.case.migration, segments=2)
    report: Any = first.new.driver.run(throttling(work.program(), random.Random(3)))
    assert report.is_complete
    assert report.throttles > 3
    assert report.moved == COUNT
    assert first.points() == {f"Id{n}": n for n in range(COUNT)}


def test_a_copy_fills_another_table_and_changes_nothing_here(
    engine: Any, new_table_name: Callable[[], str]
) -> None:
    case = next(case for case in CASES if case.name == "companions")
    ground = Ground(case, engine, new_table_name())
    ground.fill(12)
    before = ground.raw()
    other = leyden.load(case.new, table=new_table_name(), engine=engine)
    other.create_table()
    migration = {**case.migration, "copy": {"table": other.table}}
    plan = ground.new.migrate(migration, dry_run=True)
    assert plan.writes == 12
    report = ground.new.migrate(migration)
    assert (report.phase, report.moved) == ("verified", 12)
    assert ground.raw() == before
    found = other.entities.task.scan.go(pages="all")
    assert sorted(record.points for record in found) == list(range(12))
    assert all(BEFORE_FIELD not in item for item in other.entities.task.scan.go(data="raw"))
    with pytest.raises(InvalidOptionError, match="nothing to roll back"):
        ground.new.migrate(migration, rollback=True)
    with pytest.raises(LeydenError, match="cannot copy a table to itself"):
        ground.new.migrate({**migration, "copy": {"table": ground.table}})
    ground.close()
    other.close()


def test_a_copy_follows_what_was_written_and_not_what_was_deleted(
    engine: Any, new_table_name: Callable[[], str]
) -> None:
    large = {"text": {"type": "string", "overflow": "chunk"}, "slug": "string"}
    schema = {**deepcopy(OLD), "unique": [["slug"]]}
    schema["attributes"] = {**schema["attributes"], **large}
    old = leyden.load(schema, table=new_table_name(), engine=engine)
    old.create_table()
    new = leyden.load({**schema, "version": "2"}, table=old.table, engine=engine)
    copy = leyden.load({**schema, "version": "2"}, table=new_table_name(), engine=engine)
    copy.create_table()
    migration = {
        "migration": "copying",
        "from": schema,
        "copy": {"table": copy.table},
        "entities": {"task": {}},
    }
    task, key = old.entities.task, {"team": "a", "employee": "e", "kind": "bug", "points": 1}
    dice = random.Random(1)
    texts = ["".join(dice.choices("0123456789abcdef", k=900_000)) for _ in range(2)]
    task.put(**key, id="1", slug="one", text=texts[0]).go()
    task.put(**key, id="2", slug="two").go()
    task.put(**key, id="3", slug="three").go()
    report = new.migrate(migration)
    assert (report.is_complete, report.moved, report.copied_to) == (True, 3, copy.table)

    # One gets other parts, and the second takes the value that the first gives up.
    task.put(**key, id="1", slug="first", text=texts[1]).go()
    task.put(**key, id="2", slug="one").go()
    task.delete(team="a", id="3").go()
    report = new.migrate(migration)
    assert report.is_complete
    found = {one.id: (one.slug, one.text) for one in copy.entities.task.scan.go(pages="all")}
    assert found == {"1": ("first", texts[1]), "2": ("one", None), "3": ("three", None)}
    assert copy.doctor(full=True).findings == (), "nothing of the earlier copies is left"

    # The copy of what is gone still has its value.
    task.put(**key, id="4", slug="three").go()
    (failure,) = new.migrate(migration).failures
    assert failure.key["sk"]["S"].endswith("4")
    assert "if that item was deleted here, delete its copy" in failure.reason
    copy.entities.task.delete(team="a", id="3").go()
    assert new.migrate(migration).is_complete
    for app in (old, new, copy):
        app.close()


def test_a_copy_goes_to_a_table_that_is_another_one_with_its_key(
    engine: Any, new_table_name: Callable[[], str]
) -> None:
    case = next(case for case in CASES if case.name == "companions")
    ground = Ground(case, engine, new_table_name())
    ground.fill(3)
    before = ground.raw()

    def copied(table: str, **options: Any) -> Any:
        return ground.new.migrate({**case.migration, "copy": {"table": table}}, **options)

    for dry_run in (False, True):
        with pytest.raises(TableNotFoundError, match="to which the migration copies the items"):
            copied(new_table_name(), dry_run=dry_run)
    keyed_otherwise = deepcopy(case.new)
    for index in keyed_otherwise["indexes"].values():
        if "index" not in index:
            index["pk"]["field"] = "other"
    other = leyden.load(keyed_otherwise, table=new_table_name(), engine=engine)
    other.create_table()
    with pytest.raises(TableMismatchError, match="the table's own key"):
        copied(other.table)
    described = ground.new.driver.send(Request("DescribeTable", {"TableName": ground.table}))
    # DynamoDB Local takes no ARN for a name.
    with pytest.raises((InvalidOptionError, AwsError)):
        copied(described["Table"]["TableArn"])
    assert ground.raw() == before
    ground.close()
    other.close()


def kept_unique(*attributes: str, of: dict[str, Any] = OLD, **options: Any) -> dict[str, Any]:
    return {**deepcopy(of), **({"unique": [[*attributes]]} if attributes else {}), **options}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        pytest.param(kept_unique("employee"), kept_unique(), {}, id="dropped"),
        pytest.param(kept_unique(), kept_unique("employee"), {"unique": True}, id="added"),
        pytest.param(
            kept_unique("employee"), kept_unique("employee", "id"), {"unique": True}, id="other"
        ),
        pytest.param(kept_unique("employee"), kept_unique(version="2"), {}, id="version"),
    ],
)
def test_constraints_that_come_and_go_have_their_guards_there_and_back(
    engine: Any, table_name: str, old: Any, new: Any, change: Any
) -> None:
    """The items' own fields are the same before and after: only their guards differ."""
    ground = Ground(Case("unique", old, new, change), engine, table_name)
    ground.fill(6)
    before = ground.raw()
    assert ground.migrate().phase == "verified"
    assert [one.code for one in faults_of(ground.new)] == []
    assert ground.migrate(rollback=True).phase == "rolled_back"
    assert ground.raw() == before, "the old guards as well"
    assert ground.migrate().phase == "verified"
    assert ground.migrate(commit=True).phase == "committed"
    assert [one.code for one in faults_of(ground.new)] == []
    ground.close()


def faults_of(app: Any) -> list[Any]:
    return [one for one in app.doctor(full=True).findings if one.severity != "note"]


def ringed(of: dict[str, Any] = OLD) -> Case:
    """The key of an item is made of its team, and then of its id; its points become a score."""

    def keyed(name: str) -> dict[str, Any]:
        schema = deepcopy(of)
        schema["indexes"]["tasks"]["pk"] = {"field": "pk", "template": f"${{{name}}}"}
        schema["indexes"]["tasks"]["sk"] = {"field": "sk", "composite": []}
        return schema

    new = keyed("id")
    del new["attributes"]["points"]
    new["attributes"]["score"] = {"type": "number", "min": 0}
    change = {"attributes": {"score": {"value": "points", "back": {"points": "score"}}}}
    return Case("ringed", keyed("team"), new, change)


def put_ring(ground: Ground, size: int, name: str = "r", **more: Any) -> None:
    """Items each of which gets the key of the next one, and the last one that of the first."""
    for n in range(size):
        of = {"team": f"{name}{n}", "id": f"{name}{(n + 1) % size}", "kind": "bug", "points": n}
        ground.old.entities.task.put(employee=f"{name}e{n}", **{**of, **more}).go()


def points_of(ground: Ground) -> list[int]:
    """The points of all items, whatever form they have."""
    found = [item.get("points") or item.get("score") for item in ground.raw()]
    return sorted(int(one["N"]) for one in found if one)


@pytest.mark.parametrize("page", [1, 100], ids=["each on a page", "on one page"])
@pytest.mark.parametrize("company", [False, True], ids=["alone", "with guards and parts"])
def test_items_whose_keys_trade_places_move_together_and_back(
    engine: Any, table_name: str, monkeypatch: pytest.MonkeyPatch, page: int, company: bool
) -> None:
    monkeypatch.setattr("leyden.migration.job._FIRST_PAGE", page)
    monkeypatch.setattr("leyden.migration.job._MOST_PAGE", page)
    monkeypatch.setattr("leyden.operations.run.moving.LOOKS", 2)
    ground = Ground(ringed(COMPANIONS if company else OLD), engine, table_name)
    put_ring(ground, 2, "a")
    put_ring(ground, 3, "b", **({"text": "long " * 100_000} if company else {}))
    put_ring(ground, 6, "c")
    # Without the last one it is no ring: the others wait in a row for one that waits for nobody.
    ground.old.entities.task.delete(team="c5").go()
    before = ground.raw()
    plan = ground.migrate(dry_run=True)
    assert (plan.writes, plan.failed) == (10, 0)
    report = ground.migrate()
    assert (report.phase, report.moved, report.counts.failed) == ("verified", 10, 0)
    own = ground.new.entities.task
    records = [*own.scan.go(pages="all")]
    assert sorted(record.score for record in records) == [0, 0, 0, 1, 1, 1, 2, 2, 3, 4]
    for record in records:
        assert own.get(id=record.id).go() == record
    assert faults_of(ground.new) == []
    back = ground.migrate(rollback=True)
    assert (back.phase, back.moved, back.counts.failed) == ("rolled_back", 10, 0)
    assert ground.raw() == before, "the old bytes, guards and parts included"
    assert ground.migrate().is_complete
    assert ground.migrate(commit=True).is_complete
    assert [*own.scan.go(pages="all")] == records
    ground.close()


def test_items_whose_keys_trade_places_survive_kills(engine: Any, table_name: str) -> None:
    dice = random.Random(1)
    ground = Ground(ringed(COMPANIONS), engine, table_name)
    put_ring(ground, 2, "a", text="long " * 100_000)
    put_ring(ground, 3, "b")
    before = ground.raw()
    kills = 0
    for options in ({}, {"rollback": True}, {}, {"commit": True}):
        for _ in range(2):
            try:
                run_killed(ground, dice.randint(1, 20), **options)
            except KilledError:
                kills += 1
            assert points_of(ground) == [0, 0, 1, 1, 2]
        assert ground.migrate(**options, lease=1).is_complete
        if options == {"rollback": True}:
            assert ground.raw() == before
        else:
            assert faults_of(ground.new) == []
    assert kills > 2
    ground.close()


def test_who_writes_one_of_a_ring_meanwhile_wins(engine: Any, table_name: str) -> None:
    ground = Ground(ringed(), engine, table_name)
    put_ring(ground, 2)
    met = 0

    def meddled(program: Program[Any]) -> Program[Any]:
        nonlocal met
        try:
            step = next(program)
            while True:
                for one in getattr(step, "requests", ()):
                    kinds = [*map(list, one.params.get("TransactItems", ()))]
                    if kinds == [["Put"], ["Put"]] and met < 2:
                        met += 1
                        ground.old.entities.task.patch(team="r1").add(points=10).go()
                step = program.send((yield step))
        except StopIteration as end:
            return end.value

    work = work_of(ground.new, ground.case.migration)
    report: Any = ground.new.driver.run(meddled(work.program()))
    assert (met, report.moved, report.counts.failed) == (2, 2, 0)
    assert points_of(ground) == [0, 21]
    ground.close()


@pytest.mark.parametrize("page", [1, 100], ids=["each on a page", "on one page"])
def test_a_ring_whose_answers_are_lost_moves_once_and_is_counted_whole(
    engine: Any, table_name: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("leyden.migration.job._FIRST_PAGE", page)
    monkeypatch.setattr("leyden.migration.job._MOST_PAGE", page)
    monkeypatch.setattr("leyden.operations.run.moving.LOOKS", 2)
    ground = Ground(ringed(COMPANIONS), engine, table_name)
    put_ring(ground, 2, "a")
    put_ring(ground, 3, "b")
    before = ground.raw()
    for seed, options in enumerate(({}, {"rollback": True})):
        work = work_of(ground.new, ground.case.migration, segments=2, lease=1, **options)
        program = unheard(work.program(), random.Random(seed))
        report: Any = ground.new.driver.run(program)
        assert (report.is_complete, report.moved) == (True, 5)
    assert ground.raw() == before
    ground.close()


def test_a_ring_of_which_one_cannot_move_stays_and_is_told_of(
    engine: Any, table_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leyden.operations.run.moving.TRANSACTION_LIMIT", 4)
    monkeypatch.setattr("leyden.operations.run.moving.LOOKS", 2)
    ground = Ground(ringed(), engine, table_name)
    put_ring(ground, 3, "a")
    put_ring(ground, 5, "b")
    put_ring(ground, 4, "c")
    ground.old.entities.task.patch(team="a1").set(points=-1).go()
    before = ground.raw()
    report = ground.migrate()
    assert (report.phase, report.moved, report.counts.failed) == ("verified", 4, 8)
    reasons = [one.reason for one in report.failures]
    assert sum("another item is stored under its new key" in one for one in reasons) == 7
    assert sum('"score" must be at least 0' in one for one in reasons) == 1
    left = [item for item in before if item["team"]["S"][0] != "c"]
    assert [item for item in ground.raw() if item["team"]["S"][0] != "c"] == left
    ground.old.entities.task.patch(team="a1").set(points=1).go()
    report = ground.migrate()
    assert (report.moved, report.counts.failed) == (7, 5)
    ground.close()


@pytest.mark.parametrize("size", [2, 3])
def test_code_that_knows_both_forms_moves_a_ring_with_what_it_writes(
    engine: Any, table_name: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("leyden.operations.run.moving.LOOKS", 2)
    names = ["team", "id", "employee"][:size]

    def keyed(first: str, *rest: str) -> dict[str, Any]:
        schema = deepcopy(COMPANIONS)
        schema["attributes"]["employee"] = {"type": "string", "required": True}
        sk = "task#" + "#".join(f"${{{name}}}" for name in rest)
        schema["indexes"]["tasks"]["pk"] = {"field": "pk", "template": f"${{{first}}}"}
        schema["indexes"]["tasks"]["sk"] = {"field": "sk", "template": sk}
        return schema

    case = Case("rotated", keyed(*names), keyed(*names[1:], names[0]), {})
    ground = Ground(case, engine, table_name)
    rings = [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"], ["j", "k", "l"]]
    keys = []
    for n, ring in enumerate(rings):
        for turn in range(size):
            values = [ring[(turn + place) % size] for place in range(size)]
            keys.append(dict(zip(names, values, strict=True)))
            of = {"employee": f"e{n}{turn}", "kind": "bug", "points": len(keys)}
            ground.old.entities.task.put(**{**of, **keys[-1]}).go()
    if size == 3:
        # The other two wait in a row.
        ground.old.entities.task.delete(**keys.pop()).go()
    app = leyden.load(case.new, table=table_name, engine=engine, migrating_from=case.migration)
    task = app.entities.task

    def points() -> list[int | None]:
        found = [task.get(**key).go() for key in keys]
        assert [*task.get(keys).go().items] == found
        assert len(task.scan.go(pages="all")) == sum(one is not None for one in found)
        return [None if one is None else one.points for one in found]

    expected: list[int | None] = [*range(1, len(keys) + 1)]
    assert points() == expected
    assert task.patch(**keys[0]).set(points=50).go(response="all_new").points == 50
    task.delete(**keys[size]).go()
    task.put(**{"employee": "new", "kind": "idea", "points": 70, **keys[2 * size]}).go()
    assert task.patch(**keys[3 * size]).set(points=90).go(response="all_new").points == 90
    expected[0], expected[size], expected[2 * size], expected[3 * size] = 50, None, 70, 90
    assert points() == expected
    assert ground.migrate().is_complete
    assert points() == expected
    assert faults_of(ground.new) == []
    assert ground.migrate(rollback=True).is_complete
    old = [ground.old.entities.task.get(**key).go() for key in keys]
    assert [None if one is None else one.points for one in old] == expected
    assert faults_of(ground.old) == []
    app.close()
    ground.close()


def test_a_rollback_ends_where_an_item_stands_under_the_old_key_of_another(
    engine: Any, table_name: str
) -> None:
    def cased(casing: str) -> dict[str, Any]:
        schema = deepcopy(OLD)
        schema["indexes"]["tasks"]["sk"]["casing"] = casing
        return schema

    ground = Ground(Case("casing", cased("lower"), cased("none"), {}), engine, table_name)
    of = {"team": "a", "kind": "bug", "employee": "e"}
    ground.old.entities.task.put(id="A1", points=1, **of).go()
    ground.migrate()
    ground.new.entities.task.create(id="a1", points=2, **of).go()
    report = ground.migrate(rollback=True)
    assert (report.phase, report.counts.failed) == ("rolled_back", 1)
    assert sorted(item["points"]["N"] for item in ground.raw()) == ["1", "2"]
    assert ground.migrate().is_complete
    ground.close()


NUMBERED: dict[str, Any] = {
    "entity": "reading",
    "version": "1",
    "service": "meters",
    "attributes": {
        "site": {"type": "integer", "required": True},
        "at": {"type": "number", "required": True},
        "celsius": "number",
    },
    "indexes": {
        "readings": {
            "pk": {"field": "pk", "template": "${site}"},
            "sk": {"field": "sk", "template": "${at}"},
        },
        "by_celsius": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "template": "${celsius}"},
            "sk": {"field": "gsi1sk", "composite": ["at"], "cast": "number"},
        },
    },
}


def renumbered(site: str, at: str) -> dict[str, Any]:
    """The schema with keys of numbers that have other names."""
    schema = deepcopy(NUMBERED)
    attributes = schema["attributes"]
    attributes[site], attributes[at] = attributes.pop("site"), attributes.pop("at")
    schema["indexes"]["readings"]["pk"]["template"] = f"${{{site}}}"
    schema["indexes"]["readings"]["sk"]["template"] = f"${{{at}}}"
    schema["indexes"]["by_celsius"]["sk"]["composite"] = [at]
    return schema


@pytest.mark.parametrize(
    ("new", "change", "moves"),
    [
        pytest.param(
            renumbered("place", "when"),
            {
                "place": {"from": "site"},
                "when": {"from": "at", "value": "at", "back": "when"},
            },
            False,
            id="numbers that a step makes the same",
        ),
        pytest.param(
            renumbered("place", "at"),
            {"place": {"from": "site", "call": "negated", "back": {"call": "negated"}}},
            True,
            id="other numbers",
        ),
    ],
)
def test_keys_that_are_numbers_are_the_same_in_whatever_digits_the_service_has_them(
    engine: Any, table_name: str, new: Any, change: Any, moves: bool
) -> None:
    hooks = {"negated": lambda value, _: -value}
    old = leyden.load(NUMBERED, table=table_name, engine=engine)
    app = leyden.load(new, table=table_name, engine=engine, hooks=hooks)
    old.create_table()
    migration = {
        "migration": "m",
        "from": NUMBERED,
        "entities": {"reading": {"attributes": change}},
    }

    def raw() -> list[Item]:
        return sorted((one for one in every_item(old) if not is_progress(one)), key=repr)

    numbers = [-1e22, -2, -1, -0.5, 0, 1e-7, 0.1, 3, 1e21]
    for number in numbers:
        old.entities.reading.put(site=7, at=number, celsius=number).go()
    for site in (1, 2):
        # Python has one hash for -1 and -2.
        old.entities.reading.put(site=site, at=0, celsius=1e-7).go()
    before = raw()
    plan = app.migrate(migration, dry_run=True)
    count = len(before)
    assert (plan.writes, plan.failed, plan.entities[0].moves) == (count, 0, count if moves else 0)
    report = app.migrate(migration)
    assert (report.is_complete, report.moved, report.failures) == (True, count, ())
    name, at = (*change, "at")[:2]
    there = app.entities.reading.query.readings(**{name: -7 if moves else 7}).go()
    assert [getattr(one, at) for one in there] == numbers
    assert app.migrate(migration, rollback=True).is_complete
    assert sorted(map(digits, raw()), key=repr) == sorted(map(digits, before), key=repr)
    app.migrate(migration)
    assert app.migrate(migration, commit=True).is_complete
    old.close()
    app.close()


def digits(item: Item) -> Item:
    """An item with its numbers in digits of one kind."""
    return {
        name: {kind: float(one) if kind == "N" else one for kind, one in value.items()}
        for name, value in sorted(item.items())
    }


def test_every_failure_names_its_item(engine: Any, table_name: str) -> None:
    old = deepcopy(OLD)
    old["attributes"] |= {"text": {"type": "string", "overflow": "chunk"}, "code": "string"}
    new = deepcopy(old)
    new["version"] = "2"
    new["unique"] = [["code"]]
    new["attributes"]["remark"] = new["attributes"].pop("note")
    new["indexes"]["tasks"]["sk"] = {"field": "sk", "template": "task#${place}"}
    new["attributes"]["place"] = {"type": "string", "required": True}
    attributes = {
        "remark": {"from": "note", "call": "remark"},
        "place": {"from": "id", "call": "place"},
    }
    change = {"attributes": attributes, "unique": True}

    def remark(note: str, _: Any) -> str | None:
        if note == "raise":
            raise ValueError("not today")
        return None if note == "lose" else note

    def place(id: str, _: Any) -> str:
        return {"long": "x" * 2000, "same1": "same", "same2": "same"}.get(id, id)

    app = leyden.load(old, table=table_name, engine=engine)
    app.create_table()

    def put(id: str, **values: Any) -> None:
        app.entities.task.put(team="T", id=id, kind="bug", employee="e", **values).go()

    put("raise", note="raise")
    put("lose", note="lose")
    put("long")
    put("same1")
    put("same2")
    put("code1", code="c")
    put("code2", code="c")
    put("type")
    put("parts", text="".join(random.Random(1).choices("0123456789abcdef", k=900_000)))
    for item in every_item(app):
        if item.get("id") == {"S": "type"}:
            changed = {**item, "employee": {"N": "1"}}
            app.driver.send(Request("PutItem", {"TableName": table_name, "Item": changed}))
        if "__leyden_owner__" in item:
            key = {name: item[name] for name in ("pk", "sk")}
            app.driver.send(Request("DeleteItem", {"TableName": table_name, "Key": key}))
    there = leyden.load(
        new, table=table_name, engine=engine, hooks={"remark": remark, "place": place}
    )
    migration = {"migration": "m", "from": old, "entities": {"task": change}}
    plan = there.migrate(migration, dry_run=True)
    report = there.migrate(migration)
    assert (report.phase, report.moved, report.counts.failed) == ("verified", 2, 7)
    for failure in (*plan.failures, *report.failures):
        assert failure.reason.count(shown_key(failure.key)) == 1, failure.reason
    reasons = {one.key["sk"]["S"].rpartition("_")[2]: one.reason for one in report.failures}
    assert 'no attribute gets the value of its "note", which would be lost' in reasons["lose"]
    (same,) = {"same1", "same2"} & reasons.keys()
    new_key = "pk='$moved#team_t', sk='task#same'"
    assert f"another item is stored under its new key, {new_key}; change" in reasons[same]
    (code,) = {"code1", "code2"} & reasons.keys()
    assert f"another item, pk='$moved#team_t', sk='task#code{3 - int(code[-1])}'," in reasons[code]
    app.close()
    there.close()


def test_a_second_migration_keeps_what_the_first_one_needs_to_go_back(
    engine: Any, table_name: str
) -> None:
    def graded(name: str) -> dict[str, Any]:
        schema = deepcopy(OLD)
        schema["attributes"][name] = "string"
        del schema["attributes"]["points"]
        return schema

    level = {"level": {"from": "points", "value": "to_string(ceil(points))"}}
    grade = {"grade": {"from": "level", "value": "join('', ['x', level])"}}
    first = {"migration": "first", "from": OLD, "entities": {"task": {"attributes": level}}}
    second = {
        "migration": "second",
        "from": graded("level"),
        "entities": {"task": {"attributes": grade}},
    }
    old = leyden.load(OLD, table=table_name, engine=engine)
    old.create_table()
    one = leyden.load(graded("level"), table=table_name, engine=engine)
    two = leyden.load(graded("grade"), table=table_name, engine=engine)
    for n in range(4):
        old.entities.task.put(team="T", id=f"Id{n}", kind="bug", points=n + 0.5).go()

    def raw() -> list[Item]:
        items = (dict(sorted(one.items())) for one in every_item(old) if not is_progress(one))
        return sorted(items, key=lambda item: item["sk"]["S"])

    before = raw()
    one.migrate(first)
    between = raw()
    assert two.migrate(second, rollback=True).is_complete
    assert raw() == between, "what has not moved is left alone"
    two.migrate(second)
    there = raw()
    assert there[1]["grade"] == {"S": "x2"}
    report = one.migrate(first, rollback=True)
    assert (report.is_complete, report.counts.failed) == (False, 4)
    assert 'the migration "second" has moved it since' in report.failures[0].reason
    assert raw() == there, "in the wrong order nothing goes back"
    two.entities.task.patch(team="T", id="Id0").set(kind="idea").go()
    assert two.migrate(second, rollback=True).is_complete
    assert raw()[1:] == between[1:]
    assert one.migrate(first, rollback=True).is_complete
    assert raw()[1:] == before[1:]
    record = old.entities.task.get(team="T", id="Id0").go()
    assert (record.kind, record.points) == ("idea", 0.5)
    one.migrate(first)
    two.migrate(second)
    assert two.migrate(second, commit=True).is_complete
    assert all(BEFORE_FIELD not in item for item in raw())
    for app in (old, one, two):
        app.close()
