"""What becomes of the items of one entity under a migration, by its two `Forms`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from leyden.errors import ConversionError, LeydenError
from leyden.operations.bound import BoundEntity, name_key, shown_key
from leyden.operations.companions.moving.forms import Forms
from leyden.operations.companions.moving.kept import (
    Kept,
    alike,
    difference,
    digest_of,
    keepers,
    kept_of,
    same_items,
    without_kept,
)
from leyden.operations.companions.moving.routes import Route, restate, restated
from leyden.operations.plan.expressions import ITEM_LIMIT, Expressions, item_size
from leyden.program import Item
from leyden.schema.migrations import BEFORE_FIELD


class Moving(Forms):
    """One entity under a migration: converts its items, and knows their forms and keys."""

    # --- whose form an item has

    def owns(self, item: Item) -> bool:
        """Whether a raw item belongs to this entity, in either form."""
        return any(one.owns(item) and one.owns_key(item) for one in (self.entity, self.earlier))

    def is_earlier(self, item: Item) -> bool:
        """Whether a raw item is in the old form: reads convert it, and writes move it first."""
        if not self.owns(item):
            return False
        if self.renames:
            name, version = self.earlier.identifiers.items()
            if item.get(name[0]) is not None and item.get(version[0]) is not None:
                return item[name[0]] == name[1] and item[version[0]] == version[1]
        if self.moves:
            if not self.entity.owns_key(item):
                return True
            if self.earlier.owns_key(item) and is_displaced(self.entity, item):
                return True
        if not self._old_fields.isdisjoint(item):
            return True
        old_kinds = self._to_new.own_kinds.items()
        if any(not kinds.isdisjoint(item.get(name, {})) for name, kinds in old_kinds):
            return True
        return any(
            route.target.spec.field not in item
            and route.reads is not None
            and not self._inputs(route).isdisjoint(item)
            for route in self._made_beside
        )

    def needs(self, item: Item) -> bool:
        """Whether the migration has something to do with a raw item.

        That is so for an item in the old form, for one that lacks an index key, a default or a
        guard, and for one that cannot be converted.
        """
        if not self.owns(item):
            return False
        if self.change.unique and self.entity.spec.unique:
            return True
        try:
            return not same_items(self.forward(item), item)
        except ConversionError:
            return True

    # --- the item in the other form

    def forward(self, item: Item) -> Item:
        """Return a raw item in the new form, with all keys and identifiers, and unknown fields.

        Its field `__leyden_before__` keeps what a rollback could not compute. An item that is
        complete in the new form is returned as it is.

        Raises ConversionError, with the item's key and the attribute that is in the way.
        """
        base = without_kept(item)
        after = self.present(item)
        if same_items(after, base):
            return item
        try:
            kept = difference(after, self._old_form(item), self._to_old.convert(after), self.name)
        except ConversionError:
            # An item that new code wrote may have no old form.
            old = self._restored(item) if self.is_earlier(item) else {}
            old |= self._kept_by_others(item)
            kept = difference(after, old, {}, self.name) if old else None
        if kept is not None:
            after[BEFORE_FIELD] = kept.encode()
        self._refuse_oversize(after, item)
        return after

    def _old_form(self, item: Item) -> Item:
        """Return what a rollback should restore of an item. Raises ConversionError."""
        if self.is_earlier(item):
            return {**self._restored(item), **self._kept_by_others(item)}
        if self._has_moved(item):
            return self.back(item)
        # An item that only lacks something, such as the keys of a new index, is in both forms.
        return {**without_kept(item), **self._kept_by_others(item)}

    def _has_moved(self, item: Item) -> bool:
        """Whether an item that is not in the old form shows that it was moved."""
        return bool(
            self.tells_form
            or (self.moves and is_displaced(self.earlier, item))
            or self._kept(item) is not None
            or self._new_signs(without_kept(item))
        )

    def _kept(self, item: Item) -> Kept | None:
        """Return what an item keeps for this migration."""
        kept = kept_of(item)
        is_other = kept is not None and self.name and kept.of not in ("", self.name)
        return None if is_other else kept

    def _kept_by_others(self, item: Item) -> Item:
        """Return the field in which an item keeps what an earlier migration needs."""
        kept = self._kept(item)
        there: Mapping[str, Any] = item if kept is None else kept.fields
        return {BEFORE_FIELD: there[BEFORE_FIELD]} if BEFORE_FIELD in there else {}

    def present(self, item: Item) -> Item:
        """Return a raw item in the new form, as reads see it: without what is kept, of any size.

        Raises ConversionError.
        """
        base = without_kept(item)
        earlier = self.is_earlier(item)
        if self.tells_form and not earlier:
            return self._completing.convert(base)
        return self._to_new.convert(self._restored(item) if earlier else base)

    def back(self, item: Item) -> Item:
        """Return a raw item in the old form: the old bytes, if nobody wrote it since it was moved.

        Otherwise the result is what the old schema would write for its latest values, with the keys
        of all its indexes. Raises ConversionError.
        """
        base, others = without_kept(item), self._kept_by_others(item)
        if self.is_earlier(item):
            old = self._restored(item)
            if not self.tells_form and self._new_signs(base):
                # Old code wrote a part of an item that had moved.
                old = {n: value for n, value in old.items() if n not in self._to_old.leftovers}
            return {**old, **others}
        kept = self._kept(item)
        if kept is None and others:
            return self._left_to_others(item)
        if kept is None or kept.digest != digest_of(base):
            return {**self._latest(base, kept), **others}
        try:
            computed = self._to_old.convert(base)
        except ConversionError:
            computed = {}
        rest = {name: value for name, value in computed.items() if name not in kept.absent}
        return {**rest, **kept.fields}

    def _left_to_others(self, item: Item) -> Item:
        """Return an item in which another migration keeps something, as it is.

        Raises ConversionError where that migration moved it after this one did.
        """
        latest, *before = keepers(item)
        if self.name not in before and not self._has_moved(item):
            return item
        refusal = ConversionError(
            f'the migration "{latest}" has moved it since; roll that one back first',
            entity=self.entity.spec.entity,
        )
        name_key(refusal, self.earlier.key_in(item))
        raise refusal

    def _latest(self, base: Item, kept: Kept | None) -> Item:
        """Return an item of the new form that was written since, as the old schema would write it.

        Kept old values are still right where the item's new values are those computed from them.
        """
        fields = {} if kept is None else kept.fields
        lost = {name: value for name, value in fields.items() if name in self._lossy}
        back = self._to_old.convert({**lost, **base})
        if not fields:
            return back
        own = self.earlier.mapping.known_fields - self.earlier.mapping.key_fields
        held = {name: value for name, value in fields.items() if name in own}
        try:
            then = self._to_new.convert({**back, **held})
        except ConversionError:
            return back
        for route in self.routes.values():
            field = route.target.spec.field
            if field in then and field in base and self._is_same_value(route, then, base):
                back |= {name: held[name] for name in self._inputs(route) & held.keys()}
        return back

    def _is_same_value(self, route: Route, one: Item, other: Item) -> bool:
        """Whether two items of the new form have the same value for an attribute."""
        field, sealer = route.target.spec.field, self.entity.mapping.sealer
        if sealer is None or field not in sealer.fields:
            return alike(one[field], other[field])
        return sealer.opened(one)[field] == sealer.opened(other)[field]

    def _new_signs(self, item: Item) -> frozenset[str]:
        """Return the item's fields that only the new form has, or whose values only it stores."""
        fields = {attribute.field for attribute in self.entity.spec.attributes.values()}
        only = fields - self.earlier.mapping.known_fields
        kinds = self._to_old.own_kinds.items()
        found = {name for name, one in kinds if not one.isdisjoint(item.get(name, {}))}
        return frozenset(found | (only & item.keys()))

    def joins(self, item: Item, *, back: bool = False) -> bool:
        """Whether an item needs its large values in place before it goes forward, or back."""
        return (self._to_old if back else self._to_new).joins(item)

    def final(self, item: Item) -> Item:
        """Return a raw item as the commit leaves it, without what was kept for a rollback.

        Fields that the migration removes are gone. What the item keeps for another migration stays,
        if this migration has not moved the item or that one moved it later.
        """
        gone = {*self.change.remove}
        if self._kept(item) is not None:
            gone.add(BEFORE_FIELD)
        return {name: value for name, value in item.items() if name not in gone}

    def _restored(self, item: Item) -> Item:
        """Return an item in the old form, with the values of the new form put back into old fields.

        Old code may have written a part of an item that had moved. The values that it did not write
        are in the new fields, or were kept.
        """
        base = without_kept(item)
        new = self._new_signs(base)
        if self.tells_form or not new:
            return base
        later = {name for name in base if name in self._old_fields}
        try:
            there = self._latest(
                {n: v for n, v in base.items() if n not in later}, self._kept(item)
            )
        except ConversionError:
            return base
        found = (self._old_fields - later) | (self._to_old.own_kinds.keys() & new)
        return {**base, **{name: there[name] for name in sorted(found) if name in there}}

    # --- keys

    def earlier_key(self, values: Mapping[str, Any]) -> Item | None:
        """Return the old key of the item with these accepted key attributes of the new schema.

        None where the key is the same. Raises ConversionError where no old item could have these
        attributes, or where the old key needs others (`finds_by_key` is False).
        """
        if not self.moves:
            return None
        try:
            key = self.earlier.mapping.primary_key(self.earlier_values(values))
        except LeydenError as error:
            why = f"Leyden cannot make the key that it had before: {error.message}"
            raise ConversionError(why, entity=self.entity.spec.entity) from error
        return None if key == self.entity.mapping.primary_key(values) else key

    def earlier_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the key attributes of the old schema for these accepted ones of the new schema.

        Attributes that cannot be computed from these are left out.
        """
        attributes, old = self.entity.mapping.attributes, self.earlier.mapping.attributes
        item = {
            attributes[name].spec.field: attributes[name].encode(values[name])
            for name in self.entity.keys.primary.composites
        }
        found = dict(self.earlier.spec.constants)
        for name in self.earlier.keys.primary.composites:
            stored = restate(self.routes_back[name], item, values)
            if stored is not None:
                found[name] = old[name].decode(stored)
        return found

    def earlier_fields(self, names: Iterable[str], attributes: Collection[str], item: Item) -> Item:
        """Return the fields of these old attributes, computed from an item of the new form.

        `item` has the fields of the new `attributes`. The result is empty where the old ones need
        others. Raises ConversionError.
        """
        found: Item = {}
        mapping = self.entity.mapping
        values = mapping.decode_values(item)
        read: set[str] = set()
        for name in names:
            route = self.routes_back[name]
            sources = () if route.source is None else (route.source.spec.name,)
            reads = sources if route.make is None else route.reads
            read.update((*attributes, "") if reads is None or not reads else reads)
            if not read.issubset(attributes):
                return {}
            stored = restate(route, item, values)
            if stored is not None:
                found[route.target.spec.field] = stored
        return found if read.issuperset(attributes) else {}

    def sign(self, values: Mapping[str, Any]) -> Item | None:
        """Return the fields that identify the old item of these new key attributes.

        An old item that has all of them gets their key. None where a step computes one of these
        attributes, so that no stored value identifies the item.
        """
        found: Item = {}
        for name in self.entity.keys.primary.composites:
            route = self.routes[name]
            if not route.is_plain or route.source is None or restated(route.source, route.target):
                return None
            found[route.source.spec.field] = route.target.encode(values[name])
        return found

    def settled(self, expressions: Expressions) -> str:
        """Return the condition that the item under a new key is not in the old form.

        It is "" where no item in the old form can have that key.
        """
        parts = [
            f"attribute_not_exists({expressions.name(name)})" for name in sorted(self._old_fields)
        ]
        for name, kinds in sorted(self._to_new.own_kinds.items()):
            path = expressions.name(name)
            parts += (
                f"(NOT attribute_type({path}, {expressions.value({'S': kind})}))"
                for kind in sorted(kinds)
            )
        if self.renames and not self.moves:
            differing = [
                expressions.equal(name, value)
                for name, value in self.earlier.identifiers.items()
                if self.entity.identifiers.get(name) != value
            ]
            parts.append(f"(NOT ({' AND '.join(differing)}))")
        return " AND ".join(parts)

    def _refuse_oversize(self, after: Item, item: Item) -> None:
        size = item_size(after)
        if size <= ITEM_LIMIT or not self.entity.mapping.overflow.isdisjoint(after):
            # Values that may be stored outside the item are dealt with when it is written.
            return
        kept = size - item_size(without_kept(after))
        why = f", {kept:,} of them for a rollback" if kept else ""
        key = self.earlier.key_in(item)
        raise ConversionError(
            f"the item would have {size:,} bytes{why}, and DynamoDB stores at most {ITEM_LIMIT:,}"
            f"{shown_key(key)}",
            key=key,
            entity=self.entity.spec.entity,
        )


def is_displaced(entity: BoundEntity, item: Item) -> bool:
    """Whether an item has another key than the one an entity gives it."""
    attributes = entity.mapping.attributes
    try:
        values = {
            name: attributes[name].decode(item[attributes[name].spec.field])
            for name in entity.keys.primary.composites
            if attributes[name].spec.field in item
        }
        return not same_items(entity.mapping.primary_key(values), entity.key_in(item))
    except LeydenError:
        return True
