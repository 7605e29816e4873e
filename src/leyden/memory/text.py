"""The text of a message for its vectors: what is embedded, in which chunks, under which name.

The TypeScript `Memory` may share the vector store, and must find here what it would have written.
So white space is JavaScript's, and lengths are UTF-16 units. There is one difference: where a word
longer than a chunk is cut, no surrogate pair is cut in two, because half of one is not a text.

>>> chunks_of("where  did we\\nstay?")
['where did we stay?']
>>> index_name(256), index_name(1536, "-")
('memory_messages_256', 'memory-messages')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from leyden._text import WHITE_IN_JAVASCRIPT
from leyden.store import Message
from leyden.store.records import JSON
from leyden.types import timestamp_text

__all__ = [
    "CHUNK_UNITS",
    "PLAIN_DIMENSIONS",
    "UPDATE_TOOL",
    "chunks_of",
    "embedded_text",
    "index_name",
    "kept_of",
    "vector_metadata",
    "without_working_memory",
]

CHUNK_UNITS: Final = 16_384
"""The longest chunk, in UTF-16 units."""

UPDATE_TOOL: Final = "updateWorkingMemory"
"""The tool that lets a model update its working memory."""

PLAIN_DIMENSIONS: Final = 1536
"""The number of dimensions for which an index's name has no number."""

_WHITE: Final = re.compile(f"[{WHITE_IN_JAVASCRIPT}]+")
_BEYOND_BMP: Final = re.compile("[\U00010000-\U0010ffff]")
_TAG: Final = "<working_memory>"
_END_TAG: Final = "</working_memory>"


def kept_of(message: Message) -> Message | None:
    """Return the message as it is saved, or None if it is not saved.

    System messages and transient signals are not saved. From other messages, saving removes the
    `<working_memory>` parts of texts, with the white space around the rest, and the calls of the
    tool that updates working memory. A message that consists of nothing else is not saved either.
    """
    content = message.content
    if message.role == "system" or (message.role == "signal" and _is_passing(content)):
        return None
    if not isinstance(content, Mapping):
        return message
    kept: dict[str, JSON] = dict(content)
    text, parts = kept.get("content"), kept.get("parts")
    if isinstance(text, str):
        text = kept["content"] = _without_tags(text)
    if isinstance(parts, list | tuple):
        kept["parts"] = list(_kept_parts(parts))
        if not kept["parts"] and not (isinstance(text, str) and text):
            return None
    return message if kept == content else evolve(message, content=kept)


def embedded_text(message: Message) -> str | None:
    """Return the text of a message to embed, or None if it has none.

    This is `content.content`, unchanged, if that is a text and not blank. Otherwise it is the texts
    of the parts, joined by spaces and trimmed. Messages of the earlier format have no such text.
    """
    content = message.content
    if not isinstance(content, Mapping):
        return None
    text, parts = content.get("content"), content.get("parts")
    if isinstance(text, str) and text.strip(WHITE_IN_JAVASCRIPT):
        return text
    if not isinstance(parts, list | tuple):
        return None
    return " ".join(_texts(parts)).strip(WHITE_IN_JAVASCRIPT) or None


def chunks_of(text: str) -> list[str]:
    """Split a text into the chunks to embed; a blank text has none.

    A chunk has as many words, joined by one space, as fit into `CHUNK_UNITS`. A longer word is cut,
    and its pieces share no chunk with other words. White space at the end of the text stays, as one
    space.
    """
    all_words = _WHITE.split(text)
    whole = " ".join(all_words if all_words[0] else all_words[1:])
    if _units_of(whole) <= CHUNK_UNITS:
        return [whole] if whole else []
    chunks: list[str] = []
    words: list[str] = []
    units = 0  # the length of `words` with a space between each two
    for word in all_words:
        length = _units_of(word)
        if units and units + 1 + length <= CHUNK_UNITS:
            words.append(word)
            units += 1 + length
            continue
        if units:
            chunks.append(" ".join(words))
        words, units = [word], length
        if length > CHUNK_UNITS:
            chunks.extend(_pieces_of(word))
            words, units = [], 0
    if units:
        chunks.append(" ".join(words))
    return chunks


def index_name(dimensions: int, separator: str = "_") -> str:
    """Return the name of the index that holds the vectors of messages."""
    plain = f"memory{separator}messages"
    return plain if dimensions == PLAIN_DIMENSIONS else f"{plain}{separator}{dimensions}"


def vector_metadata(
    message: Message, text: str, thread_metadata: Mapping[str, JSON] | None = None
) -> dict[str, JSON]:
    """Return a vector's metadata, which is the same for each chunk of the message's text.

    The thread's own metadata comes first, so that none of its names can replace an id. A message
    without a resource has no `resource_id`.
    """
    metadata: dict[str, JSON] = {
        **(thread_metadata or {}),
        "message_id": message.id,
        "thread_id": message.thread_id,
        "resource_id": message.resource_id,
        "role": message.role,
        "content": text,
    }
    if message.resource_id is None:
        del metadata["resource_id"]
    if message.created_at is not None:
        metadata["created_at"] = timestamp_text(message.created_at)
    return metadata


def without_working_memory(text: str) -> str:
    """Return the text without its `<working_memory>` parts; a part that is not closed stays."""
    kept, position = [], 0
    while (start := text.find(_TAG, position)) >= 0:
        end = text.find(_END_TAG, start + len(_TAG))
        if end < 0:
            break
        kept.append(text[position:start])
        position = end + len(_END_TAG)
    return "".join([*kept, text[position:]])


def _without_tags(text: str) -> str:
    return without_working_memory(text).strip(WHITE_IN_JAVASCRIPT)


def _kept_parts(parts: Iterable[Any]) -> Iterator[Any]:
    for part in parts:
        if not isinstance(part, Mapping):
            yield part
        elif part.get("type") == "text":
            text = part.get("text")
            yield {**part, "text": _without_tags(text) if isinstance(text, str) else ""}
        elif part.get("type") != "tool-invocation" or _tool_of(part) != UPDATE_TOOL:
            yield part


def _tool_of(part: Mapping[str, Any]) -> Any:
    invocation = part.get("toolInvocation")
    return invocation.get("toolName") if isinstance(invocation, Mapping) else None


def _is_passing(content: Any) -> bool:
    for name in ("metadata", "signal"):
        content = content.get(name) if isinstance(content, Mapping) else None
    return isinstance(content, Mapping) and content.get("transient") is True


def _texts(parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Mapping) and part.get("type") == "text":
            text = part.get("text")
            yield text if isinstance(text, str) else ""


def _units_of(text: str) -> int:
    return len(text) + len(_BEYOND_BMP.findall(text))


def _pieces_of(word: str) -> Iterator[str]:
    """Cut a word that is longer than a chunk into chunks, without cutting a surrogate pair."""
    units = word.encode("utf-16-le", "surrogatepass")
    start = 0
    while start < len(units):
        end = start + 2 * CHUNK_UNITS
        # The high half of a pair has these bits in the second of its two bytes.
        if end < len(units) and units[end - 1] & 0xFC == 0xD8:
            end -= 2
        yield units[start:end].decode("utf-16-le", "surrogatepass")
        start = end
