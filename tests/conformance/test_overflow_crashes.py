"""A program that stops anywhere in the middle of a write leaves the old value or the new one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

import leyden
from leyden.errors import ConditionFailedError, DecodeError, LeydenError
from leyden.operations.companions.overflow.format import is_part
from leyden.program import Pause, Request
from tests.conformance.notes import KEY, NOTES, check_whole, noise, raw_items, small_limits

SMALL, INSIDE = "short", "ab" * 4000
OLD, NEW = noise(9000, 1), noise(7000, 2)
OTHER = {"book": "b", "page": "2"}


@pytest.fixture
def app(open_service: Callable[..., leyden.Service], monkeypatch: Any) -> leyden.Service:
    small_limits(monkeypatch)
    return open_service(NOTES)


def perform_all(app: leyden.Service, program: Any, at: int, between: Callable[[], object]) -> Any:
    """Run a program to its end, with something else in front of its step `at`."""
    answer: Any = None
    error: LeydenError | None = None
    number = 0
    while True:
        try:
            step = program.throw(error) if error is not None else program.send(answer)
        except StopIteration as end:
            return end.value
        if number == at:
            between()
        number += 1
        answer, error = None, None
        if not isinstance(step, Pause):
            try:
                answer = app.driver.run(_one(step))
            except LeydenError as failure:
                error = failure


def run_until(app: leyden.Service, program: Any, last: int, *, lost: bool) -> bool:
    """Run a program up to its step `last`, and stop there; whether it came to its end before.

    With `lost` the step itself is still performed, and its answer is not heard of.
    """
    answer: Any = None
    error: LeydenError | None = None
    for number in range(last + 1):
        try:
            step = program.throw(error) if error is not None else program.send(answer)
        except (StopIteration, LeydenError):
            return True
        if number == last and not lost:
            break
        answer, error = None, None
        if isinstance(step, Pause):
            continue
        try:
            answer = app.driver.run(_one(step))
        except LeydenError as failure:
            error = failure
    program.close()
    return False


def _one(step: Any) -> Generator[Any, Any, Any]:
    return (yield step)


def writes(app: leyden.Service, note: leyden.Entity) -> dict[str, tuple[Any, Any]]:
    """Writes, each with the text that it leaves."""
    return {
        "put large": (lambda: note.put(**KEY, text=NEW).program(), NEW),
        "put inside": (lambda: note.put(**KEY, text=INSIDE).program(), INSIDE),
        "put small": (lambda: note.put(**KEY, text=SMALL).program(), SMALL),
        "patch large": (lambda: note.patch(**KEY).set(text=NEW).program(), NEW),
        "patch small": (lambda: note.patch(**KEY).set(text=SMALL).program(), SMALL),
        "patch without": (lambda: note.patch(**KEY).remove("text").program(), None),
        "patch lifetime": (
            lambda: note.patch(**KEY).set(expires_at=2_000_000_000).program(),
            ...,
        ),
        "upsert large": (lambda: note.upsert(**KEY, text=NEW).program(), NEW),
        "delete": (lambda: note.delete(**KEY).program(response="all_old"), "gone"),
        "batch": (lambda: note.put([{**KEY, "text": NEW}, OTHER]).program(), NEW),
        "guarded batch": (
            lambda: note.put([{**KEY, "text": NEW}, OTHER]).program(guard=True),
            NEW,
        ),
        "batch of deletes": (lambda: note.delete([KEY, OTHER]).program(), "gone"),
        "transaction": (
            lambda: app.transact_write([note.put(**KEY, text=NEW), note.delete(**OTHER)]).program(),
            NEW,
        ),
    }


@pytest.mark.parametrize("lost", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("before", ["small", "inside", "large"])
def test_nothing_is_torn_and_nothing_left_behind(
    app: leyden.Service, before: str, lost: bool
) -> None:
    note = app.entities.note
    old = {"none": None, "small": SMALL, "inside": INSIDE, "large": OLD}[before]
    for name, (make, new) in writes(app, note).items():
        steps = 0
        while True:
            note.put(**KEY, **({} if old is None else {"text": old})).go()
            done = run_until(app, make(), steps, lost=lost)
            found = note.get(**KEY).go(consistent=True)
            text = "gone" if found is None else found.text
            wanted = old if new is ... else new
            assert text in (old, wanted), (name, steps)
            assert not done or text == wanted, (name, steps)
            check_whole(app)
            if done:
                break
            steps += 1
            assert steps < 20, name


def test_the_same_write_again_heals_what_an_unheard_answer_left_open(app: leyden.Service) -> None:
    note = app.entities.note
    for text in (OLD, SMALL):
        note.put(**KEY, text=text).go()
        program = note.put(**KEY, text=NEW).program()
        assert not run_until(app, program, 0, lost=True)
        note.put(**KEY, text=NEW).go()
        assert note.get(**KEY).go(consistent=True).text == NEW
        assert check_whole(app)["items"] == 1
    assert len(list(raw_items(app))) > 2


STATES = {"none": None, "small": SMALL, "inside": INSIDE, "large": OLD}


@pytest.mark.parametrize("before", ["small", "large"])
def test_a_write_in_between_is_seen(app: leyden.Service, before: str) -> None:
    note = app.entities.note
    given = {} if STATES[before] is None else {"text": STATES[before]}
    single = {
        name: pair
        for name, pair in writes(app, note).items()
        # A batch cannot see what happens between its look and its write.
        if name not in ("batch", "batch of deletes", "guarded batch")
    }
    meanwhile = {
        "put large": lambda: note.put(**KEY, text=OLD[::-1]).go(),
        "patch small": lambda: note.patch(**KEY).set(text="theirs").go(),
        "delete": lambda: note.delete(**KEY).go(),
    }
    for name, (make, new) in single.items():
        for other, between in meanwhile.items():
            for at in range(3):
                note.put(**KEY, **given).go()
                note.put(**OTHER).go()
                try:
                    perform_all(app, make(), at, between)
                except ConditionFailedError:
                    assert (other, name[:5]) == ("delete", "patch"), (name, other, at)
                check_whole(app)
                found = note.get(**KEY).go(consistent=True)
                text = "gone" if found is None else found.text
                theirs = {"put large": OLD[::-1], "patch small": "theirs", "delete": "gone"}
                assert text in (new if new is not ... else text, theirs[other]), (name, other, at)


@pytest.mark.parametrize("before", ["inside", "large"])
def test_a_reader_sees_the_value_before_or_after_what_happens_in_between(
    app: leyden.Service, before: str
) -> None:
    note = app.entities.note
    reads: dict[str, Callable[[], Any]] = {
        "get": lambda: note.get(**KEY).program(),
        "query": lambda: note.query.book(book="b").program(),
        "scan": lambda: note.scan.program(),
        "batch": lambda: note.get([KEY]).program(),
        "transaction": lambda: app.transact_get([note.get(**KEY)]).program(),
        "collection": lambda: app.collections.shelf(book="b").program(),
    }
    for name, make in reads.items():
        for new in (NEW, SMALL, None):
            for at in range(3):
                note.put(**KEY, text=STATES[before]).go()

                def between(new: str | None = new) -> None:
                    if new is None:
                        note.delete(**KEY).go()
                    else:
                        note.put(**KEY, text=new).go()

                found = perform_all(app, make(), at, between)
                if name != "get":
                    found = next(iter(found), None)
                text = None if found is None else found.text
                assert text in (STATES[before], new), (name, at)


def test_parts_that_are_lost_are_said_to_be(app: leyden.Service, monkeypatch: Any) -> None:
    monkeypatch.setattr("leyden.operations.run.sending.READS", 2)
    note = app.entities.note
    note.put(**KEY, text=OLD, title="t").go()
    part = next(item for item in raw_items(app) if is_part(item))
    key = {"pk": part["pk"], "sk": part["sk"]}
    app.driver.send(Request("DeleteItem", {"TableName": app.table, "Key": key}))
    for read in (note.get(**KEY), note.query.book(book="b"), app.transact_get([note.get(**KEY)])):
        with pytest.raises(DecodeError, match=r'"text" .*could not be put together'):
            read.go()
    assert note.get(**KEY).go(attributes=["title"]).title == "t"
    note.put(**KEY, text=NEW).go()
    assert note.get(**KEY).go().text == NEW
    check_whole(app)
