"""The HTML page: its structure, its safety, and that it is always the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

import leyden
from leyden.chart import chart_html, chart_mermaid
from leyden.chart.questions import plural_of
from leyden.errors import InvalidOptionError, UnknownAttributeError
from leyden.schema import check_service, load_service
from leyden.schema.spec import ServiceSpec
from tests.chart.parsed import Element, grid, parse
from tests.chart.schemas import ATTACK, HOSTILE, MEMBERS, NOTES, SCHEMAS, SHOP


def spec_of(source: Any) -> ServiceSpec:
    """The schema, without asking for its hooks."""
    result = check_service(source)
    assert result.service is not None, result.faults
    return result.service


@pytest.fixture(scope="module")
def taskapp() -> Element:
    return parse(chart_html(load_service(SCHEMAS / "taskapp")))


@pytest.fixture(scope="module")
def shop() -> Element:
    return parse(chart_html(spec_of(SHOP)))


@pytest.fixture(
    scope="module",
    params=[SCHEMAS / "taskapp", SCHEMAS / "memory", SHOP, HOSTILE, NOTES],
    ids=["taskapp", "memory", "shop", "hostile", "notes"],
)
def html(request: pytest.FixtureRequest) -> str:
    return chart_html(spec_of(request.param))


def board(page: Element, name: str) -> Element:
    return next(s for s in page.all("section", class_="board") if s.only("h2").text == name)


def keys(page: Element, name: str, kind: str) -> list[str]:
    table = board(page, name).only("table", class_="items")
    return [cell.text for cell in table.all("th", class_=kind)]


class TestEveryPage:
    def test_elements_nest_and_tables_are_regular(self, html: str) -> None:
        for table in parse(html).all("table"):
            rows = grid(table)
            assert len({len(row) for row in rows}) == 1
            for row in rows[1:]:
                columns = [int(cell.attributes.get("data-column") or 0) for cell in row]
                assert columns == sorted(columns)

    def test_it_needs_nothing_from_elsewhere(self, html: str) -> None:
        page = parse(html)
        for element in page.walk():
            assert element.name not in ("link", "img", "iframe", "object", "base", "video")
            for name, value in element.attributes.items():
                assert not name.startswith("on"), "no handlers in markup"
                assert name not in ("src", "srcset", "action", "ping")
                if name == "href":
                    assert value is not None
                    assert value.startswith("#")
        assert not re.search(r"url\(|@import|fetch\(|XMLHttp|import\(", page.only("style").text)
        assert not re.search(r"fetch\(|XMLHttp|import\(|https?:", page.only("script").text)

    def test_references_between_elements_hold(self, html: str) -> None:
        page = parse(html)
        ids = [e.attributes["id"] for e in page.walk() if "id" in e.attributes]
        assert len(ids) == len(set(ids))
        for element in page.walk():
            for name in ("aria-labelledby", "for"):
                if name in element.attributes:
                    assert element.attributes[name] in ids
            href = element.attributes.get("href")
            assert href is None or href[1:] in ids

    def test_tables_say_what_they_are(self, html: str) -> None:
        page = parse(html)
        assert page.only("html").attributes["lang"] == "en"
        assert len(page.all("h1")) == len(page.all("main")) == 1
        for table in page.all("table"):
            assert table.only("caption").text
            assert all(cell.attributes.get("scope") for cell in table.all("th"))
        for scroll in page.all("div", class_="scroll"):
            assert (scroll.attributes["role"], scroll.attributes["tabindex"]) == ("region", "0")
            assert scroll.attributes["aria-label"]

    def test_buttons_point_at_items_of_their_own_board(self, html: str) -> None:
        buttons = 0
        for section in parse(html).all("section"):
            items = {row.attributes["data-example"] for row in section.all("tr", data_example="")}
            items |= {
                row.attributes["data-example"]
                for row in section.all("tr")
                if "data-example" in row.attributes
            }
            for button in section.all("button"):
                finds = json.loads(button.attributes["data-finds"] or "")
                assert finds
                assert set(finds) <= items
                buttons += 1
        assert buttons


class TestSearches:
    def test_a_vector_index_has_a_board_with_its_partitions_and_searches(self) -> None:
        page = parse(chart_html(spec_of(NOTES)))
        assert [heading.text for heading in page.all("h2")] == [
            *("Access patterns", "The table", "vec1", "vec2", "Entities")
        ]
        parted = board(page, "vec1")
        assert "vector index" in parted.text
        rooms = keys(page, "vec1", "pk")
        assert len(rooms) > 1
        assert len({*rooms}) == len(rooms)
        patterns = parted.only("table", class_="patterns").text
        assert f'note.search.similar(vector, room="{rooms[0]}").go()' in patterns
        assert "room = {room}" in patterns
        assert "nearest to {meaning}" in patterns
        items = parted.only("table", class_="items").text
        assert "title" in items
        assert "meaning" not in items, "a search does not give the vector back"

    def test_an_index_without_partitions_has_all_items_together(self) -> None:
        page = parse(chart_html(spec_of(NOTES)))
        assert keys(page, "vec2", "pk") == ["all items"]
        found = board(page, "vec2")
        assert "note.search.alike(vector).go()" in found.only("table", class_="patterns").text
        names = [name.text for name in found.only("table", class_="items").all("dt")]
        assert {*names} == {"title"}
        text = chart_mermaid(spec_of(NOTES))
        assert "vec2: all items" in text
        assert "note.search.similar(vector" in text


class TestTaskapp:
    def test_the_table_and_each_index_have_a_board(self, taskapp: Element) -> None:
        names = [heading.text for heading in taskapp.all("h2")]
        assert names == ["Access patterns", "The table", "gsi2", "gsi3", "Entities"]
        links = [a.text for a in taskapp.only("nav").all("a")]
        assert links == ["Access patterns", "the table", "gsi2", "gsi3", "Entities"]

    def test_items_stand_in_key_order(self, taskapp: Element) -> None:
        for name in ("The table", "gsi2", "gsi3"):
            table = board(taskapp, name).only("table", class_="items")
            rows = grid(table)[1:]
            last = len(rows[0]) - 3
            order = [(row[0].text, row[last].text) for row in rows]
            assert order == sorted(order)
        assert keys(taskapp, "gsi2", "sk")[:4] == [
            "$contributions#assignments#projectmembers_1",
            "$contributions#assignments#tasks_1#project_id_apollo",
            "$contributions#assignments#tasks_1#project_id_apollo",
            "$contributions#employees_1",
        ]

    def test_keys_are_the_ones_that_leyden_writes(self, taskapp: Element) -> None:
        app = leyden.load(SCHEMAS / "taskapp", region="us-east-1")
        task = app.entities.task
        item = task.put(task_id="task-1", project_id="apollo", employee_id="ada").params()["Item"]
        assert item["pk"]["S"] in keys(taskapp, "The table", "pk")
        assert item["sk"]["S"] in keys(taskapp, "The table", "sk")

    def test_values_stand_out_in_keys(self, taskapp: Element) -> None:
        table = board(taskapp, "gsi3").only("table", class_="items")
        cell = table.all("th", class_="sk")[0]
        assert cell.text == "$employees_1#team_saturn#salary_00084000"
        assert [b.text for b in cell.all("b")] == ["saturn", "00084000"]

    def test_collections_are_brackets_around_their_items(self, taskapp: Element) -> None:
        rows = grid(board(taskapp, "gsi2").only("table", class_="items"))[1:]
        ada = [row for row in rows if row[0].text.endswith("_ada")]
        assert [(row[1].text, row[2].text, row[4].text) for row in ada] == [
            ("contributions", "assignments", "project_member"),
            ("contributions", "assignments", "task"),
            ("contributions", "assignments", "task"),
            ("contributions", "", "employee"),
        ]

    def test_a_sparse_index_says_what_it_leaves_out(self, taskapp: Element) -> None:
        note = board(taskapp, "gsi2").only("p", class_="note").text
        assert note == (
            "Not here: 1 example item of task, as assigned takes items only where employee_id && "
            "status == 'open'."
        )

    def test_access_patterns_have_shapes_and_calls(self, taskapp: Element) -> None:
        rows = [
            [cell.text.strip() for cell in row]
            for row in grid(board(taskapp, "gsi2").only("table", class_="patterns"))
        ]
        assert rows[3] == [
            "task assigned sparse: employee_id && status == 'open'",
            "gsi2pk = $taskapp#employee_id_{employee_id}"
            "gsi2sk = $contributions#assignments#tasks_1#project_id_{project_id}",
            'task.query.assigned(employee_id="ada").go()show 2 items'
            'task.query.assigned(employee_id="ada", project_id="apollo").go()show 2 items',
        ]
        assert "app.collections.contributions" in rows[4][2]

    def test_the_time_to_live_is_marked(self, taskapp: Element) -> None:
        marked = {e.only("dt").text for e in taskapp.all("div", class_="ttl")}
        assert marked == {"expires_atttl"}
        assert "time to live: expires_at" in taskapp.only("header").text

    def test_hidden_attributes_are_not_shown(self, taskapp: Element) -> None:
        assert "secret" not in {dt.text for dt in taskapp.all("dt")}


def rows_of(page: Element, kind: str, caption: str) -> list[list[str]]:
    """The cells of a table, below its head."""
    tables = page.all("table", class_=kind)
    (table,) = [one for one in tables if one.only("caption").text == caption]
    return [[cell.text.strip() for cell in row] for row in grid(table)[1:]]


class TestQuestions:
    def test_each_access_pattern_says_what_it_answers(self, taskapp: Element) -> None:
        rows = rows_of(taskapp, "questions", "All access patterns")
        assert rows[2:4] == [
            [
                "Which task has this project_id and task_id? Which tasks have this project_id, "
                "sorted by task_id?",
                "task project",
                "the table",
            ],
            ["Which project members and tasks have this project_id?", "overview", "the table"],
        ]
        assert rows[6][0] == (
            "Which tasks have this employee_id, sorted by project_id? "
            "Only where employee_id && status == 'open'."
        )
        assert len(rows) == 10

    def test_a_description_in_the_schema_stands_in_place_of_words_of_its_own(self) -> None:
        said = "note:\n    description: What does a note say?\n"
        said_near = "similar:\n    description: What was said before?\n"
        schema = NOTES.replace("  note:\n    pk", f"  {said}    pk")
        schema = schema.replace("  similar:\n", f"  {said_near}")
        rows = rows_of(parse(chart_html(spec_of(schema))), "questions", "All access patterns")
        assert [row[0] for row in rows[:2]] == ["What does a note say?", "What was said before?"]

    def test_it_leads_to_the_place_of_each(self, taskapp: Element) -> None:
        (table,) = taskapp.all("table", class_="questions")
        targets = {a.text: a.attributes["href"] for a in table.all("a")}
        assert targets == {"the table": "#board-0", "gsi2": "#board-1", "gsi3": "#board-2"}

    def test_searches_ask_for_what_is_near(self) -> None:
        rows = rows_of(parse(chart_html(spec_of(NOTES))), "questions", "All access patterns")
        assert [row[0] for row in rows] == [
            "Which note has this note_id?",
            "Which notes with this room are nearest in meaning to a vector?",
            "Which notes are nearest in meaning to a vector?",
        ]

    @pytest.mark.parametrize(
        ("alias", "several"),
        [
            ("order", "orders"),
            ("category", "categories"),
            ("key", "keys"),
            ("address", "addresses"),
            ("workflow_snapshot", "workflow snapshots"),
        ],
    )
    def test_several_of_an_entity_have_a_name(self, alias: str, several: str) -> None:
        assert plural_of(alias) == several


class TestHotKeys:
    @pytest.mark.parametrize(
        ("composite", "heat"),
        [
            ("[status]", "status has 3 values, so all events are in 3 partitions."),
            (
                "[status, urgent]",
                "status and urgent have 6 values, so all events are in 6 partitions.",
            ),
            ("[day]", "All writes of one day go to one partition."),
            (
                "[status, day]",
                "All writes of one day with the same status go to one partition.",
            ),
            ("[kind]", "All events are in one partition."),
            ("[]", "All events are in one partition."),
            ("[tenant, status]", None),
            ("[tenant, day]", None),
            ("[digit1, digit2, digit3]", None),
        ],
    )
    def test_a_partition_key_of_few_values_is_told(self, composite: str, heat: str | None) -> None:
        digits = "".join(
            f"  digit{n}: {{type: [a, b, c, d, e], required: true}}\n" for n in (1, 2, 3)
        )
        spec = spec_of(
            "entity: event\nversion: '1'\nservice: log\nattributes:\n"
            "  tenant: {type: string, required: true}\n"
            "  event_id: {type: string, required: true}\n"
            "  at: {type: timestamp, required: true}\n"
            "  day: {type: string, derive: {bucket: day, of: at}}\n"
            "  status: {type: [new, seen, done], required: true}\n"
            "  urgent: {type: boolean, required: true}\n"
            "  kind: {type: [event], required: true}\n"
            f"{digits}"
            "indexes:\n"
            "  main: {pk: {field: pk, composite: [tenant]},"
            " sk: {field: sk, composite: [event_id]}}\n"
            f"  hot: {{index: gsi1, pk: {{field: gsi1pk, composite: {composite}}},"
            " sk: {field: gsi1sk, composite: [at]}}\n"
        )
        page = parse(chart_html(spec))
        said = [p.text for p in page.all("p", class_="heat")]
        assert said == ([] if heat is None else [f"Hot? {heat}"])
        assert ("1,000 write units" in page.text) == (heat is not None)


class TestDictionary:
    def test_an_attribute_has_its_type_its_rules_and_its_default(self, shop: Element) -> None:
        rows = {row[0]: row[1:] for row in rows_of(shop, "attributes", "Attributes of order")}
        assert rows["shop_id"] == ["string", "key required", "", ""]
        assert rows["number"] == ["integer", "key required at least 1000 at most 9999", "", ""]
        assert rows["state"] == ["new | paid | sent", "required", "", ""]
        assert rows["placed_at"] == [
            *("timestamp", "required read only", "the time of the write", "")
        ]
        assert rows["token"] == ["string", "checked by is_token()", "", ""]
        assert rows["pin"] == ["string", "required hidden", "", ""]
        assert rows["parts"][0] == "list of map"
        assert rows["parts[].count"] == ["integer", "", "", ""]
        assert rows["until"] == ["ttl", "time to live", "", ""]

    def test_derived_values_and_stored_names_are_said(self, taskapp: Element) -> None:
        rows = {row[0]: row[1:] for row in rows_of(taskapp, "attributes", "Attributes of task")}
        assert rows["task_idstored as taskId"][2] == "a new uuid7"
        assert rows["status"][2] == '"open"'
        assert rows["headline"][2].startswith("derived: join(")
        assert rows["updated_at"][2] == "at every write: the time of the write"
        assert rows["detail.effort"][0] == "number"

    def test_unique_values_and_versions_are_rules(self) -> None:
        spec = spec_of(MEMBERS)
        page = parse(chart_html(spec))
        rows = {row[0]: row[1:] for row in rows_of(page, "attributes", "Attributes of member")}
        assert rows["email"][1] == "required unique"
        assert rows["org"][1] == "key required unique with badge"
        assert rows["revision"][1] == "counts versions"
        assert rows["slug"][2] == "derived: a slug of name"
        assert rows["seen"][2] == "90 days after joined"
        assert rows["note"][3] == "What others see."

    def test_an_entity_says_its_version_and_what_it_is(self, shop: Element) -> None:
        (entry, *_) = shop.all("div", class_="entry")
        assert entry.only("h3").text == "order orders version 2"
        assert "What was bought" in entry.text

    def test_what_a_new_item_costs_is_told(self, taskapp: Element) -> None:
        entries = {e.only("h3").text.split()[0]: e for e in taskapp.all("div", class_="entry")}
        notes = [p.text for p in entries["task"].all("p", class_="note")]
        assert notes == [
            "A new item takes 2 write units: 1 for the item, 1 for assigned.",
            "assigned has it only where employee_id && status == 'open'.",
        ]

    def test_guards_of_unique_values_cost_as_well(self) -> None:
        page = parse(chart_html(spec_of(MEMBERS)))
        (note,) = [p.text for p in page.all("p", class_="note") if "new item" in p.text]
        assert note == (
            "A new item takes 8 write units: 1 for the item, 1 for by_email, "
            "2 for the items that go with it, doubled by the transaction."
        )


class TestEveryKindOfKey:
    def test_a_multi_attribute_key_shows_each_of_its_fields(self, shop: Element) -> None:
        cell = board(shop, "areas").all("th", class_="pk")[0]
        assert [key.text for key in cell.all("div", class_="key")] == ["areaarea1", "statepaid"]
        assert "{area}, {state}" in board(shop, "areas").only("table", class_="patterns").text

    def test_number_keys_stand_in_the_order_of_numbers(self, shop: Element) -> None:
        rows = grid(board(shop, "lsi1").only("table", class_="items"))[1:]
        assert [row[1].text for row in rows if row[0].text.endswith("shop1")] == ["19.5", "24"]
        assert board(shop, "lsi1").all("span", class_="tag")[0].text == "local index"

    def test_an_attribute_that_is_the_key_itself_is_a_value_as_a_whole(self, shop: Element) -> None:
        cells = board(shop, "gsi3").all("th", class_="pk")
        assert [(c.text, c.only("b").text) for c in cells] == [
            (text, text) for text in ("1780218000", "1780304400")
        ]

    def test_templates_show_their_values(self, shop: Element) -> None:
        cell = board(shop, "gsi2").all("th", class_="pk")[0]
        assert [b.attributes["title"] for b in cell.all("b")] == ["shop_id", "sku"]

    def test_an_index_shows_what_it_projects_and_no_more(self, shop: Element) -> None:
        gsi1, gsi2 = board(shop, "gsi1"), board(shop, "gsi2")
        assert gsi1.all("dt") == []
        assert "keys only" in gsi1.text
        assert {dt.text for dt in gsi2.all("dt")} == {"total", "gift"}

    def test_a_condition_over_two_attributes_is_satisfied(self, shop: Element) -> None:
        assert len(keys(shop, "gsi1", "sk")) == 2
        assert "1 example item of order" in board(shop, "gsi1").text

    def test_strict_keys_are_drawn_too(self, shop: Element) -> None:
        assert any("ledgers" in text for text in keys(shop, "The table", "sk"))


class TestHostileNames:
    def test_they_are_text_and_nothing_else(self) -> None:
        page = parse(chart_html(spec_of(HOSTILE)))
        assert len(page.all("script")) == len(page.all("style")) == 1
        assert ATTACK in page.only("fieldset").text
        assert any(ATTACK in cell.text for cell in page.all("th", class_="pk"))
        assert any(ATTACK[:40] in dd.text for dd in page.all("dd"))

    def test_characters_that_html_cannot_hold_are_replaced(self) -> None:
        examples = {"thing": [{"owner": "a\x00\x08b", "size": 1, "state": "--><b>"}]}
        html = chart_html(spec_of(HOSTILE), examples=examples)
        assert "a\ufffd\ufffdb" in html
        html.encode("utf-8")

    def test_mermaid_has_no_open_quotes(self) -> None:
        text = chart_mermaid(spec_of(HOSTILE))
        for line in text.splitlines():
            assert line.count('"') in (0, 2)
            for label in re.findall(r'"(.*)"', line):
                bare = re.sub(r"#\d+;|<br/>", "", label)
                assert not re.search(r'[#"&<>`\\;]|\$\$', bare)


class TestExamples:
    def test_a_number_says_how_many_each_entity_gets(self) -> None:
        page = parse(chart_html(spec_of(SCHEMAS / "taskapp"), examples=1))
        assert len(keys(page, "The table", "sk")) == 3

    def test_items_of_ones_own_are_drawn_as_given(self) -> None:
        tasks = [
            {"project_id": "P9", "task_id": f"own-{n}", "employee_id": "e", "status": "closed"}
            for n in range(2)
        ]
        page = parse(chart_html(spec_of(SCHEMAS / "taskapp"), examples={"task": tasks}))
        assert "$overview#tasks_1#taskid_own-1" in keys(page, "The table", "sk")
        assert "$taskapp#project_id_p9" in keys(page, "The table", "pk")
        assert "2 example items of task" in board(page, "gsi2").text

    def test_unknown_entities_and_attributes_are_refused(self) -> None:
        spec = spec_of(SCHEMAS / "taskapp")
        with pytest.raises(InvalidOptionError, match='did you mean "task"'):
            chart_html(spec, examples={"tasks": []})
        with pytest.raises(UnknownAttributeError, match='"colour"'):
            chart_html(spec, examples={"task": [{"project_id": "p", "colour": "red"}]})

    @pytest.mark.parametrize("items", [5, None, "t1", {"task_id": "t1"}])
    def test_examples_come_in_lists(self, items: Any) -> None:
        with pytest.raises(InvalidOptionError, match='a list of items for "task"'):
            chart_html(spec_of(SCHEMAS / "taskapp"), examples={"task": items})

    @pytest.mark.parametrize("examples", [0, -1, 101, True, "3"])
    def test_a_count_must_be_sensible(self, examples: Any) -> None:
        with pytest.raises(InvalidOptionError, match="from 1 to 100"):
            chart_html(spec_of(SCHEMAS / "taskapp"), examples=examples)

    def test_an_entity_whose_keys_cannot_be_made_is_drawn_without_items(self) -> None:
        spec = spec_of(
            "entity: e\nversion: '1'\nservice: s\nattributes: {a: string, b: string}\n"
            "indexes: {m: {pk: {field: pk, composite: [a, b], template: '${a}${b}'}}}\n"
        )
        page = parse(chart_html(spec))
        assert "no examples: " in page.only("fieldset").text
        assert "None of the example items is here." in page.text
        assert "e.get(a=..., b=...).go()" in page.text

    def test_hooks_are_not_needed_and_are_used_where_given(self) -> None:
        without = chart_html(spec_of(SHOP))
        sealed = chart_html(spec_of(SHOP), hooks={"seal": lambda value, _: f"sealed {value}"})
        assert "sealed token" not in without
        assert "sealed token" in sealed


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_chart_is_the_same_in_every_process(seed: str) -> None:
    program = (
        "import sys; from leyden.chart import *; from leyden.schema import check_service;"
        "from tests.chart.schemas import SHOP; spec = check_service(SHOP).service;"
        "sys.stdout.buffer.write((chart_html(spec) + chart_mermaid(spec)).encode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=SCHEMAS.parent,
        capture_output=True,
        check=True,
    ).stdout.decode()
    spec = spec_of(SHOP)
    assert made == chart_html(spec) + chart_mermaid(spec)
