"""Vector indexes of a table: in its definition, for deployment, created, compared and added."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, ClassVar
from urllib.request import urlopen

import boto3
import pytest
import yaml
from attrs import evolve
from botocore.validate import ParamValidator
from cfnlint import api as cfnlint

import leyden
from leyden.drivers import SyncDriver
from leyden.errors import (
    AwsError,
    InvalidOptionError,
    SchemaError,
    TableError,
    TableMismatchError,
    TableNotFoundError,
)
from leyden.mapping.merging import table_definition
from leyden.mapping.table import VectorIndexDefinition
from leyden.program import Pause, Program
from leyden.provision import cloudformation, cloudformation_yaml, create_table_json, markdown
from leyden.schema import load_service
from leyden.schema.spec import AttributeSpec, SearchSpec, ServiceSpec
from leyden.tables import (
    AddedIndexes,
    IndexProgress,
    add_vector_indexes,
    check_table,
    compare_table,
    create_table,
)
from tests.conftest import _start
from tests.provision.services import PRIMARY, attribute, entity, service

SOURCE = """
entity: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  tenant: {type: string, field: tenant_id}
  kind: string
  size: integer
  text: string
  embedding: {type: vector, dimensions: 3, field: vector}
indexes:
  by_id:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
  similar:
    vector:
      {index: vec10, attribute: embedding, partition: tenant, filters: [kind],
       projection: [text, pk]}
  anywhere:
    vector: {index: vec2, attribute: embedding, metric: dot_product, projection: keys_only}
---
entity: page
version: "1"
service: notes
identifiers: {entity: entity_name}
attributes:
  id: {type: string, required: true}
  owner: {type: string, field: tenant_id}
  size: integer
  meaning: {type: vector, dimensions: 3, field: vector}
indexes:
  by_id:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
  similar:
    vector:
      {index: vec10, attribute: meaning, partition: owner, filters: [size], projection: [size, id]}
"""
NOTES: ServiceSpec = load_service(SOURCE)
DEFINITION = table_definition(NOTES)
BARE = evolve(DEFINITION, vectors={}, types={"pk": "S", "sk": "S"})


def test_entities_share_a_vector_index_and_their_filters_and_projections_are_united() -> None:
    assert [*DEFINITION.vectors.values()] == [
        VectorIndexDefinition(
            name="vec2",
            field="vector",
            dimensions=3,
            metric="dot_product",
            hash=None,
            filters=("__edb_e__", "__edb_v__"),
            projection="keys_only",
        ),
        VectorIndexDefinition(
            name="vec10",
            field="vector",
            dimensions=3,
            metric="cosine",
            hash="tenant_id",
            filters=("kind", "__edb_e__", "__edb_v__", "size", "entity_name"),
            projection=("text", "id"),
        ),
    ]


def test_a_table_declares_the_types_of_what_its_vector_indexes_compare() -> None:
    assert DEFINITION.types == {
        **dict.fromkeys(("pk", "sk", "tenant_id", "kind"), "S"),
        **dict.fromkeys(("__edb_e__", "__edb_v__", "entity_name"), "S"),
        "size": "N",
    }


def test_an_entity_that_asks_for_nothing_has_all_fields_in_the_index() -> None:
    source = SOURCE.replace(", projection: [size, id]", "")
    assert table_definition(load_service(source)).vectors["vec10"].projection == "all"


def test_the_request_has_the_service_s_own_words() -> None:
    params = DEFINITION.create_table_params("t")
    assert params["VectorIndexes"][1] == {
        "IndexName": "vec10",
        "VectorAttribute": {"AttributeName": "vector"},
        "Dimensions": 3,
        "DistanceFunction": "COSINE",
        "SearchSchema": [
            {"AttributeName": "tenant_id", "SearchSchemaElementType": "HASH"},
            *(
                {"AttributeName": name, "SearchSchemaElementType": "INLINE_FILTER"}
                for name in ("kind", "__edb_e__", "__edb_v__", "size", "entity_name")
            ),
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text", "id"]},
    }


def test_the_requests_are_what_the_service_s_model_has() -> None:
    model = boto3.client("dynamodb", region_name="us-east-1").meta.service_model
    for api, params in (
        ("CreateTable", create_table_json(DEFINITION, "my-table")),
        ("UpdateTable", DEFINITION.add_vector_index_params("my-table", "vec10")),
    ):
        shape = model.operation_model(api).input_shape
        report = ParamValidator().validate(json.loads(json.dumps(params)), shape)
        assert not report.has_errors(), report.generate_report()


def test_what_adds_an_index_declares_its_fields_and_no_others() -> None:
    params = DEFINITION.add_vector_index_params("t", "vec2")
    assert [one["AttributeName"] for one in params["AttributeDefinitions"]] == [
        "__edb_e__",
        "__edb_v__",
    ]
    with pytest.raises(InvalidOptionError, match='no vector index "vec3"; did you mean "vec2"'):
        DEFINITION.add_vector_index_params("t", "vec3")


def test_a_provisioned_table_with_vector_indexes_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match=r'"vec2" and "vec10".*PAY_PER_REQUEST'):
        DEFINITION.create_table_params("t", "PROVISIONED", throughput=(1, 1))


def test_specs_that_contradict_each_other_make_no_table() -> None:
    def embedded(name: str, search: SearchSpec, dimensions: int, kind: str) -> Any:
        vector = AttributeSpec("v", "vector", "v", "v", dimensions=dimensions)
        made = entity(name, {"id": "string", "kind": attribute("kind", kind), "v": vector}, PRIMARY)
        return evolve(made, searches={"near": search})

    one = embedded("one", SearchSpec("near", "vec1", "v", filters=("kind",)), 3, "string")
    other = embedded("other", SearchSpec("near", "vec1", "v", "euclidean", "kind"), 4, "number")
    with pytest.raises(SchemaError) as caught:
        table_definition(service(one, other))
    assert [fault.code for fault in caught.value.faults] == [
        *("search.mismatch", "search.mismatch", "search.mismatch"),
        "table.key_type",
    ]


def test_cloudformation_takes_the_template() -> None:
    template = cloudformation(DEFINITION, "my-table")
    properties = template["Resources"]["Table"]["Properties"]
    assert properties["VectorIndexes"] == DEFINITION.create_table_params("t")["VectorIndexes"]
    text = cloudformation_yaml(template)
    assert yaml.safe_load(text) == template
    # The linter thinks that only keys need their types declared.
    faults = [found for found in cfnlint.lint(text) if found.rule.id != "E3039"]
    assert faults == []


def test_the_page_has_a_section_with_all_vector_indexes_and_how_to_add_them() -> None:
    page = markdown(NOTES, "my-table")
    rows = [line for line in page.splitlines() if line.startswith("| `vec")]
    assert [cell.strip() for cell in rows[1].strip("|").split("|")] == [
        "`vec10`",
        "`vector` (3 numbers)",
        "COSINE",
        "`tenant_id` (S)",
        "`kind` (S), `__edb_e__` (S), `__edb_v__` (S), `size` (N), `entity_name` (S)",
        "keys, vector and filters, and `text`, `id`",
        "`note.similar`; `page.similar`",
    ]
    for name in DEFINITION.vectors:
        added = json.dumps(DEFINITION.add_vector_index_params("my-table", name), indent=2)
        assert f"```json\n{added}\n```" in page


def test_the_page_says_what_to_leave_out_for_a_table_without_vector_indexes() -> None:
    page = markdown(NOTES, "my-table", source="schemas/notes")
    assert "`leyden table schemas/notes --add-indexes` does both" in page
    (sentence,) = [line for line in page.splitlines() if line.startswith("To create the table wit")]
    named = set(re.findall(r"`(\w+)`", sentence)) - {"VectorIndexes", "AttributeDefinitions"}
    params = DEFINITION.create_table_params("my-table")
    defined = {one["AttributeName"] for one in params["AttributeDefinitions"]}
    indexes = [params, *params.get("GlobalSecondaryIndexes", ())]
    assert defined - named == {key["AttributeName"] for one in indexes for key in one["KeySchema"]}


def described(**changes: Any) -> dict[str, Any]:
    """DescribeTable's words for a table that fits."""
    return {**deepcopy(DEFINITION.create_table_params("t")), "TableStatus": "ACTIVE", **changes}


def changed(name: str, **changes: Any) -> dict[str, Any]:
    table = described()
    index = next(one for one in table["VectorIndexes"] if one["IndexName"] == name)
    index.update(changes)
    return table


def test_a_table_made_from_the_definition_fits_it() -> None:
    assert compare_table(DEFINITION, described()) == ()


def test_a_vector_index_that_is_missing_is_named_with_what_to_do() -> None:
    table = described()
    del table["VectorIndexes"][0]
    (difference,) = compare_table(DEFINITION, table)
    assert difference.startswith('the vector index "vec2" is missing; app.add_vector_indexes() ')
    assert "DynamoDB Local" in difference


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Dimensions": 4}, "has dimensions 4, and the schemas need 3"),
        ({"DistanceFunction": "EUCLIDEAN"}, "compares by EUCLIDEAN, and the schemas need COSINE"),
        (
            {"VectorAttribute": {"AttributeName": "other"}},
            "is over the field other, and the schemas need vector",
        ),
        (
            {"SearchSchema": DEFINITION.vectors["vec10"].params["SearchSchema"][1:]},
            "is partitioned by none, and the schemas need tenant_id",
        ),
        (
            {"SearchSchema": DEFINITION.vectors["vec10"].params["SearchSchema"][:3]},
            "has no filter on __edb_v__, size, entity_name",
        ),
        (
            {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]}},
            "does not project the fields id",
        ),
        ({"Projection": {"ProjectionType": "KEYS_ONLY"}}, "does not project the fields text, id"),
    ],
)
def test_a_vector_index_that_differs_is_named_with_what_to_do(
    changes: dict[str, Any], said: str
) -> None:
    assert compare_table(DEFINITION, changed("vec10", **changes)) == (
        f'the vector index "vec10" {said} (DynamoDB cannot change a vector index: delete it '
        "and add it again, or give the one in the schemas another name)",
    )


def test_another_type_of_a_filter_is_a_difference() -> None:
    table = described()
    sizes = [one for one in table["AttributeDefinitions"] if one["AttributeName"] == "size"]
    sizes[0]["AttributeType"] = "S"
    assert compare_table(DEFINITION, table) == (
        'the vector index "vec10": the field "size" is of type S, and the schemas need N',
    )


def test_a_vector_index_that_is_still_being_built_is_a_difference() -> None:
    table = changed("vec2", IndexStatus="CREATING", Backfilling=True)
    assert compare_table(DEFINITION, table) == (
        'the vector index "vec2" is not ready yet (CREATING, backfilling); until it is, searches '
        "miss items",
    )


def test_more_than_is_needed_is_fine() -> None:
    table = changed("vec2", Projection={"ProjectionType": "ALL"})
    more = {"AttributeName": "more", "SearchSchemaElementType": "INLINE_FILTER"}
    table["VectorIndexes"][1]["SearchSchema"].append(more)
    table["VectorIndexes"].append({"IndexName": "vec9"})
    assert compare_table(DEFINITION, table) == ()


class Account:
    """Answers a program like DynamoDB, and builds an index in some seconds.

    `refusals` are errors with which it answers UpdateTable before it takes one.
    """

    def __init__(self, table: dict[str, Any] | None, *, builds: float = 9.0) -> None:
        self.table = table
        self.builds = builds
        self.ready: dict[str, float] = {}
        self.waited = 0.0
        self.steps: list[str] = []
        self.refusals: list[Exception] = []
        self.forgetful = False

    def run(self, program: Program[Any]) -> Any:
        answer: Any = None
        error: Exception | None = None
        while True:
            try:
                step = program.throw(error) if error else program.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            if isinstance(step, Pause):
                self.waited += step.seconds
                continue
            try:
                answer = self.answer(step)
            except (TableNotFoundError, AwsError) as raised:
                error = raised

    def answer(self, step: Any) -> Any:
        self.steps.append(step.api)
        if step.api == "CreateTable":
            self.table = {**deepcopy(step.params), "TableStatus": "ACTIVE"}
            for index in self.table.get("VectorIndexes", ()):
                self.ready[index["IndexName"]] = self.waited + self.builds
            if self.forgetful:
                del self.table["VectorIndexes"]
            return {}
        if self.table is None:
            raise TableNotFoundError("no table")
        if step.api == "UpdateTable":
            if self.refusals:
                raise self.refusals.pop(0)
            (update,) = step.params["VectorIndexUpdates"]
            known = self.table["AttributeDefinitions"]
            known += [one for one in step.params["AttributeDefinitions"] if one not in known]
            self.ready[update["Create"]["IndexName"]] = self.waited + self.builds
            if not self.forgetful:
                self.table.setdefault("VectorIndexes", []).append(update["Create"])
            return {}
        assert step.api == "DescribeTable"
        found = deepcopy(self.table)
        for index in found.get("VectorIndexes", ()):
            left = self.ready.get(index["IndexName"], 0.0) - self.waited
            index["IndexStatus"] = "ACTIVE" if left <= 0 else "CREATING"
            index["Backfilling"] = 0 < left < self.builds / 2
            if left > self.builds / 2:
                found["TableStatus"] = "UPDATING"
        return {"Table": found}


def bare() -> dict[str, Any]:
    return {**deepcopy(BARE.create_table_params("t")), "TableStatus": "ACTIVE"}


def test_creating_waits_until_vector_indexes_are_filled() -> None:
    account = Account(None)
    assert account.run(create_table(DEFINITION, "t")).created
    assert 9.0 <= account.waited < 16.0


def test_missing_indexes_are_added_one_after_another_each_until_it_is_ready() -> None:
    account, told = Account(bare()), list[IndexProgress]()
    result = account.run(add_vector_indexes(DEFINITION, "t", progress=told.append))
    assert result == AddedIndexes("t", ("vec2", "vec10"))
    assert account.steps.count("UpdateTable") == 2
    assert account.waited >= 18.0
    states = list(dict.fromkeys((step.index, step.state) for step in told))
    assert states == [
        (index, state)
        for index in ("vec2", "vec10")
        for state in ("creating", "backfilling", "ready")
    ]
    assert [step.waited for step in told] == sorted(step.waited for step in told)
    assert account.run(add_vector_indexes(DEFINITION, "t")) == AddedIndexes("t", ())
    assert account.run(check_table(DEFINITION, "t"))["TableStatus"] == "ACTIVE"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("time_limit", "600", "a number of seconds"),
        ("time_limit", True, "a number of seconds"),
        ("time_limit", -1, "a number of seconds"),
        ("time_limit", float("nan"), "a number of seconds"),
        ("progress", 3, "a function of an IndexProgress"),
    ],
)
def test_what_does_not_fit_is_refused_before_an_index_is_asked_for(
    name: str, value: Any, wanted: str
) -> None:
    account = Account(None)
    account.run(create_table(BARE, "t"))
    steps = len(account.steps)
    with pytest.raises(InvalidOptionError, match=f'"{name}" takes {wanted}'):
        account.run(add_vector_indexes(DEFINITION, "t", **{name: value}))
    assert len(account.steps) == steps


def test_one_that_is_still_being_built_is_waited_for_and_not_added_again() -> None:
    account = Account(None)
    account.run(create_table(BARE, "t"))
    with pytest.raises(TableError, match=r'"vec2".*not ready after 3 seconds \(creating\)'):
        account.run(add_vector_indexes(DEFINITION, "t", time_limit=3.0))
    assert account.waited == 3.0
    assert account.run(add_vector_indexes(DEFINITION, "t")) == AddedIndexes("t", ("vec10",))
    assert account.steps.count("UpdateTable") == 2


def test_a_table_that_is_busy_with_another_index_is_waited_for() -> None:
    account, told = Account(bare()), list[IndexProgress]()
    account.refusals = [
        AwsError("one online index at a time", aws_code="LimitExceededException"),
        AwsError("in use", aws_code="ResourceInUseException"),
    ]
    account.run(add_vector_indexes(DEFINITION, "t", progress=told.append))
    assert [step.state for step in told][:2] == ["waiting", "waiting"]


def test_another_refusal_is_raised_and_so_is_one_that_lasts() -> None:
    account = Account(bare())
    account.refusals = [AwsError("no", aws_code="ValidationException")]
    with pytest.raises(AwsError, match="no"):
        account.run(add_vector_indexes(DEFINITION, "t"))
    account.refusals = [AwsError("busy", aws_code="LimitExceededException")] * 100
    with pytest.raises(AwsError, match="busy"):
        account.run(add_vector_indexes(DEFINITION, "t", time_limit=20.0))
    assert account.waited == 20.0


def test_nothing_is_added_to_a_table_whose_indexes_differ() -> None:
    table = changed("vec10", Dimensions=4)
    del table["VectorIndexes"][0]
    account = Account(table)
    with pytest.raises(TableMismatchError, match="has dimensions 4") as caught:
        account.run(add_vector_indexes(DEFINITION, "t"))
    assert len(caught.value.differences) == 1
    assert "UpdateTable" not in account.steps


@pytest.mark.parametrize(
    "said",
    [
        {"BillingModeSummary": {"BillingMode": "PROVISIONED"}},
        {"ProvisionedThroughput": {"ReadCapacityUnits": 5}},
    ],
)
def test_nothing_is_added_to_a_provisioned_table(said: dict[str, Any]) -> None:
    account = Account({**bare(), **said})
    with pytest.raises(TableError, match=r'"vec2".*provisioned.*PAY_PER_REQUEST'):
        account.run(add_vector_indexes(DEFINITION, "t"))
    assert "UpdateTable" not in account.steps


def test_a_table_that_is_not_there_has_no_index_added() -> None:
    with pytest.raises(TableNotFoundError, match='"t" does not exist'):
        Account(None).run(add_vector_indexes(DEFINITION, "t"))


def test_an_engine_that_takes_vector_indexes_and_forgets_them_is_found_out() -> None:
    account = Account(None)
    account.forgetful = True
    with pytest.raises(TableError, match=r"created.*without its vector indexes.*DynamoDB Local"):
        account.run(create_table(DEFINITION, "t"))
    account.table = bare()
    with pytest.raises(TableError, match=r"but did not make it.*DynamoDB Local"):
        account.run(add_vector_indexes(DEFINITION, "t"))
    assert account.waited < 30


def driver_on(engine: Any) -> SyncDriver:
    return SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    )


@pytest.fixture
def driver(vector_engine: Any) -> Iterator[SyncDriver]:
    with driver_on(vector_engine) as driver:
        yield driver


def test_every_engine_with_vector_indexes_has_them(
    driver: SyncDriver, new_table_name: Callable[[], str]
) -> None:
    whole, grown = new_table_name(), new_table_name()
    assert driver.run(create_table(DEFINITION, whole)).created
    assert not driver.run(create_table(DEFINITION, whole)).created
    driver.run(create_table(BARE, grown))
    with pytest.raises(TableMismatchError) as caught:
        driver.run(check_table(DEFINITION, grown))
    assert len(caught.value.differences) == 2
    one = evolve(DEFINITION, vectors={"vec10": DEFINITION.vectors["vec10"]})
    assert driver.run(add_vector_indexes(one, grown)).added == ("vec10",)
    for definition, name in ((DEFINITION, whole), (one, grown)):
        assert driver.run(check_table(definition, name))["TableStatus"] == "ACTIVE"


def test_a_service_adds_them_blocking_and_on_an_event_loop(
    vector_engine: Any, new_table_name: Callable[[], str]
) -> None:
    table, told = new_table_name(), list[IndexProgress]()
    with leyden.load(SOURCE, table=table, engine=vector_engine) as app:
        app.create_table()
        assert app.add_vector_indexes(progress=told.append) == AddedIndexes(table, ())

    async def check() -> None:
        async with await leyden.load_async(SOURCE, table=table, engine=vector_engine) as app:
            assert await app.add_vector_indexes(time_limit=5.0) == AddedIndexes(table, ())
            await app.check_table()

    asyncio.run(check())
    assert told == []


class Moto:
    """moto by itself, in a process of its own: Leyden's engine teaches it for a whole process."""

    region = "us-east-1"
    credentials: ClassVar = {"access_key_id": "a", "secret_access_key": "b"}

    def __init__(self, port: int) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Until it listens."""
        for _ in range(300):
            with contextlib.suppress(OSError), urlopen(f"{self.endpoint_url}/moto-api/"):
                return
            time.sleep(0.1)
        raise AssertionError("moto did not start")


@pytest.fixture
def moto() -> Iterator[Moto]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Moto(port)
    try:
        running.wait()
        yield running
    finally:
        running.process.terminate()
        running.process.wait(10)


@pytest.fixture
def dynamodb_local_engine() -> Iterator[Any]:
    with _start("dynamodb_local") as engine:
        yield engine


@pytest.fixture(
    params=[
        pytest.param("moto"),
        pytest.param("dynamodb_local_engine", marks=pytest.mark.java),
    ]
)
def unknowing(request: pytest.FixtureRequest) -> Iterator[SyncDriver]:
    with driver_on(request.getfixturevalue(request.param)) as driver:
        yield driver


def test_an_engine_without_vector_indexes_is_named_as_the_reason(
    unknowing: SyncDriver, new_table_name: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leyden.tables.adding.SEEN_WITHIN", 0.5)
    table, reason = new_table_name(), "DynamoDB Local and plain moto have no vector"
    with pytest.raises(TableError, match=reason):
        unknowing.run(create_table(DEFINITION, table))
    unknowing.run(create_table(BARE, table))
    with pytest.raises(TableMismatchError, match="DynamoDB Local and plain moto have none"):
        unknowing.run(check_table(DEFINITION, table))
    with pytest.raises(TableError, match=reason):
        unknowing.run(add_vector_indexes(DEFINITION, table))
