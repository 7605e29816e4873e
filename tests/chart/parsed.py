"""HTML read back, strictly: what is opened is closed, and tables are regular."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from attrs import Factory, define

_EMPTY = frozenset({"meta", "input", "br", "img"})


@define
class Element:
    """An element with its attributes, its children, and the text in it."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = Factory(list)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def all(self, name: str, **attributes: str) -> list[Element]:
        """All elements of this name inside it, with these attributes (class_ is one of several)."""
        return [e for e in self.walk() if e.name == name and e.has(**attributes)]

    def only(self, name: str, **attributes: str) -> Element:
        (found,) = self.all(name, **attributes)
        return found

    def has(self, **attributes: str) -> bool:
        for key, value in attributes.items():
            found = self.attributes.get(key.rstrip("_").replace("_", "-"))
            if found is None or (value not in found.split() and value != found):
                return False
        return True

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"{tag} repeats an attribute"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in _EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes {self.open[-1].name}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Element:
    """The document. Fails where elements do not nest."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.open == [parser.root], f"{parser.open[-1].name} is not closed"
    return parser.root


def grid(table: Element) -> list[list[Element]]:
    """The cells of a table by row and column, spanning ones repeated. Fails where they collide."""
    cells: dict[tuple[int, int], Element] = {}
    rows = table.all("tr")
    for y, row in enumerate(rows):
        x = 0
        for cell in row.children:
            assert isinstance(cell, Element)
            assert cell.name in ("td", "th")
            while (y, x) in cells:
                x += 1
            for below in range(int(cell.attributes.get("rowspan") or 1)):
                assert (y + below, x) not in cells
                cells[y + below, x] = cell
            x += 1
    width = max(x for _, x in cells) + 1
    return [[cells[y, x] for x in range(width)] for y in range(len(rows))]
