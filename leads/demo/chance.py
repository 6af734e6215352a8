"""Randomness that is the same every time."""

from bisect import bisect
from collections.abc import Hashable, Iterable
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, name: str) -> Random:
    """Return a generator of its own for one concern, so that concerns do not shift each other."""
    return Random(f"{seed}:{name}")  # noqa: S311  a demo, not a secret


class Quota:
    """Yes or no with a given chance, evened out within a group: a handful already shows the rate."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        self._owed: dict[Hashable, float] = {}

    def __call__(self, chance: float, group: Hashable = None) -> bool:
        owed = self._owed.get(group, 0.0) + chance
        hit = owed > self._random()
        self._owed[group] = owed - hit
        return hit


class Spread:
    """Triples in [0, 1) that fill the cube evenly, so that small samples look like large ones."""

    STEPS = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)  # Roberts' R3 sequence

    def __init__(self, rng: Random) -> None:
        self._at = [rng.random() for _ in self.STEPS]

    def __call__(self) -> tuple[float, float, float]:
        first, second, third = ((at + step) % 1 for at, step in zip(self._at, self.STEPS, strict=True))
        self._at = [first, second, third]
        return first, second, third


class Wheel(Generic[T]):
    """A weighted choice, prepared once and spun often."""

    def __init__(self, choices: Iterable[tuple[T, float]]) -> None:
        pairs = list(choices)
        self._items = [item for item, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))

    def __call__(self, spin: float) -> T:
        """Return the item at `spin`, a number in [0, 1)."""
        return self._items[bisect(self._bounds, spin * self._bounds[-1])]
