"""Keys as ElectroDB writes them: built, parsed back, ranged, and guarded."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.keys import KeyForm, entity_keys
from leyden.keys.form import pad, unpad
from leyden.schema.spec import EntitySpec, IndexSpec, KeySpec, Padding
from leyden.types.numbers import number_text
from leyden.types.times import timestamp_text
from tests.keys.specs import attribute, entity

words = st.text("abc#_ABC1-", max_size=8)


def sort_form(spec: EntitySpec) -> KeyForm:
    form = entity_keys(spec).primary.sk
    assert form is not None
    return form


def partition_form(spec: EntitySpec) -> KeyForm:
    form = entity_keys(spec).primary.pk
    assert form is not None
    return form


TWO = entity([attribute("p"), attribute("a"), attribute("b")], ["p"], ["a", "b"])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5.0, "5"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (1.5e300, "1.5e+300"),
        (10**21, "1e+21"),
        (10**21 + 1, "1.000000000000000000001e+21"),
        (-42, "-42"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0"), "0"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(number: Any, text: str) -> None:
    assert number_text(number) == text


def test_a_timestamp_is_written_as_utc_to_the_millisecond() -> None:
    value = datetime.fromisoformat("0099-02-03T10:15:00.123999+01:00")
    assert timestamp_text(value) == "0099-02-03T09:15:00.123Z"


@pytest.mark.parametrize(
    ("text", "length", "char", "padded"),
    [
        ("5", 5, "0", "00005"),
        ("-5", 4, "0", "00-5"),
        ("long", 2, "0", "long"),
        ("5", 8, "ab", "abababa5"),
    ],
)
def test_padding_works_as_padstart_does(text: str, length: int, char: str, padded: str) -> None:
    assert pad(text, Padding(length, char)) == padded


def test_unpadding_keeps_the_last_character() -> None:
    assert unpad("00000", Padding(5, "0")) == "0"


def test_a_write_stops_at_the_label_of_the_first_missing_value() -> None:
    form = sort_form(TWO)
    assert form.build({"a": "X"}) == "$things_1#a_x#b_"
    assert form.build({"b": "ignored"}) == "$things_1#a_"


def test_a_range_stops_behind_the_last_value() -> None:
    assert sort_form(TWO).stem({"a": "X"}) == "$things_1#a_x"


def test_a_clustered_key_ends_in_its_entity_when_it_is_complete() -> None:
    spec = entity(
        [attribute("p"), attribute("a")], ["p"], ["a"], kind="clustered", collection=("all",)
    )
    form = sort_form(spec)
    assert form.build({"a": "X"}) == "$all#a_x#things_1"
    assert form.build({}) == "$all#a_"
    assert form.parse("$all#a_x#things_1") == {"a": "x"}


def test_without_a_sort_key_the_entity_stands_in_the_partition_key() -> None:
    spec = entity([attribute("p")], ["p"], None, scope="eu")
    assert partition_form(spec).build({"p": "1"}) == "$shop$things_1_eu#p_1"


def test_a_sub_collection_starts_with_all_names_above_it() -> None:
    spec = entity([attribute("p"), attribute("a")], ["p"], ["a"], collection=("one", "two"))
    keys = entity_keys(spec).primary
    assert sort_form(spec).build({"a": "x"}) == "$one#two#things_1#a_x"
    assert keys.collection_stem("one") == "$one"
    assert keys.collection_stem("two") == "$one#two"


@pytest.mark.parametrize(
    ("casing", "key"), [("upper", "$SHOP#P_AB"), ("none", "$shop#p_aB"), ("lower", "$shop#p_ab")]
)
def test_casing_covers_prefix_labels_and_values(casing: str, key: str) -> None:
    spec = entity([attribute("p")], ["p"], [], casing=casing)
    assert partition_form(spec).build({"p": "aB"}) == key


def templated(template: str, *names: str, kind: str = "string", field: str = "pk") -> KeyForm:
    attributes = [attribute(name, kind) for name in names]
    spec = entity(attributes, list(names), None)
    index = IndexSpec("main", None, KeySpec(field, names, template=template, casing="none"))
    return partition_form(
        EntitySpec("things", "thing", "1", "shop", spec.attributes, {"main": index})
    )


def test_a_template_has_no_prefix_and_keeps_its_closing_text() -> None:
    form = templated("R#${a}/${b}!", "a", "b")
    assert form.build({"a": "x", "b": "y"}) == "R#x/y!"
    assert form.build({"a": "x"}) == "R#x/"
    assert form.stem({"a": "x"}) == "R#x"
    assert form.parse("R#x/y!") == {"a": "x", "b": "y"}


def test_a_template_of_one_number_alone_is_a_number_key() -> None:
    form = templated("${a}", "a", kind="number")
    assert form.build({"a": 42}) == 42
    assert form.build({}) is None


def test_a_timestamp_in_a_template_is_not_taken_for_its_separator() -> None:
    form = templated("${a}-${b}", "a", "b", kind="timestamp")
    at = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
    assert not form.is_ambiguous({"a": at, "b": at})


@given(words, words)
def test_two_unambiguous_values_never_share_a_key_but_by_case(a: str, b: str) -> None:
    form = sort_form(TWO)
    values = {"a": a, "b": b}
    key = form.build(values)
    assert key is not None
    if form.is_ambiguous(values):
        assert form.parse(key) != {"a": a.lower(), "b": b.lower()}
    else:
        assert form.parse(key) == {"a": a.lower(), "b": b.lower()}


def test_a_value_that_holds_the_next_label_is_ambiguous() -> None:
    form = sort_form(TWO)
    assert form.is_ambiguous({"a": "1#b_2", "b": "3"})
    assert not form.is_ambiguous({"a": "1", "b": "2#b_3"})
    assert form.build({"a": "1#b_2", "b": "3"}) == form.build({"a": "1", "b": "2#b_3"})


def test_case_makes_text_collide_and_numbers_not() -> None:
    assert partition_form(entity([attribute("p")], ["p"], None)).can_collide
    assert not partition_form(entity([attribute("p", "number")], ["p"], None)).can_collide
    kept = entity([attribute("p")], ["p"], None, casing="none")
    assert not partition_form(kept).can_collide


def test_a_foreign_key_is_refused_when_read_back() -> None:
    with pytest.raises(ValueError, match='the key field "sk" does not have the form'):
        sort_form(TWO).parse("$others_1#a_x#b_y")


def test_a_field_that_two_access_patterns_share_has_one_form() -> None:
    spec = entity([attribute("p"), attribute("a")], ["p"], ["a"])
    reverse = IndexSpec("reverse", "gsi1", KeySpec("sk", ("a",)), KeySpec("pk", ("p",)))
    spec = EntitySpec(
        "things", "thing", "1", "shop", spec.attributes, {**spec.indexes, "reverse": reverse}
    )
    keys = entity_keys(spec)
    assert keys["reverse"].pk is keys.primary.sk
    assert keys["reverse"].sk is keys.primary.pk


def test_a_number_cast_takes_the_leading_whole_number_of_a_text() -> None:
    attributes = [attribute("p")]
    index = IndexSpec("main", None, KeySpec("pk", ("p",), cast="number"))
    spec = EntitySpec("t", "t", "1", "s", {a.name: a for a in attributes}, {"main": index})
    assert partition_form(spec).build({"p": "12kg"}) == 12
    with pytest.raises(ValueError, match='"p" does not start with a whole number'):
        partition_form(spec).build({"p": "kg"})
