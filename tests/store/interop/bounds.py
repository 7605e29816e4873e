"""How long the comparisons with the TypeScript client look for examples."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

on_dynamodb_local = pytest.mark.parametrize(
    "engine",
    [pytest.param("dynamodb_local", marks=pytest.mark.java)],
    indirect=True,
    scope="session",
)
"""For tests with many examples: the quicker engine is enough, the fixed calls run on both."""

bounded = settings(
    max_examples=20,
    # A call over there takes milliseconds: no explaining, which needs many more of them.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
