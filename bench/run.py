"""How much client CPU Leyden takes, beside boto3's client and PynamoDB, on one table in one run.

Prints medians of processor time and their ratios; wall time and the engine's own work are left
out. Uses DynamoDB Local where it is installed, else the embedded engine, whose server shares
this process and so its processor time: then only what happens without a server is measured.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

import leyden
from leyden.engine import DynamoDBLocal, dynamodb_local

SCHEMA = """
entity: readings
alias: reading
version: "1"
service: bench
attributes:
  station: {type: string, required: true}
  number: {type: integer, required: true, min: 0, padding: {length: 6, char: "0"}}
  kind: {type: [wind, rain]}
  value: number
  unit: string
  note: string
  done: boolean
  tags: {type: set, items: string}
  at: timestamp
  place: {type: map, properties: {lat: number, lon: number}}
  source: string
  body: string
indexes:
  readings:
    pk: {field: pk, composite: [station]}
    sk: {field: sk, composite: [number]}
"""
ROUNDS = 7
ROOT = Path(__file__).parents[1]


def reading(number: int) -> dict[str, Any]:
    """An item of 12 attributes and about 600 bytes."""
    return {
        "station": "s",
        "number": number,
        "kind": "wind",
        "value": 12.5,
        "unit": "m/s",
        "note": "from the north",
        "done": True,
        "tags": ["a", "b"],
        "at": "2026-02-03T09:15:00Z",
        "place": {"lat": 45.5, "lon": 4.25},
        "source": "mast",
        "body": "x" * 300,
    }


def cpu(work: Callable[[], Any], times: int) -> float:
    """Processor time of one call in milliseconds: the median over rounds."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1000)
    return statistics.median(rounds)


def without_a_server(task: leyden.Entity) -> dict[str, float]:
    """Building requests and decoding items."""
    item = task.put(**reading(1)).params()["Item"]
    model = task.model
    return {
        "build a get": cpu(lambda: task.get(station="s", number=1).params(), 500),
        "build a query": cpu(lambda: task.query.readings(station="s").gt(number=5).params(), 500),
        "build a put": cpu(lambda: task.put(**reading(1)).params(), 500),
        "build an update": cpu(
            lambda: task.patch(station="s", number=1).set(note="x").params(), 500
        ),
        "decode an item": cpu(lambda: task.parse(item), 500),
        "decode an item, PynamoDB": cpu(lambda: model.from_raw_data(item), 100),
    }


def with_a_server(app: leyden.Service, engine: DynamoDBLocal) -> list[tuple[str, dict[str, float]]]:
    """The same work by Leyden, boto3's client and PynamoDB."""
    task = app.entities.reading
    client = boto3.client(
        "dynamodb",
        endpoint_url=engine.endpoint_url,
        region_name=engine.region,
        aws_access_key_id=engine.credentials.access_key_id,
        aws_secret_access_key=engine.credentials.secret_access_key,
    )
    key = task.get(station="s", number=1).params()
    query = task.query.readings(station="s").params()
    item = task.put(**reading(1)).params()
    model, pk, sk = task.model, key["Key"]["pk"]["S"], key["Key"]["sk"]["S"]
    saved = model(
        **{**reading(1), "tags": {"a", "b"}, "at": task.get(station="s", number=1).go().at}
    )
    return [
        (
            "get one item",
            {
                "leyden": cpu(lambda: task.get(station="s", number=1).go(), 50),
                "boto3": cpu(lambda: client.get_item(**key), 50),
                "pynamodb": cpu(lambda: model.get(pk, sk), 50),
            },
        ),
        (
            "put one item",
            {
                "leyden": cpu(lambda: task.put(**reading(1)).go(), 50),
                "boto3": cpu(lambda: client.put_item(**item), 50),
                "pynamodb": cpu(saved.save, 50),
            },
        ),
        (
            "query 1,000 items",
            {
                "leyden": cpu(lambda: task.query.readings(station="s").go(), 2),
                "boto3": cpu(lambda: client.query(**query), 2),
                "pynamodb": cpu(lambda: list(model.query(pk)), 2),
            },
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jar", default=ROOT / ".cache" / "dynamodb-local", type=Path)
    folder = parser.parse_args().jar
    console = Console()
    bare = leyden.load(SCHEMA, table="bench", region="us-east-1")
    table = Table("without a server", "client CPU, microseconds")
    for name, milliseconds in without_a_server(bare.entities.reading).items():
        table.add_row(name, f"{milliseconds * 1000:.1f}")
    console.print(table)
    try:
        engine = dynamodb_local(jar_folder=folder)
    except leyden.errors.EngineError as error:
        console.print(f"NOT RUN: the comparison on a server, because {error.message}")
        return
    with engine:
        app = leyden.load(SCHEMA, table="bench", engine=engine)
        app.create_table()
        app.entities.reading.put([reading(n) for n in range(1000)]).go(concurrency=4)
        table = Table(
            "on DynamoDB Local", "leyden ms", "boto3 ms", "pynamodb ms", "/boto3", "/pynamodb"
        )
        for name, found in with_a_server(app, engine):
            own = found["leyden"]
            table.add_row(
                name,
                *(f"{found[peer]:.2f}" for peer in ("leyden", "boto3", "pynamodb")),
                f"{own / found['boto3']:.2f}",
                f"{own / found['pynamodb']:.2f}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
