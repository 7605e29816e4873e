"""A file that keeps what an engine holds: what was answered is there, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.engine import LocalEngine, journal
from leyden.errors import EngineError

TABLE = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g")
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi1",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]},
        }
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "Tags": [{"Key": "team", "Value": "jars"}],
}
VECTORS = {
    "IndexName": "vec1",
    "VectorAttribute": {"AttributeName": "near"},
    "Dimensions": 2,
    "DistanceFunction": "COSINE",
    "Projection": {"ProjectionType": "ALL"},
}

RECOVERY = ("PointInTimeRecoveryStatus", "RecoveryPeriodInDays")


def client_of(engine: LocalEngine, region: str = "us-east-1") -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb",
        region_name=region,
        endpoint_url=engine.endpoint_url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def held(client: Any) -> dict[str, Any]:
    """All that an engine holds, but for what differs between two that hold the same."""
    tables = {}
    for name in client.list_tables()["TableNames"]:
        described = client.describe_table(TableName=name)["Table"]
        arn = described["TableArn"]
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        items = client.scan(TableName=name)["Items"]
        backups = client.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        tables[name] = {
            "definition": journal._definition(described),
            "tags": client.list_tags_of_resource(ResourceArn=arn)["Tags"],
            "ttl": ttl if ttl["TimeToLiveStatus"] == "ENABLED" else None,
            "items": sorted(items, key=repr),
            "recovery": {part: recovery.get(part) for part in RECOVERY},
            "replicas": described.get("Replicas"),
        }
    return tables


def reopened(file: Path) -> dict[str, Any]:
    """What is in the file of an engine that still runs, as after its process was killed."""
    copy = shutil.copy(file, file.with_name("copy.jsonl"))
    with leyden.local(data=copy) as engine:
        return held(client_of(engine))


def reopened_items(file: Path) -> list[dict[str, Any]]:
    """The items of the table in such a file."""
    items: list[dict[str, Any]] = reopened(file)["t"]["items"]
    return items


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.jsonl"


@pytest.fixture
def kept(file: Path) -> Iterator[Any]:
    """A client of an engine with a file and a table."""
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        yield client


def key(pk: str = "a", sk: str = "1") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


EVERY_TYPE = {
    "s": {"S": 'a\n"b"\u2028é'},
    "n": {"N": "12345678901234567890.123"},
    "b": {"B": b"\0\1"},
    "bs": {"BS": [b"\0", b"\2"]},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "m": {"M": {"l": {"L": [{"NULL": True}, {"BOOL": False}]}}},
}


def test_each_kind_of_write_is_in_the_file_once_it_is_answered(kept: Any, file: Path) -> None:
    put = {"TableName": "t", "Item": {**key(), **EVERY_TYPE}}
    kept.put_item(**put)
    kept.update_item(
        TableName="t",
        Key=key("b"),
        UpdateExpression="ADD n :one SET g = :g",
        ExpressionAttributeValues={":one": {"N": "1"}, ":g": {"S": "x"}},
    )
    kept.batch_write_item(
        RequestItems={"t": [{"PutRequest": {"Item": key("c", str(i))}} for i in range(3)]}
    )
    kept.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": "t", "Key": key("c", "0")}},
            {"Put": {"TableName": "t", "Item": {**key("d"), "v": {"S": "x"}}}},
        ]
    )
    kept.delete_item(TableName="t", Key=key("c", "1"))
    kept.execute_statement(Statement="INSERT INTO \"t\" VALUE {'pk': 'e', 'sk': '1'}")
    kept.update_time_to_live(
        TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    kept.create_table(**{**TABLE, "TableName": "gone"})
    kept.delete_table(TableName="gone")
    now = held(kept)
    assert len(now["t"]["items"]) == 5
    assert now["t"]["ttl"]
    assert now["t"]["tags"]
    assert reopened(file) == now


def test_what_is_refused_is_not_in_the_file(kept: Any, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ClientError):
        kept.put_item(TableName="t", Item=key(), ConditionExpression="attribute_exists(pk)")
    kept.get_item(TableName="t", Key=key())
    kept.query(
        TableName="t",
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    )
    assert file.read_bytes() == before


def test_a_transaction_under_a_token_is_done_once_again(kept: Any, file: Path) -> None:
    update = {
        "TableName": "t",
        "Key": key(),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for _ in range(2):
        kept.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="same")
    assert held(kept)["t"]["items"][0]["n"] == {"N": "1"}
    assert reopened(file) == held(kept)


def test_vector_indexes_are_kept_and_found_by(kept: Any, file: Path) -> None:
    kept.create_table(**{**TABLE, "TableName": "v", "VectorIndexes": [VECTORS]})
    added = {"Create": {**VECTORS, "IndexName": "vec2"}}
    kept.update_table(TableName="v", VectorIndexUpdates=[added])
    kept.put_item(TableName="v", Item={**key(), "near": {"L": [{"N": "1"}, {"N": "0"}]}})
    now = held(kept)
    assert reopened(file) == now
    copy = shutil.copy(file, file.with_name("anew.jsonl"))
    with leyden.local(data=copy) as engine:
        engine._journal._write_anew()  # type: ignore[union-attr]
    assert b"VectorIndexUpdates" not in copy.read_bytes()
    with leyden.local(data=copy) as engine:
        client = client_of(engine)
        assert held(client) == now
        table = client.describe_table(TableName="v")["Table"]
        assert [index["IndexName"] for index in table["VectorIndexes"]] == ["vec1", "vec2"]


puts = st.tuples(st.just("put"), st.sampled_from("abc"), st.sampled_from("12"), st.text(max_size=3))
deletes = st.tuples(st.just("delete"), st.sampled_from("abc"), st.sampled_from("12"), st.just(""))
adds = st.tuples(st.just("add"), st.sampled_from("abc"), st.sampled_from("12"), st.just(""))


# Each starts an engine over the file; the writes of one are still there for the next.
@given(st.lists(puts | deletes | adds, max_size=12), st.integers(0, 12))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=settings.default.max_examples // 5,
)
def test_a_file_holds_what_the_engine_does_whenever_it_is_written_anew(
    kept: Any, file: Path, writes: list[tuple[str, str, str, str]], anew_after: int
) -> None:
    for number, (what, pk, sk, text) in enumerate(writes):
        if what == "put":
            kept.put_item(TableName="t", Item={**key(pk, sk), "v": {"S": text}})
        elif what == "delete":
            kept.delete_item(TableName="t", Key=key(pk, sk))
        else:
            kept.update_item(
                TableName="t",
                Key=key(pk, sk),
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        if number == anew_after:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(journal, "_LEAST_BYTES", 0)
                patch.setattr(journal, "_LONGER", 0)
                kept.put_item(TableName="t", Item=key("last"))
    assert reopened(file) == held(kept)


def test_a_long_file_is_written_anew_when_it_is_opened(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        for number in range(20):
            client.put_item(TableName="t", Item={**key(), "v": {"N": str(number)}})
        before = held(client)
    assert len(file.read_bytes().splitlines()) == 22
    monkeypatch.setattr(journal, "_LEAST_LINES", 10)
    with leyden.local(data=file) as engine:
        assert len(file.read_bytes().splitlines()) == 3
        assert held(client_of(engine)) == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_the_settings_of_a_table_are_kept_when_a_file_is_written_anew(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(
            **TABLE,
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/a"},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            DeletionProtectionEnabled=True,
        )
        client.update_continuous_backups(
            TableName="t",
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": True,
                "RecoveryPeriodInDays": 7,
            },
        )
        for region in ("eu-west-1", "us-west-2"):
            create = [{"Create": {"RegionName": region}}]
            client.update_table(TableName="t", ReplicaUpdates=create)
        client.update_table(TableName="t", ReplicaUpdates=[{"Delete": {"RegionName": "us-west-2"}}])
        before = held(client)
    monkeypatch.setattr(journal, "_LEAST_LINES", 1)
    monkeypatch.setattr(journal, "_LONGER", 0)
    with leyden.local(data=file) as engine:
        assert len(file.read_bytes().splitlines()) == 4
        assert held(client_of(engine)) == before
    (table,) = before.values()
    assert table["definition"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert table["definition"]["SSESpecification"]["KMSMasterKeyId"] == "alias/a"
    assert table["recovery"] == {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}
    assert [replica["RegionName"] for replica in table["replicas"]] == ["eu-west-1"]


def test_half_a_line_was_never_answered_and_is_left_out(kept: Any, file: Path) -> None:
    before = held(kept)
    torn = file.with_name("torn.jsonl")
    torn.write_bytes(file.read_bytes() + b'{"do": "PutItem", "with": {"TableName": "t", "It')
    with leyden.local(data=torn) as engine:
        client = client_of(engine)
        assert held(client) == before
        client.put_item(TableName="t", Item=key())
        assert reopened(torn) == held(client)


def test_the_table_of_every_region_is_the_same(kept: Any, file: Path) -> None:
    with leyden.local(data=file.with_name("other.jsonl")) as engine:
        client_of(engine, "eu-central-1").create_table(**TABLE)
        assert client_of(engine, "ap-south-1").list_tables()["TableNames"] == ["t"]
    with leyden.local(one_region=True) as engine:
        client_of(engine, "eu-central-1").create_table(**TABLE)
        assert client_of(engine).list_tables()["TableNames"] == ["t"]
    with leyden.local() as engine:
        client_of(engine, "eu-central-1").create_table(**TABLE)
        assert client_of(engine).list_tables()["TableNames"] == []


HEAD = b'{"leyden": "local", "version": 1, "lines": 0}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"an": "export"}\n', "is not a file of a local engine"),
        (b"\0\1\2", "is not a file of a local engine"),
        (b'{"leyden": "local", "version": 9, "lines": 0}\n', "has format 9"),
        (HEAD + b"nonsense\n", ":2: this line is not a request"),
        (HEAD + b'{"do": "Scan", "with": {}}\n', ':2: "Scan" is not a request that changes tables'),
        (
            HEAD + b'{"do": "DeleteTable", "with": {"TableName": "none"}}\n',
            ":2: repeating DeleteTable failed: ",
        ),
    ],
)
def test_a_file_of_something_else_is_refused_and_stays(
    file: Path, content: bytes, said: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(EngineError, match=r"data\.jsonl") as refused:
        leyden.local(data=file)
    assert said in str(refused.value)
    assert file.read_bytes() == content


def test_two_engines_do_not_share_a_file(kept: Any, file: Path) -> None:
    with pytest.raises(EngineError, match="another engine uses"):
        leyden.local(data=file)
    kept.put_item(TableName="t", Item=key())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot open"):
        leyden.local(data=tmp_path / "none" / "data.jsonl")


class Disk:
    """Stands for `os.write`, on a disk that is full while `room` says so."""

    def __init__(self) -> None:
        self.room = 1 << 30

    def __call__(self, descriptor: int, data: Any) -> int:
        if self.room == 0:
            raise OSError(28, "No space left on device")
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    stand_in = ModuleType("os")
    stand_in.__dict__.update(os.__dict__)
    stand_in.write = disk  # type: ignore[attr-defined]
    monkeypatch.setattr(journal, "os", stand_in)
    return disk


def test_a_full_disk_answers_nothing_until_all_is_kept(file: Path, disk: Disk) -> None:
    """A client sends a failed write again, and would take a refusal or a read for an answer."""
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        client.put_item(TableName="t", Item=key("before"))
        disk.room = 30
        create = {"ConditionExpression": "attribute_not_exists(pk)"}
        for _ in range(2):
            with pytest.raises(ClientError, match="No space left on device"):
                client.put_item(TableName="t", Item=key("full"), **create)
        with pytest.raises(ClientError, match="No space left on device"):
            client.get_item(TableName="t", Key=key("full"))
        assert [item["pk"]["S"] for item in reopened_items(file)] == ["before"]
        assert list(file.parent.glob("*.new")) == []
        disk.room = 1 << 30
        assert "Item" in client.get_item(TableName="t", Key=key("full"))
        client.put_item(TableName="t", Item=key("after"))
        assert reopened(file) == held(client)


def test_a_disk_that_is_full_at_the_start_is_named(file: Path, disk: Disk) -> None:
    disk.room = 0
    with pytest.raises(EngineError, match=r"cannot write .*: No space left on device"):
        leyden.local(data=file)
    disk.room = 1 << 30
    leyden.local(data=file).close()


def test_a_file_that_cannot_be_written_anew_for_length_only_stays(
    file: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_LEAST_BYTES", 0)
    monkeypatch.setattr(journal, "_LEAST_LINES", 0)
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        keeping: Any = engine._journal
        disk.room = 0
        keeping._shorten()
        disk.room = 1 << 30
        client.put_item(TableName="t", Item=key())
        assert reopened(file) == held(client)


def test_a_write_after_the_end_is_not_answered_as_kept(file: Path) -> None:
    with leyden.local(data=file) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        keeping: Any = engine._journal
        keeping.close()
        with pytest.raises(ClientError, match="the engine is closed"):
            client.put_item(TableName="t", Item=key())


def test_a_file_behind_a_link_is_written_anew_where_it_is(tmp_path: Path) -> None:
    link, place = tmp_path / "link.jsonl", tmp_path / "data.jsonl"
    link.symlink_to(place)
    with leyden.local(data=link) as engine:
        client = client_of(engine)
        client.create_table(**TABLE)
        keeping: Any = engine._journal
        keeping._write_anew()
        client.put_item(TableName="t", Item=key())
        assert link.is_symlink()
        assert reopened(place) == held(client)


def test_reading_says_how_far_it_is(kept: Any, file: Path) -> None:
    copy = shutil.copy(file, file.with_name("copy.jsonl"))
    said: list[tuple[int, int]] = []
    leyden.local(data=copy, progress=lambda *far: said.append(far)).close()
    assert said[-1][0] == said[-1][1] == len(file.read_bytes())


def test_the_lines_are_the_requests(kept: Any, file: Path) -> None:
    kept.put_item(TableName="t", Item=key())
    *_, last = file.read_text().splitlines()
    assert json.loads(last) == {"do": "PutItem", "with": {"TableName": "t", "Item": key()}}
