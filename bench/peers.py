"""The same work by other clients of DynamoDB, each as far as it is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from attrs import frozen

Work = Callable[[], Any]
AsyncWork = Callable[[], Awaitable[Any]]

PEERS = ("boto3", "pynamodb", "pydynox", "aiobotocore", "aiodynamo")


@frozen
class Target:
    """The table on its engine, and what is done to it, as low-level requests."""

    engine: Any
    model: Any
    get: Mapping[str, Any]
    put: Mapping[str, Any]
    query: Mapping[str, Any]
    batch: Mapping[str, Any]

    @property
    def keys(self) -> dict[str, str]:
        """Where and as whom, in the words of boto3 and aiobotocore."""
        return {
            "endpoint_url": self.engine.endpoint_url,
            "region_name": self.engine.region,
            "aws_access_key_id": self.engine.credentials.access_key_id,
            "aws_secret_access_key": self.engine.credentials.secret_access_key,
        }


def versions() -> dict[str, str | None]:
    """Which peers there are; None for those that are not installed."""
    found: dict[str, str | None] = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def boto3_work(target: Target) -> dict[str, Work]:
    """boto3's low-level client."""
    import boto3

    client = boto3.client("dynamodb", **target.keys)
    return {
        "get one item": lambda: client.get_item(**target.get),
        "put one item": lambda: client.put_item(**target.put),
        "query 1,000 items": lambda: client.query(**target.query),
        "write a batch of 25": lambda: client.batch_write_item(**target.batch),
    }


def pynamodb_work(target: Target) -> dict[str, Work]:
    """PynamoDB's model, over its own connection."""
    model = target.model
    pk, sk = (target.get["Key"][name]["S"] for name in ("pk", "sk"))
    saved = model.from_raw_data(dict(target.put["Item"]))
    parts = next(iter(target.batch["RequestItems"].values()))
    models = [model.from_raw_data(dict(part["PutRequest"]["Item"])) for part in parts]

    def write_batch() -> None:
        with model.batch_write() as batch:
            for one in models:
                batch.save(one)

    return {
        "get one item": lambda: model.get(pk, sk),
        "put one item": saved.save,
        "query 1,000 items": lambda: list(model.query(pk)),
        "write a batch of 25": write_batch,
    }


def pydynox_work(target: Target) -> dict[str, Work]:
    """pydynox's model, on its Rust core."""
    from pydynox import DynamoDBClient, Model, ModelConfig
    from pydynox import attributes as kinds

    client = DynamoDBClient(
        region=target.engine.region,
        endpoint_url=target.engine.endpoint_url,
        access_key=target.engine.credentials.access_key_id,
        secret_key=target.engine.credentials.secret_access_key,
    )

    class Reading(Model):
        model_config = ModelConfig(table=target.get["TableName"], client=client)
        pk = kinds.StringAttribute(partition_key=True)
        sk = kinds.StringAttribute(sort_key=True)
        station = kinds.StringAttribute()
        number = kinds.NumberAttribute()
        kind = kinds.StringAttribute()
        value = kinds.NumberAttribute()
        unit = kinds.StringAttribute()
        note = kinds.StringAttribute()
        done = kinds.BooleanAttribute()
        tags = kinds.StringSetAttribute()
        at = kinds.StringAttribute()
        place = kinds.MapAttribute()
        source = kinds.StringAttribute()
        body = kinds.StringAttribute()

    pk, sk = (target.get["Key"][name]["S"] for name in ("pk", "sk"))
    found: Any = Reading.sync_get(pk=pk, sk=sk)
    # It stores some types differently, and must not change what the others read.
    other = Reading(**{**found.to_dict(), "pk": "elsewhere"})
    return {
        "get one item": lambda: Reading.sync_get(pk=pk, sk=sk),
        "put one item": lambda: other.sync_save(full_replace=True),
        "query 1,000 items": lambda: list(Reading.sync_query(partition_key=pk)),
    }


BLOCKING: dict[str, Callable[[Target], dict[str, Work]]] = {
    "boto3": boto3_work,
    "pynamodb": pynamodb_work,
    "pydynox": pydynox_work,
}


@asynccontextmanager
async def aiobotocore_get(target: Target) -> AsyncIterator[AsyncWork]:
    """A get by aiobotocore's client."""
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    config = AioConfig(max_pool_connections=64)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            get_session().create_client("dynamodb", config=config, **target.keys)
        )
        yield lambda: client.get_item(**target.get)


@asynccontextmanager
async def aiodynamo_get(target: Target) -> AsyncIterator[AsyncWork]:
    """A get by aiodynamo's table, over aiohttp."""
    from aiodynamo.client import Client
    from aiodynamo.credentials import Key, StaticCredentials
    from aiodynamo.http.aiohttp import AIOHTTP
    from aiohttp import ClientSession
    from yarl import URL

    keys = target.engine.credentials
    async with ClientSession() as session:
        client = Client(
            AIOHTTP(session),
            StaticCredentials(Key(keys.access_key_id, keys.secret_access_key)),
            target.engine.region,
            URL(target.engine.endpoint_url),
        )
        table = client.table(target.get["TableName"])
        key = {name: target.get["Key"][name]["S"] for name in ("pk", "sk")}
        yield lambda: table.get_item(key)


ASYNCHRONOUS: dict[str, Any] = {"aiobotocore": aiobotocore_get, "aiodynamo": aiodynamo_get}
