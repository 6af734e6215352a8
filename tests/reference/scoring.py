"""Section 5: the score of a lead at an instant, and where it comes from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Any

from tests.reference import conditions
from tests.reference.reading import Bundle, Lead, number
from tests.reference.times import day_of

CATEGORIES = ["demographic", "firmographic", "behavioural"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Score:
    score: int
    band: str
    points: list[tuple[str, str, Fraction]]  # rule, category, points "as the rule gives them"


def score_of(bundle: Bundle, lead: Lead, at: datetime) -> int | None:
    judged = judge(bundle, lead, at)
    return judged.score if judged else None


def judge(bundle: Bundle, lead: Lead, at: datetime) -> Score | None:
    """Return the score at an instant; without a scoring model there is none."""
    if bundle.scoring is None:
        return None
    key = ("score", lead.id, at)
    if key not in bundle.cache:
        bundle.cache[key] = compute(bundle, lead, at)
    cached: Score = bundle.cache[key]
    return cached


def compute(bundle: Bundle, lead: Lead, at: datetime) -> Score:
    """ "clamp(round_half_up( Σ categories weight × clamp(Σ points, −cap, +cap) ), 0, 100)"."""
    model = bundle.scoring
    assert model is not None
    points = [
        (rule["slug"], rule["category"], rule_points(bundle, rule, lead, at))
        for rule in model.get("rules") or []
    ]
    total = Fraction(0)
    for category in CATEGORIES:
        subtotal = sum((p for _, c, p in points if c == category), Fraction(0))
        cap = (model.get("caps") or {}).get(category)  # "defaults weight 1, no cap"
        weight = (model.get("weights") or {}).get(category)
        weight = Fraction(1) if weight is None else number(weight)
        total += weight * (subtotal if cap is None else clamp(subtotal, -number(cap), number(cap)))
    score = int(clamp(Fraction(floor(total + Fraction(1, 2))), Fraction(0), Fraction(100)))
    return Score(score, band(model["thresholds"], score), points)


def band(thresholds: dict[str, Any], score: int) -> str:
    """ "Below `warm` = cold, then warm, mql, sql"."""
    reached = "cold"
    for name in ("warm", "mql", "sql"):
        if score >= number(thresholds[name]):
            reached = name
    return reached


def clamp(value: Fraction, low: Fraction, high: Fraction) -> Fraction:
    return max(low, min(high, value))


def rule_points(bundle: Bundle, rule: dict[str, Any], lead: Lead, at: datetime) -> Fraction:
    """ "A rule gives `points` when its `when` holds, or, `per_event`, points × decay for each event
    of that kind up to as_of, |rule total| ≤ `max`"."""
    points = number(rule["points"])
    if rule.get("per_event") is None:
        return points if conditions.holds(rule.get("when"), lead, at, bundle) else Fraction(0)
    moments = counted_events(bundle, rule, lead, at)
    total = sum((points * decay(at - moment, rule.get("half_life_days")) for moment in moments), Fraction(0))
    if rule.get("max") is None:
        return total
    return clamp(total, -number(rule["max"]), number(rule["max"]))


def counted_events(bundle: Bundle, rule: dict[str, Any], lead: Lead, at: datetime) -> list[datetime]:
    """ "With `daily_cap` only the first so many events of its kind per workspace day count (absent:
    all)"."""
    moments = sorted(e.at for e in lead.events if e.kind == rule["per_event"] and e.at <= at)
    if rule.get("daily_cap") is None:
        return moments
    seen: dict[Any, int] = {}
    counted = []
    for moment in moments:
        day = day_of(moment, bundle.zone)
        seen[day] = seen.get(day, 0) + 1
        if seen[day] <= rule["daily_cap"]:
            counted.append(moment)
    return counted


def decay(age: timedelta, half_life_days: Any) -> Fraction:
    """ "0.5^(age in elapsed days ÷ half_life_days) … (no half-life: no decay)"."""
    if half_life_days is None:
        return Fraction(1)
    days = Fraction(age // timedelta(microseconds=1), 86_400_000_000)
    return half_to_the(days / number(half_life_days))


def half_to_the(exponent: Fraction) -> Fraction:
    """Return 0.5^exponent: exactly for whole exponents, else to 60 digits."""
    if exponent.denominator == 1:
        return Fraction(1, 2) ** int(exponent)
    with localcontext() as context:
        context.prec = 60
        power = Decimal("0.5") ** (Decimal(exponent.numerator) / Decimal(exponent.denominator))
    return Fraction(power)
