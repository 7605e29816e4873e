"""Measure the time from the start of a process to its first answer, as for a function's cold start.

Each client is a fresh process that finds credentials and region in its surroundings, opens what it
needs, and reads one item from a server on this machine. The figure is the processor time of the
process up to the answer, with the start of Python. The bytecode already exists.

Leyden starts in two ways: from the folder of its schemas, and from a module with the compiled
schemas, as `leyden types --compiled` writes it.

`plain` has its credentials and region in the environment, as a Lambda function has. `configured`
also has an AWS configuration file. `fetched` has its credentials from another process, which is not
counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import leyden
from bench.measuring import Figures, Say, middle, ratios
from bench.peers import COMPILED, PEERS
from leyden.schema import texts_of
from leyden.typed import module_text

ROOT: Final = Path(__file__).resolve().parents[1]
SCHEMAS: Final = ROOT / "schemas" / "memory"
MODULE: Final = "compiled_memory"
END: Final = "\nimport os, time\nprint(time.process_time() * 1000, flush=True)\nos._exit(0)\n"

STARTS: Final = {
    "leyden": f"""
import sys, leyden
app = leyden.load({str(SCHEMAS)!r}, table="cold", endpoint_url=sys.argv[1])
assert app.entities.thread.get(id="t1").go().title == "Pumps"
""",
    COMPILED: f"""
import sys, {MODULE}
app = {MODULE}.load(table="cold", endpoint_url=sys.argv[1])
assert app.entities.thread.get(id="t1").go().title == "Pumps"
""",
    "boto3": """
import json, sys, boto3
client = boto3.client("dynamodb", endpoint_url=sys.argv[1])
assert client.get_item(TableName="cold", Key=json.loads(sys.argv[2]))["Item"]
""",
    "pynamodb": """
import json, sys
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

class Thread(Model):
    class Meta:
        table_name, host, region = "cold", sys.argv[1], "eu-central-1"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute()

assert Thread.get(*(part["S"] for part in json.loads(sys.argv[2]).values())).title
""",
    "pydynox": """
import json, sys
from pydynox import DynamoDBClient
client = DynamoDBClient(region="eu-central-1", endpoint_url=sys.argv[1])
key = {name: part["S"] for name, part in json.loads(sys.argv[2]).items()}
assert client.sync_get_item("cold", key)
""",
}
"""What each client does; the arguments are the server's address and the key in DynamoDB's form."""

SETTINGS: Final = {
    "plain": "",
    "configured": "[default]\nregion = eu-central-1\n",
    "fetched": "[default]\nregion = eu-central-1\ncredential_process = echo "
    """'{"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret"}'\n""",
}


def write_module(folder: Path) -> None:
    """Write the module with the compiled schemas of the memory."""
    text = module_text(texts_of(SCHEMAS).by_name, MODULE, compiled=True)
    (folder / f"{MODULE}.py").write_text(text, encoding="utf-8")


@contextmanager
def answering(item: Mapping[str, object]) -> Iterator[str]:
    """Run a server that always finds this item; yield its address."""
    body = json.dumps({"Item": item}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def surroundings(folder: Path, configuration: str) -> dict[str, str]:
    """Return the environment of a client: the machine's own without AWS settings, and keys."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BOTO", "PYTHONDONTWRITE"))
        and not name.lower().endswith(("_proxy", "_ca_bundle"))
    }
    kept |= {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "HOME": str(folder),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONPATH": os.pathsep.join([str(folder), *kept.get("PYTHONPATH", "").split(os.pathsep)]),
    }
    if "credential_process" in configuration:
        del kept["AWS_ACCESS_KEY_ID"], kept["AWS_SECRET_ACCESS_KEY"]
    if configuration:
        (folder / "config").write_text(configuration)
        kept["AWS_CONFIG_FILE"] = str(folder / "config")
    return kept


def start(name: str, env: Mapping[str, str], *arguments: str) -> Figures:
    """Return a client's processor time from its start to its first answer, in ms."""
    command = [sys.executable, "-c", STARTS[name] + END, *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True)
    return {"cpu": float(done.stdout)}


def measure(rounds: int, say: Say) -> Figures:
    """Return the medians of all clients, which take turns, in each of `SETTINGS`."""
    now = "2026-02-03T09:15:00Z"
    new = {"id": "t1", "resource_id": "alice", "title": "Pumps", "created_at": now}
    with leyden.load(SCHEMAS, table="cold", region="eu-central-1") as app:
        item = app.entities.thread.put(**new, updated_at=now).params()["Item"]
        key = json.dumps(app.entities.thread.get(id="t1").params()["Key"])
    found: Figures = {}
    names = [peer.name for peer in PEERS if peer.name in STARTS and peer.version is not None]
    names.append(COMPILED)
    with answering(item) as url, tempfile.TemporaryDirectory() as folder:
        write_module(Path(folder))
        for setting, configuration in SETTINGS.items():
            env = surroundings(Path(folder), configuration)
            answers: dict[str, list[Figures]] = {}
            for name in names:
                try:
                    # The first run compiles what it imports.
                    start(name, env, url, key)
                    answers[name] = []
                except subprocess.CalledProcessError as error:
                    say(f"NOT MEASURED: {name}: {error.stderr.strip().splitlines()[-1]}")
            for number in range(rounds):
                order = list(answers)
                for name in order if number % 2 else reversed(order):
                    answers[name].append(start(name, env, url, key))
            found[setting] = {"cpu": middle(answers, "cpu"), "ratios": ratios(answers, "cpu")}
    return found


def main() -> None:
    """Measure, and print."""
    print(json.dumps(measure(9, print), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
