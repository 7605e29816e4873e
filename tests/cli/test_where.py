"""The language of `--where`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.cli.where import read_condition
from leyden.errors import LeydenError
from leyden.operations.plan.reads import show
from tests.cli.conftest import TASKAPP

task = leyden.load(TASKAPP).entities.task
a = task.attr


def shown(condition: Any) -> str:
    params = task.scan.where(condition).params(ignore_ownership=True)
    return show(params["FilterExpression"], params)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("points = 3", lambda: a.points == 3),
        ("points == 3", lambda: a.points == 3),
        ("points!=3", lambda: a.points != 3),
        ("points <> 3", lambda: a.points != 3),
        ("points<3", lambda: a.points < 3),
        ("points <= 3.5", lambda: a.points <= 3.5),
        ("points > -3", lambda: a.points > -3),
        ("points >= 1e3", lambda: a.points >= 1000),
        ("title = open", lambda: a.title == "open"),
        ("title = 'it is \\'so\\''", lambda: a.title == "it is 'so'"),
        ('title = "a and b"', lambda: a.title == "a and b"),
        ("title = '3'", lambda: a.title == "3"),
        ("title = 3", lambda: a.title == "3"),
        ("done = true", lambda: a.done == True),  # noqa: E712
        ("created_at > 2026-02-03T04:05:06Z", lambda: a.created_at > "2026-02-03T04:05:06Z"),
        ("expires_at < 1893456000", lambda: a.expires_at < 1893456000),
        ("points between 3 and 5", lambda: a.points.between(3, 5)),
        ("status in (open, closed)", lambda: a.status.is_in("open", "closed")),
        ("exists(tags)", lambda: a.tags.exists()),
        ("missing ( tags )", lambda: a.tags.does_not_exist()),
        ("contains(tags, urgent)", lambda: a.tags.contains("urgent")),
        ("contains(title, 'x y')", lambda: a.title.contains("x y")),
        ("begins(title, Re)", lambda: a.title.startswith("Re")),
        ("begins(created_at, 2026-02)", lambda: a.created_at.startswith("2026-02")),
        ("size(tags) > 3", lambda: a.tags.size() > 3),
        ("size(tags) between 1 and 2", lambda: a.tags.size().between(1, 2)),
        ("detail.effort >= 2", lambda: a.detail["effort"] >= 2),
        ('detail["owner"] = Ann', lambda: a.detail["owner"] == "Ann"),
        ("history[0] = x", lambda: a.history[0] == "x"),
        ("not exists(tags)", lambda: ~a.tags.exists()),
        ("EXISTS(tags) AND points = 1", lambda: a.tags.exists() & (a.points == 1)),
        (
            "points = 1 or points = 2 and done = true",
            lambda: (a.points == 1) | ((a.points == 2) & (a.done == True)),  # noqa: E712
        ),
        (
            "(points = 1 or points = 2) and not (done = true)",
            lambda: ((a.points == 1) | (a.points == 2)) & ~(a.done == True),  # noqa: E712
        ),
        (
            "points between 1 and 2 and points = 1 and points = 2",
            lambda: a.points.between(1, 2) & (a.points == 1) & (a.points == 2),
        ),
    ],
)
def test_it_means_what_it_says(text: str, expected: Callable[[], Any]) -> None:
    assert shown(read_condition(task, text)) == shown(expected())


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("", "expected an attribute, found the end", 0),
        ("points", "expected a comparison", 6),
        ("points >", "expected a value, found the end", 8),
        ("points >> 3", 'expected a value, found ">"', 8),
        ("points ! 3", "unexpected character", 7),
        ("points = 3 points = 4", 'expected "and", "or" or the end', 11),
        ("points = 3 and", "expected an attribute", 14),
        ("(points = 3", 'expected ")"', 11),
        ("title = 'open", "this quote is not closed", 8),
        ("exists(tags", 'expected ")"', 11),
        ("contains(tags)", 'expected ","', 13),
        ("points between 3", 'expected "and" and the upper value', 16),
        ("points in 3", 'expected "("', 10),
        ("history[x] = 1", "expected the number of an element", 8),
        ("detail..x = 1", "is not a path", 0),
        ("title = and", 'put "and" in quotes', 8),
        ("or = 3", 'expected an attribute (put "or" in quotes if it is one)', 0),
        ("(" * 200 + "points = 1", "nested too deeply", 100),
    ],
)
def test_text_that_cannot_be_read_is_misuse_with_its_place(
    text: str, said: str, column: int
) -> None:
    with pytest.raises(click.BadParameter) as caught:
        read_condition(task, text)
    message, shown_text, mark = caught.value.message.split("\n")
    assert said in message
    assert shown_text == f"  {text}"
    assert mark == f"  {' ' * column}^"


@pytest.mark.parametrize(
    ("text", "code", "said", "column"),
    [
        ("pionts > 3", "input.unknown_attribute", 'did you mean "points"?', 0),
        ("title = a and detail.ownr = x", "input.unknown_attribute", '"owner"', 14),
        ("points > many", "input.invalid_value", "must be a number", 9),
        ("done = maybe", "input.invalid_value", "must be true or false", 7),
        ("status = shut", "input.invalid_value", '"open", "closed"', 9),
        ("size(tags) > x", "input.invalid_value", "a size must be a whole number", 13),
        ("contains(points, 3)", "input.invalid_value", "text, bytes, lists and sets", 9),
        ("begins(points, 3)", "input.invalid_value", "only text and bytes", 7),
        ("payload.x = 1", "expression.invalid", "cannot be addressed", 0),
    ],
)
def test_what_does_not_fit_the_entity_is_an_error_with_its_place(
    text: str, code: str, said: str, column: int
) -> None:
    with pytest.raises(LeydenError) as caught:
        read_condition(task, text)
    assert caught.value.code == code
    message, _, mark = caught.value.message.split("\n")
    assert said in message
    assert message.startswith("--where: ")
    assert mark == f"  {' ' * column}^"


@given(st.text(alphabet="ab ()'\"\\=<>!,.[]0points and or not exists(tags)", max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = read_condition(task, text)
    except (click.BadParameter, LeydenError):
        return
    assert shown(condition)


@given(st.text(max_size=30))
def test_quoted_text_stands_for_itself(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    condition = read_condition(task, f'title = "{quoted}"')
    params = task.scan.where(condition).params(ignore_ownership=True)
    assert {"S": value} in params["ExpressionAttributeValues"].values()
