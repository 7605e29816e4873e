"""`leyden scan`: all items of an entity."""

from __future__ import annotations

import click

from leyden.cli.loading import entity_named, opened
from leyden.cli.options import Output, Target, output_options, target_options
from leyden.cli.reading import Reading, read_and_print, reading_options


@click.command()
@target_options
@click.argument("entity")
@click.option("--index", metavar="PATTERN", help="Read the index of this access pattern instead.")
@click.option(
    "--segments",
    type=click.IntRange(1),
    help="Read so many parts of the table at the same time, to its end.",
)
@click.option("--hydrate", is_flag=True, help="With --index: read the whole items behind it.")
@reading_options
@output_options
def scan(
    target: Target,
    entity: str,
    index: str | None,
    segments: int | None,
    hydrate: bool,
    reading: Reading,
    output: Output,
) -> None:
    """Print items of an entity by reading the whole table.

    That costs as much as the table is large, whatever is found.

    One page is read, of at most 1 MB, unless --count or --all says otherwise. --where is as in
    `leyden query --help`. For whole tables there is `leyden export`.

    \b
      leyden scan schemas/taskapp task --count 10
      leyden scan schemas/taskapp task --all --where 'status = open' --json
      leyden scan schemas/taskapp task --segments 4
      leyden scan schemas/taskapp task --index assigned --all
    """
    if segments is not None and (reading.everything or reading.count or reading.cursor):
        raise click.UsageError(
            "--segments reads to the end; it goes with no --all, --count, --cursor"
        )
    with opened(target) as service:
        found = entity_named(service, entity)
        operation = found.scan if index is None else found.scan.index(index)
        more = {"segments": segments, "hydrate": hydrate or None}
        read_and_print(found, operation, reading, output, **more)
