"""Writing stage events, and the milestones they stamp. Callers hold the locks of the leads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least

from leads.models import Lead, Opportunity, StageEvent
from leads.models.people import MILESTONES
from leads.stages.ladder import RUNGS

TICK = timedelta(microseconds=1)
CHUNK = 500


def lock(ids: Collection[int] | QuerySet[Lead, Any]) -> list[int]:
    """Lock these leads, always in the same order, and return those that exist."""
    rows = Lead.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield ids by as many as are locked at once."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def next_instant(ids: Collection[int], at: datetime) -> datetime:
    """Return when a move that follows now happens: at `at`, or as soon after it as keeps the order.

    Events stand in the order of the locks, however the clocks of those who move differ; and at no
    instant of another fact, where the furthest stage would be the current one.
    """
    latest = max(_facts_in_the_way(ids, at), default=None)
    return at if latest is None else latest + TICK


def _facts_in_the_way(ids: Collection[int], at: datetime) -> list[datetime]:
    """Return the instants of moves made here at `at` or later, and of any other fact right at it."""
    events = StageEvent.objects.filter(lead__in=ids).filter(Q(at=at) | Q(at__gt=at) & ~Q(from_stage=""))
    deals = Opportunity.objects.filter(lead__in=ids)
    opened = deals.filter(opened_at=at).values_list("opened_at")
    won = deals.filter(status=Opportunity.Status.WON, closed_at=at).values_list("closed_at")
    return [instant for (instant,) in events.values_list("at").union(opened, won)]


def stamp(ids: Collection[int], stage: str, at: datetime) -> None:
    """Date this rung and those below it, unless they were reached before."""
    if stage not in RUNGS[1:]:
        return
    instant = Value(at, output_field=DateTimeField())
    reached = MILESTONES[: RUNGS.index(stage)]
    earliest: dict[str, Any] = {name: Least(Coalesce(F(name), instant), instant) for name in reached}
    Lead.objects.filter(pk__in=ids).update(**earliest)
