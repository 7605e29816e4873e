"""Generated schemas, changes of them, and values that they accept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from tests.mapping.strategies import instants

Schema: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Schema], None]

TEXTS: Final = st.text("abcXYZ 1é", min_size=1, max_size=6)


def base(casing: str = "default", strict: bool = False, clustered: bool = False) -> Schema:
    """A schema with something of everything."""
    return {
        "entity": "task",
        "version": "1",
        "service": "app",
        **({"keys": "strict"} if strict else {}),
        "attributes": {
            "org": {"type": "string", "required": True},
            "number": {
                "type": "integer", "required": True, "min": 0, "max": 9999,
                "padding": {"length": 4, "char": "0"},
            },
            "status": {"type": ["open", "closed"], "default": "open"},
            "owner": {"type": "string", "max_length": 6},
            "due": {"type": "timestamp"},
            "score": {"type": "number"},
            "count": {"type": "integer", "min": -5, "max": 5},
            "price": {"type": "decimal"},
            "tags": {"type": "set", "items": "string"},
            "steps": {"type": "list", "items": {"type": "integer"}},
            "detail": {
                "type": "map",
                "properties": {"room": {"type": "string"}, "floor": {"type": "integer"}},
            },
            "label": {"type": "string", "derive": "join('/', [org, status])"},
            "pin": {"type": "string", "field": "p"},
            "done": {"type": "boolean"},
        },
        "indexes": {
            "tasks": {
                "pk": {"field": "pk", "composite": ["org"], "casing": casing},
                "sk": {"field": "sk", "composite": ["number"]},
            },
            "owned": {
                "index": "gsi1",
                "when": "status == 'open'",
                **({"type": "clustered"} if clustered else {}),
                "pk": {"field": "gsi1pk", "composite": ["owner"]},
                "sk": {"field": "gsi1sk", "composite": ["status", "due"]},
            },
        },
    }  # fmt: skip


bases = st.builds(base, st.sampled_from(["default", "none", "upper"]), st.booleans(), st.booleans())

VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "org": TEXTS,
    "number": st.integers(0, 9999),
    "status": st.sampled_from(["open", "closed"]),
    "owner": TEXTS,
    "due": instants,
    "score": st.integers(-99, 99) | st.floats(-9, 9).filter(lambda x: x == 0 or abs(x) > 1e-9),
    "count": st.integers(-5, 5),
    "price": st.decimals(-99, 99, allow_nan=False, places=2),
    "tags": st.frozensets(TEXTS, min_size=1, max_size=3),
    "steps": st.lists(st.integers(-9, 9), max_size=3),
    "detail": st.fixed_dictionaries({}, optional={"room": TEXTS, "floor": st.integers(0, 9)}),
    "pin": TEXTS,
    "done": st.booleans(),
}


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    """Values that the base accepts: those of its key, and some of the others."""
    given = {name: draw(strategy) for name, strategy in VALUES.items() if draw(st.booleans())}
    return {**given, **{name: draw(VALUES[name]) for name in ("org", "number", "owner", "due")}}


def attribute(name: str, **options: Any) -> Change:
    """Gives an attribute some options; None takes one away."""

    def change(schema: Schema) -> None:
        said = schema["attributes"][name]
        said.update(options)
        for option in [option for option, value in said.items() if value is None]:
            del said[option]

    return change


def key(pattern: str, half: str, **options: Any) -> Change:
    """Gives one half of a key some options."""
    return lambda schema: schema["indexes"][pattern][half].update(options)


def index(pattern: str, **options: Any) -> Change:
    """Gives an access pattern some options; None takes one away."""

    def change(schema: Schema) -> None:
        said = schema["indexes"][pattern]
        said.update(options)
        for option in [option for option, value in said.items() if value is None]:
            del said[option]

    return change


def renamed(schema: Schema) -> None:
    """Another name in Python for an attribute of a key, which is stored and read as before."""
    attributes = schema["attributes"]
    old = attributes.pop("status")
    attributes["state"] = {**old, "field": "status", "label": "status"}
    attributes["label"]["derive"] = "join('/', [org, state])"
    owned = schema["indexes"]["owned"]
    owned["when"] = "state == 'open'"
    owned["sk"]["composite"] = ["state", "due"]


def twin(schema: Schema) -> None:
    """A new attribute that is optional."""
    schema["attributes"]["mood"] = {"type": "string", "max_length": 3}


def nothing_said(schema: Schema) -> None:
    """Descriptions, and what is said aloud that held before."""
    schema["description"] = "A task."
    schema["attributes"]["org"]["description"] = "Whose it is."
    for pattern in schema["indexes"].values():
        pattern["description"] = "Its question."
    schema["indexes"]["owned"]["pk"]["casing"] = "lower"


def other_alias(schema: Schema) -> None:
    """Another name in Python for the entity."""
    schema["alias"] = "job"


def other_pattern_name(schema: Schema) -> None:
    """Another name in Python for an access pattern."""
    schema["indexes"] = {
        {"owned": "mine"}.get(name, name): said for name, said in schema["indexes"].items()
    }


def reordered(schema: Schema) -> None:
    """Attributes and access patterns in another order."""
    for part in ("attributes", "indexes"):
        schema[part] = dict(reversed(schema[part].items()))


def deeper(schema: Schema) -> None:
    """A new property that is optional."""
    schema["attributes"]["detail"]["properties"]["house"] = {"type": "string"}


SAFE: Final[dict[str, Change]] = {
    "renamed": renamed,
    "new attribute": twin,
    "new property": deeper,
    "nothing": nothing_said,
    "alias": other_alias,
    "pattern name": other_pattern_name,
    "order": reordered,
    "default": attribute("status", default="closed"),
    "label of no key": attribute("pin", label="q"),
    "padding of no key": attribute("score", padding={"length": 3, "char": "0"}),
    "python name": lambda schema: schema["attributes"].update(
        code={**schema["attributes"].pop("pin")}
    ),
}
"""Changes after which everything reads and is written as before."""

HARMFUL: Final[dict[str, Change]] = {
    "version": lambda schema: schema.update(version="2"),
    "entity": lambda schema: schema.update(entity="job", alias="task"),
    "service": lambda schema: schema.update(service="shop"),
    "identifiers": lambda schema: schema.update(identifiers={"entity": "e", "version": "v"}),
    "field": attribute("pin", field="pin"),
    "label": attribute("org", label="o"),
    "padding": attribute("number", padding={"length": 6, "char": "0"}),
    "no padding": attribute("number", padding=None),
    "type": attribute("score", type="string"),
    "narrower type": attribute("score", type="integer"),
    "decimal": attribute("price", type="number"),
    "enum": attribute("status", type=["open"]),
    "max": attribute("count", max=1),
    "min": attribute("count", min=0),
    "length": attribute("owner", max_length=2),
    "pattern": attribute("owner", pattern="^a"),
    "validate": attribute("count", validate="@ > `0`"),
    "prefix": attribute("pin", prefix="p_"),
    "normalize": attribute("pin", normalize="upper"),
    "required": attribute("done", required=True),
    "new default": attribute("done", default=True),
    "derive": attribute("label", derive="join('-', [org, status])"),
    "elements": attribute("steps", items={"type": "string"}),
    "members": attribute("tags", items={"type": "string", "max_length": 1}),
    "list": attribute("tags", type="list"),
    "property": lambda schema: schema["attributes"]["detail"]["properties"].pop("room"),
    "property needed": lambda schema: schema["attributes"]["detail"]["properties"].update(
        house={"type": "string", "required": True}
    ),
    "opened": attribute("detail", properties=None, type="json"),
    "hidden": attribute("pin", hidden=True),
    "casing": key("owned", "pk", casing="none"),
    "composite": key("owned", "sk", composite=["due", "status"]),
    "fewer": key("owned", "sk", composite=["status"]),
    "template": key("owned", "pk", template="O#${owner}"),
    "key field": key("owned", "pk", field="gsi1PK"),
    "scope": index("owned", scope="x"),
    "collection": index("tasks", collection="all"),
    "when": index("owned", when="status != 'open'"),
    "no when": index("owned", when=None),
    "removed": lambda schema: schema["attributes"].pop("pin"),
    "another table index": index("owned", index="gsi2"),
}
"""Changes after which something reads or is written otherwise."""


def after(schema: Schema, *changes: Change) -> Schema:
    """A schema with changes."""
    found = copy.deepcopy(schema)
    for change in changes:
        change(found)
    return found
