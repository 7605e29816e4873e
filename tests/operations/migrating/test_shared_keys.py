"""Reads of two items that the old keys told apart, and whose new key is one: none is left out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import pytest

import leyden
from leyden.errors import ConversionError
from tests.operations.migrating.cases import OLD, UNFOLDED, Case
from tests.operations.migrating.support import move_all

_NEW: Final = deepcopy(OLD)
_NEW["indexes"]["tasks"]["sk"]["template"] = "task#${id}"
FOLDED: Final = Case("folded", UNFOLDED, _NEW, {})
Open = Callable[..., leyden.Service]


@pytest.fixture(params=["none has moved", "one has moved"])
def app(request: Any, open_service: Open, new_table_name: Callable[[], str]) -> leyden.Service:
    """The migrating code; in the partition are `A` and `a`, which get one key, and `b`."""
    table = new_table_name()
    old = open_service(FOLDED.old, table=table)
    new = open_service(FOLDED.new, table=table, migrating_from=FOLDED.migration, create=False)
    old.entities.task.put(team="t", id="A", kind="bug", employee="e", points=1).go()
    if request.param == "one has moved":
        move_all(new)
    for points, name in enumerate(("a", "b"), 2):
        old.entities.task.put(team="t", id=name, kind="bug", employee="e", points=points).go()
    return new


def read_through(query: Any, **options: Any) -> None:
    """Read all pages, each by its cursor."""
    cursor = None
    while True:
        cursor = query.go(**options, cursor=cursor).cursor
        if cursor is None:
            return


def test_each_is_found_by_its_own_key(app: leyden.Service) -> None:
    task = app.entities.task
    keys = [{"team": "t", "id": name} for name in ("A", "a", "b")]
    assert [task.get(**key).go().points for key in keys] == [1, 2, 3]
    assert [task.get([key]).go().items[0].points for key in keys] == [1, 2, 3]
    assert [app.transact_get([task.get(**key)]).go().items[0].points for key in keys] == [1, 2, 3]


def test_a_query_that_would_leave_one_out_says_so(app: leyden.Service) -> None:
    query = app.entities.task.query.tasks(team="t")
    for options in ({}, {"limit": 1}, {"count": 1}, {"order": "desc", "pages": "all"}):
        with pytest.raises(ConversionError, match="another item has its key") as caught:
            read_through(query, **options)
        assert caught.value.key is not None
        assert caught.value.key["sk"]["S"].endswith(("_A", "_a"))
    page = query.go(unreadable="collect", pages="all")
    assert (len(page.items), len(page.unreadable)) == (2, 1)


def test_an_index_has_both(app: leyden.Service) -> None:
    page = app.entities.task.query.by_employee(employee="e").go(pages="all")
    assert sorted(record.points for record in page.items) == [1, 2, 3]
