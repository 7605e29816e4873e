"""The page of a report: it holds what the report has, needs nothing else, and fits any screen."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import leyden
from tests.chart.test_browser import browse
from tests.doctor.clinic import KEYS, SERVICE, send
from tests.doctor.conftest import Open

HOSTILE = "<script>alert(1)</script>"
TURNED = "\u202eevil\x1b[31m"


@pytest.fixture
def app(open_service: Open) -> leyden.Service:
    """A table with a few patients, and an item that nobody owns."""
    service = open_service(SERVICE, encryption_keys=KEYS)
    for number in range(4):
        service.entities.patient.create(
            clinic="c", id=str(number), ward=f"{'long-' * 30}{number % 2}", age=number
        ).go()
    send(service, "PutItem", {"Item": {"pk": {"S": HOSTILE}, "sk": {"S": "x" * 300}}})
    send(service, "PutItem", {"Item": {"pk": {"S": TURNED}, "sk": {"S": TURNED}}})
    return service


class Elements(HTMLParser):
    """The names of all elements, and what refers to elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_holds_the_report_and_needs_nothing_else(app: leyden.Service) -> None:
    report = app.doctor(full=True, strict=True)
    html = report.to_html()
    elements = Elements(html)
    assert "script" not in elements.names
    assert elements.links == []
    assert "url(" not in html
    assert "@import" not in html
    assert HOSTILE not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert r"\u202eevil" in html, "it shows what is there"
    for finding in report.findings:
        assert finding.code in html
    for index in report.indexes:
        assert index.name in html
    assert html.count('<li class="finding') == len(report.findings)
    assert "1 fault" in re.sub(r"<[^>]*>", "", html)


def test_a_healthy_table_says_so(open_service: Open) -> None:
    html = open_service(SERVICE, encryption_keys=KEYS).doctor(full=True).to_html()
    assert "healthy" in html
    assert "No findings" in html


@pytest.mark.chromium
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_narrow_and_wide_screens(
    app: leyden.Service, tmp_path: Path, width: int
) -> None:
    html = app.doctor(full=True, strict=True).to_html().replace("<details>", "<details open>")
    measured = browse(
        tmp_path,
        html,
        """{
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          bars: [...document.querySelectorAll(".bar span")].every((bar) => bar.offsetWidth > 0),
          spilt: [...document.querySelectorAll(".board *, .finding *")].filter(
            (part) => part.getBoundingClientRect().right
              > part.closest(".board, .finding").getBoundingClientRect().right + 1).length,
        }""",
        width=width,
    )
    assert measured == {"overflow": 0, "bars": True, "spilt": 0}
