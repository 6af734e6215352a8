"""A definition's life: written as the one draft, published as a version, then kept as it is for good."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max

from leads import jobs
from leads.definitions import announcing
from leads.definitions.differences import differences
from leads.definitions.found import Problem
from leads.definitions.problems import errors
from leads.definitions.refusals import Conflict, DefinitionError, DraftExists, Invalid
from leads.definitions.storing import check_values, reason_problems, tidy
from leads.models import DefinitionSet, User
from leads.models.definitions import CONTENT

logger = logging.getLogger(__name__)

LOCK = 7_051_905  # any number that nothing else locks
Status = DefinitionSet.Status


def lock() -> None:
    """Let nobody else start or publish a version until the transaction ends; SQLite does so by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@transaction.atomic
def start(*, by: User | None, at: datetime, basis: DefinitionSet | None = None) -> DefinitionSet:
    """Return the draft: the one there is, or a new copy of the published version or of an older one."""
    lock()
    draft = DefinitionSet.draft()
    if draft and basis:
        raise DraftExists(draft)
    return draft or _copy(basis or DefinitionSet.current(), by, at)


def _copy(basis: DefinitionSet, by: User | None, at: datetime) -> DefinitionSet:
    return DefinitionSet.objects.create(
        number=_last_number() + 1,
        based_on=basis if basis.pk else None,
        created_at=at,
        edited_at=at,
        edited_by=by,
        review_days=basis.review_days,
        **{name: getattr(basis, name) for name in CONTENT},
    )


def _last_number(besides: DefinitionSet | None = None) -> int:
    others = DefinitionSet.objects.exclude(pk=besides.pk) if besides else DefinitionSet.objects.all()
    return others.aggregate(last=Max("number"))["last"] or 0


@transaction.atomic
def save(
    draft: DefinitionSet, values: dict[str, Any], *, by: User | None, at: datetime, revision: int
) -> DefinitionSet:
    """Store parts of the draft, right or wrong, unless somebody stored others since this revision."""
    check_values(values)
    unchanged = DefinitionSet.objects.filter(pk=draft.pk, status=Status.DRAFT, revision=revision)
    was_scheduled = unchanged.filter(effective_from__isnull=False).first()
    saved = unchanged.update(
        **{**values, **_unscheduled()}, revision=F("revision") + 1, edited_at=at, edited_by=by
    )
    if not saved:
        raise _conflict(draft, values)
    if was_scheduled:
        announcing.withdraw(was_scheduled, at)
    return DefinitionSet.objects.get(pk=draft.pk)


def _unscheduled() -> dict[str, Any]:
    return {"effective_from": None, "published_by": None, "judges_open_leads": False}


def _conflict(draft: DefinitionSet, values: dict[str, Any]) -> Conflict:
    """Return who was faster, and in which parts their definition differs from these values."""
    theirs = DefinitionSet.objects.filter(pk=draft.pk).select_related("edited_by", "published_by").first()
    if theirs is None:
        return Conflict(f"Version {draft.number} was discarded meanwhile.")
    if not theirs.is_draft:
        return Conflict(_published_meanwhile(theirs), by=theirs.published_by, at=theirs.effective_from)
    mine = DefinitionSet(**{name: getattr(theirs, name) for name in CONTENT})
    mine.review_days = theirs.review_days
    for name, value in values.items():
        setattr(mine, name, value)
    parts = list(dict.fromkeys(each.part for each in differences(mine, theirs)))
    message = f"{theirs.edited_by or 'Somebody'} changed version {theirs.number} meanwhile."
    return Conflict(message, by=theirs.edited_by, at=theirs.edited_at, parts=parts)


def _published_meanwhile(theirs: DefinitionSet) -> str:
    who = f" by {theirs.published_by}" if theirs.published_by else ""
    return f"Version {theirs.number} was published meanwhile{who}: edit a new draft."


@transaction.atomic
def discard(draft: DefinitionSet, *, at: datetime) -> None:
    """Throw the draft away. A version that was published stays."""
    lock()
    found = DefinitionSet.objects.filter(pk=draft.pk, status=Status.DRAFT).first()
    if found is None:
        return
    if found.effective_from:
        announcing.withdraw(found, at)
    found.delete()


@transaction.atomic
def publish(
    draft: DefinitionSet,
    *,
    by: User | None,
    at: datetime,
    reason: str,
    judge_open: bool = False,
    tell: bool = False,
    revision: int | None = None,
) -> DefinitionSet:
    """Make the draft what counts from now on, and have every lead scored anew.

    With a `revision` it is refused if somebody changed the draft since.
    """
    lock()
    fresh = _publishable(draft, reason, revision)
    before = DefinitionSet.current()
    DefinitionSet.objects.filter(status=Status.PUBLISHED).update(status=Status.SUPERSEDED, superseded_at=at)
    fresh.number = max(fresh.number, _last_number(besides=fresh) + 1)
    fresh.status = Status.PUBLISHED
    fresh.effective_from, fresh.published_by = at, by
    fresh.reason, fresh.judges_open_leads = tidy(reason), judge_open
    fresh.save(
        update_fields=[
            "number", "status", "effective_from", "published_by", "reason", "judges_open_leads",
        ]
    )  # fmt: skip
    jobs.start("rescore", {"definition": fresh.number}, by=by, at=at)
    if tell:
        announcing.announce(fresh, before, at)
    return fresh


def _publishable(draft: DefinitionSet, reason: str, revision: int | None) -> DefinitionSet:
    """Return the draft as it is stored, or say why it cannot be published."""
    stored = DefinitionSet.objects.select_for_update()  # what is saved meanwhile waits, and is refused
    fresh = stored.filter(pk=draft.pk, status=Status.DRAFT).first()
    if fresh is None or revision not in (None, fresh.revision):
        raise _conflict(draft, {})
    found = [*errors(fresh), *reason_problems(reason)]
    if not found and not differences(DefinitionSet.current(), fresh):
        found = [Problem("", "Nothing changes: the draft is the same as the version that is live.")]
    if found:
        raise Invalid(found)
    return fresh


@transaction.atomic
def schedule(
    draft: DefinitionSet,
    *,
    by: User | None,
    at: datetime,
    effective_from: datetime,
    reason: str,
    judge_open: bool = False,
    tell: bool = False,
    revision: int | None = None,
) -> DefinitionSet:
    """Have the draft published at a later instant; editing it before calls that off."""
    lock()
    fresh = _publishable(draft, reason, revision)
    if effective_from <= at:
        raise Invalid([Problem("effective_from", "must be in the future")])
    if fresh.effective_from:
        announcing.withdraw(fresh, at)
    fresh.effective_from, fresh.published_by = effective_from, by
    fresh.reason, fresh.judges_open_leads = tidy(reason), judge_open
    fresh.save(update_fields=["effective_from", "published_by", "reason", "judges_open_leads"])
    if tell:
        announcing.announce(fresh, DefinitionSet.current(), at)
    return fresh


@transaction.atomic
def publish_due(at: datetime) -> DefinitionSet | None:
    """Publish the draft whose time has come; where it no longer can be, tell who scheduled it."""
    if not DefinitionSet.objects.filter(status=Status.DRAFT, effective_from__lte=at).exists():
        return None  # most sweeps, without waiting for anybody
    lock()  # it may just be put off
    due = DefinitionSet.objects.filter(status=Status.DRAFT, effective_from__lte=at)
    draft = due.select_related("published_by").first()
    if draft is None:
        return None
    try:
        return publish(
            draft,
            by=draft.published_by,
            at=at,
            reason=draft.reason,
            judge_open=draft.judges_open_leads,
            revision=draft.revision,
        )
    except (DefinitionError, IntegrityError) as error:
        _call_off(draft, str(error), at)
        return None


@transaction.atomic
def _call_off(draft: DefinitionSet, why: str, at: datetime) -> None:
    """Leave a scheduled draft a draft, unless somebody has changed it since."""
    same = DefinitionSet.objects.filter(pk=draft.pk, status=Status.DRAFT, revision=draft.revision)
    if same.filter(effective_from=draft.effective_from).update(**_unscheduled()):
        logger.warning("version %s was not published: %s", draft.number, why)
        announcing.withdraw(draft, at)
        announcing.tell_scheduler(draft, why, at)
