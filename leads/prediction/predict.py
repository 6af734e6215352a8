"""What the latest forecast says of one lead, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

from leads.hindsight import OUT
from leads.models import Lead, PredictiveModel
from leads.prediction import features
from leads.prediction.features import Row, Vocabulary
from leads.prediction.words import Reason, fact

MOST_REASONS = 3
LEAST_WEIGHT = 0.1  # of the logit; less is no reason


@dataclass(frozen=True)
class Forecast:
    chance: float
    base: float  # the chance of the leads learned from
    reasons: list[Reason]
    is_past: bool  # what was known before the lead became SQL

    @property
    def times(self) -> float | None:
        return self.chance / self.base if self.base else None


class Weights:
    """A stored model, ready to reckon with."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.words = Vocabulary.from_json(stored["vocabulary"])
        self.base: float = stored["base"]
        self.intercept: float = stored["intercept"]
        numbers = (stored["coefficients"], stored["means"], stored["scales"])
        self.columns = list(zip(self.words.columns, *numbers, strict=True))

    def logit(self, row: Row) -> float:
        return self.intercept + sum(self.pulls(row).values())

    def pulls(self, row: Row) -> dict[str, float]:
        """Return how far each feature pulls the lead from an average one."""
        pulls: dict[str, float] = defaultdict(float)
        vector = self.words.vector(row)
        for (column, coefficient, mean, scale), value in zip(self.columns, vector, strict=True):
            pulls[column.feature] += coefficient * (value - mean) / scale
        return pulls

    def reasons(self, row: Row) -> Iterator[Reason]:
        """Yield what says most about the lead, the weightiest first."""
        ranked = sorted(self.pulls(row).items(), key=lambda item: -abs(item[1]))
        for feature, pull in ranked[:MOST_REASONS]:
            if abs(pull) >= LEAST_WEIGHT:
                yield Reason(fact(feature, row[feature]), pull > 0)


def chance(logit: float) -> float:
    return 1 / (1 + exp(-logit)) if logit > -700 else 0.0


def forecast(lead: Lead, current_stage: str) -> Forecast | None:
    """Return the forecast of a lead whose outcome is open, by the latest model; in two queries."""
    if lead.status != Lead.Status.OPEN or lead.customer_at or current_stage in OUT:
        return None
    model = PredictiveModel.objects.only("weights").first()
    if model is None:
        return None
    weights = Weights(model.weights)
    row = next(features.read(Lead.objects.filter(pk=lead.pk), weights.words.kinds), None)
    if row is None:
        return None
    reasons = list(weights.reasons(row))
    return Forecast(chance(weights.logit(row)), weights.base, reasons, is_past=lead.sql_at is not None)
