"""One form for requests that say the same: what the vectors hold and tests compare.

Placeholders are replaced, AND and OR flattened and sorted, an update expression becomes a map
of its clauses, items and keys become plain JSON. See `expressions` for the trees.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from attrs import field, frozen

from tests.vectors.expressions import (
    conjuncts,
    join,
    read_condition,
    read_projection,
    read_update,
    sort_key,
)

SET: Final = "$set"
"""The one key of an object that stands for a set, where sets are kept apart from lists."""

CONDITIONS: Final = ("ConditionExpression", "FilterExpression", "KeyConditionExpression")
SETTINGS: Final = frozenset(
    {
        "TableName",
        "IndexName",
        "Limit",
        "ScanIndexForward",
        "ConsistentRead",
        "ReturnValues",
        "ReturnConsumedCapacity",
        "ReturnValuesOnConditionCheckFailure",
        "Select",
        "ClientRequestToken",
        "Segment",
        "TotalSegments",
    }
)
ITEMS: Final = frozenset({"Key", "Item", "ExclusiveStartKey"})


def canonical(request: Any, *, typed: bool = True, keep_sets: bool = False) -> Any:
    """The canonical form of a low-level request, or of each in a list of them.

    `typed` says whether values are AttributeValues (`{"S": "a"}`), as in requests of the
    low-level client, or plain JSON, as ElectroDB hands them to the DocumentClient. Sets come
    as sorted lists, or with `keep_sets` as `{"$set": [...]}`, which tells them from lists.

    Raises ValueError for a parameter or an expression that is not known, and for placeholders
    that nothing uses: DynamoDB refuses those.
    """
    if isinstance(request, list):
        return [canonical(part, typed=typed, keep_sets=keep_sets) for part in request]
    return _Canon(typed, keep_sets).request(request)


@frozen
class _Canon:
    typed: bool
    keep_sets: bool

    def request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = request.get("ExpressionAttributeNames") or {}
        raw_values = request.get("ExpressionAttributeValues") or {}
        values = {name: self.value(value) for name, value in raw_values.items()}
        form: dict[str, Any] = {}
        texts: list[str] = []
        for name, value in request.items():
            if name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
                continue
            if name in CONDITIONS:
                form[name] = read_condition(value, names, values)
                texts.append(value)
            elif name == "UpdateExpression":
                form[name] = read_update(value, names, values)
                texts.append(value)
            elif name == "ProjectionExpression":
                form[name] = self.projection(read_projection(value, names))
                texts.append(value)
            elif name in ITEMS:
                form[name] = self.item(value)
            elif name == "RequestItems":
                form[name] = {table: self.batch(part) for table, part in value.items()}
            elif name == "TransactItems":
                form[name] = [
                    {kind: self.request(part) for kind, part in action.items()} for action in value
                ]
            elif name in SETTINGS:
                form[name] = value
            else:
                raise ValueError(f"the request has a parameter that is not known: {name}")
        if self.typed:
            _refuse_unused([*names, *raw_values], texts)
        return form

    def projection(self, paths: list[str]) -> list[str]:
        """Sorted. ElectroDB may name a path twice, which DynamoDB refuses: ours must not."""
        unique = sorted(set(paths))
        if self.typed and len(unique) != len(paths):
            raise ValueError(f"a projection names a path twice: {', '.join(sorted(paths))}")
        return unique

    def batch(self, part: Any) -> Any:
        if isinstance(part, list):
            return [
                {
                    kind: {what: self.item(item) for what, item in action.items()}
                    for kind, action in entry.items()
                }
                for entry in part
            ]
        rest = {name: value for name, value in part.items() if name != "Keys"}
        return {"Keys": [self.item(key) for key in part["Keys"]], **self.request(rest)}

    def item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.value(value) for name, value in item.items()}

    def value(self, value: Any) -> Any:
        return self._typed(value) if self.typed else self._plain(value)

    def _typed(self, value: Mapping[str, Any]) -> Any:
        if len(value) != 1:
            raise ValueError(f"not an AttributeValue: an object of {len(value)} keys")
        ((kind, content),) = value.items()
        match kind:
            case "S" | "BOOL":
                return content
            case "NULL":
                return None
            case "N":
                return _number(content)
            case "B":
                return base64.b64encode(content).decode()
            case "L":
                return [self._typed(element) for element in content]
            case "M":
                return {name: self._typed(element) for name, element in content.items()}
            case "SS":
                return self._set(content)
            case "NS":
                return self._set([_number(element) for element in content])
            case "BS":
                return self._set([base64.b64encode(element).decode() for element in content])
        raise ValueError(f"not an AttributeValue: {kind}")

    def _plain(self, value: Any) -> Any:
        if isinstance(value, float):
            return int(value) if value.is_integer() else value
        if isinstance(value, list):
            return [self._plain(element) for element in value]
        if isinstance(value, dict):
            if set(value) == {SET}:
                return self._set([self._plain(element) for element in value[SET]])
            return {name: self._plain(element) for name, element in value.items()}
        return value

    def _set(self, members: list[Any]) -> Any:
        ordered = sorted(members, key=sort_key)
        return {SET: ordered} if self.keep_sets else ordered


def _number(text: str) -> int | float:
    if not isinstance(text, str):
        raise TypeError("a number in a request is text")
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return int(number) if number.is_integer() else number


def _refuse_unused(placeholders: Collection[str], texts: Collection[str]) -> None:
    used = set()
    for text in texts:
        for symbol in "(),.[]=<>+-":
            text = text.replace(symbol, " ")
        used.update(text.split())
    unused = [name for name in placeholders if name not in used]
    if unused:
        raise ValueError(f"placeholders that no expression uses: {', '.join(unused)}")


def as_text(form: Any) -> str:
    """A canonical form as indented JSON: comparing texts tells 1 from true, and shows well."""
    return json.dumps(form, sort_keys=True, ensure_ascii=False, indent=1)


@frozen
class Guard:
    """What a write's collision guard may say on top of the request that ElectroDB builds.

    `key_fields` are the fields of the table's own key, `values` the stored values of the
    composite attributes which make it, by field, and `index_fields` the key fields of its indexes.
    """

    key_fields: frozenset[str] = field(converter=frozenset)
    values: Mapping[str, Any]
    index_fields: frozenset[str] = field(default=frozenset(), converter=frozenset)

    def allows(self, conjunct: list[Any]) -> bool:
        """Whether the conjunct is `attribute_not_exists(key) OR (a = :a AND ...)`, or a part."""
        if conjunct[0] != "or":
            return self._compares(conjunct)
        absent = [part for part in conjunct[1:] if part[0] == "attribute_not_exists"]
        others = [part for part in conjunct[1:] if part[0] != "attribute_not_exists"]
        known = self.key_fields | set(self.values)
        return (
            all(part[1].get("path") in known for part in absent)
            and len(absent) >= 1
            and len(others) <= 1
            and all(self._compares(conjunct) for part in others for conjunct in conjuncts(part))
        )

    def _compares(self, node: list[Any]) -> bool:
        if node[0] == "or":
            return self.allows(node)
        if node[0] != "=" or set(node[1]) != {"path"} or set(node[2]) != {"value"}:
            return False
        name = node[1]["path"]
        return name in self.values and as_text(self.values[name]) == as_text(node[2]["value"])


def identity(model: Mapping[str, Any]) -> dict[str, str]:
    """The fields that say whose an item is, as an ElectroDB model fills them."""
    named = model.get("model", {})
    fields = {"entity": "__edb_e__", "version": "__edb_v__", **model.get("identifiers", {})}
    return {field: named.get(part, "") for part, field in fields.items()}


def without_guards(
    request: Mapping[str, Any],
    expected: Mapping[str, Any],
    guard: Guard,
    *,
    in_filter: bool = False,
) -> dict[str, Any]:
    """The request without the conjuncts that the guard allows on top of the expected ones.

    Only conjuncts that `expected` lacks are looked at, so a condition which the caller asked for
    is never taken for a guard. `in_filter` looks at the filter expression too.
    """
    stripped = dict(request)
    for name in ("ConditionExpression", *(("FilterExpression",) if in_filter else ())):
        if name not in request:
            continue
        wanted = {as_text(part) for part in conjuncts(expected.get(name))}
        kept = [
            part
            for part in conjuncts(request[name])
            if as_text(part) in wanted or not guard.allows(part)
        ]
        if kept:
            stripped[name] = join("and", kept)
        else:
            del stripped[name]
    if "UpdateExpression" in request and "UpdateExpression" in expected:
        stripped["UpdateExpression"] = _without_further_keys(
            request["UpdateExpression"], expected["UpdateExpression"], guard.index_fields
        )
    return stripped


def _without_further_keys(
    clauses: Mapping[str, Any], expected: Mapping[str, Any], index_fields: Collection[str]
) -> dict[str, Any]:
    """The update without index keys that ElectroDB leaves alone, or removes, or sets blindly.

    So that a query finds the item, Leyden keeps both halves of an index key once all attributes of
    the partition key are there; and where nothing of a half is known it sets that half only
    where the item has none.
    """
    stripped = {name: dict(parts) for name, parts in clauses.items()}
    sets, removes = stripped.get("SET", {}), stripped.setdefault("REMOVE", {})
    wanted, gone = expected.get("SET", {}), expected.get("REMOVE", {})
    for name in [name for name in sets if name in index_fields]:
        begun = isinstance(sets[name], list) and sets[name][0] == "if_not_exists"
        if name in gone:
            removes[name] = gone[name]
            del sets[name]
        elif name not in wanted:
            del sets[name]
        elif begun and as_text(sets[name][2]) == as_text(wanted[name]):
            sets[name] = wanted[name]
    return {name: parts for name, parts in stripped.items() if parts}


def index_fields(model: Mapping[str, Any]) -> set[str]:
    """The key fields of the indexes of an ElectroDB model."""
    indexes = [index for index in model["indexes"].values() if "index" in index]
    return {
        index[half]["field"]
        for index in indexes
        for half in ("pk", "sk")
        if half in index and "field" in index[half]
    }
