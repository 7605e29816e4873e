"""The items of the soak, written and read without Leyden: it provides no key and no form here.

An item's `State` is what its owner wrote last. `old_item` is the raw item that old code stores for
it. `state_of_old` and `state_of_new` read raw items back, and `form_faults` lists what is wrong
with an item in either form.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

Item = dict[str, Any]

KINDS: Final = ("task", "note", "account", "paper")
PROJECTS: Final = 97
LARGE: Final = 450_000
"""The length of a large text, which does not fit into an item even if it is compressed."""


@frozen
class Place:
    """An item, by its kind and its number."""

    kind: str
    number: int

    @property
    def id(self) -> str:
        """Its id; keys fold its case."""
        return f"{self.kind[0].upper()}{self.number:07}"

    @property
    def group(self) -> str:
        """The project or the shelf that it is in."""
        return f"G{self.number % PROJECTS}"


@frozen
class State:
    """The contents of an item: a person or an email, points, and a memo unique to each write."""

    who: str
    points: int
    memo: str


def places_of(count: int) -> Iterator[Place]:
    """Yield the places of `count` items: mostly notes and tasks, some accounts, a few papers."""
    papers, accounts = min(count // 400, 30), min(count // 40, 2000)
    notes = (count - papers - accounts) * 5 // 8
    tasks = count - papers - accounts - notes
    for kind, many in (("task", tasks), ("note", notes), ("account", accounts), ("paper", papers)):
        yield from (Place(kind, number) for number in range(many))


def state_for(place: Place, number: int, memo: str) -> State:
    """Return a state for an item of this kind; no two accounts ever have the same email."""
    who = {"account": f"{place.number}.{number}@x", "paper": ""}.get(place.kind, f"W{number % 23}")
    return State(who, number % 1000 if place.kind == "task" else 0, memo)


def first_state(place: Place) -> State:
    """Return the state of an item before anybody writes it."""
    return state_for(place, place.number, "as loaded")


def is_odd(place: Place) -> bool:
    """Return whether an item is loaded in a form that Leyden would not write."""
    return place.number % 7 == 0


def text_of(place: Place, memo: str) -> str:
    """Return the text of a paper, which depends on its memo."""
    if place.number % 3:
        return f"short {memo}"
    return random.Random(f"{place.number} {memo}").randbytes(LARGE // 2).hex()


def old_item(place: Place, state: State) -> Item:
    """Return the raw item of a task or a note as old code stores it."""
    group, low = place.group.lower(), place.id.lower()
    name = f"{place.kind}s"
    item: Item = {
        "project": {"S": place.group},
        "id": {"S": place.id},
        "memo": {"S": state.memo},
        "pk": {"S": f"$soak#project_{group}"},
        "sk": {"S": f"${name}_1#id_{low}"},
        "__edb_e__": {"S": name},
        "__edb_v__": {"S": "1"},
    }
    if place.kind == "note":
        item["owner"] = {"S": state.who}
        return item
    item["employee"] = {"S": state.who}
    item["points"] = {"S": str(state.points)}
    item["gsi1pk"] = {"S": f"$soak#employee_{state.who.lower()}"}
    item["gsi1sk"] = {"S": f"$tasks_1#id_{low}"}
    return item


def loaded_item(place: Place) -> Item:
    """Return the raw item of a task or a note as it is loaded."""
    item = old_item(place, first_state(place))
    if is_odd(place):
        item["legacy"] = {"L": [{"N": str(place.number)}, {"NULL": True}]}
        if place.kind == "task":
            item["points"] = {"S": f"0{first_state(place).points}"}
    return item


def place_of(item: Item) -> Place | None:
    """Return the place of a raw item in either form; None for a guard, a part, or anything else."""
    name = item.get("__edb_e__", {}).get("S", "")
    if name not in {f"{kind}s" for kind in KINDS}:
        return None
    return Place(name[:-1], int(item["id"]["S"][1:]))


def state_of_old(item: Item) -> State:
    """Return the state of a raw item in the old form."""
    place = place_of(item)
    assert place is not None
    who = {"task": "employee", "note": "owner", "account": "email"}.get(place.kind, "")
    points = int(Decimal(item["points"]["S"])) if place.kind == "task" else 0
    return State(item[who]["S"] if who else "", points, item["memo"]["S"])


def state_of_new(item: Item) -> State:
    """Return the state of a raw item in the new form."""
    place = place_of(item)
    assert place is not None
    who = {"task": "assignee", "note": "author", "account": "email"}.get(place.kind, "")
    points = int(Decimal(item["points"]["N"])) if place.kind == "task" else 0
    return State(item[who]["S"] if who else "", points, item["memo"]["S"])


def keys_of(place: Place, state: State, form: str) -> Item:
    """Return all key fields of an item, built without Leyden."""
    group, low, who = place.group.lower(), place.id.lower(), state.who.lower()
    if place.kind == "account":
        version = "2" if form == "new" else "1"
        return {"pk": {"S": f"$soak#id_{low}"}, "sk": {"S": f"$accounts_{version}"}}
    if place.kind == "paper":
        shelf = place.group if form == "new" else group
        return {"pk": {"S": f"$soak#shelf_{shelf}"}, "sk": {"S": f"$papers_1#id_{low}"}}
    label = "no" if place.kind == "task" and form == "new" else "id"
    own = f"${place.kind}s_1#{label}_{low}"
    found = {"pk": {"S": f"$soak#project_{group}"}, "sk": {"S": own}}
    if form == "new":
        person = "assignee" if place.kind == "task" else "author"
        found |= {"gsi1pk": {"S": f"$soak#{person}_{who}"}, "gsi1sk": {"S": own}}
        if place.kind == "task":
            found |= {"gsi2pk": {"S": "$soak#state_open"}, "gsi2sk": {"S": own}}
    elif place.kind == "task":
        found |= {"gsi1pk": {"S": f"$soak#employee_{who}"}, "gsi1sk": {"S": own}}
    return found


_ONLY: Final = {
    "old": {"task": ("employee",), "note": ("owner",)},
    "new": {"task": ("assignee", "state"), "note": ("author",)},
}


def form_faults(item: Item, form: str) -> list[str]:
    """Return what is wrong with the form of a raw item, apart from its state."""
    place = place_of(item)
    assert place is not None
    other = "old" if form == "new" else "new"
    state = state_of_new(item) if form == "new" else state_of_old(item)
    keys = keys_of(place, state, form)
    found = [f"{name} is not the key of {form}" for name in keys if item.get(name) != keys[name]]
    strange = {"gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"} - keys.keys()
    found += [f"{name} is left over" for name in sorted(strange & item.keys())]
    found += [f"{n} is of {other}" for n in _ONLY[other].get(place.kind, ()) if n in item]
    found += [f"{n} is missing" for n in _ONLY[form].get(place.kind, ()) if n not in item]
    version = "2" if place.kind == "account" and form == "new" else "1"
    if item["__edb_v__"] != {"S": version}:
        found.append("another version")
    if form == "old" and "__leyden_before__" in item:
        found.append("something is kept for a rollback that is over")
    legacy = {"L": [{"N": str(place.number)}, {"NULL": True}]}
    if "legacy" in item and item["legacy"] != legacy:
        found.append("the foreign field is another one")
    return found
