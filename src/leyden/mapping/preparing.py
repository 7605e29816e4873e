"""Values on their way into an item: defaults, checks, hooks, derived attributes, conditions.

A `Preparation` is what an entity does with values before they are stored. Derived attributes and
the conditions of sparse indexes are functions of the other values; both say which attributes they
read, so that a write of a part knows when it must ask them again, and what it would have to know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from leyden.errors import (
    LeydenError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    ValidationError,
)
from leyden.mapping.attribute import CompiledAttribute, KeyText
from leyden.mapping.building import Hooks
from leyden.mapping.deriving import (
    Derivation,
    derivations_of,
    maker_of,
    refuse_missing_inputs,
)
from leyden.mapping.expressions import Expression
from leyden.mapping.filling import Fill, Planned, Setters, compile_filling
from leyden.mapping.moment import Moment, Origin, hook_of, origin_of
from leyden.mapping.paths import unknown_attribute
from leyden.schema.spec import After, EntitySpec, IndexSpec, Judge, Slug
from leyden.types.anything import plain_any
from leyden.types.base import unchanged

Values = Mapping[str, Any]


class SparseCondition:
    """The condition under which an item is in a sparse index."""

    __slots__ = ("_holds", "needed", "roots")

    def __init__(
        self,
        needed: frozenset[str],
        roots: frozenset[str] | None,
        holds: Callable[[Values], bool],
    ) -> None:
        self.needed = needed
        """The attributes of which the key is made, and those that the condition reads."""
        self.roots = roots
        """The attributes that the condition reads; None where it reads the whole item."""
        self._holds = holds

    def holds(self, values: Values) -> bool:
        """Whether an item with these accepted values is in the index."""
        return self._holds(values)


def sparse_condition(entity: Preparation, index: IndexSpec, hooks: Hooks) -> SparseCondition:
    """The condition of an index that has one, an expression or a function."""
    if isinstance(index.when, Judge):
        reads = frozenset(index.when.reads)
        asked = hook_of(hooks, index.when, "when", index.name)

        def judged(values: Values) -> bool:
            # It sees what it says it reads and nothing else, so no write can miss a change.
            seen = {n: value for n, value in values.items() if n in reads and value is not None}
            return bool(asked(MappingProxyType(entity.as_read(seen))))

        return SparseCondition(reads.union(index.composites), reads, judged)
    assert index.when is not None
    expression = Expression(index.when.text)
    roots = expression.roots
    read = entity.attributes if roots is None else roots

    def holds(values: Values) -> bool:
        if entity.key_texts:
            values = entity.as_read(values)
        return expression.holds(entity.plain(values, roots), f"when of {index.name}")

    return SparseCondition(frozenset({*index.composites, *read}), roots, holds)


class Preparation:
    """What an entity does with values before they are stored; `EntityMapping` adds the codec.

    `spec` is its schema, `attributes` are its compiled attributes by name.
    """

    def __init__(
        self, spec: EntitySpec, attributes: Mapping[str, CompiledAttribute], hooks: Hooks
    ) -> None:
        self.spec = spec
        self.attributes: Mapping[str, CompiledAttribute] = MappingProxyType(dict(attributes))
        self._own = frozenset(
            name
            for index in spec.indexes.values()
            if index.index is None
            for name in index.composites
        )
        self._derivations: Mapping[str, Derivation] = derivations_of(attributes, hooks, self._own)
        self.derivations: Mapping[str, frozenset[str]] = MappingProxyType(
            {name: one.reads(self._sources) for name, one in self._derivations.items()}
        )
        """The derived attributes, each with the attributes that it watches or reads."""
        inputs = [one.inputs for one in self._derivations.values()]
        self._inputs = None if None in inputs else frozenset().union(*filter(None, inputs))
        """What derived attributes watch or read; None for everything."""
        self._needed = tuple(n for n in self._derivations if attributes[n].spec.required)
        self._defaults: dict[str, Origin] = {}
        self._on_write: dict[str, Origin] = {}
        for name, attribute in spec.attributes.items():
            default = origin_of(attribute, attribute.default, hooks)
            if default is not None:
                self._defaults[name] = default
            on_write = origin_of(attribute, attribute.on_write, hooks)
            if on_write is not None:
                self._on_write[name] = on_write
        self._fill: Fill | None = None
        """Makes the values of a new item; compiled when first needed."""
        self._names = frozenset(attributes)
        self.changeable = frozenset(n for n, one in attributes.items() if not one.type.fixed)
        """The attributes for which calls may take what its owner can change later."""
        self.setters = Setters(self.attributes)
        """The `set` hooks of all attributes."""
        self.has_setters = self.setters.any
        """Whether any attribute has a `set` hook, itself or inside."""
        self.key_texts: Mapping[str, KeyText] = {}
        """The texts that are stored in a key's own field, which may fold them, by name."""
        self.on_write = frozenset(self._on_write)
        """The names of the attributes that every write sets."""

    def default_values(self, now: datetime | None = None) -> dict[str, Any]:
        """The defaults of all attributes that have one, as `prepare_create` would fill them in.

        Attributes that every write sets (`on_write`) are not among them.
        """
        moment = Moment(now)
        values = {
            name: origin(moment)
            for name, origin in self._defaults.items()
            if name not in self._on_write
        }
        return {name: value for name, value in values.items() if value is not None}

    def prepare_create(
        self,
        given: Mapping[str, Any],
        *,
        now: datetime | None = None,
        settled: Collection[str] = (),
        verbatim: bool = False,
    ) -> dict[str, Any]:
        """Everything that a new item will hold, by attribute name; None means absent.

        In this order: defaults and `on_write`; type, normal form, constraints, required;
        `set` hooks; derived attributes. `now` is the instant for all that say
        `{generate: now}`; `settled` names attributes whose values come from the table, so that
        `set` hooks have run on them already. A value given for an attribute that `on_write` sets
        counts for nothing, unless the item is written `verbatim`, as an import does. A value given
        for a derived attribute must be the derived one.

        Raises UnknownAttributeError, ValidationError, RequiredAttributeError.
        """
        values = self.prepare_given(given, now=now, settled=settled, verbatim=verbatim)
        return self.complete(values, given, self.derived(values)) if self._derivations else values

    def prepare_given(
        self,
        given: Mapping[str, Any],
        *,
        now: datetime | None = None,
        settled: Collection[str] = (),
        verbatim: bool = False,
    ) -> dict[str, Any]:
        """What `prepare_create` makes, without the derived attributes."""
        moment = Moment(now, renews=not verbatim)
        if not given.keys() <= self._names:
            name = next(name for name in given if name not in self._names)
            raise unknown_attribute(name, self.attributes, self.spec.entity)
        try:
            values, missing = (self._fill or self._compile_fill())(given, moment)
            self._refuse_missing(missing)
            if self.has_setters:
                values = self.setters.whole(values, settled)
        except LeydenError as error:
            self._name(error)
            raise
        return values

    def as_read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as they will be read once they are stored.

        A key's own field holds the key's text, so that is what attributes are derived from, and
        what the conditions of sparse indexes ask. Other keys are made of the value as given, as
        ElectroDB makes them.
        """
        if not self.key_texts:
            return {**values}
        return {
            name: self.key_texts[name].settled(value)
            if name in self.key_texts and value is not None
            else value
            for name, value in values.items()
        }

    def _compile_fill(self) -> Fill:
        plan = []
        behind = []
        for name, attribute in self.attributes.items():
            spec = attribute.spec
            origin = self._on_write.get(name) or self._defaults.get(name)
            default = spec.default
            if isinstance(default, After | Slug) and default.of is not None:
                maker = maker_of(spec, default, self.spec.attributes[default.of])
                behind.append(Planned(attribute, origin, spec.required, maker, default.of))
            elif name not in self._derivations:
                plan.append(Planned(attribute, origin, spec.required))
        # What is made of other attributes comes when these are there.
        self._fill = compile_filling(
            [*plan, *behind], title=f"new {self.spec.entity}", kept=self._own
        )
        return self._fill

    def derived(
        self, values: Mapping[str, Any], names: Collection[str] | None = None
    ) -> dict[str, Any]:
        """The derived attributes of an item with these values and no others; None for none.

        `names` are those that are asked for, all unless given.
        """
        try:
            seen = self.as_read(values) if self.key_texts else values
            return {
                name: derivation.value(seen, self.plain)
                for name, derivation in self._derivations.items()
                if names is None or name in names
            }
        except LeydenError as error:
            self._name(error)
            raise

    def with_derived(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Accepted values, and what is derived of them where all that it reads is among them.

        A value that is there for a derived attribute stays.
        """
        known = {
            name
            for name, reads in self.derivations.items()
            if name not in values and reads and reads <= values.keys()
        }
        derived = self.derived(values, known) if known else {}
        return {**values, **{name: value for name, value in derived.items() if value is not None}}

    def complete(
        self, values: dict[str, Any], given: Mapping[str, Any], derived: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A new item's values with what is derived from them.

        Raises ValidationError for a value that is given for a derived attribute and is another
        one, RequiredAttributeError for a required one that comes to nothing.
        """
        try:
            for name in derived:
                value = given.get(name)
                if value is None:
                    continue
                accepted = {name: self.attributes[name].accept(value, constraints=False)}
                if self.as_read(accepted)[name] != self.as_read(derived)[name]:
                    raise ValidationError(
                        f'"{name}" is derived from other attributes, and the value given for it is '
                        "another one; leave it out",
                        path=name,
                    )
            values.update({name: value for name, value in derived.items() if value is not None})
            if self._needed:
                self._refuse_missing([name for name in self._needed if name not in values])
        except LeydenError as error:
            self._name(error)
            raise
        return values

    def on_write_values(
        self, present: Collection[str], *, now: datetime | None = None, hooked: bool = True
    ) -> dict[str, Any]:
        """Values for the attributes that every write sets, but those in `present`.

        Those that `set` hooks have made of them, unless they are yet to run.
        """
        if not self._on_write:
            return {}
        moment = Moment(now)
        values = {}
        for name, origin in self._on_write.items():
            if name not in present:
                value = origin(moment)
                if value is not None:
                    values[name] = self.attributes[name].accept(value, moment=moment)
        return self.setters.looked_for(values) if hooked and self.has_setters else values

    def watchers(
        self, changed: Mapping[str, Any], known: Mapping[str, Any], *, complete: bool = False
    ) -> dict[str, Any]:
        """The derived attributes that a write of a part must set as well; None: to be removed.

        `changed` holds the accepted values that the write sets, None for what it removes; `known`
        other values that the item has, None for what it is known not to have. With `complete` it
        sets all others of which every input is known as well, but those of the item's own key.

        Raises MissingCompositeError where one is derived from what is in neither,
        ReadOnlyAttributeError where the item's own key would change,
        RequiredAttributeError where one that is required comes to nothing.
        """
        if not complete and self._inputs is not None and self._inputs.isdisjoint(changed):
            return {}
        together = {**known, **changed}
        concerned = [
            one
            for one in self._derivations.values()
            if one.concerns(changed)
            or (
                complete
                and one.name not in self._own
                and self.derivations[one.name] <= together.keys()
            )
        ]
        if not concerned:
            return {}
        for one in concerned:
            missing = tuple(sorted(self.derivations[one.name] - together.keys()))
            refuse_missing_inputs(one.name, missing, self.spec)
        values = {
            name: value
            for name, value in together.items()
            if value is not None and name not in self._derivations
        }
        derived = self.derived(values, {one.name for one in concerned})
        for name, value in derived.items():
            if name in self._own and known.get(name, value) != value:
                raise ReadOnlyAttributeError(
                    f'"{name}" is part of the item\'s own key, and derived from what this write '
                    "changes; it would be another value, so write a new item and delete this one",
                    path=name,
                    entity=self.spec.entity,
                )
            if value is None and self.attributes[name].spec.required:
                raise RequiredAttributeError(
                    f'"{name}" is required, and with these values nothing is derived for it',
                    path=name,
                    entity=self.spec.entity,
                )
        return derived

    @property
    def _sources(self) -> frozenset[str]:
        """What attributes are derived from: neither others of the kind, nor the version."""
        derived = {*self._derivations, self.spec.version_attribute}
        return frozenset(self.attributes.keys() - derived)

    def plain(
        self, values: Mapping[str, Any], roots: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Values as JMESPath sees them, by attribute name: JSON types only.

        `roots` are the attributes that matter, all unless given. Timestamps are ISO text, a `ttl`
        seconds since 1970, a Decimal an int or a float, sets sorted lists, bytes base64 text.
        None is left out; names that are no attributes stay.
        """
        attributes = self.attributes
        if roots is not None:
            found = {}
            for name in roots:
                value = values.get(name)
                if value is not None and name in attributes:
                    plain = attributes[name].plain
                    found[name] = value if plain is unchanged else plain(value)
            return found
        return {
            name: attributes[name].plain(value) if name in attributes else plain_any(value)
            for name, value in values.items()
            if value is not None
        }

    def _refuse_missing(self, missing: list[str]) -> None:
        if missing:
            names = ", ".join(f'"{name}"' for name in missing)
            verb = "is" if len(missing) == 1 else "are"
            raise RequiredAttributeError(
                f"{names} {verb} required", path=missing[0], entity=self.spec.entity
            )

    def _name(self, error: LeydenError) -> None:
        if error.entity is None:
            error.entity = self.spec.entity
