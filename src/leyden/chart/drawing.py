"""A board as a self-contained SVG, drawn as people draw single-table designs.

Partitions are boxes, and items are cards in them. Each attribute is a small cell with its name
above its value. In a page, the drawing takes the colors that the page sets (`--leyden-ink` and the
like). As an image, it follows the reader's color scheme. `tag` escapes every text in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import accumulate
from typing import Final

from attrs import frozen

from leyden._html import Content, Markup, plural, tag
from leyden._text import did_you_mean, quoted
from leyden.chart.colours import collection_hues, entity_hues
from leyden.chart.contents import Absent, Band, Board, Chart, Group, KeyText, Piece, Row, Shown
from leyden.chart.lettering import ADVANCE, cells, lines_of, one_line, shortened
from leyden.errors import InvalidOptionError

_WIDTH: Final = 800
"""The width of a drawing unless its keys need more: that of a text column on GitHub."""

_LEAST_ATTRIBUTES: Final = 300
"""The minimum width for attributes beside keys of any length."""

_TITLE: Final = 14
_TEXT: Final = 12
_SMALL: Final = 11
_LINE: Final = 16
"""The distance between the lines of a key."""

_MARGIN: Final = 16
_GAP: Final = 10
_PAD: Final = 8
_BRACKET: Final = 22
_CELL: Final = 36
_BETWEEN: Final = 5

_PARTITION_CELLS: Final = 24
_KEY_CELLS: Final = 36
_KEY_LINES: Final = 4
_VALUE_CELLS: Final = 30
_MOST_COLUMNS: Final = 12
"""How many attributes of an entity get cells; one more cell stands for all others."""

_REST: Final = ""
"""The name of the cell that stands for all other attributes."""

_MOST_DESCRIBED: Final = 40
"""How many items the description for screen readers names."""


@frozen
class _Block:
    """The text of a key in lines: its pieces, with the names of its fields if it has several."""

    lines: tuple[tuple[str, tuple[Piece, ...]], ...]
    whole: str

    @property
    def width(self) -> float:
        """The width of the longest line."""
        return max((_line_width(kind, pieces) for kind, pieces in self.lines), default=0.0)

    @property
    def height(self) -> int:
        """The height of all lines."""
        return _LINE * len(self.lines)


@frozen
class _Slot:
    """The place of an attribute's cells in the cards of its entity, from their left."""

    line: int
    left: float
    width: float


@frozen
class _Cell:
    """An attribute of an item: a name above a value; `whole` is the tooltip."""

    name: str
    value: str
    whole: str

    @property
    def width(self) -> float:
        """The width of the cell."""
        return max(_width(self.name, _SMALL), _width(self.value, _TEXT)) + 2 * _PAD


@frozen
class _Card:
    """An item with its measures."""

    row: Row
    key: _Block
    cells: tuple[tuple[_Cell, _Slot], ...]
    lines: tuple[int, ...]
    """The lines of slots on which it has cells."""

    @property
    def height(self) -> int:
        """The height of the card."""
        key = _LINE + self.key.height
        return max(key, len(self.lines) * (_CELL + _BETWEEN) - _BETWEEN) + 2 * _PAD


def drawing(chart: Chart, index: str | None, title: str) -> str:
    """Draw the table, or the index of this name. Raises InvalidOptionError for an unknown one."""
    boards = {board.index: board for board in chart.boards}
    if index not in boards:
        names = [name for name in boards if name is not None]
        raise InvalidOptionError(
            f"the table has no index {quoted(str(index))}{did_you_mean(str(index), names)}",
            operation="chart",
        )
    return _Drawing(chart, boards[index], one_line(title)).svg()


class _Drawing:
    def __init__(self, chart: Chart, board: Board, title: str) -> None:
        self.chart = chart
        self.board = board
        self.title = title
        self.hues = entity_hues(chart)
        self.collection_hues = collection_hues(chart)
        self.rows = [row for group in board.groups for row in group.rows]
        self.partitions = [_block(group.partition, _PARTITION_CELLS) for group in board.groups]
        keys = {row.example: _block(row.sort, _KEY_CELLS) for row in self.rows}
        labels = [_width(row.alias, _SMALL) for row in self.rows]
        heads = [_width(label + fields, _SMALL) for label, fields in self.heads]
        # Columns from left to right: partition keys, brackets, sort keys, attributes.
        self.partition_width = max([heads[0], *(block.width for block in self.partitions)]) + _PAD
        self.cards_left = _MARGIN + 2 * _PAD + self.partition_width + _BRACKET * board.levels
        self.key_width = max([heads[1], *labels, *(key.width for key in keys.values())]) + 3 * _PAD
        self.cells_left = self.cards_left + self.key_width
        room = max(_LEAST_ATTRIBUTES, _WIDTH - self.cells_left - _MARGIN - 2 * _PAD)
        self.cards: dict[str, _Card] = {}
        end = heads[2]
        for alias in dict.fromkeys(row.alias for row in self.rows):
            rows = [row for row in self.rows if row.alias == alias]
            inside = _cells_of(rows)
            slots = _slots(inside.values(), room)
            end = max([end, *(slot.left + slot.width for slot in slots.values())])
            for row in rows:
                found = tuple((cell, slots[name]) for name, cell in inside[row.example].items())
                lines = tuple(sorted({slot.line for _, slot in found}))
                self.cards[row.example] = _Card(row, keys[row.example], found, lines)
        below = [_width(self.title, _TITLE), *(_width(note, _SMALL) for note in self.notes())]
        least = _MARGIN + min(max(below), _WIDTH - 2 * _MARGIN)
        self.right = max(self.cells_left + end + 2 * _PAD, least)

    @property
    def heads(self) -> tuple[tuple[str, str], ...]:
        """The headings of the columns, with their fields."""
        fields = (", ".join(self.board.hash), ", ".join(self.board.range))
        return (
            ("Partition key ", fields[0]) if fields[0] else ("Partition", ""),
            ("Sort key ", fields[1]) if fields[1] else ("Entity", ""),
            ("Attributes", ""),
        )

    def svg(self) -> str:
        width = self.right + _MARGIN
        parts: list[Markup] = []
        y = float(_MARGIN)
        if self.title:
            shown = shortened(self.title, int((width - 2 * _MARGIN) / (_TITLE * ADVANCE)))
            parts.append(_text("title", _MARGIN, y + 12, shown, _TITLE, whole=self.title))
            y += 30
        legend, y = self.legend(y, width)
        parts += legend
        left = (_MARGIN + _PAD, self.cards_left + _PAD, self.cells_left)
        for x, (label, fields) in zip(left, self.heads, strict=True):
            parts.append(_text("small.soft", x, y + 11, label, _SMALL))
            parts.append(_text("small", x + _width(label, _SMALL), y + 11, fields, _SMALL))
        y += 20
        for group, key in zip(self.board.groups, self.partitions, strict=True):
            drawn, height = self.group(group, key, y)
            parts.append(drawn)
            y += height + _GAP
        for note in self.notes():
            most = int((width - 2 * _MARGIN) / (_SMALL * ADVANCE))
            shown = shortened(note, most)
            parts.append(_text("small.soft", _MARGIN, y + 11, shown, _SMALL, whole=note))
            y += 18
        height = y - _GAP + _MARGIN
        style = files("leyden.chart").joinpath("drawing.css").read_text(encoding="utf-8")
        paper = _rect("paper", 0.5, 0.5, width - 1, height - 1, 10)
        drawn = tag(
            "svg.leyden-drawing",
            tag("title", self.title or self.name),
            tag("desc", self.description()),
            tag("style", Markup(style)),
            paper,
            [part for one in parts for part in ("\n", one)],
            "\n",
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {_number(width)} {_number(height)}",
            width=_number(width),
            height=_number(height),
            role="img",
        )
        return f"{drawn}\n"

    @property
    def name(self) -> str:
        """The title of the drawing."""
        of = self.chart.table or self.chart.service
        return f"The table {of}" if self.board.index is None else f"{self.board.index} of {of}"

    def description(self) -> str:
        """Describe the drawing for people who cannot see it."""
        groups = self.board.groups
        counted = f"{plural(len(self.rows), 'item')} in {plural(len(groups), 'partition')}"
        said = [f"{counted}, in the order of their keys."]
        left = _MOST_DESCRIBED
        for group in groups:
            items = []
            for row in group.rows[: max(left, 0)]:
                key = " ".join(key.text for key in row.sort)
                items.append(f"{row.alias} {key}".strip())
            left -= len(group.rows)
            if items:
                key = " ".join(key.text for key in group.partition)
                said.append(f"{key}: {', '.join(items)}.")
        if left < 0:
            said.append(f"And {plural(-left, 'more item')}.")
        return one_line(" ".join(said))

    def legend(self, y: float, width: float) -> tuple[list[Markup], float]:
        """Return the legend of entities and collections, and the position below it."""
        there = {row.alias for row in self.rows}
        bands = {band.collection for group in self.board.groups for band in group.bands}
        entries = [
            (alias, f"--hue: {hue}", False) for alias, hue in self.hues.items() if alias in there
        ]
        entries += [
            (f"collection {name}", f"--hue: {hue}", True)
            for name, hue in self.collection_hues.items()
            if name in bands
        ]
        parts: list[Markup] = []
        x = float(_MARGIN)
        for whole, style, is_collection in entries:
            name = shortened(whole, _VALUE_CELLS)
            room = 20 + _width(name, _TEXT) + 18
            if x > _MARGIN and x + room - 18 > width - _MARGIN:
                x, y = float(_MARGIN), y + 20
            if is_collection:
                path = f"M{_number(x + 11)} {_number(y + 1)}h-6v11h6"
                mark = [tag("path.bracket", d=path, style=style)]
            else:
                mark = [
                    _rect("item", x, y, 13, 13, 3, style=style),
                    _rect("edge", x, y, 4, 13, 2, style=style),
                ]
            parts += [*mark, _text("", x + 19, y + 11, name, _TEXT, whole=whole)]
            x += room
        return parts, y + 28 if entries else y

    def group(self, group: Group, key: _Block, top: float) -> tuple[Markup, float]:
        """Return a partition with its items, and its height."""
        cards = [self.cards[row.example] for row in group.rows]
        starts = list(accumulate((card.height + _BETWEEN for card in cards), initial=0))
        height = max(starts[-1] - _BETWEEN, key.height + _PAD) + 2 * _PAD
        tops = [top + _PAD + start for start in starts]
        right = self.right
        parts: list[Content] = [
            _rect("partition", _MARGIN, top, right - _MARGIN, height, 8),
            _lines(key, _MARGIN + _PAD, top + _PAD + 14),
            [self.band(band, tops) for band in group.bands],
            [self.card(card, y) for card, y in zip(cards, tops, strict=False)],
        ]
        return tag("g", parts), height

    def band(self, band: Band, tops: Sequence[float]) -> Markup:
        """Return a collection: a bracket left of its items, with its name if that fits."""
        start = self.cards_left - _BRACKET * (self.board.levels - band.level)
        top, bottom = tops[band.start] + 1, tops[band.end] - _BETWEEN - 1
        x, height = start + _BRACKET - 4, bottom - top
        path = f"M{_number(x)} {_number(top)}h-4v{_number(height)}h4"
        style = f"--hue: {self.collection_hues[band.collection]}"
        most = int(height / (_SMALL * ADVANCE))
        name = shortened(band.collection, most)
        middle = (_number(start + 10), _number((top + bottom) / 2))
        label = tag(
            "text.small.strong",
            tag("title", one_line(band.collection)),
            one_line(name),
            x=middle[0],
            y=middle[1],
            text_anchor="middle",
            transform=f"rotate(-90 {middle[0]} {middle[1]})",
        )
        return tag("g", tag("path.bracket", d=path, style=style), label if most > 2 else None)

    def card(self, card: _Card, top: float) -> Markup:
        """Return an item: its entity above its sort key, and its attributes."""
        left, width = self.cards_left, self.right - _PAD - self.cards_left
        row = card.row
        if row.is_known:
            style = f"--hue: {self.hues[row.alias]}"
            back = [
                _rect("item", left, top, width, card.height, 6, style=style),
                _rect("edge", left, top, 4, card.height, 2, style=style),
            ]
        else:
            back = [_rect("other", left, top, width, card.height, 6)]
        x = left + _PAD + 4
        parts: list[Content] = [
            back,
            _text("small.strong", x, top + _PAD + 10, row.alias, _SMALL, whole=row.alias),
            _lines(card.key, x, top + _PAD + 12 + 14),
        ]
        for cell, slot in card.cells:
            x = self.cells_left + slot.left
            y = top + _PAD + card.lines.index(slot.line) * (_CELL + _BETWEEN)
            parts += [
                _rect("cell", x, y, slot.width, _CELL, 4),
                _text("small.soft", x + _PAD, y + 14, cell.name, _SMALL, whole=cell.name),
                _text("", x + _PAD, y + 29, cell.value, _TEXT, whole=cell.whole),
            ]
        return tag("g", parts)

    def notes(self) -> Iterator[str]:
        """Yield what the items do not show."""
        board = self.board
        if not board.groups:
            yield "No items are here."
        if board.projection != "all":
            yield f"This index has {board.projected} of each item."
        for absent in board.absent:
            yield _not_here(absent)


# ---- measures


def _block(keys: Sequence[KeyText], width: int) -> _Block:
    lines: list[tuple[str, tuple[Piece, ...]]] = []
    for key in keys:
        if len(keys) > 1:
            lines.append(("field", (Piece(shortened(one_line(key.field), width)),)))
        most = _KEY_LINES if len(keys) == 1 else 1
        lines += [("key", tuple(line)) for line in lines_of(key.pieces, width, most)]
    return _Block(tuple(lines), " ".join(key.text for key in keys))


def _cells_of(rows: Iterable[Row]) -> dict[str, dict[str, _Cell]]:
    """Return the cells of an entity's items, by item and attribute.

    Attributes whose values a key shows are left out.
    """
    found = {row.example: [s for s in row.attributes if not s.in_key] for row in rows}
    names = list(dict.fromkeys(shown.name for one in found.values() for shown in one))
    # One more attribute needs no more room than the cell that would stand for it.
    first = set(names if len(names) <= _MOST_COLUMNS + 1 else names[:_MOST_COLUMNS])
    made: dict[str, dict[str, _Cell]] = {}
    for example, all_shown in found.items():
        cells_ = {shown.name: _cell(shown) for shown in all_shown if shown.name in first}
        rest = [shown for shown in all_shown if shown.name not in first]
        if rest:
            whole = "; ".join(f"{shown.name}: {shown.value}" for shown in rest)
            cells_[_REST] = _Cell("and", f"{len(rest)} more", whole)
        made[example] = cells_
    return made


def _cell(shown: Shown) -> _Cell:
    name = shortened(one_line(shown.name), _VALUE_CELLS)
    value = one_line(shown.value)
    return _Cell(f"{name} (ttl)" if shown.is_ttl else name, shortened(value, _VALUE_CELLS), value)


def _slots(items: Iterable[Mapping[str, _Cell]], room: float) -> dict[str, _Slot]:
    """Return places for the cells of an entity, with each attribute always in the same column."""
    widths: dict[str, float] = {}
    for item in items:
        for name, cell in item.items():
            widths[name] = max(widths.get(name, 0.0), cell.width)
    if _REST in widths:
        # The cell for all others comes last.
        widths[_REST] = widths.pop(_REST)
    slots: dict[str, _Slot] = {}
    line, left = 0, 0.0
    for name, width in widths.items():
        if left and left + width > room:
            line, left = line + 1, 0.0
        slots[name] = _Slot(line, left, width)
        left += width + _BETWEEN
    return slots


def _width(text: str, size: int) -> float:
    return cells(text) * size * ADVANCE


def _line_width(kind: str, pieces: Iterable[Piece]) -> float:
    return sum(_width(piece.text, _SMALL if kind == "field" else _TEXT) for piece in pieces)


def _not_here(absent: Absent) -> str:
    count = plural(len(absent.examples), "item")
    if absent.when:
        return f"Not here: {count} of {absent.alias}, since the index wants {absent.when}."
    return f"Not here: {count} of {absent.alias}, without the attributes of the keys."


# ---- elements


def _number(value: float) -> str:
    return f"{round(value, 1):g}"


def _rect(
    kind: str, x: float, y: float, width: float, height: float, r: int, *, style: str | None = None
) -> Markup:
    sizes = {"x": x, "y": y, "width": width, "height": height}
    return tag(f"rect.{kind}", rx=r, style=style, **{k: _number(v) for k, v in sizes.items()})


def _text(
    kind: str, x: float, y: float, shown: str, size: int, *, whole: str | None = None
) -> Markup:
    """Return a line of text with its measured width; `whole` is its tooltip if it is shortened."""
    if not shown:
        return Markup("")
    title = tag("title", one_line(whole)) if whole is not None and whole != shown else None
    return tag(
        f"text.{kind}" if kind else "text",
        title,
        shown,
        x=_number(x),
        y=_number(y),
        textLength=_number(_width(shown, size)),
    )


def _lines(block: _Block, x: float, y: float) -> list[Markup]:
    drawn = []
    for place, (kind, pieces) in enumerate(block.lines):
        content = [tag("tspan.value", p.text) if p.name else p.text for p in pieces]
        width = _line_width(kind, pieces)
        drawn.append(
            tag(
                "text.small.soft" if kind == "field" else "text.key",
                tag("title", one_line(block.whole)) if len(block.lines) > 1 else None,
                content,
                x=_number(x),
                y=_number(y + place * _LINE),
                textLength=_number(width) if width else None,
            )
        )
    return drawn
