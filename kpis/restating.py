"""Figures restated under a version: as if it had said all along who is MQL.

They read a replay of the version over all leads, which may be up to a day old.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from leads import jobs, replaying
from leads.conditions import ConditionError
from leads.models import DefinitionSet, Job, Replay, User

KIND = "restate"
FRESH = timedelta(days=1)


def versions() -> QuerySet[DefinitionSet]:
    """Return the versions figures can be restated under, newest first."""
    return DefinitionSet.objects.exclude(status=DefinitionSet.Status.DRAFT)


def version(number: int) -> DefinitionSet:
    """Return a version by its number; raise a ValidationError where figures can't be restated under it."""
    found = DefinitionSet.objects.filter(number=number).first()
    if found is None:
        raise _refused(f"There is no version {number}.")
    if found.is_draft:
        raise _refused(f"Version {number} is a draft: publish it first.")
    return found


def ready(number: int, now: datetime) -> Replay | None:
    """Return the replay of a version that restated figures may read, if there is one."""
    return replaying.latest(version(number), None, after=now - FRESH)


def replay_of(number: int, now: datetime) -> Replay:
    """Return the same, or raise a ValidationError that says what to do."""
    found = ready(number, now)
    if found is None:
        raise _refused(
            f"Version {number} was not replayed over all leads in the last day. Replay it from the "
            f"dashboard, or with `manage.py kpis --restated {number}`."
        )
    return found


def ensure(number: int, at: datetime) -> Replay:
    """Return the replay, made now if it must."""
    found = ready(number, at)
    try:
        return found or replaying.replay(version(number), since=None, at=at)
    except ConditionError as error:
        raise _refused(f"Version {number} can't be replayed: {error}") from error


def start(number: int, *, by: User, at: datetime) -> Job:
    """Have a version replayed over all leads in the background."""
    return jobs.start(KIND, {"version": version(number).number}, by=by, at=at)


def latest_job(number: int) -> Job | None:
    return jobs.latest(KIND, version=number)


@jobs.work(KIND)
def restate(job: Job, tell: jobs.Tell) -> dict[str, Any]:
    """Replay a version over all leads, up to when the job was taken up."""
    number = job.params["version"]
    at = job.started_at or job.created_at
    try:
        replay = replaying.replay(version(number), since=None, at=at, tell=tell)
    except ValidationError as error:
        raise jobs.JobError(f"Version {number} is gone.") from error
    except ConditionError as error:
        raise jobs.JobError(f"Version {number} can't be replayed: {error}") from error
    return {"replay": replay.pk}


def _refused(message: str) -> ValidationError:
    return ValidationError({"restated": [message]})
