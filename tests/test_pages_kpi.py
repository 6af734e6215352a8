"""The page of one KPI and the rows behind it."""

import csv
from decimal import Decimal
from io import StringIO

import pytest

from kpis import report
from kpis.catalog import KPIS
from kpis.query import parse
from leads import milestones
from leads.models import Session
from tests.factories import make_attempt, make_policy
from tests.kpi_helpers import at, channel, deal, lead, leads, spend, workspace

pytestmark = pytest.mark.django_db
QUARTER = "from=2026-01-01&to=2026-03-31&as_of=2026-06-30"


@pytest.fixture
def company(rep):
    """A little of everything, so that no KPI lacks rows."""
    workspace(name="Fjordwell")
    ads, mail = channel("ads", high_intent=True), channel("mail", "email")
    stages = {"mql": "2026-01-16", "sal": "2026-01-17", "sql": "2026-01-18"}
    make_policy()
    for number in range(6):
        made = lead(channel=ads, stages=stages, owner=rep, first_name=f"Ada{number}", company="Kestrel")
        make_attempt(made, at("2026-01-15 12:10"))
    for number in range(3):
        lead(channel=mail, first_name=f"Max{number}", company="Tidewell")
    for won in leads(2, channel=ads, first_name="Won"):
        deal(won, 5000, won="2026-02-10")
    spend("600", channel=ads)
    for number in range(4):
        Session.objects.create(visitor=f"v{number // 2}", started_at=at("2026-01-10"), channel=ads)
    milestones.rebuild()


def text(client, address, **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def rows(client, address):
    response = client.get(address)
    assert response.status_code == 200
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(body)))


@pytest.mark.parametrize("slug", KPIS)
def test_every_kpi_opens_in_an_empty_workspace(manager_client, slug):
    page = text(manager_client, f"/kpis/{slug}/")
    assert KPIS[slug].name in page


@pytest.mark.parametrize("slug", KPIS)
@pytest.mark.parametrize("basis", ["period", "cohort"])
def test_every_kpi_explains_itself_with_its_rows(manager_client, company, slug, basis):
    page = text(manager_client, f"/kpis/{slug}/?{QUARTER}&basis={basis}")
    assert KPIS[slug].formula in page.replace("&#x27;", "'")
    assert "Rows behind this number" in page
    assert 'data-chart="trend"' in page


@pytest.mark.parametrize("side", ["numerator", "denominator"])
def test_as_many_rows_lie_behind_a_figure_as_it_counts(manager_client, company, side):
    asked = {"from": "2026-01-01", "to": "2026-03-31", "as_of": "2026-06-30"}
    counted = {
        entry["slug"]: entry[side]
        for entry in report.build(parse(asked))["kpis"]
        if isinstance(entry[side], int) and entry["slug"] not in ("lead_velocity_rate", "lead_quality_score")
    }
    assert len(counted) >= 9
    for slug, count in counted.items():
        found = rows(manager_client, f"/kpis/{slug}/rows.csv?{QUARTER}&side={side}")
        assert len(found) == count, slug


def test_the_page_states_period_basis_and_source(manager_client, company):
    page = text(manager_client, f"/kpis/mql_to_sql_ratio/?{QUARTER}&basis=cohort")
    assert "Cohort: what the leads of the period did by now" in page
    assert "1 Oct 2025 – 31 Dec 2025" in page
    assert "<dd>A3 B12</dd>" in page


def test_one_walks_through_the_kpis_of_the_group(manager_client):
    first = text(manager_client, "/kpis/lead_volume/")
    assert "Next KPI: Qualified traffic" in first
    assert "Previous KPI" not in first
    last = text(manager_client, "/kpis/landing_page_conversion_rate/")
    assert "Previous KPI: Visitor conversion rate" in last
    assert "Next KPI" not in last


def test_a_breakdown_row_shows_only_its_own_rows(manager_client, company):
    page = text(manager_client, f"/kpis/lead_volume/?{QUARTER}&by=channel&row=mail")
    listed = page[page.index('id="rows"') :]
    assert "Max0" in listed
    assert "Ada0" not in listed
    assert "Channel <b>Mail</b>" in listed
    assert '<tr aria-selected="true">' in page


def test_every_breakdown_row_opens_as_many_rows_as_it_counts(manager_client, company):
    query = parse({"from": "2026-01-01", "to": "2026-03-31", "as_of": "2026-06-30", "by": "owner"})
    volume = report.build(query)["kpis"][0]
    assert [row["key"] for row in volume["breakdown"]] == ["rep", "(none)"]
    for row in volume["breakdown"]:
        found = rows(manager_client, f"/kpis/lead_volume/rows.csv?{QUARTER}&by=owner&row={row['key']}")
        assert len(found) == row["numerator"]


def test_a_dimension_the_kpi_lacks_is_refused_in_words(manager_client, company):
    page = text(manager_client, f"/kpis/cost_per_lead/?{QUARTER}&by=country")
    assert "Spend has no country" in page


def test_rows_can_be_searched(manager_client, company):
    listed = text(manager_client, f"/kpis/lead_volume/?{QUARTER}&q=tidewell+max1")
    assert "Max1" in listed
    assert "Max2" not in listed
    assert "No row matches “nothing”" in text(manager_client, f"/kpis/lead_volume/?{QUARTER}&q=nothing")


@pytest.mark.parametrize(
    ("slug", "side", "word", "found"),
    [
        ("visitor_conversion_rate", "denominator", "v1", 1),
        ("qualified_traffic", "numerator", "v1", 2),
        ("cost_per_lead", "numerator", "ads", 1),
        ("pipeline_contribution", "numerator", "won", 2),
        ("key_information_completion_rate", "denominator", "nobody", 0),
    ],
)
def test_rows_of_every_kind_can_be_searched(manager_client, company, slug, side, word, found):
    assert len(rows(manager_client, f"/kpis/{slug}/rows.csv?{QUARTER}&side={side}&q={word}")) == found


def test_rows_are_paged_by_fifty(manager_client):
    workspace()
    leads(51)
    first = text(manager_client, f"/kpis/lead_volume/?{QUARTER}")
    assert "1–50 of 51" in first
    assert "page=2#rows" in first
    assert "51–51 of 51" in text(manager_client, f"/kpis/lead_volume/?{QUARTER}&page=2")


def test_htmx_gets_the_rows_alone(manager_client, company):
    part = text(
        manager_client,
        f"/kpis/lead_volume/?{QUARTER}",
        **{"HX-Request": "true", "HX-Target": "rows"},
    )
    assert part.lstrip().startswith('<section class="panel g12" id="rows"')


def test_a_lead_among_the_rows_opens_its_page(manager_client):
    workspace()
    lead(key="N 1", first_name="Nadia")
    assert '<a class="row-link" href="/leads/N%201/">Nadia</a>' in text(
        manager_client, f"/kpis/lead_volume/?{QUARTER}"
    )


@pytest.mark.parametrize("query", ["side=middle", "by=moon", "page=0", "filter=channel=none", "from=x"])
def test_a_bad_choice_is_named(manager_client, query):
    response = manager_client.get(f"/kpis/lead_volume/?{query}")
    assert response.status_code == 400
    assert f"<b>{query.split('=')[0]}</b>" in response.content.decode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_an_export_is_a_formula(manager_client, start):
    workspace()
    lead(first_name=f"{start}cmd", company=f"{start}1+1")
    (row,) = rows(manager_client, f"/kpis/lead_volume/rows.csv?{QUARTER}")
    assert row["Company"].startswith("'")
    assert not row["Lead"].startswith(start)


def test_an_export_has_plain_numbers_and_local_times(manager_client):
    workspace(time_zone="Europe/Paris")
    made = lead("2026-01-15 12:00")
    deal(made, Decimal("18400.50"), opened="2026-01-20")
    (row,) = rows(manager_client, f"/kpis/pipeline_contribution/rows.csv?{QUARTER}&side=denominator")
    assert row["Amount"] == "18400.5"
    assert row["Opened"] == "2026-01-20T01:00:00+01:00"


def test_rows_of_a_kpi_that_cannot_be_had_are_not_exported(manager_client, company):
    response = manager_client.get(f"/kpis/outside_icp_rate/rows.csv?{QUARTER}")
    assert response.status_code == 404


def test_the_page_asks_as_few_questions_for_many_rows_as_for_few(
    manager_client, company, django_assert_max_num_queries
):
    address = f"/kpis/cost_per_lead/?{QUARTER}&side=denominator"
    with django_assert_max_num_queries(60) as few:
        text(manager_client, address)
    leads(40)
    with django_assert_max_num_queries(len(few)):
        text(manager_client, address)
