"""Corrections of moto: comparisons within types, tokens of transactions, and larger reads.

moto compares values as Python does, so comparing a text with a number orders them somehow or fails.
In DynamoDB, values of different types have no order and are never equal. moto also writes a
transaction again under the same token, and reads at most 25 items in one.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from io import BytesIO
from typing import Any, Final

from attrs import frozen

Environ = dict[str, Any]
WSGI = Callable[[Environ, Any], Iterable[bytes]]

_LIMIT_OF_MOTO: Final = 25
_LIMIT: Final = 100
_TOKEN_SECONDS: Final = 600.0
_REGION: Final = re.compile(r"Credential=[^,]*?/\d{8}/([^/,]+)/")
_MISMATCH: Final = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
        "message": "The token was used in the last ten minutes for another transaction",
    }
).encode()

_ORDERED: Final = ("S", "N", "B")
_MEASURED: Final = ("S", "SS", "NS", "B", "BS", "L", "M")


@lru_cache(maxsize=1)
def compare_within_types() -> None:
    """Make moto's comparisons false for values of different types, such as a text and a number.

    moto compares the values as Python does, and fails where Python does.
    """
    from moto.dynamodb import comparisons
    from moto.dynamodb.models.dynamo_type import DynamoType

    kinds: Any = comparisons
    for kind in (
        kinds.OpLessThan,
        kinds.OpGreaterThan,
        kinds.OpLessThanOrEqual,
        kinds.OpGreaterThanOrEqual,
    ):
        kind.expr = _if_ordered(kind.expr, lambda op: (op.lhs, op.rhs))
    kinds.FuncBetween.expr = _if_ordered(
        kinds.FuncBetween.expr, lambda op: (op.attr, op.start, op.end)
    )
    kinds.OpEqual.expr = _if_alike(kinds.OpEqual.expr, otherwise=False)
    kinds.OpNotEqual.expr = _if_alike(kinds.OpNotEqual.expr, otherwise=True)
    kinds.FuncIn.expr = lambda op, item: any(
        _type_of(op.attr, item) == _type_of(value, item) and op.attr.expr(item) == value.expr(item)
        for value in op.possible_values
    )
    stored: Any = DynamoType
    stored.compare = _compare(stored.compare)
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        setattr(stored, name, _in_order(getattr(stored, name)))


def _type_of(operand: Any, item: Any) -> str | None:
    """Return the type of an operand's value, or None if it has no value.

    moto's `size()` has no type, and fails if there is nothing to measure.
    """
    asked = getattr(operand, "get_type", None)
    if asked is not None:
        kind: str | None = asked(item)
        return kind
    return "N" if operand.attr.get_type(item) in _MEASURED else None


def _if_ordered(compare: Callable[[Any, Any], bool], operands: Callable[[Any], Any]) -> Any:
    @wraps(compare)
    def within(op: Any, item: Any) -> bool:
        types = {_type_of(operand, item) for operand in operands(op)}
        return len(types) == 1 and types <= set(_ORDERED) and compare(op, item)

    return within


def _if_alike(compare: Callable[[Any, Any], bool], *, otherwise: bool) -> Any:
    @wraps(compare)
    def within(op: Any, item: Any) -> bool:
        one, other = _type_of(op.lhs, item), _type_of(op.rhs, item)
        if one != other or (one is None and not otherwise):
            # Two missing values are not equal.
            return otherwise
        return compare(op, item)

    return within


def _compare(compare: Callable[[Any, str, list[Any]], bool]) -> Any:
    @wraps(compare)
    def within(value: Any, comparison: str, others: list[Any]) -> bool:
        if comparison in ("NE", "!="):
            return any(value.type != other.type for other in others) or compare(
                value, comparison, others
            )
        if comparison == "IN":
            others = [other for other in others if other.type == value.type]
        elif "CONTAINS" not in comparison and any(other.type != value.type for other in others):
            return False
        return compare(value, comparison, others)

    return within


def _in_order(compare: Callable[[Any, Any], bool]) -> Any:
    """Return a total order of stored values, because moto sorts by it."""

    @wraps(compare)
    def ordered(one: Any, other: Any) -> bool:
        if one.type == other.type:
            return compare(one, other)
        less = one.type < other.type
        return less if compare.__name__ in ("__lt__", "__le__") else not less

    return ordered


@frozen
class _Answer:
    status: str
    headers: list[tuple[str, str]]
    content: bytes


def region_of(environ: Environ) -> str:
    """Return the region for which a request is signed."""
    found = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found[1] if found else "us-east-1"


def sign_for(environ: Environ, region: str) -> None:
    """Change the region for which a request is signed; nobody checks the signature."""
    signed = environ.get("HTTP_AUTHORIZATION", "")
    found = _REGION.search(signed)
    if found:
        environ["HTTP_AUTHORIZATION"] = signed[: found.start(1)] + region + signed[found.end(1) :]


@frozen
class _Done:
    """A transaction that was written with a token."""

    params: dict[str, Any]
    answer: _Answer
    until: float


class Transactions:
    """Wraps moto's application, for one request at a time.

    As in DynamoDB, a transaction is not written again under the same token within ten minutes. A
    read of up to 100 items becomes several of moto's, with nothing in between.
    """

    def __init__(self, app: WSGI) -> None:
        self._app = app
        self._done: dict[tuple[str, str], _Done] = {}

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request whose body has been read."""
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        body = environ["wsgi.input"]
        if target not in ("TransactGetItems", "TransactWriteItems") or type(body) is not BytesIO:
            return self._app(environ, start_response)
        try:
            params = json.loads(body.getvalue())
            items = params.get("TransactItems", ())
            token = params.get("ClientRequestToken")
            count = len(items)
        except (AttributeError, RecursionError, TypeError, ValueError):
            # moto reports this.
            return self._app(environ, start_response)
        if target == "TransactWriteItems" and isinstance(token, str):
            answer = self._written_once(environ, params, token)
        elif target == "TransactGetItems" and _LIMIT_OF_MOTO < count <= _LIMIT:
            answer = self._read(environ, params, items)
        else:
            return self._app(environ, start_response)
        start_response(answer.status, answer.headers)
        return [answer.content]

    def _written_once(self, environ: Environ, params: dict[str, Any], token: str) -> _Answer:
        now = time.monotonic()
        self._done = {key: done for key, done in self._done.items() if done.until > now}
        key = (region_of(environ), token)
        # Options for reporting the cost are not part of the transaction itself.
        meant = {name: value for name, value in params.items() if name != "ReturnConsumedCapacity"}
        done = self._done.get(key)
        if done is None:
            answer = self._ask(environ, params)
            if answer.status.startswith("200"):
                self._done[key] = _Done(meant, answer, now + _TOKEN_SECONDS)
            return answer
        if done.params == meant:
            return done.answer
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(_MISMATCH))),
        ]
        return _Answer("400 Bad Request", headers, _MISMATCH)

    def _read(self, environ: Environ, params: dict[str, Any], items: list[Any]) -> _Answer:
        found: list[Any] = []
        consumed: dict[str, dict[str, Any]] = {}
        for start in range(0, len(items), _LIMIT_OF_MOTO):
            some = {**params, "TransactItems": items[start : start + _LIMIT_OF_MOTO]}
            answer = self._ask(environ, some)
            if not answer.status.startswith("200"):
                return answer
            response = json.loads(answer.content)
            found += response.get("Responses", ())
            for entry in response.get("ConsumedCapacity", ()):
                whole = consumed.setdefault(entry["TableName"], {"TableName": entry["TableName"]})
                for name, units in entry.items():
                    if isinstance(units, int | float):
                        whole[name] = whole.get(name, 0) + units
        said: dict[str, Any] = {"Responses": found}
        if consumed:
            said["ConsumedCapacity"] = list(consumed.values())
        content = json.dumps(said).encode()
        of_the_body = ("content-length", "x-amz-crc32")
        headers = [(name, text) for name, text in answer.headers if name.lower() not in of_the_body]
        return _Answer(answer.status, [*headers, ("Content-Length", str(len(content)))], content)

    def _ask(self, environ: Environ, params: dict[str, Any]) -> _Answer:
        body = json.dumps(params).encode()
        asked = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        # What was cached about the original request does not apply to this one.
        for name in [name for name in asked if name.startswith("werkzeug.request")]:
            del asked[name]
        begun: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            begun[:] = [status, headers]

        answered = self._app(asked, begin)
        try:
            content = b"".join(answered)
        finally:
            getattr(answered, "close", lambda: None)()
        status, headers = begun
        return _Answer(status, list(headers), content)
