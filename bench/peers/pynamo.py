"""PynamoDB: a model as people write it by hand, over its own connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynamodb import attributes as kinds
from pynamodb.models import Model

from bench.items import STATION
from bench.peers import Client, Target


class Place(kinds.MapAttribute[str, Any]):
    """Where a reading was taken."""

    lat = kinds.NumberAttribute()
    lon = kinds.NumberAttribute()


def model_of(table: str, endpoint_url: str | None = None, target: Target | None = None) -> Any:
    """Return the model, whose connection goes to the target."""

    class Reading(Model):
        class Meta:
            table_name = table
            host = endpoint_url
            region = target and target.region
            aws_access_key_id = target and target.access_key_id
            aws_secret_access_key = target and target.secret_access_key

        pk = kinds.UnicodeAttribute(hash_key=True)
        sk = kinds.UnicodeAttribute(range_key=True)
        station = kinds.UnicodeAttribute()
        number = kinds.NumberAttribute()
        kind = kinds.UnicodeAttribute()
        value = kinds.NumberAttribute()
        unit = kinds.UnicodeAttribute()
        note = kinds.UnicodeAttribute()
        done = kinds.BooleanAttribute()
        tags = kinds.UnicodeSetAttribute()
        at = kinds.UnicodeAttribute()
        place = Place()
        source = kinds.UnicodeAttribute()
        body = kinds.UnicodeAttribute()

    return Reading


def written(model: Any) -> Any:
    """Return the model with the entity's name and version, as in items of ElectroDB."""

    class Marked(model):  # type: ignore[misc]
        entity = kinds.UnicodeAttribute(attr_name="__edb_e__")
        version = kinds.UnicodeAttribute(attr_name="__edb_v__")

    return Marked


@contextmanager
def opened(target: Target) -> Iterator[Client]:
    """Open the client."""
    model = model_of(target.table, target.endpoint_url, target)
    pk, sk = target.key
    marked = written(model)
    saved = marked.from_raw_data(dict(target.put["Item"]))
    parts = target.batch["RequestItems"][target.table]
    models = [marked.from_raw_data(dict(part["PutRequest"]["Item"])) for part in parts]

    def write_batch() -> None:
        with marked.batch_write() as batch:
            for one in models:
                batch.save(one)

    yield Client(
        {
            "get": lambda: model.get(pk, sk),
            "put": saved.save,
            "query": lambda: list(model.query(pk)),
            "batch": write_batch,
        },
        stream=lambda station: model.query(pk.removesuffix(STATION) + station),
    )
