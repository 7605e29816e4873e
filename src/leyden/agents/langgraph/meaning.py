"""Search by meaning: the vectors of items, in an index of the table.

**Vectors are items of their own**, one for each text that is embedded, under the version of the
item that they belong to. A writer writes the vectors first, then the item with its new version,
then it deletes the vectors of the old version. Only vectors of an item's present version count, so
whenever a writer dies, the item is found as it was before or as it is now.

A write whose answer was lost is repeated, and may bring back a version that another writer had
replaced. So the vectors of a version that is younger than two minutes stay. These, and what a dead
writer left, are deleted by a search that comes across them later.

**An answer is complete.** The index finds the 100 nearest vectors below up to four labels. Where
too few items remain of these, because of deeper labels, a filter, an offset, items with many
vectors or none, or because the index is behind the table, the items of the namespace are read as in
a search without a query, and their vectors are compared one by one.
"""

from __future__ import annotations

import math
import operator
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import evolve
from langgraph.store.base import (
    IndexConfig,
    PutOp,
    ensure_embeddings,
    get_text_at_path,
    tokenize_path,
)

from leyden import Put, schemas_folder
from leyden.agents.backend import Backend
from leyden.agents.langgraph.items import Found, Items, Place
from leyden.agents.langgraph.matching import Namespace, labels_of, place_of
from leyden.errors import InputError, InvalidOptionError
from leyden.program import Gather, Program, Work
from leyden.schema import ServiceSpec, load_service

VECTORS: Final = "item_vector"
"""The alias of the entity."""

MOST: Final = 100
"""How many vectors one search of an index finds."""

FILTERS: Final = ("ns1", "ns2", "ns3", "ns4")
"""The attributes by which the index filters."""

SETTLED: Final = timedelta(minutes=2)
"""How old a write is that nobody repeats any more because its answer was lost."""

GRACE: Final = timedelta(minutes=15)
"""How old vectors are whose item nobody is about to write any more."""

Vector: TypeAlias = Sequence[float]

Near: TypeAlias = tuple[float | None, Found]
"""An item with its score; one without vectors has none."""


def with_vectors(spec: ServiceSpec, dimensions: int) -> ServiceSpec:
    """Return the schemas of a store with vectors of so many dimensions, and their index."""
    entity = load_service(schemas_folder("agents/langgraph_vectors")).entities[VECTORS]
    vector = evolve(
        entity.attributes["vector"],
        dimensions=dimensions,
        field=f"langgraph_vector_{dimensions}",
    )
    search = evolve(entity.searches["by_meaning"], index=f"langgraph_{dimensions}")
    entity = evolve(
        entity,
        attributes={**entity.attributes, "vector": vector},
        searches={"by_meaning": search},
    )
    return evolve(spec, entities={**spec.entities, VECTORS: entity})


def dimensions_of(index: Mapping[str, Any]) -> int:
    """Return the dimensions that an index is configured with. Raises InvalidOptionError."""
    if not isinstance(index, Mapping):
        raise InvalidOptionError(
            'index takes a mapping as LangGraph has it, such as {"dims": 1536, "embed": embed}'
        )
    dimensions = index.get("dims")
    if type(dimensions) is not int or not 1 <= dimensions <= 4096:
        raise InvalidOptionError(
            'index takes the number of its embedder\'s dimensions as "dims", from 1 to 4096, not '
            f"{dimensions!r}"
        )
    return dimensions


class Meaning:
    """The programs over the vectors of a store's items."""

    def __init__(self, items: Items, index: IndexConfig) -> None:
        self.config = index
        self.embeddings = ensure_embeddings(index.get("embed"))
        self._items = items
        self._backend: Backend = items.backend
        self._entity = items.backend.app.entities[VECTORS]
        self._fields = _fields(index.get("fields") or ["$"])

    def embedded(
        self, queries: Iterable[str], puts: Mapping[Place, PutOp]
    ) -> Program[tuple[dict[str, Vector], dict[Place, list[Vector]]]]:
        """Embed queries, and the texts of values; an event loop awaits the embedder.

        What the embedder raises, is raised.
        """
        texts: dict[Place, list[str]] = (yield Work(partial(self._texts, puts))) if puts else {}
        distinct = [*dict.fromkeys(text for own in texts.values() for text in own)]
        asked = [*dict.fromkeys(queries)]
        embed = self.embeddings
        works = [Work(partial(embed.embed_query, q), partial(embed.aembed_query, q)) for q in asked]
        if distinct:
            works.append(
                Work(
                    partial(embed.embed_documents, distinct),
                    partial(embed.aembed_documents, distinct),
                )
            )
        if len(works) == 1:
            answers = [(yield works[0])]
        else:
            answers = (yield Gather(tuple(works), self._backend.concurrency)) if works else []
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        vectors = dict(zip(distinct, answers[len(asked) :][0], strict=True)) if distinct else {}
        # A vector of zeros has no direction, so nothing is near to it.
        of_texts = {
            place: [vectors[text] for text in own if any(vectors[text])]
            for place, own in texts.items()
        }
        return dict(zip(asked, answers, strict=False)), of_texts

    def written(
        self, place: Place, vectors: Sequence[Vector], expires: datetime | None
    ) -> tuple[dict[str, Any], list[Put]]:
        """Return what an item says of its vectors, and their items, to be written before it."""
        if not vectors:
            return {}, []
        version = secrets.token_urlsafe(9)
        more: dict[str, Any] = {"written_at": int(self._backend.now().timestamp())}
        if expires is not None:
            more["expires_at"] = expires
        labels = dict(zip(FILTERS, place[0], strict=False))
        puts = [
            self._entity.put(**{**labels, **key}, vector=[*map(float, vector)], **more)
            for key, vector in zip(_keys(place, version, len(vectors)), vectors, strict=True)
        ]
        return {"version": version, "vectors": len(vectors)}, puts

    def drop(self, before: Mapping[Place, Any], written: Mapping[Place, Any]) -> Program[None]:
        """Delete the vectors of items that were replaced or deleted.

        `before` has what was stored, and `written` the attributes of what is stored now.
        """
        keys: list[dict[str, Any]] = []
        settled = self._backend.now() - SETTLED
        for place, old in before.items():
            if old is None or old.version == (written[place] or {}).get("version"):
                # If an answer was lost, the attempt after it replaced what the first one wrote.
                continue
            if old.updated_at <= settled:
                keys += _keys(place, old.version, old.vectors or 0)
        yield from self._delete(keys)

    def renewed(self, record: Any, expires: datetime) -> list[Any]:
        """Return the changes that let the vectors of an item live as long as the item."""
        place = (record.root, *labels_of(record.path)), record.key
        keys = _keys(place, record.version, record.vectors or 0)
        return [self._entity.patch(**key).set(expires_at=expires) for key in keys]

    def search(
        self,
        prefix: Namespace,
        vector: Vector,
        enough: int | None,
        is_wanted: Callable[[Found], bool] | None,
    ) -> Program[list[Near]]:
        """Find the items nearest to a vector, then those without one: `enough` of them, or all."""
        filters = dict(zip(FILTERS, prefix, strict=False))
        query = [*map(float, vector)]
        matches = yield from self._entity.search.by_meaning(query, **filters).program(top_k=MOST)
        near = yield from self._matched(prefix, matches, enough, is_wanted)
        if enough is not None and len(near) >= enough:
            return near
        all_matched = len(matches) < MOST
        left = enough if all_matched and enough is not None else None
        seen = {one.place for _, one in near}

        def is_new(found: Found) -> bool:
            return found.place not in seen and (is_wanted is None or is_wanted(found))

        rest = yield from self._items.search(
            prefix, None if left is None else left - len(near), is_new
        )
        near += yield from self._compared(query, rest)
        # Those without a score come last, in the order of their keys.
        return sorted(near, key=lambda one: math.inf if one[0] is None else -one[0])

    def _matched(
        self,
        prefix: Namespace,
        matches: Any,
        enough: int | None,
        is_wanted: Callable[[Found], bool] | None,
    ) -> Program[list[Near]]:
        """The items of what the index found, the nearest first, if their vectors are not old."""
        left = [
            (((match.record.ns1, *labels_of(match.record.path)), match.record.key), match)
            for match in matches
        ]
        left = [(place, match) for place, match in left if place[0][: len(prefix)] == prefix]
        read: dict[Place, Found] = {}
        near: dict[Place, Near] = {}
        stale = []
        while left and (enough is None or len(near) < enough):
            size = MOST if enough is None or is_wanted is not None else enough - len(near)
            part, left = left[:size], left[size:]
            read |= yield from self._items.get({place for place, _ in part} - read.keys())
            for place, match in part:
                found = read.get(place)
                if found is None or found.record.version != match.record.version:
                    stale.append((place, match.record))
                elif place not in near and (is_wanted is None or is_wanted(found)):
                    near[place] = (1 - match.distance, found)
        yield from self._clean(stale)
        return [*near.values()]

    def _compared(self, query: Vector, found: Sequence[Found]) -> Program[list[Near]]:
        """Items with the score of their nearest vector."""
        keys: list[dict[str, Any]] = []
        owners: list[int] = []
        for number, one in enumerate(found):
            own = _keys(one.place, one.record.version, one.record.vectors or 0)
            keys += own
            owners += [number] * len(own)
        stored = []
        if keys:
            reading = self._entity.get(keys)
            stored = yield from reading.program(
                consistent=True, attributes=("vector",), concurrency=self._backend.concurrency
            )

        def scores() -> list[float | None]:
            best: list[float | None] = [None] * len(found)
            for number, one in zip(owners, stored, strict=True):
                if one is not None:
                    score, before = _similarity(query, one.vector), best[number]
                    best[number] = score if before is None else max(score, before)
            return best

        return [*zip((yield Work(scores)) if stored else scores(), found, strict=True)]

    def _clean(self, stale: Iterable[tuple[Place, Any]]) -> Program[None]:
        """Delete vectors that belong to no item, unless somebody may be about to write it."""
        old = (self._backend.now() - GRACE).timestamp()
        keys = [
            {"ns1": place[0][0], **_rest(place), "version": one.version, "number": one.number}
            for place, one in stale
            if one.written_at < old
        ]
        yield from self._delete(keys)

    def _delete(self, keys: Sequence[Mapping[str, Any]]) -> Program[None]:
        if keys:
            deleting = self._entity.delete([*keys])
            yield from deleting.program(concurrency=self._backend.concurrency)

    def _texts(self, puts: Mapping[Place, PutOp]) -> dict[Place, list[str]]:
        """The texts to embed of each value."""
        texts: dict[Place, list[str]] = {}
        for place, op in puts.items():
            if op.value is not None and op.index is not False:
                fields = self._fields if op.index is None else _fields(op.index)
                value = dict(op.value)
                found = [text for path in fields for text in get_text_at_path(value, path)]
                texts[place] = [text for text in found if text]
        return texts


def _fields(paths: Any) -> list[Any]:
    """The steps of each path. Raises InputError."""
    # A text would be the paths of its letters, which no value has.
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str) for path in paths):
        raise InputError(f'what to embed is a list of paths, such as ["text"], not {paths!r}')
    return ["$" if path == "$" else tokenize_path(path) for path in paths]


def _rest(place: Place) -> dict[str, Any]:
    """The attributes of an item's key that its vectors have as well."""
    return {"path": place_of(place[0])["path"], "key": place[1]}


def _keys(place: Place, version: str, count: int) -> list[dict[str, Any]]:
    """The keys of an item's vectors."""
    key = {"ns1": place[0][0], **_rest(place), "version": version}
    return [{**key, "number": number} for number in range(count)]


def _similarity(one: Vector, other: Vector) -> float:
    """The cosine of the angle between two vectors."""
    product: float = sum(map(operator.mul, one, other))
    return product / (math.hypot(*one) * math.hypot(*other))
