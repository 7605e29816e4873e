"""Comparing what both sides say to one operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import frozen

from leyden.errors import AmbiguousKeyError, LeydenError, MissingCompositeError
from tests.interop.key_texts import asks_about, framed_fields, without_key_texts
from tests.interop.leyden_side import Words
from tests.interop.operations import composites
from tests.interop.oracle import Oracle, Refusal
from tests.vectors.canonical import (
    Guard,
    as_text,
    canonical,
    identity,
    index_fields,
    without_guards,
)
from tests.vectors.expressions import conjuncts

ANOTHER_QUESTION: Final = "a condition that the text around a key would make another one"

# ElectroDB asks for all composites of a sparse index before it asks the condition.
NO_COMPOSITES: Final = "a sparse index whose condition says no needs no composites"


@frozen
class Verdict:
    """How both sides compare: `same`, `both refuse`, `guard: ...`, or `differ`."""

    kind: str
    detail: str = ""


def _key_fields(model: Mapping[str, Any]) -> list[str]:
    primary = next(index for index in model["indexes"].values() if "index" not in index)
    return [primary[half]["field"] for half in ("pk", "sk") if half in primary]


def _stored(model: Mapping[str, Any], values: Mapping[str, Any], names: Iterable[str]) -> Any:
    attributes = model["attributes"]
    return {
        attributes[name].get("field", name): _as_json(values[name])
        for name in names
        if name in values
    }


def _as_json(value: Any) -> Any:
    """A value as canonical forms have it: a whole number is an int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def guard_of(model: Mapping[str, Any], op: Mapping[str, Any]) -> Guard:
    """What the collision guard of a write may compare: the composites of the item's own key."""
    primary = next(index for index in model["indexes"].values() if "index" not in index)
    given = {**op.get("key", {}), **op.get("item", {})}
    values = _stored(model, given, composites(primary))
    return Guard(_key_fields(model), {**values, **identity(model)}, index_fields(model))


def lawful_refusal(error: LeydenError, model: Mapping[str, Any] | None, theirs: Any) -> str | None:
    """Why Leyden may refuse what ElectroDB builds `theirs` for; None where it may not."""
    if isinstance(error, AmbiguousKeyError):
        return error.code
    if isinstance(theirs, list):
        repeated = model is not None and _repeats_a_key(model, theirs)
        return "a key twice in a batch" if repeated else None
    removed = theirs.get("UpdateExpression", {}).get("REMOVE", {})
    if isinstance(error, MissingCompositeError) and model and index_fields(model) & removed.keys():
        return "half of an index key would be left"
    if isinstance(error, MissingCompositeError) and "create a new item" in error.message:
        # ElectroDB leaves the new item out of an index whose condition says that it is in.
        sparse = (
            name
            for name, one in (model or {"indexes": {}})["indexes"].items()
            if "condition" in one
        )
        if any(f'access pattern "{name}"' in error.message for name in sparse):
            return "a new item would be missing from a sparse index"
    for node in conjuncts(theirs.get("KeyConditionExpression")):
        if node[0] == "between" and _order(node[2]) > _order(node[3]):
            return "a range that ends before it starts"
    return None


def _order(operand: dict[str, Any]) -> Any:
    value = operand["value"]
    return value.encode() if isinstance(value, str) else value


def _repeats_a_key(model: Mapping[str, Any], batch: list[Any]) -> bool:
    """DynamoDB refuses a batch that names a key twice."""
    keys: list[str] = []
    for request in batch:
        for part in request["RequestItems"].values():
            for entry in part["Keys"] if isinstance(part, dict) else part:
                put = entry.get("PutRequest", {}).get("Item")
                item = put or entry.get("DeleteRequest", {}).get("Key") or entry
                keys.append(as_text({name: item[name] for name in _key_fields(model)}))
    return len(set(keys)) < len(keys)


def fault_of_theirs(model: Mapping[str, Any], theirs: Any) -> str | None:
    """Why no server takes the request that ElectroDB built; None where one does.

    Its update drops a key that is the number 0, and sets what it removes where a hook watches all;
    its queries filter on fields of the key.
    """
    if isinstance(theirs, dict) and "KeyConditionExpression" in theirs:
        asked = [
            entry
            for entry in model["indexes"].values()
            if entry.get("index") == theirs.get("IndexName")
        ]
        keys = _paths(theirs["KeyConditionExpression"]).union(*map(_fields_of, asked))
        if keys & _paths(theirs.get("FilterExpression")):
            return "a filter on a field of the key"
    if (
        isinstance(theirs, dict)
        and "Key" in theirs
        and set(theirs["Key"]) != set(_key_fields(model))
    ):
        return "half of the key is missing"
    clauses = theirs.get("UpdateExpression", {}) if isinstance(theirs, dict) else {}
    if clauses.get("SET", {}).keys() & clauses.get("REMOVE", {}).keys():
        return "a field that is set and removed"
    return None


def _paths(node: Any) -> set[str]:
    """The paths that stand anywhere in a condition."""
    if isinstance(node, dict):
        return {node["path"]} if isinstance(node.get("path"), str) else set()
    if isinstance(node, list):
        return set().union(*map(_paths, node))
    return set()


def compare(
    oracle: Oracle, words: Words, models: Mapping[str, Any], table: str, op: dict[str, Any]
) -> Verdict:
    """Ask both sides."""
    answer = oracle.ask(models, table, op)
    model = models[op["entity"]] if "entity" in op else None
    refused = isinstance(answer, Refusal)
    theirs = None if refused else canonical(answer, typed=False, keep_sets=True)
    try:
        built = words.params(op)
    except LeydenError as error:
        if refused:
            return Verdict("both refuse", f"{answer.code} {error.code}")
        reason = lawful_refusal(error, model, theirs)
        if reason is not None:
            return Verdict(f"guard: {reason}")
        if model is not None and asks_about(op, model, framed_fields(model)):
            return Verdict(f"guard: {ANOTHER_QUESTION}")
        fault = fault_of_theirs(model, theirs) if model is not None else None
        if fault is not None:
            return Verdict(f"theirs is no request: {fault}")
        return Verdict("differ", f"ours refuses: {error!r}\ntheirs:\n{as_text(theirs)}")
    try:
        ours = canonical(built, keep_sets=True)
    except ValueError as error:
        return Verdict("differ", f"ours is no request that a server takes: {error}")
    if refused and answer.code == 2012:
        return Verdict(f"guard: {NO_COMPOSITES}")
    if refused:
        return Verdict(
            "differ", f"theirs refuses: {answer.code} {answer.message}\nours:\n{as_text(ours)}"
        )
    return compare_requests(model, op, ours, theirs)


def compare_requests(
    model: Mapping[str, Any] | None, op: Mapping[str, Any], ours: Any, theirs: Any
) -> Verdict:
    """Two requests in canonical form."""
    if isinstance(theirs, dict) and theirs.get("ReturnValues") == "NONE":
        # That is what DynamoDB does unasked.
        theirs = {name: value for name, value in theirs.items() if name != "ReturnValues"}
    if as_text(ours) == as_text(theirs):
        return Verdict("same")
    if model is not None and isinstance(ours, dict):
        return _without_what_is_lawful(model, op, ours, theirs)
    return _differ(ours, theirs)


def _same_but_for_key_texts(ours: Any, theirs: Any, fields: Mapping[str, tuple[str, str]]) -> bool:
    mine, other = without_key_texts(ours, fields), without_key_texts(theirs, fields)
    return as_text(mine).lower() == as_text(other).lower()


def _indexes_without_partition(model: Mapping[str, Any], op: Mapping[str, Any]) -> set[str]:
    """The key fields of the indexes of whose partition key an upsert gives nothing."""
    if op.get("verb") != "upsert":
        return set()
    return {
        field
        for entry in model["indexes"].values()
        if "index" in entry and not set(entry["pk"]["composite"]) & op["item"].keys()
        for field in _fields_of(entry)
    }


def _without_sets(request: Mapping[str, Any], fields: set[str]) -> dict[str, Any]:
    clauses = request["UpdateExpression"]
    kept = {name: value for name, value in clauses.get("SET", {}).items() if name not in fields}
    return {**request, "UpdateExpression": {**clauses, "SET": kept}}


def _may_lack_items(model: Mapping[str, Any], index: str | None) -> bool:
    """Whether an index has a condition, or a key that an absent attribute leaves without a value.

    That is an attribute's own field, and a number.
    """
    always = {
        model["attributes"][name].get("field", name)
        for entry in model["indexes"].values()
        if "index" not in entry
        for name in composites(entry)
    }
    optional = {given.get("field", name) for name, given in model["attributes"].items()} - always
    return any(
        "condition" in entry
        or optional & _fields_of(entry)
        or any(
            entry[half].get("cast") == "number"
            and optional
            & {model["attributes"][n].get("field", n) for n in entry[half]["composite"]}
            for half in ("pk", "sk")
            if half in entry
        )
        for entry in model["indexes"].values()
        if entry.get("index") == index
    )


def _fields_of(entry: Mapping[str, Any]) -> set[str]:
    return {entry[half]["field"] for half in ("pk", "sk") if "field" in entry.get(half, {})}


def _has_key_attributes(model: Mapping[str, Any]) -> bool:
    """Whether an attribute is itself a key; ElectroDB folds it when put, not when looked for."""
    fields = {given.get("field", name) for name, given in model["attributes"].items()}
    return any(
        index[half].get("field") in fields
        for index in model["indexes"].values()
        for half in ("pk", "sk")
        if half in index
    )


def _closes_a_beginning(
    model: Mapping[str, Any], op: Mapping[str, Any], ours: Any, theirs: Any
) -> bool:
    """Whether ElectroDB ends a clustered `begins` in the entity's name, and so finds nothing."""
    if op["verb"] != "query" or op.get("range", [None])[0] != "begins":
        return False
    if model["indexes"][op["pattern"]].get("type") != "clustered":
        return False
    named = f"{model['model']['entity']}_{model['model']['version']}".lower()
    for mine, other in zip(
        conjuncts(ours["KeyConditionExpression"]),
        conjuncts(theirs["KeyConditionExpression"]),
        strict=True,
    ):
        if mine == other:
            continue
        ours_begins, theirs_begins = mine[2]["value"], other[2]["value"]
        if not theirs_begins.startswith(ours_begins):
            return False
        if theirs_begins[len(ours_begins) + 1 :].lower() != named:
            return False
    return as_text({**ours, "KeyConditionExpression": 0}) == as_text(
        {**theirs, "KeyConditionExpression": 0}
    )


def _differ(ours: Any, theirs: Any) -> Verdict:
    return Verdict("differ", f"ours:\n{as_text(ours)}\ntheirs:\n{as_text(theirs)}")


def _without_case(request: Any) -> str:
    # By way of upper case, in which ß is SS.
    return as_text(request).upper().casefold()


def _without_what_is_lawful(
    model: Mapping[str, Any], op: Mapping[str, Any], ours: Any, theirs: Any
) -> Verdict:
    ours = without_guards(ours, theirs, guard_of(model, op))
    if as_text(ours) == as_text(theirs):
        return Verdict("same")
    fault = fault_of_theirs(model, theirs)
    if fault is not None:
        return Verdict(f"theirs is no request: {fault}")
    if _has_key_attributes(model) and _without_case(ours) == _without_case(theirs):
        return Verdict("guard: an attribute that is a key is looked for in the key's casing")
    left_alone = _indexes_without_partition(model, op)
    if left_alone and as_text(ours) == as_text(_without_sets(theirs, left_alone)):
        return Verdict("guard: an upsert leaves alone an index of whose partition nothing is given")
    fields = framed_fields(model)
    if fields and _same_but_for_key_texts(ours, theirs, fields):
        return Verdict("guard: an attribute is looked for as it is stored, with its key's text")
    if fields and "UpdateExpression" in theirs:
        # Its updates make other keys of the text that has its key's around it already.
        others = index_fields(model) - fields.keys()
        mine, other = _without_sets(ours, others), _without_sets(theirs, others)
        if _same_but_for_key_texts(mine, other, fields):
            return Verdict("guard: an index key of a value, not of its text in another key")
    if op["verb"] in ("match", "find") and _may_lack_items(model, theirs.get("IndexName")):
        return Verdict("guard: no index that items may be missing from")
    if _closes_a_beginning(model, op, ours, theirs):
        return Verdict("guard: a beginning that ElectroDB closes with the entity's name")
    if op["verb"] == "find":
        # What stands behind a gap in a sort key is no key material: ElectroDB ignores it.
        given = Guard([], _stored(model, op["values"], op["values"]))
        if as_text(without_guards(ours, theirs, given, in_filter=True)) == as_text(theirs):
            return Verdict("guard: a filter for what follows a gap")
    return _differ(ours, theirs)
