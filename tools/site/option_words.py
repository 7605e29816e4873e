"""What each option of operations does; the reference shows it beside the option's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPTION_WORDS: Final[Mapping[str, str]] = {
    "order": "The order of sort keys. Without it, DynamoDB's own: ascending.",
    "limit": "How many items DynamoDB reads for a page, before filters.",
    "top_k": "How many items a search finds, up to 100.",
    "count": "Keep reading pages until this many items are found.",
    "pages": "How many pages to read, or all. Without it and without `count`: one.",
    "cursor": "Continue where an earlier page ended: its `cursor`.",
    "cursor_from": "Which library made the cursor. A cursor of ElectroDB has no checksum that ties "
    "it to the query.",
    "attributes": "Read only these attributes.",
    "consistent": "Use a strongly consistent read. Global indexes do not have them.",
    "compare": "Send one of ElectroDB's requests for a range. Without it, a range is exact.",
    "response": "What a write returns: nothing, or the item or its changed attributes, as they "
    "were before or are after the write.",
    "data": "The form of the answer: records, dicts with the keys (`include_keys`), typed items "
    "(`raw`), or a `Result` with the cost (for a get or a write).",
    "select": "A JMESPath expression that reshapes each item.",
    "ignore_ownership": "Also return items that belong to other entities by their identifiers or "
    "keys.",
    "table": "Use another table.",
    "params": "Parameters that Leyden merges into the request last.",
    "concurrency": "How many requests to send at a time. For a query: those that `hydrate` sends.",
    "hydrate": "Read the whole items behind an index that holds only parts of them.",
    "segments": "Read the whole table in this many parts at the same time.",
    "budget": "For how many seconds to retry what DynamoDB leaves unprocessed. A search also waits "
    "that long for an index that the table does not know yet.",
    "unprocessed": "What to do with the entries that are left: raise `BatchIncompleteError`, or "
    "return them in the result.",
    "unreadable": "What to do with items that do not fit their schema: raise, or collect their "
    "errors in the result's `unreadable`.",
    "progress": "A function that Leyden calls with the number of entries done and the total. In a "
    "scan with segments these are the items found and read.",
    "guard": "Write in transactions, each write guarded against another item under its key.",
    "token": "Make the transaction happen once, even if you send it again within 10 minutes.",
}
"""The options by name: all of `leyden.operations.options.Options`."""
