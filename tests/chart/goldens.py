"""The pictures that are kept beside the tests: `python -m tests.chart.goldens` draws them anew.

Look at what `git diff` says of them, and at the drawings themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from leyden.chart import chart_mermaid, drawing_svg
from leyden.schema import load_service

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"


def pictures() -> Iterator[tuple[Path, str]]:
    """Each file, and what is in it."""
    taskapp = load_service(ROOT / "schemas" / "taskapp")
    yield GOLDEN / "taskapp.mmd", chart_mermaid(taskapp)
    yield GOLDEN / "taskapp.svg", drawing_svg(taskapp, title="Tasks")
    yield GOLDEN / "taskapp-gsi2.svg", drawing_svg(taskapp, index="gsi2")


def main() -> None:
    """Write every file."""
    for path, text in pictures():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
