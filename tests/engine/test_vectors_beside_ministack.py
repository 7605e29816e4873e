"""The embedded engine's vector indexes answer as those of ministack do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import leyden.engine
from tests.ministack import client_of, wait_for

pytestmark = pytest.mark.ministack

TABLE = "golden"
SCHEMA = [
    {"AttributeName": "room", "SearchSchemaElementType": "HASH"},
    {"AttributeName": "kind", "SearchSchemaElementType": "INLINE_FILTER"},
    {"AttributeName": "rank", "SearchSchemaElementType": "INLINE_FILTER"},
]
INDEX = {
    "IndexName": "by-meaning",
    "VectorAttribute": {"AttributeName": "vec"},
    "Dimensions": 3,
    "DistanceFunction": "COSINE",
    "SearchSchema": SCHEMA,
    "Projection": {"ProjectionType": "ALL"},
}
DEFINED = [
    *({"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "room", "kind")),
    {"AttributeName": "rank", "AttributeType": "N"},
]
CREATE = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": DEFINED,
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "VectorIndexes": [
        INDEX,
        {
            **INDEX,
            "IndexName": "by-distance",
            "DistanceFunction": "EUCLIDEAN",
            "SearchSchema": SCHEMA[:1],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["words"]},
        },
        {
            "IndexName": "by-product",
            "VectorAttribute": {"AttributeName": "vec"},
            "Dimensions": 3,
            "DistanceFunction": "DOT_PRODUCT",
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}


def vector(*numbers: float | str) -> dict[str, Any]:
    return {"L": [{"N": str(number)} for number in numbers]}


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "s"}}


def item(name: str, *numbers: float | str, **more: Any) -> dict[str, Any]:
    return {
        **key(name),
        "room": {"S": "r"},
        "kind": {"S": "note"},
        "rank": {"N": "1"},
        "vec": vector(*numbers),
        "words": {"S": name * 3},
        "tree": {"M": {"a": {"S": "x"}, "b": {"L": [{"BOOL": True}, {"N": "-2.5"}]}}},
        **more,
    }


def put(name: str, *numbers: float | str, **more: Any) -> tuple[str, dict[str, Any]]:
    more.setdefault("ReturnConsumedCapacity", "INDEXES")
    request = {"TableName": TABLE, "ReturnConsumedCapacity": more.pop("ReturnConsumedCapacity")}
    return "put_item", {**request, "Item": item(name, *numbers, **more)}


def update(name: str, expression: str, value: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    request = {"TableName": TABLE, "Key": key(name), "ReturnConsumedCapacity": "INDEXES", **more}
    request["UpdateExpression"] = expression
    if value is not None:
        request["ExpressionAttributeValues"] = {":v": value}
    return "update_item", request


def batch(*requests: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "batch_write_item", {
        "RequestItems": {TABLE: list(requests)},
        "ReturnConsumedCapacity": "INDEXES",
    }


def transact(*members: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    return "transact_write_items", {
        "TransactItems": [{name: {"TableName": TABLE, **member}} for name, member in members],
        "ReturnConsumedCapacity": "INDEXES",
    }


def search(**changes: Any) -> tuple[str, dict[str, Any]]:
    request = {
        "TableName": TABLE,
        "IndexName": "by-meaning",
        "SearchVector": vector(1, 0.25, 0)["L"],
        "TopK": 3,
        "SearchConditionExpression": "room = :r AND kind = :k",
        "ExpressionAttributeValues": {":r": {"S": "r"}, ":k": {"S": "note"}},
        "ReturnConsumedCapacity": "TOTAL",
        **changes,
    }
    return "search_vectors", {name: value for name, value in request.items() if value is not None}


def create(*indexes: dict[str, Any], **changes: Any) -> tuple[str, dict[str, Any]]:
    return "create_table", {**CREATE, "TableName": "other", "VectorIndexes": indexes, **changes}


def change(*updates: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    return "update_table", {"TableName": TABLE, "VectorIndexUpdates": updates, **more}


BY_PRODUCT = {
    "IndexName": "by-product",
    "SearchConditionExpression": None,
    "ExpressionAttributeValues": None,
}
IN_ROOM = {
    "IndexName": "by-distance",
    "SearchConditionExpression": "#room=:r",
    "ExpressionAttributeNames": {"#room": "room"},
    "ExpressionAttributeValues": {":r": {"S": "r"}},
}
DEFINED_AGAIN = {"AttributeDefinitions": DEFINED}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "a table with three indexes": ("create_table", CREATE),
    "the table is described": ("describe_table", {"TableName": TABLE}),
    # Writes, and what they cost.
    "a put": put("a", 1, 0, 0.1),
    "a long put": put("b", "0.1234567891", "-1e-7", 0, words={"S": "y" * 3000}),
    "a put that changes nothing": put("a", 1, 0, 0.1),
    "a put without HASH": (
        "put_item",
        {"TableName": TABLE, "Item": {**key("c"), "vec": vector(0, 1, 0)}},
    ),
    "a put without a vector": ("put_item", {"TableName": TABLE, "Item": key("d")}),
    "a put of zeros": put("e", 0, 0, 0, kind={"S": "other"}),
    "a put in another room": put("f", 1, 0, 0, room={"S": "s"}, rank={"N": "2"}),
    "an update of what no index but one has": update("b", "SET note = :v", {"S": "z"}),
    "an update of a vector": update("b", "SET vec[0] = :v", {"N": "-0.5"}),
    "an update that makes an item": update("g", "SET vec = :v", vector(-1, -2, -3)),
    "an update that brings it in": update("g", "SET room = :v", {"S": "r"}),
    "an update that takes it out": update("g", "REMOVE vec", None),
    "a batch": batch(
        {"PutRequest": {"Item": item("h", 3, 4, 0)}},
        {"PutRequest": {"Item": item("i", 1, 1, 1, rank={"N": "7"})}},
        {"DeleteRequest": {"Key": key("c")}},
    ),
    "a transaction": transact(
        ("Put", {"Item": item("j", -3, 4, 0.5)}),
        ("Delete", {"Key": key("i")}),
        (
            "Update",
            {
                "Key": key("h"),
                "UpdateExpression": "SET vec[2] = :v",
                "ExpressionAttributeValues": {":v": {"N": "0.125"}},
            },
        ),
        ("ConditionCheck", {"Key": key("a"), "ConditionExpression": "attribute_exists(pk)"}),
    ),
    "a delete": (
        "delete_item",
        {"TableName": TABLE, "Key": key("j"), "ReturnConsumedCapacity": "INDEXES"},
    ),
    "a delete of nothing": (
        "delete_item",
        {"TableName": TABLE, "Key": key("j"), "ReturnConsumedCapacity": "INDEXES"},
    ),
    "a put whose cost is a total": put("k", 0.5, 0.5, 0.5, ReturnConsumedCapacity="TOTAL"),
    # Refused writes.
    "a short vector": put("z", 1, 2),
    "an empty vector": put("z"),
    "a text in a vector": put("z", 1, 2, 3, vec={"L": [{"N": "1"}, {"S": "2"}, {"N": "3"}]}),
    "a map in a short vector": put("z", 1, 2, 3, vec={"L": [{"M": {}}]}),
    "a number too large for 32 bits": put("z", 1, "1e39", 3),
    "a vector that is null": put("z", 1, 2, 3, vec={"NULL": True}),
    "a vector that is a set": put("z", 1, 2, 3, vec={"NS": ["1", "2", "3"]}),
    "a vector that is a text": put("z", 1, 2, 3, vec={"S": "1, 2, 3"}),
    "an empty HASH": put("z", 1, 2, 3, room={"S": ""}),
    "a HASH of another type": put("z", 1, 2, 3, room={"N": "1"}),
    "an empty filter": put("z", 1, 2, 3, kind={"S": ""}),
    "a filter of another type": put("z", 1, 2, 3, rank={"S": "1"}),
    "a filter of a type that keys never have": put("z", 1, 2, 3, kind={"BOOL": True}),
    "a bad item before a failing condition": (
        "put_item",
        {
            "TableName": TABLE,
            "Item": item("a", 1),
            "ConditionExpression": "attribute_not_exists(pk)",
        },
    ),
    "an update to a short vector": update("a", "SET vec = :v", vector(1)),
    "an update to a long vector": update("a", "SET vec = list_append(vec, :v)", vector(1)),
    "an update of an element": update("a", "SET vec[1] = :v", {"S": "x"}),
    "an update to an empty HASH": update("a", "SET room = :v", {"S": ""}),
    "an update of HASH to another type": update("a", "SET room = :v", {"N": "1"}),
    "a part of an old update with an empty HASH": (
        "update_item",
        {
            "TableName": TABLE,
            "Key": key("a"),
            "AttributeUpdates": {"room": {"Action": "PUT", "Value": {"S": ""}}},
        },
    ),
    "an update that would make a bad item": update("y", "SET vec = :v", vector(1)),
    "the bad item is not there": ("get_item", {"TableName": TABLE, "Key": key("y")}),
    "a batch with one bad item": batch(
        {"PutRequest": {"Item": item("z", 1, 2, 3)}}, {"PutRequest": {"Item": item("y", 1, 2)}}
    ),
    "a transaction with one bad item": transact(
        ("Put", {"Item": item("z", 1, 2, 3)}), ("Put", {"Item": item("y", 1, 2)})
    ),
    "a transaction with one bad HASH": transact(
        ("Put", {"Item": item("z", 1, 2, 3)}),
        ("Put", {"Item": item("y", 1, 2, 3, room={"N": "1"})}),
    ),
    "nothing of these is there": ("get_item", {"TableName": TABLE, "Key": key("z")}),
    "a scan of a vector index": ("scan", {"TableName": TABLE, "IndexName": "by-meaning"}),
    # Searches.
    "cosine": search(),
    "cosine of zeros": search(SearchVector=vector(0, 0, 0)["L"], TopK=1),
    "fewer than there are": search(TopK=1),
    "more than there are": search(TopK=100),
    "no item of a kind": search(
        ExpressionAttributeValues={":r": {"S": "r"}, ":k": {"S": "nothing"}}
    ),
    "no item of a room": search(ExpressionAttributeValues={":r": {"S": "q"}, ":k": {"S": "note"}}),
    "a value of another type": search(
        ExpressionAttributeValues={":r": {"N": "1"}, ":k": {"S": "note"}}
    ),
    "an equal number": search(
        SearchConditionExpression="room = :r and rank = :k",
        ExpressionAttributeValues={":r": {"S": "s"}, ":k": {"N": "2"}},
    ),
    "the same twice": search(SearchConditionExpression="room = :r AND kind = :k AND kind = :k"),
    "euclidean": search(**IN_ROOM),
    "products": search(**BY_PRODUCT),
    "products the other way": search(**{**BY_PRODUCT, "SearchVector": vector(-1, -1, 2)["L"]}),
    "cost by index": search(ReturnConsumedCapacity="INDEXES"),
    "no cost": search(ReturnConsumedCapacity="NONE"),
    "projected paths": search(ProjectionExpression="pk, tree.b[1], tree.a, vec, absent"),
    "projected names": search(
        ProjectionExpression="#p,#m.#a",
        ExpressionAttributeNames={"#p": "pk", "#m": "tree", "#a": "a"},
    ),
    "an element of the vector": search(ProjectionExpression="vec[0]"),
    "a projection beyond the index": search(**{**IN_ROOM, "ProjectionExpression": "words, kind"}),
    # Refused searches.
    "top 0": search(TopK=0),
    "top 101": search(TopK=101),
    "no top": search(TopK=None),
    "an empty search vector": search(SearchVector=[]),
    "no search vector": search(SearchVector=None),
    "a short search vector": search(SearchVector=vector(1)["L"]),
    "a search vector of texts": search(SearchVector=[{"S": "1"}] * 3),
    "a search vector too large for 32 bits": search(SearchVector=vector(1, 2, "1e39")["L"]),
    "a search vector that is not a number": search(SearchVector=vector(1, 2, "nan")["L"]),
    "a search vector beyond all": search(SearchVector=vector(*[1] * 4097)["L"]),
    "no condition": search(SearchConditionExpression=None, ExpressionAttributeValues=None),
    "a value that is not there": search(ExpressionAttributeValues={":r": {"S": "r"}}),
    "a name that is not there": search(SearchConditionExpression="#r = :r AND kind = :k"),
    "an attribute beyond the schema": search(SearchConditionExpression="room = :r AND pk = :k"),
    "a nested attribute": search(SearchConditionExpression="room = :r AND tree.a = :k"),
    "a comparison": search(SearchConditionExpression="room = :r AND kind >= :k"),
    "an alternative": search(SearchConditionExpression="room = :r OR kind = :k"),
    "a list of values": search(SearchConditionExpression="room = :r AND kind IN (:k)"),
    "a function": search(SearchConditionExpression="room = :r AND begins_with(kind, :k)"),
    "parentheses": search(SearchConditionExpression="(room = :r) AND (kind = :k)"),
    "a value first": search(SearchConditionExpression=":r = room AND kind = :k"),
    "a wrong level of cost": search(ReturnConsumedCapacity="SOME"),
    "no table of the name": search(TableName="nothing"),
    "a bad table name": search(TableName="no thing"),
    "no index of the name": search(IndexName="nothing"),
    # Refused definitions.
    "provisioned": create(
        INDEX,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    ),
    "a table that is there": create(INDEX, TableName=TABLE),
    "six indexes": create(*({**INDEX, "IndexName": f"index-{n}"} for n in range(6))),
    "a name twice": create(INDEX, INDEX),
    "0 dimensions": create({**INDEX, "Dimensions": 0}),
    "4097 dimensions": create({**INDEX, "Dimensions": 4097}),
    "a short name": create(INDEX, {**INDEX, "IndexName": "ab"}),
    "a long name": create({**INDEX, "IndexName": "a" * 256}),
    "a name with a space": create({**INDEX, "IndexName": "a b c"}),
    "another function": create({**INDEX, "DistanceFunction": "MANHATTAN"}),
    "no vector attribute": create({**INDEX, "VectorAttribute": {"AttributeName": ""}}),
    "another projection": create({**INDEX, "Projection": {"ProjectionType": "SOME"}}),
    "another role": create(
        {
            **INDEX,
            "SearchSchema": [{"AttributeName": "room", "SearchSchemaElementType": "RANGE"}],
        }
    ),
    "an attribute that is not defined": create(
        {
            **INDEX,
            "SearchSchema": [{"AttributeName": "floor", "SearchSchemaElementType": "HASH"}],
        }
    ),
    "other dimensions for one attribute": create(
        INDEX, {**INDEX, "IndexName": "other", "Dimensions": 4}
    ),
    # Refused changes.
    "two changes": change(
        {"Delete": {"IndexName": "by-product"}}, {"Delete": {"IndexName": "by-meaning"}}
    ),
    "an index of a name that is there": change({"Create": INDEX}, **DEFINED_AGAIN),
    "a new index whose attributes the request does not define": change(
        {"Create": {**INDEX, "IndexName": "other"}}
    ),
    "a new index with other dimensions": change(
        {"Create": {**INDEX, "IndexName": "other", "Dimensions": 4}}, **DEFINED_AGAIN
    ),
    "a new index with a short name": change({"Create": {**INDEX, "IndexName": "ab"}}),
    "no index to delete": change({"Delete": {"IndexName": "nothing"}}),
    "a deleted index": change({"Delete": {"IndexName": "by-product"}}),
    "a search of the deleted index": search(**BY_PRODUCT),
    "a deleted index whose filters are no longer defined": change(
        {"Delete": {"IndexName": "by-meaning"}}
    ),
}


@pytest.fixture(scope="module")
def embedded() -> Iterator[Any]:
    with leyden.engine.local(vector_index_seconds=(60.0, 60.0)) as engine:
        yield client_of(engine.endpoint_url)


def said(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """What an engine answers, without what one engine alone can say."""
    try:
        answer = getattr(client, operation)(**request)
    except ClientError as error:
        return error.response["Error"]
    if "TableDescription" in answer or "Table" in answer:
        return of_table(answer.get("TableDescription") or answer["Table"])
    if "SearchResults" in answer:
        results = answer["SearchResults"]
        # To five places: one rounds a cosine of 0 to a little less than nothing.
        scores = [round(result["Score"], 5) + 0.0 for result in results]
        items = [result["Item"] for result in results]
        return {"Items": items, "Scores": scores, "Cost": answer.get("ConsumedCapacity")}
    consumed = answer.get("ConsumedCapacity") or {}
    costs = consumed if isinstance(consumed, list) else [consumed]
    return {"Item": answer.get("Item"), "Costs": [cost.get("VectorIndexes") for cost in costs]}


def of_table(description: dict[str, Any]) -> dict[str, Any]:
    defined = {
        each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]
    }
    indexes = [
        {**index, "IndexArn": index["IndexArn"].rpartition(":")[2]}
        for index in description.get("VectorIndexes", ())
    ]
    return {"Status": description["TableStatus"], "Defined": defined, "Indexes": indexes}


@pytest.mark.parametrize("case", CASES)
def test_it_answers_as_ministack_does(case: str, embedded: Any, ministack: Any) -> None:
    assert said(embedded, *CASES[case]) == said(ministack, *CASES[case])


def test_the_phases_of_a_new_index_are_those_of_ministack(embedded: Any, ministack: Any) -> None:
    table = {**CREATE, "TableName": "phases", "VectorIndexes": [INDEX]}
    new = {**INDEX, "IndexName": "new", "SearchSchema": SCHEMA[:1]}
    added = change({"Create": new}, TableName="phases", **DEFINED_AGAIN)
    found = search(TableName="phases", IndexName="new")
    allocating = [
        ("create_table", table),
        added,
        ("describe_table", {"TableName": "phases"}),
        change({"Create": {**new, "IndexName": "second"}}, TableName="phases", **DEFINED_AGAIN),
        change({"Delete": {"IndexName": "new"}}, TableName="phases"),
        found,
        ("delete_table", {"TableName": "phases"}),
    ]
    for step in allocating:
        assert said(embedded, *step) == said(ministack, *step)

    with leyden.engine.local(vector_index_seconds=(0.0, 60.0)) as engine:
        client = client_of(engine.endpoint_url)
        for step in allocating[:2]:
            said(client, *step)
        wait_for(lambda: is_backfilling(ministack), 60)
        for step in (
            ("describe_table", {"TableName": "phases"}),
            found,
            ("delete_table", {"TableName": "phases"}),
            change({"Delete": {"IndexName": "new"}}, TableName="phases"),
            found,
        ):
            assert said(client, *step) == said(ministack, *step)


def is_backfilling(client: Any) -> bool:
    indexes = client.describe_table(TableName="phases")["Table"]["VectorIndexes"]
    return any(index.get("Backfilling") for index in indexes)
