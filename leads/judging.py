"""A lead changed: it is scored anew and given the automatic stages it has come to deserve.

What changes a lead calls `changed` in the same transaction. That marks the lead, and only then tells
a worker, so should the message be lost, the sweep finds the mark.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from leads import scoring, stages, tasks
from leads.models import Lead, Stage, StageEvent
from leads.stages.events import chunks, lock

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


@transaction.atomic
def changed(leads: QuerySet[Lead]) -> None:
    """Have these leads judged once the transaction has ended well."""
    ids = lock(leads.order_by().values("pk"))
    for chunk in chunks(ids):
        Lead.objects.filter(pk__in=chunk).update(needs_judging=True)
    if ids:
        transaction.on_commit(lambda: tasks.send_each(tasks.judge_leads, chunks(ids)), robust=True)


def judge(leads: QuerySet[Lead], at: datetime | Clock) -> None:
    """Score and promote these leads as they are at an instant, or by a clock read once each is locked.

    Where the instant was taken before the lock, a lead that changed in between would be judged
    without the change and no longer be marked.
    """
    for chunk in chunks(sorted(leads.order_by().values_list("pk", flat=True))):
        _judge_or_split(chunk, at if callable(at) else lambda: at)


def _judge_or_split(ids: Sequence[int], clock: Clock) -> None:
    """Judge leads together; where that fails, in halves, so that one bad lead does not stop others."""
    try:
        _judge(ids, clock)
    except Exception:
        if len(ids) == 1:
            logger.exception("lead %s could not be judged", ids[0])
            return
        middle = len(ids) // 2
        _judge_or_split(ids[:middle], clock)
        _judge_or_split(ids[middle:], clock)


@transaction.atomic
def _judge(ids: Sequence[int], clock: Clock) -> None:
    leads = Lead.objects.filter(pk__in=lock(ids))
    at = clock()
    leads.update(needs_judging=False, judged_at=at)
    scoring.rescore(at, leads)
    stages.promote(leads, at)


def sweep(at: datetime | Clock) -> None:
    """Judge what nobody was told of, and the recycled leads whose day has come."""
    judge(Lead.objects.filter(needs_judging=True), at)
    now = at() if callable(at) else at
    due = StageEvent.objects.filter(stage=Stage.RECYCLED, returns_at__lte=now)
    unseen = due.filter(Q(lead__judged_at=None) | Q(lead__judged_at__lt=F("returns_at")))
    judge(Lead.objects.filter(pk__in=unseen.values("lead")), at)
