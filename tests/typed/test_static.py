"""The static types beside what they describe: names and options cannot drift apart."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.operations import options
from leyden.operations.chains.reads import Queries, ReadMany
from leyden.pynamodb.attributes import LeydenAttribute
from leyden.service.service import Collections
from tests.typed.checkers import ROOT

STATIC = ROOT / "src" / "leyden" / "typed" / "static"


def classes(file: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse((STATIC / file).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for part in node.body:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            yield part


def public(kind: type[Any], names: Iterator[str] | None = None) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


FAMILIES = [name for name in classes("options.pyi") if not name.startswith("_")]


def fields_of(name: str) -> set[str]:
    known = classes("options.pyi")
    own = {part.target.id for part in known[name].body if isinstance(part, ast.AnnAssign)}  # type: ignore[union-attr]
    bases = [base.id for base in known[name].bases if isinstance(base, ast.Name)]
    return own.union(*(fields_of(base) for base in bases if base in known))


@pytest.mark.parametrize("name", FAMILIES)
def test_options_are_those_of_the_calls(name: str) -> None:
    family: Any = getattr(options, name)
    decisive = {"data", "select", "response"}
    assert fields_of(name) == family.__optional_keys__ - decisive


def test_every_family_of_options_is_there() -> None:
    there = {name for name in vars(options) if name.endswith("Options") and name != "Options"}
    assert there - {"NoOptions"} == {*FAMILIES}


@pytest.mark.parametrize(("name", "load"), [("Load", "load"), ("LoadAsync", "load_async")])
def test_load_has_the_keywords_of_load(name: str, load: str) -> None:
    (call,) = methods(classes("loading.pyi")[name])
    wanted = [*inspect.signature(getattr(leyden, load)).parameters][1:]
    assert [one.arg for one in call.args.kwonlyargs] == wanted


def all_methods(name: str, *files: str) -> set[str]:
    """The public methods of a class and of its bases."""
    known = {}
    for file in files:
        known |= classes(file)
    found = {one.name for one in methods(known[name]) if not one.name.startswith("_")}
    for base in known[name].bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(inner, ast.Name) and inner.id in known:
            found |= all_methods(inner.id, *files)
    return found


CHAINS = {
    "Get": leyden.Get,
    "Query": leyden.Query,
    "RangedQuery": leyden.Query,
    "RangedCollectionQuery": leyden.CollectionQuery,
    "Scan": leyden.Scan,
    "Search": leyden.Search,
    "BatchGet": leyden.BatchGet,
    "TransactGet": leyden.TransactGet,
    "Put": leyden.Put,
    "Create": leyden.Create,
    "Delete": leyden.Delete,
    "Remove": leyden.Remove,
    "Check": leyden.Check,
    "BatchWrite": leyden.BatchWrite,
    "TransactWrite": leyden.TransactWrite,
}
RANGES = {"begins", "between", "gt", "gte", "lt", "lte"}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_have_the_methods_that_they_have(name: str) -> None:
    there = public(CHAINS[name])
    there -= RANGES if name == "Query" else set()
    # A create expects no version, and says so.
    assert all_methods(name, "reads.pyi", "writes.pyi") - {"expecting"} == there - {"expecting"}


def test_each_ending_stands_once_for_each_mode() -> None:
    for file in ("reads.pyi", "writes.pyi", "service.pyi"):
        for node in classes(file).values():
            endings: dict[str, list[tuple[str, str, str]]] = {}
            for one in methods(node):
                first = one.args.args[0].annotation if one.args.args else None
                if first is None or "overload" not in map(ast.unparse, one.decorator_list):
                    continue
                shown = ast.unparse(one)
                mode = "Async" if "Async" in ast.unparse(first) else "Sync"
                result = ast.unparse(one.returns) if one.returns else ""
                rest = shown.replace("Async", "Sync").split(" -> ")[0]
                endings.setdefault(one.name, []).append((mode, rest, result))
            for pairs in endings.values():
                assert [mode for mode, _, _ in pairs] == ["Sync", "Async"] * (len(pairs) // 2)
                for (_, blocking, given), (_, awaited, task) in zip(
                    pairs[::2], pairs[1::2], strict=True
                ):
                    assert blocking == awaited
                    assert task == f"_Task[{given}]"


def test_entities_have_the_methods_that_they_have() -> None:
    schema_bound = {
        *("attr", "check", "create", "delete", "find", "get", "match", "patch", "put", "query"),
        *("record", "remove", "search", "update", "upsert"),
    }
    assert all_methods("Entity", "service.pyi") | schema_bound == public(leyden.Entity)


def test_operands_have_no_method_that_is_not_there() -> None:
    for node in classes("conditions.pyi").values():
        for one in methods(node):
            if node.name not in ("_Size", "Condition"):
                assert hasattr(LeydenAttribute, one.name) or node.name == "Attributes", one.name


def test_what_holds_patterns_and_collections_has_no_names_of_its_own() -> None:
    assert all_methods("Patterns", "service.pyi") == public(Queries) == set()
    assert all_methods("Collections", "service.pyi") == public(Collections) == set()
    assert "where" in public(ReadMany)


def test_the_stubs_have_no_code_beside_them() -> None:
    assert [file.name for file in STATIC.glob("*.py")] == ["__init__.py"]
    assert len(ast.parse((STATIC / "__init__.py").read_text()).body) == 1
    assert Path(STATIC / "__init__.pyi").is_file()
