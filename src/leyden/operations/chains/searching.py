"""Searches by meaning: `note.search.NAME(vector, tenant_id="t1")`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Never, Self, Unpack

from pynamodb.expressions.condition import Condition

from leyden._attrs import frozen
from leyden._calls import misplaced, no_attribute, not_called
from leyden._text import did_you_mean
from leyden.errors import ArgumentError, UnknownNameError
from leyden.operations.bound import BoundEntity, SearchedIndex, error_context
from leyden.operations.chains.reads import Chain
from leyden.operations.options import SearchOptions, finish
from leyden.operations.plan.expressions import read_conditions
from leyden.operations.plan.reads import Explanation
from leyden.operations.plan.searches import SearchReading, read_search
from leyden.operations.run.searches import search
from leyden.program import Params, Program
from leyden.results import Matches
from leyden.schema.spec import SearchSpec

_INSTEAD: Final = {
    "filter": '.where(note.attr.kind == "memo")',
    **dict.fromkeys(("limit", "top_k", "k"), ".go(top_k=10)"),
    **dict.fromkeys(("first", "one"), ".go(top_k=1)"),
    "select": '.go(attributes=["title"])',
}
"""What to write here for steps that searches have elsewhere, or that other reads have."""


class Search(Chain):
    """`note.search.NAME(vector, ...)`: the items with the nearest vectors, nearest first.

    The index follows the table with a delay, so an item that was just written may not be found yet.

    >>> found = note.search.similar(vector, tenant_id="t1").go(top_k=5)      # doctest: +SKIP
    >>> [(match.record.note_id, match.score) for match in found]             # doctest: +SKIP
    """

    __slots__ = ()

    _said: SearchReading
    _option = "top_k=5"

    def where(self, /, *conditions: Condition, **wrong: Never) -> Self:
        """Add conditions, all of which must hold: `.where(note.attr.pages > 3)`.

        They are applied after the search, to the `top_k` items that it found. Fewer may remain,
        even none, although the table has items that meet them. `Matches.left_out` counts the
        others. If the index has a filter for an attribute, pass that by name beside the vector
        instead.

        Raises InvalidExpressionError for anything that is not a condition, ArgumentError for
        keywords.
        """
        said = self._said
        with self._error_context():
            added = read_conditions(said.entity, said.name, conditions, wrong)
            return self._with(conditions=said.conditions + added)

    def params(self, /, *wrong: Never, **options: Unpack[SearchOptions]) -> Params:
        """Return the low-level request, in the shape of the boto3 client; nothing is sent.

        `go()` adds to it only what it needs for its result: the consumed capacity, and in a
        projection the fields that identify the items.
        """
        with self._error_context():
            read = self._options("params", wrong, SearchOptions, options)
            return finish(self._said.describe(read), read)

    def go(self, /, *wrong: Never, **options: Unpack[SearchOptions]) -> Any:
        """Search. Returns up to `top_k` matches; awaited on a service of `load_async`.

        `top_k` is 10 by default, and at most 100. `attributes` names what to read, and is the only
        way to read the vector itself. `hydrate=True` reads the whole items behind the index, and
        leaves out those that were deleted or changed meanwhile.

        A search right after its index was made may be refused for a moment, so it is retried for
        `budget` seconds. Raises IndexNotReadyError while the index is being built,
        TableNotFoundError, and the other errors of `leyden.errors`; bad input is refused before
        anything is sent.
        """
        return self._run(self.program(*wrong, **options))

    def program(self, /, *wrong: Never, **options: Unpack[SearchOptions]) -> Program[Matches]:
        """Return what `go()` runs as a program, for use in a larger program.

        Bad input is refused here, not when the program runs.
        """
        with self._error_context():
            plan = self._said.plan(self._options("go", wrong, SearchOptions, options))
        return self._named(search(plan))

    def explain(self, /, *wrong: Never, **options: Unpack[SearchOptions]) -> Explanation:
        """Say in words what is searched."""
        with self._error_context():
            return self._said.explain(self._options("explain", wrong, SearchOptions, options))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Refuse the name, and say what it is called here."""
            form = _INSTEAD.get(name)
            if form is None:
                raise no_attribute(self, name)
            with self._error_context():
                raise UnknownNameError(f"a search has no .{name}; write {form}")

        def __iter__(self) -> Never:
            """Refuse iteration, because nothing has been searched yet. Raises ArgumentError."""
            with self._error_context():
                raise ArgumentError("nothing has been searched yet: .go() returns the matches")


@frozen(repr=False)
class Searches:
    """`note.search`: one method for each vector search that the entity declares."""

    __entity: BoundEntity

    def __getattr__(self, name: str) -> Callable[..., Search]:
        entity = self.__entity
        spec = entity.spec.searches.get(name)
        if spec is None:
            raise UnknownNameError(self.__unknown(name))

        def start(*vector: Any, **given: Any) -> Search:
            with error_context(f"{entity.operation('search')}.{name}", entity):
                if len(vector) != 1:
                    form = f"{entity.spec.alias}.search.{_form(spec)}"
                    if vector:
                        raise misplaced(name, form, len(vector) - 1)
                    raise ArgumentError(f"a search takes the vector first: write {form}")
                return Search(read_search(entity, SearchedIndex(spec), vector[0], given))

        start.__name__ = name
        start.__doc__ = f"Search the access pattern {name!r}: write {_form(spec)}."
        return start

    def __unknown(self, name: str) -> str:
        spec = self.__entity.spec
        if name in spec.indexes:
            return (
                f'"{name}" of "{spec.entity}" is an access pattern by key; write '
                f"{spec.alias}.query.{name}(...)"
            )
        known = (
            f"; it has {', '.join(self)}"
            if spec.searches
            else "; `vector:` in an access pattern of its schema makes one"
        )
        hint = did_you_mean(name, spec.searches) or known
        return f'"{spec.entity}" has no access pattern by meaning "{name}"{hint}'

    def __getitem__(self, name: str) -> Callable[..., Search]:
        return self.__getattr__(name)

    def __call__(self, /, *wrong: Any, **given: Any) -> Search:
        """Refuse the call, because a search needs an access pattern. Raises ArgumentError."""
        spec = self.__entity.spec
        form = next(map(_form, spec.searches.values()), "NAME(vector)")
        raise not_called(f"{spec.alias}.search.{form}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__entity.spec.searches)

    def __repr__(self) -> str:
        return f"<access patterns by meaning: {', '.join(self) or 'none'}>"

    def __dir__(self) -> list[str]:
        return [*self]


def _form(spec: SearchSpec) -> str:
    """Return how a search is written, such as `similar(vector, tenant_id=...)`."""
    given = "" if spec.partition is None else f", {spec.partition}=..."
    return f"{spec.name}(vector{given})"
