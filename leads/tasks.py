"""Celery's doors to the services: ids in, one call, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from leads import response, scoring
from leads.models import DefinitionSet, Lead


@shared_task
def score_lead(lead_id: int) -> None:
    """Score one lead as it is now."""
    scoring.rescore(timezone.now(), Lead.objects.filter(pk=lead_id))


@shared_task
def rescore_all() -> None:
    """Let points decay: score all leads as they are now."""
    scoring.rescore(timezone.now())


@shared_task
def sweep() -> None:
    """Do what no message told of: start the clocks not started yet, score the leads without a score."""
    response.judge()
    if DefinitionSet.current().scoring:
        scoring.rescore(timezone.now(), Lead.objects.filter(score=None))
