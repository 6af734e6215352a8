"""Automatic stages: whoever meets the condition of a rung comes to it, one lead or a million."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from leads.conditions import facts, where
from leads.conditions.moment import Moment
from leads.models import DefinitionSet, Lead, Stage, StageEvent
from leads.querysets import LeadQuerySet
from leads.stages.events import chunks, lock, next_instant, stamp
from leads.stages.gates import is_automatic
from leads.stages.ladder import below

DEFINED = (Stage.MQL, Stage.SAL, Stage.SQL)  # what a version may define, lowest first

Tell = Callable[[int, int], None]


def promote(leads: QuerySet[Lead] | None, at: datetime, tell: Tell | None = None) -> int:
    """Give these leads, or all, the automatic stages whose condition they meet; return how many events.

    Rejected and disqualified leads and customers stay where they are, and so do recycled ones until
    the day they come back. One pass up the ladder: a lead may take several rungs at once.
    """
    definition = DefinitionSet.current()
    chosen: LeadQuerySet = Lead.objects.all()
    if leads is not None:
        chosen = chosen.filter(pk__in=leads.order_by().values("pk"))
    risen: set[int] = set()
    events = done = total = 0
    for stage in DEFINED:
        if not is_automatic(stage, definition):
            continue
        found = _ripe(chosen, stage, definition, at).order_by().values_list("pk", flat=True)
        candidates = sorted(risen.union(found))
        total += len(candidates)
        for chunk in chunks(candidates):
            promoted = _promote(chunk, stage, definition, at)
            risen.update(promoted)
            events += len(promoted)
            done += len(chunk)
            if tell:
                tell(done, total)
    return events


@transaction.atomic
def _promote(ids: Sequence[int], stage: Stage, definition: DefinitionSet, at: datetime) -> list[int]:
    """Promote those of a chunk that are ripe; return which.

    They are judged again once locked, in a statement of its own: one that waited for a lock would
    still see the events of before, and so a lead where somebody has moved it from.
    """
    held = lock(ids)
    at = next_instant(held, at)
    ripe = dict(_ripe(Lead.objects.filter(pk__in=held), stage, definition, at).values_list("pk", "current"))
    StageEvent.objects.bulk_create(
        StageEvent(lead_id=pk, from_stage=here, stage=stage, rule=stage, at=at, definition=definition)
        for pk, here in sorted(ripe.items())
    )
    if ripe:
        stamp(ripe.keys(), stage, at)
    return list(ripe)


def _ripe(leads: LeadQuerySet, stage: Stage, definition: DefinitionSet, at: datetime) -> QuerySet[Any]:
    """Return the leads below a rung that meet its condition, each with its `current` stage."""
    meeting = leads.counted(at).filter(where(definition.stages[stage].get("when"), at))
    known: QuerySet[Any] = meeting.annotate(current=facts.stage(Moment(at)), returns_at=_return(at))
    returned = Q(current=Stage.RECYCLED, returns_at__lte=at)
    return known.filter(Q(current__in=below(stage)) | returned)


def _return(at: datetime) -> Subquery:
    """Return when a recycled lead comes back; one that a bundle brought never does by itself."""
    recycled = StageEvent.objects.filter(lead=OuterRef("pk"), stage=Stage.RECYCLED, at__lte=at)
    return Subquery(recycled.order_by("-at", "-pk").values("returns_at")[:1])
