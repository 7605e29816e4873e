"""Our side of a comparison: ElectroDB models and neutral operations in Leyden's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.condition import size as size_of

ATTRIBUTE_OPTIONS = {
    "readOnly": "read_only",
    "required": "required",
    "hidden": "hidden",
    "default": "default",
    "field": "field",
    "label": "label",
    "padding": "padding",
    "watch": "watch",
}


def tell(value: Any, values: Mapping[str, Any]) -> str:
    """A hook that tells what it was called with, as the one of the oracle does."""
    told = ",".join(f"{name}={_told(values[name])}" for name in sorted(values))
    return f"{_told(value)}<{told}>"


def _told(value: Any) -> str:
    return "undefined" if value is None else str(value)


def to_service(models: Mapping[str, Any]) -> dict[str, Any]:
    """ElectroDB models of one service, by alias, as the dict form of a schema folder."""
    indexes = {
        index["index"]: {"kind": "lsi" if _shares_the_table_key(index, model) else "gsi"}
        for model in models.values()
        for index in model["indexes"].values()
        if "index" in index
    }
    service: dict[str, Any] = {
        "entities": [to_leyden(alias, model) for alias, model in models.items()]
    }
    if indexes:
        service["table"] = {"indexes": indexes}
    return service


def _shares_the_table_key(index: Mapping[str, Any], model: Mapping[str, Any]) -> bool:
    primary = next(index for index in model["indexes"].values() if "index" not in index)
    same: bool = index["pk"].get("field") == primary["pk"]["field"]
    return same


def to_leyden(alias: str, model: Mapping[str, Any]) -> dict[str, Any]:
    """An ElectroDB model as a Leyden entity, in the dict form of a schema file."""
    return {
        "entity": model["model"]["entity"],
        "alias": alias,
        "version": model["model"]["version"],
        "service": model["model"]["service"],
        **({"identifiers": model["identifiers"]} if "identifiers" in model else {}),
        "attributes": {
            name: _attribute(attribute) for name, attribute in model["attributes"].items()
        },
        "indexes": {name: _index(index) for name, index in model["indexes"].items()},
    }


def _attribute(attribute: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": attribute["type"]}
    for theirs, ours in ATTRIBUTE_OPTIONS.items():
        if theirs in attribute:
            spec[ours] = attribute[theirs]
    if attribute.get("set") == "tell":
        spec["set"] = {"call": "tell", "always": True}
    if attribute.get("get") == "tell":
        spec["get"] = {"call": "tell"}
    items = attribute.get("items")
    if items is not None:
        spec["items"] = items if isinstance(items, str) else _attribute(items)
    if "properties" in attribute:
        spec["properties"] = {
            name: _attribute(inner) for name, inner in attribute["properties"].items()
        }
    return spec


def _index(index: Mapping[str, Any]) -> dict[str, Any]:
    spec = {name: index[name] for name in ("index", "collection", "type", "scope") if name in index}
    if "condition" in index:
        spec["when"] = jmespath_text(index["condition"]["when"])
    for half in ("pk", "sk"):
        if half in index:
            spec[half] = dict(index[half])
    return spec


def jmespath_text(condition: list[Any]) -> str:
    """The JMESPath that says what the JSON condition of an index says."""
    operator, *operands = condition
    if operator in ("and", "or"):
        word = {"and": " && ", "or": " || "}[operator]
        return word.join(f"({jmespath_text(operand)})" for operand in operands)
    sign = {"eq": "==", "ne": "!=", "gt": ">", "lt": "<"}[operator]
    name, value = operands
    return f"{name} {sign} {_jmespath_literal(value)}"


def _jmespath_literal(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return f"`{'true' if value is True else 'false' if value is False else value}`"


class Words:
    """Turns the operations on one model into call chains on the loaded entity."""

    def __init__(self, app: Any, models: Mapping[str, Any]) -> None:
        self.app = app
        self.models = models

    def params(self, op: Mapping[str, Any]) -> Any:
        """The request, or the list of them, that Leyden builds for `op`."""
        options = dict(op.get("options", {}))
        if "range" in op:
            # ElectroDB compares keys, unless it is told otherwise.
            options.setdefault("compare", "keys")
        return self.chain(op).params(**options)

    def chain(self, op: Mapping[str, Any]) -> Any:
        """The call chain for `op`, without its ending."""
        if "collection" in op:
            start = getattr(self.app.collections, op["collection"])(**op["pk"])
            return self._ranged(start, op)
        entity = getattr(self.app.entities, op["entity"])
        typed = _Values(self.models[op["entity"]]["attributes"])
        verb = op.get("batch") or op["verb"]
        if "batch" in op:
            given = op["items"] if verb == "put" else op["keys"]
            return getattr(entity, verb)([typed.all(one) for one in given])
        match verb:
            case "put" | "create" | "upsert":
                chain = getattr(entity, verb)(**typed.all(op["item"]))
            case "get" | "delete" | "remove" | "check":
                chain = getattr(entity, verb)(**op["key"])
            case "update" | "patch":
                chain = self._updated(getattr(entity, verb)(**op["key"]), entity, typed, op)
            case "query":
                chain = self._ranged(getattr(entity.query, op["pattern"])(**op["pk"]), op)
            case "match" | "find":
                chain = getattr(entity, verb)(**typed.all(op["values"]))
            case "scan":
                chain = entity.scan
            case _:
                raise ValueError(f"unknown operation: {verb}")
        if "where" in op:
            chain = chain.where(_condition(op["where"], entity.attr))
        return chain

    def _ranged(self, chain: Any, op: Mapping[str, Any]) -> Any:
        if "range" not in op:
            return chain
        operator, *operands = op["range"]
        if operator == "between":
            return chain.between(*operands)
        return getattr(chain, operator)(**operands[0])

    def _updated(self, chain: Any, entity: Any, typed: _Values, op: Mapping[str, Any]) -> Any:
        for step in ("set", "add", "subtract", "append", "delete"):
            if step in op:
                chain = getattr(chain, step)(typed.all(op[step]))
        if "composite" in op:
            chain = chain.composite(**op["composite"])
        if "remove" in op:
            chain = chain.remove(*op["remove"])
        if "ifNotExists" in op:
            chain = chain.if_not_exists(typed.all(op["ifNotExists"]))
        return chain


class _Values:
    """Plain JSON values as Python ones: the lists of set attributes become sets."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self.attributes = attributes

    def all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {path: self.one(path, value) for path, value in values.items()}

    def one(self, path: str, value: Any) -> Any:
        is_set = self.attributes.get(path, {}).get("type") == "set"
        return set(value) if is_set and isinstance(value, list) else value


def _condition(node: list[Any], attributes: Any) -> Condition:
    operator, *operands = node
    if operator in ("and", "or"):
        conditions = [_condition(operand, attributes) for operand in operands]
        joined = conditions[0]
        for condition in conditions[1:]:
            joined = joined & condition if operator == "and" else joined | condition
        return joined
    if operator == "not":
        return ~_condition(operands[0], attributes)
    path, *values = operands
    attribute = _attribute_at(attributes, path)
    if operator == "size":
        return _compared(values[0], size_of(attribute), values[1])
    match operator:
        case "between":
            return attribute.between(*values)
        case "begins":
            return attribute.startswith(values[0])
        case "contains":
            return attribute.contains(values[0])
        case "notContains":
            return ~attribute.contains(values[0])
        case "exists":
            return attribute.exists()
        case "notExists":
            return attribute.does_not_exist()
    return _compared(operator, attribute, values[0])


def _compared(operator: str, left: Any, right: Any) -> Condition:
    match operator:
        case "eq":
            return left == right
        case "ne":
            return left != right
        case "gt":
            return left > right
        case "gte":
            return left >= right
        case "lt":
            return left < right
        case "lte":
            return left <= right
    raise ValueError(f"unknown condition: {operator}")


def _attribute_at(attributes: Any, path: str) -> Any:
    root, *rest = re.findall(r"[^.\[\]]+", path)
    attribute = getattr(attributes, root)
    for part in rest:
        attribute = attribute[int(part) if part.isdigit() else part]
    return attribute
