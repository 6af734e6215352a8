"""Scores: what each clause of a scoring model does, and what is refused."""

from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext

import pytest
from django.db import connection
from django.db.models import Count, F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import scoring
from leads.conditions import ConditionError
from leads.models import DefinitionSet, Lead, Workspace
from tests.condition_helpers import alternating, ask, viewed
from tests.factories import NOON, make_event, make_lead, utc

THRESHOLDS = {"warm": 30, "mql": 60, "sql": 80}
# What SQLite's planner knows of the events of a few thousand leads
EVENTS_OF_A_DEMO = {
    "event_lead_kind": "4050 4 2 1",
    "leads_behaviourevent_lead_id%": "11948 4",
    "sqlite_autoindex_leads_behaviourevent%": "10900 1",
}


def fit(points, when=None, slug=None, category="demographic"):
    return {"slug": slug or f"fit-{points}", "category": category, "when": when, "points": points}


def per_view(points, slug="views", **extra):
    return {"slug": slug, "category": "behavioural", "per_event": "pricing_view", "points": points, **extra}


def model(*rules, **parts):
    return {"rules": list(rules), "thresholds": THRESHOLDS, **parts}


def score(*rules, at=NOON, **parts):
    """Return the score of the only lead there is."""
    return Lead.objects.annotate(points=scoring.score(model(*rules, **parts), at)).get().points


def explained(*rules, at=NOON, **parts):
    """Return the breakdown of the only lead there is."""
    [only] = scoring.breakdown(model(*rules, **parts), Lead.objects.all(), at)
    return only


def publish(definition):
    DefinitionSet.objects.all().delete()
    DefinitionSet.objects.create(number=1, status="published", scoring=definition)


@pytest.fixture
def lead(db):
    Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris")
    return make_lead(key="anna", country="France", company_size=50)


# points for what a lead is


def test_a_rule_gives_its_points_when_it_holds(lead):
    french, large = ask("country", "eq", "france"), ask("company_size", "gte", 500)
    assert score(fit(20, french)) == 20
    assert score(fit(20, large)) == 0
    assert score(fit(20, french), fit(30, large), fit(40)) == 60


def test_points_may_be_negative_and_the_score_never_is(lead):
    assert score(fit(30), fit(-12)) == 18
    assert score(fit(30), fit(-40)) == 0


def test_the_score_is_at_most_100(lead):
    assert score(fit(90, slug="a"), fit(90, slug="b")) == 100


def test_without_rules_the_score_is_0(lead):
    assert score() == 0


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([0.15] * 10, 2),  # 1.5
        ([0.1, 0.2, 0.2], 1),  # 0.5
        ([0.1, 0.7, 0.7], 2),  # 1.5
        ([2.5], 3),
        ([3.5], 4),
        ([0.4999], 0),
        ([1.4, 0.0999], 1),
        ([33.3, 33.3, 33.4], 100),
        ([1.005] * 99, 99),  # 99.495
        ([1.005] * 100, 100),  # 100.5 is held to 100 first
        ([-0.1, 0.6], 1),
        ([10, -0.5], 10),  # 9.5
    ],
)
def test_halves_are_rounded_up_in_decimal_arithmetic(lead, points, expected):
    assert score(*(fit(value, slug=f"{index}") for index, value in enumerate(points))) == expected


def test_weights_multiply_what_a_category_comes_to(lead):
    rules = fit(30), fit(15, category="firmographic"), fit(7, category="behavioural")
    assert score(*rules, weights={"demographic": 0.35, "firmographic": 2}) == 48  # 10.5 + 30 + 7 = 47.5
    assert score(*rules, weights={"demographic": 0, "firmographic": 0, "behavioural": 1}) == 7


def test_a_cap_holds_a_category_on_both_sides_before_its_weight(lead):
    rules = fit(30), fit(25), fit(5, category="firmographic")
    assert score(*rules, caps={"demographic": 40}) == 45
    assert score(*rules, caps={"demographic": 40}, weights={"demographic": 0.5}) == 25
    assert score(fit(-60), fit(50, category="firmographic"), caps={"demographic": 20}) == 30
    assert score(*rules, caps={"demographic": None}) == 60
    assert score(*rules, caps={"demographic": 0}) == 5


# points for what a lead does


def test_each_event_up_to_the_instant_gives_points(lead):
    for at in ("2026-03-01 12:00", "2026-03-02 12:00", "2026-03-02 12:00:00.000001"):
        make_event(lead, "pricing_view", utc(at))
    make_event(lead, "download", utc("2026-03-01 12:00"))
    assert score(per_view(7)) == 14
    assert score(per_view(7), at=utc("2026-03-03 00:00")) == 21
    assert score(per_view(-7), fit(50)) == 36


def test_without_events_there_are_no_points(lead):
    assert score(per_view(7, half_life_days=3), per_view(7, slug="capped", daily_cap=1)) == 0


def test_points_halve_with_each_half_life(lead):
    make_event(lead, "pricing_view", NOON)
    days = {0: 80, 3.5: 57, 7: 40, 14: 20, 21: 10, 70: 0}  # 80 × 0.5^(3.5 ÷ 7) = 56.57
    for age, expected in days.items():
        assert score(per_view(80, half_life_days=7), at=NOON + timedelta(days=age)) == expected


def test_age_is_elapsed_time_across_clock_changes(lead):
    make_event(lead, "pricing_view", utc("2026-03-28 12:00"))  # the clocks change on the 29th
    assert score(per_view(1, half_life_days=1), at=utc("2026-03-29 12:00")) == 1  # exactly 0.5
    assert score(per_view(1, half_life_days=1), at=utc("2026-03-29 12:00:01")) == 0


def test_ages_and_half_lives_may_be_fractional(lead):
    make_event(lead, "pricing_view", NOON)
    given = explained(per_view(10, half_life_days=0.5), at=NOON + timedelta(hours=6, microseconds=250_000))
    assert given.rules[0].points == pytest.approx(10 * 0.5 ** (21_600.25 / 43_200), rel=1e-11)


def test_ancient_events_fade_to_nothing_without_an_error(lead):
    make_event(lead, "pricing_view", utc("1990-01-01 00:00"))
    assert score(per_view(1000, half_life_days=0.001), fit(5)) == 5


def test_a_maximum_holds_the_rule_on_both_sides(lead):
    for hours in range(4):
        make_event(lead, "pricing_view", NOON - timedelta(hours=hours))
    assert score(per_view(10, max=25)) == 25
    assert score(per_view(10, max=40.4)) == 40
    assert score(per_view(-10, max=25), fit(60)) == 35
    assert score(per_view(10, max=0)) == 0


def test_a_daily_cap_counts_the_first_events_of_each_workspace_day(lead):
    # In Paris: 23:30 on the 1st; 00:30, 10:00 and 11:00 on the 2nd.
    for at in ("2026-03-01 22:30", "2026-03-01 23:30", "2026-03-02 09:00", "2026-03-02 10:00"):
        make_event(lead, "pricing_view", utc(at))
    make_event(lead, "download", utc("2026-03-01 23:10"))
    make_event(make_lead(key="other"), "pricing_view", utc("2026-03-01 23:00"))
    Lead.objects.filter(key="other").update(status="spam")
    annas = Lead.objects.filter(key="anna")

    def points(**extra):
        definition = model(per_view(8, **extra))
        return annas.annotate(points=scoring.score(definition, NOON)).get().points

    assert points() == 32
    assert points(daily_cap=1) == 16
    assert points(daily_cap=2) == 24
    assert points(daily_cap=3) == 32
    assert points(daily_cap=1, max=10) == 10
    # The earliest of the 2nd counts: 12.5 hours old, not 2. 8 × (0.5^(13.5 ÷ 12) + 0.5^(12.5 ÷ 12)) = 7.55
    assert points(daily_cap=1, half_life_days=0.5) == 8


def test_rules_may_ask_for_events_and_attempts(lead):
    make_event(lead, "pricing_view", NOON - timedelta(days=3))
    assert score(fit(20, viewed("count_gte", 1, 3)), fit(10, ask("attempts", "eq", 0))) == 30
    assert score(fit(20, viewed("count_gte", 1, 2.9)), fit(10, ask("attempts", "gt", 0))) == 0


# at which instant, and where


def test_each_lead_can_be_scored_at_its_own_instant(lead):
    other = make_lead(key="bert", created_at=NOON + timedelta(days=7))
    for each in (lead, other):
        make_event(each, "pricing_view", NOON)
    for at in (F("created_at"), F("created_at") + timedelta(0)):
        rows = Lead.objects.annotate(points=scoring.score(model(per_view(80, half_life_days=7)), at))
        assert dict(rows.values_list("key", "points")) == {"anna": 80, "bert": 40}
        rows = Lead.objects.annotate(points=scoring.score(model(per_view(80, daily_cap=1)), at))
        assert dict(rows.values_list("key", "points")) == {"anna": 80, "bert": 80}


def test_scores_can_be_grouped_and_added_up(lead):
    make_lead(country="Spain")
    make_event(lead, "pricing_view", NOON)
    points = scoring.score(
        model(per_view(8, half_life_days=7, daily_cap=2), fit(20, ask("country", "is_set"))), NOON
    )
    assert Lead.objects.aggregate(total=Sum(points)) == {"total": 48}
    histogram = (
        Lead.objects.annotate(points=points).values("points").annotate(n=Count("*")).order_by("points")
    )
    assert list(histogram.values_list("points", "n")) == [(20, 1), (28, 1)]


# bands


@pytest.mark.parametrize(
    ("points", "band"),
    [
        (0, "cold"),
        (29, "cold"),
        (30, "warm"),
        (59, "warm"),
        (60, "mql"),
        (79, "mql"),
        (80, "sql"),
        (100, "sql"),
    ],
)
def test_bands_begin_at_their_threshold(points, band):
    assert scoring.band(model(), points) == band


def test_thresholds_may_be_fractional_and_have_a_default():
    assert scoring.band(model(thresholds={"warm": 30.5, "mql": 60, "sql": 80}), 30) == "cold"
    assert [scoring.band({}, points) for points in (24, 25, 50, 75)] == ["cold", "warm", "mql", "sql"]


# breakdown


def test_a_breakdown_says_where_the_score_comes_from(lead):
    for hours in (0, 1, 2):
        make_event(lead, "pricing_view", NOON - timedelta(hours=hours))
    given = explained(
        fit(30, ask("country", "eq", "France"), slug="french"),
        fit(99, ask("country", "eq", "Spain"), slug="spanish"),
        fit(0, slug="everyone"),
        fit(-4.5, slug="late"),
        fit(12, slug="large", category="firmographic"),
        per_view(10, max=25),
        per_view(10, slug="downloads") | {"per_event": "download"},
        caps={"demographic": 20, "behavioural": 40},
        weights={"demographic": 1.5},
    )
    assert [(rule.slug, rule.category, rule.points) for rule in given.rules] == [
        ("french", "demographic", 30),
        ("everyone", "demographic", 0),
        ("late", "demographic", -4.5),
        ("large", "firmographic", 12),
        ("views", "behavioural", 25),
    ]
    categories = {name: (c.sum, c.cap, c.weight, c.result) for name, c in given.categories.items()}
    assert categories == {
        "demographic": (25.5, 20, 1.5, 30),
        "firmographic": (12, None, 1, 12),
        "behavioural": (25, 40, 1, 25),
    }
    assert (given.lead, given.score, given.band) == ("anna", 67, "mql")


def test_many_leads_are_explained_in_one_query(lead, django_assert_num_queries):
    for number in range(5):
        make_event(make_lead(key=f"lead-{number}"), "pricing_view", NOON)
    leads = Lead.objects.exclude(key="anna").order_by("-key")
    with django_assert_num_queries(1):
        given = list(scoring.breakdown(model(per_view(5), fit(1)), leads, NOON))
    assert [each.lead for each in given] == ["lead-4", "lead-3", "lead-2", "lead-1", "lead-0"]
    assert {each.score for each in given} == {6}


# storing


def test_rescoring_stores_the_scores_that_changed(lead):
    make_lead(key="bert", status="spam")
    publish(model(fit(40), fit(20, ask("country", "eq", "France"))))
    assert scoring.rescore(NOON) == 2
    stored = Lead.objects.order_by("key").values_list("key", "score", "scored_at")
    assert list(stored) == [("anna", 60, NOON), ("bert", 40, NOON)]
    Lead.objects.filter(key="bert").update(country="France")
    later = NOON + timedelta(days=1)
    assert scoring.rescore(later) == 1
    assert list(stored.all()) == [("anna", 60, NOON), ("bert", 60, later)]
    assert scoring.rescore(later) == 0


def test_rescoring_can_be_held_to_some_leads(lead):
    make_lead(key="bert")
    publish(model(fit(40)))
    assert scoring.rescore(NOON, Lead.objects.filter(key="bert").order_by("key")) == 1
    assert dict(Lead.objects.values_list("key", "score")) == {"anna": None, "bert": 40}
    assert scoring.rescore(NOON, Lead.objects.order_by("key")[:1]) == 1


def test_without_a_scoring_model_there_is_no_score(lead):
    publish(model(fit(40)))
    scoring.rescore(NOON)
    publish(None)
    assert scoring.rescore(NOON) == 1
    assert list(Lead.objects.values_list("score", "scored_at")) == [(None, None)]
    assert scoring.rescore(NOON) == 0


# refusals


@pytest.mark.parametrize(("points", "expected"), [(-15, 12), (15, 13)])
def test_a_loss_faded_for_a_year_still_keeps_a_half_from_being_rounded_up(lead, points, expected):
    make_event(lead, "pricing_view", NOON - timedelta(days=400))
    assert score(fit(12.5), per_view(points, half_life_days=1)) == expected


@pytest.mark.parametrize(
    ("definition", "path", "message"),
    [
        ([], "", "must be an object"),
        ({"rule": []}, "rule", "is not known here"),
        ({"rules": {}}, "rules", "must be a list"),
        (model(*[fit(1)] * 201), "rules", "must be a list of at most 200 rules"),
        (model("x"), "rules[0]", "must be an object"),
        (model(fit(1) | {"point": 1}), "rules[0].point", "is not known here"),
        (model(fit(1) | {"slug": ""}), "rules[0].slug", "must not be blank"),
        (model(fit(1) | {"slug": 5}), "rules[0].slug", "must be text"),
        (model(fit(1), fit(2), fit(1)), "rules[2].slug", "'fit-1' is there twice"),
        (model(fit(1, category="mood")), "rules[0].category", "must be one of demographic"),
        (model(fit(1, category=["x"])), "rules[0].category", "must be one of demographic"),
        (
            model({"slug": "x", "category": "demographic", "when": None}),
            "rules[0].points",
            "must be a number",
        ),
        (model(fit("5")), "rules[0].points", "must be a number"),
        (model(fit(True)), "rules[0].points", "must be a number"),
        (model(fit(1001)), "rules[0].points", "must be between -1,000 and 1,000"),
        (model(fit(float("nan"))), "rules[0].points", "must be between"),
        (model(fit(1e-12)), "rules[0].points", "is smaller than 1e-09"),
        (model(fit(1, ask("nose", "eq", 1))), "rules[0].when.field", "'nose' is not a field"),
        (model(fit(1, {"all": [ask("score", "gt", 5)]})), "rules[0].when.all[0].field", "depend on itself"),
        (model(fit(1, ask("stage", "eq", "mql"))), "rules[0].when.field", "depend on itself"),
        (model(fit(1) | {"max": 5}), "rules[0].max", "is for rules with per_event"),
        (model(per_view(1) | {"when": {}}), "rules[0].when", "does not go with per_event"),
        (model(per_view(1) | {"per_event": ""}), "rules[0].per_event", "must not be blank"),
        (model(per_view(1, max=-1)), "rules[0].max", "must be between 0"),
        (model(per_view(1, half_life_days=0)), "rules[0].half_life_days", "must be more than 0"),
        (model(per_view(1, half_life_days="7")), "rules[0].half_life_days", "must be a number"),
        (model(per_view(1, daily_cap=0)), "rules[0].daily_cap", "must be between 1"),
        (model(per_view(1, daily_cap=1.5)), "rules[0].daily_cap", "must be a whole number"),
        (model(weights={"mood": 1}), "weights.mood", "is not known here"),
        (model(weights={"demographic": -1}), "weights.demographic", "must be between 0 and 100"),
        (model(caps={"demographic": "x"}), "caps.demographic", "must be a number"),
        (model(caps=[]), "caps", "must be an object"),
        (model(thresholds={"warm": 10, "mql": 20}), "thresholds.sql", "must be a number"),
        (model(thresholds={**THRESHOLDS, "hot": 90}), "thresholds.hot", "is not known here"),
        (model(thresholds={"warm": 10, "mql": 10, "sql": 20}), "thresholds", "must rise"),
        (model(thresholds={"warm": 10, "mql": 30, "sql": 20}), "thresholds", "must rise"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(definition, path, message):
    with pytest.raises(ConditionError) as refusal:
        scoring.check(definition)
    assert refusal.value.path == path
    assert message in str(refusal.value)


def test_a_full_model_is_accepted():
    scoring.check(
        model(
            fit(5, ask("country", "in", ["France"])),
            per_view(5, max=20, half_life_days=14.5, daily_cap=3),
            per_view(1, slug="nulls", max=None, half_life_days=None, daily_cap=None),
            weights={"demographic": 1, "firmographic": None},
            caps={"behavioural": 40, "demographic": None},
        )
    )
    scoring.check({})


def test_a_model_with_too_many_values_is_refused():
    long = ask("country", "in", [f"{number}" for number in range(900)])
    with pytest.raises(ConditionError, match="hold more than 3,000 values"):
        scoring.check(model(*(fit(1, long, slug=f"{index}") for index in range(4))))


def test_the_largest_models_still_run(lead):
    companies = {"all": [ask("company", "ne", "x")] * 100}
    rules = [fit(1, companies, slug=f"long-{index}") for index in range(5)]
    rules += [fit(0.1, slug=f"short-{index}") for index in range(184)]
    rules.append(fit(0, alternating(12, ask("channel", "ne", "x")), slug="deep"))
    rules += [per_view(1, slug=f"views-{index}", half_life_days=7) for index in range(10)]
    make_event(lead, "pricing_view", NOON)
    assert score(*rules) == 28  # 18.4 + 10
    assert len(explained(*rules).rules) == 195


# against exact arithmetic


def exactly(given):
    return Decimal(str(given))


def held(value, limit):
    return value if limit is None else max(-exactly(limit), min(value, exactly(limit)))


def exact_points(rule, ages):
    """Return a rule's points by decimal arithmetic; ages in hours, one event each, on days of their own."""
    if "per_event" not in rule:
        return exactly(rule["points"])
    half_life = rule.get("half_life_days")
    shares = [Decimal("0.5") ** (Decimal(age) / 24 / exactly(half_life)) if half_life else 1 for age in ages]
    return held(exactly(rule["points"]) * sum(shares, Decimal(0)), rule.get("max"))


def exact_score(definition, ages):
    total = Decimal(0)
    for category in scoring.CATEGORIES:
        rules = [rule for rule in definition["rules"] if rule["category"] == category]
        points = sum((exact_points(rule, ages) for rule in rules), Decimal(0))
        weight = exactly(definition["weights"].get(category, 1))
        total += weight * held(points, definition["caps"].get(category))
    rounded = (total + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
    return int(max(0, min(100, rounded)))


POINTS = st.decimals(-60, 60, places=2).map(float)
LIMITS = st.decimals(0, 80, places=1).map(float)
CATEGORY = st.sampled_from(scoring.CATEGORIES)
FIT_RULES = st.fixed_dictionaries({"category": CATEGORY, "when": st.none(), "points": POINTS})
EVENT_RULES = st.fixed_dictionaries(
    {"category": CATEGORY, "per_event": st.just("pricing_view"), "points": POINTS},
    optional={"max": LIMITS, "half_life_days": st.sampled_from([0.5, 1, 7, 30.4]), "daily_cap": st.just(1)},
)
MODELS = st.fixed_dictionaries(
    {
        "rules": st.lists(st.one_of(FIT_RULES, EVENT_RULES), max_size=8),
        "caps": st.dictionaries(CATEGORY, LIMITS),
        "weights": st.dictionaries(CATEGORY, st.decimals(0, 3, places=2).map(float)),
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definition=MODELS)
def test_the_database_agrees_with_decimal_arithmetic(lead, definition):
    ages = [0, 24, 36 * 24]
    if not lead.events.exists():
        for hours in ages:
            make_event(lead, "pricing_view", NOON - timedelta(hours=hours))
    for index, rule in enumerate(definition["rules"]):
        rule["slug"] = f"rule-{index}"
    [given] = scoring.breakdown(definition, Lead.objects.all(), NOON)
    with localcontext() as context:
        context.prec = 50
        assert given.score == exact_score(definition, ages)
        points = {rule.slug: rule.points for rule in given.rules}
        for rule in definition["rules"]:
            assert points.get(rule["slug"], 0) == pytest.approx(
                float(exact_points(rule, ages)), rel=1e-9, abs=1e-12
            )


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="about how SQLite looks things up in an index")
def test_no_later_event_counts_however_sqlite_looks_events_up():
    lead = make_lead()
    make_event(lead, "kind-00", NOON)
    make_event(lead, "kind-01", NOON + timedelta(days=2))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_behaviourevent")
        for index, sizes in EVENTS_OF_A_DEMO.items():
            cursor.execute("UPDATE sqlite_stat1 SET stat = %s WHERE idx LIKE %s", [sizes, index])
        cursor.execute("ANALYZE sqlite_schema")  # read the sizes again
    kinds = [{**per_view(10, f"kind-{number:02}"), "per_event": f"kind-{number:02}"} for number in range(12)]
    assert score(*kinds, at=NOON + timedelta(days=1)) == 10
