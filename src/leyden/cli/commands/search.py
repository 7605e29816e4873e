"""`leyden search`: find items by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from leyden.cli.chains import pattern_named
from leyden.cli.folders import TargetCommand
from leyden.cli.options import (
    Target,
    entity_named,
    output_options,
    target_options,
    unknown,
)
from leyden.cli.output import Output, capacity, plural, print_json, print_records, waiting
from leyden.cli.reading import (
    attributes_option,
    narrowed,
    tell_unreadable,
    unreadable_option,
    where_option,
)
from leyden.cli.values import plain_record, read_json, read_pairs

if TYPE_CHECKING:
    from leyden import Entity, Matches

# No attribute can have a name with a space, so these columns cannot hide one.
_SCORE = "the score"
_DISTANCE = "the distance"


@click.command(cls=TargetCommand)
@target_options
@click.argument("pattern", metavar="ENTITY.PATTERN")
@click.argument("given", metavar="KEY=VALUE...", nargs=-1)
@click.option(
    "--vector",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="The vector as a JSON list of numbers; - is stdin.",
)
@click.option("--top-k", type=click.IntRange(1, 100), help="How many items to find; default: 10.")
@where_option("Filter the items that were found; may be repeated. See `leyden query --help`.")
@click.option("--hydrate", is_flag=True, help="Read the whole items behind the index.")
@attributes_option
@unreadable_option
@output_options
def search(
    target: Target,
    pattern: str,
    given: tuple[str, ...],
    vector: BinaryIO,
    where: tuple[str, ...],
    attributes: tuple[str, ...],
    output: Output,
    **options: Any,
) -> None:
    """Print items by meaning, the nearest to a vector.

    The nearest item comes first. KEY=VALUE are the partition of the vector index, and its filters
    as far as you want them. --where is judged after the search, so that fewer items than --top-k
    may remain.

    \b
      leyden search schemas/notes note.similar tenant_id=t1 --vector query.json --top-k 5
      embed "late invoices" | leyden search schemas/notes note.similar tenant_id=t1 --vector - \\
          --where 'pages > 3' --json
    """
    try:
        near = read_json(vector.read().decode())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--vector") from error
    said = {"attributes": attributes or None, **options, "hydrate": options["hydrate"] or None}
    with target.opened() as service:
        alias, name = pattern_named(service, pattern, by_meaning=True)
        entity = entity_named(service, alias)
        operation = narrowed(search_pattern(entity, name, near, given), where, entity)
        with waiting(f"searching {entity.spec.alias}"):
            matches: Matches = operation.go(**said)
    _print_matches(entity, matches, output)
    tell_unreadable(matches.unreadable)


def search_pattern(entity: Entity, name: str, vector: Any, given: Sequence[str]) -> Any:
    """Return the search of an access pattern near a vector, with `attribute=value` arguments."""
    if name not in entity.spec.searches:
        if name in entity.spec.indexes:
            message = f'"{name}" is an access pattern by key: use `leyden query`'
            raise click.BadParameter(message, param_hint="ENTITY.PATTERN")
        message = f'"{entity.spec.alias}" has no access pattern by meaning "{name}"'
        raise unknown(message, name, entity.spec.searches, hint="ENTITY.PATTERN")
    return entity.search[name](vector, **read_pairs(entity, given, hint="KEY=VALUE"))


def _print_matches(entity: Entity, matches: Matches, output: Output) -> None:
    found: list[dict[str, Any]] = [
        {
            "score": match.score,
            "distance": match.distance,
            "record": plain_record(entity, match.record),
        }
        for match in matches
    ]
    if output.is_json:
        print_json(
            {
                "matches": found,
                "found": matches.found,
                "left_out": matches.left_out,
                "dropped": matches.dropped,
                "bytes_searched": matches.bytes_searched,
                "consumed": matches.consumed,
                "requests": matches.requests,
            },
            output,
        )
        return
    rows: list[dict[str, Any]] = []
    for one in found:
        distance = {} if one["distance"] is None else {_DISTANCE: f"{one['distance']:.4f}"}
        rows.append({_SCORE: f"{one['score']:.4f}", **distance, **one["record"]})
    print_records(rows, (_SCORE, _DISTANCE, *entity.spec.attributes))
    parts = [f"{plural(matches.found, 'item')} found"]
    if matches.left_out:
        parts.append(f"{matches.left_out} left out by --where")
    if matches.dropped:
        parts.append(f"{matches.dropped} of another service")
    if matches.bytes_searched is not None:
        parts.append(f"{matches.bytes_searched:,} bytes searched")
    if matches.consumed is not None:
        parts.append(capacity(matches.consumed))
    click.secho(", ".join(parts), err=True, dim=True)
