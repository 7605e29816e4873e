"""A write that is dropped without .go() warns, and nothing else does."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import leyden

KEY = {"project_id": "p", "task_id": "t"}
DROPPED: list[tuple[str, Callable[[leyden.Entity], Any]]] = [
    ("task.put", lambda task: task.put(**KEY)),
    ("task.create", lambda task: task.create(**KEY)),
    ("task.upsert", lambda task: task.upsert(**KEY).set(area="x")),
    ("task.update", lambda task: task.update(**KEY).set(area="x").add(points=1)),
    ("task.patch", lambda task: task.patch(**KEY).remove("detail")),
    ("task.patch", lambda task: task.patch(**KEY)),
    ("task.delete", lambda task: task.delete(**KEY).where(task.attr.points > 3)),
    ("task.remove", lambda task: task.remove(**KEY)),
    ("task.check", lambda task: task.check(**KEY)),
    ("task.batch_write", lambda task: task.put([KEY])),
    ("task.batch_write", lambda task: task.delete([KEY])),
]
ENDED: list[Callable[[leyden.Entity, leyden.Service], Any]] = [
    lambda task, app: task.put(**KEY).params(),
    lambda task, app: task.patch(**KEY).set(area="x").composite(points=1).explain(),
    lambda task, app: task.put(**KEY).program(),
    lambda task, app: task.patch(**KEY).set(area=5),
    lambda task, app: task.patch(**KEY).set(titel="x"),
    lambda task, app: task.patch(**KEY).composite(titel="x"),
    lambda task, app: task.upsert(**KEY).add(titel=1),
    lambda task, app: task.put(**KEY).params(limit=3),
    lambda task, app: task.put(**KEY).where(5),
    lambda task, app: task.put(**KEY).expecting(1),
    lambda task, app: task.put(**KEY).where(task.attr.titel == "x"),
    lambda task, app: task.put(**KEY).where(task.attr["titel"] == "x"),
    lambda task, app: task.put(**KEY).where(task.attr.detail.nope == "x"),
    lambda task, app: task.put(**KEY).where(task.attr.points > "x"),
    lambda task, app: task.put(**KEY).where(task.attr.points.between(1)),
    lambda task, app: task.patch(**KEY).set(area=task.attr.titel),
    lambda task, app: task.patch(**KEY).set(area=task.attr.area + 1),
    lambda task, app: app.transact_write([task.put(**KEY).where(task.attr.titel == "x")]),
    lambda task, app: task.put([KEY]).params(),
    lambda task, app: task.put([KEY]).params(guard=True),
    lambda task, app: task.put([KEY]).explain(),
    lambda task, app: app.batch_write([task.put(**KEY), task.delete(**KEY)]).params(),
    lambda task, app: app.transact_write([task.put(**KEY)]).params(),
    lambda task, app: app.transact_write([task.put(**KEY)]).explain(),
    lambda task, app: task.patch(**KEY).set("area", "x"),
    lambda task, app: task.patch(**KEY).remove(area=True),
    lambda task, app: task.upsert(**KEY).add("points", 1),
    lambda task, app: app.transact_write(task.put(**KEY)),
    lambda task, app: app.batch_write(task.put(**KEY)),
    lambda task, app: app.batch_get(task.put(**KEY)),
    lambda task, app: app.batch_write([task.put(**KEY), task.patch(**KEY)]).go(),
    lambda task, app: app.batch_get([task.put(**KEY)]).go(),
    lambda task, app: app.transact_get([task.put(**KEY)]).go(),
    lambda task, app: app.transact_get([task.put(**KEY)], limit=3),
    lambda task, app: app.transact_write([task.put(**KEY)]).go(limit=3),
    lambda task, app: app.transact_write([task.put(**KEY)]).go(3),
    lambda task, app: task.get(**KEY),
    lambda task, app: task.get([KEY]),
    lambda task, app: task.query.project(project_id="p"),
    lambda task, app: task.scan,
]


def warned(act: Callable[[], object]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(leyden.LeydenError):
            act()
        gc.collect()
    return [one for one in caught if issubclass(one.category, leyden.UnsentWriteWarning)]


@pytest.mark.parametrize(("name", "build"), DROPPED)
def test_what_is_dropped_warns_once(
    task: leyden.Entity, name: str, build: Callable[[leyden.Entity], Any]
) -> None:
    (warning,) = warned(lambda: build(task) and None)
    assert str(warning.message) == (
        f"{name} was dropped without .go(), and nothing was sent; end the chain with .go(), or "
        "with .params() to see the request"
    )
    assert issubclass(warning.category, ResourceWarning)


def test_a_dropped_transaction_warns_once(task: leyden.Entity, app: leyden.Service) -> None:
    (warning,) = warned(lambda: app.transact_write([task.put(**KEY), task.check(**KEY)]) and None)
    assert str(warning.message).startswith("transact_write was dropped without .go()")


@pytest.mark.parametrize("act", ENDED)
def test_what_is_ended_or_refused_does_not_warn(
    task: leyden.Entity, app: leyden.Service, act: Callable[[Any, Any], Any]
) -> None:
    assert warned(lambda: act(task, app)) == []


def test_a_half_built_chain_may_be_kept_and_used_again(task: leyden.Entity) -> None:
    def act() -> None:
        kept = task.patch(**KEY)
        kept.set(area="x").params()
        kept.set(area="y").params()

    assert warned(act) == []


def test_python_leaves_it_out_by_default() -> None:
    script = (
        "import leyden\n"
        "schema = {'entity': 'n', 'service': 's', 'version': '1',\n"
        "    'attributes': {'id': {'type': 'string', 'required': True}},\n"
        "    'indexes': {'all': {'pk': {'field': 'pk', 'composite': ['id']}}}}\n"
        "leyden.load(schema, table='t')['n'].put(id='a')\n"
    )

    def run(*flags: str, kept: str = "") -> str:
        last = script.replace("leyden.load(", f"{kept}leyden.load(")
        done = subprocess.run(
            [sys.executable, *flags, "-c", last], capture_output=True, text=True, check=True
        )
        return done.stderr

    assert "UnsentWriteWarning" not in run()
    assert "n.put was dropped without .go()" in run("-W", "default")
    # What is kept until the process ends is dropped by nobody's call.
    assert run(kept="kept = ") == ""


@pytest.fixture(scope="module")
def app() -> leyden.Service:
    from tests.operations.conftest import TASKS

    return leyden.load(TASKS, table="tasks")
