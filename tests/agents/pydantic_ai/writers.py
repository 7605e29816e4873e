"""A process that forks into several writers of one conversation: writers.py URL REGION TABLE N M.

Each of N writers adds M messages, one save each, and loads the conversation again after a conflict.
"""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic_ai.conversation_store import ConversationConflict

from leyden.agents.pydantic_ai import LeydenConversationStore
from tests.agents.pydantic_ai.support import said


async def write(store: LeydenConversationStore, writer: int, count: int) -> None:
    """Add messages, one by one."""
    for n in range(count):
        while True:
            conversation = await store.load("c1")
            assert conversation is not None
            conversation.messages += said(f"{writer}-{n}")
            try:
                await store.save(conversation)
                break
            except ConversationConflict:
                continue


async def one(url: str, region: str, table: str, writer: int, count: int) -> None:
    """A writer with a store of its own."""
    keys = {"access_key_id": "local", "secret_access_key": "local"}
    options = {"endpoint_url": url, "region": region, "credentials": keys}
    async with LeydenConversationStore(table, **options) as store:
        await write(store, writer, count)


def main(url: str, region: str, table: str, writers: str, count: str) -> int:
    """Fork, and wait for all; 0 if all have ended well."""
    children = []
    for writer in range(int(writers)):
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(one(url, region, table, writer, int(count)))
            except BaseException as error:
                print(repr(error), file=sys.stderr)  # noqa: T201
                os._exit(1)
            os._exit(0)
        children.append(child)
    return int(any(os.waitpid(child, 0)[1] for child in children))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
