"""What is declared of values: their form, and what is made of the write's instant or of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import InvalidExpressionError, RequiredAttributeError, ValidationError
from leyden.mapping import EntityMapping, compile_entity
from leyden.schema import load_service
from leyden.types import normal_form
from leyden.types.normal import FORMS

AT = datetime(2026, 2, 3, 9, 15, 7, tzinfo=UTC)
HEAD = """
entity: thing
version: "1"
service: s
indexes:
  own: {pk: {field: pk, composite: [id]}, sk: {field: sk}}
attributes:
  id: {type: string, required: true}
"""


def mapping(attributes: str) -> EntityMapping:
    lines = "".join(f"  {line.strip()}\n" for line in attributes.strip().splitlines())
    return compile_entity(load_service(HEAD + lines).entities["thing"])


@given(st.sampled_from([*FORMS]), st.text(max_size=8))
def test_what_is_looked_for_is_what_is_stored(name: str, text: str) -> None:
    thing = mapping(f"a: {{type: string, normalize: {name}}}")
    try:
        stored = thing.prepare_create({"id": "1", "a": text})["a"]
    except ValidationError:  # half of a surrogate pair
        return
    assert stored == normal_form((name,))(text)
    assert thing.accept({"a": text})["a"] == stored
    assert thing.accept({"a": stored})["a"] == stored


def test_a_form_comes_before_checks_and_holds_inside_of_containers() -> None:
    thing = mapping(
        """
        a: {type: string, normalize: [trim, upper], pattern: "^[A-Z]+$", max_length: 2}
        b: {type: [x, y], normalize: lower, default: " X", required: true}
        c: {type: list, items: {type: string, normalize: trim}}
        d: {type: map, properties: {e: {type: string, normalize: lower, default: F}}}
        g: {type: set, items: {type: string, normalize: lower}}
    """.replace('" X"', "X")
    )
    values = thing.prepare_create(
        {"id": "1", "a": " no ", "c": [" x "], "d": {}, "g": ["A", "a", "b"]}
    )
    assert values["a"] == "NO"
    assert values["b"] == "x"
    assert values["c"] == ["x"]
    assert values["d"] == {"e": "f"}
    assert values["g"] == frozenset("ab")
    with pytest.raises(ValidationError, match='"a" must have a length of at most 2'):
        thing.prepare_create({"id": "1", "a": " yes "})
    with pytest.raises(ValidationError, match='"a" must be a str'):
        thing.prepare_create({"id": "1", "a": 5})


def test_what_would_bring_another_form_in_is_refused() -> None:
    thing = leyden.load(
        HEAD + "  a: {type: string, normalize: trim}\n  b: string\n", table="t", region="r-1"
    )["thing"]
    with pytest.raises(InvalidExpressionError, match="its normal form needs it"):
        thing.update(id="1").set(a=thing.attr.b)
    with pytest.raises(InvalidExpressionError, match="its normal form needs it"):
        thing.update(id="1").set(a=thing.attr.a | thing.attr.b)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", AT + timedelta(days=1)),
        ("ttl", AT + timedelta(days=1)),
        ("number", 1770196507000),
        ("string", "2026-02-04T09:15:07.000Z"),
    ],
)
def test_a_lifetime_is_a_time_as_the_type_has_it(kind: str, value: Any) -> None:
    thing = mapping(f"""
        a: {{type: {kind}, default: {{after: 1 day}}}}
        b: {{type: {kind}, on_write: {{after: 24 hours}}}}
        at: timestamp
        c: {{type: {kind}, default: {{after: 1 day, of: at}}}}
        d: {{type: {kind}, derive: {{after: 1440 minutes, of: at}}}}
        e: {{type: map, properties: {{f: {{type: {kind}, default: {{after: 1 day}}}}}}}}
    """)
    values = thing.prepare_create({"id": "1", "at": AT, "e": {}}, now=AT)
    assert [values["a"], values["b"], values["c"], values["d"], values["e"]["f"]] == [value] * 5
    assert thing.on_write_values((), now=AT) == {"b": value}
    given = thing.prepare_create({"id": "1", "a": value, "c": value})
    assert (given["a"], given["c"], given.get("d")) == (value, value, None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", AT),
        ("ttl", AT),
        ("number", 1770110107000),
        ("integer", 1770110107000),
        ("decimal", 1770110107000),
        ("string", "2026-02-03T10:15:07+01:00"),
    ],
)
def test_a_bucket_is_made_of_any_time(kind: str, value: Any) -> None:
    thing = mapping(f"""
        at: {kind}
        hour: {{type: string, derive: {{bucket: hour, of: at}}}}
        quarter: {{type: string, derive: {{bucket: quarter, of: at}}, required: true}}
    """)
    values = thing.prepare_create({"id": "1", "at": value})
    assert (values["hour"], values["quarter"]) == ("2026-02-03T09", "2026-Q1")
    if kind == "string":
        values = thing.prepare_create({"id": "1", "at": "2026-02-03"})
        assert (values["hour"], values["quarter"]) == ("2026-02-03T00", "2026-Q1")
    with pytest.raises(RequiredAttributeError, match='"quarter" is required'):
        thing.prepare_create({"id": "1"})


def test_what_is_no_time_makes_no_bucket() -> None:
    thing = mapping("""
        at: string
        ms: number
        late: timestamp
        day: {type: string, derive: {bucket: day, of: at}}
        month: {type: string, derive: {bucket: month, of: ms}}
        end: {type: timestamp, derive: {after: 1000 days, of: late}}
    """)
    for values, why in (
        ({"at": "monday"}, '"at" is not an ISO 8601 time, and "day" is made from it'),
        ({"at": "2026-02-03T09:00:00"}, '"at" is a time without an offset'),
        ({"at": "2026-02-30"}, '"at" is not an ISO 8601 time'),
        (
            {"ms": 1e30},
            '"ms" is not a time in milliseconds since 1970, and "month" is made from it',
        ),
        ({"late": datetime(9999, 1, 1, tzinfo=UTC)}, '"late" is too late for "end"'),
    ):
        with pytest.raises(ValidationError, match=why):
            thing.prepare_create({"id": "1", **values})


def test_a_slug_follows_its_text_or_is_made_once() -> None:
    thing = mapping("""
        path: {type: string, default: {slug: title}, required: true}
        title: {type: string, normalize: trim}
        slug: {type: string, derive: {slug: title, max_length: 9}}
    """)
    values = thing.prepare_create({"id": "1", "title": "  Über alle Berge "})
    assert (values["path"], values["slug"]) == ("uber-alle-berge", "uber-alle")
    assert thing.watchers({"title": "Neu!"}, {}) == {"slug": "neu"}
    assert thing.watchers({"title": None}, {}) == {"slug": None}
    assert thing.prepare_create({"id": "1", "title": "日本", "path": "jp"})["path"] == "jp"
    with pytest.raises(RequiredAttributeError, match='"path" is required'):
        thing.prepare_create({"id": "1", "title": "日本"})


@pytest.mark.parametrize("made", ["uuid4", "uuid7", "ulid", "now"])
def test_generated_values_get_the_prefix(made: str) -> None:
    thing = mapping(f"a: {{type: string, prefix: a_, default: {{generate: {made}}}}}")
    first, second = (thing.prepare_create({"id": "1"}, now=AT)["a"] for _ in range(2))
    assert first.startswith("a_")
    assert (first == second) == (made == "now")
    with pytest.raises(ValidationError, match='"a" must begin with "a_"'):
        thing.prepare_create({"id": "1", "a": "b_1"})
    assert thing.accept({"a": "b_1"}) == {"a": "b_1"}, "it is looked for, and not found"


def test_an_item_stays_in_its_own_key() -> None:
    event = leyden.load(
        """
entity: event
version: "1"
service: s
attributes:
  id: {type: string, required: true}
  at: {type: timestamp, required: true}
  day: {type: string, derive: {bucket: day, of: at}}
indexes:
  own: {pk: {field: pk, composite: [day]}, sk: {field: sk, composite: [id]}}
""",
        table="t",
        region="r-1",
    )["event"]
    chain = event.update(day="2026-02-03", id="1")
    chain.set(at=AT + timedelta(hours=3)).params()
    with pytest.raises(leyden.errors.ReadOnlyAttributeError, match="part of the item's own key"):
        chain.set(at=AT + timedelta(days=3)).params()
    assert event.get(day=AT, id="1").params()["Key"]["pk"] == {"S": "$s#day_2026-02-03"}


def test_a_bucket_stands_in_keys_as_a_time_does() -> None:
    thing = leyden.load(
        HEAD.replace(
            "attributes:",
            "  by_day: {index: gsi1, pk: {field: a, composite: [id]}, sk: {field: b, template: "
            '"${hour}-${name}"}}\nattributes:',
        )
        + "  at: timestamp\n  name: string\n"
        "  hour: {type: string, derive: {bucket: hour, of: at}}\n",
        table="t",
        region="r-1",
    )["thing"]
    item = thing.put(id="1", name="2026-x", at=AT).params()["Item"]
    assert item["b"] == {"S": "2026-02-03t09-2026-x"}
    form = thing._bound.mapping.keys.by_name["by_day"].sk
    assert form.parse(item["b"]["S"]) == {"hour": "2026-02-03T09", "name": "2026-x"}
    assert not form.is_ambiguous({"hour": "2026-02-03T09", "name": "2026-x"})


def test_a_bucket_in_its_own_key_field_is_read_as_it_was_made() -> None:
    thing = leyden.load(
        HEAD.replace(
            "attributes:",
            "  by_week: {index: gsi1, pk: {field: week, template: '${week}'}, "
            "sk: {field: b, composite: [id]}}\nattributes:",
        )
        + "  at: timestamp\n  week: {type: string, derive: {bucket: week, of: at}}\n",
        table="t",
        region="r-1",
    )["thing"]
    item = thing.put(id="1", at=AT).params()["Item"]
    assert item["week"] == {"S": "2026-w06"}
    assert thing.parse(item).week == "2026-W06"
    assert thing.query.by_week(week=AT).params()["ExpressionAttributeValues"] == {
        ":0": {"S": "2026-w06"},
        ":1": {"S": "$thing_1#id_"},
    }


def test_keys_are_made_of_what_can_be_derived() -> None:
    thing = leyden.load(
        HEAD.replace(
            "attributes:",
            "  by_day: {index: gsi1, pk: {field: a, composite: [day]}, sk: {field: b, "
            "composite: [id]}}\nattributes:",
        )
        + "  at: timestamp\n  day: {type: string, derive: {bucket: day, of: at}}\n",
        table="t",
        region="r-1",
    )["thing"]
    keys = thing.conversions.attributes_to_keys({"id": "1", "at": AT})
    assert keys["a"] == "$s#day_2026-02-03"
    assert thing.conversions.attributes_to_keys({"id": "1", "day": AT}, "by_day") == keys
    assert "a" not in thing.conversions.attributes_to_keys({"id": "1"})
    assert thing.conversions.keys_to_attributes(keys) == {"id": "1", "day": "2026-02-03"}
