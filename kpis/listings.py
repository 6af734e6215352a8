"""Reports lead by lead: scores, response clocks; and credits model by model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kpis import paths
from kpis.attribution import MODELS
from kpis.board import Board
from kpis.measures import REVENUE
from kpis.periods import Period
from leads import scoring
from leads.models import DefinitionSet, Lead, Opportunity, Workspace


def scores(as_of: datetime) -> dict[str, Any]:
    """Return every lead's score at an instant with the points that made it."""
    workspace, model = Workspace.current(), DefinitionSet.current().scoring
    leads = Lead.objects.counted(as_of)
    return {
        "kind": "scores",
        "as_of": as_of.astimezone(workspace.zone).isoformat(),
        "leads": sorted(_scored(model, leads, as_of), key=lambda row: row["lead"]),
    }


def _scored(model: Any, leads: Any, as_of: datetime) -> Iterator[dict[str, Any]]:
    if model is None:
        for key in leads.values_list("key", flat=True):
            yield {"lead": key, "score": None, "band": None, "breakdown": []}
        return
    for found in scoring.breakdown(model, leads, as_of):
        points = [
            {"rule": rule.slug, "category": rule.category, "points": rule.points} for rule in found.rules
        ]
        yield {"lead": found.lead, "score": found.score, "band": found.band, "breakdown": points}


def clocks(as_of: datetime) -> dict[str, Any]:
    """Return every lead under an SLA with when it was due and answered."""
    zone = Workspace.current().zone
    leads = Lead.objects.counted(as_of).filter(sla_policy__isnull=False).select_related("sla_policy")
    rows = [_clock(lead, as_of, zone) for lead in leads]
    return {
        "kind": "sla",
        "as_of": as_of.astimezone(zone).isoformat(),
        "leads": sorted(rows, key=lambda row: row["lead"]),
    }


def _clock(lead: Lead, as_of: datetime, zone: Any) -> dict[str, Any]:
    answered = lead.answered_at if lead.answered_at and lead.answered_at <= as_of else None
    policy, due = lead.sla_policy, lead.response_due_at
    assert policy and due  # a lead comes under a policy together with its due time
    in_time = answered <= due if answered else (False if due <= as_of else None)
    return {
        "lead": lead.key,
        "policy": policy.slug,
        "created_at": _written(lead.created_at, zone),
        "due_at": _written(due, zone),
        "answered_at": _written(answered, zone),
        "in_time": in_time,
    }


def credits(first: date | None, last: date | None, as_of: datetime) -> dict[str, Any]:
    """Return what each attribution model credits to each channel for the deals won in a period.

    Without dates the period is all time, from the first deal won to the last.
    """
    workspace = Workspace.current()
    board = Board(
        workspace=workspace,
        definitions=DefinitionSet.current(),
        period=Period(
            first or _closed(workspace, "closed_at", as_of),
            last or _closed(workspace, "-closed_at", as_of),
            workspace.zone,
        ),
        as_of=as_of,
    )
    return {
        "kind": "credits",
        "period": {
            "from": first.isoformat() if first else None,
            "to": last.isoformat() if last else None,
            "time_zone": workspace.time_zone,
        },
        "as_of": as_of.astimezone(workspace.zone).isoformat(),
        "total": board.total(REVENUE).amount,
        "models": {model: _by_channel(board, model) for model in MODELS},
    }


def _by_channel(board: Board, model: str) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for deal, parts in paths.credited(board, model):
        if deal.converted is not None:
            for channel, part in parts.items():
                amounts[channel] += part
    return dict(sorted(amounts.items()))


def _closed(workspace: Workspace, order: str, as_of: datetime) -> date:
    """Return the day of the first or last deal ever won."""
    won = Opportunity.objects.filter(status=Opportunity.Status.WON).order_by(order)
    at = won.values_list("closed_at", flat=True).first() or as_of
    return at.astimezone(workspace.zone).date()


def _written(at: datetime | None, zone: Any) -> str | None:
    return at.astimezone(zone).isoformat() if at else None
