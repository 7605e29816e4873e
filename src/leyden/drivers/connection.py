"""The one connection that all entities of a service share.

It is PynamoDB's `Connection`, made to follow the usual AWS rules: explicit arguments first,
then the environment, then the AWS configuration files, then the role of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import RLock
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit
from weakref import WeakSet

import botocore.config
import botocore.session
from botocore.exceptions import NoRegionError
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.connection.base import Connection

from leyden._attrs import field, frozen
from leyden._text import did_you_mean
from leyden.drivers.answers import expect_answer, is_answered, watch
from leyden.drivers.prepare import DATA_APIS
from leyden.drivers.wire.asking import let_ask
from leyden.drivers.wire.http11 import ForeignAnswerError
from leyden.drivers.wire.trust import Bundle, Trust
from leyden.drivers.wire.unfit import TOO_DEEP
from leyden.errors import InvalidOptionError

CONNECT_TIMEOUT: Final = 5.0
"""Seconds to wait for a connection, each attempt."""

READ_TIMEOUT: Final = 30.0
"""Seconds to wait for an answer, each attempt."""

POOL_SIZE: Final = 50
"""Connections kept open at most; more are opened, and closed again, when more are in use."""

LOCAL_REGION: Final = "us-east-1"
"""The region where none is set anywhere and an `endpoint_url` makes it a formality."""

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


class HasCredentials(Protocol):
    """An object that may stand in for `Credentials`."""

    @property
    def access_key_id(self) -> str:
        """The public half."""

    @property
    def secret_access_key(self) -> str:
        """The secret half."""


@frozen
class Credentials:
    """AWS credentials. Neither half of the secret shows in its `repr`."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, given: Mapping[str, str | None] | HasCredentials | None) -> Credentials | None:
        """Read credentials from a mapping or an object with these names; None stays None.

        Raises InvalidOptionError for a missing or an unknown name.
        """
        if given is None or isinstance(given, Credentials):
            return given
        names = ("access_key_id", "secret_access_key", "session_token")
        if isinstance(given, Mapping):
            for name in given:
                if name not in names:
                    raise InvalidOptionError(
                        f'credentials have no "{name}"{did_you_mean(str(name), names)}; '
                        f"they are {', '.join(names)}"
                    )
            parts = {name: given.get(name) for name in names}
        else:
            parts = {name: getattr(given, name, None) for name in names}
        missing = [name for name in names[:2] if not parts[name]]
        if missing:
            raise InvalidOptionError(
                f"credentials lack {' and '.join(missing)}; leave credentials out altogether "
                "to use the environment or the AWS configuration"
            )
        return cls(
            cast(str, parts["access_key_id"]),
            cast(str, parts["secret_access_key"]),
            parts["session_token"] or None,
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
            _check_endpoint(endpoint_url)
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
        _connections.add(self)
        self.trust = Trust(lambda: self.session)
        self._session: botocore.session.Session | None = None

    def __repr__(self) -> str:
        return f"SharedConnection({self.place})"

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        client = self._client
        endpoint = client.meta.endpoint_url if client is not None else self.host
        if endpoint:
            parts = urlsplit(endpoint)
            port = f":{parts.port}" if parts.port else ""
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
            return f"{parts.scheme}://{host}{port}"
        return f"region {self.region}" if self.region else "the configured region"

    @property
    def session(self) -> botocore.session.Session:
        """The botocore session, one for all threads."""
        with self._lock:
            if self._session is None:
                session = botocore.session.Session(profile=self._profile)
                if self._aws_access_key_id and self._aws_secret_access_key:
                    session.set_credentials(
                        self._aws_access_key_id,
                        self._aws_secret_access_key,
                        self._aws_session_token,
                    )
                session.set_default_client_config(
                    botocore.config.Config(tcp_keepalive=True, user_agent_extra="leyden")
                )
                self._session = session
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
                let_ask(made)
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


_connections: WeakSet[SharedConnection] = WeakSet()


def _unlock_all() -> None:
    for connection in list(_connections):
        connection._lock = RLock()


if hasattr(os, "register_at_fork"):
    # A lock that another thread held stays shut in the child, where that thread is not.
    os.register_at_fork(after_in_child=_unlock_all)


def _check_endpoint(endpoint_url: str) -> None:
    parts = urlsplit(endpoint_url)
    try:
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname)
        fits = fits and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise InvalidOptionError(
            "endpoint_url is not a URL with scheme and host, such as http://127.0.0.1:8000"
        )
