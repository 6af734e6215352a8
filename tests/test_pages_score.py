"""The page that explains a score to the last point."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from leads import scoring
from leads.models import DefinitionSet, Lead
from leads.scoring.explaining import explain
from tests.condition_helpers import ask
from tests.factories import NOON, make_event, make_lead, utc
from tests.kpi_helpers import workspace

pytestmark = pytest.mark.django_db

FRENCH = {
    "slug": "home-market",
    "category": "firmographic",
    "when": ask("country", "eq", "France"),
    "points": 20,
}
SPANISH = {
    "slug": "second-market",
    "category": "firmographic",
    "when": ask("country", "eq", "Spain"),
    "points": 5,
}
FREE = {"slug": "student", "category": "demographic", "when": ask("tags", "eq", "student"), "points": -12.5}
VIEWS = {
    "slug": "pricing",
    "category": "behavioural",
    "per_event": "pricing_view",
    "points": 8,
    "max": 10,
    "half_life_days": 10,
    "daily_cap": 2,
}
CALLS = {"slug": "calls", "category": "behavioural", "per_event": "call", "points": 1}
MODEL = {
    "rules": [FRENCH, SPANISH, FREE, VIEWS, CALLS],
    "caps": {"firmographic": 15},
    "weights": {"behavioural": 2},
    "thresholds": {"warm": 20, "mql": 40, "sql": 70},
}


def publish(model=None, **fields):
    fields = {"number": 4, "status": "published", "effective_from": NOON, **fields}
    return DefinitionSet.objects.create(scoring=MODEL if model is None else model, **fields)


@pytest.fixture
def lead():
    """A lead that viewed the pricing page three times ten days before NOON, at NOON, and a day later."""
    lead = make_lead(
        key="N1", first_name="Nadia", country="France", tags="student", created_at=NOON - timedelta(days=20)
    )
    for minutes in (0, 1, 2):
        make_event(lead, "pricing_view", NOON - timedelta(days=10, minutes=minutes))
    make_event(lead, "pricing_view", NOON)
    make_event(lead, "pricing_view", NOON + timedelta(days=1))
    return lead


def page_of(client, address="/leads/-/score/N1/", **params):
    response = client.get(address, params)
    assert response.status_code == 200
    return response.content.decode()


def words(page):
    """Return what the page says, without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


AT = {"as_of": NOON.isoformat()}


# the explanation


def test_every_rule_is_explained(lead):
    """Of four views by then three count, two a day: 8 + 2 × 8 × 0.5 = 16, less a hair, held at 10."""
    given = explain(lead, MODEL, NOON)
    [views] = [rule for rule in given.rules if rule.rule["slug"] == "pricing"]
    assert (views.events.kind, views.events.number, views.events.counted) == ("pricing_view", 4, 3)
    assert (views.events.newest, views.events.full) == (NOON, 24)
    assert views.events.faded == pytest.approx(16, abs=0.01)
    assert views.points == 10
    assert views.is_held
    assert views.events.has_faded
    assert [rule.rule["slug"] for rule in given.rules] == ["home-market", "student", "pricing"]
    assert [rule.rule["slug"] for rule in given.silent] == ["second-market", "calls"]
    assert given.silent[1].events.number == 0


def test_categories_add_up_to_the_score(lead):
    """Who −12.5; company 20, held at 15; behaviour 10 × 2 = 20: 22.5, rounded 23."""
    given = explain(lead, MODEL, NOON)
    assert [category.points.result for category in given.categories] == [-12.5, 15, 20]
    assert [category.is_held for category in given.categories] == [False, True, False]
    assert (given.total, given.score, given.band) == (22.5, 23, "warm")


def test_the_explanation_is_that_of_the_score_everybody_reads(lead):
    for days in (-15, -10, 0, 1, 30):
        at = NOON + timedelta(days=days)
        asked = Lead.objects.annotate(fresh=scoring.score(MODEL, at)).get()
        assert explain(lead, MODEL, at).score == asked.fresh


def test_an_explanation_asks_as_few_questions_however_many_rules_and_events(
    lead, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8) as few:
        explain(lead, MODEL, NOON)
    for hours in range(30):
        make_event(lead, "call", NOON - timedelta(hours=hours))
    more = [{**CALLS, "slug": f"calls-{number}"} for number in range(50)]
    with django_assert_max_num_queries(len(few)):
        explain(lead, {**MODEL, "rules": [*MODEL["rules"], *more]}, NOON)


def test_the_largest_model_can_be_explained(lead):
    rules = [{**VIEWS, "slug": f"views-{number}"} for number in range(200)]
    given = explain(lead, {"rules": rules}, NOON)
    assert len(given.rules) == 200
    assert given.score == 100


# the page


def test_the_page_explains_every_point(manager_client, lead):
    publish()
    page = words(page_of(manager_client, **AT))
    for said in (
        "Reckoned 2 Mar 12:00 23",
        "Version 4",
        "Home market +20 when country is France +20",
        "Student −12.5 when tags include student −12.5",
        "4 pricing_view events, newest 2 Mar 12:00 ; 3 count by the daily limit;",
        "24 points faded to 16; held at 10 +10",
        "Cap ±15, which holds it Weight 1 Brings +15",
        "No cap Weight 2 Brings +20",
        "Together 22.5 Halves rounded up, held between 0 and 100 23",
        "Second market +5 when country is Spain —",
        "No call event —",
        "Warm from 20",
        "SQL-ready from 70",
    ):
        assert said in page, said
    assert page.index("Did not apply") < page.index("Second market")
    assert page.index("Home market") < page.index("Did not apply")


def test_the_grid_shows_where_the_lead_stands(manager_client, lead):
    """Fit 15 − 12.5 = 2.5, shown 3, of 15; engagement 20 of 2 × (10 + 100), which is 100 at most."""
    publish()
    page = page_of(manager_client, **AT)
    assert '<td class="on" aria-current="true">C3</td>' in page
    assert "of 15 at most: A from 10, B from 5" in page
    assert "of 100 at most: 1 from 67, 2 from 34" in page


def test_a_stored_score_that_is_older_is_told_beside_the_fresh_one(manager_client, lead):
    publish()
    Lead.objects.update(score=46, scored_at=NOON)
    page = words(page_of(manager_client))
    assert "Stored 46, since 2 Mar 12:00 ; reckoned now it is 3" in page
    Lead.objects.update(score=3)
    assert "This is the stored score, since 2 Mar 12:00" in words(page_of(manager_client))


def test_a_lead_that_waits_for_its_score_says_so(manager_client, lead):
    publish()
    assert "No score is stored yet" in page_of(manager_client)


def test_without_a_scoring_model_the_page_says_so(manager_client, lead):
    assert "No scoring model is published" in page_of(manager_client)


def test_a_model_without_rules_gives_nothing(manager_client, lead):
    publish(model={})
    assert "No rule gives points here" in page_of(manager_client)


def test_points_decay_as_the_instant_moves_on(manager_client, lead):
    """A day later the views are worth 8 + 8 × 0.93 + …, still held at 10; after 40 days less."""
    publish()
    later = (NOON + timedelta(days=41)).isoformat()
    assert explain(lead, MODEL, NOON + timedelta(days=41)).score == 5  # −12.5 + 15 + 2 × 1.5 = 5.49
    assert "Reckoned 12 Apr 12:00 5" in words(page_of(manager_client, as_of=later))


def test_a_bare_date_is_the_last_instant_of_that_day(manager_client, lead):
    workspace(time_zone="Europe/Paris")
    publish()
    make_event(lead, "call", utc("2026-03-02 22:59:59"))
    make_event(lead, "call", utc("2026-03-02 23:00:00"))
    assert "1 call event, newest 2 Mar 23:59" in words(page_of(manager_client, as_of="2026-03-02"))


@pytest.mark.parametrize(
    "at", ["soon", "2026-02-30", "9999-12-31", "0001-01-01", "2026-03-02T25:00", "\0", "٢٠٢٦-٠٣-٠٢"]
)
def test_a_bad_instant_is_named(manager_client, lead, at):
    publish()
    response = manager_client.get("/leads/-/score/N1/", {"as_of": at})
    assert response.status_code == 400
    assert "<b>as_of</b>" in response.content.decode()


def test_before_its_creation_a_lead_has_no_score(manager_client, lead):
    publish()
    response = manager_client.get("/leads/-/score/N1/", {"as_of": "2026-01-01"})
    assert response.status_code == 400
    assert "did not exist then" in response.content.decode()


def test_of_the_past_nothing_can_be_overridden(manager_client, lead):
    publish()
    assert "Override the score" not in page_of(manager_client, **AT)
    assert "Override the score" in page_of(manager_client)


def test_a_rep_sees_the_scores_of_own_and_unassigned_leads_only(rep_client, rep, manager, lead):
    publish()
    assert "Nadia" in page_of(rep_client)
    Lead.objects.update(owner=rep)
    assert "Nadia" in page_of(rep_client)
    Lead.objects.update(owner=manager)
    assert rep_client.get("/leads/-/score/N1/").status_code == 404


def test_the_page_asks_for_a_log_in(client, lead):
    response = client.get("/leads/-/score/N1/")
    assert response.status_code == 302
    assert "Nadia" not in response.content.decode()


def test_a_lead_that_is_not_there_is_not_found(manager_client):
    for key in ("nobody", "a%00b"):
        assert manager_client.get(f"/leads/-/score/{key}/").status_code == 404


def test_what_a_lead_or_a_rule_says_cannot_become_markup(manager_client, lead):
    bad = "<script>alert(1)</script>"
    publish({**MODEL, "rules": [{**FRENCH, "slug": bad}, {**CALLS, "per_event": bad}]})
    Lead.objects.update(first_name=bad)
    assert "<script>alert" not in page_of(manager_client)
    assert "<script>alert" not in page_of(manager_client, "/leads/N1/")


def test_a_key_may_hold_any_characters(manager_client, lead):
    publish()
    Lead.objects.update(key="form/7 ä?#")
    assert 'href="/leads/-/score/form/7%20%C3%A4%3F%23/"' in page_of(
        manager_client, "/leads/form/7%20%C3%A4%3F%23/"
    )
    assert "Nadia" in page_of(manager_client, "/leads/-/score/form/7%20%C3%A4%3F%23/")


# the section of the lead's page


def test_the_lead_page_lists_the_weightiest_points_and_leads_to_all_of_them(manager_client, lead):
    publish()
    Lead.objects.update(score=3, scored_at=timezone.now())
    page = page_of(manager_client, "/leads/N1/")
    said = words(page)
    assert 'href="/leads/-/score/N1/"' in page
    assert said.index("Home market +20") < said.index("Student −12.5")
    assert "Warm from 20, MQL from 40, SQL-ready from 70" in said
    assert "Cold, C3" in said


def test_the_bar_marks_the_score_between_its_bands(manager_client, lead):
    publish()
    page = page_of(manager_client, **AT)
    assert 'aria-label="Score 23 of 100"' in page
    assert '<rect class="cold" x="0.0" width="20.0"' in page
    assert '<rect class="sql" x="70.0" width="30.0"' in page
    assert '<line class="mark" x1="23.0"' in page


def test_bands_beyond_100_are_left_out_of_the_bar(manager_client, lead):
    publish({**MODEL, "thresholds": {"warm": 50, "mql": 100, "sql": 500}})
    page = page_of(manager_client)
    assert '<rect class="warm" x="50.0" width="50.0"' in page
    assert '<rect class="sql"' not in page
