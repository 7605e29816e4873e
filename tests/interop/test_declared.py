"""What is declared writes what ElectroDB writes with the callbacks that the docs show for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.porting import port_model, read_models
from tests.interop.leyden_side import Words
from tests.interop.models import TABLE
from tests.interop.oracle import Oracle

pytestmark = pytest.mark.node

SESSION: Final = "session"
PAGE: Final = Path(__file__).parents[2] / "docs" / "electrodb.md"
TEXTS: Final = st.text(
    st.sampled_from("aB \t\u00a0\ufeffÉe\u0301ßŁø№ﬁ7-'’日Σς😀"), min_size=1, max_size=24
)
WORDS: Final = st.lists(
    st.sampled_from(["Crème", "Don't", "STRASSE", "a", "x1", "—", "Ærø", "naïve", "und"]),
    min_size=1,
    max_size=6,
).map(" ".join)


def blocks(language: str) -> str:
    section = PAGE.read_text(encoding="utf-8").partition("## What is declared\n")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The model of the docs, its callbacks as text."""
    file = tmp_path_factory.mktemp("models") / "session.mjs"
    file.write_text(blocks("ts"), encoding="utf-8")
    (found,) = read_models(file).models
    return dict(found.model)


@st.composite
def writes(draw: st.DrawFn) -> dict[str, Any]:
    """A put, create, upsert or update with texts as people type them, and any time."""
    at = draw(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
    item = {
        "name": draw(TEXTS),
        "iban": draw(TEXTS),
        "phone": draw(TEXTS),
        "at": f"{at.isoformat('T', 'milliseconds')[:23]}Z",
        "title": draw(TEXTS | WORDS),
    }
    chosen = draw(st.sets(st.sampled_from([*item]), min_size=1))
    given = {name: value for name, value in item.items() if name in chosen}
    key = {"id": "sess_1", "tenant": draw(st.sampled_from(["acme", " ACME", "Ümlaut\t"]))}
    verb = draw(st.sampled_from(["put", "create", "upsert", "update", "patch"]))
    if verb in ("put", "create", "upsert"):
        return {"entity": SESSION, "verb": verb, "item": {**item, **key}}
    # ElectroDB does not bring keys into their form.
    return {"entity": SESSION, "verb": verb, "key": {**key, "tenant": "acme"}, "set": given}


def stored(request: dict[str, Any]) -> dict[str, Any]:
    """What a write stores, by field, as plain values."""
    if "Item" in request:
        return {field: plain(value) for field, value in request["Item"].items()}
    names = request["ExpressionAttributeNames"]
    values = request["ExpressionAttributeValues"]
    return {
        names[name]: plain(values[value])
        for name, value in re.findall(
            r"(#\w+) = (?:if_not_exists\(#\w+, )?(:\w+)", request["UpdateExpression"]
        )
    }


def plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    return int(content) if kind == "N" else content


def test_both_write_the_same_items(oracle: Oracle, model: dict[str, Any]) -> None:
    words = Words(leyden.load(blocks("yaml"), table=TABLE), {SESSION: model})

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(op=writes())
    def agree(op: dict[str, Any]) -> None:
        theirs = stored(oracle.ask({SESSION: model}, TABLE, op))
        ours = stored(words.params(op))
        assert op.get("set", op.get("item", {})).keys() <= theirs.keys() | op.get("key", {}).keys()
        assert {field: ours.get(field) for field in theirs} == theirs
        # An update also writes the halves of index keys that the item's own key gives.
        assert all(field.startswith("gsi") for field in ours.keys() - theirs.keys())

    agree()


def test_the_importer_declares_them(model: dict[str, Any]) -> None:
    ported = port_model(model)
    attributes = ported.entity["attributes"]
    declared = leyden.load(blocks("yaml"), table=TABLE)[SESSION].spec.attributes

    found = leyden.load(
        dict(ported.entity), table=TABLE, hooks=dict.fromkeys(ported.hooks, lambda v, _: v)
    )["session"].spec.attributes
    for name in ("tenant", "name", "iban", "phone"):
        assert found[name].normalize == declared[name].normalize
    for name in ("hour", "day", "month", "year"):
        assert found[name].derive == declared[name].derive
    left = {name for name, options in attributes.items() if "set" in options}
    assert left == {"week", "quarter", "ends", "expires", "slug", "path"}
