"""The one place that talks to the network."""

from __future__ import annotations

from leyden.drivers.connection import Credentials, SharedConnection
from leyden.drivers.protocol import Driver
from leyden.drivers.sync import SyncDriver

__all__ = ["Credentials", "Driver", "SharedConnection", "SyncDriver"]
