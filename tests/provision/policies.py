"""A small evaluator of IAM policies, and what DynamoDB asks it about each request.

It knows what identity policies of one statement kind need: allowed actions, resources with
wildcards, variables, and the condition operators that Leyden writes. Whatever else a policy holds
is an error here, so that no condition is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


class Access(NamedTuple):
    """One thing that a request must be allowed: an action on a resource, with its leading keys."""

    action: str
    resource: str
    keys: tuple[str, ...] | None = None


def accesses(api: str, params: Mapping[str, Any], hashes: Mapping[str | None, str]) -> set[Access]:
    """All that a request must be allowed. `hashes` are the partition fields by index; None: table.

    A request has no leading keys where it names none, as a scan.
    """
    asked: dict[tuple[str, str], list[str]] = {}
    if api in ("BatchGetItem", "BatchWriteItem"):
        for table, entries in params["RequestItems"].items():
            found = entries["Keys"] if api == "BatchGetItem" else [*map(_written, entries)]
            key = (api, f"table/{table}")
            asked.setdefault(key, []).extend(_text(one[hashes[None]]) for one in found)
    elif api in ("TransactWriteItems", "TransactGetItems"):
        for entry in params["TransactItems"]:
            ((kind, body),) = entry.items()
            action = f"{kind}Item"
            item = body["Item"] if kind == "Put" else body["Key"]
            key = (action, f"table/{body['TableName']}")
            asked.setdefault(key, []).append(_text(item[hashes[None]]))
    else:
        index = params.get("IndexName")
        resource = f"table/{params['TableName']}" + (f"/index/{index}" if index else "")
        keys: list[str] | None = None
        if api == "Query":
            keys = [_asked_for(params, hashes[index])] if index in hashes else None
        elif api in ("GetItem", "UpdateItem", "DeleteItem", "PutItem"):
            item = params["Item"] if api == "PutItem" else params["Key"]
            keys = [_text(item[hashes[None]])]
        return {Access(f"dynamodb:{api}", resource, None if keys is None else tuple(keys))}
    return {
        Access(f"dynamodb:{action}", resource, tuple(keys))
        for (action, resource), keys in asked.items()
    }


def _written(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    ((kind, body),) = entry.items()
    found: Mapping[str, Any] = body["Item" if kind == "PutRequest" else "Key"]
    return found


def _text(value: Mapping[str, Any]) -> str:
    (text,) = value.values()
    return str(text)


def _asked_for(params: Mapping[str, Any], field: str) -> str:
    """The partition key of a query."""
    names = params["ExpressionAttributeNames"]
    (name,) = (short for short, full in names.items() if full == field)
    condition = params["KeyConditionExpression"]
    found = re.search(rf"(?<![\w#]){re.escape(name)} = (:\w+)", condition)
    assert found, condition
    return _text(params["ExpressionAttributeValues"][found[1]])


def allows(policy: Mapping[str, Any], access: Access, context: Mapping[str, str]) -> bool:
    """Whether a policy document allows it to a caller with these condition keys."""
    assert policy["Version"] == "2012-10-17"
    return any(_allows(statement, access, context) for statement in policy["Statement"])


def _allows(statement: Mapping[str, Any], access: Access, context: Mapping[str, str]) -> bool:
    assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert statement["Effect"] == "Allow"
    if access.action not in statement["Action"]:
        return False
    if not any(_like(resource, f"*:{access.resource}") for resource in statement["Resource"]):
        return False
    given: dict[str, tuple[str, ...]] = {name: (value,) for name, value in context.items()}
    if access.keys is not None:
        given["dynamodb:LeadingKeys"] = access.keys
    return all(
        _holds(operator, key, values, given)
        for operator, conditions in statement.get("Condition", {}).items()
        for key, values in conditions.items()
    )


def _like(arn: str, wanted: str) -> bool:
    # Leyden's ARNs have wildcards for the Region and the account, and none in their path.
    assert "*" not in arn.split(":", 5)[5]
    return arn.endswith(wanted.removeprefix("*"))


def _holds(
    operator: str, key: str, values: str | list[str], given: Mapping[str, tuple[str, ...]]
) -> bool:
    wanted = [values] if isinstance(values, str) else values
    found = given.get(key)
    if operator == "Null":
        return [str(found is None).lower()] == wanted
    of_all = operator.startswith("ForAllValues:")
    kind = operator.removeprefix("ForAllValues:")
    if of_all and found is None:
        return True
    patterns = [_pattern(one, given) for one in wanted]
    if None in patterns:
        # A variable that the caller does not have: the statement is for nobody.
        return False
    matches = [any(re.fullmatch(p, one, re.DOTALL) for p in patterns if p) for one in found or ()]
    if kind == "StringLike":
        return all(matches) if of_all else any(matches)
    assert kind == "StringNotLike", operator
    return not any(matches)


def _pattern(text: str, given: Mapping[str, tuple[str, ...]]) -> str | None:
    """A pattern of IAM as a regular expression; None where a variable has no value."""
    parts, end = [], 0
    for found in VARIABLE.finditer(text):
        parts.append(_wild(text[end : found.start()]))
        end = found.end()
        if found[1] in ("$", "*", "?"):
            parts.append(re.escape(found[1]))
        elif found[1] not in given:
            return None
        else:
            # To be on the safe side, what stands for wildcards in a value is taken for them.
            parts.append(_wild(given[found[1]][0]))
    return "".join([*parts, _wild(text[end:])])


def _wild(text: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text)


def granted(policy: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Every action on every resource that a policy names."""
    return {
        (action, resource.split(":", 5)[5])
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def asked(found: Iterable[Access]) -> set[tuple[str, str]]:
    """The same of what requests asked for."""
    return {(access.action, access.resource) for access in found}
