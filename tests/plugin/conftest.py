"""The fixtures themselves, where the package was installed before it had a plugin as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import leyden
from leyden.pytest_plugin import leyden_app as leyden_app
from leyden.pytest_plugin import leyden_app_async as leyden_app_async
from leyden.pytest_plugin import leyden_table as leyden_table


@pytest.fixture(scope="session")
def leyden_engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as running:
        yield running
