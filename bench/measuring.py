"""Let all clients do the same work in turns, and return medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from bench.cases import AT_ONCE, Case
from bench.workers import Crew, Worker, WorkerError

Figures = dict[str, Any]
Say = Callable[[str], None]


def in_turns(
    workers: Mapping[str, Worker], question: Figures, rounds: int, say: Say
) -> dict[str, list[Figures]]:
    """Return the answers of all clients to a question, after a first round that is not counted.

    Every other round has the reverse order. A client that fails is left out and named.
    """
    answers: dict[str, list[Figures]] = {}
    for name, worker in workers.items():
        try:
            worker.ask(question)
            answers[name] = []
        except WorkerError as error:
            say(f"NOT MEASURED: {error}")
    for number in range(rounds):
        order = list(answers)
        for name in order if number % 2 else reversed(order):
            answers[name].append(workers[name].ask(question))
    return answers


def middle(answers: Mapping[str, list[Figures]], what: str) -> dict[str, float]:
    """Return the median of each client."""
    return {name: round(median(a[what] for a in found), 4) for name, found in answers.items()}


def ratios(answers: Mapping[str, list[Figures]], what: str) -> dict[str, float]:
    """Return Leyden's share of each other client's figure, as the median over rounds."""
    own = answers["leyden"]
    return {
        name: round(median(a[what] / b[what] for a, b in zip(own, found, strict=True)), 3)
        for name, found in answers.items()
        if name != "leyden"
    }


def work(crew: Crew, case: Case, rounds: int, say: Say) -> Figures:
    """Measure the client CPU of a case: ms a call, and Leyden's share of the others'."""
    there = {name: worker for name, worker in crew.workers.items() if case.name in worker.cases}
    answers = in_turns(there, {"run": case.name, "times": case.times}, rounds, say)
    return {
        "case": case.name,
        "title": case.title,
        "beside": case.beside,
        "cpu": middle(answers, "cpu"),
        "wall": middle(answers, "wall"),
        "ratios": ratios(answers, "cpu"),
    }


def concurrency(crew: Crew, at_once: int, count: int, rounds: int, say: Say) -> Figures:
    """Measure gets on an event loop: how many a second, and client CPU in ms."""
    there = {name: worker for name, worker in crew.workers.items() if worker.asynchronous}
    answers = in_turns(there, {"gets": at_once, "count": count}, rounds, say)
    walls = middle(answers, "wall")
    return {
        "at_once": at_once,
        "rate": {name: round(1000 / wall) for name, wall in walls.items()},
        "cpu": middle(answers, "cpu"),
        "ratios": {
            name: round(1 / share, 3) if share else 0.0
            for name, share in ratios(answers, "wall").items()
        },
    }


def concurrencies(crew: Crew, count: int, rounds: int, say: Say) -> list[Figures]:
    """Measure `concurrency` for each of `AT_ONCE`."""
    found = []
    for at_once in AT_ONCE:
        say(f"gets, {at_once} at a time")
        counted = count // 4 if at_once == 1 else count
        found.append(concurrency(crew, at_once, counted, rounds, say))
    return found
