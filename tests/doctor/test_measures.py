"""The largest partitions are found in memory that does not grow, and are what they are said."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from leyden.doctor.measures import SHOWN, Ranking

KEYS = st.lists(st.sampled_from("abcdefghijklmnop"), max_size=200)


@given(KEYS, st.integers(2, 6))
def test_counts_of_mixed_partitions_are_within_their_bounds(keys: list[str], counters: int) -> None:
    ranking = Ranking("items", counters=counters)
    for key in keys:
        ranking.add(key, 1, 10)
    truth = Counter(keys)
    assert len(ranking.save()) <= counters
    for one in ranking.largest():
        assert one.items <= truth[one.key] <= one.items + one.spare
    # Whatever has more than its share is not lost.
    kept = ranking.save()
    for key, count in truth.items():
        if count > len(keys) / counters:
            assert key in kept


@given(KEYS, st.integers(2, 6))
def test_partitions_that_come_in_runs_are_counted_exactly(keys: list[str], counters: int) -> None:
    runs = [(key, len([*run])) for key, run in groupby(sorted(keys))]
    ranking = Ranking("items", in_runs=True, counters=counters)
    for key, count in runs:
        ranking.add(key, count, 10 * count)
    largest = sorted((count for _, count in runs), reverse=True)[: min(counters, SHOWN)]
    assert [one.items for one in ranking.largest()] == largest
    assert all(one.spare == 0 for one in ranking.largest())


@given(KEYS, KEYS, st.integers(2, 6))
def test_a_ranking_goes_on_from_what_was_saved(
    first: list[str], second: list[str], counters: int
) -> None:
    whole = Ranking("items", counters=counters)
    for key in first:
        whole.add(key, 1, 1)
    other = Ranking("items", counters=counters)
    other.restore(whole.save())
    for ranking in (whole, other):
        for key in second:
            ranking.add(key, 1, 1)
    assert sum(c[2] for c in whole.save().values()) == sum(c[2] for c in other.save().values())
