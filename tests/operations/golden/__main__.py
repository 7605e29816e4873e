"""Write the recorded files anew."""

import sys

from tests.operations.golden.files import FILES, record_all

if __name__ == "__main__":
    for name in record_all():
        sys.stdout.write(f"{FILES}/{name}.json\n")
