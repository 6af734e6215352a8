"""Whole numbers and instants as spans, both ends included; an instant is its microseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, floor, inf
from typing import Any

from leads.times import parse_instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    low: float  # a whole number, or an infinity
    high: float

    def overlap(self, other: Span) -> Span:
        return Span(max(self.low, other.low), min(self.high, other.high))


def number_span(op: str, values: list[Any]) -> Span:
    """Return the whole numbers that an operation leaves."""
    return _span(op, [(ceil(value), floor(value)) for value in values])


def instant_span(op: str, values: list[Any], zone: tzinfo) -> Span:
    """Return the instants that an operation leaves."""
    ticks = [(parse_instant(value, zone) - EPOCH) // MICROSECOND for value in values]
    return _span(op, [(tick, tick) for tick in ticks])


def _span(op: str, ends: list[tuple[int, int]]) -> Span:
    """Return a span from each value rounded up and down."""
    up, down = ends[0]
    match op:
        case "between":
            return Span(up, ends[1][1])
        case "gt":
            return Span(down + 1, inf)
        case "gte":
            return Span(up, inf)
        case "lt":
            return Span(-inf, up - 1)
        case "lte":
            return Span(-inf, down)
        case _:
            return Span(up, down)


def has_room(span: Span, banned: list[Span]) -> bool:
    """Tell whether a span holds anything that no banned span covers."""
    low = span.low
    for ban in sorted(banned, key=lambda one: one.low):
        if ban.low > low:
            break
        if ban.low <= ban.high:
            low = max(low, ban.high + 1)
    return low <= span.high and low < inf
