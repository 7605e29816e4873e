"""What stands in the cells of a chart's tables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from leyden.chart.contents import Call, KeyShape, KeyText, Row, Shown
from leyden.chart.markup import Markup, markup, tag

_LONGEST_VALUE: Final = 60
_FIRST_ATTRIBUTES: Final = 10
"""How many attributes of an item are shown at once; the others can be opened."""


def key_cell(
    keys: Sequence[KeyText], kind: str, *, column: int, scope: str, rowspan: int | None = None
) -> Markup:
    """The header cell of a row or of a partition: its key, one field or several."""
    return tag(
        "th",
        [_key(key, named=len(keys) > 1) for key in keys],
        class_=kind,
        scope=scope,
        rowspan=rowspan,
        data_column=column,
        data_spans=rowspan is not None,
    )


def _key(key: KeyText, *, named: bool) -> Markup:
    return tag(
        "div",
        tag("span", key.field, class_="field") if named else None,
        [tag("b", p.text, title=p.name) if p.name else p.text for p in key.pieces],
        class_="key",
    )


def key_shape(shape: KeyShape) -> Markup:
    """The shape of a key, with the attributes in it standing out."""
    parts = re.split(r"(\{[^{}]*\})", shape.shape)
    field = f"{shape.field} {shape.relation} " if shape.field else None
    return tag(
        "div",
        tag("span", field, class_="field") if field else None,
        [tag("b", part) if place % 2 else part for place, part in enumerate(parts)],
        class_="key",
    )


def attributes(row: Row) -> Markup:
    """The attributes of an item, each with its name above its value."""
    if not row.attributes:
        return tag("span", "keys only", class_="note")
    first = [s for i, s in enumerate(row.attributes) if i < _FIRST_ATTRIBUTES or s.is_ttl]
    rest = [shown for shown in row.attributes if shown not in first]
    if len(rest) == 1:
        # It takes no more room than the words that would stand for it.
        first, rest = list(row.attributes), []
    return markup(
        (
            tag("dl", [_attribute(shown) for shown in first]),
            tag(
                "details",
                tag("summary", f"{len(rest)} more"),
                tag("dl", [_attribute(shown) for shown in rest]),
            )
            if rest
            else None,
        )
    )


def _attribute(shown: Shown) -> Markup:
    short = shown.value
    if len(short) > _LONGEST_VALUE:
        short = short[: _LONGEST_VALUE - 1] + "\u2026"
    title = None if shown.field == shown.name else f"stored as {shown.field}"
    return tag(
        "div",
        tag("dt", shown.name, tag("i", "ttl") if shown.is_ttl else None, title=title),
        tag("dd", short, title=shown.value if short != shown.value else None),
        class_="ttl" if shown.is_ttl else None,
    )


def call_cell(call: Call) -> Markup:
    """Python text, and a button that shows what it finds."""
    finds = plural(len(call.finds), "item")
    return tag(
        "div",
        tag("code", call.text),
        (
            tag(
                "button",
                f"show {finds}",
                type="button",
                aria_pressed="false",
                data_finds=json.dumps(call.finds),
            )
            if call.finds
            else None
        ),
        class_="call",
    )


def plural(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 entity`, `3 entities`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
