"""What a store on DynamoDB is, whichever way its programs are run."""

from __future__ import annotations

from typing import Any

from leyden.engine import DynamoDBLocal, LocalEngine
from leyden.errors import InvalidOptionError
from leyden.program import Program
from leyden.service.service import Entities, Service
from leyden.store.dynamodb import init
from leyden.store.dynamodb.methods import named
from leyden.store.dynamodb.programs.clearing import clear
from leyden.store.dynamodb.settings import Settings


class StoreBase:
    """A store's settings, its service, and the programs of its life."""

    def __init__(self, settings: Settings, app: Service) -> None:
        self._settings = settings
        self._app = app

    @property
    def name(self) -> str:
        """What the store is called in messages."""
        return self._settings.name

    @property
    def table_name(self) -> str:
        """The table."""
        return self._settings.table_name

    @property
    def app(self) -> Service:
        """The service of all entities, the store's and your own."""
        return self._app

    @property
    def entities(self) -> Entities:
        """The entities, the store's and your own."""
        return self._app.entities

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} on table {self.table_name}>"

    def _checking(self) -> Program[None]:
        checking = init.check(self._settings.spec, self._settings.ttl, self.table_name)
        return named("store.init", checking)

    def _clearing(self, domain: Any) -> Program[None]:
        clearing = clear(self._app, domain, concurrency=self._settings.concurrency)
        return named("store.clear", clearing)

    def _rules(self) -> dict[str, Any]:
        """What the programs of every domain are told."""
        known = self._settings
        return {"now": known.now, "ttl": known.ttl, "concurrency": known.concurrency}


def driver_options(client: Any, **given: Any) -> dict[str, Any]:
    """What a driver is told of where to send: of an engine, or what was given.

    Raises InvalidOptionError where both a client and something else are given.
    """
    if client is None:
        return given
    if any(given.values()):
        raise InvalidOptionError(
            "`client` brings its own endpoint, region and credentials; leave those out"
        )
    if isinstance(client, LocalEngine | DynamoDBLocal):
        return {
            "region": client.region,
            "endpoint_url": client.endpoint_url,
            "credentials": client.credentials,
        }
    return {}
