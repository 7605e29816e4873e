"""The items of the soak, written and read by hand: nothing here asks Leyden for a key or a form.

An item's `State` is what its owner wrote last. `old_item` is the raw item that the old code stores
for one, `state_of_old` and `state_of_new` read raw items back, and `faults_of` say what is wrong
with one in the new form.
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
"""Characters of a large text, which no compression fits into an item."""


@frozen
class Place:
    """An item by its kind and its number."""

    kind: str
    number: int

    @property
    def id(self) -> str:
        """Its id; keys fold its letters."""
        return f"{self.kind[0].upper()}{self.number:07}"

    @property
    def group(self) -> str:
        """The project or the shelf that it is in."""
        return f"G{self.number % PROJECTS}"


@frozen
class State:
    """What an item says: a person or an email, points, and a memo that no other write has."""

    who: str
    points: int
    memo: str


def places_of(count: int) -> Iterator[Place]:
    """The places of so many items: most are notes and tasks, some accounts, a few papers."""
    papers, accounts = min(count // 400, 30), min(count // 40, 2000)
    notes = (count - papers - accounts) * 5 // 8
    tasks = count - papers - accounts - notes
    for kind, many in (("task", tasks), ("note", notes), ("account", accounts), ("paper", papers)):
        yield from (Place(kind, number) for number in range(many))


def state_for(place: Place, number: int, memo: str) -> State:
    """A state that an item of this kind can have; no two accounts ever have one email."""
    who = {"account": f"{place.number}.{number}@x", "paper": ""}.get(place.kind, f"W{number % 23}")
    return State(who, number % 1000 if place.kind == "task" else 0, memo)


def first_state(place: Place) -> State:
    """What an item says before anybody writes it."""
    return state_for(place, place.number, "as loaded")


def is_odd(place: Place) -> bool:
    """Whether an item is loaded in a form that Leyden would not write, or with a foreign field."""
    return place.number % 7 == 0


def text_of(place: Place, memo: str) -> str:
    """The text of a paper, which follows from its memo."""
    if place.number % 3:
        return f"short {memo}"
    return random.Random(f"{place.number} {memo}").randbytes(LARGE // 2).hex()


def old_item(place: Place, state: State) -> Item:
    """The raw item of a task or a note as the old code stores it."""
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
    """The raw item of a task or a note as it is loaded."""
    item = old_item(place, first_state(place))
    if is_odd(place):
        item["legacy"] = {"L": [{"N": str(place.number)}, {"NULL": True}]}
        if place.kind == "task":
            item["points"] = {"S": f"0{first_state(place).points}"}
    return item


def place_of(item: Item) -> Place | None:
    """The place of a raw item, in either form; None for a guard, a part and what is no item."""
    name = item.get("__edb_e__", {}).get("S", "")
    if name not in {f"{kind}s" for kind in KINDS}:
        return None
    return Place(name[:-1], int(item["id"]["S"][1:]))


def state_of_old(item: Item) -> State:
    """What a raw item in the old form says."""
    place = place_of(item)
    assert place is not None
    who = {"task": "employee", "note": "owner", "account": "email"}.get(place.kind, "")
    points = int(Decimal(item["points"]["S"])) if place.kind == "task" else 0
    return State(item[who]["S"] if who else "", points, item["memo"]["S"])


def state_of_new(item: Item) -> State:
    """What a raw item in the new form says."""
    place = place_of(item)
    assert place is not None
    who = {"task": "assignee", "note": "author", "account": "email"}.get(place.kind, "")
    points = int(Decimal(item["points"]["N"])) if place.kind == "task" else 0
    return State(item[who]["S"] if who else "", points, item["memo"]["S"])


def keys_of(place: Place, state: State, form: str) -> Item:
    """All key fields of an item, by hand."""
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
    """What of a raw item is not as that form has it, but for what it says."""
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
