"""Plain text search in the rows behind a number."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from kpis.rows import Rows

PEOPLE = ("first_name", "last_name", "company", "email")
OWN_COLUMNS = {
    "sessions": ("visitor", "referrer", "utm_source", "utm_campaign", "channel__name", "campaign__name"),
    "visitors": ("visitor",),
    "spend": ("note", "category", "channel__name", "campaign__name"),
}


def matching(rows: Rows, text: str) -> QuerySet[Any]:
    """Return the rows that have every word somewhere in what identifies them."""
    columns = OWN_COLUMNS.get(rows.kind) or _people(rows.kind)
    found = rows.queryset
    for word in text.split():
        anywhere = Q()
        for column in columns:
            anywhere |= Q(**{f"{column}__icontains": word})
        found = found.filter(anywhere)
    return found


def _people(kind: str) -> tuple[str, ...]:
    return PEOPLE if kind == "leads" else tuple(f"lead__{column}" for column in PEOPLE)
