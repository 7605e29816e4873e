"""Sending through a boto3 client that a caller hands in."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any, Final, cast

from botocore.client import BaseClient
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate

from leyden.drivers.answers import watch
from leyden.drivers.connection import SharedConnection
from leyden.errors import InvalidOptionError

_PROBE: Final = {"TableName": "t", "Item": {"k": {"S": "v"}}}


class ClientConnection(SharedConnection):
    """A connection that sends through a client that exists.

    Credentials, region, endpoint, configuration and event handlers are the client's own. Each of
    its attempts is looked at as those of other connections, and it stays open at `close()`.

    Raises InvalidOptionError for anything but a low-level, blocking client of DynamoDB.
    """

    def __init__(self, client: Any) -> None:
        refuse_unfit(client)
        super().__init__(region=client.meta.region_name, endpoint_url=client.meta.endpoint_url)
        self._given = cast(BotocoreBaseClientPrivate, client)
        self._client = self._given
        watch(client)

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The client that was handed in."""
        return self._given

    def close(self) -> None:
        """Leave the client open: it is the caller's."""


def refuse_unfit(client: Any) -> None:
    """Raise InvalidOptionError for anything but a low-level, blocking client of DynamoDB."""
    if not isinstance(client, BaseClient):
        raise InvalidOptionError(
            f'client takes boto3.client("dynamodb"), not {type(client).__name__}'
        )
    service = client.meta.service_model.service_name
    if service != "dynamodb":
        raise InvalidOptionError(f"client is one of the service {service}, not of dynamodb")
    if iscoroutinefunction(getattr(client, "_make_api_call", None)):
        raise InvalidOptionError("client is asynchronous, and this is the blocking driver")
    if _rewrites_values(client):
        raise InvalidOptionError(
            "client is that of a boto3 resource, which turns values into typed ones by itself; "
            'give boto3.client("dynamodb")'
        )


def _rewrites_values(client: BaseClient) -> bool:
    """Whether the client's handlers take typed values for plain ones, as a resource's do."""
    params = {name: dict(part) if isinstance(part, dict) else part for name, part in _PROBE.items()}
    client.meta.events.emit(
        "before-parameter-build.dynamodb.PutItem",
        params=params,
        model=client.meta.service_model.operation_model("PutItem"),
        context={},
    )
    return params.get("Item") != _PROBE["Item"]
