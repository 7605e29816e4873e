"""The clients that are compared, each a module here, loaded only in its own process.

A module has `opened(target)`, which gives a context manager, and in it a `Client`: the work by the
name of its case, and, where the client can, a get on an event loop and iteration over all items.
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
    """The engine and table, and what is done there, as low-level requests."""

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
        """Where and as whom, in the words of boto3 and aiobotocore."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }

    @property
    def key(self) -> tuple[str, str]:
        """The partition and the sort key of the item that is read."""
        return self.get["Key"]["pk"]["S"], self.get["Key"]["sk"]["S"]


Get = Callable[[], Awaitable[Any]]
Opener = Callable[[], AbstractAsyncContextManager[Get]]


@frozen
class Client:
    """What one client does."""

    work: Mapping[str, Callable[[], Any]] = field(factory=dict)
    gets: Opener | None = None
    stream: Callable[[str], Iterable[Any]] | None = None
    """Iteration over a station's items."""
    get_numbered: Callable[[int], Any] | None = None
    """A get of an item anywhere in the large table."""


@frozen
class Peer:
    """A client by its name; `package` is what is installed, `module` says how it is used."""

    name: str
    title: str
    package: str
    module: str

    @property
    def version(self) -> str | None:
        """Which version is installed; None for none."""
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
"""Leyden, by a module that carries what is compiled of its schemas."""
TITLES: Final = {
    "leyden": "Leyden",
    COMPILED: "Leyden, compiled schemas",
    **{peer.name: peer.title for peer in PEERS},
    ELECTRODB: "ElectroDB, Node.js",
}
"""What the clients are called, in the order in which they are shown."""

__all__ = ["COMPILED", "ELECTRODB", "HOW", "PEERS", "TITLES", "Client", "Peer", "Target"]
