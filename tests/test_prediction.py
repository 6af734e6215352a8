"""The forecast: learned from earlier outcomes, measured on later ones, never from what came after them."""

import random
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import jobs, milestones
from leads.models import (
    BehaviourEvent,
    DefinitionSet,
    Job,
    LandingPage,
    Lead,
    PredictiveModel,
    StageEvent,
)
from leads.prediction import features, quality, suggestions, training
from leads.prediction.outcomes import closed
from leads.prediction.predict import forecast
from leads.prediction.suggestions import Seen, round_points, suggest, unit, with_points
from leads.prediction.words import fact
from tests.factories import make_event, make_lead, make_opportunity, make_stage_event, utc

NOW = utc("2026-03-02 12:00")
BORN = utc("2025-06-01 12:00")
DAY = timedelta(days=1)

DIRECTOR = {
    "slug": "director",
    "category": "demographic",
    "points": 10,
    "when": {"field": "seniority", "op": "eq", "value": "Director"},
}
PHONE = {"slug": "phone", "category": "demographic", "points": 10, "when": {"field": "phone", "op": "is_set"}}
PRICING = {
    "slug": "pricing",
    "category": "behavioural",
    "points": 5,
    "max": 10,
    "per_event": "pricing_view",
}


def history(number=300, *, seed=1, leak=False):
    """Make closed leads, one an hour: directors and who looks at prices are mostly won, a phone says nothing.

    With `leak`, every lead that is won does something one second after it became SQL.
    """
    chance = random.Random(seed)
    leads = [
        Lead(
            key=f"lead-{i}",
            created_at=BORN + i * timedelta(hours=1),
            seniority=chance.choice(["Director", "Manager", ""]),
            phone=chance.choice(["123", ""]),
        )
        for i in range(number)
    ]
    Lead.objects.bulk_create(leads)
    events, moves = [], []
    for lead in leads:
        views = chance.choice([0, 0, 1, 3])
        odds = 0.1 + 0.4 * (lead.seniority == "Director") + 0.1 * views
        won = chance.random() < odds
        events += [
            BehaviourEvent(lead=lead, kind="pricing_view", at=lead.created_at + DAY) for _ in range(views)
        ]
        decided = lead.created_at + 5 * DAY
        moves.append(StageEvent(lead=lead, stage="sql" if won else "rejected", at=decided))
        if won:
            moves.append(StageEvent(lead=lead, stage="customer", at=decided + 10 * DAY))
        if won and leak:
            events.append(BehaviourEvent(lead=lead, kind="contract", at=decided + timedelta(seconds=1)))
            events.append(BehaviourEvent(lead=lead, kind="pricing_view", at=decided + timedelta(seconds=1)))
    BehaviourEvent.objects.bulk_create(events)
    StageEvent.objects.bulk_create(moves)
    milestones.rebuild()


def publish(*rules, number=1, status="published"):
    scoring = {"rules": list(rules)}
    return DefinitionSet.objects.create(number=number, status=status, scoring=scoring)


def train(at=NOW):
    job = training.start(by=None, at=at)
    jobs.run(job.pk, at)
    job.refresh_from_db()
    return job


def trained():
    job = train()
    assert job.state == "done", job.error
    return PredictiveModel.objects.get(pk=job.result["model"])


# Outcomes


def outcome(lead):
    milestones.rebuild()
    return closed(NOW).filter(pk=lead.pk).values_list("won", flat=True).first()


def test_a_customer_is_won_also_with_a_lost_deal(db):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN, status="won", closed_at=BORN + DAY)
    make_opportunity(lead, BORN, status="lost", closed_at=BORN + 2 * DAY)
    assert outcome(lead) is True


@pytest.mark.parametrize("stage", ["rejected", "disqualified"])
def test_a_rejected_or_disqualified_lead_is_lost(db, stage):
    lead = make_lead(created_at=BORN)
    make_stage_event(lead, stage, BORN + DAY)
    assert outcome(lead) is False


def test_a_lost_deal_makes_a_lead_lost(db):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN, status="lost", closed_at=BORN + DAY)
    assert outcome(lead) is False


def test_a_lead_with_another_deal_open_has_no_outcome(db):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN, status="lost", closed_at=BORN + DAY)
    make_opportunity(lead, BORN)
    assert outcome(lead) is None


def test_a_deal_that_closes_later_is_open_still(db):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN, status="lost", closed_at=NOW + DAY)
    assert outcome(lead) is None


@pytest.mark.parametrize("stage", ["recycled", "mql", "sal"])
def test_a_lead_taken_up_again_has_no_outcome(db, stage):
    lead = make_lead(created_at=BORN)
    make_opportunity(lead, BORN, status="lost", closed_at=BORN + DAY)
    make_stage_event(lead, "rejected", BORN + DAY)
    make_stage_event(lead, stage, BORN + 2 * DAY)
    assert outcome(lead) is None


def test_an_open_or_young_or_merged_lead_has_no_outcome(db):
    young = make_lead(created_at=NOW - 29 * DAY)
    spam = make_lead(created_at=BORN, status="spam")
    for lead in (young, spam):
        make_stage_event(lead, "customer", NOW - DAY)
    assert [outcome(lead) for lead in (make_lead(created_at=BORN), young, spam)] == [None, None, None]


# What is looked at


def test_a_lead_is_described_by_its_fields_and_by_what_it_did_until_it_is_judged(db):
    page = LandingPage.objects.create(name="Guide", path="/guide", offer="Guide")
    lead = make_lead(
        created_at=BORN,
        seniority="Owner",
        company_size=51,
        phone="1",
        email_domain="gmail.com",
        landing_page=page,
    )
    make_event(lead, "pricing_view", BORN + DAY)
    make_event(lead, "pricing_view", BORN + 3 * DAY)
    make_event(lead, "webinar", BORN + 3 * DAY)
    lead.submissions.create(at=BORN, complete=True)
    lead.submissions.create(at=BORN + 4 * DAY, complete=True)
    make_stage_event(lead, "sql", BORN + 3 * DAY)
    milestones.rebuild()
    row = next(features.read(Lead.objects.all(), ["pricing_view", "webinar"]))
    assert row["seniority"] == "Owner"
    assert (row["company_size"], row["offer"], row["channel"]) == ("51–200", "Guide", None)
    assert [row[name] for name in ("free_email", "has_phone", "has_website")] == [True, True, False]
    assert [row[name] for name in ("event:pricing_view", "event:webinar", "submissions")] == [1, 0, 1]


def test_levels_are_the_common_ones_the_rest_is_other_and_blank_is_its_own():
    def row(seniority):
        return {**dict.fromkeys(features.TEXTS, ""), "seniority": seniority}

    rows = [row("Owner")] * 15 + [row("OWNER ")] * 5 + [row("Intern")] * 19 + [row("")] * 30
    words = features.vocabulary(rows, [])
    assert words.levels["seniority"] == {"owner": "Owner"}
    assert [words._level("seniority", value) for value in ("owner", "Intern", " ", None)] == [
        "owner",
        features.OTHER,
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("size", "band"),
    [(None, ""), (10, "1–10"), (11, "11–50"), (5000, "1,001–5,000"), (5001, "5,001 or more")],
)
def test_company_sizes_are_taken_in_bands(db, size, band):
    make_lead(company_size=size)
    assert next(features.read(Lead.objects.all(), []))["company_size"] == band


# Figures


def test_the_area_counts_pairs_in_the_right_order_and_equal_ones_half():
    # won 3 and 2, lost 2 and 1: right 3, equal 1 of 4 pairs
    assert quality.auc([3, 2, 2, 1], [True, True, False, False]).value == 3.5 / 4
    assert quality.auc([1, 2], [True, False]).value == 0


def test_the_areas_standard_error_is_that_of_hanley_and_mcneil():
    # Q1 = 0.8 / 1.2 = 0.666667, Q2 = 1.28 / 1.8 = 0.711111,
    # (0.8 × 0.2 + 9 × (Q1 − 0.64) + 19 × (Q2 − 0.64)) / 200 = (0.16 + 0.24 + 1.351111) / 200 = 0.00875556
    assert quality.standard_error(0.8, 10, 20) == pytest.approx(0.00875556**0.5, rel=1e-6)


def test_an_area_of_one_is_certain():
    assert quality.auc([1, 2], [False, True]) == (1, 1, 1)


def test_the_brier_score_is_the_mean_squared_distance():
    assert quality.brier([0.5, 1.0, 0.2], [True, True, False]) == pytest.approx((0.25 + 0 + 0.04) / 3)


def test_calibration_has_up_to_ten_equal_bins_of_ten_or_more():
    chances = [index / 100 for index in range(100)]
    bins = quality.calibration(chances, [chance >= 0.5 for chance in chances])
    assert [part["n"] for part in bins] == [10] * 10
    assert [part["observed"] for part in bins] == [0] * 5 + [1] * 5
    assert bins[0]["predicted"] == pytest.approx(0.045)
    assert [part["n"] for part in quality.calibration(chances[:35], [True] * 35)] == [12, 11, 12]
    assert len(quality.calibration(chances[:9], [True] * 9)) == 1


def test_the_top_tenth_is_compared_with_all():
    won = [False] * 16 + [True, True, False, True]
    # of 20, the best 2 hold 1 won: 50 % against 15 %
    top = quality.top_tenth([index / 20 for index in range(20)], won)
    assert (top["n"], top["won"]) == (2, 1)
    assert top["lift"] == pytest.approx(0.5 / 0.15)


# Training


def test_a_model_is_trained_on_the_earlier_and_measured_on_the_later_leads(db):
    publish(DIRECTOR, PRICING)
    history()
    model = trained()
    found = model.quality
    assert (found["trained"]["leads"], found["held_out"]["leads"]) == (210, 90)
    assert found["trained"]["first"] == BORN.isoformat()
    assert found["trained"]["last"] == (BORN + timedelta(hours=209)).isoformat()
    assert found["held_out"]["first"] == (BORN + timedelta(hours=210)).isoformat()
    area, low, high = found["auc"]
    assert 0.65 < area < 0.95
    assert low < area < high
    assert found["brier"] < found["base_brier"]
    assert sum(part["n"] for part in found["calibration"]) == 90
    assert found["score"]["version"] == 1
    assert found["score"]["auc"][0] > 0.6
    assert found["boosted_auc"][0] > 0.5
    assert found["top"]["lift"] > 1
    assert model.trained_at == NOW


def test_training_twice_gives_the_same(db):
    history()
    one, two = trained(), trained()
    assert (one.weights, one.quality, one.suggestions) == (two.weights, two.quality, two.suggestions)


def test_without_rules_there_is_no_score_to_compare_and_nothing_to_suggest(db):
    history()
    model = trained()
    assert model.quality["score"] is None
    assert model.suggestions == []
    assert model.definition is None


def test_a_draft_with_mistakes_does_not_stop_training(db):
    publish(DIRECTOR)
    publish({**DIRECTOR, "points": "many"}, number=2, status="draft")
    history()
    model = trained()
    assert model.quality["score"]["version"] == 1
    assert model.suggestions == []


def test_what_happens_after_the_outcome_has_no_influence(db):
    publish(DIRECTOR, PRICING)
    history()
    clean = trained()
    Lead.objects.all().delete()
    history(leak=True)
    leaky = trained()
    assert leaky.quality == clean.quality
    assert leaky.weights["vocabulary"]["kinds"] == ["pricing_view"]
    assert leaky.weights == clean.weights
    assert leaky.suggestions == clean.suggestions


def test_the_same_behaviour_before_the_outcome_would_give_it_away(db):
    """The leak is one: a second before the SQL event instead of after it, and the forecast is perfect."""
    history(leak=True)
    for move in StageEvent.objects.filter(stage="sql"):
        BehaviourEvent.objects.filter(lead=move.lead, kind="contract").update(
            at=move.at - timedelta(seconds=1)
        )
    assert trained().quality["auc"][0] == 1


@pytest.mark.parametrize("number", [0, 150])
def test_too_few_outcomes_are_refused_with_their_number(db, number):
    history(number)
    job = train()
    assert job.state == "failed"
    won = Lead.objects.exclude(customer_at=None).count()
    assert job.error == (
        "It takes at least 200 leads with an outcome;"
        f" so far there are {number} ({won} won, {number - won} lost)."
    )
    assert not PredictiveModel.objects.exists()


def test_too_few_of_a_kind_are_refused_with_their_numbers(db):
    history()
    keep = Lead.objects.exclude(customer_at=None).order_by("created_at")[:30]
    StageEvent.objects.filter(stage="customer").exclude(lead__in=list(keep)).update(stage="disqualified")
    milestones.rebuild()
    job = train()
    assert job.error == (
        "It takes at least 40 won and 40 lost leads in the earlier 70%, which it learns from;"
        " so far they are 30 won and 180 lost. In all there are 300 (30 won, 270 lost)."
    )


def test_too_few_held_out_are_refused_with_their_numbers(db):
    history()
    late = BORN + timedelta(hours=210)
    StageEvent.objects.filter(stage="customer", lead__created_at__gte=late).update(stage="disqualified")
    milestones.rebuild()
    assert (
        "at least 15 won and 15 lost leads in the later 30%, which it is measured on; so far they are 0 won"
        in (train().error)
    )


def test_queries_do_not_grow_with_leads_in_a_chunk(db):
    counts = []
    for number in (210, 420):
        Lead.objects.all().delete()
        history(number, seed=3)
        with CaptureQueriesContext(connection) as queries:
            assert train().state == "done"
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 28  # savepoints and what keeps PostgreSQL from compiling among them


def test_starting_up_loads_no_scikit_learn():
    code = (
        "import django, sys; django.setup(); import leads.tasks, leadtracker.urls, leads.prediction.training;"
        "sys.exit('sklearn' in sys.modules or 'numpy' in sys.modules)"
    )
    env = {
        "DJANGO_SETTINGS_MODULE": "leadtracker.settings",
        "SECRET_KEY": "x",
        "DATABASE_URL": "sqlite://:memory:",
    }
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0


# One lead


def test_a_lead_is_forecast_in_two_queries_with_its_reasons(db, django_assert_num_queries):
    history()
    trained()
    lead = make_lead(created_at=NOW - 40 * DAY, seniority="Director", phone="1")
    for _ in range(3):
        make_event(lead, "pricing_view", NOW - 20 * DAY)
    with django_assert_num_queries(2):
        found = forecast(lead, "lead")
    assert found.chance > 0.5
    assert found.times == pytest.approx(found.chance / found.base)
    assert {(reason.text, reason.is_good) for reason in found.reasons} >= {
        ("Director", True),
        ("3 pricing views", True),
    }
    assert not found.is_past


def test_a_forecast_agrees_with_the_model_that_was_measured(db):
    history()
    model = trained()
    won, lost = (
        sum(forecast(lead, "lead").chance for lead in leads) / len(leads)
        for leads in (
            [Lead(pk=lead.pk) for lead in Lead.objects.exclude(customer_at=None)],
            [Lead(pk=lead.pk) for lead in Lead.objects.filter(customer_at=None)],
        )
    )
    assert won > model.weights["base"] > lost


def test_the_latest_model_is_used(db):
    history()
    trained()
    newest = trained()
    newest.weights = {
        **newest.weights,
        "coefficients": [0] * len(newest.weights["coefficients"]),
        "intercept": 0,
    }
    newest.save()
    found = forecast(make_lead(), "lead")
    assert (found.chance, found.reasons) == (0.5, [])


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"status": "spam"}, "lead"),
        ({"customer_at": NOW}, "customer"),
        ({}, "rejected"),
        ({}, "disqualified"),
    ],
)
def test_leads_whose_outcome_is_known_and_those_that_do_not_count_have_no_forecast(db, fields, stage):
    history()
    trained()
    assert forecast(make_lead(**fields), stage) is None


def test_without_a_model_there_is_no_forecast(db):
    assert forecast(make_lead(), "lead") is None


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        ("seniority", "Director", "Director"),
        ("seniority", " ", "no seniority"),
        ("company_size", "51–200", "51–200 employees"),
        ("free_email", True, "free e-mail"),
        ("free_email", False, "no free e-mail"),
        ("sessions", 1, "1 session"),
        ("touches", 2, "2 touches"),
        ("event:pricing_view", 3, "3 pricing views"),
        ("event:inquiry", 2, "2 inquiries"),
        ("event:survey", 0, "no survey"),
    ],
)
def test_reasons_are_said_in_words(feature, value, text):
    assert fact(feature, value) == text


# Suggested points


def test_suggested_points_are_in_proportion_to_the_weights_and_as_many_in_all():
    rules = [{**DIRECTOR, "points": 10}, {**PHONE, "points": 20}, PRICING]
    seen = [Seen(50, 200, 2.0, 0.1), Seen(50, 200, 1.0, 0.1), Seen(3, 200)]
    found = suggest(rules, seen)
    # 30 points over weights of 3: ten a unit; the third is not weighed
    assert [(each["suggested"], each["verdict"]) for each in found] == [
        (20, "raise"),
        (10, "lower"),
        (None, "few"),
    ]
    assert found[0]["low"] == pytest.approx(10 * (2 - 1.96 * 0.1), abs=0.01)


@pytest.mark.parametrize(
    ("points", "weight", "error", "verdict"),
    [(10, -1.0, 0.1, "turn"), (10, 1.0, 0.6, "unclear"), (-10, -1.0, 0.1, "keep"), (10, 1.0, 0.1, "keep")],
)
def test_each_suggestion_says_what_it_is(points, weight, error, verdict):
    assert suggest([{**DIRECTOR, "points": points}], [Seen(50, 200, weight, error)])[0]["verdict"] == verdict


@pytest.mark.parametrize(
    ("exact", "rounded"), [(12.5, 13), (-12.5, -13), (4.74, 4.5), (4.75, 5), (-0.3, -0.5), (0.2, 0), (5.4, 5)]
)
def test_points_are_whole_and_small_ones_halves(exact, rounded):
    assert round_points(exact) == rounded


def test_a_rule_with_other_points_counts_as_many_events_as_before():
    assert with_points(PRICING, 7.5) == {**PRICING, "points": 7.5, "max": 15}
    assert with_points(PRICING, -5) == {**PRICING, "points": -5, "max": 10}
    assert with_points(DIRECTOR, 12.0) == {**DIRECTOR, "points": 12}


@pytest.mark.parametrize(
    ("rule", "given", "amount"), [(DIRECTOR, None, 0), (DIRECTOR, 10, 1), (PRICING, 7.5, 1.5)]
)
def test_a_lead_has_a_rule_once_or_as_often_as_its_events_count(rule, given, amount):
    assert unit(rule, given) == amount


def test_what_says_much_is_worth_more_and_what_says_nothing_is_not_clear(db):
    draft = publish(DIRECTOR, PHONE, {**DIRECTOR, "slug": "nobody", "when": {"any": []}}, status="draft")
    history(600)
    model = trained()
    assert model.definition == draft
    found = {each["rule"]["slug"]: each for each in model.suggestions}
    assert (found["director"]["verdict"], found["director"]["suggested"] > 10) == ("raise", True)
    assert found["phone"]["verdict"] == "unclear"
    assert (found["nobody"]["verdict"], found["nobody"]["leads"]) == ("few", 0)
    assert abs(found["director"]["suggested"]) + abs(found["phone"]["suggested"]) == pytest.approx(20, abs=1)


def test_a_cancelled_training_leaves_no_model(db):
    history(210)
    job = training.start(by=None, at=NOW)
    jobs.cancel(job, NOW)
    jobs.run(job.pk, NOW)
    assert Job.objects.get(pk=job.pk).state == "cancelled"
    assert not PredictiveModel.objects.exists()
    assert suggestions.FEWEST == 20
