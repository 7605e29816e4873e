"""Writing whole items: put, which replaces, and create, which refuses to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from leyden._attrs import evolve, field, frozen
from leyden.arguments import fitting
from leyden.errors import InputError, VersionConflictError
from leyden.operations.bound import BoundEntity
from leyden.operations.index_keys import put_keys
from leyden.operations.options import Options
from leyden.operations.overflow.writing import Spread
from leyden.operations.plan.expressions import Expressions
from leyden.operations.refusal import Needs
from leyden.operations.size import refuse_oversize
from leyden.operations.transactions.cancellation import ATTEMPTS, wait_before
from leyden.operations.unended import end
from leyden.operations.uniqueness.claims import Effect
from leyden.operations.versions import (
    Expectation,
    expectation_from,
    first_version,
    refuse_counted,
    seen_version,
    version_field,
)
from leyden.operations.write import PreparedWrite, Sent, Write, is_absent
from leyden.program import Item, Params, Pause, Program


class PreparedItem(NamedTuple):
    """An item ready to be written, and its own key."""

    item: Item
    key: Item


def prepare_item(
    entity: BoundEntity, given: Mapping[str, Any], *, verbatim: bool = False
) -> PreparedItem:
    """The stored form of an item: defaults, checks, keys and identifiers.

    `verbatim` keeps the given values of what `on_write` sets. Raises the errors of bad input;
    nothing is sent.
    """
    values = entity.compiled.prepare_create(given, verbatim=verbatim)
    keys = put_keys(entity, values)
    item = entity.compiled.encode(values)
    item.update(keys)
    item.update(entity.identity)
    if not entity.overflow:
        refuse_oversize(item)
    own = {form.field: keys[form.field] for form in entity.keys.primary.forms}
    return PreparedItem(item, own)


@frozen(eq=False, repr=False)
class Put(Write):
    """`task.put(...)`: write an item, in place of the one that is stored under its key.

    `go()` gives the record that was written; with `response="all_old"` the one that it
    replaced, or None.
    """

    given: Mapping[str, Any] = field(factory=dict)
    beside: Item = field(factory=dict)
    verbatim: bool = field(default=False, kw_only=True)
    """Whether the item is written as it was once: `on_write` keeps the values that are given."""

    verb: ClassVar[str] = "put"
    api: ClassVar[str] = "PutItem"
    part: ClassVar[str] = "Put"
    responses: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_old", "all_new"})
    silent: ClassVar[frozenset[str]] = frozenset({"default", "none", "all_new"})
    replaces: ClassVar[bool] = True

    @fitting('.carrying({"colour": {"S": "red"}})')
    def carrying(self, fields: Item) -> Self:
        """The write with fields that the schema does not know, in raw form, as they were read.

        Raises InputError for what has not the form of an item.

        >>> task.put(task_id="t1").carrying({"colour": {"S": "red"}})    # doctest: +SKIP
        """
        if not isinstance(fields, Mapping) or not all(
            isinstance(name, str) and isinstance(value, Mapping) and len(value) == 1
            for name, value in fields.items()
        ):
            raise InputError(
                '.carrying() takes fields in raw form, such as {"colour": {"S": "red"}}',
                operation=self.name,
                entity=self.entity.spec.entity,
            )
        return evolve(self, beside={**self.beside, **fields}) if fields else self

    def _with_beside(self, given: Mapping[str, Any]) -> PreparedItem:
        prepared = prepare_item(self.entity, given, verbatim=self.verbatim)
        if not self.beside:
            return prepared
        item = {**self.beside, **prepared.item}
        if not self.entity.overflow:
            refuse_oversize(item)
        return PreparedItem(item, prepared.key)

    def _prepare(self, options: Options) -> PreparedWrite:
        given, _ = seen_version(self.entity, self.given, self.expected)
        prepared = self._with_beside(first_version(self.entity, given))
        params: Params = {"TableName": self.entity.table, "Item": prepared.item}
        expressions = Expressions()
        marks = self._seal(
            params,
            options,
            expressions,
            prepared.item,
            existence="" if self.replaces else is_absent(prepared.key, expressions),
            # Where nothing may be stored under the key at all there is nothing to compare.
            guarded=self.replaces,
        )
        if not self.entity.has_companions:
            return PreparedWrite(params, prepared.key, marks, prepared.item)
        kind: Literal["replace", "create"] = "replace" if self.replaces else "create"
        effect = Effect(kind, sets=prepared.item)
        spread = Spread(kind, effect) if self.entity.overflow else None
        return PreparedWrite(params, prepared.key, marks, prepared.item, effect, spread=spread)

    def bare(self) -> PreparedWrite:
        """The put without a condition and by itself, as a batch carries it."""
        end(self)
        prepared = self._with_beside(self.given)
        params: Params = {"TableName": self.entity.table, "Item": prepared.item}
        return PreparedWrite(params, prepared.key, {}, prepared.item)

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        return None

    def _expectation(self) -> Expectation | None:
        """The version that was seen; without one, a put begins as that of a new item."""
        if version_field(self.entity) is None:
            return self.expected
        _, expected = seen_version(self.entity, self.given, self.expected)
        return expected or expectation_from(self.entity, None)

    @property
    def counts_on(self) -> bool:
        """Whether nothing says which version is replaced, so that it must be found out."""
        if version_field(self.entity) is None:
            return False
        return seen_version(self.entity, self.given, self.expected)[1] is None

    def _over(self, prepared: PreparedWrite, expected: Expectation) -> PreparedWrite:
        item = {**prepared.params["Item"], expected.field: expected.next}
        counted = evolve(prepared, params={**prepared.params, "Item": item}, kept=item)
        return counted.requiring(expected)

    def _perform(self, prepared: PreparedWrite, options: Options) -> Program[Sent]:
        if not self.counts_on:
            return super()._perform(prepared, options)
        return self._replace(prepared, options)

    def _replace(self, prepared: PreparedWrite, options: Options) -> Program[Sent]:
        """Put over whatever is stored, counting on from its version.

        The stored item is not read first: the refusal of a put brings its version along.
        """
        expected, attempt = expectation_from(self.entity, None), 0
        while True:
            attempt += 1
            try:
                return (yield from self._send(self._over(prepared, expected), options))
            except VersionConflictError as error:
                if attempt >= ATTEMPTS:
                    raise
                expected = expectation_from(self.entity, error.item)
            if attempt > 1:
                yield Pause(wait_before(attempt))

    @property
    def needs_condition(self) -> bool:
        """Whether the write depends on a condition, which a batch could not carry."""
        return super().needs_condition or version_field(self.entity) is not None

    def _notes(self, params: Params) -> tuple[str, ...]:
        indexes = [
            keys.spec.name
            for keys in self.entity.keys.values()
            if keys.spec.index and keys.pk and keys.pk.field in params["Item"]
        ]
        return (f"the item also stands in {', '.join(indexes)}",) if indexes else ()


@frozen(eq=False, repr=False)
class Create(Put):
    """`task.create(...)`: write an item that must not exist yet.

    Raises ItemExistsError where one does, KeyCollisionError where that one is another item
    under the same key.
    """

    verb: ClassVar[str] = "create"
    needs: ClassVar[Needs] = "no item"
    replaces: ClassVar[bool] = False

    @fitting(".expecting(record)")
    def expecting(self, seen: Any) -> Self:
        """Refused: there is no version of an item that must not exist. Raises InputError."""
        raise InputError(
            "a create expects no version, as the item must not exist; .put() replaces one",
            operation=self.name,
            entity=self.entity.spec.entity,
        )

    def _prepare(self, options: Options) -> PreparedWrite:
        refuse_counted(self.entity, (n for n, value in self.given.items() if value is not None))
        return super()._prepare(options)

    def _expectation(self) -> Expectation | None:
        return None

    @property
    def counts_on(self) -> bool:
        """Never: the first version is that of a new item."""
        return False
