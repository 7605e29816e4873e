"""The page says what was measured of migrations, and it is what was promised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench.migrating import FIGURES, PAGE, rows


@pytest.fixture
def figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def test_the_page_has_the_figures(figures: dict[str, Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert "\n".join(rows(figures)) in page


def test_the_rate_is_kept_within_five_percent_and_memory_is_flat(figures: dict[str, Any]) -> None:
    for kind in ("in_place", "new_key"):
        assert abs(figures[kind]["at_a_rate"]["off_by_percent"]) <= 5
        for run in ("at_full_speed", "rollback"):
            assert figures[kind][run]["memory_growth_megabytes"] < 10
            assert figures[kind][run]["moved"] == figures[kind]["items"]
