"""DynamoDB Local with the table, the requests to it, and its own processor time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

import leyden
from bench.items import BATCH, IN_PARTITION, SCHEMA, STATION, TABLE, reading
from bench.peers import Target
from leyden.engine import DynamoDBLocal, dynamodb_local


@frozen
class Stage:
    """The engine, a service on it, and what the clients are told."""

    engine: DynamoDBLocal
    app: leyden.Service
    target: Target

    def cpu(self) -> float | None:
        """Return the engine's processor time so far, in ms; None if the system lacks it."""
        stat = Path(f"/proc/{self.engine._process.pid}/stat")
        if not stat.exists():
            return None
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def requests(entity: Any) -> dict[str, Any]:
    """Return the work as low-level requests."""
    return {
        "get": entity.get(station=STATION, number=1).params(),
        "put": entity.put(**reading(1)).params(),
        "query": entity.query.readings(station=STATION).params(),
        "batch": entity.put([reading(number) for number in range(BATCH)]).params()[0],
    }


@contextmanager
def stage(jar: Path, table: str = TABLE) -> Iterator[Stage]:
    """Start a fresh engine with the partition that clients read."""
    with (
        dynamodb_local(jar_folder=jar) as engine,
        leyden.load(SCHEMA, table=table, engine=engine) as app,
    ):
        app.create_table()
        entity = app.entities.reading
        entity.put([reading(number) for number in range(IN_PARTITION)]).go(concurrency=4)
        target = Target(
            engine.endpoint_url,
            engine.region,
            engine.credentials.access_key_id,
            engine.credentials.secret_access_key,
            table,
            **requests(entity),
        )
        yield Stage(engine, app, target)
