"""The only package that sends requests to DynamoDB."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from leyden.drivers.base import Driver
    from leyden.drivers.connection import Credentials
    from leyden.drivers.pynamodb import SharedConnection
    from leyden.drivers.sync import SyncDriver

# Importing botocore and PynamoDB, which SharedConnection needs, takes longer than a request.
_PLACES: Final = {
    "Credentials": "connection",
    "Driver": "base",
    "SharedConnection": "pynamodb",
    "SyncDriver": "sync",
}

__all__ = ["Credentials", "Driver", "SharedConnection", "SyncDriver"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
