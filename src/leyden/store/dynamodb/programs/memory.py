"""The memory domain as a whole."""

from __future__ import annotations

from attrs import frozen

from leyden.store.dynamodb.programs.copying import CopyingPrograms
from leyden.store.dynamodb.programs.listing import ListingPrograms
from leyden.store.dynamodb.programs.messages import MessagePrograms
from leyden.store.dynamodb.programs.resources import ResourcePrograms
from leyden.store.dynamodb.programs.saving import SavingPrograms
from leyden.store.dynamodb.programs.thread_listing import ThreadListingPrograms
from leyden.store.dynamodb.programs.threads import ThreadPrograms


@frozen
class MemoryPrograms(
    ThreadPrograms,
    ThreadListingPrograms,
    CopyingPrograms,
    SavingPrograms,
    ListingPrograms,
    MessagePrograms,
    ResourcePrograms,
):
    """The methods of `leyden.store.interface.Memory`, as programs.

    `now` is the clock, `ttl` says what expires, `concurrency` how many requests go at once.

    >>> programs = MemoryPrograms(app, now=clock, ttl=TtlRules(), concurrency=8)  # doctest: +SKIP
    >>> app.driver.run(programs.save_thread({"id": "t1", "resource_id": "alice"}))
    ... # doctest: +SKIP
    """
