"""Scoring all leads anew: by chunks, with progress, to the point as one lead alone is scored."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import jobs, scoring, tasks
from leads.models import BehaviourEvent, DefinitionSet, Job, Lead, Workspace
from leads.scoring import storing
from leads.stages.events import lock
from tests.condition_helpers import ask
from tests.factories import NOON, make_event, make_lead, utc

pytestmark = pytest.mark.django_db

THRESHOLDS = {"warm": 20, "mql": 40, "sql": 70}
EVERYONE = {"slug": "everyone", "category": "demographic", "when": None, "points": 30}
FRENCH = {
    "slug": "french",
    "category": "firmographic",
    "when": ask("country", "eq", "France"),
    "points": 20,
}
VIEWS = {"slug": "views", "category": "behavioural", "per_event": "view", "points": 40, "half_life_days": 10}


def publish(*rules, number=1, **fields):
    """Publish a version in place of the one before."""
    DefinitionSet.objects.filter(status="published").update(status="superseded")
    scoring_model = {"rules": list(rules), "thresholds": THRESHOLDS} if rules else None
    return DefinitionSet.objects.create(number=number, status="published", scoring=scoring_model, **fields)


def scores():
    return list(Lead.objects.order_by("pk").values_list("score", flat=True))


def start(definition):
    return jobs.start("rescore", {"definition": definition.number}, by=None, at=NOON)


@pytest.fixture
def by_hand(monkeypatch):
    """Let jobs wait until a test runs them."""
    monkeypatch.setattr(tasks.run_job, "delay", lambda job_id: None)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(storing, "CHUNK", 2)


# one judge


POINTS = st.decimals(-60, 60, places=2).map(float)
LIMITS = st.decimals(0, 80, places=1).map(float)
CATEGORY = st.sampled_from(scoring.CATEGORIES)
KINDS = ["view", "call", "mail"]
CONDITIONS = st.sampled_from(
    [
        None,
        ask("country", "eq", "france"),
        {"not": ask("company_size", "gte", 50)},
        {"event": "view", "op": "count_gte", "value": 2, "within_days": 30},
        ask("attempts", "lt", 1),
    ]
)
FIT_RULES = st.fixed_dictionaries({"category": CATEGORY, "when": CONDITIONS, "points": POINTS})
EVENT_RULES = st.fixed_dictionaries(
    {"category": CATEGORY, "per_event": st.sampled_from(KINDS), "points": POINTS},
    optional={
        "max": LIMITS,
        "half_life_days": st.sampled_from([0.01, 0.5, 1, 7, 30.4, 400]),
        "daily_cap": st.sampled_from([1, 2]),
    },
)
MODELS = st.fixed_dictionaries(
    {
        "rules": st.lists(st.one_of(FIT_RULES, EVENT_RULES), max_size=10),
        "caps": st.dictionaries(CATEGORY, LIMITS),
        "weights": st.dictionaries(CATEGORY, st.decimals(0, 3, places=2).map(float)),
    }
)
HOURS = [-5, 0, 0.25, 1, 24, 25, 26, 48, 24 * 30, 24 * 400]


def make_a_few_leads():
    """Make leads with and without events, some of them on the same day, one in the future."""
    Workspace.objects.create(pk=1, name="Acme", time_zone="Pacific/Auckland")
    for number in range(5):
        lead = make_lead(country=["France", "Spain"][number % 2], company_size=[None, 10, 50][number % 3])
        for index, hours in enumerate(HOURS[: number * 3]):
            make_event(lead, KINDS[(index + number) % 3], NOON - timedelta(hours=hours))
            make_event(lead, KINDS[index % 2], NOON - timedelta(hours=hours))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definition=MODELS)
def test_a_lead_alone_and_in_bulk_get_the_same_score(db, definition):
    if not Lead.objects.exists():
        make_a_few_leads()
    rules = [rule | {"slug": f"rule-{index}"} for index, rule in enumerate(definition["rules"])]
    published = publish(number=DefinitionSet.objects.count() + 1)
    DefinitionSet.objects.filter(pk=published.pk).update(scoring=definition | {"rules": rules})
    published.refresh_from_db()
    Lead.objects.update(score=None)
    scoring.rescore(NOON)
    in_bulk = scores()
    asked = Lead.objects.annotate(fresh=scoring.score(published.scoring, NOON)).order_by("pk")
    assert in_bulk == list(asked.values_list("fresh", flat=True))
    for lead in Lead.objects.all():
        assert scoring.rescore(NOON, Lead.objects.filter(pk=lead.pk)) == 0


def test_no_lead_falls_between_two_chunks(small_chunks):
    publish(EVERYONE)
    for _ in range(7):
        make_lead()
    Lead.objects.order_by("pk")[2].delete()
    assert scoring.rescore(NOON) == 6
    assert scores() == [30] * 6
    assert scoring.rescore(NOON) == 0


def test_events_of_neighbouring_chunks_stay_apart(small_chunks):
    publish(VIEWS)
    for number in range(5):
        lead = make_lead()
        for hours in range(number):
            make_event(lead, "view", NOON - timedelta(days=10, microseconds=hours))
    scoring.rescore(NOON)
    assert scores() == [0, 20, 40, 60, 80]


def test_a_daily_cap_counts_by_the_workspace_day_in_bulk_too():
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    publish({"slug": "v", "category": "behavioural", "per_event": "view", "points": 8, "daily_cap": 1})
    anna, bert = make_lead(), make_lead()
    # In Paris: 23:30 on the 1st, then 00:30 and 10:00 on the 2nd.
    for at in ("2026-03-01 22:30", "2026-03-01 23:30", "2026-03-02 09:00"):
        make_event(anna, "view", utc(at))
    make_event(bert, "view", utc("2026-03-02 09:30"))
    scoring.rescore(NOON)
    assert scores() == [16, 8]


def test_a_lead_without_events_has_the_points_for_what_it_is():
    publish(EVERYONE, FRENCH, VIEWS)
    make_lead(country="France")
    make_event(make_lead(), "view", NOON)
    make_event(make_lead(country="France"), "other", NOON)
    scoring.rescore(NOON)
    assert scores() == [50, 70, 50]


def test_without_a_scoring_model_all_scores_go_chunk_by_chunk(small_chunks):
    for _ in range(5):
        make_lead(score=10, scored_at=NOON)
    publish()
    assert scoring.rescore(NOON) == 5
    assert list(Lead.objects.values_list("score", "scored_at").distinct()) == [(None, None)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_lead_judged_meanwhile_keeps_the_score_that_knows_more():
    publish(EVERYONE)
    judged, other = make_lead(score=1), make_lead(score=1)

    def rescored_elsewhere():
        try:
            return scoring.rescore(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            Lead.objects.filter(pk=judged.pk).update(score=80, judged_at=NOON)
            rescoring = pool.submit(rescored_elsewhere)
            wait_for_a_lock()
        assert rescoring.result(timeout=20) == 1
    assert dict(Lead.objects.values_list("pk", "score")) == {judged.pk: 80, other.pk: 30}


def wait_for_a_lock():
    """Wait until somebody waits for a row that this connection has changed."""
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone():
                return
            time.sleep(0.02)
    pytest.fail("nobody waited")


# decay, and who is to be judged again


def test_points_decay_and_scores_follow():
    publish(EVERYONE, VIEWS)
    make_event(make_lead(), "view", NOON)
    for days, expected in ((0, 70), (10, 50), (20, 40), (200, 30)):
        scoring.rescore(NOON + timedelta(days=days))
        assert scores() == [expected]


def test_only_a_score_that_rose_is_flagged_to_be_judged_again():
    publish(EVERYONE)
    stages = {"rose": 29, "fell": 31, "stayed": 30, "first": None}
    for key, score in stages.items():
        make_lead(key=key, score=score)
    make_lead(key="waiting", score=31, needs_judging=True)
    scoring.rescore(NOON, flag=True)
    assert set(scores()) == {30}
    flagged = Lead.objects.filter(needs_judging=True).values_list("key", flat=True)
    assert set(flagged) == {"rose", "waiting"}


def test_scoring_after_an_import_flags_nobody():
    publish(EVERYONE)
    make_lead(score=1)
    scoring.rescore(NOON)
    scoring.rescore(NOON, Lead.objects.all())
    assert not Lead.objects.filter(needs_judging=True).exists()


def test_the_daily_task_flags_whose_score_rose():
    publish(EVERYONE)
    make_lead(key="rose", score=1)
    make_lead(key="fell", score=99)
    tasks.rescore_all()
    assert scores() == [30, 30]
    assert [lead.key for lead in Lead.objects.filter(needs_judging=True)] == ["rose"]


def test_points_held_back_for_days_come_and_flag_the_lead():
    """A loss that fades lets the score rise without anything happening."""
    publish(EVERYONE, VIEWS | {"points": -40})
    make_event(make_lead(), "view", NOON)
    scoring.rescore(NOON, flag=True)
    assert scores() == [0]
    scoring.rescore(NOON + timedelta(days=10), flag=True)
    assert list(Lead.objects.values_list("score", "needs_judging")) == [(10, True)]


# the job


def test_the_job_scores_all_leads_and_tells_how_many_changed(by_hand):
    definition = publish(EVERYONE)
    make_lead(score=30)
    make_lead()
    job = start(definition)
    jobs.run(job.pk, NOON)
    job.refresh_from_db()
    assert (job.state, job.result, job.error) == ("done", {"changed": 1, "promoted": 0}, "")
    assert (job.done, job.total) == (2, 2)
    assert scores() == [30, 30]
    assert Lead.objects.last().scored_at == NOON
    assert not Lead.objects.filter(needs_judging=True).exists()


def test_the_job_tells_its_progress_after_each_chunk(by_hand, small_chunks):
    publish(EVERYONE)
    for _ in range(5):
        make_lead()
    told = []
    scoring.rescore(NOON, tell=lambda done, total: told.append((done, total)))
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_a_cancelled_job_stops_between_chunks_and_can_be_taken_up_again(by_hand, small_chunks, monkeypatch):
    definition = publish(EVERYONE)
    for _ in range(5):
        make_lead()
    job = start(definition)
    chunk = storing._rescore_chunk

    def cancelled_after(*args):
        jobs.cancel(job, NOON)
        return chunk(*args)

    monkeypatch.setattr(storing, "_rescore_chunk", cancelled_after)
    jobs.run(job.pk, NOON)
    monkeypatch.undo()
    job.refresh_from_db()
    assert (job.state, job.result) == ("cancelled", None)
    assert scores() == [30, 30, None, None, None]
    monkeypatch.setattr(tasks.run_job, "delay", lambda job_id: None)
    again = start(definition)
    assert again.pk != job.pk
    jobs.run(again.pk, NOON)
    again.refresh_from_db()
    assert again.result == {"changed": 3, "promoted": 0}
    assert scores() == [30] * 5


def test_a_job_whose_worker_died_is_done_by_another(by_hand, small_chunks):
    definition = publish(EVERYONE)
    make_lead(score=30)
    make_lead()
    job = start(definition)
    Job.objects.filter(pk=job.pk).update(state="running", tries=1, seen_at=NOON, started_at=NOON, done=1)
    jobs.run(job.pk, NOON + timedelta(minutes=6))
    job.refresh_from_db()
    assert (job.state, job.result["changed"]) == ("done", 1)


def test_scores_are_those_of_the_version_published_meanwhile(by_hand, small_chunks, monkeypatch):
    definition = publish(EVERYONE)
    for _ in range(5):
        make_lead(country="France")
    chunk, seen = storing._rescore_chunk, []

    def published_after(*args):
        seen.append(args)
        if len(seen) == 2:
            publish(FRENCH, number=2)
        return chunk(*args)

    monkeypatch.setattr(storing, "_rescore_chunk", published_after)
    job = start(definition)
    jobs.run(job.pk, NOON)
    assert scores() == [20] * 5
    assert len(seen) == 2 + 3


def test_a_version_published_during_the_last_chunk_counts_too(small_chunks, monkeypatch):
    publish(EVERYONE)
    make_lead(country="France")
    chunk = storing._rescore_chunk

    def published_after(*args):
        changed = chunk(*args)
        if not DefinitionSet.objects.filter(number=2).exists():
            publish(FRENCH, number=2)
        return changed

    monkeypatch.setattr(storing, "_rescore_chunk", published_after)
    scoring.rescore(NOON)
    assert scores() == [20]


@pytest.mark.parametrize("judges", [True, False])
def test_open_leads_are_promoted_if_the_version_asks_for_it(by_hand, judges):
    automatic = {"mql": {"when": ask("score", "gte", 30), "mode": "automatic"}}
    definition = publish(EVERYONE, stages=automatic, judges_open_leads=judges)
    lead = make_lead(created_at=NOON - timedelta(days=1))
    job = start(definition)
    jobs.run(job.pk, NOON)
    job.refresh_from_db()
    assert job.result == {"changed": 1, "promoted": int(judges)}
    assert list(lead.stage_events.values_list("stage", "at")) == ([("mql", NOON)] if judges else [])


def test_the_job_can_be_run_again_without_promoting_twice(by_hand):
    automatic = {"mql": {"when": ask("score", "gte", 30), "mode": "automatic"}}
    definition = publish(EVERYONE, stages=automatic, judges_open_leads=True)
    lead = make_lead(created_at=NOON - timedelta(days=1))
    for hours in range(2):
        jobs.run(start(definition).pk, NOON + timedelta(hours=hours))
    assert lead.stage_events.count() == 1


def test_rescoring_asks_as_few_questions_for_many_leads_as_for_few(django_assert_max_num_queries):
    publish(EVERYONE, VIEWS)
    make_event(make_lead(), "view", NOON)
    with django_assert_max_num_queries(20) as few:
        scoring.rescore(NOON)
    for _ in range(30):
        make_event(make_lead(), "view", NOON)
    assert BehaviourEvent.objects.count() == 31
    with django_assert_max_num_queries(len(few)):
        scoring.rescore(NOON)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rules", [[EVERYONE], []], ids=["scored", "cleared"])
def test_rescoring_and_judging_take_leads_in_the_same_order(rules):
    publish(*rules)
    first, *_, second = Lead.objects.bulk_create(Lead(created_at=NOON, score=1) for _ in range(300))
    Lead.objects.filter(pk=first.pk).update(company="Acme", created_at=utc("2026-01-01 12:00"))
    with connection.cursor() as cursor:  # the first one is stored behind the others by now
        cursor.execute("ANALYZE leads_lead")
    held = Event()

    def judge():
        with transaction.atomic():
            assert lock([first.pk]) == [first.pk]
            held.set()
            time.sleep(0.4)
            assert lock([second.pk]) == [second.pk]
        connection.close()

    with ThreadPoolExecutor() as pool:
        judging = pool.submit(judge)
        assert held.wait(10)
        assert scoring.rescore(NOON) == 300
        judging.result(10)
