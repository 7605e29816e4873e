"""Collections of three entities over thousands of items and many pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden

ENTITY = """
entity: {name}s
alias: {name}
version: "1"
service: forum
attributes:
  thread: {{type: string, required: true}}
  id: {{type: string, required: true}}
  body: string
indexes:
  main:
    collection: all
    pk: {{field: pk, composite: [thread]}}
    sk: {{field: sk, composite: [id]}}
  mixed:
    index: gsi1
    type: clustered
    collection: mixture
    pk: {{field: gsi1pk, composite: [thread]}}
    sk: {{field: gsi1sk, composite: [id]}}
"""
MEMBERS = ("post", "vote", "file")
EACH = 1000


@pytest.fixture(scope="module")
def forum(engine: Any) -> Iterator[leyden.Service]:
    app = leyden.load(
        "---".join(ENTITY.format(name=name) for name in MEMBERS),
        table=f"collections-{id(engine)}",
        endpoint_url=engine.endpoint_url,
        region=engine.region,
        credentials=engine.credentials,
    )
    app.create_table()
    for name in MEMBERS:
        items = [{"thread": "t", "id": f"{n:04}", "body": "x" * 400} for n in range(EACH)]
        app.entities[name].put(items).go(concurrency=4)
    yield app
    app.close()


def _keys(records: Any) -> list[tuple[str, str]]:
    return [(type(record).__name__, record.id) for record in records]


@settings(max_examples=8)
@given(
    name=st.sampled_from(["all", "mixture"]),
    limit=st.sampled_from([97, 450, 999, 1000, 2999, 3000, 3001, None]),
    order=st.sampled_from(["asc", "desc"]),
)
def test_every_item_comes_once_and_in_key_order_whatever_the_page_size(
    forum: leyden.Service, name: str, limit: int | None, order: str
) -> None:
    found = _keys(getattr(forum.collections, name)(thread="t").iter(limit=limit, order=order))
    assert len(found) == len(set(found)) == EACH * len(MEMBERS)
    expected = sorted(
        ((kind, f"{n:04}") for kind in ("File", "Post", "Vote") for n in range(EACH)),
        key=(lambda pair: (pair[1], pair[0])) if name == "mixture" else None,
        reverse=order == "desc",
    )
    assert found == expected


def test_a_clustered_collection_takes_ranges_over_all_members(forum: leyden.Service) -> None:
    mixture = forum.collections.mixture(thread="t")
    found = _keys(mixture.between({"id": "0010"}, {"id": "0012"}))
    assert {identifier for _, identifier in found} >= {"0010", "0011"}
    assert len(_keys(mixture.begins(id="001"))) == 30
    page = forum.collections.mixture(thread="t", id="0005").go()
    assert (len(page.post), len(page.vote), len(page.file)) == (1, 1, 1)
