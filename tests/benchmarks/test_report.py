"""The pages say what was measured, and the drawing shows it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench import report
from bench.cases import CASES, TARGETS
from bench.drawing import LABEL, TEXT, draw
from bench.measuring import Figures, in_turns, middle, ratios
from bench.workers import WorkerError

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def figures() -> Figures:
    return report.read()


def bars_of(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [bar for bar in root.iter(f"{SVG}rect") if bar.get("class") != "page"]


def widths(drawing: str) -> dict[str, float]:
    """Of the first panel's first group, each bar's width by its text."""
    root = ElementTree.fromstring(drawing)
    bars = bars_of(root)
    texts = [text.text or "" for text in root.iter(f"{SVG}text") if text.get("class") == "value"]
    assert len(bars) == len(texts)
    return {text: float(bar.attrib["width"]) for bar, text in zip(bars, texts, strict=True)}


@pytest.mark.parametrize("path", report.PAGES, ids=str)
def test_what_a_page_says_is_what_was_measured(path: Path, figures: Figures) -> None:
    _, inside, _ = report.between((report.ROOT / path).read_text(encoding="utf-8"))
    assert inside == report.PAGES[path](figures).strip("\n")


def test_the_drawing_is_that_of_the_figures(figures: Figures) -> None:
    assert (report.ROOT / report.DRAWING).read_text(encoding="utf-8") == draw(figures)


def test_figures_are_of_at_least_seven_rounds_and_of_every_case(figures: Figures) -> None:
    assert figures["rounds"] >= 7
    assert [work["case"] for work in figures["work"]] == [case.name for case in CASES]
    assert all("leyden" in work["cpu"] for work in figures["work"])


def test_every_target_is_in_the_figures(figures: Figures) -> None:
    assert [found.target for found in report.targets(figures) if found.met is None] == []


def test_bars_are_as_long_as_their_figures(figures: Figures) -> None:
    figures["work"][0] |= {
        "cpu": {"leyden": 0.25, "boto3": 1.0, "pynamodb": 2.0},
        "ratios": {"boto3": 0.25, "pynamodb": 0.125},
    }
    drawn = widths(draw(figures))
    assert drawn["2.00 · 2.00 ms"] == pytest.approx(2 * drawn["1.00 · 1.00 ms"], abs=0.1)
    assert drawn["0.25 · 0.25 ms"] == pytest.approx(drawn["1.00 · 1.00 ms"] / 4, abs=0.1)


def test_the_drawing_has_colours_for_dark_pages_and_stays_inside_its_frame(
    figures: Figures,
) -> None:
    root = ElementTree.fromstring(draw(figures))
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    for bar in root.iter(f"{SVG}rect"):
        assert float(bar.get("x", 0)) + float(bar.attrib["width"]) <= float(root.attrib["width"])
        assert float(bar.get("y", 0)) + float(bar.attrib["height"]) <= float(root.attrib["height"])


def test_labels_and_figures_have_columns_that_bars_and_lines_do_not_reach(
    figures: Figures,
) -> None:
    root = ElementTree.fromstring(draw(figures))
    # What a letter takes in the widest of the fonts that systems have for their own texts.
    letter = 6.9
    for text in root.iter(f"{SVG}text"):
        if text.get("text-anchor") == "end":
            room = TEXT - 6 if text.get("class") == "value" else LABEL - 8
            assert len(text.text or "") * letter <= room + letter, text.text
    ends = {float(t.attrib["x"]) for t in root.iter(f"{SVG}text") if t.get("class") == "value"}
    drawn = [float(bar.attrib["x"]) + float(bar.attrib["width"]) for bar in bars_of(root)]
    drawn += [float(line.attrib["x1"]) for line in root.iter(f"{SVG}line")]
    for x in drawn:
        assert x <= min(end for end in ends if end > x) - TEXT + 0.1


def test_a_target_is_missed_aloud(figures: Figures) -> None:
    worse = deepcopy(figures)
    worse["offline"]["record"] = 0.9
    title = next(target.title for target in TARGETS if target.figure == ("offline", "record"))
    assert f"| {title} | 0.900 | ≤ 0.5 | **no** |" in report.page(worse)
    missed = report.readme(worse).partition("missed: ")[2]
    assert title in missed


def test_a_client_that_was_absent_is_named(figures: Figures) -> None:
    figures["absent"] = {"pydynox": "not installed"}
    for work in figures["work"]:
        work["cpu"].pop("pydynox", None)
        work["ratios"].pop("pydynox", None)
    assert "Not measured: pydynox, Rust core." in report.readme(figures)
    assert "not measured |" in report.page(figures)


def test_writing_replaces_what_is_between_the_marks_and_nothing_else(
    figures: Figures, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    for path in report.PAGES:
        (tmp_path / path).write_text(f"first\n{report.BEGIN}\nold\n{report.END}\nlast\n", "utf-8")
    report.write(figures, tmp_path)
    for path, made in report.PAGES.items():
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert text.startswith("first\n")
        assert text.endswith("\nlast\n")
        assert "old" not in text
        assert made(figures) in text
    assert json.loads((tmp_path / report.FIGURES).read_text(encoding="utf-8")) == figures


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        report.between("nothing here")


class Said:
    """A client that takes what it is told."""

    def __init__(self, times: list[float], order: list[str], name: str) -> None:
        self.times = iter(times)
        self.order = order
        self.name = name

    def ask(self, question: Figures) -> Figures:
        self.order.append(self.name)
        try:
            return {"cpu": next(self.times)}
        except StopIteration:
            raise WorkerError(f"{self.name}: tired") from None


def test_clients_take_turns_and_ratios_are_of_one_round() -> None:
    order: list[str] = []
    workers = {
        "leyden": Said([99, 1, 2, 30], order, "leyden"),
        "boto3": Said([99, 2, 8, 60], order, "boto3"),
        "gone": Said([], order, "gone"),
    }
    said: list[str] = []
    answers = in_turns(workers, {"run": "get", "times": 1}, 3, said.append)  # type: ignore[arg-type]
    assert said == ["NOT MEASURED: gone: tired"]
    assert order == [
        "leyden",
        "boto3",
        "gone",
        *("boto3", "leyden", "leyden", "boto3"),
        "boto3",
        "leyden",
    ]
    assert middle(answers, "cpu") == {"leyden": 2, "boto3": 8}
    assert ratios(answers, "cpu") == {"boto3": 0.5}
