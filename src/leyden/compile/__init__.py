"""Compile: an entity's spec into a record class, a codec and a PynamoDB model.

Layer: reads `leyden.schema` and `leyden.keys`; knows nothing of requests or drivers.

>>> task = compile_entity(spec, table_name="projects")               # doctest: +SKIP
>>> values = task.prepare_create({"task_id": "t1", "points": 5.0})   # doctest: +SKIP
>>> task.decode(task.encode(values))                                 # doctest: +SKIP
Task(task_id='t1', points=5)
"""

from leyden.compile.attribute import CompiledAttribute
from leyden.compile.entity import CompiledEntity, SparseCondition, compile_entity
from leyden.compile.paths import AttributePaths, ResolvedPath
from leyden.types.base import AttributeValue, Item

__all__ = [
    "AttributePaths",
    "AttributeValue",
    "CompiledAttribute",
    "CompiledEntity",
    "Item",
    "ResolvedPath",
    "SparseCondition",
    "compile_entity",
]
