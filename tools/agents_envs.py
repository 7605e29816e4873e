"""Fetches the agent frameworks, whose storage interfaces `leyden.agents` implements.

Their newest releases and the lowest that the adapters support go into virtual environments of their
own, one for each file of tests/agents/requirements, below `agents` in the folder given as the only
argument, which git ignores. One of them gets the packages too that the adapters are compared with.
A second run does nothing. Where they cannot be had this says which checks will not run and
succeeds; where `LEYDEN_REQUIRE` names `agents`, it fails.
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
MEASURED: Final = ROOT / "bench" / "agents-requirements.txt"
TESTING: Final = ("pytest>=8.3", "hypothesis>=6.119")
RIVALS: Final = (
    "langchain-community",
    "langgraph-checkpoint-aws",
    "langgraph-dynamodb-checkpoint",
    "openai-agents-session",
)
"""The packages that tests/agents/rivals compares the adapters with."""
WITH_RIVALS: Final = "newest"
"""The environment of these packages."""
CHECKS: Final = "the tests of the adapters for agent frameworks"
LONGEST_SECONDS: Final = 900


def environments() -> list[str]:
    """The names of the environments."""
    return sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def frameworks(environment: str) -> list[str]:
    """What pip is asked for beside Leyden's dependencies and what tests need."""
    return _requirements(REQUIREMENTS / f"{environment}.txt")


def rivals() -> list[str]:
    """The packages that the adapters are compared with, in the releases that are measured."""
    return [line for line in _requirements(MEASURED) if _package(line) in RIVALS]


def holds(environment: str, package: str) -> bool:
    """Whether a package is one of those that an environment is for."""
    return package in map(_package, frameworks(environment))


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
    folder = python(cache, name).parents[1]
    for stamp, arguments in _steps(name).items():
        if not _is_done(folder / stamp, arguments):
            python_tools(folder, arguments, LONGEST_SECONDS)
            (folder / stamp).write_text(json.dumps(arguments), encoding="utf-8")


def _is_there(cache: Path, name: str) -> bool:
    folder = python(cache, name).parents[1]
    return all(_is_done(folder / stamp, arguments) for stamp, arguments in _steps(name).items())


def _is_done(stamp: Path, arguments: list[str]) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == json.dumps(arguments)


def _steps(name: str) -> dict[str, list[str]]:
    """What pip is told for an environment, in this order, by the files that say it is done."""
    steps = {"installed.json": wanted(name)}
    if name == WITH_RIVALS:
        # The frameworks bring what these need, and none of these may hold them at old releases.
        steps["rivals.json"] = ["--no-deps", *rivals()]
    return steps


def _requirements(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _package(requirement: str) -> str:
    return re.split("[<=>]", requirement)[0]


if __name__ == "__main__":
    sys.exit(provide("agents", CHECKS, installed, install))
