"""The TypeScript client of the same tables, in a Node.js process that stays up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from tests.interop.node_process import NodeProcess

_MARKS: Final = ("$date", "$number", "$undefined", "$object")


@frozen
class Cost:
    """What a call took: HTTP requests, items that came back, capacity units, milliseconds."""

    requests: int
    items: int
    capacity: float
    cpu: float
    wall: float


@frozen
class Called:
    """How a call ended: with a value, or with an error's words; and what the client logged."""

    value: Any
    error: str | None
    log: tuple[str, ...]
    cost: Cost


class MastraClient(NodeProcess):
    """Calls `@mastra/dynamodb` on an engine's tables.

    Example::

        with MastraClient(engine) as client:
            client.call("mastra", "memory", "getThreadById", [{"threadId": "t1"}]).value
    """

    def __init__(self, engine: Any) -> None:
        super().__init__("mastra.mjs")
        self.answer(
            {
                "connect": {
                    "endpoint": engine.endpoint_url,
                    "region": engine.region,
                    "accessKeyId": engine.credentials.access_key_id,
                    "secretAccessKey": engine.credentials.secret_access_key,
                }
            }
        )

    def call(
        self,
        table: str,
        domain: str,
        method: str,
        args: Sequence[Any],
        *,
        now: datetime | None = None,
        ttl: Mapping[str, Any] | None = None,
    ) -> Called:
        """Call a method; `now` is where the client's clock stands meanwhile."""
        question: dict[str, Any] = {"table": table, "domain": domain, "method": method}
        question["args"] = encode(list(args))
        if now is not None:
            question["now"] = iso(now)
        if ttl is not None:
            question["ttl"] = ttl
        return _called(self.answer(question))

    def entity(self, table: str, entity: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """An item as the client's entity reads it."""
        question = {"table": table, "domain": "entities", "method": entity}
        called = _called(self.answer({**question, "args": {"entity": entity, **key}}))
        if called.error is not None:
            raise AssertionError(f"the client cannot read its {entity}: {called.error}")
        found: dict[str, Any] | None = called.value
        return found


def _called(answer: Mapping[str, Any]) -> Called:
    error = answer.get("error")
    return Called(
        value=decode(answer.get("value")),
        error=None if error is None else f"{error.get('id', error['name'])}: {error['message']}",
        log=tuple(answer["log"]),
        cost=Cost(**answer["cost"]),
    )


def iso(moment: datetime) -> str:
    """A time as `toISOString` writes it."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"


def encode(value: Any) -> Any:
    """A value in the JSON that the process reads: times become dates."""
    if isinstance(value, datetime):
        return {"$date": iso(value)}
    if isinstance(value, Mapping):
        pairs = [[name, encode(inner)] for name, inner in value.items()]
        if any(name.startswith("$") or name == "__proto__" for name, _ in pairs):
            return {"$object": pairs}
        return dict(pairs)
    if isinstance(value, list | tuple):
        return [encode(inner) for inner in value]
    return value


def decode(value: Any) -> Any:
    """What the process wrote: dates become aware times, `undefined` becomes None.

    A date of a year that Python does not have stays text.
    """
    if isinstance(value, list):
        return [decode(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) in _MARKS:
        ((mark, inner),) = value.items()
        match mark:
            case "$date":
                return _moment(inner)
            case "$number":
                return float(inner)
            case "$undefined":
                return None
            case "$object":
                return {name: decode(held) for name, held in inner}
    return {name: decode(inner) for name, inner in value.items()}


def _moment(text: str | None) -> Any:
    if text is None or text[0] in "+-":
        return text
    return datetime.fromisoformat(text)
