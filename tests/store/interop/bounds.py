"""How long the comparisons with the TypeScript client look for examples."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

bounded = settings(
    max_examples=25,
    # A call over there takes milliseconds: no explaining, which needs many more of them.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
