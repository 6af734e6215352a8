"""Moving a lead from its page and over the API, and what its page tells of moves."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from leads import milestones, stages
from leads.models import DefinitionSet, Lead, StageEvent, User
from tests.condition_helpers import ask
from tests.factories import NOON, make_lead, make_opportunity, make_stage_event
from tests.kpi_helpers import workspace

pytestmark = pytest.mark.django_db

BIG = ask("company_size", "gte", 50)
HTMX = {"HX-Request": "true"}


def make_mql(**fields):
    lead = make_lead(**{"key": "N1", "first_name": "Nadia", **fields})
    make_stage_event(lead, "mql", NOON)
    milestones.rebuild()
    return lead


def define(mode="manual", **specs):
    stages_of = {stage: {"when": when, "mode": mode} for stage, when in specs.items()}
    return DefinitionSet.objects.create(number=3, status="published", stages=stages_of)


def text(client, address="/leads/N1/"):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def move(client, to, key="N1", **asked):
    headers = asked.pop("headers", None)
    return client.post(f"/leads/-/moves/{key}/", {"to": to, **asked}, headers=headers)


def moves_made():
    return list(StageEvent.objects.exclude(from_stage="").values_list("from_stage", "stage"))


def tomorrow():
    return timezone.localdate() + timedelta(days=1)


# The page


@pytest.mark.parametrize(
    ("here", "buttons"),
    [
        (None, ["Make MQL", "Recycle…", "Disqualify…"]),
        ("mql", ["Accept (SAL)", "Reject…", "Recycle…", "Disqualify…"]),
        ("sal", ["Qualify (SQL)", "Reject…", "Recycle…", "Disqualify…"]),
        ("sql", ["Make opportunity", "Reject…", "Recycle…", "Disqualify…"]),
        ("opportunity", ["Won (customer)", "Reject…", "Recycle…", "Disqualify…"]),
        ("customer", []),
        ("rejected", ["Make MQL", "Accept (SAL)", "Recycle…", "Disqualify…"]),
        ("recycled", ["Make MQL", "Accept (SAL)", "Disqualify…"]),
        ("disqualified", []),
    ],
)
def test_the_page_offers_the_legal_moves_only(rep_client, here, buttons):
    lead = make_lead(key="N1")
    if here:
        make_stage_event(lead, here, NOON)
    card = text(rep_client).partition('id="next"')[2].partition("</section>")[0]
    every = ["Make MQL", "Accept (SAL)", "Qualify (SQL)", "Make opportunity", "Won (customer)"]
    every += ["Reject…", "Recycle…", "Disqualify…"]
    assert [button for button in every if button in card] == buttons
    assert ("Only a manager or admin" in card) == (here == "disqualified")


def test_a_manager_is_offered_to_bring_a_disqualified_lead_back(manager_client):
    make_stage_event(make_lead(key="N1"), "disqualified", NOON)
    assert "Make MQL" in text(manager_client)


@pytest.mark.parametrize("status", ["spam", "test", "merged"])
def test_a_lead_that_counts_nowhere_offers_no_move(manager_client, status):
    make_lead(key="N1", status=status, merged_into=make_lead() if status == "merged" else None)
    assert 'id="next"' not in text(manager_client)


def test_a_rep_accepts_with_one_click(rep_client, rep):
    lead = make_mql(owner=rep)
    response = move(rep_client, "sal")
    assert (response.status_code, response.url) == (302, "/leads/N1/")
    event = lead.stage_events.get(stage="sal")
    assert (event.from_stage, event.by) == ("mql", rep)
    assert "Next: qualify" in text(rep_client)


def test_htmx_gets_the_card_the_track_and_the_timeline(rep_client):
    make_mql()
    page = move(rep_client, "sal", headers=HTMX).content.decode()
    assert "<html" not in page
    assert "Next: qualify" in page
    assert 'id="track" hx-swap-oob="true"' in page
    assert 'id="timeline" hx-swap-oob="true"' in page
    assert "Became SAL by Rep Person" in page


@pytest.mark.parametrize("headers", [None, HTMX])
def test_a_rejection_without_a_reason_is_refused_at_the_field(rep_client, headers):
    make_mql()
    response = move(rep_client, "rejected", reason=" ", headers=headers)
    page = response.content.decode()
    assert response.status_code == 422
    assert ("<html" in page) == (headers is None)
    assert "Say why the lead is rejected." in page
    assert '" open><summary class="btn btn-bad">' in page
    assert moves_made() == []


def test_what_was_typed_is_kept(rep_client):
    make_mql()
    page = move(rep_client, "recycled", reason="No budget <now>", returns_on="2020-01-01").content.decode()
    assert "The lead must come back in the future." in page
    assert "No budget &lt;now&gt;</textarea>" in page
    assert 'value="2020-01-01"' in page


@pytest.mark.parametrize("day", ["", "soon", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_a_bad_day_is_refused_at_the_field(rep_client, day):
    make_mql()
    response = move(rep_client, "recycled", returns_on=day)
    assert response.status_code == 422
    assert 'id="id_returns_on-error"' in response.content.decode()
    assert moves_made() == []


def test_a_recycled_lead_comes_back_at_the_start_of_the_day_here(rep_client):
    workspace(time_zone="Asia/Tokyo")
    lead = make_mql()
    day = tomorrow() + timedelta(days=30)
    assert move(rep_client, "recycled", returns_on=day.isoformat()).status_code == 302
    back = lead.stage_events.get(stage="recycled").returns_at
    midnight = timezone.datetime(day.year, day.month, day.day, tzinfo=timezone.get_fixed_timezone(540))
    assert back == midnight
    page = text(rep_client)
    assert "Recycled by Rep Person" in page
    assert f"Comes back on {day.day} {day:%B %Y}" in page


@pytest.mark.parametrize("asked", [{}, {"to": ""}, {"to": "vip"}, {"to": "sal\0"}, {"to": "x" * 5000}])
def test_a_move_to_nowhere_is_refused(rep_client, asked):
    make_mql()
    response = rep_client.post("/leads/-/moves/N1/", asked)
    assert response.status_code == 422
    assert 'class="note bad" role="alert"' in response.content.decode()
    assert moves_made() == []


@pytest.mark.parametrize("reason", ["a\0b", "x" * 2001])
def test_a_reason_that_cannot_be_kept_is_refused(rep_client, reason):
    make_mql()
    assert move(rep_client, "rejected", reason=reason).status_code == 422
    assert moves_made() == []


def test_a_move_somebody_else_made_first_says_what_the_stage_is_now(rep_client, manager):
    lead = make_mql()
    stages.move(lead, "rejected", at=NOON + timedelta(hours=1), by=manager, reason="Too small")
    page = move(rep_client, "rejected", reason="No budget at all", headers=HTMX).content.decode()
    assert "This lead is Rejected already. A rejected lead can be made MQL" in page
    assert "Rejected: bring it back?" in page
    assert "No budget at all</textarea>" in page
    assert len(moves_made()) == 1


def test_a_shut_gate_names_what_is_missing_and_only_managers_may_override(rep_client, manager_client):
    define(sal={"all": [BIG, ask("country", "eq", "FR")]})
    make_mql(country="FR")
    page = text(rep_client)
    assert "<li>Company size is at least 50</li>" in page
    assert "Country is FR" not in page
    assert "A manager or admin can override this." in page
    assert 'name="override"' not in page
    response = move(rep_client, "sal", override="on", reason="I know them")
    assert response.status_code == 422
    assert "A manager or admin can override this." in response.content.decode()
    assert 'name="override"' in text(manager_client)
    assert (
        "Say why the missing criteria are overridden."
        in move(manager_client, "sal", override="on").content.decode()
    )
    assert moves_made() == []


def test_an_override_is_told_in_the_timeline(manager_client):
    define(sal=BIG)
    make_mql()
    assert move(manager_client, "sal", override="on", reason="Met at the fair").status_code == 302
    page = text(manager_client)
    for words in (
        "Became SAL by Manager Person",
        "MQL → SAL",
        "Judged by version 3",
        "Met at the fair",
        "Overridden: company size is at least 50",
    ):
        assert words in page


def test_the_timeline_names_the_rule_and_its_version(manager_client):
    define("automatic", mql=None)
    make_lead(key="N1")
    stages.promote(None, NOON)
    page = text(manager_client)
    assert "Became MQL by rule, version 3" in page
    assert "Lead → MQL" in page


def test_a_rep_cannot_move_the_lead_of_somebody_else(rep_client, manager):
    make_mql(owner=manager)
    assert move(rep_client, "sal").status_code == 404
    assert ask_api(rep_client, to="sal").status_code == 404
    assert moves_made() == []


def test_a_move_must_be_posted_by_somebody(client, rep_client):
    make_mql()
    assert move(client, "sal").status_code == 302
    assert rep_client.get("/leads/-/moves/N1/").status_code == 405
    assert move(rep_client, "sal", key="nope").status_code == 404
    assert move(rep_client, "sal", key="N%00").status_code == 404
    assert moves_made() == []


def test_a_move_needs_the_token_of_its_page(rep):
    make_mql()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(rep)
    assert move(strict, "sal").status_code == 403
    assert ask_api(strict, to="sal").status_code == 403
    assert moves_made() == []


def test_a_key_may_hold_slashes(rep_client):
    make_lead(key="form/7/moves")
    page = text(rep_client, "/leads/form/7/moves/")
    assert 'hx-post="/leads/-/moves/form/7/moves/"' in page
    assert move(rep_client, "mql", key="form/7/moves").url == "/leads/form/7/moves/"
    assert ask_api(rep_client, "form/7/moves", to="sal").status_code == 201


def test_the_page_asks_no_more_after_many_moves(rep_client, rep, django_assert_max_num_queries):
    define(mql=BIG, sal=BIG)
    lead = make_mql(owner=rep)
    with django_assert_max_num_queries(30) as one:
        text(rep_client)
    at = NOON
    for _ in range(5):
        for to, more in (("rejected", {"reason": "No"}), ("mql", {})):
            at += timedelta(hours=1)
            Lead.objects.update(company_size=99)
            stages.move(lead, to, at=at, by=rep, **more)
    Lead.objects.update(company_size=1)
    with django_assert_max_num_queries(len(one)):
        text(rep_client)


# The API


def ask_api(client, key="N1", **asked):
    return client.post(f"/api/v1/leads/{key}/moves/", json.dumps(asked), "application/json")


def test_the_api_moves_a_lead(rep_client, rep):
    define(mql=BIG)
    make_mql(owner=rep)
    response = ask_api(rep_client, to="sal", reason=" Good call ")
    event = StageEvent.objects.get(stage="sal")
    assert response.status_code == 201
    answer = response.json()
    at = answer.pop("at")
    assert timezone.datetime.fromisoformat(at) == event.at
    assert answer == {
        "lead": "N1",
        "from_stage": "mql",
        "stage": "sal",
        "by": "rep",
        "reason": "Good call",
        "unmet": [],
        "returns_at": None,
        "definition": 3,
    }
    assert milestones.stale() == 0


def test_the_api_names_missing_criteria_and_legal_moves(rep_client, manager_client):
    define(sal=BIG)
    make_mql()
    response = ask_api(rep_client, to="sal")
    assert response.status_code == 400
    assert response.json() == {
        "to": ["This lead does not meet what SAL asks for: company size is at least 50."],
        "legal": ["sal", "rejected", "recycled", "disqualified"],
        "missing": ["company size is at least 50"],
    }
    response = ask_api(manager_client, to="sal", override=True, reason="Met at the fair")
    assert response.json()["unmet"] == ["company size is at least 50"]


def test_the_api_takes_a_return_in_workspace_time(rep_client):
    workspace(time_zone="Asia/Tokyo")
    lead = make_mql()
    day = tomorrow() + timedelta(days=30)
    response = ask_api(rep_client, to="recycled", returns_at=f"{day}T00:00:00")
    assert response.status_code == 201
    event = lead.stage_events.get(stage="recycled")
    assert event.returns_at.isoformat() == f"{day - timedelta(days=1)}T15:00:00+00:00"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "to"),
        ({"to": None}, "to"),
        ({"to": ["sal"]}, "to"),
        ({"to": "customer"}, "to"),
        ({"to": "vip"}, "to"),
        ({"to": "a\0"}, "to"),
        ({"to": "rejected"}, "reason"),
        ({"to": "rejected", "reason": None}, "reason"),
        ({"to": "rejected", "reason": "x" * 2001}, "reason"),
        ({"to": "rejected", "reason": "a\0b"}, "reason"),
        ({"to": "rejected", "reason": "a\ud800b"}, "reason"),
        ({"to": "sal", "override": "perhaps"}, "override"),
        ({"to": "recycled"}, "returns_at"),
        ({"to": "recycled", "returns_at": "soon"}, "returns_at"),
        ({"to": "recycled", "returns_at": 7}, "returns_at"),
        ({"to": "recycled", "returns_at": "0001-01-01T00:00:00+14:00"}, "returns_at"),
        ({"to": "recycled", "returns_at": "9999-12-31T23:59:59-14:00"}, "returns_at"),
        ({"to": "sal", "returns_at": "2999-01-01T00:00:00Z"}, "returns_at"),
    ],
)
def test_the_api_refuses_at_the_field(rep_client, asked, field):
    make_mql()
    response = ask_api(rep_client, **asked)
    assert response.status_code == 400
    assert list(response.json()) == [field, "legal", "missing"]
    assert response.json()["legal"] == ["sal", "rejected", "recycled", "disqualified"]
    assert moves_made() == []


@pytest.mark.parametrize("body", ["", "{", "[]", '"sal"', "null", "[" * 100_000])
def test_the_api_refuses_what_is_no_move(rep_client, body):
    make_mql()
    response = rep_client.post("/api/v1/leads/N1/moves/", body, "application/json")
    assert response.status_code == 400
    assert moves_made() == []


def test_the_api_asks_for_a_log_in(client):
    make_mql()
    assert ask_api(client, to="sal").status_code == 403
    assert moves_made() == []


def test_the_api_knows_no_lead_that_is_not_there(rep_client):
    assert ask_api(rep_client, "nope", to="sal").status_code == 404
    assert ask_api(rep_client, "N%00", to="sal").status_code == 404


def test_the_api_says_when_a_lead_moves_no_more(rep_client):
    make_lead(key="N1", status="spam")
    assert ask_api(rep_client, to="mql").json() == {
        "to": ["This lead is marked spam: it moves no more."],
        "legal": [],
        "missing": [],
    }


def test_the_api_counts_deals(rep_client):
    make_opportunity(make_lead(key="N1"), NOON)
    assert ask_api(rep_client, to="customer").json()["from_stage"] == "opportunity"


# In a browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_rep_works_a_lead_without_leaving_its_page(page, enter, blocked):
    rep = User.objects.create_user("ines", role="rep")
    make_mql(owner=rep)
    page.goto(enter(rep) + "/leads/N1/")
    page.evaluate("window.stayed = true")
    page.click("text=Accept (SAL)")
    page.wait_for_selector("text=Next: qualify")
    assert page.locator("#track [aria-current]").inner_text().startswith("SAL")
    assert page.locator("#timeline >> text=Became SAL by ines").is_visible()
    page.click("summary:has-text('Reject')")
    page.fill("#rejected-reason", "   ")
    page.click("button:has-text('Reject')")
    page.wait_for_selector("text=Say why the lead is rejected.")
    page.fill("#next textarea:visible", "No budget this year")
    page.click("button:has-text('Reject'):visible")
    page.wait_for_selector("text=Rejected: bring it back?")
    assert page.locator("#timeline >> text=No budget this year").is_visible()
    assert page.evaluate("window.stayed")
    assert blocked() == []
