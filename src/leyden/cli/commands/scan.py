"""`leyden scan`: all items of an entity."""

from __future__ import annotations

import click

from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.reading import Reading, read_and_print, reading_options


@click.command()
@target_options
@click.argument("entity")
@reading_options
@output_options
def scan(target: Target, entity: str, reading: Reading, output: Output) -> None:
    """Print items of an entity by reading the whole table.

    That costs as much as the table is large, whatever is found.

    One page is read, of at most 1 MB, unless --count or --all says otherwise. --where is as in
    `leyden query --help`. For whole tables there is `leyden export`.

    \b
      leyden scan schemas/taskapp task --count 10
      leyden scan schemas/taskapp task --all --where 'status = open' --json
    """
    with opened(target) as service:
        found = entity_named(service, entity)
        read_and_print(found, found.scan, reading, output)
