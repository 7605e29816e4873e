"""The golden files say what the installed `@mastra/memory` does."""

from __future__ import annotations

import pytest
from tools.memory_goldens import as_text, made

from tests.memory.golden_texts import FOLDER


@pytest.mark.node
def test_the_files_are_what_the_package_does() -> None:
    for name, content in made().items():
        assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == as_text(content), (
            f"{name}.json is not what the package does; `make goldens` writes it anew"
        )
