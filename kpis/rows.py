"""The very rows behind a number, with the columns people read them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Count, F, Max, Min, Model, QuerySet
from django.utils import timezone

from kpis.board import RESTATED, Board
from kpis.catalog import KPIS
from kpis.definitions import Counted
from kpis.measures import APPOINTMENT, LEAD, OPPORTUNITY, SESSION, SPEND, SUBMISSION
from kpis.query import ReportQuery
from kpis.report import board_for

Column = tuple[str, Callable[[Any], Any]]
SIDES = ("numerator", "denominator")


@dataclass(frozen=True)
class Listing:
    """How the rows of one table are listed."""

    columns: tuple[Column, ...]
    related: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


def _of(*path: str) -> Callable[[Any], Any]:
    """Return an accessor that gives None where a step on the way is missing."""

    def read(row: Any) -> Any:
        for name in path:
            row = getattr(row, name) if row is not None else None
        return row

    return read


LEAD_COLUMNS: tuple[Column, ...] = (
    ("Lead", lambda lead: lead),
    ("Company", attrgetter("company")),
    ("Channel", attrgetter("channel")),
    ("Landing page", attrgetter("landing_page")),
    ("Owner", attrgetter("owner")),
    ("Created", attrgetter("created_at")),
    ("First attempt", attrgetter("first_attempt_at")),
    ("First response", attrgetter("first_response_at")),
    ("Due", attrgetter("response_due_at")),
    ("MQL", attrgetter("mql_at")),
    ("SQL", attrgetter("sql_at")),
    ("Customer", attrgetter("customer_at")),
)
LISTINGS = {
    "leads": Listing(LEAD_COLUMNS, ("channel", "landing_page", "owner"), ("-created_at", "pk")),
    "sessions": Listing(
        (
            ("Visitor", attrgetter("visitor")),
            ("Started", attrgetter("started_at")),
            ("Channel", attrgetter("channel")),
            ("Campaign", attrgetter("campaign")),
            ("Landing page", attrgetter("landing_page")),
            ("Referrer", attrgetter("referrer")),
        ),
        ("channel", "campaign", "landing_page"),
        ("-started_at", "pk"),
    ),
    "submissions": Listing(
        (
            ("Lead", attrgetter("lead")),
            ("At", attrgetter("at")),
            ("Landing page", attrgetter("landing_page")),
            ("Complete", attrgetter("complete")),
        ),
        ("lead", "landing_page"),
        ("-at", "pk"),
    ),
    "appointments": Listing(
        (
            ("Lead", attrgetter("lead")),
            ("Booked", attrgetter("booked_at")),
            ("Scheduled for", attrgetter("scheduled_for")),
            ("With", attrgetter("by")),
            ("Status", lambda row: row.get_status_display()),
        ),
        ("lead", "by"),
        ("-scheduled_for", "pk"),
    ),
    "opportunities": Listing(
        (
            ("Lead", attrgetter("lead")),
            ("Deal", attrgetter("name")),
            ("Channel", _of("lead", "channel")),
            ("Opened", attrgetter("opened_at")),
            ("Closed", attrgetter("closed_at")),
            ("Amount", attrgetter("amount")),
            ("Monthly revenue", attrgetter("monthly_revenue")),
            ("Currency", attrgetter("currency")),
            ("Status", lambda row: row.get_status_display()),
        ),
        ("lead__channel",),
        ("-opened_at", "pk"),
    ),
    "spend": Listing(
        (
            ("Date", attrgetter("date")),
            ("Side", lambda row: row.get_side_display()),
            ("Category", lambda row: row.get_category_display()),
            ("Channel", attrgetter("channel")),
            ("Campaign", attrgetter("campaign")),
            ("Amount", attrgetter("amount")),
            ("Currency", attrgetter("currency")),
            ("Note", attrgetter("note")),
        ),
        ("channel", "campaign"),
        ("-date", "pk"),
    ),
}
VISITOR_COLUMNS: tuple[Column, ...] = (
    ("Visitor", lambda row: row["visitor"]),
    ("Sessions", lambda row: row["sessions"]),
    ("First session", lambda row: row["first"]),
    ("Last session", lambda row: row["last"]),
)
KINDS = {source.model: source.slug for source in (LEAD, SESSION, SUBMISSION, APPOINTMENT, OPPORTUNITY, SPEND)}


@dataclass(frozen=True)
class Rows:
    """Rows of one kind: `leads`, `sessions`, `visitors`, `submissions`, …"""

    kind: str
    label: str
    queryset: QuerySet[Any]
    columns: tuple[Column, ...]

    def count(self) -> int:
        return self.queryset.count()


def behind(query: ReportQuery, slug: str, side: str, now: datetime | None = None) -> Rows | None:
    """Return the rows behind one side of a KPI; None where there is nothing to open."""
    return rows_of(board_for(query, now or timezone.now()), slug, side)


def rows_of(board: Board, slug: str, side: str) -> Rows | None:
    kpi = KPIS[slug]
    measure = kpi.opens(board, side)
    if not measure or kpi.missing(board) or kpi.lacks(tuple(board.filters)):
        return None
    rows = kpi.rows(board, side)
    assert rows is not None
    if isinstance(measure.total, Counted) and measure.total.distinct:
        return Rows("visitors", measure.label, _visitors(rows), VISITOR_COLUMNS)
    kind = KINDS[_model(rows)]
    listing = LISTINGS[kind]
    ordered = rows.select_related(*listing.related).order_by(*listing.order)
    if board.restated and kind == LEAD.slug:
        return _restated(Rows(kind, measure.label, ordered, listing.columns), board)
    return Rows(kind, measure.label, ordered, listing.columns)


def _restated(rows: Rows, board: Board) -> Rows:
    """Return leads with when the replayed version would have made them MQL."""
    assert board.restated
    heading = f"MQL under version {board.restated.definition.number}"
    leads = rows.queryset.annotate(restated_at=F(RESTATED))
    return replace(rows, queryset=leads, columns=(*rows.columns, (heading, attrgetter("restated_at"))))


def _model(rows: QuerySet[Any]) -> type[Model]:
    model: type[Model] = rows.model
    return model


def _visitors(sessions: QuerySet[Any]) -> QuerySet[Any]:
    """Return a row per distinct visitor."""
    visitors: QuerySet[Any] = sessions.order_by().values("visitor")
    visitors = visitors.annotate(sessions=Count("pk"), first=Min("started_at"), last=Max("started_at"))
    return visitors.order_by("-last", "visitor")
