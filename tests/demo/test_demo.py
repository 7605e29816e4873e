"""The demo runs on any console, and what it shows is so."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
from click.testing import CliRunner
from rich.console import Console

import leyden
from leyden.cli.application import leyden as leyden_command
from leyden.demo import run
from leyden.demo.stage import Stage, cell, source

ROOT: Final = Path(__file__).resolve().parents[2]


@attrs.frozen
class Shown:
    """What one run of the demo printed, and what it sent."""

    text: str
    answers: tuple[leyden.events.ResponseReceived, ...]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def shown() -> Shown:
    answers: list[leyden.events.ResponseReceived] = []

    def hear(event: leyden.events.Event) -> None:
        if isinstance(event, leyden.events.ResponseReceived):
            answers.append(event)

    console = Console(file=io.StringIO(), width=120, record=True)
    started = time.perf_counter()
    with leyden.events.listen(hear):
        run(console)
    print(f"the demo took {time.perf_counter() - started:.1f} seconds")  # noqa: T201
    return Shown(console.export_text(), tuple(answers))


def row(*cells: str) -> str:
    """A table's row without its padding."""
    return " │ ".join(cells)


def test_it_finds_the_entity_of_every_item_of_the_typescript_client(shown: Shown) -> None:
    for alias, count in (
        ("thread", 3),
        ("message", 17),
        ("resource", 2),
        ("workflow_snapshot", 5),
        ("score", 4),
    ):
        assert row(f"│ {alias}", str(count)) in shown.words


def test_every_item_comes_back_as_the_typescript_client_wrote_it(shown: Shown) -> None:
    assert "31 of 31 items are exactly as in the file" in shown.words


def test_the_threads_of_alice_come_oldest_first(shown: Shown) -> None:
    part = shown.text.split("The threads of alice, oldest first")[1].split("▸")[0]
    assert 0 < part.index("│ boiling-points") < part.index("│ trip-to-lyon")
    assert "│ pasta" not in part


def test_the_newest_three_messages_of_the_thread_come_newest_first(shown: Shown) -> None:
    part = shown.text.split("The newest three messages of a thread")[1].split("▸")[0]
    assert "3 items read" in part
    ids = [line.split("│")[1].strip() for line in part.splitlines() if line.startswith("│")]
    assert ids == ["id", "trip-to-lyon-m1", "boiling-points-m5", "boiling-points-m4"]


def test_the_runs_of_a_workflow_and_the_scores_of_a_run_are_those_of_the_file(
    shown: Shown,
) -> None:
    runs = shown.text.split("The runs of a workflow")[1].split("▸")[0]
    assert [f"│ run-{n}" in runs for n in range(5)] == [True, True, True, False, False]
    scores = shown.text.split("The scores of a run")[1].split("▸")[0]
    assert row("│ relevance", "0.5", "r0") in " ".join(scores.split())
    assert row("│ relevance", "0", "r2") in " ".join(scores.split())


def test_its_own_thread_and_message_are_read_back(shown: Shown) -> None:
    part = shown.text.split("Read back")[1]
    assert row("│ leyden-jars-m0", "leyden-jars", "user", "Who charged the first one? │") in (
        " ".join(part.split())
    )
    threads = part.split("All threads of alice")[1].split("▸")[0]
    assert "│ leyden-jars" in threads


def test_it_shows_requests_as_words_and_as_data(shown: Shown) -> None:
    assert 'served by index "gsi1" (access pattern "by_thread")' in shown.text
    assert '"KeyConditionExpression": "#0 = :0 AND begins_with(#1, :1)"' in shown.words
    assert '"ScanIndexForward": false' in shown.words


def test_the_collision_is_refused_and_the_pages_end(shown: Shown) -> None:
    assert "KeyCollisionError (key.collision)" in shown.text
    assert row("│ t1, t2, t3", "eyJ") in shown.words
    assert row("│ t4, t5", "none: this is the end │") in shown.words


def test_closing_the_task_takes_it_out_of_the_sparse_index(shown: Shown) -> None:
    left = shown.text.split("The open tasks of 3 points or more")[1].split("▸")[0]
    assert "│ t1" in left
    assert "│ t2" in left
    assert "│ t4" not in left


def test_what_it_says_it_cost_is_what_its_requests_consumed(shown: Shown) -> None:
    consumed = sum(answer.consumed or 0 for answer in shown.answers)
    assert consumed > 0
    assert row("│ all", str(len(shown.answers)), f"{consumed:g} │") in shown.words


@pytest.fixture(scope="module")
def without_terminal() -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "leyden.demo"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_without_a_terminal_it_is_plain_text_of_80_columns(without_terminal: str) -> None:
    assert "\x1b" not in without_terminal
    *shown, _ = without_terminal.split("What next?")[0].splitlines()
    assert max(len(line) for line in shown) <= 80
    assert not any(line != line.rstrip() for line in shown)
    assert "31 of 31" in without_terminal


def test_the_commands_that_it_tells_to_copy_work(without_terminal: str) -> None:
    told = without_terminal.split("What next?")[1].splitlines()
    commands = [shlex.split(line) for line in told if " schemas/taskapp" in line]
    assert len(commands) == 5
    for program, *arguments in commands:
        assert Path(program).name == "leyden"
        ran = CliRunner().invoke(leyden_command, arguments)
        assert ran.exit_code == 0, (arguments, ran.output)
        assert ran.output.strip(), arguments


def test_an_output_that_has_only_ascii_gets_question_marks_not_an_error() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "leyden.demo"],
        cwd=ROOT,
        capture_output=True,
        encoding="ascii",
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Environ 86 ?C." in ended.stdout


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(Console(file=io.StringIO(), width=60, record=True))
    yield made
    made.close()


def nothing_wrong(given: object) -> object:
    return given


class Harmless:
    def go(self) -> None:
        """Does nothing, and so is not refused."""


def test_a_refusal_that_does_not_happen_ends_the_demo(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="nothing was refused"):
        stage.refused("Refused", nothing_wrong, Harmless())


def several_lines(given: object) -> object:
    """What is shown is the expression behind `return`."""
    return (
        given,
        [given],
    )


def test_the_code_shown_is_the_source_that_runs() -> None:
    assert source(nothing_wrong) == "given"
    assert source(several_lines) == "(\n    given,\n    [given],\n)"


def test_a_cell_is_one_line_and_not_endless() -> None:
    assert cell("a\n  b") == "a b"
    assert cell("x" * 500) == "x" * 99 + "…"
    assert cell(None) == "-"
    assert cell(frozenset({"b", "a"})) == "a, b"


def test_it_ends_with_a_question_answered_by_meaning(shown: Shown) -> None:
    chapter = shown.words[shown.words.index("A question, answered by meaning") :]
    assert "WordLlama" in chapter
    assert "256 numbers for each text" in chapter
    table = chapter[chapter.index("score │ thread") :]
    best = table[: table.index("%") if "%" in table else 400]
    assert "boiling-points" in best
    assert "pressure falls with height" in best
    assert "SearchVectors │ memory_messages_256" in chapter
    (search,) = (answer for answer in shown.answers if answer.api == "SearchVectors")
    assert f"metered by bytes: {search.bytes_searched:,}" in chapter


def test_it_says_what_is_missing_for_its_last_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leyden.memory.embedders.find_spec", lambda name: None)
    console = Console(file=io.StringIO(), width=120, record=True)
    run(console)
    words = " ".join(console.export_text().split())
    assert "Left out: offline_embedder needs WordLlama" in words
    assert "What it cost" in words
