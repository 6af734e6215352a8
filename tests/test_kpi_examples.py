"""The worked examples: every KPI once, with figures found by hand."""

import pytest

from leads.models import Appointment, Campaign, ContactAttempt, LandingPage, Session, SlaPolicy, Submission
from tests.kpi_helpers import at, channel, deal, definitions, entry, lead, leads, spend, value, workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace():
    workspace()


def visit(visitor, when="2026-01-10 09:00", **fields):
    return Session.objects.create(visitor=visitor, started_at=at(when), **fields)


def attempt(made, when, outcome="connected"):
    return ContactAttempt.objects.create(lead=made, at=at(when), medium="call", outcome=outcome)


def test_lead_volume_counts_leads_created_in_the_period():
    leads(3)
    lead("2025-12-31 23:59:59")
    lead("2026-04-01 00:00:00")
    found = entry("lead_volume")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (3, 3, None, 3)


def test_qualified_traffic_takes_the_mark_of_session_page_or_channel():
    visit("a", high_intent=True)
    visit(
        "b", landing_page=LandingPage.objects.create(key="demo", name="Demo", path="/demo", high_intent=True)
    )
    visit("c", channel=channel("reviews", high_intent=True))
    visit("d")
    assert entry("qualified_traffic")["value"] == 3


def test_visitor_conversion_counts_a_returning_visitor_once():
    leads(2)
    for visitor in ("a", "b", "c", "d"):
        visit(visitor)
        visit(visitor, "2026-02-01 10:00")
    assert value("visitor_conversion_rate") == 50.0


def test_landing_page_conversion_leaves_out_leads_and_visits_without_a_page():
    page = LandingPage.objects.create(key="demo", name="Demo", path="/demo")
    leads(1, landing_page=page)
    leads(5)
    for visitor in ("a", "b", "c", "d"):
        visit(visitor, landing_page=page)
    visit("e")
    assert value("landing_page_conversion_rate") == 25.0


def test_5000_spent_for_50_leads_is_100_a_lead():
    leads(50)
    spend("3000")
    spend("2000", "2026-03-31")
    spend("999", side="sales")
    found = entry("cost_per_lead")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (100, 5000, 50, 50)


def test_cost_per_qualified_lead_divides_by_the_qualified_stage_of_the_settings():
    leads(4, stages={"mql": "2026-02-01"})
    leads(2, stages={"sql": "2026-02-01"})
    spend("1200")
    assert value("cost_per_qualified_lead") == 200.0
    workspace(qualified_stage="sql")
    assert value("cost_per_qualified_lead") == 600.0


def test_channel_share_is_that_of_the_largest_channel():
    leads(3, channel=channel("ads"))
    leads(2, channel=channel("fairs"))
    leads(5)
    found = entry("channel_share")
    assert (found["value"], found["numerator"], found["denominator"]) == (30, 3, 10)
    assert found["details"] == {"largest": "ads"}


def test_campaign_return_is_leads_per_unit_of_campaign_money():
    campaign = Campaign.objects.create(key="spring", name="Spring", channel=channel("ads"))
    leads(4, campaign=campaign)
    leads(6)
    spend("1000", campaign=campaign)
    spend("5000")
    found = entry("campaign_return")
    assert (float(found["value"]), found["n"]) == (0.004, 4)


def test_key_information_is_complete_in_three_of_four_forms():
    made = lead()
    for complete in (True, True, True, False):
        Submission.objects.create(lead=made, at=at("2026-01-16"), complete=complete)
    assert value("key_information_completion_rate") == 75.0


def test_outside_icp_is_what_the_condition_does_not_match():
    definitions(icp={"field": "country", "op": "eq", "value": "fr"})
    leads(3, country="FR")
    leads(1, country="DE")
    leads(1)
    assert value("outside_icp_rate") == 40.0


def test_without_an_icp_there_is_no_outside():
    leads(3)
    found = entry("outside_icp_rate")
    assert (found["value"], found["n"], found["note"]) == (None, 0, "no ICP set")


def test_2_mql_of_10_leads_are_20_percent():
    leads(8)
    leads(2, stages={"mql": "2026-01-20"})
    assert value("mql_to_lead_ratio") == 20.0


def test_mql_to_sql_counts_each_by_its_own_date_or_by_the_cohort():
    lead("2025-11-01", stages={"mql": "2025-12-01", "sql": "2026-01-10"})
    lead(stages={"mql": "2026-01-20", "sql": "2026-04-10"})
    lead(stages={"mql": "2026-01-20"})
    period, cohort = entry("mql_to_sql_ratio"), entry("mql_to_sql_ratio", basis="cohort")
    assert (period["numerator"], period["denominator"], period["value"]) == (1, 2, 50)
    assert (cohort["numerator"], cohort["denominator"], cohort["value"]) == (1, 2, 50)
    assert value("mql_to_sql_ratio", basis="cohort", as_of="2026-04-09") == 0


def test_lead_conversion_shows_every_step_of_the_ladder():
    leads(5)
    leads(3, stages={"mql": "2026-02-01"})
    leads(2, stages={"customer": "2026-02-01"})
    found = entry("lead_conversion_rate")
    assert (found["value"], found["n"]) == (20, 10)
    steps = found["details"]["steps"]
    assert [(step["from"], step["to"], step["numerator"], step["denominator"]) for step in steps] == [
        ("lead", "mql", 5, 10),
        ("mql", "sal", 2, 5),
        ("sal", "sql", 2, 2),
        ("sql", "opportunity", 2, 2),
        ("opportunity", "customer", 2, 2),
    ]


def test_lead_quality_is_the_mean_score_with_shares_of_bands():
    definitions(
        scoring={
            "rules": [
                {
                    "slug": "fr",
                    "category": "demographic",
                    "points": 60,
                    "when": {"field": "country", "op": "eq", "value": "FR"},
                },
                {"slug": "all", "category": "firmographic", "points": 20, "when": {}},
            ],
            "thresholds": {"warm": 30, "mql": 60, "sql": 90},
        }
    )
    leads(1, country="FR")
    leads(3)
    found = entry("lead_quality_score")
    assert (found["value"], found["numerator"], found["denominator"]) == (35, 140, 4)
    assert found["details"]["bands"] == {"cold": 75, "warm": 0, "mql": 25, "sql": 0}


def test_first_contact_is_the_median_with_its_spread():
    for minutes in (1, 5, 30, 60):
        made = lead()
        attempt(made, f"2026-01-15 {12 + minutes // 60:02}:{minutes % 60:02}:00", "voicemail")
    lead()
    found = entry("first_contact_time")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (1050, 5760, 4, 4)
    assert found["details"] == {
        "median_seconds": 1050,
        "mean_seconds": 1440,
        "p90_seconds": 3060,
        "within_5_minutes_percent": 40,
        "answered": 4,
    }


def test_lead_response_waits_for_a_meaningful_outcome():
    made = lead()
    attempt(made, "2026-01-15 12:01", "no_answer")
    attempt(made, "2026-01-15 12:10", "email_sent")
    assert value("first_contact_time") == 60
    assert value("lead_response_time") == 600


def test_untreated_means_nobody_tried_even_before_the_lead_was_created():
    attempt(lead(), "2026-01-16", "no_answer")
    attempt(lead(), "2026-01-14", "no_answer")
    leads(2)
    lead("2026-03-31 23:00")
    assert value("untreated_lead_rate") == 60
    found = entry("untreated_lead_rate", as_of="2026-04-01T12:00:00Z")
    assert found["details"] == {"older_than_24_hours_percent": 50}


def test_no_show_rate_is_of_planned_appointments_and_warns_of_missing_outcomes():
    made = lead()
    for status in ("held", "held", "no_show", "scheduled", "cancelled", "rescheduled"):
        Appointment.objects.create(
            lead=made, booked_at=at("2026-01-16"), scheduled_for=at("2026-02-01 10:00"), status=status
        )
    found = entry("no_show_rate")
    assert (found["value"], found["numerator"], found["denominator"]) == (25, 1, 4)
    assert found["details"] == {"without_outcome": 1}
    assert found["note"] == "1 of 4 past appointments have no outcome recorded"


def test_sla_compliance_counts_only_leads_that_are_due():
    policy = SlaPolicy.objects.create(slug="hour", position=1, minutes=60)
    for answered in ("2026-01-15 13:00:00", "2026-01-15 13:00:01", None):
        made = lead(sla_policy=policy, sla_judged=True, response_due_at=at("2026-01-15 13:00"))
        if answered:
            attempt(made, answered)
    lead(sla_policy=policy, sla_judged=True, response_due_at=at("2026-07-15 13:00"))
    lead(sla_judged=True)
    found = entry("sla_compliance_rate")
    assert (found["numerator"], found["denominator"]) == (1, 3)


def test_without_a_policy_there_is_no_compliance():
    leads(1)
    assert entry("sla_compliance_rate")["note"] == "no SLA policy set"


def test_cost_per_opportunity_divides_by_leads_that_reached_it():
    made = lead()
    deal(made, 100)
    deal(made, 100)
    lead(stages={"customer": "2026-03-01"})
    spend("500")
    assert value("cost_per_opportunity") == 250


def test_pipeline_contribution_is_what_marketing_opened():
    deal(lead(channel=channel("ads")), 300)
    deal(lead(channel=channel("cold-calls", "outbound")), 500)
    deal(lead(), 200)
    deal(lead(channel=channel("mail", "email")))
    found = entry("pipeline_contribution")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (300, 300, 1000, 1)
    assert found["details"] == {"share_percent": 30}


def test_acquisition_cost_takes_both_sides_of_spend():
    leads(4, stages={"customer": "2026-03-01"})
    spend("6000")
    spend("4000", side="sales")
    found = entry("customer_acquisition_cost")
    assert (found["value"], found["numerator"], found["denominator"]) == (2500, 10000, 4)


def test_lifetime_value_is_three_times_its_cost():
    deal(lead(), monthly_revenue=100, won="2026-03-01")
    deal(lead(), 6400, won="2026-03-01")
    lead(stages={"customer": "2026-03-01"})
    spend("4000")
    found = entry("ltv_cac_ratio")
    # 100 × 0.8 × 36 = 2880 and 6400 × 0.8 = 5120: mean 4000; cost 4000 ÷ 3 customers
    assert float(found["value"]) == pytest.approx(3.0)
    assert (found["numerator"], found["n"]) == (4000, 2)


def test_return_on_a_lead_source_is_gain_over_cost():
    deal(lead(), 50000, won="2026-03-01")
    spend("20000")
    spend("5000", side="sales")
    found = entry("lead_source_roi")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (150, 30000, 20000, 1)
    assert value("lead_source_roi", cost="loaded") == 100


def test_velocity_from_10_to_11_qualified_leads_is_10_percent():
    leads(10, "2026-02-02", stages={"mql": "2026-02-28 23:59:59"})
    leads(11, "2026-02-02", stages={"mql": "2026-03-01"})
    found = entry("lead_velocity_rate")
    assert (found["value"], found["numerator"], found["denominator"], found["n"]) == (10, 1, 10, 11)
    assert found["details"] == {"month": "2026-03"}
    assert entry("lead_velocity_rate", to="2026-03-30")["details"] == {"month": "2026-02"}


def test_velocity_waits_for_the_month_to_be_over():
    assert entry("lead_velocity_rate", as_of="2026-03-31T23:59:59Z")["details"] == {"month": "2026-02"}
    assert entry("lead_velocity_rate", as_of="2026-04-01T00:00:00Z")["details"] == {"month": "2026-03"}
