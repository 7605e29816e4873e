"""The settings of table.yaml become what the table's definition carries, in every spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.compiled.specs import SpecWriter
from leyden.schema import (
    Capacity,
    Provisioned,
    ServiceSpec,
    TableSettings,
    check_service,
    load_service,
)
from leyden.schema import settings as settings_module
from leyden.tables import table_definition

TASK = {
    "entity": "task",
    "version": "1",
    "service": "app",
    "attributes": {"a": "string"},
    "indexes": {"main": {"pk": {"field": "pk", "composite": ["a"]}, "sk": {"field": "sk"}}},
}
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def loaded(**table: Any) -> ServiceSpec:
    return load_service({"entities": [TASK], "table": {"table": "t", **table}})


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        ({}, TableSettings()),
        ({"billing": "on_demand"}, TableSettings(billing="on_demand")),
        (
            {"billing": {"read": 5, "write": {"min": 2, "max": 20}}},
            TableSettings(billing=Provisioned(Capacity(5), Capacity(2, most=20, target=70))),
        ),
        (
            {"billing": {"read": {"min": 1, "max": 9, "target": 50}, "write": 1}},
            TableSettings(billing=Provisioned(Capacity(1, most=9, target=50), Capacity(1))),
        ),
        ({"point_in_time_recovery": True}, TableSettings(point_in_time_recovery=True)),
        ({"point_in_time_recovery": False}, TableSettings(point_in_time_recovery=False)),
        (
            {"point_in_time_recovery": {"days": 7}},
            TableSettings(point_in_time_recovery=True, recovery_days=7),
        ),
        ({"encryption": "aws_owned"}, TableSettings(encryption="aws_owned")),
        (
            {"encryption": {"kms_key": ARN}},
            TableSettings(encryption="kms_key", kms_key=ARN),
        ),
        ({"deletion_protection": False}, TableSettings(deletion_protection=False)),
        ({"stream": "old_image"}, TableSettings(stream="old_image")),
        ({"tags": {"team": "a", "cost": 12}}, TableSettings(tags={"team": "a", "cost": "12"})),
        ({"table_class": "infrequent_access"}, TableSettings(table_class="infrequent_access")),
        ({"replicas": ["eu-west-1"]}, TableSettings(replicas=("eu-west-1",))),
    ],
)
def test_a_setting_is_in_the_definition_of_the_table(
    said: dict[str, Any], settings: TableSettings
) -> None:
    service = loaded(**said)
    assert service.table.settings == settings
    assert table_definition(service).settings == settings


@pytest.mark.parametrize(
    "key",
    [
        ARN,
        ARN.replace("arn:aws:", "arn:aws-us-gov:"),
        "alias/tasks",
        "arn:aws:kms:eu-central-1:111122223333:alias/tasks",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
)
def test_a_key_is_named_by_its_arn_its_id_or_an_alias(key: str) -> None:
    assert check_service({"entities": [TASK], "table": {"encryption": {"kms_key": key}}}).service


@pytest.mark.parametrize(
    "key",
    [
        *("tasks", "alias/", "alias", "arn:aws:kms:eu:1:key/x", "mrk-1"),
        ARN + "x",
        ARN.partition("key/")[0] + 'alias/a"b',
        # AWS's own key of the account, which DynamoDB takes under no name.
        "alias/aws/dynamodb",
        ARN.partition("key/")[0] + "alias/aws/dynamodb",
    ],
)
def test_what_names_no_key_is_refused(key: str) -> None:
    found = check_service({"entities": [TASK], "table": {"encryption": {"kms_key": key}}})
    assert [fault.code for fault in found.errors] == ["table.kms_key"]


@pytest.mark.parametrize("key", [ARN, ARN.partition("key/")[2]])
def test_a_key_of_one_region_is_none_of_a_table_with_replicas(key: str) -> None:
    table = {"encryption": {"kms_key": key}, "replicas": ["eu-west-1"]}
    found = check_service({"entities": [TASK], "table": table})
    assert [fault.code for fault in found.errors] == ["table.replicas"]
    of_all = {**table, "encryption": {"kms_key": "mrk-1234abcd12ab34cd56ef1234567890ab"}}
    assert check_service({"entities": [TASK], "table": of_all}).service


@pytest.mark.parametrize(
    ("value", "is_taken"), [("a\u00a0b c", True), ("a\nb", False), ("\t", False)]
)
def test_a_tag_has_no_line_breaks_and_tabs(value: str, is_taken: bool) -> None:
    found = check_service({"entities": [TASK], "table": {"tags": {"team": value}}})
    assert [fault.code for fault in found.errors] == ([] if is_taken else ["table.tags"])


@pytest.mark.parametrize("said", [{"billing": "ON_DEMAND"}, {"encryption": "AWS_OWNED"}])
def test_a_word_in_capitals_is_met_with_the_word_that_is_meant(said: dict[str, str]) -> None:
    (word,) = said.values()
    (fault,) = check_service({"entities": [TASK], "table": said}).errors
    assert fault.message.endswith(f'not "{word}"; did you mean "{word.lower()}"?')


capacities = st.builds(
    lambda least, more, target: Capacity(least, more and least + more, target),
    st.integers(1, 1000),
    st.none() | st.integers(1, 1000),
    st.integers(20, 90),
).map(lambda one: one if one.is_scaled else Capacity(one.units))
settings = st.builds(
    TableSettings,
    billing=st.none() | st.just("on_demand") | st.builds(Provisioned, capacities, capacities),
    point_in_time_recovery=st.none() | st.booleans(),
    encryption=st.sampled_from([None, "aws_owned", "aws_managed"]),
    deletion_protection=st.none() | st.booleans(),
    stream=st.sampled_from([None, "keys_only", "new_image", "new_and_old_images"]),
    tags=st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text("ab 1", max_size=4)),
    table_class=st.sampled_from([None, "standard", "infrequent_access"]),
)


def written(said: TableSettings) -> dict[str, Any]:
    """The settings as table.yaml has them."""

    def half(capacity: Capacity) -> Any:
        if not capacity.is_scaled:
            return capacity.units
        return {"min": capacity.units, "max": capacity.most, "target": capacity.target}

    billing: Any = said.billing
    if isinstance(billing, Provisioned):
        billing = {"read": half(billing.read), "write": half(billing.write)}
    found = {
        "billing": billing,
        "point_in_time_recovery": said.point_in_time_recovery,
        "encryption": said.encryption,
        "deletion_protection": said.deletion_protection,
        "stream": said.stream,
        "tags": dict(said.tags) or None,
        "table_class": said.table_class,
    }
    return {name: value for name, value in found.items() if value is not None}


@given(settings)
def test_what_is_said_is_read_and_is_source_that_makes_it_again(said: TableSettings) -> None:
    table = loaded(**written(said)).table
    assert table.settings == said
    source = SpecWriter().text(table.settings)
    assert eval(source, vars(settings_module).copy()) == said
