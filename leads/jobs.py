"""Long work people can watch, leave and cancel.

A job is a row first and a message second: should the broker lose the message, or the worker die, the
sweep takes the job up again. So a job's work must be safe to run twice, and to begin anew.

    @jobs.work("rescore")
    def rescore(job: Job, tell: jobs.Tell) -> dict | None:
        for done in ...:
            tell(done, total)     # shows progress; ends the work if the job was cancelled
        return {"changed": 3}     # becomes the job's result

Tell outside of transactions, or nobody sees it, and more often than `SILENT_AFTER`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from leads import tasks
from leads.models import Job, User

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(minutes=5)  # without a sign of life a worker is taken for dead
AGAIN_AFTER = timedelta(minutes=1)  # the sweep's pace: a message that nobody took by then is sent anew
MOST_TRIES = 3


class Tell(Protocol):
    def __call__(self, done: int, total: int) -> None: ...


class Cancelled(Exception):
    """The job was cancelled while it ran, or given to another worker: stop."""


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
    _wait_for_other_starts(kind)
    params = json.loads(json.dumps(params, sort_keys=True))  # SQLite compares them as text
    same = Job.objects.filter(kind=kind, params=params, state__in=[Job.State.WAITING, Job.State.RUNNING])
    job = same.first() or Job.objects.create(kind=kind, params=params, by=by, created_at=at)
    pk = job.pk  # no partial below: Django asks a robust one that fails for its name
    transaction.on_commit(lambda: tasks.run_job.delay(pk), robust=True)  # without a broker the sweep will
    return job


def _wait_for_other_starts(kind: str) -> None:
    """Let nobody else start a job of this kind until the transaction ends; SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"job {kind}"])


def cancel(job: Job, at: datetime) -> bool:
    """Cancel a job that has not ended; return whether there was one."""
    open_ = Job.objects.filter(pk=job.pk, state__in=[Job.State.WAITING, Job.State.RUNNING])
    return bool(open_.update(state=Job.State.CANCELLED, finished_at=at))


def latest(kind: str, **params: Any) -> Job | None:
    """Return the newest job of a kind whose parameters include these."""
    chosen = {f"params__{name}": value for name, value in params.items()}
    return Job.objects.filter(kind=kind, **chosen).select_related("by").first()


def run(job_id: int, at: datetime) -> None:
    """Do a job, unless somebody else does it, it has ended, or only a newer worker knows how."""
    free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, seen_at__lt=at - SILENT_AFTER)
    claimed = Job.objects.filter(free, pk=job_id, tries__lt=MOST_TRIES, kind__in=WORK)
    fresh = {"started_at": at, "seen_at": at, "done": 0, "total": 0, "tries": F("tries") + 1}
    if claimed.update(state=Job.State.RUNNING, **fresh):
        _do(Job.objects.get(pk=job_id))


def _do(job: Job) -> None:
    try:
        result = WORK[job.kind](job, _teller(job))
        _end(job, Job.State.DONE, result=result)
    except Cancelled:
        return
    except JobError as error:
        _end(job, Job.State.FAILED, error=str(error).replace("\0", ""))
    except Exception:
        logger.exception("job %s failed", job.pk)
        _end(job, Job.State.FAILED, error="It failed for a reason that is in the log.")


def _teller(job: Job) -> Tell:
    def tell(done: int, total: int) -> None:
        if not _ours(job).update(done=done, total=total, seen_at=timezone.now()):
            raise Cancelled

    return tell


def _ours(job: Job) -> QuerySet[Job]:
    """Return the job while this worker has it: a slow one may have been taken for dead."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries)


def _end(job: Job, state: str, **values: Any) -> None:
    _ours(job).update(state=state, finished_at=timezone.now(), **values)


def sweep(at: datetime) -> None:
    """Send the jobs no worker has taken or kept; give up those that were tried too often."""
    lost = Q(state=Job.State.WAITING, created_at__lt=at - AGAIN_AFTER)
    lost |= Q(state=Job.State.RUNNING, seen_at__lt=at - SILENT_AFTER)
    given_up = Job.objects.filter(lost, tries__gte=MOST_TRIES)
    given_up.update(
        state=Job.State.FAILED,
        finished_at=at,
        error=f"Workers died, or ran out of time, {MOST_TRIES} times while doing it.",
    )
    tasks.send_each(tasks.run_job, Job.objects.filter(lost).values_list("pk", flat=True))
