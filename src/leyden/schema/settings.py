"""What table.yaml can declare about a table beside its name, indexes and time to live.

Everything is None or empty unless table.yaml says it. Code that creates or compares a table leaves
alone what nobody declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from leyden import _attrs as attrs
from leyden._attrs import frozen

SCALING_TARGET: Final = 70
"""The utilization in percent that autoscaling aims for. It is also AWS's default."""


@frozen
class Capacity:
    """Capacity units for reads or for writes: fixed, or scaled from `units` up to `most`.

    `most` is None if they are fixed. `target` is the utilization in percent that autoscaling aims
    for.
    """

    units: int
    most: int | None = None
    target: int = SCALING_TARGET

    @property
    def is_scaled(self) -> bool:
        """Whether autoscaling adapts it to the load."""
        return self.most is not None


@frozen
class Provisioned:
    """Provisioned billing. The table and each of its global indexes have this capacity."""

    read: Capacity
    write: Capacity


def _frozen_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(tags))


@frozen
class TableSettings:
    """The settings of a table that table.yaml declares; all others are None or empty.

    `billing` is `on_demand` or a Provisioned. `encryption` is `aws_owned`, `aws_managed` or
    `kms_key`, with the key's ARN, id or alias in `kms_key`. `stream` is `new_image`, `old_image`,
    `new_and_old_images` or `keys_only`. `table_class` is `standard` or `infrequent_access`.
    `replicas` are the other Regions that hold the table, beside the one where it is created.
    """

    billing: str | Provisioned | None = None
    point_in_time_recovery: bool | None = None
    recovery_days: int | None = None
    """How far back the table can be restored; None leaves it to DynamoDB, whose default is 35 days.
    """
    encryption: str | None = None
    kms_key: str | None = None
    deletion_protection: bool | None = None
    stream: str | None = None
    tags: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_tags)
    table_class: str | None = None
    replicas: tuple[str, ...] = ()

    @property
    def provisioned(self) -> Provisioned | None:
        """The provisioned capacity; None if the table is on demand or declares no billing."""
        return self.billing if isinstance(self.billing, Provisioned) else None
