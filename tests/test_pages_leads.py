"""The list of leads and the page of one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.models import Appointment, Channel, Submission, Touch
from tests.factories import (
    NOON,
    make_attempt,
    make_lead,
    make_opportunity,
    make_policy,
    make_stage_event,
    utc,
)
from tests.kpi_helpers import workspace

pytestmark = pytest.mark.django_db


def text(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_list_says_where_leads_come_from(manager_client):
    assert "No leads yet" in text(manager_client, "/leads/")


def test_the_newest_lead_comes_first(manager_client):
    make_lead(first_name="Old", created_at=utc("2026-01-01 12:00"))
    make_lead(first_name="New", created_at=utc("2026-02-01 12:00"))
    page = text(manager_client, "/leads/")
    assert page.index("New") < page.index("Old")


def test_fifty_leads_make_a_page(manager_client):
    for number in range(51):
        make_lead(first_name=f"Lead-{number:02}", created_at=NOON + timedelta(minutes=number))
    first, second = text(manager_client, "/leads/"), text(manager_client, "/leads/?page=2")
    assert "Lead-50" in first
    assert "Lead-00" not in first
    assert "1–50, newest first" in first
    assert "Lead-00" in second
    assert "51–51 of 51" in second


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "999999999999999999999", "٣"])
def test_a_bad_page_number_is_named(manager_client, number):
    response = manager_client.get("/leads/", {"page": number})
    assert response.status_code == 400
    assert "<b>page</b>: Use a whole number" in response.content.decode()


@pytest.mark.parametrize("words", ["nadia", "FERREIRA", "kestrel", "nadia kestrel", "nf@kestrel"])
def test_search_looks_at_name_company_and_mail(manager_client, words):
    make_lead(first_name="Nadia", last_name="Ferreira", company="Kestrel Foods", email="nf@kestrel.example")
    make_lead(first_name="Hugo", company="Tidewell")
    page = text(manager_client, f"/leads/?q={words}")
    assert "Nadia Ferreira" in page
    assert "Hugo" not in page


def test_search_that_finds_nothing_offers_to_clear(manager_client):
    make_lead(first_name="Nadia")
    assert "No lead matches these filters" in text(manager_client, "/leads/?q=zzz")


def test_filters_narrow_the_list(manager_client, rep):
    ads = Channel.objects.create(key="ads", name="Ads", kind="paid")
    make_lead(first_name="Wanted", channel=ads, owner=rep, mql_at=NOON)
    make_lead(first_name="Other")
    for query in ("channel=ads", "owner=rep", "reached=mql"):
        page = text(manager_client, f"/leads/?{query}")
        assert "Wanted" in page, query
        assert "Other" not in page, query
    assert "Wanted" not in text(manager_client, "/leads/?owner=(none)")


def test_late_leads_are_those_due_and_not_answered(manager_client):
    now = timezone.now()
    make_lead(first_name="Late", response_due_at=now - timedelta(minutes=5))
    make_lead(first_name="Due", response_due_at=now + timedelta(minutes=5))
    make_lead(
        first_name="Met", response_due_at=now - timedelta(minutes=5), answered_at=now - timedelta(hours=1)
    )
    page = text(manager_client, "/leads/?response=late")
    assert "Late</a>" in page
    assert "Due</a>" not in page
    assert "Met</a>" not in page


def test_an_unknown_filter_value_is_named(manager_client):
    assert "Channel: Select a valid choice" in text(manager_client, "/leads/?channel=nope")


def test_merged_leads_are_not_listed(manager_client):
    survivor = make_lead(first_name="Survivor")
    make_lead(first_name="Double", status="merged", merged_into=survivor)
    assert "Double" not in text(manager_client, "/leads/")


def test_the_stage_is_that_of_the_latest_event(manager_client):
    lead = make_lead(first_name="Nadia", mql_at=NOON)
    make_stage_event(lead, "mql", NOON)
    make_stage_event(lead, "rejected", NOON + timedelta(hours=1))
    assert '<span class="stage rejected">Rejected</span>' in text(manager_client, "/leads/")


def test_the_list_asks_as_few_questions_for_fifty_leads_as_for_one(
    manager_client, rep, django_assert_max_num_queries
):
    make_lead(owner=rep)
    with django_assert_max_num_queries(12) as one:
        text(manager_client, "/leads/")
    for _ in range(49):
        make_lead(owner=rep)
    with django_assert_max_num_queries(len(one)):
        text(manager_client, "/leads/")


def test_a_lead_page_tells_everything_that_happened(manager_client, rep):
    ads = Channel.objects.create(key="ads", name="Google Ads", kind="paid")
    policy = make_policy(slug="first-call", minutes=30)
    lead = make_lead(
        key="N1",
        first_name="Nadia",
        last_name="Ferreira",
        company="Kestrel Foods",
        channel=ads,
        owner=rep,
        score=86,
        sla_policy=policy,
        response_due_at=NOON + timedelta(minutes=30),
        first_attempt_at=NOON + timedelta(seconds=112),
        first_response_at=NOON + timedelta(seconds=112),
        answered_at=NOON + timedelta(seconds=112),
        mql_at=NOON + timedelta(hours=1),
    )
    make_attempt(lead, NOON + timedelta(seconds=112), by=rep, note="Two sites, four ovens")
    make_stage_event(lead, "mql", NOON + timedelta(hours=1), reason="Right size")
    make_opportunity(lead, NOON + timedelta(days=2), name="Retrofit", amount=18400)
    Submission.objects.create(lead=lead, at=NOON, complete=True)
    Touch.objects.create(lead=lead, at=NOON, channel=ads, kind="session")
    Appointment.objects.create(
        lead=lead, booked_at=NOON, scheduled_for=NOON + timedelta(days=1), status="held", minutes=20, by=rep
    )
    page = text(manager_client, "/leads/N1/")
    for words in (
        "Nadia Ferreira",
        "Kestrel Foods",
        "after 1m 52s",
        "first-call: 30 min",
        "Call, connected by Rep Person",
        "Two sites, four ovens",
        "Became MQL",
        "Right size",
        "Opportunity Retrofit opened",
        "€18,400",
        "Form sent",
        "Session from Google Ads",
        "Appointment with Rep Person: held",
    ):
        assert words in page, words


def test_what_a_lead_wrote_cannot_become_markup(manager_client):
    make_lead(key="x", first_name="<script>alert(1)</script>", phone='"><img src=x>', tags="<b>")
    page = text(manager_client, "/leads/x/")
    assert "<script>alert" not in page
    assert "<img" not in page


def test_a_key_may_hold_any_characters(manager_client):
    make_lead(key="form/7 ä?#", first_name="Odd")
    assert 'href="/leads/form/7%20%C3%A4%3F%23/"' in text(manager_client, "/leads/")
    assert "Odd" in text(manager_client, "/leads/form/7%20%C3%A4%3F%23/")


def test_days_of_creation_are_days_of_the_workspace(manager_client):
    workspace(time_zone="Europe/Paris")
    make_lead(created_at=utc("2026-03-01 22:59:59"), company="Still the first")
    make_lead(created_at=utc("2026-03-01 23:00:00"), company="Already the second")
    second = text(manager_client, "/leads/?from=2026-03-02&to=2026-03-02")
    assert "Already the second" in second
    assert "Still the first" not in second
    assert "Still the first" in text(manager_client, "/leads/?to=2026-03-01")


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_a_bad_day_is_named(manager_client, day):
    for name in ("from", "to"):
        assert "invalid-feedback" in text(manager_client, f"/leads/?{name}={day}")
