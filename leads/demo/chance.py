"""Randomness that is the same every time."""

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, name: str) -> Random:
    """Return a generator of its own for one concern, so that concerns do not shift each other."""
    return Random(f"{seed}:{name}")  # noqa: S311  a demo, not a secret


class Quota:
    """Yes or no with a given chance, evened out so that a handful of leads already shows the rate."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        self._owed = 0.0

    def __call__(self, chance: float) -> bool:
        self._owed += chance
        hit = self._owed > self._random()
        self._owed -= hit
        return hit


class Wheel(Generic[T]):
    """A weighted choice, prepared once and spun often."""

    def __init__(self, choices: Iterable[tuple[T, float]]) -> None:
        pairs = list(choices)
        self._items = [item for item, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))

    def __call__(self, spin: float) -> T:
        """Return the item at `spin`, a number in [0, 1)."""
        return self._items[bisect(self._bounds, spin * self._bounds[-1])]
