"""Measure, print and draw how much Leyden costs beside other clients of DynamoDB.

`make bench` measures everything in one run, with DynamoDB Local as the engine. It writes the
figures to docs/bench.json, the drawing to docs/bench.svg, and the parts of README.md and
docs/performance.md that are made from them. Each client runs in a process of its own, `worker.py`,
so its processor time is separate from that of the engine and of the others.
"""
