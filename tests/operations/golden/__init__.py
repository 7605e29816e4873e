"""Recorded requests, and recorded sequences of requests with what came of them.

`requests.json` holds what `.params()` gives for the verbs and their features. The other files hold
runs: each is a program, driven over a table in memory (`world.py`) whose writes are answered by a
script, with every request it sent, every pause, and its result or error. They say what Leyden
does, not how, so they stay the same while the code behind them changes.

After a change that is meant to alter requests, write the files anew and read the difference::

    python -m tests.operations.golden
"""
