"""A Markov chain of order 1 over channels: how much is lost when one of them is taken away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

START, WON, LOST = "start", "won", "lost"  # states are pairs, so a channel may have such a key


class Chain:
    """Counts of steps from channel to channel, from the start to a won deal or to nothing."""

    def __init__(self) -> None:
        self.steps: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        self.removal_effect = cache(self._removal_effect)

    def add(self, path: Sequence[str], *, converts: bool, times: int = 1) -> None:
        states = [(START, ""), *(("", channel) for channel in path), (WON if converts else LOST, "")]
        for before, after in pairwise(states):
            self.steps[before][after] += times

    def _removal_effect(self, channel: str) -> float:
        """Return the share of conversions lost without a channel, 0 to 1."""
        whole = self._conversion(None)
        return max(0.0, 1 - self._conversion(("", channel)) / whole) if whole else 0.0

    def _conversion(self, removed: tuple[str, str] | None) -> float:
        """Return the probability to end in a won deal, steps into `removed` being lost."""
        states = [state for state in self.steps if state != removed]
        position = {state: index for index, state in enumerate(states)}
        rows = []
        for state in states:
            total = sum(self.steps[state].values())
            row = [0.0] * (len(states) + 1)
            row[position[state]] = 1.0
            for after, count in self.steps[state].items():
                if after in position:
                    row[position[after]] -= count / total
                elif after == (WON, ""):
                    row[-1] += count / total
            rows.append(row)
        return solve(rows)[position[(START, "")]] if states else 0.0


def solve(rows: list[list[float]]) -> list[float]:
    """Return the solution of a square linear system whose last column is the right-hand side."""
    size = len(rows)
    for column in range(size):
        best = max(range(column, size), key=lambda index: abs(rows[index][column]))
        rows[column], rows[best] = rows[best], rows[column]
        for index in range(size):
            if index != column and rows[index][column]:
                factor = rows[index][column] / rows[column][column]
                for place in range(column, size + 1):
                    rows[index][place] -= factor * rows[column][place]
    return [row[-1] / row[index] for index, row in enumerate(rows)]
