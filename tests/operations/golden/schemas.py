"""The entities that the recorded runs are about: one for each feature, and for pairs of them."""

from __future__ import annotations

from typing import Any, Final

import leyden

_ATTRIBUTES: Final = """
attributes:
  place: {type: string, required: true}
  id: {type: string, required: true}
  status: {type: [open, closed], default: open}
  owner: string
  title: {type: string, default: untitled}
  points: {type: number, default: 0}
  tags: {type: set, items: string}
  history: {type: list, items: string}
  detail: {type: map, properties: {effort: number, place: string}}
"""
_INDEXES: Final = """
indexes:
  places:
    pk: {field: pk, composite: [place]}
    sk: {field: sk, composite: [id]}
"""
_OWNED: Final = """
  owned:
    index: gsi1
    when: "status == 'open'"
    pk: {field: gsi1pk, composite: [owner]}
    sk: {field: gsi1sk, composite: [points]}
"""


def _entity(alias: str, attributes: str = "", options: str = "", indexes: str = "") -> str:
    head = f'entity: {alias}s\nalias: {alias}\nversion: "1"\nservice: shop\n{options}'
    return f"{head}{_ATTRIBUTES}{attributes}{_INDEXES}{indexes}"


_REVISION: Final = "  revision: integer\n"
_COUNTED: Final = "version_attribute: revision\n"
_HANDLES: Final = "  email: string\n  team: string\n  handle: string\n"
_UNIQUE: Final = "unique: [[email], [team, handle]]\n"
_LARGE: Final = (
    "  text: {type: string, overflow: chunk}\n  data: {type: json, overflow: chunk}\n"
    "  expires_at: ttl\n"
)
_WRITTEN: Final = "  headline: {type: string, derive: \"join(' ', [status, title])\"}\n"

SHOP: Final = "---\n".join(
    [
        _entity("plain", _WRITTEN, "", _OWNED),
        _entity("counted", _REVISION, _COUNTED, _OWNED),
        _entity("unique", _HANDLES, _UNIQUE),
        _entity("countedunique", _HANDLES + _REVISION, _UNIQUE + _COUNTED),
        _entity("large", _LARGE),
        _entity("countedlarge", _LARGE + _REVISION, _COUNTED),
    ]
)

LIBRARY: Final = """
entity: book
version: "1"
service: library
attributes:
  shelf: {type: string, required: true}
  isbn: {type: string, required: true}
  rank: {type: integer, min: 0, padding: {length: 4, char: "0"}}
  made_at: timestamp
  author: string
  copies: {type: number, default: 0}
indexes:
  shelves:
    collection: shelf
    type: clustered
    pk: {field: pk, composite: [shelf]}
    sk: {field: sk, composite: [isbn]}
  ranked:
    collection: ranking
    index: gsi1
    pk: {field: gsi1pk, composite: [author]}
    sk: {field: gsi1sk, composite: [rank, made_at]}
---
entity: card
version: "1"
service: library
attributes:
  shelf: {type: string, required: true}
  isbn: {type: string, required: true}
  reader: {type: string, required: true}
  rank: {type: integer, min: 0, padding: {length: 4, char: "0"}}
  made_at: timestamp
  author: string
  copies: {type: number, default: 0}
indexes:
  shelves:
    collection: shelf
    type: clustered
    pk: {field: pk, composite: [shelf]}
    sk: {field: sk, composite: [isbn, reader]}
  ranked:
    collection: ranking
    index: gsi1
    pk: {field: gsi1pk, composite: [author]}
    sk: {field: gsi1sk, composite: [rank, made_at]}
"""

FORMS: Final = """
entity: strict
version: "1"
service: forms
keys: strict
attributes:
  a: {type: string, required: true}
  b: {type: number, required: true}
  c: string
  d: {type: timestamp}
indexes:
  main:
    pk: {field: pk, composite: [a]}
    sk: {field: sk, composite: [b, c]}
  dated:
    index: gsi1
    pk: {field: gsi1pk, composite: [c]}
    sk: {field: gsi1sk, composite: [d, b]}
---
entity: template
version: "1"
service: forms
attributes:
  a: {type: string, required: true}
  b: {type: string, required: true}
  n: {type: integer, min: 0, padding: {length: 5, char: "0"}}
indexes:
  main:
    pk: {field: pk, composite: [a], template: "ORG#${a}", casing: none}
    sk: {field: sk, composite: [b], template: "MEMBER#${b}", casing: none}
  numbered:
    index: gsi1
    pk: {field: gsi1pk, composite: [b], template: "B#${b}"}
    sk: {field: gsi1sk, composite: [n, a], template: "N#${n}#${a}"}
"""


def shop() -> leyden.Service:
    """A service of six entities on one table, which sends nothing."""
    return leyden.load(SHOP, table="shop")


def entity_of(app: leyden.Service, name: str) -> Any:
    return app.entities[name]
