"""Which points the outcomes of past leads would give the scoring rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import copysign, floor
from typing import Any, TypedDict

from leads.intervals import Z

FEWEST = 20  # leads with and without a rule
SMALL = 5  # points below which halves matter
OFFERED = ("raise", "lower", "turn", "unclear")  # may be taken over
VERDICTS = {
    "raise": "Worth more",
    "lower": "Worth less",
    "keep": "About right",
    "turn": "Points the other way",
    "unclear": "Not clear",
    "few": "Too few to say",
}


class Suggestion(TypedDict):
    rule: dict[str, Any]  # as it was
    leads: int  # of those trained on, that had it
    suggested: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Seen:
    """How a rule showed in the leads trained on: what one unit of it adds to the logit, if it was weighed."""

    leads: int
    of: int
    weight: float | None = None
    error: float = 0.0


def enough(leads: int, of: int) -> bool:
    return min(leads, of - leads) >= FEWEST


def unit(rule: Mapping[str, Any], given: float | None) -> float:
    """Return how much of a rule a lead had: 1, or the events that count, faded and capped."""
    if given is None:
        return 0.0
    return given / rule["points"] if rule["points"] else 1.0


def suggest(rules: Sequence[dict[str, Any]], seen: Sequence[Seen]) -> list[Suggestion]:
    """Return points in proportion to the weights, that in all are as many as there are now."""
    weighed = [(rule, each) for rule, each in zip(rules, seen, strict=True) if each.weight is not None]
    present = sum(abs(rule["points"]) for rule, _ in weighed)
    total = sum(abs(each.weight or 0) for _, each in weighed)
    scale = present / total if total else 0.0
    return [_suggestion(rule, each, scale) for rule, each in zip(rules, seen, strict=True)]


def _suggestion(rule: dict[str, Any], seen: Seen, scale: float) -> Suggestion:
    if seen.weight is None or not scale:
        return {
            "rule": rule,
            "leads": seen.leads,
            "suggested": None,
            "low": None,
            "high": None,
            "verdict": "few",
        }
    spread = Z * seen.error
    low, high = (scale * (seen.weight + sign * spread) for sign in (-1, 1))
    points = round_points(scale * seen.weight)
    verdict = _verdict(rule["points"], points, low, high)
    return {
        "rule": rule,
        "leads": seen.leads,
        "suggested": points,
        "low": low,
        "high": high,
        "verdict": verdict,
    }


def _verdict(present: float, suggested: float, low: float, high: float) -> str:
    if low <= 0 <= high:
        return "unclear"
    if suggested == present:
        return "keep"
    if suggested * present < 0:
        return "turn"
    return "raise" if abs(suggested) > abs(present) else "lower"


def round_points(points: float) -> float:
    """Round to whole points, small ones to halves."""
    step = 0.5 if abs(points) < SMALL else 1.0
    return copysign(floor(abs(points) / step + 0.5) * step, points) + 0.0


def with_points(rule: Mapping[str, Any], points: float) -> dict[str, Any]:
    """Return a rule with other points, and as many events as before up to its most."""
    changed = {**rule, "points": _plain(points)}
    if rule.get("max") and rule["points"] and points:
        changed["max"] = _plain(abs(rule["max"] * points / rule["points"]))
    return changed


def _plain(number: float) -> float | int:
    return int(number) if number == int(number) else round(number, 6)
