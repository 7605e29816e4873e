"""HTML in which every value is escaped, by construction, and the cells of a chart's tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, TypeAlias

from leyden.chart.contents import Call, KeyShape, KeyText, Row, Shown

Content: TypeAlias = "str | Iterable[Content] | None"

_EMPTY: Final = frozenset({"input", "meta", "br"})
_UNFIT: Final = re.compile(r"[^\t\n -~\xa0-\ud7ff\ue000-\U0010ffff]")
"""What HTML cannot hold at all."""

_LONGEST_VALUE: Final = 60
_FIRST_ATTRIBUTES: Final = 10
"""How many attributes of an item are shown at once; the others can be opened."""


class Markup(str):
    """Text that is HTML already. Whatever else goes into a page is escaped."""

    __slots__ = ()


def tag(selector: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """An element, by its name and classes as CSS writes them.

    Attribute names write `_` for `-`. None and False leave an attribute out, True gives it no
    value.

    >>> tag("td.key", "a < b", data_column=1)
    '<td class="key" data-column="1">a &lt; b</td>'
    """
    name, *classes = selector.split(".")
    parts = [name, *([f'class="{" ".join(classes)}"'] if classes else [])]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.replace("_", "-")
        parts.append(attribute if value is True else f'{attribute}="{_escaped(str(value))}"')
    start = f"<{' '.join(parts)}>"
    return Markup(start if name in _EMPTY else f"{start}{markup(content)}</{name}>")


def markup(content: Content) -> Markup:
    """Content as HTML: text is escaped, None is nothing."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(_escaped(content))
    return Markup("".join(markup(part) for part in content))


def _escaped(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text), quote=True)


def plural(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 entity`, `3 entities`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def key_cell(
    keys: Sequence[KeyText], kind: str, *, column: int, scope: str, rowspan: int | None = None
) -> Markup:
    """The header cell of a row or of a partition: its key, one field or several."""
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
    """The shape of a key, with the attributes in it standing out."""
    parts = re.split(r"(\{[^{}]*\})", shape.shape)
    return tag(
        "div.key",
        tag("span.field", f"{shape.field} {shape.relation} ") if shape.field else None,
        [tag("b", part) if place % 2 else part for place, part in enumerate(parts)],
    )


def attributes_of(row: Row) -> Markup:
    """The attributes of an item, each with its name above its value."""
    if not row.attributes:
        return tag("span.note", "keys only")
    first = [s for i, s in enumerate(row.attributes) if i < _FIRST_ATTRIBUTES or s.is_ttl]
    rest = [shown for shown in row.attributes if shown not in first]
    if len(rest) < 2:
        # One takes no more room than the words that would stand for it.
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
    """Python text, and a button that shows what it finds."""
    show = f"show {plural(len(call.finds), 'item')}"
    finds = json.dumps(call.finds)
    button = tag("button", show, type="button", aria_pressed="false", data_finds=finds)
    return tag("div.call", tag("code", call.text), button if call.finds else None)
