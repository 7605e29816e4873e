"""Attributes in a key's own field: how they are stored, read, and looked for in conditions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.expressions.condition import Condition

import leyden
from leyden.errors import AmbiguousKeyError, ValidationError
from leyden.operations.plan.expressions import Expressions


def member(**options: Any) -> Any:
    """An entity whose own key and one index key are attributes, with text around them."""
    half: dict[str, Any] = {"field": "at", "template": "AT#${at}#end"}
    return leyden.load(
        {
            "entity": "member",
            "version": "1",
            "service": "club",
            "attributes": {
                "user_id": {"type": "string", "field": "userId"},
                "at": {"type": "string", **options},
                "email": "string",
                "kind": {"type": ["Free", "Paid"]},
                "note": "string",
            },
            "indexes": {
                "own": {"pk": {"field": "userId", "template": "USER#${user_id}"}, "sk": half},
                "by_email": {
                    "index": "gsi1",
                    "pk": {"field": "email", "template": "MAIL#${email}"},
                    "sk": {"field": "gsi1sk", "composite": ["note"]},
                },
                "by_kind": {
                    "index": "gsi2",
                    "pk": {"field": "kind", "composite": ["kind"]},
                    "sk": {"field": "gsi2sk", "composite": ["note"]},
                },
            },
        },
        table="club",
    )["member"]


MEMBER = member()


def asked(condition: Condition) -> str:
    """A condition with its names and values in place."""
    expressions = Expressions()
    text = expressions.condition(condition)
    for name, placeholder in reversed(expressions.names.items()):
        text = text.replace(placeholder, name)
    for placeholder, value in reversed(expressions.values.items()):
        ((_, content),) = value.items()
        text = text.replace(placeholder, repr(content))
    return text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (MEMBER.attr.user_id == "U1", "userId = 'user#u1'"),
        (MEMBER.attr.user_id != "U1", "userId <> 'user#u1'"),
        (MEMBER.attr.user_id < "U1", "userId < 'user#u1'"),
        (MEMBER.attr.user_id.between("a", "b"), "userId BETWEEN 'user#a' AND 'user#b'"),
        (MEMBER.attr.user_id.is_in("a", "b"), "userId IN ('user#a', 'user#b')"),
        (MEMBER.attr.user_id.startswith("U"), "begins_with (userId, 'user#u')"),
        (MEMBER.attr.user_id.contains("X9"), "contains (userId, 'x9')"),
        (MEMBER.attr.user_id.size() > 3, "size (userId) > '8'"),
        (MEMBER.attr.user_id.size().between(1, 2), "size (userId) BETWEEN '6' AND '7'"),
        (MEMBER.attr.user_id.exists(), "attribute_exists (userId)"),
        (MEMBER.attr.at == "x", "at = 'at#x#end'"),
        (MEMBER.attr.at.startswith("x"), "begins_with (at, 'at#x')"),
        (MEMBER.attr.email > "a", "email > 'mail#a'"),
        (MEMBER.attr.email < "a", "(email < 'mail#a' AND email > 'mail#')"),
        (MEMBER.attr.email.exists(), "(attribute_exists (email) AND email <> 'mail#')"),
        (MEMBER.attr.email.does_not_exist(), "(attribute_not_exists (email) OR email = 'mail#')"),
        (MEMBER.attr.kind == "Paid", "kind = 'paid'"),
    ],
)
def test_a_condition_is_on_the_stored_text(condition: Condition, text: str) -> None:
    assert asked(condition) == text


@pytest.mark.parametrize(
    "make",
    [
        lambda attr: attr.at < "x",
        lambda attr: attr.at >= "x",
        lambda attr: attr.at.between("a", "b"),
        lambda attr: attr.at.contains("d"),
        lambda attr: attr.user_id.contains("ser"),
        lambda attr: attr.user_id.contains("#u1"),
        lambda attr: attr.user_id == attr.note,
        lambda attr: attr.note == attr.user_id,
    ],
)
def test_a_condition_that_the_text_around_would_make_another_one_is_refused(make: Any) -> None:
    with pytest.raises(ValidationError, match="the text of"):
        make(MEMBER.attr)


def test_an_item_without_a_value_of_its_own_key_field_is_read_so() -> None:
    item = MEMBER.put(user_id="U1", at="x", note="n").params()["Item"]
    assert item["email"] == {"S": "mail#"}
    assert MEMBER.parse(item).email is None


def test_a_member_of_an_enum_is_read_as_it_was_declared() -> None:
    item = MEMBER.put(user_id="U1", at="x", kind="Paid").params()["Item"]
    assert item["kind"] == {"S": "paid"}
    assert MEMBER.parse(item).kind == "Paid"


def test_an_empty_value_that_would_read_as_none_is_refused() -> None:
    with pytest.raises(ValidationError, match='"email" is empty'):
        MEMBER.put(user_id="U1", at="x", email="").params()


def test_every_verb_writes_the_text_once() -> None:
    key = {"user_id": "U1", "at": "x"}
    written = [
        MEMBER.upsert(**key, email="A@B", note="n"),
        MEMBER.update(**key).set(email="A@B", note="n"),
        MEMBER.patch(**key).set(note="n").composite(email="A@B"),
    ]
    for chain in written:
        values = chain.params()["ExpressionAttributeValues"].values()
        assert {"S": "mail#a@b"} in values
        assert not [value for value in values if "mail#mail" in value.get("S", "").lower()]


def test_a_model_of_pynamodb_gives_values_and_stores_keys() -> None:
    made = MEMBER.model(user_id="U1", at="x", email="A@B", note="n")
    item = made.serialize()
    assert item["userId"] == {"S": "user#u1"}
    assert item["at"] == {"S": "at#x#end"}
    assert (made.user_id, made.at, made.email) == ("u1", "x", "a@b")
    assert made.serialize() == item
    assert made._get_serialized_keys() == ("user#u1", "at#x#end")
    assert MEMBER.model.from_raw_data(item).email == "a@b"


TEXTS = st.text(alphabet="aB#-é", min_size=1, max_size=4)


@given(before=TEXTS, after=st.sampled_from(["", "#z"]), value=TEXTS, part=TEXTS)
def test_what_is_looked_for_inside_of_a_value_is_found_there_alone(
    before: str, after: str, value: str, part: str
) -> None:
    entity = leyden.load(
        {
            "entity": "e",
            "version": "1",
            "service": "s",
            "attributes": {"x": "string"},
            "indexes": {"own": {"pk": {"field": "x", "template": f"{before}${{x}}{after}"}}},
        },
        table="t",
    )["e"]
    item = entity.put(x=value).params()["Item"]
    assert entity.parse(item).x == value.lower()
    try:
        looked_for = entity.attr.x.contains(part).values[1].value["S"]
    except ValidationError:
        return
    stored = item["x"]["S"]
    assert (looked_for in stored) == (part.lower() in value.lower())


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"template": "${day}#${number}"}, "Change the value or the template"),
        ({"composite": ["day", "number"]}, "or the labels, or declare `keys: strict`"),
    ],
)
def test_advice_about_an_ambiguous_key_fits_the_way_it_is_made(
    options: dict[str, Any], advice: str
) -> None:
    order = leyden.load(
        {
            "entity": "order",
            "version": "1",
            "service": "shop",
            "attributes": {"day": "string", "number": "string"},
            "indexes": {"orders": {"pk": {"field": "pk", **options}}},
        },
        table="shop",
    )["order"]
    with pytest.raises(AmbiguousKeyError) as caught:
        order.put(day="1#number_2#3", number="4").params()
    assert str(caught.value).endswith(advice)
