"""The storage of Strands agents, on DynamoDB.

::

    from leyden.agents.strands import LeydenStorage

    storage = LeydenStorage("agents")
    await storage.write("sessions/abc/state.json", b"{}")

`pip install "leyden[strands]"` installs what it needs.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar, Unpack

from leyden.agents.backend import Adapter, Options, shared
from leyden.agents.pieces import packed, unpacked
from leyden.errors import ConditionFailedError, LeydenError
from leyden.program import Program, Work
from leyden.store.dynamodb.writing import insisting

try:
    from strands.storage import Storage
    from strands.storage.search.keyword import KeywordSearchStrategy
    from strands.storage.storage import (
        _NAMESPACED,
        StorageSearchResult,
        _normalize_key,
        _normalize_prefix,
    )
    from strands.types.exceptions import StorageError
except ImportError as error:
    raise ImportError(
        'leyden.agents.strands needs Strands: pip install "leyden[strands]"'
    ) from error

T = TypeVar("T")
Keys = list[str]
"""A name for what `list` returns, where `list` is that method."""
Results = list[StorageSearchResult]


class LeydenStorage(Adapter, Storage):
    """Bytes under keys such as `sessions/abc/state.json`, for all that Strands keeps.

    `name` tells storages of one table apart. Keys are those of Strands' own storages: runs of `/`
    are one, and `..` is refused. A `search_strategy` is told of each write, and searches; without
    one, words are counted as the other storages do. The other options are those of every adapter,
    see `leyden.agents.backend.Options`.

    Any number of processes may work on one storage. An entry and its name are written and deleted
    together; of writes to one key at the same time, one is the last.

    Raises InvalidOptionError.

    >>> storage = LeydenStorage("agents", region="eu-central-1")                 # doctest: +SKIP
    >>> storage.app.create_table()                                               # doctest: +SKIP
    """

    def __init__(
        self,
        table_name: str,
        name: str = "strands",
        *,
        search_strategy: Any = None,
        **options: Unpack[Options],
    ) -> None:
        self.name = name
        self._prefix = ""
        self._search_strategy = search_strategy
        self._backend = shared("agents/strands", "LeydenStorage", table_name, **options)

    async def check_table(self) -> None:
        """Compare the table with what storages need; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        await self._backend.arun(self._backend.check_table(), "check_table")

    async def write(self, key: str, data: bytes) -> None:
        """Store bytes under a key, in place of what is there.

        One request for a key that is there, three for a new one, and with a `ttl` always one.
        Raises StorageError, also for more than 4 MB, compressed.
        """
        normalized = _normalize_key(key)
        await self._run(self._written(self._prefix + normalized, bytes(data)), "write", key)
        if self._search_strategy is not None:
            try:
                await self._search_strategy.index(self, normalized, data)
            except Exception as error:
                raise StorageError(f"Wrote '{key}' but indexing failed") from error

    async def read(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None if there are none, or if they have expired.

        One request. Raises StorageError.
        """
        return await self._run(self._read(self._prefix + _normalize_key(key)), "read", key)

    async def delete(self, key: str) -> None:
        """Delete what is under a key, if there is something. One request. Raises StorageError."""
        await self._run(self._deleted(self._prefix + _normalize_key(key)), "delete", key)

    async def list(self, query: str = "") -> Keys:
        """Return the keys that begin with a prefix, in order.

        One request for each MB of names, about 5,000 of them. Raises StorageError.
        """
        found = await self._run(self._names(self._prefix + _normalize_prefix(query)), "list", query)
        return [key[len(self._prefix) :] for key in found]

    async def search(self, query: str) -> Results:
        """Return what matches a query, the best first.

        Without a search strategy this reads all entries, 100 in a request. Raises StorageError.
        """
        if self._search_strategy is not None:
            results: Results = await self._search_strategy.search(self, query)
            return results
        return await self._run(self._searched(query), "search", query)

    def namespace(self, prefix: str) -> LeydenStorage:
        """Return this storage as seen below a prefix, with keys that do not show it."""
        normalized = _normalize_prefix(prefix).rstrip("/")
        scoped = copy.copy(self)
        scoped._prefix = f"{self._prefix}{normalized}/" if normalized else self._prefix
        scoped._namespaced = _NAMESPACED
        return scoped

    async def close(self) -> None:
        """Close the connections, which other storages may share; later calls open new ones."""
        await self._backend.aclose()

    _namespaced: object = None
    """What Strands recognizes a storage by that has a prefix already."""

    async def _run(self, program: Program[T], method: str, given: str) -> T:
        try:
            return await self._backend.arun(program, method)
        except LeydenError as error:
            raise StorageError(f"Failed to {method} '{given}': {error}") from error

    def _written(self, key: str, data: bytes) -> Program[None]:
        entry, name = self.app.entities["entry"], self.app.entities["name"]
        small = yield Work(partial(packed, data))
        living = self._backend.expiry()
        where = {"storage": self.name, "key": key}
        if not living:
            # An entry that does not expire has its name already, which does not expire either.
            patch = entry.patch(**where).set(data=small)
            patch = patch.where(entry.attr.expires_at.does_not_exist())
            try:
                yield from insisting(partial(patch.program, response="none"))
            except ConditionFailedError:
                pass
            else:
                return
        both = [entry.put(**where, data=small, **living), name.put(**where, **living)]
        yield from insisting(self.app.transact_write(both).program)

    def _read(self, key: str) -> Program[bytes | None]:
        reading = self.app.entities["entry"].get(storage=self.name, key=key)
        found = yield from reading.program(consistent=True)
        if found is None or self._has_expired(found):
            return None
        data: bytes = yield Work(partial(unpacked, found.data))
        return data

    def _deleted(self, key: str) -> Program[None]:
        where = {"storage": self.name, "key": key}
        both = [self.app.entities[alias].delete(**where) for alias in ("entry", "name")]
        yield from insisting(self.app.transact_write(both).program)

    def _names(self, prefix: str) -> Program[Keys]:
        query: Any = self.app.entities["name"].query.names(storage=self.name)
        if prefix:
            query = query.begins(key=prefix)
        names = ["key", "expires_at"]
        page = yield from query.program(consistent=True, pages="all", attributes=names)
        return [one.key for one in page.items if not self._has_expired(one)]

    def _has_expired(self, record: Any) -> bool:
        """Whether DynamoDB is about to delete an item, which takes up to two days."""
        return record.expires_at is not None and record.expires_at <= self._backend.now()

    def _searched(self, query: str) -> Program[Results]:
        keys = yield from self._names(self._prefix)
        if not keys:
            return []
        asked = [{"storage": self.name, "key": key} for key in keys]
        found = (
            yield from self.app.entities["entry"]
            .get(asked)
            .program(consistent=True, concurrency=self._backend.concurrency)
        )
        entries = {
            one.key[len(self._prefix) :]: one.data
            for one in found
            if one is not None and not self._has_expired(one)
        }
        results: Results = yield Work(partial(_matches, entries, query))
        return results


class _Read:
    """Entries that were read, as the part of a storage that a search takes."""

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        self._entries = {key: unpacked(data) for key, data in entries.items()}

    async def list(self, query: str = "") -> Keys:
        return [*self._entries]

    async def read(self, key: str) -> bytes | None:
        return self._entries.get(key)


def _matches(entries: Mapping[str, bytes], query: str) -> Results:
    """What Strands' own search finds in entries."""
    read: Any = _Read(entries)
    found: Iterable[StorageSearchResult] = asyncio.run(KeywordSearchStrategy().search(read, query))
    return [*found]
