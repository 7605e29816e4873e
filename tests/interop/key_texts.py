"""Attributes that are stored with the text of their key around them, in comparisons.

ElectroDB stores and reads such attributes as Leyden does, but looks for them in conditions as if
every comparison were one for equality. Its upsert puts the text around what has it already, and
its update leaves it out where the attribute is in the item's own key too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.vectors.canonical import CONDITIONS
from tests.vectors.expressions import sort_key

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")


def framed_fields(model: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The fields of attributes with text around them, each with that text."""
    found = {}
    for index in model["indexes"].values():
        for half in ("pk", "sk"):
            key = index.get(half, {})
            template = key.get("template")
            if template and len(key["composite"]) == 1:
                name = key["composite"][0]
                field = model["attributes"][name].get("field", name)
                before, _, after = _PLACEHOLDER.split(template)
                if field == key["field"] and (before or after):
                    found[field] = (before, after)
    return found


def without_key_texts(request: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request, with what it says about these fields outside of keys taken out."""
    bare = dict(request)
    for name in CONDITIONS:
        if name in bare and name != "KeyConditionExpression":
            bare[name] = _masked(bare[name], fields)
            if bare[name] == ["about", "keys"]:
                del bare[name]
    if "UpdateExpression" in bare:
        clauses = bare["UpdateExpression"]
        sets = {path: _inner(path, v, fields) for path, v in clauses.get("SET", {}).items()}
        bare["UpdateExpression"] = {**clauses, "SET": sets}
    return bare


def _inner(path: str, value: Any, fields: Mapping[str, tuple[str, str]]) -> Any:
    """A value that is assigned, without the text around it, however often it is there."""
    if path not in fields or not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return value
    text = value["value"]
    before, after = (part.lower() for part in fields[path])
    while before and text.lower().startswith(before):
        text = text[len(before) :]
    while after and text.lower().endswith(after):
        text = text[: len(text) - len(after)]
    return {"value": text}


def _masked(node: Any, fields: Mapping[str, Any]) -> Any:
    operator, *operands = node
    if operator in ("and", "or"):
        parts = [_masked(operand, fields) for operand in operands]
        unique = [part for i, part in enumerate(parts) if part not in parts[:i]]
        if operator == "and" and len(unique) > 1:
            unique = [part for part in unique if part != ["about", "keys"]]
        # What stood in place of a mark had its own rank among the operands.
        return [operator, *sorted(unique, key=sort_key)] if len(unique) > 1 else unique[0]
    if operator == "not":
        inner = _masked(operands[0], fields)
        return inner if inner == ["about", "keys"] else ["not", inner]
    return ["about", "keys"] if _paths(node) & fields.keys() else node


def _paths(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {node["path"]} if isinstance(node.get("path"), str) else set()
    return set().union(*map(_paths, node)) if isinstance(node, list) else set()


def asks_about(op: Mapping[str, Any], model: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether the operation's condition is on one of these fields."""
    names = {name for name, a in model["attributes"].items() if a.get("field", name) in fields}
    return bool(names & _roots(op.get("where", [])))


def _roots(condition: list[Any]) -> set[str]:
    if not condition:
        return set()
    if condition[0] in ("and", "or", "not"):
        return set().union(*map(_roots, condition[1:]))
    path = condition[1]
    return {re.split(r"[.\[]", path)[0]}
