"""What a forecast is worth on leads it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import ceil, sqrt
from typing import TypedDict

from leads.intervals import Interval, Z

MOST_BINS = 10
FEWEST_IN_BIN = 10


class Bin(TypedDict):
    predicted: float
    observed: float
    n: int


class Top(TypedDict):
    n: int
    won: int
    lift: float


def auc(scores: Sequence[float], won: Sequence[bool]) -> Interval:
    """Return the chance that a won lead has the higher score than a lost one, with its 95 % interval.

    Equal scores count half: the Mann–Whitney statistic from mid-ranks. The interval is
    A ± z·√((A(1 − A) + (w − 1)(Q₁ − A²) + (l − 1)(Q₂ − A²)) ÷ (w·l)), Q₁ = A ÷ (2 − A), Q₂ = 2A² ÷ (1 + A),
    with w won and l lost leads. J. A. Hanley and B. J. McNeil, The meaning and use of the area under a
    receiver operating characteristic (ROC) curve, Radiology 143 (1982) 29–36.
    """
    wins = sum(won)
    losses = len(won) - wins
    ranks = sum(rank for rank, is_won in zip(_ranks(scores), won, strict=True) if is_won)
    area = (ranks - wins * (wins + 1) / 2) / (wins * losses)
    spread = Z * standard_error(area, wins, losses)
    return Interval(area, max(0.0, area - spread), min(1.0, area + spread))


def standard_error(area: float, wins: int, losses: int) -> float:
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (wins - 1) * (one - area**2) + (losses - 1) * (two - area**2)
    return sqrt(max(0.0, variance) / (wins * losses))


def _ranks(scores: Sequence[float]) -> list[float]:
    """Return the rank of each score from 1 on; equal ones share the middle of theirs."""
    ranks = [0.0] * len(scores)
    before = 0
    for _, group in groupby(sorted(range(len(scores)), key=scores.__getitem__), key=scores.__getitem__):
        equal = list(group)
        for index in equal:
            ranks[index] = before + (len(equal) + 1) / 2
        before += len(equal)
    return ranks


def brier(chances: Sequence[float], won: Sequence[bool]) -> float:
    """Return the mean squared distance of the chances from what came: 0 is perfect."""
    return sum((chance - is_won) ** 2 for chance, is_won in zip(chances, won, strict=True)) / len(won)


def calibration(chances: Sequence[float], won: Sequence[bool]) -> list[Bin]:
    """Return, in equally large groups of rising chance, what was predicted and what came."""
    ranked = sorted(zip(chances, won, strict=True), key=lambda pair: pair[0])
    number = max(1, min(MOST_BINS, len(ranked) // FEWEST_IN_BIN))
    edges = [round(len(ranked) * index / number) for index in range(number + 1)]
    return [_bin(ranked[start:end]) for start, end in pairwise(edges)]


def _bin(pairs: Sequence[tuple[float, bool]]) -> Bin:
    n = len(pairs)
    return {
        "predicted": sum(pair[0] for pair in pairs) / n,
        "observed": sum(pair[1] for pair in pairs) / n,
        "n": n,
    }


def top_tenth(chances: Sequence[float], won: Sequence[bool]) -> Top:
    """Return how much more often the tenth with the best chances was won than all were."""
    ranked = sorted(zip(chances, won, strict=True), key=lambda pair: -pair[0])
    best = ranked[: ceil(len(ranked) / 10)]
    wins = sum(pair[1] for pair in best)
    return {"n": len(best), "won": wins, "lift": (wins / len(best)) / (sum(won) / len(won))}
