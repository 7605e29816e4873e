"""Makes `python -m leyden` the `leyden` command."""

from leyden_command import main

main()
