"""AWS's signature, version 4, of requests that carry their whole body."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Protocol

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class FrozenCredentials(Protocol):
    """What botocore's credentials are at one moment."""

    @property
    def access_key(self) -> str:
        """The public half."""

    @property
    def secret_key(self) -> str:
        """The secret half."""

    @property
    def token(self) -> str | None:
        """The session's token, where there is one."""


class Clock:
    """The present second as AWS writes it: `20260203T091500Z`. Written once a second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def now(self) -> str:
        """The text of the present second, in UTC."""
        second = int(time.time())
        if second != self._second:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            # The text first: another thread must not take the new second with the old text.
            self._text = text
            self._second = second
            return text
        return self._text


class Signer:
    """Signs requests for one region and service; may be used by many threads.

    The signing key is derived once a day and secret.
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
        """The value of the `Authorization` header.

        `canonical_head` is method, path and query, each with the end of its line; `headers` are
        those to sign, by names in lower case and in the order of these names, with values that
        have no white space to fold.
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
