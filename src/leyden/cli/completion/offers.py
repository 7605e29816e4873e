"""What an argument or option may be, according to the schemas that the line names.

`offer` goes by the parameter's name: `entity`, `pattern`, `KEY=VALUE`. A command that uses these
names gets completion for free.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from leyden.cli.completion.sketch import Entity, sketched
from leyden.cli.folders import COLLECTIONS

OPEN: Final = "open"
"""The kind of a word that continues, so that no space follows it."""

_SAFE: Final = re.compile(r"[\w.@%+-]+")
"""A value that needs no quotes in any shell."""
_VERBS: Final = (
    *("get", "create", "put", "upsert", "update", "patch", "delete", "remove"),
    *("scan", "match", "find"),
)


def offer(param: click.Parameter, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return what a parameter of a command on schemas may be, as far as it is known."""
    known = _kind_of(param)
    if known is None:
        return param.type.shell_complete(ctx, param, incomplete)
    line = _Line(ctx, _entities(ctx), incomplete)
    items = {item.value: item for item in known(line) if item.value.startswith(incomplete)}
    found = [*items.values()]
    if not found and isinstance(param, click.Argument) and not line.began:
        # It may be the FOLDER, which the line has left out so far.
        return [CompletionItem(incomplete, type="file")]
    return found


class _Line:
    """The line so far: the entities of its schemas, and which of them it names."""

    def __init__(self, ctx: click.Context, entities: list[Entity], incomplete: str) -> None:
        self.ctx = ctx
        self.entities = entities
        self.incomplete = incomplete
        named = ctx.params.get("entity") or ctx.params.get("pattern") or ctx.params.get("name")
        alias, _, self.pattern = str(named or "").partition(".")
        self.began = bool(named)
        self.collection = alias == COLLECTIONS
        self.entity = next((each for each in entities if each.alias == alias), None)

    @property
    def chosen(self) -> list[Entity]:
        """The entities whose attributes may follow."""
        if self.collection:
            return [each for each in self.entities if self.pattern in each.collections]
        return [self.entity] if self.entity else []


def _entities(ctx: click.Context) -> list[Entity]:
    folder = ctx.params.get("folder")
    return sketched(folder) if isinstance(folder, Path) else []


def _aliases(line: _Line) -> Iterator[CompletionItem]:
    if line.ctx.command.name == "explain":
        yield CompletionItem(COLLECTIONS)
    for entity in line.entities:
        yield CompletionItem(entity.alias, help=entity.described.get(""))


def _patterns(line: _Line) -> Iterator[CompletionItem]:
    searching = line.ctx.command.name == "search"
    for entity in line.entities:
        known = entity.searches if searching else entity.patterns
        yield from _named(f"{entity.alias}.", known)
    if not searching:
        yield from _named(f"{COLLECTIONS}.", _collections(line))


def _collections(line: _Line) -> dict[str, tuple[str, ...]]:
    return {
        name: composites
        for entity in line.entities
        for name, composites in entity.collections.items()
    }


def _named(before: str, known: Mapping[str, Iterable[str]]) -> Iterator[CompletionItem]:
    for name, attributes in known.items():
        yield CompletionItem(before + name, help=", ".join(attributes))


def _own_patterns(line: _Line) -> Iterator[CompletionItem]:
    return _named("", line.entity.patterns if line.entity else {})


def _operations(line: _Line) -> Iterator[CompletionItem]:
    if line.ctx.params.get("entity") == COLLECTIONS:
        yield from _named("", _collections(line))
        return
    yield from (CompletionItem(verb) for verb in _VERBS)
    if line.entity:
        yield from _named("query.", line.entity.patterns)
        yield from _named("search.", line.entity.searches)


def _assignments(line: _Line) -> Iterator[CompletionItem]:
    """Yield `attribute=` for each attribute not yet on the line, or the listed values after it."""
    step, colon, _ = line.incomplete.partition(":")
    before = step + colon if colon and "=" not in step else ""
    name, equals, _ = line.incomplete[len(before) :].partition("=")
    given = {
        text.partition("=")[0]
        for value in line.ctx.params.values()
        for text in (value if isinstance(value, tuple) else ())
        if isinstance(text, str)
    }
    for entity in line.chosen:
        if equals:
            for value in entity.attributes.get(name, ()):
                if _SAFE.fullmatch(value):
                    yield CompletionItem(f"{before}{name}={value}")
            continue
        for attribute in dict.fromkeys(_asked(line, entity, bool(before))):
            if attribute in entity.attributes and attribute not in given:
                said = entity.described.get(attribute)
                yield CompletionItem(f"{before}{attribute}=", type=OPEN, help=said)


def _asked(line: _Line, entity: Entity, in_step: bool) -> tuple[str, ...]:
    """Return the attributes that a command takes: those of a key, or all of them."""
    verb = line.ctx.command.name
    pattern = line.pattern
    if verb == "explain":
        verb, _, pattern = str(line.ctx.params.get("operation") or "").partition(".")
        if in_step and verb != "query":
            return (*entity.attributes,)
    if line.collection:
        return entity.collections.get(pattern or line.pattern, ())
    if verb == "query":
        return entity.patterns.get(pattern, ())
    if verb == "search":
        return entity.searches.get(pattern, ())
    return entity.key if verb in ("get", "delete", "remove") else (*entity.attributes,)


def _attributes(line: _Line) -> Iterator[CompletionItem]:
    for entity in line.chosen:
        for name in entity.attributes:
            yield CompletionItem(name, help=entity.described.get(name))


def _kind_of(param: click.Parameter) -> Callable[[_Line], Iterator[CompletionItem]] | None:
    metavar = param.metavar if isinstance(param, (click.Argument, click.Option)) else None
    if "=VALUE" in (metavar or "") or (metavar or "").startswith("A=B"):
        return _assignments
    if isinstance(param, click.Option):
        named = {"--entity": _aliases, "--index": _own_patterns}
        named |= dict.fromkeys(("--attributes", "--where"), _attributes)
        return next((named[name] for name in param.opts if name in named), None)
    names = {"entity": _aliases, "pattern": _patterns, "operation": _operations}
    return names.get(param.name or "")
