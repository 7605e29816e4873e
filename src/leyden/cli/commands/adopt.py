"""`leyden adopt`: bring existing items under the unique constraints of their entity."""

from __future__ import annotations

from typing import Any

import click

from leyden import Entity
from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.output.console import output_console
from leyden.cli.output.json_text import print_json
from leyden.cli.output.tables import print_table
from leyden.cli.output.words import capacity, plural
from leyden.cli.progress import reading
from leyden.cli.running import StoppedError
from leyden.operations.uniqueness.adopting import Adoption
from leyden.program import Item

_HEAD = ("unique", "item without a guard", "item with the same values")


@click.command()
@target_options
@click.argument("entity")
@click.option("--cursor", metavar="TEXT", help="Go on where an earlier run stopped.")
@click.option("--pages", type=click.IntRange(1), help="Stop after so many pages; default: all.")
@output_options
def adopt(
    target: Target,
    entity: str,
    cursor: str | None,
    pages: int | None,
    output: Output,
) -> None:
    """Write the guards of unique values that existing items lack.

    For items that were there before their entity got `unique:`. Deploy the constraint first, so
    that all new writes keep it. Reads the whole table; safe beside writers, and to be run again.
    Items that share values already are listed by their keys and left alone, and the exit code is
    1: change one of each two, and run it again.

    \b
      leyden adopt schemas/taskapp employee
    """
    last: list[Adoption] = []
    with opened(target) as service:
        found = entity_named(service, entity)
        try:
            with reading(f"adopting {found.spec.alias} in {service.table}"):
                done = found.adopt_unique(cursor=cursor, pages=pages, progress=last.append)
        except KeyboardInterrupt:
            raise StoppedError(_hint(last)) from None
    if output.is_json:
        print_json(_plain(found, done), output)
    elif done.duplicates:
        rows = [
            [", ".join(one.attributes), _key(one.item), _key(one.owner)] for one in done.duplicates
        ]
        print_table(output_console(), _HEAD, rows)
    click.echo(_summary(done), err=True)
    if done.duplicates:
        click.get_current_context().exit(1)


def _summary(done: Adoption) -> str:
    parts = [
        f"checked {plural(done.checked, 'item')}",
        f"wrote {plural(done.adopted, 'guard')}",
        f"{plural(done.kept, 'guard')} there before",
    ]
    if done.duplicates:
        parts.append(f"{plural(len(done.duplicates), 'duplicate')} left alone")
    if done.consumed is not None:
        parts.append(capacity(done.consumed))
    if done.cursor is not None:
        parts.append(f"go on with --cursor {done.cursor}")
    return ", ".join(parts)


def _hint(last: list[Adoption]) -> str:
    if not last or last[-1].cursor is None:
        return "stopped; what was written stays, run it again"
    checked = plural(last[-1].checked, "item")
    return f"stopped after {checked}; go on with --cursor {last[-1].cursor}"


def _plain(entity: Entity, done: Adoption) -> dict[str, Any]:
    return {
        "entity": entity.spec.alias,
        "checked": done.checked,
        "adopted": done.adopted,
        "kept": done.kept,
        "duplicates": [
            {"attributes": list(one.attributes), "item": one.item, "owner": one.owner}
            for one in done.duplicates
        ],
        "cursor": done.cursor,
        "consumed": done.consumed,
    }


def _key(key: Item) -> str:
    return " ".join(str(next(iter(value.values()))) for value in key.values())
