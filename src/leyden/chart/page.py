"""A chart as one HTML page that needs no network, no fonts and no other files.

`tag` escapes every value in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final

from leyden._html import Markup, document, markup, plural, tag
from leyden.chart.colours import collection_hues, entity_hues
from leyden.chart.contents import (
    Absent,
    AttributeEntry,
    Board,
    Call,
    Chart,
    EntityEntry,
    Group,
    KeyShape,
    KeyText,
    Pattern,
    Row,
    Shown,
)

_LONGEST_VALUE: Final = 60
_FIRST_ATTRIBUTES: Final = 10
"""How many attributes of an item are shown at once; a click shows the others."""

_STRONG: Final = frozenset({"key", "required", "unique"})
_KINDS: Final = {
    "table": "table",
    "gsi": "global index",
    "lsi": "local index",
    "vector": "vector index",
}


def page(chart: Chart) -> str:
    """Return the whole page."""
    return _Page(chart).html()


class _Page:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.chips = {
            alias: tag("span.chip", alias, style=f"--hue: {hue}")
            for alias, hue in entity_hues(chart).items()
        }
        self.collection_hues = {
            name: f"--hue: {hue}" for name, hue in collection_hues(chart).items()
        }

    def html(self) -> str:
        boards = self.chart.boards
        script = files("leyden.chart").joinpath("page.js").read_text(encoding="utf-8")
        words = (
            "Drawn by Leyden from the schemas. The items are examples with made-up values; their "
            "keys are the ones that Leyden writes for them."
        )
        sections = [
            self.questions(),
            *(self.board(number, board) for number, board in enumerate(boards)),
            self.dictionary(),
        ]
        body = tag(
            "body",
            tag("a.skip", "Skip to the access patterns", href="#patterns"),
            self.header(),
            "\n",
            tag("main", sections),
            "\n",
            tag("footer", tag("p", words)),
            tag("script", Markup(script)),
        )
        return document(f"{self.chart.service}: access patterns", "leyden.chart", body)

    def header(self) -> Markup:
        chart = self.chart
        patterns = sum(pattern.alias is not None for b in chart.boards for pattern in b.patterns)
        facts = [
            ["table ", tag("code", chart.table)] if chart.table else None,
            plural(len(chart.entities), "entity", "entities"),
            plural(len(chart.boards) - 1, "index", "indexes"),
            plural(patterns, "access pattern"),
            plural(len(chart.collections), "collection") if chart.collections else None,
            ["time to live: ", tag("code", chart.ttl)] if chart.ttl else None,
        ]
        words = (
            "Each row is an item, each block a partition, in the order in which DynamoDB keeps it. "
            "In keys, ",
            tag("b", "bold text"),
            " is the value of an attribute. A bracket is a collection: items of several entities "
            "that one query reads.",
        )
        places = [
            ("Access patterns", "patterns"),
            *((_board_name(b.index), f"board-{number}") for number, b in enumerate(chart.boards)),
            ("Entities", "entities"),
        ]
        links = [tag("li", tag("a", name, href=f"#{place}")) for name, place in places]
        return tag(
            "header",
            tag("h1", chart.service),
            tag("ul.facts", [tag("li", fact) for fact in facts if fact]),
            tag("p.soft", words),
            self.search(),
            tag("div.legend", self.entities(), self.collections()),
            tag("nav", tag("ul", links), aria_label="Parts of this page"),
        )

    def search(self) -> Markup:
        field = tag(
            "input",
            type="search",
            id="search",
            autocomplete="off",
            spellcheck="false",
            placeholder="an attribute, a key, a value",
        )
        found = tag("output.soft", data_found=True, aria_live="polite")
        return tag("search", tag("label", "Search", for_="search"), field, found)

    def entities(self) -> Markup:
        rows = []
        for entity in self.chart.entities:
            why = self.chart.unsampled.get(entity.alias)
            label = tag(
                "label",
                tag("input", type="checkbox", checked=True, data_alias=entity.alias),
                self.chips[entity.alias],
                tag("span.soft", tag("code", entity.entity), f" version {entity.version}"),
                tag("span", entity.description) if entity.description else None,
            )
            rows.append(tag("li", label, tag("span.note", f"no examples: {why}") if why else None))
        state = tag("output", data_state=True, aria_live="polite")
        every = tag("button", "show all", type="button", data_all=True, hidden=True)
        return tag(
            "fieldset",
            tag("legend", "Entities"),
            tag("ul", rows),
            tag("p.filter-state", state, every),
        )

    def collections(self) -> Markup | None:
        if not self.chart.collections:
            return None
        rows = [
            tag(
                "li",
                self.bracket(collection.name),
                [self.chips[alias] for alias in collection.members],
                tag("span.soft", f"on {_board_name(collection.index)}"),
            )
            for collection in self.chart.collections
        ]
        label = tag("p.label", "Collections", id="collections")
        return tag("div.panel", label, tag("ul", rows), role="group", aria_labelledby="collections")

    def bracket(self, collection: str) -> Markup:
        return tag("span.bracket", collection, style=self.collection_hues[collection])

    def questions(self) -> Markup:
        """Return all access patterns, with the question that each answers."""
        columns = ("Question", "Access pattern", "Where")
        rows = [
            self.question(pattern, board, number)
            for number, board in enumerate(self.chart.boards)
            for pattern in board.patterns
        ]
        hot = any(pattern.heat for board in self.chart.boards for pattern in board.patterns)
        words = (
            "A partition takes 1,000 write units and 3,000 read units a second. Where many items "
            "would share one, add an attribute to the partition key: a tenant, a day, a number."
        )
        table = _table("All access patterns", "questions", columns, rows)
        return tag(
            "section.board",
            tag("div.title", tag("h2", "Access patterns", id="heading-patterns")),
            table,
            tag("p.note", words) if hot else None,
            "\n",
            id="patterns",
            aria_labelledby="heading-patterns",
        )

    def question(self, pattern: Pattern, board: Board, number: int) -> Markup:
        is_collection = pattern.alias is None
        name = self.bracket(pattern.name) if is_collection else tag("span.name", pattern.name)
        who = () if is_collection else (self.chips[pattern.members[0]], " ")
        heat = tag("p.heat", tag("b", "Hot? "), pattern.heat) if pattern.heat else None
        where = tag("a", _board_name(board.index), href=f"#board-{number}")
        return tag(
            "tr",
            tag("td.question", pattern.question, heat),
            tag("td", *who, name),
            tag("td.where", where),
            data_members=json.dumps(pattern.members),
            data_search="pattern",
        )

    def dictionary(self) -> Markup:
        """Return the attributes and costs of each entity."""
        words = (
            "The cost of a new item is that of the first example. Each started KB counts as a "
            "write unit. An update that changes nothing in an index costs it none, and one that "
            "changes its key costs it two."
        )
        return tag(
            "section.board",
            tag("div.title", tag("h2", "Entities", id="heading-entities")),
            tag("p.soft", words),
            [self.entry(entity) for entity in self.chart.entities],
            "\n",
            id="entities",
            aria_labelledby="heading-entities",
        )

    def entry(self, entity: EntityEntry) -> Markup:
        columns = ("Attribute", "Type", "Rules", "Default", "Description")
        rows = [_attribute_row(entry) for entry in entity.attributes]
        heading = tag(
            "h3.entity",
            self.chips[entity.alias],
            " ",
            tag("code", entity.entity),
            f" version {entity.version}",
        )
        return tag(
            "div.entry",
            heading,
            tag("p", entity.description) if entity.description else None,
            _table(f"Attributes of {entity.alias}", "attributes", columns, rows),
            tag("p.note", tag("b", "A new item"), f" takes {entity.writes}.")
            if entity.writes
            else None,
            [
                tag("p.note", tag("code", name), " has it only where ", tag("code", when), ".")
                for name, when in entity.sparse
            ],
            data_members=json.dumps([entity.alias]),
        )

    def board(self, number: int, board: Board) -> Markup:
        name = _board_name(board.index)
        heading = f"heading-{number}"
        sparse = any(pattern.when for pattern in board.patterns)
        title = tag(
            "div.title",
            tag("h2", name[:1].upper() + name[1:] if board.index is None else name, id=heading),
            tag("span.tag", _KINDS[board.kind]),
            tag("span.tag", board.projected) if board.index else None,
            tag("span.tag.strong", "sparse") if sparse else None,
        )
        return tag(
            "section.board",
            title,
            self.items(board, name),
            [self.absent(absent) for absent in board.absent],
            tag("h3", "Access patterns"),
            self.patterns(board, name),
            "\n",
            id=f"board-{number}",
            aria_labelledby=heading,
        )

    def items(self, board: Board, name: str) -> Markup:
        if not board.groups:
            return tag("p.note", "None of the example items is here.")
        band = tag("span.unseen", "Collection")
        is_sorted = board.kind != "vector"
        head = tag(
            "tr",
            tag("th", "Partition key ", _fields(board.hash), scope="col"),
            [tag("th.band", band, scope="col")] * board.levels,
            tag("th", "Sort key ", _fields(board.range), scope="col") if board.range else None,
            tag("th", "Entity", scope="col"),
            tag("th", "Attributes", scope="col"),
        )
        table = tag(
            "table.items",
            tag("caption", f"Example items on {name}, by partition{' and sort key' * is_sorted}"),
            tag("thead", head),
            [tag("tbody.partition", self.rows(group, board)) for group in board.groups],
        )
        return tag("div.scroll", table, role="region", tabindex=0, aria_label=f"Items on {name}")

    def rows(self, group: Group, board: Board) -> Iterable[Markup]:
        behind = 1 + board.levels
        height = len(group.rows)
        for place, row in enumerate(group.rows):
            inside = [band.collection for band in group.bands if band.start <= place < band.end]
            yield tag(
                "tr",
                key_cell(group.partition, "pk", column=0, scope="rowgroup", rowspan=height)
                if place == 0
                else None,
                self.bands(group, place, board.levels),
                key_cell(row.sort, "sk", column=behind, scope="row") if board.range else None,
                tag(
                    "td.who",
                    self.chips[row.alias],
                    data_column=behind + 1,
                    data_in=", ".join(inside) or None,
                ),
                tag("td", attributes_of(row), data_column=behind + 2),
                data_alias=row.alias,
                data_example=row.example,
            )

    def bands(self, group: Group, place: int, levels: int) -> Iterable[Markup]:
        for level in range(levels):
            covering = (b for b in group.bands if b.level == level and b.start <= place < b.end)
            band = next(covering, None)
            if band is None:
                yield tag("td.band", data_column=1 + level)
            elif band.start == place:
                hue = self.collection_hues[band.collection]
                side = tag("div.side", tag("span", band.collection), style=hue)
                height = band.end - band.start
                yield tag("td.band", side, rowspan=height, data_column=1 + level, data_spans=True)

    def absent(self, absent: Absent) -> Markup:
        pattern, when = tag("code", absent.access_pattern), tag("code", absent.when)
        return tag(
            "p.note",
            f"Not here: {plural(len(absent.examples), 'example item')} of ",
            self.chips[absent.alias],
            [", as ", pattern, " takes items only where ", when]
            if absent.when
            else ", without the attributes of its keys",
            ".",
            data_members=json.dumps([absent.alias]),
        )

    def patterns(self, board: Board, name: str) -> Markup:
        columns = ("Access pattern", "Keys", "In Python")
        rows = [self.pattern(pattern) for pattern in board.patterns]
        return _table(f"Access patterns on {name}", "patterns", columns, rows)

    def pattern(self, pattern: Pattern) -> Markup:
        is_collection = pattern.alias is None
        name = self.bracket(pattern.name) if is_collection else tag("span.name", pattern.name)
        who = [self.chips[alias] for alias in pattern.members]
        marks = [
            tag("span.tag", pattern.kind) if pattern.kind != "isolated" else None,
            tag("span.tag", f"scope {pattern.scope}") if pattern.scope else None,
            tag("span.tag.strong", "sparse: ", tag("code", pattern.when)) if pattern.when else None,
        ]
        shapes = [pattern.partition, *([pattern.sort] if pattern.sort else [])]
        return tag(
            "tr",
            tag("td", tag("div", [part for one in (*who, name) for part in (one, " ")]), marks),
            tag("td.shapes", [key_shape(shape) for shape in shapes]),
            tag("td", [call_cell(call) for call in pattern.calls]),
            data_members=json.dumps(pattern.members),
            data_search="call",
        )


def _table(title: str, kind: str, columns: Sequence[str], rows: Sequence[Markup]) -> Markup:
    table = tag(
        f"table.{kind}",
        tag("caption", title),
        tag("thead", tag("tr", [tag("th", column, scope="col") for column in columns])),
        tag("tbody", rows),
    )
    return tag("div.scroll", table, role="region", tabindex=0, aria_label=title)


# ---- cells


def _attribute_row(entry: AttributeEntry) -> Markup:
    is_other = entry.field not in ("", entry.name)
    stored = tag("span.note", "stored as ", tag("code", entry.field)) if is_other else None
    rules = [tag("span.tag.strong" if r in _STRONG else "span.tag", r) for r in entry.rules]
    return tag(
        "tr",
        tag("th", tag("code", entry.name), stored, scope="row"),
        tag("td", tag("code", entry.type)),
        tag("td.rules", [part for rule in rules for part in (rule, " ")]),
        tag("td.default", entry.default or None),
        tag("td", entry.description),
        data_search="attribute",
    )


def _board_name(index: str | None) -> str:
    return "the table" if index is None else index


def _fields(names: Sequence[str]) -> Markup:
    return markup([part for name in names for part in (tag("code", name), " ")])


def key_cell(
    keys: Sequence[KeyText], kind: str, *, column: int, scope: str, rowspan: int | None = None
) -> Markup:
    """Return the header cell of a row or of a partition: its key, with one field or several."""
    shown = [
        tag(
            "div.key",
            tag("span.field", key.field) if len(keys) > 1 else None,
            [tag("b", p.text, title=p.name) if p.name else p.text for p in key.pieces],
        )
        for key in keys
    ]
    spans = rowspan is not None
    return tag(
        f"th.{kind}", shown, scope=scope, rowspan=rowspan, data_column=column, data_spans=spans
    )


def key_shape(shape: KeyShape) -> Markup:
    """Return the shape of a key, with its attributes in bold."""
    parts = re.split(r"(\{[^{}]*\})", shape.shape)
    return tag(
        "div.key",
        tag("span.field", f"{shape.field} {shape.relation} ") if shape.field else None,
        [tag("b", part) if place % 2 else part for place, part in enumerate(parts)],
    )


def attributes_of(row: Row) -> Markup:
    """Return the attributes of an item, each with its name above its value."""
    if not row.attributes:
        return tag("span.note", "keys only")
    first = [s for i, s in enumerate(row.attributes) if i < _FIRST_ATTRIBUTES or s.is_ttl]
    rest = [shown for shown in row.attributes if shown not in first]
    if len(rest) < 2:
        # One attribute needs no more room than the summary that would replace it.
        return tag("dl", map(_attribute, row.attributes))
    more = tag("details", tag("summary", f"{len(rest)} more"), tag("dl", map(_attribute, rest)))
    return markup((tag("dl", map(_attribute, first)), more))


def _attribute(shown: Shown) -> Markup:
    short = shown.value
    if len(short) > _LONGEST_VALUE:
        short = short[: _LONGEST_VALUE - 1] + "\u2026"
    title = None if shown.field == shown.name else f"stored as {shown.field}"
    return tag(
        "div.ttl" if shown.is_ttl else "div",
        tag("dt", shown.name, tag("i", "ttl") if shown.is_ttl else None, title=title),
        tag("dd", short, title=shown.value if short != shown.value else None),
    )


def call_cell(call: Call) -> Markup:
    """Return a call in Python, and a button that highlights what it finds."""
    show = f"show {plural(len(call.finds), 'item')}"
    finds = json.dumps(call.finds)
    button = tag("button", show, type="button", aria_pressed="false", data_finds=finds)
    return tag("div.call", tag("code", call.text), button if call.finds else None)
