"""Mapping: compiles an entity's spec into a record class, a codec, keys, and checks of values.

This layer imports `leyden.schema` and `leyden.keys`, and knows nothing of tables, requests or
drivers.

>>> task = compile_entity(spec)                                      # doctest: +SKIP
>>> values = task.prepare_create({"task_id": "t1", "points": 5.0})   # doctest: +SKIP
>>> task.decode(task.encode(values))                                 # doctest: +SKIP
Task(task_id='t1', points=5)
"""

from __future__ import annotations

from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.entity import EntityMapping, compile_entity
from leyden.mapping.paths import ResolvedPath
from leyden.mapping.preparing import SparseCondition
from leyden.types.base import AttributeValue, Item

__all__ = [
    "AttributeValue",
    "CompiledAttribute",
    "EntityMapping",
    "Item",
    "ResolvedPath",
    "SparseCondition",
    "compile_entity",
]
