"""Writes what `@mastra/memory` does into tests/memory/golden, for the tests to compare with.

`python -m tools.memory_goldens` rewrites the files; with `--check` it only says which of them the
package would write otherwise, and fails if there are any. Nothing in them depends on the time or
on chance, so a second run writes the same.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.interop.node_process import NodeProcess
from tests.memory import golden_texts

SOURCE = "@mastra/memory 1.31.0 with @mastra/core 1.71.0"


def made() -> dict[str, dict[str, Any]]:
    """The content of each file, by its name."""
    with NodeProcess("memory.mjs") as process:
        return {
            "texts": {
                "made by": SOURCE,
                "cases": [golden_texts.ask(process, each) for each in golden_texts.questions()],
            },
        }


def as_text(content: dict[str, Any]) -> str:
    """A file's content as it is written."""
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def main(*options: str) -> int:
    """Write the files, or check them; the exit code."""
    changed = []
    for name, content in made().items():
        path = golden_texts.FOLDER / f"{name}.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != as_text(content):
            changed.append(path)
            if "--check" not in options:
                path.write_text(as_text(content), encoding="utf-8")
    words = "would change" if "--check" in options else "written"
    print(*(f"{path.name} {words}" for path in changed), sep="\n")  # noqa: T201 (a tool)
    return int("--check" in options and bool(changed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
