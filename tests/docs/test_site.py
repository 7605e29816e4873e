"""The documentation as a site: it builds without a warning, leads everywhere, and loads nothing."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tools.site.build import build
from tools.site.html import Page, broken_links, foreign_loads, read_pages
from tools.site.install import node_modules
from tools.site.pages import DOCS, ROOT, name_of, prose_pages

CACHE: Final = ROOT / ".cache"
WORDS: Final = DOCS / "words.txt"
SAMPLE: Final = (
    "index.html",
    "tour.html",
    "guides/index.html",
    "guides/one-to-many.html",
    "records.html",
    "performance.html",
    "reference/api/leyden.events.html",
    "reference/command-line.html",
    "reference/schema-language.html",
    "search.html",
)
"""One page of each kind."""


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site. Building it fails with what Sphinx warns of."""
    return build(CACHE).resolve()


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """What the built pages hold."""
    return read_pages(site)


@pytest.mark.docs
def test_every_page_is_in_the_site(site: Path) -> None:
    built = {str(file.relative_to(site).with_suffix("")) for file in site.rglob("*.html")}
    assert built >= {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}


@pytest.mark.docs
def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    assert foreign_loads(site, pages) == []


@pytest.mark.docs
def test_every_link_and_anchor_inside_the_site_exists(pages: dict[Path, Page]) -> None:
    assert broken_links(pages) == []


@pytest.mark.docs
def test_every_drawing_is_in_its_page(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        wanted = page.read_text(encoding="utf-8").count("\n```{drawing} ")
        built = (site / page.relative_to(DOCS)).with_suffix(".html").read_text(encoding="utf-8")
        assert built.count('<div class="drawing-frame"') == wanted, name_of(page)


@pytest.mark.docs
def test_every_exported_name_has_its_place_in_the_api_reference(
    site: Path, pages: dict[Path, Page]
) -> None:
    import leyden
    from leyden import errors, events

    for module in (leyden, errors, events):
        page = pages[site / "reference" / "api" / f"{module.__name__}.html"]
        targets = page.anchors | {link.rpartition("#")[2] for link in page.links}
        ends = {target.rpartition(".")[2] for target in targets}
        assert {*module.__all__} <= ends | {"errors", "events", "tables"}


@pytest.mark.docs
def test_language_models_find_every_page(site: Path) -> None:
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("")
        assert f"]({name}.html)" in listed or f"](_sources/{name}.md)" in listed
        assert f"<!-- {name} -->" in whole
    assert "leyden.errors.KeyCollisionError" in whole


def test_the_list_of_words_is_sorted() -> None:
    words = WORDS.read_text(encoding="utf-8").splitlines()
    assert words == sorted({*words}, key=lambda word: (word.casefold(), word))


@pytest.mark.docs
def test_pages_are_spelled_as_a_dictionary_has_it(tmp_path: Path) -> None:
    config = {
        "version": "0.2",
        "noConfigSearch": True,
        "language": "en-US",
        "dictionaryDefinitions": [{"name": "project", "path": str(WORDS)}],
        "dictionaries": ["project", "en_us", "!softwareTerms", "!companies", "!filetypes"],
        "ignoreRegExpList": [
            r"/^[ ]*(`{3,})[\s\S]*?^[ ]*\1/gm",  # blocks
            r"/(?<!`)`(?!`)[^`]+`(?!`)/g",  # the marks of a block begin no code in a line
            r"/\]\([^)]*\)/g",  # where links lead
            r"/<!--[\s\S]*?-->/g",
        ],
    }
    (tmp_path / "cspell.json").write_text(json.dumps(config), encoding="utf-8")
    checked = [str(page) for page in prose_pages()]
    command = ["node", str(node_modules(CACHE) / "cspell" / "bin.mjs"), "lint", "--no-progress"]
    command += ["--no-gitignore", "--config", str(tmp_path / "cspell.json")]
    done = subprocess.run([*command, *checked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"correct it, or add it to {WORDS}:\n{done.stdout}{done.stderr}"
    # It also ends with 0 where it has checked nothing, for example for an option it does not know.
    assert f"Files checked: {len(checked)}, Issues found: 0" in done.stderr


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.docs
@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_pages(scheme: str, address: str, browser: Any) -> None:
    axe = node_modules(CACHE) / "axe-core" / "axe.min.js"
    found = []
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in SAMPLE:
        page.goto(f"{address}/{name}")
        page.add_script_tag(path=str(axe))
        # Without all that is right, which Playwright would take seconds to bring over.
        violations = page.evaluate(
            "axe.run({resultTypes: ['violations']}).then((result) => result.violations)"
        )
        found += [
            f"{name}: {violation['id']}: {node['target']} {node['html'][:160]}"
            for violation in violations
            for node in violation["nodes"][:3]
        ]
    context.close()
    assert found == []
    assert [url for url in asked if not url.startswith(address)] == []


@pytest.mark.docs
@pytest.mark.chromium
def test_pages_fit_a_phone_and_the_search_finds(address: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 400, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    for name in SAMPLE:
        page.goto(f"{address}/{name}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) == 0, name
    page.goto(f"{address}/search.html?q=KeyCollisionError")
    page.wait_for_selector("ul.search li a")
    assert page.locator("ul.search li a").count() > 1
    context.close()
    assert faults == []
