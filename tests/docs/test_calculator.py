"""The calculator in the page on costs reckons as `explain()` does."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any, Final

import pytest

import leyden
from tests.conftest import ROOT

pytestmark = pytest.mark.node

SCRIPT: Final = ROOT / "docs" / "_static" / "write-costs.js"


def calculated(designs: list[dict[str, int]]) -> list[dict[str, int]]:
    """What the page's script says of each design."""
    code = (
        f"const {{costs}} = require({json.dumps(str(SCRIPT))});"
        f"console.log(JSON.stringify({json.dumps(designs)}.map(costs)))"
    )
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    found: list[dict[str, int]] = json.loads(done.stdout)
    return found


def entity_of(design: dict[str, int]) -> Any:
    """An entity with so many indexes, whose keys each have an attribute of their own."""
    count = design["whole"] + design["keysOnly"]
    unique = [f"u{n}" for n in range(design["unique"])]
    keys = [f"k{n}" for n in range(count)]
    schema = {
        "entity": "thing",
        "version": "1",
        "service": "costs",
        "unique": [[name] for name in unique],
        "attributes": {
            "id": {"type": "string", "required": True},
            "text": "string",
            **dict.fromkeys([*unique, *keys], "string"),
        },
        "indexes": {
            "thing": {
                "pk": {"field": "pk", "composite": ["id"]},
                "sk": {"field": "sk", "composite": []},
            },
            **{
                f"by_{key}": {
                    "index": f"gsi{n}",
                    "pk": {"field": f"gsi{n}pk", "composite": [key]},
                    "sk": {"field": f"gsi{n}sk", "composite": []},
                    **({} if n < design["whole"] else {"projection": "keys_only"}),
                }
                for n, key in enumerate(keys)
            },
        },
    }
    return leyden.load(schema, table="costs").entities.thing


def explained(design: dict[str, int]) -> dict[str, int]:
    """What `explain()` says of the same."""
    thing = entity_of(design)
    keys = {f"k{n}": "x" for n in range(design["whole"] + design["keysOnly"])}
    unique = {f"u{n}": "x" for n in range(design["unique"])}
    # An item of up to 1 KB, whatever its keys have.
    new = thing.create(id="1", **keys, **unique)
    costs = {
        "create": new,
        "update": thing.patch(id="1").set(text="y"),
        "move": thing.patch(id="1").set(
            **dict.fromkeys([*keys][: design["moving"]], "y"), text="y"
        ),
        "delete": thing.delete(id="1"),
    }
    return {name: write.explain().cost.units for name, write in costs.items()}


def test_it_reckons_as_explain_does() -> None:
    dice = random.Random(3)
    designs = []
    for _ in range(60):
        whole, keys_only = dice.randrange(4), dice.randrange(3)
        design = {
            "bytes": 1024,
            "whole": whole,
            "keysOnly": keys_only,
            "moving": dice.randint(0, whole + keys_only),
            "unique": dice.randrange(3),
        }
        designs.append(design)
    assert calculated(designs) == [explained(design) for design in designs]


def test_larger_items_cost_their_size_in_each_index_that_holds_them() -> None:
    design = {"bytes": 5 * 1024, "whole": 2, "keysOnly": 1, "moving": 1, "unique": 0}
    (found,) = calculated([design])
    assert found == {"create": 16, "update": 15, "move": 20, "delete": 16}
