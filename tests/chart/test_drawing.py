"""The drawing of a table: what it shows of which items, and that nothing in it gets in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

import leyden
from leyden.chart import drawing_svg
from leyden.chart.boards import chart_of
from leyden.chart.contents import Piece
from leyden.chart.lettering import cells, lines_of, shortened
from leyden.errors import DecodeError, InvalidOptionError
from leyden.schema import ServiceSpec, check_service
from leyden.tables import read_items
from tests.chart.drawn import SVG, cards, check_drawing, of_class, read, text_of
from tests.chart.goldens import pictures
from tests.chart.schemas import ATTACK, HOSTILE, NOTES, SCHEMAS, SHOP

KEPT = """
entity: customer
version: "1"
service: kept
unique: [[email]]
attributes:
  customer_id: {type: string, required: true}
  email: {type: string, required: true}
  secret: {type: string, encrypt: true}
  essay: {type: string, overflow: chunk}
  pin: {type: string, hidden: true}
  seen_at: timestamp
  scores: {type: map, properties: {a: number, b: number}}
indexes:
  main:
    pk: {field: pk, composite: [customer_id]}
    sk: {field: sk, composite: []}
  by_email:
    index: gsi1
    pk: {field: gsi1pk, composite: [email]}
    sk: {field: gsi1sk, composite: []}
"""


def spec_of(source: Any) -> ServiceSpec:
    result = check_service(source)
    assert result.service is not None, result.faults
    return result.service


def drawn(source: Any, *arguments: Any, **options: Any) -> Element:
    return read(drawing_svg(spec_of(source), *arguments, **options))


@pytest.mark.parametrize(
    "source",
    [SCHEMAS / "taskapp", SCHEMAS / "memory", SHOP, HOSTILE, NOTES],
    ids=["taskapp", "memory", "shop", "hostile", "notes"],
)
@pytest.mark.parametrize("count", [1, 3, 7])
def test_every_board_is_drawn_and_nothing_overlaps(source: Any, count: int) -> None:
    spec = spec_of(source)
    for board in chart_of(spec, count).boards:
        check_drawing(drawing_svg(spec, index=board.index, examples=count), board)


def test_partitions_hold_their_items_in_the_order_of_keys() -> None:
    root = drawn(SCHEMAS / "taskapp", index="gsi2")
    assert [lines[:3] for lines in cards(root)[:4]] == [
        ["project_member", "$contributions#assignments", "#projectmembers_1"],
        ["task", "$contributions#assignments#tasks_1", "#project_id_apollo"],
        ["task", "$contributions#assignments#tasks_1", "#project_id_apollo"],
        ["employee", "$contributions#employees_1", "organization_id"],
    ]
    values = [span.text for span in of_class(root, "value")]
    assert values[:3] == ["ada", "apollo", "apollo"]


def test_attributes_that_can_be_read_in_a_key_are_not_repeated() -> None:
    table = cards(drawn(SCHEMAS / "taskapp"))
    index = cards(drawn(SCHEMAS / "taskapp", index="gsi2"))
    (first,) = [lines for lines in table if "$overview#tasks_1#taskid_task-1" in lines]
    assert "task_id" not in first
    assert first[first.index("employee_id") + 1] == "ada"
    on_index = next(lines for lines in index if lines[0] == "task")
    assert on_index[on_index.index("task_id") + 1] == "task-1"
    assert "employee_id" not in on_index


def test_a_key_shows_a_time_in_lower_case_and_an_id_as_it_folds_it() -> None:
    schema = """
        entity: event
        version: "1"
        service: log
        attributes:
          log: {type: string, required: true}
          at: {type: timestamp, required: true}
          who: {type: string, required: true}
        indexes:
          main:
            pk: {field: pk, composite: [log]}
            sk: {field: sk, composite: [at, who]}
    """
    example = {"log": "l1", "at": "2026-03-01T09:00:00Z", "who": "Ada"}
    (lines,) = cards(drawn(schema, examples={"event": [example]}))
    assert lines[0] == "event"
    assert lines[-2:] == ["who", "Ada"]
    assert "at" not in lines


def test_the_legend_names_what_is_drawn_and_nothing_else() -> None:
    texts = [text_of(text) for text in drawn(SCHEMAS / "taskapp").findall(f"{SVG}text")]
    assert texts[:4] == ["employee", "project_member", "task", "collection overview"]
    items = [task_item()]
    texts = [text_of(t) for t in drawn(SCHEMAS / "taskapp", items).findall(f"{SVG}text")]
    assert texts[:2] == ["task", "collection overview"]


def task_item(**fields: Any) -> dict[str, Any]:
    spec = spec_of(SCHEMAS / "taskapp")
    with leyden.bind(spec, table="t", region="us-east-1") as app:
        task = app.entities.task.put(project_id="P9", task_id="own", employee_id="e1")
        item: dict[str, Any] = task.params()["Item"]
        return {**item, **fields}


def test_stored_items_are_drawn_as_they_are() -> None:
    root = drawn(SCHEMAS / "taskapp", [task_item(), task_item(sk={"S": "of no form"})])
    first, second = cards(root)
    assert first[:2] == ["task", "$overview#tasks_1#taskid_own"]
    # The key folds the id, so the attribute says more than the key.
    assert first[first.index("project_id") + 1] == "P9"
    assert second[:2] == ["task", "of no form"]


def test_fields_that_the_schema_does_not_know_are_shown() -> None:
    item = task_item(later={"M": {"b": {"N": "1.5"}, "a": {"SS": ["y", "x"]}}}, raw={"B": b"\x01"})
    (lines,) = cards(drawn(SCHEMAS / "taskapp", [item]))
    assert lines[lines.index("later") + 1] == '{"a": ["x", "y"], "b": 1.5}'
    assert lines[lines.index("raw") + 1] == "0x01"
    assert "__edb_e__" not in lines


def test_a_value_that_its_schema_cannot_read_is_shown_as_it_is_stored() -> None:
    (lines,) = cards(drawn(SCHEMAS / "taskapp", [task_item(points={"S": "many"})]))
    assert lines[lines.index("points") + 1] == "many"


def test_items_of_other_programs_are_drawn_by_what_they_say() -> None:
    items = [
        {"pk": {"S": "a"}, "sk": {"S": "b"}, "kind": {"S": "report"}},
        {"pk": {"S": "a"}, "sk": {"S": "c"}, "__edb_e__": {"S": "elsewhere"}},
        {"pk": {"S": "no sort key"}},
    ]
    root = drawn(SCHEMAS / "taskapp", items)
    assert cards(root) == [
        ["item", "b", "kind", "report"],
        ["elsewhere", "c"],
    ]
    assert len(of_class(root, "other")) == 2


def test_what_a_table_holds_of_a_record(table_name: str) -> None:
    keys = {"k1": b"\x01" * 32}
    with (
        leyden.local() as engine,
        leyden.load(KEPT, table=table_name, engine=engine, encryption_keys=keys) as app,
    ):
        app.create_table()
        app.entities.customer.create(
            customer_id="c1",
            email="ada@example.com",
            secret="swordfish",
            essay="long " * 100_000,
            pin="1234",
            scores={"a": 1, "b": 2.5},
        ).go()
        stored = app.driver.run(read_items(app.table)).items
        svg = drawing_svg(app, stored)
        index = drawing_svg(app, stored, index="gsi1")
    for board, text in zip(chart_of(app, 3, items=stored).boards, (svg, index), strict=True):
        check_drawing(text, board)
    assert "swordfish" not in svg
    assert "1234" not in svg
    by_entity = {lines[0]: lines for lines in cards(read(svg))}
    assert {*by_entity} == {"customer", "customer#unique"}
    lines = by_entity["customer"]
    assert lines[lines.index("scores") + 1] == '{"a": 1, "b": 2.5}'
    assert lines[lines.index("essay") + 1] == "(compressed)"
    assert [lines[0] for lines in cards(read(index))] == ["customer"]


def test_long_values_end_in_an_ellipsis_and_have_the_whole_as_tooltip() -> None:
    root = drawn(SCHEMAS / "taskapp", [task_item(title={"S": "x" * 500})])
    (text,) = [t for t in root.iter(f"{SVG}text") if text_of(t).startswith("xxx")]
    assert text_of(text) == "x" * 29 + "\u2026"
    assert text.findtext(f"{SVG}title") == "x" * 500


def test_many_attributes_end_in_a_cell_for_the_others() -> None:
    fields = {f"f{number:02}": {"N": str(number)} for number in range(30)}
    (lines,) = cards(drawn(SCHEMAS / "taskapp", [task_item(**fields)]))
    assert lines[-2] == "and"
    assert lines[-1].endswith(" more")
    assert len(lines) < 32


def test_names_that_attack_are_text_and_nothing_else() -> None:
    root = drawn(HOSTILE, title=ATTACK)
    assert root.findtext(f"{SVG}title") == ATTACK
    assert any(ATTACK in (title.text or "") for title in root.iter(f"{SVG}title"))
    examples = {"thing": [{"owner": "a\x00\x08\ufffeb\nc", "size": 1, "state": "--><b>"}]}
    svg = drawing_svg(spec_of(HOSTILE), examples=examples)
    assert "a\ufffd\ufffd\ufffdb c" in svg
    read(svg.encode("utf-8").decode("utf-8"))


def test_a_description_names_the_items_for_those_who_cannot_see_them() -> None:
    root = drawn(SCHEMAS / "taskapp", index="gsi3", title="Teams")
    assert root.findtext(f"{SVG}title") == "Teams"
    said = root.findtext(f"{SVG}desc") or ""
    assert said.startswith("3 items in ")
    assert "employee $employees_1#team_jupiter#salary_00062000" in said
    many = drawn(SCHEMAS / "taskapp", examples=100).findtext(f"{SVG}desc") or ""
    assert "more items." in many
    assert len(many) < 6000


def test_an_unknown_index_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match='no index "gsi22"; did you mean "gsi2"'):
        drawing_svg(spec_of(SCHEMAS / "taskapp"), index="gsi22")


@pytest.mark.parametrize("item", [{"pk": "plain"}, "text", {"pk": {}}])
def test_what_is_no_raw_item_is_refused(item: Any) -> None:
    with pytest.raises(DecodeError, match="not a raw item"):
        drawing_svg(spec_of(SCHEMAS / "taskapp"), [item])


def test_a_partition_shows_its_values_though_a_stranger_is_first_in_it() -> None:
    stranger = {**task_item(), "__edb_e__": {"S": "other"}, "sk": {"S": "!"}}
    root = drawn(SCHEMAS / "taskapp", [task_item(), stranger])
    assert [lines[0] for lines in cards(root)] == ["other", "task"]
    assert [span.text for span in of_class(root, "value")] == ["p9", "own"]


def test_titles_and_notes_have_the_room_that_they_need() -> None:
    schema = SCHEMAS / "taskapp"
    title = "Nothing is assigned to anybody here, and so the index has no items at all"
    root = drawn(schema, [], index="gsi2", title=title)
    assert title in [text_of(text) for text in root.findall(f"{SVG}text")]


def test_a_table_without_items_says_so() -> None:
    root = drawn(SCHEMAS / "taskapp", [])
    assert any("No items are here." in text_of(t) for t in root.iter(f"{SVG}text"))


class TestLettering:
    def test_wide_characters_take_two_cells_and_marks_none(self) -> None:
        assert [cells(text) for text in ("abc", "\u65e5\u672c", "e\u0301", "\U0001f600")] == [
            *(3, 4, 1, 2)
        ]
        assert shortened("\u65e5\u672c\u8a9e", 5) == "\u65e5\u672c\u2026"
        assert shortened("\u65e5\u672c", 4) == "\u65e5\u672c"

    @pytest.mark.parametrize(
        ("key", "width", "lines"),
        [
            ("$shop#order_id_o1", 30, ["$shop#order_id_o1"]),
            ("$shop#organization_id_o1", 20, ["$shop", "#organization_id_o1"]),
            ("plain-text-of-a-key", 8, ["plain-te", "xt-of-a-", "key"]),
            ("a" * 100, 8, ["a" * 8, "a" * 8, "a" * 7 + "\u2026"]),
            ("", 8, [""]),
        ],
    )
    def test_keys_break_before_labels(self, key: str, width: int, lines: list[str]) -> None:
        found = lines_of([Piece(key)], width, 3)
        assert ["".join(piece.text for piece in line) for line in found] == lines

    def test_a_value_stays_in_one_piece_where_it_fits(self) -> None:
        found = lines_of([Piece("#customer_id_"), Piece("0123456789", "customer_id")], 20, 3)
        assert found == [[Piece("#customer_id_")], [Piece("0123456789", "customer_id")]]


@pytest.mark.parametrize(("path", "text"), [*pictures()], ids=lambda one: getattr(one, "name", ""))
def test_pictures_are_as_kept(path: Path, text: str) -> None:
    """Draw them anew with `python -m tests.chart.goldens`."""
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_drawing_is_the_same_in_every_process(seed: str) -> None:
    program = (
        "import sys; from leyden.chart import *; from leyden.schema import check_service;"
        "from tests.chart.schemas import SHOP; spec = check_service(SHOP).service;"
        "sys.stdout.buffer.write(drawing_svg(spec).encode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=SCHEMAS.parent,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert made == drawing_svg(spec_of(SHOP))
