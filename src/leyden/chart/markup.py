"""HTML as text in which every value is escaped, by construction."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias


class Markup(str):
    """Text that is HTML already. Whatever else goes into a page is escaped."""

    __slots__ = ()


Content: TypeAlias = "str | Iterable[Content] | None"

_EMPTY: Final = frozenset({"input", "meta", "br"})


def tag(name: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """An element. Attribute names write `_` for `-` and end in `_` where Python needs it.

    None and False leave an attribute out, True gives it no value.

    >>> tag("td", "a < b", class_="key", data_column=1)
    '<td class="key" data-column="1">a &lt; b</td>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
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
    """Escaped text; what HTML cannot hold at all becomes the replacement character."""
    fit = "".join(c if c in "\t\n" or (c >= " " and not _unfit(c)) else "\ufffd" for c in text)
    return escape(fit, quote=True)


def _unfit(character: str) -> bool:
    return "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"
