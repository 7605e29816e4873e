"""What is known to be wrong in `select` is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import leyden
from leyden.errors import InvalidOptionError

KEY = {"project_id": "p", "task_id": "t"}
ENDS: list[Callable[[leyden.Entity, str], Any]] = [
    lambda task, select: task.put(**KEY).program(select=select),
    lambda task, select: task.patch(**KEY).set(area="x").program(select=select),
    lambda task, select: task.delete(**KEY).params(select=select),
    lambda task, select: task.query.project(project_id="p").iter(select=select),
    lambda task, select: task.get([KEY]).params(select=select),
]
WRONG = [
    ("count(@)", 'JMESPath has no function "count"'),
    ("{a: lenght(title)}", r'no function "lenght"; did you mean "length"\?'),
    ("length(title, area)", r"length\(\) takes 1 argument, not 2"),
    ("tags[?contains(@)]", r"contains\(\) takes 2 arguments, not 1"),
]


@pytest.mark.parametrize(("select", "why"), WRONG)
@pytest.mark.parametrize("act", ENDS)
def test_a_wrong_call_is_refused_before_sending(
    task: leyden.Entity, act: Callable[[leyden.Entity, str], Any], select: str, why: str
) -> None:
    with pytest.raises(InvalidOptionError, match=f'"select" cannot be evaluated: .*{why}'):
        act(task, select)


@pytest.mark.parametrize("act", ENDS)
def test_right_calls_are_taken(
    task: leyden.Entity, act: Callable[[leyden.Entity, str], Any]
) -> None:
    act(task, "{n: length(title), all: not_null(area, title, 'x')}")
