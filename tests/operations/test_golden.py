"""The recorded requests and runs: what is sent, and what comes of it, stays as it was."""

from __future__ import annotations

import re

import pytest

from tests.conformance.notes import small_limits
from tests.operations.golden.files import cases, kept, plain

CASES = cases()
HOW = "if that is meant, write the files anew with `python -m tests.operations.golden`"


def part_of(case: str) -> str:
    """The verb, or what else the name of a case begins with: one test for all of these."""
    return re.split(r"[,:]", case)[0] if ":" in case else case.split(" ")[0]


@pytest.mark.parametrize("name", CASES)
def test_the_files_hold_the_cases_and_no_others(name: str) -> None:
    assert [*kept(name)] == [*CASES[name]], HOW


@pytest.mark.parametrize(
    ("name", "part"),
    [
        pytest.param(name, part, id=f"{name}: {part}")
        for name, some in CASES.items()
        for part in dict.fromkeys(map(part_of, some))
    ],
)
def test_what_is_sent_and_what_comes_of_it_stay_as_they_were(
    name: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    for case, run in CASES[name].items():
        if part_of(case) == part:
            assert plain(run()) == kept(name)[case], f"{case}: {HOW}"
