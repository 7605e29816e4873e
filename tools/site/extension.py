"""The Sphinx extension of this documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from pygments.lexers import JsonLexer
from pygments.token import Comment
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from tools.site import api, llms
from tools.site.drawings import kept
from tools.site.pages import summary

OUTSIDE: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "TABLE_SETUP.md": "reference/memory-table.md",
}
"""Files above this folder that pages link to, and the pages that show the same here."""

_OUTSIDE: Final = re.compile(rf"\]\((?:\.\./)+({'|'.join(map(re.escape, OUTSIDE))})")

_SIGNATURE: Final = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)


class drawing(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """A drawing of a table's items, as the text of an SVG."""


class JsonFile(JsonLexer):
    """JSON whose first line may name its file, as in `# events/create.json`."""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Yield the first line as a comment, and the rest as JSON."""
        first = text[: text.find("\n") + 1] if text.startswith("#") else ""
        if first:
            yield 0, Comment.Single, first
        for position, kind, value in super().get_tokens_unprocessed(text[len(first) :]):
            yield len(first) + position, kind, value


class Pages(SphinxDirective):
    """A list of pages by name, with `*` for all that are left, each with its first sentence.

    They are also listed in the navigation. Patterns that match nothing are ignored.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a hidden table of contents, and a list of links."""
        self.env.note_reread()
        here = self.env.docname
        of_this_page: Any = self.env.temp_data
        listed: set[str] = of_this_page.setdefault("leyden_pages", {here})
        found: list[str] = []
        for pattern in self.content:
            wanted = normpath(f"{here}/../{pattern}")
            found += sorted(
                name
                for name in self.env.found_docs - listed - {*found}
                if fnmatchcase(name, wanted) and name.count("/") == wanted.count("/")
            )
        listed |= {*found}
        lines = ["```{toctree}", ":hidden:", "", *(f"/{name}" for name in found), "```", ""]
        for name in found:
            source = Path(self.env.doc2path(name)).read_text(encoding="utf-8")
            target = relpath(f"{name}.md", f"{here}/..")
            lines += [f"[]({target})", f": {summary(source)}", ""]
        container = nodes.container(classes=["pages"])
        text = StringList(lines, self.get_source_info()[0])
        self.state.nested_parse(text, self.content_offset, container)
        return [container]


def _lead_inside(app: Sphinx, name: str, source: list[str]) -> None:
    """Change links to files above this folder into links to the pages that show them."""

    def inside(found: re.Match[str]) -> str:
        return f"]({relpath(OUTSIDE[found[1]], f'{name}/..')}"

    source[0] = _OUTSIDE.sub(inside, source[0])


class DrawingDirective(SphinxDirective):
    """A drawing of a table's contents at this place of the page's program."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar[dict[str, Any]] = {
        "index": directives.unchanged_required,
        "caption": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the drawing with its caption."""
        page = Path(self.env.doc2path(self.env.docname))
        found = kept(page, Path(self.config.leyden_drawings))
        of_this_page: Any = self.env.temp_data
        number = of_this_page.get("leyden_drawings", 0)
        of_this_page["leyden_drawings"] = number + 1
        if found.fault or number >= len(found.drawings):
            raise self.error(found.fault or "the page's program has fewer drawings")
        caption = self.options.get("caption", "")
        figure = nodes.figure(classes=["drawing"])
        figure += drawing(svg=found.drawings[number], title=caption)
        if caption:
            # The caption is Markdown, like the page.
            parsed, messages = self.parse_inline(caption)
            figure += [nodes.caption(caption, "", *parsed), *messages]
        return [figure]


def _accessible(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Fix what confuses screen readers: empty headers, and definition lists without definitions."""
    if "body" in context:
        body = context["body"].replace('<th class="head"><p></p></th>', "<td></td>")
        context["body"] = _SIGNATURE.sub(_in_lines, body)


def _in_lines(signature: re.Match[str]) -> str:
    """Return a signature with a parameter a line, without the list that Sphinx makes of them."""
    text = signature[0].replace("<dl>", "<span>").replace("<dd>", '<span class="sig-line">')
    return re.sub(r"</d[ld]>", "</span>", text)


def _visit_html(translator: Any, node: drawing) -> None:
    # A drawing that is wider than the page scrolls, also by keyboard.
    translator.body.append(
        '<div class="drawing-frame" tabindex="0" role="group" '
        f'aria-label="{translator.attval(node["title"] or "drawing")}">{node["svg"]}</div>'
    )
    raise nodes.SkipNode


def _visit_text(translator: Any, node: drawing) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives, the API reference and the pages for language models."""
    app.add_config_value("leyden_drawings", "", "env")
    app.add_node(drawing, html=(_visit_html, None), text=(_visit_text, None))
    app.add_directive("drawing", DrawingDirective)
    app.add_directive("pages", Pages)
    app.add_lexer("json", JsonFile)
    app.connect("source-read", _lead_inside)
    api.setup(app)
    app.connect("html-page-context", _accessible)
    app.connect("build-finished", llms.write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
