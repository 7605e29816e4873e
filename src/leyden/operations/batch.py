"""Batches on one entity: many items by key in one request, written or read."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from attrs import frozen

from leyden.errors import InputError, LeydenError
from leyden.operations.bound import BoundEntity
from leyden.operations.explain import Explanation
from leyden.operations.expression import Expressions
from leyden.operations.get import is_mine, read_key
from leyden.operations.guard import Marks, identity_marks
from leyden.operations.operation import naming
from leyden.operations.options import BATCH_GET, BATCH_WRITE, Options, read_options
from leyden.operations.outcome import add_units, consumed_units, shape
from leyden.operations.projection import project
from leyden.operations.put import prepare_item
from leyden.operations.request import (
    Gather,
    Item,
    Params,
    Pause,
    Program,
    Request,
    Response,
)

GET_LIMIT: Final = 100
WRITE_LIMIT: Final = 25
_ATTEMPTS: Final = 10
_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 5.0


@frozen
class BatchResult(Sequence[Any]):
    """What a batch found, in the order of its keys; None for an item that is not there.

    A write's `items` is empty. `unprocessed` holds what the service had not taken up after all
    retries: keys, or write requests, in raw form.
    """

    items: tuple[Any, ...]
    unprocessed: tuple[Any, ...]
    consumed: float | None
    requests: int

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen(eq=False, repr=False)
class BatchGet:
    """`task.get([...])`: the records with these keys."""

    entity: BoundEntity
    keys: Sequence[Mapping[str, Any]]

    def params(self, **options: Any) -> list[Params]:
        """The low-level requests, of at most 100 keys each; nothing is sent."""
        with naming(self._name, self.entity):
            read = read_options(self._name, BATCH_GET, options)
            return self._requests([key for key, _ in self._prepare()], read, telling=False)

    def go(self, **options: Any) -> BatchResult:
        """Read the items, `concurrency` requests at a time; what is unprocessed is retried."""
        with naming(self._name, self.entity):
            program = self._program(read_options(self._name, BATCH_GET, options))
        return self.entity.runner.run(program)

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def explain(self, **options: Any) -> Explanation:
        """Says in words what is read."""
        bodies = self.params(**options)
        return _explain(self.entity, "BatchGetItem", self._name, len(self.keys), len(bodies))

    @property
    def _name(self) -> str:
        return self.entity.operation("batch_get")

    def _prepare(self) -> list[tuple[Item, Marks]]:
        prepared = []
        for position, given in enumerate(self.keys):
            with _entry(position):
                values = read_key(self.entity, given)
                key = self.entity.primary_key(values)
            prepared.append((key, identity_marks(self.entity, values)))
        _refuse_duplicates(self.entity, [key for key, _ in prepared], self._name)
        return prepared

    def _requests(self, keys: list[Item], options: Options, *, telling: bool) -> list[Params]:
        table = options.table or self.entity.table
        shared: Params = {}
        expressions = Expressions()
        if options.consistent:
            shared["ConsistentRead"] = True
        project(self.entity, shared, options, expressions, telling=telling)
        expressions.write_to(shared)
        return [
            {"RequestItems": {table: {**shared, "Keys": chunk}}}
            for chunk in _chunks(keys, GET_LIMIT)
        ]

    def _program(self, options: Options) -> Program[BatchResult]:
        prepared = self._prepare()
        bodies = self._requests([key for key, _ in prepared], options, telling=True)
        return self._run(prepared, bodies, options)

    def _run(
        self, prepared: list[tuple[Item, Marks]], bodies: list[Params], options: Options
    ) -> Program[BatchResult]:
        table = options.table or self.entity.table
        outcome = yield from _send_all(
            self.entity, "BatchGetItem", self._name, bodies, options, "UnprocessedKeys"
        )
        found: dict[str, Item] = {}
        own = [form.field for form in self.entity.keys.primary.forms]
        for response in outcome.responses:
            for item in response.get("Responses", {}).get(table, ()):
                found[repr([item[name] for name in own])] = item
        items = []
        for key, marks in prepared:
            item = found.get(repr([key[name] for name in own]))
            mine = item is not None and is_mine(self.entity, item, marks, options)
            items.append(shape(self.entity, item, options) if mine and item else None)
        unprocessed = [
            key for left in outcome.unprocessed for key in left.get(table, {}).get("Keys", ())
        ]
        return BatchResult(tuple(items), tuple(unprocessed), outcome.consumed, outcome.requests)


@frozen(eq=False, repr=False)
class BatchWrite:
    """`task.put([...])` and `task.delete([...])`: many writes, each by itself.

    A batch carries no conditions, so it cannot guard against items that share a key; two of
    its own items under one key are refused.
    """

    entity: BoundEntity
    puts: Sequence[Mapping[str, Any]] = ()
    deletes: Sequence[Mapping[str, Any]] = ()

    def params(self, **options: Any) -> list[Params]:
        """The low-level requests, of at most 25 writes each; nothing is sent."""
        with naming(self._name, self.entity):
            return self._requests(read_options(self._name, BATCH_WRITE, options))

    def go(self, **options: Any) -> BatchResult:
        """Write, `concurrency` requests at a time; what is unprocessed is retried."""
        with naming(self._name, self.entity):
            read = read_options(self._name, BATCH_WRITE, options)
            bodies = self._requests(read)
        return self.entity.runner.run(self._run(bodies, read))

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def explain(self, **options: Any) -> Explanation:
        """Says in words what is written."""
        count = len(self.puts) + len(self.deletes)
        bodies = self.params(**options)
        return _explain(self.entity, "BatchWriteItem", self._name, count, len(bodies))

    @property
    def _name(self) -> str:
        return self.entity.operation("batch_write")

    def _requests(self, options: Options) -> list[Params]:
        writes: list[Params] = []
        keys: list[Item] = []
        for position, given in enumerate(self.puts):
            with _entry(position):
                prepared = prepare_item(self.entity, given, self._name)
            keys.append(prepared.key)
            writes.append({"PutRequest": {"Item": prepared.item}})
        for position, given in enumerate(self.deletes):
            with _entry(position):
                key = self.entity.primary_key(read_key(self.entity, given))
            keys.append(key)
            writes.append({"DeleteRequest": {"Key": key}})
        _refuse_duplicates(self.entity, keys, self._name)
        table = options.table or self.entity.table
        return [{"RequestItems": {table: chunk}} for chunk in _chunks(writes, WRITE_LIMIT)]

    def _run(self, bodies: list[Params], options: Options) -> Program[BatchResult]:
        outcome = yield from _send_all(
            self.entity, "BatchWriteItem", self._name, bodies, options, "UnprocessedItems"
        )
        table = options.table or self.entity.table
        unprocessed = [write for left in outcome.unprocessed for write in left.get(table, ())]
        return BatchResult((), tuple(unprocessed), outcome.consumed, outcome.requests)


@frozen
class _Outcome:
    responses: list[Response]
    unprocessed: list[Mapping[str, Any]]
    consumed: float | None
    requests: int


def _send_all(
    entity: BoundEntity,
    api: str,
    operation: str,
    bodies: list[Params],
    options: Options,
    unprocessed_in: str,
) -> Program[_Outcome]:
    """Send all requests, and again what came back unprocessed, waiting longer each time."""
    responses: list[Response] = []
    consumed: float | None = None
    requests = 0
    for attempt in range(_ATTEMPTS):
        sent = tuple(Request(api, body, operation, entity.spec.entity) for body in bodies)
        answers = yield Gather(sent, options.concurrency)
        requests += len(sent)
        left = []
        failure: LeydenError | None = None
        for answer in answers:
            if isinstance(answer, LeydenError):
                failure = failure or answer
                continue
            responses.append(answer)
            consumed = add_units(consumed, consumed_units(answer))
            if answer.get(unprocessed_in):
                left.append(answer[unprocessed_in])
        if failure is not None:
            raise failure
        bodies = [{"RequestItems": items} for items in left]
        if not bodies:
            break
        if attempt < _ATTEMPTS - 1:
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
            yield Pause(random.uniform(0, longest))
    return _Outcome(responses, [body["RequestItems"] for body in bodies], consumed, requests)


@contextmanager
def _entry(position: int) -> Iterator[None]:
    """Says in errors which entry of the batch is meant; the first is 0."""
    try:
        yield
    except LeydenError as error:
        error.message = f"entry {position}: {error.message}"
        raise


def _explain(
    entity: BoundEntity, api: str, operation: str, count: int, requests: int
) -> Explanation:
    primary = entity.keys.primary.spec.name
    what = "items by their keys" if api == "BatchGetItem" else "items, each by itself"
    notes = (
        f"{count} {what}, in {requests} requests; what is unprocessed is retried",
        *(() if api == "BatchGetItem" else ("carries no conditions, so no guard either",)),
    )
    return Explanation(operation, api, entity.table, None, primary, False, "", "", notes)


def _chunks(entries: list[Any], size: int) -> Iterable[list[Any]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))


def _refuse_duplicates(entity: BoundEntity, keys: list[Item], operation: str) -> None:
    seen: dict[str, int] = {}
    for position, key in enumerate(keys):
        first = seen.setdefault(repr(sorted(key.items())), position)
        if first != position:
            raise InputError(
                f"entries {first} and {position} of the batch have the same key; a batch takes "
                "each key once (keys fold the case of letters unless told otherwise)",
                operation=operation,
                entity=entity.spec.entity,
            )
