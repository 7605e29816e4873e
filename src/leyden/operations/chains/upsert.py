"""Upsert: write attributes of an item, whether it exists or not, and keep its others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Never, Self

from leyden._attrs import evolve, field, frozen
from leyden._calls import misplaced
from leyden._text import listed, quoted
from leyden.errors import InvalidExpressionError, MissingCompositeError
from leyden.mapping.index_keys import (
    KEPT,
    Knowledge,
    changed_keys,
    own_keys,
    refuse_unknown_inputs,
)
from leyden.mapping.vector_guards import refuse_unfit
from leyden.operations.chains.update import ChangesPart, step_demands
from leyden.operations.companions.unique import Effect, refuse_unknown_claims
from leyden.operations.companions.versions import (
    Expectation,
    first_version,
    refuse_counted,
    seen_version,
)
from leyden.operations.options import Options
from leyden.operations.plan.refusal import Need
from leyden.operations.plan.steps import Step, hooked_amounts, read_steps, sealed_steps
from leyden.operations.plan.writes import PartChange, WritePlan, defaults_of


@frozen
class Begun:
    """What the stored item must be so that a derived value is set only for a new item.

    The upsert sets `name` only where the item does not have it, to the value that a new item
    derives. But a stored item may also lack it: an update that creates an item derives nothing, and
    older items may be from a schema without the attribute. Such an item may have other `inputs`,
    from which another value would be derived, or may be in indexes as an item without the value;
    `fields` are those that would show this. `own` is the field of its own key.
    """

    name: str
    field: str
    inputs: tuple[str, ...]
    fields: tuple[str, ...]
    own: str

    why: ClassVar[str] = "derived"

    def holds(self, stored: Mapping[str, Any]) -> bool:
        """Whether the item is absent, has the value, or has none of the fields that matter."""
        return self.field in stored or stored.keys().isdisjoint(self.fields)

    def condition(
        self, path: Callable[[Sequence[str]], str], value: Callable[[dict[str, Any]], str]
    ) -> str:
        """Write the condition; the functions return placeholders."""
        lacks = [f"attribute_not_exists({path((name,))})" for name in self.fields]
        alone = f"({' AND '.join(lacks)})"
        new = f"attribute_not_exists({path((self.own,))})"
        return f"(attribute_exists({path((self.field,))}) OR {new} OR {alone})"

    @property
    def told(self) -> str:
        """Why the value would be wrong, in words."""
        inputs = listed(self.inputs)
        return f"the stored item has no {quoted(self.name)}, which is derived from {inputs}"

    @property
    def advice(self) -> str:
        """How to give what the write cannot know."""
        return f"say with .composite() what it has of {listed(self.inputs)} (None for none)"


class _Parts(NamedTuple):
    """What an upsert writes; `once` are fields that it sets only where the item lacks them."""

    values: dict[str, Any]
    steps: tuple[Step, ...]
    once: frozenset[str]
    removed: tuple[str, ...]
    item: Knowledge
    expected: Expectation | None
    needs: tuple[Begun, ...]


@frozen(eq=False, repr=False)
class Upsert(ChangesPart):
    """`task.upsert(...)`: set these attributes on an item, and create it if it is missing.

    It validates as create does, and writes defaults too, over stored values. Read-only attributes
    are set only where the item does not have them, unless an index key contains them. `go()`
    returns a record of the key attributes, or with `response="all_new"` the whole record.

    >>> task.upsert(project_id="p1", task_id="t1", status="open").go()  # doctest: +SKIP
    """

    _given: Mapping[str, Any] = field(factory=dict)
    _steps: tuple[Step, ...] = ()

    _verb: ClassVar[str] = "upsert"
    _api: ClassVar[str] = "UpdateItem"
    _part: ClassVar[str] = "Update"

    def set(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Set further attributes."""
        with self._error_context():
            if wrong:
                raise misplaced("set", '.set(status="closed")', len(wrong))
            twice = self._given_names() & attributes.keys()
            if twice:
                raise self._twice(sorted(twice)[0])
            refuse_counted(self._entity, attributes)
            return evolve(self, given={**self._given, **attributes})

    def add(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Add to numbers (an absent one counts as 0), or add elements to sets."""
        return self._with("add", "points=1", wrong, attributes)

    def subtract(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Subtract from numbers; an absent one counts as 0."""
        return self._with("subtract", "points=1", wrong, attributes)

    def append(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Append elements to lists; an absent list is created."""
        return self._with("append", 'history=["x"]', wrong, attributes)

    def if_not_exists(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Set attributes that the item does not have yet."""
        return self._with("if_not_exists", 'status="open"', wrong, attributes)

    def _with(
        self, operator: str, form: str, wrong: tuple[Never, ...], attributes: Mapping[str, Any]
    ) -> Self:
        with self._error_context():
            if wrong:
                raise misplaced(operator, f".{operator}({form})", len(wrong))
            steps = read_steps(self._entity, operator, attributes, fresh=True)
            refuse_counted(self._entity, (step.root for step in steps))
            refuse_unknown_claims(self._entity, steps)
            for step in steps:
                if not step.is_root:
                    raise InvalidExpressionError(
                        f'an upsert works on whole attributes, not on "{step.path}"; use .update()',
                        entity=self._entity.spec.entity,
                    )
                if step.root in self._given_names():
                    raise self._twice(step.root)
            return evolve(self, steps=(*self._steps, *steps))

    def _given_names(self) -> frozenset[str]:
        return frozenset({*self._given, *(step.root for step in self._steps)})

    def _twice(self, name: str) -> InvalidExpressionError:
        return InvalidExpressionError(
            f'"{name}" is written twice in one upsert', entity=self._entity.spec.entity
        )

    def _plan(self, options: Options) -> WritePlan:
        entity = self._entity
        parts = self._parts()
        keys, key = changed_keys(entity.mapping, parts.item), own_keys(entity.mapping, parts.values)
        stored, once = entity.mapping.encode(parts.values), parts.once
        steps = sealed_steps(entity, parts.steps, key)
        fields = entity.identifiers | stored
        for name in (*key, *keys.set):
            if name in stored:
                # A field that is itself a key is written as that key.
                stored[name] = key.get(name) or keys.set[name]
                del fields[name]
        fields |= keys.set
        effect = None
        if entity.mapping.has_companions:
            effect = Effect(
                "change",
                sets={name: value for name, value in stored.items() if name not in once},
                defaults={
                    **{name: value for name, value in stored.items() if name in once},
                    **defaults_of(steps),
                },
                removes=frozenset(parts.removed),
                known=self._agreed(),
                creates=True,
            )
        demands: tuple[Need, ...] = parts.needs
        if entity.mapping.guards_vectors:
            refuse_unfit(entity.mapping, parts.values)
            begun = [n for n in parts.values if entity.spec.attributes[n].field in once]
            demands += step_demands(entity.mapping, parts.item, parts.steps, begun)
        change = PartChange(fields, steps, (*keys.remove, *parts.removed), once, keys)
        return self._plan_part(options, key, stored, change, effect, parts.expected, demands)

    def _prepared(
        self,
    ) -> tuple[Mapping[str, Any], dict[str, Any], tuple[Step, ...], Expectation | None]:
        """Return the given values, the accepted ones, the amounts, and the version seen."""
        entity, mapping = self._entity, self._entity.mapping
        given, expected, steps = self._given, self._expected, self._steps
        counted, stepped = entity.spec.version_attribute, {step.root: step.value for step in steps}
        if steps:
            refuse_unknown_inputs(mapping, stepped.keys())
        if counted is not None:
            given, expected = seen_version(entity, given, expected)
            given = first_version(entity, given)
        values = mapping.prepare_given({**given, **stepped} if steps else given)
        if steps or counted is not None:
            steps = hooked_amounts(entity, steps, values)
            values = {n: value for n, value in values.items() if n not in stepped and n != counted}
        return given, values, steps, expected

    def _parts(self) -> _Parts:
        """Return what the upsert writes, and what it knows of the item afterwards.

        Raises the errors of bad input, and MissingCompositeError where a derived attribute needs
        more than is given.
        """
        entity, mapping = self._entity, self._entity.mapping
        attributes = entity.spec.attributes
        given, values, steps, expected = self._prepared()
        once = {n for n in mapping.read_only if n in values}
        # What is set only where the item has none leaves the stored value unknown, unless the
        # caller says that there is none.
        unsure = frozenset(name for name in once if self._known.get(name, name) is not None)
        own = {name: values[name] for name in entity.keys.primary.composites if name in values}
        known = {**self._known, **own} if self._known else own
        changed = {n: value for n, value in values.items() if n not in unsure and n not in own}
        derived: dict[str, Any] = {}
        needs: tuple[Begun, ...] = ()
        if mapping.derivations:
            derived = mapping.watchers(changed, known, complete=True)
            # The rest is derived for a new item; a stored item keeps its values.
            begun = mapping.derived(values, mapping.derivations.keys() - derived.keys())
            begun = {name: value for name, value in begun.items() if value is not None}
            self._refuse_kept_inputs(begun, unsure)
            values = mapping.complete(values, given, {**begun, **derived})
            needs = tuple(self._begun(begun, known.keys() | changed.keys()))
            once |= begun.keys()
            changed |= derived
        together = {**known, **changed}
        absent: Collection[str] = ()
        if self._known or derived:
            absent = {name for name, value in together.items() if value is None}
        present = {n: v for n, v in together.items() if v is not None} if absent else together
        return _Parts(
            values,
            steps,
            frozenset(attributes[name].field for name in once),
            tuple(attributes[name].field for name in derived if name in absent),
            Knowledge(present, absent, changed.keys(), values, creates=True, kept=unsure),
            expected,
            needs,
        )

    def _begun(self, names: Iterable[str], known: Collection[str]) -> Iterable[Begun]:
        """Yield what the stored item must be where derived values depend on more than `known`."""
        entity, mapping = self._entity, self._entity.mapping
        attributes, primary = entity.spec.attributes, entity.keys.primary
        assert primary.pk is not None
        own = primary.pk.field
        for name in names:
            inputs = sorted(mapping.derivations[name].difference(known))
            if not inputs:
                continue
            # A value that is stored outside its item leaves no field, so any item may have it.
            shown = {own if attributes[n].overflow else attributes[n].field for n in inputs}
            for keys in entity.keys.secondary:
                if name in mapping.needed_by(keys):
                    shown |= keys.fields - primary.fields
            yield Begun(name, attributes[name].field, tuple(inputs), tuple(sorted(shown)), own)

    def _refuse_kept_inputs(self, derived: Iterable[str], kept: Collection[str]) -> None:
        """Raise MissingCompositeError where an index needs a value derived from stored ones."""
        entity = self._entity
        for name in derived:
            inputs = sorted(entity.mapping.derivations[name].intersection(kept))
            if inputs and name in entity.mapping.deciding:
                quoted = ", ".join(f'"{one}"' for one in inputs)
                raise MissingCompositeError(
                    f'an index depends on "{name}", which is derived from {quoted}; {KEPT}',
                    missing=tuple(inputs),
                    entity=entity.spec.entity,
                )
