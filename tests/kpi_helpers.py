"""Asking for a report in tests: one KPI at a fixed instant."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kpis import report
from kpis.query import parse
from leads import milestones
from leads.models import Channel, DefinitionSet, Lead, Opportunity, Spend, StageEvent, Workspace

LATER = "2026-06-30T12:00:00Z"  # long after everything in these tests


def entry(slug, **params):
    """Return one KPI of the report over January to March 2026, seen from June."""
    milestones.rebuild()
    asked = {"from": "2026-01-01", "to": "2026-03-31", "as_of": LATER, **params, "kpi": [slug]}
    return report.build(parse(asked))["kpis"][0]


def value(slug, **params):
    found = entry(slug, **params)["value"]
    return found if found is None else pytest.approx(float(found), rel=1e-9)


def rows(slug, by, **params):
    """Return the breakdown as {key: (numerator, denominator)}."""
    found = entry(slug, by=by, **params)["breakdown"]
    return {row["key"]: (row["numerator"], row["denominator"]) for row in found}


def workspace(**fields):
    return Workspace.objects.update_or_create(
        pk=1, defaults={"name": "Test", "time_zone": "UTC", "currency": "EUR", **fields}
    )[0]


def definitions(**fields):
    return DefinitionSet.objects.create(number=1, status="published", **fields)


def at(text):
    """Read `2026-01-15` or `2026-01-15 12:30` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def channel(key, kind="paid", **fields):
    return Channel.objects.create(key=key, name=key.title(), kind=kind, **fields)


def lead(created="2026-01-15 12:00", stages=None, **fields):
    """Make a lead; `stages` maps a stage to when its event happened."""
    made = Lead.objects.create(created_at=at(created), **fields)
    for stage, when in (stages or {}).items():
        StageEvent.objects.create(lead=made, stage=stage, at=at(when))
    return made


def leads(count, created="2026-01-15 12:00", **fields):
    return [lead(created, **fields) for _ in range(count)]


def spend(amount, day="2026-01-20", side="marketing", **fields):
    return Spend.objects.create(
        date=date.fromisoformat(day), side=side, category="ads", amount=Decimal(amount), **fields
    )


def deal(made, amount=None, opened="2026-01-20", won=None, **fields):
    """Make an opportunity; with `won`, one that was won then."""
    closed = {"status": "won", "closed_at": at(won)} if won else {"status": "open"}
    amount = None if amount is None else Decimal(amount)
    return Opportunity.objects.create(lead=made, amount=amount, opened_at=at(opened), **closed, **fields)
