"""Where requests of one kind go, and everything of them that stays the same."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from botocore.utils import get_environ_proxies, normalize_url_path

from leyden._attrs import field, frozen
from leyden.drivers.wire.signing import FrozenCredentials, Signer
from leyden.errors import CredentialsError, InvalidOptionError

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
"""Headers that differ from request to request, or that belong to the connection."""

_UNSIGNED: Final = frozenset({"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
_SCOPE: Final = re.compile(r"Credential=[^,]*/(\d{8})/([^/,]+)/([^/,]+)/aws4_request")
_MAX_ATTEMPTS: Final = re.compile(r"\bmax=(\d+)")
_DEFAULT_ATTEMPTS: Final = 3
_SAFE_IN_TARGETS: Final = "!$%&'()*+,/:;=?@[]~"
_SAFE_IN_TRACES: Final = "-=;:+&[]{}\"',"


@frozen
class Proxy:
    """A proxy on the way. `authorization` is the header's value, where it wants one."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(repr=False)

    @classmethod
    def on_the_way_to(cls, url: str) -> Proxy | None:
        """The proxy that the environment names for `url`, botocore's rules applied."""
        given = get_environ_proxies(url).get(urlsplit(url).scheme)
        if not given:
            return None
        if given.lower().startswith("https:") and url.startswith("https:"):
            raise InvalidOptionError(
                "HTTPS_PROXY names a proxy that is spoken to in TLS itself, which the lean "
                'transport cannot do; load with transport="pynamodb", or use its http:// address'
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
        """Its address without user and password, for messages."""
        return f"{self.scheme}://{self.host}:{self.port}"


@frozen
class Route:
    """What a connection needs to know to be opened; connections of one route are alike."""

    secure: bool
    host: str
    port: int
    proxy: Proxy | None = None

    @property
    def tunneled(self) -> bool:
        """Whether a proxy only passes bytes on."""
        return self.secure and self.proxy is not None


@frozen(eq=False)
class Destination:
    """Where one API call goes, as botocore wrote it once; makes further requests like that."""

    url: str
    route: Route
    max_attempts: int
    """How often a request is sent at most, where botocore says so."""
    _start: str = field(repr=False)
    _canonical_head: str = field(repr=False)
    _signed: Mapping[str, str] = field(repr=False)
    _signer: Signer = field(repr=False)
    _traced: bool = False

    @classmethod
    def like(cls, url: str, headers: Mapping[str, str]) -> Self:
        """Requests that differ from this one of botocore's in body, time and credentials only."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        authority = f"[{host}]" if ":" in host else host
        if parts.port is not None and parts.port != _PORTS.get(parts.scheme):
            authority = f"{authority}:{parts.port}"
        path = parts.path or "/"
        target = quote(f"{path}?{parts.query}" if parts.query else path, safe=_SAFE_IN_TARGETS)
        query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
        route = Route(secure, host, parts.port or _PORTS[parts.scheme], Proxy.on_the_way_to(url))
        if route.proxy is not None and not secure:
            target = f"http://{authority}{target}"
        kept = {n.lower(): v for n, v in headers.items() if n.lower() not in _MADE_ANEW}
        lines = [
            f"POST {target} HTTP/1.1",
            f"Host: {authority}",
            "Accept-Encoding: identity",
            *(f"{name}: {value}" for name, value in kept.items()),
        ]
        if route.proxy is not None and route.proxy.authorization and not secure:
            lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
        signed = {name: value for name, value in kept.items() if name not in _UNSIGNED}
        # Their values are filled in for each request; the order is that of the names.
        signed |= {"host": authority, "x-amz-date": "", "x-amz-security-token": ""}
        sent = {name.lower(): value for name, value in headers.items()}
        scope = _SCOPE.search(sent.get("authorization", ""))
        assert scope is not None, "botocore signs requests to DynamoDB with its version 4"
        attempts = _MAX_ATTEMPTS.search(sent.get("amz-sdk-request", ""))
        return cls(
            url,
            route,
            int(attempts.group(1)) if attempts else _DEFAULT_ATTEMPTS,
            "\r\n".join(lines) + "\r\n",
            f"POST\n{quote(normalize_url_path(path), safe='/~')}\n{query}\n",
            dict(sorted(signed.items())),
            Signer(scope.group(2), scope.group(3)),
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
        """The bytes of a request, signed."""
        signed = dict(self._signed)
        signed["x-amz-date"] = timestamp
        token = credentials.token
        for sent in (credentials.access_key, token or ""):
            # A header would end where a line does, and something else begin.
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
            # The id under which a Lambda function's requests are traced together.
            extra += f"x-amzn-trace-id: {quote(trace, safe=_SAFE_IN_TRACES)}\r\n"
        head = (
            f"{self._start}x-amz-date: {timestamp}\r\n{extra}Authorization: {authorization}\r\n"
            f"amz-sdk-invocation-id: {invocation}\r\n"
            f"amz-sdk-request: attempt={attempt}; max={self.max_attempts}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


def connect_request(route: Route) -> bytes:
    """What asks a proxy for a tunnel to the route's host."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    lines = [f"CONNECT {host}:{route.port} HTTP/1.1", f"Host: {host}:{route.port}"]
    if route.proxy is not None and route.proxy.authorization:
        lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
