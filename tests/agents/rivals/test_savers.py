"""Checkpointers of LangGraph: what Leyden's keeps, and what other packages on DynamoDB lose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bench.agents.checkpoints import at, met, order, put, twelve
from bench.agents.contestants import SAVERS, Contestant
from bench.agents.stage import Stage
from bench.agents.texts import text
from botocore.exceptions import ClientError

from tests.agents.rivals.beside import Fault, beside


@pytest.fixture
def opened(here: Stage) -> Callable[[Contestant], Any]:
    """Opens the checkpointer of a package on a table of its own."""
    return lambda one: one.open(here, here.table())


AS_TEXT = "returns write 10 and 11 before write 2, since it sorts their numbers as text"


@pytest.mark.parametrize("package", beside(SAVERS, aws=AS_TEXT, community=AS_TEXT))
def test_the_writes_of_a_task_keep_their_order(package: Contestant, opened: Any) -> None:
    assert order(opened(package)) == [*range(12)]


@pytest.mark.parametrize(
    "package",
    beside(
        SAVERS,
        aws="returns the state of namespace a#b as that of namespace a",
        community="returns the state of namespace a#b as that of namespace a",
    ),
)
def test_namespaces_that_begin_alike_are_apart(package: Contestant, opened: Any) -> None:
    assert met(opened(package), at("t", namespace="a#b"), at("t", namespace="a")) == "apart"


@pytest.mark.parametrize(
    "package",
    beside(SAVERS, aws="writes both to one partition, so that each returns the other's state"),
)
def test_a_thread_and_a_namespace_are_no_other_ones(package: Contestant, opened: Any) -> None:
    first, second = at("p#q", namespace="r"), at("p", namespace="q#r")
    assert met(opened(package), first, second, same=True) == "apart"


@pytest.mark.parametrize(
    "package",
    beside(
        SAVERS, community=Fault("cannot read what it wrote, since $ separates its keys", ValueError)
    ),
)
def test_a_thread_may_have_any_name(package: Contestant, opened: Any) -> None:
    first, second = at("p$q", namespace="r"), at("p", namespace="q$r")
    assert met(opened(package), first, second, same=True) == "apart"


TOO_LARGE = Fault("puts all of a state into one item, which DynamoDB refuses", ClientError)


@pytest.mark.parametrize("package", beside(SAVERS, aws=TOO_LARGE, community=TOO_LARGE))
def test_a_state_of_500_kb_is_kept(package: Contestant, opened: Any) -> None:
    saver, essay = opened(package), text(500_000)
    found = saver.get_tuple(put(saver, at("t"), {"essay": essay}))
    assert found.checkpoint["channel_values"] == {"essay": essay}


@pytest.mark.parametrize(
    "package",
    beside(
        SAVERS,
        aws="sends 24 requests, one for a write and one for its value",
        community="sends 12 requests, one for each write",
    ),
)
def test_twelve_writes_of_a_task_take_one_request(
    package: Contestant, opened: Any, here: Stage
) -> None:
    saver = opened(package)
    config = put(saver, at("t"), {"topic": "cats"})
    with here.meter.counted() as spent:
        twelve(saver, config)
    assert spent.requests == 1


@pytest.mark.parametrize(
    "package",
    beside(
        SAVERS,
        aws="sends 15 requests, 12 of them for values of writes",
        community="sends 14 requests, 12 of them for single writes",
    ),
)
def test_a_checkpoint_with_twelve_writes_is_read_by_one_request(
    package: Contestant, opened: Any, here: Stage
) -> None:
    saver = opened(package)
    config = put(saver, at("t"), {"topic": "cats"})
    twelve(saver, config)
    with here.meter.counted() as spent:
        found = saver.get_tuple(at("t"))
    assert len(found.pending_writes) == 12
    assert spent.requests == 1


@pytest.mark.parametrize(
    "package",
    beside(
        SAVERS,
        aws="sends 21 requests, two for each checkpoint that it lists",
        community="sends 11 requests, one for each checkpoint that it lists",
    ),
)
def test_the_newest_ten_checkpoints_are_listed_by_one_request(
    package: Contestant, opened: Any, here: Stage
) -> None:
    saver = opened(package)
    for n in range(20):
        put(saver, at("t"), {"n": n})
    with here.meter.counted() as spent:
        found = [*saver.list(at("t"), limit=10)]
    assert [one.checkpoint["channel_values"]["n"] for one in found] == [*range(19, 9, -1)]
    assert spent.requests == 1


LACKS = Fault("does not have it", NotImplementedError)


@pytest.mark.parametrize("package", beside(SAVERS, aws=LACKS))
@pytest.mark.parametrize(
    "call",
    [
        lambda saver: saver.copy_thread("t", "copy"),
        lambda saver: saver.prune(["t"]),
        lambda saver: saver.delete_for_runs(["run"]),
    ],
    ids=["copy_thread", "prune", "delete_for_runs"],
)
def test_a_saver_has_all_calls(
    package: Contestant, opened: Any, call: Callable[[Any], None]
) -> None:
    saver = opened(package)
    put(saver, at("t"), {"topic": "cats"})
    call(saver)
