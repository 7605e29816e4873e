"""Modules of `leyden types --compiled`: what they give is what they give without."""

from __future__ import annotations

import asyncio
import compileall
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import leyden
import leyden._code
from leyden.errors import SchemaError, SchemaWarning
from leyden.schema import texts_of
from leyden.typed import CARRIES, module_text
from tests.typed.checkers import GOLDEN
from tests.typed.test_modules import CASES, imported

ROOT = Path(__file__).parents[2]
WHERE = {"table": "t", "region": "eu-central-1"}
Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _nothing_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leyden._code, "_ready", {})


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Writes a module of a case, which may be changed on the way, and gives its path."""

    def written(case: str, name: str, change: Callable[[str], str] = str) -> Path:
        text = change(module_text(texts_of(CASES[case]).by_name, name, compiled=True))
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    before = {*sys.modules}
    yield written
    for name in [*sys.modules]:
        if name not in before and name.startswith("made_"):
            del sys.modules[name]


@pytest.fixture
def shop(write: Write) -> Any:
    return imported("made_shop", write("shop", "made_shop"))


@pytest.mark.parametrize("case", ["memory", "notes", "shop", "taskapp"])
def test_the_schemas_are_those_that_are_read(case: str, write: Write) -> None:
    module: Any = imported(f"made_{case}", write(case, f"made_{case}"))
    plain: Any = imported(f"plain_{case}", GOLDEN / f"{case}.py")
    app, other = module.load(**WHERE), plain.load(**WHERE)
    assert app.spec == other.spec
    for alias, entity in app.entities.items():
        assert entity.record is other.entities[alias].record
        assert entity.mapping.encode.__code__.co_filename == module.__file__
        assert entity.mapping.decode_values.__code__.co_filename == module.__file__


def test_what_stands_above_is_the_module_without(write: Write) -> None:
    plain = module_text(texts_of(CASES["shop"]).by_name, "made_shop")
    assert write("shop", "made_shop").read_text().startswith(plain)


def test_records_are_of_one_class(shop: Any) -> None:
    placed = {"customer_id": "c1", "order_id": "o1", "total": 5}
    app = shop.load(**WHERE)
    plain = leyden.load(CASES["shop"], **WHERE)
    assert shop.Order is app.entities.order.record is plain.entities.order.record
    assert app.entities.order.record(**placed) == plain.entities.order.record(**placed)
    waiting = asyncio.run(shop.load_async(**WHERE))
    assert waiting.entities.order.record is shop.Order


def test_hooks_are_handed_in_and_missed_in_the_same_words(write: Write) -> None:
    module: Any = imported("made_everything", write("everything", "made_everything"))
    plain: Any = imported("plain_everything", GOLDEN / "everything.py")
    for hooks in (None, {"mask": str}, {"mask": str, "clean": 3}):
        told = []
        for one in (module, plain):
            with pytest.raises(SchemaError) as raised:
                one.load(**WHERE, hooks=hooks)
            told.append(str(raised.value))
        assert told[0] == told[1]
        assert "clean" in told[0]
    given = {"tenant": "t", "carrier": "post", "kind": "parcel", "cleaned": " a ", "fragile": False}
    for clean in (str.strip, str.upper):
        hooks = {"mask": str, "clean": lambda value, _, clean=clean: clean(value)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            apps = [one.load(**WHERE, hooks=hooks) for one in (module, plain)]
        items = [app.entities.parcel.put(**given).params()["Item"] for app in apps]
        assert items[0]["cleaned"] == items[1]["cleaned"] == {"S": clean(" a ")}
        assert apps[0].entities.parcel.mapping.encode.__code__.co_filename == module.__file__


DANGEROUS = """
entity: jar
version: "1"
service: lab
attributes:
  jar_id: {type: string, required: true}
  kept_until: {type: ttl, default: "2027-01-01T00:00:00Z"}
indexes:
  jar:
    pk: {field: pk, composite: [jar_id]}
"""


def test_dangers_are_warned_of_alike(write: Write, tmp_path: Path) -> None:
    (tmp_path / "made_lab.py").write_text(
        module_text({"jar.yaml": DANGEROUS}, "made_lab", compiled=True)
    )
    (tmp_path / "jar.yaml").write_text(DANGEROUS)
    module: Any = imported("made_lab", tmp_path / "made_lab.py")
    with pytest.warns(SchemaWarning) as plain:
        leyden.load(tmp_path / "jar.yaml", **WHERE)
    with pytest.warns(SchemaWarning) as found:
        module.load(**WHERE)
    (one,), (other,) = plain, found
    assert str(other.message) == str(one.message).replace(f"{tmp_path}/", "")
    assert other.filename == __file__


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("min: 0", "min: 1"), id="schemas"),
        pytest.param(lambda text: text.replace("item['total']", "item['totl']", 1), id="code"),
        pytest.param(lambda text: text.replace("Span('order.yaml', 6", "Span('a', 6"), id="spec"),
        pytest.param(lambda text: text.replace("format=1", "format=0"), id="format"),
    ],
)
def test_a_module_that_was_changed_is_read_from_its_schemas(
    change: Callable[[str], str], write: Write
) -> None:
    path = write("shop", "made_changed", change)
    assert path.read_text() != write("shop", "made_as_is").read_text()
    module: Any = imported("made_changed", path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        app = module.load(**WHERE)
        module.load(**WHERE)
        assert module.Order is app.entities.order.record
    (warning,) = told
    assert warning.category is SchemaWarning
    assert warning.filename == __file__
    assert "'made_changed' was edited, or another version of Leyden made it" in str(warning.message)
    assert "run `leyden types --compiled` again" in str(warning.message)
    assert app.entities.order.mapping.encode.__code__.co_filename.startswith("<leyden")


def test_line_ends_of_other_systems_change_nothing(write: Write) -> None:
    path = write("shop", "made_lines", lambda text: text.replace("\n", "\r\n"))
    module: Any = imported("made_lines", path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app = module.load(**WHERE)
    assert app.entities.order.mapping.encode.__code__.co_filename == module.__file__


def test_bytecode_alone_will_do(write: Write) -> None:
    path = write("shop", "made_bytes")
    assert compileall.compile_file(path, quiet=1, legacy=True)
    path.unlink()
    module: Any = imported("made_bytes", path.with_suffix(".pyc"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app = module.load(**WHERE)
    assert app.entities.order.mapping.encode.__code__.co_filename == str(path)


SCRIPT = """
import sys
import leyden._code
made = []
compiled = compile
def watch(source, *rest, **named):
    made.append(rest[0])
    return compiled(source, *rest, **named)
leyden._code.compile = watch
import made_shop
app = made_shop.load(table="t", region="eu-central-1")
order = app.entities.order
item = order.put(customer_id="c1", order_id="o1", total=5).params()["Item"]
order.get(customer_id="c1", order_id="o1").params()
assert order.parse(item).total == 5
assert order.mapping.rows is not None
assert [name for name in made if name.startswith("<leyden")] == []
assert "yaml" not in sys.modules
assert "leyden.schema.loading" not in sys.modules
"""


def test_a_process_reads_no_yaml_and_compiles_no_codec(write: Write) -> None:
    folder = write("shop", "made_shop").parent
    path = f"{folder}:{ROOT / 'src'}"
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, env={"PYTHONPATH": path})


def test_pickles_travel_between_processes_with_it_and_without(shop: Any) -> None:
    order = leyden.load(CASES["shop"], **WHERE).entities.order
    record = order.record(customer_id="c1", order_id="o1", total=5)
    script = (
        "import pickle, sys, made_shop\n"
        "app = made_shop.load(table='t', region='eu-central-1')\n"
        "record = pickle.loads(sys.stdin.buffer.read())\n"
        "assert isinstance(record, made_shop.Order)\n"
        "assert made_shop.Order is app.entities.order.record\n"
        "sys.stdout.buffer.write(pickle.dumps(record))\n"
    )
    path = f"{Path(shop.__file__).parent}:{ROOT / 'src'}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(record),
        capture_output=True,
        check=True,
        env={"PYTHONPATH": path},
    )
    assert pickle.loads(done.stdout) == record


def test_the_end_of_a_module_is_found_by_what_it_begins_with(write: Write) -> None:
    assert write("shop", "made_shop").read_text().count(CARRIES) == 1
