"""`leyden search`, and searches in `leyden explain` and `leyden patterns`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.cli.conftest import leyden_command

NOTES: Final = """
entity: notes
alias: note
version: "1"
service: team
attributes:
  tenant_id: {type: string, required: true}
  note_id:   {type: string, required: true}
  kind:      {type: [memo, letter], default: memo}
  title:     string
  pages:     integer
  meaning:   {type: vector, dimensions: 2, deferred: true}
  place:     {type: vector, dimensions: 2, deferred: true}
indexes:
  note:
    pk: {field: pk, composite: [tenant_id]}
    sk: {field: sk, composite: [note_id]}
  similar:
    vector: {index: vec1, attribute: meaning, partition: tenant_id, filters: [kind]}
  near:
    vector: {index: vec2, attribute: place, metric: dot_product, projection: [note_id]}
"""


class Notes:
    """`leyden` over a folder of schemas and a table with four notes."""

    def __init__(self, folder: Path, engine: LocalEngine, table: str) -> None:
        self.folder = folder
        self.place = ("--table", table, "--endpoint-url", engine.endpoint_url)
        (folder / "note.yaml").write_text(NOTES, encoding="utf-8")
        self.vector = folder / "vector.json"
        self.vector.write_text("[1, 0.5]", encoding="utf-8")
        with leyden.load(folder, table=table, engine=engine) as app:
            app.create_table()
            note = app.entities.note
            for n in range(4):
                kind = "letter" if n == 3 else "memo"
                note.put(
                    tenant_id="t1", note_id=f"n{n}", kind=kind, title=f"title {n}", pages=n,
                    meaning=[1, n], place=[n, n],
                ).go()  # fmt: skip

    def __call__(self, command: str, *arguments: str, stdin: str | None = None) -> Any:
        return leyden_command(command, str(self.folder), *arguments, *self.place, stdin=stdin)

    def search(self, *arguments: str, stdin: str | None = None) -> Any:
        if "--vector" not in arguments:
            arguments = (*arguments, "--vector", str(self.vector))
        return self("search", *arguments, stdin=stdin)


@pytest.fixture
def notes(
    tmp_path: Path, cli_engine: LocalEngine, table_name: str, monkeypatch: pytest.MonkeyPatch
) -> Notes:
    return Notes(tmp_path, cli_engine, table_name)


def test_the_nearest_items_are_printed_with_their_scores(notes: Notes) -> None:
    result = notes.search("note.similar", "tenant_id=t1", "--top-k", "2")
    assert result.exit_code == 0, result.stderr
    head, *rows = result.stdout.splitlines()
    assert head.split() == [
        *("the", "score", "the", "distance"),
        *("tenant_id", "note_id", "kind", "title", "pages"),
    ]
    assert [row.split()[3] for row in rows] == ["n1", "n0"]
    assert rows[0].startswith("0.97")
    assert "2 items found" in result.stderr
    assert "bytes searched" in result.stderr


def test_json_has_all_that_a_search_tells(notes: Notes) -> None:
    result = notes.search(
        "note.similar", "tenant_id=t1", "kind=memo", "--where", "pages > 0", "--json"
    )
    said = json.loads(result.stdout)
    matches = said.pop("matches")
    assert [match["record"]["note_id"] for match in matches] == ["n1", "n2"]
    assert matches[0]["score"] == pytest.approx(1 - matches[0]["distance"] / 2)
    assert said == {
        "found": 3,
        "left_out": 1,
        "dropped": 0,
        "bytes_searched": said["bytes_searched"],
        "consumed": None,
        "requests": 1,
    }
    text = notes.search("note.similar", "tenant_id=t1", "--where", "pages > 0").stderr
    assert "4 items found, 1 left out by --where" in text


def test_the_vector_may_come_from_standard_input(notes: Notes) -> None:
    query = ("--query", "matches[].record.note_id")
    result = notes.search("note.near", "--vector", "-", *query, stdin="[1, 1]")
    assert json.loads(result.stdout) == ["n3", "n2", "n1", "n0"]


def test_a_dot_product_has_no_distance(notes: Notes) -> None:
    head = notes.search("note.near", "--hydrate").stdout.splitlines()[0]
    assert "the distance" not in head
    assert "title" in head, "the whole items were read"
    assert "requests" in notes.search("note.near", "--hydrate", "--json").stdout


def test_attributes_name_what_is_read(notes: Notes) -> None:
    result = notes.search("note.similar", "tenant_id=t1", "--attributes", "note_id,meaning")
    assert "meaning" in result.stdout
    assert "title" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (("similar",), None, 2, "ENTITY.PATTERN"),
        (("note.simlar",), None, 2, 'did you mean "similar"'),
        (("note.note", "tenant_id=t1"), None, 2, "leyden query"),
        (("noet.similar",), None, 2, 'did you mean "note"'),
        (("note.similar", "tenant_id=t1", "--top-k", "101"), None, 2, "1<=x<=100"),
        (("note.near", "--vector", "nowhere.json"), None, 2, "nowhere.json"),
        (("note.near", "--vector", "-"), "[1, 2", 2, "not valid JSON"),
        (("note.near", "--vector", "-"), "[1, NaN]", 2, "NaN is not a JSON number"),
        (("note.near", "--vector", "-"), "[1]", 1, "must have 2 numbers"),
        (("note.near", "--vector", "-"), '{"a": 1}', 1, "a sequence of numbers"),
        (("note.similar",), None, 1, '"tenant_id" as well'),
        (("note.similar", "tenant_id=t1", "title=x"), None, 1, "cannot filter by"),
        (("note.near", "--where", "pages > 1"), None, 1, "--hydrate"),
    ],
)
def test_bad_searches_say_what_is_wrong(
    notes: Notes, arguments: tuple[str, ...], stdin: str | None, code: int, message: str
) -> None:
    result = notes.search(*arguments, stdin=stdin)
    assert result.exit_code == code
    assert message in result.stderr


def test_a_query_of_a_pattern_by_meaning_names_the_command(notes: Notes) -> None:
    result = notes("query", "note.similar", "tenant_id=t1")
    assert result.exit_code == 2
    assert "leyden search" in result.stderr


def test_a_search_is_explained_without_a_vector(notes: Notes) -> None:
    result = notes(
        "explain", "note", "search.similar", "tenant_id=t1", "--option", "top_k=3",
        "--where", "pages > 1", "--params",
    )  # fmt: skip
    assert 'served by index "vec1" (access pattern "similar")' in result.stdout
    assert "filtered after the search: pages > 1" in result.stdout
    assert '"TopK": 3' in result.stdout
    unknown = notes("explain", "note", "serch.similar")
    assert 'did you mean "search.similar"' in unknown.stderr
    assert 'did you mean "similar"' in notes("explain", "note", "search.simlar").stderr


def test_patterns_and_check_count_searches(notes: Notes) -> None:
    listed = leyden_command("patterns", str(notes.folder))
    lines = listed.stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if "similar" in line)
    assert lines[place].split() == ["similar", "vec1", "partition", "key:", "{tenant_id}"]
    assert lines[place + 1].strip() == "nearest to {meaning}"
    said = json.loads(leyden_command("patterns", str(notes.folder), "--json").stdout)
    assert said[1]["pk"] == {"field": "tenant_id", "composite": ["tenant_id"], "shape": None}
    assert said[1]["vector"] == {"attribute": "meaning", "metric": "cosine", "filters": ["kind"]}
    assert said[2]["pk"] is None
    assert "3 access patterns, 2 indexes" in leyden_command("check", str(notes.folder)).stderr
