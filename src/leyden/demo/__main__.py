"""`python -m leyden.demo`."""

from leyden.demo import main

main()
