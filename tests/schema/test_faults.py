"""Every fault, exactly as it is printed.

Each folder in `faults` is a schema; its `expected.txt` holds the faults, one a line. To add a
case, add a folder.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from leyden.errors import SchemaError
from leyden.schema import check_service, load_service
from leyden.schema.faults import CODES, DANGERS, Fault, Report
from leyden.schema.spec import Span
from tests.schema.support import NO_HOOKS, codes, entity

CASES = Path(__file__).parent / "faults"
NAMES = sorted(case.name for case in CASES.iterdir() if case.is_dir())

WARNINGS = {
    "attribute.default_incomplete",
    "attribute.derive_unwatched",
    "attribute.set_on_key",
    "attribute.ttl_default",
    "collection.misspelled",
    "collection.single_member",
    "expression.always_alike",
    "expression.always_null",
    "index.optional_composite",
    "index.short_name",
    "key.template_literal",
    "source.subfolder",
    "table.index_unlisted",
    "key.composite_in_both",
    "key.composite_repeated",
    "key.number_unpadded",
    "key.padding_negative",
    "key.range_unbounded",
    "service.entity_case",
    "table.index_unused",
    "table.key_mismatch",
    "table.ttl_ambiguous",
    "table.ttl_unknown",
}

ELSEWHERE = {
    "source.missing": "test_sources",
    "source.unreadable": "test_sources",
    "source.too_large": "test_sources",
    "source.empty": "test_sources",
    "source.invalid": "test_sources",
    "source.more": "below",
    "yaml.encoding": "test_sources",
    "yaml.too_many_nodes": "test_reading",
    "hook.missing": "test_loading",
    "hook.not_callable": "test_loading",
    "service.alias_conflict": "test_sources",
    "migration.unknown": "test_migrations",
    "migration.undecided": "test_migrations",
    "migration.change": "tests/operations/moving/test_forms.py",
    "attribute.overflow": "tests/operations/test_loading.py",
    "table.key_fields": "tests/provision/test_definition.py",
    "table.key_type": "tests/provision/test_definition.py",
    "table.not_local": "tests/provision/test_definition.py",
    "table.too_many_key_attributes": "tests/provision/test_definition.py",
}
"""Codes that a folder of text files cannot show, and where they are tested."""


def expected(name: str) -> list[str]:
    return (CASES / name / "expected.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_exactly_the_expected_faults(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "yaml_syntax" and not yaml.__with_libyaml__:
        pytest.xfail("the wording of syntax errors is that of libyaml")
    monkeypatch.chdir(CASES)

    result = check_service(name)

    assert [str(fault) for fault in result.faults] == expected(name)
    assert expected(name), "a case without faults shows nothing"


@pytest.mark.parametrize("name", NAMES)
def test_errors_and_warnings_are_told_apart(name: str) -> None:
    result = check_service(CASES / name)

    for fault in result.faults:
        assert (fault.severity == "warning") == (fault.code in WARNINGS), fault
    assert (result.service is None) == bool(result.errors)
    assert set(result.errors) | set(result.warnings) == set(result.faults)


def test_every_code_is_shown_by_a_case() -> None:
    shown = {line.split(": ")[1] for name in NAMES for line in expected(name)}

    assert shown | set(ELSEWHERE) == set(CODES)
    assert not shown & set(ELSEWHERE)


def test_what_loading_warns_of_is_a_warning() -> None:
    assert DANGERS <= WARNINGS


def test_loading_raises_all_faults_at_once(tmp_path: Path) -> None:
    shutil.copytree(CASES / "many_at_once", tmp_path / "app")

    with pytest.raises(SchemaError) as caught:
        load_service(tmp_path / "app")

    assert caught.value.faults == check_service(tmp_path / "app", hooks=NO_HOOKS).faults
    assert len(str(caught.value).splitlines()) == len(expected("many_at_once"))


def test_warnings_alone_do_not_keep_a_schema_from_loading() -> None:
    assert len(load_service(CASES / "key_numbers").entities) == 1


def test_a_thousand_faults_are_listed_and_the_rest_counted() -> None:
    attributes = {f"n{i}": {"type": "string", "nonsense": 1} for i in range(1500)}

    faults = check_service(entity(attributes)).faults

    assert len(faults) == 1001
    assert faults[-1].code == "source.more"
    assert "500 more" in faults[-1].message


def test_an_error_among_many_warnings_is_still_listed() -> None:
    report = Report()
    for line in range(1, 1200):
        report.warning(Span("a", line, 1), "key.number_unpadded", "unpadded")
    report.error(Span("b", 1, 1), "yaml.syntax", "broken")

    assert Fault(Span("b", 1, 1), "yaml.syntax", "broken") in report.faults()


def test_a_fault_is_printed_on_one_line_whatever_it_quotes() -> None:
    result = check_service(entity({"b": {"type": "string", "x\ny\u2028" + "z" * 500: 1}}))

    (fault,) = result.faults
    assert len(str(fault).splitlines()) == 1
    assert "..." in fault.message


def test_a_refused_attribute_is_not_called_unknown_as_well() -> None:
    source = entity({"b": {"type": "nonsense"}, "for": "string"})
    source["indexes"]["main"]["sk"]["composite"] = ["b", "for"]

    assert codes(source) == ["option.value", "name.invalid"]
