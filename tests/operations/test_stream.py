"""Stream records of every shape become typed changes."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import DecodeError, InputError, InvalidOptionError
from leyden.service.stream import Change, StreamRecordError


def parse_stream(app: leyden.Service, event: Any, **options: Any) -> list[Change]:
    return app.parse_stream(event, **options)


FILES = """
entity: files
alias: file
version: "1"
service: drive
attributes:
  folder: {type: string, required: true}
  name: {type: string, required: true}
  size: integer
  starred: boolean
  digest: binary
  parts: {type: list, items: binary}
  tags: {type: set, items: string}
  labels: any
  note: json
  secret: {type: string, hidden: true}
  edited_at: timestamp
indexes:
  folder:
    pk: {field: pk, composite: [folder]}
    sk: {field: sk, composite: [name]}
---
entity: folders
alias: folder
version: "1"
service: drive
attributes:
  folder: {type: string, required: true}
  owner: string
indexes:
  folder:
    pk: {field: pk, composite: [folder]}
    sk: {field: sk, composite: []}
"""

FILE: dict[str, Any] = {
    "folder": "Plans",
    "name": "Q1.md",
    "size": 3,
    "digest": b"\x00\xff",
    "tags": {"a", "b"},
}
FOREIGN: dict[str, Any] = {"pk": {"S": "stranger"}, "sk": {"S": "1"}, "blob": {"B": b"\x01"}}


@pytest.fixture(scope="module")
def drive() -> leyden.Service:
    return leyden.load(FILES, table="drive", region="us-east-1")


def item_of(drive: leyden.Service, alias: str = "file", **values: Any) -> dict[str, Any]:
    item: dict[str, Any] = drive[alias].put(**values).params()["Item"]
    return item


def record(
    name: str, *, old: Any = None, new: Any = None, view: str = "NEW_AND_OLD_IMAGES", **more: Any
) -> dict[str, Any]:
    """A record as GetRecords gives it."""
    image = new or old
    body = {
        "ApproximateCreationDateTime": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        "Keys": {key: image[key] for key in ("pk", "sk")},
        "SequenceNumber": "111",
        "SizeBytes": 26,
        "StreamViewType": view,
    }
    if new is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        body["NewImage"] = new
    if old is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        body["OldImage"] = old
    return {
        "eventID": "e-1",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": body,
        **more,
    }


def as_lambda_has_it(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The event after a trip through Lambda's JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, datetime):
            return value.timestamp()
        raise TypeError(type(value))

    event: dict[str, Any] = json.loads(json.dumps({"Records": records}, default=plain))
    return event


def only(changes: list[Change]) -> Change:
    (change,) = changes
    return change


class TestKinds:
    def test_an_insert_has_the_new_record_and_no_old_one(self, drive: leyden.Service) -> None:
        change = only(parse_stream(drive, record("INSERT", new=item_of(drive, **FILE))))
        assert (change.kind, change.alias, change.old) == ("insert", "file", None)
        assert change.entity is drive.entities.file
        assert isinstance(change.new, drive.entities.file.record)
        assert (change.new.folder, change.new.digest) == ("Plans", b"\x00\xff")
        assert change.changed is None
        assert change.expired is False
        assert change.sequence_number == "111"
        assert change.at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def test_a_change_names_what_differs_hidden_and_removed_attributes_too(
        self, drive: leyden.Service
    ) -> None:
        old = item_of(drive, **FILE, secret="x", starred=True)
        new = item_of(drive, **{**FILE, "size": 4}, secret="y")
        change = only(parse_stream(drive, record("MODIFY", old=old, new=new)))
        assert (change.kind, change.old.size, change.new.size) == ("modify", 3, 4)
        assert change.changed == frozenset({"size", "secret", "starred"})

    def test_a_removal_has_the_old_record_alone(self, drive: leyden.Service) -> None:
        change = only(parse_stream(drive, record("REMOVE", old=item_of(drive, **FILE))))
        assert (change.kind, change.old.name, change.new) == ("remove", "Q1.md", None)
        assert change.key_attributes == {"folder": "Plans", "name": "Q1.md"}

    @pytest.mark.parametrize(
        "identity",
        [
            {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
            {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
        ],
    )
    def test_time_to_live_is_told_from_a_delete_in_both_spellings(
        self, drive: leyden.Service, identity: dict[str, str]
    ) -> None:
        removal = record("REMOVE", old=item_of(drive, **FILE), userIdentity=identity)
        assert only(parse_stream(drive, removal)).expired is True

    def test_another_principal_is_no_time_to_live(self, drive: leyden.Service) -> None:
        removal = record(
            "REMOVE", old=item_of(drive, **FILE), userIdentity={"principalId": "AIDA", "type": "x"}
        )
        assert only(parse_stream(drive, removal)).expired is False


class TestWhatChanged:
    def test_the_order_of_a_sets_members_is_no_change(self, drive: leyden.Service) -> None:
        old = item_of(drive, **FILE)
        new = copy.deepcopy(old)
        old["tags"]["SS"], new["tags"]["SS"] = ["a", "b"], ["b", "a"]
        assert only(parse_stream(drive, record("MODIFY", old=old, new=new))).changed == frozenset()

    def test_the_layout_of_json_and_of_numbers_is_no_change(self, drive: leyden.Service) -> None:
        old = item_of(drive, **FILE)
        old["note"], new = {"S": '{"a": 1, "b": 2}'}, copy.deepcopy(old)
        new["note"], new["size"] = {"S": '{"b":2,"a":1}'}, {"N": "3.0"}
        assert only(parse_stream(drive, record("MODIFY", old=old, new=new))).changed == frozenset()

    @pytest.mark.parametrize(
        ("before", "after"),
        [(True, 1), (False, 0), ([True], [1]), ({"a": [0]}, {"a": [False]}), ([1], [1, 2])],
    )
    def test_a_boolean_that_becomes_a_number_is_a_change(
        self, drive: leyden.Service, before: Any, after: Any
    ) -> None:
        old, new = (item_of(drive, **FILE, labels=value) for value in (before, after))
        changed = only(parse_stream(drive, record("MODIFY", old=old, new=new))).changed
        assert changed == frozenset({"labels"})

    def test_an_item_that_another_entity_overwrote_has_two_records_and_no_comparison(
        self, drive: leyden.Service
    ) -> None:
        old = item_of(drive, "folder", folder="Plans", owner="ada")
        new = item_of(drive, **FILE)
        change = only(parse_stream(drive, record("MODIFY", old=old, new=new)))
        assert (change.alias, change.changed) == ("file", None)
        assert (change.old.owner, change.new.name) == ("ada", "Q1.md")

    def test_an_item_that_a_foreign_one_overwrote_is_not_lost(self, drive: leyden.Service) -> None:
        change = only(
            parse_stream(drive, record("MODIFY", old=item_of(drive, **FILE), new=FOREIGN))
        )
        assert (change.alias, change.old.name, change.new) == ("file", "Q1.md", None)
        assert change.new_image == FOREIGN


class TestViews:
    """What the stream view leaves out is None."""

    def test_an_empty_image_is_none(self, drive: leyden.Service) -> None:
        bare = record("MODIFY", new=item_of(drive, **FILE), view="KEYS_ONLY")
        bare["dynamodb"].update({"NewImage": {}, "OldImage": None})
        change = only(parse_stream(drive, bare))
        assert (change.alias, change.new, change.new_image) == ("file", None, None)

    def test_new_image(self, drive: leyden.Service) -> None:
        old, new = item_of(drive, **FILE), item_of(drive, **{**FILE, "size": 9})
        change = only(parse_stream(drive, record("MODIFY", old=old, new=new, view="NEW_IMAGE")))
        assert (change.old, change.new.size, change.changed) == (None, 9, None)

    def test_old_image(self, drive: leyden.Service) -> None:
        old, new = item_of(drive, **FILE), item_of(drive, **{**FILE, "size": 9})
        change = only(parse_stream(drive, record("MODIFY", old=old, new=new, view="OLD_IMAGE")))
        assert (change.new, change.old.size, change.changed) == (None, 3, None)

    @pytest.mark.parametrize("name", ["INSERT", "MODIFY", "REMOVE"])
    def test_keys_only_finds_the_entity_and_the_folded_attributes(
        self, drive: leyden.Service, name: str
    ) -> None:
        item = item_of(drive, **FILE)
        change = only(parse_stream(drive, record(name, old=item, new=item, view="KEYS_ONLY")))
        assert (change.alias, change.old, change.new, change.changed) == ("file", None, None, None)
        assert change.key_attributes == {"folder": "plans", "name": "q1.md"}
        assert change.keys == {"pk": item["pk"], "sk": item["sk"]}

    def test_keys_that_fit_two_entities_are_refused_with_a_remedy(self) -> None:
        twins = "\n---\n".join(
            f"{{entity: {name}, version: '1', service: s, attributes: {{id: string}}, indexes: "
            "{main: {pk: {field: pk, composite: [id], template: 'x#${id}'}}}}\n"
            for name in ("one", "two")
        )
        app = leyden.load(twins, table="t", region="us-east-1")
        event = {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "x#1"}}}}
        with pytest.raises(DecodeError, match=r'"one", "two".*NEW_IMAGE'):
            parse_stream(app, event)


class TestShapes:
    def test_lambdas_json_gives_what_the_low_level_records_give(
        self, drive: leyden.Service
    ) -> None:
        item = item_of(
            drive, **FILE, parts=[b"\x00", b"\x01"], labels={"deep": [b"\xfe", {"x": b"\xfd"}]}
        )
        records = [record("INSERT", new=item), record("REMOVE", old=item)]
        from_lambda = parse_stream(drive, as_lambda_has_it(records))
        low_level = parse_stream(drive, {"Records": records, "NextShardIterator": "x"})
        for one, other in zip(from_lambda, low_level, strict=True):
            assert (one.new, one.old, one.at, one.keys) == (
                other.new,
                other.old,
                other.at,
                other.keys,
            )
        assert from_lambda[0].new.labels == {"deep": [b"\xfe", {"x": b"\xfd"}]}
        assert from_lambda[0].new_image == item

    def test_a_single_record_and_a_list_are_read_too(self, drive: leyden.Service) -> None:
        one = record("INSERT", new=item_of(drive, **FILE))
        assert parse_stream(drive, one) == parse_stream(drive, [one])
        assert len(parse_stream(drive, [one, one])) == 2
        assert parse_stream(drive, {"Records": []}) == []

    def test_camel_case_names_are_read(self, drive: leyden.Service) -> None:
        item = item_of(drive, **FILE)
        event = {
            "eventId": "e-7",
            "eventName": "INSERT",
            "dynamodb": {"keys": {"pk": item["pk"], "sk": item["sk"]}, "newImage": item},
        }
        assert only(parse_stream(drive, event)).new.name == "Q1.md"

    @pytest.mark.parametrize(
        "said",
        [
            1772443800,
            1772443800.0,
            1772443800000,
            1772443800000000,
            "2026-03-02T09:30:00Z",
            datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
            datetime(2026, 3, 2, 11, 30, tzinfo=timezone(timedelta(hours=2))),
        ],
    )
    def test_the_time_is_aware_whatever_it_comes_as(self, drive: leyden.Service, said: Any) -> None:
        event = record("INSERT", new=item_of(drive, **FILE))
        event["dynamodb"]["ApproximateCreationDateTime"] = said
        at = only(parse_stream(drive, event)).at
        assert at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
        assert at is not None
        assert at.utcoffset() == timedelta(0)

    def test_a_record_without_a_time_has_none(self, drive: leyden.Service) -> None:
        event = record("INSERT", new=item_of(drive, **FILE))
        del event["dynamodb"]["ApproximateCreationDateTime"]
        assert only(parse_stream(drive, event)).at is None

    @given(content=st.binary(max_size=40), parts=st.lists(st.binary(max_size=9), max_size=4))
    def test_bytes_come_through_lambda_unchanged(
        self, drive: leyden.Service, content: bytes, parts: list[bytes]
    ) -> None:
        item = item_of(drive, **{**FILE, "digest": content}, parts=parts)
        new = only(parse_stream(drive, as_lambda_has_it([record("INSERT", new=item)]))).new
        assert (new.digest, new.parts) == (content, parts)

    def test_the_event_is_left_as_it_was(self, drive: leyden.Service) -> None:
        event = as_lambda_has_it([record("INSERT", new=item_of(drive, **FILE))])
        before = copy.deepcopy(event)
        change = only(parse_stream(drive, event))
        assert event == before
        assert change.raw is event["Records"][0]

    @pytest.mark.parametrize("event", [{}, {"detail": 1}, "[]", b"{}", 3, None, {"Records": "x"}])
    def test_what_is_no_event_is_refused(self, drive: leyden.Service, event: Any) -> None:
        with pytest.raises(InputError, match=r"^parse_stream: "):
            parse_stream(drive, event)


class TestForeignItems:
    def test_they_are_left_out_unless_asked_for(self, drive: leyden.Service) -> None:
        events = [record("INSERT", new=FOREIGN), record("INSERT", new=item_of(drive, **FILE))]
        assert [change.alias for change in parse_stream(drive, events)] == ["file"]

    def test_keep_gives_their_raw_images(self, drive: leyden.Service) -> None:
        event = as_lambda_has_it([record("MODIFY", old=FOREIGN, new=FOREIGN)])
        change = only(parse_stream(drive, event, unknown="keep"))
        assert (change.entity, change.alias, change.new, change.changed) == (None,) * 4
        assert (change.old_image, change.new_image) == (FOREIGN, FOREIGN)
        assert change.key_attributes == {}

    def test_keep_works_for_keys_only(self, drive: leyden.Service) -> None:
        event = record("INSERT", new=FOREIGN, view="KEYS_ONLY")
        assert only(parse_stream(drive, event, unknown="keep")).keys["sk"] == {"S": "1"}

    @pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE"])
    def test_raise_names_the_record(self, drive: leyden.Service, view: str) -> None:
        with pytest.raises(StreamRecordError, match=r'stream record "e-1".*belongs to no entity'):
            parse_stream(drive, record("INSERT", new=FOREIGN, view=view), unknown="raise")

    def test_another_word_is_refused(self, drive: leyden.Service) -> None:
        with pytest.raises(InvalidOptionError, match="skip, raise, keep"):
            parse_stream(drive, [], unknown="drop")


class TestUnreadableRecords:
    def broken(self, drive: leyden.Service) -> dict[str, Any]:
        item = item_of(drive, **FILE)
        item["size"] = {"S": "SECRET-VALUE"}
        return record("INSERT", new=item)

    def test_one_raises_with_its_name_and_place_and_without_values(
        self, drive: leyden.Service
    ) -> None:
        with pytest.raises(StreamRecordError) as caught:
            parse_stream(drive, self.broken(drive))
        error = caught.value
        assert isinstance(error, DecodeError)
        assert (error.event_id, error.sequence_number, error.position) == ("e-1", "111", 0)
        assert (error.field, error.entity) == ("size", "files")
        assert "SECRET-VALUE" not in str(error)
        assert '"e-1"' in str(error)

    def test_a_list_collects_them_and_the_others_are_read(self, drive: leyden.Service) -> None:
        good = record("INSERT", new=item_of(drive, **FILE))
        failed: list[StreamRecordError] = []
        changes = parse_stream(drive, [good, self.broken(drive), "nonsense", good], failed=failed)
        assert len(changes) == 2
        assert [(error.position, error.sequence_number) for error in failed] == [
            (1, "111"),
            (2, None),
        ]
        assert "the stream record at 2 is not a dict" in str(failed[1])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"eventName": "TRUNCATE"}, "eventName"),
            ({"eventSource": "aws:sqs"}, '"aws:sqs"'),
            ({"eventSource": "aws:kinesis"}, "base64"),
            ({"dynamodb": None}, '"dynamodb" part'),
            ({"dynamodb": {"Keys": {}}}, '"Keys"'),
            ({"dynamodb": {"Keys": {"pk": "bare"}}}, 'AttributeValue at "Keys.pk"'),
            ({"dynamodb": {"Keys": {"pk": {"B": "no base64!"}}}}, "not base64"),
            ({"dynamodb": {"Keys": {"pk": {"B": 3}}}}, "neither bytes"),
            ({"dynamodb": {"Keys": {"pk": {"S": "1"}}, "NewImage": []}}, '"NewImage"'),
            ({"dynamodb": {"Keys": {"pk": {"L": None}}}}, '"Keys.pk" a L'),
            ({"dynamodb": {"Keys": {"pk": {"M": "x"}}}}, '"Keys.pk" a M'),
            (
                {"dynamodb": {"Keys": {"pk": {"S": "1"}}, "ApproximateCreationDateTime": "soon"}},
                "ApproximateCreationDateTime",
            ),
        ],
    )
    def test_a_malformed_record_says_what_is_wrong(
        self, drive: leyden.Service, change: dict[str, Any], message: str
    ) -> None:
        event = {**record("INSERT", new=item_of(drive, **FILE)), **change}
        with pytest.raises(StreamRecordError, match=message):
            parse_stream(drive, event)


@pytest.fixture(scope="module")
def stream_engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as engine:
        yield engine


class TestARealStream:
    """Records that the embedded engine wrote, read with the Streams API's own client."""

    def client(self, engine: leyden.LocalEngine, name: str) -> Any:
        return botocore.session.get_session().create_client(
            name,
            endpoint_url=engine.endpoint_url,
            region_name=engine.region,
            aws_access_key_id=engine.credentials.access_key_id,
            aws_secret_access_key=engine.credentials.secret_access_key,
        )

    def records(self, engine: leyden.LocalEngine, table: str) -> dict[str, Any]:
        arn = self.client(engine, "dynamodb").describe_table(TableName=table)["Table"][
            "LatestStreamArn"
        ]
        streams = self.client(engine, "dynamodbstreams")
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        response: dict[str, Any] = streams.get_records(ShardIterator=iterator)
        return response

    @pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"])
    def test_put_update_and_delete_come_back_typed(
        self, stream_engine: leyden.LocalEngine, view: str
    ) -> None:
        engine = stream_engine
        table = f"drive-{view.lower()}"
        with leyden.load(FILES, table=table, engine=engine) as app:
            definition = app.table_definition.create_table_params(table)
            self.client(engine, "dynamodb").create_table(
                **definition,
                StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
            )
            file = app.entities.file
            file.put(**FILE).go()
            app.entities.folder.create(folder="Plans").go()
            file.patch(folder="Plans", name="Q1.md").set(size=4).go()
            file.delete(folder="Plans", name="Q1.md").go()
            response = self.records(engine, table)
            changes = parse_stream(app, response)
            assert as_lambda_has_it(response["Records"])  # every part of them is JSON
        assert [(change.kind, change.alias) for change in changes] == [
            ("insert", "file"),
            ("insert", "folder"),
            ("modify", "file"),
            ("remove", "file"),
        ]
        put, _, patch, delete = changes
        assert all(change.at is not None and change.sequence_number for change in changes)
        both = view == "NEW_AND_OLD_IMAGES"
        has_new = both or view == "NEW_IMAGE"
        has_old = both or view == "OLD_IMAGE"
        assert patch.changed == (frozenset({"size"}) if both else None)
        assert (put.new and put.new.digest) == (b"\x00\xff" if has_new else None)
        assert (patch.new and patch.new.size) == (4 if has_new else None)
        assert (patch.old and patch.old.size) == (3 if has_old else None)
        assert (delete.old and delete.old.size) == (4 if has_old else None)
        assert delete.new is None
        assert delete.expired is False
