"""`leyden agents import`: move what other packages stored for agent frameworks."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import asdict

from leyden.agents import SOURCES
from leyden.cli.application import FAILED, StoppedError, debug_option
from leyden.cli.options import output_options
from leyden.cli.output import Output, plural, print_json, waiting
from leyden.cli.transfer.state import replace_whole
from leyden.errors import InputError

if TYPE_CHECKING:
    from leyden.agents import Progress

_STATE: Final = "agents-import.state"


@click.command(short_help="Move what other packages stored for agent frameworks.")
@click.argument("action", metavar="import", type=click.Choice(["import"]))
@click.argument("source", metavar="SOURCE", type=click.Choice([*SOURCES]))
@click.option("--table", metavar="NAME", required=True, help="The table to read.")
@click.option("--to", metavar="NAME", required=True, help="The table to write to.")
@click.option("--endpoint-url", metavar="URL", help="An endpoint other than AWS's own.")
@click.option("--region", metavar="NAME", help="The AWS region of both tables.")
@click.option("--profile", metavar="NAME", help="A profile of the AWS configuration.")
@click.option(
    "--ttl-days", type=click.FloatRange(0, min_open=True), help="How long moved items live."
)
@click.option(
    "--bucket", metavar="NAME", help="langgraph-aws: the S3 bucket with large checkpoints."
)
@click.option("--prefix", metavar="TEXT", default="", help="langgraph-aws: the keys' prefix there.")
@click.option(
    "--key-field", metavar="NAME", default="SessionId", help="langchain: the table's partition key."
)
@click.option(
    "--messages-field", metavar="NAME", default="History", help="langchain: where messages are."
)
@click.option(
    "--state",
    "state_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_STATE,
    help=f"Where the progress is kept; default: {_STATE}.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted import.")
@debug_option
@output_options
def agents(
    action: str,
    source: str,
    table: str,
    to: str,
    ttl_days: float | None,
    bucket: str | None,
    prefix: str,
    key_field: str,
    messages_field: str,
    state_path: Path,
    resume: bool,
    output: Output,
    **where: Any,
) -> None:
    """Move what other packages stored for agent frameworks into a table of Leyden's adapters.

    SOURCE is langgraph-aws (checkpoints of langgraph-checkpoint-aws, for LeydenSaver), langchain
    (DynamoDBChatMessageHistory, for LeydenChatMessageHistory), or openai-agents (DynamoDBSession of
    openai-agents-session, for LeydenSession).

    The command only reads the source. You can run it while the old code is in use, and again
    afterwards: it adds what is new. Do not run two of them at the same time. The table that it
    writes to must exist.

    Where the source has a time to live, conversations keep the rest of it, unless you pass
    --ttl-days; those that have expired are left out.

    \b
      leyden agents import langgraph-aws --table checkpoints --to agents
      leyden agents import langchain --table SessionTable --to agents --resume
    """
    from leyden import agents as adapters

    purpose = {"source": source, "table": table, "to": to}
    begun = _begun(state_path, purpose, resume)
    try:
        with waiting(f"reading {table}") as tell:
            done = adapters.move(
                **purpose,
                begun=begun,
                tell=partial(_tell, state_path, purpose, tell),
                ttl=None if ttl_days is None else timedelta(days=ttl_days),
                bucket=bucket,
                prefix=prefix,
                key_field=key_field,
                messages_field=messages_field,
                **where,
            )
    except ImportError as error:
        raise click.UsageError(
            f'{source} needs its framework: pip install "leyden[langgraph]" ({error})'
        ) from error
    except KeyboardInterrupt:
        has_begun = state_path.exists()
        again = "repeat the command with --resume to continue" if has_begun else "nothing was moved"
        raise StoppedError(f"stopped; {again}") from None
    state_path.unlink(missing_ok=True)
    _report(done, purpose, output)


def _begun(path: Path, purpose: dict[str, str], resume: bool) -> Progress | None:
    """The progress to begin with. Raises UsageError, and InputError for another import's."""
    from leyden.agents import progress_of

    if resume and not path.exists():
        raise click.UsageError(f"there is nothing to resume: no file {path}")
    if not resume:
        if path.exists():
            raise click.UsageError(
                f"{path} says that an import was interrupted: pass --resume to continue it, or "
                "delete the file to begin anew"
            )
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        was, progress = state["purpose"], progress_of(state["progress"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error!r}; delete it to begin anew") from error
    if was != purpose:
        raise InputError(
            f"{path} is of an import of {was['source']} from {was['table']} to {was['to']}"
        )
    return progress


def _tell(path: Path, purpose: dict[str, str], tell: Any, done: Progress) -> None:
    """Keep the progress, and show it."""
    replace_whole(path, {"purpose": purpose, "progress": asdict(done)})
    tell(
        f"reading {purpose['table']}: {plural(done.conversations, 'conversation')}, "
        f"{done.entries:,} entries written"
    )


def _report(done: Progress, purpose: dict[str, str], output: Output) -> None:
    if output.is_json:
        counts = {
            "conversations": done.conversations,
            "entries": done.entries,
            "expired": done.expired,
        }
        print_json({**purpose, **counts, "refused": dict(done.refused)}, output)
    else:
        click.echo(
            f"read {plural(done.conversations, 'conversation')} of {purpose['table']}, and wrote "
            f"{plural(done.entries, 'new entry', 'new entries')} to {purpose['to']}"
        )
        if done.expired:
            click.echo(f"left out {plural(done.expired, 'conversation')} that expired")
    for id, why in done.refused.items():
        click.echo(f"not moved: {id}: {why}", err=True)
    if done.refused:
        click.get_current_context().exit(FAILED)
