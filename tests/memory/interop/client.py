"""The Memory of TypeScript, in a Node.js process that stays up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.interop.node_process import NodeProcess
from tests.store.interop.client import decode, encode, iso


class RefusedError(AssertionError):
    """A call ended in an error over there, which says so in its own words."""


class MemoryClient(NodeProcess):
    """Memories of `@mastra/memory`, by name.

    Example::

        with MemoryClient() as client:
            client.open("m", options={"semanticRecall": True}, dimensions=64, engine=engine,
                        table="t", vectors=shared.address)
            client.call("m", "recall", {"threadId": "t1", "resourceId": "r1"})
    """

    def __init__(self) -> None:
        super().__init__("memory.mjs")
        self.asked: list[dict[str, Any]] = []

    def open(
        self,
        name: str,
        *,
        options: Mapping[str, Any],
        dimensions: int,
        engine: Any = None,
        table: str | None = None,
        vectors: str | None = None,
        texts: Mapping[str, list[float]] | None = None,
        separator: str | None = None,
    ) -> None:
        """Make a memory: on a table of an engine or in the process, its vectors elsewhere or not.

        `texts` has the vectors of texts that the embedder is not to make itself.
        """
        question: dict[str, Any] = {"open": name, "options": encode(options)}
        question["dimensions"] = dimensions
        if engine is not None:
            question["storage"] = {
                "endpoint": engine.endpoint_url,
                "region": engine.region,
                "accessKeyId": engine.credentials.access_key_id,
                "secretAccessKey": engine.credentials.secret_access_key,
                "table": table,
            }
        given = {"vectors": vectors, "texts": texts, "separator": separator}
        question |= {key: value for key, value in given.items() if value is not None}
        self._ask(question)

    def call(self, name: str, method: str, *args: Any, now: datetime | None = None) -> Any:
        """What a method answers; raises RefusedError where it ends in an error."""
        question: dict[str, Any] = {"memory": name, "method": method, "args": encode(list(args))}
        if now is not None:
            question["now"] = iso(now)
        return decode(self._ask(question).get("value"))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        answer = self.answer(question)
        self.asked = answer["calls"]
        if "error" in answer:
            raise RefusedError(answer["error"]["message"])
        return answer
