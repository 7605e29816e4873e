"""How many ways a compiled pattern has to read one text, as an upper bound.

A pattern is a graph of steps here: each step takes one of some characters, and leads to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, TypeVar

_Pair: TypeAlias = tuple[int, int]
_Node = TypeVar("_Node", int, tuple[int, int])

_MOST_PAIRS: Final = 20_000
_MOST_WAYS: Final = {0: 2_000, 1: 16}
"""How many ways are still acceptable, by the power of the text's length that they grow with."""


def reads_in_many_ways(
    takes: Mapping[int, frozenset[str]], follow: Mapping[int, Mapping[int, int]]
) -> bool:
    """Return whether the ways to read a text may grow faster than the text's length.

    `takes` has the characters that each step takes. `follow` has the steps that come after each,
    with the number of ways from one to the other. The function follows two readings side by side,
    as pairs of steps that take the same character. Where a step leads back to itself in two ways,
    each further character doubles the number of readings. Otherwise the function counts the ways to
    each step. It also returns True if there are too many pairs of steps to decide.
    """
    edges: dict[_Pair, set[_Pair]] = {}
    twice: set[tuple[_Pair, _Pair]] = set()
    waiting = [(n, n) for n in takes]
    while waiting:
        pair = waiting.pop()
        if pair in edges:
            continue
        if len(edges) > _MOST_PAIRS:
            return True
        one, other = pair
        on = {(a, b) for a in follow[one] for b in follow[other] if a == b or takes[a] & takes[b]}
        edges[pair] = on
        if one == other:
            twice |= {(pair, (a, a)) for a, count in follow[one].items() if count > 1}
        waiting += on
    circles = [part for part in _components(edges) if _is_circle(part, edges)]
    if any(_meets_again(part, twice, edges) for part in circles):
        return True
    counted = _Counted(follow, edges, {pair for part in circles for pair in part})
    return any(ways > _MOST_WAYS.get(grows, 0) for ways, grows in counted.ways.values())


class _Counted:
    """An upper bound for the ways that lead to each step over one text, if no step doubles them.

    `ways` has two numbers for each step: a factor, and the power of the text's length that the
    factor is multiplied by.
    """

    def __init__(
        self,
        follow: Mapping[int, Mapping[int, int]],
        edges: dict[_Pair, set[_Pair]],
        circling: set[_Pair],
    ) -> None:
        self.ways: dict[int, tuple[int, int]] = {}
        self._edges = edges
        self._circling = circling
        self._before: dict[int, dict[int, int]] = {n: {} for n in follow}
        for n, on in follow.items():
            for to, count in on.items():
                self._before[to][n] = count
        graph = {n: set(on) for n, on in follow.items()}
        loops: list[set[int]] = []
        # Tarjan's algorithm finds a component after all that it leads to, so start with the last.
        for part in reversed(_components(graph)):
            into = self._into(part)
            found = self._loop(part, into, loops) if _is_circle(part, graph) else self._sum(into)
            self.ways |= dict.fromkeys(part, found)
            if _is_circle(part, graph):
                loops.append(part)

    def _into(self, part: set[int]) -> dict[int, int]:
        into: dict[int, int] = {}
        for n in part:
            for start, count in self._before[n].items():
                if start not in part:
                    into[start] = into.get(start, 0) + count
        return into

    def _sum(self, into: dict[int, int], *, all_at_once: bool = False) -> tuple[int, int]:
        """Add up the ways into a step that one and the same text can take."""
        grows = max((self.ways[n][1] for n in into), default=0)
        sums = [
            sum(
                self.ways[n][0] * count
                for n, count in into.items()
                if all_at_once or n == one or (one, n) in self._edges
            )
            for one in into
        ]
        return max(sums, default=1), grows

    def _loop(self, part: set[int], into: dict[int, int], loops: list[set[int]]) -> tuple[int, int]:
        """Return the ways to a loop.

        If a text can enter the loop at several places, because the steps before it take the same
        characters as the loop, each of these entries is another way.
        """
        again = any((n, start) in self._edges for n in part for start in into)
        ways, grows = self._sum(into, all_at_once=again)
        if not again:
            return ways, grows
        others = [n for loop in loops for n in loop]
        if any((other, n) in self._circling for other in others for n in part):
            return ways, grows + 1
        return ways * len(self.ways), grows


def _meets_again(
    part: set[_Pair], twice: set[tuple[_Pair, _Pair]], edges: dict[_Pair, set[_Pair]]
) -> bool:
    if not any(one == other for one, other in part):
        return False
    parted = any(one != other for one, other in part)
    return parted or any(start in part and end in part for start, end in twice)


def _is_circle(part: set[_Node], edges: dict[_Node, set[_Node]]) -> bool:
    return len(part) > 1 or any(node in edges[node] for node in part)


def _components(edges: dict[_Node, set[_Node]]) -> list[set[_Node]]:
    """Return the strongly connected components (Tarjan's algorithm, without recursion)."""
    order: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    stack: list[_Node] = []
    on_stack: set[_Node] = set()
    found: list[set[_Node]] = []
    for root in edges:
        if root in order:
            continue
        walk = [(root, iter(edges[root]))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while walk:
            node, rest = walk[-1]
            following = next(rest, None)
            if following is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == order[node]:
                    part = set()
                    while True:
                        top = stack.pop()
                        on_stack.discard(top)
                        part.add(top)
                        if top == node:
                            break
                    found.append(part)
            elif following not in order:
                order[following] = low[following] = len(order)
                stack.append(following)
                on_stack.add(following)
                walk.append((following, iter(edges[following])))
            elif following in on_stack:
                low[node] = min(low[node], order[following])
    return found
