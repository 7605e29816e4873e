"""The program that adds vector indexes to a table that exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leyden._attrs import frozen
from leyden.errors import AwsError, InvalidOptionError, TableError, TableNotFoundError
from leyden.mapping.table import TableDefinition
from leyden.operations.options import is_time
from leyden.program import Program, Request
from leyden.tables.comparing import Description, compare_vectors, is_built, vectors_in
from leyden.tables.waiting import Waits, describe, is_ready, refuse, without_vectors

ADD: Final = "add_vector_indexes"

TIME_LIMIT: Final = 3600.0
"""Seconds to wait until all indexes that are added are ready: a large table takes long to fill."""

_BUSY: Final = frozenset({"LimitExceededException", "ResourceInUseException"})
"""What the service says while the table is at another index."""

_IDLE: Final = "nothing to update"
"""What DynamoDB Local says of a request in which it knows nothing."""

SEEN_WITHIN: Final = 10.0
"""Seconds until an index that was asked for must be seen."""


@frozen
class IndexProgress:
    """How far a vector index is: `waiting`, `creating`, `backfilling` or `ready`.

    `waiting` is for another index of the table. `waited` are seconds since the call began.
    """

    index: str
    state: str
    waited: float


@frozen
class AddedIndexes:
    """What `add_vector_indexes` did. `added` is empty where the table had all of them already."""

    table: str
    added: tuple[str, ...]


Progress = Callable[[IndexProgress], object]


def add_vector_indexes(
    definition: TableDefinition,
    table_name: str,
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Program[AddedIndexes]:
    """Add the vector indexes that a table lacks, one after another, each until it is ready.

    DynamoDB builds one index at a time, and fills it with the items that the table has. What is
    there already stays as it is, and one that is still being built is waited for, so the program
    may run again and again. `progress` is called with an IndexProgress after each look at the
    table.

    Raises TableNotFoundError where there is no such table; TableMismatchError, before anything is
    added, where the table has a vector index of that name which differs; TableError where the
    table is provisioned, the engine has no vector indexes, or they are not ready within
    `time_limit` seconds, an hour unless given: they go on being built, and a further call goes on
    waiting. Raises InvalidOptionError before anything is sent.
    """
    for name, wanted, fits in (
        ("time_limit", "a number of seconds", time_limit is None or is_time(time_limit)),
        ("progress", "a function of an IndexProgress", progress is None or callable(progress)),
    ):
        if not fits:
            raise InvalidOptionError(f'the option "{name}" takes {wanted}', operation=ADD)
    description = yield from describe(table_name, ADD)
    if description is None:
        raise TableNotFoundError(f'the table "{table_name}" does not exist', operation=ADD)
    refuse(table_name, compare_vectors(definition, description, adding=True), ADD)
    building = _Building(
        definition, table_name, Waits(TIME_LIMIT if time_limit is None else time_limit), progress
    )
    added = []
    for name in definition.vectors:
        index = vectors_in(description).get(name)
        if index is None:
            _refuse_provisioned(table_name, name, description)
            yield from building.add(name)
            added.append(name)
        if index is None or not is_built(index):
            description = yield from building.wait_for(name)
    return AddedIndexes(table_name, tuple(added))


class _Building:
    """Adds indexes, and waits for them, within one limit of time."""

    def __init__(
        self,
        definition: TableDefinition,
        table_name: str,
        waits: Waits,
        progress: Progress | None,
    ) -> None:
        self.definition = definition
        self.table_name = table_name
        self.waits = waits
        self.progress = progress

    def add(self, name: str) -> Program[None]:
        """Ask for an index, as soon as the table is at no other one."""
        params = self.definition.add_vector_index_params(self.table_name, name)
        while True:
            try:
                yield Request("UpdateTable", params, ADD)
            except AwsError as error:
                if error.aws_code == "ValidationException" and _IDLE in error.message.lower():
                    said = f'the engine did not read the vector index "{name}": {error.message}'
                    raise without_vectors(said, ADD) from error
                if error.aws_code not in _BUSY or self.waits.are_over:
                    raise
            else:
                return
            yield from self.pause(name, "waiting")

    def wait_for(self, name: str) -> Program[Description]:
        """Wait until an index is ready; gives the table's description then."""
        asked = self.waits.waited
        while True:
            description = yield from describe(self.table_name, ADD)
            index = vectors_in(description).get(name) if description is not None else None
            if description is not None and index is not None:
                if is_built(index) and is_ready(description):
                    self.tell(name, "ready")
                    return description
                state = "backfilling" if index.get("Backfilling") else "creating"
            elif self.waits.waited - asked >= SEEN_WITHIN:
                said = f'the engine took the vector index "{name}" without making it'
                raise without_vectors(said, ADD)
            else:
                state = "creating"
            if self.waits.are_over:
                raise TableError(
                    f'the vector index "{name}" of the table "{self.table_name}" is not ready '
                    f"after {self.waits.waited:.0f} seconds ({state}); the table goes on building "
                    "it: call again to go on waiting",
                    operation=ADD,
                )
            yield from self.pause(name, state)

    def pause(self, name: str, state: str) -> Program[None]:
        """Tell how far an index is, and wait a moment."""
        self.tell(name, state)
        yield self.waits.next()

    def tell(self, name: str, state: str) -> None:
        """Tell how far an index is."""
        if self.progress is not None:
            self.progress(IndexProgress(name, state, self.waits.waited))


def _refuse_provisioned(table_name: str, name: str, description: Description) -> None:
    mode = (description.get("BillingModeSummary") or {}).get("BillingMode")
    units = (description.get("ProvisionedThroughput") or {}).get("ReadCapacityUnits", 0)
    if mode == "PROVISIONED" or (mode is None and units):
        raise TableError(
            f'the vector index "{name}" cannot be added: the table "{table_name}" is provisioned, '
            "and DynamoDB has vector indexes on tables that are billed on demand only; switch it "
            "to PAY_PER_REQUEST first",
            operation=ADD,
        )
