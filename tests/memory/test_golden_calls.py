"""Our `Memory` does what `@mastra/memory` does, as the golden files tell it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Final

import pytest

from leyden.engine import local
from leyden.store import DynamoDBStore, InMemoryStore
from tests.memory.golden_calls import Answered, Scenario, scenarios
from tests.memory.golden_texts import NOW, shortened
from tests.memory.replay import REFUSED, Replay, Store

Golden = tuple[Scenario, list[Answered]]
Stores = Callable[[], Store]


def _clock() -> datetime:
    return datetime.fromisoformat(NOW)


@pytest.fixture(scope="module")
def embedded_engine() -> Iterator[Any]:
    with local() as engine:
        yield engine


@pytest.fixture(params=["in_memory", "table"])
def new_store(
    request: pytest.FixtureRequest, new_table_name: Callable[[], str]
) -> Iterator[Stores]:
    """Makes an empty store, in memory or on a table of its own."""
    with ExitStack() as opened:

        def make() -> Store:
            if request.param == "in_memory":
                return InMemoryStore(clock=_clock)
            engine = request.getfixturevalue("embedded_engine")
            store = DynamoDBStore(table_name=new_table_name(), client=engine, clock=_clock)
            opened.enter_context(store).app.create_table()
            return store

        yield make


DIFFERENT: Final = {
    "working memory that is off": "reading it is refused, as writing is",
    "working memory that is only read": "no option says so: offer the model no tool instead",
    "a schema that requires": "what a model gives is merged as it is, whatever the schema says",
    "a text that is no JSON, under a schema": "such a text is refused",
}
"""Scenarios of working memory that are otherwise here, and how."""


def _of(*files: str, different: bool = False) -> Any:
    """The scenarios of files, without those that are different here; or these alone."""
    return pytest.mark.parametrize(
        "golden",
        [
            pytest.param(golden, id=f"{file}: {golden[0].name}")
            for file in files
            for golden in scenarios(file)
            if (golden[0].name in DIFFERENT) is different
        ],
    )


def _replayed(golden: Golden, store: Store) -> Iterator[tuple[Replay, Answered, Any]]:
    scenario, calls = golden
    replay = Replay(scenario, store)
    for call in calls:
        yield replay, call, replay.call(call)


def _told(metadata: Any) -> Any:
    return {name: shortened(v) if isinstance(v, str) else v for name, v in metadata.items()}


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))


@_of("saving")
def test_messages_are_saved_with_the_same_vectors(golden: Golden, new_store: Stores) -> None:
    for replay, call, given in _replayed(golden, new_store()):
        assert (given is REFUSED) is (call.error is not None)
        asked = replay.vectors.take()
        upserts = [arguments for method, arguments in asked if method == "upsert"]
        ours = [_told(v.metadata) for arguments in upserts for v in arguments["vectors"]]
        theirs = [metadata for asked in call.vectors("upsert") for metadata in asked["metadata"]]
        assert _sorted(ours) == _sorted(theirs)
        embedded = [text for asked in call.asked for text in asked.get("embed", [])]
        assert _sorted(replay.embedded) == _sorted(embedded)
        names = {arguments["index"] for arguments in upserts}
        assert names == {asked["indexName"] for asked in call.vectors("upsert")}


@_of("recall")
def test_the_same_messages_are_recalled(golden: Golden, new_store: Stores) -> None:
    for replay, call, given in _replayed(golden, new_store()):
        if call.method != "recall" or _is_paged(call.args[0]):
            continue
        asked = [arguments for method, arguments in replay.vectors.take() if method == "query"]
        # Also where the package asks for vectors of a thread alone, or a filter names another.
        owner = call.args[0].get("resourceId", "r1")
        assert all(_names_resource(each["filter"], owner) for each in asked)
        if call.error is not None:
            assert given is REFUSED or _is_ours(call.args[0])
        elif _is_to_begin(call.args[0]):
            assert given is REFUSED
        else:
            assert [message.id for message in given.messages] == call.value["messages"]
            theirs = call.vectors("query")
            assert [each["top_k"] for each in asked] == [each["topK"] for each in theirs]


def _is_ours(args: dict[str, Any]) -> bool:
    """Whether no resource is named: the package refuses that, and here it is the thread's own."""
    return "resourceId" not in args


def _is_to_begin(args: dict[str, Any]) -> bool:
    """Whether there is no such thread, and nothing to search: the package finds nothing, then."""
    return args["threadId"] == "t9" and "vectorSearchString" not in args


def _is_paged(args: dict[str, Any]) -> bool:
    return any(name in args for name in ("perPage", "page", "orderBy", "includeTotal"))


@_of("recall")
@pytest.mark.parametrize("new_store", ["table"], indirect=True)
def test_the_same_messages_are_recalled_by_the_vectors_of_the_table(
    golden: Golden, new_store: Stores
) -> None:
    scenario, calls = golden
    replay = Replay(scenario, new_store(), in_table=True)
    for call in calls:
        given = replay.call(call)
        if call.method != "recall" or _is_paged(call.args[0]) or call.error is not None:
            continue
        if _is_to_begin(call.args[0]) or _filters_by_threads_metadata(call.args[0]):
            assert given is REFUSED
        else:
            assert [message.id for message in given.messages] == call.value["messages"]


def _filters_by_threads_metadata(args: dict[str, Any]) -> bool:
    """Whether a filter names what the items of a table's vectors do not have."""
    recall = args.get("threadConfig", {}).get("semanticRecall")
    return isinstance(recall, dict) and "topic" in recall.get("filter", {})


def _names_resource(filter: Any, resource: str) -> bool:
    """Whether a filter lets through nothing but vectors of the resource."""
    if "and" in filter:
        return any(_names_resource(part, resource) for part in filter["and"])
    return bool(filter["resource_id"] == resource)


def _texts(metadata: Iterable[dict[str, Any]], given: str) -> list[Any]:
    """Whose vectors there are, and of which texts; ids that were made up are told apart no more.

    The role is left out: where it is all that changes, the package leaves the vector as it was.
    """
    names = ("message_id", "thread_id", "resource_id", "content", "created_at")
    rows = ({name: _told(each).get(name) for name in names} for each in metadata)
    return _sorted(
        row | {name: "made" for name in names[:2] if f'"{row[name]}"' not in given} for row in rows
    )


class Theirs:
    """The vectors that the package has kept after its calls, told by what it asked for."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, Any]] = []

    def follow(self, call: Answered) -> None:
        for asked in call.asked:
            if asked.get("vectors") == "deleteVectors":
                filter = asked["filter"]
                self.metadata = [each for each in self.metadata if not _meets(filter, each)]
            elif asked.get("vectors") == "upsert":
                self.metadata += asked["metadata"]


def _meets(filter: dict[str, Any], metadata: dict[str, Any]) -> bool:
    ((name, wanted),) = filter.items()
    among = dict(wanted["$object"])["$in"] if isinstance(wanted, dict) else [wanted]
    return metadata[name] in among


@_of("changes")
def test_the_same_vectors_are_there_after_changes(golden: Golden, new_store: Stores) -> None:
    theirs = Theirs()
    given = json.dumps([call.args for call in golden[1]])
    for replay, call, _ in _replayed(golden, new_store()):
        theirs.follow(call)
        assert _texts(replay.kept(), given) == _texts(theirs.metadata, given)


@_of("working_memory")
def test_working_memory_is_the_same(golden: Golden, new_store: Stores) -> None:
    scenario, calls = golden
    replay = Replay(scenario, new_store())
    for call in calls:
        if call.value == {"error": True}:
            continue  # A tool's call that does not fit the schema: the package checks it.
        given = replay.call(call)
        if call.error is not None:
            assert given is REFUSED or _is_ours(call.args[0])
        elif call.method == "getWorkingMemory":
            assert given == call.value
        elif call.method == "getThreadById":
            assert given.metadata == call.value.get("metadata")
        elif call.method == "getSystemMessage":
            assert call.value["data"] == "null" or call.value["data"] in given.system
            if "template" in scenario.options["workingMemory"]:
                assert call.value["template"] in given.system
        elif call.method == "getContext":
            assert [message.id for message in given.recall.messages] == call.value["messages"]
        elif call.method == "tools":
            assert given.keys() == {tool["name"] for tool in call.value}
            (tool,) = given.values()
            (theirs,) = call.value
            assert (
                _open(theirs["memory"]).items() <= tool.parameters["properties"]["memory"].items()
            )


def _open(schema: Any) -> Any:
    """A schema without what the package adds, that an object has no other properties."""
    if not isinstance(schema, dict):
        return schema
    return {name: _open(held) for name, held in schema.items() if name != "additionalProperties"}


@_of("working_memory", different=True)
def test_what_is_different_of_working_memory_is_told(golden: Golden, new_store: Stores) -> None:
    scenario, calls = golden
    replay = Replay(scenario, new_store())
    given = [(call, replay.call(call)) for call in calls if call.method != "getSystemMessage"]
    read = [(call.value, found) for call, found in given if call.method == "getWorkingMemory"]
    match scenario.name:
        case "working memory that is off":
            assert read == [(None, REFUSED)]
        case "a schema that requires":
            assert read == [
                (None, '{"age":1}'),
                ('{"name":"Ada"}', '{"age":1,"name":"Ada"}'),
                ('{"name":"Ada"}', '{"age":1}'),
            ]
        case "a text that is no JSON, under a schema":
            assert read == [("no json", None), ('{"age":1}', '{"age":1}')]
