"""Scores: how good a lead is, from 0 to 100, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Any

from django.db.models import Expression, QuerySet
from django.db.models.expressions import Combinable

from leads.conditions import ConditionError
from leads.conditions.moment import Moment
from leads.models import Lead
from leads.scoring.model import CATEGORIES, Model, band_of, read, read_thresholds
from leads.scoring.storing import rescore

__all__ = [
    "CATEGORIES",
    "Breakdown",
    "CategoryPoints",
    "ConditionError",
    "RulePoints",
    "band",
    "breakdown",
    "check",
    "rescore",
    "score",
]


@dataclass(frozen=True)
class RulePoints:
    slug: str
    category: str
    points: float


@dataclass(frozen=True)
class CategoryPoints:
    sum: float
    cap: float | None
    weight: float
    result: float


@dataclass(frozen=True)
class Breakdown:
    """How a lead came by its score: the rules that gave points, and what they came to."""

    lead: str  # its key
    rules: list[RulePoints]
    categories: dict[str, CategoryPoints]
    score: int
    band: str


def check(scoring: Any) -> None:
    """Raise a `ConditionError` naming the first thing wrong with a scoring model."""
    read(scoring)


def score(scoring: Any, at: datetime | Combinable) -> Expression:
    """Return the score at an instant, to annotate a Lead queryset with."""
    return read(scoring).score(Moment(at))


def band(scoring: Any, score: float) -> str:
    """Return the band of a score: cold, warm, mql or sql."""
    return band_of(read_thresholds(scoring.get("thresholds")), score)


def breakdown(scoring: Any, leads: QuerySet[Lead], at: datetime | Combinable) -> Iterator[Breakdown]:
    """Explain the score of each lead at an instant."""
    model, moment = read(scoring), Moment(at)
    points = {f"rule_{index}": rule.given(moment) for index, rule in enumerate(model.rules)}
    rows = leads.annotate(**points, fresh=model.score(moment)).values_list("key", "fresh", *points)
    for key, fresh, *given in rows.iterator(chunk_size=2_000):
        yield _explain(model, key, fresh, given)


def _explain(model: Model, key: str, score: int, given: list[float | None]) -> Breakdown:
    rules = [
        RulePoints(rule.slug, rule.category, points)
        for rule, points in zip(model.rules, given, strict=True)
        if points is not None
    ]
    categories = {category: _category(model, category, rules) for category in CATEGORIES}
    return Breakdown(key, rules, categories, score, band_of(model.thresholds, score))


def _category(model: Model, category: str, rules: list[RulePoints]) -> CategoryPoints:
    total = fsum(rule.points for rule in rules if rule.category == category)
    cap, weight = model.caps[category], model.weights[category]
    held = total if cap is None else max(-cap, min(total, cap))
    return CategoryPoints(total, cap, weight, weight * held)
