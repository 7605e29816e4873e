"""Vector indexes of the embedded engine, by itself: with NumPy, and without."""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden.engine
from leyden.engine import vectors
from tests.ministack import client_of

TABLE = "notes"
INDEX = {
    "IndexName": "cosine",
    "VectorAttribute": {"AttributeName": "vec"},
    "Dimensions": 3,
    "DistanceFunction": "COSINE",
    "SearchSchema": [
        {"AttributeName": "room", "SearchSchemaElementType": "HASH"},
        {"AttributeName": "kind", "SearchSchemaElementType": "INLINE_FILTER"},
        {"AttributeName": "rank", "SearchSchemaElementType": "INLINE_FILTER"},
    ],
    "Projection": {"ProjectionType": "ALL"},
}
INDEXES = [
    INDEX,
    {**INDEX, "IndexName": "distance", "DistanceFunction": "EUCLIDEAN"},
    {
        "IndexName": "product",
        "VectorAttribute": {"AttributeName": "vec"},
        "Dimensions": 3,
        "DistanceFunction": "DOT_PRODUCT",
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    },
]
DEFINED = [
    *({"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "room", "kind")),
    {"AttributeName": "rank", "AttributeType": "N"},
]
CREATE: dict[str, Any] = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": DEFINED,
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "VectorIndexes": INDEXES,
}


@pytest.fixture(params=[pytest.param("numpy", marks=pytest.mark.numpy), "plain"], scope="module")
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of an engine that searches with NumPy, and of one that must do without."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setattr(vectors, "numpy", lambda: None)
        with leyden.engine.local(vector_index_seconds=(0.0, 0.0)) as engine:
            yield client_of(engine.endpoint_url)


@pytest.fixture
def table(client: Any) -> Iterator[Any]:
    """A client whose engine has the table, with nothing in it."""
    client.create_table(**CREATE)
    yield client
    client.delete_table(TableName=TABLE)


def vector(*numbers: float) -> dict[str, Any]:
    return {"L": [{"N": repr(number)} for number in numbers]}


def key(name: Any) -> dict[str, Any]:
    return {"pk": {"S": f"p{name}"}, "sk": {"S": "s"}}


def item(name: Any, *numbers: float, **more: Any) -> dict[str, Any]:
    return {
        **key(name),
        "room": {"S": "a"},
        "kind": {"S": "x"},
        "vec": vector(*numbers),
        **more,
    }


def put(client: Any, name: Any, *numbers: float, **more: Any) -> None:
    client.put_item(TableName=TABLE, Item=item(name, *numbers, **more))


def search(client: Any, *query: float, **changes: Any) -> list[dict[str, Any]]:
    request = {
        "TableName": TABLE,
        "IndexName": "cosine",
        "SearchVector": vector(*query)["L"],
        "TopK": 100,
        "SearchConditionExpression": "room = :room",
        "ExpressionAttributeValues": {":room": {"S": "a"}},
        **changes,
    }
    answer = client.search_vectors(**{name: each for name, each in request.items() if each})
    found: list[dict[str, Any]] = answer["SearchResults"]
    return found


def names(found: list[dict[str, Any]]) -> list[str]:
    return [result["Item"]["pk"]["S"] for result in found]


def refusal(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(*args, **options)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    said: str = raised.value.response["Error"]["Message"]
    return said


# What is true after any writes: a search finds what a look at every item would.

NAMES = st.integers(0, 5)
ROOMS = st.sampled_from([{"S": "a"}, {"S": "b"}, None])
KINDS = st.sampled_from([{"S": "x"}, {"S": "y"}, None])
RANKS = st.sampled_from([{"N": "1"}, {"N": "1.0"}, {"N": "2"}, None])
NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.1, 1e-20, 3e38]), st.floats(-2, 2, width=32))
VECTORS = st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS, NUMBERS))
ITEMS = st.tuples(NAMES, VECTORS, ROOMS, KINDS, RANKS)
PARTS = {"vec": VECTORS, "room": ROOMS, "kind": KINDS, "rank": RANKS}
UPDATES = st.tuples(
    NAMES,
    st.sampled_from([*PARTS]).flatmap(lambda name: st.tuples(st.just(name), PARTS[name])),
)
STEPS = st.one_of(
    st.tuples(st.just("put"), ITEMS),
    st.tuples(st.just("update"), UPDATES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(
        st.sampled_from(["batch", "transaction", "canceled", "refused"]),
        st.lists(ITEMS, min_size=1, max_size=3, unique_by=lambda given: given[0]),
    ),
    st.tuples(st.just("search"), st.tuples(NUMBERS, NUMBERS, NUMBERS)),
)


def made(given: tuple[Any, ...]) -> dict[str, Any]:
    name, numbers, room, kind, rank = given
    parts = {"room": room, "kind": kind, "rank": rank}
    parts["vec"] = None if numbers is None else vector(*numbers)
    return {**key(name), **{each: value for each, value in parts.items() if value is not None}}


def take(client: Any, step: str, given: Any) -> None:
    if step == "put":
        client.put_item(TableName=TABLE, Item=made(given))
    elif step == "delete":
        client.delete_item(TableName=TABLE, Key=key(given))
    elif step == "update":
        name, (attribute, value) = given
        if attribute == "vec" and value is not None:
            value = vector(*value)
        client.update_item(
            TableName=TABLE,
            Key=key(name),
            UpdateExpression="REMOVE #a" if value is None else "SET #a = :v",
            ExpressionAttributeNames={"#a": attribute},
            **({} if value is None else {"ExpressionAttributeValues": {":v": value}}),
        )
    elif step == "batch":
        puts = [{"PutRequest": {"Item": made(each)}} for each in given]
        client.batch_write_item(RequestItems={TABLE: [*puts, {"DeleteRequest": {"Key": key("9")}}]})
    else:
        members: list[dict[str, Any]] = [
            {"Put": {"TableName": TABLE, "Item": made(each)}} for each in given
        ]
        if step == "transaction":
            client.transact_write_items(TransactItems=members)
            return
        last: dict[str, Any] = {"TableName": TABLE, "Key": key("9")}
        if step == "canceled":
            last["ConditionExpression"] = "attribute_exists(pk)"
            members.append({"ConditionCheck": last})
        else:
            last["UpdateExpression"] = "SET vec = :v"
            last["ExpressionAttributeValues"] = {":v": vector(1.0)}
            members.append({"Update": last})
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(TransactItems=members)


def f32(number: Any) -> float:
    return float(struct.unpack("f", struct.pack("f", float(number)))[0])


LARGEST_F32 = 3.4028234663852886e38


def score_of(function: str, one: list[float], other: list[float]) -> float:
    if function == "EUCLIDEAN":
        return min(math.dist(one, other), LARGEST_F32)
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    if function == "DOT_PRODUCT":
        return max(-LARGEST_F32, min(product, LARGEST_F32))
    lengths = math.hypot(*one) * math.hypot(*other)
    return 1 - product / lengths if lengths else 1.0


def by_looking_at_all(
    items: list[Any], index: dict[str, Any], query: tuple[float, ...], terms: dict[str, Any]
) -> dict[str, float]:
    scores = {}
    for found in items:
        if "vec" not in found or ("SearchSchema" in index and "room" not in found):
            continue
        if any(comparable(found.get(name)) != comparable(each) for name, each in terms.items()):
            continue
        numbers = [f32(number["N"]) for number in found["vec"]["L"]]
        score = score_of(index["DistanceFunction"], [f32(number) for number in query], numbers)
        scores[found["pk"]["S"]] = score
    return scores


def comparable(value: Any) -> Any:
    return float(value["N"]) if value and "N" in value else value


def check(client: Any, query: tuple[float, ...]) -> None:
    items = client.scan(TableName=TABLE)["Items"]
    for index in INDEXES:
        for terms in TERMS if "SearchSchema" in index else ({},):
            expected = by_looking_at_all(items, index, query, terms)
            for top_k in (2, 100):
                found = search(
                    client,
                    *query,
                    IndexName=index["IndexName"],
                    TopK=top_k,
                    SearchConditionExpression=" AND ".join(f"{name} = :{name}" for name in terms),
                    ExpressionAttributeValues={f":{name}": each for name, each in terms.items()},
                )
                high_first = index["DistanceFunction"] == "DOT_PRODUCT"
                best = sorted(expected.values(), reverse=high_first)[:top_k]
                # Products of large numbers may cancel each other.
                error = 1e-6 + (1e-12 * 3e38 * max(map(abs, query)) if high_first else 0.0)
                assert [result["Score"] for result in found] == [
                    pytest.approx(score, rel=1e-6, abs=error) for score in best
                ]
                for result in found:
                    score = expected[result["Item"]["pk"]["S"]]
                    assert result["Score"] == pytest.approx(score, rel=1e-6, abs=error)
                assert len({*names(found)}) == len(found)


TERMS: tuple[dict[str, Any], ...] = (
    {"room": {"S": "a"}},
    {"room": {"S": "b"}, "kind": {"S": "x"}},
    {"room": {"S": "a"}, "kind": {"S": "y"}, "rank": {"N": "1"}},
)


# An example makes a table and sends a dozen requests.
@settings(max_examples=min(40, settings.default.max_examples))
@given(st.lists(STEPS, max_size=12), st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_after_any_writes_a_search_finds_what_a_look_at_every_item_does(
    client: Any, steps: list[tuple[str, Any]], query: tuple[float, ...]
) -> None:
    client.create_table(**CREATE)
    try:
        for step, given_to_it in steps:
            if step == "search":
                check(client, given_to_it)
            else:
                take(client, step, given_to_it)
        check(client, query)
    finally:
        client.delete_table(TableName=TABLE)


def test_among_many_vectors_the_nearest_are_found_and_nothing_else(table: Any) -> None:
    # In 32 bits, products of these differ by less than what rounding does to them.
    for start in range(0, 200, 25):
        table.batch_write_item(
            RequestItems={
                TABLE: [
                    {"PutRequest": {"Item": item(n, 1000.0, 1000.0 + n * 2**-10, -1000.0)}}
                    for n in range(start, start + 25)
                ]
            }
        )
    near = {"cosine": [0, 1, 2], "distance": [150, 149, 151], "product": [199, 198, 197]}
    for index, expected in near.items():
        query = (1000.0, 1000.0 + expected[0] * 2**-10, -1000.0)
        changes = {"IndexName": index, "TopK": 3}
        if index == "product":
            changes |= {"SearchConditionExpression": None, "ExpressionAttributeValues": None}
        found = names(search(table, *query, **changes))
        assert found[0] == f"p{expected[0]}"
        assert sorted(found) == sorted(f"p{number}" for number in expected)


# Definitions.


def test_a_table_shows_its_indexes_and_all_of_its_attributes(table: Any) -> None:
    described = table.describe_table(TableName=TABLE)["Table"]
    assert [index["IndexName"] for index in described["VectorIndexes"]] == [
        "cosine",
        "distance",
        "product",
    ]
    shown = described["VectorIndexes"][0]
    assert shown == {
        **INDEX,
        "IndexArn": f"{described['TableArn']}/index/cosine",
        "IndexStatus": "ACTIVE",
        "IndexSizeBytes": 0,
        "ItemCount": 0,
    }
    by_name = {each["AttributeName"]: each for each in described["AttributeDefinitions"]}
    assert by_name == {each["AttributeName"]: each for each in DEFINED}


HASH = {"AttributeName": "room", "SearchSchemaElementType": "HASH"}
FILTERS = [
    {"AttributeName": f"f{number}", "SearchSchemaElementType": "INLINE_FILTER"}
    for number in range(19)
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SearchSchema": []}, "Value '[]' at 'vectorIndexes.1.member.searchSchema'"),
        (
            {"SearchSchema": [HASH, {**HASH, "AttributeName": "kind"}]},
            "at most one HASH element",
        ),
        ({"SearchSchema": [HASH, {**FILTERS[0], "AttributeName": "room"}]}, "an attribute twice"),
        ({"SearchSchema": FILTERS}, "the limit of 18 INLINE_FILTERs"),
        ({"Projection": {"ProjectionType": "INCLUDE"}}, "NonKeyAttributes is not specified"),
        (
            {"Projection": {"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["a"]}},
            "KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        (
            {
                "SearchSchema": FILTERS[:18],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]},
            },
            "the limit of 20 projected attributes",
        ),
    ],
)
def test_a_definition_beyond_the_limits_is_refused(
    client: Any, changes: dict[str, Any], words: str
) -> None:
    defined = [
        *DEFINED,
        *({"AttributeName": each["AttributeName"], "AttributeType": "S"} for each in FILTERS),
    ]
    said = refusal(
        client.create_table,
        **{
            **CREATE,
            "AttributeDefinitions": defined,
            "VectorIndexes": [{**INDEX, **changes}],
        },
    )
    assert words in said
    assert client.list_tables()["TableNames"] == []


def test_a_table_with_vector_indexes_stays_on_demand(table: Any) -> None:
    said = refusal(
        table.update_table,
        TableName=TABLE,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    assert said.endswith("Vector indexes are only supported for PAY_PER_REQUEST tables")


def test_attributes_that_no_key_and_no_index_uses_are_refused_as_ever(client: Any) -> None:
    unused = {"AttributeName": "unused", "AttributeType": "S"}
    said = refusal(client.create_table, **{**CREATE, "AttributeDefinitions": [*DEFINED, unused]})
    assert "AttributeDefinitions" in said


def test_an_index_that_is_added_is_built_from_what_is_there() -> None:
    with leyden.engine.local(vector_index_seconds=(0.2, 0.2)) as engine:
        client = client_of(engine.endpoint_url)
        keys = [each for each in DEFINED if each["AttributeName"] in ("pk", "sk")]
        client.create_table(**{**CREATE, "AttributeDefinitions": keys, "VectorIndexes": []})
        put(client, "good", 1, 0, 0)
        put(client, "short", 1)
        put(client, "number", 1, 0, 0, room={"N": "1"})
        put(client, "text", 1, 0, 0, vec={"S": "x"})
        put(client, "texts", 1, 0, 0, vec={"L": [{"S": "x"}] * 3})
        client.update_table(
            TableName=TABLE,
            AttributeDefinitions=DEFINED,
            VectorIndexUpdates=[{"Create": INDEX}],
        )
        seen = set()
        while True:
            described = client.describe_table(TableName=TABLE)["Table"]
            index = described["VectorIndexes"][0]
            seen.add((described["TableStatus"], index["IndexStatus"], index.get("Backfilling")))
            if index["IndexStatus"] == "ACTIVE":
                break
            time.sleep(0.02)
        assert seen == {
            ("UPDATING", "CREATING", False),
            ("ACTIVE", "CREATING", True),
            ("ACTIVE", "ACTIVE", None),
        }
        assert names(search(client, 1, 0, 0)) == ["pgood"]
        put(client, "late", 1, 0, 0)
        assert names(search(client, 1, 0, 0)) == ["pgood", "plate"]
        client.update_table(
            TableName=TABLE, VectorIndexUpdates=[{"Delete": {"IndexName": "cosine"}}]
        )
        described = client.describe_table(TableName=TABLE)["Table"]
        assert "VectorIndexes" not in described
        assert described["AttributeDefinitions"] == keys
        put(client, "anything", 1)


def test_a_restored_table_has_the_indexes_of_its_source(table: Any) -> None:
    put(table, "a", 1, 0, 0)
    backup = table.create_backup(TableName=TABLE, BackupName="backup")["BackupDetails"]
    put(table, "b", 1, 0, 0)
    table.restore_table_from_backup(TargetTableName="earlier", BackupArn=backup["BackupArn"])
    table.restore_table_to_point_in_time(SourceTableName=TABLE, TargetTableName="later")
    try:
        assert names(search(table, 1, 0, 0, TableName="earlier")) == ["pa"]
        assert names(search(table, 1, 0, 0, TableName="later")) == ["pa", "pb"]
        described = table.describe_table(TableName="earlier")["Table"]
        assert described["VectorIndexes"][0]["IndexArn"].endswith("table/earlier/index/cosine")
        refusal(table.put_item, TableName="later", Item=item("c", 1))
    finally:
        table.delete_table(TableName="earlier")
        table.delete_table(TableName="later")


# Writes.


def test_a_search_reads_only_what_changed_since_the_last_one(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    stored = vectors.stored

    def counting(of_table: Any, hash_key: Any, range_key: Any) -> Any:
        read.append(hash_key.value)
        return stored(of_table, hash_key, range_key)

    monkeypatch.setattr(vectors, "stored", counting)

    def read_by_a_search() -> list[str]:
        read.clear()
        search(table, 1, 0, 0)
        return sorted(read)

    for name in "abc":
        put(table, name, 1, 0, 0)
    assert read_by_a_search() == ["pa", "pb", "pc"]
    assert read_by_a_search() == []
    put(table, "b", 0, 1, 0)
    table.delete_item(TableName=TABLE, Key=key("c"))
    with pytest.raises(table.exceptions.TransactionCanceledException):
        table.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": item("d", 1, 0, 0)}},
                {
                    "ConditionCheck": {
                        "TableName": TABLE,
                        "Key": key("c"),
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                },
            ]
        )
    assert read_by_a_search() == ["pb", "pc", "pd"]
    assert read_by_a_search() == []


def test_a_refused_update_leaves_the_item_and_the_index_as_they_were(table: Any) -> None:
    put(table, "a", 1, 0, 0)
    before = search(table, 1, 0, 0)
    for attribute, value in (("vec", vector(1)), ("room", {"N": "1"}), ("kind", {"S": ""})):
        refusal(
            table.update_item,
            TableName=TABLE,
            Key=key("a"),
            UpdateExpression="SET #a = :v, other_one = :v",
            ExpressionAttributeNames={"#a": attribute},
            ExpressionAttributeValues={":v": value},
        )
        refusal(
            table.update_item,
            TableName=TABLE,
            Key=key("b"),
            AttributeUpdates={attribute: {"Action": "PUT", "Value": value}},
        )
    assert table.scan(TableName=TABLE)["Items"] == [item("a", 1, 0, 0)]
    assert search(table, 1, 0, 0) == before


def test_a_bad_update_cancels_its_transaction_and_says_why(table: Any) -> None:
    put(table, "a", 1, 0, 0)
    with pytest.raises(table.exceptions.TransactionCanceledException) as raised:
        table.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": item("b", 0, 1, 0)}},
                {
                    "Update": {
                        "TableName": TABLE,
                        "Key": key("a"),
                        "UpdateExpression": "SET vec = :v",
                        "ExpressionAttributeValues": {":v": vector(1)},
                    }
                },
            ]
        )
    assert raised.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ValidationError",
            "Message": "One or more parameter values were invalid. Invalid size for parameter "
            "vec, Expected: 3, Actual: 1 IndexName: cosine",
        },
    ]
    assert table.scan(TableName=TABLE)["Items"] == [item("a", 1, 0, 0)]
    assert names(search(table, 1, 0, 0)) == ["pa"]


def test_writes_by_statements_keep_the_index(table: Any) -> None:
    put(table, "a", 1, 0, 0)
    assert names(search(table, 1, 0, 0)) == ["pa"]
    table.execute_statement(Statement=f"DELETE FROM {TABLE} WHERE pk = 'pa' AND sk = 's'")
    assert search(table, 1, 0, 0) == []


def test_a_statement_inserts_into_a_table_without_a_sort_key(client: Any) -> None:
    client.create_table(
        **CREATE
        | {
            "KeySchema": CREATE["KeySchema"][:1],
            "AttributeDefinitions": [one for one in DEFINED if one["AttributeName"] != "sk"],
        }
    )
    try:
        said = f"INSERT INTO {TABLE} VALUE {{'pk': 'pa', 'room': 'a', 'vec': [1, 0, 0]}}"
        client.execute_statement(Statement=said)
        assert names(search(client, 1, 0, 0)) == ["pa"]
    finally:
        client.delete_table(TableName=TABLE)


def test_a_stream_tells_nothing_of_what_is_refused(client: Any) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    client.create_table(**CREATE, StreamSpecification=stream)
    try:
        put(client, "a", 1, 0, 0)
        for name in ("a", "b"):
            refusal(
                client.update_item,
                TableName=TABLE,
                Key=key(name),
                UpdateExpression="SET vec = :v",
                ExpressionAttributeValues={":v": vector(1)},
            )
        assert len(records_of(client)) == 1
    finally:
        client.delete_table(TableName=TABLE)


def records_of(client: Any) -> list[Any]:
    import boto3

    streams = boto3.client(
        "dynamodbstreams",
        endpoint_url=client.meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    arn = client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
    start = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    records: list[Any] = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return records


# Searches.


def test_a_vector_comes_back_in_32_bits_and_only_by_its_name(table: Any) -> None:
    put(table, "a", 0.1234567890123, 1e-7, 16777217.0)
    (found,) = search(table, 1, 0, 0)
    assert "vec" not in found["Item"]
    (found,) = search(table, 1, 0, 0, ProjectionExpression="vec")
    assert found["Item"] == {
        "vec": {"L": [{"N": "0.12345679"}, {"N": "0.0000001"}, {"N": "16777216"}]}
    }
    stored = table.get_item(TableName=TABLE, Key=key("a"))["Item"]
    assert stored["vec"] == vector(0.1234567890123, 1e-7, 16777217.0)


def test_binary_attributes_come_back_and_are_compared(client: Any) -> None:
    defined = [
        {**each, "AttributeType": "B"} if each["AttributeName"] == "kind" else each
        for each in DEFINED
    ]
    client.create_table(**{**CREATE, "AttributeDefinitions": defined})
    try:
        put(client, "a", 1, 0, 0, kind={"B": b"\x00\xff"}, more={"BS": [b"a"]})
        put(client, "b", 1, 0, 0, kind={"B": b"\x00"})
        (found,) = search(
            client,
            1,
            0,
            0,
            SearchConditionExpression="room = :room AND kind = :kind",
            ExpressionAttributeValues={":room": {"S": "a"}, ":kind": {"B": b"\x00\xff"}},
        )
        assert found["Item"]["kind"] == {"B": b"\x00\xff"}
        assert found["Item"]["more"] == {"BS": [b"a"]}
        said = refusal(put, client, "c", 1, 0, 0, kind={"B": b""})
        assert "an empty binary value. IndexName: cosine, IndexKey: kind" in said
    finally:
        client.delete_table(TableName=TABLE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "SearchConditionExpression": "kind = :k",
                "ExpressionAttributeValues": {":k": {"S": "x"}},
            },
            "SearchConditionExpression must be provided when SearchSchema has a HASH key",
        ),
        (
            {"ExpressionAttributeValues": {":room": {"S": "a"}, ":b": {"S": "b"}}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            {"ExpressionAttributeNames": {"#b": "b", "#a": "a"}},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
        ),
        (
            {"ProjectionExpression": "pk, #a"},
            "Invalid ProjectionExpression: An expression attribute name used in the document path "
            "is not defined; attribute name: #a",
        ),
        (
            {"ProjectionExpression": "pk, name"},
            "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved "
            "keyword: name",
        ),
        (
            {"ProjectionExpression": "deep.a, vec, deep"},
            "Invalid ProjectionExpression: Two document paths overlap with each other; must "
            "remove or rewrite one of these paths; path one: [deep, a], path two: [deep]",
        ),
        (
            {"ProjectionExpression": "pk,, vec"},
            'Invalid ProjectionExpression: Syntax error; token: "", near: ""',
        ),
        (
            {"ProjectionExpression": " "},
            "Invalid ProjectionExpression: The expression can not be empty;",
        ),
        (
            {
                "SearchConditionExpression": "room = :room AND rank = :rank",
                "ExpressionAttributeValues": {":room": {"S": "a"}, ":rank": {"N": "x"}},
            },
            "The parameter cannot be converted to a numeric value: x",
        ),
    ],
)
def test_an_expression_that_dynamodb_does_not_take_is_refused(
    table: Any, changes: dict[str, Any], words: str
) -> None:
    assert refusal(search, table, 1, 0, 0, **changes) == words


def test_no_query_and_no_scan_reads_a_vector_index(table: Any) -> None:
    said = refusal(
        table.query,
        TableName=TABLE,
        IndexName="cosine",
        KeyConditionExpression="room = :room",
        ExpressionAttributeValues={":room": {"S": "a"}},
    )
    assert said == "Query operation not supported on this index type"


def test_an_answer_of_more_than_16_mb_is_refused(table: Any) -> None:
    text = {"S": "x" * 390_000}
    for number in range(44):
        put(table, number, 1, 0, 0, words=text)
    assert len(search(table, 1, 0, 0, TopK=40)) == 40
    assert "16 MB" in refusal(search, table, 1, 0, 0)
    assert len(search(table, 1, 0, 0, ProjectionExpression="pk")) == 44


def test_a_table_is_found_by_its_arn_and_only_in_its_region(table: Any) -> None:
    put(table, "a", 1, 0, 0)
    arn = table.describe_table(TableName=TABLE)["Table"]["TableArn"]
    assert names(search(table, 1, 0, 0, TableName=arn)) == ["pa"]
    import boto3

    elsewhere = boto3.client(
        "dynamodb",
        endpoint_url=table.meta.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        search(elsewhere, 1, 0, 0)


def test_what_is_no_json_is_refused(table: Any) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(
        table.meta.endpoint_url, b"{", {"X-Amz-Target": "DynamoDB_20120810.SearchVectors"}
    )
    with pytest.raises(HTTPError) as raised:
        urlopen(request, timeout=30)
    with raised.value as answer:
        assert answer.code == 400
        assert json.load(answer)["__type"].endswith("#SerializationException")
