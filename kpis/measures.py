"""The countable things KPIs are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from kpis.definitions import DIMENSIONS, Counted, Measure, Source, Summed, Timed
from leads import conditions
from leads.models import Appointment, Channel, Lead, Opportunity, Session, Spend, StageEvent, Submission

if TYPE_CHECKING:
    from kpis.board import Board

RUNGS = ("mql", "sal", "sql", "opportunity", "customer")
MARKETING, SALES = Spend.Side.MARKETING, Spend.Side.SALES


def _through(lead: str) -> dict[str, str]:
    """Return the dimensions' paths from a row that hangs on a lead."""
    return {slug: lead + dimension.path for slug, dimension in DIMENSIONS.items()}


# What sessions and forms carry themselves, whatever their lead does
OWN = {slug: DIMENSIONS[slug].path for slug in ("channel", "campaign", "landing_page", "offer")}
FORM = {slug: DIMENSIONS[slug].path for slug in ("landing_page", "offer")}

LEAD = Source(slug="leads", label="leads", model=Lead, lead="", paths=_through(""))
SESSION = Source(slug="sessions", label="sessions", model=Session, lead=None, paths=OWN)
SUBMISSION = Source(
    slug="submissions",
    label="submissions",
    model=Submission,
    lead="lead",
    paths=_through("lead__") | FORM,
)
APPOINTMENT = Source(
    slug="appointments", label="appointments", model=Appointment, lead="lead", paths=_through("lead__")
)
OPPORTUNITY = Source(
    slug="opportunities", label="opportunities", model=Opportunity, lead="lead", paths=_through("lead__")
)
STAGE_EVENT = Source(
    slug="stage_events", label="stage events", model=StageEvent, lead="lead", paths=_through("lead__")
)
SPEND = Source(
    slug="spend",
    label="spend",
    model=Spend,
    lead=None,
    paths={"channel": "channel", "campaign": "campaign"},
    plural=False,
)


def by_as_of(column: str) -> Callable[[Board], Q]:
    """Return a condition: this had happened at the instant of the report."""

    def happened(board: Board) -> Q:
        return Q(**{f"{board.column(column)}__lte": board.as_of})

    return happened


def has(column: str) -> Callable[[Board], Q]:
    return lambda board: Q(**{f"{column}__isnull": False})


def untreated(board: Board) -> Q:
    return Q(treated_at__isnull=True) | Q(treated_at__gt=board.as_of)


def older_than_a_day(board: Board) -> Q:
    return Q(created_at__lt=board.as_of - timedelta(hours=24))


def outside_icp(board: Board) -> Q:
    score = board.score() if board.definitions.scoring else None
    return ~conditions.where(board.definitions.icp, board.as_of, score=score)


def due(board: Board) -> Q:
    return Q(sla_policy__isnull=False, response_due_at__lte=board.as_of)


def high_intent(board: Board) -> Q:
    marked = Q(landing_page__high_intent=True) | Q(channel__high_intent=True)
    return Q(high_intent=True) | marked


def planned(board: Board) -> Q:
    return Q(booked_at__lte=board.as_of, status__in=Appointment.PLANNED)


def marketing_sourced(board: Board) -> Q:
    return Q(lead__channel__isnull=False) & ~Q(lead__channel__kind__in=Channel.SALES_KINDS)


def won(board: Board) -> Q:
    return Q(status=Opportunity.Status.WON, closed_at__lte=board.as_of)


def won_first(board: Board) -> Q:
    earlier = Q(closed_at__lt=OuterRef("closed_at")) | Q(
        closed_at=OuterRef("closed_at"), key__lt=OuterRef("key")
    )
    deals = Opportunity.objects.filter(earlier, lead=OuterRef("lead"), status=Opportunity.Status.WON)
    return won(board) & Q(~Exists(deals))


def side(*sides: str) -> Callable[[Board], Q]:
    return lambda board: Q(side__in=sides)


def both(*conditions_: Callable[[Board], Q]) -> Callable[[Board], Q]:
    """Return the conjunction of conditions."""

    def all_of(board: Board) -> Q:
        return Q(*(condition(board) for condition in conditions_))

    return all_of


# Leads, by creation
LEADS = Measure(label="Leads created", source=LEAD, date="created_at")
WITH_PAGE = Measure(
    label="Leads with a landing page", source=LEAD, date="created_at", where=has("landing_page")
)
WITH_CAMPAIGN = Measure(label="Leads with a campaign", source=LEAD, date="created_at", where=has("campaign"))
OUTSIDE_ICP = Measure(label="Leads outside the ICP", source=LEAD, date="created_at", where=outside_icp)
UNTREATED = Measure(label="Leads without any attempt", source=LEAD, date="created_at", where=untreated)
OLDER = Measure(label="Leads older than 24 hours", source=LEAD, date="created_at", where=older_than_a_day)
OLDER_UNTREATED = Measure(
    label="Leads older than 24 hours without any attempt",
    source=LEAD,
    date="created_at",
    where=both(older_than_a_day, untreated),
)
DUE = Measure(label="Leads under an SLA and due", source=LEAD, date="created_at", where=due)
IN_TIME = Measure(
    label="Leads answered in time",
    source=LEAD,
    date="created_at",
    where=both(due, lambda board: Q(answered_at__lte=F("response_due_at"))),
)
WAITING = Measure(
    label="Leads waiting for an answer",
    source=LEAD,
    date="created_at",
    where=lambda board: (
        Q(response_due_at__isnull=False) & (Q(answered_at__isnull=True) | Q(answered_at__gt=board.as_of))
    ),
)
FIRST_CONTACT = Measure(
    label="Leads with an attempt",
    source=LEAD,
    date="created_at",
    where=by_as_of("first_attempt_at"),
    total=Timed("created_at", "first_attempt_at"),
)
FIRST_RESPONSE = Measure(
    label="Leads with a meaningful response",
    source=LEAD,
    date="created_at",
    where=by_as_of("first_response_at"),
    total=Timed("created_at", "first_response_at"),
)

# Leads, by the rung they reached
REACHED = {
    rung: Measure(
        label=f"Leads that reached {rung.upper() if len(rung) == 3 else rung}", source=LEAD, date=f"{rung}_at"
    )
    for rung in RUNGS
}
QUALIFIED = Measure(label="Qualified leads", source=LEAD, date="qualified_at")
CONVERTED = Measure(label="Converted leads", source=LEAD, date="converted_at")


def followed(start: str, end: str) -> Measure:
    """Return the leads dated by one column that had come to another by as_of."""
    return Measure(label="Of those, leads that got there", source=LEAD, date=start, where=by_as_of(end))


def after_mql(rung: str) -> Measure:
    """Return the leads that reached a rung and are MQL, for figures that restate who is."""
    reached = REACHED[rung]
    return Measure(label=reached.label, source=LEAD, date=reached.date, where=by_as_of("mql_at"))


AFTER_MQL = {rung: after_mql(rung) for rung in ("sal", "sql")}
LADDER = ("created_at", *(f"{rung}_at" for rung in RUNGS))
STEPS = tuple(pairwise(LADDER))
FOLLOWED = {step: followed(*step) for step in STEPS}
MQL_TO_SQL = followed("mql_at", "sql_at")
FOLLOWED_CONVERTED = followed("created_at", "converted_at")

# Traffic and forms
VISITORS = Measure(
    label="Distinct visitors", source=SESSION, date="started_at", total=Counted(distinct="visitor")
)
PAGE_VISITORS = Measure(
    label="Distinct visitors of landing pages",
    source=SESSION,
    date="started_at",
    where=has("landing_page"),
    total=Counted(distinct="visitor"),
)
HIGH_INTENT = Measure(label="High-intent sessions", source=SESSION, date="started_at", where=high_intent)
SUBMISSIONS = Measure(label="Submissions", source=SUBMISSION, date="at")
COMPLETE = Measure(
    label="Submissions with all key fields",
    source=SUBMISSION,
    date="at",
    where=lambda board: Q(complete=True),
)

# Appointments
PLANNED = Measure(label="Planned appointments", source=APPOINTMENT, date="scheduled_for", where=planned)
NO_SHOWS = Measure(
    label="No-shows",
    source=APPOINTMENT,
    date="scheduled_for",
    where=both(planned, lambda board: Q(status=Appointment.Status.NO_SHOW)),
)
WITHOUT_OUTCOME = Measure(
    label="Past appointments without an outcome",
    source=APPOINTMENT,
    date="scheduled_for",
    where=both(planned, lambda board: Q(status=Appointment.Status.SCHEDULED)),
)

# Money
OPENED_AMOUNT = Measure(
    label="Opportunities opened",
    source=OPPORTUNITY,
    date="opened_at",
    total=Summed("amount", "opened_at"),
)
SOURCED_AMOUNT = Measure(
    label="Opportunities opened on marketing-sourced leads",
    source=OPPORTUNITY,
    date="opened_at",
    where=marketing_sourced,
    total=Summed("amount", "opened_at"),
)
REVENUE = Measure(
    label="Opportunities won",
    source=OPPORTUNITY,
    date="closed_at",
    where=won,
    total=Summed("amount", "closed_at"),
)
FIRST_WON = Measure(
    label="First won deals of new customers",
    source=OPPORTUNITY,
    date="lead__customer_at",
    where=both(won_first, lambda board: Q(monthly_revenue__isnull=False) | Q(amount__isnull=False)),
)
FIRST_RECURRING = Measure(
    label="First won deals with a monthly revenue",
    source=OPPORTUNITY,
    date="lead__customer_at",
    where=both(won_first, has("monthly_revenue")),
    total=Summed("monthly_revenue", "closed_at"),
)
FIRST_ONCE = Measure(
    label="First won deals without a monthly revenue",
    source=OPPORTUNITY,
    date="lead__customer_at",
    where=both(won_first, lambda board: Q(monthly_revenue__isnull=True)),
    total=Summed("amount", "closed_at"),
)
MARKETING_SPEND = Measure(
    label="Marketing spend",
    source=SPEND,
    date="date",
    where=side(MARKETING),
    total=Summed("amount", "date"),
)
SALES_SPEND = Measure(
    label="Sales spend", source=SPEND, date="date", where=side(SALES), total=Summed("amount", "date")
)
ALL_SPEND = Measure(
    label="Marketing and sales spend", source=SPEND, date="date", total=Summed("amount", "date")
)
CAMPAIGN_SPEND = Measure(
    label="Marketing spend of campaigns",
    source=SPEND,
    date="date",
    where=both(side(MARKETING), has("campaign")),
    total=Summed("amount", "date"),
)
