"""Schemas that have what charts must draw: every kind of key, and names that attack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

SCHEMAS: Final = Path(__file__).parent.parent.parent / "schemas"

SHOP: Final = """
entity: orders
alias: order
version: "2"
service: shop
description: What was bought
attributes:
  shop_id: {type: string, required: true}
  number: {type: integer, required: true, min: 1000, max: 9999}
  sku: {type: string, required: true, pattern: "^[A-Z]{3}-[0-9]{4}$"}
  state: {type: [new, paid, sent], required: true}
  gift: boolean
  total: {type: decimal, min: 0}
  placed_at: {type: timestamp, required: true, default: {generate: now}, read_only: true}
  token: {type: string, validate: {call: is_token}, set: {call: seal}}
  pin: {type: string, hidden: true, required: true}
  parts: {type: list, items: {type: map, properties: {name: string, count: integer}}}
  area: {type: string, required: true}
  digest: {type: binary, required: true}
  until: ttl
indexes:
  main:
    collection: counter
    pk: {field: pk, composite: [shop_id]}
    sk: {field: sk, composite: [number]}
  open:
    index: gsi1
    when: "state == 'paid' && gift"
    projection: keys_only
    pk: {field: gsi1pk, composite: [shop_id, sku]}
    sk: {field: gsi1sk, composite: [placed_at]}
  places:
    index: areas
    type: composite
    pk: {composite: [area, state]}
    sk: {composite: [number]}
  by_total:
    index: lsi1
    pk: {field: pk, composite: [shop_id]}
    sk: {field: lsi1sk, composite: [total], template: "${total}"}
  by_template:
    index: gsi2
    projection: [total, gift]
    pk: {field: gsi2pk, composite: [shop_id, sku], template: "SHOP#${shop_id}-${sku}"}
    sk: {field: gsi2sk, composite: []}
  by_end:
    index: gsi3
    pk: {field: until, composite: [until]}
---
entity: tills
alias: till
version: "1"
service: shop
attributes:
  shop_id: {type: string, required: true}
  till_id: {type: string, required: true}
  shop: {type: string, default: main}
indexes:
  main:
    collection: counter
    pk: {field: pk, composite: [shop_id]}
    sk: {field: sk, composite: [till_id]}
  everywhere:
    index: gsi4
    type: clustered
    collection: floor
    pk: {field: gsi4pk, composite: [till_id]}
    sk: {field: gsi4sk, composite: [shop_id]}
---
entity: ledgers
alias: ledger
version: "1"
service: shop
keys: strict
attributes:
  shop_id: {type: string, required: true}
  till_id: {type: string, required: true}
  balance: {type: number, required: true}
indexes:
  main:
    pk: {field: pk, composite: [shop_id, till_id]}
    sk: {field: sk, composite: [balance]}
---
table: shop
indexes:
  lsi1: {kind: lsi}
"""

NOTES: Final = """
entity: note
version: "1"
service: notes
attributes:
  room: {type: string, required: true}
  note_id: {type: string, required: true}
  kind: {type: [memo, letter], default: memo}
  title: {type: string, required: true}
  meaning: {type: vector, dimensions: 3, required: true}
  sound: {type: vector, dimensions: 2, required: true, deferred: true}
indexes:
  note:
    pk: {field: pk, composite: [note_id]}
    sk: {field: sk, composite: []}
  similar:
    vector: {index: vec1, attribute: meaning, partition: room, filters: [kind]}
  alike:
    vector: {index: vec2, attribute: sound, metric: dot_product, projection: [title]}
"""
"""Searches by meaning: in partitions, and among all items."""

MEMBERS: Final = """
entity: member
version: "1"
service: club
unique: [[email], [org, badge]]
version_attribute: revision
attributes:
  org: {type: string, required: true}
  member_id: {type: string, required: true}
  email: {type: string, required: true}
  badge: {type: [gold, silver], required: true}
  name: {type: string, required: true}
  slug: {type: string, derive: {slug: name}}
  joined: {type: timestamp, required: true, default: {generate: now}}
  seen: {type: ttl, default: {after: 90 days, of: joined}}
  note: {type: string, description: What others see.}
  revision: integer
indexes:
  members:
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [member_id]}
  by_email:
    index: gsi1
    pk: {field: gsi1pk, composite: [email]}
    sk: {field: gsi1sk, composite: []}
"""
"""Unique values: one that keys are made of, and one of few."""

HOOKS: Final[dict[str, Callable[..., Any]]] = {
    "is_token": lambda value: True,
    "seal": lambda value, values: value,
}
"""The functions that the shop calls."""

ATTACK: Final = (
    "</script><script>document.body.dataset.hacked=1</script><img src=x onerror=alert(1)>"
)

HOSTILE: Final = {
    "entities": [
        {
            "entity": "things",
            "alias": "thing",
            "version": "1",
            "service": "svc",
            "description": f"{ATTACK} \" ' & ` \u202e",
            "attributes": {
                "owner": {"type": "string", "required": True},
                "size": {"type": "integer", "required": True},
                "note": {"type": "string", "field": f"f{ATTACK}", "default": ATTACK},
                "state": {"type": [ATTACK, "--><b>"], "required": True},
            },
            "indexes": {
                "main": {
                    "pk": {
                        "field": "pk<i>",
                        "composite": ["owner"],
                        "template": f'"{ATTACK}&#35;$$${{owner}}`%%;',
                        "casing": "none",
                    },
                    "sk": {"field": "sk", "composite": ["size"]},
                },
                "by_state": {
                    "index": "gsi-1",
                    "when": "state != '</code><script>'",
                    "pk": {"field": "gsi1pk", "composite": ["state"]},
                    "sk": {"field": "gsi1sk", "composite": ["size"]},
                },
            },
        }
    ]
}
