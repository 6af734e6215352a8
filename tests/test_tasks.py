"""Background tasks: each may run twice, and a lost message only delays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import tasks
from leads.models import BehaviourEvent, DefinitionSet, Lead
from leadtracker.celery import app
from tests.factories import NOON, make_lead, make_policy

pytestmark = pytest.mark.django_db


def publish(*rules):
    """Make these rules the scoring model."""
    scoring = {"rules": list(rules), "thresholds": {"warm": 20, "mql": 40, "sql": 70}}
    DefinitionSet.objects.create(number=1, status="published", scoring=scoring)


EVERYONE = {"slug": "known", "category": "demographic", "when": {"all": []}, "points": 10}


def scores():
    return list(Lead.objects.order_by("pk").values_list("score", flat=True))


def test_all_scores_follow_the_time():
    publish(
        {
            "slug": "views",
            "category": "behavioural",
            "per_event": "pricing_view",
            "points": 80,
            "half_life_days": 10,
        }
    )
    lead = make_lead(score=80)
    BehaviourEvent.objects.create(
        lead=lead, kind="pricing_view", at=timezone.now() - timedelta(days=10, hours=1)
    )
    tasks.rescore_all()
    tasks.rescore_all()
    assert scores() == [40]


def test_without_a_scoring_model_no_lead_has_a_score():
    make_lead(score=80)
    make_lead()
    tasks.sweep()
    tasks.rescore_all()
    assert scores() == [None, None]


def test_the_sweep_finds_leads_that_nobody_told_of():
    publish(EVERYONE)
    make_policy()
    make_lead()
    tasks.sweep()
    tasks.sweep()
    lead = Lead.objects.get()
    assert lead.score == 10
    assert lead.response_due_at == NOON + timedelta(hours=1)


def test_the_sweep_leaves_alone_what_was_done():
    publish(EVERYONE)
    make_policy()
    make_lead(score=99, sla_judged=True)
    tasks.sweep()
    lead = Lead.objects.get()
    assert (lead.score, lead.response_due_at) == (99, None)


def test_a_part_of_the_sweep_that_fails_stops_no_other(monkeypatch):
    def fail(now):
        raise RuntimeError

    monkeypatch.setattr("leads.definitions.versions.publish_due", fail)
    publish(EVERYONE)
    make_lead()
    tasks.sweep()
    assert scores() == [10]


def test_every_periodic_task_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_the_sweep_expires_before_the_next_one_is_sent():
    sweep = app.conf.beat_schedule["sweep"]
    assert sweep["options"]["expires"] < sweep["schedule"]
