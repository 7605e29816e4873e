"""The policies of `leyden iam` allow what operations send, and nothing else."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import leyden
import leyden.engine
from leyden._attrs import evolve
from leyden.errors import InvalidOptionError, LeydenError
from leyden.program import Request
from leyden.provision import iam_json, permissions
from leyden.provision.statements import PURPOSES
from leyden.schema import ServiceSpec, TableSettings, check_service
from tests.conformance.notes import noise, small_limits
from tests.migration.test_running import Ground
from tests.operations.migrating.cases import CASES
from tests.provision.policies import Access, accesses, allows, asked, granted

ROOMS: Final = """
entity: room
version: "1"
service: hotel
version_attribute: revision
unique: [[org, sign]]
attributes:
  org: {type: string, required: true, pattern: "^[a-z0-9-]+$"}
  room_id: {type: string, required: true}
  sign: string
  floor: {type: integer, default: 0}
  state: {type: [free, taken], default: free}
  plan: {type: string, overflow: chunk}
  revision: integer
  place: {type: vector, dimensions: 2}
indexes:
  room:
    collection: house
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [room_id]}
  by_state:
    index: gsi1
    pk: {field: gsi1pk, composite: [org, state]}
    sk: {field: gsi1sk, composite: [floor]}
  by_sign:
    index: gsi2
    projection: keys_only
    pk: {field: gsi2pk, composite: [sign]}
    sk: {field: gsi2sk, composite: []}
  by_floor:
    index: lsi1
    pk: {field: pk, composite: [org]}
    sk: {field: lsi1sk, composite: [floor]}
  near:
    vector: {index: vec1, attribute: place}
---
entity: guest
version: "1"
service: hotel
attributes:
  org: {type: string, required: true, pattern: "^[a-z0-9-]+$"}
  guest_id: {type: string, required: true}
  name: string
indexes:
  guest:
    collection: house
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [guest_id]}
---
table: hotel
indexes:
  lsi1: {kind: lsi}
"""

HASHES: Final = {None: "pk", "gsi1": "gsi1pk", "gsi2": "gsi2pk", "lsi1": "pk"}


def every_verb(app: Any, org: str) -> None:
    """Do what chains and services can do with items, all of it for one tenant."""
    room, guest = app.entities.room, app.entities.guest
    one = {"org": org, "room_id": "1"}
    room.create(**one, sign="a", plan=noise(5000), place=[1.0, 0.5]).go()
    room.put(org=org, room_id="2", sign="b").go()
    room.upsert(org=org, room_id="3").set(floor=3).go()
    room.update(**one).set(sign="c").go()
    room.patch(**one).set(plan=noise(6000)).where(room.attr.floor == 0).go()
    with pytest.raises(LeydenError):
        room.put(org=org, room_id="9", sign="c").go()
    guest.put([{"org": org, "guest_id": str(n)} for n in range(3)]).go()
    guest.update(org=org, guest_id="1").set(name="Ada").go()
    guest.upsert(org=org, guest_id="1").set(name="Eve").go()
    guest.create(org=org, guest_id="8").go()
    assert room.get(**one).go().sign == "c"
    assert len(room.get([one, {"org": org, "room_id": "2"}]).go().items) == 2
    room.query.room(org=org).go()
    room.query.by_state(org=org, state="free").gte(floor=0).go()
    room.query.by_floor(org=org).go(order="desc")
    room.query.by_sign(sign="c").go(hydrate=True)
    app.collections.house(org=org).go()
    room.match(org=org).go()
    app.transact_get([room.get(**one), guest.get(org=org, guest_id="1")]).go()
    app.transact_write(
        [
            guest.put(org=org, guest_id="5"),
            guest.update(org=org, guest_id="1").set(name="Bob"),
            guest.delete(org=org, guest_id="2"),
            room.check(**one).where(room.attr.sign == "c"),
        ]
    ).go()
    guest.delete([{"org": org, "guest_id": "0"}]).go()
    guest.delete(org=org, guest_id="5").go()
    room.remove(**one).go()


def everywhere(app: Any) -> None:
    """Do what reads all tenants' items."""
    room = app.entities.room
    room.scan.go()
    room.find(state="free").go()
    room.adopt_unique()
    room.sweep_overflow()


@pytest.fixture(scope="module")
def app() -> Iterator[Any]:
    with leyden.engine.local() as engine, leyden.load(ROOMS, engine=engine) as app:
        app.create_table()
        yield app


@pytest.fixture
def heard(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], set[Access]]]:
    """What has been asked of DynamoDB since the last call."""
    small_limits(monkeypatch)
    found: set[Access] = set()

    def hear(event: Any) -> None:
        if isinstance(event, leyden.events.RequestSent):
            found.update(accesses(event.api, event.params, HASHES))

    def take() -> set[Access]:
        taken = set(found)
        found.clear()
        return taken

    with app.driver.listen(hear):
        yield take


def policy(spec: ServiceSpec, **options: Any) -> dict[str, Any]:
    return iam_json(permissions(spec, "hotel", **options))


def test_a_policy_allows_what_every_verb_sends_and_not_a_single_action_more(
    app: Any, heard: Callable[[], set[Access]]
) -> None:
    every_verb(app, "acme")
    for_tenant = heard()
    everywhere(app)
    app.entities.room.search.near([1.0, 0.0]).go()
    rest = heard()
    whole = policy(app.spec)
    assert [one for one in for_tenant | rest if not allows(whole, one, {})] == []
    # Only a search that was refused looks at the table.
    looked = {("dynamodb:DescribeTable", "table/hotel")}
    assert granted(whole) == asked(for_tenant | rest) | looked
    without = policy(app.spec, scan=False)
    denied = [one for one in for_tenant | rest if not allows(without, one, {})]
    assert {one.action for one in denied} == {"dynamodb:Scan"}


def test_a_search_may_look_at_the_table_when_it_is_refused(
    heard: Callable[[], set[Access]], app: Any
) -> None:
    assert allows(policy(app.spec), Access("dynamodb:DescribeTable", "table/hotel"), {})


def test_a_read_only_policy_allows_all_reads_and_no_write(
    app: Any, heard: Callable[[], set[Access]]
) -> None:
    every_verb(app, "readers")
    everywhere(app)
    reading = policy(app.spec, read_only=True)
    reads = {"BatchGetItem", "GetItem", "Query", "Scan"}
    for access in heard():
        may = access.action.removeprefix("dynamodb:") in reads
        assert allows(reading, access, {}) == may, access


def test_a_tenants_policy_allows_its_own_requests_and_none_of_another(
    app: Any, heard: Callable[[], set[Access]]
) -> None:
    every_verb(app, "acme-2")
    own = heard()
    allowed = permissions(app.spec, "hotel", tenant="org")
    confined = iam_json(allowed)
    mine, other = ({"aws:PrincipalTag/org": org} for org in ("acme-2", "acme"))
    denied = {one.resource for one in own if not allows(confined, one, mine)}
    assert denied == {"table/hotel/index/gsi2"}
    assert [one for one in own if allows(confined, one, other) or allows(confined, one, {})] == []
    everywhere(app)
    app.entities.room.search.near([1.0, 0.0]).go()
    beyond = {one for one in heard() if one.action.endswith(("Scan", "SearchVectors"))}
    assert beyond
    assert [one for one in beyond if allows(confined, one, mine)] == []
    assert [note.partition(":")[0] for note in allowed.notes] == [
        "left out, room.by_sign on the index gsi2",
        "left out, all searches",
        "left out, scans",
        "no name of a tenant holds one of these",
    ]
    with_searches = policy(app.spec, tenant="org", searches=True)
    search = Access("dynamodb:SearchVectors", "table/hotel/index/vec1")
    assert allows(with_searches, search, mine)
    assert granted(with_searches) - granted(confined) == {
        (search.action, search.resource),
        ("dynamodb:DescribeTable", "table/hotel"),
    }


def test_the_doctors_policy_allows_what_it_looks_at_and_no_more(
    app: Any, heard: Callable[[], set[Access]]
) -> None:
    every_verb(app, "patients")
    app.entities.room.put(org="patients", room_id="7", sign="z", plan=noise(5000)).go()
    heard()
    app.doctor(full=True)
    looked = heard()
    allowed = policy(app.spec, purpose="doctor")
    assert [one for one in looked if not allows(allowed, one, {})] == []
    assert granted(allowed) - asked(looked) <= {("dynamodb:GetItem", "table/hotel")}


def test_a_migrations_policy_allows_what_moves_items() -> None:
    moved: set[Access] = set()

    def hear(event: Any) -> None:
        if isinstance(event, leyden.events.RequestSent) and event.operation == "migrate":
            moved.update(accesses(event.api, event.params, HASHES))

    with leyden.engine.local() as engine:
        for case in CASES:
            if case.name not in ("in place", "companions"):
                continue
            ground = Ground(case, engine, "hotel")
            ground.fill(3)
            with leyden.events.listen(hear):
                ground.migrate(dry_run=True)
                ground.migrate()
                ground.migrate(rollback=True)
                ground.migrate()
                ground.migrate(commit=True)
            ground.new.driver.send(Request("DeleteTable", {"TableName": "hotel"}))
            ground.close()
        copied = Ground(CASES[0], engine, "hotel")
        copied.fill(3)
        leyden.load(CASES[0].new, table="copies", engine=engine).create_table()
        with leyden.events.listen(hear):
            copied.new.migrate({**CASES[0].migration, "copy": {"table": "copies"}})
        copied.close()
    # The other table needs the same policy for itself.
    moved = {one for one in moved if one.resource.endswith("/hotel")}
    allowed = policy(service(entity()), purpose="migrate")
    assert [one for one in moved if not allows(allowed, one, {})] == []
    # The parts of large values are read in batches, and guards that were left over are checked.
    rare = {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"}
    assert {action for action, _ in granted(allowed) - asked(moved)} <= rare


def test_a_tenants_batch_with_one_foreign_key_is_denied() -> None:
    spec = service(entity())
    confined = iam_json(permissions(spec, "t", tenant="org"))
    keys = ("$s#org_a#id_1", "$s#org_b#id_1")
    mine = {"aws:PrincipalTag/org": "a"}
    assert allows(confined, Access("dynamodb:BatchGetItem", "table/t", keys[:1]), mine)
    assert not allows(confined, Access("dynamodb:BatchGetItem", "table/t", keys), mine)


def test_a_tenant_may_be_another_variable_or_one_name() -> None:
    spec = service(entity())
    access = Access("dynamodb:GetItem", "table/t", ("$s#org_a#id_1",))
    sub = "${cognito-identity.amazonaws.com:sub}"
    by_login = iam_json(permissions(spec, "t", tenant="org", tenant_value=sub))
    assert allows(by_login, access, {"cognito-identity.amazonaws.com:sub": "a"})
    assert not allows(by_login, access, {"aws:PrincipalTag/org": "a"})
    by_name = iam_json(permissions(spec, "t", tenant="org", tenant_value="a"))
    assert allows(by_name, access, {})
    assert not allows(by_name, access._replace(keys=("$s#org_ab#id_1",)), {})
    wild = iam_json(permissions(spec, "t", tenant="org", tenant_value="*"))
    assert not allows(wild, access, {})
    for value in ("", "a#b", "a${b}"):
        with pytest.raises(InvalidOptionError, match="tenant_value is one variable"):
            permissions(spec, "t", tenant="org", tenant_value=value)


@pytest.mark.parametrize("name", ["*", "a*", "?", "a#id_1", "", "$"])
def test_a_caller_whose_name_is_no_tenants_reaches_nothing(name: str) -> None:
    confined = iam_json(permissions(service(entity(unique=[["org", "z"]])), "t", tenant="org"))
    for key in ("$s#org_a#id_1", "$s#org_", "$s#org_*#id_1", "$s#org_a#id_1#id_2"):
        access = Access("dynamodb:GetItem", "table/t", (key,))
        assert not allows(confined, access, {"aws:PrincipalTag/org": name})


def entity(
    name: str = "e", *, tenant: Any = None, unique: Any = (), keys: str | None = None, **pk: Any
) -> dict[str, Any]:
    """An entity with a key of the tenant and an id; `pk` has other options of its key."""
    attributes = {
        "org": tenant or {"type": "string", "required": True, "pattern": "^[a-z]+$"},
        "id": {"type": "string", "required": True},
        "z": "string",
    }
    half = {"field": "pk", "composite": ["org", "id"], **pk}
    indexes = {"main": {"pk": half, "sk": {"field": "sk", "composite": []}}}
    made = {"entity": name, "version": "1", "service": "s", "attributes": attributes}
    options = {"unique": list(unique)} if unique else {}
    return {**made, **options, **({"keys": keys} if keys else {}), "indexes": indexes}


def indexed(made: dict[str, Any], name: str, **pk: Any) -> dict[str, Any]:
    """The entity with an access pattern on an index."""
    half = {"field": f"{name}pk", "composite": ["org", "z"], **pk}
    pattern = {"index": name, "pk": half, "sk": {"field": f"{name}sk", "composite": []}}
    return {**made, "indexes": {**made["indexes"], f"by_{name}": pattern}}


def service(*entities: dict[str, Any]) -> ServiceSpec:
    checked = check_service({"entities": list(entities)})
    assert checked.service is not None, checked.faults
    return checked.service


FREE: Final = {"type": "string", "required": True}
"""A tenant of which nothing is known."""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (entity(tenant=FREE), "e.main, the table's own key: org is folded to lower case"),
        (entity(tenant=FREE, casing="upper"), "org is folded to upper case"),
        (entity(casing="upper"), "org is folded to upper case"),
        (
            entity(tenant={**FREE, "pattern": "^[a-zA-Z]+$"}),
            "org is folded to lower case, so that two tenants may have one key; say `casing: none`",
        ),
        (entity(tenant={**FREE, "padding": {"length": 5, "char": "0"}}, casing="none"), "padded"),
        (entity(tenant=FREE, casing="none"), 'org may hold "#", which ends it in the key'),
        (entity(tenant={**FREE, "pattern": "[a-z]"}, casing="none"), 'org may hold "#"'),
        (entity(tenant={**FREE, "normalize": ["lower"]}), 'org may hold "#"'),
        (entity(tenant={"type": ["a", "B"], "required": True}), "folded"),
        (entity(tenant={"type": ["a", "a#id_1"], "required": True}), 'org may hold "#"'),
        (entity(tenant={"type": "integer", "required": True}), "e.org is of type integer"),
        (entity(composite=["id", "org"]), "org does not lead its partition key"),
        (entity(template="${org}${id}"), "no text separates org from what follows it"),
        (entity(unique=[["z"]]), 'unique "z" of "e", whose guards have a key of z: org does not'),
        (
            entity(unique=[["z", "org"], ["org", "id"]]),
            "whose guards have a key of id, org: org does",
        ),
    ],
)
def test_schemas_that_cannot_keep_tenants_apart_are_refused_by_name(
    made: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        permissions(service(made), "t", tenant="org")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "made",
    [
        entity(),
        entity(tenant=FREE, casing="none", composite=["org"]),
        entity(tenant={**FREE, "normalize": ["lower"]}, composite=["org"]),
        entity(tenant={**FREE, "normalize": ["digits"]}),
        entity(tenant={**FREE, "pattern": "^[A-Z0-9]+$"}, casing="upper"),
        entity(tenant={"type": ["a", "b"], "required": True}),
        entity(tenant=FREE, keys="strict"),
        entity(template="T-${org}|${id}"),
        entity(unique=[["org", "z"]]),
    ],
)
def test_schemas_that_keep_tenants_apart_are_taken(made: dict[str, Any]) -> None:
    allowed = permissions(service(made), "t", tenant="org")
    assert [statement.sid for statement in allowed.statements] == ["ItemsOfTenant"]


def test_unique_values_are_in_nobodys_way_where_only_reads_are_allowed() -> None:
    spec = service(entity(unique=[["z"]]))
    assert permissions(spec, "t", tenant="org", read_only=True).statements


def test_every_reason_is_in_one_refusal() -> None:
    made = service(entity(unique=[["z"]], tenant=FREE), entity("f", composite=["id"]))
    with pytest.raises(InvalidOptionError) as caught:
        permissions(made, "t", tenant="org")
    assert len(str(caught.value).splitlines()) == 4
    with pytest.raises(InvalidOptionError, match='"e" has no attribute "ord"; did you mean "org"'):
        permissions(service(entity()), "t", tenant="ord")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (indexed(entity(), "gsi1", composite=["z"]), "org does not lead its partition key"),
        (indexed(entity(), "gsi1", casing="upper"), "org is folded to upper case"),
    ],
)
def test_an_index_that_the_tenant_does_not_lead_is_left_out_with_the_reason(
    made: dict[str, Any], reason: str
) -> None:
    allowed = permissions(service(made), "t", tenant="org")
    assert [one for one in allowed.statements if one.actions == ("Query",)] == []
    assert f"left out, e.by_gsi1 on the index gsi1: {reason}" in allowed.notes[0]


def test_an_index_on_a_field_in_which_others_store_something_else_is_left_out() -> None:
    by_name = indexed(entity(), "gsi1", field="org", composite=["org"], template="${org}")
    alone = permissions(service(by_name), "t", tenant="org")
    assert [one.sid for one in alone.statements] == ["ItemsOfTenant", "IndexesOfTenant"]
    # The index holds these items as well: each has something in the field.
    other = entity("f")
    other["attributes"]["org"] = {**other["attributes"]["org"], "field": "o"}
    other["attributes"]["z"] = {"type": "string", "field": "org"}
    allowed = permissions(service(by_name, other), "t", tenant="org")
    assert [one.sid for one in allowed.statements] == ["ItemsOfTenant"]
    assert 'other values in its field "org" are any text' in allowed.notes[0]


def test_an_index_that_others_lead_to_is_left_out_only_where_keys_may_be_alike() -> None:
    first = indexed(entity(), "gsi1")
    apart = indexed(entity("f"), "gsi1", composite=["z"])
    allowed = permissions(service(first, apart), "t", tenant="org")
    (query,) = [one for one in allowed.statements if one.actions == ("Query",)]
    (pattern,) = query.condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert pattern == "$s#org_${aws:PrincipalTag/org}#z_*"
    alike = indexed(entity("f"), "gsi1", composite=["z"], template="${z}")
    allowed = permissions(service(first, alike), "t", tenant="org")
    assert [one.sid for one in allowed.statements] == ["ItemsOfTenant"]


BARE_ORG: Final = {"composite": ["org"], "casing": "none"}


@pytest.mark.parametrize(
    ("exact", "longer", "reason", "key", "caller"),
    [
        # The item of tenant `a` whose key is the whole key of a tenant of another name.
        ({}, {}, 'org may hold "#", which ends it in other such keys', "$s#org_a#z_1", "a#z_1"),
        (
            {"template": "T${org}"},
            {"template": "T${org}${z}"},
            "no text separates org from what follows it in other such keys",
            *("Tab", "ab"),
        ),
        (
            {"template": "T${org}#${z}", "composite": ["org", "z"]},
            {"template": "T${org}-${z}"},
            'org may hold "',
            *("Ta-b#1", "a-b"),
        ),
    ],
)
def test_a_key_that_ends_behind_the_tenant_is_not_the_beginning_of_anothers(
    exact: dict[str, Any], longer: dict[str, Any], reason: str, key: str, caller: str
) -> None:
    first = indexed(entity(tenant=FREE, **BARE_ORG), "gsi1", **{**BARE_ORG, **exact})
    second = indexed(entity("f", tenant=FREE, **BARE_ORG), "gsi1", casing="none", **longer)
    allowed = permissions(service(first, second), "t", tenant="org")
    access = Access("dynamodb:Query", "table/t/index/gsi1", (key,))
    assert not allows(iam_json(allowed), access, {"aws:PrincipalTag/org": caller})
    assert f"left out, e.by_gsi1 on the index gsi1: {reason}" in allowed.notes[0]


def test_a_name_that_strict_keys_escape_is_named_and_reaches_nothing() -> None:
    spec = service(entity(tenant=FREE, keys="strict"))
    allowed = permissions(spec, "t", tenant="org")
    assert allowed.notes[-1] == 'no name of a tenant holds one of these: space ! " # $ * ?'
    with pytest.raises(InvalidOptionError, match="tenant_value is one variable"):
        permissions(spec, "t", tenant="org", tenant_value="a b")


# Any schemas, any tenants


NAMES: Final = ("a", "A", "ab", "a#id_1", "a#z_1", "a-1", "0a", "a$", "$P", "é", "İ", "#")
PATTERNS: Final = (
    *("^[a-z]+$", "^[A-Z]+$", "^(a|b)+$", "^[^#$]+$", "^\\w+$", "^[a-z-]*\\Z"),
    *("^[a-zA-Z0-9#-]*$", "[a-z]"),
)
_seldom = st.integers(0, 4).map(lambda number: number == 0)


@st.composite
def tenant_attributes(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string", "required": True}
    if draw(_seldom):
        values = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
        return {"type": values, "required": True}
    if draw(st.booleans()):
        made["pattern"] = draw(st.sampled_from(PATTERNS))
    if draw(_seldom):
        made["normalize"] = [draw(st.sampled_from(["lower", "upper", "casefold", "digits"]))]
    return made


@st.composite
def halves(draw: st.DrawFn, field: str) -> dict[str, Any]:
    led = [["org", "id"], ["org"], ["org", "z"], ["org", "z", "id"]]
    composite = draw(st.sampled_from(led) if not draw(_seldom) else st.just(["z", "org"]))
    half: dict[str, Any] = {"field": field, "composite": composite}
    casing = draw(st.sampled_from([None, "none", "none", "upper"]))
    if casing is not None:
        half["casing"] = casing
    if draw(_seldom):
        between = draw(st.sampled_from(["#", "-", "", "#z_"]))
        start = draw(st.sampled_from(["", "$s#org_", "T#", "$s#org_a#"]))
        ending = draw(st.sampled_from(["", "#", "#id_"]))
        half["template"] = start + between.join(f"${{{name}}}" for name in composite) + ending
    return half


@st.composite
def tenant_services(draw: st.DrawFn) -> dict[str, Any]:
    """One or two entities, whose keys are alike or not, and mostly led by the tenant."""
    tenant = draw(tenant_attributes())
    keys = {field: draw(halves(field)) for field in ("pk", "gsi1pk", "gsi2pk")}
    entities = []
    for name in "e" if draw(_seldom) else "ef":
        made = entity(name, tenant=draw(tenant_attributes()) if draw(_seldom) else tenant)
        other = {field: draw(halves(field)) for field in keys if draw(st.booleans())}
        half = {**keys, **other}
        made["indexes"]["main"]["pk"] = half["pk"]
        for index in ("gsi1", "gsi2"):
            if draw(st.booleans()):
                made = indexed(made, index, **half[f"{index}pk"])
        if draw(_seldom):
            made["unique"] = [draw(st.sampled_from([["org", "z"], ["z"], ["id", "org"]]))]
        if draw(_seldom):
            made["keys"] = "strict"
        entities.append(made)
    return {"entities": entities}


@given(tenant_services(), st.data())
@settings(
    max_examples=45,
    # Many schemas are refused, and that is as it should be.
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_no_tenant_is_allowed_a_request_of_another_whatever_the_schemas(
    source: dict[str, Any], data: st.DataObject
) -> None:
    checked = check_service(source)
    assume(checked.service is not None)
    assert checked.service is not None
    try:
        allowed = permissions(checked.service, "t", tenant="org")
    except InvalidOptionError:
        event("refused")
        assume(False)
    confined = iam_json(allowed)
    event("taken")
    hashes: dict[str | None, str] = {None: "pk", "gsi1": "gsi1pk", "gsi2": "gsi2pk"}
    text = st.sampled_from(["1", "1", "a#z_1", "id_1", ""])
    for made in leyden.bind(checked.service, table="t").entities.values():
        rest = {"id": data.draw(text), "z": data.draw(text)}
        for name in NAMES:
            values = {"org": name, **rest}
            try:
                sent = requests_of(made, values)
                own = str(made.record(**values).org)
            except LeydenError:
                continue
            event("compared")
            for pattern, api, params in sent:
                left_out = any(note.startswith(f"left out, {pattern} ") for note in allowed.notes)
                for access in accesses(api, params, hashes):
                    for caller in {*NAMES} - {own}:
                        context = {"aws:PrincipalTag/org": caller}
                        assert not allows(confined, access, context), (access, caller)
                    if own and not left_out and not {*own} & {*"#$*?"}:
                        mine = {"aws:PrincipalTag/org": own}
                        assert allows(confined, access, mine), (access, own)


def requests_of(made: Any, values: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Requests about one item, on the table and on each index, with their access patterns."""
    sent = []
    for pattern in made.spec.indexes.values():
        name = f"{made.spec.alias}.{pattern.name}"
        chosen = {one: values[one] for one in pattern.composites}
        sent.append((name, "Query", getattr(made.query, pattern.name)(**chosen).params()))
        if pattern.index is None:
            sent.append((name, "GetItem", made.get(**chosen).params()))
            written = made.put(**values).params()
            api = "TransactWriteItems" if "TransactItems" in written else "PutItem"
            sent.append((name, api, written))
    return sent


# What there is to be allowed


def test_no_code_sends_what_no_policy_allows() -> None:
    """Every operation of DynamoDB that is named anywhere is allowed for some purpose."""
    model = boto3.client("dynamodb", region_name="us-east-1").meta.service_model
    known = {*model.operation_names, "SearchVectors"}
    package = Path(inspect.getfile(leyden)).parent
    aside = {package / one for one in ("engine", "drivers", "pytest_plugin.py")}
    named = set()
    for path in package.rglob("*.py"):
        if aside & {path, *path.parents}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= {node.value} & known
    settings = TableSettings(point_in_time_recovery=True, tags={"a": "b"}, replicas=("eu-west-1",))
    spec = service(entity())
    spec = evolve(spec, table=evolve(spec.table, ttl="ttl", settings=settings))
    allowed = {
        action.removeprefix("dynamodb:")
        for purpose in PURPOSES
        for action, _ in granted(iam_json(permissions(spec, "t", purpose=purpose)))
    }
    assert named - {"TransactGetItems", "TransactWriteItems", "SearchVectors"} <= allowed
