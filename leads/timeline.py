"""Everything that happened with one lead, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leads.models import Appointment, Lead, Opportunity


@dataclass(frozen=True)
class Entry:
    """One thing that happened: an icon, a title, a line of detail."""

    at: datetime
    icon: str
    title: str
    detail: str = ""
    tone: str = ""


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
    for event in lead.stage_events.select_related("by"):
        by = f" by {event.by}" if event.by else ""
        yield Entry(event.at, "bolt", f"Became {event.get_stage_display()}{by}", event.reason)


def _deals(lead: Lead) -> Iterator[Entry]:
    for deal in lead.opportunities.all():
        name = f" {deal.name}" if deal.name else ""
        yield Entry(deal.opened_at, "coins", f"Opportunity{name} opened")
        if deal.closed_at and deal.status != Opportunity.Status.OPEN:
            title = f"Opportunity{name} {deal.get_status_display().lower()}"
            yield Entry(deal.closed_at, "coins", title, deal.lost_reason)
