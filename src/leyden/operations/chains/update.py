"""Changes to parts of an item: update, which may create it, and patch, which does not.

Steps say what changes, and `composite()` says what the rest of the item is. `upsert` shares
`composite()`, and the way in which a change becomes the plan of a request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Never, Self, TypeAlias

from leyden._attrs import field, frozen
from leyden._calls import end, fitting, misplaced
from leyden.errors import CompositeConflictError, InvalidExpressionError, LeydenError
from leyden.mapping.entity import EntityMapping, refuse_no_mapping
from leyden.mapping.index_keys import (
    NO_CHANGES,
    KeyChanges,
    Knowledge,
    changed_keys,
    refuse_ambiguous,
    refuse_unknown_inputs,
)
from leyden.mapping.lack import lack_of
from leyden.mapping.vector_guards import Demand, demands_of, refuse_unfit
from leyden.operations.chains.write import Write, changed, exists
from leyden.operations.companions.overflow.writing import overflow_of_update
from leyden.operations.companions.unique import Effect, refuse_unknown_claims
from leyden.operations.companions.versions import Expectation, refuse_counted
from leyden.operations.options import Options
from leyden.operations.plan.expressions import SET_HAS, Expressions, refuse_oversize
from leyden.operations.plan.known import known_beside
from leyden.operations.plan.refusal import Asked, Need, Needs
from leyden.operations.plan.steps import (
    Step,
    hooked,
    needs_of,
    read_removals,
    read_steps,
    refuse_overlaps,
    sealed_steps,
)
from leyden.operations.plan.writes import PartChange, WritePlan, defaults_of, update_of
from leyden.program import Item, Params
from leyden.types.lacking import excerpt

Names: TypeAlias = set[str]


def step_demands(
    mapping: EntityMapping, item: Knowledge, steps: Iterable[Step], sure: Iterable[str] = ()
) -> tuple[Demand, ...]:
    """Return what vector indexes need of the stored item, for a write with these steps.

    `sure` are attributes that the item will have besides. Raises ValidationError for values that an
    index cannot take or find.
    """
    begun = {s.root: s.value for s in steps if s.operator == "if_not_exists" and s.is_root}
    refuse_unfit(mapping, begun)
    whole = (s.root for s in steps if s.is_root and s.operator not in ("set", "remove", "delete"))
    return demands_of(mapping, item, {*whole, *sure})


@frozen(eq=False, repr=False)
class ChangesPart(Write):
    """A write that changes a part of an item, and may be told what the rest is."""

    _known: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Accepted values of the stored item by name; None for absent attributes."""
    _seen: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """What a record showed of attributes that a change of others may need to know."""
    _by_record: bool = field(default=False, kw_only=True)
    """Whether a record gives the known values, instead of `composite()`."""

    @fitting('.composite(status="open")')
    def composite(self, /, **attributes: Any) -> Self:
        """Say what attributes are that the write does not change; None for an absent one.

        Index keys, sparse indexes and derived attributes may need them. Each becomes a condition,
        so the write happens only if the stored item agrees.

        Raises CompositeConflictError where an attribute is given twice with different values, and
        InvalidExpressionError for an encrypted attribute or one that may be stored outside the
        item.

        >>> task.patch(...).set(points=5).composite(status="open", due=None)   # doctest: +SKIP
        """
        with self._error_context():
            entity = self._entity
            accepted = entity.mapping.accept(attributes)
            known = {**self._known}
            for name in attributes:
                if entity.spec.attributes[name].encrypt and attributes[name] is not None:
                    raise InvalidExpressionError(
                        f'"{name}" is encrypted, so no condition can compare it in the table; '
                        "leave it out",
                        entity=entity.spec.entity,
                    )
                if entity.spec.attributes[name].overflow:
                    raise InvalidExpressionError(
                        f'"{name}" may be stored outside its item (`overflow`), where no '
                        "condition can compare it; give it with .set(), or write the whole item "
                        "with .put()",
                        entity=entity.spec.entity,
                    )
                value = accepted.get(name)
                if known.setdefault(name, value) != value:
                    raise CompositeConflictError(
                        f'"{name}" was given to .composite() twice, with different values',
                        entity=entity.spec.entity,
                    )
            return changed(self, known=known)

    @property
    def _asked(self) -> Asked:
        """What the write requires of the stored item, so that errors can say which part failed."""
        attributes = self._entity.spec.attributes
        absent = [attributes[name].field for name, value in self._known.items() if value is None]
        composite = {**self._agreed(), **dict.fromkeys(absent)}
        return Asked(
            self._needs,
            where=bool(self._conditions),
            composite=composite,
            by_record=self._by_record,
        )

    def _agreed(self) -> Item:
        """Return the fields that the stored item must have, as the caller said."""
        return self._entity.mapping.encode_few(
            {name: value for name, value in self._known.items() if value is not None}
        )

    def _agreements(self, expressions: Expressions, demands: Iterable[Need]) -> list[str]:
        """Return the conditions for what the caller said, and for what the write needs."""
        entity = self._entity
        texts = [expressions.equal(*pair) for pair in self._agreed().items()]
        for name, value in self._known.items():
            if value is None:
                stored = entity.spec.attributes[name].field
                absent = f"attribute_not_exists({expressions.name(stored)})"
                # The text of a key without values counts as absent.
                text = entity.keys.text_of_absent(stored)
                also = f" OR {expressions.equal(stored, {'S': text})}" if text else ""
                texts.append(f"({absent}{also})" if text else absent)
        texts += [one.condition(expressions.path, expressions.value) for one in demands]
        return texts

    def _plan_part(
        self,
        options: Options,
        key: Item,
        stored: Item,
        change: PartChange,
        effect: Effect | None,
        expected: Expectation | None,
        demands: tuple[Need, ...],
    ) -> WritePlan:
        """Return the plan of a change. `stored` has at least the fields of its own key."""
        entity, expressions = self._entity, Expressions()
        update, large = update_of(entity, expressions, change)
        refuse_oversize(key, update.assigned, has=SET_HAS)
        params: Params = {
            "TableName": entity.table,
            "Key": key,
            "UpdateExpression": update.text(),
        }
        identity = self._attach_conditions(
            params,
            options,
            expressions,
            stored,
            existence=exists(key, expressions) if self._needs == "an item" else "",
            agreements=self._agreements(expressions, demands) if self._known or demands else (),
        )
        overflow = None
        if large is not None and effect is not None:
            overflow = overflow_of_update(entity, large, update, effect, change.steps)
        kept = {name: stored[name] for name in entity.mapping.composites}
        return WritePlan(
            self, params, key, identity, kept, expected, False, effect, overflow, demands
        )


@frozen(eq=False, repr=False)
class Update(ChangesPart):
    """`task.update(...)`: change an item, or create it from the attributes that are set.

    An item created in this way may lack required attributes; use `patch` to change only what
    exists. `go()` returns a record of the key attributes, or with `response="all_new"` or
    `"all_old"` the whole record.

    >>> task.update(project_id="p1", task_id="t1").set(status="closed").go()   # doctest: +SKIP
    """

    _given: Mapping[str, Any] = field(factory=dict)
    _steps: tuple[Step, ...] = ()
    _brought: frozenset[str] = field(default=frozenset(), kw_only=True)
    """The attributes that a changed record sets, until a later step sets or removes them."""

    _verb: ClassVar[str] = "update"
    _api: ClassVar[str] = "UpdateItem"
    _part: ClassVar[str] = "Update"

    def set(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Set attributes, or paths inside them.

        >>> task.update(...).set({"detail.effort": 3}, status="closed")    # doctest: +SKIP
        """
        return self._with("set", 'status="closed"', paths, wrong, attributes)

    def add(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Add to numbers (an absent one counts as 0), or add elements to sets."""
        return self._with("add", "points=1", paths, wrong, attributes)

    def subtract(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Subtract from numbers; an absent one counts as 0."""
        return self._with("subtract", "points=1", paths, wrong, attributes)

    def append(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Append elements to lists; an absent list is created."""
        return self._with("append", 'history=["x"]', paths, wrong, attributes)

    def delete(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Delete elements from sets."""
        return self._with("delete", 'tags={"a"}', paths, wrong, attributes)

    def if_not_exists(
        self, paths: Mapping[str, Any] | None = None, /, *wrong: Never, **attributes: Any
    ) -> Self:
        """Set attributes that the item does not have yet."""
        return self._with("if_not_exists", 'status="open"', paths, wrong, attributes)

    @fitting('.remove("detail")')
    def remove(self, *paths: str) -> Self:
        """Remove attributes, or paths inside them."""
        with self._error_context():
            return self._extended(read_removals(self._entity, paths))

    def _with(
        self,
        operator: str,
        form: str,
        paths: Mapping[str, Any] | None,
        wrong: tuple[Never, ...],
        attributes: Mapping[str, Any],
    ) -> Self:
        end(self, True)
        try:
            if wrong:
                raise misplaced(operator, f".{operator}({form})", 1 + len(wrong))
            if paths:
                refuse_no_mapping(paths, self._entity.spec.entity)
                attributes = {**paths, **attributes}
            return self._extended(read_steps(self._entity, operator, attributes))
        except LeydenError as error:
            self._error_context().name(error)
            raise

    def _extended(self, steps: list[Step]) -> Self:
        entity, before, brought = self._entity, self._steps, self._brought
        if brought:
            # An operator such as `add` works on the stored value, so it never replaces the record's
            # own step.
            anew = {
                s.root for s in steps if s.is_root and s.operator in ("set", "remove")
            } & brought
            before = tuple(step for step in before if step.root not in anew)
            brought -= anew
        together = (*before, *steps)
        refuse_overlaps(entity, together)
        if entity.spec.version_attribute is not None:
            refuse_counted(entity, [step.root for step in steps])
        if entity.spec.unique:
            refuse_unknown_claims(entity, steps)
        # The same as `changed`, but faster: most updates come through here.
        return self.__class__(
            entity,
            self._conditions,
            self._expected,
            self._given,
            together,
            known=self._known,
            seen=self._seen,
            brought=brought,
        )

    def _bringing(self, sets: Mapping[str, Any], removes: Iterable[str]) -> Self:
        """Return the write of what a record changes. Later steps take precedence over it."""
        with self._error_context():
            steps = [*read_steps(self._entity, "set", sets), *read_removals(self._entity, removes)]
            begun = self._extended(steps)
            return changed(begun, brought=frozenset(step.root for step in steps))

    def _knowing(self) -> Self:
        """Return the write with what it needs to know from the record that it began with."""
        roots = {step.root for step in self._steps}
        known = known_beside(self._entity.mapping, roots, self._seen)
        told = changed(self, known={**known, **self._known}, seen={}, by_record=bool(known))
        end(told, True)
        return told

    def _plan(self, options: Options) -> WritePlan:
        if self._seen:
            return self._knowing()._plan(options)
        entity, mapping = self._entity, self._entity.mapping
        key_values = entity.mapping.own_values(self._given)
        may_create = self._needs == "anything"
        if may_create:
            for form in entity.keys.primary.forms:
                refuse_ambiguous(entity.mapping, form, key_values)
        steps, values, removed = self._assigned(key_values.keys())
        known = {**self._known, **key_values} if self._known else key_values
        derived: dict[str, Any] = {}
        if mapping.derivations:
            changes = {**values, **dict.fromkeys(removed)} if removed else values
            derived = mapping.watchers(changes, known)
            removed |= {name for name, value in derived.items() if value is None}
            values |= {name: value for name, value in derived.items() if value is not None}
        keys, demands = self._indexed(values, removed, known, steps)
        own, stored = mapping.encode_few(key_values), mapping.encode_few(values)
        key = mapping.primary_key(key_values)
        if mapping.sealer is not None:
            stored, steps = mapping.sealer.sealed(stored, key), sealed_steps(entity, steps, key)
        primary = entity.keys.primary.fields
        fields = {name: value for name, value in stored.items() if name not in keys.set}
        fields |= keys.set
        fields |= {name: value for name, value in own.items() if name not in primary}
        fields |= entity.identifiers
        removes: list[str] = []
        if keys.remove or removed:
            taken = {step.segments[0] for step in steps if step.operator == "remove"}
            removes += (name for name in keys.remove if name not in taken)
            removes += (mapping.attributes[n].spec.field for n in derived if n in removed)
        effect = None
        if entity.mapping.has_companions:
            effect = Effect(
                "change",
                sets={**stored, **own},
                defaults=defaults_of(steps),
                removes=frozenset(mapping.attributes[name].spec.field for name in removed),
                known={**own, **self._agreed()},
                creates=may_create,
            )
        change = PartChange(fields, steps, removes, keys=keys, steps_first=True)
        return self._plan_part(
            options,
            key,
            own,
            change,
            effect,
            self._expected,
            (*demands, *needs_of(entity, steps)),
        )

    def _assigned(self, own: Collection[str]) -> tuple[tuple[Step, ...], dict[str, Any], Names]:
        """Return the steps of the update, the attributes that it sets, and those that it removes.

        `own` are those of the item's own key, which keep their values, even where every new item
        gets another (`on_write`).
        """
        entity, steps = self._entity, self._steps
        written = entity.mapping.on_write_values(own, hooked=False)
        if entity.mapping.has_setters:
            fields = entity.spec.attributes
            sets = (Step("set", n, n, (fields[n].field,), value) for n, value in written.items())
            steps, written = hooked(entity, (*steps, *sets)), {}
            if len(steps) > len(self._steps):
                refuse_overlaps(entity, steps)
        values: dict[str, Any] = {}
        removed: Names = set()
        moved: Names = set()
        for step in steps:
            if step.operator == "set" and step.is_root:
                if step.value is not None:
                    values[step.root] = step.value
            elif step.operator == "remove" and step.is_root:
                removed.add(step.root)
            else:
                moved.add(step.root)
        refuse_unknown_inputs(entity.mapping, moved)
        return steps, {**values, **written}, removed

    def _returned(self, item: Item, options: Options) -> Any:
        """Return what the update returns; values changed by paths are marked as excerpts."""
        record = super()._returned(item, options)
        if not options.response.startswith("updated_") or lack_of(record) is None:
            return record
        # For an attribute that was changed by a path, the answer holds only that path.
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
        # A removed attribute counts as read: it is known to be absent.
        return shown | {slots[step.root] for step in self._steps if step.root in slots}

    def _indexed(
        self,
        values: Mapping[str, Any],
        removed: Collection[str],
        known: Mapping[str, Any],
        steps: Iterable[Step],
    ) -> tuple[KeyChanges, tuple[Demand, ...]]:
        """Return the index keys of the update, and what vector indexes need of the stored item.

        Both follow from what it sets and removes, and from what else is known.
        """
        mapping = self._entity.mapping
        if not (mapping.guards_vectors or mapping.keys.written_with_items):
            return NO_CHANGES, ()
        together = {**known, **values}
        absent = {name for name, value in together.items() if value is None}.union(removed)
        after = {name: value for name, value in together.items() if name not in absent}
        made = after if self._needs == "anything" else None
        item = Knowledge(after, absent, {*values, *removed}, made)
        keys = changed_keys(mapping, item) if mapping.keys.written_with_items else NO_CHANGES
        if not mapping.guards_vectors:
            return keys, ()
        refuse_unfit(mapping, after)
        return keys, step_demands(mapping, item, steps)


@frozen(eq=False, repr=False)
class Patch(Update):
    """`task.patch(...)`: change an item that exists.

    Raises ItemNotFoundError where there is none.
    """

    _verb: ClassVar[str] = "patch"
    _needs: ClassVar[Needs] = "an item"
