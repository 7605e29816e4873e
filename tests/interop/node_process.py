"""Node.js processes that stay up and answer JSON lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPTS: Final = ROOT / "tools" / "node"
PACKAGES: Final = (
    *("electrodb", "@mastra/dynamodb", "@mastra/memory", "@mastra/core"),
    *("pyright", "yaml-language-server"),
)


class NodeUnavailableError(RuntimeError):
    """Node.js or the npm packages are missing here, or a process ended; the message says which."""


def node_folder() -> Path:
    """The folder with `node_modules`: `LEYDEN_NODE_DIR`, or where `make` installs it."""
    return Path(os.environ.get("LEYDEN_NODE_DIR") or ROOT / ".cache" / "node")


def why_unavailable() -> str | None:
    """What is missing for the scripts to run, in words; None where nothing is."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    for package in PACKAGES:
        if not (node_folder() / "node_modules" / package).is_dir():
            return (
                f"the npm package {package} is not installed below {node_folder()}; run `make npm`"
            )
    return None


class NodeProcess:
    """A script of tools/node that is asked, a JSON object at a time, and answers with one."""

    def __init__(self, script: str) -> None:
        missing = why_unavailable()
        if missing:
            raise NodeUnavailableError(missing)
        self._script = script
        self._asked = 0
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", str(SCRIPTS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "LEYDEN_NODE_DIR": str(node_folder())},
        )

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question; both are plain JSON."""
        if self._process.stdin is None or self._process.stdout is None:
            raise NodeUnavailableError(f"{self._script} has no pipes")
        self._asked += 1
        self._process.stdin.write(json.dumps({"id": self._asked, **question}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise NodeUnavailableError(
                f"{self._script} ended with code {self._process.wait()} instead of answering"
            )
        answer: dict[str, Any] = json.loads(line)
        if answer["id"] != self._asked:
            raise NodeUnavailableError(f"{self._script} answered another question")
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
