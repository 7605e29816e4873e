"""Install what builds and checks the documentation, in environments of its own.

Leyden with its extra `docs` (Sphinx and its dependencies) goes into a virtual environment; axe-core
and a spell checker with its dictionaries go into an npm folder. Both are below the folder in the
only argument, which git ignores. A second run does nothing. If they cannot be installed, this
prints which checks will not run and succeeds, unless `LEYDEN_REQUIRE` names `docs`.
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
    """Return a description of all that should be installed; it changes if any of it does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: listed for name, listed in project["optional-dependencies"].items() if name != "dev"
    }
    return json.dumps([project["dependencies"], extras, NODE])


def installed(cache: Path) -> bool:
    """Return whether `cache/docs` holds the wanted versions."""
    stamp = cache / FOLDER / "installed.json"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted()


def python(cache: Path) -> Path:
    """Return the interpreter that builds the site."""
    return cache / FOLDER / "python" / "bin" / "python"


def node_modules(cache: Path) -> Path:
    """Return the folder of the npm packages."""
    return cache / FOLDER / "node" / "node_modules"


def install(cache: Path) -> None:
    """Install everything in `cache/docs`. Raises UnavailableError."""
    folder = cache / FOLDER
    say(f"Installing Sphinx, axe-core and a spell checker for {CHECKS} into {folder}")
    packages = ["--editable", f"{ROOT}[docs]"]
    with ThreadPoolExecutor(2) as pool:
        # Both spend most of their time on downloads.
        for side in (
            pool.submit(node_tools, folder / "node", "leyden-docs", NODE),
            pool.submit(python_tools, python(cache).parents[1], packages, LONGEST_SECONDS),
        ):
            side.result()
    (folder / "installed.json").write_text(wanted(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(provide("docs", CHECKS, installed, install))
