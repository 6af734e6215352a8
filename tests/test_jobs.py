"""Jobs: started once, done once, watched, cancelled, and taken up again when a worker dies."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from kombu.exceptions import OperationalError

from leads import jobs, tasks
from leads.models import Job
from tests.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(monkeypatch):
    """Return a function that makes another function the work of jobs of kind `count`."""

    def become(function):
        monkeypatch.setitem(jobs.WORK, "count", function)

    return become


@pytest.fixture
def told(monkeypatch):
    """Return the list of jobs that workers are told of."""
    ids = []
    monkeypatch.setattr(tasks.run_job, "apply_async", lambda args, *_, **__: ids.append(*args))
    return ids


def start(at=NOON, **params):
    return jobs.start("count", params, by=None, at=at)


def run(job, at=NOON):
    with time_machine.travel(at, tick=False):
        jobs.run(job.pk, at)
    job.refresh_from_db()
    return job


def test_a_job_is_done_and_keeps_its_result(work):
    work(lambda job, tell: {"sum": job.params["a"] + 1})
    job = run(start(a=2), NOON + MINUTE)
    assert (job.state, job.result, job.tries) == ("done", {"sum": 3}, 1)
    assert (job.started_at, job.finished_at) == (NOON + MINUTE, NOON + MINUTE)
    assert job.has_ended


def test_a_job_that_this_worker_does_not_know_waits_for_one_that_does(work):
    job = run(start())
    assert (job.state, job.tries) == ("waiting", 0)
    work(lambda job, tell: None)
    assert run(job).state == "done"


def test_a_job_that_is_done_is_not_done_again(work):
    ran = []
    work(lambda job, tell: ran.append(job.pk))
    job = run(start())
    run(job)
    assert ran == [job.pk]


def test_a_job_that_is_gone_is_nothing_to_do():
    jobs.run(404, NOON)
    assert not Job.objects.exists()


def test_progress_shows_while_it_runs(work):
    seen = []

    def count(job, tell):
        tell(3, 12)
        seen.append(Job.objects.get())

    work(count)
    run(start(), NOON + MINUTE)
    assert [(job.state, job.done, job.total, job.percent) for job in seen] == [("running", 3, 12, 25)]
    assert seen[0].seen_at == NOON + MINUTE


def test_a_job_is_told_to_a_worker_when_it_is_committed(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = start()
        assert told == []
    assert told == [job.pk]


def test_without_a_broker_a_job_starts_and_waits_for_the_sweep(
    monkeypatch, django_capture_on_commit_callbacks
):
    def refuse(*args, **options):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.run_job, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = start()
    jobs.sweep(NOON + timedelta(minutes=2))
    job.refresh_from_db()
    assert (job.state, job.tries) == ("waiting", 0)


def test_the_same_job_is_not_started_twice_while_it_waits_or_runs(work):
    first = start(version=7, days=90)
    assert jobs.start("count", {"days": 90, "version": 7}, by=None, at=NOON) == first
    Job.objects.update(state="running", seen_at=NOON)
    assert start(version=7, days=90) == first
    assert start(version=8, days=90) != first


def test_a_job_that_has_ended_can_be_started_anew(work):
    work(lambda job, tell: None)
    first = run(start(version=7))
    again = start(at=NOON + MINUTE, version=7)
    assert again != first
    assert jobs.latest("count", version=7) == again


def test_the_latest_job_is_found_by_some_of_its_parameters():
    job = start(version=7, days=90)
    start(at=NOON + MINUTE, version=8, days=90)
    assert jobs.latest("count", version=7) == job
    assert jobs.latest("count", version=9) is None
    assert jobs.latest("weigh", version=7) is None


def test_a_job_fails_with_a_reason_that_people_can_read(work):
    def count(job, tell):
        raise jobs.JobError("There is\0 no version 7.")

    work(count)
    job = run(start())
    assert (job.state, job.error) == ("failed", "There is no version 7.")


def test_a_bug_is_logged_and_does_not_show(work, caplog):
    work(lambda job, tell: 1 / 0)
    job = run(start())
    assert (job.state, job.error) == ("failed", "It failed for a reason that is in the log.")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_result_that_cannot_be_kept_fails_the_job(work):
    work(lambda job, tell: {"leads": {1, 2}})
    assert run(start()).state == "failed"


def test_a_waiting_job_that_is_cancelled_is_never_done(work):
    ran = []
    work(lambda job, tell: ran.append(job.pk))
    job = start()
    assert jobs.cancel(job, NOON + MINUTE)
    assert run(job).state == "cancelled"
    assert ran == []
    assert job.finished_at == NOON + MINUTE


def test_a_running_job_that_is_cancelled_stops_when_it_next_tells(work):
    steps = []

    def count(job, tell):
        for step in range(10):
            steps.append(step)
            if step == 3:
                jobs.cancel(job, NOON)
            tell(step, 10)

    work(count)
    job = run(start())
    assert (job.state, steps, job.done, job.result) == ("cancelled", [0, 1, 2, 3], 2, None)


def test_a_job_cancelled_after_it_last_told_stays_cancelled(work):
    work(lambda job, tell: jobs.cancel(job, NOON))
    assert run(start()).state == "cancelled"


def test_what_has_ended_cannot_be_cancelled(work):
    work(lambda job, tell: None)
    job = run(start())
    assert not jobs.cancel(job, NOON + MINUTE)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("done", NOON)


def test_a_second_worker_leaves_a_job_that_runs(work):
    ran = []

    def count(job, tell):
        ran.append(job.tries)
        jobs.run(job.pk, NOON + timedelta(minutes=4))

    work(count)
    run(start())
    assert ran == [1]


def test_a_job_whose_worker_died_is_taken_up_again(work, told):
    work(lambda job, tell: {"by": "the second"})
    job = start()
    Job.objects.update(state="running", seen_at=NOON, tries=1, done=5, total=10)
    jobs.sweep(NOON + timedelta(minutes=5))
    assert told == []
    jobs.sweep(NOON + timedelta(minutes=5, seconds=1))
    assert told == [job.pk]
    job = run(job, NOON + timedelta(minutes=6))
    assert (job.state, job.tries, job.result, job.done) == ("done", 2, {"by": "the second"}, 0)


def test_a_worker_taken_for_dead_stops_and_does_not_end_the_job_of_the_other(work):
    tries = []

    def count(job, tell):
        tries.append(job.tries)
        if job.tries == 1:  # silent for six minutes: another worker takes over and finishes
            jobs.run(job.pk, NOON + timedelta(minutes=6))
        tell(1, 1)
        return {"by": job.tries}

    work(count)
    job = run(start())
    assert (tries, job.state, job.result) == ([1, 2], "done", {"by": 2})


def test_a_job_that_killed_three_workers_is_given_up(told):
    job = start()
    Job.objects.update(state="running", seen_at=NOON, tries=3)
    jobs.sweep(NOON + timedelta(minutes=6))
    job.refresh_from_db()
    assert (job.state, told) == ("failed", [])
    assert job.error == "Workers died, or ran out of time, 3 times while doing it."


def test_the_sweep_sends_what_no_worker_has_taken(told):
    job = start()
    start(at=NOON + MINUTE, version=2)
    jobs.sweep(NOON + timedelta(seconds=90))
    assert told == [job.pk]


def test_what_the_sweep_sends_expires_before_the_next_sweep(monkeypatch):
    options = []
    monkeypatch.setattr(tasks.run_job, "apply_async", lambda args, **given: options.append(given))
    start()
    jobs.sweep(NOON + timedelta(minutes=2))
    assert options == [{"expires": 55}]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_ten_at_once_start_one_job(told):
    barrier = threading.Barrier(10)

    def ask():
        barrier.wait()
        start(version=7)
        connection.close()

    _together(ask, 10)
    assert Job.objects.filter(params={"version": 7}).count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_ten_workers_do_one_job_once(work):
    ran = []
    work(lambda job, tell: ran.append(job.pk))
    job = Job.objects.create(kind="count", created_at=NOON)
    barrier = threading.Barrier(10)

    def take():
        barrier.wait()
        jobs.run(job.pk, NOON)
        connection.close()

    _together(take, 10)
    assert ran == [job.pk]


def _together(function, workers):
    threads = [threading.Thread(target=function) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
