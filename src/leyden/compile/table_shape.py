"""A table, as data: its key, its indexes, its time to live."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from leyden._attrs import field, frozen
from leyden.errors import InvalidOptionError

Params: TypeAlias = dict[str, Any]
"""A request in the shape of DynamoDB's API."""


@frozen
class IndexDefinition:
    """One secondary index: the fields of its key, and what it projects.

    `hash` and `range` hold one field each, or up to four in a multi-attribute index; `range`
    may be empty. `projection` is `all`, `keys_only`, or the names of the fields that it
    carries beside the keys.
    """

    name: str
    kind: str
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str | tuple[str, ...] = "all"

    @property
    def key_schema(self) -> list[dict[str, str]]:
        """The key in the shape of DynamoDB's API."""
        return _key_schema(self.hash, self.range)

    @property
    def projection_params(self) -> dict[str, Any]:
        """The projection in the shape of DynamoDB's API."""
        if isinstance(self.projection, str):
            return {"ProjectionType": self.projection.upper()}
        return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(self.projection)}


def _frozen_types(types: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(types))


def _frozen_indexes(indexes: Mapping[str, IndexDefinition]) -> Mapping[str, IndexDefinition]:
    return MappingProxyType(dict(indexes))


@frozen
class TableDefinition:
    """A table: its key, its indexes by name, the type of each key field, its time to live.

    `table` is the default name, None where the schemas give none. `types` maps each key
    field to `S`, `N` or `B`.
    """

    table: str | None
    hash: str
    range: str | None
    types: Mapping[str, str] = field(converter=_frozen_types)
    indexes: Mapping[str, IndexDefinition] = field(converter=_frozen_indexes)
    ttl: str | None = None

    @property
    def key_schema(self) -> list[dict[str, str]]:
        """The table's own key in the shape of DynamoDB's API."""
        return _key_schema((self.hash,), (self.range,) if self.range else ())

    def create_table_params(
        self,
        table_name: str,
        billing: str = "PAY_PER_REQUEST",
        *,
        throughput: tuple[int, int] | None = None,
    ) -> Params:
        """Return what CreateTable takes. Time to live is not part of it: a call of its own.

        `billing` is `PAY_PER_REQUEST`, or `PROVISIONED` with `throughput`: read and write
        capacity units, for the table and for each global index.

        Raises InvalidOptionError when `billing` and `throughput` do not fit.
        """
        provisioned = _throughput(billing, throughput)
        params: Params = {
            "TableName": table_name,
            "BillingMode": billing,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in self.types.items()
            ],
            "KeySchema": self.key_schema,
            **provisioned,
        }
        for kind, name in (("gsi", "GlobalSecondaryIndexes"), ("lsi", "LocalSecondaryIndexes")):
            indexes = [
                {
                    "IndexName": index.name,
                    "KeySchema": index.key_schema,
                    "Projection": index.projection_params,
                    **(provisioned if kind == "gsi" else {}),
                }
                for index in self.indexes.values()
                if index.kind == kind
            ]
            if indexes:
                params[name] = indexes
        return params


def _key_schema(hash_: tuple[str, ...], range_: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"} for name in hash_] + [
        {"AttributeName": name, "KeyType": "RANGE"} for name in range_
    ]


def _throughput(billing: str, throughput: tuple[int, int] | None) -> Params:
    if billing == "PAY_PER_REQUEST" and throughput is None:
        return {}
    if billing == "PROVISIONED" and throughput is not None:
        read, write = throughput
        return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}
    raise InvalidOptionError(
        "billing is PAY_PER_REQUEST without throughput=, or PROVISIONED with "
        "throughput=(read units, write units)"
    )
