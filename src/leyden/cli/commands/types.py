"""`leyden types`: write a typed module for a service."""

from __future__ import annotations

from pathlib import Path

import click

from leyden._shell import word
from leyden.cli.application import debug_option
from leyden.cli.folders import TargetCommand
from leyden.cli.options import FOLDER
from leyden.errors import SchemaError
from leyden.schema import check_service, is_name, texts_of
from leyden.typed import CARRIES, digest_of, module_text


@click.command(cls=TargetCommand)
@click.argument("folder", metavar="[FOLDER]", type=FOLDER)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The module to write, such as shop.py; default: print it.",
)
@click.option(
    "--compiled",
    is_flag=True,
    help="Include the compiled schemas, so that a process starts without YAML.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail where --out is stale.")
@debug_option
@click.pass_context
def types(ctx: click.Context, folder: Path, out: Path | None, compiled: bool, check: bool) -> None:
    """Write a typed module, for editors and type checkers.

    The module carries its schemas: `shop.load(table="shop")` returns what `leyden.load` returns.
    mypy, pyright and ty know its records, access patterns, conditions and updates. Make it again
    whenever a schema changes; with --check, CI fails if somebody forgets that.

    With --compiled it also carries the compiled schemas: a process that imports the module reads no
    YAML and compiles nothing, so it starts faster.

    \b
      leyden types schemas/shop --out shop.py
      leyden types schemas/shop --out shop.py --check
    """
    if check and out is None:
        raise click.UsageError("--check compares with a module: say which with --out FILE")
    if out is not None and not (is_name(out.stem) and out.suffix == ".py"):
        raise click.BadParameter(
            f'"{out.name}" is not the name of a Python module; write one such as shop.py',
            param_hint="--out",
        )
    # The types do not depend on hooks.
    result = check_service(folder)
    if result.service is None:
        raise SchemaError(result.faults)
    sources = texts_of(folder).by_name
    if out is None:
        click.echo(module_text(sources, result.service.service, compiled=compiled), nl=False)
        return
    try:
        found = out.read_text(encoding="utf-8") if out.exists() else None
        # A check keeps the module's own form, so nobody has to repeat how it was made.
        compiled = compiled or (check and found is not None and CARRIES in found)
        text = module_text(sources, out.stem, compiled=compiled)
        if found != text and not check:
            out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise click.FileError(str(out), getattr(error, "strerror", None) or str(error)) from error
    if not check:
        click.echo(f"{out} is up to date" if found == text else f"wrote {out}", err=True)
    elif found != text:
        why = _why(out, found, digest_of(sources), compiled)
        flag = " --compiled" if compiled else ""
        click.echo(f"{why}; run `leyden types {word(folder)} --out {word(out)}{flag}`", err=True)
        ctx.exit(1)
    else:
        click.echo(f"{out} is up to date", err=True)


def _why(out: Path, found: str | None, digest: str, compiled: bool) -> str:
    if found is None:
        return f"{out} does not exist"
    if compiled and CARRIES not in found:
        return f"{out} does not have the compiled schemas"
    if digest in found:
        return f"{out} was edited, or another version of Leyden made it"
    return f"{out} is stale: the schemas have changed since it was made"
