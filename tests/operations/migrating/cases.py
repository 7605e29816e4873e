"""Pairs of schemas that items move between, with the migration from one to the other."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from leyden._attrs import frozen

OLD: Final[dict[str, Any]] = {
    "entity": "tasks",
    "alias": "task",
    "version": "1",
    "service": "moved",
    "attributes": {
        "team": {"type": "string", "required": True},
        "id": {"type": "string", "required": True},
        "kind": {"type": ["bug", "idea"], "required": True},
        "employee": "string",
        "points": "number",
        "tags": {"type": "set", "items": "string"},
        "note": "string",
    },
    "indexes": {
        "tasks": {
            "pk": {"field": "pk", "composite": ["team"]},
            "sk": {"field": "sk", "composite": ["id"]},
        },
        "by_employee": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["employee"]},
            "sk": {"field": "gsi1sk", "composite": ["id"]},
        },
    },
}


@frozen
class Case:
    """A change of schemas: the old and the new entity, and what the migration says of it."""

    name: str
    old: dict[str, Any]
    new: dict[str, Any]
    change: dict[str, Any]

    @property
    def migration(self) -> dict[str, Any]:
        """The migration as a mapping, with the old schema in it."""
        return {"migration": "moved", "from": self.old, "entities": {"task": self.change}}


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with `assignee` in place of `employee`."""
    new = deepcopy(schema)
    attributes = new["attributes"]
    new["attributes"] = {
        "assignee" if name == "employee" else name: one for name, one in attributes.items()
    }
    new["indexes"]["by_employee"]["pk"]["composite"] = ["assignee"]
    if "unique" in new:
        new["unique"] = [["assignee"]]
    return new


def _with(schema: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**deepcopy(schema), **options}


def _keyed(schema: dict[str, Any], **sk: Any) -> dict[str, Any]:
    new = deepcopy(schema)
    new["indexes"]["tasks"]["sk"].update(sk)
    return new


RENAME: Final = {"attributes": {"assignee": {"from": "employee"}}}
COMPANIONS: Final = _with(OLD, unique=[["employee"]], version_attribute="revision")
COMPANIONS["attributes"] |= {
    "revision": "integer",
    "text": {"type": "string", "overflow": "chunk"},
}
UNFOLDED: Final = deepcopy(OLD)
UNFOLDED["indexes"]["tasks"]["pk"]["casing"] = "none"
UNFOLDED["indexes"]["tasks"]["sk"]["casing"] = "none"

CASES: Final = (
    Case("version", OLD, _with(_renamed(OLD), version="2"), RENAME),
    Case("label", OLD, _keyed(OLD, template="task#${id}"), {}),
    Case("longer key", OLD, _keyed(OLD, composite=["id", "kind"]), {}),
    Case("casing", OLD, UNFOLDED, {}),
    Case("in place", OLD, _renamed(OLD), RENAME),
    Case("companions", COMPANIONS, _with(_renamed(COMPANIONS), version="2"), RENAME),
    Case("companions in place", COMPANIONS, _renamed(COMPANIONS), RENAME),
)
