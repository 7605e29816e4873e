from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from leyden.drivers import SyncDriver
from leyden.drivers.sync import connection_over
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
from tests.drivers.answering import answering, refusal

pytestmark = pytest.mark.usefixtures("each_transport")

KEYS = {"access_key_id": "AKID", "secret_access_key": "SECRETKEY"}
PRIVATE = "private-value"
PUT = Request(
    "PutItem",
    {"TableName": "books", "Item": {"pk": {"S": PRIVATE}}, "ConditionExpression": "x"},
    "book.create",
    "books",
)
QUERY = Request(
    "Query", {"TableName": "books", "IndexName": "gsi9"}, "book.query.by_author", "books"
)


SEARCH = Request(
    "SearchVectors",
    {
        "TableName": "books",
        "IndexName": "vec1",
        "SearchVector": [{"N": "1"}],
        "TopK": 1,
    },
    "book.search.similar",
    "books",
)


def refused(
    code: str, message: str, request: Request = PUT, status: int = 400, **more: Any
) -> LeydenError:
    """What a caller gets when the service answers with this error."""
    with answering(refusal(code, message, **more), status) as server:
        return failing(request, server.endpoint_url)


def failing(request: Request, endpoint_url: str | None, **options: Any) -> LeydenError:
    options.setdefault("credentials", KEYS)
    with (
        SyncDriver(endpoint_url=endpoint_url, **options) as driver,
        pytest.raises(LeydenError) as caught,
    ):
        driver.send(request)
    assert PRIVATE not in str(caught.value)
    assert "SECRETKEY" not in str(caught.value)
    assert (caught.value.operation, caught.value.entity) == (request.operation, request.entity)
    return caught.value


def test_a_failed_condition_carries_the_stored_item() -> None:
    stored = {"pk": {"S": PRIVATE}, "n": {"N": "1"}}
    error = refused(
        "ConditionalCheckFailedException", "The conditional request failed", Item=stored
    )
    assert isinstance(error, ConditionFailedError)
    assert error.item == stored
    assert error.request is PUT
    assert isinstance(error.__cause__, ClientError)
    assert "REQ-1" in str(error)


def test_a_failed_condition_without_an_item_has_none() -> None:
    error = refused("ConditionalCheckFailedException", "The conditional request failed")
    assert isinstance(error, ConditionFailedError)
    assert error.item is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "Requested resource not found"),
        ("ValidationException", "The table does not have the specified index: gsi9"),
    ],
)
def test_a_missing_table_or_index_is_named_with_what_to_do(code: str, message: str) -> None:
    error = refused(code, message, QUERY)
    assert isinstance(error, TableNotFoundError)
    assert '"books"' in str(error)
    assert '"gsi9"' in str(error)
    assert "app.create_table()" in str(error)
    assert "app.add_indexes()" in str(error)


def test_an_index_that_is_still_backfilling_has_its_own_error() -> None:
    said = "Cannot search backfilling vector index: vec1"
    error = refused("ValidationException", said, SEARCH)
    assert isinstance(error, IndexNotReadyError)
    assert "books (index vec1) is still backfilling" in str(error)
    assert "app.add_vector_indexes() waits" in str(error)


def test_an_engine_that_does_not_know_an_operation_says_so() -> None:
    error = refused("UnknownOperationException", "An unknown operation was requested.", SEARCH)
    assert isinstance(error, UnsupportedError)
    assert "the endpoint does not know SearchVectors" in str(error)
    assert "endpoint_url=" in str(error)


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
    ],
)
def test_throttling_is_told_from_other_refusals(code: str) -> None:
    error = refused(code, "Rate exceeded", QUERY)
    assert isinstance(error, ThrottledError)
    assert error.aws_code == code
    assert error.request is QUERY


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("UnrecognizedClientException", "not valid"),
        ("InvalidSignatureException", "secret access key is wrong"),
        ("ExpiredTokenException", "expired"),
        ("MissingAuthenticationTokenException", "no credentials"),
    ],
)
def test_refused_credentials_say_what_is_wrong_and_hide_the_signature(code: str, hint: str) -> None:
    error = refused(code, "The Canonical String should have been 'POST SIGNATURE'")
    assert isinstance(error, CredentialsError)
    assert hint in str(error)
    assert "SIGNATURE" not in str(error)


def test_a_missing_permission_names_the_action() -> None:
    error = refused("AccessDeniedException", "User: arn:aws:iam::1:user/a is not authorized", QUERY)
    assert type(error) is AwsError
    assert "dynamodb:Query" in str(error)
    assert "user/a" in str(error)
    assert "LeadingKeys" not in str(error)


def test_a_missing_permission_to_search_names_what_denies_it() -> None:
    error = refused("AccessDeniedException", "User is not authorized", SEARCH)
    assert "allow dynamodb:SearchVectors in their policy, on the index's ARN" in str(error)
    assert "dynamodb:LeadingKeys" in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ],
)
def test_an_item_over_the_limit_has_its_own_error(message: str) -> None:
    error = refused("ValidationException", message)
    assert isinstance(error, ItemTooLargeError)
    assert error.limit == 409_600
    assert error.size > error.limit


def test_another_refusal_keeps_code_request_and_response() -> None:
    error = refused("ValidationException", f"cannot be converted to a numeric value: {PRIVATE}")
    assert isinstance(error, AwsError)
    assert error.aws_code == "ValidationException"
    assert error.request is PUT
    assert error.response is not None
    assert error.response["ResponseMetadata"]["RequestId"] == "REQ-1"
    assert "books" in str(error)


def test_a_canceled_transaction_keeps_its_reasons() -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": {"pk": {"S": "a"}}}]
    request = Request("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "books"}}]})
    with answering(
        refusal("TransactionCanceledException", "canceled", CancellationReasons=reasons), 400
    ) as server:
        driver = SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS)
        with pytest.raises(AwsError) as caught:
            driver.send(request)
    assert caught.value.response is not None
    assert caught.value.response["CancellationReasons"][1]["Item"] == {"pk": {"S": "a"}}


def test_a_too_large_item_collection_says_why() -> None:
    error = refused("ItemCollectionSizeLimitExceededException", "Collection size exceeded")
    assert isinstance(error, AwsError)
    assert "10 GB" in str(error)


def test_a_fault_inside_the_service_is_an_aws_error() -> None:
    error = refused("InternalServerError", "Internal server error", QUERY, 500)
    assert isinstance(error, AwsError)
    assert error.aws_code == "InternalServerError"


def test_a_port_without_a_server_is_a_connection_error_that_names_it() -> None:
    error = failing(QUERY, "http://127.0.0.1:1")
    assert isinstance(error, ConnectionFailedError)
    assert "http://127.0.0.1:1 " in str(error)
    assert error.aws_code is None


def test_a_late_answer_is_a_connection_error(each_transport: str) -> None:
    with answering({}, delay=0.5) as server:
        connection = connection_over(
            each_transport,  # type: ignore[arg-type]
            endpoint_url=server.endpoint_url,
            credentials=KEYS,
            read_timeout=0.1,
        )
        error = failing(QUERY, None, connection=connection)
    assert isinstance(error, ConnectionFailedError)
    assert "in time" in str(error)


def test_an_answer_that_is_not_dynamodbs_is_an_aws_error() -> None:
    with answering(b"<html>hello</html>", content_type="text/html") as server:
        error = failing(QUERY, server.endpoint_url)
    assert isinstance(error, AwsError)
    assert "not DynamoDB's" in str(error)


def test_no_credentials_anywhere_say_how_to_give_some() -> None:
    error = failing(QUERY, "http://127.0.0.1:1", credentials=None)
    assert isinstance(error, CredentialsError)
    assert "AWS_ACCESS_KEY_ID" in str(error)


def test_half_of_the_credentials_in_the_environment_is_a_credentials_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    error = failing(QUERY, "http://127.0.0.1:1", credentials=None)
    assert isinstance(error, CredentialsError)
    assert "incomplete" in str(error)


def test_credentials_that_appear_later_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering({"Items": []}) as server, SyncDriver(endpoint_url=server.endpoint_url) as driver:
        with pytest.raises(CredentialsError):
            driver.send(QUERY)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        assert driver.send(QUERY)["Items"] == []


def test_an_unknown_profile_is_a_credentials_error(tmp_path: Path) -> None:
    error = failing(QUERY, "http://127.0.0.1:1", credentials=None, profile="nobody")
    assert isinstance(error, CredentialsError)
    assert "AWS_PROFILE" in str(error)


def test_no_region_anywhere_says_how_to_give_one() -> None:
    error = failing(QUERY, None)
    assert isinstance(error, AwsError)
    assert "AWS_REGION" in str(error)


def test_parameters_of_the_wrong_shape_are_refused_without_their_values() -> None:
    request = Request("Query", {"TableName": "books", "ExclusiveStartKey": PRIVATE}, "q", "books")
    error = failing(request, "http://127.0.0.1:1")
    assert isinstance(error, InvalidOptionError)
    assert "params=" in str(error)
