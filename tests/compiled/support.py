"""Schemas that went through their source: what a generated module's function gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import leyden._code
from leyden._code import digest_of, watched
from leyden.compiled import Compiled
from leyden.compiled.writing import compiled_source
from leyden.mapping import EntityMapping
from leyden.schema import load_checked
from leyden.schema.faults import Fault
from leyden.schema.spec import ServiceSpec


def run(source: str) -> Compiled:
    """What the source of a `Compiled` gives, as a module that holds it does."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<a generated module>", "exec"), namespace)
    compiled: Compiled = namespace["_compiled"]()
    return compiled


def precompiled(spec: ServiceSpec, noted: tuple[Fault, ...] = ()) -> Compiled:
    """The same service from its source."""
    return run(compiled_source(spec, noted))


@contextmanager
def loading_compiled() -> Iterator[None]:
    """Let `leyden.load` have its schemas, and their code, from their source."""
    known: list[tuple[ServiceSpec, ServiceSpec]] = []

    def load_compiled(*given: Any, **named: Any) -> tuple[ServiceSpec, tuple[Fault, ...]]:
        spec, noted = load_checked(*given, **named)
        made = next((again for before, again in known if before == spec), None)
        if made is None:
            made = precompiled(spec, noted).spec
            known.append((spec, made))
        return made, noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leyden.schema.loading.load_checked", load_compiled)
        # Tests that come later find nothing ready.
        patch.setattr(leyden._code, "_ready", {})
        yield


def compiled_here(mapping: EntityMapping) -> list[str]:
    """The names of the files for which a mapping has Python compile source."""
    found: list[str] = []

    def watch(source: str, filename: str) -> None:
        # Constructors of the package's own classes are the package's, not the schemas'.
        if filename.startswith("<leyden") and digest_of(source) not in leyden._code._ready:
            found.append(filename)

    with watched(watch):
        for _, write in mapping.written_late:
            write()
    return found
