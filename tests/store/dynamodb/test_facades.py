"""The domains are what the interface says, and no other."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from leyden.store import interface
from leyden.store.dynamodb import domains
from leyden.store.in_memory import InMemoryStore

TOOL = Path(__file__).resolve().parents[3] / "tools" / "facades.py"
DOMAINS = ("Memory", "Workflows", "Scores", "Traces", "Evals")


@pytest.fixture(scope="module")
def facades() -> ModuleType:
    spec = importlib.util.spec_from_file_location("facades", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["facades"] = module
    spec.loader.exec_module(module)
    return module


def test_the_written_domains_are_current(facades: Any) -> None:
    assert facades.main(["--check"]) == 0, "run make docs"


def test_a_domain_that_is_not_current_is_told(
    facades: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "dynamodb").mkdir()
    (tmp_path / "dynamodb" / "domains.py").write_text("old")
    monkeypatch.setattr(facades, "STORE", tmp_path)
    assert facades.main(["--check"]) == 1
    assert "domains.py" in capsys.readouterr().err
    assert facades.main([]) == 0
    assert facades.main(["--check"]) == 0


@pytest.mark.parametrize("name", DOMAINS)
def test_every_method_has_the_signature_and_docstring_of_the_interface(name: str) -> None:
    protocol, domain = getattr(interface, name), getattr(domains, f"DynamoDB{name}")
    methods = {n for n, m in vars(protocol).items() if inspect.isfunction(m) and n[0] != "_"}
    assert {n for n in dir(domain) if n[0] != "_"} == methods
    for method in methods:
        wanted, found = getattr(protocol, method), getattr(domain, method)
        assert inspect.signature(found) == inspect.signature(wanted)
        assert inspect.getdoc(found) == inspect.getdoc(wanted)


@pytest.mark.parametrize("name", DOMAINS)
def test_the_domains_in_memory_have_the_signatures_of_the_interface(name: str) -> None:
    protocol, domain = getattr(interface, name), type(getattr(InMemoryStore(), name.lower()))
    for method, declared in vars(protocol).items():
        if inspect.isfunction(declared) and method[0] != "_":
            wanted = inspect.signature(declared).parameters
            assert inspect.signature(getattr(domain, method)).parameters == wanted, method
