"""One lead's score, explained to the last point: every rule, what it gave and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum
from typing import Any

from django.db.models import Count, Max

from leads import scoring
from leads.conditions.moment import Moment
from leads.models import Lead
from leads.scoring import grid
from leads.scoring.model import CATEGORIES, EventRule, Model, Rule, read


@dataclass(frozen=True)
class Events:
    """What a rule per event had to count."""

    kind: str
    number: int  # up to the instant
    counted: int  # of them, by the daily cap
    newest: datetime | None
    full: float  # points, had nothing faded
    faded: float  # points, before the rule's maximum holds them

    @property
    def has_faded(self) -> bool:
        return abs(self.full - self.faded) > 1e-9


@dataclass(frozen=True)
class Explained:
    """A rule of the model, and what it gave; without points it did not apply."""

    rule: dict[str, Any]
    points: float | None
    events: Events | None

    @property
    def is_held(self) -> bool:
        """Tell whether the rule's maximum held its points back."""
        return bool(self.events and abs(self.events.faded - (self.points or 0)) > 1e-9)


@dataclass(frozen=True)
class Category:
    name: str
    points: scoring.CategoryPoints
    rules: list[Explained]  # that gave points

    @property
    def is_held(self) -> bool:
        """Tell whether the cap held the sum."""
        return self.points.cap is not None and abs(self.points.sum) > self.points.cap


@dataclass(frozen=True)
class Explanation:
    at: datetime
    score: int
    band: str
    total: float  # before it is rounded and held between 0 and 100
    thresholds: dict[str, float]
    categories: list[Category]
    silent: list[Explained]  # rules that did not apply
    cell: grid.Cell
    axes: tuple[grid.Axis, grid.Axis]

    @property
    def rules(self) -> list[Explained]:
        """Return the rules that gave points, the weightiest first."""
        given = [rule for category in self.categories for rule in category.rules]
        return sorted(given, key=lambda rule: -abs(rule.points or 0))


def explain(lead: Lead, model: Any, at: datetime) -> Explanation:
    """Explain a lead's score at an instant, in four queries however many rules and events."""
    parsed = read(model)
    [given] = scoring.breakdown(model, Lead.objects.filter(pk=lead.pk), at)
    points = {rule.slug: rule.points for rule in given.rules}
    counted = _events(lead, parsed, Moment(at))
    explained = [
        (rule, Explained(raw, points.get(rule.slug), counted.get(rule.slug)))
        for rule, raw in zip(parsed.rules, model.get("rules") or [], strict=True)
    ]
    return Explanation(
        at=at,
        score=given.score,
        band=given.band,
        total=fsum(category.result for category in given.categories.values()),
        thresholds=parsed.thresholds,
        categories=[Category(each, given.categories[each], _of(explained, each)) for each in CATEGORIES],
        silent=[each for _, each in explained if each.points is None],
        cell=grid.cell(lead, model, at),
        axes=grid.axes(parsed),
    )


def _of(explained: list[tuple[Rule, Explained]], category: str) -> list[Explained]:
    return [each for rule, each in explained if rule.category == category and each.points is not None]


def _events(lead: Lead, model: Model, moment: Moment) -> dict[str, Events]:
    """Return what each rule per event had to count, by its slug, as the rules themselves reckon it."""
    rules = [rule for rule in model.rules if isinstance(rule, EventRule)]
    columns = {}
    for index, rule in enumerate(rules):
        unheld = replace(rule, most=None)
        columns[f"faded_{index}"] = unheld.given(moment)
        columns[f"counted_{index}"] = replace(unheld, points=1.0, half_life_days=None).given(moment)
    if not rules:
        return {}
    row = Lead.objects.filter(pk=lead.pk).values(**columns).get()
    happened = _happened(lead, moment)
    return {
        rule.slug: _counted(rule, row[f"faded_{index}"], row[f"counted_{index}"], happened)
        for index, rule in enumerate(rules)
    }


def _counted(
    rule: EventRule, faded: float | None, counted: float | None, happened: dict[str, tuple[int, datetime]]
) -> Events:
    number, newest = happened.get(rule.kind, (0, None))
    whole = round(counted or 0)
    return Events(rule.kind, number, whole, newest, rule.points * whole, faded or 0.0)


def _happened(lead: Lead, moment: Moment) -> dict[str, tuple[int, datetime]]:
    """Return how often each kind of event happened, and when last."""
    events = lead.events.filter(at__lte=moment.at).order_by().values("kind")
    rows = events.annotate(number=Count("pk"), newest=Max("at"))
    return {row["kind"]: (row["number"], row["newest"]) for row in rows}
