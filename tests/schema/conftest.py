"""Where the schemas of these tests are."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def data() -> Path:
    return HERE / "data"
