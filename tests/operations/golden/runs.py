"""The recorded runs: writes of every kind, over tables and answers of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeAlias

import leyden
from tests.conformance.notes import noise
from tests.operations.golden.schemas import shop
from tests.operations.golden.world import (
    Answer,
    Item,
    World,
    failed,
    granted,
    key_of,
    lost,
    refused,
    unheard,
    unprocessed,
)

Run: TypeAlias = Callable[[], list[Any]]

ID: Final = {"place": "p", "id": "1"}
OTHER: Final = {"place": "p", "id": "2"}
FOLDED: Final = {"place": "P", "id": "1"}
"""Another item's key attributes, which make the same key: keys fold case."""

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG: Final = noise(9000)
LONGER: Final = noise(12000, 1)

PLAIN: Final = {"owner": "ann", "title": "T", "points": 3}
HANDLE: Final = {"email": "a@x", "team": "t", "handle": "h"}
NEW_HANDLE: Final = {"email": "b@x", "team": "t", "handle": "h"}


@cache
def app() -> leyden.Service:
    return shop()


def _of(alias: str) -> Any:
    return app().entities[alias]


def _values(alias: str, *, new: bool = False) -> dict[str, Any]:
    """The values of a stored item, or of one that is written over it."""
    values: dict[str, Any] = {"owner": "bob", "title": "N"} if new else dict(PLAIN)
    if "unique" in alias:
        values |= NEW_HANDLE if new else HANDLE
    if "large" in alias:
        values |= {"text": LONGER if new else LONG}
    return values


def _writes(alias: str) -> Iterator[tuple[str, Callable[[], Any], dict[str, Any]]]:
    """Each single write of an entity: its name, the chain, and the options of `go`."""
    entity, new = _of(alias), _values(alias, new=True)
    counted = "counted" in alias
    yield "create", lambda: entity.create(**ID, **new), {}
    yield "put", lambda: entity.put(**ID, **new), {}
    yield "put all_old", lambda: entity.put(**ID, **new), {"response": "all_old"}
    yield (
        "put where",
        lambda: entity.put(**ID, **new).where(entity.attr.points == 3),
        {},
    )
    yield "upsert", lambda: entity.upsert(**ID, **new), {}
    yield (
        "update",
        lambda: entity.update(**ID).set(**_changes(alias)),
        {},
    )
    yield (
        "patch all_new",
        lambda: entity.patch(**ID).set(**_changes(alias)).append(history=["x"]),
        {"response": "all_new"},
    )
    yield (
        "patch all_old",
        lambda: entity.patch(**ID).set(**_changes(alias)),
        {"response": "all_old"},
    )
    yield "patch of others", lambda: entity.patch(**ID).append(history=["x"]), {}
    if "large" in alias:
        yield "patch inside", lambda: entity.patch(**ID).set({"data.a": 1}), {}
        yield "patch takes text away", lambda: entity.patch(**ID).remove("text"), {}
        yield "patch if_not_exists", lambda: entity.patch(**ID).if_not_exists(text=LONGER), {}
        yield "patch of life", lambda: entity.patch(**ID).set(expires_at=NOON), {}
    yield "delete", lambda: entity.delete(**ID), {}
    yield "delete all_old", lambda: entity.delete(**ID), {"response": "all_old"}
    yield "remove", lambda: entity.remove(**ID), {}
    yield (
        "remove where",
        lambda: entity.remove(**ID).where(entity.attr.title == "T"),
        {},
    )
    if counted:
        yield "put seen", lambda: entity.put(**ID, **new, revision=1), {}
        yield (
            "patch seen",
            lambda: entity.patch(**ID).set(**_changes(alias)).expecting(1),
            {},
        )
        yield "upsert seen", lambda: entity.upsert(**ID, **new, revision=1), {}
        yield "delete seen", lambda: entity.delete(**ID).expecting(1), {}
        yield "remove seen", lambda: entity.remove(**ID).expecting(1), {}


def _changes(alias: str) -> dict[str, Any]:
    """What an update sets."""
    if "unique" in alias:
        return {"email": "b@x"}
    if "large" in alias:
        return {"text": LONGER}
    return {"detail": {"effort": 1}}


def _stored(alias: str, values: Mapping[str, Any] | None = None) -> World:
    """A table with the item of `ID`, and what goes with it."""
    world = World()
    world.happen(_of(alias).put(**ID, **(values or _values(alias))).program())
    return world


def _none(alias: str) -> World:
    return World()


def _foreign(alias: str) -> World:
    """A table with another item under the same key."""
    world = World()
    world.happen(_of(alias).put(**FOLDED, **_values(alias)).program())
    return world


def _taken(alias: str) -> World:
    """A table where another item has the values that are to be unique."""
    world = _stored(alias)
    world.happen(_of(alias).put(**OTHER, **NEW_HANDLE).program())
    return world


def _left(alias: str) -> World:
    """A table with the guards of an item that is gone."""
    world = _taken(alias)
    del world.items[key_of(_of(alias).get(**OTHER).params()["Key"])]
    return world


def _given_up(alias: str) -> World:
    """A table where the owner of the values has others by now, and the guards were left."""
    world = _taken(alias)
    owner = world.items[key_of(_of(alias).get(**OTHER).params()["Key"])]
    world.items[key_of(owner)] = {**owner, "email": {"S": "c@x"}, "handle": {"S": "c"}}
    return world


def _gone(world: World) -> None:
    """Somebody deletes the item, and what goes with it."""
    world.items.clear()


def _own_key(world: World) -> Item | None:
    return next((item for key, item in world.items.items() if key[1].endswith("id_1")), None)


def _changed(alias: str) -> Callable[[World], None]:
    """Somebody writes the item anew."""

    def change(world: World) -> None:
        count = int((_own_key(world) or {}).get("revision", {"N": "0"})["N"])
        values = _values(alias) | {"title": f"after {count}"}
        if "unique" in alias:
            values |= {"email": f"c{count}@x"}
        if "large" in alias:
            values |= {"text": noise(8000, 2 + count)}
        world.happen(_of(alias).put(**ID, **values).program())

    return change


_TABLES: Final[dict[str, Callable[[str], World]]] = {
    "none": _none,
    "stored": _stored,
    "foreign": _foreign,
    "taken": _taken,
    "left": _left,
    "given up": _given_up,
}
_SIZE: Final = "Item size has exceeded the maximum allowed size"


def _scripts(alias: str) -> Iterator[tuple[str, str, list[Answer]]]:
    """What happens to a write: the table it meets, a name, and how its requests are answered."""
    yield "none", "granted", []
    yield "stored", "granted", []
    yield "none", "refused once", [refused()]
    yield "stored", "refused once", [refused()]
    yield "stored", "refused in silence", [refused(silent=True)]
    yield "foreign", "refused", [refused()]
    yield "stored", "changed meanwhile", [refused(change=_changed(alias))]
    yield "none", "made meanwhile", [refused(change=_changed(alias))]
    yield "stored", "gone meanwhile", [refused(change=_gone)]
    yield "stored", "always changed", [refused(change=_changed(alias))] * 20
    yield "stored", "lost", [lost]
    yield "stored", "unheard", [unheard]
    yield "none", "refused after a lost answer", [_late_after_granted]
    yield "stored", "refused after a lost answer", [_late_after_granted]
    yield "stored", "in conflict once", [refused(code="TransactionConflict")]
    yield "stored", "in conflict always", [refused(code="TransactionConflict")] * 20
    yield "stored", "throttled", [refused(code="ThrottlingError")]
    yield "stored", "in progress once", [failed("TransactionInProgressException")]
    yield "stored", "in progress always", [failed("TransactionInProgressException")] * 20
    yield "stored", "denied", [failed("AccessDeniedException")]
    if "large" in alias:
        yield "stored", "too large once", [failed("ValidationException", _SIZE)]
        yield "stored", "too large always", [failed("ValidationException", _SIZE)] * 20
        yield "stored", "a part is gone", [refused(1)]
        yield "stored", "the item is too large", [refused(code="ValidationError", said=_SIZE)]
    if "unique" in alias:
        yield "taken", "guard refused", [refused(1)]
        yield "taken", "guard refused in silence", [refused(1, silent=True)]
        yield "left", "guard refused", [refused(1)]
        yield "left", "guard refused in silence", [refused(1, silent=True)]
        yield "given up", "guard refused", [refused(1)]
        yield "given up", "both guards refused", [refused(1, 2), refused(1, 2)]
        yield "stored", "guard refused", [refused(1)]
        yield "none", "guard refused, and free by then", [refused(1)]
        yield "taken", "guard and item refused", [refused(0, 1)]
        yield "stored", "guard in conflict", [refused(1, code="TransactionConflict")]
        yield "left", "last check refused", [refused(1), _last_refused]


def _late_after_granted(world: World, request: Any) -> Mapping[str, Any]:
    """An earlier attempt wrote, its answer was lost, and the condition fails on what it wrote."""
    granted(world, request)
    return refused(late=True)(world, request)


def _last_refused(world: World, request: Any) -> Mapping[str, Any]:
    """The last part of a transaction is refused, with nothing to tell why."""
    places = len(request.params.get("TransactItems", [0])) - 1
    return refused(places)(world, request)


_PAIRS: Final = frozenset({"countedunique", "countedlarge"})
_OF_PAIRS: Final = frozenset(
    {"create", "put", "put seen", "upsert", "patch seen", "patch all_new", "delete seen", "remove"}
)
"""The verbs that are tried on entities of two features: one for each thing that they change."""

_LONG_RUNS: Final = frozenset({"put", "patch all_new", "delete"})


def _single(alias: str) -> Iterator[tuple[str, Run]]:
    for verb, chain, options in _writes(alias):
        if alias in _PAIRS and verb not in _OF_PAIRS:
            continue
        for table, said, script in _scripts(alias):
            if "always" in said and verb not in _LONG_RUNS:
                continue
            yield f"{verb}, {table}: {said}", _run(alias, table, script, chain, options)


def _run(
    alias: str,
    table: str,
    script: list[Answer],
    chain: Callable[[], Any],
    options: dict[str, Any],
) -> Run:
    def run() -> list[Any]:
        world = _TABLES[table](alias)
        world.script = list(script)
        return world.record(lambda: chain().program(**options))

    return run


def _together() -> Iterator[tuple[str, Run]]:
    """Transactions over several entities."""
    plain, counted, unique, both, large, cl = (
        _of(name)
        for name in ("plain", "counted", "unique", "countedunique", "large", "countedlarge")
    )

    def everything() -> list[Any]:
        return [
            plain.create(**ID, **PLAIN),
            counted.put(**ID, **PLAIN),
            unique.patch(**ID).set(email="b@x"),
            large.put(**ID, text=LONGER),
            plain.check(**OTHER),
        ]

    writes: dict[str, Callable[[], list[Any]]] = {
        "plain": lambda: [plain.put(**ID, **PLAIN), plain.delete(**OTHER)],
        "verbs": lambda: [
            plain.create(**ID, **PLAIN),
            plain.patch(**OTHER).set(detail={"effort": 1}),
            plain.remove(place="p", id="3"),
            plain.check(place="p", id="4"),
            plain.update(place="p", id="5").add(tags={"x"}).where(plain.attr.points == 1),
        ],
        "counted": lambda: [
            counted.put(**ID, **PLAIN),
            counted.patch(**OTHER).set(title="x").expecting(1),
        ],
        "unique": lambda: [
            unique.put(**ID, **NEW_HANDLE),
            unique.create(place="p", id="3", email="n@x"),
        ],
        "swap": lambda: [
            unique.patch(**ID).set(email="b@x", handle="h"),
            unique.patch(**OTHER).set(email="a@x", handle="h"),
        ],
        "takes": lambda: [
            unique.create(place="p", id="3", email="b@x"),
            unique.delete(**OTHER),
        ],
        "takes unread": lambda: [
            unique.create(place="p", id="3", email="b@x"),
            unique.patch(**OTHER).append(history=["x"]),
        ],
        "where": lambda: [
            plain.patch(**ID).set(detail={"effort": 1}).where(plain.attr.title == "T"),
            plain.remove(**OTHER).where(plain.attr.points == 3),
        ],
        "opened": lambda: [
            large.patch(**ID).set({"data.a": 1}),
            large.update(**OTHER).if_not_exists(text=LONGER).remove("data"),
        ],
        "counted unique": lambda: [both.put(**ID, **NEW_HANDLE), both.delete(**OTHER)],
        "large": lambda: [large.put(**ID, text=LONGER), large.patch(**OTHER).set(text=LONG)],
        "large deletes": lambda: [large.delete(**ID), large.remove(**OTHER)],
        "counted large": lambda: [cl.put(**ID, text=LONGER), cl.patch(**OTHER).set(text="s")],
        "everything": everything,
    }
    of = {
        "plain": "plain",
        "verbs": "plain",
        "counted": "counted",
        "unique": "unique",
        "swap": "unique",
        "takes": "unique",
        "takes unread": "unique",
        "where": "plain",
        "opened": "large",
        "counted unique": "countedunique",
        "large": "large",
        "large deletes": "large",
        "counted large": "countedlarge",
        "everything": "unique",
    }
    for name, chains in writes.items():
        alias = of[name]
        for said, script in _transacted(alias):
            for table in ("none", "both"):
                if table == "none" and said not in _ON_NOTHING:
                    continue
                yield f"{name}, {table}: {said}", _transaction(alias, table, script, chains, {})
        if alias == "unique":
            for table in ("taken", "left", "given up"):
                for said, script in _guarded():
                    yield f"{name}, {table}: {said}", _transaction(alias, table, script, chains, {})
        for said, script in (("granted", []), ("unheard", [unheard]), ("refused", [refused()])):
            yield (
                f"{name} with a token, none: {said}",
                _transaction(alias, "none", script, chains, {"token": "mine"}),
            )


def _guarded() -> Iterator[tuple[str, list[Answer]]]:
    for place in range(2, 5):
        yield f"guard {place} refused once", [refused(place)]
        yield f"guard {place} refused in silence", [refused(place, silent=True)]
    yield "all guards refused always", [refused(2, 3, 4, 5)] * 20
    yield "last check refused", [refused(2), _last_refused]


_ON_NOTHING: Final = frozenset(
    {"granted", "part 0 refused once", "part 1 refused once", "part 3 refused once", "all refused"}
)


def _transacted(alias: str) -> Iterator[tuple[str, list[Answer]]]:
    yield "granted", []
    for place in range(5):
        yield f"part {place} refused once", [refused(place)]
    for place in range(2):
        yield f"part {place} refused in silence", [refused(place, silent=True)] * 2
        yield f"part {place} refused always", [refused(place)] * 20
    yield "last part refused", [_last_refused]
    yield "all refused", [refused(0, 1)]
    yield "in conflict once", [refused(1, code="TransactionConflict")]
    yield "in conflict always", [refused(1, code="TransactionConflict")] * 20
    yield "too large partition", [refused(1, code="ItemCollectionSizeLimitExceeded")]
    yield "invalid", [refused(0, code="ValidationError", said="bad")]
    yield "item too large once", [refused(0, code="ValidationError", said=_SIZE)]
    yield "request too large", [failed("ValidationException", _SIZE)] * 2
    yield "changed meanwhile", [refused(0, change=_changed(alias))]
    yield "always changed", [refused(0, change=_changed(alias))] * 20
    yield "gone meanwhile", [refused(0, change=_gone)]
    yield "lost", [lost]
    yield "unheard", [unheard]
    yield "in progress once", [failed("TransactionInProgressException")]
    yield "throttled as a whole", [failed("ThrottlingException")]


def _both(alias: str) -> World:
    world = _stored(alias)
    values = _values(alias, new=True)
    world.happen(_of(alias).put(**OTHER, **values).program())
    return world


def _transaction(
    alias: str,
    table: str,
    script: list[Answer],
    chains: Callable[[], list[Any]],
    options: dict[str, Any],
) -> Run:
    def run() -> list[Any]:
        world = (_both if table == "both" else _TABLES[table])(alias)
        world.script = list(script)
        return world.record(lambda: app().transact_write(chains()).program(**options))

    return run


def _batches() -> Iterator[tuple[str, Run]]:
    """Batches, without a guard and with one."""
    plain, counted, unique, large = (_of(name) for name in ("plain", "counted", "unique", "large"))
    writes: dict[str, tuple[str, Callable[[], list[Any]], bool]] = {
        "plain": ("plain", lambda: [plain.put(**ID, **PLAIN), plain.delete(**OTHER)], False),
        "many": (
            "plain",
            lambda: [plain.put(place="p", id=f"{n}", title="T") for n in range(30)],
            False,
        ),
        "counted deletes": ("counted", lambda: [counted.delete(**ID)], False),
        "large": (
            "large",
            lambda: [large.put(**ID, text=LONGER), large.put(**OTHER, text="s")],
            False,
        ),
        "large deletes": ("large", lambda: [large.delete(**ID), large.delete(**OTHER)], False),
        "guarded": ("plain", lambda: [plain.put(**ID, **PLAIN), plain.delete(**OTHER)], True),
        "guarded counted": (
            "counted",
            lambda: [counted.put(**ID, **PLAIN), counted.put(**OTHER, title="x", revision=1)],
            True,
        ),
        "guarded unique": (
            "unique",
            lambda: [unique.put(**ID, **NEW_HANDLE), unique.delete(**OTHER)],
            True,
        ),
        "guarded large": (
            "large",
            lambda: [large.put(**ID, text=LONGER), large.delete(**OTHER)],
            True,
        ),
        "guarded verbs": (
            "plain",
            lambda: [plain.create(**ID, **PLAIN), plain.remove(**OTHER)],
            True,
        ),
    }
    for name, (alias, chains, guard) in writes.items():
        for said, script in _batched(alias, guard=guard):
            for table in ("none", "both"):
                yield f"{name}, {table}: {said}", _batch(alias, table, script, chains, guard=guard)


def _batched(alias: str, *, guard: bool) -> Iterator[tuple[str, list[Answer]]]:
    yield "granted", []
    yield "unheard", [unheard]
    yield "lost", [lost]
    yield "throttled once", [failed("ThrottlingException")]
    yield "denied", [failed("AccessDeniedException")]
    if guard:
        yield "refused once", [refused(0)]
        yield "refused always", [refused(0)] * 20
        yield "second refused", [refused(1)] * 20
        yield "changed meanwhile", [refused(0, change=_changed(alias))]
    else:
        yield "one comes back", [unprocessed(0)]
        yield "all come back twice", [unprocessed(*range(25))] * 2
        yield "throttled, then lost", [failed("ThrottlingException"), unheard]


def _batch(
    alias: str, table: str, script: list[Answer], chains: Callable[[], list[Any]], *, guard: bool
) -> Run:
    def run() -> list[Any]:
        world = (_both if table == "both" else _TABLES[table])(alias)
        world.script = list(script)
        return world.record(lambda: app().batch_write(chains()).program(guard=guard))

    return run


ALIASES: Final = ("plain", "counted", "unique", "countedunique", "large", "countedlarge")


def runs() -> dict[str, dict[str, Run]]:
    """All runs, by the name of their file."""
    found = {alias: dict(_single(alias)) for alias in ALIASES}
    return {**found, "transactions": dict(_together()), "batches": dict(_batches())}
