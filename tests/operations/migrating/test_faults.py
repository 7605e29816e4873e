"""Each request of each verb meets each fault, or another that moves its item at that very moment.

What a call says must then be what the raw table shows. An item that was there all along was never
"not found", and a condition that holds in either form did not fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from attrs import define, field

import leyden
from leyden.errors import ConditionFailedError, LeydenError, TransactionCanceledError
from tests.conftest import _new_table_name
from tests.faults.bank import Clock
from tests.faults.proxy import Fault, FaultProxy, Forward, Reset, running, throttled
from tests.operations.migrating.cases import CASES, Case
from tests.operations.migrating.support import (
    clear,
    move_all,
    ordered,
    outcome_of,
    own_items,
    raw_items,
    without_indexes,
)

KEY: Final = {"team": "a", "id": "1"}
ITEM: Final = {**KEY, "kind": "bug", "employee": "ann", "points": 1, "note": "old"}
BY_NAME: Final = {case.name: case for case in CASES}


@define(eq=False)
class Interrupted(FaultProxy):
    """A proxy that does something of its own before it forwards the request at `position`."""

    position: int = -1
    act: Callable[[], None] = field(default=lambda: None)

    def next_fault(self, api: str, params: dict[str, Any]) -> Fault:
        """The fault of the script, after what is done meanwhile."""
        if len(self.seen) == self.position:
            self.act()
        return super().next_fault(api, params)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    found.install(monkeypatch)
    return found


@define(eq=False)
class Behind:
    """A table in the midst of a migration; `new` is the code that talks to the proxy."""

    proxy: Interrupted
    old: leyden.Service
    mover: leyden.Service
    new: leyden.Service

    def begin(self) -> None:
        """Begin with one item, which old code wrote."""
        self.proxy.play()
        self.proxy.position = -1
        clear(self.old)
        self.put()

    def put(self) -> None:
        """Let old code write the item."""
        values: dict[str, Any] = dict(ITEM)
        self.old.entities.task.put(**values).go()

    def state(self) -> Any:
        """What the table says, in whichever form its items are."""
        moving = self.mover.entities.task._bound.moving
        items = own_items(self.mover)
        said = [moving.forward(item) if moving.is_earlier(item) else item for item in items]
        return ordered(map(without_indexes, said))

    def whole(self) -> Any:
        """All raw items once everything has moved."""
        move_all(self.mover)
        return len(raw_items(self.mover)), self.state()

    def call(self, verb: str) -> tuple[Any, LeydenError | None]:
        """What a call says, and the error that it ends in."""
        raised: list[LeydenError] = []

        def act() -> Any:
            try:
                return VERBS[verb](self.new)
            except LeydenError as error:
                raised.append(error)
                raise

        return outcome_of(act), raised[0] if raised else None

    def undisturbed(self, verb: str) -> tuple[Any, Any, Any, int]:
        """What comes of a call with nothing in its way: said, before, after, requests."""
        self.begin()
        before = self.whole()
        self.begin()
        said, _ = self.call(verb)
        count = len(self.proxy.seen)
        return said, before, self.whole(), count

    def check(self, verb: str, told: Any, before: Any, after: Any, why: Any) -> None:
        """Check what a disturbed call says against the table."""
        said, error = self.call(verb)
        now = self.whole()
        if said == told:
            assert now == after, why
            return
        assert error is not None, (why, said)
        if error.unsure or error.happened or error.outcome:
            assert now in (before, after), (why, said)
            return
        assert now == before, (why, said)
        assert not isinstance(error, ConditionFailedError | TransactionCanceledError), (why, said)


@pytest.fixture(scope="module", params=["in place", "companions"])
def behind(local_engine: Any, request: pytest.FixtureRequest) -> Iterator[Behind]:
    case: Case = BY_NAME[request.param]
    table = _new_table_name("faults-migrating")
    given: Any = {"table": table, "engine": local_engine}
    moved: Any = {**given, "migrating_from": case.migration}
    there = {
        "table": table,
        "region": local_engine.region,
        "credentials": local_engine.credentials,
        "migrating_from": case.migration,
    }
    proxy = Interrupted(local_engine.endpoint_url, True)
    with (
        running(proxy),
        leyden.load(case.old, **given) as old,
        leyden.load(case.new, **moved) as mover,
        leyden.load(case.new, endpoint_url=proxy.url, **there) as new,
    ):
        old.create_table()
        yield Behind(proxy, old, mover, new)


VERBS: Final[dict[str, Callable[[Any], Any]]] = {
    "get": lambda app: app.entities.task.get(**KEY).go(consistent=True),
    "put": lambda app: app.entities.task.put(**KEY, kind="idea", points=7).go(),
    "create": lambda app: app.entities.task.create(**KEY, kind="idea", points=7).go(),
    "update": lambda app: app.entities.task.update(**KEY).set(points=7).go(),
    "patch": lambda app: app.entities.task.patch(**KEY).set(points=7).go(),
    "patch where": lambda app: (
        app.entities.task.patch(**KEY)
        .set(points=7)
        .where(app.entities.task.attr.note == "old")
        .go()
    ),
    "patch answered": lambda app: (
        app.entities.task.patch(**KEY).set(points=7).go(response="all_new")
    ),
    "patch refused": lambda app: (
        app.entities.task.patch(**KEY).set(points=7).where(app.entities.task.attr.points == 5).go()
    ),
    "add": lambda app: app.entities.task.patch(**KEY).add(points=7).go(),
    "delete": lambda app: app.entities.task.delete(**KEY).go(),
    "remove": lambda app: app.entities.task.remove(**KEY).go(),
    "batch": lambda app: app.batch_write(
        [app.entities.task.put(**KEY, kind="idea", points=7)]
    ).go(),
    "together": lambda app: app.transact_write([app.entities.task.patch(**KEY).set(points=7)]).go(),
    "together refused": lambda app: app.transact_write(
        [app.entities.task.create(**KEY, kind="idea")]
    ).go(),
}

FAULTS: Final[dict[str, Fault]] = {
    "throttled": throttled("ThrottlingException"),
    "reset before": Reset(),
    "answer lost": Reset(forward=True),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_request_may_meet_each_fault(behind: Behind, verb: str) -> None:
    told, before, after, count = behind.undisturbed(verb)
    if not count:
        pytest.skip("refused before anything is sent")
    for position in range(count):
        for name, fault in FAULTS.items():
            # Once, or from then on for good.
            for otherwise in (Forward(),) if name == "reset before" else (Forward(), fault):
                behind.begin()
                behind.proxy.play(*[Forward()] * position, fault, otherwise=otherwise)
                why = (position, name, otherwise)
                behind.check(verb, told, before, after, why)


@pytest.mark.parametrize("verb", VERBS)
def test_items_may_move_before_each_request(behind: Behind, verb: str) -> None:
    told, before, after, count = behind.undisturbed(verb)
    for position in range(count):
        behind.begin()
        behind.proxy.play()
        behind.proxy.act, behind.proxy.position = lambda: move_all(behind.mover), position
        behind.check(verb, told, before, after, position)


# What is answered may be read after the write, and after old code wrote again.
@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"patch answered"}))
def test_old_code_may_write_again_before_each_request(behind: Behind, verb: str) -> None:
    told, before, after, count = behind.undisturbed(verb)
    for position in range(count):
        behind.begin()
        move_all(behind.mover)
        behind.proxy.play()
        behind.proxy.act, behind.proxy.position = behind.put, position
        behind.check(verb, told, before, after, position)
