"""Fetches the agent frameworks, whose storage interfaces `leyden.agents` implements.

Their newest releases and the lowest that the adapters support go into virtual environments of their
own, one for each file of tests/agents/requirements, below `agents` in the folder given as the only
argument, which git ignores. A second run does nothing. Where they cannot be had this says which
checks will not run and succeeds; where `LEYDEN_REQUIRE` names `agents`, it fails.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tools.node_packages import say
from tools.toolbox import provide, python_tools

ROOT: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = ROOT / "tests" / "agents" / "requirements"
TESTING: Final = ("pytest>=8.3", "hypothesis>=6.119")
CHECKS: Final = "the tests of the adapters for agent frameworks"
LONGEST_SECONDS: Final = 900


def environments() -> list[str]:
    """The names of the environments."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def frameworks(environment: str) -> list[str]:
    """What pip is asked for beside Leyden's dependencies and what tests need."""
    lines = (REQUIREMENTS / f"{environment}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def holds(environment: str, package: str) -> bool:
    """Whether a package is one of those that an environment is for."""
    return package in {re.split("[<=>]", line)[0] for line in frameworks(environment)}


def wanted(environment: str) -> list[str]:
    """All that is to be installed in an environment.

    Leyden itself is imported from its sources; only what it depends on is installed.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    local = project["optional-dependencies"]["local"]
    return [*frameworks(environment), *project["dependencies"], *local, *TESTING]


def python(cache: Path, environment: str) -> Path:
    """The interpreter of an environment."""
    return cache / "agents" / environment / "bin" / "python"


def missing(cache: Path) -> list[str]:
    """The environments that `cache/agents` does not hold as they are wanted."""
    return [name for name in environments() if not _is_there(cache, name)]


def installed(cache: Path) -> bool:
    """Whether `cache/agents` holds all environments."""
    return not missing(cache)


def install(cache: Path) -> None:
    """Install what is missing in `cache/agents`. Raises UnavailableError."""
    folder = cache / "agents"
    names = missing(cache)
    say(f"Installing agent frameworks for {CHECKS} into {folder} ({', '.join(names)})")
    with ThreadPoolExecutor(2) as pool:
        # Each waits for downloads about as long as it works.
        for done in [pool.submit(_install, cache, name) for name in names]:
            done.result()


def _install(cache: Path, name: str) -> None:
    python_tools(python(cache, name).parents[1], wanted(name), LONGEST_SECONDS)
    _stamp(cache, name).write_text(json.dumps(wanted(name)), encoding="utf-8")


def _is_there(cache: Path, name: str) -> bool:
    stamp = _stamp(cache, name)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == json.dumps(wanted(name))


def _stamp(cache: Path, name: str) -> Path:
    return python(cache, name).parents[1] / "installed.json"


if __name__ == "__main__":
    sys.exit(provide("agents", CHECKS, installed, install))
