"""The page in a real browser: it lays out, filters, and runs nothing that it should not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from leyden.chart import chart_html, drawing_svg
from leyden.schema import check_service
from tests.chart.parsed import grid, parse
from tests.chart.schemas import HOSTILE, SCHEMAS, SHOP

pytestmark = pytest.mark.chromium

_MEASURE = """
<script>
  const seen = (element) => element.getClientRects().length > 0;
  document.body.dataset.measured = JSON.stringify({
    shown: document.documentElement.dataset.shown,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    rows: [...document.querySelectorAll("tr[data-example]")].filter(seen).length,
    boards: [...document.querySelectorAll(".board table.items")].filter(
      (table) => table.offsetWidth > 300 && table.offsetHeight > 40).length,
    tall: [...document.querySelectorAll(".side")].filter(seen).every(
      (side) => side.offsetHeight >= side.firstElementChild.offsetHeight
        && side.offsetHeight <= side.parentElement.offsetHeight + 1),
    spilt: [...document.querySelectorAll(".panel *, fieldset *")].filter(
      (part) => part.getBoundingClientRect().right
        > part.closest(".panel, fieldset").getBoundingClientRect().right + 1).length,
    found: [...document.querySelectorAll("tr.found")].map((row) => row.dataset.example),
    state: document.querySelector("[data-state]").textContent,
    hacked: document.body.dataset.hacked ?? null,
  });
</script>
"""

_UNCHECK = """
<script>
  for (const alias of %s) {
    const box = [...document.querySelectorAll("input[data-alias]")].find(
      (box) => box.dataset.alias === alias);
    box.click();
  }
</script>
"""

_PRESS = """
<script>
  [...document.querySelectorAll("button[data-finds]")].find(
    (button) => button.previousElementSibling.textContent.includes(%s)).click();
</script>
"""


def look(tmp_path: Path, html: str, *steps: str, width: int = 1400) -> tuple[dict[str, Any], str]:
    """Open a page, take these steps, measure it. Fails where the console says anything."""
    dom = dom_of(tmp_path, html.replace("</body>", "".join((*steps, _MEASURE, "</body>"))), width)
    measured = parse(dom).only("body").attributes["data-measured"]
    assert measured is not None
    return json.loads(measured), dom


def browse(tmp_path: Path, html: str, measure: str, *, width: int) -> Any:
    """What a JavaScript expression says of a page that has no scripts of its own."""
    script = f"<script>document.body.dataset.measured = JSON.stringify({measure});</script>"
    dom = dom_of(tmp_path, html.replace("</body>", f"{script}</body>"), width)
    measured = parse(dom).only("body").attributes["data-measured"]
    assert measured is not None
    return json.loads(measured)


def dom_of(tmp_path: Path, html: str, width: int) -> str:
    """The page as a browser has it. Fails where the console says anything."""
    page = tmp_path / "page.html"
    page.write_text(html, "utf-8")
    ran = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},1800",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=180,
    )
    said = [line for line in ran.stderr.decode().splitlines() if "CONSOLE" in line]
    assert said == []
    return ran.stdout.decode()


def html_of(source: Any) -> str:
    spec = check_service(source).service
    assert spec is not None
    return chart_html(spec)


@pytest.mark.parametrize(
    ("source", "items", "boards", "width"),
    [
        (SCHEMAS / "taskapp", 9, 3, 1400),
        (SCHEMAS / "taskapp", 9, 3, 520),
        (SCHEMAS / "memory", 21, 8, 1000),
        (SHOP, 9, 7, 700),
        (HOSTILE, 3, 2, 1400),
    ],
    ids=["taskapp", "taskapp-narrow", "memory", "shop", "hostile"],
)
def test_a_page_renders_with_all_its_items_and_boards(
    tmp_path: Path, source: Any, items: int, boards: int, width: int
) -> None:
    html = html_of(source)
    measured, _ = look(tmp_path, html, width=width)
    assert measured["shown"] == str(items)
    assert measured["state"] == f"{items} of {items} example items shown"
    assert measured["rows"] == html.count("data-example=")
    assert measured["boards"] == boards
    assert measured["overflow"] <= 0, "the page itself does not scroll sideways"
    assert measured["tall"], "brackets hold their names and stay in their rows"
    assert measured["spilt"] == 0, "lists stay inside of their panels"
    assert measured["hacked"] is None


def test_long_names_and_descriptions_stay_in_their_panels(tmp_path: Path) -> None:
    long = "very_long_name_" * 12
    (thing,) = HOSTILE["entities"]
    source = {
        "entities": [{**thing, "entity": long, "alias": long, "description": f"{long} {long}"}]
    }
    measured, _ = look(tmp_path, html_of(source), width=900)
    assert measured["spilt"] == 0
    assert measured["overflow"] <= 0


def test_a_page_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="broken on purpose"):
        look(tmp_path, html_of(HOSTILE), "<script>throw new Error('broken on purpose')</script>")


def test_leaving_out_an_entity_keeps_the_tables_regular(tmp_path: Path) -> None:
    measured, dom = look(
        tmp_path, html_of(SCHEMAS / "taskapp"), _UNCHECK % json.dumps(["project_member"])
    )
    assert measured["state"] == "6 of 9 example items shown"
    assert measured["tall"]
    page = parse(dom)
    for table in page.all("table", class_="items"):
        for row in table.all("tr"):
            if "hidden" in row.attributes:
                row.name = "left-out"
        rows = grid(table)
        assert all(len(row) == len(rows[0]) for row in rows)
        for cells in rows[1:]:
            columns = [int(cell.attributes["data-column"] or 0) for cell in cells]
            assert columns == list(range(len(columns)))
    gsi2 = page.all("table", class_="items")[1]
    ada = [cells for cells in grid(gsi2)[1:] if cells[0].text.endswith("_ada")]
    assert [(cells[1].text, cells[2].text, cells[4].text) for cells in ada] == [
        ("contributions", "assignments", "task"),
        ("contributions", "assignments", "task"),
        ("contributions", "", "employee"),
    ]


def test_what_was_left_out_comes_back_as_it_was(tmp_path: Path) -> None:
    html = html_of(SCHEMAS / "taskapp")
    before, plain = look(tmp_path, html)
    names = json.dumps(["task", "employee", "project_member"])
    none, _ = look(tmp_path, html, _UNCHECK % names)
    assert (none["rows"], none["state"]) == (0, "0 of 9 example items shown")
    again, dom = look(tmp_path, html, _UNCHECK % names, _UNCHECK % names)
    assert again == before
    assert [t.text for t in parse(dom).all("table")] == [t.text for t in parse(plain).all("table")]


def test_a_button_shows_the_items_that_a_call_finds(tmp_path: Path) -> None:
    press = _PRESS % json.dumps("collections.assignments")
    measured, dom = look(tmp_path, html_of(SCHEMAS / "taskapp"), press)
    assert measured["found"] == ["project_member-1", "task-1", "task-2"]
    assert len(parse(dom).all("button", aria_pressed="true")) == 1
    measured, _ = look(tmp_path, html_of(SCHEMAS / "taskapp"), press, press)
    assert measured["found"] == []


_SEARCH = """
<script>
  const field = document.querySelector("#search");
  field.value = %s;
  field.dispatchEvent(new Event("input"));
</script>
"""


def test_a_search_leaves_what_has_all_its_words(tmp_path: Path) -> None:
    html = html_of(SCHEMAS / "taskapp")
    measured, dom = look(tmp_path, html, _SEARCH % json.dumps("Apollo TASK-1"))
    # Once on the table, and once on gsi2.
    assert (measured["rows"], measured["state"]) == (2, "1 of 9 example items shown")
    page = parse(dom)
    assert page.only("search").only("output").text == (
        "found: 0 access patterns, 1 item, 0 attributes"
    )
    measured, dom = look(tmp_path, html, _SEARCH % json.dumps("manager"))
    page = parse(dom)
    asked = [row for row in page.all("tr") if "data-search" in row.attributes]
    left = [row.text for row in asked if "hidden" not in row.attributes]
    assert any(text.startswith("Which employees have this manager") for text in left)
    assert any(text.startswith("manager") for text in left)
    entries = page.all("div", class_="entry")
    assert ["hidden" in entry.attributes for entry in entries] == [False, True, True]


def test_a_search_and_the_choice_of_entities_both_count(tmp_path: Path) -> None:
    steps = (_SEARCH % json.dumps("apollo"), _UNCHECK % json.dumps(["task"]))
    measured, dom = look(tmp_path, html_of(SCHEMAS / "taskapp"), *steps)
    assert measured["state"] == "2 of 9 example items shown"
    for table in parse(dom).all("table", class_="items"):
        for row in table.all("tr"):
            if "hidden" in row.attributes:
                row.name = "left-out"
        assert len({len(row) for row in grid(table)}) == 1


_NARROW = """
<script>
  const inside = [...document.querySelectorAll(".scroll")];
  document.body.dataset.narrow = JSON.stringify({
    sideways: inside.filter((part) => part.scrollWidth > part.clientWidth).length,
    clipped: [...document.querySelectorAll(".scroll td, .scroll tbody th")].filter((cell) =>
      cell.getBoundingClientRect().right > document.documentElement.clientWidth).length,
  });
</script>
"""


@pytest.mark.parametrize("source", [SCHEMAS / "taskapp", SHOP], ids=["taskapp", "shop"])
def test_on_a_phone_nothing_is_read_sideways(tmp_path: Path, source: Any) -> None:
    # Chromium's windows are not narrower than 500 pixels.
    html = html_of(source)
    measured, dom = look(tmp_path, html, _NARROW, width=500)
    assert measured["overflow"] <= 0
    narrow = parse(dom).only("body").attributes["data-narrow"]
    assert json.loads(narrow or "") == {"sideways": 0, "clipped": 0}


_DRAWN = """
(() => {
  const texts = [...document.querySelectorAll("svg text:not([transform])")];
  const box = (element) => element.getBoundingClientRect();
  const cells = [...document.querySelectorAll("svg .cell")].map(box);
  return {
    fill: getComputedStyle(document.querySelector("svg .value")).fill,
    small: Math.min(...texts.map((text) => parseFloat(getComputedStyle(text).fontSize))),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    shrunk: Math.round(box(document.querySelector("svg")).width
      - document.querySelector("svg").viewBox.baseVal.width),
    wrong: texts.filter((text) =>
      Math.abs(box(text).width - text.textLength.baseVal.value) > 3).length,
    spilt: texts.filter((text) => cells.some((cell) =>
      box(text).left >= cell.left && box(text).left < cell.right
        && box(text).top >= cell.top && box(text).top < cell.bottom
        && box(text).right > cell.right)).length,
  };
})()
"""


@pytest.mark.parametrize("width", [400, 1280])
def test_a_drawing_keeps_its_size_and_takes_the_colours_of_its_page(
    tmp_path: Path, width: int
) -> None:
    spec = check_service(SCHEMAS / "taskapp").service
    assert spec is not None
    style = "--leyden-ink: rgb(1, 2, 3); overflow-x: auto"
    html = f'<!doctype html><body><div style="{style}">{drawing_svg(spec)}</div></body>'
    measured = browse(tmp_path, html, _DRAWN, width=width)
    assert measured == {
        "fill": "rgb(1, 2, 3)",
        "small": 11,
        "overflow": 0,
        "shrunk": 0,
        "wrong": 0,
        "spilt": 0,
    }
