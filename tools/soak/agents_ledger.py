"""What the processes of `agents.py` wrote, by their own ledgers, and what is wrong with the table.

A process appends a line before each call and one after it. So a call without a second line was
killed, or failed in a way that leaves open whether it happened. The checks here do not use Leyden.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field

LETTERS: Final = 30
"""After so many steps a list of letters begins anew."""

WRITES: Final = 3
"""How many writes each step has."""


@define
class Ledger:
    """The ledger of one process, which the next one in its place continues."""

    path: Path
    _file: int | None = None

    def note(self, **said: Any) -> None:
        """Append a line, which stays if the process is killed."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(self._file, json.dumps(said).encode() + b"\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the lines."""
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)


@define
class Told:
    """What a ledger tells of calls of one kind, each with its number."""

    begun: dict[int, dict[str, Any]] = field(factory=dict)
    done: dict[int, dict[str, Any]] = field(factory=dict)
    refused: set[int] = field(factory=set)

    @property
    def next(self) -> int:
        """The number of the next call."""
        return max(self.begun, default=-1) + 1


def told(lines: Iterable[Mapping[str, Any]], kind: str) -> Told:
    """Return what a ledger tells of one kind of calls."""
    found = Told()
    for line in lines:
        if line.get("kind") != kind:
            continue
        number = line["n"]
        match line["is"]:
            case "begun":
                found.begun[number] = dict(line)
            case "done":
                found.done[number] = dict(line)
            case "refused":
                found.refused.add(number)
    return found


def faults_told(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what a process itself found wrong."""
    return [line["fault"] for line in lines if "fault" in line]


# --- what they write


def texts_of(worker: int, number: int, size: int) -> list[str]:
    """Return the messages that a process adds together."""
    return [f"{worker}/{number}/{at}" for at in range(size)]


def letters_of(worker: int, number: int) -> list[str]:
    """Return the list that a step of a process stores: that of the step before, and one more."""
    return [f"{worker}/{at} " * 40 for at in range(number - number % LETTERS, number + 1)]


def writes_of(worker: int, number: int) -> list[tuple[str, str]]:
    """Return the writes of a step."""
    return [(f"c{at}", f"{worker}/{number}/{at}") for at in range(WRITES)]


# --- checks


def session_faults(messages: Sequence[str], workers: Sequence[Told]) -> list[str]:
    """Return what is wrong with the messages of a session."""
    faults = []
    twice = [text for text, times in Counter(messages).items() if times > 1]
    faults += [f"{text} is there twice" for text in twice]
    place = {text: at for at, text in enumerate(messages)}
    expected: set[str] = set()
    for worker, calls in enumerate(workers):
        before = -1
        for number, call in sorted(calls.begun.items()):
            texts = texts_of(worker, number, call["size"])
            expected.update(texts)
            there = [place[text] for text in texts if text in place]
            if not there:
                if number in calls.done:
                    faults.append(f"{worker}/{number} is lost")
                continue
            if number in calls.refused:
                faults.append(f"{worker}/{number} was refused and is there")
            if there != [*range(there[0], there[0] + len(texts))]:
                faults.append(f"{worker}/{number} is not together: {there}")
            if there[0] < before:
                faults.append(f"{worker}/{number} is out of order")
            before = there[-1]
    faults += [f"{text} was never added" for text in messages if text not in expected]
    return faults


def pop_faults(
    before: Sequence[str], after: Sequence[str], popped: Sequence[str], open_calls: int
) -> list[str]:
    """Return what is wrong after pops, of which some were killed before they could tell."""
    faults = [f"{text} was popped twice" for text, n in Counter(popped).items() if n > 1]
    faults += [f"{text} was popped and is there" for text in after if text in {*popped}]
    faults += [f"{text} was never added" for text in {*popped, *after} - {*before}]
    if [*before[: len(after)]] != [*after]:
        faults.append("what is left is not what was added first")
    gone = len({*before} - {*after} - {*popped})
    if gone > open_calls:
        faults.append(f"{gone} messages are gone, and only {open_calls} pops did not tell")
    return faults


@define
class Step:
    """A checkpoint that was read: its id, its values, and its writes with their task."""

    id: str
    values: Mapping[str, Any]
    writes: Sequence[tuple[str, str, Any]]


def saver_faults(steps: Sequence[Step], puts: Sequence[Told], writes: Sequence[Told]) -> list[str]:
    """Return what is wrong with the checkpoints of a thread, which are read newest first."""
    faults = []
    ids = [step.id for step in steps]
    faults += [f"checkpoint {one} is there twice" for one, n in Counter(ids).items() if n > 1]
    if ids != sorted(ids, reverse=True):
        faults.append("the checkpoints are not in order")
    there = {step.id: step for step in steps}
    begun: set[str] = set()
    for worker, (put, write) in enumerate(zip(puts, writes, strict=True)):
        for number, call in put.begun.items():
            begun.add(call["id"])
            step = there.get(call["id"])
            if step is None:
                if number in put.done:
                    faults.append(f"checkpoint {worker}/{number} is lost")
                continue
            faults += step_faults(step, worker, number)
            own = [(f"task-{worker}", *one) for one in writes_of(worker, number)]
            if [*step.writes] not in ([], own):
                faults.append(f"the writes of {worker}/{number} are {step.writes}")
            if number in write.done and not step.writes:
                faults.append(f"the writes of {worker}/{number} are lost")
    faults += [f"checkpoint {one} was never put" for one in ids if one not in begun]
    return faults


def step_faults(step: Step, worker: int, number: int) -> list[str]:
    """Return what is wrong with the values of a checkpoint."""
    expected = {"by": worker, "n": number, "letters": letters_of(worker, number)}
    return [] if step.values == expected else [f"checkpoint {worker}/{number} is torn"]
