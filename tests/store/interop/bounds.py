"""How long the comparisons with the TypeScript client look for examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.store.interop.twins import Twins

on_dynamodb_local = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("dynamodb_local", marks=pytest.mark.java),
        pytest.param("asynchronous", marks=pytest.mark.java),
    ],
    indirect=True,
    scope="session",
)
"""For tests with many examples: the quicker engine is enough, the fixed calls run on both."""


def for_examples(
    twins: Twins, drawn: st.SearchStrategy[Any], compare: Callable[[Any], None]
) -> None:
    """Compare generated examples; fewer of them by the asynchronous store.

    Its programs are those of the blocking one: what is asked here is that they are run alike.
    """
    bounded = settings(
        max_examples=6 if twins.asynchronous else 20,
        # A call over there takes milliseconds: no explaining, which needs many more of them.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )
    # Of `compare` itself: by its source Hypothesis finds the examples that failed before.
    bounded(given(drawn)(compare))()
