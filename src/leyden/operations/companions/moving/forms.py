"""The two forms of an entity under a migration: how to convert and how to recognize them.

All of this is worked out from the schemas when a migration is loaded. Every item shows by itself
whether it is in the old or the new form: by its identifiers, by the table's own key, by fields that
only one form has, or by values of a kind that only one form stores. A change that items would not
show is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from leyden.errors import SchemaError
from leyden.keys import KeyForm
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.moving.routes import Route, is_readable_as, maker
from leyden.operations.companions.moving.translation import Translation, same_key
from leyden.program import AttributeValue
from leyden.schema.faults import Fault
from leyden.schema.migrations import AttributeChange, EntityMigration
from leyden.schema.spec import Literal


class Forms:
    """The old form and the new form of one entity under a migration.

    `entity` is the entity in the new schemas, `earlier` in the old ones, both on the table of the
    migration. `change` is its entry in the migration's file, None if it has none. `name` is the
    migration's name, "" if it has none. `moves` tells whether the table's own key of an item can
    change.

    Raises SchemaError where the change is not possible, or where items would not show their form.
    """

    def __init__(
        self,
        entity: BoundEntity,
        earlier: BoundEntity,
        change: EntityMigration | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.entity = entity
        self.earlier = earlier
        alias = entity.spec.alias
        self.change = EntityMigration(alias, earlier.spec.alias) if change is None else change
        self.routes = self._routes_forward()
        """How each attribute of the new schema gets its value."""
        self.routes_back = self._routes_backward()
        """How each attribute of the old schema gets its value on the way back."""
        old_keys, new_keys = earlier.keys.primary.forms, entity.keys.primary.forms
        self.moves = len(old_keys) != len(new_keys) or not all(
            same_key(old, new, self.routes) for old, new in zip(old_keys, new_keys, strict=True)
        )
        self.renames = earlier.identifiers != entity.identifiers
        """Whether an item's identifiers show its form."""
        self.tells_form = self.renames or (
            self.moves and any(map(_differ_at_head, old_keys, new_keys))
        )
        """Whether every item shows its form, whatever its fields are."""
        consumed = _consumed(self.routes, earlier, entity)
        self._old_fields = frozenset(earlier.spec.attributes[name].field for name in consumed)
        self._to_new = Translation(
            earlier,
            entity,
            self.routes,
            consumed=consumed,
            fills=self.change.defaults,
            moves=self.moves,
        )
        self._to_old = Translation(
            entity,
            earlier,
            self.routes_back,
            consumed=_consumed(self.routes_back, entity, earlier),
            dropped=[route.target.spec.name for route in self._made_beside],
            filled=self._filled(),
            moves=self.moves,
        )
        same = {name: Route(one, one) for name, one in entity.mapping.attributes.items()}
        self._completing = Translation(
            entity,
            entity,
            same,
            fills=self.change.defaults,
            moves=False,
        )
        """Gives an item of the new form the defaults and keys that it lacks."""
        self._refuse_untold()
        self._refuse_lost()

    def __repr__(self) -> str:
        return f"<{self.earlier.spec.alias} to {self.entity.spec.alias}>"

    @cached_property
    def finds_by_key(self) -> bool:
        """Whether the key attributes of the new schema determine the old key."""
        given = {*self.entity.keys.primary.composites}
        constants = {*self.earlier.spec.constants}
        for name in self.earlier.keys.primary.composites:
            route = self.routes_back[name]
            source = None if route.source is None else route.source.spec.name
            reads = route.reads if route.make is not None else {source}
            if name not in constants and (reads is None or not given.issuperset(reads)):
                return False
        return True

    @cached_property
    def _made_beside(self) -> list[Route]:
        """The routes that make a field of only the new form, and keep the fields they read."""
        known = self.earlier.mapping.known_fields
        return [
            route
            for route in self.routes.values()
            if route.make is not None
            and route.target.spec.field not in known
            and self._old_fields.isdisjoint(self._inputs(route))
        ]

    def _inputs(self, route: Route) -> frozenset[str]:
        """Return the old fields that a route reads."""
        names = set(route.reads or ())
        if route.source is not None:
            names.add(route.source.spec.name)
        attributes = self.earlier.spec.attributes
        return frozenset(attributes[name].field for name in names if name in attributes)

    @cached_property
    def _lossy(self) -> frozenset[str]:
        """The old fields that a rollback cannot compute from the new form."""
        attributes = self.earlier.spec.attributes
        return frozenset(
            attributes[name].field
            for name, route in self.routes_back.items()
            if route.make is None and route.source is None
        )

    def _routes_forward(self) -> dict[str, Route]:
        """Route by the file, or else from the attribute of the same name. Raises SchemaError."""
        old, hooks = self.earlier.mapping, self.entity.hooks
        found = {}
        for name, target in self.entity.mapping.attributes.items():
            change = self.change.attributes.get(name)
            said = None if change is None else change.source
            source = said if said is not None else name if name in old.attributes else None
            compiled = None if source is None else old.attributes[source]
            if change is not None and change.value is not None:
                make, reads = maker(change.value, source, target, old, hooks, forward=True)
                found[name] = Route(target, compiled, make, reads)
                continue
            if compiled is not None and not is_readable_as(compiled.spec, target.spec):
                raise self._fault(
                    f'"{name}" is stored in another form than before ({compiled.spec.type} became '
                    f"{target.spec.type}); say how with `value` or `call`",
                    change,
                )
            found[name] = Route(target, compiled)
        return found

    def _routes_backward(self) -> dict[str, Route]:
        """Route by the file's `back`, or else by a reversed rename, or else by the same name."""
        new, hooks = self.entity.mapping, self.entity.hooks
        changes = self.change.attributes.values()
        found = {}
        for name, target in self.earlier.mapping.attributes.items():
            said = next((one for one in changes if name in one.back), None)
            if said is not None:
                source = new.attributes[said.name]
                back = said.back[name]
                make, reads = maker(back, said.name, target, new, hooks, forward=False)
                found[name] = Route(target, source, make, reads)
                continue
            renamed = (one.name for one in changes if one.source == name and one.value is None)
            own = name if name in new.attributes and name not in self.change.attributes else None
            there = next(renamed, own)
            compiled = None if there is None else new.attributes[there]
            if compiled is not None and not is_readable_as(compiled.spec, target.spec):
                compiled = None
            found[name] = Route(target, compiled)
        return found

    def _filled(self) -> dict[str, AttributeValue]:
        """Return the fields of only the new form, with the defaults that the migration writes."""
        known, found = self.earlier.mapping.known_fields, {}
        for name in self.change.defaults:
            attribute = self.entity.mapping.attributes[name]
            default = attribute.spec.default
            is_open = attribute.spec.field not in known and not attribute.spec.encrypt
            if isinstance(default, Literal) and is_open:
                value = attribute.encode(attribute.accept(default.value))
                found[attribute.spec.field] = value
        return found

    def _refuse_untold(self) -> None:
        """Raise SchemaError where an item would not show whether it was converted."""
        if self.tells_form:
            return
        known, tells = self.entity.mapping.known_fields, self._to_new.own_kinds
        for name, route in self.routes.items():
            target, source = route.target.spec, route.source
            if route.is_same or (route.make is None and source is None):
                continue
            fields = self._inputs(route)
            if fields and fields <= self._old_fields:
                continue
            if target.field not in self.earlier.mapping.known_fields:
                if route.make is not None:
                    continue
                # Its old value is still in a field that the new schema uses for another attribute.
            elif target.field in tells and fields <= {target.field, *self._old_fields}:
                continue
            elif source is not None and route.make is None and source.spec.field == target.field:
                # The stored form is the same, or differs only inside and reads the same.
                continue
            taken = sorted(field for field in fields if field in known)
            raise self._fault(
                f'an item would not show whether its "{name}" was converted: both schemas use the '
                f"field {', '.join(taken) or target.field}, with values of one kind. Store "
                f'"{name}" in another field (`field: ...`), or give the entity a new version',
                self.change.attributes.get(name),
            )

    def _refuse_lost(self) -> None:
        """Raise SchemaError where encrypted values could not be decrypted under the new key."""
        read = {one.source.spec.name for one in self.routes.values() if one.source is not None}
        for name, spec in self.earlier.spec.attributes.items():
            if spec.encrypt and self.moves and name not in read:
                raise self._fault(
                    f'"{name}" is encrypted under the item\'s key, which changes, and no new '
                    "attribute has its value; drop it in a migration of its own first",
                    None,
                )

    def _fault(self, message: str, change: AttributeChange | None) -> SchemaError:
        span = self.change.span if change is None else change.span
        text = f"{self.entity.spec.alias}: {message}"
        return SchemaError([Fault(span, "migration.change", text)])


def _consumed(
    routes: Mapping[str, Route], origin: BoundEntity, target: BoundEntity
) -> frozenset[str]:
    """Return the attributes that others are made of, and whose fields only the origin has."""
    read = {name for route in routes.values() for name in route.reads or ()}
    read |= {route.source.spec.name for route in routes.values() if route.source is not None}
    attributes, known = origin.spec.attributes, target.mapping.known_fields
    return frozenset(
        name for name in read if name in attributes and attributes[name].field not in known
    )


def _differ_at_head(old: KeyForm, new: KeyForm) -> bool:
    """Whether no key of one form can be one of the other, because their beginnings differ."""
    heads = []
    for form in (old, new):
        head = form.prefix + (form.segments[0].label if form.segments else form.suffix)
        heads.append((form.fold(head) if form.fold else head).lower())
    return not (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0]))
