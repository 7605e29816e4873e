"""What callers give to the store, checked; used by all backends.

Nothing here looks at what is stored. Every refusal is an InputError that names the argument or
the field (`messages[3].role`), and never shows its value.

>>> from leyden.store import given
>>> given.thread({"id": "t1", "resource_id": "alice"}).title
'Thread t1'
"""

from leyden.store.given.changes import MessageChange, message_changes
from leyden.store.given.filters import (
    Paging,
    date_range,
    dates,
    includes,
    metadata_filter,
    order,
    paging,
    tenancy,
)
from leyden.store.given.records import evals, messages, resource, score, thread, traces
from leyden.store.given.values import (
    choice,
    count,
    flag,
    identifier,
    identifiers,
    instant,
    json,
    mapping,
    optional,
    source,
    statuses,
    text,
    thread_ids,
    word,
)

__all__ = [
    "MessageChange",
    "Paging",
    "choice",
    "count",
    "date_range",
    "dates",
    "evals",
    "flag",
    "identifier",
    "identifiers",
    "includes",
    "instant",
    "json",
    "mapping",
    "message_changes",
    "messages",
    "metadata_filter",
    "optional",
    "order",
    "paging",
    "resource",
    "score",
    "source",
    "statuses",
    "tenancy",
    "text",
    "thread",
    "thread_ids",
    "traces",
    "word",
]
