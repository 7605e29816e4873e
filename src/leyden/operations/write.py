"""The common frame of single writes: one conditional request, guarded against collisions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Never, Self

from leyden._attrs import evolve, frozen
from leyden._ledger import accounted
from leyden.arguments import fitting
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    InputError,
    InvalidOptionError,
    LeydenError,
)
from leyden.operations.batches.sending import cause_of
from leyden.operations.bound import BoundEntity
from leyden.operations.guard import (
    Marks,
    bears,
    guard_condition,
    identity_marks,
    send_guarded,
)
from leyden.operations.operation import Conditional
from leyden.operations.options import Options, WriteOptions
from leyden.operations.overflow.reading import join_items, joining_for
from leyden.operations.overflow.sending import SpreadWrite, part_of, send_spread
from leyden.operations.overflow.writing import (
    UNKNOWN,
    Laid,
    Spread,
    Stored,
    lay_out,
    spread_notes,
)
from leyden.operations.plan.explain import Explanation, show, show_key
from leyden.operations.plan.expressions import Expressions, conjunction, require
from leyden.operations.plan.projection import present_slots
from leyden.operations.refusal import Asked, Needs, refused
from leyden.operations.shape import shape
from leyden.operations.unended import end, warn_if_unended
from leyden.operations.uniqueness.claims import (
    Effect,
    moves_claims,
    unique_notes,
    why_read,
)
from leyden.operations.uniqueness.guards import (
    GuardPart,
    guards_over,
    guards_without_reading,
    unchanged,
)
from leyden.operations.uniqueness.writing import UniqueWrite, transaction_of, write_unique
from leyden.operations.versions import (
    Expectation,
    expectation_from,
    expectation_of,
    version_notes,
)
from leyden.outcomes import Outcome
from leyden.program import Item, Params, Program, Response
from leyden.results import Result, add_units, consumed_units

_PARTS_A_CLAIM = 3
"""A guard given up, one taken, and a check that its last owner is gone."""


@frozen(slots=False)  # every write makes one, and attrs fills those with slots far more slowly
class PreparedWrite:
    """A write ready to be sent.

    `marks` tell the item meant from others under its `key`. `kept` is what `go()` gives where
    the service returns nothing: the item that was written, or its key attributes.
    """

    params: Params
    key: Item
    marks: Marks
    kept: Item
    effect: Effect | None = None
    """What it does to the item's fields; None where no other items depend on it."""
    expected: Expectation | None = None
    """The version that the stored item must have; already among the conditions."""
    guards: tuple[GuardPart, ...] = ()
    """The guards of unique values that go with it, in a transaction."""
    settle: Callable[[Item | None], PreparedWrite] | None = None
    """The write over what is stored, where that must be read first: in a transaction."""
    most_parts: int = 1
    """The most parts of a transaction that it can come to."""
    spread: Spread | None = None
    """What it does to values that may be stored outside of their item; `params` lacks these."""
    laid: Laid | None = None
    """How these are laid out, in a transaction; `params` is then complete."""

    def over(self, entity: BoundEntity, stored: Stored) -> PreparedWrite:
        """The write with its large values laid out, over what is known to be stored."""
        if self.spread is None:
            return self
        laid = lay_out(entity, self.key, self.params, self.spread, stored)
        return evolve(self, params=laid.params, laid=laid)

    def requiring(self, expected: Expectation) -> PreparedWrite:
        """The write, if the stored item has this version."""
        params = require(self.params, lambda text: expected.condition(text, self.key))
        return evolve(self, params=params, expected=expected)


@frozen
class Sent:
    """A write that was sent: as it was in the end, and what the service said.

    `attributes` is the item that `response=` asked for, None where there is none.
    """

    write: PreparedWrite
    attributes: Item | None
    consumed: float | None
    response: Response


@frozen(eq=False, repr=False)
class Write(Conditional):
    """A write of one item."""

    expected: Expectation | None = None

    allowed: ClassVar[type] = WriteOptions
    responses: ClassVar[frozenset[str]] = frozenset(
        {"default", "none", "all_old", "updated_old", "all_new", "updated_new"}
    )
    """The values of `response` that the verb takes."""
    silent: ClassVar[frozenset[str]] = frozenset({"default", "none"})
    """The values of `response` for which the service has nothing to return."""

    part: ClassVar[str]
    """What a transaction calls this kind of write."""
    needs: ClassVar[Needs] = "anything"
    """What must be stored under the key for the verb to be granted."""

    @fitting(".expecting(record)")
    def expecting(self, seen: Any) -> Self:
        """Write only if the stored item has the version that was seen: optimistic locking.

        `seen` is a record that was read, or its version; 0 says that there is no item yet, or
        one without a version. Otherwise `go()` raises VersionConflictError, with the stored
        item. Raises InputError where the entity has no `version_attribute`.

        >>> task.patch(...).set(status="closed").expecting(record)    # doctest: +SKIP
        """
        with self._naming():
            return evolve(self, expected=expectation_of(self.entity, seen))

    def __del__(self) -> None:
        warn_if_unended(self, self.name)

    @property
    def asked(self) -> Asked:
        """What the write asks of the stored item, to say what of it did not hold."""
        return Asked(self.needs, where=bool(self.conditions))

    def go(self, /, *wrong: Never, **options: Any) -> Any:
        """Send the request, and give back what it wrote.

        Raises the errors of `leyden.errors`; bad input is refused before anything is sent. Where
        the write happened and something after it failed, the error's `outcome` says so.
        """
        return self.entity.runner.run(super().program(*wrong, **options))

    def program(self, /, *wrong: Never, **options: Any) -> Program[Any]:
        """The write as a program, for larger ones to go on from: what `go()` runs.

        Bad input is refused here, not when the program runs. Errors say in their `outcome` what
        it had written.
        """
        return accounted(super().program(*wrong, **options))

    def draft(self) -> PreparedWrite:
        """The write as a part of a transaction, to be settled if what is stored matters."""
        end(self)
        prepared = self._prepare(Options())
        expected, effect = self._expectation(), prepared.effect
        whole = prepared if expected is None else self._over(prepared, expected)
        if self.counts_on or why_read(self.entity, effect):
            most = 1 + _PARTS_A_CLAIM * len(self.entity.spec.unique)
            return evolve(whole, settle=partial(self._settled, prepared), most_parts=most)
        if effect is None or not moves_claims(self.entity, effect):
            return whole
        guards = guards_without_reading(self.entity, whole.key, effect, self.entity.table)
        return evolve(whole, guards=guards, most_parts=1 + len(guards))

    def refuse_reading(self, draft: PreparedWrite) -> None:
        """Raise InputError where what is stored decides what the request is."""
        why = why_read(self.entity, draft.effect)
        if why is not None:
            raise InputError(
                f"the request depends on what is stored, and nothing is read here: {why}. "
                ".go() reads it first",
                entity=self.entity.spec.entity,
            )

    def _settled(self, prepared: PreparedWrite, stored: Item | None) -> PreparedWrite:
        """The write over this stored item, on the condition that it has not changed since."""
        entity, effect = self.entity, prepared.effect
        whole = self._over_stored(prepared, stored)
        if effect is None or not moves_claims(entity, effect):
            return whole
        return evolve(
            whole,
            params=require(whole.params, lambda text: unchanged(entity, whole.key, stored, text)),
            guards=guards_over(entity, whole.key, effect, entity.table, stored),
        )

    def _over_stored(self, prepared: PreparedWrite, stored: Item | None) -> PreparedWrite:
        """The write over the version that the stored item has, or over the one that was seen."""
        expected = self._expectation()
        if self.counts_on:
            expected = expectation_from(self.entity, stored)
        return prepared if expected is None else self._over(prepared, expected)

    @property
    def needs_condition(self) -> bool:
        """Whether the write depends on a condition, which a batch could not carry."""
        return bool(self.conditions) or self.expected is not None

    def _options(self, given: Mapping[str, Any]) -> Options:
        options = super()._options(given)
        if options.response == "default":
            return options
        if options.response not in self.responses:
            raise InvalidOptionError(
                f'the option "response" of {self.verb} takes '
                f"{', '.join(f'{chr(34)}{name}{chr(34)}' for name in sorted(self.responses))}"
            )
        return options

    @abstractmethod
    def _prepare(self, options: Options) -> PreparedWrite:
        """The write, but for the version that it expects."""

    def _expectation(self) -> Expectation | None:
        """The version that the stored item must have; None where any will do."""
        return self.expected

    @property
    def counts_on(self) -> bool:
        """Whether the write must know the stored version, to store the one after it."""
        return False

    def _over(self, prepared: PreparedWrite, expected: Expectation) -> PreparedWrite:
        """The write over an item of this version."""
        return prepared.requiring(expected)

    def _whole(self, options: Options) -> PreparedWrite:
        prepared, expected = self._prepare(options), self._expectation()
        return prepared if expected is None else self._over(prepared, expected)

    def _build(self, options: Options) -> Params:
        whole = self._whole(options)
        effect = whole.effect
        if whole.spread is not None:
            return self._laid_out(whole, whole.spread, options)
        if effect is None or not moves_claims(self.entity, effect):
            return whole.params
        self._refuse_in_transaction(options)
        if effect.kind != "create":
            return whole.params
        guards = guards_without_reading(self.entity, whole.key, effect, self.entity.table)
        return transaction_of(self.part, whole.params, guards)

    def _program(self, options: Options) -> Program[Any]:
        prepared = self._prepare(options)
        if prepared.spread is not None:
            # Refuses bad input here, not when the program runs.
            self._laid_out(prepared, prepared.spread, options)
        if prepared.effect is not None and moves_claims(self.entity, prepared.effect):
            self._refuse_in_transaction(options)
            performing = self._keep_unique(prepared, prepared.effect, options)
        else:
            performing = self._perform(prepared, options)

        def program() -> Program[Any]:
            try:
                sent = yield from performing
            except ConditionFailedError as error:
                if type(error) is not ConditionFailedError:
                    raise
                told = yield from refused(self.entity, self.asked, prepared.key, error)
                raise told from told.__cause__
            try:
                sent = yield from self._with_values(sent, options)
                return self._result(sent, options)
            except LeydenError as error:
                # The runner says on the error that the write has happened; here its item is known.
                put = sent.write.kept if "Item" in sent.write.params else None
                error.outcome = Outcome(item=sent.attributes or put)
                raise

        return program()

    def send_prepared(self, prepared: PreparedWrite, options: Options) -> Program[Sent]:
        """Send the write by itself, as it was prepared: what batches cannot carry."""
        return self._perform(prepared, options)

    def _perform(self, prepared: PreparedWrite, options: Options) -> Program[Sent]:
        expected = self._expectation()
        write = prepared if expected is None else self._over(prepared, expected)
        return self._send(write, options)

    def _send(self, write: PreparedWrite, options: Options) -> Program[Sent]:
        request = self._request(write.params, options)
        if write.spread is not None:
            wants = "" if options.response in self.silent else options.response
            done = yield from send_spread(
                SpreadWrite(
                    self.entity,
                    request,
                    self.part,
                    write.key,
                    write.marks,
                    write.expected,
                    write.spread,
                    wants,
                )
            )
            return Sent(write, done.attributes, done.consumed, done.response)
        response = yield from send_guarded(
            self.entity, request, write.marks, write.key, write.expected
        )
        return Sent(write, response.get("Attributes"), consumed_units(response), response)

    def _laid_out(self, write: PreparedWrite, spread: Spread, options: Options) -> Params:
        """The request over an item that has no values outside, or over none at all.

        Raises ItemTooLargeError, and InvalidOptionError for what a transaction does not have.
        """
        self._refuse_in_transaction(options)
        stored = Stored(None, is_read=True) if spread.needs_reading else UNKNOWN
        laid = lay_out(self.entity, write.key, write.params, spread, stored)
        if not laid.siblings:
            return laid.params
        return {"TransactItems": [part_of(self.part, laid.params), *laid.siblings]}

    def _with_values(self, sent: Sent, options: Options) -> Program[Sent]:
        """What was sent, with the values of the item that came back in their places."""
        if not self.entity.overflow or not sent.attributes or options.response in self.silent:
            return sent
        after = options.response == "all_new"
        joining = joining_for(
            self.entity,
            self.name,
            options.table or self.entity.table,
            evolve(options, consistent=True),
            lambda item: bears(item, sent.write.marks),
            again=after,
        )
        try:
            joined = yield from join_items(joining, [sent.attributes])
        except BatchIncompleteError as error:
            # It is about a batch of reads, which nobody asked for: what befell it is what counts.
            raise cause_of(error) from error
        if joined.error is not None:
            said = joined.error.message
            joined.error.message = f"what the write replaced is not there: {said}"
            raise joined.error
        consumed = add_units(sent.consumed, joined.consumed)
        return evolve(sent, attributes=joined.items[0], consumed=consumed)

    def _keep_unique(
        self, prepared: PreparedWrite, effect: Effect, options: Options
    ) -> Program[Sent]:
        expected, counts_on = self._expectation(), self.counts_on
        keeping = UniqueWrite(
            self.entity,
            self._request(prepared.params, options),
            self.part,
            prepared.key,
            prepared.marks,
            effect,
            lambda stored: self._over_stored(prepared, stored).params,
            counts_on,
            None if counts_on else expected,
            options.response == "all_new" and "all_new" not in self.silent,
        )

        def program() -> Program[Sent]:
            done = yield from write_unique(keeping)
            write = self._over_stored(prepared, done.before)
            return Sent(write, done.attributes, done.consumed, done.response)

        return program()

    def _refuse_in_transaction(self, options: Options) -> None:
        if options.params:
            raise InvalidOptionError(
                f"this write may become a transaction with {self._company}, so `params` cannot be "
                "merged into it"
            )
        if options.response.startswith("updated_"):
            raise InvalidOptionError(
                f"this write may become a transaction with {self._company}, which does not tell "
                f'"{options.response}"; "all_old" and "all_new" work'
            )

    @property
    def _company(self) -> str:
        """What goes with the write where it becomes a transaction."""
        if self.entity.overflow:
            return "the items that hold large values"
        return "the guards of unique values"

    def _result(self, sent: Sent, options: Options) -> Any:
        kept = sent.attributes
        if options.response in self.silent:
            kept = None if options.response == "none" else sent.write.kept
        item = self.returned(kept, options) if kept else None
        if options.data == "result":
            return Result(item, sent.consumed, sent.response)
        return item

    def returned(self, item: Item, options: Options) -> Any:
        """What the write gives back of an item: of `kept`, or of what `response` asked for."""
        return shape(self.entity, item, options, self._shown(item, options))

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        """The slots that the record shows; None where the item is a whole one."""
        slots = self.entity.compiled.slots
        if options.response in self.silent:
            names = self.entity.keys.primary.composites
            return frozenset(slots[name] for name in names if name in slots)
        if not options.response.startswith("updated_"):
            return None
        return present_slots(self.entity, item)

    def _seal(
        self,
        params: Params,
        options: Options,
        expressions: Expressions,
        stored: Item,
        *,
        existence: str = "",
        agreements: Iterable[str] = (),
        guarded: bool = True,
    ) -> Marks:
        """Add the conditions and what to return; gives the item's marks.

        `stored` has the fields of the primary composites at least.
        """
        marks = identity_marks(self.entity, stored)
        texts = [
            existence,
            guard_condition(marks, expressions) if guarded and marks else "",
            *agreements,
        ]
        if self.conditions:
            texts += [expressions.condition(condition) for condition in self.conditions]
        condition = conjunction(texts)
        if condition:
            params["ConditionExpression"] = condition
        expressions.write_to(params)
        if options.response not in self.silent:
            params["ReturnValues"] = options.response.upper()
        return marks

    def _explain(self, params: Params, options: Options) -> Explanation:
        whole = self._whole(options)
        return Explanation(
            self.name,
            "TransactWriteItems" if "TransactItems" in params else self.api,
            options.table or self.entity.table,
            None,
            self.entity.keys.primary.spec.name,
            False,
            show_key(whole.key),
            show(whole.params.get("ConditionExpression", ""), whole.params),
            (
                *self._notes(whole.params),
                *version_notes(self.entity, self.counts_on, whole.expected),
                *unique_notes(self.entity, whole.effect),
                *spread_notes(self.entity, whole.spread),
            ),
        )

    def _notes(self, params: Params) -> tuple[str, ...]:
        return (f"changes: {show(params['UpdateExpression'], params)}",)


def exists(key: Item, expressions: Expressions) -> str:
    """The condition that there is an item under the key."""
    return " AND ".join([f"attribute_exists({expressions.name(field)})" for field in key])


def is_absent(key: Item, expressions: Expressions) -> str:
    """The condition that there is no item under the key."""
    return " AND ".join([f"attribute_not_exists({expressions.name(field)})" for field in key])
