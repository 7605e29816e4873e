"""Check what a wheel without extras can do, with the Python of an environment that has nothing
else.

    python bare_install.py FOLDER_OF_SCHEMAS

Prints a line for each check that passes, and exits with 1 if one fails.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

KEYS = {"access_key_id": "any", "secret_access_key": "any"}


def extra_named_by(extra: str, use: Callable[[], object]) -> None:
    """Check that `use` fails with an error that says how to install the extra."""
    failed: Exception | None = None
    try:
        use()
    except Exception as error:
        failed = error
    assert failed is not None, f"{extra}: no error, though the extra is not installed"
    assert f"leyden[{extra}]" in str(failed), f"{extra}: {type(failed).__name__}: {failed}"


def imports(*names: str) -> Callable[[], object]:
    """Return a function that imports modules, as code that needs an extra does first."""
    return lambda: [importlib.import_module(name) for name in names]


def main(schemas: Path) -> None:
    """Run all checks."""
    import leyden
    from leyden.memory import Memory, offline_embedder
    from leyden.store import DynamoDBStore, InMemoryStore

    for package in ("click", "moto", "numpy", "pydantic", "opentelemetry", "cryptography"):
        assert importlib.util.find_spec(package) is None, f"{package} is installed here"

    where = {"region": "eu-central-1", "credentials": KEYS}
    app = leyden.load(schemas, table="desk", **where)
    entity = next(iter(app.entities.values()))
    assert entity.scan.params()["TableName"] == "desk"
    app.close()
    say("import leyden, load schemas, build a request")

    with DynamoDBStore(table_name="memory", region="eu-central-1", credentials=KEYS) as store:
        assert "message" in store.app.entities
        assert leyden.schemas_folder("memory").is_dir()
    memory = Memory(InMemoryStore())
    memory.init()
    thread = memory.create_thread(resource_id="alice", title="Hello")
    memory.save_messages([{"role": "user", "content": "Hello"}], thread_id=thread.id)
    assert len(memory.recall(thread.id, resource_id="alice").messages) == 1
    say("the store on DynamoDB, and an agent's memory in this process")

    extra_named_by("local", leyden.local)
    extra_named_by("embedder", offline_embedder)
    for extra, module in (
        ("pinecone", "leyden.memory.pinecone"),
        ("qdrant", "leyden.memory.qdrant"),
        ("pgvector", "leyden.memory.pgvector"),
        ("opentelemetry", "leyden.opentelemetry"),
    ):
        extra_named_by(extra, imports(module))
    command = Path(sys.executable).with_name("leyden")
    done = subprocess.run([command, "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    assert "leyden[cli]" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    say("what needs an extra says which")


def say(what: str) -> None:
    """Print a line of progress."""
    print(f"  {what}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
