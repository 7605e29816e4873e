"""Draft a migration file: it says all that a diff tells, and asks for the rest."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from attrs import frozen

from leyden._text import listed
from leyden.diff.changes import Change, Diff
from leyden.diff.pairing import pair_entities
from leyden.diff.sources import Side, pointing_to

_WIDTH: Final = 100
_DECIDE: Final = "decide:"
COPY_SUFFIX: Final = ".from"
"""The ending of the folder with a copy of the old schemas, after the migration's name."""


@frozen
class Draft:
    """A drafted migration: its name, the text of its file, and the old schemas beside it.

    `schemas` are the files of the folder `NAME.from`. `asks` says whether people have to decide
    something before the migration can run.
    """

    name: str
    text: str
    schemas: Mapping[str, str]
    asks: bool = False

    @property
    def folder(self) -> str:
        """The name of the folder for the old schemas."""
        return f"{self.name}{COPY_SUFFIX}"

    def files(self, place: Path, json_schema: str | None = None) -> dict[Path, str]:
        """Return the texts of all files by path, for a migration file at `place`.

        The first line of the migration file names `json_schema`, a path or a URL, for editors. So
        do the old schemas that already have such a line.
        """
        folder = place.parent / self.folder
        texts = {place: self.text, **{folder / name: text for name, text in self.schemas.items()}}
        if json_schema is None:
            return texts
        return {
            path: pointing_to(json_schema, text, path.parent, always=path == place)
            for path, text in texts.items()
        }


def draft_migration(diff: Diff, old: Side, name: str) -> Draft:
    """Draft the migration file `NAME.yaml` for a diff.

    It names each entity whose items have to be migrated, with everything that the diff tells. Under
    `decide` it asks what only people know, and the migration cannot run until that is answered. The
    old schemas are copied beside it, because folders and branches change, and the migration must
    not.

    >>> draft_migration(diff, old, "assignee").text                     # doctest: +SKIP
    """
    head = (
        f"Drafted by `leyden diff` from {old.label}. Read it, answer what it asks under `decide` "
        "and delete it there, and see what it would do with "
        f"`leyden migrate SCHEMAS {name}.yaml --dry-run`."
    )
    is_copy = any(change.code in ("table.key", "table.name") for change in diff.changes)
    draft = Draft(name, "", old.texts)
    lines = [
        *_comment(head, 0),
        f"migration: {_flow(name)}",
        f"from: {_flow(draft.folder)}    # a copy of the schemas that the items were written with",
        *_decisions(_of_all(diff, is_copy=is_copy), 0),
        *entity_lines(diff),
    ]
    if is_copy:
        lines.append(f"copy: {{table: {_flow(diff.new.table.table or 'NAME')}}}")
    asks = any(line.strip() == _DECIDE for line in lines)
    return Draft(name, "\n".join(lines) + "\n", old.texts, asks)


def _of_all(diff: Diff, *, is_copy: bool) -> Iterator[str]:
    """Yield the questions about the migration as a whole."""
    gone = [change.subject for change in diff.changes if change.code == "entity.removed"]
    new = [change.subject for change in diff.changes if change.code == "entity.added"]
    if gone and new:
        yield (
            f"whether {listed(new, 'or')} is what {listed(gone, 'or')} was: if so, name it under "
            f"`entities` with `from: {gone[0]}`, or its items are orphaned"
        )
    if is_copy:
        yield "which table `copy` names; leave `copy` out if it is the same table"


def entity_lines(diff: Diff) -> Iterator[str]:
    """Yield the lines for each entity that takes part."""
    earlier = {
        new.alias: old.alias for new, old in pair_entities(diff.new.entities, diff.old.entities)
    }
    taking_part: dict[str, list[Change]] = {}
    for change in diff.changes:
        alias = change.entity
        if change.migration is not None and alias is not None and alias in earlier:
            taking_part.setdefault(alias, []).append(change)
    if not taking_part:
        yield from _comment(
            "No items have to be migrated; this file records that somebody has seen the change.", 0
        )
    yield "entities:" if taking_part else "entities: {}"
    for alias, changes in taking_part.items():
        yield f"  {_flow(alias)}:"
        yield f"    from: {_flow(earlier[alias])}"
        said: dict[str, Any] = {}
        for change in changes:
            yield from _comment(f"{change.code}: {change.subject}", 4)
            _add(said, change.migration or {})
        asked = (f"{change.subject}: {change.decide}" for change in changes if change.decide)
        yield from _decisions(asked, 4)
        for option, value in said.items():
            if option == "attributes":
                yield "    attributes:"
                yield from (f"      {_flow(name)}: {_flow(made)}" for name, made in value.items())
            else:
                yield f"    {option}: {_flow(value)}"


def _decisions(asked: Iterable[str], indent: int) -> list[str]:
    """Return the questions of one place under `decide`; no lines if there are none."""
    questions = [*dict.fromkeys(asked)]
    if not questions:
        return []
    text = str(yaml.safe_dump(questions, width=_WIDTH - indent, allow_unicode=True))
    return textwrap.indent(f"{_DECIDE}\n{text}", " " * indent).splitlines()


def _add(said: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Merge what one change asks of an entity's migration into what others ask."""
    for option, value in more.items():
        if isinstance(value, dict):
            value = {**said.get(option, {}), **value}
        elif isinstance(value, list):
            value = [*dict.fromkeys((*said.get(option, ()), *value))]
        said[option] = value


def _comment(text: str, indent: int) -> list[str]:
    margin = " " * indent + "# "
    return textwrap.wrap(
        text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def _flow(value: Any) -> str:
    """Return a value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return str(text).removesuffix("...\n").strip()
