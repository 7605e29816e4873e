"""What a diff says of each change of a set, and that the set has every kind of change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from leyden.diff import CLASSES, compare
from leyden.errors import ArgumentError
from leyden.schema import load_service
from tests.diff.golden.files import EXPECTED, cases, diff_of, shown

CASES: Final = cases()
HOW: Final = "if that is meant, write the files anew with `python -m tests.diff.golden`"
SOURCES: Final = Path(__file__).parents[2] / "src" / "leyden" / "diff"

UNSHOWN: Final = {"key.form"}
"""The net below all others: a key that differs, and nothing that is said tells why."""


def test_the_files_are_those_of_the_cases() -> None:
    assert {path.stem for path in EXPECTED.glob("*.txt")} == CASES.keys(), HOW
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_what_a_diff_says_of_a_change_stays_as_it_was(name: str) -> None:
    assert shown(diff_of(name)) == (EXPECTED / f"{name}.txt").read_text(), HOW


def test_the_cases_have_every_class_and_every_code() -> None:
    found = [change for name in CASES for change in diff_of(name)]
    assert {kind for change in found for kind in change.classes} == CLASSES.keys()
    written = {
        code
        for path in SOURCES.glob("*.py")
        for code in re.findall(r'"((?:attribute|entity|key|pattern|search|table)\.\w+)"',
                               path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert written - {change.code for change in found} - UNSHOWN == set()


@pytest.mark.parametrize(
    "folder", ["schemas/taskapp", "schemas/memory", "examples/desk/schemas/desk"]
)
def test_schemas_do_not_differ_from_themselves(folder: str) -> None:
    service = load_service(folder, hooks={})
    diff = compare(service, service)
    assert (diff.changes, diff.steps, diff.is_safe) == ((), (), True)


def test_what_is_no_service_is_refused() -> None:
    service: Any = load_service("schemas/taskapp")
    with pytest.raises(ArgumentError, match="not str: compare"):
        compare(service, "schemas/taskapp")  # type: ignore[arg-type]


def test_the_page_says_of_each_class_what_the_code_does() -> None:
    page = (SOURCES.parents[2] / "docs" / "diff.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)) == dict(CLASSES)


def test_the_classes_of_a_diff_are_counted() -> None:
    diff = diff_of("unique_added")
    assert diff.counts == {"backfill": 1, "breaks_writers": 1, "may_collide": 1}
    assert [change.code for change in diff.of("may_collide")] == ["entity.unique_added"]
    with pytest.raises(KeyError):
        diff.of("unheard")


VISITS: Final = """
entity: visit
version: "1"
service: visits
attributes:
  id:   {type: string, required: true}
  city: string
indexes:
  own: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  by_city: {index: gsi1, pk: {field: gsi1pk, composite: [city]}, sk: {field: gsi1sk, composite: []}}
"""


def test_an_index_that_is_made_of_something_else_leads_to_one_of_another_name() -> None:
    old = load_service(VISITS)
    other = VISITS.replace("gsi1sk", "city_sk")
    first, *_ = compare(old, load_service(other)).steps
    assert (first.phase, first.about, first.command) == ("rename_index", ("gsi1",), None)
    renamed = compare(old, load_service(other.replace("index: gsi1", "index: gsi2"))).steps
    assert [(step.phase, step.about) for step in (renamed[0], renamed[-1])] == [
        ("add_index", ("gsi2",)),
        ("drop_index", ("gsi1",)),
    ]


def test_a_local_index_that_is_made_of_something_else_needs_another_table() -> None:
    local = VISITS.replace("gsi1pk", "pk").replace("[city]", "[id]")
    local += "---\ntable: t\nindexes: {gsi1: {kind: lsi}}\n"
    found = compare(load_service(local), load_service(local.replace("gsi1sk", "city_sk")))
    phases = [step.phase for step in found.steps]
    assert "create_table" in phases
    assert not {"rename_index", "add_index"} & {*phases}
    (message,) = [one.message for one in found if one.code == "table.index_key"]
    assert message.endswith(
        "DynamoDB only creates a local index with its table: create another table"
    )
