"""Write what `@mastra/memory` does into tests/memory/golden, for the tests to compare with.

`python -m tools.memory_goldens` rewrites the files. With `--check` it only lists the files that
would change, and fails if there are any. The contents do not depend on time or chance, so a second
run writes the same.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.interop.node_process import NodeProcess
from tests.memory import golden_calls, golden_texts

SOURCE = "@mastra/memory 1.31.0 with @mastra/core 1.71.0"


def made() -> dict[str, dict[str, Any]]:
    """Return the content of each file by name."""
    with NodeProcess("memory.mjs") as process:
        texts = [golden_texts.ask(process, each) for each in golden_texts.questions()]
        files: dict[str, dict[str, Any]] = {"texts": {"made by": SOURCE, "cases": texts}}
        for name, scenarios in golden_calls.FILES.items():
            answered = [golden_calls.ask(process, each) for each in scenarios()]
            files[name] = {"made by": SOURCE, "scenarios": answered}
        return files


def as_text(content: dict[str, Any]) -> str:
    """Return the text of a file, with a line for each case, and for each call with its question.

    >>> as_text({"cases": [{"name": "a"}]})
    '{\n"cases": [\n{"name": "a"}\n]\n}\n'
    """
    entries = [f"{_line(name)}: {_lines(held)}" for name, held in content.items()]
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _lines(held: Any) -> str:
    if not isinstance(held, list):
        return _line(held)
    return (
        "[\n"
        + ",\n".join(_scenario(each) if "calls" in each else _line(each) for each in held)
        + "\n]"
    )


def _scenario(scenario: dict[str, Any]) -> str:
    head = {name: held for name, held in scenario.items() if name != "calls"}
    return _line(head)[:-1] + ', "calls": ' + _lines(scenario["calls"]) + "}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def main(*options: str) -> int:
    """Write the files, or check them; return the exit code."""
    changed = []
    for name, content in made().items():
        path = golden_texts.FOLDER / f"{name}.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != as_text(content):
            changed.append(path)
            if "--check" not in options:
                path.write_text(as_text(content), encoding="utf-8")
    words = "would change" if "--check" in options else "written"
    for path in changed:
        print(f"{path.name} {words}")  # noqa: T201 (a tool)
    return int("--check" in options and bool(changed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
