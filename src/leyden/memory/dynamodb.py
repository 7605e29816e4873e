"""Vectors of messages in the store's own table, found by a vector index of that table.

Each vector is an item in the partition of its resource, so the messages stay as the TypeScript
client writes them. The item holds ids, a role and a time, but no text. The index is partitioned by
resource, so a search finds what is near within one resource.
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
"""The fields by which a search can filter; the partition comes first."""

_ELSEWHERE: Final = (
    "DynamoDB itself and the engine of leyden.local() have vector indexes; on other engines, give "
    "Memory a vector store, as in Memory(store, embedder=..., vector=LocalVectors())"
)


class VectorMethods(Methods):
    """A vector store in the table of a DynamoDB store; see `VectorStore`."""

    _called = "vectors"

    separator = "_"

    def __init__(self, store: Any, dimensions: int = PLAIN_DIMENSIONS) -> None:
        app = getattr(store, "app", None)
        if not isinstance(app, Service):
            raise InvalidOptionError(
                f"vectors in a table need a DynamoDB store, not {type(store).__name__}"
            )
        super().__init__(cast(Runner, app.driver))
        if not isinstance(dimensions, int) or not 1 <= dimensions <= _MOST_DIMENSIONS:
            raise InvalidOptionError(
                f"vectors in a table have 1 to {_MOST_DIMENSIONS} dimensions, not {dimensions}; "
                "use an embedder that makes fewer, or another vector store"
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
        """Add the vector index to the table and wait until it is ready.

        On a table with items this takes minutes. Raises VectorIndexMismatchError if the table has a
        different index of that name, and VectorStoreError if the engine has no vector indexes.
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
            # Another process may have added the index in between; a second look would find it.
            (again,) = yield from outcomes_of([add_vector_indexes(definition, table)], 1)
            if isinstance(again, LeydenError):
                raise self._failed(error, name) from error

    @method
    def upsert(self, index: str, vectors: Sequence[Vector]) -> Program[None]:
        """Write vectors in batches; each replaces the stored vector with its id.

        A vector's id is `{message_id}#{chunk}`. Its metadata names its message by `resource_id`,
        `thread_id` and `message_id`, with `role` and `created_at` if these are known. Other
        metadata is not stored.
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
        """Return the vectors of a resource most similar to this one; the filter names the resource.

        The filter needs a `resource_id`, and may have a `thread_id` and a `role`, each with one
        value; DynamoDB can filter by nothing else. The score is `1 - distance / 2` for the cosine
        distance.
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
        """Delete the vectors that a filter names, by `resource_id`.

        The filter may also have a `thread_id`, and one or more values of `message_id`. Ids alone
        are refused, because they do not say in which partition a vector is.
        """
        self._mine(index)
        named, conditions = checked_deletion(ids, filter)
        if named is not None:
            raise VectorInputError(
                "an id does not say in which partition a vector is: delete by a filter on "
                "resource_id, thread_id and message_id",
                index=index,
            )
        where = _where(conditions, index)
        if where is not None:
            keys = yield from self.keys(where)
            yield from self.drop(str(where.resource_id), keys)

    @method
    def list(self) -> Program[builtins.list[str]]:
        """Return the names of the table's vector indexes of messages, sorted."""
        found = yield from self._indexes()
        plain = index_name(PLAIN_DIMENSIONS)
        return sorted(name for name in found if name.startswith(plain))

    @method
    def describe(self, index: str) -> Program[VectorIndex]:
        """Return what DynamoDB reports about the index."""
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
        """Return a program that lists the vectors in a place, reading only their keys."""
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
        """Return a program that deletes vectors of a resource."""
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
                f"these vectors have the index {quoted(self.name)}, not {quoted(str(name))}: give "
                "DynamoDBVectors the dimensions of the embedder",
                index=str(name),
            )

    def _item(self, vector: Vector) -> dict[str, Any]:
        """Return the attributes of a vector's item."""
        metadata = vector.metadata
        lacking = [name for name in _KEYS if not isinstance(metadata.get(name), str)]
        message, _, chunk = vector.id.rpartition("#")
        if lacking or message != metadata.get("message_id") or not chunk.isdecimal():
            raise VectorInputError(
                f"the vector {quoted(vector.id)} "
                + (
                    f"has no {listed(lacking, 'and no')} in its metadata"
                    if lacking
                    else "has an id of another form"
                )
                + "; a vector in a table needs resource_id, thread_id and message_id in its "
                "metadata, and an id like m1#0: the message's id, # and a number"
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
        """Return the vector store's error for an error of the table."""
        message = error.message
        # An engine without vector indexes may report the request to add one as an empty request.
        said = ("vector indexes", "Nothing to update")
        if isinstance(error, UnsupportedError) or any(words in message for words in said):
            message = f"{message}. {_ELSEWHERE}"
        return VectorStoreError(message, index=index, unsaved=unsaved)


_KEYS: Final = ("resource_id", "thread_id", "message_id")
_CONCURRENCY: Final = 8


class DynamoDBVectors(VectorMethods, Blocking):
    """Vectors of messages in the table of a `DynamoDBStore`, found by a vector index of that table.

    `Memory` creates one unless you give it another vector store. `dimensions` are the embedder's.
    Raises InvalidOptionError.

    >>> vectors = DynamoDBVectors(store, dimensions=256)                 # doctest: +SKIP
    >>> vectors.create_index("memory_messages_256", 256)                 # doctest: +SKIP
    """


class AsyncDynamoDBVectors(VectorMethods, Awaited):
    """`DynamoDBVectors` over an `AsyncDynamoDBStore`; its methods are awaited."""


def place_of(vector: Vector) -> VectorKey:
    """Return the place of a vector within its resource."""
    message, _, chunk = vector.id.rpartition("#")
    return str(vector.metadata["thread_id"]), message, int(chunk)


def _left_of(error: BatchIncompleteError) -> set[VectorKey]:
    """Return the vectors of a batch that were not written, or may not have been."""
    writes = [*error.result.unprocessed]
    writes += [one for part in error.unsure for parts in part.values() for one in parts]
    items = [write["PutRequest"]["Item"] for write in writes]
    return {(i["thread_id"]["S"], i["message_id"]["S"], int(i["chunk"]["N"])) for i in items}


def _metadata(record: Any) -> dict[str, Any]:
    """Return the metadata of a match."""
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
    """Return the value that each field must have, or None if nothing can meet all conditions."""
    left: dict[str, set[Any]] = {}
    for condition in conditions:
        if condition.field not in among:
            raise VectorInputError(
                f"vectors in a table can be filtered by {listed(among, 'and')}, not by "
                f"{quoted(condition.field)}; other vector stores keep all of the metadata",
                index=index,
            )
        values = set(condition.values)
        left[condition.field] = left.get(condition.field, values) & values
    if "resource_id" not in left:
        raise VectorInputError(
            "vectors in a table need a resource_id in the filter: each resource is a partition",
            index=index,
        )
    for field, values in left.items():
        if len(values) > 1:
            raise VectorInputError(
                f"DynamoDB compares {quoted(field)} with one value only; give one, or use another "
                "vector store",
                index=index,
            )
    wanted = {field: value for field, values in left.items() for value in values}
    fit = all(isinstance(value, str) and value for value in wanted.values())
    return wanted if fit and len(wanted) == len(left) else None


def _where(conditions: Sequence[Condition], index: str) -> Where | None:
    """Return the place that a deletion names, or None for nowhere. Raises VectorInputError."""
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
