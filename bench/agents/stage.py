"""An engine, and how the packages reach it and are counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import botocore.session
from attrs import define, field

from bench.agents.counting import Meter
from leyden.engine import DynamoDBLocal, LocalEngine, dynamodb_local


@define
class Stage:
    """The engine, what counts, and boto3 in two forms: counted for packages, and plain."""

    engine: DynamoDBLocal | LocalEngine
    meter: Meter = field(factory=Meter)
    session: Any = None
    plain: Any = None
    _number: Any = field(factory=count)
    _created: set[str] = field(factory=set)

    def table(self) -> str:
        """Return the name of a table that is not there yet."""
        return f"agents-{next(self._number)}"

    def create(self, table: str, *keys: str) -> str:
        """Create a table with keys of text, as a package asks for it, unless it is there."""
        if table in self._created:
            return table
        self._created.add(table)
        kinds = zip(keys, ("HASH", "RANGE"), strict=False)
        self.plain.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        return table

    def items(self, table: str) -> int:
        """Return how many items a table holds."""
        pages = self.plain.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return sum(page["Count"] for page in pages)


@contextmanager
def stage(jar: Path) -> Iterator[Stage]:
    """Start a fresh engine."""
    with dynamodb_local(jar_folder=jar) as engine, on(engine) as here:
        yield here


@contextmanager
def on(engine: DynamoDBLocal | LocalEngine) -> Iterator[Stage]:
    """Let boto3 reach an engine that runs, wherever a package makes a client."""
    # Some packages take no endpoint, so all find it where boto3 looks.
    found = {
        "AWS_ENDPOINT_URL_DYNAMODB": engine.endpoint_url,
        "AWS_REGION": engine.region,
        "AWS_DEFAULT_REGION": engine.region,
        "AWS_ACCESS_KEY_ID": engine.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": engine.credentials.secret_access_key,
    }
    with patch.dict(os.environ, found):
        here = Stage(engine)
        counted = here.meter.hook(botocore.session.get_session())
        boto3.setup_default_session(botocore_session=counted)
        here.session = boto3.Session(botocore_session=counted)
        here.plain = boto3.Session(
            botocore_session=botocore.session.get_session(), region_name=engine.region
        ).client("dynamodb")
        yield here
