"""The naive second reading of the specification, against examples worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from tests import reference
from tests.reference import times
from tests.reference.bundles import write_random_bundle
from tests.reference.handmade import CHANNELS, leads, write_bundle
from tests.reference.kpis import KPIS, percentile


@pytest.fixture
def bundle(tmp_path):
    """Return a function that writes a bundle from tuples."""

    def write(workspace=None, /, **files):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        return write_bundle(folder, workspace, **files)

    return write


def ask(folder, slug, from_="2026-01-01", to="2026-01-31", as_of="2026-03-01T00:00:00Z", **asked):
    from_, to = date.fromisoformat(from_), date.fromisoformat(to)
    return reference.report(folder, from_=from_, to=to, as_of=as_of, kpis=[slug], **asked)["kpis"][0]


def three(row):
    return row["value"], row["numerator"], row["denominator"]


def test_a_period_runs_from_midnight_to_midnight_in_the_workspace_zone(bundle):
    rows = [
        ("a", "2025-12-31T23:00:00Z"),
        ("b", "2025-12-31T22:59:59Z"),
        ("c", "2026-01-31T22:59:59.999999Z"),
    ]
    folder = bundle({"time_zone": "Europe/Paris"}, leads=[*rows, ("d", "2026-01-31T23:00:00Z")])
    assert ask(folder, "lead_volume")["value"] == 2


def test_a_day_without_midnight_begins_at_its_first_instant():
    assert times.day_start(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == utc(2018, 11, 4, 3)
    assert times.day_start(date(2011, 12, 30), ZoneInfo("Pacific/Apia")) == utc(2011, 12, 30, 10)
    assert times.day_start(date(2011, 12, 31), ZoneInfo("Pacific/Apia")) == utc(2011, 12, 30, 10)


def test_a_day_begins_at_the_first_of_two_midnights():
    assert times.day_start(date(2025, 10, 26), ZoneInfo("Atlantic/Azores")) == utc(2025, 10, 26, 0)


def test_an_hour_repeated_across_midnight_belongs_to_the_new_day():
    st_johns = ZoneInfo("America/St_Johns")  # at 00:01 on 7 November clocks went back to 23:01
    assert times.day_start(date(2010, 11, 7), st_johns) == utc(2010, 11, 7, 2, 30)
    assert times.day_of(utc(2010, 11, 7, 2, 45), st_johns) == date(2010, 11, 7)


def test_a_local_time_in_the_gap_moves_forward_and_a_double_one_is_the_first():
    paris = ZoneInfo("Europe/Paris")
    assert times.read_instant("2026-03-29T02:30:00", paris) == utc(2026, 3, 29, 1, 30)
    assert times.read_instant("2025-10-26T02:30:00", paris) == utc(2025, 10, 26, 0, 30)


def test_a_bare_date_is_the_last_instant_of_that_day():
    assert times.read_as_of("2026-01-31", ZoneInfo("UTC")) == utc(2026, 2, 1) - timedelta(microseconds=1)
    assert times.read_as_of("2026-01-31T10:00:00 02:00", ZoneInfo("UTC")) == utc(2026, 1, 31, 8)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_whole_months_are_compared_with_whole_months_and_days_with_days():
    assert times.previous_dates(date(2026, 3, 1), date(2026, 4, 30)) == (date(2026, 1, 1), date(2026, 2, 28))
    assert times.previous_dates(date(2026, 3, 1), date(2026, 3, 30)) == (date(2026, 1, 30), date(2026, 2, 28))


def test_a_running_month_is_compared_with_the_same_part_of_the_last(bundle):
    rows = [("a", "2025-12-09T00:00:00Z"), ("b", "2025-12-25T00:00:00Z"), *leads(2, 5, 20)]
    folder = bundle(leads=rows)
    running = ask(folder, "lead_volume", as_of="2026-01-10T00:00:00Z")
    assert (running["value"], running["previous"], running["change_percent"]) == (2, 1, 100)
    over = ask(folder, "lead_volume")
    assert (over["value"], over["previous"], over["change_percent"]) == (3, 2, 50)


def test_a_lead_reaches_a_rung_by_any_later_one_and_deals_are_events(bundle):
    folder = bundle(
        leads=leads(1, 2, 3, 4),
        stage_events=[("l1", "sql", "2026-01-05T00:00:00Z"), ("l2", "rejected", "2026-01-05T00:00:00Z")],
        opportunities=[
            ("o1", "l3", "2026-01-06T00:00:00Z", "100", "", "", "won", "2026-02-10T00:00:00Z"),
            ("o2", "l4", "2026-02-06T00:00:00Z", "100", "", "", "open"),
        ],
    )
    assert three(ask(folder, "mql_to_lead_ratio")) == (50, 2, 4)
    assert three(ask(folder, "mql_to_lead_ratio", basis="cohort")) == (75, 3, 4)
    assert three(ask(folder, "lead_conversion_rate")) == (0, 0, 4)
    cohort = ask(folder, "lead_conversion_rate", basis="cohort")
    assert three(cohort) == (25, 1, 4)
    assert [step["numerator"] for step in cohort["details"]["steps"]] == [3, 2, 2, 1, 1]
    assert three(ask(folder, "mql_to_lead_ratio", as_of="2026-01-05T00:00:00Z")) == (25, 1, 4)


def test_spam_tests_and_merged_leads_count_nowhere_but_sessions_do(bundle):
    spam = leads(3, status="spam")
    folder = bundle(
        leads=[*leads(1), *spam, *leads(4, status="test")],
        sessions=[("s1", "v1", "2026-01-03T00:00:00Z", "", "", "true"), ("s2", "v1", "2026-01-03T01:00:00Z")],
    )
    assert three(ask(folder, "visitor_conversion_rate")) == (100, 1, 1)
    assert ask(folder, "qualified_traffic")["value"] == 1


def test_high_intent_comes_from_the_flag_the_page_or_the_channel(bundle):
    at = "2026-01-03T00:00:00Z"
    folder = bundle(
        channels=[("hot", "Hot", "paid", "true"), ("cool", "Cool", "paid", "")],
        landing_pages=[("price", "Price", "/p", "", "true"), ("blog", "Blog", "/b", "", "false")],
        sessions=[
            ("1", "v", at, "hot"),
            ("2", "v", at, "cool", "price", "false"),
            ("3", "v", at, "cool", "blog", "true"),
            ("4", "v", at, "cool", "blog"),
        ],
    )
    found = ask(folder, "qualified_traffic", by="channel")
    assert found["value"] == 3
    assert [(row["key"], row["numerator"]) for row in found["breakdown"]] == [("cool", 2), ("hot", 1)]


def test_cost_per_lead_converts_at_the_latest_rate_and_leaves_out_what_has_none(bundle):
    folder = bundle(
        leads=leads(1, 2, channel="ads"),
        exchange_rates=[("USD", "2026-01-01", "0.5"), ("USD", "2026-01-10", "0.8")],
        spend=[
            ("1", "2026-01-05", "marketing", "ads", "ads", "", "100", "USD"),
            ("2", "2026-01-10", "marketing", "ads", "ads", "", "100", "USD"),
            ("3", "2026-01-10", "marketing", "ads", "seo", "", "100", "GBP"),
            ("4", "2026-01-10", "sales", "ads", "", "", "1000", ""),
        ],
    )
    found = ask(folder, "cost_per_lead", by="channel")
    assert three(found) == (65, 130, 2)
    assert [(row["key"], *three(row)) for row in found["breakdown"]] == [
        ("ads", 65, 130, 2),
        ("seo", None, None, 0),
    ]


def test_a_kpi_asked_for_a_dimension_its_source_lacks_is_null(bundle):
    folder = bundle(
        leads=leads(1, 2, country="FR"), spend=[("1", "2026-01-05", "marketing", "ads", "", "", "9")]
    )
    found = ask(folder, "cost_per_lead", by="country")
    assert (found["value"], found["breakdown"]) == (None, [])
    assert found["note"] == "spend has no country"


def test_the_largest_channel_is_never_the_blank_one(bundle):
    rows = [*leads(1, 2, 3), *leads(4, channel="seo"), *leads(5, channel="ads")]
    found = ask(bundle(leads=rows), "channel_share", by="channel")
    assert (found["value"], found["details"]) == (20, {"largest": "ads"})
    assert [(row["key"], row["numerator"]) for row in found["breakdown"]] == [
        ("ads", 1),
        ("seo", 1),
        ("(none)", 3),
    ]


def test_key_information_is_judged_per_submission(bundle):
    full = leads(1, company_size="0", industry="x", job_title="CEO")
    folder = bundle(
        leads=[*full, *leads(2, industry="x"), *leads(3)],
        submissions=[("l3", "2026-01-04T00:00:00Z", "", "true"), ("l3", "2026-01-05T00:00:00Z", "", "")],
    )
    assert three(ask(folder, "key_information_completion_rate")) == (50, 2, 4)


def test_timings_start_at_creation_and_count_the_unanswered_in_the_share(bundle):
    folder = bundle(
        leads=leads(1, 2, 3, 4),
        attempts=[
            ("a", "l1", "2026-01-01T11:00:00Z", "call", "connected"),  # before creation
            ("b", "l1", "2026-01-01T12:05:00Z", "call", "no_answer"),
            ("c", "l1", "2026-01-01T12:06:00Z", "call", "connected"),
            ("d", "l2", "2026-01-02T12:05:00.000001Z", "email", "email_sent"),
            ("e", "l3", "2026-01-03T11:00:00Z", "call", "connected"),
        ],
    )
    found = ask(folder, "first_contact_time")
    assert found["details"]["within_5_minutes_percent"] == 25
    assert (found["n"], found["value"]) == (2, Fraction("300.0000005"))
    assert ask(folder, "lead_response_time")["numerator"] == Fraction("660.000001")
    assert three(ask(folder, "untreated_lead_rate")) == (25, 1, 4)


def test_percentiles_interpolate_linearly():
    values = [Fraction(value) for value in (4, 1, 3, 2)]
    assert percentile(values, Fraction(1, 2)) == Fraction(5, 2)
    assert percentile(values, Fraction(9, 10)) == Fraction("3.7")


def test_planned_appointments_are_past_and_not_moved(bundle):
    book, past, future = "2026-01-02T00:00:00Z", "2026-01-20T00:00:00Z", "2026-01-30T00:00:00Z"
    statuses = ["held", "no_show", "scheduled", "cancelled", "rescheduled"]
    rows = [(str(n), "l1", book, past, status) for n, status in enumerate(statuses)]
    folder = bundle(leads=leads(1), appointments=[*rows, ("f", "l1", book, future, "scheduled")])
    found = ask(folder, "no_show_rate", as_of=past)
    assert (*three(found), found["details"]) == (Fraction(100, 3), 1, 3, {"without_outcome": 1})


OFFICE = {"slug": "office", "time_zone": "Europe/Paris", "hours": {"fri": [["09:00", "17:00"]]}}


def test_a_clock_runs_in_opening_hours_and_ends_at_closing(bundle):
    office = {**OFFICE, "hours": {**OFFICE["hours"], "mon": [["09:00", "12:00"], ["13:00", "17:00"]]}}
    policy = {"slug": "p", "minutes": 120, "clock": "business_hours", "calendar": "office"}
    friday = [("a", "2026-01-09T14:00:00Z"), ("b", "2026-01-09T14:00:01Z"), ("c", "2026-01-10T00:00:00Z")]
    folder = bundle({"calendars": [office], "sla": [policy]}, leads=friday)
    due = {row["lead"]: row["due_at"] for row in reference.sla(folder, "2026-03-01T00:00:00Z")["leads"]}
    assert due == {
        "a": utc(2026, 1, 9, 16),
        "b": utc(2026, 1, 12, 8, 0, 1),
        "c": utc(2026, 1, 12, 10),
    }


def test_only_leads_already_due_are_judged(bundle):
    folder = bundle(
        {"sla": [{"slug": "p", "minutes": 60}]},
        leads=leads(1, 2, 3),
        attempts=[
            ("a", "l1", "2026-01-01T13:00:00Z", "call", "connected"),
            ("b", "l2", "2026-01-02T12:10:00Z", "call", "voicemail"),
            ("c", "l3", "2026-01-03T12:00:00Z", "call", "connected"),
        ],
    )
    found = ask(folder, "sla_compliance_rate", as_of="2026-01-03T12:30:00Z")
    assert three(found) == (50, 1, 2)


def test_open_hours_neither_lose_nor_gain_where_clocks_change(bundle):
    office = {"slug": "night", "time_zone": "Europe/Paris", "hours": {"sun": [["01:00", "04:00"]]}}
    policy = {"slug": "p", "minutes": 150, "clock": "business_hours", "calendar": "night"}
    folder = bundle({"calendars": [office], "sla": [policy]}, leads=[("a", "2026-03-28T12:00:00Z")])
    (row,) = reference.sla(folder, "2026-05-01")["leads"]
    assert row["due_at"] == utc(2026, 4, 4, 23, 30)  # 2 hours on 29 March, half an hour on 5 April


ROI = {
    "channels": CHANNELS,
    "spend": [
        ("1", "2026-01-05", "marketing", "ads", "ads", "", "100", ""),
        ("2", "2026-01-05", "marketing", "software", "", "", "60", ""),
        ("3", "2026-01-05", "sales", "salaries", "", "", "30", ""),
    ],
}


def test_a_channel_bears_its_share_of_unassigned_cost(bundle):
    won = ("2026-01-06T00:00:00Z", "500", "", "", "won", "2026-01-20T00:00:00Z")
    folder = bundle(
        leads=[*leads(1, 2, channel="ads"), *leads(3, channel="seo")],
        opportunities=[("o", "l1", *won)],
        **ROI,
    )
    rows = {row["key"]: three(row) for row in ask(folder, "lead_source_roi", by="channel")["breakdown"]}
    assert rows == {"ads": (Fraction(36000, 140), 360, 140), "seo": (-100, -20, 20)}
    rows = ask(folder, "lead_source_roi", by="channel", cost="direct")["breakdown"]
    assert [(row["key"], row["denominator"]) for row in rows] == [("ads", 100), ("(none)", 60)]
    rows = ask(folder, "lead_source_roi", by="channel", cost="loaded")["breakdown"]
    assert [(row["key"], row["denominator"]) for row in rows] == [("ads", 160), ("seo", 30)]
    assert three(ask(folder, "customer_acquisition_cost", filters={"channel": ["ads"]})) == (160, 160, 1)
    assert three(ask(folder, "customer_acquisition_cost")) == (190, 190, 1)


def test_without_leads_shares_follow_direct_spend_else_all_stays_unassigned(bundle):
    folder = bundle(leads=leads(1), **ROI)
    quiet = ask(folder, "lead_source_roi", from_="2026-01-05", to="2026-01-05", by="channel")
    assert [(row["key"], row["denominator"]) for row in quiet["breakdown"]] == [("ads", 160)]


def test_lifetime_value_goes_by_the_deal_won_first(bundle):
    won = ("won", "2026-01-20T00:00:00Z")
    folder = bundle(
        leads=leads(1, 2, 3),
        spend=[("1", "2026-01-05", "marketing", "ads", "", "", "600")],
        opportunities=[
            ("o1", "l1", "2026-01-06T00:00:00Z", "900", "", "10", *won),
            ("o2", "l1", "2026-01-06T00:00:00Z", "1", "", "", "won", "2026-01-21T00:00:00Z"),
            ("o3", "l2", "2026-01-06T00:00:00Z", "500", "", "", *won),
            ("o4", "l3", "2026-01-06T00:00:00Z", "", "", "", *won),
        ],
    )
    found = ask(folder, "ltv_cac_ratio")  # (288 + 400) / 2 over 600 / 3
    assert (*three(found), found["n"]) == (Fraction(344, 200), 344, 200, 2)


def test_pipeline_counts_all_but_sourced_by_sales(bundle):
    deal = ("2026-01-06T00:00:00Z", "100", "", "", "lost", "2026-01-20T00:00:00Z")
    rows = [*leads(1, channel="ads"), *leads(2, channel="cold"), *leads(3)]
    folder = bundle(leads=rows, opportunities=[(f"o{n}", f"l{n}", *deal) for n in (1, 2, 3)])
    found = ask(folder, "pipeline_contribution")
    assert (*three(found), found["n"]) == (100, 100, 300, 1)
    assert found["details"] == {"share_percent": Fraction(100, 3)}


def test_velocity_compares_the_last_two_whole_months(bundle):
    events = [("l1", "mql", "2025-12-09T00:00:00Z"), ("l2", "mql", "2026-01-09T00:00:00Z")]
    folder = bundle(leads=leads(1, 2, 3), stage_events=[*events, ("l3", "sql", "2026-01-31T23:59:59Z")])
    found = ask(folder, "lead_velocity_rate", to="2026-02-27")
    assert (*three(found), found["n"], found["details"]) == (100, 1, 1, 2, {"month": "2026-01"})
    running = ask(folder, "lead_velocity_rate", as_of="2026-01-31T00:00:00Z")
    assert running["details"] == {"month": "2025-12"}


PATH = [("ads", "2025-12-01"), ("seo", "2025-12-20"), ("direct", "2026-01-02"), ("seo", "2026-01-09")]


def credited(bundle, path, model, **settings):
    folder = bundle(
        {"settings": settings},
        leads=leads(1, channel="cold"),
        touches=[("l1", f"{day}T00:00:00Z", channel) for channel, day in path],
        opportunities=[
            ("o", "l1", "2026-01-05T00:00:00Z", "100", "", "", "won", "2026-01-09T00:00:00Z"),
        ],
    )
    return reference.credits(folder, date(2026, 1, 1), date(2026, 1, 31), "2026-03-01")["models"][model]


def test_positions_on_the_path_share_the_credit(bundle):
    assert credited(bundle, PATH, "lead_source") == {"cold": 100}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", {"ads": 100}),
        ("last", {"seo": 100}),
        ("last_non_direct", {"seo": 100}),
        ("linear", {"ads": 25, "seo": 50, "direct": 25}),
        ("u_shaped", {"ads": 40, "seo": 50, "direct": 10}),
        # first; before creation on 1 January; before the opening on the 5th; one touch is the rest
        ("w_shaped", {"ads": 30, "seo": 40, "direct": 30}),
        # without direct, the half of seo that goes there is lost; without the others all is
        ("markov", {"ads": 40, "seo": 40, "direct": 20}),
    ],
)
def test_models_credit_the_path(bundle, model, expected):
    assert credited(bundle, PATH, model) == expected


def test_a_lone_touch_and_a_deal_without_touches_take_all(bundle):
    assert credited(bundle, PATH[:1], "w_shaped") == {"ads": 100}
    assert credited(bundle, [], "time_decay") == {"cold": 100}


def test_a_missing_role_scales_the_rest_to_the_whole(bundle):
    path = [("ads", "2026-01-06"), ("seo", "2026-01-07"), ("direct", "2026-01-08")]
    assert credited(bundle, path, "w_shaped") == {
        "ads": 75,
        "seo": Fraction(25, 2),
        "direct": Fraction(25, 2),
    }


def test_a_touch_one_half_life_older_weighs_half(bundle):
    path = [("ads", "2026-01-02"), ("seo", "2026-01-09")]
    assert credited(bundle, path, "time_decay") == {"ads": Fraction(100, 3), "seo": Fraction(200, 3)}


def test_markov_credits_what_removal_costs(bundle):
    """Paths: ads → seo → won, ads → lost, seo → lost. Each channel's removal: start → ads 2/3, ads →
    seo 1/2, seo → won 1/2: the chance is (2/3·1/2 + 1/3)·1/2 = 1/3; without ads 1/6, without seo 0."""
    won = ("2026-01-06T00:00:00Z", "90", "", "", "won", "2026-01-20T00:00:00Z")
    at = "2026-01-02T00:00:00Z"
    folder = bundle(
        leads=leads(1, 2, 3),
        touches=[("l1", at, "ads"), ("l1", at, "seo"), ("l2", at, "ads"), ("l3", at, "seo")],
        opportunities=[("o", "l1", *won)],
    )
    found = reference.credits(folder, date(2026, 1, 1), date(2026, 1, 31), "2026-03-01")
    assert found["models"]["markov"] == {"ads": 30, "seo": 60}


def test_scores_decay_are_capped_weighted_and_rounded_half_up(bundle):
    scoring = {
        "weights": {"behavioural": 0.5},
        "caps": {"demographic": 10},
        "thresholds": {"warm": 10, "mql": 30, "sql": 60},
        "rules": [
            {
                "slug": "boss",
                "category": "demographic",
                "points": 15,
                "when": {"field": "job_title", "op": "eq", "value": "ceo"},
            },
            {
                "slug": "view",
                "category": "behavioural",
                "per_event": "view",
                "points": 10,
                "half_life_days": 7,
                "daily_cap": 1,
            },
        ],
    }
    events = [("l1", "2026-01-08T00:00:00Z", "view"), ("l1", "2026-01-08T01:00:00Z", "view")]
    folder = bundle({"scoring": scoring}, leads=leads(1, job_title="CEO"), events=events)
    (row,) = reference.scores(folder, "2026-01-15T00:00:00Z")["leads"]
    assert (row["score"], row["band"]) == (13, "warm")  # 10 + 0.5 × 5 = 12.5
    assert [part["points"] for part in row["breakdown"]] == [15, 5]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"field": "job_title", "op": "eq", "value": "étudiant"}, True),
        ({"field": "industry", "op": "ne", "value": "x"}, False),  # blank
        ({"not": {"field": "industry", "op": "eq", "value": "x"}}, True),
        ({"any": []}, False),
        ({"all": []}, True),
        ({"field": "company_size", "op": "between", "value": [0, 10]}, True),
        ({"field": "company_size", "op": "is_set"}, True),
        ({"field": "tags", "op": "eq", "value": "VIP"}, True),
        ({"field": "tags", "op": "contains", "value": "vi"}, False),
        ({"field": "stage", "op": "eq", "value": "lead"}, True),
        ({"field": "age_days", "op": "eq", "value": 30}, True),
        ({"field": "free_email", "op": "eq", "value": True}, True),
        ({"field": "score", "op": "is_blank"}, True),
        ({"event": "view", "op": "count_gte", "value": 1, "within_days": 30}, True),
        ({"event": "view", "op": "count_gte", "value": 1, "within_days": 29}, False),
        ({"event": "download", "op": "count_lt", "value": 1}, True),
    ],
)
def test_conditions(bundle, condition, holds):
    rows = leads(1, job_title="ÉTUDIANT", company_size="10", tags="vip;b", email="a@GMAIL.com")
    folder = bundle({"icp": condition}, leads=rows, events=[("l1", "2026-01-01T12:00:00Z", "view")])
    found = ask(folder, "outside_icp_rate", as_of="2026-01-31T12:00:00Z")
    assert found["numerator"] == (0 if holds else 1)


def test_the_current_stage_is_the_latest_and_the_furthest_of_a_tie(bundle):
    icp = {"field": "stage", "op": "eq", "value": "recycled"}
    at = "2026-01-05T00:00:00Z"
    folder = bundle({"icp": icp}, leads=leads(1), stage_events=[("l1", "recycled", at), ("l1", "sql", at)])
    assert ask(folder, "outside_icp_rate")["value"] == 0


def test_buckets_start_on_the_calendar_and_end_at_as_of(bundle):
    folder = bundle(leads=leads(1, 14, 15, 20))
    weeks = ask(folder, "lead_volume", from_="2026-01-14", to="2026-01-31", as_of="2026-01-19", grain="week")
    assert [(row["start"], row["value"]) for row in weeks["series"]] == [("2026-01-12", 2), ("2026-01-19", 0)]


@pytest.mark.parametrize("seed", range(3))
def test_random_bundles_can_be_read_and_their_parts_sum_to_the_whole(tmp_path, seed):
    setting = write_random_bundle(tmp_path, seed)
    asked = {"from_": setting.days[1], "to": setting.days[-2], "as_of": setting.instants[-1]}
    found = reference.report(tmp_path, **asked, by="channel", grain="month")
    assert [kpi["slug"] for kpi in found["kpis"]] == list(KPIS)
    summed = {"lead_volume", "cost_per_lead", "customer_acquisition_cost", "lead_source_roi", "no_show_rate"}
    for kpi in found["kpis"]:
        if kpi["slug"] in summed and all(row["numerator"] is not None for row in kpi["breakdown"]):
            assert sum(row["numerator"] for row in kpi["breakdown"]) == (kpi["numerator"] or 0), kpi["slug"]
