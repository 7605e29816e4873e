"""Rules of the settings in table.yaml: what AWS refuses, and what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from leyden._text import quoted
from leyden.schema.entities import EntityDraft, TableDraft
from leyden.schema.nodes import Given

_ID: Final = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
_ALIAS: Final = r"alias/[A-Za-z0-9/_-]+"
_KEY: Final = re.compile(
    rf"(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{{12}}:(?:key/{_ID}|{_ALIAS})|{_ALIAS}|{_ID})"
)
_OF_AWS: Final = re.compile(r"(?:arn:.*:)?alias/aws/.*")
_OF_ALL_REGIONS: Final = ("alias/", "mrk-")
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")

MOST_TAGS: Final = 50
# AWS allows spaces that separate words in tags, but no line breaks or tabs.
_TAG_TEXT: Final = re.compile(r"(?:[\w+\-=.:/@]|(?![\t-\r\x1c-\x1f\x85])\s)*")


def check_settings(entities: Sequence[EntityDraft], table: TableDraft) -> None:
    """Check each setting of the table, and that none contradict each other."""
    given = table.given
    _check_capacity(given)
    _check_tags(given)
    key = table.spec.settings.kms_key
    if key is not None and not _KEY.fullmatch(key):
        given.at("encryption", "kms_key").error(
            "table.kms_key",
            f"{quoted(key)} does not name a key of AWS KMS; write its ARN, its id, or an alias "
            "such as alias/tasks",
        )
    elif key is not None and _OF_AWS.fullmatch(key):
        given.at("encryption", "kms_key").error(
            "table.kms_key",
            f"{quoted(key)} is a key that AWS manages; write `encryption: aws_managed`, or name a "
            "key of your own",
        )
    searches = [draft.search for entity in entities for draft in entity.searches]
    if searches and table.spec.settings.provisioned is not None:
        given.at("billing").error(
            "table.billing",
            f"the vector index {quoted(searches[0].index)} needs a table that is billed on demand; "
            "DynamoDB has none on provisioned tables: write `billing: on_demand`",
        )
    if given.has("replicas"):
        _check_replicas(table)


def _check_capacity(given: Given) -> None:
    for name in ("read", "write"):
        scaling = given.at("billing", name)
        least, most = scaling.get("min"), scaling.get("max")
        if least is not None and most is not None and most.value < least.value:
            most.error("table.billing", f"{most.where} must be at least `min` ({least.value})")


def _check_tags(given: Given) -> None:
    tags = given.get("tags")
    for name, said in tags.value.items() if tags is not None else ():
        if said is None:
            continue
        why = ""
        if name.lower().startswith("aws:"):
            why = "AWS keeps names that begin with `aws:` for itself"
        elif len(name) > 128 or len(said.value) > 256:
            why = "a name has at most 128 characters, and a value 256"
        elif not (_TAG_TEXT.fullmatch(name) and _TAG_TEXT.fullmatch(said.value)):
            why = "AWS takes letters, digits, spaces and + - = . _ : / @ in names and values"
        if why:
            said.error("table.tags", f"the tag {quoted(name)} is not one that AWS takes: {why}")
    if tags is not None and len(tags.value) > MOST_TAGS:
        tags.error("table.tags", f"{tags.where} has {len(tags.value)} tags; AWS takes {MOST_TAGS}")


def _check_replicas(table: TableDraft) -> None:
    """Check the settings of a global table.

    They are the same in all Regions, and replicas follow each other by the table's stream.
    """
    given, settings = table.given, table.spec.settings
    seen: set[str] = set()
    regions = given.get("replicas")
    for region in regions.value if regions is not None else ():
        if not _REGION.fullmatch(region.value):
            region.error(
                "table.replicas",
                f"{region.where} must be the name of a Region, such as eu-west-1, not "
                f"{quoted(region.value)}",
            )
        elif region.value in seen:
            region.error("table.replicas", f"{region.where} is listed twice: {region.value}")
        seen.add(region.value)
    if settings.stream not in (None, "new_and_old_images"):
        given.at("stream").error(
            "table.replicas",
            f"replicas follow each other by a stream of new_and_old_images, not {settings.stream}; "
            "leave `stream` out, or write that",
        )
    if settings.provisioned is not None and not settings.provisioned.write.is_scaled:
        units = settings.provisioned.write.units
        given.at("billing", "write").error(
            "table.replicas",
            "a table with replicas is billed on demand, or has write capacity that scales: write "
            f"{{min: {units}, max: {units * 10}}}, or `billing: on_demand`",
        )
    key = settings.kms_key
    if key is not None and not key.startswith(_OF_ALL_REGIONS):
        what = "an ARN" if key.startswith("arn:") else "this id"
        given.at("encryption", "kms_key").error(
            "table.replicas",
            f"{what} names the key of one Region, and each replica needs a key in its own; name it "
            "by an alias that each of these Regions has, such as alias/tasks",
        )
