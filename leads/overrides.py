"""What a person says a lead is worth, beside what the model says.

People see it and work by it. The stored score stays as it is reckoned: definitions, segments and KPIs
read that one.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from leads.models import Lead, ScoreOverride, User

LONGEST_REASON = 2_000


class OverrideError(ValueError):
    """What is wrong with an override, and in which field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@transaction.atomic
def set_override(
    lead: Lead, *, score: int, reason: str, by: User, at: datetime, expires_at: datetime | None = None
) -> ScoreOverride:
    """Say what a lead is worth, in place of what was said before; said twice it stands once."""
    _check(score, reason, at, expires_at)
    _lock(lead)
    said = {"score": score, "reason": reason.strip(), "by": by, "expires_at": expires_at}
    same = standing(at).filter(lead=lead, **said).first()
    if same:
        return same
    _end(lead, by, at)
    return ScoreOverride.objects.create(lead=lead, at=at, **said)


@transaction.atomic
def end_override(lead: Lead, *, by: User, at: datetime) -> bool:
    """Let the reckoned score speak again; return whether there was an override to end."""
    _lock(lead)
    return _end(lead, by, at)


def standing(at: datetime) -> QuerySet[ScoreOverride]:
    """Return the overrides that stood at an instant: one a lead at most."""
    over = Q(ended_at__lte=at) | Q(expires_at__lte=at)
    return ScoreOverride.objects.filter(at__lte=at).exclude(over)


def beside(leads: QuerySet[Lead], at: datetime) -> QuerySet[Lead]:
    """Bring each lead's standing override along, as the list `standing_overrides`."""
    rows = standing(at).select_related("by")
    return leads.prefetch_related(Prefetch("score_overrides", rows, to_attr="standing_overrides"))


def shown_score(at: datetime) -> Coalesce:
    """Return the score that people see, to annotate leads with: the override, else the stored one."""
    mine = standing(at).filter(lead=OuterRef("pk")).order_by("-at", "-pk").values("score")[:1]
    return Coalesce(Subquery(mine), F("score"), output_field=IntegerField())


def _check(score: int, reason: str, at: datetime, expires_at: datetime | None) -> None:
    if not 0 <= score <= 100:
        raise OverrideError("score", "Use a whole number from 0 to 100.")
    if not reason.strip():
        raise OverrideError("reason", "Say why: whoever works the lead next will want to know.")
    if len(reason.strip()) > LONGEST_REASON or "\0" in reason:
        raise OverrideError("reason", f"Use plain text of at most {LONGEST_REASON:,} characters.")
    if expires_at and expires_at <= at:
        raise OverrideError("until", "Choose a day that is not over yet.")


def _lock(lead: Lead) -> None:
    """Let nobody else set or end an override of the lead until the transaction ends."""
    Lead.objects.select_for_update().get(pk=lead.pk)


def _end(lead: Lead, by: User, at: datetime) -> bool:
    """End what stands; what has expired ended when it expired, by nobody."""
    unended = ScoreOverride.objects.filter(lead=lead, ended_at=None)
    unended.filter(expires_at__lte=at).update(ended_at=F("expires_at"))
    return bool(unended.update(ended_at=at, ended_by=by))
