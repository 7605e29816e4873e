"""`python -m leyden.cli` is `leyden`."""

from leyden.cli import main

main()
