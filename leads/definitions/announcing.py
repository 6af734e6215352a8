"""Telling reps and managers what changes, from when, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet
from django.utils import formats, timezone

from leads import mail
from leads.definitions.differences import differences
from leads.models import DefinitionSet, Mail, User, Workspace


def audience() -> QuerySet[User]:
    """Return whom a new version concerns: reps and managers who can be written to."""
    concerned = [User.Role.REP, User.Role.MANAGER]
    return User.objects.filter(is_active=True, role__in=concerned).exclude(email="").order_by("pk")


def announce(definition: DefinitionSet, before: DefinitionSet, at: datetime) -> None:
    """Write to them what a version changes, live now or on a date."""
    state = "scheduled" if definition.is_draft else "live"
    subject = f"Version {definition.number} of the lead definitions {_from_when(definition)}"
    body = "\n".join(_letter(definition, before))
    for user in audience():
        key = f"{_key(definition, state)}{user.pk}-{definition.revision}"
        mail.write(key, to=user.email, subject=subject, body=body, at=at)


def _key(definition: DefinitionSet, state: str) -> str:
    instant = definition.effective_from.isoformat() if definition.effective_from else ""
    return f"definition-{definition.pk}-{state}-{instant}-"


def _from_when(definition: DefinitionSet) -> str:
    return f"takes effect on {_when(definition)}" if definition.is_draft else "is live"


def _when(definition: DefinitionSet) -> str:
    if definition.effective_from is None:
        return "no date"
    local = timezone.localtime(definition.effective_from, Workspace.current().zone)
    return formats.date_format(local, "j F Y, H:i T")


def _letter(definition: DefinitionSet, before: DefinitionSet) -> Iterator[str]:
    verb = "will take effect on" if definition.is_draft else "is in force since"
    yield f"Version {definition.number} of the lead definitions {verb} {_when(definition)}."
    if definition.published_by:
        yield f"Published by {definition.published_by}: {definition.reason}"
    yield ""
    for part, changes in groupby(differences(before, definition), key=lambda each: each.part):
        yield part
        yield from (f"- {change.text}" for change in changes)
        yield ""
    if definition.judges_open_leads:
        yield "It applies to new leads, to others when they change, and to open leads that are not yet MQL."
    else:
        yield "It applies to new leads, and to others when they change."
    yield "Leads that are MQL already keep their stage. Past reports keep the version of their day."
    if not definition.is_draft:
        yield f"\nAll of it in plain words: {mail.link('definitions:document', definition.number)}"


def withdraw(definition: DefinitionSet, at: datetime) -> None:
    """Write to those who were told of a scheduled version that it does not come then."""
    told = Mail.objects.filter(key__startswith=_key(definition, "scheduled"))
    subject = f"Version {definition.number} of the lead definitions does not come yet"
    body = f"It was announced for {_when(definition)}. It was changed since and will not take effect then."
    for announcement in told.order_by("pk"):
        key = f"{announcement.key}-withdrawn"
        mail.write(key, to=announcement.to, subject=subject, body=body, at=at)


def tell_scheduler(definition: DefinitionSet, why: str, at: datetime) -> None:
    """Write to who scheduled a version that it could not be published, and why."""
    if definition.published_by is None:
        return
    mail.write(
        f"{_key(definition, 'failed')}{definition.revision}",
        to=definition.published_by.email,
        subject=f"Version {definition.number} of the lead definitions could not be published",
        body=f"It was to be published on {_when(definition)} and is still a draft.\n\n{why}",
        at=at,
    )
