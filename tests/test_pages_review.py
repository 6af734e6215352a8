"""The page of the review, its place on the dashboard, and the decision to keep a version."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import DefinitionSet, StageEvent
from tests.factories import make_lead, make_stage_event

pytestmark = pytest.mark.django_db
REVIEW = "/definitions/review/"
DAY = timedelta(days=1)
RULE = {"slug": "director", "category": "demographic", "points": 10, "when": {"all": []}}


def publish(days_ago=10, **fields):
    effective_from = timezone.now() - days_ago * DAY
    return DefinitionSet.objects.create(
        **{"number": 2, "status": "published", "effective_from": effective_from, **fields}
    )


def read(client):
    response = client.get(REVIEW)
    assert response.status_code == 200
    return response.content.decode()


def ago(days):
    return timezone.now() - days * DAY


# Who


def test_the_review_is_for_those_who_see_figures(client, rep_client, manager_client):
    assert client.get(REVIEW).status_code == 302
    assert rep_client.get(REVIEW).status_code == 403
    assert manager_client.get(REVIEW).status_code == 200


def test_only_admins_keep_a_version(manager_client):
    definition = publish()
    assert "Reviewed, keep it" not in read(manager_client)
    assert manager_client.post(REVIEW, {"number": 2}).status_code == 403
    definition.refresh_from_db()
    assert definition.reviewed_at is None


# What is there


def test_without_a_version_there_is_nothing_to_review(admin_client):
    page = read(admin_client)
    assert "No version is published yet" in page
    assert "Reviewed, keep it" not in page


def test_a_draft_is_no_version_in_force(admin_client):
    publish(status="draft")
    assert "No version is published yet" in read(admin_client)


def test_an_imported_version_without_dates_can_be_kept_and_is_due_from_then(admin_client, admin):
    publish(effective_from=None)
    page = read(admin_client)
    assert "Nobody recorded since when it is in force" in page
    assert "Once it has been reviewed here" in page
    admin_client.post(REVIEW, {"number": 2})
    due = timezone.now() + 90 * DAY
    assert f"{due:%-d %b %Y}" in read(admin_client)


def test_on_its_first_day_there_is_nothing_to_compare(admin_client):
    publish(days_ago=0)
    assert "No whole day has passed yet" in read(admin_client)


def test_with_nothing_before_it_says_so(admin_client):
    publish()
    make_lead(created_at=ago(3))
    page = read(admin_client)
    assert "No lead was recorded in the 9 days before" in page
    assert "This is the first version" in page


def test_figures_stand_side_by_side_and_open_their_kpi(admin_client):
    publish()
    for days in (2, 3, 4):
        make_lead(created_at=ago(days))
    make_lead(created_at=ago(12))
    page = read(admin_client)
    row = page.partition('class="nowrap">Leads</th>')[2].partition("</tr>")[0]
    assert ">3</a>" in row
    assert ">1</a>" in row
    first, last = ago(9).date(), ago(1).date()
    assert f'href="/kpis/lead_volume/?from={first}&amp;to={last}&amp;side=numerator#rows"' in row
    opened = admin_client.get(f"/kpis/lead_volume/?from={first}&to={last}").content.decode()
    assert '<div class="hero-v t3">3</div>' in opened


def test_reasons_rules_and_overrides_are_listed(admin_client):
    publish(scoring={"rules": [RULE]})
    lead = make_lead(created_at=ago(5), mql_at=ago(5))
    make_stage_event(lead, "rejected", ago(4), reason="<b>Too small</b>")
    StageEvent.objects.create(lead=lead, stage="sql", at=ago(3), unmet=["score is at least 50"])
    page = read(admin_client)
    assert page.count("&lt;b&gt;Too small&lt;/b&gt;") == 2
    assert "<b>Too small</b>" not in page
    assert "score is at least 50" in page
    row = page.partition(">Director</th>")[2].partition("</tr>")[0]
    assert "100%" in row


def test_the_changes_against_the_version_before_are_there(admin_client):
    publish(number=1, status="superseded", key_fields=["company_size"])
    publish(key_fields=["company_size", "industry"])
    page = read(admin_client)
    assert "New against version 1" in page
    assert "Key fields" in page


def test_more_leads_cost_no_more_queries(admin_client):
    publish(scoring={"rules": [RULE]})

    def queries():
        with CaptureQueriesContext(connection) as asked:
            read(admin_client)
        return len(asked)

    def grow(count):
        for number in range(count):
            lead = make_lead(created_at=ago(5), mql_at=ago(5), score=10)
            make_stage_event(lead, "rejected", ago(4), reason=f"Reason {number}")

    grow(2)
    few = queries()
    grow(20)
    assert queries() == few


# Keeping


def test_keeping_a_version_stores_who_and_when(admin_client, admin):
    definition = publish(days_ago=100)
    assert "Due since" in read(admin_client)
    assert admin_client.post(REVIEW, {"number": 2}).url == REVIEW
    definition.refresh_from_db()
    assert definition.reviewed_by == admin
    assert timezone.now() - definition.reviewed_at < timedelta(minutes=1)
    page = read(admin_client)
    assert "Due since" not in page
    assert "by Admin Person" in page


@pytest.mark.parametrize("number", ["1", "", "x\0", "9" * 30])
def test_a_version_that_is_no_longer_in_force_is_not_kept(admin_client, number):
    definition = publish()
    response = admin_client.post(REVIEW, {"number": number})
    assert response.status_code == 409
    assert "Another version is in force by now" in response.content.decode()
    definition.refresh_from_db()
    assert definition.reviewed_at is None


def test_without_a_version_nothing_is_kept(admin_client):
    assert admin_client.post(REVIEW, {"number": "0"}).status_code == 409
    assert not DefinitionSet.objects.exists()


def test_keeping_needs_a_form_of_ours(admin):
    publish()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post(REVIEW, {"number": "2"}).status_code == 403


# Reminders


def test_the_dashboard_tells_of_a_review_that_is_due(manager_client):
    make_lead(created_at=ago(2))
    definition = publish(days_ago=100)
    due = definition.effective_from + 90 * DAY
    page = manager_client.get("/").content.decode()
    assert "Definitions version 2 to review" in page
    assert f"Due since {due:%-d %b %Y}" in page
    assert f'href="{REVIEW}"' in page


def test_the_dashboard_is_quiet_about_one_that_is_not(manager_client):
    make_lead(created_at=ago(2))
    publish(days_ago=80)
    assert "to review" not in manager_client.get("/").content.decode()


def test_the_tab_has_a_mark_while_a_review_is_due(manager_client):
    definition = publish(days_ago=100)
    mark = 'aria-current="page">Review <span class="pill warn">Due</span>'
    assert mark in read(manager_client)
    definition.reviewed_at = timezone.now()
    definition.save()
    assert mark not in read(manager_client)


# In a browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_obey_their_policy_and_fit_a_phone(page, enter, admin, blocked):
    publish(days_ago=100, scoring={"rules": [RULE]}, reason="Fewer, better " * 20)
    lead = make_lead(created_at=ago(5), mql_at=ago(5))
    make_stage_event(lead, "rejected", ago(4), reason="Too small " * 30)
    server = enter(admin)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (REVIEW, "/definitions/agreement/2/", "/definitions/agreement/2/sign/sales/"):
        page.goto(server + address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert blocked() == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_paper_shows_the_agreement_without_the_frame(page, enter, admin):
    publish()
    page.goto(enter(admin) + "/definitions/agreement/2/")
    assert page.locator(".side").is_visible()
    page.emulate_media(media="print")
    for part in (".side", ".pagehead", ".tabs", ".paper .btn >> nth=0"):
        assert not page.locator(part).is_visible()
    assert page.get_by_role("heading", name="Agreement between marketing and sales").is_visible()
