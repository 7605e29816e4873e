"""Compiles source that Leyden writes at run time, or finds its code compiled ahead of time.

Leyden writes the source of codecs and constructors when they are first needed. Compiling it takes
some ten times as long as writing it. A module that `leyden types --compiled` made has the functions
for its schemas as plain Python, which Python compiles when it first imports the module, and caches
as bytecode. Each function is found by the digest of its source. Source that is written at run time
is looked up by its own digest, so code of other schemas, or of another version of Leyden, is never
found and never runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Final

_ready: Final[dict[str, CodeType]] = {}
_watching: Final[list[Callable[[str, str], object]]] = []


def digest_of(source: str) -> str:
    """Return the digest by which the code of a source is found."""
    # A process that imports little, such as one that prints the help, does not need hashlib.
    from hashlib import sha256

    return sha256(source.encode()).hexdigest()[:32]


def code_of(source: str, filename: str) -> CodeType:
    """Return code that defines the functions of a source in the namespace in which it runs.

    `filename` is the name in tracebacks if the source is compiled here.
    """
    if _ready or _watching:
        for watch in _watching:
            watch(source, filename)
        code = _ready.get(digest_of(source))
        if code is not None:
            return code
    return compile(source, filename, "exec")


def add_ready(codes: Mapping[str, CodeType]) -> None:
    """Add code that was compiled ahead of time, by the digests of its sources."""
    _ready.update(codes)


@contextmanager
def watched(watch: Callable[[str, str], object]) -> Iterator[None]:
    """Call `watch` with source and file name of all code that is requested inside the block."""
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.remove(watch)
