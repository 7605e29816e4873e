"""Iteration over records with `for` and `async for`; each page is read when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from leyden.errors import CallStyleError, DecodeError, HookError, InputError
from leyden.operations.bound import error_context, run_named
from leyden.operations.run.pages import Turns
from leyden.program import Program, Runner, is_asynchronous
from leyden.results import Page


class Records(Iterator[Any], AsyncIterator[Any]):
    """What `.iter()` returns: an iterator over the records of all pages.

    Use `for` on a service of `leyden.load` and `async for` on one of `leyden.load_async`; the other
    one raises CallStyleError. You can iterate only once. After an error the iteration cannot
    continue, and raises InputError. With `unreadable="collect"`, `unreadable` lists the errors of
    the items that could not be read so far.
    """

    def __init__(
        self,
        runner: Runner,
        named: error_context,
        turns: Turns,
        pick: Callable[[Any], Any],
    ) -> None:
        self._runner = runner
        self._named = named
        self._turns = turns
        self._pick = pick
        self._blocking: Iterator[Any] | None = None
        self._awaiting: AsyncIterator[Any] | None = None
        self._broken_by: BaseException | None = None
        self.unreadable: list[DecodeError | HookError] = []

    def __iter__(self) -> Iterator[Any]:
        if is_asynchronous(self._runner):
            raise CallStyleError(
                "the service is asynchronous: iterate over the records with `async for`",
                operation=self._named.operation,
            )
        self._refuse_broken()
        if self._blocking is None:
            self._blocking = self._all()
        return self._blocking

    def __next__(self) -> Any:
        return next(iter(self))

    def __aiter__(self) -> AsyncIterator[Any]:
        if not is_asynchronous(self._runner):
            raise CallStyleError(
                "the service is synchronous: iterate over the records with `for`, or load it "
                "with `leyden.load_async`",
                operation=self._named.operation,
            )
        self._refuse_broken()
        if self._awaiting is None:
            self._awaiting = self._all_awaited()
        return self._awaiting

    async def __anext__(self) -> Any:
        return await anext(aiter(self))

    def _all(self) -> Iterator[Any]:
        program = next(self._turns, None)
        while program is not None:
            try:
                page = self._runner.run(run_named(program, self._named))
            except BaseException as error:
                self._broken_by = error
                raise
            self.unreadable += page.unreadable
            yield from map(self._pick, page)
            program = self._after(page)

    async def _all_awaited(self) -> AsyncIterator[Any]:
        program = next(self._turns, None)
        while program is not None:
            try:
                page = await cast(Any, self._runner).run(run_named(program, self._named))
            except BaseException as error:
                self._broken_by = error
                raise
            self.unreadable += page.unreadable
            for record in map(self._pick, page):
                yield record
            program = self._after(page)

    def _refuse_broken(self) -> None:
        # A generator that raised has ended, which would look like the end of the records.
        if self._broken_by is not None:
            raise InputError(
                f"this iteration failed with {type(self._broken_by).__name__} and cannot continue; "
                "start a new one, with cursor=error.page.cursor where the error has a page",
                operation=self._named.operation,
            ) from self._broken_by

    def _after(self, page: Page) -> Program[Page] | None:
        """Return the program for the next page; None at the end."""
        try:
            return self._turns.send(page)
        except StopIteration:
            return None
