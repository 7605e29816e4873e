"""`python -m leyden` is `leyden`."""

from leyden_command import main

main()
