"""The ways through PynamoDB and botocore: a connection of its own, a client that a caller hands in.

The other ways make one as well, where something asks what only botocore knows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from inspect import iscoroutinefunction
from threading import RLock
from typing import Any, Final, cast

import botocore.session
from botocore.client import BaseClient
from botocore.exceptions import NoRegionError
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.connection.base import Connection
from pynamodb.models import Model

from leyden.drivers.answers import expect_answer, is_answered, watch
from leyden.drivers.base import (
    CONNECT_TIMEOUT,
    DATA_APIS,
    POOL_SIZE,
    READ_TIMEOUT,
    renew_at_fork,
)
from leyden.drivers.connection import (
    LOCAL_REGION,
    Credentials,
    HasCredentials,
    LeanConnection,
    check_endpoint,
    make_session,
    shown_place,
)
from leyden.drivers.lean.client import install_probe
from leyden.drivers.lean.http11 import ForeignAnswerError
from leyden.drivers.lean.messages import TOO_DEEP
from leyden.drivers.lean.trust import Bundle, Trust
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

    `region`: an argument, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's region, in
    this order; with an `endpoint_url` and none of them, us-east-1. `credentials`: an
    argument, or botocore's chain (environment, `profile` or `AWS_PROFILE`, container,
    machine). Nothing is looked up before the first request, so making one never fails
    for want of configuration.

    Retries are botocore's standard mode, unless the AWS configuration names a mode.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | HasCredentials | None = None,
        profile: str | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        pool_size: int = POOL_SIZE,
    ) -> None:
        explicit = Credentials.of(credentials)
        if endpoint_url is not None:
            check_endpoint(endpoint_url)
        super().__init__(
            host=endpoint_url,
            connect_timeout_seconds=connect_timeout,
            read_timeout_seconds=read_timeout,
            max_pool_connections=pool_size,
            retry_configuration="UNSET",
            aws_access_key_id=explicit.access_key_id if explicit else None,
            aws_secret_access_key=explicit.secret_access_key if explicit else None,
            aws_session_token=explicit.session_token if explicit else None,
        )
        # PynamoDB's own setting, which a file on the machine may fill, is not asked.
        self.region = region or ""
        self._profile = profile
        self._lock = RLock()
        renew_at_fork(self)
        self.trust = Trust(lambda: Bundle.named(self.session))
        self._session: botocore.session.Session | None = None

    def __repr__(self) -> str:
        return f"SharedConnection({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        client = self._client
        return shown_place(
            client.meta.endpoint_url if client is not None else self.host, self.region
        )

    def after_fork(self) -> None:
        """Let go of a lock that a thread of the parent may have held."""
        self._lock = RLock()

    @property
    def session(self) -> botocore.session.Session:
        """The botocore session, one for all threads."""
        with self._lock:
            if self._session is None:
                explicit = None
                if self._aws_access_key_id and self._aws_secret_access_key:
                    explicit = Credentials(
                        self._aws_access_key_id,
                        self._aws_secret_access_key,
                        self._aws_session_token,
                    )
                self._session = make_session(self._profile, explicit)
            return self._session

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The botocore client, made at first use.

        Raises botocore's own errors, and InvalidOptionError for certificates that cannot be read.
        """
        # botocore clients may be shared by threads, but must not be made by two at once.
        with self._lock:
            if self._client is None:
                if not self.region:
                    self.region = self._find_region()
                if self._retry_configuration is None and not self._configured_retry_mode():
                    self._retry_configuration = {"mode": "standard"}
                bundle = Bundle.named(self.session)
                made = super().client
                if bundle is not None and made.meta.endpoint_url.startswith("https:"):
                    try:
                        self.trust.load()
                    except InvalidOptionError:
                        self._client = None
                        raise
                watch(made)
                install_probe(made)
            return super().client

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Send one request. `operation_kwargs` stays as it is."""
        kwargs = dict(operation_kwargs)
        expect_answer()
        try:
            if operation_name in DATA_APIS or operation_name in _PYNAMODB_TABLE_APIS:
                return super().dispatch(operation_name, kwargs)
            # PynamoDB would ask any other call for its consumed capacity, which those refuse.
            return self._make_api_call(operation_name, kwargs)
        except RecursionError as error:
            if is_answered():
                raise ForeignAnswerError(TOO_DEEP) from error
            raise

    def close(self) -> None:
        """Close the open connections. A later request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _find_region(self) -> str:
        region = os.environ.get("AWS_REGION") or self.session.get_config_variable("region")
        if region:
            return str(region)
        if self.host:
            return LOCAL_REGION
        raise NoRegionError

    def _configured_retry_mode(self) -> bool:
        return bool(
            os.environ.get("AWS_RETRY_MODE") or self.session.get_scoped_config().get("retry_mode")
        )


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


class _Borrowed(Connection):
    """A connection of one model, which keeps its own table description and shares the client."""

    def __init__(self, shared: SharedConnection | LeanConnection) -> None:
        super().__init__(region=shared.region or None, host=shared.host)
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        return self._shared.client


def attach(model: type[Model], connection: SharedConnection | LeanConnection) -> None:
    """Let the model send through `connection`: its endpoint, region, credentials and retries.

    PynamoDB's default is a connection for each model class.
    """
    own = model._get_connection()
    if isinstance(own.connection, _Borrowed):
        return
    borrowed = _Borrowed(connection)
    borrowed.add_meta_table(own.connection.get_meta_table(own.table_name))
    own.connection = borrowed
