"""Where requests of one kind go, the parts of them that stay the same, and their signature."""

from __future__ import annotations

import hmac
import os
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from random import Random
from typing import Final, Protocol, Self
from urllib.parse import quote, unquote, urlsplit

from leyden._attrs import field, frozen
from leyden.drivers.base import ATTEMPTS, UNSTATED_ATTEMPTS
from leyden.errors import CredentialsError, InvalidOptionError

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class FrozenCredentials(Protocol):
    """botocore's credentials at one moment."""

    @property
    def access_key(self) -> str:
        """The access key id, which is not secret."""

    @property
    def secret_key(self) -> str:
        """The secret access key."""

    @property
    def token(self) -> str | None:
        """The session token, if there is one."""


class Clock:
    """The current time as AWS writes it, `20260203T091500Z`; formatted once per second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def now(self) -> str:
        """Return the text of the current second, in UTC."""
        second = int(time.time())
        if second != self._second:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            # The text comes first, so that no other thread sees the new second with the old text.
            self._text = text
            self._second = second
            return text
        return self._text


class Signer:
    """Signs requests for one region and service; several threads may share a signer.

    It derives the signing key, which is secret, once a day.
    """

    __slots__ = ("_known", "region", "service")

    def __init__(self, region: str, service: str) -> None:
        self.region = region
        self.service = service
        self._known: tuple[str, str, bytes] = ("", "", b"")

    def authorization(
        self,
        credentials: FrozenCredentials,
        timestamp: str,
        canonical_head: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> str:
        """Return the value of the `Authorization` header.

        `canonical_head` is the method, path and query, each on a line. `headers` are the headers to
        sign, with names in lower case and in alphabetical order, and values without white space to
        fold.
        """
        signed = ";".join(headers)
        lines = "".join([f"{name}:{value}\n" for name, value in headers.items()])
        canonical = f"{canonical_head}{lines}\n{signed}\n{sha256(body).hexdigest()}"
        day = timestamp[:8]
        scope = f"{day}/{self.region}/{self.service}/aws4_request"
        digest = sha256(canonical.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        key = self._signing_key(credentials.secret_key, day)
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )

    def _signing_key(self, secret: str, day: str) -> bytes:
        known_secret, known_day, key = self._known
        if known_day == day and known_secret == secret:
            return key
        key = f"AWS4{secret}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._known = (secret, day, key)
        return key


_PORTS: Final = {"http": 80, "https": 443}
_MADE_ANEW: Final = frozenset(
    {
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "connection",
        "content-length",
        "date",
        "host",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    }
)
"""Headers that differ between requests, or that belong to the connection."""

_UNSIGNED: Final = frozenset({"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
_SCOPE: Final = re.compile(r"Credential=[^,]*/(\d{8})/([^/,]+)/([^/,]+)/aws4_request")
_MAX_ATTEMPTS: Final = re.compile(r"\bmax=(\d+)")
_SAFE_IN_TARGETS: Final = "!$%&'()*+,/:;=?@[]~"
_SAFE_IN_TRACES: Final = "-=;:+&[]{}\"',"


@frozen
class Proxy:
    """A proxy on the way; `authorization` is the value of its header, if it needs one."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(repr=False)

    @classmethod
    def on_the_way_to(cls, url: str) -> Proxy | None:
        """Return the proxy that the environment names for `url`, by botocore's rules."""
        from botocore.utils import get_environ_proxies

        given = get_environ_proxies(url).get(urlsplit(url).scheme)
        if not given:
            return None
        if given.lower().startswith("https:") and url.startswith("https:"):
            raise InvalidOptionError(
                "HTTPS_PROXY names a proxy with an https:// address, which the lean transport "
                'cannot use; load with transport="pynamodb", or use its http:// address'
            )
        parts = urlsplit(given if "://" in given else f"http://{given.removeprefix('//')}")
        try:
            fits = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise InvalidOptionError(
                f"{urlsplit(url).scheme.upper()}_PROXY is not the address of a proxy that can be "
                "used, such as http://127.0.0.1:3128; correct it, or name the endpoint in NO_PROXY"
            )
        authorization = None
        if parts.username and parts.password:
            pair = f"{unquote(parts.username)}:{unquote(parts.password)}"
            authorization = f"Basic {b64encode(pair.encode()).decode()}"
        port = parts.port or _PORTS.get(parts.scheme, 80)
        return cls(parts.scheme, parts.hostname or "", port, authorization)

    @property
    def url(self) -> str:
        """The proxy's address without user and password, for messages."""
        return f"{self.scheme}://{self.host}:{self.port}"


@frozen
class Route:
    """What it takes to open a connection; connections with the same route are interchangeable."""

    secure: bool
    host: str
    port: int
    proxy: Proxy | None = None

    @property
    def tunneled(self) -> bool:
        """Whether the proxy only passes on encrypted bytes."""
        return self.secure and self.proxy is not None


@frozen(eq=False)
class Destination:
    """Where one API call goes; makes requests like the first one, which botocore wrote."""

    url: str
    route: Route
    max_attempts: int
    """The most attempts of a request that botocore declares."""
    _start: str = field(repr=False)
    _canonical_head: str = field(repr=False)
    _signed: Mapping[str, str] = field(repr=False)
    _signer: Signer = field(repr=False)
    _traced: bool = False

    @classmethod
    def like(cls, url: str, headers: Mapping[str, str]) -> Self:
        """Make requests that differ from botocore's only in body, time and credentials."""
        sent = {name.lower(): value for name, value in headers.items()}
        scope = _SCOPE.search(sent.get("authorization", ""))
        assert scope is not None, "botocore signs requests to DynamoDB with its version 4"
        attempts = _MAX_ATTEMPTS.search(sent.get("amz-sdk-request", ""))
        return cls.at(
            url,
            {name: value for name, value in sent.items() if name not in _MADE_ANEW},
            Signer(scope.group(2), scope.group(3)),
            proxy=Proxy.on_the_way_to(url),
            max_attempts=int(attempts.group(1)) if attempts else UNSTATED_ATTEMPTS,
        )

    @classmethod
    def at(
        cls,
        url: str,
        kept: Mapping[str, str],
        signer: Signer,
        *,
        proxy: Proxy | None = None,
        max_attempts: int = ATTEMPTS,
    ) -> Self:
        """Make requests to `url` with these headers, whose names are in lower case."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        authority = f"[{host}]" if ":" in host else host
        if parts.port is not None and parts.port != _PORTS.get(parts.scheme):
            authority = f"{authority}:{parts.port}"
        path = parts.path or "/"
        target = quote(f"{path}?{parts.query}" if parts.query else path, safe=_SAFE_IN_TARGETS)
        query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
        route = Route(secure, host, parts.port or _PORTS[parts.scheme], proxy)
        if route.proxy is not None and not secure:
            target = f"http://{authority}{target}"
        lines = [
            f"POST {target} HTTP/1.1",
            f"Host: {authority}",
            "Accept-Encoding: identity",
            *(f"{name}: {value}" for name, value in kept.items()),
        ]
        if route.proxy is not None and route.proxy.authorization and not secure:
            lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
        signed = {name: value for name, value in kept.items() if name not in _UNSIGNED}
        # Each request fills in these values; the order is that of the names.
        signed |= {"host": authority, "x-amz-date": "", "x-amz-security-token": ""}
        return cls(
            url,
            route,
            max_attempts,
            "\r\n".join(lines) + "\r\n",
            f"POST\n{quote(_normal(path), safe='/~')}\n{query}\n",
            dict(sorted(signed.items())),
            signer,
            "AWS_LAMBDA_FUNCTION_NAME" in os.environ,
        )

    def request(
        self,
        credentials: FrozenCredentials,
        timestamp: str,
        body: bytes,
        *,
        attempt: int,
        invocation: str,
    ) -> bytes:
        """Return the bytes of a signed request."""
        signed = dict(self._signed)
        signed["x-amz-date"] = timestamp
        token = credentials.token
        for sent in (credentials.access_key, token or ""):
            # A line break would end the header and start another one.
            if not (sent.isascii() and sent.isprintable()):
                raise CredentialsError(
                    "the access key id or the session token of the AWS credentials holds "
                    "characters that cannot be sent, such as the end of a line; check where they "
                    "come from"
                )
        extra = ""
        if token:
            signed["x-amz-security-token"] = token
            extra = f"x-amz-security-token: {token}\r\n"
        else:
            del signed["x-amz-security-token"]
        authorization = self._signer.authorization(
            credentials, timestamp, self._canonical_head, signed, body
        )
        trace = os.environ.get("_X_AMZN_TRACE_ID") if self._traced else None
        if trace:
            # The id that groups the requests of one call of a Lambda function in a trace.
            extra += f"x-amzn-trace-id: {quote(trace, safe=_SAFE_IN_TRACES)}\r\n"
        head = (
            f"{self._start}x-amz-date: {timestamp}\r\n{extra}Authorization: {authorization}\r\n"
            f"amz-sdk-invocation-id: {invocation}\r\n"
            f"amz-sdk-request: attempt={attempt}; max={self.max_attempts}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


def _normal(path: str) -> str:
    if path == "/":
        return path
    from botocore.utils import normalize_url_path

    return str(normalize_url_path(path))


def connect_request(route: Route) -> bytes:
    """Return the request that asks a proxy for a tunnel to the route's host."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    lines = [f"CONNECT {host}:{route.port} HTTP/1.1", f"Host: {host}:{route.port}"]
    if route.proxy is not None and route.proxy.authorization:
        lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


_BITS: Final = Random()


def new_invocation() -> str:
    """Return a unique id for all attempts of a call: a UUID of version 4, as text.

    `uuid4()` asks the system for random bits each time, which may cost as much as half a request.
    These ids need to be different, but not secret.
    """
    bits = _BITS.getrandbits(128)
    digits = f"{bits & ~(0xF000 << 64) & ~(0xC000 << 48) | 0x4000 << 64 | 0x8000 << 48:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


if hasattr(os, "register_at_fork"):
    # Two processes with the same random state would make the same ids.
    os.register_at_fork(after_in_child=_BITS.seed)
