"""Writes the compiled part of a generated module: `_compiled`, and the code that it uses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from symtable import symtable
from typing import Any

from leyden._attrs import write_init
from leyden._code import digest_of, watched
from leyden.compiled.specs import SpecWriter
from leyden.mapping import EntityMapping
from leyden.mapping.building import calls_of
from leyden.schema.faults import DANGERS, Fault
from leyden.schema.spec import ServiceSpec


def compiled_source(spec: ServiceSpec, noted: tuple[Fault, ...]) -> str:
    """Return the source of `_compiled()`, which returns the `Compiled` of a service.

    `spec` and `noted` are the result of `load_checked`. All top-level names begin with an
    underscore. The same schemas always have the same source.
    """
    hooks = sorted({call.name for entity in spec.entities.values() for _, call in calls_of(entity)})
    dangers = tuple(fault for fault in noted if fault.code in DANGERS)
    specs = SpecWriter()
    values = [specs.text(value, 2) for value in (spec, dangers, tuple(hooks))]
    classes = sorted(specs.classes.values(), key=lambda kind: (kind.__module__, kind.__name__))
    sources = _sources(spec, hooks, classes)
    lines: list[str] = []
    for number, (title, source) in enumerate(sources.values(), 1):
        lines += [f"def _code_{number}():  # {title}", f"    global {', '.join(_bound_by(source))}"]
        lines += ["", *(f"    {line}" if line else "" for line in source.rstrip("\n").split("\n"))]
        lines += ["", ""]
    lines += ["def _compiled():", "    from leyden.compiled import Compiled, add_ready"]
    lines += [f"    from {kind.__module__} import {kind.__name__}" for kind in classes]
    lines += [
        "",
        "    add_ready({",
        *(f"        {digest!r}: _code_{n}.__code__," for n, digest in enumerate(sources, 1)),
        "    })",
        "    return Compiled(",
        *(f"        {value}," for value in values),
        "    )",
    ]
    return "\n".join(lines) + "\n"


def _bound_by(source: str) -> list[str]:
    """Return the names that a source assigns at its top level, which become globals."""
    symbols = symtable(source, "<source>", "exec").get_symbols()
    return [symbol.get_name() for symbol in symbols if symbol.is_assigned()]


def _sources(
    spec: ServiceSpec, hooks: list[str], classes: list[type]
) -> dict[str, tuple[str, str]]:
    """Return all source that a process writes when it loads and uses a service, by digest."""
    # The source depends on which hooks there are, not on what they do.
    calls = dict.fromkeys(hooks, _no_hook)
    mappings = [EntityMapping(entity, calls) for entity in spec.entities.values()]
    found: dict[str, tuple[str, str]] = {}
    for kind in classes:
        if kind.__module__.startswith("leyden."):
            for source in _written_by(partial(write_init, kind), "<methods "):
                found[digest_of(source)] = f"{kind.__name__}, the class", source
    for mapping in mappings:
        for title, write in mapping.written_late:
            for source in _written_by(write, "<leyden "):
                found[digest_of(source)] = title, source
    return found


def _written_by(write: Callable[[], object], kind: str) -> list[str]:
    """Return the source that `write` compiles under file names that begin with `kind`.

    Constructors of Leyden's own classes are written at their first call, which may be now.
    """
    found: list[str] = []

    def watch(source: str, filename: str) -> None:
        if filename.startswith(kind):
            found.append(source)

    with watched(watch):
        write()
    return found


def _no_hook(*given: Any) -> Any:
    """Stand in for a hook, which callers pass when they load the service."""
    raise NotImplementedError
