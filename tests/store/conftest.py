"""DynamoDB Local, for the tests of the store that several processes or real costs take part in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leyden.store import DynamoDBStore
from tests.conftest import _start


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[Any]:
    """The engine, one for all of them."""
    with _start("dynamodb_local") as running:
        yield running


@pytest.fixture(scope="module")
def local_store(dynamodb_local: Any, module_table_name: str) -> Iterator[DynamoDBStore]:
    """A store on a table that the tests of a module share."""
    with DynamoDBStore(
        table_name=module_table_name,
        endpoint_url=dynamodb_local.endpoint_url,
        region=dynamodb_local.region,
        credentials={"access_key_id": "local", "secret_access_key": "local"},
    ) as store:
        store.app.create_table()
        yield store
