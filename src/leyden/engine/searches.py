"""SearchVectors, which moto does not have: its requests are read and answered here."""

from __future__ import annotations

import os
import re
import uuid
from array import array
from collections.abc import Iterable
from decimal import InvalidOperation
from io import BytesIO
from typing import Any, Final

import msgspec

from leyden.engine.corrections import WSGI, Environ, region_of
from leyden.engine.definitions import MOST_DIMENSIONS, Refused, member_fault
from leyden.engine.vectors import VectorIndex, f32, f32_texts, plain, typed

_MOST_FOUND: Final = 100
_MOST_BYTES: Final = 16 * 1024 * 1024
_TABLE_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+")
_CONDITION: Final = "SearchConditionExpression"
_AND: Final = re.compile(r"\s+AND\s+", re.IGNORECASE)
_EQUALITY: Final = re.compile(r"([^\s<>=(]+)\s*=\s*(:\w+)")
_AFTER_NAME: Final = re.compile(r"[\s<>=(]")
_PATH: Final = re.compile(r"#?[\w-]+(\[\d+\])*(\.#?[\w-]+(\[\d+\])*)*")
_STEP: Final = re.compile(r"#?[\w-]+|\[\d+\]")


class Searches:
    """Wraps moto's application and answers SearchVectors.

    moto would read and write each number by the model of the service, which takes longer than the
    search.
    """

    def __init__(self, app: WSGI, account: str) -> None:
        self._app = app
        self._account = account

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request whose body has been read."""
        body = environ["wsgi.input"]
        if (
            environ.get("HTTP_X_AMZ_TARGET", "") != "DynamoDB_20120810.SearchVectors"
            or type(body) is not BytesIO
        ):
            return self._app(environ, start_response)
        status = "200 OK"
        try:
            content = msgspec.json.encode(
                self._answer(environ, body.getvalue()),
                enc_hook=lambda value: {value.type: value.value},
            )
            if len(content) > _MOST_BYTES:
                raise Refused(
                    "The answer exceeds the limit of 16 MB; search for fewer items, or project "
                    "fewer attributes"
                )
        except Refused as refused:
            status = "400 Bad Request"
            kind = f"com.amazonaws.dynamodb.v20120810#{refused.code}"
            content = msgspec.json.encode({"__type": kind, "message": str(refused)})
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(content))),
            ("x-amzn-RequestId", uuid.uuid4().hex),
        ]
        start_response(status, headers)
        return [content]

    def _answer(self, environ: Environ, body: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Refused(str(error), "SerializationException") from error
        _check(request, len(body))
        table = self._table(environ, request["TableName"])
        top_k = request["TopK"]
        if top_k > _MOST_FOUND:
            raise Refused(
                f"Provided TopK value '{top_k}' is out of valid range. The value must be between "
                f"1 and {_MOST_FOUND} inclusive"
            )
        index = _index(table, request.get("IndexName"))
        query = _query(index, request["SearchVector"])
        expressions = _Expressions(request)
        terms = expressions.terms(index)
        paths = expressions.paths()
        expressions.check_all_are_used()
        count, found = index.search(table, query, terms, top_k)
        answer: dict[str, Any] = {
            "SearchResults": [
                {"Item": _shown(index, table, item, paths), "Score": score} for score, item in found
            ]
        }
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            read = float(4 * index.dimensions * (count + 1))
            answer["ConsumedCapacity"] = {"VectorSearchRequestBytes": read}
        return answer

    def _table(self, environ: Environ, name: str) -> Any:
        from moto.dynamodb.exceptions import ResourceNotFoundException
        from moto.dynamodb.models import dynamodb_backends

        # This is how moto itself chooses the account.
        account = os.environ.get("MOTO_ACCOUNT_ID") or self._account
        try:
            return dynamodb_backends[account][region_of(environ)].get_table(name)
        except (KeyError, ResourceNotFoundException):
            raise Refused("Requested resource not found", "ResourceNotFoundException") from None


def _check(request: dict[str, Any], length: int) -> None:
    """Refuse a request that breaks the constraints of the service's model."""
    name, top_k = request.get("TableName"), request.get("TopK")
    if not isinstance(name, str):
        raise Refused(f"missing field `TableName` at line 1 column {length}")
    if not name.startswith("arn:") and not _TABLE_NAME.fullmatch(name):
        pattern = f"Member must satisfy regular expression pattern: {_TABLE_NAME.pattern}"
        raise member_fault(name, "tableName", pattern)
    if type(top_k) is not int or top_k < 1:
        raise member_fault(top_k, "topK", "Member must have value greater than or equal to 1")
    vector = request.get("SearchVector")
    if not isinstance(vector, list) or not vector:
        least = "Member must have length greater than or equal to 1"
        raise member_fault([], "searchVector", least)
    if len(vector) > MOST_DIMENSIONS:
        raise Refused(
            "1 validation error detected: Value at 'searchVector' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MOST_DIMENSIONS}"
        )
    shown = request.get("ReturnConsumedCapacity")
    if shown not in (None, "INDEXES", "TOTAL", "NONE"):
        values = "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
        raise member_fault(shown, "returnConsumedCapacity", values)


def _index(table: Any, name: Any) -> VectorIndex:
    index: VectorIndex | None = next(
        (index for index in table.vector_indexes if index.name == name), None
    )
    phase = "allocating" if index is None else index.phase
    if index is None or phase == "allocating":
        raise Refused(f"The table does not have the specified index: {name}")
    if phase == "backfilling":
        raise Refused(f"Cannot search backfilling vector index: {name}")
    return index


def _query(index: VectorIndex, vector: list[Any]) -> array[float]:
    try:
        query = f32([number["N"] for number in vector])
    except (KeyError, TypeError):
        query = None
    if query is None:
        raise Refused(
            "Search vector contains invalid values. All values in the search vector must be a "
            "32-bit floating-point number attribute"
        )
    if len(query) != index.dimensions:
        raise Refused(
            f"Input search vector dimension {len(query)} does not match vector index dimension "
            f"{index.dimensions}"
        )
    return query


class _Expressions:
    """The expressions of a search, with the names and values that they may use."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._condition: str | None = request.get(_CONDITION)
        self._projection: str | None = request.get("ProjectionExpression")
        self._names: dict[str, str] = request.get("ExpressionAttributeNames") or {}
        self._values: dict[str, Any] = request.get("ExpressionAttributeValues") or {}
        self._used: set[str] = set()

    def terms(self, index: VectorIndex) -> list[tuple[str, Any]]:
        """Return the condition's equalities: attributes of the search schema with their values."""
        terms: list[tuple[str, Any]] = []
        for part in _AND.split(self._condition.strip()) if self._condition else ():
            equality = _EQUALITY.fullmatch(part.strip())
            written = equality[1] if equality else _AFTER_NAME.split(part.strip(), maxsplit=1)[0]
            name = self._names.get(written, written) if written.startswith("#") else written
            if name and name not in index.schema:
                raise Refused(
                    f"{_CONDITION} must not contain any attributes that is not in SearchSchema. "
                    f"Invalid attribute: {name}"
                )
            if not equality:
                raise Refused(f"Invalid {_CONDITION}: Invalid comparator used in {_CONDITION}")
            value = equality[2]
            if value not in self._values:
                raise Refused(
                    f"Invalid {_CONDITION}: An expression attribute value used in expression is "
                    f"not defined; attribute value: {value}"
                )
            self._used |= {written, value}
            terms.append((name, self._plain(value)))
        if index.hash is not None and all(name != index.hash for name, _ in terms):
            raise Refused(f"{_CONDITION} must be provided when SearchSchema has a HASH key")
        return terms

    def _plain(self, name: str) -> Any:
        try:
            return plain(self._values[name])
        except (InvalidOperation, TypeError, ValueError):
            number = typed(self._values[name])[1]
            raise Refused(
                f"The parameter cannot be converted to a numeric value: {number}"
            ) from None

    def paths(self) -> dict[Any, Any] | None:
        """Return the projected paths as a tree, or None if all attributes are projected.

        `a.b, a.c[0]` becomes `{"a": {"b": {}, "c": {0: {}}}}`.
        """
        if self._projection is None:
            return None
        said = "Invalid ProjectionExpression: "
        if not self._projection.strip():
            raise Refused(f"{said}The expression can not be empty;")
        paths: list[list[str | int]] = []
        tree: dict[Any, Any] = {}
        for text in map(str.strip, self._projection.split(",")):
            if not _PATH.fullmatch(text):
                raise Refused(f'{said}Syntax error; token: "{text}", near: "{text}"')
            path = [self._step(step) for step in _STEP.findall(text)]
            for other in paths:
                shared = min(len(path), len(other))
                if path[:shared] == other[:shared]:
                    one, two = (", ".join(map(str, steps)) for steps in (other, path))
                    raise Refused(
                        f"{said}Two document paths overlap with each other; must remove or "
                        f"rewrite one of these paths; path one: [{one}], path two: [{two}]"
                    )
            paths.append(path)
            branch = tree
            for step in path:
                branch = branch.setdefault(step, {})
        return tree

    def _step(self, text: str) -> str | int:
        from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

        if text.startswith("["):
            return int(text[1:-1])
        said = "Invalid ProjectionExpression: "
        if not text.startswith("#"):
            if text.upper() in ReservedKeywords.get_reserved_keywords():
                raise Refused(
                    f"{said}Attribute name is a reserved keyword; reserved keyword: {text}"
                )
            return text
        if text not in self._names:
            raise Refused(
                f"{said}An expression attribute name used in the document path is not defined; "
                f"attribute name: {text}"
            )
        self._used.add(text)
        return self._names[text]

    def check_all_are_used(self) -> None:
        """Refuse names and values that no expression uses."""
        for kind, given in (("Names", self._names), ("Values", self._values)):
            unused = sorted(given.keys() - self._used)
            if unused:
                raise Refused(
                    f"Value provided in ExpressionAttribute{kind} unused in expressions: "
                    f"keys: {{{', '.join(unused)}}}"
                )


def _shown(index: VectorIndex, table: Any, item: Any, paths: dict[Any, Any] | None) -> Any:
    """Return the attributes of an item to show; the vector only if it is projected by name."""
    attributes = index.projected(item, table)
    if paths is None:
        return attributes
    if index.attribute in paths:
        numbers = f32_texts(index.vector(item) or array("f"))
        attributes[index.attribute] = {"L": [{"N": number} for number in numbers]}
    return typed(_at({"M": attributes}, paths) or {"M": {}})[1]


def _at(value: Any, paths: dict[Any, Any]) -> Any:
    """Return the part of a value that a tree of paths names, or None if it has none of it."""
    if not paths:
        return value
    kind, content = typed(value)
    parts: dict[Any, Any] = {}
    for step, below in paths.items():
        inside = (kind == "L" and isinstance(step, int) and step < len(content)) or (
            kind == "M" and step in content
        )
        part = _at(content[step], below) if inside else None
        if part is not None:
            parts[step] = part
    if not parts:
        return None
    return {kind: [parts[step] for step in sorted(parts)] if kind == "L" else parts}
