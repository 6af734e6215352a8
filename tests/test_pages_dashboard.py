"""The dashboard, its panels and its filters."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
import time_machine

from kpis.catalog import GROUPS, KPIS
from kpis.views.panels import PANELS
from leads import milestones
from leads.models import Appointment, Target
from tests.factories import make_attempt, make_lead, make_policy
from tests.kpi_helpers import channel, deal, lead, leads, spend, workspace

pytestmark = pytest.mark.django_db
QUARTER = "from=2026-01-01&to=2026-03-31&as_of=2026-06-30"


@pytest.fixture
def company():
    """Two channels with costs: ten leads of one, five of the other; six became MQL, two customers."""
    workspace(name="Fjordwell")
    ads, mail = channel("ads"), channel("mail", "email")
    stages = {"mql": "2026-01-16", "sal": "2026-01-17", "sql": "2026-01-18"}
    for number in range(10):
        lead(channel=ads, stages=stages if number < 4 else None, country="FR", first_name=f"Ad{number}")
    for number in range(5):
        lead(channel=mail, stages=stages if number < 2 else None, country="DE", first_name=f"Mail{number}")
    for won in leads(2, channel=ads, country="FR"):
        deal(won, 5000, won="2026-02-10")
    spend("600", channel=ads)
    milestones.rebuild()


def text(client, address, **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def card(page, slug):
    """Return the part of the page that is one KPI's card."""
    start = page.index(f'id="tip-{slug}"')
    return page[page.rindex('<a class="kpi', 0, start) : page.index("</a>", start)]


def test_an_empty_workspace_says_how_to_get_to_the_first_number(manager_client):
    page = text(manager_client, "/")
    assert "Get to your first number" in page
    assert "python manage.py import_bundle PATH" in page
    for kpi in KPIS.values():
        assert kpi.name in page
    assert "needs leads and an ICP" in page
    assert "needs two whole months" in page


def test_every_kpi_has_a_card_in_its_group(manager_client, company):
    page = text(manager_client, f"/?{QUARTER}")
    for title in GROUPS.values():
        assert title.replace("&", "&amp;") in page
    for kpi in KPIS.values():
        assert kpi.name in card(page, kpi.slug)
        assert f"<span>{kpi.source}</span>" in card(page, kpi.slug)


def test_a_card_shows_value_sample_and_what_it_is_compared_with(manager_client, company):
    leads(10, created="2025-11-10 12:00")
    shown = card(text(manager_client, f"/?{QUARTER}"), "lead_volume")
    assert '<span class="val">17</span>' in shown
    assert "+70.0%" in shown
    assert "n 17" in shown
    assert "Against 1 Oct 2025 – 31 Dec 2025" in shown


def test_a_share_changes_in_points(manager_client, company):
    for number in range(10):
        stages = {"mql": "2025-11-11"} if number < 2 else None
        lead(created="2025-11-10 12:00", stages=stages)
    milestones.rebuild()
    shown = card(text(manager_client, f"/?{QUARTER}"), "mql_to_lead_ratio")
    assert "47.1<small>%</small>" in shown  # 8 of 17, the two deals included
    assert "+27.1 pp" in shown


@pytest.mark.parametrize(
    ("slug", "target", "words"),
    [
        ("lead_volume", 17, "On target"),
        ("lead_volume", 18, "Close to target"),  # 5.6 % short
        ("lead_volume", 20, "Off target"),  # 15 % short
        ("cost_per_lead", 36, "On target"),  # 600 ÷ 17 = 35.29
        ("cost_per_lead", 33, "Close to target"),
        ("cost_per_lead", 30, "Off target"),
    ],
)
def test_a_target_is_met_close_or_missed(manager_client, company, slug, target, words):
    Target.objects.create(kpi=slug, value=Decimal(target))
    assert f'title="{words}"' in card(text(manager_client, f"/?{QUARTER}"), slug)


def test_few_records_are_grey_and_not_compared(manager_client, company):
    shown = card(text(manager_client, f"/?{QUARTER}"), "customer_acquisition_cost")
    assert '<span class="val t3">€300.00</span>' in shown
    assert "n 2, not compared below 5" in shown
    assert "delta" not in shown


def test_no_data_is_a_dash_with_the_reason(manager_client, company):
    page = text(manager_client, f"/?{QUARTER}")
    assert '<span class="val t3">—</span>' in card(page, "outside_icp_rate")
    assert "no ICP set" in card(page, "outside_icp_rate")
    assert "nothing to divide by" in card(page, "no_show_rate")


def test_a_filter_narrows_every_figure_and_says_what_it_cannot(manager_client, company):
    page = text(manager_client, f"/?{QUARTER}&filter=country=DE")
    assert '<span class="val">5</span>' in card(page, "lead_volume")
    assert "spend has no country" in card(page, "cost_per_lead")


def test_filters_of_one_name_are_alternatives(manager_client, company):
    page = text(manager_client, f"/?{QUARTER}&filter=channel=ads&filter=channel=mail")
    assert '<span class="val">17</span>' in card(page, "lead_volume")


def test_filters_that_leave_nothing_say_which_one_to_drop(manager_client, company):
    page = text(manager_client, f"/?{QUARTER}&filter=country=FR&filter=channel=mail")
    assert "No lead matches all 2 filters" in page
    assert "Without “Channel Mail” there would be 12" in page
    assert "Without “Country FR” there would be 5" in page


def test_options_switch_a_filter_and_keep_the_rest(manager_client, company):
    page = text(manager_client, f"/options/channel/?{QUARTER}&filter=channel=ads", HX_Request="true")
    assert "filter=channel%3Dads&amp;filter=channel%3Dmail" in page  # adds the other
    assert 'aria-current="true"' in page
    assert "(none)" in page
    assert "<html" not in page


@pytest.mark.parametrize("slug", ["channel", "owner", "team", "country", "company_size", "offer"])
def test_every_dimension_can_be_chosen_from_without_javascript(manager_client, company, slug):
    assert "<html" in text(manager_client, f"/options/{slug}/")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-30&to=2026-03-31", "from"),
        ("from=2026-04-01&to=2026-03-31", "from"),
        ("from=2026-01-01", "to"),
        ("basis=lunar", "basis"),
        ("filter=planet=mars", "filter"),
        ("filter=channel=no-such", "filter"),
        ("as_of=yesterday", "as_of"),
    ],
)
def test_a_bad_parameter_is_named_and_what_was_typed_is_kept(manager_client, company, query, field):
    response = manager_client.get(f"/?{query}")
    page = response.content.decode()
    assert response.status_code == 400
    assert f"<b>{field}</b>" in page
    if "from=" in query:
        assert f'value="{query[5:15]}"' in page


@pytest.mark.parametrize("slug", PANELS)
def test_a_panel_comes_alone_for_htmx_and_in_a_page_without(manager_client, company, slug):
    alone = text(manager_client, f"/panels/{slug}/?{QUARTER}", HX_Request="true")
    assert alone.lstrip().startswith(f'<section class="panel {PANELS[slug].width}"')
    assert "<html" in text(manager_client, f"/panels/{slug}/?{QUARTER}")


def test_an_unknown_panel_is_not_found(manager_client):
    assert manager_client.get("/panels/nope/").status_code == 404


def test_the_funnel_counts_each_stage(manager_client, company):
    page = text(manager_client, f"/panels/funnel/?{QUARTER}")
    counts = [part.split("<")[0] for part in page.split('<span class="val">')[1:]]
    assert counts == ["17", "8", "8", "8", "2", "2"]  # no sessions, so it begins at leads
    assert "47.1%" in page


def test_the_channel_table_has_a_row_per_channel_and_a_total(manager_client, company):
    page = text(manager_client, f"/panels/channels/?{QUARTER}")
    ads, mail = page.index(">Ads</a>"), page.index(">Mail</a>")
    assert ads < mail
    assert "70.6%" in page[ads:mail]  # 12 of 17
    assert "€50.00" in page[ads:mail]  # 600 ÷ 12
    assert "€35.29" in page[page.index("<tfoot>") :]


def test_the_channel_table_switches_to_owners_who_have_no_spend(manager_client, company):
    page = text(manager_client, f"/panels/channels/?{QUARTER}&by=owner")
    assert "Spend has no owner" in page
    assert '<td class="n">—</td>' in page


def test_the_channel_table_can_only_be_cut_by_what_it_offers(manager_client, company):
    assert manager_client.get("/panels/channels/?by=moon").status_code == 400


def test_response_times_are_counted_by_bar_with_five_minutes_inside(manager_client):
    workspace()
    for seconds in (30, 60, 61, 300, 301, 86400, 86401):
        contacted = lead()
        make_attempt(contacted, contacted.created_at + timedelta(seconds=seconds))
    lead()
    milestones.rebuild()
    page = text(manager_client, f"/panels/response/?{QUARTER}")
    bars = [row.split("</th>") for row in page.split('<th scope="row">')[1:]]
    counts = {unescape(label): int(rest.split('class="n">')[1].split("<")[0]) for label, rest in bars}
    reached = {label: count for label, count in counts.items() if count}
    assert reached == {"<1": 2, "1–2": 1, "4–5": 1, "5–10": 1, "4–24 h": 1, ">1 day": 1}
    assert "50.0%" in page  # 4 of the 8 leads were tried within five minutes


def test_attention_names_late_leads_and_missing_outcomes(manager_client, company):
    late = make_lead(
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        sla_policy=make_policy(),
        response_due_at=datetime(2026, 3, 1, 1, tzinfo=UTC),
    )
    Appointment.objects.create(
        lead=late,
        booked_at=late.created_at,
        scheduled_for=datetime(2026, 3, 3, tzinfo=UTC),
        status="scheduled",
    )
    page = text(manager_client, f"/?{QUARTER}")
    assert "1 lead past the SLA" in page
    assert "/leads/?response=late" in page
    assert "1 appointment without outcome" in page


def test_attention_names_spend_that_has_no_rate(manager_client, company):
    spend("100", currency="USD")
    assert "1 row without a rate" in text(manager_client, f"/?{QUARTER}")


@time_machine.travel(datetime(2026, 3, 15, 9, tzinfo=UTC), tick=False)
def test_without_dates_the_last_thirty_days_are_shown(manager_client):
    workspace()
    lead("2026-02-14 00:00")
    lead("2026-02-13 23:59")
    page = text(manager_client, "/")
    assert "14 Feb – 15 Mar" in page
    assert '<span class="val t3">1</span>' in card(page, "lead_volume")
    assert 'href="?from=2026-02-14&amp;to=2026-03-15" aria-current="true">30 d' in page
    assert 'href="?from=2025-03-16&amp;to=2026-03-15">12 m' in page
    assert 'href="?from=2026-01-01&amp;to=2026-03-15">QTD' in page


def test_the_export_has_every_kpi_of_the_page(manager_client, company):
    response = manager_client.get(f"/kpis.csv?{QUARTER}")
    lines = response.content.decode("utf-8-sig").splitlines()
    assert response["Content-Disposition"] == 'attachment; filename="kpis-2026-01-01-2026-03-31.csv"'
    assert len(lines) == 1 + len(KPIS)
    assert lines[1].startswith("lead_volume,Lead volume,acquisition,count,17,17,,17,")


def test_the_dashboard_asks_as_few_questions_for_many_rows_as_for_few(
    manager_client, company, django_assert_max_num_queries
):
    with django_assert_max_num_queries(90) as few:
        text(manager_client, f"/?{QUARTER}")
    leads(60)
    for number in range(20):
        spend(str(number + 1), day=f"2026-02-{number + 1:02}")
    with django_assert_max_num_queries(len(few)):
        text(manager_client, f"/?{QUARTER}")


@pytest.mark.parametrize("name", ["funnel", "clocks", "response", "velocity", "channels", "spend"])
def test_a_panel_asks_as_few_questions_for_many_channels_as_for_one(
    manager_client, company, name, django_assert_max_num_queries
):
    address = f"/panels/{name}/?{QUARTER}"
    with django_assert_max_num_queries(60) as few:
        text(manager_client, address)
    for number in range(6):
        leads(2, channel=channel(f"further-{number}"))
    with django_assert_max_num_queries(len(few)):
        text(manager_client, address)
