"""What calls take as options is said once: to type checkers, to callers, and in the checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import fields_dict

import leyden
from leyden.errors import InvalidOptionError
from leyden.operations import options

ROOT = Path(__file__).resolve().parents[2]

FAMILIES = [
    family
    for name, family in vars(options).items()
    if name.endswith("Options") and hasattr(family, "__optional_keys__")
]

TYPED = """\
import leyden

def read(app: leyden.Service) -> None:
    task = app.entities.task
    task.query.project(project_id="p").go(limit=3, order="desc", compare="keys")
    task.query.project(project_id="p").go(limt=3)
    task.query.project(project_id="p").go(order="down")
    task.scan.go(segments=2)
    task.scan.go(order="desc")
    task.get(project_id="p", task_id="t").go(consistent=1)
    task.put(project_id="p").go(response="all_old", data="result")
    task.put(project_id="p").go(responce="all_old")
    task.patch(project_id="p").set(points=1).go(response="new")
    app.transact_write([]).go(token="t")
    app.transact_write([]).go(tokn="t")
    app.batch_write([]).go(guard=True, concurrency="many")
    app.collections.work(employee_id="e").first(limit=1)
"""
WRONG = [6, 7, 9, 10, 12, 13, 15, 16, 17]


def test_type_checkers_refuse_options_that_a_call_does_not_take(tmp_path: Path) -> None:
    (tmp_path / "calls.py").write_text(TYPED)
    # With what `make check` has found out.
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache"]
    done = subprocess.run(
        [*command, str(tmp_path / "calls.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"calls.py:(\d+): error: .*\[(?:call-arg|arg-type)\]", done.stdout)
    assert sorted({int(line) for line in found}) == WRONG, done.stdout + done.stderr


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_option_has_a_default_and_a_check(family: type) -> None:
    names = family.__optional_keys__  # type: ignore[attr-defined]
    assert names <= fields_dict(options.Options).keys()
    assert names <= options._CHECKS.keys()


def test_no_option_is_in_no_family() -> None:
    taken = frozenset().union(*(family.__optional_keys__ for family in FAMILIES))
    assert taken == fields_dict(options.Options).keys() == options._CHECKS.keys()


def test_an_option_that_a_call_does_not_take_is_refused_with_its_nearest_name(
    task: leyden.Entity,
) -> None:
    with pytest.raises(InvalidOptionError, match='no option "limt" here; did you mean "limit"'):
        task.query.project(project_id="p").go(limt=3)  # type: ignore[call-arg]
    with pytest.raises(InvalidOptionError, match='no option "order" here'):
        task.scan.go(order="desc")  # type: ignore[call-arg]
    with pytest.raises(InvalidOptionError, match='no option "limit" here'):
        task.query.project(project_id="p").first(limit=1)  # type: ignore[call-arg]
