"""What things cost and brought in: money, who bears it, what a customer is worth."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command

from leads.models import Campaign, ExchangeRate, Lead, Session, Spend, Touch
from tests.kpi_helpers import at, channel, deal, entry, lead, leads, rows, spend, value, workspace
from tests.reference.handmade import write_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace():
    workspace()


def sides(slug, **params):
    found = entry(slug, **params)
    return found["numerator"], found["denominator"]


def rate(day, per_unit):
    ExchangeRate.objects.create(currency="USD", date=date.fromisoformat(day), rate=Decimal(per_unit))


# Exchange rates


def test_money_is_converted_at_the_latest_rate_on_or_before_its_day():
    rate("2026-01-10", "0.9")
    rate("2026-01-20", "0.8")
    for day, amount in (("2026-01-10", 90), ("2026-01-19", 90), ("2026-01-20", 80), ("2026-03-01", 80)):
        row = spend("100", day, currency="USD")
        assert sides("cost_per_lead") == (amount, 0), day
        row.delete()


def test_rows_without_a_rate_are_left_out_and_counted_in_the_note():
    leads(2)
    spend("50")
    spend("100", "2026-01-05", currency="USD")
    rate("2026-01-10", "0.9")
    found = entry("cost_per_lead")
    assert (found["value"], found["numerator"], found["note"]) == (25, 50, "1 row without a rate")
    spend("100", "2026-01-06", currency="USD")
    assert entry("cost_per_lead")["note"] == "2 rows without a rate"


def test_a_sum_of_which_every_row_lacks_a_rate_is_not_zero():
    leads(2)
    spend("100", currency="USD")
    spend("100", currency="CHF")
    found = entry("cost_per_lead", by="channel")
    assert (found["value"], found["numerator"], found["denominator"]) == (None, None, 2)
    assert found["note"] == "2 rows without a rate"
    assert found["breakdown"] == [
        {"key": "(none)", "label": "(none)", "value": None, "numerator": None, "denominator": 2}
    ]


def test_a_deal_is_converted_at_the_day_it_counts_in_the_workspace():
    workspace(time_zone="Europe/Paris")
    rate("2026-01-10", "0.9")
    rate("2026-01-20", "0.8")
    made = lead(channel=channel("ads"))
    deal(made, 100, opened="2026-01-19 22:59", won="2026-01-19 23:00", currency="USD")
    assert value("pipeline_contribution") == 90
    assert entry("lead_source_roi")["numerator"] == 80


def test_credit_notes_lower_the_spend_and_no_cost_gives_no_return():
    leads(2)
    spend("100")
    spend("-30")
    assert value("cost_per_lead") == 35
    spend("-70")
    assert (value("cost_per_lead"), value("lead_source_roi")) == (0, None)


# Who bears a cost


@pytest.fixture
def _spent():
    """Ads cost 600 + 100 sales, fairs 200; of no channel are 100 + 50 sales. Leads are 6 : 2 : 2."""
    ads, fairs = channel("ads"), channel("fairs")
    leads(6, channel=ads)
    leads(2, channel=fairs)
    leads(2)
    spend("600", channel=ads)
    spend("100", channel=ads, side="sales")
    spend("200", channel=fairs)
    spend("100")
    spend("50", side="sales")


@pytest.mark.usefixtures("_spent")
def test_cost_per_lead_by_channel_takes_direct_spend_and_leaves_the_rest_in_none():
    assert rows("cost_per_lead", "channel") == {"ads": (600, 6), "fairs": (200, 2), "(none)": (100, 2)}


@pytest.mark.usefixtures("_spent")
@pytest.mark.parametrize(
    ("cost", "ads", "fairs", "none"),
    [
        ("shared", 660, 220, 20),  # the 100 of no channel go 60 : 20 : 20
        ("loaded", 790, 230, 30),  # and so do the 150 of both sides
        ("direct", 600, 200, 100),
    ],
)
def test_return_by_channel_bears_the_cost_that_is_asked_for(cost, ads, fairs, none):
    found = rows("lead_source_roi", "channel", cost=cost)
    assert found == {"fairs": (-fairs, fairs), "ads": (-ads, ads), "(none)": (-none, none)}
    assert sides("lead_source_roi", cost=cost)[1] == ads + fairs + none


@pytest.mark.usefixtures("_spent")
def test_acquisition_cost_by_channel_shares_both_sides_whatever_cost_says():
    lead("2025-12-01", channel=Lead.objects.first().channel, stages={"customer": "2026-02-01"})
    expected = {"ads": (790, 1), "fairs": (230, 0), "(none)": (30, 0)}
    for cost in ("shared", "loaded", "direct"):
        assert rows("customer_acquisition_cost", "channel", cost=cost) == expected


@pytest.mark.usefixtures("_spent")
def test_shares_are_computed_before_a_channel_filter():
    for key, cost in {"ads": 790, "fairs": 230, "(none)": 30}.items():
        assert sides("customer_acquisition_cost", filter=[f"channel={key}"]) == (cost, 0)
    assert sides("customer_acquisition_cost", filter=["channel=ads", "channel=(none)"]) == (820, 0)


@pytest.mark.usefixtures("_spent")
def test_without_leads_shares_go_by_direct_marketing_spend():
    Lead.objects.update(created_at=at("2025-12-01"))
    # 600 : 200, so ads bear three quarters of the 150 of no channel
    assert rows("customer_acquisition_cost", "channel") == {"ads": (812.5, 0), "fairs": (237.5, 0)}
    assert {key: cost for key, (_, cost) in rows("lead_source_roi", "channel").items()} == {
        "ads": 675,
        "fairs": 225,
    }


def test_without_leads_and_direct_marketing_spend_the_rest_stays_in_none():
    spend("50", channel=channel("ads"), side="sales")
    spend("100")
    assert rows("customer_acquisition_cost", "channel") == {"ads": (50, 0), "(none)": (100, 0)}


def test_by_campaign_only_direct_spend_counts():
    ads = channel("ads")
    spring, autumn = (Campaign.objects.create(key=key, name=key, channel=ads) for key in ("spring", "autumn"))
    leads(3, channel=ads, campaign=spring)
    leads(1, channel=ads, campaign=autumn)
    spend("90", channel=ads, campaign=spring)
    spend("10", channel=ads)
    spend("40")
    assert rows("customer_acquisition_cost", "campaign") == {"spring": (90, 0), "(none)": (50, 0)}
    assert rows("campaign_return", "campaign") == {"spring": (3, 90), "autumn": (1, 0)}


def test_a_campaign_gives_its_channel_to_rows_that_name_none(tmp_path):
    folder = write_bundle(
        tmp_path / "bundle",
        campaigns=[("spring", "Spring", "ads")],
        leads=[("l1", "2026-01-15T12:00:00Z", "", "", "", "", "", "", "spring")],
        spend=[("s1", "2026-01-20", "marketing", "ads", "", "spring", "100", "")],
    )
    (folder / "sessions.csv").write_text("id,visitor,started_at,campaign\nv1,a,2026-01-15T11:00:00Z,spring\n")
    (folder / "touches.csv").write_text("lead,at,campaign\nl1,2026-01-15T11:00:00Z,spring\n")
    call_command("import_bundle", folder, verbosity=0)
    for model in (Lead, Spend, Session, Touch):
        assert model.objects.get().channel.key == "ads", model


# The largest channel


def test_of_equally_large_channels_the_smallest_id_is_named():
    leads(2, channel=channel("fairs"))
    leads(2, channel=channel("ads"))
    leads(6)
    found = entry("channel_share", by="channel")
    assert (found["value"], found["details"]) == (20, {"largest": "ads"})
    assert [(row["key"], row["numerator"], row["denominator"]) for row in found["breakdown"]] == [
        ("ads", 2, 10),
        ("fairs", 2, 10),
        ("(none)", 6, 10),
    ]


def test_leads_without_a_channel_are_never_the_largest():
    leads(3)
    found = entry("channel_share")
    assert (found["value"], found["numerator"], found["details"]) == (0, 0, {"largest": None})


# What customers are worth


def test_lifetime_value_goes_by_the_deal_won_first():
    made = lead()
    deal(made, 1000, won="2026-02-10")
    deal(made, 500, won="2026-02-05")
    spend("100")
    found = entry("ltv_cac_ratio")
    assert (found["numerator"], found["denominator"], found["n"]) == (400, 100, 1)
    assert entry("lead_source_roi")["numerator"] == 1400  # the second deal adds revenue, no customer


def test_a_monthly_revenue_of_zero_is_a_value():
    deal(lead(), 5000, monthly_revenue=0, won="2026-02-05")
    deal(lead(), 1000, won="2026-02-05")
    assert entry("ltv_cac_ratio")["numerator"] == 400  # (0 + 800) ÷ 2


def test_customers_without_a_deal_or_an_amount_are_left_out_of_the_mean_only():
    deal(lead(), 1000, won="2026-02-05")
    deal(lead(), won="2026-02-05")
    lead(stages={"customer": "2026-02-05"})
    spend("600")
    found = entry("ltv_cac_ratio")
    assert (found["numerator"], found["denominator"], found["value"], found["n"]) == (800, 200, 4, 1)


def test_lifetime_value_follows_the_settings_and_the_closing_days_rate():
    workspace(gross_margin=Decimal("0.5"), lifetime_months=12)
    rate("2026-01-01", "0.9")
    rate("2026-02-05", "0.8")
    deal(lead(), monthly_revenue=100, won="2026-02-05", currency="USD")
    assert entry("ltv_cac_ratio")["numerator"] == 480  # 100 × 0.8 × 0.5 × 12


def test_sourced_by_marketing_is_every_channel_but_outbound_and_partner():
    for kind in ("paid", "organic", "direct", "event", "other", "outbound", "partner"):
        deal(lead(channel=channel(kind, kind)), 10)
    deal(lead(), 10)
    found = entry("pipeline_contribution")
    assert (found["numerator"], found["denominator"], found["n"]) == (50, 80, 5)
