"""The modules that `leyden types` writes: their text, and what they are at run time."""

from __future__ import annotations

import ast
import asyncio
import copy
import importlib.util
import inspect
import pickle
import re
import subprocess
import sys
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import ArgumentError, SchemaError, SchemaWarning
from leyden.schema import Texts, load_checked, texts_of
from leyden.schema.spec import EntitySpec
from leyden.typed import module_text
from leyden.typed.writing.layout import long_text
from tests.typed.checkers import GOLDEN, ROOT

SCHEMAS = Path(__file__).parent / "schemas"
CASES = {
    "everything": SCHEMAS / "everything",
    "memory": ROOT / "schemas" / "memory",
    "notes": SCHEMAS / "notes",
    "shop": SCHEMAS / "shop",
    "taskapp": ROOT / "schemas" / "taskapp",
}


def imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shop() -> Iterator[Any]:
    yield imported("shop", GOLDEN / "shop.py")
    del sys.modules["shop"]


@pytest.mark.parametrize("name", CASES)
def test_a_module_is_the_one_that_was_looked_at(name: str) -> None:
    text = module_text(texts_of(CASES[name]).by_name, name)
    wanted = (GOLDEN / f"{name}.py").read_text(encoding="utf-8")
    assert text == wanted, (
        f"run `leyden types {CASES[name]} --out {GOLDEN / name}.py`, and look at the difference"
    )


def test_every_golden_module_has_its_schemas() -> None:
    assert {file.stem for file in GOLDEN.glob("*.py")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_module_loads_the_service_that_its_folder_does(name: str) -> None:
    hooks = {"mask": str, "clean": str}
    module = imported(f"golden_{name}", GOLDEN / f"{name}.py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = module.load(table="t", region="eu-central-1", hooks=hooks)
        other = leyden.load(CASES[name], table="t", region="eu-central-1", hooks=hooks)
    assert {a: bare(e.spec) for a, e in app.entities.items()} == {
        a: bare(e.spec) for a, e in other.entities.items()
    }
    assert app.table_definition == other.table_definition


def bare(spec: EntitySpec) -> str:
    """What a schema says, without the places where it stands."""
    import re

    return re.sub(r"Span\([^)]*\)", "", repr(spec))


def test_texts_are_read_as_their_folder_is(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text("ttl: gone\n")
    (tmp_path / "b.yaml").write_text((SCHEMAS / "shop" / "customer.yaml").read_text())
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbf" + (SCHEMAS / "shop/order.yaml").read_bytes())
    (tmp_path / "left.txt").write_text("no schema")
    texts = texts_of(tmp_path)
    assert list(texts.by_name) == ["table.yaml", "a.yml", "b.yaml"]
    found, of_folder = load_checked(texts)[0], load_checked(tmp_path)[0]
    assert list(found.entities) == list(of_folder.entities)
    assert found.table.ttl == of_folder.table.ttl == "gone"
    assert list(texts_of(tmp_path / "b.yaml").by_name) == ["b.yaml"]


def test_faults_in_texts_name_the_file() -> None:
    with pytest.raises(SchemaError, match=r"bad.yaml:1:1"):
        load_checked(Texts({"bad.yaml": "entity: x\n"}))


def test_the_records_of_a_module_are_those_of_its_service(shop: Any) -> None:
    app = shop.load(table="shop", region="eu-central-1")
    assert shop.Order is app.entities.order.record
    assert shop.Order is shop.load(table="other", region="eu-central-1").entities.order.record
    made = shop.Order(customer_id="c1", order_id="o1", total=1, placed_at="2026-02-03T09:15:00Z")
    assert pickle.loads(pickle.dumps(made)) == made == copy.copy(made)


def test_records_are_checked_before_their_service_is_loaded() -> None:
    code = (
        "import everything as module\n"
        "print(module.Service_(carrier='van', since='2026-02-03T09:15:00Z').since.hour)\n"
        "print(module.Parcel(masked='a').masked)\n"
        "try: module.Service_(carrier='vam')\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    assert run(code).split() == ["9", "a", "ValidationError"]


def run(code: str) -> str:
    """What a program prints that may import the golden modules, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=GOLDEN,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_annotations_name_is_there_at_run_time(shop: Any) -> None:
    def place(app: Any, order: Any) -> None: ...

    place.__annotations__ = {"app": shop.Service, "order": shop.OrderEntity}
    assert typing.get_type_hints(place) == {"app": leyden.Service, "order": leyden.Entity}
    assert shop.AsyncService is leyden.AsyncService
    assert shop.AsyncOrderEntity is leyden.AsyncEntity
    assert typing.get_args(shop.OrderStatus) == ("open", "paid", "sent")
    with pytest.raises(AttributeError, match=r"'OrderKey' at run time.*annotations`"):
        shop.OrderKey  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute '__path__'"):
        shop.__path__  # noqa: B018


def test_load_takes_what_leyden_takes_and_says_so(shop: Any) -> None:
    names = [*inspect.signature(leyden.load).parameters][1:]
    assert [*inspect.signature(shop.load).parameters] == names
    with pytest.raises(ArgumentError, match="tabel"):
        shop.load(tabel="shop")
    app = asyncio.run(shop.load_async(table="shop", region="eu-central-1"))
    assert isinstance(app, leyden.AsyncService)


def test_schemas_are_read_once_for_the_same_hooks(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shop.load(table="shop", region="eu-central-1")
    monkeypatch.setattr("leyden.schema.load_checked", lambda *_, **__: pytest.fail("read again"))
    second = shop.load(table="other", region="eu-central-1")
    assert first.spec is second.spec
    assert second.table == "other"


def test_a_missing_hook_is_refused_each_time() -> None:
    module: Any = imported("golden_hooked", GOLDEN / "everything.py")
    for hooks in (None, {"mask": str}, {"mask": str, "clean": 3}):
        with pytest.raises(SchemaError, match="clean"):
            module.load(table="t", region="eu-central-1", hooks=hooks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hooks = {"mask": str, "clean": lambda value, _: value.strip()}
        app = module.load(table="t", region="eu-central-1", hooks=hooks)
        put = app.entities.parcel.put(
            tenant="t", carrier="post", kind="parcel", cleaned=" a ", fragile=False
        )
    assert put.params()["Item"]["cleaned"] == {"S": "a"}


def test_a_module_whose_schemas_were_edited_says_so_once(shop: Any, tmp_path: Path) -> None:
    edited = (GOLDEN / "shop.py").read_text().replace("min: 0", "min: 1")
    (tmp_path / "edited.py").write_text(edited)
    changed: Any = imported("edited", tmp_path / "edited.py")
    with warnings.catch_warnings(record=True) as stale:
        warnings.simplefilter("always")
        shop.load(table="t", region="eu-central-1")
        assert not stale
        changed.load(table="t", region="eu-central-1")
        changed.load(table="t", region="eu-central-1")
        assert changed.Order
    assert len(stale) == 1
    assert stale[0].category is SchemaWarning
    assert "'edited'" in str(stale[0].message)
    assert stale[0].filename == __file__


def test_nothing_static_is_imported_at_run_time() -> None:
    code = (
        "import sys, shop; shop.Order; shop.load(table='t', region='x').entities.order; "
        "print(sorted(m for m in sys.modules if m.startswith(('leyden.typed.', 'attrs'))))"
    )
    assert run(code) == "['leyden.typed.schemas']"


def test_importing_a_module_reads_no_schema() -> None:
    code = (
        "import sys, shop; "
        "print([m for m in ('yaml', 'pynamodb', 'attr', 'leyden.service') if m in sys.modules])"
    )
    assert run(code) == "[]"


@given(st.text())
def test_any_text_stands_in_a_module_as_it_is(text: str) -> None:
    assert eval(long_text(text)) == text


def test_of_an_encrypted_attribute_only_its_presence_can_be_asked() -> None:
    schema = """
entity: patient
version: "1"
service: clinic
attributes:
  id: {type: string, required: true}
  secret: {type: integer, encrypt: true}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""
    text = module_text({"patient.yaml": schema}, "clinic")
    assert "secret: typed.Encrypted" in text
    assert "secret: int | None" in text


def test_an_update_adds_to_numbers_of_which_no_key_is_made_as_text() -> None:
    schema = """
entity: player
version: "1"
service: games
attributes:
  game: {type: string, required: true}
  name: {type: string, required: true}
  score: integer
  rank: integer
indexes:
  players: {pk: {field: pk, composite: [game]}, sk: {field: sk, composite: [name]}}
  top: {index: gsi1, pk: {field: gsi1pk, composite: [game]}, sk: {field: score, composite: [score]}}
  ranked: {index: gsi2, pk: {field: g2pk, composite: [game]}, sk: {field: g2sk, composite: [rank]}}
"""
    text = module_text({"player.yaml": schema}, "games")
    signatures = re.findall(r"def add\(.*?\) ->", text, re.DOTALL)
    assert signatures
    for signature in signatures:
        assert "score: int" in signature
        assert "rank" not in signature


def test_the_description_of_an_access_pattern_is_the_docstring_of_its_method() -> None:
    schema = r"""
entity: ticket
version: "1"
service: desk
attributes:
  org: {type: string, required: true}
  text: string
  meaning: {type: vector, dimensions: 3}
indexes:
  tickets:
    description: All tickets of an organization.
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: []}
  by_text:
    index: gsi1
    description: |
      What is the ticket "C:\new"?
      The first one.
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [text]}
  similar:
    description: Tickets that mean the same.
    vector: {index: vec1, attribute: meaning, partition: org}
"""
    module = ast.parse(module_text({"ticket.yaml": schema}, "desk"))
    said = {
        one.name: doc
        for one in ast.walk(module)
        if isinstance(one, ast.FunctionDef) and (doc := ast.get_docstring(one))
    }
    assert said.items() >= {
        ("tickets", "All tickets of an organization."),
        ("by_text", r"What is the ticket 'C:\new'? The first one."),
        ("similar", "Tickets that mean the same."),
    }
