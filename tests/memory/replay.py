"""Calls of a golden file, made of our `Memory`: its arguments for the package's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from leyden.errors import LeydenError
from leyden.memory import LocalVectors, Memory, SemanticRecall, WorkingMemory
from leyden.store import DynamoDBStore, InMemoryStore
from tests.memory.golden_calls import Answered, Scenario
from tests.memory.golden_texts import shortened, spelled_out
from tests.memory.recording import RecordingVectors
from tests.memory.words import Words

Store: TypeAlias = InMemoryStore | DynamoDBStore
REFUSED: Final = "refused"
"""What a call gives that ends in an error."""


class Replay:
    """A memory of a scenario, with what it asks of its embedder and its vector store.

    Where the vectors are to be in the store's own table, that is not recorded.
    """

    def __init__(self, scenario: Scenario, store: Store, *, in_table: bool = False) -> None:
        self.embedder = Words(scenario.dimensions)
        self.vectors = RecordingVectors(LocalVectors(), scenario.separator or "_")
        self.memory = Memory(
            store,
            embedder=self.embedder,
            vector=None if in_table else self.vectors,
            **options_of(scenario.options),
        )

    def call(self, call: Answered) -> Any:
        """What a call of the file gives here; REFUSED where it ends in an error."""
        self.vectors.take()
        self.embedder.asked.clear()
        try:
            made = getattr(self, f"_{call.method}")(*spelled_out(call.args))
        except LeydenError:
            return REFUSED
        return made

    @property
    def embedded(self) -> list[Any]:
        """The texts that the last call embedded, as golden files tell them."""
        return [shortened(text) for asked in self.embedder.asked for text in asked]

    def kept(self) -> Iterator[dict[str, Any]]:
        """The metadata of all vectors there are."""
        for name in self.vectors.inner.list():
            near = [1.0] * self.embedder.dimensions
            for match in self.vectors.inner.query(name, near, top_k=100):
                yield dict(match.metadata)

    def _createThread(self, given: Any) -> Any:  # noqa: N802 (the package's names)
        return self.memory.create_thread(
            thread_id=given["threadId"],
            resource_id=given["resourceId"],
            title=given.get("title"),
            metadata=given.get("metadata"),
        )

    def _getThreadById(self, given: Any) -> Any:  # noqa: N802
        return self.memory.get_thread_by_id(given["threadId"])

    def _updateThread(self, given: Any) -> Any:  # noqa: N802
        return self.memory.update_thread(
            given["id"], title=given.get("title"), metadata=given.get("metadata")
        )

    def _deleteThread(self, thread_id: str) -> Any:  # noqa: N802
        return self.memory.delete_thread(thread_id)

    def _copyThread(self, given: Any) -> Any:  # noqa: N802
        return self.memory.copy_thread(
            given["sourceThreadId"],
            new_thread_id=given.get("newThreadId"),
            resource_id=given.get("resourceId"),
        )

    _cloneThread = _copyThread  # noqa: N815

    def _updateThreadResourceId(self, given: Any) -> Any:  # noqa: N802
        return self.memory.update_thread_resource_id(given["threadId"], given["resourceId"])

    def _saveMessages(self, given: Any) -> Any:  # noqa: N802
        options = options_of(given.get("memoryConfig", {}))
        return self.memory.save_messages([fields_of(one) for one in given["messages"]], **options)

    def _updateMessages(self, given: Any) -> Any:  # noqa: N802
        return self.memory.update_messages([fields_of(one) for one in given["messages"]])

    def _deleteMessages(self, given: Any) -> Any:  # noqa: N802
        return self.memory.delete_messages(
            [one if isinstance(one, str) else one["id"] for one in given]
        )

    def _recall(self, given: Any) -> Any:
        return self.memory.recall(
            given["threadId"],
            resource_id=given.get("resourceId"),
            search=given.get("vectorSearchString"),
            **options_of(given.get("threadConfig", {})),
        )

    def _getWorkingMemory(self, given: Any) -> Any:  # noqa: N802
        return self.memory.get_working_memory(**_whose(given))

    def _updateWorkingMemory(self, given: Any) -> Any:  # noqa: N802
        return self.memory.update_working_memory(given["workingMemory"], **_whose(given))

    def _tools(self) -> Any:
        return self.memory.tools()

    def _tool(self, name: str, arguments: Any, agent: Any) -> Any:
        return self.memory.tools(**_whose(agent))[name].function(**arguments)

    def _getContext(self, given: Any) -> Any:  # noqa: N802
        return self.memory.context(given["threadId"], resource_id=given.get("resourceId"))

    _getSystemMessage = _getContext  # noqa: N815


def fields_of(message: dict[str, Any]) -> dict[str, Any]:
    """A message, or a change of one, with the names of our fields."""
    names = {"threadId": "thread_id", "resourceId": "resource_id", "createdAt": "created_at"}
    fields = {names.get(name, name): value for name, value in message.items()}
    if "created_at" in fields:
        fields["created_at"] = datetime.fromisoformat(fields["created_at"]["$date"])
    return fields


def options_of(theirs: dict[str, Any]) -> dict[str, Any]:
    """The package's options as ours."""
    ours: dict[str, Any] = {}
    if "lastMessages" in theirs:
        ours["last_messages"] = theirs["lastMessages"]
    recall = theirs.get("semanticRecall")
    if recall is not None:
        ours["semantic_recall"] = recall if isinstance(recall, bool) else _recall_of(recall)
    working = theirs.get("workingMemory")
    if working is not None:
        given = {name: working[name] for name in ("scope", "template", "schema") if name in working}
        ours["working_memory"] = working["enabled"] and WorkingMemory(**given)
    return ours


def _recall_of(theirs: dict[str, Any]) -> SemanticRecall:
    names = {"topK": "top_k", "messageRange": "message_range"}
    given = {names.get(name, name): value for name, value in theirs.items()}
    around = given.get("message_range")
    if isinstance(around, dict):
        given["message_range"] = (around["before"], around["after"])
    if "threshold" in given:
        # There a score is the cosine, from -1 to 1.
        given["threshold"] = (1 + given["threshold"]) / 2
    if "filter" in given:
        given["filter"] = {
            name: {"in": value["$in"]} if isinstance(value, dict) else value
            for name, value in given["filter"].items()
        }
    return SemanticRecall(**given)


def _whose(theirs: dict[str, Any]) -> dict[str, Any]:
    names = {"threadId": "thread_id", "resourceId": "resource_id"}
    return {names[name]: value for name, value in theirs.items() if name in names}
