"""The tests in the folders here need a framework, which test_frameworks.py starts them beside."""

from __future__ import annotations

from pathlib import Path

collect_ignore = [path.name for path in Path(__file__).parent.iterdir() if path.is_dir()]
