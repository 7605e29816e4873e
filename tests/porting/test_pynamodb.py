"""Schemas that are drafted from PynamoDB models read and write the models' own items."""

from __future__ import annotations

import base64
import itertools
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.models import Model

import leyden
from leyden.engine import LocalEngine
from leyden.porting import ModelError, PortedService, port_pynamodb, write_table_yaml, write_yaml
from tests.porting import pynamodb_models as models
from tests.porting.pynamodb_models import Animal, Cat, Dog, Order, User

HOOKS: dict[str, Any] = {
    "tenant_default": models.new_tenant,
    "photo_set": lambda value, values: base64.b64encode(value),
    "photo_get": lambda value, values: base64.b64decode(value),
}
NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with leyden.local() as made:
        yield made


def on(
    engine: LocalEngine, model: type[Model], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lets a model work on a new table of the engine."""
    monkeypatch.setattr(model.Meta, "table_name", table)
    monkeypatch.setattr(model.Meta, "host", engine.endpoint_url)
    for one in (model, *model.__subclasses__()):
        # PynamoDB makes a connection for each class when it first needs one.
        monkeypatch.setattr(one, "_connection", None)
    model.create_table(wait=False)


def loaded(ported: PortedService, engine: LocalEngine, table: str) -> leyden.Service:
    """The drafted schemas, as their files say it, on a table."""
    texts = [*map(write_yaml, ported.models), write_table_yaml(ported)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return leyden.load("---\n".join(texts), table=table, engine=engine, hooks=HOOKS)


@pytest.fixture
def app(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> leyden.Service:
    table = f"users{next(_numbers)}"
    on(engine, User, table, monkeypatch)
    return loaded(port_pynamodb([User]), engine, table)


def test_the_table_of_the_model_is_the_table_of_the_schemas(app: leyden.Service) -> None:
    app.check_table()


def whole(**changes: Any) -> dict[str, Any]:
    """Values for every attribute of a user."""
    return {
        "tenant": "Acme", "user_id": "U1", "email": "Ada@Example.org", "age": 36.5, "admin": True,
        "points": 3, "made": NOON, "photo": b"\x00png", "raw": b"\xff", "tags": {"a", "B"},
        "numbers": {1, 2.5}, "data": {"deep": [1, None, "x"]},
        "home": {"street": "Main", "zip_code": "1"}, "others": [{"street": "Side"}],
        "names": ["a", "b"], "free": {"x": 1}, "anything": ["x", 1], "gone": NOON,
        "shape": models.Square(side=3), "colour": models.Colour.RED, **changes,
    }  # fmt: skip


def test_the_schema_reads_what_the_model_writes(app: leyden.Service) -> None:
    User(**whole()).save()
    user = app["user"]
    found = user.get(tenant="Acme", user_id="U1").go()
    assert found is not None
    assert (found.email, found.age, found.admin, found.points) == ("Ada@Example.org", 36.5, True, 3)
    assert (found.photo, found.raw) == (b"\x00png", b"\xff")
    assert (found.tags, found.numbers) == ({"a", "B"}, {1, 2.5})
    assert (found.data, found.free) == ({"deep": [1, None, "x"]}, {"x": 1})
    assert (found.home, found.others) == (
        {"street": "Main", "zip_code": "1"},
        [{"street": "Side"}],
    )
    assert found.shape == {"k": "square", "side": 3}
    assert (found.colour, found.gone, found.version) == ("red", NOON, 1)
    assert found.made == "2026-02-03T09:15:00.000000+0000"
    assert [one.user_id for one in user.query.primary(tenant="Acme")] == ["U1"]
    assert [one.user_id for one in user.query.by_mail(email="Ada@Example.org")] == ["U1"]
    assert [one.email for one in user.query.by_age(tenant="Acme").gt(age=36)] == ["Ada@Example.org"]
    assert list(user.query.by_mail(email="ada@example.org")) == []


def test_the_model_reads_what_the_schema_writes(app: leyden.Service) -> None:
    given = whole(
        shape={"k": "circle", "radius": 2}, colour="red", made="2026-02-03T09:15:00.000000+0000"
    )
    app["user"].create(given).go()
    found = User.get("Acme", "U1")
    for name in ("email", "age", "admin", "points", "photo", "raw", "tags", "numbers", "data"):
        assert getattr(found, name) == given[name], name
    assert (found.made, found.gone, found.colour) == (NOON, NOON, models.Colour.RED)
    assert found.home.zip_code == "1"
    assert isinstance(found.shape, models.Circle)
    assert found.version == 1
    assert [one.user_id for one in User.by_mail.query("Ada@Example.org")] == ["U1"]
    assert [one.user_id for one in User.scan()] == ["U1"]


def test_both_count_the_versions_that_the_other_counts(app: leyden.Service) -> None:
    user = app["user"]
    item = User(tenant="a", user_id="1")
    item.save()
    user.patch(tenant="a", user_id="1").set(points=1).go()
    stale = User.get("a", "1")
    assert stale.version == 2
    stale.points = 5
    stale.save()
    assert user.get(tenant="a", user_id="1").go().version == 3
    with pytest.raises(leyden.errors.VersionConflictError):
        user.patch(tenant="a", user_id="1").set(points=1).expecting(2).go()
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        item.save()


def test_defaults_are_those_of_the_model(app: leyden.Service) -> None:
    app["user"].create(user_id="1").go()
    found = User.get("nobody", "1")
    assert (found.admin, found.points) == (False, 0)
    assert 86_000 < (found.gone - datetime.now(UTC)).total_seconds() < 87_000


def test_a_migration_tells_whose_the_items_are(app: leyden.Service) -> None:
    User(tenant="a", user_id="1", gone=NOON).save()
    user = app["user"]
    assert list(user.scan) == []
    adopt = {
        "migration": "adopt",
        "from": port_pynamodb([User]).as_dict(),
        "entities": {"user": {}},
    }
    assert app.migrate(adopt).failures == ()
    app.migrate(adopt, commit=True)
    assert [one.user_id for one in user.scan] == ["1"]
    assert [one.user_id for one in User.scan() if one.version] == ["1"]
    raw = user.get(tenant="a", user_id="1").go(data="raw")
    assert raw.keys() - User.get("a", "1").serialize().keys() == {"__edb_e__", "__edb_v__"}


texts = st.text("abcXYZ 1é_#", min_size=1, max_size=6)


@settings(max_examples=min(25, settings().max_examples))
@given(
    st.fixed_dictionaries(
        {"tenant": texts, "user_id": texts},
        optional={
            "email": texts,
            "age": st.integers(-(10**15), 10**15)
            | st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6),
            "admin": st.booleans(),
            "photo": st.binary(min_size=1, max_size=4),
            "raw": st.binary(min_size=1, max_size=4),
            "tags": st.frozensets(texts, min_size=1, max_size=3),
            "data": st.dictionaries(texts, st.integers() | texts | st.none(), max_size=2),
            "names": st.lists(texts, max_size=3),
            "free": st.dictionaries(texts, st.integers(-9, 9) | texts, min_size=1, max_size=2),
        },
    )
)
def test_an_item_of_either_is_an_item_of_the_other(given: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        user = leyden.load(write_yaml(port_pynamodb([User]).models[0]), table="t", hooks=HOOKS)[
            "user"
        ]
    # What the model stores, the schema reads, and the other way round.
    theirs = User(**given, gone=NOON, points=1).serialize()
    record = user.parse(theirs)
    for name, value in given.items():
        assert getattr(record, name) == value, name
    ours = user.put(**given, gone=NOON, points=1, version=None).params()["Item"]
    seen = User.from_raw_data(ours)
    for name in set(given) - {"free"}:
        assert getattr(seen, name) == given[name], name
    # Keys and the keys of indexes are the same values in the same fields.
    assert {name: ours[name] for name in ("t", "user_id")} == {
        name: theirs[name] for name in ("t", "user_id")
    }
    assert ours.get("email") == theirs.get("email")


def test_the_models_of_a_discriminator_are_entities(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"animals{next(_numbers)}"
    on(engine, Animal, table, monkeypatch)
    ported = port_pynamodb([Animal])
    assert [model.alias for model in ported.models] == ["cat", "dog"]
    app = loaded(ported, engine, table)
    cat, dog = app["cat"], app["dog"]
    Cat(owner="ada", name="Tom").save()
    dog.create(owner="ada", name="Rex", tricks={"sit"}).go()
    assert cat.get(owner="ada", name="Tom").go().cls == "cat"
    assert [type(one) for one in Animal.query("ada")] == [Dog, Cat]
    # Their items do not say whose they are yet: the value of the discriminator does.
    mine = cat.query.primary(owner="ada").where(cat.attr.cls == "cat")
    assert [one.name for one in mine] == ["Tom"]


def test_keys_that_code_puts_together_are_templates() -> None:
    ported = port_pynamodb([Order], keys={"pk": "C#${customer_id}", "Order.sk": "O#${number}"})
    (model,) = ported.models
    assert set(model.entity["attributes"]) == {"customer_id", "number"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        order = leyden.load(ported.as_dict(), table="shop")["order"]
    item = order.put(customer_id="Ada", number=7).params()["Item"]
    assert (item["pk"], item["sk"]) == ({"S": "C#Ada"}, {"S": "O#7"})
    assert Order.from_raw_data(item).customer_id == "Ada"
    mine = Order(pk="C#Bob", sk="O#8", customer_id="Bob", number=8).serialize()
    assert order.parse(mine).number == 8


def test_table_yaml_says_what_meta_says() -> None:
    assert write_table_yaml(port_pynamodb([Order])) == (
        "table: shop\nbilling: {read: 5, write: 7}\nstream: new_image\n"
    )
    table = write_table_yaml(port_pynamodb([User]))
    assert "billing: on_demand" in table
    assert "by_age: {kind: lsi, projection: [email]}" in table


def test_what_a_schema_cannot_say_is_noted() -> None:
    (model,) = port_pynamodb([User]).models
    notes = {note.place: note for note in model.notes}
    assert "serializes the value" in notes["attributes.colour"].text
    assert "takes properties that it does not declare" in notes["attributes.loose"].text
    assert "text is not that of a timestamp" in notes["attributes.made"].text
    assert "do not say whose they are" in notes["Meta"].text
    assert set(model.hooks) == {"tenant_default", "photo_set", "photo_get"}
    assert "nobody" in model.hooks["tenant_default"]


def test_times_may_become_timestamps() -> None:
    (model,) = port_pynamodb([User], timestamps=True).models
    assert model.entity["attributes"]["made"] == "timestamp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        user = leyden.load(write_yaml(model), table="t", hooks=HOOKS)["user"]
    assert user.parse(User(tenant="a", user_id="b", made=NOON).serialize()).made == NOON


class BinaryKey(Model):
    class Meta:
        table_name = "t"

    key = BinaryAttribute(hash_key=True, legacy_encoding=False)


class Elsewhere(Model):
    class Meta:
        table_name = "elsewhere"

    key = UnicodeAttribute(hash_key=True)


class Nowhere(Model):
    key = UnicodeAttribute(hash_key=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([Nowhere], "Nowhere does not name its table"),
        ([], "no model to port"),
        (Order, r"in a list: port_pynamodb\(\[Order\]\)"),
        ([int], "not a subclass of pynamodb.models.Model"),
        ([Model], "not a subclass of pynamodb.models.Model"),
        ([Elsewhere, Order], "several tables"),
        ([BinaryKey], 'the key "key" is binary'),
    ],
)
def test_what_cannot_be_ported_is_refused(given: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        port_pynamodb(given)


def test_a_template_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match="nobody"):
        port_pynamodb([Order], keys={"pk": "C#${nobody}"})


@pytest.mark.parametrize("field", ["zz", "total", "Order.zz", "Elsewhere.pk"])
def test_a_template_of_no_key_is_refused(field: str) -> None:
    with pytest.raises(ModelError, match=f'no key field "{field}".*Order.pk'):
        port_pynamodb([Order], keys={field: "C#${number}"})
