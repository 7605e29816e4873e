"""Compare two services."""

from __future__ import annotations

from leyden.diff.changes import Diff
from leyden.diff.entities import compare_entities
from leyden.diff.tables import compare_tables
from leyden.errors import ArgumentError
from leyden.schema import ServiceSpec


def compare(old: ServiceSpec, new: ServiceSpec) -> Diff:
    """Find every change from one set of schemas to another, and its effect.

    Stored items decide: an attribute in the same field is the same attribute, whatever its name in
    Python. Descriptions, comments and the order of declarations do not count as changes. Functions
    are compared by name, since YAML has no more of them.

    Raises SchemaError if the entities of one side contradict each other about their table, and
    ArgumentError for anything but services.

    >>> from leyden.schema import load_service
    >>> text = '''
    ... entity: note
    ... version: "1"
    ... service: notes
    ... attributes: {id: {type: string, required: true}, stars: integer}
    ... indexes: {notes: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}
    ... '''
    >>> diff = compare(load_service(text), load_service(text.replace("integer", "number")))
    >>> [(change.subject, change.classes) for change in diff.changes]
    [('note.attributes.stars', ('breaks_readers',))]
    >>> [step.text for step in diff.steps]
    ['Deploy the new schemas everywhere before anything writes with them: note.attributes.stars']
    """
    for one in (old, new):
        if not isinstance(one, ServiceSpec):
            raise ArgumentError(
                f"compare() takes two services, as load_service() returns them, not "
                f"{type(one).__name__}: compare(load_service(OLD), load_service(NEW))"
            )
    return Diff(old, new, (*compare_entities(old, new), *compare_tables(old, new)))
