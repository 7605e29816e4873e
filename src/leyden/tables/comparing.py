"""Compares a table with what the schemas need, and says the differences in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from leyden.mapping.table import IndexDefinition, Params, TableDefinition, VectorIndexDefinition
from leyden.tables.differences import Description, Difference
from leyden.tables.settings import compare_settings, table_option, ttl_option

_NEW_TABLE: Final = (
    "DynamoDB sets this when a table is created, and never after: make a new table, and copy the "
    "items with `leyden export` and `leyden import`"
)
_LOCAL: Final = "DynamoDB makes a local index with its table only"
_ADD_INDEX: Final = "`leyden table FOLDER --add-indexes`"
_AS_IT_IS: Final = (
    "DynamoDB cannot change an index: give the one in the schemas another name and add it as well, "
    "or delete the old one and add it again"
)
_NEW_INDEX: Final = (
    "DynamoDB cannot change an index: give the one in the schemas another name, add it with "
    "`leyden table FOLDER --add-indexes`, and delete the old one when no code reads it any more"
)


def compare_table(
    definition: TableDefinition,
    description: Description,
    time_to_live: Description | None = None,
    *,
    backups: Description | None = None,
    tags: Mapping[str, str] | None = None,
) -> tuple[Difference, ...]:
    """Say in words what a table lacks of the definition; the result is empty if it fits.

    `description` is DescribeTable's `Table`, `time_to_live` is DescribeTimeToLive's
    `TimeToLiveDescription`, `backups` is DescribeContinuousBackups'
    `ContinuousBackupsDescription`, and `tags` are the table's tags by name. What is None is not
    compared. A table may have more than the definition: other indexes, larger projections, a local
    index instead of a global one, and settings that table.yaml does not declare.
    """
    differences = [*compare_keys(definition, description)]
    differences += compare_vectors(definition, description)
    if definition.ttl and time_to_live is not None:
        differences += compare_ttl(definition.ttl, time_to_live, table_option(description))
    differences += compare_settings(definition.settings, description, backups, tags)
    return tuple(differences)


def compare_keys(
    definition: TableDefinition, description: Description, *, adding: bool = False
) -> Iterable[Difference]:
    """Say in words what the table's own key and its indexes lack of the definition.

    With `adding`, a missing global index is not a difference, as long as the fields of its key have
    the same types in the table.
    """
    types = _types_in(description)
    own, found = definition.key_schema, description["KeySchema"]
    for said in _compare_keys("the table's own key", own, found, definition, types):
        yield Difference(said, "table.key", "", _NEW_TABLE)
    existing = {
        index["IndexName"]: (kind, index)
        for kind, listed in (("gsi", "GlobalSecondaryIndexes"), ("lsi", "LocalSecondaryIndexes"))
        for index in description.get(listed) or ()
        if not is_going(index)
    }
    for wanted in definition.indexes.values():
        what = f'the index "{wanted.name}"'
        if wanted.name in existing:
            kind, index = existing[wanted.name]
            yield from _compare_index(wanted, kind, index, definition, types)
            if not (adding or is_built(index)):
                yield Difference(
                    f"{what} is not ready yet ({_state(index)}); until it is, queries miss items",
                    "index.not_ready",
                    wanted.name,
                    "wait: `leyden table FOLDER --add-indexes` waits until it is",
                )
        elif adding and wanted.kind == "gsi":
            key = wanted.key_schema
            for said in _compare_keys(what, key, key, definition, types):
                yield Difference(said, "index.key", wanted.name, _NEW_INDEX)
        else:
            adds = "" if wanted.kind == "lsi" else "; app.add_indexes() adds it"
            yield Difference(
                f"{what} ({_shown(wanted.key_schema)}) is missing{adds}",
                "index.missing",
                wanted.name,
                _NEW_TABLE if wanted.kind == "lsi" else _ADD_INDEX,
            )


def _compare_index(
    wanted: IndexDefinition,
    kind: str,
    found: Mapping[str, Any],
    definition: TableDefinition,
    types: Mapping[str, str],
) -> Iterable[Difference]:
    """Say in words what an index of the table lacks; `kind` is the one that the table has."""
    what = f'the index "{wanted.name}"'
    anew = _NEW_TABLE if kind == "lsi" else _NEW_INDEX
    advice = _LOCAL if kind == "lsi" else _AS_IT_IS
    for said in _compare_keys(what, wanted.key_schema, found["KeySchema"], definition, types):
        yield Difference(f"{said} ({advice})", "index.key", wanted.name, anew)
    if wanted.kind == "lsi" and kind == "gsi":
        yield Difference(
            f"{what} is global, and the schemas need it local (say `kind: gsi` in "
            "table.yaml if global is meant)",
            "index.kind",
            wanted.name,
            f"write `kind: gsi` for it in table.yaml; if it must be local, {_NEW_TABLE}",
        )
    for said in _compare_projection(what, wanted.projection, found.get("Projection", {})):
        yield Difference(f"{said} ({advice})", "index.projection", wanted.name, anew)


def indexes_in(description: Description) -> dict[str, Mapping[str, Any]]:
    """Return all indexes in DescribeTable's answer by name."""
    lists = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes")
    return {index["IndexName"]: index for name in lists for index in description.get(name) or ()}


def vectors_in(description: Description) -> dict[str, Mapping[str, Any]]:
    """Return the vector indexes in DescribeTable's answer by name."""
    return {index["IndexName"]: index for index in description.get("VectorIndexes") or ()}


def is_going(index: Mapping[str, Any]) -> bool:
    """Return whether an index is being deleted, so that it no longer counts."""
    return index.get("IndexStatus") == "DELETING"


def _state(index: Mapping[str, Any]) -> str:
    filling = ", backfilling" if index.get("Backfilling") else ""
    return f"{index.get('IndexStatus', 'unknown')}{filling}"


def is_built(index: Mapping[str, Any]) -> bool:
    """Return whether an index is complete: neither being created nor backfilled."""
    ready = index.get("IndexStatus", "ACTIVE") in {"ACTIVE", "UPDATING"}
    return ready and not index.get("Backfilling", False)


def compare_vectors(
    definition: TableDefinition, description: Description, *, adding: bool = False
) -> Iterable[Difference]:
    """Say in words what the vector indexes of a table lack of the definition.

    With `adding`, indexes that are missing or not ready are not a difference.
    """
    existing = vectors_in(description)
    types = _types_in(description)
    for wanted in definition.vectors.values():
        index, what = existing.get(wanted.name), f'the vector index "{wanted.name}"'
        if index is None or is_going(index):
            if not adding:
                yield Difference(
                    f"{what} is missing; app.add_vector_indexes() adds it, if the engine has "
                    "vector indexes (DynamoDB Local and plain moto have none)",
                    "vector.missing",
                    wanted.name,
                    _ADD_INDEX,
                )
            continue
        unlike = [*_compare_vector(wanted, index)]
        if unlike:
            yield Difference(
                f"{what} {', '.join(unlike)} (DynamoDB cannot change a vector index: delete it "
                "and add it again, or give the one in the schemas another name)",
                "vector.differs",
                wanted.name,
                _NEW_INDEX,
            )
        for name in wanted.read:
            need, has = definition.types[name], types.get(name)
            if has is not None and need != has:
                yield Difference(
                    f'{what}: the field "{name}" is of type {has}, and the schemas need {need}',
                    "vector.differs",
                    wanted.name,
                    _NEW_INDEX,
                )
        if not (adding or is_built(index)):
            yield Difference(
                f"{what} is not ready yet ({_state(index)}); until it is, searches miss items",
                "vector.not_ready",
                wanted.name,
                "wait: `leyden table FOLDER --add-indexes` waits until it is",
            )


def _compare_vector(wanted: VectorIndexDefinition, found: Mapping[str, Any]) -> Iterable[str]:
    # DescribeTable may leave out some of these.
    made: Params = {
        "VectorAttribute": {"AttributeName": None},
        "Dimensions": None,
        "DistanceFunction": None,
        "Projection": {},
        **found,
    }
    need = wanted.params
    facts = (
        ("is over the field", made["VectorAttribute"]["AttributeName"], wanted.field),
        ("has dimensions", made["Dimensions"], wanted.dimensions),
        ("compares by", made["DistanceFunction"], need["DistanceFunction"]),
        ("is partitioned by", *(_fields(one, "HASH") or ["none"] for one in (made, need))),
    )
    for said, has, needs in facts:
        if has != needs:
            has, needs = (one[0] if isinstance(one, list) else one for one in (has, needs))
            yield f"{said} {has}, and the schemas need {needs}"
    filters = _fields(made, "INLINE_FILTER")
    lacking = [name for name in wanted.filters if name not in filters]
    if lacking:
        yield f"has no filter on {', '.join(lacking)}"
    carried = {*filters, *_fields(made, "HASH"), wanted.field}
    yield from _compare_projection("", wanted.projection, made["Projection"], carried)


def _fields(index: Mapping[str, Any], role: str) -> list[str]:
    return [
        element["AttributeName"]
        for element in index.get("SearchSchema") or ()
        if element["SearchSchemaElementType"] == role
    ]


def _types_in(description: Description) -> dict[str, str]:
    """Return the types of fields in DescribeTable's answer."""
    return {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in description.get("AttributeDefinitions", ())
    }


def _compare_keys(
    what: str,
    wanted: list[dict[str, str]],
    found: list[dict[str, str]],
    definition: TableDefinition,
    types: Mapping[str, str],
) -> Iterable[str]:
    if _shown(wanted) != _shown(found):
        yield f"{what} is {_shown(found)}, and the schemas need {_shown(wanted)}"
        return
    for entry in wanted:
        name = entry["AttributeName"]
        need, has = definition.types[name], types.get(name)
        if has is not None and need != has:
            yield f'{what}: the field "{name}" is of type {has}, and the schemas need {need}'


def _compare_projection(
    what: str,
    wanted: str | tuple[str, ...],
    found: Mapping[str, Any],
    carried: Iterable[str] = (),
) -> Iterable[str]:
    """Say in words what a projection lacks; `carried` are fields that the index has anyway."""
    kind = found.get("ProjectionType", "ALL")
    if kind == "ALL" or wanted == "keys_only":
        return
    if wanted == "all":
        yield f"{what} projects {kind}, and the schemas need ALL".lstrip()
        return
    held = {*carried, *(found.get("NonKeyAttributes") or ())}
    lacking = [name for name in wanted if name not in held]
    if lacking:
        yield f"{what} does not project the fields {', '.join(lacking)}".lstrip()


def compare_ttl(wanted: str, found: Mapping[str, Any], table: str) -> Iterable[Difference]:
    """Say in words how the table's time to live differs from one on the field `wanted`.

    `table` is the option that names the table in commands.
    """
    update = f"aws dynamodb update-time-to-live {table}"
    status = found.get("TimeToLiveStatus", "DISABLED")
    if status not in {"ENABLED", "ENABLING"}:
        yield Difference(
            f'time to live is off, and the schemas need it on the field "{wanted}" (turning it on '
            "lets DynamoDB delete items that have expired)",
            "ttl.off",
            wanted,
            f"`{update} {ttl_option(wanted)}`",
        )
    elif found.get("AttributeName") != wanted:
        yield Difference(
            f'time to live reads the field "{found.get("AttributeName")}", and the schemas need '
            f'"{wanted}"',
            "ttl.field",
            wanted,
            "turn it off and, an hour later at the soonest, on again with the other field: "
            f"`{update} {ttl_option(str(found.get('AttributeName')), is_on=False)}`",
        )


def _shown(key_schema: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(f'"{entry["AttributeName"]}" {entry["KeyType"]}' for entry in key_schema)
