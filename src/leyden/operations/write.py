"""The common frame of single writes: one conditional request, guarded against collisions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from attrs import frozen

from leyden.errors import InvalidOptionError
from leyden.operations.explain import Explanation, show, show_key
from leyden.operations.expression import Expressions, conjunction
from leyden.operations.guard import Marks, guard_condition, identity_marks, send_guarded
from leyden.operations.operation import Conditional
from leyden.operations.options import WRITE, Options
from leyden.operations.outcome import Result, consumed_units, shape
from leyden.operations.request import Item, Params, Program


@frozen
class PreparedWrite:
    """A write ready to be sent.

    `marks` tell the item meant from others under its `key`. `kept` is what `go()` gives where
    the service returns nothing: the item that was written, or its key attributes.
    """

    params: Params
    key: Item
    marks: Marks
    kept: Item


@frozen(eq=False, repr=False)
class Write(Conditional):
    """A write of one item."""

    allowed: ClassVar[frozenset[str]] = WRITE
    responses: ClassVar[frozenset[str]] = frozenset(
        {"default", "none", "all_old", "updated_old", "all_new", "updated_new"}
    )
    """The values of `response` that the verb takes."""
    silent: ClassVar[frozenset[str]] = frozenset({"default", "none"})
    """The values of `response` for which the service has nothing to return."""

    part: ClassVar[str]
    """What a transaction calls this kind of write."""

    def prepare(self) -> PreparedWrite:
        """The write as a part of a transaction."""
        return self._prepare(Options())

    def _options(self, given: Mapping[str, Any]) -> Options:
        options = super()._options(given)
        if options.response not in self.responses:
            raise InvalidOptionError(
                f'the option "response" of {self.verb} takes '
                f"{', '.join(f'{chr(34)}{name}{chr(34)}' for name in sorted(self.responses))}"
            )
        return options

    @abstractmethod
    def _prepare(self, options: Options) -> PreparedWrite: ...

    def _build(self, options: Options) -> Params:
        return self._prepare(options).params

    def _program(self, options: Options) -> Program[Any]:
        prepared = self._prepare(options)
        request = self._request(prepared.params, options)

        def program() -> Program[Any]:
            response = yield from send_guarded(self.entity, request, prepared.marks, prepared.key)
            kept = response.get("Attributes")
            if options.response in self.silent:
                kept = None if options.response == "none" else prepared.kept
            item = shape(self.entity, kept, options) if kept else None
            if options.data == "result":
                return Result(item, consumed_units(response), response)
            return item

        return program()

    def _seal(
        self,
        params: Params,
        options: Options,
        expressions: Expressions,
        values: Mapping[str, Any],
        *,
        existence: str = "",
        agreements: Iterable[str] = (),
        guarded: bool = True,
    ) -> Marks:
        """Add the conditions and what to return; gives the item's marks."""
        marks = identity_marks(self.entity, values)
        condition = conjunction(
            [
                existence,
                guard_condition(marks, expressions) if guarded else "",
                *agreements,
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["ConditionExpression"] = condition
        expressions.write_to(params)
        if options.response not in self.silent:
            params["ReturnValues"] = options.response.upper()
        return marks

    def _explain(self, params: Params, options: Options) -> Explanation:
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            None,
            self.entity.keys.primary.spec.name,
            False,
            show_key(self._prepare(options).key),
            show(params.get("ConditionExpression", ""), params),
            self._notes(params),
        )

    def _notes(self, params: Params) -> tuple[str, ...]:
        return (f"changes: {show(params['UpdateExpression'], params)}",)


def exists(key: Item, expressions: Expressions) -> str:
    """The condition that there is an item under the key."""
    return " AND ".join(f"attribute_exists({expressions.name(field)})" for field in key)


def is_absent(key: Item, expressions: Expressions) -> str:
    """The condition that there is no item under the key."""
    return " AND ".join(f"attribute_not_exists({expressions.name(field)})" for field in key)
