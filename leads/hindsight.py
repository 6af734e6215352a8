"""Judging leads of the past by what was known of them then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Expression, ExpressionWrapper, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Least

from leads.models import Lead, Stage, StageEvent

EXPOSURE_DAYS = 30
BATCH = 5_000
OUT = (Stage.REJECTED, Stage.DISQUALIFIED)
JUST_BEFORE = timedelta(microseconds=1)  # the finest step both databases keep


def known_at(days: int = EXPOSURE_DAYS) -> Expression:
    """Return the instant up to which a past lead may be judged, as an expression over Lead.

    That is `days` after its creation, or just before sales decided on it, whichever is earlier: its first
    SQL, opportunity, customer, rejected or disqualified event. Two things would otherwise make rules look
    better than they are. After the decision leads behave differently *because* of it: who gets a quote
    opens its e-mails, who is rejected hears no more, and the behaviour would "predict" what caused it.
    And old leads have had more time to collect events than young ones; so all are given the same time,
    which is why leads younger than `days` cannot be judged at all (`mature`). MQL and SAL are no bounds:
    the rules themselves make leads MQL, and accepting one says nothing yet about how it ends.

    Annotate a queryset with it as `known_at`, and give `Moment(F("known_at"))` to what is judged.
    """
    exposed = _instant(F("created_at") + timedelta(days=days))
    decided = StageEvent.objects.filter(lead=OuterRef("pk"), stage__in=OUT).order_by("at").values("at")[:1]
    return Least(
        exposed,
        Coalesce(_instant(F("sql_at") - JUST_BEFORE), exposed),  # the milestone knows deals as well
        Coalesce(_instant(Subquery(decided) - JUST_BEFORE), exposed),
        output_field=DateTimeField(),
    )


def _instant(expression: Combinable) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(expression, output_field=DateTimeField())


def mature(at: datetime, days: int = EXPOSURE_DAYS) -> QuerySet[Lead]:
    """Return the leads that count and have had `days` to show what they are."""
    leads: QuerySet[Lead] = Lead.objects.counted().filter(created_at__lte=at - timedelta(days=days))
    return leads


def batches(leads: QuerySet[Lead], size: int = BATCH) -> Iterator[QuerySet[Lead]]:
    """Yield the leads in slices, in order of their ids.

    A slice aggregates over a sub-query with a limit, which keeps databases from working out an
    annotation anew for every aggregate that reads it.
    """
    ordered = leads.order_by("pk")
    last = 0
    while top := _top(ordered.filter(pk__gt=last), size):
        yield ordered.filter(pk__gt=last, pk__lte=top)[:size]
        last = top


def _top(leads: QuerySet[Lead], size: int) -> int | None:
    """Return the last id of the next slice, which may not be full."""
    ids: QuerySet[Lead, Any] = leads.values_list("pk", flat=True)
    return ids[size - 1 : size].first() or ids.last()
