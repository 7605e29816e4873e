"""A server that keeps count of its connections and does to them what it is told."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = bytes | None


def answer(
    body: bytes | dict[str, Any] = b"{}",
    status: int = 200,
    *headers: str,
    length: int | None = None,
) -> bytes:
    """An answer over a connection that stays open."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(content) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@define(eq=False)
class Serving:
    """The running server. `heads` are the heads of requests; `opened` counts connections."""

    port: int
    heads: list[str] = field(factory=list)
    bodies: list[dict[str, Any]] = field(factory=list)
    opened: int = 0
    open: set[Any] = field(factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Close all connections, as a server does with idle ones."""
        while self.open:
            for connection in list(self.open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            time.sleep(0.002)


def _read_request(stream: Any) -> tuple[str, bytes] | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    text = head.decode("latin-1")
    length = 0
    for row in text.split("\r\n"):
        name, _, value = row.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return text, stream.read(length)


@contextmanager
def serving(
    reply: Callable[[int], Answer],
    *,
    tls: ssl.SSLContext | None = None,
    proxy: bool = False,
    remember: bool = True,
) -> Iterator[Serving]:
    """Answer the n-th request (from 0) with `reply(n)`; None closes the connection instead.

    Without `remember`, n is always 0. With `proxy`, a request for a tunnel is answered with 200
    first, and TLS begins in it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    state = Serving(listener.getsockname()[1])
    lock = threading.Lock()

    def converse(connection: Any) -> None:
        secured = connection
        try:
            if proxy and tls is not None:
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    more = connection.recv(1)
                    if not more:
                        return
                    asked += more
                state.heads.append(asked.decode())
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if tls is not None:
                state.open.discard(connection)
                secured = tls.wrap_socket(connection, server_side=True)
                state.open.add(secured)
            stream = secured.makefile("rb")
            while (request := _read_request(stream)) is not None:
                with lock:
                    number = len(state.bodies)
                    state.heads.append(request[0])
                    if remember:
                        state.bodies.append(json.loads(request[1] or b"{}"))
                said = reply(number)
                if said is None:
                    return
                secured.sendall(said)
        except OSError:
            return
        finally:
            secured.close()
            connection.close()
            state.open -= {connection, secured}

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            state.opened += 1
            state.open.add(connection)
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        state.drop()


def make_certificate(folder: Path, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """TLS for a server at `host`, and the file with the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leyden tests")])
    now = datetime.datetime.now(datetime.UTC)
    try:
        names: list[Any] = [x509.IPAddress(ipaddress.ip_address(host))]
    except ValueError:
        names = [x509.DNSName(host)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, keys = folder / "bundle.pem", folder / "keys.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    keys.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, keys)
    return context, bundle
