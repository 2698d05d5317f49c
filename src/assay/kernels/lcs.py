"""The longest stretch that two texts share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest run of units that stands in both `a` and `b`, in units.

    A longest common *substring* over units (words, or Han and kana characters), not a subsequence. Time and
    memory are linear in len(a) + len(b): a suffix automaton of the shorter one (Blumer et al. 1985), read
    through by the other.
    """
    if len(a) > len(b):
        a, b = b, a
    known = set(a)
    if not known or known.isdisjoint(b):
        return 0
    moves, links, lengths = _automaton(a)
    state = matched = best = 0
    for unit in b:
        if unit not in known:
            state = matched = 0
            continue
        while state and unit not in moves[state]:
            state = links[state]
            matched = lengths[state]
        if unit in moves[state]:
            state = moves[state][unit]
            matched += 1
            best = max(best, matched)
    return best


def _automaton(units: Sequence[str]) -> tuple[list[dict[str, int]], list[int], list[int]]:
    """The suffix automaton of a sequence: moves, suffix links and longest lengths by state; state 0 is the start."""
    moves: list[dict[str, int]] = [{}]
    links, lengths, last = [-1], [0], 0
    for unit in units:
        new = len(moves)
        moves.append({})
        lengths.append(lengths[last] + 1)
        links.append(0)
        state = last
        while state >= 0 and unit not in moves[state]:
            moves[state][unit] = new
            state = links[state]
        if state >= 0:
            target = moves[state][unit]
            if lengths[target] == lengths[state] + 1:
                links[new] = target
            else:
                clone = len(moves)
                moves.append(dict(moves[target]))
                lengths.append(lengths[state] + 1)
                links.append(links[target])
                while state >= 0 and moves[state].get(unit) == target:
                    moves[state][unit] = clone
                    state = links[state]
                links[target] = links[new] = clone
        last = new
    return moves, links, lengths


_RUNS: Final = 4
"""So many runs are matched one by one before the whole texts are, which keeps hostile ones linear."""


def shared_run(a: Sequence[str], b: Sequence[str]) -> int:
    """`lcs_length`, faster for texts that share little: only runs of `b` whose pairs all occur in `a` are matched."""
    pairs = set(pairwise(a))
    best = 1 if not set(a).isdisjoint(b) else 0
    runs: list[tuple[int, int]] = []
    start = 0
    for k, pair in enumerate(pairwise(b)):
        if pair not in pairs:
            if k > start:
                runs.append((k + 1 - start, start))
            start = k + 1
    if len(b) - start > 1:
        runs.append((len(b) - start, start))
    for tried, (length, begin) in enumerate(sorted(runs, reverse=True)):
        if length <= best:
            break
        if tried == _RUNS:
            return lcs_length(a, b)
        best = max(best, 2 if length == 2 else lcs_length(a, b[begin : begin + length]))
    return best
