"""The processes that are measured do the work that they are said to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench import peers
from bench.engine import requests
from bench.items import IN_PARTITION, SCHEMA, reading
from bench.peers import Target
from bench.worker import Answers, numbered, stream
from bench.workers import WorkerError, another

import leyden
from leyden.operations.plan.expressions import item_size


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with (
        leyden.local() as engine,
        leyden.load(SCHEMA, table="bench", engine=engine) as app,
    ):
        app.create_table()
        entity = app.entities.reading
        entity.put([reading(number) for number in range(IN_PARTITION)]).go()
        entity.put([reading(number, "s0") for number in range(20)]).go()
        keys = engine.credentials
        yield Target(
            engine.endpoint_url,
            engine.region,
            keys.access_key_id,
            keys.secret_access_key,
            "bench",
            **requests(entity),
        )


def test_an_item_has_12_attributes_and_about_600_bytes() -> None:
    entity = leyden.load(SCHEMA, table="bench", region="us-east-1").entities.reading
    assert len(entity.spec.attributes) == 12
    assert 550 <= item_size(entity.put(**reading(999)).params()["Item"]) <= 650


@pytest.mark.parametrize("module", ["own", "aws", "pynamo"])
def test_each_client_reads_the_same_items(module: str, target: Target) -> None:
    opened = __import__(f"bench.peers.{module}", fromlist=["opened"]).opened
    with opened(target) as client:
        client.work["put"]()
        client.work["batch"]()
        found = client.work["query"]()
        assert len(found["Items"] if isinstance(found, dict) else list(found)) == IN_PARTITION
        assert client.work["get"]() is not None


def test_a_process_answers_and_says_what_failed(target: Target) -> None:
    with another("leyden", target) as worker:
        assert set(worker.cases) == {"get", "put", "query", "batch", "params"}
        for question in (
            {"run": "get", "times": 2},
            {"gets": 4, "count": 8},
            {"numbered": 20, "times": 5},
        ):
            assert worker.ask(question)["cpu"] > 0
        with pytest.raises(WorkerError, match="leyden: KeyError"):
            worker.ask({"run": "nothing", "times": 1})
        with pytest.raises(WorkerError, match="is not there"):
            worker.ask({"numbered": 1000, "times": 400})


def test_iteration_counts_what_it_has_read(target: Target) -> None:
    from bench.peers import own

    with own.opened(target) as client:
        found = stream(client, 50, below=20)
        assert found["records"] == 60
        assert [count for count, _ in found["memory"]] == list(range(5, 61, 5))
        with pytest.raises(ValueError, match="no items"):
            stream(client, 50, below=10_000)
        assert numbered(client, 20, 3)["cpu"] > 0
        answers = Answers(client)
        assert answers.to({"gets": 2, "count": 4})["wall"] > 0
        answers.close()


def test_a_client_that_is_not_installed_is_absent() -> None:
    assert (
        peers.Peer("other", "Other", "leyden-no-such-client", "bench.peers.other").version is None
    )
