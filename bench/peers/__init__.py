"""The clients that are compared. Each is a module here, and is only loaded in its own process.

A module has `opened(target)`, a context manager that yields a `Client`: the work by case, and, if
the client can, a get on an event loop and iteration over all items.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from attrs import field, frozen

HOW: Final = "make bench installs it; by hand: pip install -r bench/requirements.txt"


@frozen
class Target:
    """The engine and the table, and the work as low-level requests."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    table: str
    get: Mapping[str, Any]
    put: Mapping[str, Any]
    query: Mapping[str, Any]
    batch: Mapping[str, Any]

    @property
    def keys(self) -> dict[str, str]:
        """The endpoint and the credentials, as arguments for boto3 and aiobotocore."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }

    @property
    def key(self) -> tuple[str, str]:
        """The partition key and the sort key of the item that is read."""
        return self.get["Key"]["pk"]["S"], self.get["Key"]["sk"]["S"]


Get = Callable[[], Awaitable[Any]]
Opener = Callable[[], AbstractAsyncContextManager[Get]]


@frozen
class Client:
    """What one client can do."""

    work: Mapping[str, Callable[[], Any]] = field(factory=dict)
    gets: Opener | None = None
    stream: Callable[[str], Iterable[Any]] | None = None
    """Iterates over a station's items."""
    get_numbered: Callable[[int], Any] | None = None
    """Gets an item anywhere in the large table."""


@frozen
class Peer:
    """A client by name; `package` is what is installed, and `module` uses it."""

    name: str
    title: str
    package: str
    module: str

    @property
    def version(self) -> str | None:
        """The installed version; None if it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


PEERS: Final = (
    Peer("leyden", "Leyden", "leyden", "bench.peers.own"),
    Peer("boto3", "boto3, client", "boto3", "bench.peers.aws"),
    Peer("pynamodb", "PynamoDB", "pynamodb", "bench.peers.pynamo"),
    Peer("pydynox", "pydynox, Rust core", "pydynox", "bench.peers.dynox"),
    Peer("aiobotocore", "aiobotocore", "aiobotocore", "bench.peers.aiobotocore_client"),
    Peer("aiodynamo", "aiodynamo", "aiodynamo", "bench.peers.aiodynamo_table"),
)
ELECTRODB: Final = "electrodb"
COMPILED: Final = "leyden_compiled"
"""Leyden with a module that has its compiled schemas."""
TITLES: Final = {
    "leyden": "Leyden",
    COMPILED: "Leyden, compiled schemas",
    **{peer.name: peer.title for peer in PEERS},
    ELECTRODB: "ElectroDB, Node.js",
}
"""The titles of the clients, in the order in which they are shown."""

__all__ = ["COMPILED", "ELECTRODB", "HOW", "PEERS", "TITLES", "Client", "Peer", "Target"]
