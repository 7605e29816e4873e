"""Why DynamoDB refused a write: the item exists, does not exist, or differs from what was asked.

A request carries one condition. It joins what the verb needs (`create` needs no item, `patch` an
item) with what the caller asks by `.where()` and `.composite()`. DynamoDB says only that the whole
condition failed. The stored item, which comes back with the refusal, shows which part failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

from leyden._attrs import field, frozen
from leyden._ledger import same_item
from leyden.errors import ConditionFailedError, ItemExistsError, ItemNotFoundError
from leyden.operations.bound import BoundEntity
from leyden.program import AttributeValue, Item, Request

Needs: TypeAlias = Literal["anything", "no item", "an item"]
"""What a verb needs to be stored under its key."""

Why: TypeAlias = Literal[
    "exists", "not_found", "composite", "vector", "variant", "derived", "where", "unknown"
]
"""The part of a condition that failed; `unknown` where nothing shows which."""


class Need(Protocol):
    """What a write needs of the stored item although its caller does not say it.

    Vector indexes have needs, steps inside a union, and derived attributes of an upsert whose
    inputs are not given.
    """

    @property
    def why(self) -> Any:
        """The part of the condition that it is."""
        ...

    @property
    def told(self) -> str:
        """What is wrong with the stored item, in words."""
        ...

    @property
    def advice(self) -> str:
        """What to do about it."""
        ...

    def holds(self, stored: Item, /) -> bool:
        """Whether a stored item is what the write needs."""
        ...

    def condition(
        self,
        path: Callable[[Sequence[str]], str],
        value: Callable[[AttributeValue], str],
        /,
    ) -> str:
        """Write it as a condition; the functions return placeholders."""
        ...


@frozen
class Asked:
    """What a write requires of the stored item: by its verb, `.where()` and `.composite()`.

    `demands` holds what vector indexes, unions and derived attributes need besides.
    """

    needs: Needs = "anything"
    where: bool = False
    composite: Mapping[str, AttributeValue | None] = field(factory=dict)
    """By field; None for a field that the stored item must not have."""
    demands: tuple[Need, ...] = ()
    """What vector indexes, unions and derived attributes need of the stored item."""
    by_record: bool = False
    """Whether these values are from a record that was read, instead of `.composite()`."""

    @property
    def says(self) -> str:
        """The subject and verb of a message: what says how the stored item must be."""
        return "the record shows" if self.by_record else ".composite() says"

    @property
    def is_by_verb_alone(self) -> bool:
        """Whether the verb is the only reason for which DynamoDB can refuse the write."""
        return not (self.where or self.composite or self.demands)

    @property
    def is_nothing(self) -> bool:
        """Whether it requires nothing: any stored item is fine, and none is too."""
        return self.needs == "anything" and self.is_by_verb_alone

    def unmet(self, stored: Item | None) -> Why | None:
        """Return the part that certainly fails for the stored item; None if there is none."""
        if stored is not None and self.differing(stored):
            return "composite"
        unmet = self.unmet_demand(stored)
        return None if unmet is None else unmet.why

    def unmet_demand(self, stored: Item | None) -> Need | None:
        """Return the first of the demands that the stored item does not meet."""
        return next((one for one in self.demands if not one.holds(stored or {})), None)

    def differing(self, stored: Item) -> list[str]:
        """Return the fields in which the stored item differs from `.composite()`."""
        return [
            name
            for name, value in self.composite.items()
            if (value is None) != (name not in stored)
            or (value is not None and not same_item({name: value}, {name: stored[name]}))
        ]


def why_refused(asked: Asked, stored: Item | None, *, is_known: bool) -> Why:
    """Return the part that failed. With `is_known`, a `stored` of None means no item."""
    there = stored is not None
    if asked.needs == "no item":
        if there or asked.is_by_verb_alone:
            return "exists"
        return "where" if is_known else "unknown"
    if asked.needs == "an item":
        if asked.is_by_verb_alone or (is_known and not there):
            return "not_found"
        if not is_known:
            return "unknown"
    unmet = asked.unmet(stored) if there or is_known else None
    if unmet is not None:
        return unmet
    # Without an item, .composite() may have failed, or .where().
    if asked.differing({}) and not (is_known and there):
        return "composite" if not asked.where else "unknown"
    return "where" if asked.where else "unknown"


class Told(Protocol):
    """The chain that was refused, as far as an error needs it."""

    @property
    def _entity(self) -> BoundEntity:
        """The entity whose item it writes."""
        ...

    @property
    def _name(self) -> str:
        """Its name, such as `task.create`."""
        ...


def told_of(
    entry: Told,
    asked: Asked,
    why: Why,
    stored: Item | None,
    request: Request,
    *,
    is_known: bool,
    unsure: bool,
) -> ConditionFailedError:
    """Return the error that says why a write was refused, and what to do about it."""
    entity = entry._entity
    said = _said(entity, asked, why, stored, is_known=is_known)
    error = _KINDS.get(why, ConditionFailedError)(
        f"{said}; {_outcome(asked, why, entry._name, unsure=unsure)}",
        item=stored,
        request=request,
        unsure=unsure,
        operation=request.operation,
        entity=entity.spec.entity,
    )
    error.is_item_read = is_known
    return error


_KINDS: Final[dict[Why, type[ConditionFailedError]]] = {
    "exists": ItemExistsError,
    "not_found": ItemNotFoundError,
}


def _said(
    entity: BoundEntity, asked: Asked, why: Why, stored: Item | None, *, is_known: bool
) -> str:
    match why:
        case "exists":
            return "the item already exists"
        case "not_found":
            return "the item does not exist"
        case "composite":
            if stored is None:
                return f"the stored item is not what {asked.says}"
            names = {a.field: name for name, a in entity.spec.attributes.items()}
            listed = ", ".join(f'"{names.get(f, f)}"' for f in asked.differing(stored))
            since = ": it was written meanwhile" if asked.by_record else ""
            return f"the stored item has another {listed} than {asked.says}{since}"
        case "vector" | "variant" | "derived":
            unmet = asked.unmet_demand(stored)
            return "" if unmet is None else f"{unmet.told}; {unmet.advice}"
        case "where":
            if not is_known:
                return "a condition of .where() did not hold"
            there = "exists, but" if stored is not None else "does not exist, and"
            return f"the item {there} a condition of .where() did not hold"
        case "unknown":
            return _either(asked)


def _either(asked: Asked) -> str:
    parts = {"no item": ["the item already exists"], "an item": ["the item does not exist"]}
    either = parts.get(asked.needs, [])
    if asked.composite:
        either.append(f"the stored item is not what {asked.says}")
    either += [one.told for one in asked.demands]
    if asked.where:
        either.append("a condition of .where() did not hold")
    if len(either) < 2:
        return "the condition of the write did not hold"
    return f"either {' or '.join(either)}, and DynamoDB does not say which"


_ADVICE: Final[dict[tuple[Needs, Why], str]] = {
    (
        "no item",
        "exists",
    ): ". .put() replaces it, .patch() changes it, .upsert() writes it either way",
    ("an item", "not_found"): ". .create() makes it, .upsert() writes it either way",
}


def _outcome(asked: Asked, why: Why, operation: str, *, unsure: bool) -> str:
    if unsure:
        return "an earlier attempt of the request got no answer, and may have made the change"
    if operation.endswith(".remove") and why == "not_found":
        return "nothing was deleted. .delete() does not raise for that"
    return f"nothing was changed{_ADVICE.get((asked.needs, why), '')}"
