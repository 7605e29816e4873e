"""Moving a table, by the source of `moves.py` that reads its package's items."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Unpack

from leyden._text import did_you_mean
from leyden.agents.backend import Backend, Options
from leyden.agents.moves import (
    LogSource,
    MoveError,
    Progress,
    Source,
    langchain_entries,
    moved,
    openai_entries,
)
from leyden.agents.sources import SOURCES
from leyden.errors import InvalidOptionError

_CALLED: Final = {
    "langgraph-aws": "LeydenSaver",
    "langchain": "LeydenChatMessageHistory",
    "openai-agents": "LeydenSession",
}
"""The adapters for what is moved."""


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
    backend = Backend(SOURCES[source], _CALLED[source], to, **options)
    reader: Source
    if source == "langgraph-aws":
        from leyden.agents.langgraph.moves import AwsCheckpoints

        from_s3 = None if bucket is None else partial(_from_s3, _s3(options), bucket, prefix)
        reader = AwsCheckpoints.of(backend, table, from_s3)
    elif source == "langchain":
        entries = partial(langchain_entries, field=messages_field)
        reader = LogSource(backend, key_field, entries)
    else:
        reader = LogSource(backend, "session_id", openai_entries)
    try:
        return backend.run(moved(reader, backend, table, begun or Progress(), tell), "move")
    finally:
        backend.close()


def _s3(options: Options) -> Any:
    """A client of S3, with the options of an adapter."""
    import botocore.session

    session, region = options.get("session"), options.get("region")
    if session is None:
        session = botocore.session.Session(profile=options.get("profile"))
        if keys := options.get("credentials"):
            session.set_credentials(
                keys["access_key_id"], keys["secret_access_key"], keys.get("session_token")
            )
    # A session of boto3 calls it `client`.
    make = getattr(session, "client", None) or session.create_client
    return make("s3", region_name=region)


def _from_s3(client: Any, bucket: str, prefix: str, key: str) -> bytes:
    """Read an object from S3, where langgraph-checkpoint-aws has large payloads.

    Raises MoveError if it cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    whole = f"{prefix}/{key}" if prefix else key
    try:
        data: bytes = client.get_object(Bucket=bucket, Key=whole)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        raise MoveError(f"{whole} cannot be read from the bucket {bucket}: {error}") from error
    return data
