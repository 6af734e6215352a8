"""From a rule to the dashboard: an admin builds it, replays it, publishes it, and the figures follow."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from leads import milestones
from leads.models import DefinitionSet, StageEvent
from tests.condition_helpers import ask
from tests.factories import make_lead, make_stage_event
from tests.kpi_helpers import workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("requests_in_turn"),
    # the live server's threads cannot close the one connection they share
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
SIZES = (5, 10, 15, 20, 30, 40, 50, 100, 200, 500)  # employees, one lead each


@pytest.fixture
def company(admin):
    """Ten leads of the last ten days, of which the three largest became MQL by the version in force."""
    workspace(name="Fjordwell")
    stages = {"mql": {"when": {"all": [ask("company_size", "gte", 100)]}, "mode": "automatic"}}
    now = timezone.now()
    live = DefinitionSet.objects.create(
        number=1, status="published", stages=stages, effective_from=now - timedelta(days=30)
    )
    for days, size in enumerate(SIZES, start=1):
        created = now - timedelta(days=days)
        lead = make_lead(first_name=f"Size{size}", company_size=size, created_at=created)
        if size >= 100:
            make_stage_event(lead, "mql", created, definition=live, rule="mql", from_stage="lead")
    milestones.rebuild()
    return admin


@pytest.fixture
def open_page(page, enter, company, blocked):
    page.set_default_timeout(20_000)
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
    address = enter(company)
    today = timezone.now().date()
    period = f"?from={today - timedelta(days=20)}&to={today}"

    def go(path):
        page.goto(address + path.replace("?period", period))
        page.wait_for_function("() => window.htmx")
        return page

    return go


def mql_ratio(open_page):
    page = open_page("/?period")
    card = page.locator("a.kpi", has=page.locator("#tip-mql_to_lead_ratio"))
    return card.locator(".val").inner_text()


def test_a_rule_is_built_replayed_and_published_and_the_dashboard_changes(open_page, blocked):
    assert mql_ratio(open_page) == "30.0%"

    page = open_page("/definitions/stages/mql/")
    page.click("text=Edit as draft")
    page.wait_for_selector("#edit-mql-c-0-value")
    page.fill("#edit-mql-c-0-value", "20")
    page.keyboard.press("Tab")
    page.wait_for_selector("#edit-mql-sentence:has-text('company size is at least 20')")

    mqls = page.locator("#replay table.impact tbody tr", has_text="MQLs").first
    expect(mqls.locator("td").nth(2)).to_have_text("+4")  # the panel follows the edit by itself
    assert mqls.locator("td").all_inner_texts()[:2] == ["3", "7"]
    page.click("#replay :text('Newly MQL')")
    page.wait_for_selector("#replay :text('Size20')")
    assert StageEvent.objects.count() == 3  # a replay changes nothing

    page.click("text=Publish v2")
    page.fill("[name=reason]", "Companies from 20 people on")
    page.check("[name=applies_to][value=open]")
    page.click("form.publish button.btn-primary")
    page.wait_for_url("**/definitions/versions/2/")
    page.wait_for_selector("text=Companies from 20 people on")

    live = DefinitionSet.current()
    assert (live.number, live.published_by.username) == (2, "admin")
    promoted = StageEvent.objects.filter(definition=live)
    assert {(event.from_stage, event.stage, event.rule) for event in promoted} == {("lead", "mql", "mql")}
    assert promoted.count() == 4
    assert mql_ratio(open_page) == "70.0%"
    assert blocked() == []
