"""The definition of a table and its indexes, and the parameters of requests that create them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from leyden._attrs import field, frozen
from leyden._text import did_you_mean, listed
from leyden.errors import InvalidOptionError
from leyden.schema.settings import TableSettings

Params: TypeAlias = dict[str, Any]
"""A request in the shape of DynamoDB's API."""


@frozen
class IndexDefinition:
    """One secondary index: the fields of its key, and its projection.

    `kind` is `gsi` or `lsi`. `hash` and `range` have one field each, or up to four in a
    multi-attribute index; `range` may be empty. `projection` is `all`, `keys_only`, or the names of
    the fields that the index has besides the keys.
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
        return _projection_params(self.projection)


@frozen
class VectorIndexDefinition:
    """One vector index: the field of the vectors, and the fields that a search compares.

    `metric` is `cosine`, `euclidean` or `dot_product`. `hash` is the partition field, None if the
    index has none. `filters` are the filter fields of all entities, including the fields that name
    an item's entity. `projection` is `all`, `keys_only`, or the names of the fields that the index
    has besides the keys, the vector and the filters.
    """

    name: str
    field: str
    dimensions: int
    metric: str
    hash: str | None
    filters: tuple[str, ...]
    projection: str | tuple[str, ...] = "all"

    @property
    def params(self) -> Params:
        """The index in the shape of DynamoDB's API, for CreateTable and UpdateTable."""
        parting = [(self.hash, "HASH")] if self.hash is not None else []
        return {
            "IndexName": self.name,
            "VectorAttribute": {"AttributeName": self.field},
            "Dimensions": self.dimensions,
            "DistanceFunction": self.metric.upper(),
            "SearchSchema": [
                {"AttributeName": name, "SearchSchemaElementType": kind}
                for name, kind in (*parting, *((name, "INLINE_FILTER") for name in self.filters))
            ],
            "Projection": _projection_params(self.projection),
        }

    @property
    def read(self) -> tuple[str, ...]:
        """The fields that a search compares, whose types the table declares."""
        return (*((self.hash,) if self.hash is not None else ()), *self.filters)


def _projection_params(projection: str | tuple[str, ...]) -> dict[str, Any]:
    if isinstance(projection, str):
        return {"ProjectionType": projection.upper()}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(projection)}


def held_fields(projection: str | tuple[str, ...], keys: Iterable[str]) -> frozenset[str] | None:
    """Return the fields of an item that an index has, which include `keys`; None for all."""
    if projection == "all":
        return None
    return frozenset((*keys, *(() if isinstance(projection, str) else projection)))


def _frozen(named: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(named))


@frozen
class TableDefinition:
    """A table: its key, indexes, field types, time to live and settings.

    `table` is the default name, None if the schemas have none. `hash` and `range` are the key
    fields. `indexes` and `vectors` are the indexes by name. `types` maps each key field, and each
    field that vector indexes compare, to `S`, `N` or `B`. `ttl` is the time to live field.
    `settings` has everything else that table.yaml declares: billing, recovery, encryption and more.
    """

    table: str | None
    hash: str
    range: str | None
    types: Mapping[str, str] = field(converter=_frozen)
    indexes: Mapping[str, IndexDefinition] = field(converter=_frozen)
    ttl: str | None = None
    vectors: Mapping[str, VectorIndexDefinition] = field(factory=dict, converter=_frozen)
    settings: TableSettings = TableSettings()

    @property
    def key_schema(self) -> list[dict[str, str]]:
        """The table's own key in the shape of DynamoDB's API."""
        return _key_schema((self.hash,), (self.range,) if self.range else ())

    def create_table_params(
        self,
        table_name: str,
        billing: str | None = None,
        *,
        throughput: tuple[int, int] | None = None,
    ) -> Params:
        """Return the parameters of CreateTable, with the settings that table.yaml declares.

        Time to live, point-in-time recovery and replicas need calls of their own. `billing` is
        `PAY_PER_REQUEST`, or `PROVISIONED` with `throughput`: read and write capacity units, for
        the table and for each global index. Without both, the billing is that of table.yaml, by
        default on demand. Capacity with autoscaling starts at its minimum.

        Raises InvalidOptionError if `billing` and `throughput` do not fit together, or if a table
        with vector indexes would be provisioned.
        """
        if (billing, throughput is None) not in (
            (None, True),
            ("PAY_PER_REQUEST", True),
            ("PROVISIONED", False),
        ):
            raise InvalidOptionError(
                "billing= must be PAY_PER_REQUEST without throughput=, or PROVISIONED with "
                "throughput=(read units, write units)"
            )
        declared = self.settings.provisioned
        if billing is None and declared is not None:
            throughput = (declared.read.units, declared.write.units)
        if self.vectors and throughput is not None:
            names = listed(self.vectors)
            raise InvalidOptionError(
                f"a table with vector indexes ({names}) must be billed PAY_PER_REQUEST: DynamoDB "
                "has none on provisioned tables; leave billing= and throughput= out"
            )
        provisioned = _throughput_params(throughput)
        params: Params = {
            "TableName": table_name,
            "BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, kind in self.types.items()
            ],
            "KeySchema": self.key_schema,
            **provisioned,
        }
        for kind, name in (("gsi", "GlobalSecondaryIndexes"), ("lsi", "LocalSecondaryIndexes")):
            indexes = [
                _index_params(index, throughput if kind == "gsi" else None)
                for index in self.indexes.values()
                if index.kind == kind
            ]
            if indexes:
                params[name] = indexes
        if self.vectors:
            params["VectorIndexes"] = [index.params for index in self.vectors.values()]
        return {**params, **setting_params(self.settings)}

    def add_index_params(
        self, table_name: str, index_name: str, *, throughput: tuple[int, int] | None = None
    ) -> Params:
        """Return the parameters of UpdateTable that add one global index to an existing table.

        `throughput` are read and write capacity units, if the table is provisioned.

        Raises InvalidOptionError if the definition has no such global index.
        """
        index = self.indexes.get(index_name)
        if index is None or index.kind != "gsi":
            known = [one.name for one in self.indexes.values() if one.kind == "gsi"]
            hint = did_you_mean(index_name, known)
            raise InvalidOptionError(f'the table has no global index "{index_name}"{hint}')
        return {
            "TableName": table_name,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": self.types[name]}
                for name in (*index.hash, *index.range)
            ],
            "GlobalSecondaryIndexUpdates": [{"Create": _index_params(index, throughput)}],
        }

    def add_vector_index_params(self, table_name: str, index_name: str) -> Params:
        """Return the parameters of UpdateTable that add one vector index to an existing table.

        DynamoDB adds one index at a time, and takes the types of its fields from this request only.

        Raises InvalidOptionError if the definition has no such vector index.
        """
        index = self.vectors.get(index_name)
        if index is None:
            hint = did_you_mean(index_name, self.vectors)
            raise InvalidOptionError(f'the table has no vector index "{index_name}"{hint}')
        return {
            "TableName": table_name,
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": self.types[name]} for name in index.read
            ],
            "VectorIndexUpdates": [{"Create": index.params}],
        }


TABLE_CLASSES: Final = {"standard": "STANDARD", "infrequent_access": "STANDARD_INFREQUENT_ACCESS"}
"""The table classes of table.yaml, as DynamoDB names them."""


def replica_params(settings: TableSettings, region: str) -> Params:
    """Return the part of UpdateTable's parameters that adds a replica with these settings."""
    replica: Params = {"RegionName": region}
    if settings.kms_key is not None:
        replica["KMSMasterKeyId"] = settings.kms_key
    if settings.table_class is not None:
        replica["TableClassOverride"] = TABLE_CLASSES[settings.table_class]
    return replica


def recovery_params(settings: TableSettings) -> Params:
    """Return the part of UpdateContinuousBackups' parameters for the declared recovery."""
    params: Params = {"PointInTimeRecoveryEnabled": bool(settings.point_in_time_recovery)}
    if settings.recovery_days is not None:
        params["RecoveryPeriodInDays"] = settings.recovery_days
    return params


def setting_params(settings: TableSettings) -> Params:
    """Return the parts of CreateTable's parameters for declared settings, without billing."""
    params: Params = {}
    # DynamoDB needs a stream to replicate a table.
    stream = settings.stream or ("new_and_old_images" if settings.replicas else None)
    if stream is not None:
        params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream.upper()}
    if settings.encryption == "aws_owned":
        params["SSESpecification"] = {"Enabled": False}
    elif settings.encryption is not None:
        key = {"KMSMasterKeyId": settings.kms_key} if settings.kms_key is not None else {}
        params["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **key}
    if settings.table_class is not None:
        params["TableClass"] = TABLE_CLASSES[settings.table_class]
    if settings.deletion_protection is not None:
        params["DeletionProtectionEnabled"] = settings.deletion_protection
    if settings.tags:
        params["Tags"] = [{"Key": key, "Value": said} for key, said in settings.tags.items()]
    return params


def _index_params(index: IndexDefinition, throughput: tuple[int, int] | None) -> Params:
    return {
        "IndexName": index.name,
        "KeySchema": index.key_schema,
        "Projection": index.projection_params,
        **_throughput_params(throughput),
    }


def _throughput_params(throughput: tuple[int, int] | None) -> Params:
    if throughput is None:
        return {}
    units = zip(("ReadCapacityUnits", "WriteCapacityUnits"), throughput, strict=True)
    return {"ProvisionedThroughput": dict(units)}


def _key_schema(hash_: tuple[str, ...], range_: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"} for name in hash_] + [
        {"AttributeName": name, "KeyType": "RANGE"} for name in range_
    ]
