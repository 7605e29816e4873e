"""Updates that a record begins: what it changes, and what it tells of the rest of its item."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs
import pytest

import leyden
from leyden.errors import (
    ArgumentError,
    InputError,
    InvalidExpressionError,
    MissingCompositeError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.mapping.lack import lack_of, narrow

SOURCE: Final = """
entity: parcels
alias: parcel
version: "1"
service: changes
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  status: {type: [open, paid, sent], default: open}
  weight: {type: integer, min: 0}
  total: {type: decimal, required: true, min: 0}
  lines: {type: list, items: {type: map, properties: {sku: string, count: integer}}}
  place: {type: map, properties: {row: string, code: {type: string, hidden: true}}}
  made_at: {type: timestamp, default: {generate: now}, read_only: true}
  seen_at: {type: timestamp, on_write: {generate: now}}
  label: {type: string, watch: [status, weight], derive: "join(' ', [status, to_string(weight)])"}
  handle: string
  secret: {type: string, hidden: true}
unique: [[org, handle]]
indexes:
  parcels:
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [id]}
  by_status:
    index: gsi1
    when: "status != 'sent'"
    pk: {field: gsi1pk, composite: [status]}
    sk: {field: gsi1sk, composite: [made_at, weight]}
"""
KEY: Final = {"org": "o", "id": "1"}
VALUES: Final[dict[str, Any]] = {
    **KEY,
    "weight": 3,
    "total": Decimal("5.5"),
    "lines": [{"sku": "x", "count": 1}],
    "made_at": "2026-01-02T03:04:05Z",
    "handle": "h",
}


@pytest.fixture
def parcel() -> leyden.Entity:
    return leyden.load(SOURCE, table="t")["parcel"]


def read(parcel: leyden.Entity, **values: Any) -> Any:
    return parcel.parse(parcel.put({**VALUES, **values}).params()["Item"])


def sent(chain: Any) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """What a chain sets and conditions on, by field, and what it removes."""
    params = chain.params()
    names, values = params["ExpressionAttributeNames"], params["ExpressionAttributeValues"]
    sets, _, removes = params["UpdateExpression"].partition("REMOVE")
    parts = sets.removeprefix("SET ").strip().split(", ")
    pairs = [part.split(" = ") for part in parts if " = :" in part]
    condition = params["ConditionExpression"].split(" AND ")
    equal = [part.split(" = ") for part in condition if " = " in part and "OR" not in part]
    return (
        {names[n]: values[v] for n, v in pairs if names.get(n, _ALWAYS[0]) not in _ALWAYS},
        {names[n]: values[v] for n, v in equal if names[n] not in _ALWAYS},
        {names[n.strip()] for n in removes.split(",") if n.strip()},
    )


_ALWAYS: Final = ("seen_at", "org", "id", "__edb_e__", "__edb_v__")
MADE: Final = {"S": "2026-01-02T03:04:05.000Z"}


WAYS: Final[dict[str, Callable[..., Any]]] = {
    "named": lambda verb, record, **changes: verb(record, **changes),
    "evolved": lambda verb, record, **changes: verb(attrs.evolve(record, **changes)),
    "replaced": lambda verb, record, **changes: verb(record.__replace__(**changes)),
    "pickled": lambda verb, record, **changes: verb(
        pickle.loads(pickle.dumps(attrs.evolve(record, **changes)))
    ),
    "copied": lambda verb, record, **changes: verb(
        copy.deepcopy(copy.copy(attrs.evolve(record, **changes)))
    ),
    "beside": lambda verb, record, **changes: verb(record, **KEY, **changes),
}


@pytest.mark.parametrize("verb", ["patch", "update"])
@pytest.mark.parametrize("way", WAYS)
def test_it_sends_what_differs_under_the_condition_of_what_it_needs(
    parcel: leyden.Entity, verb: str, way: str
) -> None:
    start = getattr(parcel, verb)
    record = read(parcel, handle=None)
    sets, conditions, removes = sent(WAYS[way](start, record, weight=4, lines=None))
    assert sets == {
        "weight": {"N": "4"},
        "label": {"S": "open 4"},
        "gsi1pk": {"S": "$changes#status_open"},
        "gsi1sk": {"S": "$parcels_1#made_at_2026-01-02t03:04:05.000z#weight_4"},
    }
    assert conditions == {"status": {"S": "open"}, "made_at": MADE}
    assert removes == {"lines"}
    # What nothing depends on has no condition.
    sets, conditions, removes = sent(WAYS[way](start, record, total=6))
    assert (sets, conditions, removes) == ({"total": {"N": "6"}}, {}, set())
    # An index that the item leaves needs nothing of it; the label does.
    _, conditions, removes = sent(WAYS[way](start, record, status="sent"))
    assert conditions == {"made_at": MADE, "weight": {"N": "3"}}
    assert removes == {"gsi1pk", "gsi1sk"}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_and_the_same_is_no_change(parcel: leyden.Entity, way: str) -> None:
    record = read(parcel)
    same = {
        "weight": 3,
        "total": Decimal("5.50"),
        "status": "open",
        "place": None,
        "label": "open 3",
    }
    assert sent(WAYS[way](parcel.patch, record, **same)) == ({}, {}, set())
    assert lack_of(attrs.evolve(record, **same)) == lack_of(record)


def test_changes_add_up_over_records(parcel: leyden.Entity) -> None:
    record = read(parcel)
    twice = attrs.evolve(attrs.evolve(record, total=6), lines=None)
    sets, _, removes = sent(parcel.patch(twice, place={"row": "b"}))
    assert (set(sets), removes) == ({"total", "place"}, {"lines"})
    assert twice == attrs.evolve(record, total=6, lines=None)


def test_a_list_that_was_changed_in_place_is_written_where_it_is_named(
    parcel: leyden.Entity,
) -> None:
    for way in WAYS.values():
        record = read(parcel)
        record.lines.append({"sku": "y", "count": 2})
        sets, _, _ = sent(way(parcel.patch, record, lines=record.lines))
        assert len(sets["lines"]["L"]) == 2


def test_nothing_but_the_class_tells_a_changed_record(parcel: leyden.Entity) -> None:
    record = read(parcel)
    changed = attrs.evolve(record, weight=4)
    other = read(parcel, weight=4)
    assert changed == attrs.evolve(other, label=record.label, seen_at=record.seen_at)
    assert repr(changed) == repr(record).replace("weight=3", "weight=4")
    assert attrs.asdict(changed) == {**attrs.asdict(record), "weight": 4}
    assert attrs.fields(type(changed)) == attrs.fields(type(record)) == attrs.fields(parcel.record)
    assert changed.to_dict() == {**record.to_dict(), "weight": 4}
    assert isinstance(changed, parcel.record)
    match changed:
        case leyden.Record(weight=4, status=status):
            assert status == "open"
        case _:
            raise AssertionError(changed)


@pytest.mark.parametrize("way", [name for name in WAYS if name != "beside"])
def test_a_record_of_one_item_changes_no_other(parcel: leyden.Entity, way: str) -> None:
    record = read(parcel)
    assert WAYS[way](parcel.patch, record, id="1").params()["Key"]["sk"]["S"].endswith("id_1")
    with pytest.raises(ReadOnlyAttributeError, match='"id" is part of the item\'s own key'):
        WAYS[way](parcel.patch, record, id="2")
    with pytest.raises(ReadOnlyAttributeError, match='"made_at" is read-only'):
        WAYS[way](parcel.patch, record, made_at="2027-01-01T00:00:00Z")
    with pytest.raises(ReadOnlyAttributeError, match='"label" is derived'):
        WAYS[way](parcel.patch, record, label="x")
    with pytest.raises(RequiredAttributeError, match='"total" is required'):
        WAYS[way](parcel.patch, record, total=None)
    with pytest.raises(ValidationError, match='"weight" must be at least 0'):
        WAYS[way](parcel.patch, record, weight=-1)


@pytest.mark.parametrize("verb", ["get", "update", "patch", "delete", "remove", "check"])
def test_what_was_not_found_is_no_key(parcel: leyden.Entity, verb: str) -> None:
    call = getattr(parcel, verb)
    for more, named in (((), {}), ((), {"total": 6}), (({"total": 6},), {})):
        with pytest.raises(ArgumentError, match=r"not as None, which \.get\(\) returns"):
            call(None, *more, **named)


def test_errors_name_the_call(parcel: leyden.Entity) -> None:
    with pytest.raises(UnknownAttributeError) as unknown:
        parcel.patch(read(parcel), weigth=4)
    assert str(unknown.value).startswith('parcel.patch: "parcels" has no attribute "weigth"')
    with pytest.raises(ValidationError) as wrong:
        parcel.record(weight=-1)
    assert str(wrong.value) == 'parcel.record: "weight" must be at least 0'
    with pytest.raises(ArgumentError, match=r'parcel\.record: "parcels" has no attribute "weigth"'):
        read(parcel).__replace__(weigth=4)


def test_steps_come_after_and_in_place_of_what_the_record_says(parcel: leyden.Entity) -> None:
    record = read(parcel)
    chain = parcel.patch(record, total=6).append(lines=[{"sku": "z"}]).set(total=7)
    sets, conditions, _ = sent(chain)
    assert (sets["total"], conditions) == ({"N": "7"}, {})
    assert sent(parcel.patch(record).set(weight=4)) == sent(parcel.patch(record, weight=4))
    assert sent(parcel.patch(record).remove("lines")) == sent(parcel.patch(record, lines=None))
    # What a caller says goes before what the record shows.
    said = parcel.patch(record, weight=4).composite(status="paid")
    assert sent(said)[1] == {"status": {"S": "paid"}, "made_at": MADE}
    hidden = parcel.patch(record, secret="s", total=parcel.attr.weight + 1).params()
    assert "secret" in hidden["ExpressionAttributeNames"].values()


def test_no_step_takes_the_place_of_what_a_record_says_but_a_new_value(
    parcel: leyden.Entity,
) -> None:
    record = read(parcel)
    for record_says, step in (
        ({"lines": []}, lambda chain: chain.append(lines=[{"sku": "z"}])),
        ({"lines": []}, lambda chain: chain.set({"lines[0].count": 2})),
        ({"lines": []}, lambda chain: chain.remove("lines[0]")),
        ({"total": 6}, lambda chain: chain.add(total=1)),
        ({"handle": "x"}, lambda chain: chain.if_not_exists(handle="y")),
        ({"lines": None}, lambda chain: chain.set({"lines[0].count": 2})),
    ):
        for way in (WAYS["named"], WAYS["evolved"]):
            with pytest.raises(InvalidExpressionError, match="change the same place"):
                step(way(parcel.patch, record, **record_says))
    assert sent(parcel.patch(record, total=6, lines=[]).remove("lines"))[2] == {"lines"}


def test_a_part_tells_what_was_read(parcel: leyden.Entity) -> None:
    part = narrow(read(parcel), frozenset({"org", "id", "status", "made_at"}))
    sets, conditions, _ = sent(parcel.patch(part, weight=4))
    assert conditions == {"status": {"S": "open"}, "made_at": MADE}
    assert sets["label"] == {"S": "open 4"}
    with pytest.raises(MissingCompositeError, match='"made_at"'):
        parcel.patch(narrow(read(parcel), frozenset({"org", "id", "status"})), weight=4).params()
    evolved = attrs.evolve(part, total=7)
    assert evolved.to_dict().keys() == {"org", "id", "status", "made_at", "total"}
    assert sent(parcel.patch(evolved))[0] == {"total": {"N": "7"}}


def test_a_record_made_by_hand_changes_all_that_it_was_made_with(parcel: leyden.Entity) -> None:
    made = parcel.record(**KEY, total=7, lines=None, weight=None)
    assert made == parcel.record(**KEY, total=Decimal(7))
    params = parcel.patch(parcel.record(id="1", total=7), org="o").params()
    assert params["Key"]["pk"]["S"] == "$changes#org_o"
    with pytest.raises(MissingCompositeError):
        # It was never read, and tells nothing of what the index needs.
        parcel.patch(made).params()
    sets, conditions, removes = sent(parcel.patch(parcel.record(**KEY, total=7, lines=None)))
    assert (sets, conditions, removes) == ({"total": {"N": "7"}}, {}, {"lines"})
    # Sent back as it was read: nobody sets what is set once, or made by every write.
    whole = parcel.record(**read(parcel, handle=None).to_dict())
    sets, conditions, removes = sent(parcel.patch(whole))
    assert (sets["total"], conditions, removes) == ({"N": "5.5"}, {"made_at": MADE}, set())


def test_a_record_made_by_hand_is_checked_as_a_write_would(parcel: leyden.Entity) -> None:
    made = parcel.record(**KEY, total=5, made_at="2026-01-02T03:04:05Z", lines=({"sku": "x"},))
    assert (made.total, made.lines) == (Decimal(5), [{"sku": "x"}])
    assert made.made_at == read(parcel).made_at
    assert (made.status, made.to_dict().keys()) == (
        None,
        {"org", "id", "total", "lines", "made_at"},
    )
    item = parcel.create(made, weight=1).params()["Item"]
    assert item["status"] == {"S": "open"}
    for wrong in ({"total": -1}, {"status": "lost"}, {"lines": [{"sku": 1}]}, {"weight": "3"}):
        with pytest.raises(ValidationError):
            parcel.record(**KEY, **wrong)
    with pytest.raises(RequiredAttributeError, match='"total"'):
        parcel.create(parcel.record(**KEY)).params()


def test_what_a_map_hides_is_not_said_of_it(parcel: leyden.Entity) -> None:
    item = parcel.put(**{**VALUES, "handle": None}, place={"row": "a", "code": "c"}).params()[
        "Item"
    ]
    record = parcel.parse(item)
    sets, conditions, _ = sent(parcel.patch(record, total=6))
    assert (sets, conditions) == ({"total": {"N": "6"}}, {})
    with pytest.raises(ValidationError, match='was read without "code"'):
        parcel.patch(record, place=record.place)


def test_the_version_that_was_seen_is_expected() -> None:
    source = SOURCE.replace("unique: [[org, handle]]", "version_attribute: rev").replace(
        "  secret:", "  rev: integer\n  secret:"
    )
    parcel = leyden.load(source, table="t")["parcel"]
    record = parcel.parse(parcel.put(VALUES).params()["Item"])
    assert record.rev == 1
    for chain in (parcel.patch(record, total=6), parcel.patch(attrs.evolve(record, total=6))):
        assert sent(chain)[1] == {"rev": {"N": "1"}}
    body = parcel.record(**KEY, total=6, rev=7)
    assert sent(parcel.patch(body))[1] == {"rev": {"N": "7"}}
    assert parcel.put(attrs.evolve(record, total=6), secret="s").params()["Item"]["rev"] == {
        "N": "2"
    }

    for drops in (
        lambda: parcel.patch(record, total=6, rev=None),
        lambda: parcel.update(attrs.evolve(record, total=6, rev=None)),
        lambda: parcel.patch(record, parcel.record(total=6, rev=None)),
    ):
        # Without it the write would lose what others wrote meanwhile.
        with pytest.raises(ReadOnlyAttributeError, match='"rev" is the version'):
            drops()
    item = parcel.put(VALUES).params()["Item"]
    uncounted = parcel.parse({name: value for name, value in item.items() if name != "rev"})
    for verb in ("patch", "update", "delete", "remove", "check"):
        # Who wrote meanwhile has counted the item.
        expected = getattr(parcel, verb)(uncounted)._expected
        assert (expected.number, expected.stored) == (None, True)
        part = narrow(parcel.parse(item), frozenset({"org", "id", "total"}))
        assert getattr(parcel, verb)(part)._expected is None
    unseen = parcel.record(**KEY, total=6, rev=None)
    assert sent(parcel.patch(unseen)) == sent(parcel.patch(parcel.record(**KEY, total=6)))


def test_writes_of_a_part_still_refuse_one_that_was_evolved(parcel: leyden.Entity) -> None:
    part = attrs.evolve(narrow(read(parcel), frozenset({"org", "id"})), total=7)
    with pytest.raises(InputError, match="shows org, id, total of its item"):
        parcel.put(part)


def test_changes_may_come_in_a_mapping_or_in_a_record(parcel: leyden.Entity) -> None:
    record = read(parcel)
    named = sent(parcel.patch(record, total=6, lines=None, id="1"))
    for changes in (
        {"total": 6, "lines": None, "id": "1"},
        parcel.record(total=6, lines=None, id="1"),
        attrs.evolve(record, total=6, lines=None),
    ):
        assert sent(parcel.patch(record, changes)) == named
        assert sent(parcel.update(record, changes, total=8))[0] == {"total": {"N": "8"}}
    with pytest.raises(ReadOnlyAttributeError):
        parcel.patch(record, parcel.record(id="2"))
    with pytest.raises(ArgumentError, match="got 2 positional arguments"):
        parcel.patch(record, 5)


@pytest.mark.filterwarnings("ignore:.*attribute.set_on_key")
@pytest.mark.parametrize("form", ["normalize: [trim, lower]", "set: {call: low}"])
def test_what_was_stored_in_another_form_is_not_said_to_be_known(form: str) -> None:
    source = """
entity: people
alias: person
version: "1"
service: changes
attributes:
  id: {type: string, required: true}
  email: {type: string, FORM}
  age: {type: integer, padding: {length: 3, char: "0"}}
indexes:
  people:
    pk: {field: pk, composite: [id]}
  by_email:
    index: gsi1
    pk: {field: gsi1pk, composite: [id]}
    sk: {field: gsi1sk, composite: [email, age]}
"""
    hooks = {"low": lambda value, values: value and value.strip().lower()}
    before = leyden.load(source.replace(", FORM", ""), table="t")["person"]
    item = before.put(id="1", email=" A@x", age=5).params()["Item"]
    person = leyden.load(source.replace("FORM", form), table="t", hooks=hooks)["person"]
    record = person.parse(item)
    # A condition that the email is " a@x" would never hold.
    with pytest.raises(MissingCompositeError, match='without "email"'):
        person.patch(record, age=6).params()
    sets, conditions, _ = sent(person.patch(record, age=6).set(email=record.email))
    assert (sets["email"], conditions) == ({"S": "a@x"}, {})
    normal = attrs.evolve(record, age=6, email="a@x")
    assert sent(person.patch(normal))[1] == {}
    stored = person.parse(person.put(id="1", email=" A@x", age=5).params()["Item"])
    assert sent(person.patch(stored, age=6))[1] == {"email": {"S": "a@x"}}


def test_what_no_condition_can_compare_is_not_taken_from_a_record() -> None:
    source = """
entity: notes
alias: note
version: "1"
service: changes
attributes:
  id: {type: string, required: true}
  name: string
  body: {type: string, overflow: chunk}
  once: {type: string, read_only: true, encrypt: true}
  head: {type: string, derive: "join('', [name || '-', body || '-'])"}
indexes:
  notes:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""
    note = leyden.load(source, table="t", encryption_keys={"k": b"1" * 32})["note"]
    record = note.parse(note.put(id="1", name="n", body="b", once="o").params()["Item"])
    with pytest.raises(MissingCompositeError, match='reads "body" as well'):
        note.patch(record, name="m").params()
    sent_back = note.patch(note.record(**record.to_dict())).params()
    assert "once" not in sent_back["ExpressionAttributeNames"].values()
