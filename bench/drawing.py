"""Draw the figures as bars: a small SVG that is readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

from bench.measuring import Figures
from bench.peers import TITLES

LABEL, TEXT, ROW, GROUP, HEAD, GAP = 172, 104, 17, 24, 46, 26
"""A panel's columns are labels, bars and figures, so that no line crosses a figure."""

COLUMN: Final = 460
MARGIN: Final = 20

STYLE: Final = """
  svg { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif }
  .page { fill: #ffffff } .title { font-weight: 600; font-size: 14px }
  text { fill: #1f2328 } .note, .value { fill: #59636e } .group { font-weight: 600 }
  .own { fill: #0f766e } .other { fill: #aeb6bf } .engine { fill: #d4a24c }
  .line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .note, .value { fill: #9198a1 }
    .own { fill: #2dd4bf } .other { fill: #4b535d } .engine { fill: #b7882f }
    .line { stroke: #9198a1 }
  }
"""


@frozen
class Bar:
    """A bar with its client, its length, and the text behind it; `kind` is its CSS class."""

    label: str
    value: float
    text: str
    kind: str


@frozen
class Group:
    """Bars that belong together."""

    title: str
    bars: Sequence[Bar]


@frozen
class Panel:
    """Groups with the same scale, and a line through all of them at `reference`."""

    title: str
    note: str
    groups: Sequence[Group]
    reference: float | None = None

    @property
    def height(self) -> int:
        """The height of the panel."""
        return HEAD + sum(GROUP + ROW * len(group.bars) for group in self.groups) + GAP

    @property
    def longest(self) -> float:
        """The value of the longest bar."""
        values = [bar.value for group in self.groups for bar in group.bars]
        return max([*values, self.reference or 0.0]) or 1.0


def number(value: float) -> str:
    """Return a figure with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def kind(name: str) -> str:
    """Return the CSS class of a client."""
    return "own" if name.startswith("leyden") else "other"


def by_client(found: dict[str, float]) -> list[tuple[str, float]]:
    """Return the figures in the order in which clients are shown."""
    return [(name, found[name]) for name in TITLES if name in found]


def work(figures: Figures) -> Panel:
    """Return the panel of client CPU beside boto3's; bars have the ratios of the tables."""
    groups = []
    for case in figures["work"]:
        ratios = {"leyden": 1.0, **case["ratios"]}
        beside = ratios.get(case["beside"])
        if beside is None:
            continue
        bars = []
        for name, cpu in by_client(case["cpu"]):
            share = beside / ratios[name]
            bars.append(Bar(TITLES[name], share, f"{share:.2f} · {number(cpu)} ms", kind(name)))
        other = "" if case["beside"] == "boto3" else f", beside {TITLES[case['beside']]}"
        groups.append(Group(case["title"] + other, bars))
    return Panel("Client CPU of one call", "boto3's client is 1; shorter is better", groups, 1.0)


def rates(figures: Figures) -> Panel:
    """Return the panel of gets on an event loop."""
    groups = [
        Group(
            f"{found['at_once']} at a time",
            [
                Bar(TITLES[name], rate, number(rate), kind(name))
                for name, rate in by_client(found["rate"])
            ],
        )
        for found in figures["concurrency"]
    ]
    return Panel("Gets a second", "on an event loop, boto3 on 64 threads; longer is better", groups)


def cold(figures: Figures) -> Panel:
    """Return the panel of processes from their start to their first answer, beside boto3's."""
    found = figures["cold"]["plain"]
    ratios = {"leyden": 1.0, **found["ratios"]}
    bars = []
    for name, cpu in by_client(found["cpu"]):
        share = ratios["boto3"] / ratios[name]
        bars.append(Bar(TITLES[name], share, f"{share:.2f} · {number(cpu)} ms", kind(name)))
    note = "client CPU of a fresh process; boto3's is 1; shorter is better"
    return Panel("Start to first answer", note, [Group("get one item", bars)], 1.0)


def sizes(figures: Figures) -> Panel:
    """Return the panel of gets by the size of the table: the client's and the engine's CPU."""
    rows = [(f"table of {found['items']:,}", found) for found in figures["table_sizes"]]
    groups = [Group(title, shares(found)) for title, found in rows]
    return Panel(
        "A get by the size of the table",
        "processor time in ms, of Leyden and of the engine: one at a time",
        groups,
    )


def shares(found: Figures) -> list[Bar]:
    """Return bars for the processor time of the client and of the engine."""
    bars = [Bar("Leyden", found["cpu"], f"{number(found['cpu'])} ms", "own")]
    if found["engine_cpu"] is not None:
        engine = found["engine_cpu"]
        bars.append(Bar("DynamoDB Local", engine, f"{number(engine)} ms", "engine"))
    return bars


def processes(figures: Figures) -> Panel:
    """Return the panel of gets a second by number of processes."""
    bars = [
        Bar(
            f"{found['processes']} process{'es' if found['processes'] > 1 else ''}",
            found["rate"],
            number(found["rate"]),
            "own",
        )
        for found in figures["processes"]
    ]
    note = "64 at a time in each, sharing the processors with the engine"
    return Panel("Gets a second by processes", note, [Group("Leyden, asyncio", bars)])


def memory(figures: Figures) -> Panel:
    """Return the panel of the memory of a process that iterates."""
    groups = []
    for found in figures["iteration"]:
        marks = [found["memory"][0], found["memory"][-1]]
        bars = [
            Bar(f"after {count:,}", size, f"{number(size)} MB", kind(found["client"]))
            for count, size in marks
        ]
        groups.append(Group(TITLES[found["client"]], bars))
    return Panel(
        "Memory while iterating", "of the whole process; records are let go as read", groups
    )


def records(figures: Figures) -> Panel:
    """Return the panel of the bytes that a kept record takes."""
    found = figures["offline"]["record_bytes"]
    bars = [
        Bar(TITLES[name], size, f"{number(size)} bytes", kind(name))
        for name, size in by_client(found)
    ]
    return Panel("Memory of a record", "of 100,000 that are kept", [Group("decoded", bars)])


def draw_panel(panel: Panel, left: int, top: int) -> list[str]:
    """Return the elements of a panel."""
    room = COLUMN - LABEL - TEXT
    scale = room / panel.longest
    parts = [
        f'<text class="title" x="{left}" y="{top + 14}">{escape(panel.title)}</text>',
        f'<text class="note" x="{left}" y="{top + 31}">{escape(panel.note)}</text>',
    ]
    y = top + HEAD
    for group in panel.groups:
        parts.append(f'<text class="group" x="{left}" y="{y + 13}">{escape(group.title)}</text>')
        y += GROUP - 4
        if panel.reference is not None:
            x, last = left + LABEL + panel.reference * scale, y + ROW * len(group.bars)
            parts.append(f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{last}"/>')
        for bar in group.bars:
            width = max(bar.value * scale, 1)
            parts += [
                f'<text x="{left + LABEL - 8}" y="{y + 12}" text-anchor="end">'
                f"{escape(bar.label)}</text>",
                f'<rect class="{bar.kind}" x="{left + LABEL}" y="{y + 2}" width="{width:.1f}" '
                f'height="{ROW - 4}" rx="2"/>',
                f'<text class="value" x="{left + COLUMN}" y="{y + 12}" text-anchor="end">'
                f"{escape(bar.text)}</text>",
            ]
            y += ROW
        y += 4
    return parts


def sheet(label: str, *columns: Sequence[Panel]) -> str:
    """Return a drawing with columns of panels; `label` says what it shows."""
    parts: list[str] = []
    heights = []
    for column, panels in enumerate(columns):
        y = MARGIN
        for panel in panels:
            parts += draw_panel(panel, MARGIN + column * (COLUMN + MARGIN), y)
            y += panel.height
        heights.append(y)
    width, height = len(columns) * (COLUMN + MARGIN) + MARGIN, max(heights)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(label)}">',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def draw(figures: Figures) -> str:
    """Return the whole drawing."""
    return sheet(
        "What Leyden costs, beside other clients of DynamoDB",
        [work(figures), sizes(figures), records(figures)],
        [rates(figures), processes(figures), memory(figures), cold(figures)],
    )
