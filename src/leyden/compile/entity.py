"""An entity, compiled: values in, items out, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from leyden.compile.anything import plain_any
from leyden.compile.attribute import CompiledAttribute
from leyden.compile.codec import compile_codec
from leyden.compile.deriving import Derivation, derivations_of, refuse_unknown_inputs
from leyden.compile.expressions import Expression
from leyden.compile.hooking import Hooks, check_hooks
from leyden.compile.moment import Moment, Origin, origin_of
from leyden.compile.names import python_names
from leyden.compile.paths import AttributePaths, ResolvedPath, resolve_path, unknown_attribute
from leyden.compile.record import record_class
from leyden.compile.tree import compile_attributes
from leyden.compile.wire import AttributeValue, Item
from leyden.errors import LeydenError, RequiredAttributeError, ValidationError
from leyden.keys import entity_keys
from leyden.schema.spec import EntitySpec, TableSpec

if TYPE_CHECKING:
    from leyden.compile.model_base import KeyBuilder, LeydenModel

__all__ = ["CompiledEntity", "SparseCondition", "compile_entity"]

Purpose = Literal["set", "key", "operand"]


class SparseCondition:
    """The condition under which an item is in a sparse index.

    `roots` are the attributes that it reads, None for all.
    """

    __slots__ = ("_entity", "_expression", "_index")

    def __init__(self, entity: CompiledEntity, index: str, expression: Expression) -> None:
        self._entity = entity
        self._index = index
        self._expression = expression

    @property
    def roots(self) -> frozenset[str] | None:
        """The attributes that the condition reads; None where it reads the whole item."""
        return self._expression.roots

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether an item with these accepted values is in the index."""
        return self._expression.holds(self._entity.plain(values), f"when of {self._index}")


class CompiledEntity:
    """One entity with its record class, its codec and its PynamoDB model.

    `spec` is its schema, `attributes` its compiled attributes by name, `record` the class of
    what reads give back, `attr` its attributes as operands of conditions, `slots` the records'
    slot of each attribute that is not hidden (they differ from the names for keywords only).
    `encode`, `decode` and `decode_values` are generated functions:

    * `encode(values)`: accepted values by name into a stored item, without keys.
    * `decode(item)`: a stored item into a record. Fields that the schema does not know, hidden
      attributes and unknown properties of typed maps are left out; `get` hooks apply. Values
      are read by type only: constraints and enum members bind writes, not reads.
    * `decode_values(item)`: a stored item into values by name, hidden ones too; the inverse
      of `encode`.

    The decoders raise DecodeError for what does not fit its type. Stored NULLs are None.
    """

    __slots__ = (
        "_conditions",
        "_defaults",
        "_derivations",
        "_key_builder",
        "_lock",
        "_model",
        "_on_write",
        "_table",
        "_table_name",
        "attr",
        "attributes",
        "decode",
        "decode_values",
        "derivations",
        "encode",
        "on_write",
        "record",
        "slots",
        "spec",
        "visible",
    )

    def __init__(
        self,
        spec: EntitySpec,
        hooks: Hooks,
        table_name: str,
        table: TableSpec,
        key_builder: KeyBuilder | None,
    ) -> None:
        self.spec = spec
        attributes = compile_attributes(spec, hooks)
        self.attributes: Mapping[str, CompiledAttribute] = MappingProxyType(attributes)
        self.visible = tuple(name for name, a in spec.attributes.items() if not a.hidden)
        """The names of the attributes that records show."""
        self.slots: Mapping[str, str] = MappingProxyType(python_names(self.visible))
        self.record: type[Any] = record_class(spec, self.slots)
        codec = compile_codec(attributes, self.record, self.slots, title=spec.entity)
        _fold_key_attributes(spec, attributes)
        self.encode: Callable[[Mapping[str, Any]], Item] = codec.encode
        self.decode: Callable[[Item], Any] = codec.decode
        self.decode_values: Callable[[Item], dict[str, Any]] = codec.decode_values
        self.attr = AttributePaths(self.attributes, spec.entity)
        self._derivations: Mapping[str, Derivation] = derivations_of(attributes, hooks)
        self.derivations: Mapping[str, frozenset[str]] = MappingProxyType(
            {name: derivation.reads(attributes) for name, derivation in self._derivations.items()}
        )
        """The derived attributes, each with the attributes that it watches or reads."""
        self._defaults: dict[str, Origin] = {}
        self._on_write: dict[str, Origin] = {}
        for name, attribute in spec.attributes.items():
            default = origin_of(attribute, attribute.default, hooks)
            if default is not None:
                self._defaults[name] = default
            on_write = origin_of(attribute, attribute.on_write, hooks)
            if on_write is not None:
                self._on_write[name] = on_write
        self.on_write = frozenset(self._on_write)
        """The names of the attributes that every write sets."""
        self._conditions = {
            name: SparseCondition(self, name, Expression(index.when.text))
            for name, index in spec.indexes.items()
            if index.when is not None
        }
        self._table_name = table_name
        self._table = table
        self._key_builder = key_builder
        self._model: type[LeydenModel] | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<compiled entity {self.spec.entity} (version {self.spec.version})>"

    @property
    def model(self) -> type[Any]:
        """The PynamoDB model class (a `LeydenModel`), made when first asked for."""
        if self._model is None:
            from leyden.compile.model import build_model

            with self._lock:
                if self._model is None:
                    self._model = build_model(
                        self,
                        table_name=self._table_name,
                        table=self._table,
                        key_builder=self._key_builder,
                    )
        return self._model

    def condition(self, index: str) -> SparseCondition:
        """The `when` of an access pattern. Raises KeyError for one without."""
        return self._conditions[index]

    def resolve(self, path: str) -> ResolvedPath:
        """What stands at a path such as `detail.effort`, `history[0].text` or `detail["a b"]`.

        Raises InvalidExpressionError for what is no path, UnknownAttributeError for a name
        that is not there.
        """
        return resolve_path(path, self.attributes, self.spec.entity)

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
    ) -> dict[str, Any]:
        """Everything that a new item will hold, by attribute name; None means absent.

        In this order: defaults and `on_write`; type, normal form, constraints, required;
        `set` hooks; derived attributes. `now` is the instant for all that say
        `{generate: now}`; `settled` names attributes whose values come from the table, so that
        `set` hooks have run on them already. A value given for an attribute that a JMESPath
        expression derives must be the derived one.

        Raises UnknownAttributeError, ValidationError, RequiredAttributeError.
        """
        moment = Moment(now)
        self._refuse_unknown(given)
        try:
            values: dict[str, Any] = {}
            missing = []
            for name, attribute in self.attributes.items():
                derivation = self._derivations.get(name)
                if derivation is not None and derivation.replaces:
                    continue
                value = given.get(name)
                if value is None:
                    origin = self._on_write.get(name) or self._defaults.get(name)
                    value = None if origin is None else origin(moment)
                    if value is None:
                        if attribute.spec.required and derivation is None:
                            missing.append(name)
                        continue
                values[name] = attribute.accept(value, moment=moment)
            self._refuse_missing(missing)
            values = self.apply_setters(values, settled=settled)
            derived = self._derive(values, values)
            self._refuse_contradictions(given, derived)
            values.update(derived)
            values = {name: value for name, value in values.items() if value is not None}
            self._refuse_missing([name for name in self.derivations if self._lacks(name, values)])
        except LeydenError as error:
            self._name(error)
            raise
        return values

    def _refuse_contradictions(self, given: Mapping[str, Any], derived: Mapping[str, Any]) -> None:
        """A value given for what an expression derives must be what the expression says."""
        for name, derivation in self._derivations.items():
            value = given.get(name)
            if value is None or not derivation.replaces:
                continue
            if self.attributes[name].accept(value, constraints=False) != derived.get(name):
                raise ValidationError(
                    f'"{name}" is derived from other attributes, and the value given for it is '
                    "another one; leave it out",
                    path=name,
                )

    def _lacks(self, name: str, values: Mapping[str, Any]) -> bool:
        return self.attributes[name].spec.required and name not in values

    def prepare_values(self, given: Mapping[str, Any], *, purpose: Purpose) -> dict[str, Any]:
        """Some attributes' values in their normal form, by name; no defaults, nothing required.

        `purpose` is one of

        * `set`: values that an update stores. All checks and `set` hooks; None is refused, as
          removing is another verb.
        * `key`: values that name an item or an access pattern. All checks and `set` hooks, so
          that they equal what is stored; None is left out.
        * `operand`: what is added, appended or compared. Types only, no constraints and no
          hooks; None is left out.

        Raises UnknownAttributeError or ValidationError.
        """
        self._refuse_unknown(given)
        moment = Moment()
        constraints = purpose != "operand"
        try:
            values = {}
            for name, value in given.items():
                if value is None:
                    if purpose == "set":
                        raise ValidationError(
                            f'"{name}" cannot be set to None; take it out with .remove("{name}")',
                            path=name,
                        )
                    continue
                values[name] = self.attributes[name].accept(
                    value, constraints=constraints, moment=moment
                )
            return self.apply_setters(values) if constraints else values
        except LeydenError as error:
            self._name(error)
            raise

    def apply_setters(
        self, values: Mapping[str, Any], *, settled: Collection[str] = ()
    ) -> dict[str, Any]:
        """Accepted values after their `set` hooks; one for which a hook gives None is left out.

        `settled` names those on which the hooks have run before.
        Raises ValidationError where a hook gives a value of another type.
        """
        before = MappingProxyType(dict(values))
        stored = {}
        for name, value in values.items():
            store = self.attributes[name].store
            result = value if store is None or name in settled else store(value, before)
            if result is not None:
                stored[name] = result
        return stored

    def on_write_values(
        self, present: Collection[str], *, now: datetime | None = None
    ) -> dict[str, Any]:
        """Values for the attributes that every write sets, but those in `present`."""
        moment = Moment(now)
        values = {}
        for name, origin in self._on_write.items():
            if name not in present:
                value = origin(moment)
                if value is not None:
                    values[name] = self.attributes[name].accept(value, moment=moment)
        return self.apply_setters(values)

    def watchers(self, changed: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """The derived attributes that an update must set as well; None: to be removed.

        `changed` holds the accepted values that the update sets, `known` other values that the
        stored item is known to have; None in either stands for what the update removes. A
        JMESPath expression is
        evaluated over both together; a hook is called with the value in `changed` for its own
        attribute (None where there is none) and both together.

        Raises MissingCompositeError where an expression reads an attribute that is in neither.
        """
        together = {**known, **changed}
        removed = {name: None for name, value in known.items() if value is None}
        changed = {**removed, **changed}
        for derivation in self._derivations.values():
            if derivation.concerns(changed):
                refuse_unknown_inputs(
                    derivation.name,
                    derivation.missing(together, self._sources),
                    self.spec.entity,
                )
        values = {name: value for name, value in together.items() if value is not None}
        try:
            return self._derive(changed, values)
        except LeydenError as error:
            self._name(error)
            raise

    @property
    def _sources(self) -> frozenset[str]:
        return frozenset(self.attributes.keys() - self._derivations.keys())

    def plain(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as JMESPath sees them, by attribute name: JSON types only.

        Timestamps are ISO text, a `ttl` seconds since 1970, a Decimal an int or a float, sets
        sorted lists, bytes base64 text. None is left out; names that are no attributes stay.
        """
        attributes = self.attributes
        return {
            name: attributes[name].plain(value) if name in attributes else plain_any(value)
            for name, value in values.items()
            if value is not None
        }

    def _derive(self, changed: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: derivation.value(changed.get(name), MappingProxyType(dict(values)), self.plain)
            for name, derivation in self._derivations.items()
            if derivation.concerns(changed)
        }

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in self.attributes:
                raise unknown_attribute(name, self.attributes, self.spec.entity)

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


def _fold_key_attributes(spec: EntitySpec, attributes: Mapping[str, CompiledAttribute]) -> None:
    """Let attributes that are themselves keys be written, and looked for, in the key's casing."""
    stored = {attribute.spec.field for attribute in attributes.values()}
    halves = [half for index in spec.indexes.values() for half in (index.pk, index.sk) if half]
    if stored.isdisjoint(half.field for half in halves):
        return
    for keys in entity_keys(spec).values():
        for form in keys.forms:
            if form.bare and form.fold is not None:
                attribute = attributes[form.names[0]]
                if attribute.kind == "S":
                    attribute.fold = form.fold
                    attribute.encode = _folding(attribute.encode, form.fold)


def _folding(
    encode: Callable[[Any], AttributeValue], fold: Callable[[str], str]
) -> Callable[[Any], AttributeValue]:
    return lambda value: {"S": fold(encode(value)["S"])}


def compile_entity(
    spec: EntitySpec,
    *,
    hooks: Hooks | None = None,
    table_name: str = "",
    table: TableSpec | None = None,
    key_builder: KeyBuilder | None = None,
) -> CompiledEntity:
    """Compile one entity.

    `hooks` are the functions that `{call: NAME}` names. `table_name` and `table` describe the
    table of the PynamoDB model. `key_builder` gives the model the key fields of an item, by
    field, from its accepted values; without one, keys are built from their forms alone.

    What hooks are called with:

    * `default`, `on_write`: nothing. They return a value, or None for none.
    * `validate`: the value; see `leyden.compile.constraints`.
    * `set`, `get`: the value and all values by name. `set` runs after all checks, and what it
      returns must be of the attribute's type; `get` runs on the way into a record, where the
      attribute, or one that it watches, is stored.
    * `derive`: the value given for the attribute itself, or None, and all values by name.

    Raises InvalidOptionError for a hook that is missing, InvalidExpressionError for JMESPath
    that cannot be parsed.

    >>> task = compile_entity(spec)                                  # doctest: +SKIP
    >>> task.encode(task.prepare_create({"task_id": "t1"}))          # doctest: +SKIP
    {'taskId': {'S': 't1'}, ...}
    """
    hooks = dict(hooks or {})
    check_hooks(spec, hooks)
    return CompiledEntity(spec, hooks, table_name, table or TableSpec(), key_builder)
