"""A chart as one HTML page that needs nothing else: no network, no fonts, no other files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen

from leyden.chart.cells import attributes, call_cell, key_cell, key_shape, plural
from leyden.chart.contents import Absent, Band, Board, Chart, Group, Pattern
from leyden.chart.markup import Markup, markup, tag

_ENTITY_HUES: Final = (212, 152, 30, 285, 340, 187, 52, 250, 8, 100)
_COLLECTION_HUES: Final = (262, 16, 172, 318, 42, 222)
_KINDS: Final = {"table": "table", "gsi": "global index", "lsi": "local index"}


def page(chart: Chart) -> str:
    """The whole page."""
    return "\n".join(("<!doctype html>", _Page.of(chart).html(), ""))


def _asset(name: str) -> Markup:
    return Markup(files("leyden.chart").joinpath(name).read_text(encoding="utf-8"))


@frozen
class _Page:
    chart: Chart
    hues: Mapping[str, int]
    collection_hues: Mapping[str, int]

    @classmethod
    def of(cls, chart: Chart) -> _Page:
        return cls(
            chart,
            {e.alias: _ENTITY_HUES[i % len(_ENTITY_HUES)] for i, e in enumerate(chart.entities)},
            {
                collection.name: _COLLECTION_HUES[i % len(_COLLECTION_HUES)]
                for i, collection in enumerate(chart.collections)
            },
        )

    def html(self) -> Markup:
        title = f"{self.chart.service}: access patterns"
        return tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="generator", content="leyden"),
                tag("title", title),
                tag("style", _asset("page.css")),
            ),
            "\n",
            tag(
                "body",
                tag("a", "Skip to the table", class_="skip", href="#board-0"),
                self.header(),
                "\n",
                tag("main", [self.board(i, board) for i, board in enumerate(self.chart.boards)]),
                "\n",
                tag(
                    "footer",
                    tag(
                        "p",
                        "Drawn by Leyden from the schemas. The items are examples with made-up "
                        "values; their keys are the ones that Leyden writes for them.",
                    ),
                ),
                tag("script", _asset("page.js")),
            ),
            lang="en",
        )

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
        return tag(
            "header",
            tag("h1", chart.service),
            tag("ul", [tag("li", fact) for fact in facts if fact], class_="facts"),
            tag(
                "p",
                "Each row is an item, each block a partition, in the order in which DynamoDB keeps "
                "it. In keys, ",
                tag("b", "bold text"),
                " is the value of an attribute. A bracket is a collection: items of several "
                "entities that one query reads.",
                class_="soft",
            ),
            tag("div", self.entities(), self.collections(), class_="legend"),
            self.navigation(),
        )

    def entities(self) -> Markup:
        rows = []
        for entity in self.chart.entities:
            why = self.chart.unsampled.get(entity.alias)
            rows.append(
                tag(
                    "li",
                    tag(
                        "label",
                        tag("input", type="checkbox", checked=True, data_alias=entity.alias),
                        self.chip(entity.alias),
                        tag(
                            "span",
                            tag("code", entity.entity),
                            f" version {entity.version}",
                            class_="soft",
                        ),
                        tag("span", entity.description) if entity.description else None,
                    ),
                    tag("span", f"no examples: {why}", class_="note") if why else None,
                )
            )
        return tag(
            "fieldset",
            tag("legend", "Entities"),
            tag("ul", rows),
            tag(
                "p",
                tag("output", data_state=True, aria_live="polite"),
                tag("button", "show all", type="button", data_all=True, hidden=True),
                class_="filter-state",
            ),
        )

    def collections(self) -> Markup | None:
        if not self.chart.collections:
            return None
        rows = [
            tag(
                "li",
                tag(
                    "span",
                    collection.name,
                    class_="bracket",
                    style=f"--hue: {self.collection_hues[collection.name]}",
                ),
                [self.chip(alias) for alias in collection.members],
                tag("span", f"on {_board_name(collection.index)}", class_="soft"),
            )
            for collection in self.chart.collections
        ]
        return tag("div", tag("h3", "Collections"), tag("ul", rows), class_="panel")

    def navigation(self) -> Markup:
        links = [
            tag("li", tag("a", _board_name(board.index), href=f"#board-{i}"))
            for i, board in enumerate(self.chart.boards)
        ]
        return tag("nav", tag("ul", links), aria_label="Boards")

    def chip(self, alias: str) -> Markup:
        return tag("span", alias, class_="chip", style=f"--hue: {self.hues[alias]}")

    def board(self, number: int, board: Board) -> Markup:
        name = _board_name(board.index)
        heading = f"heading-{number}"
        return tag(
            "section",
            tag(
                "div",
                tag("h2", name[:1].upper() + name[1:] if board.index is None else name, id=heading),
                tag("span", _KINDS[board.kind], class_="tag"),
                tag("span", _projection(board), class_="tag") if board.index else None,
                tag("span", "sparse", class_="tag strong") if _is_sparse(board) else None,
                class_="title",
            ),
            self.items(board, name),
            [self.absent(absent) for absent in board.absent],
            self.patterns(board, name),
            "\n",
            class_="board",
            id=f"board-{number}",
            aria_labelledby=heading,
        )

    def items(self, board: Board, name: str) -> Markup:
        if not board.groups:
            return tag("p", "None of the example items is here.", class_="note")
        head = tag(
            "tr",
            tag("th", "Partition key ", _fields(board.hash), scope="col"),
            [
                tag(
                    "th",
                    tag("span", "", aria_hidden="true"),
                    scope="col",
                    class_="band",
                    aria_label="Collection",
                )
                for _ in range(board.levels)
            ],
            tag("th", "Sort key ", _fields(board.range), scope="col") if board.range else None,
            tag("th", "Entity", scope="col"),
            tag("th", "Attributes", scope="col"),
        )
        table = tag(
            "table",
            tag("caption", f"Example items on {name}, by partition and sort key"),
            tag("thead", head),
            [self.group(group, board) for group in board.groups],
            class_="items",
        )
        return tag(
            "div", table, class_="scroll", role="region", tabindex=0, aria_label=f"Items on {name}"
        )

    def group(self, group: Group, board: Board) -> Markup:
        rows = [
            tag(
                "tr",
                self.partition(group) if place == 0 else None,
                self.bands(group, place, board.levels),
                (
                    key_cell(row.sort, "sk", column=1 + board.levels, scope="row")
                    if board.range
                    else None
                ),
                tag("td", self.chip(row.alias), class_="who", data_column=2 + board.levels),
                tag(
                    "td",
                    attributes(row),
                    data_column=3 + board.levels,
                ),
                data_alias=row.alias,
                data_example=row.example,
            )
            for place, row in enumerate(group.rows)
        ]
        return tag("tbody", rows, class_="partition")

    def partition(self, group: Group) -> Markup:
        return key_cell(group.partition, "pk", column=0, scope="rowgroup", rowspan=len(group.rows))

    def bands(self, group: Group, place: int, levels: int) -> Iterable[Markup]:
        for level in range(levels):
            band = next((b for b in group.bands if b.level == level and _covers(b, place)), None)
            if band is None:
                yield tag("td", class_="band", data_column=1 + level)
            elif band.start == place:
                yield tag(
                    "td",
                    tag(
                        "div",
                        tag("span", band.collection),
                        class_="side",
                        style=f"--hue: {self.collection_hues[band.collection]}",
                    ),
                    class_="band",
                    rowspan=band.end - band.start,
                    data_column=1 + level,
                    data_spans=True,
                )

    def absent(self, absent: Absent) -> Markup:
        many = plural(len(absent.examples), "example item")
        return tag(
            "p",
            "Not here: ",
            many,
            " of ",
            self.chip(absent.alias),
            [
                ", as ",
                tag("code", absent.access_pattern),
                " takes items only where ",
                tag("code", absent.when),
            ]
            if absent.when
            else ", without the attributes that its keys are made of",
            ".",
            class_="note",
            data_members=json.dumps([absent.alias]),
        )

    def patterns(self, board: Board, name: str) -> Markup:
        head = tag(
            "tr",
            tag("th", "Access pattern", scope="col"),
            tag("th", "Keys", scope="col"),
            tag("th", "In Python", scope="col"),
        )
        table = tag(
            "table",
            tag("caption", f"Access patterns on {name}"),
            tag("thead", head),
            tag("tbody", [self.pattern(pattern) for pattern in board.patterns]),
            class_="patterns",
        )
        return markup(
            (
                tag("h3", "Access patterns"),
                tag(
                    "div",
                    table,
                    class_="scroll",
                    role="region",
                    tabindex=0,
                    aria_label=f"Access patterns on {name}",
                ),
            )
        )

    def pattern(self, pattern: Pattern) -> Markup:
        if pattern.alias is None:
            name = tag(
                "span",
                pattern.name,
                class_="bracket",
                style=f"--hue: {self.collection_hues[pattern.name]}",
            )
            who: Sequence[Markup] = [self.chip(alias) for alias in pattern.members]
        else:
            name = tag("span", pattern.name, class_="name")
            who = [self.chip(pattern.alias)]
        marks = [
            tag("span", pattern.kind, class_="tag") if pattern.kind != "isolated" else None,
            tag("span", f"scope {pattern.scope}", class_="tag") if pattern.scope else None,
            (
                tag("span", "sparse: ", tag("code", pattern.when), class_="tag strong")
                if pattern.when
                else None
            ),
        ]
        shapes = [pattern.partition, *([pattern.sort] if pattern.sort else [])]
        return tag(
            "tr",
            tag("td", tag("div", [part for one in (*who, name) for part in (one, " ")]), marks),
            tag("td", [key_shape(shape) for shape in shapes], class_="shapes"),
            tag("td", [call_cell(call) for call in pattern.calls]),
            data_members=json.dumps(pattern.members),
        )


def _board_name(index: str | None) -> str:
    return "the table" if index is None else index


def _is_sparse(board: Board) -> bool:
    return any(pattern.when for pattern in board.patterns)


def _projection(board: Board) -> str:
    if board.projection == "all":
        return "all attributes"
    if board.projection == "keys_only":
        return "keys only"
    return f"keys and {', '.join(board.projection)}"


def _fields(names: Sequence[str]) -> Markup:
    return markup([part for name in names for part in (tag("code", name), " ")])


def _covers(band: Band, place: int) -> bool:
    return band.start <= place < band.end
