"""Reading some attributes of the members of a collection."""

from __future__ import annotations

from collections.abc import Sequence

from leyden._attrs import evolve
from leyden._text import did_you_mean
from leyden.errors import UnknownAttributeError
from leyden.operations.expression import Expressions
from leyden.operations.members import Member
from leyden.operations.options import Options
from leyden.operations.projection import project
from leyden.program import Params


def project_members(
    members: Sequence[Member],
    params: Params,
    options: Options,
    expressions: Expressions,
    *,
    telling: bool,
) -> None:
    """Ask for the wanted attributes of each member that has them.

    Raises UnknownAttributeError for an attribute that no member has.
    """
    if not options.attributes:
        return
    known = list(dict.fromkeys(name for m in members for name in m.entity.spec.attributes))
    for name in options.attributes:
        if name not in known:
            raise UnknownAttributeError(
                f'no entity of the collection has an attribute "{name}"{did_you_mean(name, known)}'
            )
    for member in members:
        wanted = tuple(n for n in options.attributes if n in member.entity.spec.attributes)
        if not wanted and telling:
            # Nothing of it was asked for, but its items must still be told from the others.
            wanted = member.entity.keys.primary.composites[:1]
        own = evolve(options, attributes=wanted)
        project(member.entity, params, own, expressions, telling=telling, index=member.keys)
