"""Whether the functions that a schema calls were handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leyden._text import did_you_mean, quoted
from leyden.schema.attributes import calls_of
from leyden.schema.drafts import EntityDraft
from leyden.schema.faults import Report
from leyden.schema.spec import EntitySpec, Judge


def check_hooks(
    entities: Sequence[EntityDraft], hooks: Mapping[str, Callable[..., Any]], report: Report
) -> None:
    """Check that each `{call: NAME}` names a function in `hooks`."""
    for entity in entities:
        for path, call in _calls(entity.spec):
            if call not in hooks:
                report.error(
                    entity.at(*path),
                    "hook.missing",
                    f"{'.'.join(path[:-1])} calls {quoted(call)}, which was not handed "
                    f"in with `hooks=`{did_you_mean(call, hooks)}",
                )
            elif not callable(hooks[call]):
                report.error(
                    entity.at(*path),
                    "hook.not_callable",
                    f"the hook {quoted(call)} is not a function, but "
                    f"a {type(hooks[call]).__name__}",
                )


def _calls(spec: EntitySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of all functions that an entity calls, each with its path."""
    for name, attribute in spec.attributes.items():
        for path, call in calls_of(attribute, "attributes", name):
            yield path, call.name
    for name, index in spec.indexes.items():
        if isinstance(index.when, Judge):
            yield ("indexes", name, "when", "call"), index.when.name
