from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leyden.schema import check_service, reading
from leyden.schema.faults import Report
from leyden.schema.nodes import Odd, plain
from leyden.schema.reading import read_data, read_yaml
from tests.schema.support import codes, entity


def read(text: str) -> tuple[Any, list[str]]:
    report = Report()
    nodes, _ = read_yaml(text, "f", report)
    return [plain(node) for node in nodes], [str(fault) for fault in report.faults()]


def value_of(word: str) -> Any:
    ((found,), faults) = read(f"- {word}")
    assert faults == []
    return found[0]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("No", False),
        ("on", True),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("2024-01-31", "2024-01-31"),
        ("=", "="),
        ("1e3", "1e3"),
        ("y", "y"),
    ],
)
def test_a_word_is_read_as_yaml_says_and_times_stay_text(word: str, value: Any) -> None:
    found = value_of(word)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("word", ["010", "0x1F", "0b1", "1_000", "1:30", ".inf", "-.INF", ".nan"])
def test_a_number_that_readers_disagree_about_is_no_value(word: str) -> None:
    assert isinstance(value_of(word), Odd)


def test_a_number_of_a_million_digits_is_no_value_and_costs_no_time() -> None:
    # Reading it as an int would take minutes: this ends because nobody tries.
    assert isinstance(value_of("1" * 900_000), Odd)


def test_keys_are_text_however_yaml_would_read_them() -> None:
    assert read("on: 1\n1: 2\nnull: 3\n") == ([{"on": 1, "1": 2, "null": 3}], [])


def test_an_alias_stands_for_its_value() -> None:
    (document,), faults = read("a: &x [1, 2]\nb: *x\n&k c: *k\n")

    assert faults == []
    assert document == {"a": [1, 2], "b": [1, 2], "c": "c"}


def test_anchors_end_with_their_document() -> None:
    documents, faults = read("a: &x 1\n---\nb: *x\n")

    assert documents == [{"a": 1}]
    assert [fault.split(": ")[1] for fault in faults] == ["yaml.alias_unknown"]


@pytest.mark.parametrize("kind", ["list", "mapping"])
def test_an_alias_bomb_is_refused_at_once(kind: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 30):
        inner = ", ".join(f"*a{i - 1}" if kind == "list" else f"k{j}: *a{i - 1}" for j in range(10))
        lines.append(f"a{i}: &a{i} " + (f"[{inner}]" if kind == "list" else f"{{{inner}}}"))

    # Expanded it would have 10 to the 30th values: this ends because it never is.
    found = codes("\n".join(lines) + "\n")

    assert found == ["yaml.too_many_nodes"]


def test_a_file_with_too_many_values_is_refused() -> None:
    assert codes("entity: [" + "a," * 60_000 + "]\n") == ["yaml.too_many_nodes"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_without_exhausting_the_stack(opening: str) -> None:
    found = codes("a:\n " + opening * 50_000 + "\n")

    assert found in (["yaml.too_deep"], ["yaml.syntax"])


def test_a_dict_that_contains_itself_is_refused() -> None:
    source: dict[str, Any] = entity({})
    source["attributes"]["b"] = source

    (fault,) = check_service(source).faults

    assert fault.code == "yaml.alias_recursive"
    assert str(fault).startswith("<dict>:attributes.b: ")


def test_a_dict_too_deep_or_too_large_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    wide = ["x"] * 60_000

    assert codes(entity({"b": {"type": "any", "default": deep}})) == ["yaml.too_deep"]
    assert codes(entity({"b": {"type": "any", "default": wide}})) == ["yaml.too_many_nodes"]


def test_what_no_file_could_hold_is_refused_in_a_dict() -> None:
    report = Report()

    assert read_data({"a": {1: 2}, "b": float("nan")}, "<dict>", report) is not None
    assert read_data({"a": object()}, "<dict>", report) is None
    assert [str(fault) for fault in report.faults()] == [
        "<dict>:a: yaml.key: a key must be text, not int",
        "<dict>:a: source.invalid: a value of the type object cannot be part of a schema",
    ]


def test_lines_end_as_they_like() -> None:
    text = "entity: tasks\nversion: 1\nnonsense: 2\n"

    for ending in ("\n", "\r\n", "\r"):
        fault = check_service(text.replace("\n", ending)).faults[-1]
        assert (fault.span.line, fault.span.column) == (3, 1)


CASES = Path(__file__).parent / "faults"
TASK = (Path(__file__).parent / "data" / "taskapp" / "task.yaml").read_text(encoding="utf-8")
FRAGMENTS = st.one_of(
    st.text(max_size=3),
    st.sampled_from(["\n", "  ", "- ", ": ", "{", "}", "[", "]", "'", "*a", "&a ", "!x ", "---\n"]),
)


@given(st.lists(st.tuples(st.integers(0, len(TASK)), st.integers(0, 12), FRAGMENTS), max_size=4))
def test_no_damage_to_a_file_makes_the_check_itself_fail(
    damage: list[tuple[int, int, str]],
) -> None:
    text = TASK
    for start, length, fragment in damage:
        text = text[:start] + fragment + text[start + length :]

    result = check_service(text + "\n")

    assert (result.service is None) == bool(result.errors)


@pytest.mark.parametrize(
    "name", ["option_value", "collections_between", "attribute_default", "unicode"]
)
def test_the_reader_without_c_finds_the_same_at_the_same_places(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = check_service(CASES / name).faults
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)

    assert check_service(CASES / name).faults == quick


def test_syntax_errors_have_their_place_without_c_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)

    (fault,) = check_service("entity: tasks\nversion: @1\n").faults

    assert (fault.code, fault.span.line, fault.span.column) == ("yaml.syntax", 2, 10)
