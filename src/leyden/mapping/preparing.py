"""Prepares values for storing: defaults, checks, hooks, derived attributes, conditions.

A `Preparation` does everything that an entity does with values before they are stored. Derived
attributes and the conditions of sparse indexes are functions of other values. Both say which
attributes they read, so an update knows when it must evaluate them again, and which values it needs
for that.
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
        """The attributes in the key, and those that the condition reads."""
        self.roots = roots
        """The attributes that the condition reads; None if it reads the whole item."""
        self._holds = holds

    def holds(self, values: Values) -> bool:
        """Return whether an item with these accepted values is in the index."""
        return self._holds(values)


def sparse_condition(entity: Preparation, index: IndexSpec, hooks: Hooks) -> SparseCondition:
    """Return the condition of a sparse index, which is an expression or a hook."""
    if isinstance(index.when, Judge):
        reads = frozenset(index.when.reads)
        asked = hook_of(hooks, index.when, "when", index.name)

        def judged(values: Values) -> bool:
            # The hook sees only the attributes that it declares, so no write can miss a change.
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
    """Prepares an entity's values for storing; `EntityMapping` adds the codec.

    `spec` is the schema, `attributes` are the compiled attributes by name.
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
        """The attributes that derived attributes watch or read; None for all."""
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
        """Makes the values of a new item; compiled at first use."""
        self._names = frozenset(attributes)
        self.changeable = frozenset(n for n, one in attributes.items() if not one.type.fixed)
        """The attributes whose values may be mutable, so that callers could change them later."""
        self.setters = Setters(self.attributes)
        """The `set` hooks of all attributes."""
        self.has_setters = self.setters.any
        """Whether any attribute, or a part of one, has a `set` hook."""
        self.key_texts: Mapping[str, KeyText] = {}
        """The strings that are stored in a key's field, which may change their case, by name."""
        self.on_write = frozenset(self._on_write)
        """The names of the attributes that every write sets."""

    def default_values(self, now: datetime | None = None) -> dict[str, Any]:
        """Return the defaults of all attributes that have one, as `prepare_create` fills them in.

        Attributes that every write sets (`on_write`) are not included.
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
        """Return all values of a new item by attribute name; None in `given` means absent.

        The steps are, in this order: defaults and `on_write`; type, normal form, constraints,
        required; `set` hooks; derived attributes. `now` is the time for all `{generate: now}`.
        `settled` names attributes whose values come from the table, so that `set` hooks have run on
        them already. Values given for `on_write` attributes are ignored, unless the item is written
        `verbatim`, as by an import. A value given for a derived attribute must equal the derived
        value.

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
        """Do what `prepare_create` does, without the derived attributes."""
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
        """Return values as they will read after they are stored.

        A key's field holds the key's text, which may have another case than the value. Attributes
        are derived from that text, and conditions of sparse indexes see it. Other keys are built
        from the value as given, as ElectroDB builds them.
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
        # Values that are made from other attributes come after these.
        self._fill = compile_filling(
            [*plan, *behind], title=f"new {self.spec.entity}", kept=self._own
        )
        return self._fill

    def derived(
        self, values: Mapping[str, Any], names: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return the derived attributes of an item with exactly these values; None for no value.

        `names` selects derived attributes, by default all.
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
        """Return accepted values with the attributes that can be derived from them.

        A value that is given for a derived attribute stays.
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
        """Return a new item's values with the derived ones.

        Raises ValidationError if the value given for a derived attribute differs from the derived
        one, RequiredAttributeError if nothing is derived for a required attribute.
        """
        try:
            for name in derived:
                value = given.get(name)
                if value is None:
                    continue
                accepted = {name: self.attributes[name].accept(value, constraints=False)}
                if self.as_read(accepted)[name] != self.as_read(derived)[name]:
                    raise ValidationError(
                        f'"{name}" is derived from other attributes, and the value that you gave '
                        "differs from the derived one; leave it out",
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
        """Return values for the attributes that every write sets, except those in `present`.

        With `hooked`, their `set` hooks have run.
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
        """Return the derived attributes that an update must set as well; None removes one.

        `changed` has the accepted values that the update sets, and None for what it removes.
        `known` has other values of the item, and None for attributes that it certainly lacks. With
        `complete`, the update also sets all other derived attributes whose inputs are all known,
        except those of the item's own key.

        Raises MissingCompositeError if an input of one is unknown, ReadOnlyAttributeError if the
        item's own key would change, RequiredAttributeError if nothing is derived for a required
        attribute.
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
                    f'"{name}" is part of the item\'s own key, and this write would change the '
                    "value that is derived for it; write a new item and delete this one",
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
        """The attributes from which others are derived: all but derived ones and the version."""
        derived = {*self._derivations, self.spec.version_attribute}
        return frozenset(self.attributes.keys() - derived)

    def plain(
        self, values: Mapping[str, Any], roots: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return values as JMESPath sees them, by attribute name, with JSON types only.

        `roots` selects attributes, by default all. Timestamps are ISO text, a `ttl` is seconds
        since 1970, a Decimal an int or a float, a set a sorted list, bytes are base64 text. None is
        left out; names that are not attributes stay.
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
