"""The options of table.yaml as tables, and the settings built from them."""

from __future__ import annotations

from typing import Final

from leyden.schema.examples import MEANINGS
from leyden.schema.nodes import Given
from leyden.schema.settings import SCALING_TARGET, Capacity, Provisioned, TableSettings
from leyden.schema.shapes import (
    Choice,
    Either,
    Flag,
    ListOf,
    Named,
    Option,
    Options,
    Text,
    Whole,
)

_UNITS: Final = Whole(1, 2**31)
_IMAGES: Final = ("keys_only", "new_image", "old_image", "new_and_old_images")

PROJECTION: Final = Either(
    "all, keys_only, or a list of fields",
    Choice(
        ("all", "keys_only"),
        meanings=MEANINGS["projection"],
    ),
    listing=ListOf(Text(), least=1),
)

TABLE_INDEX: Final = Options(
    {
        "projection": Option(
            PROJECTION, "Which fields of an item the index holds. Default: `all`."
        ),
        "kind": Option(
            Choice(
                ("gsi", "lsi"),
                {"vector": "do not list vector indexes here; entities declare them"},
                meanings=MEANINGS["kind"],
            ),
            "A global (`gsi`, the default) or a local secondary index.",
        ),
    },
    "One secondary index of the table.",
    name="table index",
)

SCALING: Final = Options(
    {
        "min": Option(
            _UNITS, "The fewest capacity units. A new table begins with them.", required=True
        ),
        "max": Option(_UNITS, "The most capacity units.", required=True),
        "target": Option(
            Whole(20, 90),
            f"The utilization in percent that autoscaling aims for. Default: {SCALING_TARGET}.",
        ),
    },
    "Capacity that autoscaling adapts to the load.",
    name="scaling",
)

_CAPACITY: Final = Either(
    "a whole number of capacity units, or {min: ..., max: ...}", mapping=SCALING, plain=_UNITS
)

PROVISIONED: Final = Options(
    {
        "read": Option(_CAPACITY, "The read units a second.", required=True),
        "write": Option(_CAPACITY, "The write units a second.", required=True),
    },
    "Provisioned capacity, of the table and of each of its global indexes.",
    name="billing",
)

RECOVERY: Final = Options(
    {
        "days": Option(
            Whole(1, 35), "How many days back you can restore the table.", required=True
        ),
    },
    "Point-in-time recovery, with its period.",
    name="point-in-time recovery",
)

ENCRYPTION: Final = Options(
    {
        "kms_key": Option(
            Text(),
            "The key in AWS KMS: its ARN, its id, or an alias such as `alias/tasks`.",
            required=True,
        ),
    },
    "Encryption with a key of your own.",
    name="encryption",
)

TABLE: Final = Options(
    {
        "table": Option(Text(), "The table's name. `leyden.load(..., table=...)` overrides it."),
        "indexes": Option(
            Named("an index", TABLE_INDEX, Text()),
            "The table's secondary indexes, by name. Default: those that the entities use.",
        ),
        "ttl": Option(
            Text(),
            "The item's field for DynamoDB's time to live. Default: the field of the attribute "
            "of type `ttl`, if there is one.",
        ),
        "billing": Option(
            Either(
                "on_demand, or the capacity as {read: ..., write: ...}",
                Choice(
                    ("on_demand",),
                    {
                        "pay_per_request": 'did you mean "on_demand"?',
                        "PAY_PER_REQUEST": 'did you mean "on_demand"?',
                        "provisioned": "write the capacity: {read: 5, write: 5}",
                        "PROVISIONED": "write the capacity: {read: 5, write: 5}",
                    },
                    MEANINGS["billing"],
                ),
                mapping=PROVISIONED,
            ),
            "How the table is billed: on demand, or with provisioned capacity.",
        ),
        "point_in_time_recovery": Option(
            Either("true, false or {days: ...}", mapping=RECOVERY, plain=Flag()),
            "Let you restore the table to any second of the last days; `true` means 35 days.",
        ),
        "encryption": Option(
            Either(
                "aws_owned, aws_managed or {kms_key: ...}",
                Choice(
                    ("aws_owned", "aws_managed"),
                    {"kms_key": "write the key: {kms_key: alias/NAME}"},
                    MEANINGS["encryption"],
                ),
                mapping=ENCRYPTION,
            ),
            "Whose key encrypts the table at rest.",
        ),
        "deletion_protection": Option(
            Flag(), "Let DynamoDB refuse to delete the table until you turn this off."
        ),
        "stream": Option(
            Choice(
                _IMAGES,
                {word.upper(): f'did you mean "{word}"?' for word in _IMAGES},
                MEANINGS["stream"],
            ),
            "Turn on the table's stream, and say what it holds of each change.",
        ),
        "tags": Option(
            Named("a tag", Text(numbers=True, empty=True), Text()),
            "The table's tags in AWS, for example to allocate costs.",
        ),
        "table_class": Option(
            Choice(
                ("standard", "infrequent_access"),
                {
                    "standard_infrequent_access": 'did you mean "infrequent_access"?',
                    "STANDARD_INFREQUENT_ACCESS": 'did you mean "infrequent_access"?',
                    "STANDARD": 'did you mean "standard"?',
                },
                MEANINGS["table_class"],
            ),
            "The table class, which trades the price of storage against that of requests.",
        ),
        "replicas": Option(
            ListOf(Text(), least=1),
            "The Regions that replicate the table, beside the one where you create it.",
        ),
    },
    "The table that the entities share.",
    name="table",
)


def settings_of(given: Given) -> TableSettings:
    """Return the settings that a table's description declares, without those that were refused."""
    billing = given.get("billing")
    recovery = given.plain("point_in_time_recovery")
    encryption = given.plain("encryption")
    key = encryption.get("kms_key") if isinstance(encryption, dict) else None
    said = None if billing is None else billing.bare()
    if isinstance(said, dict):
        halves = [_capacity(said.get(name)) for name in ("read", "write")]
        read, write = halves
        said = None if read is None or write is None else Provisioned(read, write)
    return TableSettings(
        billing=said,
        point_in_time_recovery=bool(recovery) if recovery is not None else None,
        recovery_days=recovery.get("days") if isinstance(recovery, dict) else None,
        encryption="kms_key" if isinstance(encryption, dict) else encryption,
        kms_key=key,
        deletion_protection=given.plain("deletion_protection"),
        stream=given.plain("stream"),
        tags=given.plain("tags", {}),
        table_class=given.plain("table_class"),
        replicas=tuple(given.plain("replicas", ())),
    )


def _capacity(said: int | dict[str, int] | None) -> Capacity | None:
    if isinstance(said, dict):
        if not {"min", "max"} <= said.keys():
            return None
        return Capacity(said["min"], said["max"], said.get("target", SCALING_TARGET))
    return None if said is None else Capacity(said)
