"""From a command's options to a service."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

import leyden
from leyden._text import did_you_mean
from leyden.cli.options import Target
from leyden.schema import load_service
from leyden.schema.spec import ServiceSpec

Hooks = Mapping[str, Callable[..., Any]]


@contextmanager
def opened(
    target: Target, *, needs_table: bool = True, tell: Callable[[str], object] | None = None
) -> Iterator[leyden.Service]:
    """The service that a command works on, closed at the end.

    Without `needs_table`, a service whose table is named nowhere gets the service's own name for
    it: for commands that send nothing. `tell` is told so, where the name shows in the output.
    """
    hooks = load_hooks(target.hooks)
    table = target.table
    if table is None:
        spec = load_spec(target, hooks)
        table = spec.table.table
        if table is None and not needs_table:
            table = spec.service
            if tell is not None:
                tell(f'note: no table is named, so "{table}" stands for it here; give --table NAME')
    if table is None:
        raise click.UsageError(
            f"{target.folder} does not say which table: give --table NAME, or write "
            "`table: NAME` in its table.yaml"
        )
    with warnings.catch_warnings(record=True) as dangers:
        warnings.simplefilter("always", leyden.SchemaWarning)
        service = leyden.load(
            target.folder,
            table=table,
            endpoint_url=target.endpoint_url,
            region=target.region,
            profile=target.profile,
            hooks=hooks,
        )
    for danger in dangers:
        click.echo(f"warning: {danger.message}", err=True)
    with service:
        yield service


def load_spec(target: Target, hooks: Hooks | None = None) -> ServiceSpec:
    """The service's schema. Raises SchemaError with all faults."""
    return load_service(target.folder, hooks=hooks)


def load_hooks(place: str | None) -> Hooks | None:
    """The dict at `module:name`, with the current folder importable as in `python -m`."""
    if place is None:
        return None
    module_name, colon, name = place.partition(":")
    if not (module_name and colon and name):
        raise click.BadParameter(
            "write it as module:name, as in app.hooks:HOOKS", param_hint="--hooks"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise click.BadParameter(
            f'the module "{module_name}" cannot be imported: {error}', param_hint="--hooks"
        ) from error
    found = getattr(module, name, None)
    if not isinstance(found, Mapping):
        what = "has no" if found is None else "has no dict called"
        raise click.BadParameter(
            f'the module "{module_name}" {what} "{name}"{did_you_mean(name, dir(module))}',
            param_hint="--hooks",
        )
    for key, hook in found.items():
        if not isinstance(key, str) or not callable(hook):
            raise click.BadParameter(
                f'"{place}" has an entry that is not a name with a function', param_hint="--hooks"
            )
    return found


def entity_named(service: leyden.Service, name: str) -> leyden.Entity:
    """The entity with this alias, or this name in the table."""
    found = service.entities.get(name)
    if found is None:
        found = next((e for e in service.entities.values() if e.name == name), None)
    if found is None:
        known = ", ".join(service.entities)
        hint = did_you_mean(name, service.entities) or f"; it has {known}"
        raise click.BadParameter(
            f'"{service.name}" has no entity "{name}"{hint}', param_hint="ENTITY"
        )
    return found
