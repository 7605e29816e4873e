"""Whether the functions that a schema calls were handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leyden.schema.attributes import calls_of
from leyden.schema.drafts import EntityDraft
from leyden.schema.faults import Report, did_you_mean, quoted


def check_hooks(
    entities: Sequence[EntityDraft], hooks: Mapping[str, Callable[..., Any]], report: Report
) -> None:
    """Check that each `{call: NAME}` names a function in `hooks`."""
    for entity in entities:
        for name, spec in entity.spec.attributes.items():
            for path, call in calls_of(spec, "attributes", name):
                if call.name not in hooks:
                    report.error(
                        entity.at(*path),
                        "hook.missing",
                        f"{'.'.join(path[:-1])} calls {quoted(call.name)}, which was not handed "
                        f"in with `hooks=`{did_you_mean(call.name, hooks)}",
                    )
                elif not callable(hooks[call.name]):
                    report.error(
                        entity.at(*path),
                        "hook.not_callable",
                        f"the hook {quoted(call.name)} is not a function, but "
                        f"a {type(hooks[call.name]).__name__}",
                    )
