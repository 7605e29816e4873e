"""`python examples/chat`: the chat on an embedded engine, or on a table with `--table NAME`."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

import uvicorn
from app import create_app

import leyden
from leyden.memory import Memory, SemanticRecall, offline_embedder
from leyden.store import DynamoDBStore


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python examples/chat", description=__doc__)
    parser.add_argument("--table", help="a table that exists; without it, memory ends with the run")
    parser.add_argument("--region", default=None)
    parser.add_argument("--endpoint-url", default=None)
    parser.add_argument("--port", type=int, default=8765)
    args = parser.parse_args()
    with ExitStack() as stack:
        if args.table:
            store = DynamoDBStore(
                table_name=args.table, region=args.region, endpoint_url=args.endpoint_url
            )
        else:
            engine = stack.enter_context(leyden.local())
            store = DynamoDBStore(table_name="chat", client=engine)
            store.app.create_table()
        stack.callback(store.close)
        store.init()
        memory = Memory(
            store,
            embedder=offline_embedder(),
            semantic_recall=SemanticRecall(message_range=0, filter={"role": "user"}),
            working_memory=True,
        )
        memory.init()
        uvicorn.run(create_app(memory), host="127.0.0.1", port=args.port, log_level="info")


if __name__ == "__main__":
    main()
