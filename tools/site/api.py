"""The API reference: which page each name has, and what the page shows.

A page about a module holds an `{api}` block:

    ```{api} leyden.events
    ```

It shows every name that the module exports, from the docstrings. A name that several modules export
is shown once: in `leyden` if that has it, and errors in `leyden.errors`. The other modules link to
it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, Final, get_origin

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref, pending_xref_condition
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.autodoc.mock import mock  # type: ignore[attr-defined, unused-ignore]
from sphinx.util.docutils import SphinxDirective
from tools.site.docstrings import restructured

MODULES: Final = (
    "leyden",
    "leyden.errors",
    "leyden.events",
    "leyden.results",
    "leyden.program",
    "leyden.schema",
    "leyden.types",
    "leyden.tables",
    "leyden.chart",
    "leyden.provision",
    "leyden.diff",
    "leyden.doctor",
    "leyden.migration",
    "leyden.store",
    "leyden.memory",
    "leyden.memory.local",
    "leyden.memory.pinecone",
    "leyden.memory.qdrant",
    "leyden.memory.pgvector",
    "leyden.memory.s3",
    "leyden.opentelemetry",
    "leyden.pytest_plugin",
    "leyden.porting",
)
"""The modules with a page, in the order in which they may claim a name."""

MOCKED: Final = ("opentelemetry", "pinecone", "psycopg", "pytest", "qdrant_client")
"""Packages that modules of extras import. They need not be installed to read docstrings."""

_SECTIONS: Final = ("Functions", "Classes", "Errors", "Data")


class Api(SphinxDirective):
    """The names that a module exports."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return the nodes of all names, in sections."""
        name = self.arguments[0]
        module = _imported(name)
        text = [f"```{{py:module}} {name}", "```", ""]
        sections: dict[str, list[str]] = {section: [] for section in _SECTIONS}
        elsewhere = []
        for exported in module.__all__:
            shown = getattr(module, exported)
            home = homes().get(_identity(shown, exported), name)
            if isinstance(shown, ModuleType):
                elsewhere.append(f"{{py:mod}}`{shown.__name__}`")
            elif home != name:
                elsewhere.append(f"{{py:obj}}`~{home}.{exported}`")
            else:
                section, lines = _documented(name, exported, shown)
                sections[section] += lines
        for section, lines in sections.items():
            if lines:
                text += [f"## {section}", "", "````{eval-rst}", *lines, "````", ""]
        if elsewhere:
            text += [
                "## Also exported",
                "",
                f"Shown on pages of their own: {', '.join(elsewhere)}.",
            ]
        source = self.get_source_info()[0]
        container = nodes.section()
        container.document = self.state.document
        self.state.nested_parse(
            StringList(text, source), self.content_offset, container, match_titles=True
        )
        made: list[nodes.Node] = container.children
        return made


def _documented(module: str, name: str, shown: Any) -> tuple[str, list[str]]:
    """Return the section of a name, and the autodoc directives that show it."""
    whole = f"{module}.{name}"
    if inspect.isclass(shown) and issubclass(shown, Exception):
        return "Errors", [
            f".. autoexception:: {whole}",
            "   :show-inheritance:",
            "   :members:",
            "",
        ]
    if inspect.isclass(shown):
        inherited = ["   :inherited-members:"] if _is_made_by_services(shown) else []
        return "Classes", [f".. autoclass:: {whole}", "   :members:", *inherited, ""]
    if inspect.isroutine(shown):
        return "Functions", [f".. autofunction:: {whole}", ""]
    return "Data", [f".. autodata:: {whole}", "   :no-value:", ""]


def _is_made_by_services(shown: type) -> bool:
    """Return whether programs only get objects of a class from services, and never create them."""
    return shown.__module__.startswith(("leyden.operations.", "leyden.service."))


def without_making(
    app: Sphinx, what: str, name: str, shown: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Hide the constructor of classes that only services create."""
    return ("", "") if what == "class" and _is_made_by_services(shown) else None


@cache
def homes() -> dict[tuple[str, object], str]:
    """Return the module whose page shows each exported object."""
    found: dict[tuple[str, object], str] = {}
    for module, name, shown in _exported():
        if module == "leyden" and inspect.isclass(shown) and issubclass(shown, Exception):
            continue
        found.setdefault(_identity(shown, name), module)
    return found


def _exported() -> Iterator[tuple[str, str, Any]]:
    for name in MODULES:
        module = _imported(name)
        for exported in module.__all__:
            yield name, exported, getattr(module, exported)


def _imported(name: str) -> ModuleType:
    with mock([*MOCKED]):
        return import_module(name)


def _identity(shown: Any, name: str) -> tuple[str, object]:
    """Return what identifies an object. Constants and aliases of types are the same if equal."""
    same = inspect.isclass(shown) or inspect.isroutine(shown)
    return name, id(shown) if same else repr(shown)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.Node | None:
    """Link the types in signatures to the page that shows them.

    Signatures name classes where they are defined, which is not where they are exported. What no
    page shows (Python's own types, those of other libraries, private ones) stays plain text.
    """
    if node.get("refdomain") != "py" or node.get("reftype") not in ("class", "obj", "exc", "data"):
        return None
    shown = _found(node["reftarget"], node.get("py:module"))
    if shown is None:
        return _as_text(node, contnode) if _in_signature(node) else None
    name = getattr(shown, "__name__", node["reftarget"].rpartition(".")[2])
    home = homes().get(_identity(shown, name))
    if home is None:
        return _as_text(node, contnode) if _in_signature(node) else None
    domain = env.domains.python_domain
    builder = app.builder
    return domain.resolve_xref(
        env, node["refdoc"], builder, "obj", f"{home}.{name}", node, contnode
    )


def _as_text(node: pending_xref, contnode: nodes.TextElement) -> nodes.Node:
    """Return the text in place of a reference. Sphinx may pass a choice of texts instead."""
    if isinstance(contnode, pending_xref_condition):
        return nodes.inline("", contnode.astext() or node["reftarget"])
    return contnode


def _in_signature(node: pending_xref) -> bool:
    """Return whether autodoc made a reference from an annotation; those in pages must be exact."""
    return not node.get("refexplicit") and not node.get("refwarn")


def _found(target: str, module: str | None) -> Any:
    """Return the object that a dotted name refers to, in a module of the package or anywhere."""
    for base in (target, f"{module}.{target}" if module else ""):
        parts = base.split(".")
        for count in range(len(parts) - 1, 0, -1):
            if not parts[0].startswith("leyden"):
                break
            try:
                found: Any = _imported(".".join(parts[:count]))
            except ImportError:
                continue
            for part in parts[count:]:
                found = getattr(found, part, None)
            if found is not None:
                return found
    return None


def plain(app: Sphinx, what: str, name: str, shown: Any, options: Any, lines: list[str]) -> None:
    """Convert a docstring to reStructuredText; drop the docstring of a constant's type."""
    inherited = inspect.getdoc(get_origin(shown) or type(shown)) or ""
    if what in ("data", "attribute") and "\n".join(lines).strip() == inherited.strip():
        lines[:] = []
    lines[:] = restructured(lines)


def setup(app: Sphinx) -> None:
    """Add the directive, and the hooks into autodoc."""
    # At INFO, it logs where it looks for its settings.
    logging.getLogger("pynamodb").setLevel(logging.WARNING)
    app.add_directive("api", Api)
    app.connect("autodoc-process-docstring", plain)
    app.connect("autodoc-process-signature", without_making)
    app.connect("missing-reference", resolve)
