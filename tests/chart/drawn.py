"""Drawings read back: what they say, and whether their parts keep to their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from leyden.chart.contents import Board

SVG: Final = "{http://www.w3.org/2000/svg}"
_SMALLEST: Final = 11


def read(drawing: str) -> Element:
    """The drawing. Fails where it is no XML."""
    return ElementTree.fromstring(drawing)


def of_class(root: Element, *names: str) -> list[Element]:
    """The elements of these classes, in order."""
    return [e for e in root.iter() if {*names} <= {*e.get("class", "").split()}]


def text_of(element: Element) -> str:
    """What stands in a text, without its tooltip."""
    parts = [element.text or ""]
    for child in element:
        parts += ["" if child.tag == f"{SVG}title" else text_of(child), child.tail or ""]
    return "".join(parts)


def cards(root: Element) -> list[list[str]]:
    """The lines of each card, from its entity on: its sort key, then names above values."""
    return [
        [text_of(text) for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if any(
            {"item", "other"} & {*child.get("class", "").split()}
            for child in group.findall(f"{SVG}rect")
        )
    ]


def check_drawing(drawing: str, board: Board) -> None:
    """It has all items of the board, stands alone, and nothing in it overlaps."""
    root = read(drawing)
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    assert root[1].tag == f"{SVG}desc"
    assert not re.search(r"url\(|@import|https?:", root.findtext(f"{SVG}style") or "")
    for element in root.iter():
        assert element.tag.removeprefix(SVG) not in ("script", "image", "use", "a", "foreignObject")
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
    assert all(size >= _SMALLEST for size in _sizes(root))
    assert len(of_class(root, "partition")) == len(board.groups)
    assert len(cards(root)) == sum(len(group.rows) for group in board.groups)
    (paper,) = of_class(root, "paper")
    _check_inside(root, _box(paper))
    for before, after in pairwise(of_class(root, "partition")):
        assert _box(before)[3] <= _box(after)[1]
    for group in root.findall(f"{SVG}g"):
        (partition,) = group.findall(f"{SVG}rect[@class='partition']")
        _check_inside(group, _box(partition))
        _check_apart(group)


def _sizes(root: Element) -> Iterator[float]:
    style = root.findtext(f"{SVG}style") or ""
    yield from map(float, re.findall(r"font(?:-size)?: (\d+)px", style))


def _check_inside(root: Element, outer: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = outer
    for element in root.iter():
        box = _box(element) if element.tag == f"{SVG}rect" else _text_box(element)
        if box is not None:
            assert box[0] >= left - 0.5, ElementTree.tostring(element)
            assert box[1] >= top - 0.5, ElementTree.tostring(element)
            assert box[2] <= right + 0.5, ElementTree.tostring(element)
            assert box[3] <= bottom + 0.5, ElementTree.tostring(element)


def _check_apart(group: Element) -> None:
    """Cards stand below each other, and no text stands on another."""
    items = [*of_class(group, "item"), *of_class(group, "other")]
    boxes = sorted(map(_box, items), key=lambda box: box[1])
    assert all(before[3] <= after[1] for before, after in pairwise(boxes))
    texts = [box for text in group.iter() if (box := _text_box(text)) is not None]
    for place, one in enumerate(texts):
        for other in texts[place + 1 :]:
            beside = one[2] <= other[0] or other[2] <= one[0]
            assert beside or one[3] <= other[1] or other[3] <= one[1], (one, other)


def _box(rect: Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def _text_box(text: Element) -> tuple[float, float, float, float] | None:
    """Where a text stands, from its capitals to its baseline; None for turned ones."""
    if text.tag != f"{SVG}text" or "transform" in text.attrib:
        return None
    x, y = float(text.attrib["x"]), float(text.attrib["y"])
    return x, y - 9, x + float(text.get("textLength", 0)), y
