"""A process that others are forked from, to work on one table at once or to be killed at it.

It has one thread and everything imported, so that a fork is quick and safe. Each line of its
input names calls, one a child; it answers with their exit codes.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

# Whatever a child would import at its first call is here for all of them.
import botocore.handlers
import botocore.session  # noqa: F401

import leyden.drivers.lean.client
import leyden.operations.chains.put
import leyden.operations.chains.transactions  # noqa: F401
from leyden.events import Event, RequestFailed, RequestSent, ResponseReceived
from leyden.store import DynamoDBStore
from tests.read_once import reading_once

KILLED: Final = 7
"""The exit code of a child that was killed where it was to be."""

Calls = Mapping[str, Callable[..., None]]
"""What a child may be asked to do with a store, by name."""

_ROOT: Final = Path(__file__).resolve().parents[2]


def update_thread(store: DynamoDBStore, child: int, times: int) -> None:
    """Add keys of the child's own to a thread's metadata."""
    for number in range(times):
        store.memory.update_thread("t1", metadata={f"{child}-{number}": number})


def update_resource(store: DynamoDBStore, child: int, times: int) -> None:
    """Add keys of the child's own to a resource's metadata."""
    for number in range(times):
        store.memory.update_resource("r1", metadata={f"{child}-{number}": number})


def update_message(store: DynamoDBStore, child: int, times: int) -> None:
    """Add keys of the child's own to the metadata of two messages at once."""
    for number in range(times):
        metadata = {"metadata": {f"{child}-{number}": number}}
        store.memory.update_messages([{"id": id, "content": metadata} for id in ("m1", "m2")])


def update_run(store: DynamoDBStore, child: int, times: int) -> None:
    """Put results of the child's own into a workflow run."""
    for number in range(times):
        store.workflows.update_workflow_results(
            "weather", "run1", step_id=f"{child}-{number}", result={"number": number}
        )


def save_messages(store: DynamoDBStore, messages: list[Any]) -> None:
    """Save messages."""
    store.memory.save_messages(messages)


def add_to_message(store: DynamoDBStore, id: str, text: str) -> None:
    """Change a message's metadata."""
    store.memory.update_messages([{"id": id, "content": {"metadata": {"text": text}}}])


def delete_thread(store: DynamoDBStore, thread_id: str) -> None:
    """Delete a thread."""
    store.memory.delete_thread(thread_id)


_CALLS: Final = {
    call.__name__: call
    for call in (
        *(update_thread, update_resource, update_message, update_run),
        *(save_messages, add_to_message, delete_thread),
    )
}


class Stage:
    """The process, as the tests see it. `module` is the one that serves the calls."""

    def __init__(self, engine: Any, table: str, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, engine.endpoint_url, table],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, calls: Sequence[dict[str, Any]]) -> list[int]:
        """Make calls, each in a child of its own, all at once; gives their exit codes.

        A call has a `name` and `arguments`, and for one that is killed how many requests it is
        to `send`, or how many answers it is to `hear` before; it may have `large_values`.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(calls) + "\n")
        self._process.stdin.flush()
        codes: list[int] = json.loads(self._process.stdout.readline())
        return codes

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


@contextmanager
def stage(engine: Any, table: str, module: str = "tests.store.stage") -> Iterator[Stage]:
    """A process to fork from, until the end of the block."""
    running = Stage(engine, table, module)
    try:
        yield running
    finally:
        running.close()


def _die_at(store: DynamoDBStore, call: dict[str, Any]) -> None:
    """Leave the process, without a word to anybody, in front of a request or behind an answer."""
    sent, heard = count(), count()

    def listen(event: Event) -> None:
        if isinstance(event, RequestSent) and next(sent) == call.get("send"):
            os._exit(KILLED)
        if isinstance(event, ResponseReceived | RequestFailed) and next(heard) == call.get("hear"):
            os._exit(KILLED)

    store.app.driver.listen(listen)


def _opened(endpoint: str, table: str, large_values: Any = "error") -> DynamoDBStore:
    return DynamoDBStore(
        table_name=table,
        endpoint_url=endpoint,
        region="us-east-1",
        credentials={"access_key_id": "local", "secret_access_key": "local"},
        large_values=large_values,
    )


def _child(calls: Calls, endpoint: str, table: str, call: dict[str, Any]) -> int:
    try:
        with _opened(endpoint, table, call.get("large_values", "error")) as store:
            _die_at(store, call)
            calls[call["name"]](store, **call["arguments"])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def serve(calls: Calls, endpoint: str, table: str) -> None:
    """Make the calls that the input names, each in a child."""
    # What a store reads and compiles at its first call is there for all children.
    with reading_once():
        with _opened(endpoint, table) as store:
            store.memory.get_thread_by_id("nobody's")
        # A child that looks for garbage would copy the memory that it looks at.
        gc.collect()
        gc.freeze()
        _fork_for_each(calls, endpoint, table)


def _fork_for_each(calls: Calls, endpoint: str, table: str) -> None:
    for line in sys.stdin:
        children = []
        for call in json.loads(line):
            child = os.fork()
            if child == 0:
                os._exit(_child(calls, endpoint, table, call))
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        sys.stdout.write(json.dumps(codes) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(_CALLS, *sys.argv[1:])
