"""Watching a job and calling it off."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.models import Job
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def make_job(**fields):
    return Job.objects.create(**{"kind": "replay", "created_at": NOON, **fields})


def watch(client, job):
    response = client.get(f"/leads/-/jobs/{job.pk}/", headers=HTMX)
    assert response.status_code == 200
    return response, response.content.decode()


def test_a_job_that_runs_shows_how_far_it_is_and_asks_again(manager_client):
    job = make_job(state="running", done=1234, total=4936)
    response, page = watch(manager_client, job)
    assert "1,234 of 4,936" in page
    assert 'aria-valuenow="25"' in page
    assert f'hx-get="/leads/-/jobs/{job.pk}/" hx-trigger="every 1s"' in page
    assert "HX-Trigger" not in response.headers


def test_a_job_that_waits_says_so_and_can_be_cancelled(manager_client):
    job = make_job()
    _, page = watch(manager_client, job)
    assert "Waiting for a worker" in page
    assert f'action="/leads/-/jobs/{job.pk}/cancel/"' in page


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"state": "failed", "error": "There is no <b>version</b> 7."}, "There is no &lt;b&gt;version"),
        ({"state": "cancelled"}, "Cancelled"),
        ({"state": "done", "finished_at": NOON}, "Done"),
    ],
)
def test_a_job_that_has_ended_says_how_and_asks_no_more(manager_client, fields, text):
    response, page = watch(manager_client, make_job(**fields))
    assert text in page
    assert "hx-trigger" not in page
    assert "Cancel</button>" not in page
    assert response.headers["HX-Trigger"] == "job-ended"


def test_cancelling_ends_the_job_and_redraws_it(manager_client):
    job = make_job(state="running", seen_at=timezone.now())
    response = manager_client.post(f"/leads/-/jobs/{job.pk}/cancel/", headers=HTMX)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert "Cancelled" in response.content.decode()
    assert response.headers["HX-Trigger"] == "job-ended"


def test_without_javascript_cancelling_leads_back_to_the_page(manager_client):
    job, here = make_job(), "http://testserver/definitions/replay/"
    response = manager_client.post(f"/leads/-/jobs/{job.pk}/cancel/", headers={"referer": here})
    assert response.url == here
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_cancelling_leads_nowhere_else(manager_client):
    address = f"/leads/-/jobs/{make_job().pk}/cancel/"
    assert manager_client.post(address, headers={"referer": "https://evil.example/"}).url == "/"


def test_cancelling_twice_or_too_late_changes_nothing(manager_client):
    job = make_job(state="done", finished_at=NOON - timedelta(minutes=1))
    manager_client.post(f"/leads/-/jobs/{job.pk}/cancel/", headers=HTMX)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("done", NOON - timedelta(minutes=1))


def test_a_get_cancels_nothing(manager_client):
    job = make_job()
    assert manager_client.get(f"/leads/-/jobs/{job.pk}/cancel/").status_code == 405
    job.refresh_from_db()
    assert job.state == "waiting"


def test_jobs_are_for_those_who_see_figures(client, rep_client):
    address = f"/leads/-/jobs/{make_job().pk}/"
    assert client.get(address).status_code == 302
    assert rep_client.get(address).status_code == 403
    assert rep_client.post(f"{address}cancel/").status_code == 403
    assert Job.objects.get().state == "waiting"


@pytest.mark.parametrize("kind", ["rescore", "train"])
def test_what_only_admins_start_only_admins_call_off(manager_client, admin_client, kind):
    job = make_job(kind=kind)
    _, page = watch(manager_client, job)
    assert "Cancel</button>" not in page
    assert manager_client.post(f"/leads/-/jobs/{job.pk}/cancel/").status_code == 403
    assert Job.objects.get().state == "waiting"
    _, page = watch(admin_client, job)
    assert "Cancel</button>" in page
    admin_client.post(f"/leads/-/jobs/{job.pk}/cancel/")
    assert Job.objects.get().state == "cancelled"


@pytest.mark.parametrize("pk", ["404", "9" * 30])
def test_a_job_that_is_not_there_is_not_found(manager_client, pk):
    assert manager_client.get(f"/leads/-/jobs/{pk}/").status_code == 404
    assert manager_client.post(f"/leads/-/jobs/{pk}/cancel/").status_code == 404


def test_a_job_takes_its_own_drawing_whole_whatever_the_panel_around_it_selects(manager_client):
    html = manager_client.get(f"/leads/-/jobs/{make_job().pk}/", headers=HTMX).content.decode()
    assert 'hx-select="unset"' in html
