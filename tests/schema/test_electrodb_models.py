"""Models of ElectroDB load as dicts, after their `model` is lifted to the top."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leyden.schema import check_service
from leyden.schema.spec import EntitySpec

MODELS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "electrodb_models.json").read_text()
)
SINGLE = [(s, alias) for s, service in MODELS.items() for alias in service["entities"]]


def lifted(model: dict[str, Any]) -> dict[str, Any]:
    return {**model["model"], "attributes": model["attributes"], "indexes": model["indexes"]}


def assert_says_the_same(spec: EntitySpec, model: dict[str, Any]) -> None:
    assert (spec.entity, spec.version, spec.service) == tuple(
        model["model"][name] for name in ("entity", "version", "service")
    )
    assert list(spec.attributes) == list(model["attributes"])
    for name, options in model["attributes"].items():
        attribute = spec.attributes[name]
        assert attribute.field == options.get("field", name)
        assert attribute.label == options.get("label", name)
        kind = options["type"]
        assert attribute.values == tuple(kind) if isinstance(kind, list) else attribute.type == kind
    for name, options in model["indexes"].items():
        index = spec.indexes[name]
        assert index.index == options.get("index")
        assert index.type == options.get("type", "isolated")
        collection = options.get("collection", [])
        assert index.collection == (
            (collection,) if isinstance(collection, str) else tuple(collection)
        )
        for half, key in (("pk", index.pk), ("sk", index.sk)):
            assert (half in options) == (key is not None)
            if key is not None:
                assert key.field == options[half]["field"]
                assert key.composite == tuple(options[half]["composite"])
                assert key.template == options[half].get("template")
                assert key.casing == options[half].get("casing", "default")


@pytest.mark.parametrize(("service", "alias"), SINGLE)
def test_a_model_loads_alone(service: str, alias: str) -> None:
    model = MODELS[service]["entities"][alias]
    result = check_service({"entities": {alias: lifted(model)}})

    assert result.service is not None, result.faults
    assert_says_the_same(result.service.entities[alias], model)


@pytest.mark.parametrize("name", MODELS)
def test_the_models_of_a_service_load_together(name: str) -> None:
    models = MODELS[name]["entities"]
    result = check_service(
        {
            "entities": {alias: lifted(model) for alias, model in models.items()},
            "table": {"table": MODELS[name]["table"]},
        }
    )

    assert result.service is not None, result.faults
    assert list(result.service.entities) == list(models)
    for alias, spec in result.service.entities.items():
        assert_says_the_same(spec, models[alias])
