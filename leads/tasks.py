"""Celery's doors to the services: ids in, one call, safe to run twice."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from celery import Task, shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from leads import backtest, jobs, judging, mail, rescoring, response, scoring  # noqa: F401  for their jobs
from leads.definitions import reminding, versions
from leads.models import DefinitionSet, Lead
from leads.prediction import training  # noqa: F401  for its job

logger = logging.getLogger(__name__)

LONGEST_JOB = 6 * 3600  # seconds; over a message sent again meanwhile no second worker takes it up
NEXT_SWEEP = 55  # seconds: what workers do not get to by then expires, for the sweep will send it again


def send_each(task: Task, ids: Iterable[Any]) -> None:
    """Tell workers to do a task with each of these; without a broker the next sweep tells them."""
    try:
        for pk in ids:
            task.apply_async((pk,), expires=NEXT_SWEEP)
    except OperationalError as error:
        logger.warning("no broker for %s: %s", task.name, error)


@shared_task
def rescore_all() -> None:
    """Let points decay: score all leads as they are now. Those that rose are judged by the next sweep."""
    scoring.rescore(timezone.now(), flag=True)


@shared_task
def judge_leads(lead_ids: list[int]) -> None:
    """Score and promote leads that changed."""
    judging.judge(Lead.objects.filter(pk__in=lead_ids), timezone.now)


@shared_task(time_limit=LONGEST_JOB)
def run_job(job_id: int) -> None:
    """Do a job somebody waits for."""
    jobs.run(job_id, timezone.now())


@shared_task
def send_mail(mail_id: int) -> None:
    """Send a message of the outbox."""
    mail.send(mail_id, timezone.now())


def score_unscored() -> None:
    """Score the leads that have no score though there is a model."""
    if DefinitionSet.current().scoring:
        scoring.rescore(timezone.now(), Lead.objects.filter(score=None))


@shared_task
def sweep() -> None:
    """Do what no message told of. Where one part fails, the others are done all the same."""
    now = timezone.now()
    parts: list[Callable[[], Any]] = [
        lambda: versions.publish_due(now),
        response.judge,
        score_unscored,
        lambda: judging.sweep(timezone.now),
        lambda: reminding.remind(now),
        lambda: jobs.sweep(now),
        lambda: mail.sweep(now),
    ]
    for part in parts:
        try:
            part()
        except Exception:
            logger.exception("a part of the sweep failed")
