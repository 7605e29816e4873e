"""`leyden completion`: print the script that lets a shell complete lines of `leyden`."""

from __future__ import annotations

import click

from leyden.cli.application import debug_option
from leyden.cli.completion import SHELLS, script


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@debug_option
def completion(shell: str) -> None:
    """Print the script for a shell's Tab key.

    The shell then completes commands, options, and the entities, access patterns, attributes and
    listed values of the schemas that are configured or given.

    \b
      eval "$(leyden completion bash)"           # in ~/.bashrc
      eval "$(leyden completion zsh)"            # in ~/.zshrc, after compinit
      leyden completion fish > ~/.config/fish/completions/leyden.fish
    """
    click.echo(script(shell), nl=False)
