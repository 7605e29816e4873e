"""Lets botocore read what describes a service once, not for each of the many clients of the tests.

Every service that makes its table has a client of its own. Most of what such a client costs is the
reading of the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader


@contextmanager
def reading_once() -> Iterator[None]:
    """Keep what was read, until the end of the block."""
    load, list_services = JSONFileLoader.load_file, Loader.list_available_services
    files: dict[str, Any] = {}
    services: dict[tuple[str, ...], Any] = {}

    def load_once(self: Any, path: str) -> Any:
        if path not in files:
            files[path] = load(self, path)
        return files[path]

    def list_once(self: Any, kind: str) -> Any:
        asked = (kind, *self.search_paths)
        if asked not in services:
            services[asked] = list_services(self, kind)
        return services[asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_once)
        patch.setattr(Loader, "list_available_services", list_once)
        yield
