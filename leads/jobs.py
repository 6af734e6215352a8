"""Long work people can watch, leave and cancel.

A job is a row first and a message second: should the broker lose the message, or the worker die, the
sweep takes the job up again. So a job's work must be safe to run twice, and to begin anew.

    @jobs.work("rescore")
    def rescore(job: Job, tell: jobs.Tell) -> dict | None:
        for done in ...:
            tell(done, total)     # shows progress; ends the work if the job was cancelled
        return {"changed": 3}     # becomes the job's result
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from leads import tasks
from leads.models import Job, User

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(minutes=5)  # without a sign of life a worker is taken for dead
MOST_TRIES = 3


class Tell(Protocol):
    def __call__(self, done: int, total: int) -> None: ...


class Cancelled(Exception):
    """Somebody cancelled the job while it ran."""


class JobError(Exception):
    """The work cannot be done, for a reason that people can read."""


Work = Callable[[Job, Tell], Any]
WORK: dict[str, Work] = {}


def work(kind: str) -> Callable[[Work], Work]:
    """Name the function that does the jobs of a kind."""

    def register(function: Work) -> Work:
        WORK[kind] = function
        return function

    return register


@transaction.atomic
def start(kind: str, params: dict[str, Any], *, by: User | None, at: datetime) -> Job:
    """Ask for a job; of one that waits or runs with the same parameters there is no second."""
    same = Job.objects.filter(kind=kind, params=params, state__in=[Job.State.WAITING, Job.State.RUNNING])
    job = same.first() or Job.objects.create(kind=kind, params=params, by=by, created_at=at)
    tell_worker = partial(tasks.run_job.delay, job.pk)
    transaction.on_commit(tell_worker, robust=True)  # without a broker the sweep will
    return job


def cancel(job: Job, at: datetime) -> bool:
    """Cancel a job that has not ended; return whether there was one."""
    open_ = Job.objects.filter(pk=job.pk, state__in=[Job.State.WAITING, Job.State.RUNNING])
    return bool(open_.update(state=Job.State.CANCELLED, finished_at=at))


def latest(kind: str, **params: Any) -> Job | None:
    """Return the newest job of a kind whose parameters include these."""
    chosen = {f"params__{name}": value for name, value in params.items()}
    return Job.objects.filter(kind=kind, **chosen).select_related("by").first()


def run(job_id: int, at: datetime) -> None:
    """Do a job, unless somebody else does it or it has ended."""
    free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, seen_at__lt=at - SILENT_AFTER)
    claimed = Job.objects.filter(free, pk=job_id, tries__lt=MOST_TRIES)
    if claimed.update(state=Job.State.RUNNING, started_at=at, seen_at=at, tries=F("tries") + 1):
        _do(Job.objects.get(pk=job_id))


def _do(job: Job) -> None:
    try:
        result = WORK[job.kind](job, _teller(job))
    except Cancelled:
        return
    except JobError as error:
        _end(job, Job.State.FAILED, error=str(error))
    except Exception:
        logger.exception("job %s failed", job.pk)
        _end(job, Job.State.FAILED, error="It failed for a reason that is in the log.")
    else:
        _end(job, Job.State.DONE, result=result)


def _teller(job: Job) -> Tell:
    def tell(done: int, total: int) -> None:
        running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
        if not running.update(done=done, total=total, seen_at=timezone.now()):
            raise Cancelled

    return tell


def _end(job: Job, state: str, **values: Any) -> None:
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    running.update(state=state, finished_at=timezone.now(), **values)


def sweep(at: datetime) -> None:
    """Send the jobs no worker has taken or kept; give up those that were tried too often."""
    lost = Q(state=Job.State.WAITING, created_at__lt=at - timedelta(minutes=1))
    lost |= Q(state=Job.State.RUNNING, seen_at__lt=at - SILENT_AFTER)
    given_up = Job.objects.filter(lost, tries__gte=MOST_TRIES)
    given_up.update(
        state=Job.State.FAILED, finished_at=at, error=f"Workers died {MOST_TRIES} times while doing it."
    )
    for job_id in Job.objects.filter(lost).values_list("pk", flat=True):
        tasks.run_job.delay(job_id)
