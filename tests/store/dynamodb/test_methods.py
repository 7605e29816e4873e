"""The methods of the domains are what the interface says, to callers, readers and type checkers."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leyden.store import interface
from leyden.store.dynamodb import store
from leyden.store.in_memory import InMemoryStore

ROOT = Path(__file__).resolve().parents[3]
DOMAINS = ("Memory", "Workflows", "Scores", "Traces", "Evals")

TYPED = """\
from leyden.store import AsyncDynamoDBStore, DynamoDBStore, Store

def blocking(store: DynamoDBStore) -> Store:
    reveal_type(store.memory.get_thread_by_id("t1", resource_id="alice"))
    reveal_type(store.memory.delete_thread("t1"))
    reveal_type(store.scores.list_scores_by_run_id("r1", per_page=None))
    store.memory.get_thread_by_id("t1", resorce_id="alice")
    store.workflows.load_workflow_snapshot("w1")
    return store

async def awaited(store: AsyncDynamoDBStore) -> None:
    reveal_type(await store.memory.get_thread_by_id("t1", resource_id="alice"))
    reveal_type(await store.evals.get_evals_by_agent_name("a1"))
    reveal_type(store.memory.delete_thread("t1"))
    await store.memory.delete_thread(thread="t1")
    await store.memory.list_threads(per_page="all")
    store.traces.batch_trace_insert([])
"""
FOUND = [
    (4, "Thread | None"),
    (5, "None"),
    (6, "ScorePage"),
    (7, "[call-arg]"),
    (8, "[call-arg]"),
    (12, "Thread | None"),
    (13, "list[Eval]"),
    (14, "Coroutine[Any, Any, None]"),
    (14, "[unused-coroutine]"),
    (15, "[call-arg]"),
    (16, "[arg-type]"),
    (17, "[unused-coroutine]"),
]


def test_type_checkers_tell_results_from_what_is_awaited_and_refuse_wrong_keywords(
    tmp_path: Path,
) -> None:
    (tmp_path / "calls.py").write_text(TYPED)
    # With what `make check` has found out.
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache"]
    done = subprocess.run(
        [*command, str(tmp_path / "calls.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = []
    for line in done.stdout.splitlines():
        told = re.fullmatch(r'\S+calls.py:(\d+): .*(?:type is "(.*)"|(\[\S+\]))', line)
        if told:
            shown = re.sub(r"\b[a-z_]+\.(?=\w)", "", told[2] or told[3])
            found.append((int(told[1]), shown))
    assert sorted(found) == sorted(FOUND), done.stdout + done.stderr


@pytest.mark.parametrize("name", DOMAINS)
def test_every_method_has_the_signature_and_docstring_of_the_interface(name: str) -> None:
    protocol, domain = getattr(interface, name), getattr(store, f"DynamoDB{name}")
    methods = {n for n, m in vars(protocol).items() if inspect.isfunction(m) and n[0] != "_"}
    assert {n for n in dir(domain) if n[0] != "_"} == methods
    for method in methods:
        wanted, found = getattr(protocol, method), getattr(domain, method)
        assert inspect.signature(found) == inspect.signature(wanted)
        assert inspect.getdoc(found) == inspect.getdoc(wanted)
        assert found.__name__ == method
    # Pyright takes a domain for its interface by this base: it does not look into descriptors.
    assert protocol in domain.__mro__


@pytest.mark.parametrize("name", DOMAINS)
def test_every_program_takes_the_arguments_that_the_interface_names(name: str) -> None:
    protocol, domain = getattr(interface, name), getattr(store, f"DynamoDB{name}")
    for method, declared in vars(protocol).items():
        if inspect.isfunction(declared) and method[0] != "_":
            descriptor = inspect.getattr_static(domain, method)
            assert inspect.signature(descriptor.program).parameters == (
                inspect.signature(declared).parameters
            ), method


def test_help_shows_a_method_as_the_interface_has_it() -> None:
    shown = pydoc.plain(pydoc.render_doc(store.DynamoDBMemory.delete_thread))
    assert "delete_thread(self, thread_id: 'str') -> 'None'" in shown
    assert "Delete all messages of the thread, then the thread." in shown
    awaited = pydoc.plain(pydoc.render_doc(store.AsyncDynamoDBMemory.delete_thread))
    assert "async delete_thread(self, thread_id: 'str') -> 'None'" in awaited


@pytest.mark.parametrize("name", DOMAINS)
def test_the_domains_in_memory_have_the_signatures_of_the_interface(name: str) -> None:
    protocol, domain = getattr(interface, name), type(getattr(InMemoryStore(), name.lower()))
    for method, declared in vars(protocol).items():
        if inspect.isfunction(declared) and method[0] != "_":
            wanted = inspect.signature(declared).parameters
            assert inspect.signature(getattr(domain, method)).parameters == wanted, method
