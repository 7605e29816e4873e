"""Every error of the tree can be pickled and copied, with its data."""

from __future__ import annotations

import concurrent.futures
import copy
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
import sys
import threading
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest
from attrs import frozen

import leyden
from leyden.carrying import NotCarriedError
from leyden.errors import (
    AwsError,
    BatchIncompleteError,
    ItemTooLargeError,
    LeydenError,
    NotFoundError,
    VersionConflictError,
)
from leyden.outcomes import ItemWrite, Outcome
from leyden.program import Request
from leyden.results import BatchResult

SCHEMA = """
entity: carriednotes
alias: note
version: "1"
service: carrying
attributes:
  id: {type: string, required: true}
  revision: integer
version_attribute: revision
indexes:
  notes:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""

for module in pkgutil.walk_packages(leyden.__path__, "leyden."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            # The agent frameworks that some adapters need are in environments of their own.
            missing = error.__cause__ or error
            assert isinstance(missing, ImportError)
            if not module.name.startswith("leyden.agents.") or "leyden" in str(missing.name):
                raise


def tree(kind: type[LeydenError] = LeydenError) -> Iterator[type[LeydenError]]:
    yield kind
    for one in kind.__subclasses__():
        if one.__module__.startswith("leyden."):
            yield from tree(one)


ALL = sorted(set(tree()), key=lambda kind: kind.__name__)


@frozen
class Payload:
    """What an error may hold: it has a field that does not pickle."""

    kept: str
    lost: Any


def made(kind: type[LeydenError]) -> LeydenError:
    """An error of the class, with something in each of its arguments."""
    signature = inspect.signature(kind.__init__)
    given: dict[str, Any] = {}
    positional: list[Any] = []
    for name, parameter in [*signature.parameters.items()][1:]:
        value: Any = f"the {name}"
        if name == "request":
            value = Request("PutItem", {"TableName": "t"}, "note.put", "notes", reader=len)
        elif name == "result":
            value = BatchResult(("one", None), ({"PutRequest": {}},), 1.5, 2)
        elif "Sequence" in str(parameter.annotation):
            value = ("one", "two")
        elif "bool" in str(parameter.annotation):
            value = True
        elif "int" in str(parameter.annotation).split(" "):
            value = 7
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= {"operation": "the operation", "entity": "the entity"}
            given |= {"unsure": True} if "Doubtful" in str(parameter.annotation) else {}
        elif parameter.kind is parameter.KEYWORD_ONLY:
            given[name] = value
        else:
            positional.append(value)
    error = kind(*positional, **given)
    error.outcome = Outcome((ItemWrite("delete", "t", {"pk": {"S": "k"}}),), item={"a": {"N": "1"}})
    error.add_note("a note")
    return error


def data_of(error: LeydenError) -> dict[str, Any]:
    return dict(vars(error))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("carry", ["pickle", "copy", "deepcopy"])
def test_an_error_stays_what_it_is(kind: type[LeydenError], carry: str) -> None:
    error = made(kind)
    cause = botocore.exceptions.ClientError({"Error": {"Code": "X", "Message": "m"}}, "PutItem")
    error.__cause__ = cause
    again: Any = {
        "pickle": lambda: pickle.loads(pickle.dumps(error)),
        "copy": lambda: copy.copy(error),
        "deepcopy": lambda: copy.deepcopy(error),
    }[carry]()
    assert type(again) is kind
    assert again is not error
    assert (str(again), again.args, repr(again)) == (str(error), error.args, repr(error))
    assert data_of(again) == data_of(error)
    assert again.__notes__ == ["a note"]
    again.add_note("another")
    assert error.__notes__ == ["a note"]
    assert type(again.__cause__) is type(cause)
    assert str(again.__cause__) == str(cause)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_carries_an_error(protocol: int) -> None:
    error = made(ItemTooLargeError)
    assert data_of(pickle.loads(pickle.dumps(error, protocol))) == data_of(error)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_what_does_not_pickle_gives_way(kind: type[LeydenError]) -> None:
    error = made(kind)
    error.whatever = Payload("kept", [threading.Lock(), lambda: 1, sys])  # type: ignore[attr-defined]

    class LocalError(Exception):
        pass

    error.__cause__ = LocalError("away")
    again: Any = pickle.loads(pickle.dumps(error))
    assert again.message == error.message
    assert again.whatever.kept == "kept"
    assert [type(one) for one in again.whatever.lost] == [NotCarriedError] * 3
    assert isinstance(again.__cause__, NotCarriedError)
    assert "LocalError" in str(again.__cause__)
    assert copy.copy(error).whatever is error.whatever
    assert copy.deepcopy(error).whatever.kept == "kept"


def test_errors_within_errors_are_carried_with_their_causes() -> None:
    inner = AwsError("refused", aws_code="Validation", unsure=True)
    inner.__cause__ = ValueError("why")
    result = BatchResult((), (), None, 1)
    outer = BatchIncompleteError("incomplete", result=result, failures=(inner,))
    outer.__cause__ = inner
    again = pickle.loads(pickle.dumps(outer))
    assert again.failures[0].unsure is True
    assert again.failures[0].aws_code == "Validation"
    assert isinstance(again.__cause__.__cause__, ValueError)


def test_a_class_that_is_not_found_gives_way_to_its_base() -> None:
    class OwnError(ItemTooLargeError):
        code = "own"

    again = pickle.loads(pickle.dumps(OwnError("large", size=3, limit=2)))
    assert type(again) is ItemTooLargeError
    assert (again.size, again.limit) == (3, 2)


def test_a_nest_too_deep_for_pickle_is_left_behind() -> None:
    error = NotFoundError("gone", kind="thread", id="t1")
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    error.nest = nest  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(error))
    assert (again.kind, again.id) == ("thread", "t1")
    assert isinstance(again.nest, NotCarriedError)


def _conflict(_: int) -> None:
    """In a process of its own, which alone has the schema."""
    note = leyden.load(SCHEMA, table="t")["note"]
    raise VersionConflictError("conflict", stored=note.parse(note.put(id="1").params()["Item"]))


def _too_large(_: int) -> None:
    raise ItemTooLargeError("large", size=3, limit=2)


def test_a_pool_gets_errors_of_its_workers() -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        with pytest.raises(ItemTooLargeError) as large:
            pool.submit(_too_large, 0).result(timeout=60)
        assert large.value.size == 3
        with pytest.raises(VersionConflictError, match="conflict") as caught:
            pool.submit(_conflict, 0).result(timeout=60)
    # The record needs its schema, which is not loaded here.
    assert isinstance(caught.value.stored, NotCarriedError)
