"""Large and growing values as pieces: each is stored once, under a digest.

A value of an agent's state is written again with every step, and most of it is what the step
before had. So a value goes into *blocks*, compressed bytes cut into pieces that fit an item. Its
owner holds the digests, and a block that is stored already is not written again.

A list, such as a chat's messages, is a row of *runs*: elements from one place to another of a
block. An append writes what is new, two elements to a block. What many small blocks hold is written
together from time to time, so that neither the digests that the owner holds nor the reads grow.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Final, TypeAlias

from attrs import frozen

from leyden import Get, Put, Service
from leyden.program import Program

PIECE: Final = 256 * 1024
"""The most bytes of a piece. An item with it has room for its key below 400 KB."""

DIGEST: Final = 12
"""The bytes of a digest: enough for the pieces of one partition, and few enough for many."""

Digest: TypeAlias = bytes
Block: TypeAlias = bytes
"""The digests of a block's pieces, one behind the other."""


def digest(*data: bytes) -> Digest:
    """Return the digest of bytes.

    >>> digest(b"a") == digest(b"a"), len(digest(b"a"))
    (True, 12)
    """
    sum = blake2b(digest_size=DIGEST)
    for part in data:
        sum.update(part)
    return sum.digest()


def digests(block: Block) -> Iterator[Digest]:
    """Yield the digests in a block."""
    return (block[at : at + DIGEST] for at in range(0, len(block), DIGEST))


def packed(data: bytes, words: bytes = b"") -> bytes:
    """Compress bytes, if that makes them smaller; `unpacked` undoes it.

    `words` are bytes that such data often has. They must stay the same for ever.
    """
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, zdict=words)
    small = packer.compress(data) + packer.flush()
    return b"\1" + small if len(small) < len(data) else b"\0" + data


def unpacked(data: bytes, words: bytes = b"") -> bytes:
    """Return the bytes that `packed` compressed. Raises ValueError for anything else."""
    if data[:1] == b"\0":
        return data[1:]
    unpacker = zlib.decompressobj(-15, zdict=words)
    try:
        whole = unpacker.decompress(data[1:])
    except zlib.error as error:
        raise ValueError(f"compressed bytes cannot be read: {error}") from error
    if data[:1] != b"\1" or not unpacker.eof:
        raise ValueError("compressed bytes are cut short, or of an unknown form")
    return whole


def cut(data: bytes, salt: bytes = b"") -> tuple[Block, dict[Digest, bytes]]:
    """Return the block of some bytes, and its pieces.

    With a `salt` of its own, no two writers have the same pieces, whatever they write.

    >>> block, pieces = cut(b"a" * 1_000_000)
    >>> joined(block, pieces) == b"a" * 1_000_000
    True
    """
    whole = packed(data)
    parts = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)]
    names = [digest(salt, part) for part in parts]
    return b"".join(names), dict(zip(names, parts, strict=True))


def joined(block: Block, pieces: Mapping[Digest, bytes]) -> bytes:
    """Return the bytes of a block. Raises KeyError for a piece that is not there."""
    return unpacked(b"".join(pieces[one] for one in digests(block)))


@frozen
class Run:
    """Elements of a list in a block: those from `start` to before `stop`."""

    block: Block
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@frozen
class New:
    """Elements of a list that go into a block of their own, by their places in the list."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


FEW: Final = 2
"""So many elements that are appended one at a time share a block."""

TIERS: Final = ((48, 32), (4096, 64))
"""When small blocks become a large one: (up to how many elements, how many blocks).

If 32 blocks in a row have fewer than 48 elements each, their elements move into one block, and so
on. A list that grows by two elements a turn has fewer than 64 blocks that are not full, which one
request reads, and each element is written four times at most.
"""

FULL: Final = PIECE // 2
"""From so many bytes on, a block has nothing to gain from others."""


def laid(
    elements: Sequence[Digest],
    sizes: Sequence[int],
    before: Sequence[Run],
    blocks: Mapping[Block, Sequence[Digest]],
) -> list[Run | New]:
    """Lay out a list: say which elements stored blocks have, and which need new ones.

    `elements` are the digests of the list's elements, and `sizes` their bytes. `before` is the list
    as it was, and `blocks` has the digests of the elements of each of its blocks. The parts that
    are returned make up the list, in its order.

    >>> one, two = digest(b"1"), digest(b"2")
    >>> laid([one, two], [200_000, 1], [Run(b"block", 0, 1)], {b"block": [one]})
    [Run(block=b'block', start=0, stop=1), New(start=1, stop=2)]
    """
    parts: list[_Placed] = []
    for part in _found(elements, before, blocks):
        if isinstance(part.part, Run):
            parts.append(part)
            continue
        # What is new shares a block with the element before it, if that is alone in its own.
        alone = parts and len(parts[-1].part) < FEW and parts[-1].size(sizes) < FULL
        start = parts.pop().at if alone else part.at
        parts += _cut_up(start, part.end, sizes)
    for longest, most in TIERS:
        parts = _together(parts, sizes, longest, most)
    return [placed.part for placed in parts]


@frozen
class _Placed:
    """A part, and where in the list it begins."""

    at: int
    part: Run | New

    @property
    def end(self) -> int:
        return self.at + len(self.part)

    def size(self, sizes: Sequence[int]) -> int:
        return sum(sizes[self.at : self.end])


def _found(
    elements: Sequence[Digest], before: Sequence[Run], blocks: Mapping[Block, Sequence[Digest]]
) -> Iterator[_Placed]:
    """The longest runs of elements that the list had, and what is new between them."""
    begun = 0
    left = deque(before)
    # Mostly a list is what it was, and more.
    while left:
        end = begun + len(left[0])
        if [*elements[begun:end]] != [*blocks[left[0].block][left[0].start : left[0].stop]]:
            break
        yield _Placed(begun, left.popleft())
        begun = end
    places = _places(elements[begun:], left, blocks)

    def ahead(at: int) -> tuple[Block, int] | None:
        """The same for elements that follow each other in a block, and for new ones."""
        place = places[at - begun]
        return None if place is None else (place[0], place[1] - at)

    for where, group in groupby(range(begun, len(elements)), ahead):
        start, *rest = group
        stop = start + len(rest) + 1
        if where is None:
            yield _Placed(start, New(start, stop))
        else:
            block, by = where
            yield _Placed(start, Run(block, start + by, stop + by))


def _places(
    elements: Sequence[Digest], before: Iterable[Run], blocks: Mapping[Block, Sequence[Digest]]
) -> list[tuple[Block, int] | None]:
    """Where each element is stored, so that what stood side by side does again.

    Elements may be equal, so each is looked for behind the one that was found last.
    """
    was = [(run.block, at) for run in before for at in range(run.start, run.stop)]
    marks = [blocks[block][at] for block, at in was]
    numbers: dict[Digest, list[int]] = {}
    for at, mark in enumerate(marks):
        numbers.setdefault(mark, []).append(at)
    places: list[tuple[Block, int] | None] = []
    next = 0
    for one in elements:
        number = next if next < len(marks) else None
        if number is None or marks[number] != one:
            among = numbers.get(one, [])
            behind = bisect_left(among, next)
            number = among[behind % len(among)] if among else None
        places.append(None if number is None else was[number])
        next = next if number is None else number + 1
    return places


def _together(
    parts: Sequence[_Placed], sizes: Sequence[int], longest: int, most: int
) -> list[_Placed]:
    """Write small parts in a row together, if there are many in that row, or in all.

    Edits leave small parts anywhere in a list, with larger ones between them.
    """
    small = [len(one.part) < longest and one.size(sizes) < FULL for one in parts]
    is_crowded = sum(small) > most + len(parts) - sum(small)
    result: list[_Placed] = []
    for is_small, row in groupby(zip(small, parts, strict=True), lambda one: one[0]):
        found = [part for _, part in row]
        if is_small and len(found) >= (2 if is_crowded else most):
            result += _cut_up(found[0].at, found[-1].end, sizes)
        else:
            result += found
    return result


def _cut_up(start: int, stop: int, sizes: Sequence[int]) -> list[_Placed]:
    """New blocks for some elements, no larger than a piece, or of a single element."""
    parts: list[_Placed] = []
    begun, size = start, 0
    for at in range(start, stop):
        if at > begun and size + sizes[at] > PIECE:
            parts.append(_Placed(begun, New(begun, at)))
            begun, size = at, 0
        size += sizes[at]
    return [*parts, _Placed(begun, New(begun, stop))]


class Pieces:
    """The pieces of a service: its entity `piece`, in the partitions of those that own them."""

    def __init__(self, app: Service, concurrency: int) -> None:
        self._app = app
        self._entity = app.entities.piece
        self._concurrency = concurrency

    def save(
        self,
        owner: Mapping[str, Any],
        pieces: Mapping[Digest, bytes],
        beside: Sequence[Put] = (),
        **values: Any,
    ) -> Program[None]:
        """Write pieces, and other items `beside` them, in as few requests as it takes.

        `owner` has the attributes of the partition, and `values` further ones of each piece.
        """
        puts = [
            self._entity.put(**owner, piece_id=text_of(one), data=data, **values)
            for one, data in pieces.items()
        ]
        if puts or beside:
            writing = self._app.batch_write([*puts, *beside])
            yield from writing.program(concurrency=self._concurrency)

    def load(
        self, owner: Mapping[str, Any], blocks: Iterable[Block], beside: Sequence[Get] = ()
    ) -> Program[tuple[dict[Digest, Any], list[Any]]]:
        """Read the pieces of blocks, up to 100 in a request, and other items `beside` them.

        What is gone is left out of the pieces, and None beside them.
        """
        names = {text_of(one): one for block in blocks for one in digests(block)}
        gets = [self._entity.get(**owner, piece_id=name) for name in names]
        if not gets and not beside:
            return {}, []
        getting = self._app.batch_get([*gets, *beside])
        found = [*(yield from getting.program(consistent=True, concurrency=self._concurrency))]
        pieces = {names[one.piece_id]: one for one in found[: len(gets)] if one is not None}
        return pieces, found[len(gets) :]


def text_of(one: Digest) -> str:
    """A digest as the text in its piece's key."""
    return urlsafe_b64encode(one).decode("ascii")
