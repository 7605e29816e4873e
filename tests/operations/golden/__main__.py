"""Write the recorded files anew."""

from tests.operations.golden.files import FILES, record_all

if __name__ == "__main__":
    for name in record_all():
        print(f"{FILES}/{name}.json")  # noqa: T201
