"""Small makers of rows for tests: what a test does not name has a plain default."""

from datetime import UTC, datetime

from leads.models import (
    BehaviourEvent,
    BusinessCalendar,
    ContactAttempt,
    Lead,
    Opportunity,
    SlaPolicy,
    StageEvent,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


def utc(text):
    """Read `2026-03-02 12:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_lead(**fields):
    return Lead.objects.create(**{"created_at": NOON, **fields})


def make_attempt(lead, at, outcome="connected", **fields):
    return ContactAttempt.objects.create(
        **{"lead": lead, "at": at, "medium": "call", "outcome": outcome, **fields}
    )


def make_stage_event(lead, stage, at, **fields):
    return StageEvent.objects.create(lead=lead, stage=stage, at=at, **fields)


def make_opportunity(lead, opened_at, **fields):
    return Opportunity.objects.create(**{"lead": lead, "opened_at": opened_at, "status": "open", **fields})


def make_calendar(**fields):
    """A calendar open on weekdays from 09:00 to 17:00 in Paris."""
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    return BusinessCalendar.objects.create(
        **{"slug": "office", "time_zone": "Europe/Paris", "hours": week, **fields}
    )


def make_policy(**fields):
    position = SlaPolicy.objects.count()
    return SlaPolicy.objects.create(
        **{"slug": f"policy-{position}", "position": position, "minutes": 60, **fields}
    )


def make_event(lead, kind, at, **fields):
    return BehaviourEvent.objects.create(lead=lead, kind=kind, at=at, **fields)
