"""An entity, compiled: values in, items out, and back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from leyden.mapping.codec import all_attributes, compile_codec
from leyden.mapping.hooking import Hooks, check_hooks
from leyden.mapping.paths import AttributePaths, ResolvedPath, resolve_path
from leyden.mapping.preparing import Preparation, SparseCondition, sparse_condition
from leyden.mapping.record import python_names, record_class
from leyden.mapping.tree import compile_attributes, set_key_texts
from leyden.schema.spec import (
    OVERFLOW_FIELD,
    EntitySpec,
    TableSpec,
)
from leyden.types.base import Item

if TYPE_CHECKING:
    from leyden.mapping.rows import RowReader
    from leyden.pynamodb.model import KeyBuilder, LeydenModel


class EntityMapping(Preparation):
    """One entity with its record class, its codec and its PynamoDB model.

    `spec` is its schema, `attributes` its compiled attributes by name, `record` the class of
    what reads give back, `attr` its attributes as operands of conditions, `slots` the records'
    slot of each attribute that is not hidden (they differ from the names for keywords only).
    `encode`, `decode` and `decode_values` are generated functions:

    * `encode(values)`: accepted values by name into a stored item, without keys; an attribute
      that is stored in a key's own field is written as that key.
    * `decode(item)`: a stored item into a record. Fields that the schema does not know, hidden
      attributes and unknown properties of typed maps are left out, and the record knows which
      (`leyden.mapping.record`); `get` hooks apply. Values
      are read by type only: constraints and enum members bind writes, not reads.
    * `decode_values(item)`: a stored item into values by name, hidden ones too; the inverse
      of `encode`.

    The decoders raise DecodeError for what does not fit its type. Stored NULLs are None.
    """

    __slots__ = (
        "_conditions",
        "_encoders",
        "_key_builder",
        "_lock",
        "_model",
        "_roots",
        "_rows",
        "_table",
        "_table_name",
        "attr",
        "decode",
        "decode_values",
        "encode",
        "key_fields",
        "known_fields",
        "record",
        "slots",
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
        attributes = compile_attributes(spec, hooks)
        super().__init__(spec, attributes, hooks)
        self.visible = tuple(name for name, a in spec.attributes.items() if not a.hidden)
        """The names of the attributes that records show."""
        self.slots: Mapping[str, str] = MappingProxyType(python_names(self.visible))
        self.record: type[Any] = record_class(spec, self.slots)
        halves = [half for index in spec.indexes.values() for half in (index.pk, index.sk) if half]
        self.key_fields = frozenset(half.field for half in halves if half.field)
        """The fields of the keys, of the table and of its indexes."""
        self.key_texts = set_key_texts(spec, attributes)
        stored = frozenset(attribute.spec.field for attribute in attributes.values())
        self.known_fields = stored | self.key_fields | {*spec.identifiers, OVERFLOW_FIELD}
        """All fields that an item may have without holding what the schema does not know."""
        self._encoders: dict[str, tuple[str, Callable[[Any], Any]]]
        self.encode: Callable[[Mapping[str, Any]], Item]
        self.decode: Callable[[Item], Any]
        self.decode_values: Callable[[Item], dict[str, Any]]
        for attribute in all_attributes(attributes.values()):
            attribute.write_codec = self._write_codec
        self._roots = {
            name: resolve_path(name, attributes, spec.entity)
            for name in attributes
            if name.isidentifier()
        }
        self.attr = AttributePaths(self.attributes, spec.entity)
        self._conditions = {
            name: sparse_condition(self, index, hooks)
            for name, index in spec.indexes.items()
            if index.when is not None
        }
        self._table_name = table_name
        self._table = table
        self._key_builder = key_builder
        self._model: type[LeydenModel] | None = None
        self._rows: list[RowReader | None] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<compiled entity {self.spec.entity} (version {self.spec.version})>"

    def __getattr__(self, name: str) -> Any:
        # Python asks this for slots that are not set: those of the codec, before its first use.
        if name not in ("_encoders", "decode", "decode_values", "encode"):
            raise AttributeError(name, name=name, obj=self)
        self._write_codec()
        return object.__getattribute__(self, name)

    def _write_codec(self) -> None:
        # Two threads may both come here first, and write the same functions.
        codec = compile_codec(
            self.attributes, self.record, self.slots, self.known_fields, title=self.spec.entity
        )
        self._encoders = {name: (a.spec.field, a.encode) for name, a in self.attributes.items()}
        self.encode = codec.encode
        self.decode_values = codec.decode_values
        self.decode = codec.decode

    @property
    def rows(self) -> RowReader | None:
        """The quick way from a query's answer to records, made when first asked for.

        None where records are more than what is stored.
        """
        if not self._rows:
            from leyden.mapping.rows import compile_rows

            with self._lock:
                if not self._rows:
                    reader = compile_rows(
                        self.attributes,
                        self.record,
                        self.slots,
                        self.key_fields,
                        self.spec.identifiers,
                        title=self.spec.entity,
                    )
                    self._rows.append(reader)
        return self._rows[0]

    @property
    def model(self) -> type[Any]:
        """The PynamoDB model class (a `LeydenModel`), made when first asked for."""
        if self._model is None:
            from leyden.pynamodb.model import build_model

            with self._lock:
                if self._model is None:
                    self._model = build_model(
                        self,
                        encode=self.encode,
                        decode=self.decode_values,
                        condition=self.condition,
                        table_name=self._table_name,
                        table=self._table,
                        key_builder=self._key_builder,
                    )
        return self._model

    def encode_few(self, values: Mapping[str, Any]) -> Item:
        """What `encode` gives, sooner where there are few values; none of them may be None."""
        encoders = self._encoders
        item = {}
        for name, value in values.items():
            field, encode = encoders[name]
            item[field] = encode(value)
        return item

    def condition(self, index: str) -> SparseCondition:
        """The `when` of an access pattern. Raises KeyError for one without."""
        return self._conditions[index]

    def resolve(self, path: str) -> ResolvedPath:
        """What stands at a path such as `detail.effort`, `history[0].text` or `detail["a b"]`.

        Raises InvalidExpressionError for what is no path, UnknownAttributeError for a name
        that is not there.
        """
        return self._roots.get(path) or resolve_path(path, self.attributes, self.spec.entity)


def compile_entity(
    spec: EntitySpec,
    *,
    hooks: Hooks | None = None,
    table_name: str = "",
    table: TableSpec | None = None,
    key_builder: KeyBuilder | None = None,
) -> EntityMapping:
    """Compile one entity.

    `hooks` are the functions that `{call: NAME}` names. `table_name` and `table` describe the
    table of the PynamoDB model. `key_builder` gives the model the key fields of an item, by
    field, from its accepted values; without one, keys are built from their forms alone.

    What hooks are called with:

    * `default`, `on_write`: nothing. They return a value, or None for none.
    * `validate`: the value; see `leyden.mapping.hooking`.
    * `set`, `get`: the value and all values by name. `set` runs after all checks, and what it
      returns must be of the attribute's type; `get` runs on the way into a record, where the
      attribute, or one that it watches, is stored.
    * `when`: the values by name of the attributes that it reads.
    * `derive`: the value given for the attribute itself, or None, and all values by name.

    Raises InvalidOptionError for a hook that is missing, InvalidExpressionError for JMESPath
    that cannot be parsed.

    >>> task = compile_entity(spec)                                  # doctest: +SKIP
    >>> task.encode(task.prepare_create({"task_id": "t1"}))          # doctest: +SKIP
    {'taskId': {'S': 't1'}, ...}
    """
    hooks = dict(hooks or {})
    check_hooks(spec, hooks)
    return EntityMapping(spec, hooks, table_name, table or TableSpec(), key_builder)
