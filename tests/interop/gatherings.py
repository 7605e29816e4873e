"""Hypothesis strategies for collections: several entities that share an index."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from tests.interop.values import values_of

ALIASES: Final = ("one", "two", "three")
COLLECTIONS: Final = ("gathering", "inner")
_SHARED: Final = ("shared", "Tenant")
_SORTING: Final = ("step", "Place")


@st.composite
def gatherings(draw: st.DrawFn) -> dict[str, Any]:
    """Two or three entities of one service whose second index is a collection.

    In an isolated one each entity is in the first collection, or in both, one inside the other;
    in a clustered or multi-attribute one they share the first sort key attributes. The keys may
    be templates.
    """
    form = draw(st.sampled_from(["isolated", "clustered", "composite"]))
    clustered = form != "isolated"
    kind = st.sampled_from(["string", "string", "number"])
    shared = {name: {"type": draw(kind)} for name in _SHARED[: draw(st.integers(1, 2))]}
    least = 1 if form == "composite" else 0
    sorting = {name: {"type": draw(kind)} for name in _SORTING[: draw(st.integers(least, 2))]}
    casing = draw(st.sampled_from(["default", "lower", "upper", "none"]))
    templated = form != "composite" and draw(st.booleans())
    scope = {"scope": draw(st.sampled_from(["eu", "Zone"]))} if draw(st.booleans()) else {}
    models = {}
    for alias in ALIASES[: draw(st.integers(2, 3))]:
        nested = not clustered and draw(st.booleans())
        # The attributes of a multi-attribute index are its physical key, so all have the same.
        own = ["rest"] if form != "composite" and draw(st.booleans()) else []
        common = list(sorting) if clustered else []
        pk, sk = {"composite": list(shared)}, {"composite": [*common, *own]}
        if templated:
            pk |= {"template": _template("TENANT", list(shared))}
            sk |= {"template": _template("AT" if clustered else alias, [*common, *own])}
        models[alias] = {
            "model": {"entity": f"{alias}Row", "version": "1", "service": "svc"},
            "attributes": {
                "id": {"type": "string"},
                "rest": {"type": "string"},
                **shared,
                **sorting,
            },
            "indexes": {
                "primary": {
                    "pk": {"field": "pk", "composite": ["id"]},
                    "sk": {"field": "sk", "composite": []},
                },
                "together": {
                    "index": "gsi1",
                    "type": form,
                    "collection": list(COLLECTIONS) if nested else COLLECTIONS[0],
                    # Its keys are the attributes themselves.
                    **(
                        {"pk": pk, "sk": sk}
                        if form == "composite"
                        else {
                            **scope,
                            "pk": {"field": "gsi1pk", "casing": casing, **pk},
                            "sk": {"field": "gsi1sk", **sk},
                        }
                    ),
                },
            },
        }
    return models


def _template(start: str, names: list[str]) -> str:
    return start + "".join(f"#{name}:${{{name}}}" for name in names)


@st.composite
def collection_queries(draw: st.DrawFn, models: dict[str, Any]) -> dict[str, Any]:
    """A query of one of the collections that there are."""
    indexes = [model["indexes"]["together"] for model in models.values()]
    nested = any(isinstance(index["collection"], list) for index in indexes)
    first = next(iter(models.values()))
    attributes, index = first["attributes"], first["indexes"]["together"]
    names = list(index["pk"]["composite"])
    sorting = [name for name in index["sk"]["composite"] if name != "rest"]
    given = draw(st.integers(0, len(sorting)))
    op: dict[str, Any] = {
        "collection": draw(st.sampled_from(COLLECTIONS if nested else COLLECTIONS[:1])),
        "pk": {
            name: draw(values_of(attributes[name], in_key=True))
            for name in [*names, *sorting[:given]]
        },
    }
    if given < len(sorting) and draw(st.booleans()):
        name = sorting[given]
        operators = ["gt", "gte", "lt", "lte", "between"]
        if index["type"] == "clustered" or attributes[name]["type"] == "string":
            operators.append("begins")
        operator = draw(st.sampled_from(operators))
        bounds = 2 if operator == "between" else 1
        values = [{name: draw(values_of(attributes[name], in_key=True))} for _ in range(bounds)]
        op["range"] = [operator, *values]
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["order"] = draw(st.sampled_from(["asc", "desc"]))
    if draw(st.booleans()):
        options["limit"] = draw(st.integers(1, 50))
    if draw(st.booleans()) and index["type"] != "composite":
        options["compare"] = draw(st.sampled_from(["keys", "attributes", "v2"]))
    if draw(st.integers(0, 3)) == 0:
        known = list(attributes)
        options["attributes"] = draw(
            st.lists(st.sampled_from(known), unique=True, min_size=1, max_size=3)
        )
    if options:
        op["options"] = options
    return op
