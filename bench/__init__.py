"""How much Leyden costs, beside other clients of DynamoDB: measured, printed, drawn.

`make bench` measures everything in one run, with DynamoDB Local as the engine, and writes the
figures to docs/bench.json, the drawing to docs/bench.svg, and the sections that README.md and
docs/performance.md make of them. Each client runs in a process of its own, `worker.py`, so its
processor time is counted apart from that of the engine and of the others.
"""
