"""What became of past leads that had each scoring rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from leads import backtest, jobs
from leads.backtest import OUTCOMES, VERDICTS, Backtest, Effect, RuleFigures, ScoreStep
from leads.definitions.words import CATEGORIES, rule_name, rule_sentence, signed
from leads.intervals import newcombe
from leads.models import DefinitionSet
from leads.templatetags.interface import grouped
from leads.views.access import figures_only
from leads.views.rendering import page

LIFT_AT_FULL = 5  # times the average, where the bar ends
MOST_POINTS = 60  # likewise
LABELS = {"customer": "Customers", "sql": "SQLs"}
DOUBTFUL = {"harms": 1, "nothing": 2, "idle": 3}
MOST_DOUBTFUL = 6
LOSSES = "Takes points away"


@dataclass(frozen=True)
class Row:
    """A rule with its figures, as the page shows them."""

    rule: dict[str, Any]
    figures: RuleFigures | None
    outcome: str

    @property
    def name(self) -> str:
        return rule_name(self.rule)

    @property
    def sentence(self) -> str:
        return rule_sentence(self.rule)

    @property
    def points(self) -> float:
        points = self.rule.get("points")
        return points if isinstance(points, int | float) else 0

    @property
    def points_words(self) -> str:
        return signed(self.rule.get("points"))

    @property
    def is_loss(self) -> bool:
        return self.points < 0

    @property
    def size(self) -> float:
        return min(100.0, 100 * abs(self.points) / MOST_POINTS)

    @property
    def effect(self) -> Effect | None:
        return self.figures.effect(self.outcome) if self.figures else None

    @property
    def lift_size(self) -> float:
        lift = self.effect.lift if self.effect else None
        return 100 * (lift or 0) / LIFT_AT_FULL

    @property
    def verdict(self) -> str:
        return self.effect.verdict(self.points) if self.effect else ""

    @property
    def verdict_words(self) -> str:
        return VERDICTS.get(self.verdict, "")


@dataclass(frozen=True)
class Table:
    title: str
    rows: list[Row]


@require_safe
@figures_only
def backtest_page(request: HttpRequest) -> HttpResponse:
    definition = backtest.subject()
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in LABELS else "customer"
    found = backtest.finished(definition)
    context = {
        "section": "scoring",
        "tab": "backtest",
        "definition": definition,
        "outcome": outcome,
        "outcomes": LABELS,
        "outcome_label": LABELS[outcome],
        "becomes": OUTCOMES[outcome],
        "job": jobs.latest(backtest.KIND, definition=definition.pk) if definition.pk else None,
        "has_rules": bool(backtest.rules_of(definition)),
        **(_results(definition, found, outcome) if found else {}),
    }
    return page(request, "definitions/backtest.html", context)


def _results(definition: DefinitionSet, found: Backtest, outcome: str) -> dict[str, Any]:
    figures = found.rules(backtest.rules_of(definition))
    rows = [Row(rule, figures.get(rule["slug"]), outcome) for rule in backtest.rules_of(definition)]
    doubtful = sorted((row for row in rows if row.verdict in DOUBTFUL), key=lambda row: DOUBTFUL[row.verdict])
    return {
        "found": found,
        "total": found.total(outcome),
        "average": found.total(outcome) / found.leads if found.leads else None,
        "is_stale": not found.is_of(definition),
        "tables": _tables(rows),
        "steps": [(step, step.share(outcome)) for step in found.steps],
        "chart": _chart(found.steps, outcome),
        "order": _order(found.steps, outcome),
        "doubtful": doubtful[:MOST_DOUBTFUL],
        "more_doubtful": len(doubtful[MOST_DOUBTFUL:]),
        "few": sum(row.verdict == "few" for row in rows),
    }


def _tables(rows: Sequence[Row]) -> list[Table]:
    """Return the rules by category, and those that take points away by themselves."""
    gains = [row for row in rows if not row.is_loss]
    tables = [
        Table(title, [row for row in gains if row.rule.get("category") == category])
        for category, title in CATEGORIES.items()
    ]
    losses = Table(LOSSES, [row for row in rows if row.is_loss])
    return [table for table in (*tables, losses) if table.rows]


def _chart(steps: Sequence[ScoreStep], outcome: str) -> dict[str, Any]:
    shares = [step.share(outcome) for step in steps]
    values = [None if share is None else 100 * share for share in shares]
    name = f"Share that became {OUTCOMES[outcome]}"
    return {
        "labels": [step.label for step in steps],
        "sets": [{"name": name, "values": values, "colour": "c1"}],
        "unit": {"after": "%"},
        "x": "Score",
    }


def _order(steps: Sequence[ScoreStep], outcome: str) -> str:
    """Say whether higher scores came to more; steps with few leads say nothing."""
    known = [step for step in steps if step.leads >= backtest.FEWEST]
    if len(known) < 2 or not any(step.hits(outcome) for step in known):
        return f"Too few leads to tell: it takes two steps with {backtest.FEWEST} leads or more."
    falls = [(high, low) for low, high in pairwise(known) if _falls(low, high, outcome)]
    if not falls:
        return "Each step up came to as much or more, so the order is right."
    for high, low in falls:
        if _clearly_less(high, low, outcome):
            return f"Not in order: {_came_to(high, outcome)}, clearly less than {_came_to(low, outcome)}."
    return f"In order, but for what chance explains: {', '.join(high.label for high, _ in falls)}."


def _falls(low: ScoreStep, high: ScoreStep, outcome: str) -> bool:
    return high.hits(outcome) * low.leads < low.hits(outcome) * high.leads


def _clearly_less(high: ScoreStep, low: ScoreStep, outcome: str) -> bool:
    return newcombe(high.hits(outcome), high.leads, low.hits(outcome), low.leads).high < 0


def _came_to(step: ScoreStep, outcome: str) -> str:
    return f"{step.label} came to {grouped(100 * (step.share(outcome) or 0), 1)}%"


@require_POST
@figures_only
def run_backtest(request: HttpRequest) -> HttpResponse:
    definition = backtest.subject()
    if definition.pk:
        assert request.user.is_authenticated
        backtest.start(definition, by=request.user, at=timezone.now())
    return redirect("definitions:backtest")
