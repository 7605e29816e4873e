"""Translates the errors of botocore and PynamoDB to those of `leyden.errors`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import botocore
import botocore.exceptions as aws
from botocore.model import OperationNotFoundError
from botocore.parsers import ResponseParserError

from leyden._ledger import CANCELED, IN_PROGRESS, WRITING_APIS, may_have_written
from leyden._steps import ITEM_LIMIT
from leyden.drivers.base import BOTOCORE_NEEDED, THROTTLING, UNSURE, table_of
from leyden.drivers.connection import shown_place
from leyden.drivers.lean.answers import ForeignAnswerError
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ConnectionFailedError,
    CredentialsError,
    IndexNotReadyError,
    InvalidOptionError,
    ItemTooLargeError,
    LeydenError,
    TableNotFoundError,
    ThrottledError,
    UnsupportedError,
)
from leyden.program import Request

UNSENDABLE: Final = (
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    aws.ParamValidationError,
)
"""What botocore raises when it writes a request whose parameters have the wrong shape."""

FAILURES: Final = (
    aws.BotoCoreError,
    aws.ClientError,
    ForeignAnswerError,
    OperationNotFoundError,
    ResponseParserError,
    *UNSENDABLE,
)
"""What sending a request can raise and `translate` understands."""

REJECTED_CREDENTIALS: Final = {
    "ExpiredToken": "the credentials have expired",
    "ExpiredTokenException": "the credentials have expired",
    "IncompleteSignature": "the request's signature is not complete",
    "IncompleteSignatureException": "the request's signature is not complete",
    "InvalidAccessKeyId": "the access key id is not known",
    "InvalidClientTokenId": "the access key id or the session token is not valid",
    "InvalidSignatureException": (
        "the signature does not match: the secret access key is wrong, or this machine's clock is"
    ),
    "MissingAuthenticationToken": "the request carries no credentials",
    "MissingAuthenticationTokenException": "the request carries no credentials",
    "RequestExpired": "the request is too old: check this machine's clock",
    "SignatureDoesNotMatch": (
        "the signature does not match: the secret access key is wrong, or this machine's clock is"
    ),
    "UnrecognizedClientException": "the access key id or the session token is not valid",
}

_HOW_TO_CREDENTIALS: Final = (
    "pass credentials=, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with "
    "profile= or AWS_PROFILE; an emulator takes any, and `leyden local` runs one"
)

_BROKEN_OFF: Final = (
    aws.ReadTimeoutError,
    aws.ConnectionClosedError,
    aws.HTTPClientError,
    ForeignAnswerError,
    ResponseParserError,
)
"""Errors that may come after the request has reached the service."""

_ON_THIS_MACHINE: Final = ("http://127.0.0.1", "http://localhost")

_UNREACHABLE: Final = "{place} cannot be reached ({name}); "

_UNANSWERED: Final[Sequence[tuple[tuple[type[Exception], ...], type[AwsError], str]]] = (
    (
        (aws.NoRegionError,),
        AwsError,
        "no AWS region is set: pass region=, set AWS_REGION, or give the profile a region; without "
        "AWS, `leyden local` runs DynamoDB on this machine and prints the variables to set",
    ),
    (
        (aws.ProfileNotFound,),
        CredentialsError,
        'the AWS profile "{profile}" does not exist in the AWS configuration: check profile=, '
        "AWS_PROFILE and the file ~/.aws/config",
    ),
    (
        (aws.PartialCredentialsError,),
        CredentialsError,
        f"the AWS credentials are incomplete; {_HOW_TO_CREDENTIALS}",
    ),
    (
        (aws.NoCredentialsError, aws.CredentialRetrievalError),
        CredentialsError,
        f"no AWS credentials were found; {_HOW_TO_CREDENTIALS}",
    ),
    (
        (aws.TokenRetrievalError, aws.SSOError),
        CredentialsError,
        "the AWS sign-in has ended or cannot be used; sign in again (aws sso login)",
    ),
    ((aws.ReadTimeoutError,), ConnectionFailedError, "no answer from {place} in time"),
    (
        (aws.SSLError,),
        ConnectionFailedError,
        f"{_UNREACHABLE}no connection with TLS that can be trusted: check endpoint_url=, and name "
        "the certificates of a private authority or of a proxy on the way in AWS_CA_BUNDLE",
    ),
    (
        (aws.ProxyConnectionError,),
        ConnectionFailedError,
        f"{_UNREACHABLE}check HTTP_PROXY, HTTPS_PROXY and NO_PROXY, and that the proxy runs",
    ),
    (
        (aws.ConnectionError, aws.HTTPClientError),
        ConnectionFailedError,
        f"{_UNREACHABLE}check endpoint_url=, region= and the network, and that the server runs",
    ),
    (
        (ForeignAnswerError,),
        AwsError,
        "the answer of {place} is not DynamoDB's: {why}; check endpoint_url=",
    ),
    (
        (ResponseParserError,),
        AwsError,
        "the answer of {place} is not DynamoDB's; check endpoint_url=",
    ),
    ((Exception,), AwsError, "{api} could not be sent to {place} ({name})"),
)
"""The meaning of errors without an answer: botocore's classes, ours, and the message. The first
that matches counts."""


def failure_of(
    error: Exception, request: Request, place: str
) -> tuple[LeydenError, Exception] | None:
    """Return the error that the caller of `request` gets for `error`, and its cause.

    Returns None for errors that sending never raises, such as a mistake in a program. `place` says
    where the request went.
    """
    if not isinstance(error, FAILURES):
        return None
    return translate(error, request, place), original(error, request)


def translate(error: Exception, request: Request, place: str) -> LeydenError:
    """Return the error that the caller of `request` gets for `error`.

    `place` says where the request went (`http://127.0.0.1:8000`, `region eu-west-1`). Raise the
    result `from original(error, request)`.
    """
    raw = _original(error)
    if isinstance(raw, aws.ClientError):
        return _Answer(raw, request).translate()
    return _unanswered(raw, request, place)


def original(error: Exception, request: Request) -> Exception:
    """Return the error to use as the cause: botocore's own, with all values taken out of its text.

    The text matters because whoever logs an error logs its cause as well.
    """
    raw = _original(error)
    if isinstance(raw, (aws.ClientError, *UNSENDABLE)):
        answered = getattr(raw, "response", None)
        said = str(raw)
        kept = without_values(said, request.params, answered or {})
        if kept != said:
            raw.args = (kept,)
    return raw


def _original(error: Exception) -> Exception:
    """Return botocore's own error behind PynamoDB's, which leaves out half of the answer."""
    cause = error.__cause__
    return cause if isinstance(cause, aws.ClientError) else error


class _Answer:
    """An error answer of the service."""

    def __init__(self, error: aws.ClientError, request: Request) -> None:
        self.response = cast(Mapping[str, Any], error.response)
        self.request = request
        self.table = table_of(request.params) or "the table"
        self.index = request.params.get("IndexName")
        details = self.response.get("Error", {})
        self.code = str(details.get("Code") or "Unknown")
        self.said = str(details.get("Message") or self.response.get("message") or "")

    def translate(self) -> LeydenError:
        code, said = self.code, self.said.lower()
        if code == "ConditionalCheckFailedException":
            unsure = may_have_written(self.response)
            what = (
                "an earlier attempt of the request got no answer, and may have made the change"
                if unsure
                else "nothing was changed"
            )
            return ConditionFailedError(
                f"the condition did not hold for an item of {self.table}; {what}{self.trail}",
                unsure=unsure,
                item=self.response.get("Item") or None,
                request=self.request,
                **self.on_behalf,
            )
        if code == "ResourceNotFoundException" or "not have the specified index" in said:
            return self.missing()
        if code in REJECTED_CREDENTIALS:
            # AWS's text for these may quote the signed request, so it is not shown.
            return self.aws_error(
                CredentialsError,
                f"AWS rejected the credentials: {REJECTED_CREDENTIALS[code]}; "
                f"{_HOW_TO_CREDENTIALS}",
            )
        if code in {"AccessDenied", "AccessDeniedException"}:
            where = ""
            if self.request.api == "SearchVectors":
                # Policies for Query often have that condition, but it denies every search.
                where = ", on the index's ARN and without a condition on dynamodb:LeadingKeys"
            return self.aws_error(
                AwsError,
                f"the credentials may not call {self.request.api} on {self.where}: "
                f"{self.quoted}; allow dynamodb:{self.request.api} in their policy{where}",
            )
        if code in THROTTLING:
            return self.aws_error(
                ThrottledError,
                f"{self.where} was throttled; retries are used up ({code}): "
                f"{self.quoted}; send less at a time, or raise the table's capacity",
            )
        if code == "ValidationException" and "item size" in said and "exceeded" in said:
            # AWS does not say how large the item would be; this is the smallest possible size.
            return ItemTooLargeError(
                f"an item of {self.table} would pass DynamoDB's limit of {ITEM_LIMIT:,} "
                f"bytes; nothing was changed{self.trail}",
                size=ITEM_LIMIT + 1,
                limit=ITEM_LIMIT,
                **self.on_behalf,
            )
        if code == "ValidationException" and "document path" in said:
            return self.aws_error(
                AwsError,
                f"{self.request.api} on {self.where} changes a part of an attribute, but the item "
                f"does not have it as a map or list: {self.quoted}; set the whole attribute first",
            )
        if self.request.api == "SearchVectors" and "backfilling" in said:
            return IndexNotReadyError(
                f"{self.where} is still backfilling and cannot be searched yet; "
                f"app.add_vector_indexes() waits until it is ready{self.trail}",
                **self.on_behalf,
            )
        if code in {"UnknownOperationException", "UnknownOperation"}:
            return self.aws_error(
                UnsupportedError,
                f"the endpoint does not know {self.request.api}: the engine, or a proxy before it, "
                "does not have that operation or is too old for it; check endpoint_url=",
            )
        if code == "ItemCollectionSizeLimitExceededException":
            return self.aws_error(
                AwsError,
                f"the items of one partition key of {self.where} pass 10 GB, which a table "
                f"with local secondary indexes does not allow: {self.quoted}",
            )
        return self.aws_error(
            AwsError, f"{self.request.api} on {self.where} failed with {code}: {self.quoted}"
        )

    def missing(self) -> TableNotFoundError:
        what, how = f'the table "{self.table}"', "create it with app.create_table()"
        if self.index:
            what += f' or its index "{self.index}"'
            how = "app.create_table() creates the table, and app.add_indexes() adds an index"
        return TableNotFoundError(
            f"{what} does not exist there; {how}, or check table=, region= and "
            f"endpoint_url={self.trail}",
            **self.on_behalf,
        )

    def aws_error(self, kind: type[AwsError], message: str) -> AwsError:
        unsure = self.request.api in WRITING_APIS and self.may_have_written
        return kind(
            message + (UNSURE if unsure else "") + self.trail,
            unsure=unsure,
            aws_code=self.code,
            request=self.request,
            response=self.response,
            **self.on_behalf,
        )

    @property
    def may_have_written(self) -> bool:
        """Whether the request may have written nevertheless, in an attempt before the last.

        A transaction in progress may still happen. A canceled transaction has not happened before,
        or else DynamoDB would have recognized its token.
        """
        if self.code == IN_PROGRESS:
            return True
        if self.code == CANCELED and "ClientRequestToken" in self.request.params:
            return False
        return may_have_written(self.response)

    @property
    def quoted(self) -> str:
        return without_values(self.said, self.request.params, self.response) or "AWS gave no reason"

    @property
    def where(self) -> str:
        return f"{self.table} (index {self.index})" if self.index else self.table

    @property
    def trail(self) -> str:
        request_id = self.response.get("ResponseMetadata", {}).get("RequestId")
        return f" [request {request_id}]" if request_id else ""

    @property
    def on_behalf(self) -> dict[str, Any]:
        return {"operation": self.request.operation or None, "entity": self.request.entity}


def _unanswered(error: Exception, request: Request, place: str) -> LeydenError:
    """Return the error for a request that was not sent or got no answer."""
    name, on_behalf = type(error).__name__, request.operation or None
    if isinstance(error, UNSENDABLE):
        return InvalidOptionError(
            f"{request.api} cannot be written with these parameters ({name}); "
            "check what params= adds to the request",
            operation=on_behalf,
            entity=request.entity,
        )
    if isinstance(error, OperationNotFoundError):
        needed = BOTOCORE_NEEDED.get(request.api)
        return UnsupportedError(
            f"botocore {botocore.__version__}, which is installed here, does not know "
            f"{request.api}; "
            + (
                f'{request.api} needs version {needed}: pip install "botocore>={needed}"'
                if needed
                else "check the name, or install a newer one"
            ),
            request=request,
            operation=on_behalf,
            entity=request.entity,
        )
    kind, words = next(
        (kind, words) for causes, kind, words in _UNANSWERED if isinstance(error, causes)
    )
    unsure = request.api in WRITING_APIS and isinstance(error, _BROKEN_OFF)
    # Searches, and requests of an account, go to a host of their own.
    called = getattr(error, "kwargs", {}).get("endpoint_url")
    place = shown_place(called, None) if called else place
    asked = getattr(error, "kwargs", {}).get("profile")
    said = words.format(api=request.api, place=place, name=name, why=error, profile=asked)
    if isinstance(error, aws.EndpointConnectionError) and place.startswith(_ON_THIS_MACHINE):
        said += "; `leyden local` starts one here"
    return kind(
        said + (UNSURE if unsure else ""),
        unsure=unsure,
        request=request,
        operation=on_behalf,
        entity=request.entity,
    )


WITHHELD: Final = "(value withheld)"

_QUOTING: Final = (
    re.compile(r"(?<=\bValue )'.*'(?= at ')", re.DOTALL),
    re.compile(r"(?<=\bnumeric value: ).*", re.DOTALL),
    re.compile(r"(?<=\bInput collection )\[.*\]", re.DOTALL),
    # botocore's own message about parameters that it cannot write.
    re.compile(r"(?<=, value: ).*?(?=, (?:type|valid types|valid m\w+ \w+): )", re.DOTALL),
)
_LONG_ENOUGH: Final = 4


def without_values(message: str, *sources: Mapping[str, Any]) -> str:
    """Return `message` without the values of the items and keys in `sources`.

    `sources` are a request's parameters and the response to it. When in doubt, more is taken out
    rather than less: a short value wherever it is a word of its own, a longer one also inside
    words.
    """
    for quoting in _QUOTING:
        message = quoting.sub(WITHHELD, message)
    present = {value for value in _values(sources) if value and value in message}
    if not present:
        return message
    # One pass over the text, so that the replacement itself is never searched.
    wanted = "|".join(
        re.escape(value) if len(value) >= _LONG_ENOUGH else rf"(?<!\w){re.escape(value)}(?!\w)"
        for value in sorted(present, key=len, reverse=True)
    )
    return re.sub(rf"{re.escape(WITHHELD)}|{wanted}", WITHHELD, message)


def _values(sources: Sequence[Any]) -> Iterator[str]:
    """Yield every string and number in the AttributeValues of a request, at any depth."""
    waiting: list[Any] = list(sources)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            for name, inner in node.items():
                if name in {"S", "N"} and isinstance(inner, str):
                    yield inner
                elif name in {"SS", "NS"} and isinstance(inner, list | tuple | set | frozenset):
                    yield from (value for value in inner if isinstance(value, str))
                else:
                    waiting.append(inner)
        elif isinstance(node, list | tuple):
            waiting.extend(node)
