"""The forms in which checkpoints and writes are stored: bytes, and the pieces that they refer to.

A channel's value has one of three forms. A small one stands in its checkpoint (`INLINE`), a large
one is a block (`BLOCK`), and a list is a row of runs in blocks (`RUNS`), so that the next step
writes only what it appends.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from attrs import define, field, frozen
from langgraph.checkpoint.base import WRITES_IDX_MAP
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from leyden.agents.pieces import (
    Block,
    Digest,
    Run,
    cut,
    digest,
    digests,
    joined,
    laid,
    packed,
    unpacked,
)

Typed: TypeAlias = tuple[str, bytes]
"""A value as a serializer writes it: the name of its type, and bytes."""

INLINE, BLOCK, RUNS = 0, 1, 2

SMALL: Final = 256
"""Up to so many bytes a value stands in its checkpoint, and is written again with each step."""

PASSING: Final = ("__start__", 16 * 1024)
"""A channel that holds its value for one step only, and up to how many bytes it stands there."""

SALT: Final = 12
"""So many random bytes make the names of pieces differ from all others."""

SHEET: Final = 96 * 1024
"""The most bytes of a sheet in an item; a larger one is a block itself."""

_OUTSIDE: Final = b"\2"

WORDS: Final = (
    b"\xafupdated_channels\xa7parents\x80\xa6source\xa4loop\xa5input\xa6update\xa4fork\xa4step"
    b"\xa1v\x04\xa2ts\xd9 2026-01-01T00:00:00.000000+00:00\xa2id\xadversions_seen\xa9__input__"
    b"\xa9__start__\xb0channel_versions\xa8metadata\xaacheckpoint\xa8messages\xaabranch:to:"
    b"langchain_core.messages\xa5human\xa2ai\xa7content\xb1additional_kwargs\xb1response_metadata"
)
"""What sheets often have, so that they compress well. It must never change."""


@frozen
class Seen:
    """The state of a thread's namespace, as this process last read or wrote it.

    `forms` has the form of each channel's value, `versions` the channels' versions, and `blocks`
    the digests of the elements in each block, or of the value that it is. `fresh` says of each
    piece until when it is there, in seconds since 1970.
    """

    checkpoint_id: str | None = None
    versions: Mapping[str, Any] = field(factory=dict)
    forms: Mapping[str, Any] = field(factory=dict)
    blocks: Mapping[Block, tuple[Digest, ...]] = field(factory=dict)
    fresh: Mapping[Digest, float] = field(factory=dict)

    def lasting(self, until: float) -> Seen:
        """The same without blocks of which a piece is gone before `until`."""
        fresh = {one: time for one, time in self.fresh.items() if time >= until}
        if len(fresh) == len(self.fresh):
            return self
        blocks = {
            block: content
            for block, content in self.blocks.items()
            if all(one in fresh for one in digests(block))
        }
        forms = {
            name: form
            for name, form in self.forms.items()
            if all(b in blocks for b in _blocks(form))
        }
        return Seen(self.checkpoint_id, self.versions, forms, blocks, fresh)


@frozen
class Written:
    """A sheet to store, the pieces that must be there before it, and what it has; see `Seen`."""

    sheet: bytes
    pieces: Mapping[Digest, bytes]
    versions: Mapping[str, Any] = field(factory=dict)
    forms: Mapping[str, Any] = field(factory=dict)
    blocks: Mapping[Block, tuple[Digest, ...]] = field(factory=dict)

    def seen(self, checkpoint_id: str, before: Seen, until: float) -> Seen:
        """What is seen once it is stored, with its new pieces there until `until`."""
        fresh = {
            one: until if one in self.pieces else before.fresh[one]
            for block in self.blocks
            for one in digests(block)
        }
        return Seen(checkpoint_id, self.versions, self.forms, self.blocks, fresh)


@define
class _Sheet:
    """What one checkpoint is made of, while it is written.

    Its pieces have names that no other writer gives to any. So each expires, and can be deleted,
    without regard to what others write.
    """

    seen: Seen
    salt: bytes = field(init=False, factory=lambda: os.urandom(SALT))
    forms: dict[str, Any] = field(factory=dict)
    blocks: dict[Block, tuple[Digest, ...]] = field(factory=dict)
    pieces: dict[Digest, bytes] = field(factory=dict)

    def block(self, data: bytes, content: tuple[Digest, ...] = ()) -> Block:
        """A new block of some bytes."""
        block, pieces = cut(data, self.salt)
        self.blocks[block] = content
        self.pieces |= pieces
        return block

    def keep(self, name: str) -> Any:
        """The form of a channel's value as it was, whose pieces are there."""
        form = self.forms[name] = self.seen.forms[name]
        for block in _blocks(form):
            self.blocks[block] = self.seen.blocks[block]
        return form


class Forms:
    """Turns checkpoints and writes into what is stored, and back, with a saver's serializer."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde
        self._cipher = serde.cipher if isinstance(serde, EncryptedSerializer) else None

    def checkpoint(
        self, checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], seen: Seen, parent: Any
    ) -> Written:
        """Write a checkpoint down. `seen` is what is known of its thread, in its namespace.

        The values of channels that have not changed since the checkpoint `parent` keep their forms.
        """
        rest = {**checkpoint}
        values = rest.pop("channel_values")
        versions = rest["channel_versions"]
        unchanged = seen.versions if parent is not None and parent == seen.checkpoint_id else {}
        sheet = _Sheet(seen)
        for name, value in values.items():
            version = versions.get(name)
            if version is not None and unchanged.get(name) == version and name in seen.forms:
                sheet.keep(name)
            else:
                sheet.forms[name] = self._form(sheet, name, value)
        typed = self._serde.dumps_typed({"checkpoint": rest, "metadata": dict(metadata)})
        folded = self._folded(sheet, [typed, sheet.forms])
        return Written(folded, sheet.pieces, {**versions}, sheet.forms, sheet.blocks)

    def writes(self, writes: Sequence[Any]) -> Written:
        """Write down what a task wrote: [place, channel, value] each."""
        sheet = _Sheet(Seen())
        folded = self._folded(sheet, writes)
        return Written(folded, sheet.pieces)

    def numbered(self, writes: Sequence[tuple[str, Any]]) -> list[tuple[int, str, Typed]]:
        """A task's writes with their places, which are negative for special channels."""
        return [
            (WRITES_IDX_MAP.get(channel, at), channel, self._serde.dumps_typed(value))
            for at, (channel, value) in enumerate(writes)
        ]

    def loads(self, typed: Any) -> Any:
        """Read a value."""
        return self._serde.loads_typed((typed[0], typed[1]))

    def values(
        self, forms: Mapping[str, Any], pieces: Mapping[Digest, bytes]
    ) -> tuple[dict[str, Any], dict[Block, tuple[Digest, ...]]]:
        """Read the values of channels, and what is in their blocks, as `Seen` has it.

        Raises KeyError for a piece that is not there.
        """
        values: dict[str, Any] = {}
        blocks: dict[Block, tuple[Digest, ...]] = {}
        for name, form in forms.items():
            kind, *data = form
            if kind == INLINE:
                values[name] = self.loads(data)
            elif kind == BLOCK:
                typed = (data[0], joined(data[1], pieces))
                blocks[data[1]] = (self._mark(typed),)
                values[name] = self.loads(typed)
            else:
                read = {block: _decoded(joined(block, pieces)) for block in _blocks(form)}
                values[name] = [
                    element
                    for block, start, stop in data[0]
                    for one in read[block][start:stop]
                    for element in self.loads(one)
                ]
                blocks |= {
                    block: tuple(map(self._mark, content)) for block, content in read.items()
                }
        return values, blocks

    def _mark(self, typed: Any) -> Digest:
        """The digest of a value, which is the same whenever it is written.

        What an encrypting serializer writes is not, so that is decrypted.
        """
        name, data = typed
        if self._cipher is not None and "+" in name:
            name, cipher = name.split("+", 1)
            data = self._cipher.decrypt(cipher, data)
        return digest(name.encode(), b"\0", data)

    def _form(self, sheet: _Sheet, name: str, value: Any) -> Any:
        if type(value) is list and _is_worth_parting(value):
            # Serializers write some values differently when they are in a list, such as tuples.
            typed = [self._serde.dumps_typed([one]) for one in value]
            if sum(len(data) for _, data in typed) > SMALL:
                return self._runs(sheet, name, typed)
        kind, data = self._serde.dumps_typed(value)
        if len(data) <= SMALL or (name == PASSING[0] and len(data) <= PASSING[1]):
            return [INLINE, kind, data]
        mark = self._mark((kind, data))
        was, *before = sheet.seen.forms.get(name, [INLINE])
        if was == BLOCK and sheet.seen.blocks[before[1]] == (mark,):
            return sheet.keep(name)
        return [BLOCK, kind, sheet.block(data, (mark,))]

    def _runs(self, sheet: _Sheet, name: str, typed: Sequence[Typed]) -> Any:
        marks = [self._mark(one) for one in typed]
        before = sheet.seen.forms.get(name, [INLINE])
        runs_before = [Run(*run) for run in before[1]] if before[0] == RUNS else []
        runs = []
        at = 0
        sizes = [len(data) for _, data in typed]
        for part in laid(marks, sizes, runs_before, sheet.seen.blocks):
            end = at + len(part)
            if isinstance(part, Run):
                sheet.blocks[part.block] = sheet.seen.blocks[part.block]
                runs.append([part.block, part.start, part.stop])
            else:
                block = sheet.block(_encoded(typed[at:end]), tuple(marks[at:end]))
                runs.append([block, 0, len(part)])
            at = end
        return [RUNS, runs]

    def _folded(self, sheet: _Sheet, content: Any) -> bytes:
        data = _encoded(content)
        small = packed(data, WORDS)
        return small if len(small) <= SHEET else _OUTSIDE + sheet.block(data)


def outside(sheet: bytes) -> Block | None:
    """The block of a sheet that is too large for its item; None for one that is in it."""
    return sheet[1:] if sheet[:1] == _OUTSIDE else None


def unfolded(sheet: bytes, pieces: Mapping[Digest, bytes]) -> Any:
    """Read a sheet. Raises KeyError for a piece that is not there."""
    block = outside(sheet)
    return _decoded(unpacked(sheet, WORDS) if block is None else joined(block, pieces))


def blocks_of(forms: Mapping[str, Any]) -> Iterator[Block]:
    """The blocks that values refer to."""
    return (block for form in forms.values() for block in _blocks(form))


def _blocks(form: Any) -> list[Block]:
    if form[0] == INLINE:
        return []
    return [form[2]] if form[0] == BLOCK else [run[0] for run in form[1]]


def _is_worth_parting(value: Sequence[Any]) -> bool:
    """Whether the elements of a list are worth a digest each."""
    return any(not isinstance(one, int | float | None) for one in (*value[:1], *value[-1:]))


_encoded: Final = msgspec.msgpack.Encoder().encode
_decoded: Final = msgspec.msgpack.Decoder().decode

NEVER: Final = math.inf
"""Until when something is there that does not expire."""
