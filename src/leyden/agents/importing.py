"""Moving a table, by the source of `moves.py` that reads its package's items."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Unpack

from leyden._text import did_you_mean
from leyden.agents.backend import Backend, Options
from leyden.agents.moves import (
    LogSource,
    Progress,
    Source,
    langchain_entries,
    moved,
    openai_entries,
)
from leyden.agents.sources import SOURCES
from leyden.errors import InvalidOptionError


def move(
    source: str,
    table: str,
    to: str,
    *,
    bucket: str | None = None,
    prefix: str = "",
    key_field: str = "SessionId",
    messages_field: str = "History",
    begun: Progress | None = None,
    tell: Callable[[Progress], object] = lambda progress: None,
    **options: Unpack[Options],
) -> Progress:
    """Move what another package stored; see `leyden.agents.move`."""
    if source not in SOURCES:
        hint = did_you_mean(source, SOURCES) or f"; it takes {', '.join(SOURCES)}"
        raise InvalidOptionError(f'source "{source}" is not known{hint}')
    backend = Backend(SOURCES[source], "leyden.agents.move", to, **options)
    reader: Source
    if source == "langgraph-aws":
        from leyden.agents.langgraph.moves import AwsCheckpoints

        from_s3 = None if bucket is None else partial(_from_s3, options, bucket, prefix)
        reader = AwsCheckpoints.of(backend, table, from_s3)
    elif source == "langchain":
        entries = partial(langchain_entries, field=messages_field)
        reader = LogSource(backend, key_field, entries)
    else:
        reader = LogSource(backend, "session_id", openai_entries)
    try:
        backend.run(backend.check_table(), "check_table")
        return backend.run(moved(reader, table, begun or Progress(), tell), "move")
    finally:
        backend.close()


def _from_s3(options: Options, bucket: str, prefix: str, key: str) -> bytes:
    """Read an object from S3, where langgraph-checkpoint-aws has large payloads."""
    import botocore.session

    session = botocore.session.Session(profile=options.get("profile"))
    client = session.create_client("s3", options.get("region"))
    whole = f"{prefix}/{key}" if prefix else key
    data: bytes = client.get_object(Bucket=bucket, Key=whole)["Body"].read()
    return data
