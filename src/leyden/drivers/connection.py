"""The way to DynamoDB: what is asked for, and the lean connection that sends it.

The usual AWS rules hold: explicit arguments first, then the environment, then the AWS configuration
files, then the role of the machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import urlsplit

from leyden._attrs import field, frozen
from leyden._text import did_you_mean
from leyden.drivers.base import CONNECT_TIMEOUT, POOL_SIZE, READ_TIMEOUT, renew_at_fork
from leyden.drivers.lean.exchange import Call, Exchange, Reader, Send, Wait
from leyden.drivers.lean.plain import PlainProfile
from leyden.drivers.lean.sockets import Pool
from leyden.drivers.lean.trust import Bundle, Trust
from leyden.errors import InvalidOptionError

if TYPE_CHECKING:
    from leyden.drivers.botocore import SharedConnection

LOCAL_REGION: Final = "us-east-1"
"""The region where none is set anywhere and an `endpoint_url` makes it a formality."""


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


class Access:
    """How requests get to DynamoDB and are let in; takes the arguments of `SharedConnection`.

    Nothing is looked up before the first request, so making one never fails for want of
    configuration. botocore finds credentials, region and endpoint, once something asks for its
    session or client; `plain_profile` spares a process botocore where it would find nothing but
    plain credentials in the environment.
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
        self.explicit = Credentials.of(credentials)
        if endpoint_url is not None:
            check_endpoint(endpoint_url)
        self.host = endpoint_url
        self.profile = profile
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.pool_size = pool_size
        self.trust = Trust(self._bundle)
        self._region = region or ""
        self._lock = RLock()
        self._plain: PlainProfile | None = None
        self._session: Any = None
        self._made: SharedConnection | None = None
        renew_at_fork(self)

    @property
    def region(self) -> str:
        """The region that was given, or that botocore has found since; empty before."""
        return self._region if self._made is None else self._made.region or ""

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        if self._made is not None:
            return self._made.place
        plain = self._plain
        return shown_place(plain.url if plain is not None else self.host, self._region)

    @property
    def session(self) -> Any:
        """The botocore session, which finds credentials and configuration."""
        with self._lock:
            if self._session is None:
                self._session = make_session(self.profile, self.explicit)
            return self._session

    @property
    def client(self) -> Any:
        """The botocore client. Raises botocore's own errors, and InvalidOptionError."""
        return self._shared.client

    def plain_profile(self) -> PlainProfile | None:
        """How to send without botocore, None where something is configured that only it knows."""
        if self._made is None and self._session is None:
            asked = (self._region, self.host, self.explicit, self.profile)
            self._plain = (
                PlainProfile.of(*asked)
                or PlainProfile.of_files(*asked)
                or PlainProfile.of_session(self._region, self.host, lambda: self.session)
            )
        else:
            self._plain = None
        return self._plain

    def forget_client(self) -> None:
        """Close botocore's client; the next request finds everything anew."""
        if self._made is not None:
            self._made.close()

    def after_fork(self) -> None:
        """Let go of a lock that a thread of the parent may have held."""
        self._lock = RLock()

    @property
    def _shared(self) -> SharedConnection:
        with self._lock:
            if self._made is None:
                from leyden.drivers.botocore import SharedConnection

                self._made = SharedConnection(
                    region=self._region,
                    endpoint_url=self.host,
                    credentials=self.explicit,
                    profile=self.profile,
                    connect_timeout=self.connect_timeout,
                    read_timeout=self.read_timeout,
                    pool_size=self.pool_size,
                )
                # One session and one set of certificates, and one reading of them, for both ways.
                self._made._session = self.session
                self._made.trust = self.trust
            return self._made

    def _bundle(self) -> Bundle | None:
        has_profile = self._plain is None or self._session is not None
        return Bundle.named(self.session if has_profile else None)


class LeanConnection(Access):
    """A connection whose requests take a fraction of botocore's processor time.

    Requests are written, signed and read by `leyden.drivers.lean`, and sent over sockets of its
    own, for threads to share.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._exchange = Exchange(self)
        self._pool = Pool(
            self.trust,
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            size=self.pool_size,
        )

    def __repr__(self) -> str:
        return f"LeanConnection({self.place})"

    def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
    ) -> dict[str, Any]:
        """Send one request. `operation_kwargs` stays as it is; `reader` is a `Request`'s."""
        steps = self._exchange.of(operation_name, operation_kwargs, reader)
        try:
            step = next(steps)
            while True:
                try:
                    result: Any = None
                    match step:
                        case Send(destination, data):
                            result = self._pool.exchange(destination, data)
                        case Wait(seconds):
                            time.sleep(seconds)
                        case Call(function):
                            result = function()
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            response: dict[str, Any] = end.value
            return response

    def close(self) -> None:
        """Close the open connections. A later request opens new ones."""
        self._exchange.forget()
        self._pool.close()
        self.forget_client()


def make_session(profile: str | None, explicit: Credentials | None) -> Any:
    """A botocore session, with these credentials or with those that it finds."""
    import botocore.config
    import botocore.session

    session = botocore.session.Session(profile=profile)
    if explicit is not None:
        session.set_credentials(
            explicit.access_key_id, explicit.secret_access_key, explicit.session_token
        )
    session.set_default_client_config(
        botocore.config.Config(tcp_keepalive=True, user_agent_extra="leyden")
    )
    return session


def shown_place(endpoint: str | None, region: str | None) -> str:
    """Where requests go, for messages, without user and password."""
    if not endpoint:
        return f"region {region}" if region else "the configured region"
    parts = urlsplit(endpoint)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def check_endpoint(endpoint_url: str) -> None:
    """Raise InvalidOptionError for anything but a URL with scheme and host."""
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
