"""The writers of old and new code, and the ledger of what they wrote.

A writer locks its item during a write, as if only one user worked on it. So the answers determine
what an item contains at the end. If an answer was lost, the item may have either state.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import define, evolve, field
from tools.soak.items import Place, State, first_state, state_for, text_of

import leyden
from leyden.errors import ItemNotFoundError, LeydenError

PAUSE: Final = 0.05
"""The average number of seconds between two writes of a writer."""

States = frozenset[State | None]
Change = Callable[[State | None], State | None]


@define(eq=False)
class Ledger:
    """The states that each written item may have. Other items still have their first state."""

    states: dict[Place, States] = field(factory=dict)
    faults: list[str] = field(factory=list)
    counts: Counter[str] = field(factory=Counter)
    _locks: list[Any] = field(factory=lambda: [threading.Lock() for _ in range(1024)])

    def lock(self, place: Place) -> Any:
        """Return the lock that a writer holds while it works on an item."""
        return self._locks[hash(place) % len(self._locks)]

    def of(self, place: Place) -> States:
        """Return the states that an item may have."""
        return self.states.get(place) or frozenset({first_state(place)})

    def note(self, place: Place, change: Change, *, unsure: bool) -> None:
        """Record a write that happened, or that may have happened."""
        before = self.of(place)
        after = frozenset(map(change, before))
        self.states[place] = before | after if unsure else after


@define(eq=False)
class Writer:
    """A writer: a thread with a service of the old or of the new code."""

    name: str
    app: leyden.Service
    is_new: bool
    places: Sequence[Place]
    ledger: Ledger
    seed: int
    stop: threading.Event
    _random: random.Random = field(init=False)
    _turn: int = 0
    thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def _run(self) -> None:
        # Pause, so that the migration advances faster than they write.
        while not self.stop.wait(self._random.expovariate(1 / PAUSE)):
            place = self._random.choice(self.places)
            with self.ledger.lock(place):
                try:
                    self._work(place)
                except Exception as error:
                    # Otherwise nobody would see the error of a thread.
                    self.ledger.faults.append(
                        f"{self.name} {place}: {type(error).__name__} {error}"
                    )

    def _work(self, place: Place) -> None:
        self._turn += 1
        memo = f"{self.name} {self._turn}"
        state = state_for(place, self._random.randrange(10**6), memo)
        kinds = ["put", "patch", "patch"]
        # Old code does not find moved items, and so cannot delete them.
        kinds += ["delete"] if self.is_new or place.kind == "note" else []
        kinds += ["read"] if self.is_new else []
        kind = self._random.choice(kinds)
        entity = self.app.entities[place.kind]
        key = self._key(place)
        if kind == "read":
            self._read(place, entity, key)
        elif kind == "put":
            self._do(
                place, lambda: entity.put(**key, **self._values(place, state)), lambda _: state
            )
        elif kind == "delete":
            self._do(place, lambda: entity.delete(**key), lambda _: None)
        else:
            self._patch(place, entity, key, state)

    def _patch(self, place: Place, entity: Any, key: dict[str, Any], state: State) -> None:
        values = self._values(place, state)
        if place.kind == "task":
            # This write changes only part of the item; its points stay.
            del values["points"]

        def change(before: State | None) -> State | None:
            if before is None:
                return None
            return evolve(state, points=before.points)

        def lost() -> None:
            # Old code finds items that have not moved, and notes, which keep their key.
            if not self.is_new and place.kind != "note":
                return
            states = self.ledger.of(place)
            if None not in states:
                self.ledger.faults.append(f"{self.name} did not find {place}")
            self.ledger.states[place] = frozenset({None})

        self._do(place, lambda: entity.patch(**key).set(**values), change, lost)

    def _do(
        self,
        place: Place,
        write: Callable[[], Any],
        change: Change,
        lost: Callable[[], None] | None = None,
    ) -> None:
        try:
            write().go()
        except ItemNotFoundError:
            if lost is None:
                raise
            self.ledger.counts[f"{self.name} missed"] += 1
            lost()
        except LeydenError as error:
            if not error.unsure and isinstance(error, leyden.errors.InputError):
                raise
            # An attempt whose answer was lost may have written what was refused later.
            unsure = bool(error.unsure or error.happened or error.outcome)
            self.ledger.counts[f"{self.name} {'unsure' if unsure else 'refused'}"] += 1
            self.ledger.counts[f"{type(error).__name__}"] += 1
            if unsure:
                self.ledger.note(place, change, unsure=True)
        else:
            self.ledger.counts[f"{self.name} wrote"] += 1
            self.ledger.note(place, change, unsure=False)

    def _read(self, place: Place, entity: Any, key: dict[str, Any]) -> None:
        """Read an item, which must exist in one form or the other unless it may be deleted."""
        try:
            record = entity.get(**key).go(consistent=True)
        except LeydenError as error:
            self.ledger.counts[f"read {type(error).__name__}"] += 1
            return
        self.ledger.counts[f"{self.name} read"] += 1
        states = self.ledger.of(place)
        if record is None and None not in states:
            self.ledger.faults.append(f"{self.name} read nothing of {place}")
        if (
            record is not None
            and place.kind == "paper"
            and record.text != text_of(place, record.memo)
        ):
            self.ledger.faults.append(f"{self.name} read a torn text of {place}")

    def _key(self, place: Place) -> dict[str, Any]:
        group = {"account": {}, "paper": {"shelf": place.group}}
        return {"id": place.id, **group.get(place.kind, {"project": place.group})}

    def _values(self, place: Place, state: State) -> dict[str, Any]:
        values: dict[str, Any] = {"memo": state.memo}
        match place.kind:
            case "task" if self.is_new:
                return {**values, "assignee": state.who, "points": state.points}
            case "task":
                return {**values, "employee": state.who, "points": str(state.points)}
            case "note":
                return {**values, "author" if self.is_new else "owner": state.who}
            case "account":
                return {**values, "email": state.who}
            case _:
                return {**values, "text": text_of(place, state.memo)}
