"""Sending through PynamoDB: its connection, clients that a caller passes in, and models.

Other connections need PynamoDB only once a model is attached to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any, Final, cast

import botocore.session
from botocore.client import BaseClient
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.connection.base import Connection
from pynamodb.models import Model

from leyden.drivers.base import DATA_APIS
from leyden.drivers.botocore import expect_answer, is_answered, watch
from leyden.drivers.connection import Access
from leyden.drivers.lean.answers import TOO_DEEP, ForeignAnswerError
from leyden.errors import InvalidOptionError

_PYNAMODB_TABLE_APIS: Final = frozenset(
    {
        "CreateTable",
        "DeleteTable",
        "DescribeTable",
        "ListTables",
        "UpdateTable",
        "UpdateTimeToLive",
    }
)


class SharedConnection(Connection):
    """PynamoDB's connection, shared by threads and by all entities of a service.

    The arguments are those of `Access`, which finds credentials, region and endpoint. Requests are
    retried in botocore's standard mode, unless the AWS configuration sets another mode.
    """

    def __init__(self, **options: Any) -> None:
        self._access = Access(**options)
        super().__init__(host=self._access.host)
        # PynamoDB's own setting, which may come from a file on the machine, does not count.
        self.region = self._access.region

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        return self._access.place

    @property
    def endpoint(self) -> str | None:
        """The address that requests go to, once it is known."""
        return self._access.endpoint

    @property
    def session(self) -> botocore.session.Session:
        """The botocore session, which all threads share."""
        return self._access.session

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The botocore client, made when it is first used. Raises as `Access.client` does."""
        client = cast(BotocoreBaseClientPrivate, self._access.client)
        if client is not self._client:
            # PynamoDB does the same with each client that it makes itself.
            client.meta.events.register_first("before-send.*.*", self._before_send)
            self._client = client
        return client

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Send one request without changing `operation_kwargs`."""
        kwargs = dict(operation_kwargs)
        expect_answer()
        try:
            if operation_name in DATA_APIS or operation_name in _PYNAMODB_TABLE_APIS:
                return super().dispatch(operation_name, kwargs)
            # For any other call, PynamoDB would ask for consumed capacity, which DynamoDB refuses.
            return self._make_api_call(operation_name, kwargs)
        except RecursionError as error:
            if is_answered():
                raise ForeignAnswerError(TOO_DEEP) from error
            raise

    def close(self) -> None:
        """Close the open connections. A later request opens new ones."""
        self._access.forget_client()


_PROBE: Final[Mapping[str, Any]] = {"TableName": "t", "Item": {"k": {"S": "v"}}}


class ClientConnection(SharedConnection):
    """A connection that sends through an existing client.

    Credentials, region, endpoint, configuration and event handlers are the client's. Its attempts
    are checked as those of other connections are, and `close()` leaves it open.

    Raises InvalidOptionError for anything but a low-level, blocking client of DynamoDB.
    """

    def __init__(self, client: Any) -> None:
        refuse_unfit(client)
        super().__init__(region=client.meta.region_name, endpoint_url=client.meta.endpoint_url)
        self._given = cast(BotocoreBaseClientPrivate, client)
        watch(client)

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The client that was passed in."""
        return self._given

    def close(self) -> None:
        """Leave the client open, because it belongs to the caller."""


def refuse_unfit(client: Any) -> None:
    """Raise InvalidOptionError for anything but a low-level, blocking client of DynamoDB."""
    if not isinstance(client, BaseClient):
        raise InvalidOptionError(
            f'client takes boto3.client("dynamodb"), not {type(client).__name__}'
        )
    service = client.meta.service_model.service_name
    if service != "dynamodb":
        raise InvalidOptionError(f"client is for the service {service}, not for dynamodb")
    if iscoroutinefunction(getattr(client, "_make_api_call", None)):
        raise InvalidOptionError("client is asynchronous, and this is the blocking driver")
    # The client of a boto3 resource has handlers that convert plain values to typed ones.
    params = {**_PROBE, "Item": dict(_PROBE["Item"])}
    client.meta.events.emit(
        "before-parameter-build.dynamodb.PutItem",
        params=params,
        model=client.meta.service_model.operation_model("PutItem"),
        context={},
    )
    if params["Item"] != _PROBE["Item"]:
        raise InvalidOptionError(
            "client belongs to a boto3 resource, which converts plain values to typed ones; pass "
            'boto3.client("dynamodb")'
        )


class _Borrowed(Connection):
    """A model's own connection, which keeps its table description but shares the client."""

    def __init__(self, shared: SharedConnection | Access) -> None:
        super().__init__(region=shared.region or None, host=shared.host)
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        return self._shared.client


def attach(model: type[Model], connection: SharedConnection | Access) -> None:
    """Let the model send through `connection`, with its endpoint, region, credentials and retries.

    By default, PynamoDB makes a connection for each model class.
    """
    own = model._get_connection()
    if isinstance(own.connection, _Borrowed):
        return
    borrowed = _Borrowed(connection)
    borrowed.add_meta_table(own.connection.get_meta_table(own.table_name))
    own.connection = borrowed
