"""The pages that show what a draft would have changed, and figures restated under a version."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from kpis import replay, restating
from leads import jobs, milestones, replaying
from leads.models import Channel, DefinitionSet, Job, StageEvent, Workspace
from tests.condition_helpers import ask
from tests.factories import make_lead, make_stage_event
from tests.page_checks import part_problems

pytestmark = pytest.mark.django_db

PAGE, LEADS, CSV = "/definitions/replay/", "/definitions/replay/leads/", "/definitions/replay/leads.csv"
PART = {"HTTP_HX_REQUEST": "true"}


def stages(size):
    return {"mql": {"when": {"all": [ask("company_size", "gte", size)]}, "mode": "automatic"}}


@pytest.fixture(autouse=True)
def _workspace(db):
    Workspace.objects.create(pk=1, name="Fjordwell", time_zone="UTC", currency="EUR")


@pytest.fixture
def draft():
    """Live is version 1, from 10 people on; the draft asks for 20."""
    now = timezone.now()
    DefinitionSet.objects.create(
        number=1, status="published", stages=stages(10), effective_from=now - timedelta(days=500)
    )
    return DefinitionSet.objects.create(number=2, status="draft", stages=stages(20), revision=1)


@pytest.fixture
def leads():
    """Sixteen leads of yesterday: six drop out, one of them SQL; seven stay; three are too small for both."""
    yesterday = timezone.now() - timedelta(days=1)
    ads = Channel.objects.create(key="ads", name="Ads", kind="paid")
    for number in range(6):
        size = {"created_at": yesterday, "company_size": 10 + number, "channel": ads}
        made = make_lead(key=f"out-{number}", first_name="Otto", last_name=f"Lemmens {number}", **size)
        if number == 3:
            make_stage_event(made, "sql", yesterday + timedelta(hours=1))
    for number in range(7):
        make_lead(key=f"in-{number}", created_at=yesterday, company_size=50)
    for number in range(3):
        make_lead(key=f"small-{number}", created_at=yesterday, company_size=2)
    milestones.rebuild()


def run(draft, days=90):
    now = timezone.now()
    job = replay.start(draft, days, by=None, at=now)
    jobs.run(job.pk, now)
    job.refresh_from_db()
    return job


def text(response):
    return unescape(response.content.decode())


# Who may


@pytest.mark.parametrize("address", [PAGE, LEADS, CSV])
def test_reps_do_not_see_it(rep_client, draft, leads, address):
    run(draft)
    assert rep_client.get(address).status_code == 403
    assert rep_client.post(PAGE).status_code == 403


def test_managers_and_admins_may_start_it(manager_client, admin_client, draft, leads):
    for client in (manager_client, admin_client):
        Job.objects.all().delete()
        assert client.post(PAGE, {"days": 90}).status_code == 302
        assert Job.objects.get().params == {"definition": draft.pk, "revision": 1, "days": 90}


def test_asking_twice_starts_it_once(manager_client, draft, leads):
    manager_client.post(f"{PAGE}?days=30")
    manager_client.post(f"{PAGE}?days=30")
    assert Job.objects.get().params["days"] == 30


# The panel


def test_the_figures_stand_side_by_side(manager_client, draft, leads):
    run(draft)
    page = text(manager_client.get(PAGE))
    assert "16 leads replayed" in page
    for row in [
        ("MQLs", "13", "7", "−6"),
        ("Lead → MQL", "81.3%", "43.8%", "−37.5 pp"),
        ("SQLs among them", "1", "0", "−1"),
        ("MQL → SQL", "7.7%", "0.0%", "−7.7 pp"),
    ]:
        assert cells(page, row[0])[:3] == list(row[1:])
    assert "up to date" in page
    assert 'data-chart="compare"' in page


def cells(page, label):
    """Return the cells of the table's row with a label."""
    row = page.split(f">{label}</th>")[1].split("</tr>")[0]
    return [re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", row)]


def test_it_warns_of_leads_that_came_far(manager_client, draft, leads):
    run(draft)
    page = text(manager_client.get(PAGE))
    assert "Of the 6 leads that would drop out, 1 became SQL. Look before you publish." in page


def test_the_leads_that_drop_out_stand_below_with_their_reason_sqls_first(manager_client, draft, leads):
    run(draft)
    page = text(manager_client.get(PAGE))
    assert "13 employees" in page
    listed = page.split("rp-list")[1]
    assert listed.index("Lemmens 3") < min(listed.index(f"Lemmens {number}") for number in (0, 1, 2, 4, 5))
    assert "All 6 leads" in page
    assert "in-1" in text(manager_client.get(PAGE, {"kind": "unchanged"})).split("rp-list")[1]
    assert "No lead would come in" in text(manager_client.get(PAGE, {"kind": "entering"}))


def test_few_records_are_not_compared(manager_client, draft):
    make_lead(key="a", created_at=timezone.now() - timedelta(days=1), company_size=50)
    run(draft)
    page = text(manager_client.get(PAGE))
    assert cells(page, "Lead → MQL")[:3] == ["100.0%", "100.0%", "—"]


def test_a_window_is_kept_for_the_next_look(manager_client, draft, leads):
    manager_client.get(PAGE, {"days": 30})
    run(draft, days=30)
    assert "16 leads replayed" in text(manager_client.get(PAGE))


def test_htmx_gets_the_panel_alone(manager_client, draft, leads):
    run(draft)
    part = text(manager_client.get(PAGE, **PART))
    assert "<html" not in part
    assert "16 leads replayed" in part


# Its states


def test_without_a_draft_it_says_so(manager_client):
    assert "No draft" in text(manager_client.get(PAGE))
    assert manager_client.post(PAGE, **PART).status_code == 200
    assert not Job.objects.exists()


def test_before_the_first_replay_the_panel_starts_it_itself(manager_client, draft):
    part = text(manager_client.get(PAGE, **PART))
    assert 'hx-trigger="submit, load"' in part
    assert "Not replayed yet" in part


def test_while_it_runs_the_old_figures_are_dim_beside_the_progress(manager_client, draft, leads):
    run(draft)
    DefinitionSet.objects.filter(pk=draft.pk).update(revision=2)
    stale = text(manager_client.get(PAGE, **PART))
    assert "rp-figures stale" in stale
    assert 'hx-trigger="submit, load"' in stale
    running = text(manager_client.post(PAGE, **PART))
    assert "Waiting for a worker" in running
    assert 'hx-trigger="submit' not in running, "it is on its way already"
    assert "16 leads replayed" in running
    assert not part_problems(running)


def test_one_that_failed_says_why_and_does_not_start_itself(manager_client, draft, leads):
    draft.stages = {"mql": {"when": ask("nonsense", "eq", 1), "mode": "manual"}}
    draft.save()
    run(draft)
    part = text(manager_client.get(PAGE, **PART))
    assert "The draft can't be replayed" in part
    assert 'hx-trigger="submit"' in part


def test_one_that_was_called_off_says_so_and_does_not_start_itself(manager_client, draft):
    job = replay.start(draft, 90, by=None, at=timezone.now())
    jobs.cancel(job, timezone.now())
    part = text(manager_client.get(PAGE, **PART))
    assert "Called off" in part
    assert 'hx-trigger="submit"' in part


def test_without_leads_it_asks_for_a_longer_window(manager_client, draft):
    run(draft)
    assert "No lead was created in these days" in text(manager_client.get(PAGE))


def test_a_draft_without_an_mql_definition_says_what_that_means(manager_client, draft, leads):
    DefinitionSet.objects.filter(pk=draft.pk).update(stages={})
    draft.refresh_from_db()
    run(draft)
    assert "The draft has no MQL definition" in text(manager_client.get(PAGE))


def test_a_first_draft_stands_alone(manager_client, leads):
    first = DefinitionSet.objects.create(number=1, status="draft", stages=stages(20))
    run(first)
    page = text(manager_client.get(PAGE, {"kind": "entering"}))
    assert cells(page, "MQLs")[:3] == ["—", "7", "—"]


@pytest.mark.parametrize(
    "params", [{"days": "7"}, {"days": "x"}, {"days": "\0"}, {"kind": "other"}, {"channel": "nowhere"}]
)
def test_what_can_not_be_is_refused(manager_client, draft, leads, params):
    run(draft)
    assert manager_client.get(LEADS, params).status_code == 400


# The leads


def test_all_leads_of_a_kind_are_listed(manager_client, draft, leads):
    run(draft)
    page = text(manager_client.get(LEADS, {"days": 90, "kind": "leaving"}))
    assert page.count("Lemmens") == 6
    assert "6 leads" in page
    none = text(manager_client.get(LEADS, {"days": 90, "kind": "leaving", "channel": "(none)"}))
    assert "No such lead" in none
    assert text(manager_client.get(LEADS, {"kind": "unchanged", "channel": "(none)"})).count("in-") >= 7


def test_without_a_result_there_are_no_leads(manager_client, draft):
    assert manager_client.get(LEADS).status_code == 404
    assert manager_client.get(CSV).status_code == 404


def test_the_csv_holds_the_same_leads_and_no_formula(manager_client, draft, leads):
    make_lead(key="=1+1", created_at=timezone.now() - timedelta(days=1), company_size=12, company="=cmd()")
    run(draft)
    answer = manager_client.get(CSV, {"days": 90, "kind": "leaving"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 1 + 7
    assert lines[0].startswith("\ufeffLead,Name,Company,Channel,Owner,Created,MQL at,Why,Stage")
    assert any(line.startswith("'=1+1,,'=cmd(),") and line.endswith(",12 employees,lead") for line in lines)


def test_queries_do_not_grow_with_leads(manager_client, draft, leads, django_assert_max_num_queries):
    run(draft)
    with django_assert_max_num_queries(25):
        manager_client.get(PAGE, **PART)
    with django_assert_max_num_queries(20):
        manager_client.get(LEADS)


# Restated figures on pages


@pytest.fixture
def published(leads):
    """Version 1 was in force until ten days ago, version 2 since; nobody was made MQL by either."""
    now = timezone.now()
    DefinitionSet.objects.create(
        number=1,
        status="superseded",
        stages=stages(10),
        effective_from=now - timedelta(days=500),
        superseded_at=now - timedelta(days=10),
    )
    return DefinitionSet.objects.create(
        number=2, status="published", stages=stages(20), effective_from=now - timedelta(days=10)
    )


def test_the_dashboard_says_under_which_versions_it_was_judged(manager_client, published):
    day = timezone.now() - timedelta(days=10)
    assert f"as judged then: version 1 until {day.day} {day:%b}" in text(manager_client.get("/"))
    assert "version 2 since" in text(manager_client.get("/"))


def test_a_kpi_says_which_events_no_version_judged(manager_client, published):
    page = text(manager_client.get("/kpis/mql_to_sql_ratio/"))
    assert "1 MQL or SQL event of the period came without a version, from an import" in page
    filtered = manager_client.get("/kpis/mql_to_sql_ratio/?filter=country=Nowhere")
    assert "without a version" not in text(filtered)
    StageEvent.objects.update(definition=published)
    assert "without a version" not in text(manager_client.get("/kpis/mql_to_sql_ratio/"))


def test_icp_and_score_say_that_they_are_judged_by_the_current_version(manager_client, published):
    assert "ICP judged under version 2 (current)" in text(manager_client.get("/kpis/outside_icp_rate/"))
    assert "Score judged under version 2" in text(manager_client.get("/kpis/lead_quality_score/"))
    assert "judged" not in text(manager_client.get("/kpis/lead_volume/")).split("How it is calculated")[1]


def test_a_version_that_was_not_replayed_can_be_replayed_from_the_page(manager_client, published):
    page = text(manager_client.get("/kpis/mql_to_lead_ratio/", {"restated": 2}))
    assert "figures are shown as judged then" in page
    assert "Replay version 2" in page
    back = "/kpis/mql_to_lead_ratio/?restated=2"
    answer = manager_client.post("/definitions/restate/", {"version": 2, "back": back})
    assert (answer.status_code, answer.url) == (302, back)
    assert Job.objects.get().params == {"version": 2}
    assert "Waiting for a worker" in text(manager_client.get(back))


def test_a_replayed_version_restates_the_page_and_all_its_links(manager_client, published):
    replaying.replay(published, since=None, at=timezone.now())
    page = text(manager_client.get("/kpis/mql_to_lead_ratio/", {"restated": 2}))
    assert "43.8%" in page  # 7 of 16
    assert "MQL restated under version 2" in page
    assert "MQL under version 2" in page
    assert "restated=2" in page.split('id="breakdown"')[1].split('id="rows"')[0]
    plain = text(manager_client.get("/kpis/mql_to_lead_ratio/"))
    assert "6.3%" in plain  # the one SQL
    assert "MQL under version 2" not in plain


def test_the_dashboard_and_its_panels_are_restated_too(manager_client, published):
    replaying.replay(published, since=None, at=timezone.now())
    page = text(manager_client.get("/", {"restated": 2}))
    assert "43.8" in page
    assert "/panels/funnel/?restated=2" in page
    assert "43.8%" in text(manager_client.get("/panels/funnel/", {"restated": 2}, **PART))


def test_exports_never_give_other_figures_than_asked_for(manager_client, published):
    assert manager_client.get("/kpis.csv", {"restated": 2}).status_code == 400
    rows = "/kpis/mql_to_lead_ratio/rows.csv"
    assert manager_client.get(rows, {"restated": 2}).status_code == 400
    replaying.replay(published, since=None, at=timezone.now())
    answer = manager_client.get(rows, {"restated": 2})
    assert len(list(b"".join(answer.streaming_content).splitlines())) == 1 + 7


@pytest.mark.parametrize("version", ["", "x", "9", "0", "-1", "99999999999", "²"])
def test_only_a_version_can_be_replayed(manager_client, published, version):
    answer = manager_client.post("/definitions/restate/", {"version": version, "back": "/"})
    assert answer.status_code == 400
    assert not Job.objects.exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_returns_to_a_page_of_ours_only(manager_client, published, back):
    answer = manager_client.post("/definitions/restate/", {"version": 2, "back": back})
    assert answer.url == "/"


def test_reps_do_not_restate(rep_client, published):
    assert rep_client.post("/definitions/restate/", {"version": 2}).status_code == 403
    assert restating.latest_job(2) is None
