"""How a connection finds credentials, region and endpoint, and makes botocore's client.

The usual AWS order applies: explicit arguments, then the environment, then the AWS configuration
files, then the role of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from leyden._attrs import field, frozen
from leyden._text import did_you_mean
from leyden.drivers.base import CONNECT_TIMEOUT, POOL_SIZE, READ_TIMEOUT, renew_at_fork
from leyden.drivers.lean.plain import PlainProfile, Surroundings
from leyden.drivers.lean.trust import Bundle, Trust
from leyden.errors import InvalidOptionError

if TYPE_CHECKING:
    from leyden.drivers.lean.client import ClientProfile


class HasCredentials(Protocol):
    """An object that can replace `Credentials`."""

    @property
    def access_key_id(self) -> str:
        """The access key id, which is not secret."""

    @property
    def secret_access_key(self) -> str:
        """The secret access key."""


@frozen
class Credentials:
    """AWS credentials. The secret key and the session token are not in the `repr`."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, given: Mapping[str, str | None] | HasCredentials | None) -> Credentials | None:
        """Read credentials from a mapping, or an object with these attributes; None stays None.

        Raises InvalidOptionError for a missing or unknown name.
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
    """How requests reach DynamoDB and are authorized, for all threads of a connection.

    The region comes from the argument `region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile,
    in this order; with an `endpoint_url` and none of these, it is us-east-1. Credentials come from
    the argument `credentials`, or else from botocore's chain (environment, `profile` or
    `AWS_PROFILE`, container, machine). `session` is a session of boto3 or botocore with credentials
    and a region of its own; it is used as its own clients would use it, and is not changed.

    Nothing is looked up before the first request, so making an `Access` never fails for missing
    configuration. Whoever asks for the session or the client makes botocore find credentials,
    region and endpoint. `plain_profile` spares a process botocore if botocore would find nothing
    but plain credentials.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Mapping[str, str | None] | HasCredentials | None = None,
        profile: str | None = None,
        session: Any = None,
        shared: Access | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        pool_size: int = POOL_SIZE,
    ) -> None:
        self.explicit = Credentials.of(credentials)
        if endpoint_url is not None:
            check_endpoint(endpoint_url)
        self.region = region or ""
        """The region that was given or that botocore has found; empty before that."""
        self.host = endpoint_url
        self.profile = profile
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.pool_size = pool_size
        # Only botocore's session knows a profile's certificates, but none is made just for them.
        self.trust = Trust(
            lambda: Bundle.named(self.session if self._session or self._plain is None else None)
        )
        self._lock = RLock()
        self._plain: PlainProfile | None = None
        self._session: Any = None if session is None else botocore_session(session)
        self._client: Any = None
        self._client_profile: ClientProfile | None = None
        self._shared = shared
        renew_at_fork(self)

    @property
    def place(self) -> str:
        """Where requests go, for messages: the endpoint, or the region. No credentials."""
        return shown_place(self.endpoint, self.region)

    @property
    def endpoint(self) -> str | None:
        """The address that requests go to, once it is known."""
        client, plain = self._client, self._plain
        if client is not None:
            return str(client.meta.endpoint_url)
        return self.host if plain is None else plain.url

    @property
    def session(self) -> Any:
        """The botocore session, which finds credentials and configuration."""
        if self._shared is not None:
            return self._shared.session
        with self._lock:
            if self._session is None:
                from leyden.drivers.botocore import make_session

                self._session = make_session(self.profile, self.explicit)
            return self._session

    @property
    def client(self) -> Any:
        """The botocore client, which is made when it is first used.

        Raises botocore's own errors, and InvalidOptionError for certificates that cannot be read.
        """
        if self._shared is not None:
            return self._shared.client
        # Threads may share a botocore client, but two threads must not make clients at once.
        with self._lock:
            made = self._client
            # A client that found no credentials never looks for them again, even if the machine's
            # service for them was only late, so it is made again.
            if made is None or made._request_signer._credentials is None:
                from leyden.drivers.botocore import find_region, make_client

                self.region = self.region or find_region(self.session, self.host)
                bundle = Bundle.named(self.session)
                made = make_client(
                    self.session,
                    self.region,
                    self.host,
                    connect_timeout=self.connect_timeout,
                    read_timeout=self.read_timeout,
                    max_pool_connections=self.pool_size,
                )
                if bundle is not None and made.meta.endpoint_url.startswith("https:"):
                    self.trust.load()
                self._client = made
            return made

    def plain_profile(self) -> PlainProfile | None:
        """Return how to send without botocore, or None if only botocore knows the configuration."""
        told = Surroundings(self.region, self.host, self.explicit, self.profile)
        # If botocore's session exists already, someone wants what botocore does.
        is_new = self._session is None and self._shared is None
        self._plain = told.plain_profile(lambda: self.session) if is_new else None
        return self._plain

    def client_profile(self) -> ClientProfile:
        """Return how to send as botocore's client would."""
        if self._shared is not None:
            return self._shared.client_profile()
        from leyden.drivers.lean.client import ClientProfile

        with self._lock:
            if self._client_profile is None:
                self._client_profile = ClientProfile(self.session, self.client)
            return self._client_profile

    def forget_client(self) -> None:
        """Close botocore's client; the next request finds everything again."""
        with self._lock:
            client, self._client, self._client_profile = self._client, None, None
        if client is not None:
            client.close()

    def after_fork(self) -> None:
        """Replace a lock that a thread of the parent may have held."""
        self._lock = RLock()


def botocore_session(given: Any) -> Any:
    """Return the botocore session that a caller passed in, also from inside a boto3 session.

    Raises InvalidOptionError for anything else, such as an asynchronous session.
    """
    from inspect import iscoroutinefunction

    from botocore.session import Session

    # boto3 has no public name for it, but only this session knows its configuration.
    inner = getattr(given, "_session", given)
    if not isinstance(inner, Session):
        raise InvalidOptionError(
            f"session takes a boto3.Session(...) or a session of botocore, not "
            f"{type(given).__name__}"
        )
    if iscoroutinefunction(inner.get_credentials):
        raise InvalidOptionError(
            "session is asynchronous, so its credentials cannot be read here; pass a "
            "boto3.Session(...), also with asyncio"
        )
    return inner


def shown_place(endpoint: str | None, region: str | None) -> str:
    """Return where requests go, for messages, without user and password."""
    if not endpoint:
        return f"region {region}" if region else "the configured region"
    parts = urlsplit(endpoint)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def check_endpoint(endpoint_url: str) -> None:
    """Raise InvalidOptionError for anything but a URL with a scheme and a host."""
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
