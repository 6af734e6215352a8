"""How sure a share, or the difference of two, is."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


class Interval(NamedTuple):
    value: float
    low: float
    high: float


def wilson(hits: int, of: int) -> Interval:
    """Return a share with its 95 % score interval.

    With p = hits ÷ of: (2·of·p + z² ± z·√(z² + 4·of·p·(1 − p))) ÷ (2·(of + z²)). Unlike the usual
    p ± z·√(p·(1 − p) ÷ of) it stays within 0 and 1 and holds for few or rare hits.
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    share = hits / of
    middle, spread = 2 * hits + Z**2, Z * sqrt(Z**2 + 4 * hits * (1 - share))
    scale = 2 * (of + Z**2)
    return Interval(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def newcombe(hits: int, of: int, other_hits: int, other_of: int) -> Interval:
    """Return how much larger the first share is than the other, with its 95 % interval.

    With both Wilson intervals (l₁, u₁), (l₂, u₂) and d = p₁ − p₂:
    d − √((p₁ − l₁)² + (u₂ − p₂)²) to d + √((u₁ − p₁)² + (p₂ − l₂)²).
    R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of
    eleven methods, Statistics in Medicine 17 (1998) 873–890, method 10.
    """
    one, other = wilson(hits, of), wilson(other_hits, other_of)
    difference = one.value - other.value
    below = sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    above = sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Interval(difference, difference - below, difference + above)
