"""A file that keeps an engine's tables between runs: the requests that made them, one per line.

A write is in the file before its answer is sent, so no answered write is lost, whatever kills the
process. When the disk is full, the engine answers nothing until the file has everything it holds:
otherwise a client that repeats the write, or reads, would believe that it was kept. Opening a file
sends its requests again. Once the file is much longer than its contents need, it is rewritten as a
CreateTable for each table, and its items in batches.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from leyden.engine.corrections import WSGI, Environ
from leyden.errors import EngineError

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the number of bytes of a file that are read, and with its size."""

_VERSION: Final = 1
_KEPT: Final = frozenset(
    (
        *("CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive"),
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
        *("TagResource", "UntagResource", "UpdateContinuousBackups"),
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
    )
)
"""Requests that change a table, and have the same effect when repeated in the same order."""
_OF_OTHERS: Final = frozenset(
    ("RestoreTableFromBackup", "RestoreTableToPointInTime", "ImportTable")
)
"""Requests that read data outside the file, after which the file is rewritten."""

_BATCH: Final = 25
_LEAST_LINES: Final = 1_000
_LEAST_BYTES: Final = 64 << 20
_LONGER: Final = 4
"""How many times longer than necessary a file may get before it is rewritten."""

_ERROR: Final = "com.amazonaws.dynamodb.v20120810#InternalServerError"


class Journal:
    """Wraps moto's application, for one request at a time, and records the writes."""

    def __init__(self, app: WSGI, account: str, file: Path) -> None:
        self._app = app
        self._account = account
        self._file = file
        self._out: BinaryIO | None = None
        self._size = self._lines = self._held_lines = self._held_size = 0
        self._behind = False
        self._using = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request whose body has been read."""
        with self._using:
            return self._answer(environ, start_response)

    def _answer(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        api = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        body = environ["wsgi.input"]
        try:
            if self._out is None:
                # A client is still connected while the engine closes.
                raise OSError(errno.EPIPE, "the engine is closed")
            if self._behind:
                self._write_anew()
            if api not in _KEPT | _OF_OTHERS or type(body) is not BytesIO:
                return self._app(environ, start_response)
            sent = body.getvalue()
            status, headers, content = _answered(self._app, environ)
            if status.startswith("200"):
                self._behind = True
                self._keep(api, sent)
                self._behind = False
        except OSError as error:
            status, headers, content = _failed(self._file, error)
        start_response(status, headers)
        return [content]

    def open(self, progress: Progress | None = None) -> None:
        """Read the file, or begin a new one. Raises EngineError if the file is not an engine's."""
        try:
            out = self._file.open("ab+")
        except OSError as error:
            raise EngineError(f"cannot open {self._file}: {error.strerror}") from error
        try:
            _lock(out, self._file)
            out.seek(0)
            self._read(out, progress)
            self._out = out
            if self._size == 0:
                self._write_anew()
            elif self._lines > max(_LEAST_LINES, _LONGER * self._held_lines):
                self._shorten()
        except OSError as error:
            self.close()
            out.close()
            raise EngineError(f"cannot write {self._file}: {error.strerror}") from error
        except BaseException:
            out.close()
            raise

    def close(self) -> None:
        """Close the file, which is complete at any time."""
        with self._using:
            out, self._out = self._out, None
            if out is not None:
                with suppress(OSError):
                    os.fsync(out.fileno())
                out.close()

    def _keep(self, api: str, sent: bytes) -> None:
        if api in _OF_OTHERS:
            self._write_anew()
            return
        assert self._out is not None
        line = _line(api, sent)
        try:
            _append(self._out, line)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._out.fileno(), self._size)
            raise
        self._size += len(line)
        self._lines += 1
        if self._size > max(_LEAST_BYTES, _LONGER * self._held_size):
            self._shorten()

    def _shorten(self) -> None:
        """Rewrite the file if there is room for that; if not, it still has all it needs."""
        with suppress(OSError):
            self._write_anew()

    def _read(self, out: BinaryIO, progress: Progress | None) -> None:
        total = os.fstat(out.fileno()).st_size
        if total == 0:
            return
        self._held_lines = _head(self._file, out.readline(1 << 10))
        self._size = out.tell()
        for number, line in enumerate(out, 2):
            if not line.endswith(b"\n"):
                # The process was killed while it wrote this line, before it answered.
                break
            self._again(number, line)
            self._size += len(line)
            self._lines += 1
            if progress is not None:
                progress(self._size, total)
        out.truncate(self._size)
        out.seek(0, os.SEEK_END)
        self._held_size = self._size

    def _again(self, number: int, line: bytes) -> None:
        try:
            entry = json.loads(line)
            api, params = entry["do"], entry["with"]
            known = api in _KEPT
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"{self._file}:{number}: this line is not a request") from error
        if not known:
            raise EngineError(
                f'{self._file}:{number}: "{api}" is not a request that changes tables'
            )
        status, _, content = self._ask(api, params)
        if not status.startswith("200"):
            said = json.loads(content or b"{}")
            reason = said.get("message") or said.get("Message") or said.get("__type") or status
            raise EngineError(
                f"{self._file}:{number}: repeating {api} failed: {reason}; the file was changed, "
                "or another version of the engine wrote it"
            )

    def _write_anew(self) -> None:
        """Replace the file with one that has only what the engine holds."""
        lines = [_line(api, json.dumps(params).encode()) for api, params in self._held()]
        head = {"leyden": "local", "version": _VERSION, "lines": len(lines)}
        # A symbolic link stays a link.
        place = Path(os.path.realpath(self._file))
        beside = place.with_name(place.name + ".new")
        beside.unlink(missing_ok=True)
        out = beside.open("ab")
        try:
            for line in (json.dumps(head).encode() + b"\n", *lines):
                _append(out, line)
            os.fsync(out.fileno())
            _lock(out, beside)
            beside.replace(place)
        except BaseException:
            out.close()
            beside.unlink(missing_ok=True)
            raise
        if self._out is not None:
            self._out.close()
        self._out, self._behind = out, False
        self._size = self._held_size = os.fstat(out.fileno()).st_size
        self._lines = self._held_lines = len(lines)

    def _held(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the requests that create what the engine holds now."""
        for name in self._paged("ListTables", {}, "TableNames", "TableName"):
            described = self._read_back("DescribeTable", {"TableName": name})["Table"]
            arn = {"ResourceArn": described["TableArn"]}
            tags = self._read_back("ListTagsOfResource", arn).get("Tags") or []
            yield "CreateTable", {**_definition(described), **({"Tags": tags} if tags else {})}
            lives = self._read_back("DescribeTimeToLive", {"TableName": name})
            attribute = lives["TimeToLiveDescription"].get("AttributeName")
            if lives["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED":
                spec = {"Enabled": True, "AttributeName": attribute}
                yield "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": spec}
            backups = self._read_back("DescribeContinuousBackups", {"TableName": name})
            recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
                spec = {"PointInTimeRecoveryEnabled": True}
                if recovery.get("RecoveryPeriodInDays"):
                    spec["RecoveryPeriodInDays"] = recovery["RecoveryPeriodInDays"]
                params = {"TableName": name, "PointInTimeRecoverySpecification": spec}
                yield "UpdateContinuousBackups", params
            for replica in described.get("Replicas") or ():
                update = {"Create": {"RegionName": replica["RegionName"]}}
                yield "UpdateTable", {"TableName": name, "ReplicaUpdates": [update]}
            batch: list[dict[str, Any]] = []
            for item in self._paged("Scan", {"TableName": name}, "Items", "Key"):
                batch.append({"PutRequest": {"Item": item}})
                if len(batch) == _BATCH:
                    yield "BatchWriteItem", {"RequestItems": {name: batch}}
                    batch = []
            if batch:
                yield "BatchWriteItem", {"RequestItems": {name: batch}}

    def _paged(self, api: str, params: dict[str, Any], what: str, key: str) -> Iterator[Any]:
        last: Any = None
        while True:
            from_last = {} if last is None else {f"ExclusiveStart{key}": last}
            page = self._read_back(api, {**params, **from_last})
            yield from page.get(what, ())
            last = page.get(f"LastEvaluated{key}")
            if last is None:
                return

    def _read_back(self, api: str, params: dict[str, Any]) -> dict[str, Any]:
        _, _, content = self._ask(api, params)
        answer: dict[str, Any] = json.loads(content)
        return answer

    def _ask(self, api: str, params: Any) -> tuple[str, list[tuple[str, str]], bytes]:
        return _answered(self._app, _environ(api, params, self._account))


def _environ(api: str, params: Any, account: str) -> Environ:
    """Return the WSGI environment of a request that no client sent."""
    from werkzeug.test import EnvironBuilder

    headers: Any = {
        "X-Amz-Target": f"DynamoDB_20120810.{api}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/dynamodb/"
        "aws4_request, SignedHeaders=host, Signature=0",
        "X-Moto-Account-Id": account,
        "Host": "dynamodb.us-east-1.amazonaws.com",
    }
    data = json.dumps(params).encode()
    builder = EnvironBuilder(method="POST", data=data, headers=headers)
    return dict(builder.get_environ())


def _answered(app: WSGI, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    begun: list[Any] = []
    answer = app(environ, lambda status, headers, *_: begun.extend((status, headers)))
    try:
        content = b"".join(answer)
    finally:
        getattr(answer, "close", lambda: None)()
    status, headers = begun[-2:]
    return status, list(headers), content


def _failed(file: Path, error: OSError) -> tuple[str, list[tuple[str, str]], bytes]:
    message = f"{file} cannot be written: {error.strerror}"
    content = json.dumps({"__type": _ERROR, "message": message}).encode()
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("Content-Length", str(len(content))),
    ]
    return "500 Internal Server Error", headers, content


def _append(out: BinaryIO, data: bytes) -> None:
    """Append to a file without its buffer, in which a failed write would stay and come later."""
    left = memoryview(data)
    while left:
        left = left[os.write(out.fileno(), left) :]


def _line(api: str, sent: bytes) -> bytes:
    # Line breaks inside JSON strings are escaped, so all others are white space.
    flat = sent.replace(b"\r", b" ").replace(b"\n", b" ")
    return b'{"do": "%b", "with": %b}\n' % (api.encode(), flat)


def _head(file: Path, line: bytes) -> int:
    """Return how many lines the contents of a file needed when it was last rewritten."""
    try:
        head = json.loads(line)
        if head["leyden"] != "local":
            raise ValueError
        version, lines = int(head["version"]), int(head["lines"])
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            f"{file} is not a file of a local engine and was not changed; name another file"
        ) from error
    if version != _VERSION:
        raise EngineError(
            f"{file} has format {version}, but this version of Leyden reads format {_VERSION}"
        )
    return lines


def _lock(out: BinaryIO, file: Path) -> None:
    """Keep other engines from using a file. Raises EngineError if one already does."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # not on Windows
        return
    try:
        flock(out, LOCK_EX | LOCK_NB)
    except OSError as error:
        raise EngineError(f"another engine uses {file}") from error
    if not os.path.samestat(os.fstat(out.fileno()), os.stat(file)):
        # The engine that uses the file has just rewritten it.
        raise EngineError(f"another engine uses {file}")


_INDEX: Final = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput")
_VECTOR: Final = (
    *("IndexName", "VectorAttribute", "Dimensions", "DistanceFunction", "SearchSchema"),
    "Projection",
)
_TABLE: Final = (
    *("TableName", "AttributeDefinitions", "KeySchema", "ProvisionedThroughput"),
    *("StreamSpecification", "DeletionProtectionEnabled"),
)


def _definition(described: dict[str, Any]) -> dict[str, Any]:
    """Return what CreateTable needs to make a table that DescribeTable described."""
    billing = (described.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    made: dict[str, Any] = {"BillingMode": billing, **_part(described, _TABLE, billing)}
    encryption = described.get("SSEDescription") or {}
    if encryption.get("Status") == "ENABLED":
        key = encryption.get("KMSMasterKeyArn")
        kind = {"Enabled": True, "SSEType": encryption.get("SSEType", "KMS")}
        made["SSESpecification"] = {**kind, **({"KMSMasterKeyId": key} if key else {})}
    if described.get("TableClassSummary"):
        made["TableClass"] = described["TableClassSummary"]["TableClass"]
    for name, keys in (
        ("GlobalSecondaryIndexes", _INDEX),
        ("LocalSecondaryIndexes", _INDEX[:3]),
        ("VectorIndexes", _VECTOR),
    ):
        if described.get(name):
            made[name] = [_part(index, keys, billing) for index in described[name]]
    return made


def _part(described: dict[str, Any], keys: tuple[str, ...], billing: str) -> dict[str, Any]:
    part = {name: described[name] for name in keys if described.get(name) is not None}
    throughput = part.pop("ProvisionedThroughput", None)
    if throughput and billing == "PROVISIONED":
        units = ("ReadCapacityUnits", "WriteCapacityUnits")
        part["ProvisionedThroughput"] = {name: throughput[name] for name in units}
    return part
