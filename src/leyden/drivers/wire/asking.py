"""Asking botocore how it would write a request, without having it sent.

The endpoint with all of its rules (regions, account ids, FIPS, dual stack, configured addresses),
the user agent and the scope of the signature are botocore's own business: it writes one request
of each kind, which is caught just before it would leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import NoCredentialsError

_MARK: Final = "x-leyden-asked"
_caught: Final[ContextVar[list[Any] | None]] = ContextVar("leyden_caught", default=None)


def let_ask(client: Any) -> None:
    """Prepare a client for `ask`; its other requests are sent as ever."""
    client.meta.events.register_last("before-send", _catch, unique_id="leyden-asking")


def ask(client: Any, api: str, params: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The address and the headers of the request that `client` would send.

    None where the client does not send at all, because something else answers for the service,
    as in tests with stand-ins. Raises botocore's own errors; NoCredentialsError where it would
    not sign.
    """
    caught: list[Any] = []
    token = _caught.set(caught)
    try:
        response = client._make_api_call(api, dict(params))
    finally:
        _caught.reset(token)
    if not caught or _MARK not in response.get("ResponseMetadata", {}).get("HTTPHeaders", {}):
        return None
    request = caught[0]
    headers = {name: _text(value) for name, value in request.headers.items()}
    if "Authorization" not in headers:
        raise NoCredentialsError
    return str(request.url), headers


def is_asking() -> bool:
    """Whether the answer that a client reads just now, in this thread, is one of `ask`'s."""
    return _caught.get() is not None


def stand_in(url: str) -> Any:
    """A request for handlers that want to see one before it is sent."""
    return AWSRequest(method="POST", url=url, headers={}).prepare()


class _Nothing:
    """The body of the answer that an asked client gets."""

    def stream(self) -> Iterator[bytes]:
        return iter((b"{}",))


def _catch(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
    caught = _caught.get()
    if caught is None:
        return None
    target = _text(request.headers.get("X-Amz-Target", ""))
    # Not what botocore may send on the way, such as a question for the endpoint.
    if not event_name.endswith(f".{target.rpartition('.')[2]}"):
        return None
    if target.endswith(".DescribeEndpoints"):
        return None
    caught.append(request)
    headers = {"content-length": "2", "content-type": "application/x-amz-json-1.0", _MARK: "1"}
    return AWSResponse(request.url, 200, headers, _Nothing())


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
