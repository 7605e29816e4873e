"""Writes of every kind, and what they must have done to the table by what they said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

import leyden
from leyden.errors import LeydenError
from leyden.outcomes import NOTHING, ItemWrite
from tests.conformance.notes import noise
from tests.faults.bank import Bank, Items, Key, key_of

SHOP: Final = """
entity: baskets
alias: basket
version: "1"
service: faultyshop
attributes:
  id: {type: string, required: true}
  count: {type: integer, default: 0}
indexes:
  baskets:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
---
entity: buyers
alias: buyer
version: "1"
service: faultyshop
attributes:
  id: {type: string, required: true}
  count: {type: integer, default: 0}
  email: string
  revision: integer
unique: [[email]]
version_attribute: revision
indexes:
  buyers:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
---
entity: manuals
alias: manual
version: "1"
service: faultyshop
attributes:
  id: {type: string, required: true}
  count: {type: integer, default: 0}
  text: {type: string, overflow: chunk}
indexes:
  manuals:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""

LONG: Final = noise(9000)
After = Callable[[int | None], int | None]
"""What a write makes of an item's count; None stands for no item."""


def one_more(count: int | None) -> int | None:
    return (count or 0) + 1


def gone(count: int | None) -> int | None:
    return None


def fixed(count: int) -> After:
    return lambda before: count


@frozen
class Deed:
    """A call, and what it does to the counts of items when it succeeds."""

    name: str
    run: Callable[[], Any] = field(repr=False)
    does: Mapping[Key, After] = field(repr=False)


def single(app: leyden.Service, alias: str, verb: str, number: int, response: str) -> Deed:
    """One verb on one item."""
    entity, id = app.entities[alias], f"{number % 2}"
    more: dict[str, Any] = {}
    if alias == "buyer":
        more = {"email": f"e{number}"}
    elif alias == "manual":
        more = {"text": LONG[number:] if number % 3 else "short"}
    does: After = fixed(number)
    match verb:
        case "put" | "create" | "upsert":
            chain = getattr(entity, verb)(id=id, count=number, **more)
        case "change":
            chain, does = entity.patch(id=id).set(**more).add(count=1), one_more
        case "delete" | "remove":
            chain, does = getattr(entity, verb)(id=id), gone
        case _:
            chain, does = getattr(entity, verb)(id=id).add(count=1), one_more
    takes = {*type(chain)._responses}
    options = {"response": response} if response in takes else {}
    key = key_of(entity.get(id=id).params()["Key"])
    return Deed(f"{alias}.{verb}({id}, {options})", lambda: chain.go(**options), {key: does})


def several(app: leyden.Service, kind: str, number: int) -> Deed:
    """Several writes in one call: `together`, `guarded` or `batched`."""
    basket, buyer, manual = (app.entities[name] for name in ("basket", "buyer", "manual"))
    keys = [key_of(one.get(id="0").params()["Key"]) for one in (basket, buyer, manual)]
    if kind == "together":
        chains = [
            basket.update(id="0").add(count=1),
            buyer.put(id="0", count=number, email=f"e{number}"),
            manual.put(id="0", count=number, text=LONG[number:]),
        ]
        does = [one_more, fixed(number), fixed(number)]
        return Deed(kind, app.transact_write(chains).go, dict(zip(keys, does, strict=True)))
    chains = [basket.put(id="0", count=number), manual.put(id="0", count=number, text=LONG)]
    does = [fixed(number), fixed(number)]
    keys = [keys[0], keys[2]]
    for n in range(2, 2 + number % 30):
        chains.append(basket.put(id=f"{n}", count=number))
        keys.append(key_of(basket.get(id=f"{n}").params()["Key"]))
        does.append(fixed(number))
    batch = app.batch_write(chains)
    return Deed(kind, lambda: batch.go(guard=kind == "guarded"), dict(zip(keys, does, strict=True)))


def check_deed(bank: Bank, deed: Deed) -> LeydenError | None:
    """Run a deed, and fail where the table is not what it said."""
    before = bank.table.items()
    failed: LeydenError | None = None
    try:
        deed.run()
    except LeydenError as error:
        failed = error
    bank.proxy.play()
    after = bank.table.items()
    outcome = NOTHING if failed is None else failed.outcome
    written = {key_of(write.raw): write for write in outcome.written}
    unsure = {key_of(write.raw) for write in outcome.unsure}
    said = (deed.name, failed, outcome)
    if failed is not None:
        # An incomplete batch names the entries of refused requests as well.
        assert failed.tells_outcome or bool(failed.unsure) is bool(outcome.unsure), said
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        assert changed <= written.keys() | unsure, (said, changed)
        for key in written.keys() - unsure:
            _check_written(before, after, key, written[key])
    for key, does in deed.does.items():
        was = _count(before.get(key))
        allowed = []
        if failed is not None and key not in written:
            allowed.append(was)
        if failed is None or key in written or key in unsure:
            allowed.append(does(was))
        if key in written and key in unsure:
            allowed.append(does(does(was)))
        assert _count(after.get(key)) in allowed, (said, key, was)
    return failed


def _check_written(before: Items, after: Items, key: Key, write: ItemWrite) -> None:
    match write.action:
        case "put":
            assert after.get(key) == write.raw
        case "delete":
            assert key not in after
        case "update":
            assert after.get(key) != before.get(key)


def _count(item: Any) -> int | None:
    return None if item is None else int(item.get("count", {}).get("N", 0))
