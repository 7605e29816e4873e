"""Turn an item of one schema into an item of another, with the same steps in both directions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from leyden.errors import ConversionError, LeydenError
from leyden.keys import IndexKeys
from leyden.mapping.index_keys import put_keys
from leyden.mapping.sealing import Opened
from leyden.operations.bound import BoundEntity, name_key
from leyden.operations.companions.moving.kept import alike
from leyden.operations.companions.moving.routes import Route, kinds_of, restate, same_form
from leyden.operations.companions.overflow.format import (
    Decompressed,
    Entry,
    read_manifest,
    unfold,
    write_manifest,
)
from leyden.program import AttributeValue, Item
from leyden.schema.migrations import BEFORE_FIELD
from leyden.schema.spec import OVERFLOW_FIELD


class Translation:
    """Turns items of `origin` into items of `target`.

    `routes` say how each attribute of the target gets its value. A moved item loses the fields of
    `consumed`, attributes of the origin that others are made of, and of `dropped`, which can be
    made again. All its other fields stay, whether the target knows them or not. `fills` are
    attributes of the target that get their default where they have no value. `filled` has the
    defaults that a migration wrote, by field: a field that still has that value goes.
    """

    def __init__(
        self,
        origin: BoundEntity,
        target: BoundEntity,
        routes: Mapping[str, Route],
        *,
        consumed: Collection[str] = (),
        dropped: Collection[str] = (),
        fills: Collection[str] = (),
        filled: Mapping[str, AttributeValue] = MappingProxyType({}),
        moves: bool,
    ) -> None:
        self.origin = origin
        self.target = target
        self.routes = routes
        self.moves = moves
        self._fills = tuple(fills)
        self._filled = filled
        spec = origin.spec
        known = target.mapping.known_fields
        fields = {attribute.field for attribute in spec.attributes.values()}
        gone = {spec.attributes[name].field for name in (*consumed, *dropped)} - known
        gone |= {*spec.identifiers, BEFORE_FIELD}
        gone |= origin.mapping.key_fields - fields - known
        self._gone = frozenset(gone)
        """The fields of the origin that a moved item does not have."""
        self.leftovers = frozenset(gone - known)
        """Those of them that items of the target's form never have."""
        read = {field for route in routes.values() for field in self._fields_read(route)}
        self._left = frozenset((fields - read - gone) | (target.mapping.overflow - fields))
        """The fields whose large values stay as they are, unread or written by the target."""
        # A step may put another value into a field that it reads.
        replaced = {
            route.target.spec.field
            for route in routes.values()
            if route.make is not None and route.target.spec.field in self._fields_read(route)
        }
        self._spent = {
            name: attribute
            for name, attribute in origin.mapping.attributes.items()
            if name in consumed or attribute.spec.field in replaced
        }
        """The attributes whose stored values do not stay, so that others must take their values."""
        place = (target.spec.service, target.spec.entity)
        self._place_moves = (spec.service, spec.entity) != place
        theirs = {one.field: kinds_of(one) for one in spec.attributes.values()}
        self.own_kinds = {
            field: theirs[field]
            for route in routes.values()
            for field, own in [(route.target.spec.field, kinds_of(route.target.spec))]
            if own and theirs.get(field) and own.isdisjoint(theirs[field])
        }
        """The origin's kinds of value, for fields whose kind shows which schema wrote them."""
        self._steady = frozenset(name for name in target.keys if self._same_index(name))

    def _same_index(self, name: str) -> bool:
        """Whether an access pattern of the target is also one of the origin, with the same keys."""
        mine = self.target.keys[name]
        return any(
            len(mine.forms) == len(theirs.forms)
            and all(
                same_key(one, other, self.routes)
                for one, other in zip(theirs.forms, mine.forms, strict=True)
            )
            and theirs.spec.when == mine.spec.when
            for theirs in self.origin.keys.values()
            if theirs.spec.index == mine.spec.index
        )

    def convert(self, item: Item) -> Item:
        """Return the item as the target stores it; `item` is not changed.

        Raises ConversionError, with the item's key and the attribute that is in the way.
        """
        try:
            return self._convert(item)
        except ConversionError as error:
            name_key(error, self.origin.key_in(item))
            raise
        except LeydenError as error:
            path = getattr(error, "path", "") or getattr(error, "field", "")
            refusal = ConversionError(error.message, path=path, entity=self.target.spec.entity)
            name_key(refusal, self.origin.key_in(item))
            raise refusal from error

    def joins(self, item: Item) -> bool:
        """Whether an item must have values in place that are stored outside it."""
        apart = {name for name, entry in self._entries(item).items() if entry.parts}
        return any(
            not apart.isdisjoint(self._fields_read(route))
            for route in self.routes.values()
            if not self._carries(route)
        )

    def _entries(self, item: Item) -> dict[str, Entry]:
        """Return the manifest entries of values that are compressed or stored outside."""
        return read_manifest(item) if self.origin.mapping.overflow else {}

    def _fields_read(self, route: Route) -> set[str]:
        """Return the fields of the origin that a route reads."""
        attributes = self.origin.spec.attributes
        if route.make is not None and route.reads is None:
            return {attribute.field for attribute in attributes.values()}
        read = {attributes[name].field for name in route.reads or () if name in attributes}
        return read if route.source is None else {*read, route.source.spec.field}

    def _fields_given(self, route: Route) -> set[str]:
        """Return the fields of the origin whose values go into a route's value.

        What a function reads is unknown, except for the attribute that is its own.
        """
        if route.make is not None and route.reads is None and route.source is not None:
            return {route.source.spec.field}
        return self._fields_read(route)

    def _carries(self, route: Route) -> bool:
        """Whether a large value moves as it is stored, compressed or outside its item."""
        source, target = route.source, route.target
        return (
            route.is_plain
            and source is not None
            and bool(source.spec.overflow and target.spec.overflow)
            and source.spec.encrypt == target.spec.encrypt
            and not (target.spec.encrypt and (self.moves or self._place_moves))
            and same_form(source.spec, target.spec)
        )

    def _readable(self, item: Item) -> Item:
        """Return the item without values that only the target can have written."""
        foreign = [
            name
            for name, kinds in self.own_kinds.items()
            if name in item and kinds.isdisjoint(item[name]) and "NULL" not in item[name]
        ]
        if not foreign:
            return item
        return {name: value for name, value in item.items() if name not in foreign}

    def _convert(self, item: Item) -> Item:
        mapping = self.target.mapping
        entries = self._entries(item)
        found = unfold(item) if entries else Decompressed(item, {})
        self._refuse_apart(found)
        sealer = self.origin.mapping.sealer
        opened = self._readable(found.item)
        if sealer is not None:
            opened = sealer.opened(opened)
        values = self.origin.mapping.decode_values(opened)
        after: Item = {
            name: value
            for name, value in item.items()
            if name not in self._gone and self._filled.get(name) != value
        }
        after.pop(OVERFLOW_FIELD, None)
        sealed: Item = {}
        carried: dict[str, Entry] = {}
        given: set[str] = set()
        written: set[str] = set()
        for route in self.routes.values():
            field, source = route.target.spec.field, route.source
            if source is not None and source.spec.field in entries and self._carries(route):
                carried[field] = entries[source.spec.field]
                if source.spec.field in item:
                    after[field] = item[source.spec.field]
                given.add(source.spec.field)
                continue
            value = restate(route, opened, values)
            if value is None:
                continue
            given.update(self._fields_given(route))
            written.add(field)
            if route.target.spec.encrypt:
                sealed[field] = value
                after.pop(field, None)
            else:
                after[field] = value
        self._refuse_spent(values, given)
        kept = {n: one for n, one in entries.items() if n in self._left and n not in written}
        self._fill(after, sealed)
        after |= self.target.identifiers
        hidden = {*carried, *kept, *(() if mapping.sealer is None else mapping.sealer.fields)}
        shown = {name: value for name, value in after.items() if name not in hidden}
        made = mapping.decode_values(Opened({**shown, **sealed}))
        for name, value in self._derived(made).items():
            attribute = mapping.attributes[name]
            after.pop(attribute.spec.field, None)
            made.pop(name, None)
            if value is not None:
                made[name] = value
                after[attribute.spec.field] = attribute.encode(value)
        self._write_keys(item, after, made)
        if sealed:
            self._seal(item, after, sealed)
        outside = {**kept, **carried}
        if outside:
            after[OVERFLOW_FIELD] = write_manifest(outside)
        return after

    def _refuse_spent(self, values: Mapping[str, Any], given: Collection[str]) -> None:
        """Raise ConversionError where a value that does not stay was `given` to no attribute."""
        for name, attribute in self._spent.items():
            if name in values and attribute.spec.field not in given:
                raise ConversionError(
                    f'no attribute gets the value of its "{name}", which would be lost',
                    path=name,
                    entity=self.target.spec.entity,
                )

    def _refuse_apart(self, found: Decompressed) -> None:
        """Raise ConversionError where a value stored outside is needed, and was not read."""
        for route in self.routes.values():
            missing = self._fields_read(route) & found.missing.keys()
            if missing and not self._carries(route):
                raise ConversionError(
                    f'"{route.target.spec.name}" needs a value that is stored outside the item',
                    path=route.target.spec.name,
                    entity=self.target.spec.entity,
                )

    def _fill(self, after: Item, sealed: Item) -> None:
        """Write defaults where there is no value."""
        missing = [
            name
            for name in self._fills
            if self.target.spec.attributes[name].field not in after
            and self.target.spec.attributes[name].field not in sealed
        ]
        if not missing:
            return
        defaults = self.target.mapping.default_values()
        for name in missing:
            if name in defaults:
                attribute = self.target.mapping.attributes[name]
                value = attribute.encode(attribute.accept(defaults[name]))
                (sealed if attribute.spec.encrypt else after)[attribute.spec.field] = value

    def _derived(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the derived attributes that the origin derives differently; None for no value."""
        mapping, theirs = self.target.mapping, self.origin.spec.attributes
        names = {
            name
            for name in mapping.derivations
            if name not in theirs or theirs[name].derive != mapping.attributes[name].spec.derive
        }
        return mapping.derived(values, names) if names else {}

    def _write_keys(self, item: Item, after: Item, values: Mapping[str, Any]) -> None:
        """Write the table's own key and those of all indexes, as a put of the item would."""
        target = self.target
        written = put_keys(target.mapping, values)
        attributes = {attribute.field for attribute in target.spec.attributes.values()}
        for keys in target.keys.secondary:
            if self._stays(keys, values):
                continue
            for form in keys.forms:
                if form.field not in attributes and form.field not in written:
                    after.pop(form.field, None)
        for keys in target.keys.secondary:
            if self._stays(keys, values):
                # Without its partition key, the item is not in the index, and its other fields do
                # not matter.
                for field in keys.fields - {*target.key_fields}:
                    written.pop(field, None)
        if not self.moves:
            for field in target.key_fields:
                written[field] = item[field]
        for field, value in written.items():
            # A number that DynamoDB writes with other digits is still the same key.
            stored = item.get(field)
            after[field] = value if stored is None or not alike(stored, value) else stored

    def _stays(self, keys: IndexKeys, values: Mapping[str, Any]) -> bool:
        """Whether what is stored of an index's key is right as it is."""
        if keys.spec.name not in self._steady or keys.pk is None:
            return False
        return bool(keys.pk.missing(values))

    def _seal(self, item: Item, after: Item, sealed: Item) -> None:
        """Encrypt values under the item's key, or keep those that are encrypted under it."""
        sealer = self.target.mapping.sealer
        assert sealer is not None
        fields = self.target.key_fields
        moved = self._place_moves or any(item.get(name) != after[name] for name in fields)
        key = {name: after[name] for name in fields}
        for route in self.routes.values():
            field = route.target.spec.field
            if field not in sealed:
                continue
            stays = not moved and route.is_same and field in item
            after[field] = item[field] if stays else sealer.sealed_value(field, sealed[field], key)


def same_key(source: Any, target: Any, routes: Mapping[str, Route]) -> bool:
    """Whether two key forms make the same key of an item before and after its move."""
    shape = ("field", "prefix", "suffix", "postfix", "fold", "numeric", "bare", "strict")
    if any(getattr(source, name) != getattr(target, name) for name in shape):
        return False
    if len(source.segments) != len(target.segments):
        return False
    for one, other in zip(source.segments, target.segments, strict=True):
        route = routes[other.name]
        if one.label != other.label or not route.is_plain or route.source is None:
            return False
        if route.source.spec.name != one.name:
            return False
        mine, others = one.attribute, other.attribute
        if (mine.type, mine.padding) != (others.type, others.padding):
            return False
    return True
