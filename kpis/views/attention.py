"""What needs a manager's eye now: at most four facts, each with its way in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import formats

from kpis.views.cards import Card
from kpis.views.frame import Frame, waiting
from leads.definitions import reminding
from leads.templatetags.interface import duration, grouped

MOST = 4
SOON = timedelta(minutes=15)
TOO_MANY_UNRECORDED = 0.1


@dataclass(frozen=True)
class Notice:
    tone: str
    icon: str
    title: str
    detail: str
    url: str


def notices(frame: Frame, cards: Mapping[str, Card]) -> list[Notice]:
    """Return the most pressing facts first."""
    found = [
        *_late(frame),
        *_review(frame),
        *_unrecorded(frame, cards),
        *_unrated(frame, cards),
        *_slow(frame, cards),
    ]
    return [*found, *_off_target(frame, cards)][:MOST]


def _late(frame: Frame) -> Iterator[Notice]:
    clocks = waiting(frame).aggregate(
        late=Count("pk", filter=Q(response_due_at__lt=frame.as_of)),
        soon=Count("pk", filter=Q(response_due_at__range=(frame.as_of, frame.as_of + SOON))),
        oldest=Min("response_due_at"),
    )
    if clocks["late"]:
        title = f"{grouped(clocks['late'])} lead{_s(clocks['late'])} past the SLA"
        detail = f"Oldest {_ago(clocks['oldest'], frame.as_of)}, {clocks['soon']} more due in 15 min"
        yield Notice("bad", "alert-circle", title, detail, frame.late_url())


def _ago(since: datetime, now: datetime) -> str:
    return duration(now - since)


def _review(frame: Frame) -> Iterator[Notice]:
    definition = frame.board.definitions
    due = reminding.due_at(definition)
    if due and due <= frame.now:
        title = f"Definitions version {definition.number} to review"
        detail = f"Due since {formats.date_format(due.astimezone(frame.workspace.zone), 'j M Y')}"
        yield Notice("warn", "calendar-repeat", title, detail, reverse("kpis:review"))


def _unrecorded(frame: Frame, cards: Mapping[str, Card]) -> Iterator[Notice]:
    entry = cards["no_show_rate"].entry
    planned, without = entry["denominator"] or 0, entry["details"].get("without_outcome") or 0
    if planned and without > TOO_MANY_UNRECORDED * planned:
        title = f"{grouped(without)} appointment{_s(without)} without outcome"
        detail = f"Of {grouped(planned)} planned: the no-show rate may be wrong"
        yield Notice(
            "warn", "calendar-time", title, detail, frame.kpi_url("no_show_rate", side="denominator")
        )


def _unrated(frame: Frame, cards: Mapping[str, Card]) -> Iterator[Notice]:
    for slug in ("customer_acquisition_cost", "cost_per_lead", "pipeline_contribution", "lead_source_roi"):
        if "without a rate" in cards[slug].note:
            detail = "Left out of costs until an exchange rate is there"
            title = _first(cards[slug].note)
            yield Notice("warn", "database-exclamation", title, detail, frame.kpi_url(slug))
            return


def _first(note: str) -> str:
    return note[:1].upper() + note[1:]


def _slow(frame: Frame, cards: Mapping[str, Card]) -> Iterator[Notice]:
    card = cards["lead_response_time"]
    share = card.entry["details"].get("within_5_minutes_percent")
    if share is not None and share < 50 and card.is_known:
        title = f"{grouped(share, 1)}% answered in 5 min"
        yield Notice(
            "bad", "clock-exclamation", title, f"Median response {card.value}", frame.kpi_url(card.kpi.slug)
        )


def _off_target(frame: Frame, cards: Mapping[str, Card]) -> Iterator[Notice]:
    off = [card for card in cards.values() if card.target and card.target.state == "off"]
    for card in sorted(off, key=lambda card: card.shortfall, reverse=True):
        assert card.target
        title = f"{card.kpi.name}: {card.value}"
        detail = f"Target {card.target.text}, missed by {_missed(card)}"
        yield Notice("warn", "target", title, detail, frame.kpi_url(card.kpi.slug))


def _missed(card: Card) -> str:
    """Return the distance to the target: in points for shares, else as a share of the target."""
    if card.kpi.unit == "percent":
        return f"{grouped(abs(card.entry['value'] - card.entry['target']), 1)} pp"
    return f"{card.shortfall:.0%}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
