"""The guides' programs do what the pages say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.site.pages import DOCS
from tools.site.programs import run_page

pytestmark = pytest.mark.once


@pytest.mark.parametrize("page", ["agents-langgraph.md", "agents-langgraph-store.md"])
def test_the_program_of_the_guide(page: str, tmp_path: Path) -> None:
    assert run_page(DOCS / "guides" / page, tmp_path).met > 0
