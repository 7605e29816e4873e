"""The guide's program does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.site.pages import DOCS
from tools.site.programs import run_page

pytestmark = pytest.mark.once


def test_the_program_of_the_guide(tmp_path: Path) -> None:
    assert run_page(DOCS / "guides" / "agents-strands.md", tmp_path).met > 0
