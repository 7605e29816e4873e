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
from leyden.engine.items import carry_values
from leyden.engine.journal import Journal, Progress
from leyden.engine.searches import Searches
from leyden.engine.table_settings import learn_settings
from leyden.engine.vector_tables import BACKFILL_SECONDS, learn_vectors
from leyden.errors import EngineError

HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"

_CLOSING_SECONDS: Final = 5.0

# moto keeps one set of tables for each AWS account in the process. Every engine is an
# account of its own, twelve digits long as accounts are.
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
    """Start an engine in this process, on `port` of 127.0.0.1; 0 picks a free one.

    It speaks plain HTTP and takes any credentials and any region, so clients of other
    languages reach it too. Each engine has its own tables, gone when it is closed; within
    an engine each region has its own, unless `one_region` gives all of them the same. It needs the
    extra `leyden[local]`.

    `data` names a file that keeps the tables and their items between runs: what was written is in
    the file before its answer is sent. `progress` is told, while the file is read, how many bytes
    of how many are. With a file, all regions are one.

    It keeps what Leyden says of transactions: one under a token is written once within ten
    minutes, and `transact_get` takes 100 items. Values of different types have no order and are
    never the same, as in DynamoDB; this holds for moto in the whole process.

    It has vector indexes, which moto does not know: `SearchVectors` compares with all vectors of a
    partition, so it finds what is nearest without exception. With NumPy, of the extra
    `leyden[vectors]`, a search is fast; without it, it is right all the same. An index that is
    added to a table allocates, and then backfills, for `vector_index_seconds`.

    moto keeps its tables in this process: entering or leaving moto's own `mock_aws` empties
    the engines as well, and `MOTO_ACCOUNT_ID` in the environment makes them share tables.

    Raises EngineError when moto is not installed, the port is taken, or the file is one of
    something else or of another running engine.

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
            """Say nothing: werkzeug would set up its logger for a line each request."""

    try:
        opened = socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        raise EngineError(
            f"cannot listen on port {port} of {HOST}, which may be in use; port 0 picks a free one"
        ) from error
    with _accounts_lock:
        compare_within_types()
        # Values are carried past what is made of structures, so that comes first.
        keep_what_moto_works_out()
        carry_values()
        learn_vectors()
        learn_settings()
        account = next(_accounts)
        BACKFILL_SECONDS[account] = vector_index_seconds
    moto = Direct(DomainDispatcherApplication(create_backend_app))
    journal = None if data is None else Journal(moto, account, Path(data))
    app = _OwnAccount(journal or moto, account, REGION if one_region or journal else None)
    if journal is not None:
        # Indexes that one request after another adds are ready at once, as they were in the end.
        BACKFILL_SECONDS[account] = (0.0, 0.0)
        try:
            journal.open(progress)
        except BaseException:
            opened.close()
            _forget(account)
            raise
        BACKFILL_SECONDS[account] = vector_index_seconds
    # werkzeug exits the process when it cannot open a port itself, so it is given an open one.
    with opened:
        server = make_server(
            HOST, 0, app, threaded=True, request_handler=Handler, fd=opened.fileno()
        )
    return LocalEngine(server, account, journal)


class LocalEngine:
    """A running engine. `endpoint_url`, `region` and `credentials` are what a client needs.

    `access` is what services on this engine share: botocore's client, made at first use.
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
        """Stop the engine and drop its tables. Closing twice does no harm."""
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
    """Puts every request into one account, whatever credentials signed it, one at a time.

    Where it is given a region, every request is for that one. moto checks a condition and writes in
    two steps; DynamoDB does both as one.
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
            # Read outside the lock, so that a client that stalls delays no other.
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(length)))
        with self._one_at_a_time:
            try:
                return self._app(environ, start_response)
            finally:
                # moto keeps every item that it ever made, for the pages on which it shows its
                # state: let go of those that are stored no more.
                from moto.core.model_instances import model_data

                models: Any = model_data["dynamodb"].values()
                for model in models:
                    model.instances_tracked.clear()
