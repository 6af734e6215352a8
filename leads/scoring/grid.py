"""Two axes instead of one sum: who the lead is, and what it does.

**Fit** is what the demographic and firmographic points come to, **engagement** what the behavioural ones
come to: weight × capped sum, together rounded and held between 0 and 100 as the score is. An axis has
three steps. A (or 1) begins at two thirds of the most the axis can reach, B (or 2) at one third, below is
C (or 3); so A1 is a good fit that is busy, A3 a good fit that is asleep, C1 a busy lead that does not fit.

The most an axis can reach is the sum over its categories of weight × min(cap, what its rules can give):
a rule's positive points; of a rule per event its `max`, without one 100. Never above 100. Rules that
exclude each other all count, so a cap near what one lead can truly have makes the steps fairer. An axis
that can reach nothing has no step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil, fsum, inf
from typing import Any

from django.db.models import Case, CharField, Count, Expression, QuerySet, Value, When
from django.db.models.functions import Concat

from leads.conditions.moment import Moment
from leads.models import Lead
from leads.scoring.model import Model, read, rounded

NONE = "–"
HIGHEST = 100


@dataclass(frozen=True)
class Axis:
    name: str
    steps: str
    categories: tuple[str, ...]
    most: float

    @property
    def has_steps(self) -> bool:
        return self.most > 0

    @property
    def high(self) -> int:
        """Return the least points of the highest step, as whole points are what is shown."""
        return _whole(self.most * 2 / 3)

    @property
    def middle(self) -> int:
        return _whole(self.most / 3)

    def points(self, model: Model, moment: Moment) -> Expression:
        return rounded(model.result(each, model.sum(each, moment)) for each in self.categories)

    def step(self) -> Expression:
        """Return the step for the points annotated under the axis's name."""
        if not self.has_steps:
            return Value(NONE, CharField())
        high, middle, low = (Value(step) for step in self.steps)
        above = [When(**{f"{self.name}__gte": self.high}, then=high)]
        above.append(When(**{f"{self.name}__gte": self.middle}, then=middle))
        return Case(*above, default=low, output_field=CharField())


@dataclass(frozen=True)
class Cell:
    """Where a lead stands in the grid."""

    name: str  # A1 … C3
    fit: int
    engagement: int


def axes(model: Model) -> tuple[Axis, Axis]:
    """Return fit and engagement as a model makes them."""
    who, what = ("demographic", "firmographic"), ("behavioural",)
    return (
        Axis("fit", "ABC", who, _most(model, who)),
        Axis("engagement", "123", what, _most(model, what)),
    )


def placed(leads: QuerySet[Any], scoring: Any, at: datetime) -> QuerySet[Any]:
    """Annotate leads with `fit`, `engagement` and their `cell`, such as A1, at an instant."""
    model = read(scoring)
    fit, engagement = axes(model)
    points = {axis.name: axis.points(model, Moment(at)) for axis in (fit, engagement)}
    cell = Concat(fit.step(), engagement.step(), output_field=CharField())
    rows: QuerySet[Any] = leads.annotate(**points).annotate(cell=cell)
    return rows


def cell(lead: Lead, scoring: Any, at: datetime) -> Cell:
    """Return where one lead stands at an instant."""
    row = placed(Lead.objects.filter(pk=lead.pk), scoring, at).values_list("cell", "fit", "engagement").get()
    return Cell(*row)


def counts(leads: QuerySet[Lead], scoring: Any, at: datetime) -> Counter[str]:
    """Return how many leads stand in each cell at an instant."""
    rows = placed(leads.order_by(), scoring, at).values("cell").annotate(n=Count("pk"))
    return Counter(dict(rows.values_list("cell", "n")))


def _most(model: Model, categories: Iterable[str]) -> float:
    return min(HIGHEST, fsum(model.weights[each] * _reach(model, each) for each in categories))


def _reach(model: Model, category: str) -> float:
    cap = model.caps[category]
    return min(inf if cap is None else cap, fsum(rule.reach for rule in model.of(category)))


def _whole(points: float) -> int:
    return ceil(round(points, 9))
