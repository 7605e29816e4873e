import sys, time, tempfile
from pathlib import Path
from tests.typed.checkers import *

files = [Path(a).resolve() for a in sys.argv[1:]]
import os
for name, c in CHECKERS.items():
    if name not in os.environ.get('C', name): continue
    with tempfile.TemporaryDirectory() as t:
        s = time.time()
        found = c(files, Path(t))
        print(name, round(time.time() - s, 1), "s")
    for f in files:
        e = expected(f, name)
        got = {l: m for (n, l), m in found.items() if n == f.name}
        src = f.read_text().splitlines()
        for l in sorted(e - got.keys()):
            print("  MISSING", f.name, l, src[l - 1].strip())
        for l in sorted(got.keys() - e):
            print("  EXTRA", f.name, l, src[l - 1].strip(), "=>", got[l][:200])
