"""Measure the adapters for agent frameworks beside the packages that exist.

`make bench-agents` lets all of them do the same on DynamoDB Local. It writes the figures to
docs/agents.json, the drawing to docs/agents.svg, and a part of docs/agents.md. Requests and
capacity count: the engine reports the capacity of every request. Time is the processor time of the
client alone, since this process does not run the engine.

To add a package, write a function in `contestants.py` that opens it, and one line in its list.
"""
