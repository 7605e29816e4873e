"""Paths inside of items."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from leyden.errors import InvalidExpressionError, UnknownAttributeError, ValidationError
from leyden.mapping import compile_entity
from leyden.pynamodb.attributes import pynamodb_attribute
from tests.mapping.schemas import DEEP, TASK

NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
task = compile_entity(TASK)
deep = compile_entity(DEEP)


@pytest.mark.parametrize(
    ("entity", "path", "segments", "kind"),
    [
        (task, "points", ("points",), "number"),
        (task, "detail.effort", ("detail", "eff"), "number"),
        (task, 'detail["effort"]', ("detail", "eff"), "number"),
        (task, "history[0]", ("history[0]",), "string"),
        (deep, "steps[2].due", ("st[2]", "d"), "timestamp"),
        (deep, "open.a.b[3][1].c", ("open", "a", "b[3][1]", "c"), "any"),
        (deep, "open['a.b']", ("open", "a.b"), "any"),
        (deep, "mixed[0]", ("mixed[0]",), "any"),
    ],
)
def test_paths_resolve_to_stored_names(
    entity: Any, path: str, segments: tuple[str, ...], kind: str
) -> None:
    resolved = entity.resolve(path)
    assert resolved.segments == segments
    assert resolved.leaf.spec.type == kind
    assert resolved.root == path.split("[")[0].split(".")[0]
    assert tuple(pynamodb_attribute(resolved.leaf, resolved.segments).attr_path) == segments


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("payload.a", InvalidExpressionError, "one JSON string"),
        ("tags[0]", InvalidExpressionError, "set"),
        ("points.x", InvalidExpressionError, "number and has no properties"),
        ("history.x", InvalidExpressionError, "no properties"),
        ("detail[0]", InvalidExpressionError, "no elements"),
        ("detail.efort", UnknownAttributeError, 'did you mean "effort"'),
        ("poinst", UnknownAttributeError, 'did you mean "points"'),
        ("", InvalidExpressionError, "not a path"),
        (".points", InvalidExpressionError, "not a path"),
        ("detail..effort", InvalidExpressionError, "not a path"),
        ("detail.effort.", InvalidExpressionError, "not a path"),
        ("history[-1]", InvalidExpressionError, "not a path"),
        ("history[x]", InvalidExpressionError, "not a path"),
        ("history[0]x", InvalidExpressionError, "not a path"),
        ("[0]", InvalidExpressionError, "start with an attribute"),
    ],
)
def test_what_is_no_place_is_refused(path: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        task.resolve(path)


def test_a_leaf_accepts_under_the_place_that_was_asked_for() -> None:
    resolved = deep.resolve("steps[2].due")
    assert resolved.leaf.encode(resolved.leaf.accept(NOON)) == {"S": "2026-02-03T09:15:00.000Z"}
    with pytest.raises(ValidationError) as caught:
        resolved.leaf.accept(5, resolved.path)
    assert caught.value.path == "steps[2].due"
