"""An engine inside this process: moto's server on a thread."""

from __future__ import annotations

import atexit
import itertools
import os
import socket
import threading
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from leyden.drivers.connection import Access, Credentials
from leyden.engine.corrections import WSGI, Environ, Transactions, compare_within_types, sign_for
from leyden.engine.direct import Direct, keep_what_moto_works_out
from leyden.engine.items import carry_values, take_texts_as_they_are
from leyden.engine.journal import Journal, Progress
from leyden.engine.searches import Searches
from leyden.engine.table_settings import learn_settings
from leyden.engine.vector_tables import BACKFILL_SECONDS, learn_vectors
from leyden.errors import EngineError

HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"

_CLOSING_SECONDS: Final = 5.0

# moto keeps one set of tables for each AWS account in the process, so every engine is an account
# of its own. Account ids have twelve digits.
_accounts = (f"{number:012}" for number in itertools.count(900_000_000_001))
_accounts_lock = threading.Lock()


def local(
    port: int = 0,
    *,
    data: str | os.PathLike[str] | None = None,
    one_region: bool = False,
    vector_index_seconds: tuple[float, float] = (0.1, 0.2),
    progress: Progress | None = None,
) -> LocalEngine:
    """Start an engine in this process, on `port` of 127.0.0.1; 0 picks a free port.

    It speaks plain HTTP and accepts any credentials and any region, so clients in other languages
    can use it as well. Each engine has its own tables, which are gone when it is closed. Within an
    engine, each region has its own tables unless `one_region` makes all regions share them. It
    needs the extra `leyden[local]`.

    `data` names a file that keeps the tables and their items between runs. Every write is in the
    file before its answer is sent. While the file is read, `progress` is called with the number of
    bytes read and the total. With a file, all regions share the tables.

    The engine keeps Leyden's promises about transactions: a transaction with a token is written
    only once within ten minutes, and `transact_get` takes 100 items. As in DynamoDB, values of
    different types have no order and are never equal; this applies to moto in the whole process.

    It has vector indexes, which moto does not. `SearchVectors` compares all vectors of a partition,
    so its results are exact. It is fast with NumPy, of the extra `leyden[vectors]`, and slower
    without. An index that is added to a table first allocates and then backfills, each for the
    seconds in `vector_index_seconds`.

    moto keeps its tables in this process: entering or leaving moto's own `mock_aws` also empties
    the engines, and `MOTO_ACCOUNT_ID` in the environment makes them share tables.

    Raises EngineError if moto is not installed, the port is taken, or the file is not an engine's
    or another running engine uses it.

    ::

        with leyden.engine.local() as engine:
            app = leyden.load("schemas/taskapp", endpoint_url=engine.endpoint_url,
                              region=engine.region, credentials=engine.credentials)
    """
    try:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server
    except ImportError as error:
        raise EngineError(
            'the embedded engine needs moto\'s server: pip install "leyden[local]"'
        ) from error

    class Handler(MotoRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Log nothing; otherwise werkzeug would set up its logger to log each request."""

    try:
        opened = socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        raise EngineError(
            f"cannot listen on port {port} of {HOST}, which may be in use; port 0 picks a free port"
        ) from error
    with _accounts_lock:
        compare_within_types()
        # `carry_values` wraps what this sets up, so this comes first.
        keep_what_moto_works_out()
        carry_values()
        take_texts_as_they_are()
        learn_vectors()
        learn_settings()
        account = next(_accounts)
        BACKFILL_SECONDS[account] = vector_index_seconds
    moto = Direct(DomainDispatcherApplication(create_backend_app))
    journal = None if data is None else Journal(moto, account, Path(data))
    app = _OwnAccount(journal or moto, account, REGION if one_region or journal else None)
    if journal is not None:
        # While the file is read, each added index is ready at once, as it was in the end.
        BACKFILL_SECONDS[account] = (0.0, 0.0)
        try:
            journal.open(progress)
        except BaseException:
            opened.close()
            _forget(account)
            raise
        BACKFILL_SECONDS[account] = vector_index_seconds
    # If werkzeug cannot open a port, it exits the process, so it gets an open socket.
    with opened:
        server = make_server(
            HOST, 0, app, threaded=True, request_handler=Handler, fd=opened.fileno()
        )
    return LocalEngine(server, account, journal)


class LocalEngine:
    """A running engine; clients need its `endpoint_url`, `region` and `credentials`.

    Services on this engine share `access`, with a botocore client that is made when first used.
    """

    region: str = REGION

    def __init__(self, server: Any, account: str, journal: Journal | None = None) -> None:
        self._server = server
        self._account = account
        self._journal = journal
        self._closing = threading.Lock()
        self.endpoint_url = f"http://{HOST}:{server.port}"
        self.credentials = Credentials("local", "local")
        self.access = Access(
            region=REGION, endpoint_url=self.endpoint_url, credentials=self.credentials
        )
        self._thread = threading.Thread(
            target=server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="leyden-engine",
            daemon=True,
        )
        self._thread.start()
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"LocalEngine({self.endpoint_url})"

    def close(self) -> None:
        """Stop the engine and drop its tables. Closing it twice does no harm."""
        with self._closing:
            if self._server is None:
                return
            server, self._server = self._server, None
        atexit.unregister(self.close)
        server.shutdown()
        self._thread.join(_CLOSING_SECONDS)
        server.server_close()
        self.access.forget_client()
        if self._journal is not None:
            self._journal.close()
        _forget(self._account)

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _forget(account: str) -> None:
    """Drop the tables of an account."""
    from moto.backends import get_backend

    BACKFILL_SECONDS.pop(account, None)
    backends = get_backend("dynamodb")
    if account in backends:
        backends[account].reset()
        del backends[account]


class _OwnAccount:
    """Runs every request in the engine's own account, whatever credentials signed it, one by one.

    If it has a region, every request is for that region. Requests run one by one because moto
    checks a condition and writes in two steps, while DynamoDB does both at once.
    """

    def __init__(self, app: WSGI, account: str, region: str | None = None) -> None:
        self._app = Searches(Transactions(app), account)
        self._account = account
        self._region = region
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account
        if self._region is not None:
            sign_for(environ, self._region)
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdecimal():
            # Read outside the lock, so that a stalled client delays nobody else.
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(length)))
        with self._one_at_a_time:
            try:
                return self._app(environ, start_response)
            finally:
                # moto keeps every item that it has ever made, for its pages about its state. Drop
                # the ones that are no longer stored.
                from moto.core.model_instances import model_data

                models: Any = model_data["dynamodb"].values()
                for model in models:
                    model.instances_tracked.clear()
