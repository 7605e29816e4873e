"""A table in memory whose writes are answered by a script, and the record of what a program did."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from attrs import define, field
from botocore.exceptions import ClientError, ReadTimeoutError

from leyden.drivers.translate import translate
from leyden.errors import BatchIncompleteError, LeydenError, TransactionCanceledError
from leyden.outcomes import ItemWrite
from leyden.program import Gather, Item, Pause, Program, Request, Step, Work

Key: TypeAlias = tuple[str, str]
Answer: TypeAlias = "Callable[[World, Request], Mapping[str, Any]]"
Change: TypeAlias = "Callable[[World], object]"

_LONG: Final = 60
_READS: Final = frozenset({"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"})
_MOST_STEPS: Final = 80


def key_of(item: Mapping[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


@define
class World:
    """The items of one table, and how its next writes are answered; those after are granted.

    A granted put or delete happens. A granted update leaves the item as it is: scripts say what
    it becomes, where that matters.
    """

    items: dict[Key, Item] = field(factory=dict)
    script: list[Answer] = field(factory=list)
    steps: list[Any] = field(factory=list)
    stand_ins: dict[str, str] = field(factory=dict)
    _seen: list[Any] = field(factory=list)

    def run(self, program: Program[Any]) -> Any:
        """Drive a program to its end. What it asks for goes into `steps`."""
        try:
            step = program.send(None)
            while True:
                assert len(self.steps) < _MOST_STEPS, "it goes on without end"
                try:
                    answer = self._answer(step)
                except LeydenError as error:
                    step = program.throw(error)
                else:
                    step = program.send(answer)
        except StopIteration as end:
            return end.value

    def happen(self, program: Program[Any]) -> None:
        """Let somebody else's write happen, without a record of it."""
        aside = World(self.items)
        aside.run(program)

    def record(self, program: Callable[[], Program[Any]]) -> list[Any]:
        """What the program did, and what came of it."""
        try:
            result = self.run(program())
        except LeydenError as error:
            return [*self.steps, {"error": self._told(error)}]
        return [*self.steps, {"result": shortened(repr(result))}]

    def _answer(self, step: Step) -> Any:
        if isinstance(step, Pause):
            self.steps.append("pause")
            return None
        if isinstance(step, Work):
            return step.blocking()
        if isinstance(step, Request):
            self.steps.append(self._form(step))
            return self._sent(step)
        assert isinstance(step, Gather)
        requests = [self._form(one) for one in step.requests if isinstance(one, Request)]
        if requests:
            self.steps.append({"gather": requests})
        answers: list[Any] = []
        for request in step.requests:
            if isinstance(request, Work):
                answers.append(request.blocking())
                continue
            try:
                answers.append(self._sent(request))
            except LeydenError as error:
                answers.append(error)
        return answers

    def _sent(self, request: Request) -> Mapping[str, Any]:
        unit = {"TableName": "shop", "CapacityUnits": 1.0}
        several = request.api.startswith(("Batch", "Transact"))
        cost = {"ConsumedCapacity": [unit] if several else unit}
        if request.api in _READS:
            return {**self._read(request), **cost}
        answer = self.script.pop(0) if self.script else granted
        return {**answer(self, request), **cost}

    def _read(self, request: Request) -> Mapping[str, Any]:
        params = request.params
        if request.api == "GetItem":
            found = self.items.get(key_of(params["Key"]))
            return {"Item": found} if found else {}
        if request.api == "BatchGetItem":
            asked = params["RequestItems"].items()
            return {
                "Responses": {
                    table: [
                        self.items[key_of(key)] for key in some["Keys"] if key_of(key) in self.items
                    ]
                    for table, some in asked
                }
            }
        raise AssertionError(f"no run is about {request.api}")

    def _form(self, request: Request) -> Any:
        """A request as it is kept: as it was sent, with stand-ins for what is random or long.

        One that is sent again is only named.
        """
        form = [request.api, request.operation, self._stable(request.params)]
        if "ClientRequestToken" in request.params:
            form.append(self._numbered("token", request.params["ClientRequestToken"]))
        if form in self._seen:
            return f"request {self._seen.index(form)} again"
        self._seen.append(form)
        return form

    def _stable(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._stable_entry(name, one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._stable(one) for one in value]
        if isinstance(value, bytes):
            return "bytes"
        if isinstance(value, str):
            return shortened(re.sub(r"\b[0-9a-f]{32}\b", self._generation, value))
        return value

    def _stable_entry(self, name: str, value: Any) -> Any:
        if name == "ClientRequestToken":
            # Random, and apart from the rest of the request, which may be sent under another one.
            return "token"
        if name == "checksum" and isinstance(value, Mapping):
            # That of compressed bytes, which differ between versions of zlib.
            return "checksum"
        return self._stable(value)

    def _generation(self, found: re.Match[str]) -> str:
        return self._numbered("generation", found[0])

    def _numbered(self, kind: str, value: str) -> str:
        """A stand-in for something random, which is the same wherever that is."""
        if value not in self.stand_ins:
            count = sum(one.startswith(kind) for one in self.stand_ins.values())
            self.stand_ins[value] = f"{kind} {count}"
        return self.stand_ins[value]

    def _told(self, error: LeydenError) -> dict[str, Any]:
        outcome = error.outcome
        told: dict[str, Any] = {
            "class": type(error).__name__,
            "code": error.code,
            "operation": error.operation,
            "entity": error.entity,
            "unsure": bool(error.unsure),
            "written": [self._write(write) for write in outcome.written],
            "in doubt": [self._write(write) for write in outcome.unsure],
            "cause": type(error.__cause__).__name__,
        }
        for name in ("item", "stored", "attributes", "owner", "aws_code", "size"):
            if hasattr(error, name):
                told[name] = shortened(repr(self._stable(getattr(error, name))))
        if isinstance(error, TransactionCanceledError):
            told["rejections"] = [shortened(repr(one)) for one in error.rejections]
            told["raw"] = [shortened(repr(self._stable(one.raw))) for one in error.rejections]
        if isinstance(error, BatchIncompleteError):
            told["batch"] = shortened(repr(error.result))
            told["unprocessed"] = self._stable(error.result.unprocessed)
            told["lost"] = self._stable(error.unsure)
            told["failures"] = [type(one).__name__ for one in error.failures]
        return told

    def _write(self, write: ItemWrite) -> str:
        return shortened(str(self._stable(f"{write.action} {' '.join(key_of(write.raw))}")))


def shortened(text: str) -> str:
    """Long runs of one word cut, so that values of many bytes do not fill the files."""
    return re.sub(rf"\w{{{_LONG},}}", lambda found: f"{found[0][:8]}...", text)


def granted(world: World, request: Request) -> Mapping[str, Any]:
    """The write happens. An item that `ReturnValues` asks for is the one before."""
    if request.api == "TransactWriteItems":
        for part in request.params["TransactItems"]:
            for kind, body in part.items():
                _apply(world, kind, body)
        return {}
    if request.api == "BatchWriteItem":
        for entries in request.params["RequestItems"].values():
            for entry in entries:
                for kind, body in entry.items():
                    _apply(world, kind.removesuffix("Request"), body)
        return {}
    params = request.params
    before = world.items.get(key_of(params.get("Key") or params["Item"]))
    _apply(world, request.api.removesuffix("Item"), params)
    return {"Attributes": before} if before and "ReturnValues" in params else {}


def _apply(world: World, kind: str, body: Mapping[str, Any]) -> None:
    if kind == "Put":
        world.items[key_of(body["Item"])] = body["Item"]
    elif kind == "Delete":
        world.items.pop(key_of(body["Key"]), None)


def unprocessed(*places: int) -> Answer:
    """A batch of which the entries in these places come back."""

    def answer(world: World, request: Request) -> Mapping[str, Any]:
        ((table, entries),) = request.params["RequestItems"].items()
        taken = [entry for n, entry in enumerate(entries) if n not in places]
        granted(world, Request(request.api, {"RequestItems": {table: taken}}))
        left = [entry for n, entry in enumerate(entries) if n in places]
        return {"UnprocessedItems": {table: left} if left else {}}

    return answer


def _answered(
    request: Request, code: str, said: str = "no", *, late: bool = False, **more: Any
) -> LeydenError:
    """The error for an answer of the service; `late` where an attempt before it got none."""
    metadata = {"HTTPStatusCode": 400, **({"EarlierUnanswered": True} if late else {})}
    response: Any = {"Error": {"Code": code, "Message": said}, "ResponseMetadata": metadata, **more}
    return translate(ClientError(response, request.api), request, "there")


def refused(
    *places: int,
    code: str = "ConditionalCheckFailed",
    silent: bool = False,
    late: bool = False,
    said: str = "no",
    change: Change | None = None,
) -> Answer:
    """The condition does not hold: that of a plain write, or of the parts in these places.

    Before that, `change` happens. The stored item comes along where it was asked for, unless the
    engine is `silent`.
    """

    def answer(world: World, request: Request) -> Mapping[str, Any]:
        if change is not None:
            change(world)
        if request.api != "TransactWriteItems":
            if code != "ConditionalCheckFailed":
                raise _answered(request, _PLAIN[code], said, late=late)
            # A driver always asks a plain write for the stored item.
            shown = _shown(world, {**request.params, **_ASKING}, silent)
            raise _answered(request, "ConditionalCheckFailedException", late=late, **shown)
        reasons = []
        for place, part in enumerate(request.params["TransactItems"]):
            if place not in (places or (0,)):
                reasons.append({"Code": "None"})
                continue
            ((_, body),) = part.items()
            shown = _shown(world, body, silent) if code == "ConditionalCheckFailed" else {}
            reasons.append({"Code": code, "Message": said, **shown})
        raise _answered(
            request, "TransactionCanceledException", late=late, CancellationReasons=reasons
        )

    return answer


_ASKING: Final = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
_PLAIN: Final = {
    "TransactionConflict": "TransactionConflictException",
    "ThrottlingError": "ThrottlingException",
    "ValidationError": "ValidationException",
}
"""What a plain request is refused with where a transaction has one of these reasons."""


def _shown(world: World, body: Mapping[str, Any], silent: bool) -> dict[str, Any]:
    stored = world.items.get(key_of(body.get("Key") or body["Item"]))
    asked = body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return {"Item": stored} if stored and asked and not silent else {}


def failed(code: str, said: str = "no", *, late: bool = False) -> Answer:
    """The service refuses the request as a whole."""

    def answer(world: World, request: Request) -> Mapping[str, Any]:
        raise _answered(request, code, said, late=late)

    return answer


def lost(world: World, request: Request) -> Mapping[str, Any]:
    """No answer comes; the write has happened all the same."""
    granted(world, request)
    raise translate(ReadTimeoutError(endpoint_url="there"), request, "there")


def unheard(world: World, request: Request) -> Mapping[str, Any]:
    """No answer comes, and nothing has happened."""
    raise translate(ReadTimeoutError(endpoint_url="there"), request, "there")
