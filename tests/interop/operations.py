"""Hypothesis strategies for operations on a generated model, in neutral form.

They stay within what Leyden promises to answer as ElectroDB does. Left out is what Leyden
refuses on purpose: attributes that the model does not have, and gaps in a sort key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.interop.models import ENTITY
from tests.interop.values import values_of

SCALARS: Final = ("string", "number", "boolean")
VERBS: Final = (
    *("query", "query", "update", "update", "patch", "put", "create", "upsert"),
    *("get", "delete", "remove", "match", "find", "scan", "batch"),
)
STEPS: Final = ("set", "add", "subtract", "append", "remove", "delete", "ifNotExists")
_WHOLE: Final = ("default", "none", "all_old")
_PARTS: Final = (*_WHOLE, "all_new", "updated_old", "updated_new")
RESPONSES: Final = {
    **dict.fromkeys(("put", "create", "delete", "remove"), _WHOLE),
    **dict.fromkeys(("update", "patch", "upsert"), _PARTS),
}
"""What DynamoDB can return of each write."""

_PROBABLY: Final = 5


def _often(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, _PROBABLY)) != 0


def _seldom(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, _PROBABLY)) == 0


def composites(index: Mapping[str, Any]) -> list[str]:
    """The composite attributes of an index, partition key first."""
    names: list[str] = []
    for half in ("pk", "sk"):
        names += index[half]["composite"] if half in index else []
    return list(dict.fromkeys(names))


def all_composites(model: Mapping[str, Any]) -> set[str]:
    """The attributes that stand in any key."""
    return {name for index in model["indexes"].values() for name in composites(index)}


def _is_scalar(attribute: Mapping[str, Any]) -> bool:
    return isinstance(attribute["type"], list) or attribute["type"] in SCALARS


class Drawing:
    """Draws operations on one model."""

    def __init__(self, draw: st.DrawFn, model: Mapping[str, Any]) -> None:
        self.draw = draw
        self.model = model
        self.attributes: Mapping[str, Any] = model["attributes"]
        self.indexes: Mapping[str, Any] = model["indexes"]
        self.in_keys = all_composites(model)
        # ElectroDB's update forgets a key that is the number 0.
        self.number_keys = {
            half["composite"][0]
            for index in self.indexes.values()
            for half in (index[name] for name in ("pk", "sk") if name in index)
            if len(half["composite"]) == 1
        }
        # ElectroDB asks for all composites of an index with a condition, removed ones too.
        self.in_sparse = {
            name
            for index in self.indexes.values()
            if "condition" in index
            for name in composites(index)
        }

    # values

    def value(self, name: str) -> Any:
        values = values_of(self.attributes[name], in_key=name in self.in_keys)
        if name in self.number_keys:
            values = values.filter(lambda value: value is False or value != 0)
        return self.draw(values)

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.value(name) for name in names}

    def key(self) -> dict[str, Any]:
        return self.values(composites(self.indexes["primary"]))

    def item(self) -> dict[str, Any]:
        needed = set(composites(self.indexes["primary"]))
        chosen = [
            name
            for name, attribute in self.attributes.items()
            if name in needed or attribute.get("required") or _often(self.draw)
        ]
        return self.values(chosen)

    # the parts of operations

    def condition(self, depth: int = 2) -> list[Any]:
        if depth and self.draw(st.integers(0, 2)) == 0:
            operator = self.draw(st.sampled_from(["and", "or", "not"]))
            if operator == "not":
                return ["not", self.condition(depth - 1)]
            count = self.draw(st.integers(2, 3))
            return [operator, *(self.condition(depth - 1) for _ in range(count))]
        name = self.draw(st.sampled_from(list(self.attributes)))
        return self._comparison(name, self.attributes[name])

    def _comparison(self, path: str, attribute: Mapping[str, Any]) -> list[Any]:
        kind = attribute["type"]
        element = values_of(attribute, in_key=False)
        choices = [["exists"], ["notExists"]]
        if isinstance(kind, list) or kind == "boolean":
            choices += [["eq", self.draw(element)], ["ne", self.draw(element)]]
        elif kind in ("string", "number"):
            operator = self.draw(st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]))
            choices += [
                [operator, self.draw(element)],
                ["between", self.draw(element), self.draw(element)],
            ]
            if kind == "string":
                operator = self.draw(st.sampled_from(["begins", "contains", "notContains"]))
                choices += [[operator, self.draw(element)], self._size()]
        elif kind == "set":
            member = self.draw(element)[0]
            choices += [["contains", member], ["notContains", member], self._size()]
        elif kind == "list":
            choices += [self._size()]
            if self.draw(st.booleans()):
                position = self.draw(st.integers(0, 3))
                return self._comparison(f"{path}[{position}]", attribute["items"])
        elif kind == "map":
            name = self.draw(st.sampled_from(list(attribute["properties"])))
            return self._comparison(f"{path}.{name}", attribute["properties"][name])
        operator, *operands = self.draw(st.sampled_from(choices))
        return [operator, path, *operands]

    def _size(self) -> list[Any]:
        return [
            "size",
            self.draw(st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])),
            self.draw(st.integers(0, 9)),
        ]

    def where(self, op: dict[str, Any]) -> dict[str, Any]:
        if self.draw(st.integers(0, 2)) == 0:
            op["where"] = self.condition()
        return op

    def options(self, *names: str) -> dict[str, Any]:
        choices = {
            "order": st.sampled_from(["asc", "desc"]),
            "limit": st.integers(1, 50),
            "consistent": st.just(True),
            "compare": st.sampled_from(["keys", "attributes", "v2"]),
            "attributes": st.lists(
                st.sampled_from(list(self.attributes)), unique=True, min_size=1, max_size=3
            ),
        }
        return {
            name: self.draw(choices[name])
            for name in names
            if (_often(self.draw) if name == "compare" else _seldom(self.draw))
        }

    # operations

    def operation(self) -> dict[str, Any]:
        verb = self.draw(st.sampled_from(VERBS))
        op = self.of(verb)
        if verb in RESPONSES and _seldom(self.draw):
            op["options"] = {"response": self.draw(st.sampled_from(RESPONSES[verb]))}
        return op

    def of(self, verb: str) -> dict[str, Any]:
        """An operation of this verb."""
        op = getattr(self, f"_{verb}")() if hasattr(self, f"_{verb}") else self._simple(verb)
        if not op.get("options", True):
            del op["options"]
        return {"entity": ENTITY, **op}

    def _simple(self, verb: str) -> dict[str, Any]:
        if verb in ("put", "create"):
            return self.where({"verb": verb, "item": self.item()})
        if verb == "upsert":
            return {"verb": verb, "item": self.item()}
        if verb == "get":
            options = self.options("consistent", "attributes")
            return {"verb": verb, "key": self.key(), "options": options}
        return self.where({"verb": verb, "key": self.key()})

    def _batch(self) -> dict[str, Any]:
        kind = self.draw(st.sampled_from(["get", "put", "delete"]))
        count = self.draw(st.integers(1, 3))
        if kind == "put":
            return {"batch": kind, "items": [self.item() for _ in range(count)]}
        return {"batch": kind, "keys": [self.key() for _ in range(count)]}

    def _query(self) -> dict[str, Any]:
        pattern = self.draw(st.sampled_from(list(self.indexes)))
        index = self.indexes[pattern]
        sorting = index.get("sk", {}).get("composite", [])
        given = self.draw(st.integers(0, len(sorting)))
        names = [*index["pk"]["composite"], *sorting[:given]]
        reading = ("order", "limit", "compare", "attributes")
        is_global = index.get("index", "").startswith("gsi")
        consistent = () if is_global else ("consistent",)
        op: dict[str, Any] = {
            "verb": "query",
            "pattern": pattern,
            "pk": self.values(names),
            "options": self.options(*reading, *consistent),
        }
        if given < len(sorting) and _often(self.draw):
            op["range"] = self._range(index, sorting[given:])
        else:
            op["options"].pop("compare", None)
        return self.where(op)

    def _range(self, index: Mapping[str, Any], names: list[str]) -> list[Any]:
        count = self.draw(st.integers(1, len(names)))
        operators = ["gt", "gte", "lt", "lte", "between"]
        if not self._is_number_key(index, names):
            operators.append("begins")
        operator = self.draw(st.sampled_from(operators))
        if operator == "between":
            return [operator, self.values(names[:count]), self.values(names[:count])]
        return [operator, self.values(names[:count])]

    def _is_number_key(self, index: Mapping[str, Any], names: list[str]) -> bool:
        half = index["sk"]
        bare = half.get("template") == f"${{{names[0]}}}" or half["field"] == names[0]
        return half.get("cast") == "number" or bare

    def _scan(self) -> dict[str, Any]:
        return self.where(
            {"verb": "scan", "options": self.options("limit", "attributes", "consistent")}
        )

    def _match(self) -> dict[str, Any]:
        return self._search("match")

    def _find(self) -> dict[str, Any]:
        return self._search("find")

    def _search(self, verb: str) -> dict[str, Any]:
        scalars = [name for name, attribute in self.attributes.items() if _is_scalar(attribute)]
        names = self.draw(st.lists(st.sampled_from(scalars), unique=True, min_size=1, max_size=4))
        return self.where({"verb": verb, "values": self.values(names)})

    def _update(self) -> dict[str, Any]:
        return self._writing("update")

    def _patch(self) -> dict[str, Any]:
        return self._writing("patch")

    def _writing(self, verb: str) -> dict[str, Any]:
        op: dict[str, Any] = {"verb": verb, "key": self.key()}
        fixed = set(composites(self.indexes["primary"]))
        plain = [name for name in self.attributes if name not in self.in_keys]
        keyed = [name for name in self.attributes if name in self.in_keys - fixed]
        for name in self._some(plain, 4):
            self._step(op, name, self.attributes[name])
        for name in self._some(keyed, 3):
            if name not in self.in_sparse and _seldom(self.draw):
                op.setdefault("remove", []).append(name)
            else:
                op.setdefault("set", {})[name] = self.value(name)
        if not any(step in op for step in STEPS):
            target = self.draw(st.sampled_from(keyed or plain or list(fixed)))
            op["set"] = self.values([target])
        left = [name for name in keyed if name not in op.get("set", {})]
        left = [name for name in left if name not in op.get("remove", [])]
        if left and _seldom(self.draw):
            op["composite"] = self.values(self._some(left, 3)) or self.values(left[:1])
        return self.where(op)

    def _some(self, names: list[str], most: int) -> list[str]:
        if not names:
            return []
        chosen: list[str] = self.draw(st.lists(st.sampled_from(names), unique=True, max_size=most))
        return chosen

    def _step(self, op: dict[str, Any], name: str, attribute: Mapping[str, Any]) -> None:
        steps = ["set", "set", "remove", "ifNotExists"]
        kind = attribute["type"]
        if kind == "number":
            steps += ["add", "subtract"]
        elif kind == "set":
            steps += ["add", "delete"]
        elif kind == "list":
            steps += ["append"]
        step = self.draw(st.sampled_from(steps))
        if step == "remove":
            op.setdefault("remove", []).append(name)
            return
        path, target = name, attribute
        # ElectroDB lets a path inside a read-only attribute be set; Leyden does not.
        inside = kind in ("map", "list") and not attribute.get("readOnly")
        if step == "set" and inside and self.draw(st.booleans()):
            path, target = self._inside(name, attribute)
        op.setdefault(step, {})[path] = self.draw(values_of(target, in_key=False))

    def _inside(self, path: str, attribute: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        if attribute["type"] == "list":
            return f"{path}[{self.draw(st.integers(0, 3))}]", attribute["items"]
        name = self.draw(st.sampled_from(list(attribute["properties"])))
        inner = attribute["properties"][name]
        if inner["type"] == "map" and self.draw(st.booleans()):
            return self._inside(f"{path}.{name}", inner)
        return f"{path}.{name}", inner


@st.composite
def operations(draw: st.DrawFn, model: Mapping[str, Any]) -> dict[str, Any]:
    """One operation on the model."""
    return Drawing(draw, model).operation()
