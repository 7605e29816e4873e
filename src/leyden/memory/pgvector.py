"""A vector store in PostgreSQL with pgvector; it needs the extra `pgvector`.

::

    import psycopg
    from leyden.memory.pgvector import PgVector

    vectors = PgVector(psycopg.connect("postgresql://...", autocommit=True))
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from threading import RLock
from typing import Any, ClassVar, Final

from leyden.memory.base import BaseVectors, Conditions, Floats, Ids
from leyden.memory.checks import score_of
from leyden.memory.protocols import Vector, VectorIndex, VectorMatch

try:
    from psycopg import errors, rows, sql
except ImportError as error:
    raise ImportError('PgVector needs psycopg: pip install "leyden[pgvector]"') from error

__all__ = ["PgVector"]

_OPERATORS: Final = {"cosine": "<=>", "euclidean": "<->", "dot_product": "<#>"}


class PgVector(BaseVectors):
    """Stores vectors in PostgreSQL; each index is a table of that name in the current schema.

    `connection` is your `psycopg.Connection`. Writes are committed unless you are in a transaction.
    The search is exact: an index on the metadata finds the vectors that match the filter, and the
    search compares all of these. You may add an approximate index.

    The score is `1 - distance / 2` for `cosine`, `1 / (1 + distance)` for `euclidean`, and
    `(1 + product) / 2` for `dot_product`, which is meant for vectors of length 1.
    """

    service: ClassVar[str] = "PostgreSQL"

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self._connection = connection
        # On one connection, transactions of several threads would end in each other's order.
        self._lock = RLock()

    def _describe(self, name: str) -> VectorIndex:
        ((dimensions, comment),) = self._ask(
            "SELECT atttypmod, obj_description(attrelid, 'pg_class') FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attname = 'embedding'",
            name,
            sql.Identifier(name).as_string(self._connection),
        )
        ((count,),) = self._ask("SELECT count(*) FROM {table}", name)
        return VectorIndex(name, dimensions, comment or "cosine", count, True)

    def _create(self, name: str, dimensions: int, metric: str) -> None:
        with self._lock, self._connection.transaction():
            self._ask("CREATE EXTENSION IF NOT EXISTS vector", name)
            self._ask(
                "CREATE TABLE IF NOT EXISTS {table} (id bigserial PRIMARY KEY, vector_id text "
                "UNIQUE NOT NULL, embedding vector({dimensions}), metadata jsonb DEFAULT '{{}}')",
                name,
                dimensions=sql.Literal(dimensions),
            )
            self._ask("CREATE INDEX ON {table} USING gin (metadata jsonb_path_ops)", name)
            self._ask("COMMENT ON TABLE {table} IS {metric}", name, metric=sql.Literal(metric))

    def _write(self, index: str, vectors: Sequence[Vector]) -> None:
        statement = sql.SQL(
            "INSERT INTO {table} (vector_id, embedding, metadata) VALUES (%s, %s::vector, %s) "
            "ON CONFLICT (vector_id) DO UPDATE SET embedding = EXCLUDED.embedding, "
            "metadata = EXCLUDED.metadata"
        ).format(table=sql.Identifier(index))
        written = [(one.id, str(one.values), json.dumps(one.metadata)) for one in vectors]
        with self._lock, self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(statement, written)

    def _nearest(
        self, index: VectorIndex, vector: Floats, top_k: int, conditions: Conditions
    ) -> Iterable[VectorMatch]:
        found = self._ask(
            "SELECT vector_id, metadata, embedding {operator} %s::vector AS measure FROM {table} "
            "WHERE {where} ORDER BY measure, id LIMIT %s",
            index.name,
            str(vector),
            *_documents(conditions),
            top_k,
            operator=sql.SQL(_OPERATORS[index.metric]),
            where=_where(conditions),
        )
        for id, metadata, measure in found:
            # For the product, pgvector returns the negative.
            distance = -measure if index.metric == "dot_product" else measure
            yield VectorMatch(id, score_of(distance, index.metric), metadata)

    def _delete(self, index: str, ids: Ids) -> None:
        self._ask("DELETE FROM {table} WHERE vector_id = ANY(%s)", index, ids)

    def _delete_where(self, index: VectorIndex, conditions: Conditions) -> None:
        documents, where = _documents(conditions), _where(conditions)
        self._ask("DELETE FROM {table} WHERE {where}", index.name, *documents, where=where)

    def _names(self) -> Iterable[str]:
        names = self._ask(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid "
            "JOIN pg_type ON atttypid = pg_type.oid WHERE attname = 'embedding' AND relkind = 'r' "
            "AND typname = 'vector' AND pg_table_is_visible(pg_class.oid)",
            "",
        )
        return [name for (name,) in names]

    def _is_missing(self, error: Exception) -> bool:
        return isinstance(error, errors.UndefinedTable)

    def _ask(self, text: str, name: str, *values: Any, **parts: sql.Composable) -> Any:
        statement = sql.SQL(text).format(table=sql.Identifier(name), **parts)
        # The connection may have another row factory.
        cursor = self._connection.cursor(row_factory=rows.tuple_row)
        with self._lock, self._connection.transaction(), cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


def _where(conditions: Conditions) -> sql.Composable:
    """Return SQL for metadata that has one value of each condition, alone or in a list."""
    # The index serves `@>` joined by OR, and does not serve `@> ANY`.
    alternatives = (
        sql.SQL("({})").format(
            sql.SQL(" OR ").join([sql.SQL("metadata @> %s::jsonb")] * 2 * len(each.values))
        )
        for each in conditions
    )
    return sql.SQL(" AND ").join(alternatives) if conditions else sql.SQL("true")


def _documents(conditions: Conditions) -> list[str]:
    return [
        json.dumps({each.field: one})
        for each in conditions
        for value in each.values
        for one in (value, [value])
    ]
