"""The draft of a migration file, which says all that a diff tells and asks for the rest."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml
from attrs import frozen

from leyden._text import listed
from leyden.diff.changes import Change, Diff
from leyden.diff.pairing import pair_entities
from leyden.diff.sources import Side

_WIDTH: Final = 100
COPY_SUFFIX: Final = ".from"
"""What the folder with a copy of the old schemas has behind the name of the migration."""


@frozen
class Draft:
    """A drafted migration: its name, the text of its file, and the old schemas beside it.

    `schemas` are the files of the folder `NAME.from`.
    """

    name: str
    text: str
    schemas: Mapping[str, str]

    @property
    def folder(self) -> str:
        """The name of the folder that holds the old schemas."""
        return f"{self.name}{COPY_SUFFIX}"


def draft_migration(diff: Diff, old: Side, name: str) -> Draft:
    """Draft the migration file `NAME.yaml` for a diff.

    It names each entity whose items have to be migrated, with everything that the diff alone tells.
    What only people know stands there as a comment that begins with `Decide`. The old schemas
    are copied beside it, since folders and branches go on, and the migration must not.

    >>> draft_migration(diff, old, "assignee").text                     # doctest: +SKIP
    """
    head = (
        f"Drafted by `leyden diff` from {old.label}. Read it, answer what it asks, and see what it "
        f"would do with `leyden migrate SCHEMAS {name}.yaml --dry-run`."
    )
    draft = Draft(name, "", old.texts)
    lines = [
        *_comment(head, 0),
        f"migration: {_flow(name)}",
        f"from: {_flow(draft.folder)}    # a copy of the schemas that the items were written with",
        *entity_lines(diff),
    ]
    table = diff.new.table.table or "NAME"
    if any(change.code in ("table.key", "table.name") for change in diff.changes):
        lines += [
            *_comment("Decide: the table to copy the items into, or none where it is the same.", 0),
            f"copy: {{table: {_flow(table)}}}",
        ]
    return Draft(name, "\n".join(lines) + "\n", old.texts)


def entity_lines(diff: Diff) -> Iterator[str]:
    """What becomes of each entity that takes part."""
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
            "No items have to be migrated; the file says that the change is known.", 0
        )
    gone = [change.subject for change in diff.changes if change.code == "entity.removed"]
    new = [change.subject for change in diff.changes if change.code == "entity.added"]
    if gone and new:
        yield from _comment(
            f"Decide whether {listed(new, 'or')} is what {listed(gone, 'or')} was: if so, name it "
            f"here with `from: {gone[0]}`, or its items are orphaned",
            0,
        )
    yield "entities:" if taking_part else "entities: {}"
    for alias, changes in taking_part.items():
        yield f"  {_flow(alias)}:"
        yield f"    from: {_flow(earlier[alias])}"
        said: dict[str, Any] = {}
        for change in changes:
            yield from _comment(f"{change.code}: {change.subject}", 4)
            if change.decide:
                yield from _comment(f"Decide {change.decide}", 4)
            _add(said, change.migration or {})
        for option, value in said.items():
            if option == "attributes":
                yield "    attributes:"
                yield from (f"      {_flow(name)}: {_flow(made)}" for name, made in value.items())
            else:
                yield f"    {option}: {_flow(value)}"


def _add(said: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what a change asks of the migration of an entity to what others ask."""
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
    """A value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return str(text).removesuffix("...\n").strip()
