"""How leads ended: won, lost, or not yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from leads.conditions.facts import stage
from leads.conditions.moment import Moment
from leads.hindsight import OUT, mature
from leads.models import Opportunity, Stage

AT_WORK = (Stage.RECYCLED, Stage.MQL, Stage.SAL)  # the current stage of leads that are worked on again


def closed(at: datetime) -> QuerySet[Any]:
    """Return the mature leads that had an outcome by an instant, with whether they were `won`.

    Won is a customer. Lost is rejected or disqualified as it stands, or a deal lost after which the lead
    was not taken up again; neither has an open deal. Open and recycled leads may still go either way.
    """
    won = Q(customer_at__lte=at)
    deals = Opportunity.objects.filter(lead=OuterRef("pk"), opened_at__lte=at)
    running = deals.exclude(status__in=["won", "lost"], closed_at__lte=at)
    lost_deal = Exists(deals.filter(status="lost", closed_at__lte=at)) & ~Q(current_stage__in=AT_WORK)
    lost = (Q(current_stage__in=OUT) | lost_deal) & ~Exists(running)
    yes = Case(When(won, then=Value(True)), default=Value(False), output_field=BooleanField())
    return mature(at).annotate(current_stage=stage(Moment(at))).filter(won | lost).annotate(won=yes)
