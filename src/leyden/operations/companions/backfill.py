"""Put existing items under unique constraints, by writing the guards that they lack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from leyden._attrs import field, frozen
from leyden.errors import ConditionFailedError, InputError, UniqueConstraintError
from leyden.operations.bound import BoundEntity, item_id
from leyden.operations.companions.unique import OWNER_FIELD, Claim, Effect, claims_of
from leyden.operations.options import DEFAULT, Options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.queries import ScanReading
from leyden.operations.plan.refusal import Asked
from leyden.operations.plan.writes import WritePlan
from leyden.operations.run.pages import read_pages
from leyden.operations.run.sending import chunks
from leyden.operations.run.writing import write_one
from leyden.program import Item, Params, Program, Request
from leyden.results import add_units, consumed_units

_READ_LIMIT: Final = 100


@frozen
class Duplicate:
    """Values that must be unique, and that two items have.

    `attributes` are the constraint's. `item` is the raw key of the item without a guard, `owner`
    that of the item with the guard.
    """

    attributes: tuple[str, ...]
    item: Item
    owner: Item


@frozen
class Adoption:
    """The progress of an adoption.

    `checked` items were read, `adopted` guards were written, and `kept` guards existed already.
    `duplicates` are left as they are: change one of the two items, and adopt again. `cursor` is
    where to continue; None at the end of the table.
    """

    checked: int
    adopted: int
    kept: int
    duplicates: tuple[Duplicate, ...] = field(repr=False)
    cursor: str | None
    consumed: float | None


def adopt_unique(
    entity: BoundEntity,
    *,
    cursor: str | None = None,
    pages: int | None = None,
    progress: Callable[[Adoption], object] | None = None,
) -> Program[Adoption]:
    """Write the guards that the entity's items lack, page after page of a scan.

    It is safe beside writers that keep the constraints: each guard is written in a transaction on
    the condition that its item still has the values. You may interrupt it and run it again at any
    time. `cursor` continues after an earlier run, `pages` ends this run after so many pages (by
    default it reads all), and `progress` is called after each page with the counts so far.

    Raises InputError where the entity has no unique constraints.
    """
    name = entity.operation("adopt_unique")
    if not entity.spec.unique:
        raise InputError(
            f'"{entity.spec.entity}" has no unique constraints',
            operation=name,
            entity=entity.spec.entity,
        )
    done = Adoption(0, 0, 0, (), cursor, None)
    turned = 0
    while True:
        options = Options(cursor=done.cursor, consistent=True, data="raw")
        page = yield from read_pages(ScanReading(entity).plan(options))
        turned += 1
        done = yield from _adopt_page(entity, page.items, done, name)
        done = Adoption(
            done.checked + len(page),
            done.adopted,
            done.kept,
            done.duplicates,
            page.cursor,
            add_units(done.consumed, page.consumed),
        )
        if progress is not None:
            progress(done)
        if page.cursor is None or turned == pages:
            return done


def _adopt_page(
    entity: BoundEntity, items: Sequence[Item], done: Adoption, name: str
) -> Program[Adoption]:
    wanted = [
        (claim, {form.field: item[form.field] for form in entity.keys.primary.forms})
        for item in items
        for claim in claims_of(entity, item).values()
    ]
    adopted, kept, consumed = done.adopted, done.kept, done.consumed
    duplicates = list(done.duplicates)
    for some in chunks(wanted, _READ_LIMIT):
        owners, units = yield from _owners(entity, [claim for claim, _ in some], name)
        consumed = add_units(consumed, units)
        for claim, key in some:
            if owners.get(claim.text) == key:
                kept += 1
                continue
            try:
                written = yield from write_one(_adoption(entity, claim, key, name), DEFAULT)
            except UniqueConstraintError as error:
                duplicates.append(Duplicate(claim.attributes, key, error.owner or {}))
            except ConditionFailedError:
                # The item changed after it was read, and the write that changed it wrote its
                # guards.
                continue
            else:
                adopted += 1
                consumed = add_units(consumed, written.consumed)
    return Adoption(done.checked, adopted, kept, tuple(duplicates), done.cursor, consumed)


@frozen
class _Adopting:
    """Stands for a chain where only a guard is written."""

    _entity: BoundEntity
    _name: str
    _api: str = ""
    _part: str = "ConditionCheck"
    _asked: Asked = field(factory=Asked)


def _adoption(entity: BoundEntity, claim: Claim, key: Item, name: str) -> WritePlan:
    """Return the plan that writes one guard, if the item still has its values.

    The write raises ConditionFailedError where the item has other values by now.
    """
    expressions = Expressions()
    params: Params = {"TableName": entity.table, "Key": key}
    params["ConditionExpression"] = " AND ".join(
        expressions.equal(*pair) for pair in claim.values.items()
    )
    expressions.write_to(params)
    effect = Effect("create", sets=claim.values, constraints=(claim.attributes,))
    return WritePlan(_Adopting(entity, name), params, key, {}, {}, effect=effect)


def _owners(
    entity: BoundEntity, claims: Sequence[Claim], name: str
) -> Program[tuple[dict[str, Item], float | None]]:
    """Return the owners of these guards, as far as the guards exist and were returned."""
    keys = {item_id(entity.table, claim.key): claim for claim in claims}
    if not keys:
        return {}, None
    asked = {"Keys": [claim.key for claim in keys.values()], "ConsistentRead": True}
    response = yield Request(
        "BatchGetItem", {"RequestItems": {entity.table: asked}}, name, entity.spec.entity
    )
    owners = {}
    for guard in response.get("Responses", {}).get(entity.table, ()):
        found = {n: guard[n] for n in claims[0].key if n in guard}
        text = keys[item_id(entity.table, found)].text
        owners[text] = guard.get(OWNER_FIELD, {}).get("M") or {}
    # A guard that was left unprocessed counts as missing, since writing it again changes nothing.
    return owners, consumed_units(response)
