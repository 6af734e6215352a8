"""Everything that happened with one lead, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from leads.models import Appointment, Lead, Opportunity, StageEvent
from leads.stages.ladder import RUNGS, label


@dataclass(frozen=True)
class Entry:
    """One thing that happened: an icon, a title, a line of detail."""

    at: datetime
    icon: str
    title: str
    detail: str = ""
    tone: str = ""
    lines: list[str] = field(default_factory=list)
    until: datetime | None = None  # when a recycled lead comes back


def timeline(lead: Lead) -> list[Entry]:
    """Return the lead's history, newest first."""
    parts = (_forms, _touches, _attempts, _appointments, _stages, _deals)
    entries = [entry for part in parts for entry in part(lead)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _forms(lead: Lead) -> Iterator[Entry]:
    for form in lead.submissions.select_related("landing_page"):
        page = form.landing_page
        state = "All key fields given" if form.complete else "Key fields missing"
        yield Entry(form.at, "forms", f"Form sent on {page.path}" if page else "Form sent", state)


def _touches(lead: Lead) -> Iterator[Entry]:
    for touch in lead.touches.select_related("channel", "campaign"):
        kind = touch.get_kind_display() or "Touch"
        yield Entry(touch.at, "world", f"{kind} from {touch.channel}", str(touch.campaign or ""))


def _attempts(lead: Lead) -> Iterator[Entry]:
    for attempt in lead.attempts.select_related("by"):
        icon, tone = ("mail", "mail") if attempt.medium == "email" else ("phone", "call")
        by = f" by {attempt.by}" if attempt.by else ""
        title = f"{attempt.get_medium_display()}, {attempt.get_outcome_display().lower()}{by}"
        yield Entry(attempt.at, icon, title, attempt.note, tone)


def _appointments(lead: Lead) -> Iterator[Entry]:
    for appointment in lead.appointments.select_related("by"):
        held_by = f" with {appointment.by}" if appointment.by else ""
        title = f"Appointment{held_by}: {appointment.get_status_display().lower()}"
        yield Entry(appointment.scheduled_for, "calendar-event", title, _length(appointment), "appt")


def _length(appointment: Appointment) -> str:
    return f"{appointment.minutes} minutes" if appointment.minutes else ""


def _stages(lead: Lead) -> Iterator[Entry]:
    for event in lead.stage_events.select_related("by", "definition").order_by("at", "pk"):
        stage = event.get_stage_display()
        title = f"Became {stage}{_mover(event)}" if event.stage in RUNGS else f"{stage}{_mover(event)}"
        yield Entry(
            event.at, "bolt", title, event.reason, lines=_circumstances(event), until=event.returns_at
        )


def _mover(event: StageEvent) -> str:
    """Return who or what made a move: a rule of a version, a person, or nobody we know."""
    if event.rule:
        return f" by rule, version {event.definition.number}" if event.definition else " by rule"
    return f" by {event.by}" if event.by else ""


def _circumstances(event: StageEvent) -> list[str]:
    moved = [f"{label(event.from_stage)} → {event.get_stage_display()}"] if event.from_stage else []
    judged = [f"Judged by version {event.definition.number}"] if event.definition and not event.rule else []
    overridden = [f"Overridden: {'; '.join(event.unmet)}"] if event.unmet else []
    return moved + judged + overridden


def _deals(lead: Lead) -> Iterator[Entry]:
    for deal in lead.opportunities.all():
        name = f" {deal.name}" if deal.name else ""
        yield Entry(deal.opened_at, "coins", f"Opportunity{name} opened")
        if deal.closed_at and deal.status != Opportunity.Status.OPEN:
            title = f"Opportunity{name} {deal.get_status_display().lower()}"
            yield Entry(deal.closed_at, "coins", title, deal.lost_reason)
