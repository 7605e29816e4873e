"""ElectroDB's own answers, from a Node.js process that stays up while it is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from attrs import frozen

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPT: Final = ROOT / "tools" / "node" / "oracle.mjs"


class OracleUnavailableError(RuntimeError):
    """Node.js or the npm packages are missing here; the message says which."""


@frozen
class Refusal:
    """ElectroDB's refusal: its number, None where it threw something else, and its words."""

    code: int | None
    message: str


def node_folder() -> Path:
    """The folder with `node_modules`: `LEYDEN_NODE_DIR`, or where `make` installs it."""
    return Path(os.environ.get("LEYDEN_NODE_DIR") or ROOT / ".cache" / "node")


def why_unavailable() -> str | None:
    """What is missing for the oracle to run, in words; None where nothing is."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not (node_folder() / "node_modules" / "electrodb").is_dir():
        return f"the npm package electrodb is not installed below {node_folder()}; run `make npm`"
    return None


class Oracle:
    """Asks ElectroDB what request it builds.

    Example::

        with Oracle() as oracle:
            answer = oracle.ask(models, "tasks", {"entity": "task", "verb": "get", "key": {...}})
    """

    def __init__(self) -> None:
        missing = why_unavailable()
        if missing:
            raise OracleUnavailableError(missing)
        self._asked = 0
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "LEYDEN_NODE_DIR": str(node_folder())},
        )

    def ask(self, models: Mapping[str, Any], table: str, op: Mapping[str, Any]) -> Any:
        """The request that ElectroDB builds for `op`, or its `Refusal`.

        `models` maps aliases to ElectroDB models of one service; `op` is in neutral form.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise OracleUnavailableError("the process has no pipes")
        self._asked += 1
        question = {"id": self._asked, "table": table, "models": models, "op": op}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise OracleUnavailableError(
                f"the process ended with code {self._process.wait()} instead of answering"
            )
        answer = json.loads(line)
        if answer["id"] != self._asked:
            raise OracleUnavailableError("the process answered another question")
        if "error" in answer:
            return Refusal(answer["error"]["code"], answer["error"]["message"])
        return answer["request"]

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
