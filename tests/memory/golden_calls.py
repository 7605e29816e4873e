"""Calls of `@mastra/memory`, and what it asks of its store and its vectors: `golden/*.json`.

A scenario is a memory with its options, and calls of it one after another. The package's methods
and arguments are called by their own names. `golden_texts.py` says how long texts are written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import define, field, frozen

from tests.interop.node_process import NodeProcess
from tests.memory.golden_texts import FOLDER, NOW, text

_START: Final = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)

SCHEMA: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "First name"},
        "age": {"type": "integer"},
        "height": {"type": "number", "default": 1.8},
        "home": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "floor": {"type": "number"}},
        },
        "pets": {"type": "array", "items": {"type": "string"}},
        "vegetarian": {"type": "boolean"},
        "notes": {"type": "object"},
    },
}
TEMPLATE: Final = "\n# Traveller\n- **Home airport**: \n- **Seat**: \n"


@define
class Scenario:
    """A memory, and what is called of it; each call with the package's answer in a golden file."""

    name: str
    options: dict[str, Any]
    dimensions: int = 64
    separator: str | None = None
    calls: list[dict[str, Any]] = field(factory=list)

    def call(self, method: str, *args: Any) -> Scenario:
        """Add a call."""
        self.calls.append({"method": method, "args": list(args)})
        return self

    def thread(self, id: str, resource: str = "r1", **metadata: Any) -> Scenario:
        """Add the making of a thread."""
        given = {"threadId": id, "resourceId": resource, "title": f"Thread {id}"}
        return self.call("createThread", {**given, "metadata": metadata} if metadata else given)

    def save(self, *messages: dict[str, Any], config: Any = None) -> Scenario:
        """Add the saving of messages."""
        given: dict[str, Any] = {"messages": list(messages)}
        return self.call("saveMessages", given | ({"memoryConfig": config} if config else {}))

    def recall(self, thread: str, resource: str | None = "r1", **args: Any) -> Scenario:
        """Add a recall; `search` is the text to search for, `config` overrides options."""
        given: dict[str, Any] = {"threadId": thread}
        if resource is not None:
            given["resourceId"] = resource
        if "search" in args:
            given["vectorSearchString"] = args.pop("search")
        if "config" in args:
            given["threadConfig"] = args.pop("config")
        return self.call("recall", {**given, **args})


def message(
    id: str, says: Any, at: int = 0, *, thread: str = "t1", resource: str = "r1", **more: Any
) -> dict[str, Any]:
    """A message of the present format, `at` minutes after the first."""
    moment = (_START + timedelta(minutes=at)).isoformat(timespec="milliseconds")
    content = {"format": 2, "parts": [{"type": "text", "text": says}]}
    return {
        "id": id,
        "threadId": thread,
        "resourceId": resource,
        "role": "user",
        "type": "v2",
        "createdAt": {"$date": moment.replace("+00:00", "Z")},
        "content": content,
        **more,
    }


def _saving() -> list[Scenario]:
    names = [
        Scenario(
            f"an index of {dimensions} dimensions, {separator}", _RECALL, dimensions, separator
        )
        .thread("t1")
        .save(message("m1", "hello"))
        .recall("t1", search="hello")
        .call("deleteThread", "t1")
        for dimensions in (64, 1536, 3072)
        for separator in ("_", "-")
    ]
    own = {"topic": "travel", "message_id": "x", "content": "x", "role": "x", "created_at": "x"}
    return [
        *names,
        Scenario("metadata of threads", _RECALL)
        .thread("t1", **own, resource_id="x", deep={"a": [1, None]})
        .thread("t2")
        .save(
            message("m1", "first"),
            message("m2", "second", 1, thread="t2", role="assistant"),
            message("m3", "third", 2, role="tool"),
            message("m4", "a rule", 3, role="system"),
            message("m5", " ", 4),
        ),
        Scenario("a thread that is not there", _RECALL).save(message("m1", "hello", thread="t9")),
        Scenario("nothing to embed", _RECALL).thread("t1").save(message("m1", "\n")),
        Scenario("no messages", _RECALL).thread("t1").save(),
        Scenario("the same text twice", _RECALL)
        .thread("t1")
        .save(message("m1", "hello"))
        .save(message("m2", "hello", 1)),
        Scenario("the same message twice", _RECALL)
        .thread("t1")
        .save(message("m1", "hello"))
        .save(message("m1", "hello again")),
        Scenario("a text of two chunks", _RECALL)
        .thread("t1")
        .save(message("m1", text(("alpha ", 2000), ("beta ", 2000)))),
        Scenario("without recall by meaning", {"semanticRecall": False})
        .thread("t1")
        .save(message("m1", "hello"))
        .save(message("m2", "again", 1), config={"semanticRecall": True})
        .call("deleteMessages", ["m1"])
        .call("deleteThread", "t1"),
        Scenario("working memory of the thread goes into metadata", _THREAD_MEMORY)
        .thread("t1", topic="travel")
        .call("updateWorkingMemory", {"threadId": "t1", "workingMemory": "# Ada"})
        .save(message("m1", "hello")),
    ]


_RECALL: Final = {"semanticRecall": True}
_THREAD_MEMORY: Final = {
    **_RECALL,
    "workingMemory": {"enabled": True, "scope": "thread", "template": TEMPLATE},
}
_SAID: Final = (
    "the hotel in kyoto had a garden",
    "which garden was it",
    "the moss garden behind the temple",
    "my sister keeps two cats",
    "cats sleep all day",
    "the train to osaka leaves at nine",
    "we pay the rent in advance",
    "the landlord lives in osaka",
    "python has no semicolons",
    "the tests run in parallel",
    "the cake needs three eggs",
    "eggs are in the fridge",
)


def _conversation(options: dict[str, Any]) -> Scenario:
    """Two threads of a resource, whose messages take turns in time, and one of another."""
    first = [message(f"a{n}", said, 2 * n) for n, said in enumerate(_SAID)]
    second = [
        message(f"b{n}", f"{said} indeed", 2 * n + 1, thread="t2", role="assistant")
        for n, said in enumerate(_SAID[:6])
    ]
    third = [
        message(f"c{n}", said, 2 * n, thread="t3", resource="r2")
        for n, said in enumerate(_SAID[:6])
    ]
    scenario = Scenario("", options).thread("t1", topic="x").thread("t2").thread("t3", "r2")
    return scenario.save(*first).save(*second).save(*third)


def _recall() -> list[Scenario]:
    def over(**recall: Any) -> dict[str, Any]:
        return {"semanticRecall": recall}

    last = {**_RECALL, "lastMessages": 2}
    ranged = _conversation(last)
    ranged.name = "scopes, ranges and top_k"
    for scope in ("resource", "thread"):
        for top, around in (
            (None, None),
            (1, None),
            (1, {"before": 0, "after": 0}),
            (2, {"before": 2, "after": 3}),
            (3, 1),
            (3, 0),
            (50, {"before": 1, "after": 0}),
        ):
            given: dict[str, Any] = {"scope": scope}
            given |= {} if top is None else {"topK": top}
            given |= {} if around is None else {"messageRange": around}
            for search in ("kyoto garden", "osaka"):
                ranged.recall("t1", search=search, config=over(**given))
    filtered = _conversation(last)
    filtered.name = "filters and thresholds"
    filtered.recall("t1", search="garden", config=over(filter={"role": "assistant"}))
    filtered.recall("t1", search="garden", config=over(filter={"topic": "x"}, topK=2))
    filtered.recall("t1", search="garden", config=over(filter={"resource_id": "r2"}))
    filtered.recall(
        "t1", search="garden", config=over(scope="thread", filter={"role": {"$in": ["user"]}})
    )
    for threshold in (0, 0.45, 0.55, 0.99):
        filtered.recall("t1", search="moss garden temple", config=over(threshold=threshold))
    history = _conversation(_RECALL)
    history.name = "the last messages"
    history.recall("t1").recall("t1", search="").recall("t1", search=" \n")
    history.recall("t1", search="cats", config={"lastMessages": 3})
    history.recall("t1", search="cats", config={"lastMessages": False})
    history.recall("t1", config={"lastMessages": False})
    history.recall("t1", config={"lastMessages": 0}, search="cats")
    history.recall("t1", perPage=3, search="cats").recall("t1", perPage=3, page=1, search="cats")
    history.recall("t1", perPage=False).recall("t1", perPage=0, search="cats")
    history.recall("t1", config={"semanticRecall": False}, search="cats")
    history.recall("t1", perPage=2, orderBy={"field": "createdAt", "direction": "ASC"})
    history.recall("t1", perPage=2, includeTotal=False)
    history.recall("t1", search=text(("cats ", 3000), ("osaka ", 3000)), config={"lastMessages": 1})
    refused = _conversation(last)
    refused.name = "what is refused"
    refused.recall("t3", search="garden").recall("t3")
    refused.recall("t9", search="garden").recall("t9")
    refused.recall("t9", search="garden", config=over(scope="thread"))
    refused.recall("t1", None, search="garden").recall("t1", None)
    refused.recall("t1", None, search="garden", config=over(scope="thread"))
    stale = _conversation(last)
    stale.name = "messages that are gone, and one that was saved again"
    stale.call("deleteMessages", ["a2", {"id": "b0"}])
    stale.recall("t1", search="moss garden temple")
    stale.save(message("a3", "my brother keeps a goat", 6))
    stale.recall("t1", search="brother goat", config=over(topK=1))
    return [ranged, filtered, history, refused, stale]


def _changes() -> list[Scenario]:
    def change(id: str, says: str) -> dict[str, Any]:
        return {"id": id, "content": {"format": 2, "parts": [{"type": "text", "text": says}]}}

    updates = _conversation(_RECALL)
    updates.name = "updates of messages"
    updates.call(
        "updateMessages", {"messages": [change("a0", "the inn in nara"), change("a1", " ")]}
    )
    updates.call("updateMessages", {"messages": [{"id": "a2", "role": "assistant"}]})
    updates.call("updateMessages", {"messages": [change("zz", "not there")]})
    updates.call("updateMessages", {"messages": [change("a3", text(("goat ", 4000)))]})
    updates.call("updateMessages", {"messages": []})
    updates.recall("t1", search="nara inn", config={"semanticRecall": {"topK": 1}})
    deletes = _conversation(_RECALL)
    deletes.name = "messages and threads that are deleted"
    deletes.call("deleteMessages", ["a0", "b0", "zz"])
    deletes.call("deleteMessages", [f"x{n}" for n in range(150)])
    deletes.call("deleteMessages", [])
    deletes.call("deleteThread", "t2").call("deleteThread", "t9")
    deletes.recall("t1", search="kyoto garden", config={"lastMessages": 1})
    clones = _conversation({**_RECALL, "workingMemory": {"enabled": True, "template": TEMPLATE}})
    clones.name = "threads that are cloned and handed over"
    clones.call("updateWorkingMemory", {"resourceId": "r1", "workingMemory": "# Ada"})
    clones.call("cloneThread", {"sourceThreadId": "t2"})
    clones.call("copyThread", {"sourceThreadId": "t2", "newThreadId": "t4", "resourceId": "r3"})
    clones.call("getWorkingMemory", {"resourceId": "r3"})
    clones.call("updateThreadResourceId", {"threadId": "t2", "resourceId": "r4"})
    threads = Scenario("threads", {**_RECALL, "workingMemory": {"enabled": True}})
    threads.thread("t1", topic="x", workingMemory="# Ada")
    threads.call("getWorkingMemory", {"resourceId": "r1"})
    change_of_thread = {"title": "New", "metadata": {"workingMemory": "# Bo", "more": 1}}
    threads.call("updateThread", {"id": "t1", **change_of_thread})
    threads.call("getWorkingMemory", {"resourceId": "r1"})
    threads.call("getThreadById", {"threadId": "t1"})
    return [updates, deletes, clones, threads]


def _working_memory() -> list[Scenario]:
    by_resource = {"threadId": "t1", "resourceId": "r1"}
    by_thread = {"threadId": "t1"}

    def scenario(name: str, scope: str, **how: Any) -> Scenario:
        options = {"workingMemory": {"enabled": True, "scope": scope, **how}}
        return Scenario(name, options).thread("t1", topic="x")

    made = []
    for scope, whose in (("resource", by_resource), ("thread", by_thread)):
        agent = {"threadId": "t1", "resourceId": "r1"}
        text_kept = scenario(f"a template, scope {scope}", scope, template=TEMPLATE)
        text_kept.call("getWorkingMemory", whose).call("getSystemMessage", whose)
        text_kept.call("updateWorkingMemory", {**whose, "workingMemory": "# Ada\n- Seat: window"})
        text_kept.call("getWorkingMemory", whose).call("getSystemMessage", whose)
        text_kept.call("tools")
        # The empty template does not replace what is remembered.
        text_kept.call("tool", "updateWorkingMemory", {"memory": TEMPLATE}, agent)
        text_kept.call("tool", "updateWorkingMemory", {"memory": " # Bo\n"}, agent)
        text_kept.call("getWorkingMemory", whose)
        text_kept.call("updateWorkingMemory", {**whose, "workingMemory": ""})
        text_kept.call("getWorkingMemory", whose)
        text_kept.call("getThreadById", {"threadId": "t1"})
        made.append(text_kept)
        merged = scenario(f"a schema, scope {scope}", scope, schema=SCHEMA)
        merged.call("getSystemMessage", whose).call("tools")
        for given in (
            {"name": "Ada", "home": {"city": "Kyoto", "floor": 2}, "pets": ["Mo", "Ti"]},
            {"age": 36, "home": {"floor": None}, "pets": ["Ti"]},
            {"name": None, "home": {"street": {"name": "Sanjo", "number": None}}},
            {"home": "nowhere"},
            {"home": {"city": "Nara"}},
            {"pets": None, "notes": {}},
            {},
        ):
            merged.call("tool", "updateWorkingMemory", {"memory": given}, agent)
            merged.call("getWorkingMemory", whose)
        merged.call("tool", "updateWorkingMemory", {"memory": '{"age": 40}'}, agent)
        merged.call("tool", "updateWorkingMemory", {"memory": "{no json"}, agent)
        merged.call("getWorkingMemory", whose).call("getSystemMessage", whose)
        made.append(merged)
    needed = scenario("a schema that requires", "resource", schema={**SCHEMA, "required": ["name"]})
    for given in ({"age": 1}, {"name": "Ada"}, {"name": None}):
        needed.call("tool", "updateWorkingMemory", {"memory": given}, by_resource)
        needed.call("getWorkingMemory", by_resource)
    broken = scenario("a text that is no JSON, under a schema", "resource", schema=SCHEMA)
    broken.call("updateWorkingMemory", {**by_resource, "workingMemory": "no json"})
    broken.call("getWorkingMemory", by_resource)
    broken.call("tool", "updateWorkingMemory", {"memory": {"age": 1}}, by_resource)
    broken.call("getWorkingMemory", by_resource)
    plain = Scenario("the template of the package", {"workingMemory": {"enabled": True}})
    plain.thread("t1").call("getSystemMessage", by_resource)
    plain.call("getContext", by_resource).call("updateWorkingMemory", {"workingMemory": "x"})
    plain.call("getWorkingMemory", {"threadId": "t1"})
    off = Scenario("working memory that is off", {}).thread("t1")
    off.call("getWorkingMemory", by_resource).call("getSystemMessage", by_resource).call("tools")
    off.call("updateWorkingMemory", {**by_resource, "workingMemory": "x"})
    read_only = scenario("working memory that is only read", "resource", agentManaged=False)
    read_only.call("updateWorkingMemory", {**by_resource, "workingMemory": "# Ada"})
    read_only.call("getSystemMessage", by_resource).call("tools")
    lost = scenario("a thread that is not there", "thread")
    lost.call("updateWorkingMemory", {"threadId": "t9", "workingMemory": "x"})
    lost.call("getWorkingMemory", {"threadId": "t9"})
    context = _conversation({**_RECALL, "lastMessages": 2, "workingMemory": {"enabled": True}})
    context.name = "the context for a model"
    context.call("getContext", by_resource)
    return [*made, needed, broken, plain, off, read_only, lost, context]


FILES: Final = {
    "saving": _saving,
    "recall": _recall,
    "changes": _changes,
    "working_memory": _working_memory,
}
"""The scenarios of each golden file."""


def ask(process: NodeProcess, scenario: Scenario) -> dict[str, Any]:
    """A scenario of a file: its calls with the package's answers.

    The package's own sentences are left out: of an error there is its name, of a text for a model
    what lies between its tags, of a tool its name and its schema.
    """
    memory = {"options": scenario.options, "dimensions": scenario.dimensions}
    if scenario.separator is not None:
        memory["separator"] = scenario.separator
    process.answer({"open": scenario.name, **memory})
    answered = []
    for call in scenario.calls:
        answer = process.answer({"memory": scenario.name, **call, "now": NOW})
        asked = [_ids(asked) for asked in answer["calls"]]
        if "error" in answer:
            told = {"error": answer["error"]["name"]}
        else:
            told = {"value": _TOLD.get(call["method"], _ids)(answer["value"])}
        answered.append({**call, **told, "calls": asked})
    return {"name": scenario.name, **memory, "calls": answered}


def _ids(told: Any) -> Any:
    """What is told, with no more than the ids of messages; golden/texts.json has their contents."""
    if not isinstance(told, dict) or told.keys() == {"$undefined"}:
        return None if isinstance(told, dict) else told
    return {
        name: [message["id"] for message in held]
        if name in ("messages", "clonedMessages") and told.get("storage") != "updateMessages"
        else held
        for name, held in told.items()
        if held != {"$undefined": True}
    }


def _system(told: Any) -> Any:
    """The template and the data in a text for a model, and whether it may write them."""
    if told is None:
        return None
    found = {
        name: told.split(f"<{tag}>\n")[1].split(f"\n</{tag}>")[0]
        for name, tag in (("template", "working_memory_template"), ("data", "working_memory_data"))
        if f"<{tag}>" in told
    }
    objects = [
        line for line in told.split("<working_memory_data>")[0].split("\n") if line[:1] == "{"
    ]
    if objects:
        found["object"] = json.loads(objects[0])
    return {**found, "tool": "updateWorkingMemory" in told}


def _context(told: Any) -> Any:
    return {"messages": _ids(told)["messages"], "system": _system(told["systemMessage"])}


def _tools(told: Any) -> Any:
    def plain(schema: Any) -> Any:
        return dict(schema["$object"]) if "$object" in schema else schema

    return [
        {
            "name": tool["name"],
            "memory": {
                name: held
                for name, held in plain(tool["inputSchema"])["properties"]["memory"].items()
                if name != "description"
            },
        }
        for tool in told
    ]


def _tool(told: Any) -> Any:
    return {name: held for name, held in told.items() if name in ("success", "error")}


_TOLD: Final = {
    "getSystemMessage": _system,
    "getContext": _context,
    "tools": _tools,
    "tool": _tool,
    "updateMessages": lambda told: [message["id"] for message in told],
}


@frozen
class Answered:
    """A call of a golden file, with the package's answer.

    `asked` is what it asked of its parts meanwhile: `{"embed": [...]}`, `{"vectors": method, ...}`
    and `{"storage": method, ...}`.
    """

    method: str
    args: list[Any]
    value: Any
    error: str | None
    asked: list[dict[str, Any]]

    def vectors(self, method: str) -> list[dict[str, Any]]:
        """What it asked of the vector store by one method."""
        return [asked for asked in self.asked if asked.get("vectors") == method]


def scenarios(file: str) -> list[tuple[Scenario, list[Answered]]]:
    """The scenarios of a golden file, each with its answers."""
    content = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    return [
        (
            Scenario(one["name"], one["options"], one["dimensions"], one.get("separator")),
            [
                Answered(
                    call["method"],
                    call["args"],
                    call.get("value"),
                    call.get("error"),
                    call["calls"],
                )
                for call in one["calls"]
            ],
        )
        for one in content["scenarios"]
    ]
