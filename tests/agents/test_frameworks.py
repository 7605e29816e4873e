"""The adapters for agent frameworks, each beside its framework in the environments that have it.

`make agents` makes the environments. What a folder here tests runs in a process of its own there.
By hand: `PYTHONPATH=src .cache/agents/newest/bin/python -m pytest tests/agents/pydantic_ai`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tools import agents_envs

from tests.interop.node_process import ROOT

pytestmark = pytest.mark.agents

HERE: Final = Path(__file__).parent
ADAPTERS: Final = ROOT / "src" / "leyden" / "agents"
PACKAGES: Final = {
    "adk": "google-adk",
    "agent_framework": "agent-framework-core",
    "langchain": "langchain-core",
    "langgraph": "langgraph-checkpoint",
    "openai_agents": "openai-agents",
    "pydantic_ai": "pydantic-ai-slim",
    "strands": "strands-agents",
}
"""The packages of the frameworks, by the names of the adapters and of their folders of tests."""

RIVALS: Final = "rivals"
"""The folder of tests that compare adapters with other packages."""

NEEDED_INSIDE: Final = frozenset({"java"})
"""What `LEYDEN_REQUIRE` may ask of the environments; the rest is not there."""

SETTINGS: Final = """\
[mypy]
strict = True
python_version = 3.11
mypy_path = $MYPY_CONFIG_FILE_DIR/src
explicit_package_bases = True
follow_imports = silent
"""


def folders() -> list[str]:
    """The folders with tests of an adapter."""
    return sorted({path.parent.name for path in HERE.glob("*/__init__.py")} - {RIVALS})


def cases() -> Iterator[Any]:
    for folder in folders():
        for environment in agents_envs.environments():
            if agents_envs.holds(environment, PACKAGES[folder]):
                yield pytest.param(folder, environment, id=f"{folder}-{environment}")


def run(command: list[str], settings: Mapping[str, str]) -> str:
    """The output of a process, which must not fail."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def run_tests(folder: str, environment: str, *options: str) -> None:
    """Run the tests of a folder in an environment."""
    required = {*os.environ.get("LEYDEN_REQUIRE", "").split(",")} & NEEDED_INSIDE
    python = agents_envs.python(ROOT / ".cache", environment)
    tests = ["-m", "pytest", "-p", "no:cacheprovider", "-q", f"tests/agents/{folder}", *options]
    told = {"PYTHONPATH": "src", "LEYDEN_REQUIRE": ",".join(required)}
    if not environment.startswith("newest"):
        # What depends on the release shows in a few examples. The many are for the adapter itself.
        told["HYPOTHESIS_PROFILE"] = "quick"
    output = run([str(python), *tests], told)
    for line in output.splitlines():
        if line.startswith("NOT RUN"):
            warnings.warn(f"{folder} in {environment}: {line}", stacklevel=1)


def without_zeros(requirement: str) -> str:
    """The same for `package==1.0` and `package==1.0.0`."""
    return re.sub(r"(\.0)+$", "", requirement)


def test_each_folder_has_a_framework_with_an_adapter_and_two_releases() -> None:
    for folder in folders():
        assert (ADAPTERS / folder).is_dir() or (ADAPTERS / f"{folder}.py").is_file()
        environments = [
            name for name in agents_envs.environments() if agents_envs.holds(name, PACKAGES[folder])
        ]
        assert {name.partition("-")[0] for name in environments} == {"newest", "lowest"}


def test_each_guide_for_a_framework_has_its_program_run() -> None:
    tests = [path.read_text(encoding="utf-8") for path in HERE.glob("*/test_page.py")]
    for page in (ROOT / "docs" / "guides").glob("agents-*.md"):
        assert any(f'"{page.name}"' in test for test in tests), page


def test_the_lowest_release_that_an_extra_takes_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        without_zeros(line)
        for name in agents_envs.environments()
        if name.startswith("lowest")
        for line in agents_envs.frameworks(name)
    }
    for extra, packages in project["optional-dependencies"].items():
        if extra.replace("-", "_") in PACKAGES:
            lowest = [one.partition(",")[0].replace(">=", "==") for one in packages]
            assert {without_zeros(one) for one in lowest} <= pinned, extra


@pytest.mark.parametrize(("folder", "environment"), [*cases()])
def test_the_adapter_does_what_its_framework_expects(folder: str, environment: str) -> None:
    run_tests(
        folder, environment, *([] if environment.startswith("newest") else ["-m", "not once"])
    )


def test_other_packages_have_the_faults_that_the_adapters_lack() -> None:
    run_tests(RIVALS, agents_envs.WITH_RIVALS)


def test_each_package_that_the_adapters_are_compared_with_is_pinned() -> None:
    assert [line.partition("==")[0] for line in agents_envs.rivals()] == [*agents_envs.RIVALS]


@pytest.mark.parametrize("environment", agents_envs.environments())
def test_the_adapters_fit_the_types_of_their_frameworks(environment: str, tmp_path: Path) -> None:
    modules = [
        ("-p" if (ADAPTERS / name).is_dir() else "-m", f"leyden.agents.{name}")
        for name in folders()
        if agents_envs.holds(environment, PACKAGES[name])
    ]
    if not modules:
        return
    settings = tmp_path / "mypy.ini"
    settings.write_text(SETTINGS.replace("$MYPY_CONFIG_FILE_DIR", str(ROOT)), encoding="utf-8")
    run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(settings)),
            *("--cache-dir", str(ROOT / ".mypy_cache" / environment)),
            *("--python-executable", str(agents_envs.python(ROOT / ".cache", environment))),
            *(part for module in modules for part in module),
        ],
        {},
    )
