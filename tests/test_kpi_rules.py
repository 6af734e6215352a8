"""The ground rules: what counts when, seen from which instant, and cut how."""

from datetime import timedelta

import pytest

from kpis import report
from kpis.query import parse
from leads import response
from leads.models import (
    Appointment,
    ContactAttempt,
    LandingPage,
    Session,
    SlaPolicy,
    StageEvent,
    Submission,
    User,
)
from tests.kpi_helpers import at, channel, deal, definitions, entry, lead, leads, spend, value, workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace():
    workspace()


def just_before(text):
    return (at(text) - timedelta(microseconds=1)).replace(tzinfo=None).isoformat()


def attempt(made, when, outcome="connected"):
    return ContactAttempt.objects.create(lead=made, at=at(when), medium="call", outcome=outcome)


def sides(slug, **params):
    found = entry(slug, **params)
    return found["numerator"], found["denominator"]


# Periods


@pytest.mark.parametrize(
    ("zone", "day", "first", "after"),
    [
        ("UTC", "2026-01-15", "2026-01-15 00:00", "2026-01-16 00:00"),
        ("Europe/Paris", "2026-03-29", "2026-03-28 23:00", "2026-03-29 22:00"),  # 23 hours
        ("Europe/Paris", "2026-10-25", "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 hours
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00", "2018-11-05 02:00"),  # has no midnight
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17 02:00", "2018-02-18 03:00"),  # 23:00 twice
    ],
)
def test_a_day_runs_from_its_first_instant_to_just_before_the_next_ones(zone, day, first, after):
    workspace(time_zone=zone)
    lead(first)
    lead(just_before(after))
    lead(just_before(first))
    lead(after)
    assert value("lead_volume", **{"from": day, "to": day, "as_of": "2026-12-31"}) == 2


@pytest.mark.parametrize(
    ("as_of", "instant"),
    [
        ("2026-03-29T02:30", "2026-03-29T03:30:00+02:00"),  # skipped: moves on by the gap
        ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),  # occurs twice: the first
        ("2026-03-28", "2026-03-28T23:59:59.999999+01:00"),
    ],
)
def test_an_instant_without_an_offset_is_workspace_time(as_of, instant):
    workspace(time_zone="Europe/Paris")
    asked = {"from": "2026-01-01", "to": "2026-03-31", "as_of": as_of, "kpi": ["lead_volume"]}
    assert report.build(parse(asked))["as_of"] == instant


def test_buckets_start_on_the_calendar_cover_only_the_period_and_end_at_the_instant():
    lead("2026-01-12 12:00")
    lead("2026-01-14 12:00")
    lead("2026-01-20 12:00")
    found = entry("lead_volume", grain="week", as_of="2026-01-21", **{"from": "2026-01-14"})
    assert [(row["start"], row["value"]) for row in found["series"]] == [("2026-01-12", 1), ("2026-01-19", 1)]


def test_a_quarter_begins_before_the_period_that_lies_within_it():
    lead("2026-01-31 12:00")
    lead("2026-02-28 12:00")
    found = entry("lead_volume", grain="quarter", **{"from": "2026-02-01", "to": "2026-04-01"})
    assert [(row["start"], row["value"]) for row in found["series"]] == [("2026-01-01", 1), ("2026-04-01", 0)]


# As of


def test_what_happens_at_the_instant_counts_and_a_microsecond_later_does_not():
    lead("2026-02-01 12:00:00")
    lead("2026-02-01 12:00:00.000001")
    assert value("lead_volume", as_of="2026-02-01T12:00:00Z") == 1


def test_a_lead_not_yet_created_does_not_exist_with_all_that_hangs_on_it():
    made = lead("2026-02-10", stages={"sql": "2026-01-20"})
    deal(made, 100, opened="2026-01-20", won="2026-01-25")
    Submission.objects.create(lead=made, at=at("2026-01-20"), complete=True)
    Appointment.objects.create(
        lead=made, booked_at=at("2026-01-10"), scheduled_for=at("2026-01-20"), status="held"
    )
    shown = {
        "mql_to_sql_ratio": (1, 1),
        "key_information_completion_rate": (1, 1),
        "no_show_rate": (0, 1),
        "pipeline_contribution": (0, 100),
        "lead_source_roi": (100, 0),
    }
    for slug, after in shown.items():
        assert sides(slug, as_of="2026-02-10T00:00:00Z") == after, slug
        assert sides(slug, as_of="2026-02-09T23:59:59Z") == (0, 0), slug


def test_a_deal_closed_after_the_instant_is_open():
    deal(lead(), 100, won="2026-02-01 12:00")
    assert sides("lead_source_roi", as_of="2026-02-01T11:59:59Z") == (0, 0)
    assert sides("lead_source_roi", as_of="2026-02-01T12:00:00Z") == (100, 0)
    assert entry("customer_acquisition_cost", as_of="2026-02-01T11:59:59Z")["n"] == 0
    assert entry("cost_per_opportunity", as_of="2026-02-01T11:59:59Z")["n"] == 1


def test_spend_counts_from_the_first_instant_of_its_day():
    workspace(time_zone="Europe/Paris")
    spend("100", "2026-02-01")
    assert sides("cost_per_lead", as_of="2026-01-31T23:59:59.999999+01:00") == (0, 0)
    assert sides("cost_per_lead", as_of="2026-02-01T00:00:00+01:00") == (100, 0)


def test_an_attempt_after_the_instant_has_not_been_made():
    attempt(lead("2026-01-15 12:00"), "2026-01-15 12:10")
    early, late = {"as_of": "2026-01-15T12:09:59Z"}, {"as_of": "2026-01-15T12:10:00Z"}
    assert (value("untreated_lead_rate", **early), value("untreated_lead_rate", **late)) == (100, 0)
    assert entry("first_contact_time", **early)["details"]["answered"] == 0
    assert value("first_contact_time", **late) == 600


# Leads and rungs


def test_merged_spam_and_test_leads_count_nowhere_but_visits_do():
    survivor = lead()
    lead(status="merged", merged_into=survivor, stages={"mql": "2026-01-20"})
    deal(lead(status="test"), 100, won="2026-02-01")
    spam = lead(status="spam")
    Session.objects.create(visitor="a", started_at=at("2026-01-15"), lead=spam, high_intent=True)
    assert sides("mql_to_lead_ratio") == (0, 1)
    assert sides("lead_source_roi") == (0, 0)
    assert value("qualified_traffic") == 1


def test_a_rung_entered_again_after_recycling_counts_once_at_its_first_time():
    made = lead(stages={"mql": "2026-01-20", "recycled": "2026-02-01"})
    StageEvent.objects.create(lead=made, stage="mql", at=at("2026-02-20"))
    assert entry("mql_to_lead_ratio", grain="month")["series"][1]["numerator"] == 0
    assert sides("mql_to_lead_ratio") == (1, 1)


def test_a_skipped_rung_is_reached_with_the_later_one():
    lead(stages={"opportunity": "2026-02-10", "mql": "2026-03-01"})
    steps = entry("lead_conversion_rate", grain="month")["details"]["steps"]
    assert [step["numerator"] for step in steps] == [1, 1, 1, 1, 0]
    found = entry("mql_to_sql_ratio", grain="month")["series"]
    assert [(row["numerator"], row["denominator"]) for row in found] == [(0, 0), (1, 1), (0, 0)]


def test_an_event_before_the_lead_was_created_counts_at_its_own_date():
    lead("2026-02-10", stages={"mql": "2026-01-20"})
    found = entry("mql_to_lead_ratio", grain="month")["series"]
    assert [(row["numerator"], row["denominator"]) for row in found] == [(1, 0), (0, 1), (0, 0)]


def test_the_current_stage_is_the_latest_outcomes_included_and_of_a_tie_the_furthest():
    definitions(icp={"field": "stage", "op": "eq", "value": "sql"})
    lead(stages={"sql": "2026-02-01", "mql": "2026-02-01"})
    lead(stages={"sql": "2026-02-01", "recycled": "2026-02-02"})
    assert sides("outside_icp_rate") == (1, 2)
    assert sides("outside_icp_rate", as_of="2026-02-01T00:00:00Z") == (0, 2)


# Basis


def test_each_cohort_kpi_asks_what_became_of_the_leads_of_its_denominator():
    lead("2025-12-01", stages={"mql": "2025-12-10", "sql": "2026-01-10", "customer": "2026-02-01"})
    lead("2025-12-01", stages={"mql": "2026-01-10", "sql": "2026-01-20"})
    lead("2026-01-10", stages={"mql": "2026-01-20", "customer": "2026-04-20"})
    lead("2026-01-10")
    expected = {
        "mql_to_lead_ratio": ((2, 2), (1, 2)),
        "mql_to_sql_ratio": ((2, 2), (2, 2)),
        "lead_conversion_rate": ((1, 2), (1, 2)),
    }
    for slug, (period, cohort) in expected.items():
        assert sides(slug) == period, slug
        assert sides(slug, basis="cohort") == cohort, slug
    early = {"basis": "cohort", "as_of": "2026-04-19"}
    assert sides("lead_conversion_rate", **early) == (0, 2)
    assert sides("mql_to_sql_ratio", **early) == (1, 2)


def test_cohort_steps_follow_those_who_reached_the_step_before_in_the_period():
    lead("2025-12-01", stages={"mql": "2025-12-10", "sal": "2026-01-10"})
    lead("2026-01-10", stages={"mql": "2026-01-20"})
    for _ in range(2):
        lead("2026-01-10", stages={"mql": "2026-01-20", "sal": "2026-04-01"})

    def step(**params):
        found = entry("lead_conversion_rate", **params)["details"]["steps"][1]
        return found["from"], found["to"], found["numerator"], found["denominator"]

    assert step() == ("mql", "sal", 1, 3)
    assert step(basis="cohort") == ("mql", "sal", 2, 3)


@pytest.mark.parametrize("slug", ["outside_icp_rate", "untreated_lead_rate", "cost_per_qualified_lead"])
def test_other_kpis_are_the_same_under_the_cohort_basis(slug):
    definitions(icp={"field": "country", "op": "eq", "value": "FR"})
    lead("2025-12-01", stages={"mql": "2026-01-10"})
    attempt(lead(stages={"mql": "2026-04-10"}), "2026-04-10")
    lead(country="FR")
    spend("100")
    assert (
        sides(slug, basis="cohort")
        == sides(slug)
        == {
            "outside_icp_rate": (1, 2),
            "untreated_lead_rate": (1, 2),
            "cost_per_qualified_lead": (100, 1),
        }[slug]
    )


# The previous period


@pytest.mark.parametrize(
    ("first", "last", "days_before"),
    [
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),  # whole months: as many of them
        ("2026-02-01", "2026-02-28", ("2026-01-01", "2026-01-31")),
        ("2026-03-01", "2026-03-30", ("2026-01-30", "2026-02-28")),  # else as many days
        ("2026-01-11", "2026-01-20", ("2026-01-01", "2026-01-10")),
    ],
)
def test_whole_months_are_compared_with_whole_months_and_days_with_days(first, last, days_before):
    start, end = days_before
    lead(just_before(start))
    lead(f"{start} 00:00")
    lead(f"{end} 23:59:59.999999")
    assert entry("lead_volume", **{"from": first, "to": last})["previous"] == 2


def test_a_running_period_is_compared_with_the_same_part_of_the_one_before():
    workspace(time_zone="Europe/Paris")
    lead("2026-03-15 11:00:00")  # 12:00 in winter, as is 10:00 in April
    lead("2026-03-15 11:00:01")
    april = {"from": "2026-04-01", "to": "2026-04-30"}
    assert entry("lead_volume", **april, as_of="2026-04-15T12:00:00+02:00")["previous"] == 1
    assert entry("lead_volume", **april, as_of="2026-05-01T00:00:00+02:00")["previous"] == 2


def test_a_cohort_is_compared_with_one_that_had_as_much_time():
    lead("2026-02-10", stages={"mql": "2026-03-13"})
    march = {"from": "2026-03-01", "to": "2026-03-31", "basis": "cohort"}
    assert entry("mql_to_lead_ratio", **march, as_of="2026-04-10T00:00:00Z")["previous"] == 100
    assert entry("mql_to_lead_ratio", **march, as_of="2026-04-09T23:59:59Z")["previous"] == 0


def test_the_change_is_relative_to_the_size_of_the_value_before():
    deal(lead("2025-12-01"), 50, won="2025-12-10")
    spend("100", "2025-12-10")
    deal(lead(), 200, won="2026-02-01")
    spend("100", "2026-02-01")
    found = entry("lead_source_roi")
    assert (found["value"], found["previous"], found["change_percent"]) == (100, -50, 300)


def test_there_is_no_change_from_zero_or_from_nothing():
    lead(stages={"mql": "2026-02-01"})
    assert (entry("lead_volume")["previous"], entry("lead_volume")["change_percent"]) == (0, None)
    found = entry("mql_to_lead_ratio")
    assert (found["previous"], found["change_percent"]) == (None, None)


# Breakdowns and filters


def test_rows_go_from_the_largest_numerator_down_none_last_and_empty_ones_left_out():
    ads, fairs, _ = channel("ads"), channel("fairs"), channel("mail")
    leads(1, channel=ads)
    leads(2, channel=fairs)
    leads(5)
    found = entry("lead_volume", by="channel")["breakdown"]
    assert [(row["key"], row["numerator"]) for row in found] == [("fairs", 2), ("ads", 1), ("(none)", 5)]


def test_company_sizes_fall_into_bands():
    for size in (1, 10, 11, 50, 51, 200, 201, 500, 501, 1000, 1001, 5000, 5001, 90000, None):
        lead(company_size=size)
    found = entry("lead_volume", by="company_size")["breakdown"]
    bands = ("1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001+")
    assert {row["key"]: row["value"] for row in found} == {**dict.fromkeys(bands, 2), "(none)": 1}


def test_a_form_goes_by_its_own_page_and_by_its_leads_channel():
    pages = [LandingPage.objects.create(key=key, name=key, path=key, offer=key.upper()) for key in "ab"]
    made = lead(channel=channel("ads"), landing_page=pages[0])
    Submission.objects.create(lead=made, at=at("2026-01-20"), landing_page=pages[1], complete=True)
    cut = {"landing_page": "b", "offer": "B", "channel": "ads"}
    for by, key in cut.items():
        (row,) = entry("key_information_completion_rate", by=by)["breakdown"]
        assert row["key"] == key


@pytest.mark.parametrize(
    ("slug", "dimension", "note"),
    [
        ("cost_per_lead", "country", "spend has no country"),
        ("qualified_traffic", "owner", "sessions have no owner"),
        ("lead_source_roi", "landing_page", "spend has no landing page"),
        ("visitor_conversion_rate", "industry", "sessions have no industry"),
    ],
)
def test_a_dimension_that_a_source_lacks_gives_no_value_but_a_reason(slug, dimension, note):
    lead(country="FR")
    spend("100")
    cut, filtered = entry(slug, by=dimension), entry(slug, filter=[f"{dimension}=(none)"])
    for found in (cut, filtered):
        assert (found["value"], found["numerator"], found["n"], found["note"]) == (None, None, 0, note)
    assert cut["breakdown"] == []


def test_the_same_filter_twice_means_any_and_different_ones_mean_all():
    ads, fairs = channel("ads"), channel("fairs")
    lead(channel=ads, country="FR")
    lead(channel=fairs, country="FR", owner=User.objects.create(username="ann"))
    lead(channel=fairs, country="DE")
    lead()
    counted = {
        ("channel=ads", "channel=fairs"): 3,
        ("channel=ads", "channel=fairs", "country=FR"): 2,
        ("channel=(none)",): 1,
        ("channel=ads", "channel=(none)"): 2,
        ("country=(none)",): 1,
        ("owner=ann",): 1,
        ("owner=(none)", "country=FR"): 1,
    }
    for filters, number in counted.items():
        assert value("lead_volume", filter=list(filters)) == number, filters


# Treatment


def test_five_minutes_are_300_seconds_and_not_a_microsecond_more():
    attempt(lead("2026-01-15 12:00"), "2026-01-15 12:05:00")
    attempt(lead("2026-01-15 12:00"), "2026-01-15 12:05:00.000001")
    assert entry("first_contact_time")["details"]["within_5_minutes_percent"] == 50


def test_a_lead_is_older_than_24_hours_once_they_have_passed():
    lead("2026-01-15 12:00")

    def older(as_of):
        return entry("untreated_lead_rate", as_of=as_of)["details"]["older_than_24_hours_percent"]

    assert older("2026-01-16T12:00:00Z") is None
    assert older("2026-01-16T12:00:00.000001Z") == 100


def test_an_appointment_is_planned_once_it_is_booked_and_its_time_has_come():
    Appointment.objects.create(
        lead=lead(), booked_at=at("2026-02-02"), scheduled_for=at("2026-02-01"), status="no_show"
    )
    Appointment.objects.create(
        lead=lead(), booked_at=at("2026-01-20"), scheduled_for=at("2026-02-01 10:00"), status="held"
    )
    assert sides("no_show_rate", as_of="2026-02-01T09:59:59Z") == (0, 0)
    assert sides("no_show_rate", as_of="2026-02-01T10:00:00Z") == (0, 1)
    assert sides("no_show_rate", as_of="2026-02-02T00:00:00Z") == (1, 2)


def test_missing_outcomes_are_warned_of_above_ten_percent():
    made = lead()

    def meet(status):
        Appointment.objects.create(
            lead=made, booked_at=at("2026-01-20"), scheduled_for=at("2026-02-01"), status=status
        )

    for _ in range(9):
        meet("held")
    meet("scheduled")
    assert entry("no_show_rate")["note"] == ""
    meet("scheduled")
    assert entry("no_show_rate")["note"] == "2 of 11 past appointments have no outcome recorded"


def test_a_response_is_due_at_its_instant_and_attempts_before_creation_do_not_stop_the_clock():
    SlaPolicy.objects.create(slug="hour", position=1, minutes=60)
    attempt(lead("2026-01-15 12:00"), "2026-01-15 11:59:59")
    attempt(lead("2026-01-15 12:00"), "2026-01-15 13:00")
    attempt(lead("2026-01-15 12:00"), "2026-01-15 13:00:00.000001")
    attempt(lead("2026-01-15 12:00"), "2026-01-15 12:30", "voicemail")
    response.judge()
    assert sides("sla_compliance_rate", as_of="2026-01-15T12:59:59.999999Z") == (0, 0)
    assert sides("sla_compliance_rate", as_of="2026-01-15T13:00:00Z") == (1, 4)
    assert value("untreated_lead_rate") == 0


# Velocity


def test_growth_from_no_qualified_lead_is_no_data():
    lead("2026-03-01", stages={"mql": "2026-03-02"})
    found = entry("lead_velocity_rate")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (None, 1, 0, 1)


def test_velocity_takes_the_last_whole_month_by_the_workspaces_clock():
    workspace(time_zone="Europe/Paris")
    leads(2, "2026-01-20", stages={"mql": "2026-01-31 22:59:59"})
    leads(3, "2026-01-20", stages={"sql": "2026-01-31 23:00"})
    found = entry("lead_velocity_rate", to="2026-02-28")
    assert (found["value"], found["details"]) == (50, {"month": "2026-02"})
    assert entry("lead_velocity_rate", as_of="2026-02-28T23:59:59")["details"] == {"month": "2026-01"}


def test_velocity_may_look_before_the_period():
    leads(1, "2025-11-01", stages={"mql": "2025-11-10"})
    leads(3, "2025-11-01", stages={"mql": "2025-12-10"})
    found = entry("lead_velocity_rate", **{"from": "2026-01-05", "to": "2026-01-20"})
    assert (found["value"], found["details"]) == (200, {"month": "2025-12"})
