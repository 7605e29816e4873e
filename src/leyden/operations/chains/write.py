"""What the writes of one item share: steps, endings, and what they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Never, Self, TypeVar, Unpack

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, frozen
from leyden._calls import Endable, end, fitting, misplaced, warn_unended
from leyden._ledger import accounted
from leyden.errors import BatchIncompleteError, InvalidOptionError, LeydenError
from leyden.operations.bound import BoundEntity, Identity, error_context, matches
from leyden.operations.companions.earlier import earlier_notes
from leyden.operations.companions.overflow.reading import join_items, joining_for
from leyden.operations.companions.overflow.writing import overflow_notes
from leyden.operations.companions.unique import GuardState, unique_notes
from leyden.operations.companions.versions import Expectation, expectation_of, version_notes
from leyden.operations.options import DEFAULT, Options, WriteOptions, finish, read_options
from leyden.operations.plan.costs import cost_of
from leyden.operations.plan.expressions import Expressions, conjunction, read_conditions
from leyden.operations.plan.identity import guard_condition, present_slots
from leyden.operations.plan.reads import Explanation, shape, show, show_key
from leyden.operations.plan.refusal import Asked, Needs
from leyden.operations.plan.writes import (
    WritePlan,
    earlier_part,
    over_nothing_outside,
    over_version,
    parts_of,
)
from leyden.operations.run.attempts import Written
from leyden.operations.run.sending import cause_of
from leyden.operations.run.writing import write_one
from leyden.outcomes import Outcome
from leyden.program import Item, Params, Program
from leyden.results import Result, add_units

Step = TypeVar("Step", bound="Write")

NO_RETURN: Final = frozenset({"default", "none"})
"""The values of `response` for which DynamoDB has nothing to return."""


@frozen(eq=False, repr=False)
class Write(Endable, ABC):
    """A write of one item: immutable, until `.go()` or another ending sends or shows it.

    Every step of a chain returns a new write, so you can keep and reuse a partial one.
    """

    _entity: BoundEntity
    _conditions: tuple[Condition, ...] = ()
    _expected: Expectation | None = None

    _verb: ClassVar[str]
    _api: ClassVar[str]
    _part: ClassVar[str]
    """Its key in a part of TransactWriteItems, such as `Put`."""
    _allowed: ClassVar[type] = WriteOptions
    """The TypedDict of the options that it takes."""
    _form: ClassVar[str] = 'response="all_new"'
    """An option that it takes, for error messages."""
    _responses: ClassVar[frozenset[str]] = NO_RETURN | {
        "all_old",
        "updated_old",
        "all_new",
        "updated_new",
    }
    """The values of `response` that the verb takes."""
    _silent: ClassVar[frozenset[str]] = NO_RETURN
    """The values of `response` for which DynamoDB is not asked to return anything."""
    _needs: ClassVar[Needs] = "anything"
    """What the verb needs to be stored under the key."""

    def where(self, /, *conditions: Condition, **wrong: Never) -> Self:
        """Add conditions, all of which must hold for the write to happen.

        `go()` raises ConditionFailedError where one does not hold. Raises InvalidExpressionError
        for anything that is not a condition, ArgumentError for keywords.

        >>> task.patch(...).set(points=4).where(task.attr.points > 3)    # doctest: +SKIP
        """
        with self._error_context():
            added = read_conditions(self._entity, self._name, conditions, wrong)
        return changed(self, conditions=self._conditions + added)

    @fitting(".expecting(record)")
    def expecting(self, seen: Any) -> Self:
        """Write only if the stored item has the version that was seen (optimistic locking).

        `seen` is a record that was read, or its version; 0 means that there is no item yet, or one
        without a version. If the stored version differs, `go()` raises VersionConflictError with
        the stored item. Raises InputError where the entity has no `version_attribute`.

        >>> task.patch(...).set(status="closed").expecting(record)    # doctest: +SKIP
        """
        with self._error_context():
            return evolve(self, expected=expectation_of(self._entity, seen))

    def __del__(self) -> None:
        if not hasattr(self, "_ended"):
            warn_unended(self, self._name)

    def params(self, /, *wrong: Never, **options: Unpack[WriteOptions]) -> Any:
        """Return the low-level request, in the shape of the boto3 client; nothing is sent.

        `go()` adds to it only what it needs for its result: the consumed capacity, and the stored
        item where a condition fails.
        """
        end(self, True)
        try:
            read = self._options("params", wrong, options)
            params = self._params(self._planned(read))
            return params if read is DEFAULT else finish(params, read)
        except LeydenError as error:
            self._error_context().name(error)
            raise

    def go(self, /, *wrong: Never, **options: Unpack[WriteOptions]) -> Any:
        """Send the request, and return what was written; awaited on a service of `load_async`.

        Raises the errors of `leyden.errors`; bad input is refused before anything is sent. If the
        write happened and something failed afterwards, the error's `outcome` says so.
        """
        # The runner keeps account of the whole call.
        return self._entity.runner.run(self._started("go", wrong, options))

    def program(self, /, *wrong: Never, **options: Unpack[WriteOptions]) -> Program[Any]:
        """Return what `go()` runs as a program, for use in a larger program.

        Bad input is refused here, not when the program runs. The `outcome` of an error says what
        had been written.
        """
        return accounted(self._started("program", wrong, options))

    def explain(self, /, *wrong: Never, **options: Unpack[WriteOptions]) -> Explanation:
        """Say in words what is written, and what it depends on."""
        with self._error_context():
            plan = self._planned(self._options("explain", wrong, options))
            own, _, expected = over_version(plan)
            return Explanation(
                self._name,
                "TransactWriteItems" if "TransactItems" in self._params(plan) else self._api,
                plan.table,
                None,
                self._entity.keys.primary.spec.name,
                False,
                show_key(plan.key),
                show(own.get("ConditionExpression", ""), own),
                (
                    *self._notes(own),
                    *version_notes(self._entity, plan.counts_on, expected),
                    *unique_notes(self._entity, plan.effect),
                    *overflow_notes(self._entity, plan.overflow),
                    *earlier_notes(self._entity, earlier_part(plan)),
                ),
                cost_of(plan),
            )

    def __repr__(self) -> str:
        return f"<{self._name}>"

    @property
    def _name(self) -> str:
        """The operation's name in errors and events, such as `task.create`."""
        return self._entity.operation(self._verb)

    @property
    def _asked(self) -> Asked:
        """What the write requires of the stored item, so that errors can say which part failed."""
        return Asked(self._needs, where=bool(self._conditions))

    def _error_context(self) -> error_context:
        # Everything that asks for this ends the chain, continues it, or refuses to.
        end(self, True)
        return error_context(self._name, self._entity)

    def _options(self, ending: str, wrong: tuple[Never, ...], given: Mapping[str, Any]) -> Options:
        """Return the options of an ending. Raises ArgumentError, InvalidOptionError."""
        if wrong:
            raise misplaced(ending, f".{ending}({self._form})", len(wrong))
        if not given:
            return DEFAULT
        options = read_options(self._name, self._allowed, given)
        if options.response not in self._responses:
            raise InvalidOptionError(
                f'the option "response" of {self._verb} takes '
                f"{', '.join(f'{chr(34)}{name}{chr(34)}' for name in sorted(self._responses))}"
            )
        return options

    @abstractmethod
    def _plan(self, options: Options) -> WritePlan:
        """Return the write, as far as it is known before anything is read."""

    def _planned(self, options: Options) -> WritePlan:
        """Return the plan of the write on the table that the call names.

        Raises InvalidOptionError for options that a transaction does not have, if it may become
        one.
        """
        plan = self._plan(options)
        if options is DEFAULT:
            return plan
        if options.table is not None:
            plan.params["TableName"] = options.table
        is_partly = options.response.startswith("updated_")
        is_mixed = plan.moves_claims or plan.overflow is not None
        if (plan.has_companions and options.params) or (is_mixed and is_partly):
            guards = "the guards of unique values" if plan.moves_claims else ""
            parts = "the items that hold large values" if plan.overflow is not None else ""
            key = "" if is_mixed else "the key that its item had before the migration"
            company = " and ".join(filter(None, (guards, parts, key)))
            why = (
                "so `params` cannot be merged into it"
                if options.params
                else f'which does not return "{options.response}"; "all_old" and "all_new" work'
            )
            said = f"this write may become a transaction with {company}, {why}"
            raise InvalidOptionError(said)
        return plan

    def _params(self, plan: WritePlan) -> Params:
        """Return the request of a plan, as far as it is known without reading."""
        effect = plan.effect
        if effect is None and self._entity.moving is None:
            return over_version(plan)[0]
        write = over_nothing_outside(plan)
        if effect is not None and effect.kind != "create":
            # The unique values that it gives up are read before it is sent.
            write = evolve(write, guards=())
        if not write.is_accompanied:
            return write.params
        return {"TransactItems": [part.body for part in parts_of((write,), GuardState())]}

    def _started(
        self, ending: str, wrong: tuple[Never, ...], options: Mapping[str, Any]
    ) -> Program[Any]:
        end(self, True)
        try:
            return self._program(self._options(ending, wrong, options))
        except LeydenError as error:
            self._error_context().name(error)
            raise

    def _program(self, options: Options) -> Program[Any]:
        """Return what `go()` runs. Bad input is refused here, not when it runs.

        Only when it runs is it known whether large values are too large even when compressed.
        """
        plan = self._planned(options)
        if plan.overflow is not None and not plan.is_large:
            over_nothing_outside(plan)
        return self._sent(plan, options)

    def _sent(self, plan: WritePlan, options: Options) -> Program[Any]:
        """Send the write, and return what the call returns."""
        is_silent = options.response in self._silent
        done: Written | None = None
        try:
            done = yield from write_one(plan, options, "" if is_silent else options.response)
            if is_silent:
                kept = None if options.response == "none" else done.writes[0].kept
            else:
                if self._entity.mapping.overflow and done.attributes:
                    done = yield from self._with_values(done, options)
                kept = done.attributes
            if kept and self._entity.mapping.sealer is not None:
                # The item's own key is needed to decrypt its encrypted attributes, and not every
                # answer has it.
                kept = {**plan.key, **kept}
            item = self._returned(kept, options) if kept else None
            return Result(item, done.consumed, done.response) if options.data == "result" else item
        except LeydenError as error:
            if done is not None:
                # The runner says on the error that the write has happened; its item is known here.
                write = done.writes[0]
                put = write.kept if "Item" in write.params else None
                error.outcome = Outcome(item=done.attributes or put)
            self._error_context().name(error)
            raise

    def _with_values(self, done: Written, options: Options) -> Program[Written]:
        """Return the written result with the large values of the returned item in place."""
        assert done.attributes is not None
        identity = done.writes[0].plan.identity
        joining = joining_for(
            self._entity,
            self._name,
            options.table or self._entity.table,
            evolve(options, consistent=True),
            lambda item: matches(item, identity),
            again=options.response == "all_new",
        )
        try:
            joined = yield from join_items(joining, [done.attributes])
        except BatchIncompleteError as error:
            # The caller asked for no batch of reads, so its cause is the error to raise.
            raise cause_of(error) from error
        if joined.error is not None:
            said = joined.error.message
            joined.error.message = (
                f"the write happened, but what it replaced cannot be read: {said}"
            )
            raise joined.error
        earlier = add_units(done.earlier, joined.consumed)
        return evolve(done, attributes=joined.items[0], earlier=earlier)

    def _returned(self, item: Item, options: Options) -> Any:
        """Return the record of an item: of `kept`, or of what `response` asked for."""
        shown = self._shown(item, options)
        if options is DEFAULT:
            return self._entity.record_of(item, shown)
        return shape(self._entity, item, options, shown)

    def _shown(self, item: Item, options: Options) -> frozenset[str] | None:
        """Return the slots that the record shows; None where the item is a whole one."""
        if options.response in self._silent:
            return self._entity.mapping.key_slots
        if not options.response.startswith("updated_"):
            return None
        return present_slots(self._entity, item)

    def _attach_conditions(
        self,
        params: Params,
        options: Options,
        expressions: Expressions,
        stored: Item,
        *,
        existence: str = "",
        agreements: Iterable[str] = (),
        guarded: bool = True,
    ) -> Identity:
        """Add the conditions and `ReturnValues`. Returns the identity of the intended item.

        `stored` has at least the fields of the primary composites.
        """
        identity = self._entity.identity_of(stored)
        texts = [
            existence,
            guard_condition(identity, expressions) if guarded and identity else "",
            *agreements,
        ]
        if self._conditions:
            texts += [expressions.condition(condition) for condition in self._conditions]
        condition = conjunction(texts)
        if condition:
            params["ConditionExpression"] = condition
        expressions.write_to(params)
        if options.response not in self._silent:
            params["ReturnValues"] = options.response.upper()
        return identity

    def _notes(self, params: Params) -> tuple[str, ...]:
        """Say what the request changes."""
        return (f"changes: {show(params['UpdateExpression'], params)}",)


def exists(key: Item, expressions: Expressions) -> str:
    """Return the condition that there is an item under the key."""
    return " AND ".join([f"attribute_exists({expressions.name(field)})" for field in key])


def is_absent(key: Item, expressions: Expressions) -> str:
    """Return the condition that there is no item under the key."""
    return " AND ".join([f"attribute_not_exists({expressions.name(field)})" for field in key])


def changed(write: Step, **fields: Any) -> Step:
    """Return the next step of a chain: the write with other values in some fields."""
    end(write, True)
    return evolve(write, **fields)
