"""Keys: builds key strings from attribute values, and reads values back from key strings.

These are pure functions of an `EntitySpec`. `entity_keys(spec)` returns the forms of all its access
patterns. A `KeyForm` builds one half of a key, and reads it back.

>>> keys = entity_keys(spec)                                        # doctest: +SKIP
>>> keys["assigned"].pk.build({"employee_id": "E-9"})               # doctest: +SKIP
'$taskapp#employeeid_e-9'
"""

from leyden.keys.form import Beginning, KeyForm, KeyValue, Segment, value_of
from leyden.keys.index import EntityKeys, IndexKeys, entity_keys
from leyden.keys.ordering import Bounds, Limit, bounds_of, sorts_by_values

__all__ = [
    "Beginning",
    "Bounds",
    "EntityKeys",
    "IndexKeys",
    "KeyForm",
    "KeyValue",
    "Limit",
    "Segment",
    "bounds_of",
    "entity_keys",
    "sorts_by_values",
    "value_of",
]
