"""Checks of the vector indexes in CreateTable and UpdateTable, with DynamoDB's messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

MOST_DIMENSIONS: Final = 4096
_MOST_INDEXES: Final = 5
_MOST_FILTERS: Final = 18
_MOST_PROJECTED: Final = 20
"""The most attributes of an index beside keys: the vector, filters and included attributes."""
_FUNCTIONS: Final = ("COSINE", "DOT_PRODUCT", "EUCLIDEAN")
_PROJECTIONS: Final = ("ALL", "KEYS_ONLY", "INCLUDE")
_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+")
INVALID: Final = "One or more parameter values were invalid: "


class Refused(Exception):  # noqa: N818 (it becomes an answer to a client)
    """A request that DynamoDB refuses, with the message and the name of the error."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


def member_fault(value: Any, member: str, constraint: str) -> Refused:
    """Return DynamoDB's refusal of a value that breaks a constraint of its model."""
    return Refused(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: {constraint}"
    )


def searched(definitions: Iterable[dict[str, Any]]) -> set[str]:
    """Return the attributes in the search schemas of indexes."""
    return {
        element["AttributeName"]
        for definition in definitions
        for element in definition.get("SearchSchema") or ()
    }


def check_names(indexes: Iterable[dict[str, Any]]) -> None:
    """Refuse two indexes with the same name, whatever their kinds are."""
    seen: set[Any] = set()
    for index in indexes:
        name = index.get("IndexName")
        if name in seen:
            raise Refused(f"{INVALID}Duplicate index name: {name}")
        seen.add(name)


def check_index(definition: dict[str, Any], member: str) -> None:
    """Refuse an index that is not valid by itself; `member` is its path in the request."""
    for path, value, constraint in _broken(definition):
        raise member_fault(value, f"{member}.{path}", constraint)


def _broken(definition: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    name = definition.get("IndexName")
    if not isinstance(name, str) or len(name) < 3:
        yield "indexName", name, "Member must have length greater than or equal to 3"
    elif len(name) > 255:
        yield "indexName", name, "Member must have length less than or equal to 255"
    elif not _NAME.fullmatch(name):
        pattern = _NAME.pattern
        yield "indexName", name, f"Member must satisfy regular expression pattern: {pattern}"
    dimensions = definition.get("Dimensions")
    if type(dimensions) is not int or dimensions < 1:
        yield "dimensions", dimensions, "Member must have value greater than or equal to 1"
    function = definition.get("DistanceFunction")
    if function not in _FUNCTIONS:
        yield "distanceFunction", function, _one_of(_FUNCTIONS)
    attribute = (definition.get("VectorAttribute") or {}).get("AttributeName")
    if not attribute or not isinstance(attribute, str):
        least = "Member must have length greater than or equal to 1"
        yield "vectorAttribute.attributeName", attribute, least
    kind = (definition.get("Projection") or {}).get("ProjectionType", "ALL")
    if kind not in _PROJECTIONS:
        yield "projection.projectionType", kind, _one_of(_PROJECTIONS)
    if definition.get("SearchSchema") == []:
        yield "searchSchema", [], "Member must have length greater than or equal to 1"
    for element in definition.get("SearchSchema") or ():
        role = element.get("SearchSchemaElementType")
        if role not in ("HASH", "INLINE_FILTER"):
            yield "searchSchema", role, _one_of(("HASH", "INLINE_FILTER"))


def _one_of(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def check_indexes(
    new: Collection[dict[str, Any]], existing: Collection[Any], billing: str, defined: Iterable[str]
) -> None:
    """Refuse indexes that are valid by themselves but do not fit the table.

    `existing` are VectorIndex objects, and `defined` are the names in AttributeDefinitions.
    """
    if billing != "PAY_PER_REQUEST":
        raise Refused(f"{INVALID}Vector indexes are only supported for PAY_PER_REQUEST tables")
    if len(existing) + len(new) > _MOST_INDEXES:
        raise Refused(f"{INVALID}VectorIndex count exceeds the per-table limit of {_MOST_INDEXES}")
    dimensions = {index.attribute: index.dimensions for index in existing}
    for definition in new:
        if definition["Dimensions"] > MOST_DIMENSIONS:
            raise Refused(
                f"{INVALID}Number of dimensions must be between 1 and {MOST_DIMENSIONS} inclusive."
            )
        if not searched([definition]) <= {*defined}:
            raise Refused(
                f"{INVALID}One element in SearchSchema is not defined in attribute definitions"
            )
        attribute = definition["VectorAttribute"]["AttributeName"]
        if dimensions.setdefault(attribute, definition["Dimensions"]) != definition["Dimensions"]:
            raise Refused(
                f"{INVALID}Conflicting attribute definition for '{attribute}'. All VectorIndexes "
                "on the same vector attribute must use the same dimensions."
            )
        _check_counts(definition)


def _check_counts(definition: dict[str, Any]) -> None:
    """Refuse too many attributes; DynamoDB documents these limits, but the messages are ours."""
    roles = [element["SearchSchemaElementType"] for element in definition.get("SearchSchema") or ()]
    filters = roles.count("INLINE_FILTER")
    if roles.count("HASH") > 1:
        raise Refused(f"{INVALID}SearchSchema must have at most one HASH element")
    if filters > _MOST_FILTERS:
        raise Refused(f"{INVALID}SearchSchema exceeds the limit of {_MOST_FILTERS} INLINE_FILTERs")
    names = [element["AttributeName"] for element in definition.get("SearchSchema") or ()]
    if len({*names}) < len(names):
        raise Refused(f"{INVALID}SearchSchema has an attribute twice")
    projection = definition.get("Projection") or {}
    included = projection.get("NonKeyAttributes") or ()
    if projection.get("ProjectionType") == "INCLUDE":
        if not included:
            raise Refused(
                f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
            )
    elif included:
        raise Refused(
            f"{INVALID}ProjectionType is {projection.get('ProjectionType', 'ALL')}, but "
            "NonKeyAttributes is specified"
        )
    if 1 + filters + len(included) > _MOST_PROJECTED:
        raise Refused(
            f"{INVALID}The vector, the INLINE_FILTERs and NonKeyAttributes exceed the limit of "
            f"{_MOST_PROJECTED} projected attributes"
        )
