"""What a condition asks of the rows that hang on a lead: one correlated sub-query each."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Func, IntegerField, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce

from leads.conditions.moment import Moment
from leads.conditions.values import Number
from leads.models import BehaviourEvent, ContactAttempt, Opportunity, Stage, StageEvent

PLACES = {stage: place for place, stage in enumerate(Stage, start=1)}


def count(rows: QuerySet[Any]) -> Subquery:
    """Return the number of rows; never NULL, unlike a grouped count."""
    number = Func(function="COUNT", template="COUNT(*)", output_field=IntegerField())
    return Subquery(rows.order_by().values(number=number))


def attempts(moment: Moment) -> Subquery:
    """Return how often someone had tried to reach the lead."""
    return count(ContactAttempt.objects.filter(lead=OuterRef("pk"), at__lte=moment.from_inside()))


def events(moment: Moment, within_days: Number | None = None) -> QuerySet[BehaviourEvent]:
    """Return the lead's events, all or those of the last days, both edges included."""
    rows = BehaviourEvent.objects.filter(lead=OuterRef("pk"), at__lte=moment.from_inside())
    return rows if within_days is None else rows.filter(at__gte=moment.from_inside(within_days))


class _Latest(Subquery):
    """The stage of the latest row; of several at once, the one furthest down the list of stages."""

    template = "(SELECT come.stage FROM (%(subquery)s) come ORDER BY come.at DESC, come.place DESC LIMIT 1)"


def stage(moment: Moment) -> Coalesce:
    """Return the current stage: that of the latest event, `lead` before any."""
    here = {"lead": OuterRef("pk")}
    at = moment.from_inside()
    moves = StageEvent.objects.filter(**here, at__lte=at)
    deals = Opportunity.objects.filter(**here)
    opened = deals.filter(opened_at__lte=at)
    won = deals.filter(status=Opportunity.Status.WON, closed_at__lte=at)
    rows = moves.values("stage", "at", place=_place()).union(
        _come(opened, "opened_at", Stage.OPPORTUNITY), _come(won, "closed_at", Stage.CUSTOMER), all=True
    )
    return Coalesce(_Latest(rows), Value("lead"), output_field=TextField())


def _place() -> Case:
    cases = [When(stage=stage, then=place) for stage, place in PLACES.items()]
    return Case(*cases, output_field=IntegerField())


def _come(deals: QuerySet[Opportunity], column: str, stage: Stage) -> QuerySet[Any, Any]:
    """Return deals as moves to a stage."""
    return deals.values(stage=Value(stage.value), at=F(column), place=Value(PLACES[stage]))
