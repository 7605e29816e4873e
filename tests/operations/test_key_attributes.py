"""Attributes that are themselves keys: written, looked for and guarded in the key's casing."""

from __future__ import annotations

from typing import Any

import pytest

import leyden

PEOPLE = """
entity: people
alias: person
version: "1"
service: club
attributes:
  email: {type: string, required: true}
  city: string
  seen_at: {type: timestamp, required: true, on_write: {generate: now}}
indexes:
  people:
    pk: {field: pk, composite: [email]}
    sk: {field: sk, composite: [seen_at]}
  mailing:
    index: gsi1
    pk: {field: email, composite: [email]}
    sk: {field: city, composite: [city]}
  days:
    index: gsi2
    pk: {field: gsi2pk, composite: [seen_at]}
    sk: {field: gsi2sk, composite: [city]}
"""

KEY = {"email": "Ann@Example.org", "seen_at": "2026-01-02T03:04:05Z"}
STORED = {"S": "ann@example.org"}


@pytest.fixture(scope="module")
def person() -> leyden.Entity:
    return leyden.load(PEOPLE, table="club")["person"]


@pytest.mark.parametrize("city", [{"city": "Ulm"}, {}])
def test_an_item_holds_the_attribute_as_its_key_has_it(
    person: leyden.Entity, city: dict[str, str]
) -> None:
    assert person.put(**KEY, **city).params()["Item"]["email"] == STORED


@pytest.mark.parametrize("city", [{"city": "Ulm"}, {}])
def test_an_upsert_and_an_update_write_what_a_put_does(
    person: leyden.Entity, shown: Any, city: dict[str, str]
) -> None:
    upsert = person.upsert(**KEY, **city).params()
    update = person.update(**KEY).set(city="Ulm").params()

    assert 'email = "ann@example.org"' in shown(upsert, "UpdateExpression")
    assert 'email = "ann@example.org"' in shown(update, "UpdateExpression")
    for params in (upsert, update):
        assert "Ann@" not in str(params["ExpressionAttributeValues"])


def test_reads_and_deletes_look_for_what_is_stored(person: leyden.Entity, shown: Any) -> None:
    item = person.put(**KEY, city="Ulm").params()["Item"]

    program = person.get(**KEY).program()
    next(program)
    with pytest.raises(StopIteration) as end:
        program.send({"Item": item})
    assert end.value.value.city == "ulm"

    for operation in (person.delete(**KEY), person.remove(**KEY), person.check(**KEY)):
        condition = shown(operation.params(), "ConditionExpression")
        assert 'email = "ann@example.org"' in condition


def test_a_batch_and_a_query_find_what_is_stored(person: leyden.Entity) -> None:
    item = person.put(**KEY, city="Ulm").params()["Item"]

    program = person.get([KEY]).program()
    next(program)
    with pytest.raises(StopIteration) as end:
        program.send([{"Responses": {"club": [item]}}])
    assert [record.city for record in end.value.value] == ["ulm"]

    program = person.query.people(email=KEY["email"]).program()
    next(program)
    with pytest.raises(StopIteration) as end:
        program.send({"Items": [item], "Count": 1, "ScannedCount": 1})
    assert [record.city for record in end.value.value] == ["ulm"]


def test_an_update_leaves_the_own_key_as_it_is_though_writes_set_it(
    person: leyden.Entity, shown: Any
) -> None:
    text = shown(person.update(**KEY).set(city="Ulm").params(), "UpdateExpression")

    assert 'seen_at = "2026-01-02T03:04:05.000Z"' in text
    assert text.count("seen_at = ") == 1
    # An item that this update makes is found by it.
    assert 'gsi2pk = "$club#seen_at_2026-01-02t03:04:05.000z"' in text


REPEATED = """
entity: e
version: "1"
service: svc
attributes: {id: {type: string, required: true}, a: string, b: string}
indexes: {main: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: [a, b, a]}}}
"""


def test_an_attribute_may_stand_in_a_key_twice_as_in_electrodb() -> None:
    entity = leyden.load(REPEATED, table="t")["e"]
    item = entity.put(id="1", a="x", b="y").params()["Item"]
    assert item["sk"] == {"S": "$e_1#a_x#b_y#a_x"}
    assert entity.conversions.keys_to_attributes({"pk": "$svc#id_1", "sk": item["sk"]["S"]}) == {
        "id": "1",
        "a": "x",
        "b": "y",
    }
    with pytest.raises(leyden.LeydenError, match='two values of "a"'):
        entity.conversions.keys_to_attributes({"pk": "$svc#id_1", "sk": "$e_1#a_x#b_y#a_z"})

    def sort_key(query: Any) -> tuple[str, str]:
        params = query.params()
        return params["KeyConditionExpression"], params["ExpressionAttributeValues"][":1"]["S"]

    begun = sort_key(entity.query.main(id="1", a="x"))
    assert begun == ("#0 = :0 AND begins_with(#1, :1)", "$e_1#a_x#b_")
    whole = sort_key(entity.query.main(id="1", a="x", b="y"))
    assert whole == ("#0 = :0 AND #1 = :1", "$e_1#a_x#b_y#a_x")


GOODS = """
entity: good
version: "1"
service: shop
attributes:
  sku:   {type: string, required: true, pattern: "^[A-Za-z]+$"}
  shelf: {type: string, field: gsi1sk}
  code:  {type: string, field: gsi2pk, derive: "join('!', [sku, shelf || 'None'])"}
  label: {type: string, derive: "join('!', [sku, shelf || 'None'])"}
indexes:
  goods:
    pk: {field: pk, composite: [sku], casing: none}
    sk: {field: sk, composite: []}
  shelves:
    index: gsi1
    pk: {field: gsi1pk, composite: [sku]}
    sk: {field: gsi1sk, composite: [shelf]}
  codes:
    index: gsi2
    pk: {field: gsi2pk, composite: [code]}
    sk: {field: gsi2sk, composite: []}
  top:
    index: gsi3
    when: WHEN
    pk: {field: gsi3pk, composite: [shelf]}
    sk: {field: gsi3sk, composite: [sku]}
"""


@pytest.fixture(scope="module", params=["\"shelf == 'top'\"", "{call: top, reads: [shelf]}"])
def good(request: pytest.FixtureRequest) -> leyden.Entity:
    hooks = {"top": lambda values: values.get("shelf") == "top"}
    schema = GOODS.replace("WHEN", request.param)
    return leyden.load(schema, table="shop", hooks=hooks if "call" in request.param else {})["good"]


def test_derived_values_and_conditions_see_the_text_that_is_stored(good: leyden.Entity) -> None:
    item = good.put(sku="Jar", shelf="Top").params()["Item"]
    assert item["gsi1sk"] == {"S": "top"}
    assert item["label"] == {"S": "Jar!top"}
    assert item["gsi2pk"] == {"S": "jar!top"}
    assert item["gsi3pk"] == {"S": "$shop#shelf_top"}
    assert good.put(good.parse(item)).params()["Item"] == item
    assert good.put(sku="Jar", shelf="top").params()["Item"] == item
    assert "gsi3pk" not in good.put(sku="Jar", shelf="Low").params()["Item"]


@pytest.mark.parametrize("verb", ["update", "patch", "upsert"])
def test_other_verbs_derive_and_ask_the_same(good: leyden.Entity, verb: str) -> None:
    chain = getattr(good, verb)(sku="Jar").set(shelf="Top")
    written = [value["S"] for value in chain.params()["ExpressionAttributeValues"].values()]
    assert {"top", "Jar!top", "jar!top", "$shop#shelf_top"} <= set(written)
    assert not any("Top" in text for text in written)
