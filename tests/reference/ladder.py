"""Rule 4: when a lead reached a rung, and where it stands."""

from datetime import datetime

from tests.reference.reading import Deal, Lead

RUNGS = ["mql", "sal", "sql", "opportunity", "customer"]
STAGES = [*RUNGS, "rejected", "recycled", "disqualified"]  # the bundle's order: ties go further down


def is_won(deal: Deal, as_of: datetime) -> bool:
    """Rule 2: "a deal closed after it is open"."""
    return deal.status == "won" and deal.closed_at is not None and deal.closed_at <= as_of


def happenings(lead: Lead, as_of: datetime) -> list[tuple[datetime, str]]:
    """Return (instant, stage): "opening an opportunity is an event for *opportunity*, winning one
    (at `closed_at`) for *customer*"."""
    found = [(event.at, event.stage) for event in lead.stage_events]
    found += [(deal.opened_at, "opportunity") for deal in lead.deals]
    found += [(deal.closed_at, "customer") for deal in lead.deals if is_won(deal, as_of) and deal.closed_at]
    return [(at, stage) for at, stage in found if at <= as_of]


def reached(lead: Lead, rung: str, as_of: datetime) -> datetime | None:
    """ "A lead reaches a rung at the earliest of its events for that rung or any later one"."""
    enough = RUNGS[RUNGS.index(rung) :]
    return min((at for at, stage in happenings(lead, as_of) if stage in enough), default=None)


def current_stage(lead: Lead, at: datetime) -> str:
    """ "Current stage is that of its latest event (outcomes included; ties: the furthest)"; section 4:
    "`lead` before any"."""
    latest = max(happenings(lead, at), key=lambda found: (found[0], STAGES.index(found[1])), default=None)
    return latest[1] if latest else "lead"
