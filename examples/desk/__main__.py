"""Runs the desk: `python examples/desk`, on an engine inside this process unless told otherwise."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

import leyden
import uvicorn

import desk
from app import make_api


def main() -> None:
    """Serve on 127.0.0.1."""
    asked = argparse.ArgumentParser(description="A help desk on one DynamoDB table.")
    asked.add_argument("--port", type=int, default=8766)
    asked.add_argument("--table", help="a table that exists; default: a new one in this process")
    asked.add_argument("--region")
    asked.add_argument("--endpoint-url")
    options = asked.parse_args()
    with ExitStack() as stack:
        if options.table:
            table = desk.load(
                table=options.table, region=options.region, endpoint_url=options.endpoint_url
            )
            table.check_table()
        else:
            table = desk.load(engine=stack.enter_context(leyden.local()))
            table.create_table()
        stack.enter_context(table)
        uvicorn.run(make_api(table), host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
