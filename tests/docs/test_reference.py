"""The reference pages list everything there is, and nothing else."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from typing import Any, Final

import pytest
from tools.site.pages import ROOT, rows

import leyden
from leyden import errors, store
from leyden.cli.application import SECTIONS
from leyden.configuration import SETTINGS
from leyden.operations import options
from leyden.schema import language, migration_language, table_language
from leyden.schema.faults import CODES
from leyden.schema.shapes import Options
from leyden.types import TYPES

DOCS: Final = ROOT / "docs"


def names(page: str, heading: str) -> list[str]:
    """The names in the first column of the table below a heading."""
    return [name for row in rows(DOCS / page, heading) for name in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("Entity options", language.ENTITY),
        ("Attribute options", language.ATTRIBUTE),
        ("Access pattern options", language.INDEX),
        ("Vector index options", language.VECTOR),
        ("Key options", language.KEY),
        ("Table options", table_language.TABLE),
        ("Index options of the table", table_language.TABLE_INDEX),
        ("Scaling options", table_language.SCALING),
        ("Padding options", language.PADDING),
    ],
)
def test_every_option_of_the_language_is_documented(heading: str, shape: Options) -> None:
    documented = list(rows(DOCS / "schema.md", heading))
    assert sorted(names("schema.md", heading)) == sorted(shape.options)
    required = {row[0].strip("`") for row in documented if "required" in row[1].split(",")[0]}
    assert required == {name for name, option in shape.options.items() if option.required}


def test_every_option_of_migration_files_is_documented() -> None:
    documented = {
        name
        for row in rows(DOCS / "migrations.md", "The file")
        for cell in row
        for name in re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", cell)))
    }
    parts = ("MIGRATION", "MIGRATED", "CHANGE", "COPY")
    options = {name for part in parts for name in getattr(migration_language, part).options}
    assert options <= documented
    assert {*names("migrations.md", "The file")} <= options


def test_options_of_parts_of_containers_are_documented() -> None:
    marks = {row[0].strip("`"): row[-1] for row in rows(DOCS / "schema.md", "Attribute options")}
    for name in language.ATTRIBUTE.options:
        expected = (
            "property, element"
            if name in language.ELEMENT.options
            else "property"
            if name in language.PROPERTY.options
            else ""
        )
        assert marks[name] == expected, name


def test_every_attribute_type_is_documented() -> None:
    assert sorted(names("schema.md", "Attribute types")) == sorted(
        name for name in TYPES if name != "enum"
    )


def test_everything_that_can_be_generated_is_documented() -> None:
    assert sorted(names("schema.md", "Generated values")) == sorted(language.GENERATED)


def test_every_command_is_documented_with_what_its_help_says() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows(DOCS / "cli.md", "Commands")}
    assert documented == {
        name: said for section in SECTIONS.values() for name, (_, said) in section.items()
    }


def test_every_setting_is_documented() -> None:
    documented = [(row[0].strip("`"), row[3]) for row in rows(DOCS / "cli.md", "Configuration")]
    assert documented == [*SETTINGS.items()]


def test_every_fault_of_schemas_is_documented_with_its_meaning() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows(DOCS / "errors.md", "Schema faults")}
    assert documented == dict(CODES)


def test_every_error_is_documented_with_its_code() -> None:
    documented = {
        row[0].strip("` "): row[1].strip("`") for row in rows(DOCS / "errors.md", "Codes")
    }
    assert documented == {name: getattr(errors, name).code for name in errors.__all__}


def test_the_tree_of_errors_is_the_one_there_is() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    parents: list[str] = []
    found: dict[str, str | None] = {}
    for indent, name in re.findall(r"^([│├└─ ]*)(\w+Error)\b", text, re.MULTILINE):
        depth = len(indent) // 4
        parents[depth:] = [name]
        found.setdefault(name, parents[depth - 1] if depth else None)
    assert found == {
        name: None if name == "LeydenError" else getattr(errors, name).__mro__[1].__name__
        for name in errors.__all__
    }


def test_every_numeric_code_of_electrodb_is_mapped_to_codes_that_exist() -> None:
    table = list(rows(DOCS / "errors.md", "From ElectroDB's codes"))
    assert [int(row[0]) for row in table] == [
        *range(1001, 1027),
        *range(2001, 2014),
        3001,
        4001,
        4002,
        *range(5001, 5006),
    ]
    known = {*CODES, *(getattr(errors, name).code for name in errors.__all__)}
    for row in table:
        mapped = re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", row[2])
        assert mapped or row[2].startswith("none"), row
        assert set(mapped) <= known, row


def test_every_option_of_operations_is_documented_where_it_is_taken() -> None:
    families = {
        "get": options.GetOptions,
        "write": options.WriteOptions,
        "query": options.QueryOptions,
        "scan": options.ScanOptions,
        "collection": options.QueryOptions,
        "search": options.SearchOptions,
        "batch get": options.BatchGetOptions,
        "batch write": options.BatchWriteOptions,
        "transact write": options.TransactWriteOptions,
        "transact get": options.TransactGetOptions,
    }
    kinds = {kind: family.__optional_keys__ for kind, family in families.items()}
    documented = {
        row[0].strip("`"): {kind.strip() for kind in row[1].split(",")}
        for row in rows(DOCS / "operations.md", "Options")
    }
    assert documented == {
        name: {kind for kind, taken in kinds.items() if name in taken}
        for name in set().union(*kinds.values())
    }


def test_every_verb_is_documented() -> None:
    verbs = {name for name in vars(leyden.Entity) if not name.startswith("_")}
    about = {"spec", "name", "record", "model", "attr", "conversions", "mapping"}
    about |= {"owns", "owns_part", "owns_guard", "parse", "decode", "unknown_fields", "stored_as"}
    assert set(names("operations.md", "Verbs")) == verbs - about


def test_every_package_has_its_paragraph_in_the_architecture() -> None:
    source = ROOT / "src" / "leyden"
    packages = {
        folder.name
        for folder in source.iterdir()
        if folder.is_dir() and any(folder.glob("*.py")) and folder.name != "__pycache__"
    }
    modules = {f"{file.name}" for file in source.glob("*.py") if file.name not in ("__init__.py",)}
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\*\*`([\w./]+)`\*\*", text, re.MULTILINE))
    assert listed == {f"{name}/" for name in packages} | modules


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"`?make ([a-z]+)", readme))
    assert commands >= {"demo", "test"}
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def project() -> dict[str, Any]:
    """What pyproject.toml says of the package."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def test_every_runtime_dependency_has_its_reason_in_the_readme() -> None:
    said = project()
    wanted = {re.split(r"[\[<>=]", name)[0] for name in said["dependencies"]}
    for extra, listed in said["optional-dependencies"].items():
        if extra != "dev":
            wanted |= {re.split(r"[\[<>=]", name)[0] for name in listed}
    listed = {row[0].strip("`") for row in rows(ROOT / "README.md", "Dependencies")}
    assert wanted - {said["name"]} <= listed


def test_all_extras_are_installed_here_and_agree() -> None:
    extras = project()["optional-dependencies"]
    (together,) = (name for name in extras["dev"] if name.startswith("leyden["))
    assert {*together[len("leyden[") : -1].split(",")} == extras.keys() - {"dev", "docs"}
    check = [sys.executable, "-m", "pip", "check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_method_and_argument_of_the_memory_store_is_documented() -> None:
    documented = [
        name
        for heading in ("memory", "workflows", "scores, traces and evals")
        for name in names("store.md", f"Methods of {heading}")
        if "(" in name
    ]
    methods = {
        name: list(inspect.signature(method).parameters)[1:]
        for domain in (store.Memory, store.Workflows, store.Scores, store.Traces, store.Evals)
        for name, method in vars(domain).items()
        if inspect.isfunction(method) and name[0] != "_"
    }
    assert sorted(name.partition("(")[0] for name in documented) == sorted(methods)
    for name in documented:
        method, _, listed = name.rstrip(")").partition("(")
        if "..." not in listed:
            assert [one.rstrip("=") for one in listed.split(", ") if one] == methods[method]
    arguments = list(inspect.signature(store.DynamoDBStore).parameters)
    assert sorted(names("store.md", "Creating a store")) == sorted(arguments)


def test_every_finding_of_the_doctor_is_documented_with_its_severity() -> None:
    from leyden.doctor import KINDS

    documented = {row[0].strip("`"): row[1] for row in rows(DOCS / "doctor.md", "Findings")}
    assert documented == {code: kind.severity for code, kind in KINDS.items()}
