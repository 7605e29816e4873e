"""The least permissions that a program needs on a table, as statements of an IAM policy.

`permissions` returns them without account and Region: a resource is a path such as
`table/tasks/index/gsi1`, and each format puts its own account and Region in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from leyden._attrs import evolve, field, frozen
from leyden._text import listed, quoted
from leyden.errors import InvalidOptionError
from leyden.provision.tenants import Leading, TenantKeys, tenant_keys
from leyden.schema import ServiceSpec

__all__ = ["PURPOSES", "Permissions", "Statement", "permissions"]

_READS: Final = ("BatchGetItem", "GetItem", "Query")
_WRITES: Final = ("BatchWriteItem", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem")
"""The actions of writes. A transaction needs the actions of its parts."""

_ON_TABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "ReadItems": _READS,
    "WriteItems": _WRITES,
    # The memory store has no transaction that only checks an item.
    "WriteMemory": tuple(action for action in _WRITES if action != "ConditionCheckItem"),
    "MigrateItems": (
        *("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem"),
        "UpdateItem",
    ),
    "LookUpItems": ("BatchGetItem", "GetItem"),
    "ScanTable": ("Scan",),
    "DescribeTable": ("DescribeTable",),
    "DescribeTimeToLive": ("DescribeTimeToLive",),
    "DescribeBackups": ("DescribeContinuousBackups",),
    "ListTags": ("ListTagsOfResource",),
    "ManageTable": ("CreateTable", "DescribeTable", "UpdateTable"),
    "CompareTable": ("DescribeTable", "DescribeTimeToLive"),
    "ManageTimeToLive": ("DescribeTimeToLive", "UpdateTimeToLive"),
    "ManageBackups": ("DescribeContinuousBackups", "UpdateContinuousBackups"),
    "ManageTags": ("ListTagsOfResource", "TagResource"),
    # AWS copies the items to a new replica with the permissions of whoever adds it.
    "AddReplicas": (
        *("BatchWriteItem", "CreateTableReplica", "DeleteItem", "GetItem", "PutItem", "Query"),
        *("Scan", "UpdateItem"),
    ),
    "AddVectorIndexes": ("UpdateTable",),
}
"""The statements about the table itself, by id, with the actions that they allow."""

PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "application": ("ReadItems", "WriteItems", "ScanTable", "QueryIndexes", "SearchVectors"),
    "memory": (
        *("ReadItems", "WriteMemory", "ScanTable", "QueryIndexes", "CompareTable"),
        *("SearchVectors", "AddVectorIndexes"),
    ),
    "migrate": ("MigrateItems", "ScanTable", "DescribeTable"),
    "doctor": (
        *("LookUpItems", "ScanTable", "DescribeTable", "DescribeTimeToLive", "DescribeBackups"),
        "ListTags",
    ),
    "table": ("ManageTable", "ManageTimeToLive", "ManageBackups", "ManageTags", "AddReplicas"),
}
"""The purposes of a program, with the statements each needs if the table has such things."""

_OF_KEYS: Final = (
    *("CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"),
    *("GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"),
)
"""What DynamoDB does with a customer's own key, with the permissions of the table's user."""

_VARIABLE: Final = re.compile(r"\$\{([^${}]+)\}")
_TAG: Final = "aws:PrincipalTag/"
_KEYS: Final = "dynamodb:LeadingKeys"
_BEYOND: Final = (
    f"{_KEYS} does not apply to SearchVectors, and the partition of a vector index is not a "
    "boundary, so whoever may search an index may search the vectors of all tenants in it"
)


@frozen
class Statement:
    """One statement, which allows `actions` on `resources`.

    `resources` are paths behind the `service`, or whole ARNs. `condition` is in the policy's own
    form.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] = field(factory=dict)
    service: str = "dynamodb"


@frozen
class Permissions:
    """The statements, the Regions of the table's replicas, and notes for people.

    `tenant` is the session tag that names the tenant. It is None if the policy is not for a tenant,
    or if the tenant's name comes from elsewhere.
    """

    statements: tuple[Statement, ...]
    regions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tenant: str | None = None


def permissions(
    service: ServiceSpec,
    table_name: str,
    *,
    purpose: str = "application",
    read_only: bool = False,
    scan: bool = True,
    tenant: str | None = None,
    tenant_value: str | None = None,
    searches: bool = False,
) -> Permissions:
    """Return the least permissions that a service's operations need on its table and indexes.

    `purpose` says what the program does. `application` allows everything that chains, batches,
    transactions and searches send; `read_only` leaves out all writes, and `scan=False` reading
    whole tables. `memory` is for DynamoDBStore and Memory, including `init()`. `migrate` and
    `doctor` are for the commands with these names, and `table` is for creating, comparing and
    changing the table.

    `tenant` is an attribute of every entity. The policy then allows only keys that begin with the
    caller's own tenant, which is the session tag with the attribute's name. `tenant_value` replaces
    the tag with another IAM variable, or with one name. Such a policy allows no scan, and searches
    only with `searches`, because DynamoDB cannot confine them to a tenant.

    Raises InvalidOptionError for options that do not fit, and for schemas that cannot keep tenants
    apart, with every reason.

    >>> [one.sid for one in permissions(app.spec, "tasks").statements]     # doctest: +SKIP
    ['ReadItems', 'WriteItems', 'ScanTable', 'QueryIndexes']
    """
    known = listed(PURPOSES, "or")
    for fits, said in (
        (purpose in PURPOSES, f"purpose is one of {known}, not {quoted(purpose)}"),
        (
            tenant is not None or (tenant_value is None and not searches),
            "tenant_value and searches need a tenant",
        ),
        (
            purpose == "application" or (tenant is None and not read_only),
            f"read_only and tenant are for an application, and the policy is for {quoted(purpose)}",
        ),
    ):
        if not fits:
            raise InvalidOptionError(said)
    table = f"table/{table_name}"
    entities = service.entities.values()
    patterns = [one.index for entity in entities for one in entity.indexes.values()]
    found = [one.index for entity in entities for one in entity.searches.values()]
    indexes = tuple(f"{table}/index/{one}" for one in dict.fromkeys(patterns) if one is not None)
    vectors = tuple(f"{table}/index/{one}" for one in dict.fromkeys(found))
    statements: dict[str, tuple[Statement, ...]] = {
        sid: (Statement(sid, does, (table,)),) for sid, does in _ON_TABLE.items()
    }
    statements["QueryIndexes"] = (Statement("QueryIndexes", ("Query",), indexes),)
    # When a search is refused, the library checks whether its index exists and is ready.
    statements["SearchVectors"] = (
        Statement("SearchVectors", ("SearchVectors",), vectors),
        Statement("DescribeVectorIndexes", ("DescribeTable",), (table,)),
    )
    settings = service.table.settings
    needless = {
        "WriteItems": read_only,
        "ScanTable": not scan,
        "QueryIndexes": not indexes,
        "SearchVectors": not vectors,
        "AddVectorIndexes": not vectors,
        **dict.fromkeys(("ManageTimeToLive", "DescribeTimeToLive"), service.table.ttl is None),
        **dict.fromkeys(
            ("ManageBackups", "DescribeBackups"), settings.point_in_time_recovery is None
        ),
        **dict.fromkeys(("ManageTags", "ListTags"), not settings.tags),
        "AddReplicas": not settings.replicas,
    }
    key = _key_use(settings.kms_key)
    if tenant is None:
        wanted = [sid for sid in PURPOSES[purpose] if not needless.get(sid)]
        chosen = [one for sid in wanted for one in statements[sid]]
        return Permissions((*chosen, *key), settings.replicas)
    return _for_tenant(
        service,
        tenant,
        f"${{{_TAG}{tenant}}}" if tenant_value is None else tenant_value,
        table,
        Permissions(key, settings.replicas),
        statements["SearchVectors"] if vectors else (),
        writes=not read_only,
        searches=searches,
    )


def _for_tenant(
    service: ServiceSpec,
    tenant: str,
    given: str,
    table: str,
    beside: Permissions,
    found_by: tuple[Statement, ...],
    *,
    writes: bool,
    searches: bool,
) -> Permissions:
    """Return the permissions for one tenant, together with those in `beside`.
    `given` is the tenant's name, or a variable for it; `found_by` is what searches need.
    """
    keys = tenant_keys(service, tenant, writes=writes)
    confined = _of_tenant(table, keys, given, (*_READS, *_WRITES) if writes else _READS)
    if searches:
        confined += found_by
    variable = _VARIABLE.fullmatch(given)
    tag = "" if variable is None else variable[1]
    return evolve(
        beside,
        statements=(*confined, *beside.statements),
        notes=tuple(_notes(keys, bool(found_by), searches, is_named=variable is None)),
        tenant=tag.removeprefix(_TAG) if tag.startswith(_TAG) else None,
    )


def _notes(keys: TenantKeys, has_vectors: bool, searches: bool, *, is_named: bool) -> Iterator[str]:
    """Yield notes about a tenant's policy; `is_named` means that it is for one name only."""
    for reason in keys.left_out:
        yield f"left out, {reason}"
    if has_vectors and searches:
        yield f"searches reach the vectors of all tenants: {_BEYOND}"
    elif has_vectors:
        yield f"left out, all searches: {_BEYOND}; --searches allows them nevertheless"
    yield "left out, scans: they read what all tenants have"
    if not is_named:
        shown = dict.fromkeys([*keys.excluded, "*", "?"])
        characters = " ".join("space" if char.isspace() else char for char in shown)
        yield f"no name of a tenant holds one of these: {characters}"


def _key_use(key: str | None) -> tuple[Statement, ...]:
    """Return the permission to use a customer's key through DynamoDB, if the table has one."""
    if key is None:
        return ()
    through: dict[str, Any] = {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com*"}}
    statement = Statement("UseKey", _OF_KEYS, (f"key/{key}",), through, "kms")
    if key.startswith("arn:"):
        return (evolve(statement, resources=(key,)),)
    if key.startswith("alias/"):
        # A policy cannot name a key's alias as its resource.
        condition = {**through, "ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
        return (evolve(statement, resources=("key/*",), condition=condition),)
    return (statement,)


def _of_tenant(
    table: str, keys: TenantKeys, given: str, actions: tuple[str, ...]
) -> tuple[Statement, ...]:
    """Return the statements for a tenant's keys; `given` is its name, or a variable for it.

    Raises InvalidOptionError if `given` is neither.
    """
    variable = _VARIABLE.fullmatch(given)
    if variable is not None:
        name, key = given, variable[1]
        # IAM inserts the name into the patterns unescaped, where `*` would match any text.
        kept_out = dict.fromkeys(f"*{_literal(char)}*" for char in (*keys.excluded, "*", "?"))
        caller = {"StringLike": {key: "?*"}, "StringNotLike": {key: list(kept_out)}}
    elif not given or "${" in given or any(char in given for char in keys.excluded):
        without = listed([*keys.excluded, "${"], "or")
        raise InvalidOptionError(
            f"tenant_value is one variable such as ${{{_TAG}tenant}}, or text without {without}"
        )
    else:
        name, caller = _literal(given), {}

    def confined(some: Iterable[Leading]) -> dict[str, Any]:
        ends = [f"{_literal(one.after)}{'*' if one.goes_on else ''}" for one in some]
        starts = [_literal(one.before) for one in some]
        like = [f"{start}{name}{end}" for start, end in zip(starts, ends, strict=True)]
        # The condition also holds if there are no keys at all, so `Null` requires some.
        return {"ForAllValues:StringLike": {_KEYS: like}, "Null": {_KEYS: "false"}, **caller}

    alike: dict[tuple[Leading, ...], list[str]] = {}
    for index, leading in keys.indexes.items():
        alike.setdefault(leading, []).append(f"{table}/index/{index}")
    return (
        Statement("ItemsOfTenant", actions, (table,), confined(keys.table)),
        *(
            Statement(
                f"IndexesOfTenant{number if len(alike) > 1 else ''}",
                ("Query",),
                tuple(places),
                confined(leading),
            )
            for number, (leading, places) in enumerate(alike.items(), 1)
        ),
    )


def _literal(text: str) -> str:
    """Escape a text so that it matches only itself in an IAM pattern."""
    return re.sub(r"[*?]|\$(?=\{)|\$\Z", lambda found: f"${{{found[0]}}}", text)
