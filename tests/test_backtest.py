"""The rule backtest: what became of past leads that had a rule, without the outcome leaking in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from leads import backtest, jobs, milestones
from leads.backtest import Effect
from leads.conditions import where
from leads.hindsight import batches, known_at, mature
from leads.intervals import newcombe, wilson
from leads.models import DefinitionSet, Job, Lead
from tests.factories import make_event, make_lead, make_opportunity, make_stage_event, utc

NOW = utc("2026-03-02 12:00")
BORN = utc("2025-10-01 12:00")
FRENCH = {
    "slug": "french",
    "category": "firmographic",
    "points": 10,
    "when": {"field": "country", "op": "eq", "value": "France"},
}
PRICING = {"slug": "pricing", "category": "behavioural", "points": 4, "per_event": "pricing_view"}
DAY = timedelta(days=1)


def publish(*rules, status="published", number=1, **fields):
    return DefinitionSet.objects.create(
        number=number, status=status, scoring={"rules": list(rules)}, **fields
    )


def known(lead):
    return Lead.objects.annotate(known_at=known_at()).values_list("known_at", flat=True).get(pk=lead.pk)


def run(definition, at=NOW):
    job = backtest.start(definition, by=None, at=at)
    jobs.run(job.pk, at)
    job.refresh_from_db()
    return job


def make_leads(number, country, *, sql=0, customers=0):
    """Make leads of a country, of which the first so many became SQL and, of those, customers."""
    leads = [make_lead(created_at=BORN, country=country) for _ in range(number)]
    for lead in leads[:sql]:
        make_stage_event(lead, "sql", BORN + DAY)
    for lead in leads[:customers]:
        make_stage_event(lead, "customer", BORN + 9 * DAY)
    milestones.rebuild()
    return leads


# When a lead is judged


def test_an_undecided_lead_is_judged_thirty_days_after_its_creation(db):
    assert known(make_lead(created_at=BORN)) == BORN + 30 * DAY


@pytest.mark.parametrize("stage", ["sql", "opportunity", "customer", "rejected", "disqualified"])
def test_a_decided_lead_is_judged_just_before_the_decision(db, stage):
    lead = make_lead(created_at=BORN)
    make_stage_event(lead, stage, BORN + 3 * DAY)
    milestones.rebuild()
    assert known(lead) == BORN + 3 * DAY - timedelta(microseconds=1)


@pytest.mark.parametrize("stage", ["mql", "sal", "recycled"])
def test_other_stages_do_not_end_what_is_known(db, stage):
    lead = make_lead(created_at=BORN)
    make_stage_event(lead, stage, BORN + 3 * DAY)
    milestones.rebuild()
    assert known(lead) == BORN + 30 * DAY


def test_a_deal_ends_what_is_known_like_the_opportunity_it_is(db):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN + 5 * DAY)
    milestones.rebuild()
    assert known(lead) == BORN + 5 * DAY - timedelta(microseconds=1)


def test_the_earliest_decision_counts_and_a_late_one_does_not(db):
    twice, late = make_lead(created_at=BORN), make_lead(created_at=BORN)
    make_stage_event(twice, "sql", BORN + 8 * DAY)
    make_stage_event(twice, "rejected", BORN + 2 * DAY)
    make_stage_event(late, "rejected", BORN + 31 * DAY)
    milestones.rebuild()
    assert known(twice) == BORN + 2 * DAY - timedelta(microseconds=1)
    assert known(late) == BORN + 30 * DAY


def test_leads_are_mature_when_they_count_and_are_thirty_days_old(db):
    old = make_lead(created_at=NOW - 30 * DAY)
    make_lead(created_at=NOW - 30 * DAY + timedelta(seconds=1))
    make_lead(created_at=BORN, status="spam")
    assert list(mature(NOW)) == [old]


def test_batches_hold_every_lead_once(db):
    leads = [make_lead(created_at=BORN, country="France" if i % 2 else "") for i in range(11)]
    french = [lead for lead in leads if lead.country]
    found = [list(batch) for batch in batches(Lead.objects.filter(country="France"), size=2)]
    assert found == [french[:2], french[2:4], french[4:]]
    assert list(batches(Lead.objects.none())) == []


def test_conditions_and_events_can_be_judged_at_it(db):
    lead, other = make_lead(created_at=BORN), make_lead(created_at=BORN)
    make_event(lead, "pricing_view", BORN + 3 * DAY - timedelta(microseconds=1))
    make_event(other, "pricing_view", BORN + 3 * DAY)
    for each in (lead, other):
        make_stage_event(each, "sql", BORN + 3 * DAY)
    milestones.rebuild()
    seen = where({"event": "pricing_view", "op": "count_gte", "value": 1, "within_days": 7}, F("known_at"))
    assert list(Lead.objects.annotate(known_at=known_at()).filter(seen)) == [lead]


# Intervals


def test_wilson_gives_the_textbook_interval():
    # 81 of 263: 0.3080, 0.2553 to 0.3662 (Newcombe, Statistics in Medicine 17 (1998) 857, table I)
    assert [round(part, 4) for part in wilson(81, 263)] == [0.3080, 0.2553, 0.3662]
    assert [round(part, 4) for part in wilson(0, 20)] == [0, 0, 0.1611]
    assert wilson(20, 20).high == 1


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 873, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_the_difference_of_two_shares_has_the_published_interval(counts, low, high):
    difference = newcombe(*counts)
    assert (round(difference.low, 4), round(difference.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("counts", "points", "verdict"),
    [
        ((56, 70, 48, 80), 10, "helps"),
        ((56, 70, 48, 80), -10, "harms"),
        ((48, 80, 56, 70), -10, "helps"),
        ((48, 80, 56, 70), 10, "harms"),
        ((56, 70, 48, 80), 0, "idle"),
        ((50, 70, 55, 80), 10, "nothing"),
        ((9, 19, 0, 400), 10, "few"),
        ((9, 400, 19, 19), 10, "few"),
        ((0, 400, 0, 400), 10, "few"),
    ],
)
def test_the_verdict_goes_by_the_interval_and_the_sign_of_the_points(counts, points, verdict):
    assert Effect(*counts).verdict(points) == verdict


# The job


def test_a_backtest_counts_what_became_of_leads_with_and_without_each_rule(db):
    definition = publish(FRENCH, PRICING)
    make_leads(25, "France", sql=15, customers=10)
    make_leads(75, "Spain", sql=15, customers=5)
    job = run(definition)
    assert job.state == "done", job.error
    assert (job.done, job.total) == (100, 100)
    french = backtest.latest(definition)["french"]
    assert french.leads == 25
    assert french.typical == 10
    assert french.sql == Effect(15, 25, 15, 75)
    assert french.customer == Effect(10, 25, 5, 75)
    assert french.customer.lift == pytest.approx((10 / 25) / (15 / 100))
    assert french.customer.verdict(10) == "helps"
    pricing = backtest.latest(definition)["pricing"]
    assert (pricing.leads, pricing.typical, pricing.customer.verdict(4)) == (0, None, "few")


def test_behaviour_after_the_outcome_has_no_part_in_it(db):
    definition = publish(PRICING)
    before, after, *_ = make_leads(4, "France", sql=2, customers=2)
    make_event(before, "pricing_view", BORN + timedelta(hours=1))
    make_event(after, "pricing_view", BORN + DAY)  # with the SQL event
    make_event(after, "pricing_view", BORN + 2 * DAY)
    run(definition)
    assert backtest.latest(definition)["pricing"].sql == Effect(1, 1, 1, 3)


def test_an_event_rule_counts_where_it_gives_points_and_shows_what_it_gives(db):
    definition = publish({**PRICING, "max": 6})
    one, two, _ = make_leads(3, "France")
    make_event(one, "pricing_view", BORN)
    make_event(two, "pricing_view", BORN)
    make_event(two, "pricing_view", BORN)
    run(definition)
    figures = backtest.latest(definition)["pricing"]
    assert (figures.leads, figures.typical) == (2, 5)  # 4 and, of 8, at most 6


def test_only_leads_that_count_of_the_last_year_and_old_enough_are_looked_at(db):
    definition = publish(FRENCH)
    make_lead(created_at=NOW - 365 * DAY, country="France")
    make_lead(created_at=NOW - 29 * DAY, country="France")
    make_lead(created_at=BORN, country="France", status="test")
    make_lead(created_at=NOW - 364 * DAY, country="France")
    assert run(definition).result["leads"] == 1


def test_outcomes_after_the_run_have_not_happened_yet(db):
    definition = publish(FRENCH)
    lead = make_lead(created_at=BORN, country="France")
    make_stage_event(lead, "customer", NOW + DAY)
    milestones.rebuild()
    assert run(definition).result["customer"] == 0


def test_the_score_is_that_of_what_was_known_and_counted_by_tens(db):
    definition = publish({**FRENCH, "points": 35}, {**PRICING, "points": 65})
    plain, _, top, _ = *make_leads(2, "France", sql=1), *make_leads(2, "Spain")
    make_event(plain, "pricing_view", BORN + 2 * DAY)  # after its SQL event
    make_event(top, "pricing_view", BORN)
    run(definition)
    steps = backtest.finished(definition).steps
    assert [(step.label, step.leads, step.sql) for step in steps if step.leads] == [
        ("0–9", 1, 0),
        ("30–39", 2, 1),
        ("60–69", 1, 0),
    ]
    assert steps[-1].label == "90–100"
    assert steps[3].share("sql") == 0.5
    assert steps[4].share("sql") is None


def test_a_hundred_is_in_the_highest_ten(db):
    definition = publish({**FRENCH, "points": 400})
    make_leads(1, "France")
    run(definition)
    assert backtest.finished(definition).steps[-1].leads == 1


def test_counts_over_many_batches_add_up(db, monkeypatch):
    definition = publish(FRENCH)
    make_leads(7, "France", customers=3)
    make_leads(4, "Spain", customers=1)
    whole = run(definition).result
    Job.objects.all().delete()
    monkeypatch.setattr("leads.backtest.batches", lambda leads: batches(leads, size=3))
    assert run(definition).result == whole
    assert whole["customer"] == 4


def test_a_rule_changed_since_has_no_figures_and_others_keep_theirs(db):
    definition = publish(FRENCH, PRICING, status="draft")
    make_leads(3, "France")
    run(definition)
    spanish = {**FRENCH, "when": {"field": "country", "op": "eq", "value": "Spain"}}
    definition.scoring = {"rules": [spanish, {**PRICING, "points": 9}]}
    figures = backtest.latest(definition)
    assert list(figures) == ["pricing"]
    assert figures["pricing"].typical is None


def test_a_fresh_draft_shows_the_figures_of_the_version_it_was_made_from(db):
    live = publish(FRENCH)
    make_leads(3, "France")
    run(live)
    draft = publish(FRENCH, PRICING, status="draft", number=2, based_on=live)
    assert list(backtest.latest(draft)) == ["french"]
    assert backtest.subject() == draft


@pytest.mark.parametrize(
    ("scoring", "reason"),
    [
        (None, "Version 1 has no scoring rules."),
        ({"rules": []}, "Version 1 has no scoring rules."),
        ({"rules": [{**FRENCH, "points": "ten"}]}, "The scoring of version 1 has a mistake: "),
    ],
)
def test_a_version_that_cannot_be_tested_says_why(db, scoring, reason):
    definition = DefinitionSet.objects.create(number=1, status="draft", scoring=scoring)
    job = run(definition)
    assert job.state == "failed"
    assert job.error.startswith(reason)


def test_a_draft_discarded_meanwhile_ends_the_job_with_a_reason(db):
    definition = publish(FRENCH, status="draft")
    job = backtest.start(definition, by=None, at=NOW)
    definition.delete()
    jobs.run(job.pk, NOW)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The draft was discarded meanwhile.")


def test_queries_do_not_grow_with_rules_or_leads(db):
    small = publish(FRENCH, status="draft")
    large = publish(*({**PRICING, "slug": f"rule-{i}"} for i in range(30)), number=2)
    counts = []
    for definition, leads in ((small, 1), (large, 20)):
        make_leads(leads, "France")
        job = backtest.start(definition, by=None, at=NOW)
        with CaptureQueriesContext(connection) as queries:
            jobs.run(job.pk, NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15
