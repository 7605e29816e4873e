"""Compare the table itself with the schemas, as far as the credentials allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from leyden._attrs import define, field
from leyden.doctor.findings import Findings, Problem
from leyden.errors import AwsError, LeydenError, UnsupportedError
from leyden.mapping.table import TableDefinition
from leyden.program import Program, Request, Response
from leyden.tables.comparing import compare_table, indexes_in
from leyden.tables.describing import describe_backups, describe_tags, describe_ttl

T = TypeVar("T")

OPERATION: Final = "doctor"

OK: Final = "ok"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"

_REFUSALS: Final = frozenset({"AccessDenied", "AccessDeniedException"})
"""The error codes of DynamoDB for credentials without a permission."""

_ACTION: Final = re.compile(r"not authorized to perform: ([a-z-]+:[A-Za-z]+)")
"""The missing action in DynamoDB's words; it may be one on the table's KMS key."""


@define
class Calls:
    """The outcomes of calls, by API. A refused call is a finding, and the check-up continues."""

    findings: Findings
    table: str
    outcomes: dict[str, str] = field(factory=dict)

    def are_refused(self, *apis: str) -> bool:
        """Return whether one of these calls was refused or is not supported."""
        return any(self.outcomes.get(api, OK) != OK for api in apis)

    def attempt(self, program: Program[T], without: str, api: str = "") -> Program[T | None]:
        """Return the result of a program; None if one of its calls is refused or not supported.

        `without` says what is then not checked, and `api` names the call. Raises all other errors.
        """
        try:
            given = yield from program
        except LeydenError as error:
            if not self.note(error, without):
                raise
            return None
        if api:
            self.outcomes.setdefault(api, OK)
        return given

    def note(self, error: LeydenError, without: str) -> bool:
        """Record a call that was refused or is not supported; return False for any other error."""
        asked = getattr(error, "request", None)
        cause: LeydenError | None = error
        while asked is None and isinstance(cause, LeydenError):
            # An incomplete batch has the reason as its cause.
            cause = cause.__cause__ if isinstance(cause.__cause__, LeydenError) else None
            asked = getattr(cause, "request", None)
        api = asked.api if isinstance(asked, Request) else "the call"
        if isinstance(cause, UnsupportedError):
            self.outcomes[api] = UNKNOWN
            self.findings.add(Problem("call.unknown", "", f"the engine does not support {api}"))
            return True
        if isinstance(cause, AwsError) and cause.aws_code in _REFUSALS:
            if self.outcomes.get(api) != REFUSED:
                self.outcomes[api] = REFUSED
                said = f"these credentials may not call {api}; without it, {without}"
                said_so = _ACTION.search(cause.message)
                # IAM allows the gets of a transaction by GetItem.
                own = f"dynamodb:{'GetItem' if api == 'TransactGetItems' else api}"
                action = said_so[1] if said_so is not None else own
                what = "table" if action.startswith("dynamodb:") else "key that encrypts the table"
                remedy = f"allow {action} on the {what} in their policy"
                self.findings.add(Problem("call.refused", "", said), remedy=remedy)
            return True
        return False


def request(asked: Request) -> Program[Response]:
    """Return one request as a program."""
    response: Response = yield asked
    return response


def look_at_table(definition: TableDefinition, calls: Calls) -> Program[Mapping[str, Any] | None]:
    """Compare the table with the definition; return what DescribeTable reports, or None.

    Raises TableNotFoundError.
    """
    findings = calls.findings
    table = calls.table
    described = Request("DescribeTable", {"TableName": table}, OPERATION)
    answer = yield from calls.attempt(
        request(described), "its keys, indexes and sizes were not compared", "DescribeTable"
    )
    if answer is None:
        return None
    description: Mapping[str, Any] = answer["Table"]
    time_to_live = backups = tags = None
    if definition.ttl is not None:
        asking = describe_ttl(table, OPERATION)
        without = "its time to live was not compared"
        time_to_live = yield from calls.attempt(asking, without, "DescribeTimeToLive")
    if definition.settings.point_in_time_recovery is not None:
        asked = describe_backups(table, OPERATION)
        without = "its point-in-time recovery was not compared"
        backups = yield from calls.attempt(asked, without, "DescribeContinuousBackups")
    if definition.settings.tags and "TableArn" in description:
        looked = describe_tags(description["TableArn"], OPERATION)
        without = "its tags were not compared"
        tags = yield from calls.attempt(looked, without, "ListTagsOfResource")
    for one in compare_table(definition, description, time_to_live, backups=backups, tags=tags):
        findings.add(Problem(one.code, one.subject, str(one)), remedy=one.remedy)
    for problem in states_of(definition, description):
        findings.add(problem)
    return description


def states_of(definition: TableDefinition, description: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is not ready yet, and indexes that no access pattern uses."""
    status = description.get("TableStatus", "ACTIVE")
    if status not in {"ACTIVE", "UPDATING"}:
        yield Problem("table.not_ready", "", f"the table is {status}")
    for name in indexes_in(description):
        if name not in definition.indexes and name not in definition.vectors:
            said = f'no access pattern of the schemas uses the index "{name}"'
            yield Problem("index.unused", name, said)
