"""A chat whose memory is a `leyden.store`: threads, messages, and what is remembered of a guest.

`create_app(store)` gives the FastAPI application; it takes any store of the memory interface.
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

from leyden.errors import InputError
from leyden.store import Message, Store, Thread

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


def create_app(store: Store) -> FastAPI:
    """The application, with its memory in `store`."""
    app = FastAPI(title="Chat")
    memory = store.memory

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
        thread = Thread(id=str(uuid4()), resource_id=GUEST, title="New chat")
        return shown_thread(memory.save_thread(thread))

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
        page = memory.list_messages(
            thread_id,
            per_page=PAGE_SIZE,
            order_by=("created_at", "desc"),
            cursor=cursor,
            include_total=False,
        )
        return {
            "messages": [shown_message(message) for message in reversed(page.messages)],
            "cursor": page.cursor,
        }

    @app.post("/threads/{thread_id}/messages")
    def send_message(thread_id: str, new: NewMessage) -> StreamingResponse:
        thread = known(thread_id)
        if not memory.list_messages(thread_id, per_page=1, include_total=False).messages:
            memory.update_thread(thread_id, title=title_for(new.text))
        (sent,) = memory.save_messages([message_of(thread, "user", new.text)])

        def stream() -> Iterator[str]:
            """One JSON object a line: the message sent, the answer's pieces, the answer."""
            yield line({"sent": shown_message(sent)})
            remembered = memory.get_resource_by_id(GUEST)
            reply = answer(new.text, remembered.working_memory if remembered else None)
            if reply.remember is not None:
                memory.update_resource(GUEST, working_memory=reply.remember)
            for piece in reply.pieces:
                yield line({"piece": piece})
            (said,) = memory.save_messages([message_of(thread, "assistant", "".join(reply.pieces))])
            yield line({"said": shown_message(said)})

        return StreamingResponse(stream(), media_type="application/x-ndjson")

    app.mount("/", StaticFiles(directory=Path(__file__).parent / "page", html=True))
    return app


def refusal(status: int, words: str) -> JSONResponse:
    """An answer that says what is wrong; half of a surrogate pair cannot be sent."""
    return JSONResponse({"detail": words.encode(errors="replace").decode()}, status)


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
