"""The documentation for language models: llms.txt lists the pages, llms-full.txt has them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.environment import BuildEnvironment
from tools.site.pages import summary

_SUMMARY: Final = (
    "Leyden is a declarative single-table layer for DynamoDB in Python. Entities and access "
    "patterns are described in YAML; items and keys are those of ElectroDB, byte for byte."
)
_API: Final = re.compile(r"^```\{api\}", re.MULTILINE)
_SECTIONS: Final = ("tutorial", "guides", "explanation", "reference", "project")


def write(app: Sphinx, error: Exception | None) -> None:
    """Write both files beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    pages = [*_in_order(app.env, app.config.root_doc)]
    folder = Path(app.outdir)
    lines = ["# Leyden", "", f"> {_SUMMARY}", "", "The whole text in one file: llms-full.txt", ""]
    section = ""
    for name in pages:
        belongs = _section(app.env, name)
        if belongs != section:
            section = belongs
            lines += ["", f"## {section.title()}", ""]
        title = app.env.titles[name].astext()
        source = _source(app, name)
        about = summary(source)
        # A page made from docstrings has no text in its source.
        place = f"{name}.html" if _API.search(source) else f"_sources/{name}.md"
        lines.append(f"- [{title}]({place}){f': {about}' if about else ''}")
    (folder / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = "\n\n".join(f"<!-- {name} -->\n\n{_text(app, name).strip()}" for name in pages)
    (folder / "llms-full.txt").write_text(text + "\n", encoding="utf-8")


def _in_order(env: BuildEnvironment, name: str) -> Iterator[str]:
    """Yield a page and the pages below it, in the order of the tables of contents."""
    yield name
    for below in env.toctree_includes.get(name, ()):
        yield from _in_order(env, below)


def _section(env: BuildEnvironment, name: str) -> str:
    """Return the part of the documentation that lists a page."""
    above: str
    for above, below in env.toctree_includes.items():
        if name in below and above.partition("/")[0] in _SECTIONS:
            return above.partition("/")[0]
    folder = name.partition("/")[0]
    return folder if folder in _SECTIONS else "start"


def _source(app: Sphinx, name: str) -> str:
    return Path(str(app.env.doc2path(name))).read_text(encoding="utf-8")


def _text(app: Sphinx, name: str) -> str:
    """Return a page as Markdown, or as plain text if it is made from docstrings."""
    source = _source(app, name)
    if not _API.search(source):
        return source
    builder = TextBuilder(app, app.env)
    builder.init()
    doctree = app.env.get_and_resolve_doctree(name, builder, tags=app.tags)
    visitor = builder.create_translator(doctree, builder)
    doctree.walkabout(visitor)
    return str(visitor.body)
