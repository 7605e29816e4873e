"""Source that is written at run time, compiled once: where it is needed, or ahead of time.

Codecs and constructors are source that is written when it is first needed. To compile it takes
Python some ten times as long as to write it. A module that `leyden types --compiled` made carries
the code of its schemas as plain functions, which Python compiles when it first imports the module
and keeps with its bytecode. Each function is known by the digest of its source, and source that is
written at run time is looked up by its own digest. So code of other schemas, or of another version
of Leyden, never runs: it is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Final

_ready: Final[dict[str, CodeType]] = {}
_watching: Final[list[Callable[[str, str], object]]] = []


def digest_of(source: str) -> str:
    """What the code of a source is known by."""
    # A process that imports little, such as one that prints the help, has no need of it.
    from hashlib import sha256

    return sha256(source.encode()).hexdigest()[:32]


def code_of(source: str, filename: str) -> CodeType:
    """Code that defines the functions of a source in the namespace in which it is run.

    `filename` is what tracebacks call it where it is compiled here.
    """
    if _ready or _watching:
        for watch in _watching:
            watch(source, filename)
        code = _ready.get(digest_of(source))
        if code is not None:
            return code
    return compile(source, filename, "exec")


def add_ready(codes: Mapping[str, CodeType]) -> None:
    """Take code that was compiled ahead of time, by the digests of its sources."""
    _ready.update(codes)


@contextmanager
def watched(watch: Callable[[str, str], object]) -> Iterator[None]:
    """Call `watch` with the source and the file name of all code that is asked for meanwhile."""
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.remove(watch)
