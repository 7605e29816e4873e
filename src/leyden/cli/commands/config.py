"""`leyden config`: show the configuration, and where each value comes from."""

from __future__ import annotations

import click

from leyden.cli.application import debug_option
from leyden.cli.options import output_options
from leyden.cli.output import Output, print_json, print_table
from leyden.configuration import SETTINGS, configured, misspelt_variables, variable_of


@click.command()
@output_options
@debug_option
def config(output: Output) -> None:
    """Show the configuration, and where each value is.

    A setting comes from its variable of the environment, or from [tool.leyden] of the nearest
    pyproject.toml that has it, in this folder or one above. Options of a command override both.

    \b
      leyden config
      leyden config --query table.value
    """
    found = configured()
    for note in misspelt_variables():
        click.secho(f"note: {note}", err=True, dim=True)
    if output.is_json:
        shown = {
            name: {"value": found[name].value, "origin": found[name].origin}
            if name in found
            else None
            for name in SETTINGS
        }
        print_json(shown, output)
        return
    rows = [
        (name, found[name].value, found[name].origin)
        if name in found
        else (name, "", f"not set; {variable_of(name)} would set it")
        for name in SETTINGS
    ]
    print_table(("setting", "value", "where"), rows)
