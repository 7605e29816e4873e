"""The traceback of a failed call ends at the caller's line, unless all of it is asked for."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    InputError,
    ItemExistsError,
    LeydenError,
    TransactionCanceledError,
)

NOTES = """
entity: notes
alias: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  text: string
indexes:
  all: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""


@pytest.fixture(autouse=True)
def short_by_default(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing asks for all frames, whatever ran before."""
    caplog.set_level(logging.WARNING, logger="leyden")
    monkeypatch.delenv("LEYDEN_TRACEBACKS", raising=False)


@pytest.fixture(scope="module")
def where() -> Iterator[dict[str, Any]]:
    with leyden.local() as engine:
        yield {"engine": engine, "table": "notes"}


@pytest.fixture(scope="module")
def app(where: dict[str, Any]) -> Iterator[leyden.Service]:
    with leyden.load(NOTES, **where) as app:
        app.create_table()
        app.entities.note.put(id="a").go()
        yield app


def printed(call: Callable[[], object], kind: type[LeydenError]) -> list[str]:
    with pytest.raises(kind) as caught:
        call()
    return "".join(traceback.format_exception(caught.value)).splitlines()


def frames_of_ours(lines: list[str]) -> int:
    return sum("leyden" in line and ".py" in line and "test_" not in line for line in lines)


def test_the_callers_line_stands_near_the_end(app: leyden.Service) -> None:
    note = app.entities.note
    for call, kind in (
        (lambda: note.create(id="a").go(), ItemExistsError),
        (lambda: note.patch(id="a").set(text="x").where(note.attr.text == "y").go(), LeydenError),
        (lambda: app.transact_write([note.create(id="a")]).go(), TransactionCanceledError),
        (lambda: note.put([{"id": "b"}, {"id": "a"}]).go(guard=True, table="no"), LeydenError),
        (lambda: note.query.all(id="a").go(table="no"), LeydenError),
        (lambda: note.query.all(id="a").count(table="no"), LeydenError),
        (lambda: list(note.query.all(id="a").iter(table="no")), LeydenError),
    ):
        lines = printed(call, kind)
        place = max(n for n, line in enumerate(lines) if "test_tracebacks.py" in line)
        assert len(lines) - place < 16, "\n".join(lines)
        assert re.search(r"go\(|call\(|count\(|iter\(", lines[place + 1]), lines[place + 1]


@pytest.mark.parametrize(
    "call",
    [
        lambda note, app: note.create(id=1).go(),
        lambda note, app: note.put(id="a", text=1).params(),
        lambda note, app: note.get(id=1).go(),
        lambda note, app: note.get([{"id": 1}]).go(),
        lambda note, app: note.patch(id="a").set(text=1),
        lambda note, app: note.patch(id="a").composite(text=1),
        lambda note, app: note.query.all(id=1),
        lambda note, app: note.match(text=1),
        lambda note, app: note.query.all(id="a").go(limit="x"),
        lambda note, app: note.scan.where(note.attr.text == 1),
        lambda note, app: note.scan.where(note.attr.text > 1),
        lambda note, app: note.scan.where(note.attr.text.is_in(1)),
        lambda note, app: note.scan.where(note.attr.text.between(1, 2)),
        lambda note, app: app.transact_write([note.create(id=1)]).go(),
        lambda note, app: app.batch_write([note.put(id=1)]).go(),
    ],
)
def test_bad_input_is_refused_at_the_callers_line(
    app: leyden.Service, monkeypatch: pytest.MonkeyPatch, call: Callable[[Any, Any], object]
) -> None:
    def frames() -> list[traceback.FrameSummary]:
        with pytest.raises(InputError) as caught:
            call(app.entities.note, app)
        found = traceback.extract_tb(caught.value.__traceback__)
        ours = max(n for n, frame in enumerate(found) if frame.filename == __file__)
        return found[ours + 1 :]

    short = frames()
    assert len(short) <= 2, short
    monkeypatch.setenv("LEYDEN_TRACEBACKS", "full")
    assert len(frames()) > len(short) + 1


def test_the_causes_are_kept(app: leyden.Service) -> None:
    with pytest.raises(ItemExistsError) as caught:
        app.entities.note.create(id="a").go()
    assert caught.value.__cause__ is not None
    assert "ConditionalCheckFailed" in "".join(traceback.format_exception(caught.value))


def test_all_of_it_is_there_where_it_is_asked_for(
    app: leyden.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call() -> object:
        return app.entities.note.create(id="a").go()

    short = printed(call, ConditionFailedError)
    monkeypatch.setenv("LEYDEN_TRACEBACKS", "full")
    assert len(printed(call, ConditionFailedError)) > len(short) + 15
    monkeypatch.delenv("LEYDEN_TRACEBACKS")
    monkeypatch.setattr(logging.getLogger("leyden"), "level", logging.DEBUG)
    logging.getLogger("leyden").manager._clear_cache()  # type: ignore[attr-defined]
    try:
        assert len(printed(call, ConditionFailedError)) > len(short) + 15
    finally:
        monkeypatch.undo()
        logging.getLogger("leyden").manager._clear_cache()  # type: ignore[attr-defined]


def test_an_awaited_call_is_shown_as_well(app: leyden.Service, where: dict[str, Any]) -> None:
    async def call() -> None:
        async with await leyden.load_async(NOTES, **where) as there:
            await there.entities.note.create(id="a").go()

    lines = printed(lambda: asyncio.run(call()), ItemExistsError)
    place = max(n for n, line in enumerate(lines) if "test_tracebacks.py" in line)
    assert "create" in lines[place + 1]
    assert len(lines) - place < 10, "\n".join(lines)


def test_a_hook_keeps_its_frames(where: dict[str, Any]) -> None:
    def breaking(*given: object) -> object:
        raise RuntimeError("inside of the hook")

    hooked = NOTES.replace("text: string", "text: {type: string, get: {call: breaking}}")
    with leyden.load(hooked, hooks={"breaking": breaking}, **where) as app:
        app.entities.note.put(id="h", text="x").go(response="none")
        lines = printed(lambda: app.entities.note.get(id="h").go(), LeydenError)
    assert any("in breaking" in line for line in lines)
