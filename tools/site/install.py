"""Fetches what builds and checks the documentation, into environments of its own.

Leyden with its extra `docs` (Sphinx and what it needs) goes into a virtual environment; axe-core
and a spell checker with its dictionaries into an npm folder. Both are below the folder given as
the only argument, which git ignores. A second run does nothing. Where they cannot be had this says
which checks will not run and succeeds; where `LEYDEN_REQUIRE` names `docs`, it fails.
"""

from __future__ import annotations

import json
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.node_packages import say
from tools.toolbox import node_tools, provide, python_tools

FOLDER = "docs"
NODE = {"axe-core": "4.14.1", "cspell": "8.19.4"}
CHECKS = "the documentation's site and its checks"
LONGEST_SECONDS = 900
ROOT = Path(__file__).resolve().parents[2]


def wanted() -> str:
    """All that is to be installed; another text where something of it changed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: listed for name, listed in project["optional-dependencies"].items() if name != "dev"
    }
    return json.dumps([project["dependencies"], extras, NODE])


def installed(cache: Path) -> bool:
    """Whether `cache/docs` holds what is wanted."""
    stamp = cache / FOLDER / "installed.json"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted()


def python(cache: Path) -> Path:
    """The interpreter that builds the site."""
    return cache / FOLDER / "python" / "bin" / "python"


def node_modules(cache: Path) -> Path:
    """The folder of the npm packages."""
    return cache / FOLDER / "node" / "node_modules"


def install(cache: Path) -> None:
    """Install all of it in `cache/docs`. Raises UnavailableError."""
    folder = cache / FOLDER
    say(f"Installing Sphinx, axe-core and a spell checker for {CHECKS} into {folder}")
    packages = ["--editable", f"{ROOT}[docs]"]
    with ThreadPoolExecutor(2) as pool:
        # Both mostly wait for what they download.
        for side in (
            pool.submit(node_tools, folder / "node", "leyden-docs", NODE),
            pool.submit(python_tools, python(cache).parents[1], packages, LONGEST_SECONDS),
        ):
            side.result()
    (folder / "installed.json").write_text(wanted(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(provide("docs", CHECKS, installed, install))
