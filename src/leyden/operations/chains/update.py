"""Changing parts of an item: update, which may create it, and patch, which does not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Self

from leyden._attrs import field, frozen
from leyden._calls import fitting
from leyden.errors import CompositeConflictError, InvalidExpressionError, LeydenError
from leyden.mapping.entity import refuse_no_mapping
from leyden.mapping.index_keys import (
    NO_CHANGES,
    KeyChanges,
    Knowledge,
    changed_keys,
    refuse_ambiguous,
    refuse_unknown_inputs,
)
from leyden.mapping.record import lack_of
from leyden.operations.chains.write import Write, changed, exists
from leyden.operations.companions.overflow.writing import OverflowClauses, spread_of_update
from leyden.operations.companions.unique import Effect, refuse_unknown_claims
from leyden.operations.companions.versions import refuse_counted
from leyden.operations.options import Options
from leyden.operations.plan.expressions import SET_HAS, Expressions, refuse_oversize
from leyden.operations.plan.reads import read_key
from leyden.operations.plan.refusal import Asked, Needs
from leyden.operations.plan.steps import (
    Step,
    UpdateExpression,
    hooked,
    read_removals,
    read_steps,
    refuse_overlaps,
)
from leyden.operations.plan.writes import PartChange, WritePlan, defaults_of, write_clauses
from leyden.program import Item, Params
from leyden.types.lacking import excerpt


@frozen(eq=False, repr=False)
class ChangesPart(Write):
    """A write that changes a part of an item, and may be told what the rest is."""

    _known: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Accepted values of the stored item by name; None for what it does not have."""

    @fitting('.composite(status="open")')
    def composite(self, /, **attributes: Any) -> Self:
        """Say what attributes are that the write does not change; None says that there is none.

        Index keys, sparse indexes and derived attributes may need them. Each becomes a condition,
        so that the write happens only if the stored item agrees.

        Raises CompositeConflictError where one is given twice with different values.

        >>> task.patch(...).set(points=5).composite(status="open", due=None)   # doctest: +SKIP
        """
        with self._error_context():
            entity = self._entity
            refuse_no_mapping(attributes, entity.spec.entity)
            accepted = entity.mapping.accept(attributes)
            self._refuse_large(attributes)
            known = {**self._known}
            for name in attributes:
                value = accepted.get(name)
                if known.setdefault(name, value) != value:
                    raise CompositeConflictError(
                        f'"{name}" was given to .composite() twice, with different values',
                        entity=entity.spec.entity,
                    )
            return changed(self, known=known)

    def _refuse_large(self, names: Iterable[str]) -> None:
        """Raise where no condition could compare what is stored."""
        for name in names:
            if self._entity.spec.attributes[name].overflow:
                raise InvalidExpressionError(
                    f'"{name}" may be stored outside of its item (`overflow`), where no condition '
                    "can compare it; give it with .set(), or write the whole item with .put()",
                    entity=self._entity.spec.entity,
                )

    @property
    def _asked(self) -> Asked:
        """What the write asks of the stored item, to say what of it did not hold."""
        attributes = self._entity.spec.attributes
        absent = [attributes[name].field for name, value in self._known.items() if value is None]
        composite = {**self._agreed(), **dict.fromkeys(absent)}
        return Asked(self._needs, where=bool(self._conditions), composite=composite)

    def _agreed(self) -> Item:
        """The stored fields that the item must have, as the caller said."""
        return self._entity.mapping.encode_few(
            {name: value for name, value in self._known.items() if value is not None}
        )

    def _agreements(self, expressions: Expressions) -> list[str]:
        """The conditions that what the caller said of the stored item is so."""
        if not self._known:
            return []
        attributes = self._entity.spec.attributes
        absent = [attributes[name].field for name, value in self._known.items() if value is None]
        return [
            *(expressions.equal(*pair) for pair in self._agreed().items()),
            *(self._is_absent(field, expressions) for field in absent),
        ]

    def _is_absent(self, field: str, expressions: Expressions) -> str:
        """The condition that the item has no value there; a key's own text is none."""
        text = self._entity.keys.text_of_absent(field)
        absent = f"attribute_not_exists({expressions.name(field)})"
        return f"({absent} OR {expressions.equal(field, {'S': text})})" if text else absent


@frozen(eq=False, repr=False)
class Update(ChangesPart):
    """`task.update(...)`: change an item; where there is none, one is made of what is set.

    An item made that way may lack required attributes: `patch` is the verb that changes only
    what exists. `go()` gives a record of the key attributes; with `response="all_new"` or
    `"all_old"` the whole record.
    """

    _given: Mapping[str, Any] = field(factory=dict)
    _steps: tuple[Step, ...] = ()

    _verb: ClassVar[str] = "update"
    _api: ClassVar[str] = "UpdateItem"
    _part: ClassVar[str] = "Update"
    _must_exist: ClassVar[bool] = False

    @fitting('.set(status="closed")')
    def set(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Set attributes, or paths inside them.

        >>> task.update(...).set({"detail.effort": 3}, status="closed")    # doctest: +SKIP
        """
        return self._with("set", paths, attributes)

    @fitting(".add(points=1)")
    def add(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Add to numbers, counting from 0, or add elements to sets."""
        return self._with("add", paths, attributes)

    @fitting(".subtract(points=1)")
    def subtract(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Subtract from numbers, counting from 0."""
        return self._with("subtract", paths, attributes)

    @fitting('.append(history=["x"])')
    def append(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Append elements to lists; a list that is not there is begun."""
        return self._with("append", paths, attributes)

    @fitting('.delete(tags={"a"})')
    def delete(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Delete elements from sets."""
        return self._with("delete", paths, attributes)

    @fitting('.if_not_exists(status="open")')
    def if_not_exists(self, paths: Mapping[str, Any] | None = None, /, **attributes: Any) -> Self:
        """Set attributes that the item does not have yet."""
        return self._with("if_not_exists", paths, attributes)

    @fitting('.remove("detail")')
    def remove(self, *paths: str) -> Self:
        """Take attributes, or paths inside them, away."""
        with self._error_context():
            return self._extended(read_removals(self._entity, paths))

    def _with(
        self, operator: str, paths: Mapping[str, Any] | None, attributes: Mapping[str, Any]
    ) -> Self:
        try:
            if paths:
                refuse_no_mapping(paths, self._entity.spec.entity)
            given = {**paths, **attributes} if paths else attributes
            return self._extended(read_steps(self._entity, operator, given))
        except LeydenError as error:
            self._error_context().name(error)
            raise

    def _extended(self, steps: list[Step]) -> Self:
        together = (*self._steps, *steps)
        refuse_overlaps(self._entity, together)
        refuse_counted(self._entity, [step.root for step in steps])
        refuse_unknown_claims(self._entity, steps)
        return changed(self, steps=together)

    def _prepare(self, options: Options) -> WritePlan:
        entity = self._entity
        values = read_key(entity, self._given)
        if not self._must_exist:
            for form in entity.keys.primary.forms:
                refuse_ambiguous(entity.mapping, form, values)
        expressions = Expressions()
        own = entity.mapping.encode_few(values)
        steps = hooked(entity, (*self._steps, *self._on_write(values)))
        if len(steps) > len(self._steps):
            refuse_overlaps(entity, steps)
        update, effect, apart = self._update_expression(steps, values, own, expressions)
        key = entity.mapping.primary_key(values)
        refuse_oversize(key, update.assigned, has=SET_HAS)
        params: Params = {
            "TableName": entity.table,
            "Key": key,
            "UpdateExpression": update.text(),
        }
        identity = self._seal(
            params,
            options,
            expressions,
            own,
            existence=exists(key, expressions) if self._must_exist else "",
            agreements=self._agreements(expressions),
        )
        spread = None if effect is None else spread_of_update(entity, apart, update, effect, steps)
        return WritePlan(self, params, key, identity, own, self._expected, False, effect, spread)

    def _returned(self, item: Item, options: Options) -> Any:
        """What the update gives back; what it changed by paths is marked as an excerpt."""
        record = super()._returned(item, options)
        if not options.response.startswith("updated_") or lack_of(record) is None:
            return record
        # Of an attribute that was changed by a path, the answer holds that path only.
        slots = self._entity.mapping.slots
        roots = {step.root for step in self._steps if not step.is_root}
        for slot in (slots[root] for root in roots if root in slots):
            value = getattr(record, slot, None)
            if value is not None:
                object.__setattr__(record, slot, excerpt(value))
        return record

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        shown, slots = super()._shown(item, options), self._entity.mapping.slots
        if shown is None or options.response in self._silent:
            return shown
        # What a step took away was read all the same: it is not there.
        return shown | {slots[step.root] for step in self._steps if step.root in slots}

    def _update_expression(
        self,
        steps: tuple[Step, ...],
        key_values: Mapping[str, Any],
        own: Item,
        expressions: Expressions,
    ) -> tuple[UpdateExpression, Effect | None, OverflowClauses]:
        entity, mapping = self._entity, self._entity.mapping
        values, removed, derived = self._values(steps, key_values)
        known = {**self._known, **key_values} if self._known else key_values
        keys = self._keys(values, removed, known) if entity.keys.written_with_items else NO_CHANGES
        update, apart = UpdateExpression(expressions), OverflowClauses(entity)
        stored = mapping.encode_few(values)
        primary = entity.keys.primary.fields
        fields = {
            name: value
            for name, value in stored.items()
            if name not in keys.set and not (entity.mapping.overflow and apart.set(name, value))
        }
        fields |= keys.set
        fields |= {name: value for name, value in own.items() if name not in primary}
        removes: list[str] = []
        if keys.remove or removed:
            taken = {step.segments[0] for step in steps if step.operator == "remove"}
            removes += (name for name in keys.remove if name not in taken)
            removes += (mapping.attributes[n].spec.field for n in derived if n in removed)
        change = PartChange({**fields, **entity.identifiers}, steps, removes, keys=keys)
        write_clauses(entity, update, apart, change, steps_first=True)
        if not entity.mapping.has_companions:
            return update, None, apart
        effect = Effect(
            "change",
            sets={**stored, **own},
            defaults=defaults_of(steps),
            removes=frozenset(mapping.attributes[name].spec.field for name in removed),
            known={**own, **self._agreed()},
            creates=not self._must_exist,
        )
        return update, effect, apart

    def _values(
        self, steps: tuple[Step, ...], key_values: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Collection[str], Collection[str]]:
        """The attributes that the update sets, those it removes, and which of both are derived."""
        entity = self._entity
        assigned: dict[str, Any] = {}
        removed: set[str] = set()
        moved: set[str] = set()
        for step in steps:
            if step.operator == "set" and step.is_root:
                assigned[step.root] = step.value
            elif step.operator == "remove" and step.is_root:
                removed.add(step.root)
            else:
                moved.add(step.root)
        refuse_unknown_inputs(entity.mapping, moved)
        values = {name: value for name, value in assigned.items() if value is not None}
        known = {**self._known, **key_values} if self._known else key_values
        derived = entity.mapping.watchers(
            {**values, **dict.fromkeys(removed)} if removed else values, known
        )
        for name, value in derived.items():
            if value is None:
                removed.add(name)
            else:
                values[name] = value
        return values, removed, derived

    def _on_write(self, key_values: Mapping[str, Any]) -> list[Step]:
        """The steps that every write takes."""
        # The item's own key stays what it is, though every new item may get another.
        mapping = self._entity.mapping
        if not mapping.on_write:
            return []
        written = mapping.on_write_values(key_values.keys(), hooked=False)
        fields = self._entity.spec.attributes
        return [Step("set", name, name, (fields[name].field,), v) for name, v in written.items()]

    def _keys(
        self, values: Mapping[str, Any], removed: Collection[str], known: Mapping[str, Any]
    ) -> KeyChanges:
        """The index keys of the update, over what it sets and removes and what else is known."""
        together = {**known, **values}
        absent = {name for name, value in together.items() if value is None}.union(removed)
        after = {name: value for name, value in together.items() if name not in absent}
        item = Knowledge(
            after, absent, {*values, *removed}, made=None if self._must_exist else after
        )
        return changed_keys(self._entity.mapping, item)


@frozen(eq=False, repr=False)
class Patch(Update):
    """`task.patch(...)`: change an item that exists.

    Raises ItemNotFoundError where there is none.
    """

    _verb: ClassVar[str] = "patch"
    _needs: ClassVar[Needs] = "an item"
    _must_exist: ClassVar[bool] = True
