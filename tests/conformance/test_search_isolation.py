"""Several entities and two services share one vector index: none finds what another wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import pytest
from attrs import frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conformance.conftest import Open

pytestmark = pytest.mark.parametrize(
    "engine", [pytest.param("embedded", id="embedded")], indirect=True
)

ENTITY: Final = """
entity: {entity}
version: "{version}"
service: {service}
attributes:
  id: {{type: string, required: true}}
  room: string
  kind: {{type: [a, b], default: a}}
  size: {{type: integer, default: 0}}
  meaning: {{type: vector, dimensions: 2}}
indexes:
  id:
    pk: {{field: pk, composite: [id]}}
    sk: {{field: sk, composite: []}}
  similar:
    vector: {{index: vec1, attribute: meaning, metric: euclidean, partition: room, filters: [kind]}}
"""
# The services' names begin alike, and "note" of version 1 is in both.
SERVICES: Final[list[list[tuple[str, str, str]]]] = [
    [("note", "1", "team"), ("notes", "1", "team")],
    [("note", "2", "team")],
    [("note", "1", "teams"), ("memo", "1", "teams")],
]
OWNERS: Final = [owner for owners in SERVICES for owner in owners]

Owner = tuple[str, str, str]
owners = st.sampled_from(OWNERS)
ids = st.sampled_from(("1", "2", "3"))
rooms = st.sampled_from(("r1", "r2"))
kinds = st.sampled_from(("a", "b"))
vectors = st.tuples(st.integers(-2, 2), st.integers(-2, 2))


@frozen
class Kept:
    """What an owner has under an id. The item is in the index where it has a room and a vector."""

    room: str
    kind: str
    vector: tuple[int, int] | None
    size: int


class Sharing(RuleBasedStateMachine):
    """Writes of all owners on one table, each search beside what its owner should find."""

    def __init__(self, entities: dict[Owner, Any]) -> None:
        super().__init__()
        self.entities = entities
        self.kept: dict[tuple[Owner, str], Kept] = {}

    @initialize(vector=vectors)
    def begin(self, vector: tuple[int, int]) -> None:
        """Let every owner have an item in one place."""
        for owner in self.entities:
            self.put(owner=owner, id="1", room="r1", kind="a", vector=vector, size=2)

    def teardown(self) -> None:
        """Leave the table empty for the next example."""
        for owner, id in self.kept:
            self.entities[owner].delete(id=id).go()

    @rule(owner=owners, id=ids, room=rooms, kind=kinds, vector=vectors, size=st.integers(0, 2))
    def put(
        self, owner: Owner, id: str, room: str, kind: str, vector: tuple[int, int], size: int
    ) -> None:
        given = {"id": id, "room": room, "kind": kind, "meaning": vector, "size": size}
        self.entities[owner].put(**given).go()
        self.kept[owner, id] = Kept(room, kind, vector, size)

    @rule(owner=owners, some=st.lists(st.tuples(ids, rooms, vectors), unique_by=lambda one: one[0]))
    def put_several(self, owner: Owner, some: list[tuple[str, str, tuple[int, int]]]) -> None:
        items = [{"id": id, "room": room, "meaning": vector} for id, room, vector in some]
        self.entities[owner].put(items).go()
        for id, room, vector in some:
            self.kept[owner, id] = Kept(room, "a", vector, 0)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), room=rooms, kind=kinds, vector=vectors)
    def change(self, data: Any, room: str, kind: str, vector: tuple[int, int]) -> None:
        owner, id = data.draw(st.sampled_from(sorted(self.kept)))
        self.entities[owner].patch(id=id).set(room=room, kind=kind, meaning=vector).go()
        self.kept[owner, id] = Kept(room, kind, vector, self.kept[owner, id].size)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def forget_the_vector(self, data: Any) -> None:
        owner, id = data.draw(st.sampled_from(sorted(self.kept)))
        self.entities[owner].patch(id=id).remove("meaning").go()
        old = self.kept[owner, id]
        self.kept[owner, id] = Kept(old.room, old.kind, None, old.size)

    @rule(owner=owners, id=ids)
    def delete(self, owner: Owner, id: str) -> None:
        self.entities[owner].delete(id=id).go()
        self.kept.pop((owner, id), None)

    @rule(
        owner=owners,
        room=rooms,
        kind=st.none() | kinds,
        vector=vectors,
        top_k=st.integers(1, 5),
        least=st.integers(0, 2),
        options=st.sampled_from([{}, {"hydrate": True}, {"attributes": ["id"]}]),
    )
    def search(
        self,
        owner: Owner,
        room: str,
        kind: str | None,
        vector: tuple[int, int],
        top_k: int,
        least: int,
        options: Any,
    ) -> None:
        entity = self.entities[owner]
        given = {"room": room} if kind is None else {"room": room, "kind": kind}
        search = entity.search.similar(vector, **given)
        if least:
            search = search.where(entity.attr.size >= least)
        found = search.go(top_k=top_k, **options)
        # The service gives those of both services: their names and versions are the same.
        asked = {
            (whose, id): math.dist(one.vector, vector)
            for (whose, id), one in self.kept.items()
            if whose[:2] == owner[:2]
            and one.vector is not None
            and (one.room, kind or one.kind) == (room, one.kind)
        }
        farthest = max(sorted(asked.values())[:top_k], default=0.0)
        assert found.found == min(top_k, len(asked))
        assert found.found == len(found) + found.dropped + found.left_out
        assert [match.distance for match in found] == sorted(match.distance for match in found)
        seen = {match.record.id: match.distance for match in found}
        for id, distance in seen.items():
            assert asked[owner, id] == pytest.approx(distance, abs=1e-5)
            assert self.kept[owner, id].size >= least
            assert distance <= farthest + 1e-5
        # Of several at the same distance, the service may give any.
        ours = {id: d for (whose, id), d in asked.items() if whose == owner and d < farthest}
        assert seen.keys() >= {id for id in ours if self.kept[owner, id].size >= least}


def test_no_owner_finds_what_another_wrote(
    open_service: Open, new_table_name: Callable[[], str]
) -> None:
    table = new_table_name()
    entities: dict[Owner, Any] = {}
    for owned in SERVICES:
        names = ("entity", "version", "service")
        texts = [ENTITY.format(**dict(zip(names, one, strict=True))) for one in owned]
        app = open_service("---".join(texts), table=table)
        entities |= {one: app[one[0]] for one in owned}
    run_state_machine_as_test(
        lambda: Sharing(entities),
        settings=settings(max_examples=12, stateful_step_count=25, deadline=None),
    )


def test_the_twins_of_two_services_are_told_apart_by_their_keys(open_service: Open) -> None:
    table, apps = None, []
    for service in ("team", "teams"):
        text = ENTITY.format(entity="note", version="1", service=service)
        more = {"table": table} if table else {}
        apps.append(open_service(text, **more))
        table = apps[0].table
    for number, app in enumerate(apps):
        app["note"].put(id="1", room="r1", meaning=[number, 0], size=number).go()
    for number, app in enumerate(apps):
        found = app["note"].search.similar([0, 0], room="r1").go()
        assert [match.record.size for match in found] == [number]
        assert (found.found, found.dropped) == (2, 1)
