"""The reference pages list everything there is, and nothing else."""

from __future__ import annotations

import inspect
import itertools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tools.site import reference
from tools.site.fault_cases import CASES
from tools.site.option_words import OPTION_WORDS
from tools.site.pages import ROOT, blocks, rows
from tools.site.remedies import REMEDIES

import leyden
from leyden import errors, store
from leyden.cli.application import SECTIONS
from leyden.configuration import SETTINGS
from leyden.operations import options
from leyden.schema import language, migration_language, shapes, table_language
from leyden.schema.faults import CODES, Report
from leyden.schema.reading import read_data
from leyden.schema.shapes import Options
from leyden.types import TYPES
from tests.agents.test_frameworks import PACKAGES

DOCS: Final = ROOT / "docs"
LANGUAGE: Final = "reference/schema-language.md"
ERRORS: Final = DOCS / "reference" / "errors.md"
FAULTS: Final = DOCS / "reference" / "schema-faults.md"


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
        ("Identifiers", language.IDENTIFIERS),
        ("Lifetimes", language.AFTER),
        ("Time buckets", language.BUCKET),
        ("Slugs", language.SLUG),
        ("Migration files", migration_language.MIGRATION),
        ("Options of a migrated entity", migration_language.MIGRATED),
        ("Options of a changed attribute", migration_language.CHANGE),
        ("Options of a copy", migration_language.COPY),
    ],
)
def test_every_option_of_the_language_is_documented(heading: str, shape: Options) -> None:
    documented = list(rows(DOCS / LANGUAGE, heading))
    assert sorted(names(LANGUAGE, heading)) == sorted(shape.options)
    required = {row[0].strip("`") for row in documented if "required" in row[1].split(",")[0]}
    assert required == {name for name, option in shape.options.items() if option.required}


def test_options_of_parts_of_containers_are_documented() -> None:
    marks = {row[0].strip("`"): row[-1] for row in rows(DOCS / LANGUAGE, "Attribute options")}
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
    assert sorted(names(LANGUAGE, "Attribute types")) == sorted(
        name for name in TYPES if name != "enum"
    )


def test_everything_that_can_be_generated_is_documented() -> None:
    assert sorted(names(LANGUAGE, "Generated values")) == sorted(language.GENERATED)


def test_every_command_is_documented_with_what_its_help_says() -> None:
    page = DOCS / "reference" / "command-line.md"
    documented = {row[0][2:].partition("`")[0]: row[1] for row in rows(page, "All commands")}
    assert documented == {
        name: said for section in SECTIONS.values() for name, (_, said) in section.items()
    }


def test_every_setting_is_documented() -> None:
    page = DOCS / "reference" / "configuration.md"
    table = rows(page, "The command line and pytest")
    assert [(row[0].strip("`"), row[3]) for row in table] == [*SETTINGS.items()]


def test_every_variable_of_the_environment_is_documented() -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    read = {
        name
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'"_?(LEYDEN_[A-Z_]+)"', file.read_text(encoding="utf-8"))
    }
    assert len(read - {"LEYDEN_"}) > 4
    assert {name for name in read - {"LEYDEN_"} if f"`{name}`" not in page} == set()


def test_every_attribute_of_spans_and_every_metric_is_documented() -> None:
    page = (DOCS / "reference" / "events.md").read_text(encoding="utf-8")
    told = page.partition("## Spans")[2].partition("## Loggers")[0]
    source = (ROOT / "src" / "leyden" / "opentelemetry.py").read_text(encoding="utf-8")
    name = r"(?:db|aws|server|error|leyden)\.[a-z_.]+"
    made = set(re.findall(rf'"({name})"', source)) - {"aws.dynamodb"}
    assert made == set(re.findall(rf"`({name})`", told)) - {"aws.dynamodb"}
    assert len(made) > 20


def entries(page: Path) -> dict[str, str]:
    """What stands below each heading of the third level."""
    parts = re.split(r"^### (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_every_fault_of_schemas_is_documented_with_its_meaning() -> None:
    found = [re.match(r"\s*`([a-z_.]+)`: (.*)", text) for text in entries(FAULTS).values()]
    documented = {one[1]: one[2] for one in found if one}
    assert documented.keys() == CODES.keys()
    for code, meaning in CODES.items():
        assert documented[code].startswith(meaning)


def test_every_fault_says_what_to_do_and_a_schema_shows_it() -> None:
    assert CASES.keys() == CODES.keys()
    shown = {code for code, case in CASES.items() if case.text}
    # What no text of a schema can show, or only together with another file.
    assert {code.partition(".")[0] for code in CODES.keys() - shown} == {
        *("source", "yaml", "attribute", "service", "table", "migration", "hook")
    }
    assert len(shown) > 100
    text = FAULTS.read_text(encoding="utf-8")
    for code, case in CASES.items():
        assert case.fix in text
        assert not case.text or f"```yaml faulty\n{case.text.rstrip()}\n```" in text, code


def test_every_code_is_an_anchor() -> None:
    for page, codes in (
        (FAULTS, [*CODES]),
        (ERRORS, [getattr(errors, name).code for name in errors.__all__]),
    ):
        anchors = {anchor(heading) for heading in entries(page)}
        assert {code.replace(".", "-").replace("_", "-") for code in codes} <= anchors


def test_every_error_is_documented_with_its_code() -> None:
    documented = {
        row[0].strip("` "): re.findall(r"`([a-z_.]+)`", row[1]) for row in rows(ERRORS, "Codes")
    }
    assert documented == {name: [getattr(errors, name).code] for name in errors.__all__}


IN_EVERY_ERROR: Final = ("self", "args", "kwargs", "message", "context", "operation", "entity")
"""The parameters of errors that the page does not list for each."""


def test_every_error_says_what_it_carries_and_what_to_do() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert REMEDIES.keys() == {kind.code for kind in kinds}
    shown = entries(ERRORS)
    for kind in kinds:
        text = shown[reference.heading(kind.code)]
        assert f"`{kind.__name__}`, code `{kind.code}`" in text
        assert f"**What to do:** {REMEDIES[kind.code]}" in text
        made = vars(kind).get("__init__", Exception.__init__)
        for name in {*inspect.signature(made).parameters} - {*IN_EVERY_ERROR}:
            assert f"`{name}`" in text, (kind, name)


def test_the_tree_of_errors_is_the_one_there_is() -> None:
    text = ERRORS.read_text(encoding="utf-8")
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
    table = list(rows(ERRORS, "From ElectroDB's codes"))
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
        for row in rows(DOCS / "reference" / "options.md", "All options")
    }
    assert documented == {
        name: {kind for kind, taken in kinds.items() if name in taken}
        for name in set().union(*kinds.values())
    }
    assert documented.keys() == OPTION_WORDS.keys()


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
    # The frameworks that agents run in are in environments of their own.
    apart = {"dev", "docs", *PACKAGES}
    named = {name.replace("-", "_") for name in extras}
    assert {*together[len("leyden[") : -1].split(",")} == named - apart
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


@pytest.mark.parametrize("page", reference.pages(), ids=lambda page: page.stem)
def test_what_is_generated_is_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert reference.renewed(text) == text, "run `python -m tools.site.reference`"


def test_every_generated_part_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in reference.pages())
    assert sorted(re.findall(r"<!-- generated: ([\w -]+) -->", text)) == sorted(reference.PARTS)


def used(shape: shapes.Shape, value: Any) -> Iterator[tuple[str, str]]:
    """The options that a value uses, each with the name of its table."""
    if isinstance(shape, shapes.Reference):
        yield from used(shapes.SHAPES[shape.name], value)
    elif isinstance(shape, shapes.Either):
        inner = shape.mapping if isinstance(value, dict) else shape.listing
        if inner is not None:
            yield from used(inner, value)
    elif isinstance(shape, shapes.Making | shapes.Source) and isinstance(value, dict):
        for word, inner in shape.kinds.items():
            if word in value:
                yield from used(inner, value)
    elif isinstance(shape, shapes.Named) and isinstance(value, dict):
        yield from itertools.chain.from_iterable(used(shape.value, one) for one in value.values())
    elif isinstance(shape, shapes.Options) and isinstance(value, dict):
        for name, one in value.items():
            yield shape.name, name
            yield from used(shape.options[name].shape, one)


def shown_schemas(page: Path) -> Iterator[tuple[shapes.Options, Mapping[str, Any]]]:
    """The schema files and migrations on a page, each with the shape that it has."""
    for block in blocks(page):
        shown = yaml.safe_load(block.text) if block.language == "yaml" else None
        if isinstance(shown, dict) and block.argument != "faulty":
            if "migration" in shown:
                yield migration_language.MIGRATION, shown
            else:
                is_entity = {"entity", "attributes"} & shown.keys()
                yield language.ENTITY if is_entity else table_language.TABLE, shown


def test_the_examples_of_the_language_use_every_option() -> None:
    found = {one for shape, shown in shown_schemas(DOCS / LANGUAGE) for one in used(shape, shown)}
    for shape in (
        *(language.ENTITY, language.ATTRIBUTE, language.INDEX, language.KEY, language.VECTOR),
        *(language.PADDING, language.IDENTIFIERS, language.SLUG, language.AFTER, language.BUCKET),
        *(language.VARIANT, table_language.TABLE, table_language.TABLE_INDEX),
        *(table_language.SCALING, migration_language.MIGRATION, migration_language.MIGRATED),
        migration_language.CHANGE,
    ):
        missing = {name for name in shape.options if (shape.name, name) not in found}
        assert missing == set(), shape.name


def test_the_examples_of_tables_and_migrations_are_taken() -> None:
    # tests/docs/test_examples.py loads those of entities.
    shapes_of_others = [
        (shape, shown)
        for shape, shown in shown_schemas(DOCS / LANGUAGE)
        if shape is not language.ENTITY
    ]
    assert {shape.name for shape, _ in shapes_of_others} == {"table", "migration"}
    for shape, shown in shapes_of_others:
        report = Report()
        document = read_data(shown, "shown", report)
        assert document is not None
        shape.check(shapes.Part(document, "the file", report))
        assert report.faults() == ()


def test_every_command_has_an_entry_with_an_example() -> None:
    page = DOCS / "reference" / "command-line.md"
    shown = entries(page)
    for section in SECTIONS.values():
        for name in section:
            assert re.search(rf"^(?:\$ )?leyden {name}\b", shown[name], re.MULTILINE), name
    ran = {
        word
        for block in blocks(page)
        if block.language == "console"
        for word in re.findall(r"^\$ leyden ([\w-]+)", block.text, re.MULTILINE)
    }
    # One needs an agent, the other would print for a page and a half.
    assert {name for section in SECTIONS.values() for name in section} - ran == {"reindex", "demo"}
