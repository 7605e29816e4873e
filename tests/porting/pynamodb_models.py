"""PynamoDB models as people write them."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Any, ClassVar

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    DiscriminatorAttribute,
    DynamicMapAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)
from pynamodb.models import Model

_KEYS: dict[str, Any] = {
    "region": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
    "billing_mode": "PAY_PER_REQUEST",
}


def new_tenant() -> str:
    """The tenant of those that come without one."""
    return "nobody"


class ByMail(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-mail"
        projection = AllProjection()

    email = UnicodeAttribute(hash_key=True)


class ByAge(LocalSecondaryIndex[Any]):
    class Meta:
        projection = IncludeProjection(["email"])

    tenant = UnicodeAttribute(hash_key=True, attr_name="t")
    age = NumberAttribute(range_key=True)


class ByTeam(GlobalSecondaryIndex[Any]):
    """Its key is no attribute of the model's."""

    class Meta:
        projection = KeysOnlyProjection()

    team = UnicodeAttribute(hash_key=True)
    made = UTCDateTimeAttribute(range_key=True)


class Address(MapAttribute[Any, Any]):
    street = UnicodeAttribute()
    zip_code = UnicodeAttribute(null=True, attr_name="z")


class Loose(DynamicMapAttribute):
    known = UnicodeAttribute(null=True)


class Shape(MapAttribute[Any, Any]):
    kind = DiscriminatorAttribute(attr_name="k")


class Circle(Shape, discriminator="circle"):
    radius = NumberAttribute()


class Square(Shape, discriminator="square"):
    side = NumberAttribute(attr_name="s")


class Colour(enum.Enum):
    RED = "red"


class ColourAttribute(Attribute[Colour]):
    """Serialised by a class of one's own."""

    attr_type = "S"

    def serialize(self, value: Colour) -> str:
        return value.value

    def deserialize(self, value: str) -> Colour:
        return Colour(value)


class User(Model):
    class Meta:
        table_name = "users-dev"
        host: ClassVar[str] = ""
        vars().update(_KEYS)

    tenant = UnicodeAttribute(hash_key=True, attr_name="t", default=new_tenant)
    user_id = UnicodeAttribute(range_key=True)
    email = UnicodeAttribute(null=True)
    age = NumberAttribute(null=True)
    admin = BooleanAttribute(default=False)
    points = NumberAttribute(default_for_new=0)
    made = UTCDateTimeAttribute(null=True)
    photo = BinaryAttribute(null=True, legacy_encoding=True)
    raw = BinaryAttribute(null=True, legacy_encoding=False)
    tags = UnicodeSetAttribute(null=True)
    numbers = NumberSetAttribute(null=True)
    data = JSONAttribute(null=True)
    home = Address(null=True)
    others = ListAttribute(of=Address, null=True)
    names = ListAttribute(of=UnicodeAttribute, null=True)
    shape = Shape(null=True)
    free: MapAttribute[Any, Any] = MapAttribute(null=True)
    loose = Loose(null=True)
    anything: ListAttribute[Any] = ListAttribute(null=True)
    colour = ColourAttribute(null=True)
    gone = TTLAttribute(null=True, default_for_new=timedelta(days=1))
    version = VersionAttribute()
    to_dict_ = UnicodeAttribute(null=True, attr_name="to_dict")

    by_mail = ByMail()
    by_age = ByAge()
    by_team = ByTeam()


class Animal(Model):
    class Meta:
        table_name = "animals"
        vars().update(_KEYS)

    owner = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    cls = DiscriminatorAttribute()


class Cat(Animal, discriminator="cat"):
    lives = NumberAttribute(default=9)


class Dog(Animal, discriminator="dog"):
    tricks = UnicodeSetAttribute(null=True)


class Order(Model):
    """A model for one table of many, whose code puts the keys together."""

    class Meta:
        table_name = "shop"
        stream_view_type = "NEW_IMAGE"
        read_capacity_units = 5
        write_capacity_units = 7
        region = "us-east-1"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    customer_id = UnicodeAttribute()
    number = NumberAttribute()
