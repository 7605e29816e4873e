"""What editors show beside a schema's options: examples, the meanings of words, whole files.

`language`, `table_language` and `migration_language` say what the options are. Each option has a
row of examples here, in the table named after its `Options`. A test checks that no row is missing
and that the language takes every example.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

EXAMPLES: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "after": {"after": ("90 days", "1 hour 30 minutes"), "of": ("created_at",)},
    "bucket": {"bucket": ("day",), "of": ("created_at",)},
    "slug": {"slug": ("title",), "max_length": (60, 80)},
    "variant": {
        "properties": ({"number": "string", "expires": "string"},),
        "description": ("A card, by its last digits.", "A transfer."),
    },
    "call": {
        "call": ("masked",),
    },
    "judge": {
        "call": ("is_due",),
        "reads": (
            ["status"],
            ["status", "due_at"],
        ),
    },
    "set call": {
        "call": ("slug_of",),
        "always": (True,),
    },
    "generate": {
        "generate": (
            "now",
            "uuid7",
        ),
    },
    "padding": {
        "length": (
            5,
            10,
        ),
        "char": ("0",),
    },
    "attribute": {
        "normalize": (["trim", "lower"], "nfc"),
        "prefix": ("cus_", "ord_"),
        "tag": ("kind", "type"),
        "variants": ({"card": {"properties": {"digits": "string"}}, "cash": {}},),
        "type": (
            "string",
            ["open", "closed"],
        ),
        "items": (
            "string",
            {"type": "map", "properties": {"sku": "string", "count": "integer"}},
        ),
        "properties": ({"owner": "string", "effort": "number"},),
        "pattern": (
            "^[A-Z]{3}-[0-9]+$",
            "^[^@ ]+@[^@ ]+$",
        ),
        "min": (
            0,
            1,
        ),
        "max": (
            100,
            99999,
        ),
        "min_length": (
            1,
            3,
        ),
        "max_length": (
            80,
            2000,
        ),
        "dimensions": (
            256,
            1536,
        ),
        "validate": (
            "starts_with(@, 'https://')",
            {"call": "is_isbn"},
        ),
        "get": ({"call": "masked"},),
        "set": ({"call": "trimmed"},),
        "description": ("When the customer paid, by the bank's clock.", "In euros."),
        "required": (True,),
        "default": (
            "open",
            0,
            {"generate": "uuid7"},
            {"generate": "now"},
            {"after": "90 days"},
            {"call": "next_number"},
        ),
        "hidden": (True,),
        "field": (
            "taskId",
            "createdAt",
        ),
        "read_only": (True,),
        "label": (
            "taskId",
            "t",
        ),
        "on_write": (
            "billing",
            {"generate": "now"},
            {"call": "current_user"},
        ),
        "padding": ({"length": 5, "char": "0"},),
        "watch": (
            ["status", "points"],
            "*",
        ),
        "derive": (
            "join(' ', [status, title])",
            {"call": "search_text"},
        ),
        "encrypt": (True,),
        "deferred": (True,),
        "overflow": ("chunk",),
    },
    "key": {
        "field": (
            "pk",
            "gsi1sk",
        ),
        "composite": (
            ["project_id"],
            ["status", "created_at"],
        ),
        "template": (
            "REGION#${region}",
            "${year}-${month}",
        ),
        "casing": ("none",),
        "cast": ("number",),
    },
    "vector": {
        "index": ("vec1",),
        "attribute": ("embedding",),
        "metric": ("cosine",),
        "partition": ("tenant_id",),
        "filters": (
            ["kind"],
            ["kind", "language"],
        ),
        "projection": (
            "all",
            ["title", "kind"],
        ),
    },
    "access pattern": {
        "index": (
            "gsi1",
            "gsi2",
        ),
        "collection": (
            "overview",
            ["contributions", "assignments"],
        ),
        "type": ("clustered",),
        "scope": ("archive", "draft"),
        "when": (
            "status == 'open'",
            {"call": "is_due", "reads": ["due_at"]},
        ),
        "absent": ("out",),
        "projection": (
            "all",
            "keys_only",
            ["title", "status"],
        ),
        "pk": ({"field": "gsi1pk", "composite": ["status"]},),
        "sk": (
            {"field": "gsi1sk", "composite": ["created_at"]},
            {"field": "sk", "composite": []},
        ),
        "vector": (
            {
                "index": "vec1",
                "attribute": "embedding",
                "metric": "cosine",
                "partition": "tenant_id",
            },
        ),
        "description": ("The open tasks of an employee.", "Which orders are due today?"),
    },
    "identifiers": {
        "entity": ("__edb_e__",),
        "version": ("__edb_v__",),
    },
    "entity": {
        "entity": (
            "task",
            "order",
        ),
        "alias": (
            "task",
            "order_line",
        ),
        "version": ("1",),
        "service": (
            "taskapp",
            "shop",
        ),
        "attributes": (
            {"customer_id": {"type": "string", "required": True}, "name": "string"},
            {
                "task_id": {"type": "string", "required": True, "default": {"generate": "uuid7"}},
                "title": "string",
                "status": {"type": ["open", "closed"], "default": "open"},
            },
        ),
        "indexes": (
            {
                "by_status": {
                    "index": "gsi1",
                    "pk": {"field": "gsi1pk", "composite": ["status"]},
                    "sk": {"field": "gsi1sk", "composite": ["created_at"]},
                }
            },
            {
                "project": {
                    "pk": {"field": "pk", "composite": ["project_id"]},
                    "sk": {"field": "sk", "composite": ["task_id"]},
                }
            },
        ),
        "unique": (
            [["email"]],
            [["tenant_id", "slug"]],
        ),
        "version_attribute": ("revision",),
        "keys": ("strict",),
        "identifiers": ({"entity": "_e", "version": "_v"},),
        "description": ("A task of a project, done by an employee.", "Who pays."),
    },
    "changed attribute": {
        "from": ("employee_id",),
        "value": ("to_number(points)", "join(' ', [first, last])"),
        "call": ("cents_of",),
        "back": (
            "to_string(points)",
            {"call": "euros_of"},
            {"first": "name.first", "last": {"call": "last_of"}},
        ),
    },
    "migrated entity": {
        "from": ("task",),
        "decide": (["whether `assignee` is what `employee_id` was"],),
        "attributes": (
            {"assignee": {"from": "employee_id"}},
            {"points": {"value": "to_number(points)", "back": "to_string(points)"}},
        ),
        "defaults": (["status"],),
        "unique": (True,),
        "remove": (["legacy_id"],),
    },
    "copy": {"table": ("tasks-2",)},
    "migration": {
        "migration": ("assignee",),
        "from": ("assignee.from", "../before"),
        "decide": (["whether `invoice` is what `bill` was"],),
        "entities": (
            {"task": {"attributes": {"assignee": {"from": "employee_id"}}}},
            {"invoice": {"from": "bill", "defaults": ["status"]}},
        ),
        "copy": ({"table": "tasks-2"},),
    },
    "table index": {
        "projection": (
            "all",
            "keys_only",
            ["title", "status"],
        ),
        "kind": ("gsi",),
    },
    "table": {
        "table": (
            "taskapp",
            "shop-production",
        ),
        "indexes": ({"gsi1": {"projection": "all"}},),
        "ttl": ("expires_at",),
        "billing": ("on_demand", {"read": 5, "write": {"min": 5, "max": 100}}),
        "point_in_time_recovery": (True, {"days": 7}),
        "encryption": ("aws_managed", {"kms_key": "alias/shop"}),
        "deletion_protection": (True,),
        "stream": ("new_and_old_images",),
        "tags": ({"team": "shop", "cost-center": "1234"},),
        "table_class": ("infrequent_access",),
        "replicas": (["eu-west-1", "us-west-2"],),
    },
    "billing": {
        "read": (5, {"min": 5, "max": 100}),
        "write": (5, {"min": 5, "max": 100, "target": 60}),
    },
    "scaling": {
        "min": (5,),
        "max": (100,),
        "target": (70,),
    },
    "point-in-time recovery": {"days": (35, 7)},
    "encryption": {
        "kms_key": (
            "alias/shop",
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
    },
}
"""Example values of each option, by the name of its table."""

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "watch": {"*": "All other attributes."},
    "overflow": {
        "chunk": "Compress the value, and split it over sibling items if it is still too large."
    },
    "projection": {
        "all": "Every field of the item.",
        "keys_only": "The keys of the table and of the index, nothing else.",
    },
    "casing": {
        "default": "Lowercase, as in ElectroDB: ABC and abc share a key.",
        "upper": "Uppercase.",
        "lower": "Lowercase.",
        "none": "Unchanged: ABC and abc have different keys.",
    },
    "cast": {
        "string": "Text, for a number too.",
        "number": "A number, if the key is a single number.",
    },
    "metric": {
        "cosine": "By the angle between the vectors, whatever their lengths.",
        "euclidean": "By the distance between them.",
        "dot_product": "By their dot product, so that longer vectors are nearer.",
    },
    "sharing": {
        "isolated": "Each entity has a range of sort keys of its own.",
        "clustered": "Entities sort together, by the attributes of their sort keys.",
        "composite": "DynamoDB's multi-attribute keys: attributes themselves, instead of text "
        "made from them.",
    },
    "absent": {
        "key": "The key ends before the missing value.",
        "out": "The item is not in the index.",
    },
    "keys": {
        "electrodb": "The format of ElectroDB. The default.",
        "strict": "Keys that cannot collide, and that sort as the values do.",
    },
    "kind": {
        "gsi": "A global secondary index, with a partition key of its own.",
        "lsi": "A local secondary index: the table's partition key, with another sort key.",
    },
    "billing": {"on_demand": "You pay for each request, and plan no capacity."},
    "encryption": {
        "aws_owned": "A key that DynamoDB owns, without a charge. The default.",
        "aws_managed": "The key `aws/dynamodb` of your account in AWS KMS.",
    },
    "stream": {
        "keys_only": "The keys of the item.",
        "new_image": "The item as it is after the change.",
        "old_image": "The item as it was before the change.",
        "new_and_old_images": "Both. Replicas need this.",
    },
    "table_class": {
        "standard": "For tables whose requests cost more than their storage. The default.",
        "infrequent_access": "Cheaper storage and more expensive requests, for data that you "
        "rarely read.",
    },
    "generate": {
        "now": "The current time.",
        "uuid4": "A random UUID.",
        "uuid7": "A UUID that begins with the time, so that later ones sort after earlier ones.",
        "ulid": "A ULID: 26 characters that begin with the time and sort by it.",
    },
}
"""What each word of a choice means, by the option that takes it."""

_ENTITY: Final = """\
entity: ${1:task}
version: "1"
service: ${2:service}

attributes:
  ${3:task_id}: {type: string, required: true}
  ${4:title}: string

indexes:
  ${5:task}:
    pk: {field: pk, composite: [${3:task_id}]}
    sk: {field: sk, composite: []}
"""
_TABLE: Final = """\
table: ${1:name}
indexes:
  ${2:gsi1}: {projection: ${3:all}}
"""
_MIGRATION: Final = """\
migration: ${1:assignee}
from: ${2:assignee.from}
entities:
  ${3:task}:
    attributes:
      ${4:assignee}: {from: ${5:employee_id}}
"""

SNIPPETS: Final[tuple[Json, ...]] = (
    {
        "label": "new entity",
        "description": "An entity: its attributes and access patterns.",
        "body": _ENTITY,
    },
    {
        "label": "new table",
        "description": "The table that the entities share, in table.yaml.",
        "body": _TABLE,
    },
    {
        "label": "new migration",
        "description": "How stored items change when schemas have changed.",
        "body": _MIGRATION,
    },
)
"""Whole files that editors offer in an empty one; `${1:...}` are places to fill in."""
