"""What `.params()` gives, for each verb and each feature."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias

import leyden
from leyden.errors import LeydenError
from tests.conformance.notes import noise
from tests.operations.golden.schemas import FORMS, LIBRARY, shop

Case: TypeAlias = Callable[[], Any]

ID: Final = {"place": "p", "id": "1"}
BOOK: Final = {"shelf": "A", "isbn": "x1"}
NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER: Final = NOON + timedelta(days=1)
COMPARE: Final = (None, "keys", "attributes", "v2")


@cache
def _loaded(source: str) -> leyden.Service:
    return leyden.load(source, table="table")


@cache
def _shop() -> leyden.Service:
    return shop()


def _shown(value: Any) -> Any:
    """Parameters as JSON holds them."""
    if isinstance(value, Mapping):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _asked(case: Case) -> Callable[[], list[Any]]:
    def run() -> list[Any]:
        try:
            return [{"params": _shown(case())}]
        except LeydenError as error:
            return [{"error": {"class": type(error).__name__, "code": error.code}}]

    return run


def _values(alias: str) -> dict[str, Any]:
    values: dict[str, Any] = {"owner": "ann", "title": "T", "points": 3}
    if "unique" in alias:
        values |= {"email": "a@x", "team": "t"}
    if "large" in alias:
        values |= {"text": "short", "expires_at": NOON}
    return values


RESPONSES: Final = ("none", "all_old", "all_new", "updated_old", "updated_new")


def _single(alias: str) -> Iterator[tuple[str, Case]]:
    """Every verb on one item."""
    entity: Any = _shop().entities[alias]
    values = _values(alias)
    for verb in ("create", "put", "upsert"):
        yield from _making(entity, verb, values)
    for verb in ("update", "patch"):
        yield from _changing(entity, verb)
    for verb in ("delete", "remove", "check", "get"):
        yield from _naming(entity, verb)
    if "counted" in alias:
        for verb in ("put", "update", "patch", "upsert", "delete", "remove", "check"):
            yield from _expecting(entity, verb)
        yield "put of a record", lambda: entity.put(entity.record(**ID, revision=2)).params()
    if "unique" in alias:
        yield from _of_unique(entity)
    if "large" in alias:
        yield from _of_large(entity)
    yield from _several(entity, values)


def _making(entity: Any, verb: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Case]]:
    write = getattr(entity, verb)
    yield verb, lambda: write(**ID, **values).params()
    yield f"{verb} of the key", lambda: write(**ID).params()
    yield f"{verb} where", lambda: write(**ID, **values).where(entity.attr.points > 1).params()
    yield f"transact {verb}", lambda: _shop().transact_write([write(**ID)]).params()
    for response in RESPONSES:
        yield f"{verb} {response}", _responding(lambda: write(**ID), response)


def _responding(chain: Case, response: str) -> Case:
    return lambda: chain().params(response=response)


def _changing(entity: Any, verb: str) -> Iterator[tuple[str, Case]]:
    def change() -> Any:
        return getattr(entity, verb)(**ID)

    yield verb, lambda: change().params()
    yield f"{verb} set", lambda: change().set(detail={"effort": 1}).params()
    yield f"{verb} set a path", lambda: change().set({"detail.effort": 2}).params()
    yield f"{verb} append", lambda: change().append(history=["x"]).params()
    yield f"{verb} add", lambda: change().add(tags={"a", "b"}).params()
    yield f"{verb} delete", lambda: change().delete(tags={"a"}).params()
    yield f"{verb} remove", lambda: change().remove("detail").params()
    yield f"{verb} if_not_exists", lambda: change().if_not_exists(detail={"place": "x"}).params()
    yield (
        f"{verb} of index keys",
        lambda: change().set(status="open", title="x").composite(owner="ann", points=3).params(),
    )
    yield (
        f"{verb} out of an index",
        lambda: change().set(status="closed").composite(title="x").params(),
    )
    yield (
        f"{verb} of what keys lack",
        lambda: change().set(owner="bob").composite(status="open", points=3).params(),
    )
    yield f"{verb} to an owner", lambda: change().set(owner="bob").params()
    yield f"{verb} counts", lambda: change().add(points=1).params()
    yield f"{verb} subtracts", lambda: change().subtract(points=1).params()
    yield f"{verb} takes an owner away", lambda: change().remove("owner").params()
    yield (
        f"{verb} where",
        lambda: change().append(history=["x"]).where(entity.attr.title.exists()).params(),
    )
    yield f"transact {verb}", lambda: _shop().transact_write([change()]).params()
    for response in RESPONSES:
        yield f"{verb} {response}", _responding(lambda: change().append(history=["x"]), response)


def _naming(entity: Any, verb: str) -> Iterator[tuple[str, Case]]:
    def chain() -> Any:
        return getattr(entity, verb)(**ID)

    yield verb, lambda: chain().params()
    if verb == "get":
        yield "get consistent", lambda: chain().params(consistent=True)
        yield "get attributes", lambda: chain().params(attributes=["title", "points"])
        yield "get raw", lambda: chain().params(attributes=["title"], data="raw")
        yield "get unowned", lambda: chain().params(ignore_ownership=True)
        yield "get with params", lambda: chain().params(params={"X": 1}, table="other")
        yield "transact get", lambda: _shop().transact_get([chain()]).params()
        return
    yield f"{verb} where", lambda: chain().where(entity.attr.points == 3).params()
    yield f"{verb} all_old", lambda: chain().params(response="all_old")
    yield f"transact {verb}", lambda: _shop().transact_write([chain()]).params()


def _expecting(entity: Any, verb: str) -> Iterator[tuple[str, Case]]:
    write = getattr(entity, verb)
    yield f"{verb} expecting none", lambda: write(**ID).expecting(0).params()
    yield f"{verb} expecting a version", lambda: write(**ID).expecting(4).params()


def _of_unique(entity: Any) -> Iterator[tuple[str, Case]]:
    yield "patch of unique", lambda: entity.patch(**ID).set(email="b@x").params()
    yield (
        "patch of unique where",
        lambda: (
            entity.patch(**ID).set(handle="h").composite(team="t").where(entity.attr.title == "T")
        ).params(),
    )
    yield "patch takes unique away", lambda: entity.patch(**ID).remove("email").params()
    yield "create elsewhere", lambda: entity.create(**ID, email="a@x").params(table="other")
    yield (
        "transact patch of unique",
        lambda: (
            _shop()
            .transact_write([entity.patch(**ID).set(email="b@x").composite(email="a@x")])
            .params()
        ),
    )


def _of_large(entity: Any) -> Iterator[tuple[str, Case]]:
    large = noise(3_500)
    yield "put of repeated text", lambda: _kinds(entity.put(**ID, text="x" * 9_000).params())
    yield "put of noise", lambda: _kinds(entity.put(**ID, text=large).params())
    yield "patch of noise", lambda: _kinds(entity.patch(**ID).set(text=large).params())
    yield "patch of json", lambda: entity.patch(**ID).set(data={"a": [1]}).params()
    yield "patch of life", lambda: entity.patch(**ID).set(expires_at=LATER).params()


def _several(entity: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, Case]]:
    other = {"place": "p", "id": "2"}
    yield "scan", lambda: entity.scan.params()
    yield "scan where", lambda: entity.scan.where(entity.attr.title == "T").params()
    yield "scan of segments", lambda: entity.scan.params(segments=3, limit=5)
    yield "batch get", lambda: entity.get([ID, other]).params()
    yield (
        "batch get attributes",
        lambda: entity.get([ID]).params(attributes=["title"], consistent=True),
    )
    yield "batch put", lambda: entity.put([{**ID, **values}, other]).params()
    yield "batch delete", lambda: entity.delete([ID]).params()
    yield "batch guarded", lambda: entity.put([{**ID, **values}]).params(guard=True)
    yield (
        "transact with a token",
        lambda: _shop().transact_write([entity.create(**ID, **values)]).params(token="t1"),
    )


def _kinds(params: Any) -> Any:
    """Parameters without what differs between runs: bytes, checksums and generations."""
    if isinstance(params, Mapping):
        return {
            name: name if name in ("checksum", "generation") else _kinds(one)
            for name, one in params.items()
        }
    if isinstance(params, list):
        return [_kinds(one) for one in params]
    if isinstance(params, bytes):
        return "bytes"
    if isinstance(params, str) and "$$overflow#" in params:
        return "$$overflow#"
    return params


def _reading(
    name: str, start: Callable[[], Any], low: Mapping[str, Any], high: Mapping[str, Any]
) -> Iterator[tuple[str, Case]]:
    """One access pattern: from its start, and from there in every range and mode of comparing."""
    yield f"query {name}", lambda: start().params()
    yield f"query {name} desc", lambda: start().params(order="desc", limit=5)
    yield (
        f"query {name} unowned",
        lambda: start().params(ignore_ownership=True, consistent=name == "shelves"),
    )
    yield f"query {name} hydrated", lambda: start().params(hydrate=True)
    for compare in COMPARE:
        for operator in ("begins", "gt", "gte", "lt", "lte", "between"):
            yield (
                f"query {name} {operator} {compare or 'exact'}",
                _range(start, operator, low, high, compare),
            )


def _range(
    start: Callable[[], Any],
    operator: str,
    low: Mapping[str, Any],
    high: Mapping[str, Any],
    compare: str | None,
) -> Case:
    def case() -> Any:
        query = start()
        ranged = (
            query.between(low, high) if operator == "between" else getattr(query, operator)(**low)
        )
        return ranged.params(compare=compare)

    return case


def _queries() -> Iterator[tuple[str, Case]]:
    library = _loaded(LIBRARY)
    book: Any = library.entities.book
    collections: Any = library.collections
    forms: Any = _loaded(FORMS).entities
    plain: Any = _shop().entities.plain

    starts: dict[str, tuple[Callable[[], Any], dict[str, Any], dict[str, Any]]] = {
        "shelves": (lambda: book.query.shelves(shelf="A"), {"isbn": "b"}, {"isbn": "f"}),
        "ranked": (lambda: book.query.ranked(author="ann"), {"rank": 2}, {"rank": 30}),
        "ranked deep": (
            lambda: book.query.ranked(author="ann", rank=2),
            {"made_at": NOON},
            {"made_at": LATER},
        ),
        "ranked wide": (
            lambda: book.query.ranked(author="ann"),
            {"rank": 2, "made_at": NOON},
            {"rank": 3, "made_at": LATER},
        ),
        "ranked elsewhere": (
            lambda: book.query.ranked(author="ann"),
            {"made_at": NOON},
            {"made_at": LATER},
        ),
        "owned": (lambda: plain.query.owned(owner="ann"), {"points": 2}, {"points": 3}),
        "strict": (lambda: forms.strict.query.main(a="x"), {"b": -2}, {"b": 30}),
        "strict dated": (
            lambda: forms.strict.query.dated(c="x"),
            {"d": NOON},
            {"d": LATER},
        ),
        "template": (lambda: forms.template.query.main(a="x"), {"b": "b"}, {"b": "c"}),
        "template numbered": (
            lambda: forms.template.query.numbered(b="x"),
            {"n": 2},
            {"n": 30},
        ),
        "collection shelf": (lambda: collections.shelf(shelf="A"), {"isbn": "b"}, {"isbn": "f"}),
        "collection ranking": (
            lambda: collections.ranking(author="ann"),
            {"rank": 2},
            {"rank": 30},
        ),
    }
    for name, (start, low, high) in starts.items():
        yield from _reading(name, start, low, high)
    where = {
        "equal": lambda: book.attr.copies == 3,
        "unequal": lambda: book.attr.copies != 3,
        "in": lambda: book.attr.copies.is_in(1, 2),
        "between": lambda: book.attr.copies.between(1, 2),
        "begins": lambda: book.attr.author.begins("a"),
        "exists": lambda: book.attr.author.exists(),
        "both": lambda: (book.attr.copies > 1) & ~(book.attr.author == "x"),
    }
    for name, condition in where.items():
        yield f"query where {name}", _filtered(lambda: book.query.shelves(shelf="A"), condition)
        yield f"collection where {name}", _filtered(lambda: collections.shelf(shelf="A"), condition)
    yield (
        "query attributes",
        lambda: book.query.shelves(shelf="A").params(attributes=["author"]),
    )
    yield (
        "collection attributes",
        lambda: collections.shelf(shelf="A").params(attributes=["author"]),
    )
    yield "match of the table", lambda: book.match(shelf="A", author="ann").params()
    yield "match of an index", lambda: book.match(author="ann", rank=2, copies=3).params()
    yield "match of nothing", lambda: book.match(copies=3).params()
    yield "match of a whole key", lambda: book.match(**BOOK, copies=3).params()
    yield "find", lambda: book.find(author="ann", rank=2).params()
    yield "sparse match", lambda: plain.match(owner="ann", status="open").params()
    yield (
        "sparse query where",
        lambda: plain.query.owned(owner="ann").where(plain.attr.title == "T").params(),
    )
    strict = {"a": "X#y", "b": -1, "c": "z"}
    yield from _keyed(forms.strict, strict, {"d": NOON})
    yield from _keyed(forms.template, {"a": "Ann", "b": "Bob"}, {"n": 7})
    yield from _keyed(book, BOOK, {"rank": 2, "made_at": NOON, "author": "ann"})
    yield "upsert book", lambda: book.upsert(**BOOK, author="ann", rank=1, made_at=NOON).params()
    yield (
        "update book",
        lambda: book.update(**BOOK).set(rank=1).composite(author="ann", made_at=NOON).params(),
    )
    yield (
        "several in a batch",
        lambda: library.batch_write([book.put(**BOOK), book.delete(shelf="B", isbn="y")]).params(),
    )
    yield (
        "several in a transaction",
        lambda: library.transact_write(
            [
                book.create(**BOOK),
                library.entities.card.patch(**BOOK, reader="r").add(copies=1),
                book.check(shelf="B", isbn="y").where(book.attr.copies > 1),
            ]
        ).params(),
    )
    yield (
        "several read",
        lambda: library.batch_get(
            [book.get(**BOOK), library.entities.card.get(**BOOK, reader="r")]
        ).params(),
    )


def _filtered(start: Callable[[], Any], condition: Callable[[], Any]) -> Case:
    return lambda: start().where(condition()).params()


def _keyed(
    entity: Any, key: Mapping[str, Any], others: Mapping[str, Any]
) -> Iterator[tuple[str, Case]]:
    """The verbs of single items, for the keys that they make."""
    name = type(entity.record(**key)).__name__
    for verb in ("create", "put", "get", "patch", "delete", "remove", "check"):
        values = {**key, **others} if verb in ("create", "put") else key
        yield f"{verb} {name}", _verb(entity, verb, values)


def _verb(entity: Any, verb: str, values: Mapping[str, Any]) -> Case:
    return lambda: getattr(entity, verb)(**values).params()


def requests() -> dict[str, Callable[[], list[Any]]]:
    """All requests, by names."""
    found: dict[str, Callable[[], list[Any]]] = {}
    for alias in ("plain", "counted", "unique", "countedunique", "large", "countedlarge"):
        found |= {f"{alias}: {name}": _asked(case) for name, case in _single(alias)}
    return {**found, **{name: _asked(case) for name, case in _queries()}}
