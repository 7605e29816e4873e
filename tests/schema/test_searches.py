"""Access patterns by meaning, as specs."""

from __future__ import annotations

from leyden.schema.spec import SearchSpec
from tests.schema.support import entity, loaded

EMBEDDED = {"embedding": {"type": "vector", "dimensions": 3}, "tenant": "string", "kind": "string"}
TABLE_KEY = {"pk": {"field": "pk", "composite": ["a"]}}


def patterns(**vector: object) -> dict[str, object]:
    asked = {"index": "vec1", "attribute": "embedding", **vector}
    return entity(EMBEDDED, indexes={"main": TABLE_KEY, "near": {"vector": asked}})


def test_an_access_pattern_by_meaning_stands_apart_from_those_by_key() -> None:
    spec = loaded(
        patterns(metric="euclidean", partition="tenant", filters=["kind"], projection=["kind"])
    )

    assert [*spec.indexes] == ["main"]
    (near,) = spec.searches.values()
    assert near == SearchSpec(
        "near", "vec1", "embedding", "euclidean", "tenant", ("kind",), ("kind",), near.span
    )
    assert str(near.span) == "<dict>:indexes.near"


def test_every_access_pattern_may_say_what_it_is_for() -> None:
    said = patterns()
    said["indexes"] = {
        "main": {**TABLE_KEY, "description": "One of them."},
        "near": {**said["indexes"]["near"], "description": "What is like it."},  # type: ignore[index]
    }
    spec = loaded(said)
    assert spec.indexes["main"].description == "One of them."
    assert spec.searches["near"].description == "What is like it."


def test_what_an_access_pattern_by_meaning_does_not_say_has_its_default() -> None:
    near = loaded(patterns()).searches["near"]

    assert (near.metric, near.partition, near.filters, near.projection) == (
        "cosine",
        None,
        (),
        None,
    )
