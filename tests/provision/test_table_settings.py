"""Settings that table.yaml declares: applied to a new table, compared with one that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from leyden.drivers import SyncDriver
from leyden.errors import AwsError, TableError, TableMismatchError, UnsupportedError
from leyden.mapping.merging import table_definition
from leyden.program import Pause, Program, Request
from leyden.schema import Capacity, Provisioned, TableSettings
from leyden.tables import TableDefinition, check_table, compare_table, create_table
from tests.ministack import Ministack
from tests.provision.services import SHOP

BARE = evolve(table_definition(SHOP), ttl=None)
ALL = TableSettings(
    billing=Provisioned(read=Capacity(5, most=50), write=Capacity(2, most=20)),
    point_in_time_recovery=True,
    recovery_days=35,
    encryption="kms_key",
    kms_key="alias/shop",
    deletion_protection=True,
    stream="new_and_old_images",
    tags={"team": "shop", "cost center": "1234"},
    table_class="infrequent_access",
    replicas=("eu-west-1",),
)


def having(**settings: Any) -> TableDefinition:
    return evolve(BARE, settings=TableSettings(**settings))


def described(**changes: Any) -> dict[str, Any]:
    arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/t"
    return {**BARE.create_table_params("t"), "TableStatus": "ACTIVE", "TableArn": arn, **changes}


KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BY_KMS = {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY}}


def provisioned(own: tuple[int, int], of_indexes: tuple[int, int]) -> dict[str, Any]:
    def units(read: int, write: int) -> dict[str, Any]:
        return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}

    return {
        "BillingModeSummary": {"BillingMode": "PROVISIONED"},
        **units(*own),
        "GlobalSecondaryIndexes": [
            {**index, **units(*of_indexes)} for index in described()["GlobalSecondaryIndexes"]
        ],
    }


PROVISIONED = provisioned((5, 5), (5, 5))
ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}


@pytest.mark.parametrize(
    ("settings", "table", "said"),
    [
        ({"billing": "on_demand"}, PROVISIONED, "billed for provisioned capacity.*says on_demand"),
        (
            {"billing": Provisioned(Capacity(5), Capacity(5))},
            ON_DEMAND,
            "billed on demand.*provisioned",
        ),
        (
            {"billing": Provisioned(Capacity(6), Capacity(5))},
            provisioned((5, 5), (6, 5)),
            "the table has 5 read capacity units, and table.yaml says 6",
        ),
        (
            {"billing": Provisioned(Capacity(5), Capacity(6, most=9))},
            provisioned((5, 5), (5, 9)),
            "5 write capacity units, and table.yaml says 6 to 9",
        ),
        ({"encryption": "aws_owned"}, BY_KMS, "a key of AWS KMS encrypts.*says aws_owned"),
        ({"encryption": "aws_managed"}, {}, "a key that DynamoDB owns encrypts.*aws_managed"),
        (
            {"encryption": "kms_key", "kms_key": KEY.replace("1234abcd", "0000abcd")},
            BY_KMS,
            "a key of AWS KMS encrypts the table, and table.yaml says another one",
        ),
        ({"deletion_protection": True}, {}, "deletion protection is off, and table.yaml says on"),
        (
            {"deletion_protection": False},
            {"DeletionProtectionEnabled": True},
            "deletion protection is on, and table.yaml says off",
        ),
        ({"stream": "keys_only"}, {}, "has no stream, and table.yaml says keys_only"),
        (
            {"stream": "keys_only"},
            {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
            "has a stream of new_image, and table.yaml says keys_only",
        ),
        ({"table_class": "infrequent_access"}, {}, "class is standard.*says infrequent_access"),
        (
            {"table_class": "standard"},
            {"TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"}},
            "class is infrequent_access.*says standard",
        ),
        ({"replicas": ("eu-west-1",), "stream": None}, {}, "no replica in eu-west-1"),
    ],
)
def test_a_setting_that_differs_is_a_difference_with_a_remedy(
    settings: dict[str, Any], table: dict[str, Any], said: str
) -> None:
    wanted = having(**settings)
    both_images = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    stream = {"StreamSpecification": both_images} if wanted.settings.replicas else {}
    (difference,) = compare_table(wanted, described(**{**table, **stream}))
    assert re.search(said, difference)
    assert difference.code in settings
    assert "aws dynamodb update-table --table-name t" in difference.remedy


@pytest.mark.parametrize(
    ("settings", "table"),
    [
        ({"billing": "on_demand"}, ON_DEMAND),
        ({"billing": Provisioned(Capacity(5), Capacity(1, most=5))}, PROVISIONED),
        ({"encryption": "aws_owned"}, {"SSEDescription": {"Status": "DISABLED"}}),
        ({"encryption": "aws_managed"}, BY_KMS),
        ({"encryption": "kms_key", "kms_key": KEY}, BY_KMS),
        ({"encryption": "kms_key", "kms_key": KEY.rpartition("/")[2]}, BY_KMS),
        ({"encryption": "kms_key", "kms_key": "alias/shop"}, BY_KMS),
        ({"deletion_protection": False}, {}),
        ({"table_class": "standard"}, {}),
        (
            {"stream": "new_and_old_images", "replicas": ("eu-central-1", "eu-west-1")},
            {
                "StreamSpecification": {
                    "StreamEnabled": True,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "Replicas": [{"RegionName": "eu-west-1"}, {"RegionName": "us-west-2"}],
            },
        ),
    ],
)
def test_a_setting_that_is_as_declared_is_none(
    settings: dict[str, Any], table: dict[str, Any]
) -> None:
    assert compare_table(having(**settings), described(**table)) == ()


def test_capacity_of_indexes_is_compared_too() -> None:
    wanted = having(billing=Provisioned(Capacity(5), Capacity(5)))
    table = described(**PROVISIONED)
    table["GlobalSecondaryIndexes"][1]["ProvisionedThroughput"] = {
        "ReadCapacityUnits": 5,
        "WriteCapacityUnits": 1,
    }
    (difference,) = compare_table(wanted, table)
    assert 'the index "gsi2" has 1 write capacity units' in difference
    assert difference.subject == "gsi2"


def backups(status: str, **more: Any) -> dict[str, Any]:
    return {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status, **more}}


@pytest.mark.parametrize(
    ("settings", "found", "said"),
    [
        ({"point_in_time_recovery": True}, backups("DISABLED"), "is off, and table.yaml says on"),
        ({"point_in_time_recovery": True}, {}, "is off, and table.yaml says on"),
        ({"point_in_time_recovery": False}, backups("ENABLED"), "is on, and table.yaml says off"),
        (
            {"point_in_time_recovery": True, "recovery_days": 35},
            backups("ENABLED", RecoveryPeriodInDays=7),
            "goes back 7 days, and table.yaml says 35",
        ),
    ],
)
def test_recovery_that_differs_is_a_difference(
    settings: dict[str, Any], found: dict[str, Any], said: str
) -> None:
    (difference,) = compare_table(having(**settings), described(), backups=found)
    assert said in difference
    assert "aws dynamodb update-continuous-backups --table-name t" in difference.remedy


def test_tags_that_lack_or_differ_are_differences_and_others_are_not() -> None:
    wanted = having(tags={"team": "shop", "stage": "live", "owner": "ada"})
    found = compare_table(
        wanted, described(), tags={"team": "shop", "stage": "test", "made-by": "hand"}
    )
    assert found == (
        'the tag "stage" is "test", and table.yaml says "live"',
        'the tag "owner" is missing, and table.yaml says "ada"',
    )


def test_what_was_not_looked_at_is_no_difference() -> None:
    wanted = having(tags={"team": "shop"}, point_in_time_recovery=True)
    assert compare_table(wanted, described()) == ()


class Account:
    """Answers the steps of a program, and notes them; some calls it refuses."""

    def __init__(self, **refusals: Any) -> None:
        self.table: dict[str, Any] = {}
        self.refusals: dict[str, list[Exception]] = refusals
        self.asked: list[Request] = []
        self.replicas_after = 0.0
        self.waited = 0.0
        self.backups: list[dict[str, Any]] = []

    def run(self, program: Program[Any]) -> Any:
        step = next(program)
        while True:
            try:
                if isinstance(step, Pause):
                    self.waited += step.seconds
                    step = program.send(None)
                    continue
                assert isinstance(step, Request)
                self.asked.append(step)
                left = self.refusals.get(step.api)
                step = program.throw(left.pop(0)) if left else program.send(self.answer(step))
            except StopIteration as end:
                return end.value

    def answer(self, step: Request) -> Any:
        if step.api == "CreateTable":
            self.table = {**described(), **step.params}
            return {"TableDescription": self.table}
        if step.api == "UpdateTable":
            (update,) = step.params["ReplicaUpdates"]
            region = {"RegionName": update["Create"]["RegionName"]}
            self.table.setdefault("Replicas", []).append(region)
            return {}
        if step.api == "DescribeTable":
            status = "ACTIVE" if self.waited >= self.replicas_after else "CREATING"
            replicas = [{**one, "ReplicaStatus": status} for one in self.table.get("Replicas", ())]
            return {"Table": {**self.table, "Replicas": replicas}}
        if step.api == "DescribeContinuousBackups":
            return {"ContinuousBackupsDescription": self.backups.pop(0)}
        assert step.api == "UpdateContinuousBackups"
        return {}

    @property
    def apis(self) -> list[str]:
        return [request.api for request in self.asked]


def create(account: Account, definition: TableDefinition, **options: Any) -> Any:
    return account.run(create_table(definition, "t", is_new=True, **options))


def test_a_new_table_has_what_is_declared_and_no_more() -> None:
    account = Account()
    assert create(account, evolve(BARE, settings=ALL)).created
    made = account.asked[0].params
    assert made["BillingMode"] == "PROVISIONED"
    assert made["ProvisionedThroughput"] == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    assert made["SSESpecification"] == {
        "Enabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": "alias/shop",
    }
    assert made["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert made["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert made["DeletionProtectionEnabled"] is True
    assert made["Tags"] == [
        {"Key": "team", "Value": "shop"},
        {"Key": "cost center", "Value": "1234"},
    ]
    recovery = next(one for one in account.asked if one.api == "UpdateContinuousBackups")
    assert recovery.params["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 35,
    }
    bare = Account()
    create(bare, BARE)
    assert bare.apis == ["CreateTable"]
    assert bare.asked[0].params.keys() == {
        *("TableName", "BillingMode", "AttributeDefinitions", "KeySchema"),
        "GlobalSecondaryIndexes",
    }


def test_billing_that_the_caller_says_goes_before_table_yamls() -> None:
    account = Account()
    create(account, evolve(BARE, settings=ALL), billing="PAY_PER_REQUEST")
    assert account.asked[0].params["BillingMode"] == "PAY_PER_REQUEST"


def test_replicas_are_added_one_after_another_and_waited_for() -> None:
    account = Account()
    account.replicas_after = 20.0
    create(account, having(replicas=("eu-west-1", "us-west-2")), time_limit=60.0)
    assert account.apis.count("UpdateTable") == 2
    assert account.waited >= 20.0
    late = Account()
    late.replicas_after = 1e9
    with pytest.raises(TableError, match=r"replica.*in eu-west-1 is not ready after 30 seconds"):
        create(late, having(replicas=("eu-west-1",)), time_limit=30.0)


def test_a_replica_that_aws_refuses_leads_to_the_templates() -> None:
    account = Account(
        UpdateTable=[AwsError("auto scaling is needed", aws_code="ValidationException")]
    )
    with pytest.raises(TableError, match=r"auto scaling is needed.*--format cloudformation"):
        create(account, having(replicas=("eu-west-1",)))


def test_backups_that_are_not_yet_there_are_asked_for_again() -> None:
    busy = AwsError("later", aws_code="ContinuousBackupsUnavailableException")
    account = Account(UpdateContinuousBackups=[busy, busy])
    create(account, having(point_in_time_recovery=True))
    assert account.apis.count("UpdateContinuousBackups") == 3
    lasting = Account(UpdateContinuousBackups=[busy] * 100)
    with pytest.raises(AwsError, match="later"):
        create(lasting, having(point_in_time_recovery=True), time_limit=10.0)


def test_an_engine_without_backups_is_left_as_it_is() -> None:
    account = Account(
        UpdateContinuousBackups=[UnsupportedError("no", aws_code="UnknownOperationException")]
    )
    assert create(account, having(point_in_time_recovery=True)).created


def test_tags_are_read_to_the_last_page() -> None:
    program = check_table(having(tags={"a": "1", "b": "2"}), "t")
    assert next(program).api == "DescribeTable"  # type: ignore[union-attr]
    asked: Any = program.send({"Table": described()})
    assert (asked.api, asked.params) == (
        "ListTagsOfResource",
        {"ResourceArn": described()["TableArn"]},
    )
    asked = program.send({"Tags": [{"Key": "a", "Value": "1"}], "NextToken": "more"})
    assert asked.params["NextToken"] == "more"
    with pytest.raises(StopIteration):
        program.send({"Tags": [{"Key": "b", "Value": "2"}]})


@pytest.fixture
def driver(engine: Any, table_name: str) -> Iterator[SyncDriver]:
    yield from on_engine(engine, table_name)


def on_engine(engine: Any, table_name: str) -> Iterator[SyncDriver]:
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        yield driver
        off = {"TableName": table_name, "DeletionProtectionEnabled": False}
        driver.send(Request("UpdateTable", off))
        driver.send(Request("DeleteTable", {"TableName": table_name}))


def applies(driver: SyncDriver, table_name: str, settings: TableSettings) -> None:
    definition = evolve(BARE, settings=settings)
    assert driver.run(create_table(definition, table_name)).created
    assert not driver.run(create_table(definition, table_name)).created
    driver.run(check_table(definition, table_name))
    other = evolve(settings, deletion_protection=False, stream="keys_only", replicas=())
    with pytest.raises(TableMismatchError) as caught:
        driver.run(check_table(evolve(BARE, settings=other), table_name))
    assert {found.code for found in caught.value.differences} == {"deletion_protection", "stream"}


def test_every_engine_has_and_keeps_what_it_knows_of_the_settings(
    driver: SyncDriver, table_name: str
) -> None:
    applies(driver, table_name, ALL)


def test_ministack_has_the_settings_too(ministack_engine: Ministack, table_name: str) -> None:
    for driver in on_engine(ministack_engine, table_name):
        applies(driver, table_name, ALL)


def test_another_process_has_a_moment_to_turn_on_what_create_table_does_not_take() -> None:
    account = Account()
    account.table = described()
    account.backups = [backups("DISABLED"), backups("ENABLED")]
    result = account.run(create_table(having(point_in_time_recovery=True), "t"))
    assert (result.created, account.waited) == (False, 1.0)
