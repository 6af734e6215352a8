"""How fast leads were first contacted: the histogram behind the median."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils import timezone

from kpis.functions import seconds_between
from kpis.measures import FIRST_CONTACT
from kpis.query import ReportQuery
from kpis.report import board_for

MINUTE, HOUR, DAY = 60, 3600, 86400
BARS = (
    ("<1", 0, 1 * MINUTE),
    ("1–2", 1 * MINUTE, 2 * MINUTE),
    ("2–3", 2 * MINUTE, 3 * MINUTE),
    ("3–4", 3 * MINUTE, 4 * MINUTE),
    ("4–5", 4 * MINUTE, 5 * MINUTE),
    ("5–10", 5 * MINUTE, 10 * MINUTE),
    ("10–15", 10 * MINUTE, 15 * MINUTE),
    ("15–30", 15 * MINUTE, 30 * MINUTE),
    ("30–60", 30 * MINUTE, HOUR),
    ("1–4 h", HOUR, 4 * HOUR),
    ("4–24 h", 4 * HOUR, DAY),
    (">1 day", DAY, None),
)
LIMIT = 5 * MINUTE


def response_times(query: ReportQuery) -> list[tuple[str, int, bool]]:
    """Return each bar's label, its leads and whether it lies within five minutes.

    A bar includes its upper end, so that exactly five minutes is within them.
    """
    board = board_for(query, timezone.now())
    if any(FIRST_CONTACT.source.lacks(slug) for slug in board.filters):
        return []
    leads = board.rows(FIRST_CONTACT).annotate(seconds=seconds_between("created_at", "first_attempt_at"))
    bars = {f"bar{i}": Count("pk", filter=_between(low, high)) for i, (_, low, high) in enumerate(BARS)}
    counts = leads.aggregate(**bars)
    return [
        (label, counts[f"bar{index}"], high is not None and high <= LIMIT)
        for index, (label, _, high) in enumerate(BARS)
    ]


def _between(low: float, high: float | None) -> Q:
    above = Q(seconds__gt=low) if low else Q(seconds__gte=0)
    return above & Q(seconds__lte=high) if high is not None else above
