"""Stores judged rows, and brings up to date what is derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, models
from django.db.models import F, OuterRef, QuerySet, Subquery

from leads import milestones, response, scoring
from leads.exchange.bundle.storing import LOCK
from leads.exchange.tables.fates import Fate, Kind
from leads.exchange.tables.filling import filled_by
from leads.exchange.tables.inserting import insert, insert_submissions
from leads.exchange.tables.layout import KEY, OF_LEAD, Table
from leads.exchange.tables.references import Directory
from leads.models import Campaign, Channel, LandingPage, Lead, Submission, User

CHUNK = 5_000
SAVED_IN_ORDER = (Channel, Campaign, LandingPage, User)


class Writer:
    """Stores the good rows of one import, batch by batch."""

    def __init__(self, table: Table, names: list[str], key_fields: list[str], at: datetime) -> None:
        own = [name for name in names if name != KEY and not name.startswith(OF_LEAD)]
        of_lead = [name.removeprefix(OF_LEAD) for name in names if name.startswith(OF_LEAD)]
        self._model = table.model
        self._columns = filled_by(table.model, own)
        self._lead_columns = filled_by(Lead, of_lead)
        self._key_fields = key_fields
        self._at = at
        self._touched: set[int] = set()  # leads whose derived columns may be out of date
        self._redated: list[int] = []

    def write(self, fates: list[Fate], directories: dict[Any, Directory]) -> None:
        """Store the good rows of a batch."""
        for model in SAVED_IN_ORDER:
            if model in directories:
                directories[model].save()
        new = [fate for fate in fates if fate.kind is Kind.NEW]
        changed = [fate for fate in fates if fate.kind is Kind.UPDATE]
        insert(self._model, [fate.row for fate in new], self._columns)
        if self._model is Lead:
            self._take_in([fate.key for fate in new])
            self._update_leads(changed)
        else:
            self._update_rows_of_leads(new, changed)

    def finish(self) -> None:
        """Bring what is derived up to date: milestones first, as clocks and scores read them."""
        refresh_statistics(Lead, self._model)
        for leads in _chunks(self._touched):
            milestones.rebuild(leads)
        for leads in _chunks(self._redated):
            response.rejudge(leads)
        for leads in _chunks(self._touched):
            response.judge(leads)
            scoring.rescore(self._at, leads)

    def _take_in(self, keys: list[str]) -> None:
        leads = list(Lead.objects.filter(key__in=keys).values_list("pk", flat=True))
        insert_submissions(leads, self._key_fields)
        self._touched.update(leads)

    def _update_leads(self, changed: list[Fate]) -> None:
        moved = [fate.row.pk for fate in changed if fate.changed & {"created_at", "landing_page"}]
        submissions = submissions_at_creation(moved)
        update(Lead, [fate.row for fate in changed], self._columns)
        follow_creation(submissions)
        self._redated += [fate.row.pk for fate in changed if "created_at" in fate.changed]
        self._touched.update(fate.row.pk for fate in changed)

    def _update_rows_of_leads(self, new: list[Fate], changed: list[Fate]) -> None:
        update(self._model, [fate.row for fate in changed if fate.changed], self._columns)
        leads = {fate.lead.pk: fate.lead for fate in new + changed if fate.lead}
        renewed = {fate.lead.pk for fate in new + changed if fate.lead and fate.lead_changed}
        update(Lead, [leads[pk] for pk in renewed], self._lead_columns)
        former = {fate.former_lead for fate in changed if fate.former_lead}
        self._touched |= leads.keys() | former


def _chunks(keys: Iterable[int]) -> Iterator[QuerySet[Lead]]:
    ordered = iter(sorted(keys))
    while chunk := list(islice(ordered, CHUNK)):
        yield Lead.objects.filter(pk__in=chunk)


def hold_off_imports() -> None:
    """Make other imports wait, which might add the same rows; SQLite lets only one write anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def refresh_statistics(*written: type[models.Model]) -> None:
    """Let PostgreSQL count the new rows: taking a filled table for empty, it plans joins that take hours."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in written)}")


def update(model: type[models.Model], rows: list[Any], columns: set[str]) -> None:
    """Store these columns of many rows in few statements; bulk_update takes a CASE for each value."""
    keys = [row.pk for row in rows]
    for row in rows:
        row.pk = None
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=columns
    )
    for row, key in zip(rows, keys, strict=True):
        row.pk = key


def submissions_at_creation(leads: list[int]) -> list[int]:
    """Return the forms that date from their lead's creation and have no key of their own."""
    forms = Submission.objects.filter(lead__in=leads, key=None, at=F("lead__created_at"))
    return list(forms.values_list("pk", flat=True))


def follow_creation(submissions: list[int]) -> None:
    """Give forms the date and landing page of their lead, which an import corrected."""
    lead = Lead.objects.filter(pk=OuterRef("lead"))
    Submission.objects.filter(pk__in=submissions).update(
        at=Subquery(lead.values("created_at")), landing_page=Subquery(lead.values("landing_page"))
    )
