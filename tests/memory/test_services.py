"""What single stores do of their own: the shapes of their requests, and what they cannot do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from pinecone import Pinecone, RetryConfig
from psycopg import rows
from qdrant_client import QdrantClient, models

from leyden.errors import VectorStoreError
from leyden.memory import Vector
from leyden.memory.pgvector import PgVector
from leyden.memory.pinecone import PineconeVectors
from leyden.memory.qdrant import QdrantVectors
from leyden.memory.s3 import S3Vectors
from tests.memory.kits import postgres
from tests.memory.pinecone_service import PineconeService, serving
from tests.memory.s3_service import Bucket

NAME = "tests-of-messages"


@pytest.fixture
def service() -> Iterator[PineconeService]:
    with serving() as service:
        yield service


def connected(service: PineconeService, **options: Any) -> PineconeVectors:
    client = Pinecone(api_key="none", host=service.host, retry_config=RetryConfig(max_retries=0))
    return PineconeVectors(client=client, **options)


def test_pinecone_waits_until_an_index_is_ready_and_no_longer_than_its_bound(
    service: PineconeService,
) -> None:
    service.looks = 3
    store = connected(service)
    store.create_index(NAME, 2)
    assert store.describe(NAME).ready
    service.looks = 1000
    store.ready_within = 0.2
    with pytest.raises(VectorStoreError, match=r"not ready after 0\.2 seconds"):
        store.create_index("another", 2)


def test_pinecone_gets_a_serverless_index_as_typescript_makes_it(
    service: PineconeService,
) -> None:
    connected(service).create_index(NAME, 1536, "dot_product")
    (made,) = [body for verb, path, body in service.asked if (verb, path) == ("POST", "/indexes")]
    assert made["name"] == NAME
    assert made["schema"]["fields"] == {
        "_values": {"type": "dense_vector", "dimension": 1536, "metric": "dotproduct"}
    }
    assert made["deployment"] == {
        "deployment_type": "managed",
        "cloud": "aws",
        "region": "us-east-1",
    }


def test_pinecones_namespaces_are_apart(service: PineconeService) -> None:
    alice, bob = (connected(service, namespace=name) for name in ("alice", "bob"))
    alice.create_index(NAME, 2)
    for store, text in ((alice, "hers"), (bob, "his")):
        store.upsert(NAME, [Vector("m1#0", [1.0, 0.0], {"content": text})])
    alice.delete(NAME, ids=["m1#0"])
    assert len(alice.query(NAME, [1.0, 0.0])) == 0
    assert [match.metadata for match in bob.query(NAME, [1.0, 0.0])] == [{"content": "his"}]


def test_pinecones_requests_stay_within_its_limits(service: PineconeService) -> None:
    store = connected(service)
    store.create_index(NAME, 2)
    vectors = [Vector(f"m{n}", [1 / 3, n / 7], {"content": "x" * 1500}) for n in range(2100)]
    store.upsert(NAME, vectors)
    assert service.largest <= 2_000_000
    store.delete(NAME, ids=[vector.id for vector in vectors])
    assert store.describe(NAME).count == 0


def test_where_pinecone_deletes_by_ids_alone_what_a_query_finds_is_deleted(
    service: PineconeService,
) -> None:
    service.deletes_by_filter = False
    store = connected(service)
    store.most = 3  # type: ignore[misc]
    store.create_index(NAME, 2)
    store.upsert(NAME, [Vector(f"m{n}", [1.0, 0.0], {"thread_id": f"t{n % 2}"}) for n in range(20)])
    store.delete(NAME, filter={"thread_id": "t1"})
    left = {match.id for match in store.query(NAME, [1.0, 0.0], top_k=3)}
    assert store.describe(NAME).count == 10
    assert all(int(id[1:]) % 2 == 0 for id in left)


def test_an_index_that_is_made_again_is_found_again(service: PineconeService) -> None:
    store = connected(service)
    store.create_index(NAME, 2)
    store.upsert(NAME, [Vector("m1#0", [1.0, 0.0], {})])
    kept = service.indexes.pop(NAME)
    with pytest.raises(VectorStoreError):
        store.query(NAME, [1.0, 0.0])
    service.indexes[NAME] = {
        **kept,
        "schema": {
            "fields": {"_values": {"type": "dense_vector", "dimension": 3, "metric": "cosine"}}
        },
    }
    store.upsert(NAME, [Vector("m2#0", [1.0, 0.0, 0.0], {})])


def test_the_key_of_pinecone_can_come_from_the_environment(
    service: PineconeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINECONE_API_KEY", "none")
    monkeypatch.setenv("PINECONE_CONTROLLER_HOST", service.host)
    assert PineconeVectors().list() == []


def test_qdrants_points_are_as_typescript_writes_them() -> None:
    client = QdrantClient(":memory:")
    store = QdrantVectors(client)
    store.create_index(NAME, 2)
    # A point that another client wrote: a UUID, and the metadata as its payload.
    foreign = "3f2b8c1e-9a4d-4e8b-8f1a-2b6c7d8e9f01"
    payload = {"message_id": "m0", "content": "text", "thread_id": "t1"}
    client.upsert(NAME, points=[models.PointStruct(id=foreign, vector=[1.0, 0.0], payload=payload)])
    store.upsert(NAME, [Vector("m1#0", [0.0, 1.0], {"message_id": "m1"})])
    (match,) = store.query(NAME, [1.0, 0.0], filter={"thread_id": "t1"})
    assert (match.id, match.metadata) == (foreign, payload)
    store.delete(NAME, ids=[foreign])
    points, _ = client.scroll(NAME)
    assert [point.payload for point in points] == [{"message_id": "m1", "vector_id": "m1#0"}]


def test_qdrant_gets_payload_indexes_for_what_memory_filters_by() -> None:
    client = Mock(wraps=QdrantClient(":memory:"))
    QdrantVectors(client).create_index(NAME, 2)
    made = [call.args[:3] for call in client.create_payload_index.call_args_list]
    keyword = models.PayloadSchemaType.KEYWORD
    assert made == [(NAME, "thread_id", keyword), (NAME, "resource_id", keyword)]


def test_s3_filters_by_all_fields_but_the_text_of_a_message() -> None:
    bucket = Bucket()
    store = S3Vectors(bucket.client(), "my-vectors")
    store.create_index(NAME, 2)
    assert bucket.indexes[NAME]["metadataConfiguration"] == {
        "nonFilterableMetadataKeys": ["content"]
    }
    store.upsert(NAME, [Vector("m1#0", [1.0, 0.0], {"content": "x" * 5000, "thread_id": "t1"})])
    assert len(store.query(NAME, [1.0, 0.0], filter={"thread_id": "t1"})) == 1
    with pytest.raises(VectorStoreError, match="ValidationException"):
        store.query(NAME, [1.0, 0.0], filter={"content": "x"})


def test_postgres_filters_by_its_index_and_keeps_to_the_callers_transaction() -> None:
    # Whatever form its rows have for others.
    with psycopg.connect(postgres().get_uri(), row_factory=rows.dict_row) as connection:
        store = PgVector(connection)
        store.create_index("messages of ünits", 2)
        store.upsert("messages of ünits", [Vector("m1#0", [1.0, 0.0], {"thread_id": "t1"})])
        with connection.transaction(force_rollback=True):
            store.delete("messages of ünits", ids=["m1#0"])
        assert store.describe("messages of ünits").count == 1
        connection.execute("SET enable_seqscan = off")
        asked: list[Any] = []
        ask = store._ask

        def explained(text: str, name: str, *values: Any, **parts: Any) -> Any:
            asked.extend(ask("EXPLAIN " + text, name, *values, **parts))
            return ask(text, name, *values, **parts)

        store._ask = explained  # type: ignore[method-assign]
        filter = {"thread_id": {"in": ["t1", "t2"]}, "role": "user"}
        store.query("messages of ünits", [1.0, 0.0], filter=filter)
        assert any("Bitmap Index Scan" in line for (line,) in asked)
        connection.execute('DROP TABLE "messages of ünits"')


@pytest.mark.parametrize(
    ("module", "needed"),
    [("pinecone", "pinecone"), ("qdrant", "qdrant_client"), ("pgvector", "psycopg")],
)
def test_a_store_without_its_client_says_what_to_install(module: str, needed: str) -> None:
    code = f"import sys; sys.modules[{needed!r}] = None; import leyden.memory.{module}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f'pip install "leyden[{module}]"' in ended.stderr


def test_the_package_imports_no_client_of_a_store() -> None:
    code = (
        "import sys, leyden.memory\n"
        "from leyden.memory import LocalVectors, VectorStore\n"
        "print([name for name in ('pinecone', 'qdrant_client', 'psycopg', 'openai', 'tokenizers',"
        " 'safetensors') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
