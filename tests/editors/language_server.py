"""A real editor's language server for YAML, spoken to over its standard input and output.

It is the npm package `yaml-language-server`, which VS Code, Neovim and others run. It finds the
schema of a file by the line that names it, as it does for users.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, Final, Self

from tests.interop.node_process import node_folder

PACKAGE: Final = "yaml-language-server"
SECONDS: Final = 30
_SETTINGS: Final = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "schemas": {},
    }
}


class LanguageServer:
    """One process, for as many files as are asked about."""

    def __init__(self, folder: Path) -> None:
        program = node_folder() / "node_modules" / PACKAGE / "bin" / PACKAGE
        self._process = subprocess.Popen(
            ["node", str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._diagnostics: dict[str, queue.Queue[Any]] = {}
        self._asked = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        markdown = {"contentFormat": ["markdown"]}
        documentation = {"documentationFormat": ["markdown"], "snippetSupport": True}
        self.ask(
            "initialize",
            processId=None,
            rootUri=folder.as_uri(),
            capabilities={
                "textDocument": {
                    "hover": markdown,
                    "completion": {"completionItem": documentation},
                },
                "workspace": {"configuration": True},
            },
        )
        self.tell("initialized")
        self.tell("workspace/didChangeConfiguration", settings=_SETTINGS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def open(self, path: Path, text: str) -> Document:
        """Show a file to the server, as an editor does; it need not be on disk."""
        document = Document(self, path.as_uri())
        self._diagnostics[document.uri] = queue.Queue()
        about = {"uri": document.uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=about)
        return document

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """What the server finds wrong with a file."""
        found: list[dict[str, Any]] = self._diagnostics[uri].get(timeout=SECONDS)
        return found

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request, and wait for the answer."""
        self._asked += 1
        answer = self._answers.setdefault(self._asked, queue.Queue())
        self._send({"id": self._asked, "method": method, "params": params})
        found = answer.get(timeout=SECONDS)
        assert "error" not in found, found
        return found["result"]

    def tell(self, method: str, **params: Any) -> None:
        """Send a message that nobody answers."""
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            self._receive(json.loads(stream.read(length)))

    def _receive(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:
            self._answers[message["id"]].put(message)
        elif method == "textDocument/publishDiagnostics":
            about = message["params"]
            self._diagnostics[about["uri"]].put(about["diagnostics"])
        elif method == "workspace/configuration":
            # What is asked about is said, and nothing of all else.
            sections = (item.get("section") for item in message["params"]["items"])
            self._send({"id": number, "result": [_SETTINGS.get(name) for name in sections]})
        elif number is not None:
            self._send({"id": number, "result": None})


class Document:
    """An open file."""

    def __init__(self, server: LanguageServer, uri: str) -> None:
        self._server = server
        self.uri = uri

    def completions(self, line: int, character: int) -> list[dict[str, Any]]:
        """What is offered at a place, counted from 0."""
        found = self._server.ask("textDocument/completion", **self._at(line, character))
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found or []
        return items

    def hover(self, line: int, character: int) -> str:
        """What is said of a place, counted from 0."""
        found = self._server.ask("textDocument/hover", **self._at(line, character))
        return str(found["contents"]["value"]) if found else ""

    def diagnostics(self) -> list[dict[str, Any]]:
        """What is wrong with it."""
        return self._server.diagnostics(self.uri)

    def _at(self, line: int, character: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": self.uri},
            "position": {"line": line, "character": character},
        }
