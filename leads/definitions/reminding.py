"""When a version is due for review, and telling those who must look at it, once per due date."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import formats

from leads import mail
from leads.models import DefinitionSet, User, Workspace


def due_at(definition: DefinitionSet) -> datetime | None:
    """Return when a version is to be reviewed next; None where that was never said."""
    since = [at for at in (definition.effective_from, definition.reviewed_at) if at]
    if definition.status != DefinitionSet.Status.PUBLISHED or not definition.review_days or not since:
        return None
    return max(since) + timedelta(days=definition.review_days)


def is_due(definition: DefinitionSet, at: datetime) -> bool:
    due = due_at(definition)
    return due is not None and due <= at


@transaction.atomic
def remind(at: datetime) -> int:
    """Write to every manager and admin that the version is due; return how many messages."""
    definition = DefinitionSet.current()
    due = due_at(definition)
    if due is None or due > at or not _claim(definition, due, at):
        return 0
    return sum(_tell(user, definition, due, at) for user in _readers())


def _claim(definition: DefinitionSet, due: datetime, at: datetime) -> bool:
    """Take the reminder of this due date: of ten workers one gets it."""
    unsaid = Q(review_reminded_at=None) | Q(review_reminded_at__lt=due)
    same = DefinitionSet.objects.filter(
        unsaid, pk=definition.pk, status=DefinitionSet.Status.PUBLISHED, reviewed_at=definition.reviewed_at
    )
    return bool(same.update(review_reminded_at=at))


def _readers() -> list[User]:
    roles = (User.Role.MANAGER, User.Role.ADMIN)
    return list(User.objects.filter(is_active=True, role__in=roles).exclude(email=""))


def _tell(user: User, definition: DefinitionSet, due: datetime, at: datetime) -> bool:
    workspace = Workspace.current()
    day = formats.date_format(due.astimezone(workspace.zone), "j F Y")
    body = (
        f"Hello {user},\n\n"
        f"version {definition.number} of the definitions of {workspace.name} is due for review since {day}.\n"
        f"What changed since it took effect is under Definitions, Review: {mail.link('kpis:review')}\n"
    )
    if user.is_admin:
        body += "Keep it there, or start a draft.\n"
    key = f"review:{definition.pk}:{due:%Y-%m-%dT%H:%M:%S}:{user.pk}"
    subject = f"Definitions version {definition.number} is due for review"
    return mail.write(key, to=user.email, subject=subject, body=body, at=at) is not None


def keep(definition: DefinitionSet, *, by: User, at: datetime) -> bool:
    """Note that the published version was reviewed and stays; return whether it still was published."""
    published = DefinitionSet.objects.filter(pk=definition.pk, status=DefinitionSet.Status.PUBLISHED)
    return bool(published.update(reviewed_at=at, reviewed_by=by))
