"""A move of one lead: by a person, or by a service that acts for nobody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from leads import judging
from leads.conditions import facts
from leads.conditions.moment import Moment
from leads.models import DefinitionSet, Lead, Stage, StageEvent, User
from leads.stages.errors import StageError
from leads.stages.events import next_instant, stamp
from leads.stages.gates import unmet
from leads.stages.ladder import label, legal_moves, what_is_legal

LONGEST_REASON = 2_000
MOST_YEARS = 5  # until a recycled lead comes back
NEEDS_REASON = {Stage.REJECTED: "rejected", Stage.DISQUALIFIED: "disqualified"}


@transaction.atomic
def move(
    lead: Lead,
    to: str,
    *,
    at: datetime,
    by: User | None = None,
    reason: str = "",
    override: bool = False,
    returns_at: datetime | None = None,
) -> StageEvent:
    """Move a lead, or raise a `StageError`; a manager or admin may override what its gate misses."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    at = next_instant([lead.pk], at)
    here = current(lead, at)
    try:
        reason = _checked_reason(reason)
        _check_legal(lead, here, to, by)
        _check_needs(to, reason, returns_at, at)
        definition = DefinitionSet.current()
        missing = unmet(lead, to, at, definition)
        _check_gate(to, missing, override, reason, by)
    except StageError as error:
        error.legal = _legal(lead, here, by)
        raise
    event = StageEvent.objects.create(
        lead=lead,
        from_stage=here,
        stage=to,
        at=at,
        by=by,
        reason=reason,
        unmet=missing,
        returns_at=returns_at,
        definition=definition if definition.pk else None,
    )
    stamp([lead.pk], to, at)
    judging.changed(Lead.objects.filter(pk=lead.pk))
    return event


def legal_here(lead: Lead, at: datetime, by: User | None = None) -> list[str]:
    """Return the stages this person may move this lead to as it stands."""
    return _legal(lead, current(lead, at), by)


def _legal(lead: Lead, here: str, by: User | None) -> list[str]:
    return legal_moves(here, by) if lead.status == Lead.Status.OPEN else []


def current(lead: Lead, at: datetime) -> str:
    """Return a lead's stage at an instant."""
    rows = Lead.objects.filter(pk=lead.pk).annotate(current=facts.stage(Moment(at)))
    return str(rows.values_list("current", flat=True).get())


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if "\0" in reason or any("\ud800" <= character <= "\udfff" for character in reason):
        raise StageError("This holds a character that is not text.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise StageError(f"Use at most {LONGEST_REASON:,} characters.", field="reason")
    return reason


def _check_legal(lead: Lead, here: str, to: str, by: User | None) -> None:
    if lead.status != Lead.Status.OPEN:
        state = lead.get_status_display().lower()
        raise StageError(f"This lead is marked {state}: it moves no more.")
    if to not in Stage.values:
        raise StageError(f"“{to:.40}” is not a stage. {what_is_legal(here)}")
    if to not in legal_moves(here, by):
        again = f"This lead is {label(here)} already. " if to == here else ""
        raise StageError(again + what_is_legal(here))


def _check_needs(to: str, reason: str, returns_at: datetime | None, at: datetime) -> None:
    if to in NEEDS_REASON and not reason:
        raise StageError(f"Say why the lead is {NEEDS_REASON[Stage(to)]}.", field="reason")
    if to == Stage.RECYCLED:
        _check_return(returns_at, at)
    elif returns_at is not None:
        raise StageError("Only a recycled lead has a day to come back.", field="returns_at")


def _check_return(returns_at: datetime | None, at: datetime) -> None:
    if returns_at is None:
        raise StageError("Say when the lead comes back.", field="returns_at")
    if returns_at <= at:
        raise StageError("The lead must come back in the future.", field="returns_at")
    if returns_at > years_after(at, MOST_YEARS):
        raise StageError(f"The lead must come back within {MOST_YEARS} years.", field="returns_at")


def years_after(at: datetime, years: int) -> datetime:
    """Return the same day years later, 1 March for a 29 February that is not."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1)


def _check_gate(to: str, missing: list[str], override: bool, reason: str, by: User | None) -> None:
    if not missing:
        return
    may_override = by is not None and by.sees_figures
    lacks = f"This lead does not meet what {label(to)} asks for: {'; '.join(missing)}."
    if not override:
        hint = " You can override this with a reason." if may_override else ""
        raise StageError(lacks + hint, missing=missing)
    if not may_override:
        raise StageError(f"{lacks} A manager or admin can override this.", field="override", missing=missing)
    if not reason:
        raise StageError("Say why the missing criteria are overridden.", field="reason", missing=missing)
