"""The comparison of two services."""

from __future__ import annotations

from leyden.diff.changes import Diff
from leyden.diff.entities import compare_entities
from leyden.diff.tables import compare_tables
from leyden.errors import ArgumentError
from leyden.schema import ServiceSpec


def compare(old: ServiceSpec, new: ServiceSpec) -> Diff:
    """Find every change from one set of schemas to another, and what each of them does.

    Items are what counts: an attribute that is stored in the same field is the same attribute,
    whatever its name in Python. Descriptions, comments and the order of what is declared are no
    changes. Functions are compared by their names, since YAML knows no more of them.

    Raises SchemaError where the entities of one side contradict each other about their table, and
    ArgumentError for what is no service.

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
                f"compare() takes two services, as load_service() gives them, not "
                f"{type(one).__name__}: compare(load_service(OLD), load_service(NEW))"
            )
    return Diff(old, new, (*compare_entities(old, new), *compare_tables(old, new)))
