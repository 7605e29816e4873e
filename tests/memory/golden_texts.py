"""Messages whose text is embedded, and what `@mastra/memory` makes of each: `golden/texts.json`.

A long text stands in the file as `{"$text": [["ab ", 9000]]}`, and what the package made of it as
`{"$long": {...}}`, with its length, its hash and its ends.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from tests.interop.node_process import NodeProcess

FOLDER: Final = Path(__file__).with_name("golden")
NOW: Final = "2026-02-03T09:15:00.000Z"
_LONG: Final = 300


def text(*parts: tuple[str, int]) -> dict[str, Any]:
    """A text, each of its parts as often as the number says."""
    return {"$text": [list(part) for part in parts]}


def _content(content: Any = None, *parts: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"format": 2}
    if content is not None:
        made["content"] = content
    made["parts"] = [
        {"type": "text", "text": part} if isinstance(part, str) or "$text" in part else part
        for part in parts
    ]
    return made


def _tool(name: str) -> dict[str, Any]:
    invocation = {"state": "result", "toolCallId": "c1", "toolName": name, "args": {}, "result": 1}
    return {"type": "tool-invocation", "toolInvocation": invocation}


_BEFORE: Final = _content("before")
_SPACES: Final = {
    "feff": "\ufeff",
    "0085": "\u0085",
    "001c": "\u001c",
    "001f": "\u001f",
    "00a0": "\u00a0",
    "180e": "\u180e",
    "200b": "\u200b",
    "2009": "\u2009",
    "2028": "\u2028",
    "3000": "\u3000",
    "newline": "\r\n\t",
}
_TAGGED: Final = "<working_memory>name: Ada</working_memory>"

CONTENTS: Final[dict[str, Any]] = {
    "content and parts": _content("the content", "a part"),
    "parts alone": _content(None, "one", "two"),
    "parts with white space": _content(None, " one ", "\n", "two\n"),
    "content with white space around": _content("  a  b \n"),
    "blank content, parts": _content(" \n", "a part"),
    "empty content, parts": _content("", "a part"),
    "blank content, blank parts": _content(" ", " ", "\t"),
    "no parts": {"format": 2, "parts": []},
    "content without parts": {"format": 2, "content": "the content"},
    "content and no parts": _content("the content"),
    "nothing": {"format": 2},
    "content that is no text": {
        "format": 2,
        "content": 7,
        "parts": [{"type": "text", "text": "x"}],
    },
    "a part without text": _content(None, {"type": "text"}, "more"),
    "reasoning and a file": _content(
        None,
        {"type": "reasoning", "reasoning": "because", "details": []},
        "seen",
        {"type": "file", "mimeType": "image/png", "data": "AAAA"},
    ),
    "a tool call alone": _content(None, _tool("weather")),
    "a tool call and text": _content(None, _tool("weather"), "it rains"),
    "the update of working memory alone": _content(None, _tool("updateWorkingMemory")),
    "the update of working memory and text": _content(
        None, "noted", _tool("updateWorkingMemory"), "well"
    ),
    "the update of working memory and content": _content("noted", _tool("updateWorkingMemory")),
    "another tool of working memory": _content(None, _tool("setWorkingMemory")),
    "tags in content": _content(f"before {_TAGGED} after", "part"),
    "tags alone": _content(_TAGGED, _TAGGED),
    "tags alone in content, with a tool call": _content(_TAGGED, _tool("updateWorkingMemory")),
    "tags in parts": _content(None, f"{_TAGGED}\nbefore", f"after{_TAGGED}{_TAGGED}"),
    "tags that are not closed": _content("before <working_memory>name: Ada"),
    "tags within tags": _content("a <working_memory>b <working_memory>c</working_memory> d"),
    "an end before a start": _content("a </working_memory> b <working_memory> c"),
    "tags in capitals": _content("a <Working_Memory>b</Working_Memory> c"),
    "a message of the earlier format": "only a text",
    "parts of the earlier format": [{"type": "text", "text": "only a part"}],
    "emoji": _content("𝔘nicode 😀 é e\u0301 日本"),
    "a chunk exactly": _content(text(("abc ", 4095), ("defg", 1))),
    "a chunk and one more": _content(text(("abc ", 4095), ("defgh", 1))),
    "a chunk exactly, white space behind": _content(None, text(("abc ", 4096)), "x"),
    "many words": _content(text(("one two  three\n", 4000))),
    "words in parts": _content(None, text(("one ", 4000)), text(("two ", 4000))),
    "a long word": _content(text(("w", 40_000))),
    "a long word exactly": _content(text(("w", 16_384))),
    "a long word in the middle": _content(text(("first ", 1), ("w", 20_000), (" last", 1))),
    "a long word behind a full chunk": _content(text(("abc ", 4096), ("w", 16_385), (" z", 1))),
    "pairs in words": _content(text(("😀😀 ", 4000))),
    "a long word of pairs, even": _content(text(("😀", 12_000))),
    "a long word of pairs, odd": _content(text(("x", 1), ("😀", 12_000))),
    "a long word of pairs, odd twice": _content(text(("x", 1), ("😀", 20_000))),
    **{
        f"white space {name}": _content(f"{space}a{space}{space}b{space}", f"{space}c")
        for name, space in _SPACES.items()
    },
    **{
        f"white space {name} alone": _content(space, f"{space}c{space}", space)
        for name, space in _SPACES.items()
    },
}
"""Contents of messages, by what is special about them."""

ROLES: Final = {
    "system": _content("a rule"),
    "tool": _content("a result"),
    "assistant": _content("an answer"),
    "signal": {**_content("a signal"), "metadata": {"signal": {"transient": False}}},
    "passing signal": {**_content("a signal"), "metadata": {"signal": {"transient": True}}},
}


def questions() -> list[dict[str, Any]]:
    """What is asked of the package: a name, a role and a content each."""
    asked = [
        {"name": name, "role": "user", "content": content} for name, content in CONTENTS.items()
    ]
    return asked + [
        {"name": f"as {name}", "role": name.split()[-1], "content": content}
        for name, content in ROLES.items()
    ]


@frozen
class TextCase:
    """A message, and what came of it.

    `stored` is the content that is stored, None where the message is not. `saved` and `updated`
    are {"text", "chunks"} as they are embedded when the message is saved, and when a message that
    is stored gets this content; None where nothing is embedded.
    """

    name: str
    role: str
    content: Any
    stored: Any
    saved: Any
    updated: Any


def cases() -> list[TextCase]:
    """All of them, in the order of the file."""
    file = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))
    return [TextCase(**{**case, "content": spelled_out(case["content"])}) for case in file["cases"]]


def spelled_out(value: Any) -> Any:
    """A value of a golden file, with its long texts as they are."""
    if isinstance(value, list):
        return [spelled_out(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$text"}:
        return "".join(part * times for part, times in value["$text"])
    return {name: spelled_out(inner) for name, inner in value.items()}


def shortened(text: str) -> Any:
    """A text as the package's answers tell it: a long one by its length, its hash and its ends."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * _LONG:
        return text
    ends = [units[:40].decode("utf-16-le", "surrogatepass")]
    ends.append(units[-40:].decode("utf-16-le", "surrogatepass"))
    told = {"units": len(units) // 2, "sha256": hashlib.sha256(units).hexdigest(), "ends": ends}
    return {"$long": told}


def ask(process: NodeProcess, question: dict[str, Any]) -> dict[str, Any]:
    """A case of the file: the question with the package's answers."""
    message = {
        "id": "m",
        "threadId": "t",
        "resourceId": "r",
        "type": "v2",
        "role": question["role"],
        "createdAt": {"$date": NOW},
        "content": question["content"],
    }
    _open(process)
    _call(process, "saveMessages", {"messages": [{**message, "role": "user", "content": _BEFORE}]})
    change = {"id": "m", "content": question["content"]}
    updated = _call(process, "updateMessages", {"messages": [change]})
    # Another memory: what was embedded once is not embedded again.
    _open(process)
    saved = _call(process, "saveMessages", {"messages": [message]})
    stored = next(call["messages"] for call in saved if call.get("storage") == "saveMessages")
    return {
        **question,
        "stored": stored[0]["content"] if stored else None,
        "saved": _embedded(saved),
        "updated": _embedded(updated),
    }


def _open(process: NodeProcess) -> None:
    options = {"semanticRecall": True}
    process.answer({"open": "texts", "options": options, "dimensions": 4})
    _call(process, "createThread", {"threadId": "t", "resourceId": "r"})


def _call(process: NodeProcess, method: str, args: Any) -> list[dict[str, Any]]:
    answer = process.answer({"memory": "texts", "method": method, "args": [args], "now": NOW})
    # Contents of the earlier format cannot be updated there: nothing is embedded.
    calls: list[dict[str, Any]] = answer["calls"] if "error" not in answer else []
    return calls


def _embedded(calls: list[dict[str, Any]]) -> dict[str, Any] | None:
    chunks = [chunk for call in calls for chunk in call.get("embed", [])]
    texts = [vector["content"] for call in calls for vector in call.get("metadata", [])]
    return {"text": texts[0], "chunks": chunks} if texts else None
