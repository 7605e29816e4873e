"""`leyden reindex`: rebuild the vectors of an agent's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leyden.cli.application import debug_option
from leyden.cli.hooks import object_at
from leyden.cli.options import output_options
from leyden.cli.output import Output, plural, print_json, waiting

if TYPE_CHECKING:
    from leyden.memory import Memory, Reindexed

_MEMORY = "MODULE:NAME"


@click.command()
@click.argument("place", metavar=_MEMORY)
@click.option("--thread", metavar="ID", help="The thread whose messages to index.")
@click.option("--resource", metavar="ID", help="The resource whose threads to index.")
@debug_option
@output_options
def reindex(place: str, thread: str | None, resource: str | None, output: Output) -> None:
    """Rebuild the index by which an agent's messages are found.

    MODULE:NAME is your Memory, or a function that returns it. The command repairs what a crash or
    a failing vector store left behind, removes vectors of messages that are gone, and indexes what
    another client wrote. You can run it beside writers, and again.

    \b
      leyden reindex app.agent:memory --resource alice
      leyden reindex app.agent:memory --thread 5bb77539 --json
    """
    if (thread is None) is (resource is None):
        raise click.UsageError("use exactly one of --thread and --resource")
    memory = _memory_at(place)
    with waiting("indexing") as tell:

        def progress(done: Reindexed) -> None:
            tell(f"indexing: {done.messages:,} messages read")

        done = memory.reindex(thread_id=thread, resource_id=resource, progress=progress)
    if output.is_json:
        counts = {
            "threads": done.threads,
            "messages": done.messages,
            "indexed": done.indexed,
            "deleted": done.deleted,
        }
        print_json(counts, output)
        return
    click.echo(
        f"indexed {plural(done.indexed, 'message')} of {done.messages:,} in "
        f"{plural(done.threads, 'thread')}, deleted {plural(done.deleted, 'stale vector')}"
    )


def _memory_at(place: str) -> Memory:
    from leyden.memory import Memory

    found: Any = object_at(place, _MEMORY, "app.agent:memory")
    if not isinstance(found, Memory) and callable(found):
        found = found()
    if not isinstance(found, Memory):
        raise click.BadParameter(
            f'"{place}" is neither a leyden.memory.Memory nor a function that returns one',
            param_hint=_MEMORY,
        )
    return found
