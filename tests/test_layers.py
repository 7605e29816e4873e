"""Which part of the package may import which, and that no modules import each other.

Imports count wherever they stand: at the top of a file, in a function, or for types only.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Final

import pytest
from tools.figures import circles_of, imports_of

PACKAGE: Final = Path(__file__).parents[1] / "src" / "leyden"

FLOOR: Final = {
    *("_attrs", "_calls", "_code", "_late", "_shell", "_steps", "_text", "carrying", "errors"),
    "outcomes",
}
"""What everything stands on."""
PUBLIC: Final = {"leyden", "errors", "events", "program", "results", "tables"}
"""What users import as well."""

ALLOWED: Final[dict[str, set[str]]] = {
    # The floor. `errors` names a schema's faults, for types only.
    "_attrs": {"_code"},
    "_code": set(),
    "_late": set(),
    "_steps": {"_attrs"},
    "_shell": set(),
    "_text": set(),
    "_html": set(),
    "carrying": set(),
    "outcomes": {"_attrs", "_steps"},
    "errors": {"_steps", "carrying", "outcomes", "schema"},
    "_ledger": FLOOR,
    "program": FLOOR | {"_ledger"},
    "results": FLOOR,
    "events": FLOOR,
    "_calls": FLOOR,
    "shipped": FLOOR,
    "configuration": FLOOR,
    "__main__": set(),
    # From YAML to records and items.
    "types": FLOOR | {"schema"},
    "schema": FLOOR | {"types"},
    "keys": FLOOR | {"schema", "types"},
    "mapping": FLOOR | {"keys", "schema", "types"},
    "compiled": FLOOR | {"mapping", "schema"},
    "pynamodb": FLOOR | {"keys", "mapping", "schema", "types"},
    # From chains to requests, and to the service that answers them.
    "operations": FLOOR
    | {"_ledger", "mapping", "keys", "program", "results", "schema"}
    | {"types"},
    "tables": FLOOR | {"mapping", "operations", "program", "results", "schema"},
    "migration": FLOOR | {"mapping", "operations", "program", "results", "schema"},
    "drivers": FLOOR | {"_ledger", "events", "program", "results"},
    "nearest": set(),
    "engine": {"drivers", "errors", "nearest"},
    "doctor": FLOOR
    | {"_html", "keys", "mapping", "migration", "operations", "program", "results", "schema"}
    | {"tables", "types"},
    "service": FLOOR
    | {"doctor", "mapping", "drivers", "engine", "events", "keys", "migration", "operations"}
    | {"program", "pynamodb"}
    | {"results", "schema", "tables", "types"},
    "leyden": PUBLIC | {"engine", "mapping", "migration", "operations", "service", "shipped"},
    "typed": FLOOR | {"compiled", "leyden", "mapping", "schema", "types"},
    # What is built upon all of it. These are to need no more than what is public.
    "_methods": {"errors", "program"},
    "store": PUBLIC | {"_methods", "_text", "schema", "types"},
    "memory": FLOOR | PUBLIC | {"_methods", "nearest", "schema", "store", "types"},
    "agents": PUBLIC | {"_methods", "_text", "schema", "store", "types"},
    # Who leads a key, and what guards' keys are made of, decides what a tenant may touch.
    "provision": PUBLIC | {"_attrs", "_shell", "_text", "keys", "operations", "schema"},
    "diff": PUBLIC | {"_text", "keys", "schema", "types"},
    "chart": PUBLIC | {"_html", "_text", "keys", "schema", "types"},
    "porting": {"_late", "_text", "errors", "schema", "types"},
    "cli": PUBLIC
    | {
        "_calls",
        "_late",
        "agents",
        "_shell",
        "_text",
        "chart",
        "configuration",
        "diff",
        "doctor",
        "keys",
        "memory",
        "porting",
        "provision",
        "schema",
        "typed",
        "types",
    },
    "opentelemetry": {"_attrs", "_calls", "errors", "events"},
    "pytest_plugin": PUBLIC | {"configuration", "drivers", "engine"},
    "demo": PUBLIC | {"cli", "memory", "store"},
}
"""Each part of the package, a folder or a module of its own, and the parts that it may import."""


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    trees: dict[Path, Any] = {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")
    }
    return imports_of(trees, PACKAGE)


def part_of(module: str) -> str:
    """The part of the package in which a module is: `schema` for `leyden.schema.spec`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "leyden"


def test_each_part_of_the_package_imports_only_what_it_may(imports: dict[str, set[str]]) -> None:
    unknown = {part_of(module) for module in imports} - ALLOWED.keys()
    assert not unknown, "say in ALLOWED what these may import"
    wrong = [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in others
        if part_of(other) not in {part_of(module), *ALLOWED[part_of(module)]}
    ]
    assert wrong == []


@pytest.mark.parametrize("part", ["chart", "cli", "demo", "diff", "porting", "store"])
def test_the_tools_import_only_packages_of_other_parts(
    part: str, imports: dict[str, set[str]]
) -> None:
    inner = [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in others
        if part_of(module) == part != part_of(other) and part_of(other) != "cli"
        if other.count(".") > 1
    ]
    assert inner == []


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_no_modules_import_each_other(part: str, imports: dict[str, set[str]]) -> None:
    circles = [sorted(circle) for circle in circles_of(imports)]
    assert [circle for circle in circles if part in map(part_of, circle)] == []
