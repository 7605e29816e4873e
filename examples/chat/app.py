"""A chat with a memory: what was said before is recalled by meaning, and shown beside the answer.

`create_app(memory)` gives the FastAPI application; it takes a `leyden.memory.Memory`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from echo import answer, title_for
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from leyden.errors import InputError, LeydenError
from leyden.memory import Memory, Recall
from leyden.store import Message, Thread

GUEST = "guest"
"""The one resource of this example; a real service takes it from who is signed in."""

PAGE_SIZE = 20

LONGEST_ID = 200
"""Characters; ids are this service's own, so a longer one is none of them."""


class NewMessage(BaseModel):
    """What a visitor sends."""

    text: str = Field(min_length=1, max_length=20_000)


class Renaming(BaseModel):
    """A thread's new title."""

    title: str = Field(min_length=1, max_length=200)


class Remembering(BaseModel):
    """A new working memory, and the one that the visitor changed."""

    text: str = Field(max_length=20_000)
    instead_of: str


def create_app(memory: Memory) -> FastAPI:
    """The application, with `memory` for all that it keeps."""
    app = FastAPI(title="Chat")

    @app.exception_handler(InputError)
    def refuse(request: Request, error: InputError) -> JSONResponse:
        """What the store does not take, such as a cursor of another list, is the caller's fault."""
        return refusal(400, error.message)

    @app.exception_handler(RequestValidationError)
    def refuse_unfit(request: Request, error: RequestValidationError) -> JSONResponse:
        """FastAPI would show what was sent, which may be text that cannot be shown."""
        return refusal(422, "; ".join(found["msg"] for found in error.errors()))

    def known(thread_id: str) -> Thread:
        if len(thread_id) > LONGEST_ID:
            raise HTTPException(404, "there is no such thread")
        thread = memory.get_thread_by_id(thread_id, resource_id=GUEST)
        if thread is None:
            raise HTTPException(404, "there is no such thread")
        return thread

    @app.get("/threads")
    def list_threads(cursor: str | None = None) -> dict[str, Any]:
        page = memory.list_threads(
            resource_id=GUEST, per_page=PAGE_SIZE, cursor=cursor, include_total=False
        )
        return {"threads": [shown_thread(thread) for thread in page.threads], "cursor": page.cursor}

    @app.post("/threads", status_code=201)
    def begin_thread() -> dict[str, Any]:
        return shown_thread(memory.create_thread(resource_id=GUEST, title="New chat"))

    @app.patch("/threads/{thread_id}")
    def rename_thread(thread_id: str, renaming: Renaming) -> dict[str, Any]:
        known(thread_id)
        return shown_thread(memory.update_thread(thread_id, title=renaming.title))

    @app.delete("/threads/{thread_id}", status_code=204)
    def delete_thread(thread_id: str) -> Response:
        known(thread_id)
        memory.delete_thread(thread_id)
        return Response(status_code=204)

    @app.get("/threads/{thread_id}/messages")
    def list_messages(thread_id: str, cursor: str | None = None) -> dict[str, Any]:
        """The newest messages, or those before the cursor; in the order of time."""
        known(thread_id)
        page = memory.recall(thread_id, resource_id=GUEST, last_messages=PAGE_SIZE, cursor=cursor)
        return {
            "messages": [shown_message(message) for message in page.messages],
            "cursor": page.cursor,
        }

    @app.post("/threads/{thread_id}/messages")
    def send_message(thread_id: str, new: NewMessage) -> StreamingResponse:
        thread = known(thread_id)
        # Before the message is saved: nothing is more like it than itself.
        recall = memory.recall(thread_id, resource_id=GUEST, search=new.text)
        if not any(message.thread_id == thread_id for message in recall.messages):
            memory.update_thread(thread_id, title=title_for(new.text))
        (sent,) = memory.save_messages([message_of(thread, "user", new.text)])

        def stream() -> Iterator[str]:
            """One JSON object a line; a failure is the last of them."""
            yield line({"sent": shown_message(sent)})
            found = found_in(recall)
            yield line({"recall": shown_recall(memory, thread, recall, found)})
            try:
                reply = answer(new.text, [(text_of(m.content), score) for m, score in found])
                if reply.remember is not None:
                    yield line({"memory": remember(memory, reply.remember)})
                for piece in reply.pieces:
                    yield line({"piece": piece})
                said = message_of(thread, "assistant", "".join(reply.pieces))
                yield line({"said": shown_message(*memory.save_messages([said]))})
            except LeydenError as error:
                yield line({"problem": error.message})

        return StreamingResponse(stream(), media_type="application/x-ndjson")

    @app.get("/memory")
    def read_memory() -> dict[str, str]:
        return {"text": memory.get_working_memory(resource_id=GUEST) or ""}

    @app.put("/memory")
    def write_memory(new: Remembering) -> dict[str, str]:
        """Refused where the agent has written meanwhile what the visitor has not seen."""

        def unless_changed(stored: str | None) -> str:
            if (stored or "") != new.instead_of:
                raise HTTPException(409, "the working memory has changed meanwhile")
            return new.text

        memory.update_working_memory(unless_changed, resource_id=GUEST)
        return {"text": new.text}

    app.mount("/", StaticFiles(directory=Path(__file__).parent / "page", html=True))
    return app


def refusal(status: int, words: str) -> JSONResponse:
    """An answer that says what is wrong; half of a surrogate pair cannot be sent."""
    return JSONResponse({"detail": words.encode(errors="replace").decode()}, status)


def remember(memory: Memory, fact: str) -> str:
    """Add a fact to the working memory, whatever others write at the same time; gives all of it."""

    def with_fact(stored: str | None) -> str:
        return f"{stored.rstrip()}\n- {fact}" if stored and stored.strip() else f"- {fact}"

    return memory.update_working_memory(with_fact, resource_id=GUEST)


def found_in(recall: Recall) -> list[tuple[Message, float]]:
    """The messages that were found by meaning, the best first."""
    found = [(one, recall.scores[one.id]) for one in recall.messages if one.id in recall.scores]
    return sorted(found, key=lambda entry: -entry[1])


def shown_recall(
    memory: Memory, thread: Thread, recall: Recall, found: list[tuple[Message, float]]
) -> dict[str, Any]:
    """What was recalled by meaning, by which requests, and what they cost."""
    titles = {thread.id: thread.title}
    for message, _ in found:
        if message.thread_id not in titles:
            other = memory.get_thread_by_id(message.thread_id, resource_id=GUEST)
            titles[message.thread_id] = other.title if other else "a deleted chat"
    cost = recall.cost
    return {
        "found": [
            {
                **shown_message(message),
                "score": score,
                "here": message.thread_id == thread.id,
                "thread": titles[message.thread_id],
            }
            for message, score in found
        ],
        "requests": cost.requests,
        "consumed": cost.consumed,
        "bytes_searched": cost.bytes_searched,
        "sent": [
            {"api": one.api, "index": one.index, "consumed": one.consumed} for one in cost.sent
        ],
    }


def message_of(thread: Thread, role: str, text: str) -> Message:
    """A message of one text, in the format with parts."""
    return Message(
        id=str(uuid4()),
        thread_id=thread.id,
        resource_id=thread.resource_id,
        role=role,
        content={"format": 2, "parts": [{"type": "text", "text": text}], "content": text},
    )


def shown_thread(thread: Thread) -> dict[str, Any]:
    """A thread as the page takes it."""
    return {"id": thread.id, "title": thread.title}


def shown_message(message: Message) -> dict[str, Any]:
    """A message as the page takes it."""
    created = message.created_at
    return {
        "id": message.id,
        "role": message.role,
        "text": text_of(message.content),
        "at": created.isoformat() if created else None,
    }


def text_of(content: Any) -> str:
    """The text of a message, whichever client wrote it."""
    if isinstance(content, str):
        return content
    parts = content.get("parts", ()) if isinstance(content, dict) else content
    return "".join(
        part["text"] for part in parts if isinstance(part, dict) and part.get("type") == "text"
    )


def line(value: dict[str, Any]) -> str:
    """A line of a stream."""
    return json.dumps(value, ensure_ascii=False) + "\n"
