"""The soak of the adapters: processes on one session and one thread are killed again and again.

Eight processes add to one session of the OpenAI Agents SDK, then eight pop from it, and eight put
checkpoints into one thread of LangGraph. A proxy throttles or breaks a fifth of all requests, and
every few tenths of a second one of the processes is killed by SIGKILL and another takes its place.
At the end the table is compared with what the processes had noted, see `agents_ledger.py`.

`make soak-agents` kills 100 processes in each of the three; `SOAK="--kills 1000"` takes longer.

    python -m tools.soak.agents --kills 100 --write
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field
from bench.agents.report import write_soak
from tests.faults.proxy import running
from tools.soak import agents_workers
from tools.soak.agents_ledger import (
    Ledger,
    Told,
    faults_told,
    pop_faults,
    saver_faults,
    session_faults,
    told,
)
from tools.soak.proxy import RandomFaults

from leyden.engine import dynamodb_local

ROOT: Final = Path(__file__).parents[2]
PROCESSES: Final = 8
TABLE: Final = "soak"


@define
class Killing:
    """Processes that run one function, and the kills."""

    work: Callable[..., None]
    url: str
    folder: Path
    chance: random.Random
    longest: float
    kills: int = 0
    _context: Any = field(init=False)
    _running: list[Any] = field(factory=list)
    _noted: list[int] = field(factory=lambda: [0] * PROCESSES)
    """How long each ledger was when its process began."""

    def __attrs_post_init__(self) -> None:
        # Forks of a process without threads, which has imported what they need.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["botocore.client", "botocore.session", "botocore.httpsession", agents_workers.__name__]
        )

    def ledger(self, worker: int) -> Ledger:
        """Return the ledger of a process and of those that take its place."""
        return Ledger(self.folder / f"{self.work.__name__}-{worker}.jsonl")

    def ledgers(self) -> list[list[dict[str, Any]]]:
        """Return the lines of all ledgers."""
        return [[*self.ledger(worker).lines()] for worker in range(PROCESSES)]

    def told(self, kind: str) -> list[Told]:
        """Return what all ledgers tell of calls of one kind."""
        return [told(lines, kind) for lines in self.ledgers()]

    def run(self, kills: int) -> None:
        """Kill so many of them, or until all have ended, and then all that are left."""
        self._running = [self._start(worker) for worker in range(PROCESSES)]
        while self.kills < kills:
            time.sleep(self.chance.uniform(0, self.longest))
            if any(one.exitcode for one in self._running):
                raise RuntimeError(f"{self.work.__name__} failed in a process")
            alive = [worker for worker, one in enumerate(self._running) if one.is_alive()]
            if not alive:
                break
            # On a slow machine, others would be killed before they have sent anything.
            working = [worker for worker in alive if self._has_worked(worker)]
            if working:
                worker = self.chance.choice(working)
                self._kill(worker)
                self._running[worker] = self._start(worker)
        for worker, one in enumerate(self._running):
            if one.is_alive():
                self._kill(worker)

    def _has_worked(self, worker: int) -> bool:
        """Return whether a process has noted the end of a call."""
        path = self.ledger(worker).path
        return path.exists() and path.read_bytes()[self._noted[worker] :].count(b"\n") > 1

    def _length(self, worker: int) -> int:
        path = self.ledger(worker).path
        return path.stat().st_size if path.exists() else 0

    def _start(self, worker: int) -> Any:
        self._noted[worker] = self._length(worker)
        seed = self.chance.randrange(10**9)
        process = self._context.Process(
            target=self.work, args=(TABLE, self.url, worker, self.ledger(worker).path, seed)
        )
        process.start()
        return process

    def _kill(self, worker: int) -> None:
        self._running[worker].kill()
        self._running[worker].join()
        self.kills += 1


def soak(kills: int, seed: int, *, share: float, longest: float, say: Any) -> dict[str, Any]:
    """Run all three; return the figures, each part with its `faults`."""
    # Without it, most of the time would go into waiting: see `tools.soak.run`.
    os.environ["AWS_RETRY_MODE"] = "legacy"
    chance = random.Random(seed)
    found: dict[str, Any] = {}
    jar = os.environ.get("LEYDEN_DYNAMODB_LOCAL") or ROOT / ".cache" / "dynamodb-local"
    with dynamodb_local(jar) as engine, tempfile.TemporaryDirectory() as folder:
        url = engine.endpoint_url
        agents_workers.session_on(TABLE, url).app.create_table()

        def killed(work: Callable[..., None]) -> tuple[Killing, dict[str, Any]]:
            proxy = RandomFaults(url, share=share, seed=chance.randrange(10**9))
            with running(proxy):
                killing = Killing(work, proxy.url, Path(folder), chance, longest)
                killing.run(kills)
            say(f"{work.__name__}: {killing.kills} kills, {proxy.counts['requests']} requests")
            return killing, {
                "kills": killing.kills,
                "requests": proxy.counts["requests"],
                "throttled": proxy.counts["throttled"],
                "broken off": proxy.counts["reset"],
                "faults": [one for lines in killing.ledgers() for one in faults_told(lines)],
            }

        killing, found["add"] = killed(agents_workers.adds)
        calls = killing.told("add")
        messages = _messages(url)
        found["add"]["faults"] += session_faults(messages, calls)
        found["add"] |= {**_counted(calls), "messages": len(messages)}

        killing, found["pop"] = killed(agents_workers.pops)
        calls = killing.told("pop")
        popped = [call["text"] for one in calls for call in one.done.values()]
        untold = sum(len(one.begun) - len(one.done) - len(one.refused) for one in calls)
        left = _messages(url)
        found["pop"]["faults"] += pop_faults(messages, left, popped, untold)
        found["pop"] |= {**_counted(calls), "left": len(left)}

        killing, found["put"] = killed(agents_workers.puts)
        calls, writes = killing.told("put"), killing.told("write")
        saver = agents_workers.saver_on(TABLE, url)
        steps = [agents_workers.step_of(one) for one in saver.list(agents_workers.at())]
        found["put"]["faults"] += saver_faults(steps, calls, writes)
        found["put"] |= {**_counted(calls), "checkpoints": len(steps)}
        found["put"]["writes"] = sum(len(step.writes) for step in steps)
    return {**found, "load average": round(os.getloadavg()[0], 1)}


def _messages(url: str) -> list[str]:
    async def read() -> list[str]:
        items: list[Any] = await agents_workers.session_on(TABLE, url).get_items()
        return [item["content"] for item in items]

    return asyncio.run(read())


def _counted(calls: Sequence[Told]) -> dict[str, int]:
    begun, done = (sum(len(getattr(one, name)) for one in calls) for name in ("begun", "done"))
    return {"calls": begun, "done": done}


def main() -> int:
    """Run the soak with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="in each of the three parts")
    parser.add_argument("--share", type=float, default=0.2, help="of requests that meet a fault")
    parser.add_argument("--longest", type=float, default=0.6, help="seconds until a kill")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--write", action="store_true", help="docs/soak-agents.json and its page")
    given = parser.parse_args()
    settings = {"processes": PROCESSES, "share of faults": given.share}
    found = soak(
        given.kills,
        given.seed,
        share=given.share,
        longest=given.longest,
        say=lambda text: sys.stdout.write(f"{text}\n"),
    )
    figures = {"seed": given.seed, **settings, **found}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    faults = [fault for part in ("add", "pop", "put") for fault in found[part]["faults"]]
    if given.write and not faults:
        write_soak(figures)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
