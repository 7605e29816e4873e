"""Read built pages: their anchors, their links, and what a browser loads for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import define, field

_LOADING: Final = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
_FOREIGN: Final = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)
_LOADS_IN_TEXT: Final = re.compile(
    r"(?:url\(|@import|\bfetch\(|\bimport\(|importScripts\(|\.open\([^)]*,|\.src\s*=|\bfrom)"
    r"\s*[\"'`]?\s*((?:https?:|wss?:)?//[^\s\"'`)]+)"
)


@define
class Page:
    """One HTML file of the site."""

    file: Path
    anchors: set[str] = field(factory=set)
    links: list[str] = field(factory=list)
    loads: list[str] = field(factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.page.links.append(values["href"])
        self.page.loads += [values[name] for name in _LOADING.get(tag, ()) if name in values]


def read_page(file: Path) -> Page:
    """Read one HTML file."""
    page = Page(file)
    reader = _Reader(page)
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return page


def read_pages(site: Path) -> dict[Path, Page]:
    """Read all HTML files of a site."""
    return {file: read_page(file) for file in sorted(site.rglob("*.html"))}


def foreign_loads(site: Path, pages: Mapping[Path, Page]) -> list[str]:
    """Return what the files of a site load from other hosts, each with its file."""
    found = []
    for file in sorted(site.rglob("*")):
        if file.suffix == ".html":
            addresses = pages[file].loads
            found += [f"{file}: {one}" for one in addresses if _FOREIGN.match(one.strip())]
        if file.suffix in (".html", ".css", ".js", ".svg"):
            text = file.read_text(encoding="utf-8")
            found += [f"{file}: {one[1]}" for one in _LOADS_IN_TEXT.finditer(text)]
    return found


def broken_links(pages: Mapping[Path, Page]) -> list[str]:
    """Return the broken links and anchors inside a site, each with its file."""
    broken = []
    for file, page in pages.items():
        for link in {*page.links, *page.loads}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = file.parent / unquote(parts.path) if parts.path else file
            target = target.resolve()
            anchor = unquote(parts.fragment)
            known = pages.get(target)
            if not target.is_file() or (anchor and known and anchor not in known.anchors):
                broken.append(f"{file}: {link}")
    return broken
