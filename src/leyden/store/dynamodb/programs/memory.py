"""The memory domain as a whole."""

from __future__ import annotations

from leyden.store.dynamodb.programs.copying import CopyingMethods
from leyden.store.dynamodb.programs.listing import ListingMethods
from leyden.store.dynamodb.programs.messages import MessageMethods
from leyden.store.dynamodb.programs.resources import ResourceMethods
from leyden.store.dynamodb.programs.saving import SavingMethods
from leyden.store.dynamodb.programs.thread_listing import ThreadListingMethods
from leyden.store.dynamodb.programs.threads import ThreadMethods


class MemoryMethods(
    ThreadMethods,
    ThreadListingMethods,
    CopyingMethods,
    SavingMethods,
    ListingMethods,
    MessageMethods,
    ResourceMethods,
):
    """The methods of `Memory`."""
