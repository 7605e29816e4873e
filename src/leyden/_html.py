"""Writes HTML that is always escaped, for pages that load nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final, TypeAlias

Content: TypeAlias = "str | Iterable[Content] | None"

_EMPTY: Final = frozenset({"input", "meta", "br"})
_UNFIT: Final = re.compile(r"[^\t\n -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that HTML and XML cannot contain, not even escaped."""


class Markup(str):
    """Text that is HTML already. All other text in a page is escaped."""

    __slots__ = ()


def tag(selector: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """Return an element; `selector` has its name and classes as in CSS.

    In attribute names, `_` stands for `-`, and a trailing `_` is dropped, as in `for_`. None and
    False leave an attribute out; True writes it without a value.

    >>> tag("td.key", "a < b", data_column=1)
    '<td class="key" data-column="1">a &lt; b</td>'
    """
    name, *classes = selector.split(".")
    parts = [name, *([f'class="{" ".join(classes)}"'] if classes else [])]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        parts.append(attribute if value is True else f'{attribute}="{_escaped(str(value))}"')
    start = f"<{' '.join(parts)}>"
    return Markup(start if name in _EMPTY else f"{start}{markup(content)}</{name}>")


def markup(content: Content) -> Markup:
    """Return content as HTML: text is escaped, None is empty."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(_escaped(content))
    return Markup("".join(markup(part) for part in content))


def document(title: str, package: str, body: Markup) -> str:
    """Return a whole page. Its style is the common `_html.css` and the package's `page.css`."""
    styles = (files("leyden").joinpath("_html.css"), files(package).joinpath("page.css"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content="leyden"),
        tag("title", title),
        tag("style", [Markup(style.read_text(encoding="utf-8")) for style in styles]),
    )
    return "\n".join(("<!doctype html>", tag("html", head, "\n", body, lang="en"), ""))


def _escaped(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text), quote=True)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 entity`, `3,000 entities`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
