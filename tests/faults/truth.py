"""What a table must hold after a batch, by what the batch itself said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from leyden.errors import BatchIncompleteError, LeydenError
from leyden.operations.chains.batch_write import BatchWrite
from tests.faults.bank import Items, Key, key_of
from tests.faults.proxy import entries_of

Write = Mapping[str, Any]


def key_of_write(write: Write) -> Key:
    """The key of a raw put or delete."""
    if "PutRequest" in write:
        return key_of(write["PutRequest"]["Item"])
    return key_of(write["DeleteRequest"]["Key"])


def raw_writes(batch: BatchWrite) -> list[Write]:
    """The writes of a batch, as a plain batch would send them."""
    return entries_of(body["RequestItems"] for body in batch.params())


@frozen
class Said:
    """What a batch said: which writes were not done, and which may have been."""

    unprocessed: tuple[Write, ...]
    unsure: tuple[Write, ...]
    error: LeydenError | None


def said_by(batch: BatchWrite, **options: Any) -> Said:
    """Send a batch and note what it says; any error but an incomplete batch goes on."""
    try:
        result = batch.go(**options)
    except BatchIncompleteError as error:
        return Said(tuple(error.result.unprocessed), tuple(entries_of(error.unsure)), error)
    return Said(tuple(result.unprocessed), (), None)


def check_writes(before: Items, after: Items, writes: Sequence[Write], said: Said) -> None:
    """Fail where the table holds anything else than what was said.

    Done writes are there, unprocessed ones are not, unsure ones may be; all else is as before.
    """
    wanted = {key_of_write(write): write.get("PutRequest", {}).get("Item") for write in writes}
    unprocessed = _keys_among(wanted, said.unprocessed)
    unsure = _keys_among(wanted, said.unsure)
    assert not unprocessed & unsure
    for key in before.keys() | after.keys() | wanted.keys():
        allowed = []
        if key not in wanted or key in unprocessed | unsure:
            allowed.append(before.get(key))
        if key in wanted and key not in unprocessed:
            allowed.append(wanted[key])
        assert after.get(key) in allowed, (key, key in unprocessed, key in unsure)


def _keys_among(wanted: Iterable[Key], writes: Sequence[Write]) -> set[Key]:
    keys = [key_of_write(write) for write in writes]
    assert len(keys) == len(set(keys)), "an entry was reported twice"
    assert set(keys) <= set(wanted), "an entry was reported that was not in the batch"
    return set(keys)
