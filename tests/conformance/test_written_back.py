"""A record that is written back loses nothing that it did not show, or is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import InputError, LeydenError, NotReadError
from leyden.mapping.lack import lack_of
from leyden.program import Request

SOURCE: Final = """
entity: users
alias: user
version: "1"
service: shop
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  name: string
  bio: {type: string, field: b}
  age: {type: integer, min: 0, max: 99, padding: {length: 2, char: "0"}}
  card: {type: map, properties: {brand: string, number: {type: string, hidden: true, field: nr}}}
  homes:
    type: list
    items:
      type: map
      properties:
        street: string
        key: {type: string, hidden: true}
        inner: {type: map, properties: {colour: string}}
  notes: {type: map}
  shout: {type: string, get: {call: upper}}
  seen: {type: vector, dimensions: 2, deferred: true, field: v}
indexes:
  users:
    collection: people
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [id]}
  named:
    index: gsi1
    projection: [b, id, __edb_e__, __edb_v__]
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [name]}
  aged:
    index: gsi2
    projection: keys_only
    pk: {field: gsi2pk, composite: [org]}
    sk: {field: gsi2sk, composite: [age]}
  others:
    index: gsi3
    collection: crowd
    pk: {field: gsi3pk, composite: [org]}
    sk: {field: gsi3sk, composite: [bio]}
"""
OTHER: Final = """
entity: visits
alias: visit
version: "1"
service: shop
attributes: {org: {type: string, required: true}, at: {type: string, required: true}}
indexes:
  visits:
    collection: people
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [at]}
  others:
    index: gsi3
    collection: crowd
    pk: {field: gsi3pk, composite: [org]}
    sk: {field: gsi3sk, composite: [at]}
"""
KEY: Final = {"org": "o", "id": "1"}
HOOKS: Final = {"upper": lambda value, values: value and value.upper()}


class Shop:
    """The users, and their table past Leyden."""

    def __init__(self, app: leyden.Service) -> None:
        self.app = app
        self.user = app.entities.user
        self.key = self.user.get(**KEY).params()["Key"]

    def send(self, api: str, **params: Any) -> Any:
        return self.app.driver.send(Request(api, {"TableName": self.app.table, **params}, "raw"))

    @property
    def stored(self) -> Any:
        return self.send("GetItem", Key=self.key, ConsistentRead=True).get("Item")

    def store(self, item: Mapping[str, Any]) -> None:
        self.send("PutItem", Item=dict(item))

    def first(self, query: Any, **options: Any) -> Any:
        return query.go(**options)[0]


@pytest.fixture
def shop(open_service: Any) -> Shop:
    return Shop(open_service(f"{SOURCE}---{OTHER}", hooks=HOOKS))


READS: Final[Mapping[str, Callable[[Shop, Any], Any]]] = {
    "get": lambda shop, names: shop.user.get(**KEY).go(),
    "get attributes": lambda shop, names: shop.user.get(**KEY).go(attributes=names),
    "query": lambda shop, names: shop.first(shop.user.query.users(org="o")),
    "query attributes": lambda shop, names: shop.first(
        shop.user.query.users(org="o"), attributes=names
    ),
    "narrow": lambda shop, names: shop.first(shop.user.query.named(org="o")),
    "keys only": lambda shop, names: shop.first(shop.user.query.aged(org="o")),
    "hydrated": lambda shop, names: shop.first(shop.user.query.aged(org="o"), hydrate=True),
    "hydrated attributes": lambda shop, names: shop.first(
        shop.user.query.aged(org="o"), hydrate=True, attributes=names
    ),
    "scan": lambda shop, names: shop.first(shop.user.scan),
    "scan of an index": lambda shop, names: shop.first(shop.user.scan.index("named")),
    "match": lambda shop, names: shop.first(shop.user.match(org="o")),
    "iterated": lambda shop, names: next(iter(shop.user.query.named(org="o"))),
    "collection": lambda shop, names: shop.app.collections.people(org="o").go().user[0],
    "batch": lambda shop, names: shop.user.get([KEY]).go()[0],
    "batch attributes": lambda shop, names: shop.user.get([KEY]).go(attributes=names)[0],
    "transaction": lambda shop, names: shop.app.transact_get([shop.user.get(**KEY)]).go()[0],
    "parsed": lambda shop, names: shop.user.parse(shop.stored),
    "parsed keys": lambda shop, names: shop.user.parse(shop.key),
    "patched": lambda shop, names: shop.user.patch(**KEY).set(age=7).go(),
    "updated": lambda shop, names: shop.user.update(**KEY).set(age=7).go(response="updated_new"),
    "updated path": lambda shop, names: (
        shop.user.update(**KEY).set({"card.brand": "X"}, age=7).go(response="all_new")
    ),
    "updated old": lambda shop, names: shop.user.patch(**KEY).set(age=7).go(response="all_old"),
    "upserted": lambda shop, names: shop.user.upsert(**KEY, age=7).go(),
    "in a transaction": lambda shop, names: shop.app.transact_write(
        [shop.user.patch(**KEY).set(age=7)]
    ).go()[0],
}
WRITES: Final[Mapping[str, Callable[[Shop, Any], Any]]] = {
    "put": lambda shop, record: shop.user.put(record).go(),
    "upsert": lambda shop, record: shop.user.upsert(record).go(),
    "create": lambda shop, record: shop.user.create(record).go(),
    "batch": lambda shop, record: shop.user.put([record]).go(),
    "put together": lambda shop, record: shop.app.transact_write([shop.user.put(record)]).go(),
    "upsert together": lambda shop, record: shop.app.transact_write(
        [shop.user.upsert(record)]
    ).go(),
}
REMAKES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "as it is": lambda record: record,
    "copied": copy.deepcopy,
    "pickled": lambda record: pickle.loads(pickle.dumps(record)),
    "evolved": attrs.evolve,
    "with its map copied": lambda record: attrs.evolve(
        record, **({"card": dict(record.card)} if getattr(record, "card", None) else {})
    ),
}

texts = st.sampled_from(["a", "b c", "é"])
homes = st.fixed_dictionaries(
    {},
    optional={
        "street": texts,
        "key": texts,
        "inner": st.fixed_dictionaries({}, optional={"colour": texts}),
    },
)
items = st.fixed_dictionaries(
    {"name": texts, "bio": texts, "age": st.integers(0, 99)},
    optional={
        "card": st.fixed_dictionaries({}, optional={"brand": texts, "number": texts}),
        "homes": st.lists(homes, max_size=2),
        "notes": st.dictionaries(texts, texts, max_size=2),
        "shout": st.sampled_from(["A", "quiet"]),
        "seen": st.sampled_from([(0.25, -1.5), (0.0, 0.0)]),
    },
)
strange = st.sampled_from(
    [
        (),
        (),
        ("nick",),
        ("gsi9pk",),
        ("card", "zip"),
        ("homes", 0, "zip"),
        ("homes", 0, "inner", "z"),
    ]
)


def made(shop: Shop, values: Mapping[str, Any], place: tuple[Any, ...]) -> dict[str, Any]:
    """A stored item, with something at a place that the schema does not know."""
    item = copy.deepcopy(shop.user.put(**KEY, **values).params()["Item"])
    inside: Any = item
    for step in place[:-1]:
        found = inside.get(step) if isinstance(inside, dict) else inside[step : step + 1]
        found = found[0] if isinstance(found, list) and found else found
        if not found:
            return item
        inside = found["M"] if "M" in found else found["L"]
    if place:
        inside[place[-1]] = {"S": "kept"}
    return item


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=items,
    place=strange,
    read=st.sampled_from(sorted(READS)),
    names=st.lists(
        st.sampled_from(
            ["org", "id", "name", "bio", "age", "card", "homes", "notes", "shout", "seen"]
        ),
        min_size=1,
        unique=True,
    ),
    remake=st.sampled_from(sorted(REMAKES)),
    write=st.sampled_from(sorted(WRITES)),
)
def test_what_was_read_loses_nothing_when_it_is_written_back(
    shop: Shop,
    values: Mapping[str, Any],
    place: tuple[Any, ...],
    read: str,
    names: list[str],
    remake: str,
    write: str,
) -> None:
    shop.store(made(shop, values, place))
    try:
        record = READS[read](shop, names)
    except LeydenError:
        assert read == "updated path"
        assert "card" not in values
        return
    before = shop.stored
    record = REMAKES[remake](record)
    if write == "create":
        shop.send("DeleteItem", Key=shop.key)
    try:
        WRITES[write](shop, record)
    except InputError:
        whole = not place and "card" not in values and not values.get("homes")
        whole = whole and "seen" not in values
        partial = "attributes" in read or read not in READS_WHOLE
        assert partial or not whole or values.get("shout") == "quiet", "refused for nothing"
        assert shop.stored == (None if write == "create" else before)
        return
    if read == "updated old":
        before["age"] = {"N": str(values["age"])}
        before["gsi2sk"] = shop.stored["gsi2sk"]
    assert shop.stored == before


READS_WHOLE: Final = frozenset(
    {
        "batch",
        "collection",
        "get",
        "hydrated",
        "match",
        "parsed",
        "query",
        "scan",
        "transaction",
        "updated old",
        "updated path",
    }
)


def test_records_show_what_was_read_and_know_the_rest(shop: Shop) -> None:
    values = {"name": "Ann", "bio": "long", "age": 3}
    shop.user.put(**KEY, **values).go()
    shown = {
        "get": {*KEY, *values, "card", "homes", "notes", "shout", "seen"},
        "narrow": {"id", "bio"},
        "scan of an index": {"id", "bio"},
        "keys only": set(),
        "patched": {*KEY},
        "upserted": {*KEY},
        "in a transaction": {*KEY},
        "parsed keys": set(),
        "get attributes": {"name", "card"},
        "hydrated attributes": {"name", "card"},
        "batch attributes": {"name", "card"},
    }
    for read, expected in shown.items():
        record = READS[read](shop, ["name", "card"])
        assert set(attrs.asdict(record)) == expected, read
        assert {name for name in shown["get"] if hasattr(record, name)} == expected, read
        for name in shown["get"] - expected:
            with pytest.raises(NotReadError, match=f'"{name}" was not read'):
                getattr(record, name)


def test_what_is_deferred_is_shown_where_it_is_named(shop: Shop) -> None:
    values = {"name": "Ann", "bio": "long", "age": 3, "card": {"brand": "X"}}
    put = shop.user.put(**KEY, **values, seen=[0.5, 1]).go()
    for read in sorted(READS_WHOLE):
        record = READS[read](shop, ["name"])
        with pytest.raises(NotReadError, match="the schema defers it") as caught:
            record.seen  # noqa: B018 - reading is what is refused
        assert caught.value.attribute == "seen"
        assert (record.name, "seen" in attrs.asdict(record)) == ("Ann", False), read
        if not read.startswith("updated"):
            assert record == put
    for read in READS:
        if "attributes" in read:
            record = READS[read](shop, ["seen"])
            assert attrs.asdict(record) == {"seen": (0.5, 1.0)}, read
    user = shop.user
    assert user.get(**KEY).go(data="include_keys").keys().isdisjoint(["seen"])
    assert user.get(**KEY).go(select="[name, seen]") == ["Ann", None]
    assert user.get(**KEY).go(attributes=["seen"], select="seen[1]") == 1
    assert user.get(**KEY).go(data="raw")["v"] == {"L": [{"N": "0.5"}, {"N": "1"}]}
    assert user.decode(shop.stored)["seen"] == (0.5, 1.0)


def test_what_is_deferred_is_not_lost_when_a_record_is_written_back(shop: Shop) -> None:
    shop.user.put(**KEY, name="Ann", bio="long", age=3, seen=[0.5, 1]).go()
    record, before = shop.user.get(**KEY).go(), shop.stored
    for write in (shop.user.put, shop.user.create):
        with pytest.raises(InputError, match=r'was read without "seen".* would erase that'):
            write(record)
    shop.user.upsert(record).go()
    assert shop.stored == before
    shop.user.put(record, seen=(0.5, 1)).go()
    assert shop.stored == before
    seen = shop.user.get(**KEY).go(attributes=["seen"]).seen
    whole = attrs.evolve(record, seen=seen)
    assert (whole.seen, lack_of(whole).read) == ((0.5, 1.0), None)
    shop.user.put(whole).go()
    assert shop.stored == before
    shop.user.put(record, seen=None).go()
    assert "v" not in shop.stored
    # What is not stored is no more left out than anything else.
    record = shop.user.get(**KEY).go()
    assert record.seen is None
    shop.user.put(record).go()


def test_a_hidden_property_stays_when_a_map_is_set_again(shop: Shop) -> None:
    home = {"street": "s", "key": "k"}
    card = {"brand": "V", "number": "4111"}
    shop.user.put(**KEY, card=card, homes=[home]).go()
    record, before = shop.user.get(**KEY).go(), shop.stored
    assert (record.card, record.homes) == ({"brand": "V"}, [{"street": "s"}])
    for write in (
        lambda: shop.user.patch(**KEY).set(card=record.card),
        lambda: shop.user.update(**KEY).set(card=record.card | {"brand": "W"}),
        lambda: shop.user.patch(**KEY).set(homes=record.homes),
        lambda: shop.user.patch(**KEY).append(homes=record.homes[:1]),
        lambda: shop.user.patch(**KEY).set({"homes[0]": record.homes[0]}),
        lambda: shop.user.patch(**KEY).if_not_exists(card=record.card),
        lambda: shop.user.upsert(**KEY, card=copy.copy(record.card)),
        lambda: shop.user.upsert(**KEY).set(card=record.card.copy()),
        lambda: shop.user.put(**KEY, homes=record.homes),
        lambda: shop.user.patch(**KEY).set({"notes.card": record.card}),
    ):
        with pytest.raises(InputError, match=r"number|key"):
            write().go()
    assert shop.stored == before
    shop.user.patch(**KEY).set(card={**record.card, "number": "42"}).go()
    assert shop.stored["card"] == {"M": {"brand": {"S": "V"}, "nr": {"S": "42"}}}


def test_what_is_given_beside_the_record_may_be_replaced(shop: Shop) -> None:
    shop.user.put(**KEY, name="Ann", card={"brand": "V", "number": "4111"}, shout="quiet").go()
    record = shop.user.get(**KEY).go()
    with pytest.raises(InputError, match=r"card\.number"):
        shop.user.put(record)
    with pytest.raises(InputError, match='shows "shout" as its `get` hook makes it'):
        shop.user.put(record, card={"brand": "V"})
    shop.user.put(record, card={"brand": "V", "number": "1"}, shout="quiet").go()
    assert shop.stored["card"]["M"]["nr"] == {"S": "1"}
    assert shop.stored["shout"] == {"S": "quiet"}


def test_an_index_that_holds_less_than_its_schema_says_gives_parts(
    open_service: Any, new_table_name: Callable[[], str]
) -> None:
    table = new_table_name()
    narrow = SOURCE.replace("    index: gsi3\n", "    index: gsi3\n    projection: keys_only\n")
    open_service(narrow, table=table, hooks=HOOKS)
    user = open_service(SOURCE, table=table, create=False, hooks=HOOKS).entities.user
    user.put(**KEY, name="Ann", bio="long", age=1).go()
    (record,) = user.query.others(org="o").go()
    with pytest.raises(NotReadError):
        record.name  # noqa: B018 - reading is what is refused
    with pytest.raises(InputError, match="erase the rest"):
        user.put(record)
    assert user.query.others(org="o").go(hydrate=True)[0].name == "Ann"
