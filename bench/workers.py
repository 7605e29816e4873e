"""The processes of the clients, and the reasons why others are absent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define

from bench.peers import ELECTRODB, HOW, PEERS, Target

ROOT: Final = Path(__file__).resolve().parents[1]
SCRIPT: Final = ROOT / "tools" / "node" / "bench.mjs"


class WorkerError(RuntimeError):
    """A client's process failed; the message says which and why."""


class Worker:
    """A client in its process, which `ask` sends questions to."""

    def __init__(self, name: str, command: list[str], target: Target) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "LEYDEN_NODE_DIR": str(node_folder()), "NODE_NO_WARNINGS": "1"},
        )
        can = self.ask(asdict(target))
        self.cases: list[str] = can["work"]
        self.asynchronous: bool = can["gets"]

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer. Raises WorkerError if there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(f"{self.name} has ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"{self.name} ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@define
class Crew:
    """The running clients, the reasons why others are absent, and the versions by name."""

    workers: dict[str, Worker]
    absent: dict[str, str]
    versions: dict[str, str]


def node_folder() -> Path:
    """Return the folder with `node_modules`: `LEYDEN_NODE_DIR`, or where `make` installs it."""
    return Path(os.environ.get("LEYDEN_NODE_DIR") or ROOT / ".cache" / "node")


def commands() -> Iterator[tuple[str, list[str], str | None, str]]:
    """Yield each client's name, command, version (None if absent), and how to install it."""
    for peer in PEERS:
        yield peer.name, [sys.executable, "-m", "bench.worker", peer.name], peer.version, HOW
    package = node_folder() / "node_modules" / ELECTRODB / "package.json"
    node = shutil.which("node")
    there = node is not None and package.is_file()
    version = json.loads(package.read_text("utf-8"))["version"] if there else None
    yield ELECTRODB, [node or "node", str(SCRIPT)], version, "it needs Node.js, and `make npm`"


@contextmanager
def started(target: Target) -> Iterator[Crew]:
    """Start all clients that are installed, each in its process."""
    crew = Crew({}, {}, {})
    try:
        for name, command, version, how in commands():
            if version is None:
                crew.absent[name] = f"not installed; {how}"
                continue
            try:
                crew.workers[name] = Worker(name, command, target)
                crew.versions[name] = version
            except WorkerError as error:
                crew.absent[name] = str(error)
        yield crew
    finally:
        for worker in crew.workers.values():
            worker.close()


@contextmanager
def another(name: str, target: Target) -> Iterator[Worker]:
    """Start a fresh process of a client."""
    command = next(command for found, command, _, _ in commands() if found == name)
    worker = Worker(name, command, target)
    try:
        yield worker
    finally:
        worker.close()
