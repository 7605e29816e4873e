"""Transactions on a generated model: both sides asked for all parts, compared part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from leyden.errors import AmbiguousKeyError, LeydenError
from tests.interop.comparison import (
    ANOTHER_QUESTION,
    NO_COMPOSITES,
    Verdict,
    compare_requests,
    lawful_refusal,
)
from tests.interop.key_texts import asks_about, framed_fields
from tests.interop.leyden_side import Words
from tests.interop.models import ENTITY
from tests.interop.operations import Drawing
from tests.interop.oracle import Oracle, Refusal
from tests.vectors.canonical import as_text, canonical

WRITES: Final = ("put", "create", "upsert", "update", "patch", "delete", "remove", "check")
_ADDED: Final = "ReturnValuesOnConditionCheckFailure"


@st.composite
def transactions(draw: st.DrawFn, model: Mapping[str, Any]) -> dict[str, Any]:
    """One to three writes or reads of the model's items, together."""
    drawing = Drawing(draw, model)
    kind = draw(st.sampled_from(["write", "write", "write", "get"]))
    ops = [
        drawing.of(draw(st.sampled_from(WRITES)) if kind == "write" else "get")
        for _ in range(draw(st.integers(1, 3)))
    ]
    op: dict[str, Any] = {"transact": kind, "ops": [_bare(drawing, one) for one in ops]}
    if kind == "write" and draw(st.booleans()):
        op["options"] = {
            "token": draw(st.sampled_from(["t", "a-token-of-36-characters-in-all-0000"]))
        }
    return op


def _bare(drawing: Drawing, op: dict[str, Any]) -> dict[str, Any]:
    """The operation without options, which belong to the whole; a check has a condition."""
    bare = {name: value for name, value in op.items() if name != "options"}
    return {"where": drawing.condition(), **bare} if op["verb"] == "check" else bare


def compare_transactions(
    oracle: Oracle, words: Words, models: Mapping[str, Any], table: str, op: dict[str, Any]
) -> Verdict:
    """Ask both sides for one transaction."""
    answer = oracle.ask(models, table, op)
    model = models[ENTITY]
    try:
        ours = _transaction(words, op)
    except LeydenError as error:
        if isinstance(answer, Refusal):
            return Verdict("both refuse", f"{answer.code} {error.code}")
        if isinstance(error, AmbiguousKeyError):
            return Verdict(f"guard: {error.code}")
        keys = [as_text(_key(model, part)) for part in answer["TransactItems"]]
        if len(set(keys)) < len(keys):
            return Verdict("guard: a key twice in a transaction")
        bodies = [body for part in answer["TransactItems"] for body in part.values()]
        for body in bodies:
            theirs = canonical(body, typed=False, keep_sets=True)
            reason = lawful_refusal(error, model, theirs)
            if reason is not None:
                return Verdict(f"guard: {reason}")
        if any(asks_about(one, model, framed_fields(model)) for one in op["ops"]):
            return Verdict(f"guard: {ANOTHER_QUESTION}")
        return Verdict("differ", f"ours refuses: {error!r}\ntheirs:\n{as_text(answer)}")
    if isinstance(answer, Refusal) and answer.code == 2012:
        return Verdict(f"guard: {NO_COMPOSITES}")
    if isinstance(answer, Refusal):
        return Verdict("differ", f"theirs refuses: {answer.code} {answer.message}")
    if ours.get("ClientRequestToken") != answer.get("ClientRequestToken"):
        return Verdict("differ", "the tokens differ")
    if len(ours["TransactItems"]) != len(answer["TransactItems"]):
        return Verdict("differ", "there are not as many parts")
    worst = Verdict("same")
    parts = zip(op["ops"], ours["TransactItems"], answer["TransactItems"], strict=True)
    for one, mine, other in parts:
        ((kind, body),), ((their_kind, their_body),) = mine.items(), other.items()
        if kind != their_kind:
            return Verdict("differ", f"{kind} here, and {their_kind} there")
        body = {name: value for name, value in body.items() if name != _ADDED}
        canonical_body = canonical(body, keep_sets=True)
        theirs = canonical(their_body, typed=False, keep_sets=True)
        verdict = compare_requests(model, one, canonical_body, theirs)
        if verdict.kind == "differ":
            return verdict
        worst = worst if verdict.kind == "same" else verdict
    return worst


def _transaction(words: Words, op: Mapping[str, Any]) -> Any:
    chains = [words.chain(one) for one in op["ops"]]
    start = words.app.transact_write if op["transact"] == "write" else words.app.transact_get
    return start(chains).params(**op.get("options", {}))


def _key(model: Mapping[str, Any], part: Mapping[str, Any]) -> Any:
    primary = next(index for index in model["indexes"].values() if "index" not in index)
    (body,) = part.values()
    held = body.get("Item") or body["Key"]
    return {half: held.get(primary[half]["field"]) for half in ("pk", "sk") if half in primary}
