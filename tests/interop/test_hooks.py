"""Both sides ask `set` and `get` hooks in the same writes and reads, with the same values."""

from __future__ import annotations

from typing import Any, Final

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from tests.interop.leyden_side import Words, tell, to_service
from tests.interop.models import ENTITY, TABLE
from tests.interop.oracle import Oracle
from tests.interop.test_differential import Tally

pytestmark = pytest.mark.node

# The models are alike but for their hooks, so half of the examples meet every kind.
HALF = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=settings.default.max_examples // 2,
)
SOURCES: Final = ("name", "city", "count")
_words = st.sampled_from(["a", "b", "long word", ""])


@st.composite
def hooked_models(draw: st.DrawFn) -> dict[str, Any]:
    """One entity whose attributes have hooks, some of which watch others."""
    attributes: dict[str, Any] = {
        "id": {"type": "string", "required": True},
        "name": {"type": "string"},
        "city": {"type": "string"},
        "count": {"type": "number"},
    }
    for name in ("first", "second", "third"):
        attribute: dict[str, Any] = {"type": "string"}
        for hook in draw(st.sampled_from([("set",), ("get",), ("set", "get")])):
            attribute[hook] = "tell"
        watched = st.lists(st.sampled_from(SOURCES), unique=True, min_size=1, max_size=2)
        watch = draw(st.one_of(st.none(), watched, st.just("*")))
        if watch is not None:
            attribute["watch"] = watch
        if draw(st.integers(0, 3)) == 0:
            attribute["default"] = "some"
        if draw(st.integers(0, 3)) == 0:
            attribute["readOnly"] = True
        if draw(st.integers(0, 3)) == 0:
            attribute["field"] = f"{name}_f"
        attributes[name] = attribute
    indexes: dict[str, Any] = {"primary": {"pk": {"field": "pk", "composite": ["id"]}}}
    if draw(st.booleans()):
        pk = {"field": "gsi1pk", "composite": ["first"]}
        indexes["by_first"] = {"index": "gsi1", "pk": pk}
    return {
        "model": {"entity": "hooked", "version": "1", "service": "svc"},
        "attributes": attributes,
        "indexes": indexes,
    }


def _value(name: str) -> st.SearchStrategy[Any]:
    return st.integers(1, 9) if name == "count" else _words


@st.composite
def writes(draw: st.DrawFn, model: dict[str, Any]) -> dict[str, Any]:
    """A put, create, upsert, update or patch."""
    verb = draw(st.sampled_from(["put", "create", "upsert", "update", "patch"]))
    names = [name for name in model["attributes"] if name != "id"]
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=4))
    if verb in ("put", "create", "upsert"):
        item = {name: draw(_value(name)) for name in chosen}
        return {"entity": ENTITY, "verb": verb, "item": {"id": "x", **item}}
    op: dict[str, Any] = {"entity": ENTITY, "verb": verb, "key": {"id": "x"}}
    keyed = {name for index in model["indexes"].values() for name in index["pk"]["composite"]}
    for name in chosen or ["name"]:
        if model["attributes"][name].get("readOnly"):
            continue
        steps = ["set"] if name in keyed else ["set", "set", "remove", "ifNotExists"]
        step = draw(st.sampled_from([*steps, "add"] if name == "count" else steps))
        if step == "remove":
            op.setdefault("remove", []).append(name)
        else:
            op.setdefault(step, {})[name] = draw(_value(name))
    if len(op) == 3:
        op["set"] = {"name": "a"}
    return op


def _loaded(model: dict[str, Any]) -> Words:
    entities = {ENTITY: model}
    return Words(leyden.load(to_service(entities), table=TABLE, hooks={"tell": tell}), entities)


def test_set_hooks_are_asked_alike(oracle: Oracle) -> None:
    tally = Tally(oracle)

    @settings(HALF)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        model = data.draw(hooked_models(), label="model")
        words = _loaded(model)
        for _ in range(3):
            tally.check(words, {ENTITY: model}, data.draw(writes(model), label="operation"))

    agree()
    assert tally.verdicts["same"] >= tally.verdicts.total() / 2, dict(tally.verdicts)


def test_get_hooks_are_asked_alike(oracle: Oracle) -> None:
    @settings(HALF)
    @given(model=hooked_models(), data=st.data())
    def agree(model: dict[str, Any], data: st.DataObject) -> None:
        fields = {name: a.get("field", name) for name, a in model["attributes"].items()}
        chosen = data.draw(st.lists(st.sampled_from(list(fields)), unique=True, max_size=5))
        values = {fields[name]: data.draw(_value(name)) for name in {"id", *chosen}}
        item = {**values, "pk": "x", "__edb_e__": "hooked", "__edb_v__": "1"}
        theirs = oracle.read({ENTITY: model}, TABLE, ENTITY, item)
        typed = {n: {"N": str(v)} if isinstance(v, int) else {"S": v} for n, v in item.items()}
        ours = attrs.asdict(_loaded(model).app[ENTITY].parse(typed))
        assert {name: value for name, value in ours.items() if value is not None} == theirs

    agree()
