"""Checkpoints of langgraph-checkpoint-aws as a source of `leyden.agents.moves`.

Its items: checkpoints under `CHECKPOINT_thread`, the writes of each under `WRITES_thread#ns#id`,
and the payload of each beside them, under the `ref_key` that the item names, or in S3.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

from attrs import define, field
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from leyden.agents.backend import Backend
from leyden.agents.langgraph.reading import config_of
from leyden.agents.langgraph.steps import Steps
from leyden.agents.moves import OPERATION, Lives, MoveError
from leyden.program import Item, Program, Request, Work, run_together

_CHECKPOINT: Final = "CHECKPOINT_"


@define
class AwsCheckpoints:
    """The checkpoints in a table of langgraph-checkpoint-aws.

    `from_s3` reads a payload that is in S3, by its key. `serde` is the serializer of both savers.
    """

    table: str
    backend: Backend
    steps: Steps
    serde: SerializerProtocol
    from_s3: Callable[[str], bytes] | None = None
    key: str = field(default="PK", init=False)
    is_one_item: bool = field(default=False, init=False)
    scan: Mapping[str, Any] = field(
        init=False,
        factory=lambda: {
            "FilterExpression": "begins_with(PK, :pk)",
            "ExpressionAttributeValues": {":pk": {"S": _CHECKPOINT}},
            "ProjectionExpression": "PK, SK",
        },
    )

    @classmethod
    def of(
        cls, backend: Backend, table: str, from_s3: Callable[[str], bytes] | None = None
    ) -> AwsCheckpoints:
        """Return the source, for savers with LangGraph's own serializer."""
        return cls(table, backend, Steps(backend), JsonPlusSerializer(), from_s3)

    def conversation(self, item: Item) -> str | None:
        """Return the thread's id."""
        pk: str = item["PK"]["S"]
        return pk.removeprefix(_CHECKPOINT) if pk.startswith(_CHECKPOINT) else None

    def move(self, id: str, item: Item, lives: Lives) -> Program[int]:
        """Copy the checkpoints of a thread with their writes, the oldest first.

        Those that are there already stay, but for the newest, whose task may have written since.
        A thread lives for as long as the last of its checkpoints.
        """
        bases = yield from self._query(_CHECKPOINT + id)
        left = lives.left(bases)
        steps = self.steps if left is None else Steps(self.backend.lasting(left))
        if self.from_s3 is None and any(base["ref_loc"]["S"] == "S3" for base in bases):
            raise MoveError("some of its checkpoints are in S3: name the bucket")
        there = yield from steps.stored(id)
        newest = dict(there)
        written = 0
        for base in bases:
            at = base["ns"]["S"], base["id"]["S"]
            if at not in there:
                written += yield from self._move_checkpoint(steps, id, *at, base)
            if at not in there or newest[at[0]] == at[1]:
                yield from self._move_writes(steps, id, *at)
        return written

    def _move_checkpoint(
        self, steps: Steps, thread_id: str, namespace: str, checkpoint_id: str, base: Item
    ) -> Program[int]:
        (data,) = yield from self._payloads([base])
        if data is None:
            # A writer died before it wrote the payload, and its own saver shows no such checkpoint.
            return 0
        value = yield Work(partial(self._value, base, data))
        parent = base.get("parent_checkpoint_id", {}).get("S", "")
        config = config_of(thread_id, namespace, parent)
        yield from steps.put(self.serde, config, value["checkpoint"], value["metadata"])
        return 1

    def _move_writes(
        self, steps: Steps, thread_id: str, namespace: str, checkpoint_id: str
    ) -> Program[None]:
        writes = yield from self._query(f"WRITES_{thread_id}#{namespace}#{checkpoint_id}")
        # Sort keys are texts, and put the tenth write of a task before the second.
        writes.sort(key=lambda one: (one["task_id"]["S"], int(one["idx"]["N"])))
        payloads = yield from self._payloads(writes)
        stored = [
            (one, data) for one, data in zip(writes, payloads, strict=True) if data is not None
        ]
        for task_id, group in groupby(stored, key=lambda pair: str(pair[0]["task_id"]["S"])):
            own = [*group]
            yield from steps.put_writes(
                self.serde,
                config_of(thread_id, namespace, checkpoint_id),
                [(one["channel"]["S"], self._value(one, data)) for one, data in own],
                task_id,
                own[0][0].get("task_path", {}).get("S", ""),
            )

    def _query(self, pk: str) -> Program[list[Item]]:
        """The items under a partition key."""
        items: list[Item] = []
        start: Item | None = None
        while True:
            params: dict[str, Any] = {
                "TableName": self.table,
                "ConsistentRead": True,
                "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": {":pk": {"S": pk}},
            }
            if start is not None:
                params["ExclusiveStartKey"] = start
            page = yield Request("Query", params, OPERATION)
            items += page.get("Items", ())
            start = page.get("LastEvaluatedKey")
            if start is None:
                return items

    def _payloads(self, items: Sequence[Item]) -> Program[list[bytes | None]]:
        """The payloads of checkpoints or writes; None for one that is not there."""
        return (yield from run_together(map(self._payload, items), self.backend.concurrency))

    def _payload(self, item: Item) -> Program[bytes | None]:
        key = item["ref_key"]["S"]
        if item["ref_loc"]["S"] == "S3":
            if self.from_s3 is None:
                raise MoveError("some of its writes are in S3: name the bucket")
            found: bytes = yield Work(partial(self.from_s3, key))
            return found
        params = {"TableName": self.table, "Key": {"PK": {"S": key}, "SK": {"S": "CHUNK"}}}
        answer = yield Request("GetItem", {**params, "ConsistentRead": True}, OPERATION)
        return bytes(answer["Item"]["payload"]["B"]) if "Item" in answer else None

    def _value(self, item: Item, data: bytes) -> Any:
        """The value of a payload."""
        try:
            if item.get("compression", {}).get("S") == "gzip":
                data = gzip.decompress(data)
            return self.serde.loads_typed((item["type"]["S"], data))
        except Exception as error:
            # A serializer may raise anything.
            raise MoveError(
                f"a payload of type {item['type']['S']} cannot be read: {error}"
            ) from error
