"""A chart as Mermaid text, which GitHub and many editors render."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from leyden.chart.contents import Band, Board, Chart, Group, Pattern

_COLOURS: Final = (
    ("#dce8f8", "#2b5fa8", "#14305a"),
    ("#daf1e3", "#23804f", "#0e3f26"),
    ("#f9e8d5", "#b0651d", "#5a310a"),
    ("#ecdff7", "#7c3fb0", "#3c1a5a"),
    ("#f9dde6", "#b03561", "#5a1530"),
    ("#d6f0f3", "#1f7f8c", "#0c3f47"),
    ("#f3eed0", "#8c7a1a", "#463c08"),
    ("#e1e1fa", "#4a4ab8", "#22225c"),
)
"""Fill, edge and text colors of each entity's items, readable on light and dark pages."""


def mermaid(chart: Chart) -> str:
    """Return a flowchart: boards contain partitions, which contain collections and items."""
    lines = ["flowchart TB"]
    places = {entity.alias: place for place, entity in enumerate(chart.entities)}
    for number, board in enumerate(chart.boards):
        lines += _indented(_board(board, f"b{number}", places))
    # Invisible links keep boards and items in order.
    lines += _chain([f"b{number}" for number in range(len(chart.boards))], "  ")
    for place, colours in enumerate(_COLOURS[: len(chart.entities)]):
        fill, edge, text = colours
        lines.append(f"  classDef e{place} fill:{fill},stroke:{edge},color:{text}")
    lines.append("  classDef pattern fill:none,stroke-dasharray:4 3")
    return "\n".join(lines) + "\n"


def _board(board: Board, name: str, places: dict[str, int]) -> Iterable[str]:
    title = "the table" if board.index is None else board.index
    keys = ", ".join((*board.hash, *board.range)) or "all items"
    notes = [] if board.projection == "all" else [board.projected]
    yield f"subgraph {name}[{_text(': '.join((title, keys)), *notes)}]"
    yield "  direction LR"
    for place, group in enumerate(board.groups):
        yield from _indented(_group(group, f"{name}p{place}", places))
    for place, pattern in enumerate(board.patterns):
        yield from _indented(_pattern(pattern, f"{name}a{place}", board, name))
    yield "end"


def _group(group: Group, name: str, places: dict[str, int]) -> Iterable[str]:
    yield f"subgraph {name}[{_text(*(key.text for key in group.partition))}]"
    yield "  direction TB"
    opened: list[int] = []
    for place, row in enumerate(group.rows):
        while opened and opened[-1] <= place:
            opened.pop()
            yield "  " * (len(opened) + 1) + "end"
        for number, band in enumerate(_ordered(group)):
            if band.start == place:
                margin = "  " * (len(opened) + 1)
                yield f"{margin}subgraph {name}c{number}[{_text(band.collection)}]"
                yield f"{margin}  direction TB"
                # Boxes nest or are separate; they never overlap.
                opened.append(min(band.end, *opened[-1:]) if opened else band.end)
        label = _text(*(key.text for key in row.sort), row.alias)
        colour = places[row.alias] % len(_COLOURS)
        yield "  " * (len(opened) + 1) + f"{name}r{place}[{label}]:::e{colour}"
    while opened:
        opened.pop()
        yield "  " * (len(opened) + 1) + "end"
    yield from _chain([f"{name}r{place}" for place in range(len(group.rows))], "  ")
    yield "end"


def _pattern(pattern: Pattern, name: str, board: Board, board_name: str) -> Iterable[str]:
    call = max(pattern.calls, key=lambda call: len(call.finds))
    condition = [f"where {pattern.when}"] if pattern.when else []
    yield f"{name}([{_text(call.text, *condition)}]):::pattern"
    for place, group in enumerate(board.groups):
        if any(row.example in call.finds for row in group.rows):
            partition = f"{board_name}p{place}"
            bands = [
                f"{partition}c{number}"
                for number, band in enumerate(_ordered(group))
                if pattern.alias is None and band.collection == pattern.name
            ]
            for target in bands or [partition]:
                yield f"{name} --> {target}"


def _ordered(group: Group) -> list[Band]:
    """Return the collections in the order in which they open, outer ones before inner ones."""
    return sorted(group.bands, key=lambda band: (band.start, band.level))


def _chain(names: list[str], margin: str) -> list[str]:
    return [f"{margin}{' ~~~ '.join(names)}"] if len(names) > 1 else []


def _indented(lines: Iterable[str]) -> Iterable[str]:
    return (f"  {line}" for line in lines)


_SPECIAL: Final = re.compile(r"[#\"&<>`\\;]|\$(?=\$)|[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _text(*lines: str) -> str:
    """Return lines as a quoted label. Mermaid writes special characters as `#35;`."""
    return '"' + "<br/>".join(_SPECIAL.sub(_entity, line) for line in lines if line) + '"'


def _entity(found: re.Match[str]) -> str:
    character = found.group()
    return f"#{ord(character)};" if character.isprintable() else " "
