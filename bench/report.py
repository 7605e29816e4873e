"""Write the figures into pages, between two marks that `write` looks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from bench.cases import TARGETS, Target
from bench.drawing import draw, number
from bench.measuring import Figures
from bench.peers import TITLES

ROOT: Final = Path(__file__).resolve().parents[1]
FIGURES: Final = Path("docs", "bench.json")
DRAWING: Final = Path("docs", "bench.svg")
BEGIN: Final = "<!-- What follows is written by `make bench`. -->"
END: Final = "<!-- What precedes is written by `make bench`. -->"

_BRACKETS: Final = (
    "The ratio in brackets is Leyden's time divided by the other client's: at 0.25, Leyden needs a "
    "quarter of its time."
)


@frozen
class Reached:
    """A target and its figure; None if it was not measured."""

    target: Target
    figure: float | None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached."""
        if self.figure is None:
            return None
        if self.target.at_least:
            return self.figure >= self.target.limit
        return self.figure <= self.target.limit


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines] + [""]


def look_up(figures: Figures, path: tuple[str, ...]) -> float | None:
    """Return the figure that a target is about."""
    kind, *rest = path
    found: Any = None
    if kind == "ratios":
        case = next((work for work in figures["work"] if work["case"] == rest[0]), None)
        found = case and case["ratios"].get(rest[1])
    elif kind == "rates":
        at_once = (row for row in figures["concurrency"] if str(row["at_once"]) == rest[0])
        found = next(at_once, {"ratios": {}})["ratios"].get("aiodynamo")
    elif kind == "cold":
        found = figures["cold"][rest[0]]["ratios"].get(rest[1])
    else:
        found = figures["offline"][rest[0]]
    return None if found is None else float(found)


def targets(figures: Figures) -> list[Reached]:
    """Return all targets with their figures."""
    return [Reached(target, look_up(figures, target.figure)) for target in TARGETS]


def clients(rows: Iterable[dict[str, float]]) -> list[str]:
    """Return the clients in any of the rows, in display order."""
    there = {name for row in rows for name in row}
    return [name for name in TITLES if name in there]


def work(figures: Figures) -> list[str]:
    """Return the table of client CPU."""
    names = clients(row["cpu"] for row in figures["work"])
    rows = []
    for case in figures["work"]:
        cells = [case["title"]]
        for name in names:
            cpu, share = case["cpu"].get(name), case["ratios"].get(name)
            cells.append(
                ""
                if cpu is None
                else number(cpu) + (f" ({share:.2f})" if share is not None else "")
            )
        rows.append(cells)
    return table(["client CPU, ms", *(TITLES[name] for name in names)], rows)


def rates(figures: Figures) -> list[str]:
    """Return the table of gets a second."""
    names = clients(row["rate"] for row in figures["concurrency"])
    rows = [
        [str(row["at_once"]), *(f"{row['rate'].get(name, 0):,}" for name in names)]
        for row in figures["concurrency"]
    ]
    return table(["gets at a time: a second", *(TITLES[name] for name in names)], rows)


STARTS: Final = {
    "plain": "credentials and region in the environment",
    "configured": "a file of AWS configuration as well",
    "fetched": "credentials that are fetched",
}


def cold(figures: Figures) -> list[str]:
    """Return the table of processes from their start to their first answer."""
    names = clients(row["cpu"] for row in figures["cold"].values())
    rows = []
    for case, title in STARTS.items():
        found = figures["cold"][case]
        cells = [title]
        for name in names:
            cpu, share = found["cpu"].get(name), found["ratios"].get(name)
            shown = "" if cpu is None else number(cpu)
            cells.append(shown if share is None else f"{shown} ({share:.2f})")
        rows.append(cells)
    return table(["start to first answer: CPU, ms", *(TITLES[name] for name in names)], rows)


def setting(figures: Figures) -> list[str]:
    """Return the lines about date, machine and versions."""
    machine, versions = figures["machine"], figures["versions"]
    named = ", ".join(f"{name} {found}" for name, found in versions.items())
    load = machine["load_at_start"]
    busy = "" if load is None else f", load {load} at the start"
    return [
        f"{figures['date']}, {machine['processors']} processors ({machine['processor']}), "
        f"{machine['system']}{busy}; DynamoDB Local; medians of {figures['rounds']} rounds.",
        f"{named}.",
        *(f"Not measured: {TITLES[name]}." for name in figures["absent"]),
        "",
    ]


def readme(figures: Figures) -> str:
    """Return README.md's part."""
    reached = [found for found in targets(figures) if found.met is not None]
    missed = [found.target.title for found in reached if not found.met]
    summary = f"{len(reached) - len(missed)} of {len(reached)} targets are reached"
    lines = [
        f"![What Leyden costs, beside other clients]({DRAWING.as_posix()})",
        "",
        *work(figures),
        f"{_BRACKETS} All clients take turns on one engine, each in its own process, and the "
        "figures are medians over the rounds. Client CPU is the processor time of the client's "
        "process alone. Other work on the machine raises all figures, so compare the ratios.",
        "",
        *setting(figures),
        summary + (f"; missed: {'; '.join(missed)}." if missed else "."),
        "",
    ]
    return "\n".join(lines)


def target_rows(figures: Figures) -> Iterator[list[str]]:
    """Yield a row for each target."""
    words = {None: "not measured", True: "yes", False: "**no**"}
    for found in targets(figures):
        target = found.target
        unit = f" {target.unit}" if target.unit else ""
        figure = "" if found.figure is None else f"{found.figure:.3f}{unit}"
        sign = "≥" if target.at_least else "≤"
        yield [target.title, figure, f"{sign} {target.limit:g}{unit}", words[found.met]]


def engine(value: float | None) -> str:
    """Return the engine's processor time, if the system reports it."""
    return "" if value is None else number(value)


def page(figures: Figures) -> str:
    """Return docs/performance.md's part."""
    offline = figures["offline"]
    lines = [
        "## Targets",
        "",
        *table(
            ["client CPU, as a share or in ms", "found", "target", "reached"], target_rows(figures)
        ),
        *work(figures),
        _BRACKETS,
        "",
        *rates(figures),
        "## From the start of a process to its first answer",
        "",
        *cold(figures),
        "## What needs no server",
        "",
        *table(
            ["parameters of", "ms"],
            [[f"`{name}`", number(found)] for name, found in offline["parameters"].items()],
        ),
        f"Loading the memory's schemas takes {number(offline['load'])} ms, by a module that "
        f"carries them compiled {number(offline['load_compiled'])} ms, `import leyden` "
        f"{number(offline['import'])} ms behind botocore's own {number(offline['import_botocore'])}"
        f" ms. A record that is kept takes {offline['record_bytes']['leyden']:,} bytes, PynamoDB's "
        f"{offline['record_bytes']['pynamodb']:,}.",
        "",
        "## Scale",
        "",
        *table(
            ["items in the table", "a get: ms", "client CPU", "engine's CPU", "written a second"],
            [
                [
                    f"{row['items']:,}",
                    number(row["wall"]),
                    number(row["cpu"]),
                    engine(row["engine_cpu"]),
                    f"{row['written_a_second']:,}",
                ]
                for row in figures["table_sizes"]
            ],
        ),
        *table(
            ["processes, 64 gets at a time in each", "gets a second", "client CPU", "engine's CPU"],
            [
                [
                    str(row["processes"]),
                    f"{row['rate']:,}",
                    number(row["cpu"]),
                    engine(row["engine_cpu"]),
                ]
                for row in figures["processes"]
            ],
        ),
        *table(
            [
                "iteration",
                "records",
                "client CPU, µs each",
                "engine's",
                "MB after 10 %",
                "at the end",
            ],
            [
                [
                    TITLES[row["client"]],
                    f"{row['records']:,}",
                    number(row["cpu"]),
                    engine(row["engine_cpu"]),
                    *(number(row["memory"][at][1]) for at in (0, -1)),
                ]
                for row in figures["iteration"]
            ],
        ),
        "## Where it was measured",
        "",
        *setting(figures),
    ]
    return "\n".join(lines)


PAGES: Final = {Path("README.md"): readme, Path("docs", "performance.md"): page}


def between(text: str, begin: str = BEGIN, end: str = END) -> tuple[str, str, str]:
    """Split a page into the parts before, between and after the marks."""
    before, found, rest = text.partition(begin)
    inside, closed, behind = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks the marks {begin} and {end}")
    return before, inside.strip("\n"), behind


def fill(page: Path, inside: str, begin: str = BEGIN, end: str = END) -> None:
    """Write the part of a page that is between the marks."""
    before, _, behind = between(page.read_text(encoding="utf-8"), begin, end)
    inside = inside.strip("\n")
    page.write_text(f"{before}{begin}\n\n{inside}\n\n{end}{behind}", "utf-8")


def write(figures: Figures, root: Path = ROOT) -> None:
    """Write the figures, the drawing and the pages' parts."""
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    (root / FIGURES).write_text(text, encoding="utf-8")
    (root / DRAWING).write_text(draw(figures), encoding="utf-8")
    for path, made in PAGES.items():
        fill(root / path, made(figures))


def read(root: Path = ROOT) -> Figures:
    """Return the figures that were written."""
    found: Figures = json.loads((root / FIGURES).read_text(encoding="utf-8"))
    return found
