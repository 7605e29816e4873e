"""Programs that add indexes to an existing table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from leyden._attrs import evolve, frozen
from leyden.errors import AwsError, InvalidOptionError, TableError, TableNotFoundError
from leyden.mapping.table import Params, TableDefinition
from leyden.operations.options import is_time
from leyden.program import Program, Request
from leyden.tables.comparing import (
    compare_keys,
    compare_vectors,
    indexes_in,
    is_built,
    is_going,
)
from leyden.tables.differences import Description
from leyden.tables.settings import is_provisioned
from leyden.tables.waiting import Waits, describe, is_ready, refuse, without_vectors

TIME_LIMIT: Final = 3600.0
"""Seconds to wait until all new indexes are ready, because backfilling a large table takes long."""

_BUSY: Final = frozenset({"LimitExceededException", "ResourceInUseException"})
"""The errors of DynamoDB while the table builds another index."""

NOTHING_TO_UPDATE: Final = "nothing to update"
"""The message of DynamoDB Local for a request without any part that it knows."""

SEEN_WITHIN: Final = 10.0
"""Seconds after which DescribeTable must show an index that was requested."""


@frozen
class IndexProgress:
    """The progress of one index.

    `state` is `waiting` (for another index of the table), `creating`, `backfilling` or `ready`.
    `waited` is the number of seconds since the call began.
    """

    index: str
    state: str
    waited: float


@frozen
class AddedIndexes:
    """The result of `add_indexes`. `added` is empty if the table had all indexes already."""

    table: str
    added: tuple[str, ...]


Progress = Callable[[IndexProgress], object]


def add_indexes(
    definition: TableDefinition,
    table_name: str,
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Program[AddedIndexes]:
    """Add the global and vector indexes that a table lacks, and wait until each is ready.

    DynamoDB builds one index at a time and backfills it from those of the table's items that have
    its key. Existing indexes stay as they are, and the program waits for indexes that are still
    being built, so you can run it again. `progress` gets an IndexProgress after each look at the
    table. On a table with provisioned capacity, a new global index gets the capacity that
    table.yaml declares, or else that of the table.

    Raises TableNotFoundError; TableMismatchError, before it adds anything, if the table has another
    key or a different index of the same name, or lacks a local index, which only a new table can
    have; TableError if the table lacks a vector index and is provisioned, if the engine has no
    vector indexes, or if the indexes are not ready within `time_limit` seconds, an hour by default.
    DynamoDB then goes on building them, and another call waits again. Raises InvalidOptionError
    before it sends anything.
    """
    return _added(definition, table_name, "add_indexes", time_limit, progress)


def add_vector_indexes(
    definition: TableDefinition,
    table_name: str,
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Program[AddedIndexes]:
    """Add the vector indexes that a table lacks, as `add_indexes` does, and no other indexes.

    It does not compare the table's key and its other indexes.
    """
    alone = evolve(definition, indexes={})
    return _added(alone, table_name, "add_vector_indexes", time_limit, progress)


def _added(
    definition: TableDefinition,
    table_name: str,
    operation: str,
    time_limit: float | None,
    progress: Progress | None,
) -> Program[AddedIndexes]:
    for name, wanted, fits in (
        ("time_limit", "a number of seconds", time_limit is None or is_time(time_limit)),
        ("progress", "a function of an IndexProgress", progress is None or callable(progress)),
    ):
        if not fits:
            raise InvalidOptionError(f'the option "{name}" takes {wanted}', operation=operation)
    description = yield from describe(table_name, operation)
    if description is None:
        raise TableNotFoundError(f'the table "{table_name}" does not exist', operation=operation)
    # A service that adds vector indexes only may not know the rest of the table.
    unlike = compare_keys(definition, description, adding=True) if definition.indexes else ()
    vectors = compare_vectors(definition, description, adding=True)
    refuse(table_name, (*unlike, *vectors), operation)
    waits = Waits(TIME_LIMIT if time_limit is None else time_limit)
    building = _Building(definition, table_name, operation, waits, progress)
    added = []
    wanted_ones = [one.name for one in definition.indexes.values() if one.kind == "gsi"]
    for name in (*wanted_ones, *definition.vectors):
        description = yield from building.wait_until_gone(name, description)
        index = indexes_in(description).get(name)
        if index is None and (yield from building.add(name, description)):
            added.append(name)
        if index is None or not is_built(index):
            description = yield from building.wait_for(name)
    # Meanwhile another process may have added a different index of the same name.
    unlike = compare_keys(definition, description, adding=True) if definition.indexes else ()
    refuse(table_name, (*unlike, *compare_vectors(definition, description, adding=True)), operation)
    return AddedIndexes(table_name, tuple(added))


class _Building:
    """Adds indexes and waits for them, within one time limit."""

    def __init__(
        self,
        definition: TableDefinition,
        table_name: str,
        operation: str,
        waits: Waits,
        progress: Progress | None,
    ) -> None:
        self.definition = definition
        self.table_name = table_name
        self.operation = operation
        self.waits = waits
        self.progress = progress

    def what(self, name: str) -> str:
        """Return the index's name for messages."""
        return f'the {"vector " if name in self.definition.vectors else ""}index "{name}"'

    def wait_until_gone(self, name: str, description: Description) -> Program[Description]:
        """Wait until an index of this name is no longer being deleted; return the description."""
        while is_going(indexes_in(description).get(name, {})):
            if self.waits.are_over:
                raise TableError(
                    f'{self.what(name)} of the table "{self.table_name}" is still being deleted '
                    f"after {self.waits.waited:.0f} seconds; call again to add it when it is gone",
                    operation=self.operation,
                )
            yield from self.pause(name, "waiting")
            description = yield from self.described()
        return description

    def described(self) -> Program[Description]:
        """Describe the table now. Raises TableNotFoundError if it was deleted."""
        description = yield from describe(self.table_name, self.operation)
        if description is None:
            raise TableNotFoundError(
                f'the table "{self.table_name}" no longer exists', operation=self.operation
            )
        return description

    def add(self, name: str, description: Description) -> Program[bool]:
        """Request an index, as soon as the table builds no other one.

        Return False if another process requested it meanwhile.
        """
        params = self.params(name, description)
        while True:
            try:
                yield Request("UpdateTable", params, self.operation)
            except AwsError as error:
                refused = error.aws_code == "ValidationException"
                if refused and NOTHING_TO_UPDATE in error.message.lower():
                    said = f"the engine did not read {self.what(name)}: {error.message}"
                    raise without_vectors(said, self.operation) from error
                # The index may exist already: another process, or an attempt that got no answer.
                if name in indexes_in((yield from self.described())):
                    return False
                if error.aws_code not in _BUSY or self.waits.are_over:
                    raise
            else:
                return True
            yield from self.pause(name, "waiting")

    def params(self, name: str, description: Description) -> Params:
        """Return the parameters that add an index to this table."""
        if name in self.definition.vectors:
            if is_provisioned(description):
                raise TableError(
                    f'the vector index "{name}" cannot be added: the table "{self.table_name}" is '
                    "provisioned, and DynamoDB supports vector indexes only on tables that are "
                    "billed on demand; switch it to PAY_PER_REQUEST first",
                    operation=self.operation,
                )
            return self.definition.add_vector_index_params(self.table_name, name)
        throughput = None
        if is_provisioned(description):
            declared = self.definition.settings.provisioned
            own = description["ProvisionedThroughput"]
            throughput = (
                (own["ReadCapacityUnits"], own["WriteCapacityUnits"])
                if declared is None
                else (declared.read.units, declared.write.units)
            )
        params = self.definition.add_index_params(self.table_name, name, throughput=throughput)
        # DynamoDB needs the fields of the new key only; moto forgets all fields that are not
        # repeated.
        held = {
            entry["AttributeName"]
            for keyed in (description, *indexes_in(description).values())
            for entry in keyed.get("KeySchema", ())
        }
        new = [entry["AttributeName"] for entry in params["AttributeDefinitions"]]
        known = [
            entry
            for entry in description["AttributeDefinitions"]
            if entry["AttributeName"] in held and entry["AttributeName"] not in new
        ]
        return {**params, "AttributeDefinitions": [*known, *params["AttributeDefinitions"]]}

    def wait_for(self, name: str) -> Program[Description]:
        """Wait until an index is ready; return the table's description."""
        asked = self.waits.waited
        while True:
            description = yield from describe(self.table_name, self.operation)
            index = indexes_in(description or {}).get(name)
            if description is not None and index is not None:
                if is_built(index) and is_ready(description):
                    self.tell(name, "ready")
                    return description
                state = "backfilling" if index.get("Backfilling") else "creating"
            elif self.waits.waited - asked >= SEEN_WITHIN and name in self.definition.vectors:
                said = f"the engine accepted {self.what(name)}, but did not make it"
                raise without_vectors(said, self.operation)
            else:
                state = "creating"
            if self.waits.are_over:
                raise TableError(
                    f'{self.what(name)} of the table "{self.table_name}" is not ready '
                    f"after {self.waits.waited:.0f} seconds ({state}); the table goes on building "
                    "it, so call again to go on waiting",
                    operation=self.operation,
                )
            yield from self.pause(name, state)

    def pause(self, name: str, state: str) -> Program[None]:
        """Report the progress of an index, and wait a moment."""
        self.tell(name, state)
        yield self.waits.next()

    def tell(self, name: str, state: str) -> None:
        """Report the progress of an index."""
        if self.progress is not None:
            self.progress(IndexProgress(name, state, self.waits.waited))
