"""Vectors of messages in the store's own table, found by a vector index of it.

Each vector is an item of its own, in the partition of its resource, beside the messages that stay
as the TypeScript client writes them. It holds ids, a role and a time, and no text. DynamoDB finds
what is near in one resource at a time: the index has the resource for its partition.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from leyden import Service
from leyden._methods import Awaited, Blocking, Methods, method
from leyden._text import listed, quoted
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    InvalidOptionError,
    LeydenError,
    TableError,
    TableMismatchError,
    TableNotFoundError,
    UnsupportedError,
    VectorIndexMismatchError,
    VectorIndexNotFoundError,
    VectorInputError,
    VectorStoreError,
)
from leyden.memory.checks import (
    checked_deletion,
    checked_query,
    checked_vectors,
)
from leyden.memory.filters import Condition, conditions_of
from leyden.memory.indexing import VectorKey, Where, vector_id
from leyden.memory.protocols import Filter, Vector, VectorIndex, VectorMatch, VectorMatches
from leyden.memory.text import PLAIN_DIMENSIONS, index_name
from leyden.program import Program, Request, Runner, outcomes_of
from leyden.store import TTL
from leyden.store.dynamodb.vectors import VECTORS, vector_schemas
from leyden.tables import add_vector_indexes
from leyden.types import timestamp_text

__all__ = [
    "AsyncDynamoDBVectors",
    "DynamoDBVectors",
    "VectorMethods",
    "place_of",
]

_MOST_DIMENSIONS: Final = 4096

_MOST: Final = 100
"""The largest `top_k` that DynamoDB takes."""

_FILTERS: Final = ("resource_id", "thread_id", "role")
"""What a search can be filtered by: the partition first."""

_ELSEWHERE: Final = (
    "DynamoDB itself has vector indexes, and so has the engine of leyden.local(); on other engines "
    "give Memory a vector store, as in Memory(store, embedder=..., vector=LocalVectors())"
)


class VectorMethods(Methods):
    """A vector store over the table of a DynamoDB store; see `VectorStore`."""

    _called = "vectors"

    separator = "_"

    def __init__(self, store: Any, dimensions: int = PLAIN_DIMENSIONS) -> None:
        app = getattr(store, "app", None)
        if not isinstance(app, Service):
            raise InvalidOptionError(
                f"vectors in a table need a store on DynamoDB, not {type(store).__name__}"
            )
        super().__init__(cast(Runner, app.driver))
        if not isinstance(dimensions, int) or not 1 <= dimensions <= _MOST_DIMENSIONS:
            raise InvalidOptionError(
                f"vectors in a table have 1 to {_MOST_DIMENSIONS} dimensions, not {dimensions}; "
                "take an embedder that makes fewer, or another vector store"
            )
        self.dimensions = dimensions
        self.name = index_name(dimensions)
        self._ttl: TTL | None = store.ttl.get("message")
        self._now = store.memory._now
        self._app = app.beside(vector_schemas(dimensions, self.name, self._ttl))
        self._entity = self._app.entities[VECTORS]
        self._shape = VectorIndex(self.name, dimensions, "cosine", None, True)

    @method
    def create_index(self, name: str, dimensions: int, metric: str = "cosine") -> Program[None]:
        """Add the vector index to the table, and wait until it is ready.

        On a table with items this takes minutes. Raises VectorIndexMismatchError where there is one
        of that name that differs, and VectorStoreError where the engine has no vector indexes.
        """
        self._mine(name)
        if (dimensions, metric) != (self.dimensions, "cosine"):
            raise VectorIndexMismatchError(
                f"the index {quoted(name)} has {self.dimensions} dimensions and the metric cosine; "
                f"{dimensions} and {metric} were asked for",
                index=name,
            )
        definition, table = self._app.table_definition, self._app.table
        try:
            yield from add_vector_indexes(definition, table)
        except TableMismatchError as error:
            raise VectorIndexMismatchError(error.message, index=name) from error
        except (TableError, AwsError) as error:
            # Another process may have added it in between: a second look finds it then.
            (again,) = yield from outcomes_of([add_vector_indexes(definition, table)], 1)
            if isinstance(again, LeydenError):
                raise self._failed(error, name) from error

    @method
    def upsert(self, index: str, vectors: Sequence[Vector]) -> Program[None]:
        """Write vectors, over those that have the same ids, in batches.

        Their metadata names the message that each is of: `resource_id`, `thread_id`, `message_id`,
        and `role` and `created_at` where these are known; the rest is not kept. Their ids are
        `{message_id}#{chunk}`.
        """
        self._mine(index)
        given = [*vectors]
        checked = checked_vectors(given, self._shape)
        try:
            puts = [self._entity.put(**self._item(vector)) for vector in checked]
        except LeydenError as error:
            ids = [one.id for one in given]
            raise VectorInputError(error.message, index=index, unsaved=ids) from error
        try:
            if len(puts) == 1:
                yield from puts[0].program(response="none")
            elif puts:
                yield from self._app.batch_write(puts).program(concurrency=_CONCURRENCY)
        except BatchIncompleteError as error:
            left = _left_of(error)
            unsaved = [one.id for one in checked if not left or place_of(one) in left]
            raise self._failed(error, index, unsaved) from error
        except LeydenError as error:
            raise self._failed(error, index, [one.id for one in checked]) from error

    @method
    def query(
        self,
        index: str,
        vector: Sequence[float],
        *,
        top_k: int = 10,
        filter: Filter | None = None,
    ) -> Program[VectorMatches]:
        """The vectors most like this one, of a resource: the filter needs a `resource_id`.

        It may have a `thread_id` and a `role` besides, each with one value; DynamoDB compares
        nothing else. The score is `1 - distance / 2`, of the cosine distance.
        """
        self._mine(index)
        numbers = checked_query(vector, self._shape, top_k, _MOST)
        wanted = _equal(conditions_of(filter), _FILTERS, index)
        if wanted is None:
            return VectorMatches((), requests=0)
        try:
            found = yield from self._entity.search.by_meaning(numbers, **wanted).program(
                top_k=top_k
            )
        except TableNotFoundError as error:
            raise VectorIndexNotFoundError(
                f"the table has no vector index {quoted(index)}; memory.init() adds it", index=index
            ) from error
        except (AwsError, TableError) as error:
            raise self._failed(error, index) from error
        return VectorMatches(
            tuple(
                VectorMatch(
                    vector_id(match.record.message_id, match.record.chunk),
                    match.score,
                    _metadata(match.record),
                )
                for match in found
            ),
            requests=found.requests,
            consumed=found.consumed,
            bytes_searched=found.bytes_searched,
        )

    @method
    def delete(
        self, index: str, *, ids: Sequence[str] | None = None, filter: Filter | None = None
    ) -> Program[None]:
        """Delete the vectors of a resource that a filter names, by `resource_id`.

        It may have a `thread_id` and `message_id`s besides. Ids alone do not say where a vector is,
        and are refused.
        """
        self._mine(index)
        named, conditions = checked_deletion(ids, filter)
        if named is not None:
            raise VectorInputError(
                "an id does not say whose partition the vector is in: delete by a filter on "
                "resource_id, thread_id and message_id",
                index=index,
            )
        where = _where(conditions, index)
        if where is not None:
            keys = yield from self.keys(where)
            yield from self.drop(str(where.resource_id), keys)

    @method
    def list(self) -> Program[builtins.list[str]]:
        """The names of the table's vector indexes of messages, sorted."""
        found = yield from self._indexes()
        plain = index_name(PLAIN_DIMENSIONS)
        return sorted(name for name in found if name.startswith(plain))

    @method
    def describe(self, index: str) -> Program[VectorIndex]:
        """What the table says of the index."""
        found = (yield from self._indexes()).get(index)
        if found is None:
            raise VectorIndexNotFoundError(
                f"the table has no vector index {quoted(index)}; create_index adds it", index=index
            )
        ready = found.get("IndexStatus", "ACTIVE") == "ACTIVE" and not found.get("Backfilling")
        count = found.get("ItemCount")
        return VectorIndex(
            index,
            int(found["Dimensions"]),
            str(found["DistanceFunction"]).lower(),
            None if count is None else int(count),
            ready,
        )

    def keys(self, where: Where) -> Program[builtins.list[VectorKey]]:
        """Which vectors there are in a place, as a program. They are read without their numbers."""
        names: dict[str, Any] = {"resource_id": where.resource_id}
        given = [{}] if where.thread_id is None else [{"thread_id": where.thread_id}]
        if where.thread_id is not None and where.message_ids is not None:
            given = [{**given[0], "message_id": id} for id in where.message_ids]
        queries = [
            self._entity.query.primary(**names, **more).program(
                pages="all", attributes=("thread_id", "message_id", "chunk"), consistent=True
            )
            for more in given
        ]
        found: builtins.list[VectorKey] = []
        for page in (yield from outcomes_of(queries, _CONCURRENCY)):
            if isinstance(page, LeydenError):
                raise self._failed(page, self.name) from page
            found += [(one.thread_id, one.message_id, one.chunk) for one in page]
        ids = where.message_ids
        return [key for key in found if ids is None or key[1] in ids]

    def drop(self, resource_id: str, keys: Sequence[VectorKey]) -> Program[None]:
        """Delete vectors of a resource, as a program."""
        if not keys:
            return
        named = [
            {"resource_id": resource_id, "thread_id": thread, "message_id": message, "chunk": chunk}
            for thread, message, chunk in keys
        ]
        try:
            yield from self._entity.delete(named).program(concurrency=_CONCURRENCY)
        except LeydenError as error:
            raise self._failed(error, self.name) from error

    def _mine(self, name: str) -> None:
        if name != self.name:
            raise VectorIndexNotFoundError(
                f"these vectors have the index {quoted(self.name)}, not {quoted(str(name))}: make "
                "DynamoDBVectors with the dimensions of the embedder",
                index=str(name),
            )

    def _item(self, vector: Vector) -> dict[str, Any]:
        """The attributes of a vector's item."""
        metadata = vector.metadata
        lacking = [name for name in _KEYS if not isinstance(metadata.get(name), str)]
        message, _, chunk = vector.id.rpartition("#")
        if lacking or message != metadata.get("message_id") or not chunk.isdecimal():
            raise VectorInputError(
                f"the vector {quoted(vector.id)} "
                + (
                    f"has no {listed(lacking, 'and no')} in its metadata"
                    if lacking
                    else "has an id"
                )
                + ", and a vector of a message in a table needs resource_id, thread_id and "
                "message_id, and an id of the message's id, # and a number"
            )
        item = {name: metadata[name] for name in _KEYS}
        item |= {name: metadata[name] for name in ("role", "created_at") if metadata.get(name)}
        if self._ttl is not None:
            item[self._ttl.attribute] = self._now() + self._ttl.after
        return {**item, "chunk": int(chunk), "vector": vector.values}

    def _indexes(self) -> Program[dict[str, Mapping[str, Any]]]:
        try:
            answer = yield Request("DescribeTable", {"TableName": self._app.table}, "vectors")
        except LeydenError as error:
            raise self._failed(error, None) from error
        return {one["IndexName"]: one for one in answer["Table"].get("VectorIndexes") or ()}

    def _failed(
        self, error: LeydenError, index: str | None, unsaved: Sequence[str] = ()
    ) -> VectorStoreError:
        """The error of a vector store for one of the table."""
        message = error.message
        # An engine that knows no vector indexes may as well take the request for an empty one.
        said = ("vector indexes", "Nothing to update")
        if isinstance(error, UnsupportedError) or any(words in message for words in said):
            message = f"{message}. {_ELSEWHERE}"
        return VectorStoreError(message, index=index, unsaved=unsaved)


_KEYS: Final = ("resource_id", "thread_id", "message_id")
_CONCURRENCY: Final = 8


class DynamoDBVectors(VectorMethods, Blocking):
    """Vectors of messages in the table of a `DynamoDBStore`, found by a vector index of the table.

    `Memory` makes one by itself where it is given no other vector store. `dimensions` are the
    embedder's. Raises InvalidOptionError.

    >>> vectors = DynamoDBVectors(store, dimensions=256)                 # doctest: +SKIP
    >>> vectors.create_index("memory_messages_256", 256)                 # doctest: +SKIP
    """


class AsyncDynamoDBVectors(VectorMethods, Awaited):
    """`DynamoDBVectors` over an `AsyncDynamoDBStore`: its methods are awaited."""


def place_of(vector: Vector) -> VectorKey:
    """Where a vector is within its resource."""
    message, _, chunk = vector.id.rpartition("#")
    return str(vector.metadata["thread_id"]), message, int(chunk)


def _left_of(error: BatchIncompleteError) -> set[VectorKey]:
    """The vectors of a batch that were not written, or may not have been."""
    writes = [*error.result.unprocessed]
    writes += [one for part in error.unsure for parts in part.values() for one in parts]
    items = [write["PutRequest"]["Item"] for write in writes]
    return {(i["thread_id"]["S"], i["message_id"]["S"], int(i["chunk"]["N"])) for i in items}


def _metadata(record: Any) -> dict[str, Any]:
    """What a match says of its vector."""
    metadata = {
        "resource_id": record.resource_id,
        "thread_id": record.thread_id,
        "message_id": record.message_id,
    }
    if record.role is not None:
        metadata["role"] = record.role
    if record.created_at is not None:
        metadata["created_at"] = timestamp_text(record.created_at)
    return metadata


def _equal(
    conditions: Sequence[Condition], among: Sequence[str], index: str
) -> dict[str, str] | None:
    """The one value that each field must have; None where nothing can meet all conditions."""
    left: dict[str, set[Any]] = {}
    for condition in conditions:
        if condition.field not in among:
            raise VectorInputError(
                f"vectors in a table are told apart by {listed(among, 'and')}, not by "
                f"{quoted(condition.field)}; another vector store keeps all of the metadata",
                index=index,
            )
        values = set(condition.values)
        left[condition.field] = left.get(condition.field, values) & values
    if "resource_id" not in left:
        raise VectorInputError(
            "vectors in a table need a resource_id in the filter: each resource has a partition",
            index=index,
        )
    for field, values in left.items():
        if len(values) > 1:
            raise VectorInputError(
                f"DynamoDB compares {quoted(field)} with one value; give one, or take another "
                "vector store",
                index=index,
            )
    wanted = {field: value for field, values in left.items() for value in values}
    fit = all(isinstance(value, str) and value for value in wanted.values())
    return wanted if fit and len(wanted) == len(left) else None


def _where(conditions: Sequence[Condition], index: str) -> Where | None:
    """The place that a deletion names; None for nowhere. Raises VectorInputError."""
    messages = [one for one in conditions if one.field == "message_id"]
    others = [one for one in conditions if one.field != "message_id"]
    wanted = _equal(others, _KEYS[:2], index)
    if wanted is None:
        return None
    ids = None
    for one in messages:
        found = tuple(dict.fromkeys(str(value) for value in one.values))
        ids = found if ids is None else tuple(id for id in ids if id in found)
    return Where(wanted["resource_id"], wanted.get("thread_id"), ids)
