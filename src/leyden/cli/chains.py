"""Operations as people type them: access patterns, ranges, and the steps of an update.

`query`, `update` and `explain` share these functions, so all of them accept the same arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from leyden.cli.folders import left_out_note
from leyden.cli.options import decorated, unknown
from leyden.cli.reading import collection_query, members_of
from leyden.cli.values import RANGE, read_limits, read_pairs, split_pairs, value_from_text
from leyden.types import type_of

if TYPE_CHECKING:
    from leyden import Entity, Service

F = TypeVar("F")

RANGES: Final[Mapping[str, tuple[str, str]]] = {
    "begins": ("A=B", "Sort keys that begin with this."),
    "gt": ("A=B", "Sort keys after this."),
    "gte": ("A=B", "Sort keys from this on."),
    "lt": ("A=B", "Sort keys before this."),
    "lte": ("A=B", "Sort keys up to this."),
    "between": (f"A=B{RANGE}C", "Sort keys from B to C, both included."),
}
"""The ranges of a query, each with its form and its help."""

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "set": ("PATH=VALUE", "Set an attribute, or a part of one: detail.effort=3, history[0]=new."),
    "add": ("PATH=VALUE", "Add to a number, counting from 0, or add elements to a set."),
    "subtract": ("PATH=VALUE", "Subtract from a number, counting from 0."),
    "append": ("PATH=VALUE", 'Append to a list: history=["a", "b"].'),
    "delete": ("PATH=VALUE", 'Delete elements from a set: tags=["a"].'),
    "if_not_exists": ("PATH=VALUE", "Set an attribute only if the item does not have it yet."),
    "remove": ("PATH", "Remove an attribute, or a part of one."),
    "composite": ("A=B", "The stored value of an attribute that a key needs; becomes a condition."),
    "absent": ("A", "An attribute that the item does not have; becomes a condition."),
}
"""The steps of an update, each with its form and its help."""

UPSERT_STEPS: Final = (
    *("set", "add", "subtract", "append", "if_not_exists"),
    "composite",
    "absent",
)
"""The steps that also work if the item does not exist yet."""


def range_options(command: F) -> F:
    """Add `--begins`, `--gt` and the others; the command gets the used ones as `ranges`."""
    made: F = _gathered(command, "ranges", RANGES)
    return made


def step_options(command: F) -> F:
    """Add `--set`, `--add` and the others; the command gets the used ones as `steps`."""
    made: F = _gathered(command, "steps", STEPS)
    return made


def _gathered(command: Any, name: str, options: Mapping[str, tuple[str, str]]) -> Any:
    @functools.wraps(command)
    def with_them(**given: Any) -> Any:
        some = {one: given.pop(f"{name}_{one}") for one in options}
        return command(**{name: {one: values for one, values in some.items() if values}}, **given)

    return decorated(
        with_them,
        *(
            click.option(
                f"--{one.replace('_', '-')}",
                f"{name}_{one}",
                multiple=True,
                metavar=form,
                help=said,
            )
            for one, (form, said) in options.items()
        ),
    )


def pattern_named(service: Service, text: str, *, by_meaning: bool = False) -> tuple[str, str]:
    """Return the entity and the access pattern of `task.assigned`. Raises click's BadParameter."""
    alias, dot, name = text.partition(".")
    if alias and dot and name:
        return alias, name
    patterns = [
        f"{entity.spec.alias}.{one}"
        for entity in service.entities.values()
        for one in (entity.spec.searches if by_meaning else entity.spec.indexes)
    ]
    near = [one for one in patterns if text in one.split(".")]
    kind = "a search" if by_meaning else "a query"
    known = ", ".join(near or patterns) or "the schemas have none"
    raise click.BadParameter(
        f'"{text}" must be ENTITY.PATTERN for {kind}: {known}{left_out_note(text)}',
        param_hint="ENTITY.PATTERN",
    )


def pattern_query(entity: Entity, name: str, key: Sequence[str]) -> Any:
    """Return the query of an access pattern with `attribute=value` arguments."""
    if name not in entity.spec.indexes:
        message = f'"{entity.spec.alias}" has no access pattern "{name}"'
        if name in entity.spec.searches:
            message = f'"{name}" is an access pattern by meaning: use `leyden search`'
            raise click.BadParameter(message, param_hint="ENTITY.PATTERN")
        raise unknown(message, name, entity.spec.indexes, hint="ENTITY.PATTERN")
    return entity.query[name](**read_pairs(entity, key, hint="KEY=VALUE"))


def ranged(entity: Entity, operation: Any, ranges: Mapping[str, Sequence[str]]) -> Any:
    """Return the query with its range, if there is one."""
    if len(ranges) > 1:
        raise click.UsageError(
            f"a query takes one range, not {' and '.join(f'--{name}' for name in ranges)}; use "
            "--between for two ends, or filter with --where"
        )
    for name, arguments in ranges.items():
        if name == "between":
            return operation.between(*read_limits(entity, arguments, hint="--between"))
        values = {}
        for attribute, text in split_pairs(arguments, hint=f"--{name}").items():
            spec = entity.spec.attributes.get(attribute)
            if name == "begins" and spec and type_of(spec).is_text:
                # The beginning of a text need not be a valid value of the attribute.
                values[attribute] = text
            else:
                values |= read_pairs(entity, (f"{attribute}={text}",), hint=f"--{name}")
        return getattr(operation, name)(**values)
    return operation


def ranged_collection(
    service: Service,
    name: str,
    key: Sequence[str],
    where: Sequence[str],
    ranges: Mapping[str, Sequence[str]],
) -> Any:
    """Return the query of a collection with its conditions and its range."""
    operation = collection_query(service, name, key, where)
    # A range uses the attributes of a single member.
    names = {one.partition("=")[0] for some in ranges.values() for one in some}
    members = members_of(service, name)
    having = (member for member in members if names <= member.spec.attributes.keys())
    return ranged(next(having, members[0]), operation, ranges)


def stepped(entity: Entity, operation: Any, steps: Mapping[str, Sequence[str]]) -> Any:
    """Return the update with all its steps."""
    for name, given in steps.items():
        if not given:
            continue
        if name == "remove":
            operation = operation.remove(*given)
        elif name == "absent":
            operation = operation.composite(**dict.fromkeys(given))
        else:
            values = {}
            for path, text in split_pairs(given, hint=f"--{name.replace('_', '-')}").items():
                leaf = entity.mapping.resolve(path).leaf
                values[path] = value_from_text(leaf.spec, text, path)
            operation = getattr(operation, name)(**values)
    return operation


def key_and_rest(entity: Entity, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split the arguments into those that name the item and those that change it."""
    own = entity.spec.primary.composites
    key: list[str] = []
    rest: list[str] = []
    for argument in arguments:
        name = argument.partition("=")[0]
        (key if name in own else rest).append(argument)
    return key, rest
