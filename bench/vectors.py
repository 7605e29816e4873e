"""The cost of vectors beside boto3: read a page of 100 of 1,536 numbers, and write one.

Needs no server: each client gets the same answer of DynamoDB's, and converts it to what its users
see. boto3's client leaves every number in a mapping of its own, and its table turns each into a
Decimal. Times are processor time, the minimum of many rounds. Run it from the project's root:
`python -m bench.vectors`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import botocore.session
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.parsers import create_parser
from rich.console import Console
from rich.table import Table

import leyden
from bench.offline import least
from leyden.drivers.lean.exchange import write_body
from leyden.mapping import compile_entity
from leyden.mapping.answers import vector_reader

DIMENSIONS: Final = 1536
PAGE: Final = 100
GOAL: Final = 0.15
"""How much of boto3's time a page may take."""

SCHEMA: Final = """
entity: passages
alias: passage
version: "1"
service: bench
attributes:
  document: {type: string, required: true}
  number: {type: integer, required: true, padding: {length: 7, char: "0"}}
  text: string
  embedding: {type: vector, dimensions: %d, deferred: %s}
indexes:
  passages:
    pk: {field: pk, composite: [document]}
    sk: {field: sk, composite: [number]}
"""


def opened(*, deferred: bool) -> Any:
    """Return the entity of a service that sends nothing."""
    schema = SCHEMA % (DIMENSIONS, str(deferred).lower())
    keys = {"access_key_id": "bench", "secret_access_key": "bench"}
    return leyden.load(schema, table="bench", region="us-east-1", credentials=keys).entities.passage


def embedding(number: int) -> list[float]:
    """Return a vector as models do: 32-bit floats whose sum of squares is about 1."""
    like = random.Random(number)
    return array("f", [like.gauss(0, DIMENSIONS**-0.5) for _ in range(DIMENSIONS)]).tolist()


def passage(number: int) -> dict[str, Any]:
    """Return the attributes of an item."""
    text = f"passage {number}"
    return {"document": "d", "number": number, "text": text, "embedding": embedding(number)}


def page(entity: Any) -> bytes:
    """Return DynamoDB's answer to a query, which it writes without spaces."""
    items = [entity.put(passage(number)).params()["Item"] for number in range(PAGE)]
    return write_body({"Items": items, "Count": PAGE, "ScannedCount": PAGE})


def reads() -> dict[str, Callable[[], Any]]:
    """Return functions that read a page with each client."""
    entity = opened(deferred=False)
    body = page(entity)
    model = botocore.session.get_session().get_service_model("dynamodb")
    parser = create_parser(model.protocol)
    shape = model.operation_model("Query").output_shape
    answer = {"body": body, "headers": {}, "status_code": 200}
    mapping = compile_entity(entity.spec)
    deserialize = TypeDeserializer().deserialize

    def client() -> Any:
        return parser.parse(answer, shape)

    def table() -> Any:
        items = parser.parse(answer, shape)["Items"]
        return [{name: deserialize(value) for name, value in item.items()} for item in items]

    def batch() -> Any:
        found = vector_reader(mapping.vectors)(answer["body"])  # type: ignore[misc]
        return [mapping.decode(item) for item in found["Items"]]

    def rows(spec: Any) -> Callable[[], Any]:
        found = compile_entity(spec).rows
        assert found is not None
        return lambda: found.read(body, spec.entity, spec.version, {})

    return {
        "leyden": rows(entity.spec),
        "leyden, as batches are read": batch,
        "leyden, deferred": rows(opened(deferred=True).spec),
        "boto3 client": client,
        "boto3 table": table,
    }


def writes() -> dict[str, Callable[[], Any]]:
    """Return functions that build the parameters to put an item, by Leyden and by boto3's table."""
    entity = opened(deferred=False)
    item = passage(1)
    serialize = TypeSerializer().serialize

    def table() -> Any:
        decimals = [Decimal(str(number)) for number in item["embedding"]]
        return {n: serialize(value) for n, value in {**item, "embedding": decimals}.items()}

    return {"leyden": lambda: entity.put(item).params(), "boto3 table": table}


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return the times in milliseconds."""
    return {
        title: {name: spent / 1000 for name, spent in least(work, rounds, 1).items()}
        for title, work in (("a page is read", reads()), ("an item is made", writes()))
    }


def main() -> int:
    """Measure and print; return 1 if the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--rounds", type=int, default=9)
    chosen = options.parse_args()
    found = measure(chosen.rounds)
    share = found["a page is read"]["leyden"] / found["a page is read"]["boto3 client"]
    if chosen.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        console = Console()
        for title, figures in found.items():
            drawn = Table("client", "ms of processor time", title=title)
            for name, figure in figures.items():
                drawn.add_row(name, f"{figure:.2f}")
            console.print(drawn)
        console.print(f"a page takes {share:.3f} of boto3's time; the goal is {GOAL}")
    return int(share > GOAL)


if __name__ == "__main__":
    sys.exit(main())
