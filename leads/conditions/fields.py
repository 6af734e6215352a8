"""The fields a condition may ask about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from leads.conditions import facts
from leads.conditions.kinds import Age, Choice, FreeMail, Instant, Kind, Points, Reference, Tags, Text, Whole
from leads.conditions.moment import Moment
from leads.models import Campaign, Channel, LandingPage, Lead, Stage, User


@dataclass(frozen=True)
class Field:
    label: str
    kind: Kind
    of: Callable[[Moment], Any]  # the expression over the lead


def _column(name: str, label: str, kind: Kind) -> Field:
    return Field(label, kind, lambda _: F(name))


def _said(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label if label.isupper() else label.lower()


_TEXTS = {
    "email": "e-mail",
    "email_domain": "e-mail domain",
    "first_name": "first name",
    "last_name": "last name",
    "phone": "phone",
    "job_title": "job title",
    "seniority": "seniority",
    "job_function": "job function",
    "company": "company",
    "website": "website",
    "industry": "industry",
    "country": "country",
    "region": "region",
    "utm_source": "UTM source",
    "utm_medium": "UTM medium",
    "utm_campaign": "UTM campaign",
    "utm_term": "UTM term",
    "utm_content": "UTM content",
}

_STATUSES = {value: str(label).lower() for value, label in Lead.Status.choices}
_STAGES = {"lead": "lead", **{value: _said(str(label)) for value, label in Stage.choices}}

FIELDS: dict[str, Field] = {
    "id": _column("key", "id", Text(never_blank=True)),
    **{name: _column(name, label, Text()) for name, label in _TEXTS.items()},
    "free_email": _column("email_domain", "e-mail domain", FreeMail()),
    "company_size": _column("company_size", "company size", Whole()),
    "channel": _column("channel", "channel", Reference(model=Channel)),
    "campaign": _column("campaign", "campaign", Reference(model=Campaign)),
    "landing_page": _column("landing_page", "landing page", Reference(model=LandingPage)),
    "owner": _column("owner", "owner", Reference(model=User, key="username")),
    "tags": _column("tags", "tags", Tags()),
    "status": _column("status", "status", Choice(never_blank=True, labels=_STATUSES)),
    "created_at": _column("created_at", "creation", Instant(never_blank=True)),
    "age_days": _column("created_at", "age in days", Age(never_blank=True)),
    "attempts": Field("number of attempts", Whole(never_blank=True), facts.attempts),
    "stage": Field("stage", Choice(never_blank=True, labels=_STAGES), facts.stage),
    "score": Field("score", Points(), lambda moment: moment.score or F("score")),
}
