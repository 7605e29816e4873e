"""Names that a schema may give, where they come to stand in Python and on the command line.

Either a name means in every place what the schema calls so, or the schema is refused.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pynamodb.models import Model

import leyden
from leyden._calls import Endable, end
from leyden.cli.application import leyden as command_line
from leyden.errors import SchemaError
from leyden.operations.chains.collections import CollectionQuery
from leyden.operations.chains.reads import Queries, Query
from leyden.operations.chains.update import Patch
from leyden.operations.chains.upsert import Upsert
from leyden.pynamodb import AttributePaths
from leyden.results import CollectionPage
from leyden.schema.shapes import TAKEN_ALIASES, TAKEN_ATTRIBUTES
from leyden.service.asynchronous import AsyncEntity
from leyden.service.entity import Entity
from leyden.service.service import Collections, Entities

FREE = (
    *("item", "keys", "key", "paths", "start", "end", "values", "options", "params", "go", "where"),
    *("set", "save", "query", "Meta", "hash_key", "range_key", "attribute_values", "count", "size"),
    *("between", "contains", "exists", "And", "in_", "type", "name", "id", "limit", "cursor"),
    *("order", "select", "page", "entity", "record", "mro", "items", "get", "index", "aliases"),
    *(
        "_x",
        "x_",
        "_entity",
        "_attributes",
        "_members",
        "_by_alias",
        "cls",
        "attr",
        "spec",
        "None_",
    ),
    *("members", "collection", "composites", "project", "gte", "asdict", "json", "pk_", "sk_"),
)


def schema(name: str, alias: str = "thing") -> dict[str, Any]:
    """An entity whose attribute, access pattern and collection have the name."""
    return {
        "entity": "thing",
        "alias": alias,
        "version": "1",
        "service": "shop",
        "attributes": {
            "own": {"type": "string", "required": True},
            name: "string",
            "other": "string",
        },
        "indexes": {
            "main": {"pk": {"field": "pk", "composite": ["own"]}},
            name: {
                "index": "gsi1",
                "collection": name,
                "pk": {"field": "gsi1pk", "composite": ["own"]},
                "sk": {"field": "gsi1sk", "composite": [name]},
            },
        },
    }


@pytest.mark.parametrize("name", FREE)
def test_a_name_means_the_same_everywhere(name: str) -> None:
    app = leyden.load(schema(name), table="t")
    thing = app.entities.thing

    item = thing.create(own="1", **{name: "d"}).params()["Item"]
    assert item[name] == {"S": "d"}
    assert thing.put({"own": "1", name: "d"}).params()["Item"] == item
    record = thing.parse(item)
    assert getattr(record, name) == "d"
    assert thing.put(record).params()["Item"] == item
    assert repr(record) == f"Thing(own='1', {name}='d')"

    patch = thing.patch(own="1").set(**{name: "e"}).params()
    upsert = thing.upsert(own="1").set(**{name: "e"}).params()
    for params in (patch, upsert):
        assert name in params["ExpressionAttributeNames"].values()
        assert {"S": "e"} in params["ExpressionAttributeValues"].values()

    key = item["gsi1sk"]
    for reading in (
        getattr(thing.query, name)(own="1", **{name: "d"}),
        thing.query[name](own="1").gte(**{name: "d"}),
    ):
        assert key in reading.params()["ExpressionAttributeValues"].values(), reading
    match = thing.match(own="1", **{name: "d"}).params()
    assert name in match["ExpressionAttributeNames"].values()
    for start in (getattr(app.collections, name), app.collections[name]):
        params = start(own="1", **{name: "d"}).params()
        stem = {"S": f"${name}".lower()}
        assert stem in params["ExpressionAttributeValues"].values()
    for operand in (getattr(thing.attr, name), thing.attr[name]):
        params = thing.scan.where(operand == "d").params()
        assert name in params["ExpressionAttributeNames"].values()

    held = thing.model.from_raw_data(item)
    slot = f"{name}_" if name in MODEL_ONLY or name in dir(Model) else name
    assert getattr(held, slot) == "d"


@pytest.mark.parametrize("name", ["between", "And", "items", "_x"])
def test_the_command_line_reaches_every_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "thing.yaml").write_text(yaml.safe_dump(schema(name)))
    (tmp_path / "table.yaml").write_text("table: things")
    where = ["--where", f'"{name}" = d', "--params", "--json"]
    for arguments in (
        ["thing", f"query.{name}", "own=1", f"gte:{name}=a"],
        ["collections", name, "own=1", f"{name}=d"],
        ["thing", "scan"],
    ):
        told = CliRunner().invoke(command_line, ["explain", str(tmp_path), *arguments, *where])
        assert told.exit_code == 0, told.output
        assert name in json.loads(told.stdout)["params"]["ExpressionAttributeNames"].values()


MODEL_ONLY = {"Meta", "hash_key", "range_key", "attribute_values", "attributes"}
"""What a PynamoDB model takes for itself without having it as an attribute."""


@pytest.mark.parametrize("name", [*TAKEN_ATTRIBUTES])
def test_an_attribute_cannot_be_called_as_what_records_have(name: str) -> None:
    with pytest.raises(SchemaError, match=rf'name.taken: "{name}" cannot be .*"{name}_"'):
        leyden.load(schema(name), table="t")


@pytest.mark.parametrize("name", [*TAKEN_ALIASES])
@pytest.mark.parametrize("listed", [True, False])
def test_an_entity_cannot_be_called_as_what_a_page_has(name: str, listed: bool) -> None:
    source = schema("a", name)
    if listed:
        del source["alias"]
        source = {"entities": {name: source}}
    with pytest.raises(SchemaError, match=rf'name.taken: "{name}" cannot be .*"{name}_"'):
        leyden.load(source, table="t")


def _names(kind: type) -> set[str]:
    """The names that objects of a class have, save those that no schema can give."""
    named = {name for name in dir(kind) if not name.startswith("__")}
    return {name for name in named if not name.startswith(f"_{kind.__name__}__")}


def test_every_name_that_a_namespace_has_is_taken() -> None:
    assert _names(Entities) | _names(CollectionPage) <= set(TAKEN_ALIASES)
    record = leyden.load(schema("a"), table="t")["thing"].record
    assert _names(record) - {"own", "a", "other"} <= set(TAKEN_ATTRIBUTES)
    for kind in (Collections, Queries, AttributePaths):
        assert not _names(kind), kind


@pytest.mark.parametrize("kind", [Entity, AsyncEntity, Query, CollectionQuery, Patch, Upsert])
def test_no_parameter_of_a_verb_hides_an_attribute(kind: type) -> None:
    for name, verb in inspect.getmembers(kind, inspect.isfunction):
        parameters = [*inspect.signature(verb).parameters.values()]
        takes_names = any(
            p.kind is p.VAR_KEYWORD and p.name not in ("options", "fields") for p in parameters
        )
        if name.startswith("_") or not takes_names:
            continue
        hiding = [
            p.name
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and p.name not in TAKEN_ATTRIBUTES
        ]
        assert not hiding, (name, hiding)


@pytest.mark.parametrize("collection", ["items", "get", "a b", "class", "__len__", "ä"])
def test_a_collection_may_have_any_name(collection: str) -> None:
    source = schema("a")
    source["indexes"]["a"]["collection"] = collection
    collections = leyden.load(source, table="t").collections
    assert [*collections] == [collection]
    assert collection in collections
    chain = collections[collection](own="1")
    assert chain.params()["ExpressionAttributeValues"][":1"]["S"] == f"${collection}".lower()
    with pytest.raises(KeyError, match="the service has no collection"):
        collections["other"]


ENDINGS = {"explain", "go", "params", "program"}
STEPS = {"add", "append", "composite", "delete", "if_not_exists", "remove", "set", "subtract"}
PAGES = {"count", "counting", "first", "iter", "one", "where"}
RANGES = {"begins", "between", "gt", "gte", "lt", "lte"}
WRITES: dict[str, set[str]] = {
    "put": {"carrying"},
    "create": {"carrying"},
    "update": STEPS,
    "patch": STEPS,
    "upsert": STEPS - {"delete", "remove"},
    "delete": set(),
    "remove": set(),
    "check": set(),
}


def test_a_chain_shows_what_callers_call_and_no_more() -> None:
    app = leyden.load("schemas/taskapp", table="t", region="us-east-1")
    task, key = app.entities.task, {"project_id": "p", "task_id": "t"}
    chains = [
        (getattr(task, verb)(**key).where(task.attr.points > 1), {"expecting", "where", *own})
        for verb, own in WRITES.items()
    ]
    chains += [
        (task.put([key]), set()),
        (app.batch_write([task.put(**key)]), set()),
        (app.transact_write([task.put(**key)]), set()),
        (task.get(**key), set()),
        (task.get([key]), set()),
        (app.batch_get([task.get(**key)]), set()),
        (task.scan, {*PAGES, "index"}),
        (task.query.assigned(employee_id="e"), {*PAGES, *RANGES}),
        (app.collections.overview(project_id="p"), {*PAGES, *RANGES}),
    ]
    together = {name for name in dir(app.transact_get([task.get(**key)])) if name[0] != "_"}
    assert together == ENDINGS - {"explain"}
    for chain, own in chains:
        shown = {name for name in dir(chain) if not name.startswith("_")}
        if isinstance(chain, Endable):
            end(chain, True)
        assert shown == ENDINGS | own, chain
