"""PynamoDB models on the service's own connection."""

from __future__ import annotations

from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.connection.base import Connection
from pynamodb.models import Model

from leyden.drivers.connection import SharedConnection


class _Borrowed(Connection):
    """A connection of one model, which keeps its own table description and shares the client."""

    def __init__(self, shared: SharedConnection) -> None:
        super().__init__(region=shared.region or None, host=shared.host)
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        return self._shared.client


def attach(model: type[Model], connection: SharedConnection) -> None:
    """Let the model send through `connection`: its endpoint, region, credentials and retries.

    PynamoDB's default is a connection for each model class.
    """
    own = model._get_connection()
    if isinstance(own.connection, _Borrowed):
        return
    borrowed = _Borrowed(connection)
    borrowed.add_meta_table(own.connection.get_meta_table(own.table_name))
    own.connection = borrowed
