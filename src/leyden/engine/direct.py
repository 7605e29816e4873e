"""A short way into moto for DynamoDB's requests.

A third of the time that moto's server takes for a request goes into Flask, and into finding out
which of some two hundred services it is for. Requests that name DynamoDB themselves go straight to
the class that answers them. On the way, results that moto computes for each request are cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, wraps
from io import BytesIO
from typing import Any, Final

from leyden.engine.corrections import WSGI, Environ

_TARGET: Final = "DynamoDB_20120810."
_SIGNED: Final = "/dynamodb/aws4_request"
_JSON: Final = "application/x-amz-json-1.0"


@lru_cache(maxsize=1)
def keep_what_moto_works_out() -> None:
    """Cache what moto looks up for each request: method names and the names of members."""
    from moto.core import responses
    from moto.core.serialize import JSONSerializer

    of_moto: Any = responses
    of_moto.method_names_from_class = lru_cache(maxsize=None)(of_moto.method_names_from_class)
    serializer: Any = JSONSerializer
    serialize = serializer._serialize_type_structure

    @wraps(serialize)
    def serialized(self: Any, into: Any, value: Any, shape: Any, key: str) -> None:
        members = shape.members
        if type(value) is not dict or not value.keys() <= members.keys():
            serialize(self, into, value, shape, key)
            return
        # moto looks for each member under all names that a Python object may have for it. A dict
        # with DynamoDB's own names needs only those.
        whole = self.MAP_TYPE() if key else into
        for name, member in members.items():
            found = value.get(name)
            if type(found) is str and member.type_name == "string" and not member.serialization:
                whole[name] = found
            elif found is not None:
                member.parent = shape
                self._serialize(whole, found, member, name)
        if key:
            self._default_serialize(into, whole, shape, key)

    serializer._serialize_type_structure = serialized


class Direct:
    """Wraps moto's application and answers DynamoDB's requests without its router.

    Requests of browsers, unsigned requests, and those for streams and other services go to moto.
    """

    def __init__(self, app: WSGI) -> None:
        from moto.dynamodb.responses import DynamoHandler
        from moto.moto_server.werkzeug_app import BackendRequest

        self._app = app
        self._handler: Any = DynamoHandler
        self._request: Any = BackendRequest

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request whose body has been read."""
        if (
            environ.get("REQUEST_METHOD") != "POST"
            or environ.get("PATH_INFO") != "/"
            or not environ.get("HTTP_X_AMZ_TARGET", "").startswith(_TARGET)
            or _SIGNED not in environ.get("HTTP_AUTHORIZATION", "")
            # A browser needs the headers that allow it to read the answer.
            or "HTTP_ORIGIN" in environ
            or type(environ["wsgi.input"]) is not BytesIO
        ):
            return self._app(environ, start_response)
        from werkzeug.exceptions import HTTPException
        from werkzeug.http import HTTP_STATUS_CODES

        request = self._request(environ)
        try:
            status, headers, body = self._handler.dispatch(
                request, request.raw_url, dict(request.headers)
            )
        except HTTPException as refused:
            return refused.get_response(environ)(environ, start_response)
        content = body.encode() if isinstance(body, str) else body
        said = {name.lower(): (name, str(value)) for name, value in headers.items()}
        said.setdefault("content-type", ("Content-Type", _JSON))
        said["content-length"] = ("Content-Length", str(len(content)))
        start_response(f"{status} {HTTP_STATUS_CODES.get(int(status), '')}", [*said.values()])
        return [content]
