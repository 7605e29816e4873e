"""The recorded requests and runs: what is sent, and what comes of it, stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.notes import small_limits
from tests.operations.golden.files import cases, kept, plain

CASES = cases()
HOW = "if that is meant, write the files anew with `python -m tests.operations.golden`"


@pytest.mark.parametrize("name", CASES)
def test_the_files_hold_the_cases_and_no_others(name: str) -> None:
    assert [*kept(name)] == [*CASES[name]], HOW


@pytest.mark.parametrize(
    ("name", "case", "run"),
    [
        pytest.param(name, case, run, id=f"{name}: {case}")
        for name, some in CASES.items()
        for case, run in some.items()
    ],
)
def test_what_is_sent_and_what_comes_of_it_stay_as_they_were(
    name: str, case: str, run: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    assert plain(run()) == kept(name)[case], HOW
