"""What mypy, pyright and ty say of files, one run of each over all of them.

Expectations stand in the files: `# error` at the end of a line where all three find an error,
`# error: mypy pyright` where these do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.interop.node_process import node_folder

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src"
GOLDEN: Final = Path(__file__).parent / "golden"
PYRIGHT: Final = node_folder() / "node_modules" / "pyright" / "index.js"

Found = dict[tuple[str, int], str]
"""Messages by file name and line."""

_EXPECTED: Final = re.compile(r"# error(?::([\w ]+))?$")
_SAID: Final = re.compile(r"^(.+?):(\d+)(?::\d+)?: (?:fatal )?error(.*)$")


def _places(files: Sequence[Path]) -> list[Path]:
    """Where modules are found: Leyden's, the generated ones, and those beside a file."""
    return [*dict.fromkeys((SOURCE, GOLDEN, *(file.parent for file in files)))]


def mypy(files: Sequence[Path], folder: Path) -> Found:
    """What mypy says in its strict mode."""
    settings = folder / "mypy.ini"
    settings.write_text(
        "[mypy]\nstrict = true\npython_version = 3.11\nmypy_path = "
        f"{SOURCE}:{GOLDEN}\nfollow_imports = silent\n"
        "explicit_package_bases = true\nnamespace_packages = true\n"
        # Whose errors are ignored has its bodies skipped, as a package that is installed.
        "[mypy-leyden.*]\nignore_errors = true\n"
        "[mypy-botocore.*,jmespath.*,moto.*]\nignore_missing_imports = true\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(settings)]
    # What it finds out of Leyden holds for all its runs here.
    options = ["--cache-dir", str(folder.parent / "mypy-checkers"), "--hide-error-context"]
    options += ["--no-pretty"]
    return _lines(_run([*command, *options, *map(str, files)], folder))


def pyright(files: Sequence[Path], folder: Path) -> Found:
    """What pyright says in its strict mode."""
    settings: dict[str, Any] = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [*map(str, _places(files))],
        # That a line of the bad code computes something for nothing is not what is asked.
        "reportUnusedExpression": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    options = ["--outputjson", "-p", str(folder), "--pythonpath", sys.executable]
    said = json.loads(_run(["node", str(PYRIGHT), *options, *map(str, files)], folder))
    assert said["summary"]["filesAnalyzed"] >= len(files), said
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1): one["message"]
        for one in said["generalDiagnostics"]
        if one["severity"] in ("error", "warning")
    }


def ty(files: Sequence[Path], folder: Path) -> Found:
    """What ty says."""
    options = ["--output-format", "concise", "--python", sys.prefix, "--python-version", "3.11"]
    paths = [arg for one in _places(files) for arg in ("--extra-search-path", str(one))]
    command = [sys.executable, "-m", "ty", "check", "--project", str(folder)]
    return _lines(_run([*command, *options, *paths, *map(str, files)], folder))


CHECKERS: Final[Mapping[str, Callable[[Sequence[Path], Path], Found]]] = {
    "mypy": mypy,
    "pyright": pyright,
    "ty": ty,
}


def expected(file: Path, checker: str) -> set[int]:
    """The lines at which a checker is to find an error."""
    lines = set()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        marked = _EXPECTED.search(line)
        if marked and checker in (marked[1] or checker).split():
            lines.add(number)
    return lines


def _run(command: list[str], folder: Path) -> str:
    # One thread each: the checks run beside others.
    environment = {**os.environ, "TY_MAX_PARALLELISM": "1", "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def _lines(output: str) -> Found:
    found = {}
    for line in output.splitlines():
        said = _SAID.match(line)
        if said:
            found[Path(said[1]).name, int(said[2])] = said[3].strip()
    return found
