"""ElectroDB's own answers, from a Node.js process that stays up while it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from tests.interop.node_process import NodeProcess


@frozen
class Refusal:
    """ElectroDB's refusal: its number, None where it threw something else, and its words."""

    code: int | None
    message: str


class Oracle(NodeProcess):
    """Asks ElectroDB what request it builds.

    Example::

        with Oracle() as oracle:
            answer = oracle.ask(models, "tasks", {"entity": "task", "verb": "get", "key": {}})
    """

    def __init__(self) -> None:
        super().__init__("oracle.mjs")

    def ask(self, models: Mapping[str, Any], table: str, op: Mapping[str, Any]) -> Any:
        """The request that ElectroDB builds for `op`, or its `Refusal`.

        `models` maps aliases to ElectroDB models of one service; `op` is in neutral form.
        """
        return self._answer(models, table, op)

    def read(self, models: Mapping[str, Any], table: str, entity: str, item: Any) -> Any:
        """The attributes that ElectroDB reads in a plain item, or its `Refusal`."""
        return self._answer(models, table, {"entity": entity, "parse": item})

    def _answer(self, models: Mapping[str, Any], table: str, op: Mapping[str, Any]) -> Any:
        answer = self.answer({"table": table, "models": models, "op": op})
        if "error" in answer:
            return Refusal(answer["error"]["code"], answer["error"]["message"])
        return answer["request"]
