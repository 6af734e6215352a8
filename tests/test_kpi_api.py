"""GET /api/v1/kpis/ and manage.py kpis: the same report, and clear errors."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from kpis.catalog import KPIS
from leads.models import Campaign, User
from tests.kpi_helpers import channel, deal, definitions, leads, spend, workspace

pytestmark = pytest.mark.django_db
URL = "/api/v1/kpis/"
PERIOD = {"from": "2026-01-01", "to": "2026-03-31"}


@pytest.fixture(autouse=True)
def _workspace():
    workspace(time_zone="Europe/Paris")


def printed(*args):
    out = io.StringIO()
    call_command("kpis", *args, stdout=out)
    return out.getvalue()


def test_the_report_has_the_documented_shape(manager_client):
    leads(2, channel=channel("google-ads"))
    spend("200")
    asked = {
        **PERIOD,
        "as_of": "2026-04-10T12:00:00",
        "by": "channel",
        "grain": "month",
        "kpi": "cost_per_lead",
    }
    report = manager_client.get(URL, asked).json()
    (kpi,) = report.pop("kpis")
    assert report == {
        "kind": "report",
        "period": {"from": "2026-01-01", "to": "2026-03-31", "time_zone": "Europe/Paris"},
        "as_of": "2026-04-10T12:00:00+02:00",
        "basis": "period",
        "currency": "EUR",
        "attribution": "lead_source",
        "cost": "shared",
        "filters": {},
        "by": "channel",
        "grain": "month",
    }
    assert kpi == {
        "slug": "cost_per_lead",
        "name": "Cost per lead",
        "group": "cost",
        "unit": "money",
        "good": "down",
        "value": 100.0,
        "numerator": 200.0,
        "denominator": 2,
        "n": 2,
        "note": "",
        "previous": None,
        "change_percent": None,
        "target": None,
        "details": {},
        "breakdown": [
            {"key": "google-ads", "label": "Google-Ads", "value": 0.0, "numerator": 0.0, "denominator": 2},
            {"key": "(none)", "label": "(none)", "value": None, "numerator": 200.0, "denominator": 0},
        ],
        "series": [
            {"start": "2026-01-01", "value": 100.0, "numerator": 200.0, "denominator": 2},
            {"start": "2026-02-01", "value": None, "numerator": 0.0, "denominator": 0},
            {"start": "2026-03-01", "value": None, "numerator": 0.0, "denominator": 0},
        ],
    }


def test_the_command_prints_what_the_api_answers(manager_client):
    leads(3)
    asked = {**PERIOD, "as_of": "2026-04-10"}
    command = json.loads(
        printed("--from=2026-01-01", "--to=2026-03-31", "--as-of=2026-04-10", "--format=json")
    )
    assert command == manager_client.get(URL, asked).json()
    assert [kpi["slug"] for kpi in command["kpis"]] == list(KPIS)


def test_a_plus_that_became_a_space_is_read_as_a_plus(manager_client):
    answer = manager_client.get(f"{URL}?from=2026-01-01&to=2026-01-31&as_of=2026-02-01T00:00:00+05:00")
    assert answer.json()["as_of"] == "2026-01-31T20:00:00+01:00"


def test_a_bare_date_means_its_last_instant(manager_client):
    answer = manager_client.get(URL, {**PERIOD, "as_of": "2026-02-01"})
    assert answer.json()["as_of"] == "2026-02-01T23:59:59.999999+01:00"


def test_a_period_that_is_yet_to_come_is_empty(manager_client):
    definitions(
        scoring={
            "rules": [{"slug": "any", "category": "demographic", "points": 10}],
            "thresholds": {"warm": 20, "mql": 50, "sql": 80},
        }
    )
    leads(1)
    for grain in ("day", "week", "month", "quarter"):
        answer = manager_client.get(URL, {**PERIOD, "as_of": "2025-12-01", "grain": grain, "by": "channel"})
        assert [(kpi["series"], kpi["breakdown"]) for kpi in answer.json()["kpis"]] == [([], [])] * len(KPIS)


def test_credits_of_a_channel_can_be_read_by_campaign(manager_client):
    ads = channel("ads")
    campaign = Campaign.objects.create(key="spring", name="Spring", channel=ads)
    deal(leads(1, channel=ads, campaign=campaign)[0], 100, won="2026-01-20")
    deal(leads(1, channel=ads)[0], 40, won="2026-01-20")
    asked = {
        **PERIOD,
        "kpi": "lead_source_roi",
        "filter": "channel=ads",
        "by": "campaign",
        "attribution": "linear",
    }
    rows = manager_client.get(URL, asked).json()["kpis"][0]["breakdown"]
    assert [(row["key"], row["numerator"]) for row in rows] == [("spring", 100), ("(none)", 40)]


BAD = [
    ({"to": "2026-01-31"}, "from"),
    ({"from": "2026-01-01"}, "to"),
    ({"from": "yesterday", "to": "2026-01-31"}, "from"),
    ({"from": "2026-02-30", "to": "2026-03-31"}, "from"),
    ({"from": "2026-02-02", "to": "2026-02-01"}, "from"),
    ({"from": "0001-01-01", "to": "2026-02-01"}, "from"),
    ({"from": "2026-01-01", "to": "9999-12-31"}, "to"),
    ({**PERIOD, "as_of": "soon"}, "as_of"),
    ({**PERIOD, "as_of": "9999-12-31"}, "as_of"),
    ({**PERIOD, "as_of": "0001-01-01T00:00:00+14:00"}, "as_of"),
    ({**PERIOD, "basis": "guess"}, "basis"),
    ({**PERIOD, "by": "planet"}, "by"),
    ({**PERIOD, "grain": "hour"}, "grain"),
    ({"from": "1900-01-01", "to": "2900-01-01", "grain": "day"}, "grain"),
    ({**PERIOD, "filter": "planet=mars"}, "filter"),
    ({**PERIOD, "filter": "channel"}, "filter"),
    ({**PERIOD, "filter": "channel=nowhere"}, "filter"),
    ({**PERIOD, "filter": "company_size=few"}, "filter"),
    ({**PERIOD, "filter": "country=F\0R"}, "filter"),
    ({**PERIOD, "attribution": "luck"}, "attribution"),
    ({**PERIOD, "cost": "free"}, "cost"),
    ({**PERIOD, "kpi": "happiness"}, "kpi"),
    ({**PERIOD, "basis": ["period", "cohort"]}, "basis"),
    ({**PERIOD, "planet": "mars"}, "planet"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_a_bad_request_is_told_which_field_is_wrong(manager_client, asked, field):
    answer = manager_client.get(URL, asked)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_the_command_names_the_bad_option():
    with pytest.raises(CommandError, match="--from: Must not be after"):
        printed("--from=2026-02-02", "--to=2026-02-01")
    with pytest.raises(CommandError, match="--as-of: “soon”"):
        printed("--scores", "--as-of=soon")


def test_figures_are_for_managers_and_admins(client, rep_client, manager_client, admin_client):
    assert client.get(URL, PERIOD).status_code == 403
    assert rep_client.get(URL, PERIOD).status_code == 403
    assert manager_client.get(URL, PERIOD).status_code == 200
    assert admin_client.get(URL, PERIOD).status_code == 200


def test_csv_cells_cannot_start_a_formula():
    leads(1, owner=User.objects.create(username="=1+1", name="=cmd()"))
    lines = csv.DictReader(
        io.StringIO(printed("--from=2026-01-01", "--to=2026-03-31", "--by=owner", "--format=csv"))
    )
    keys = {line["key"] for line in lines if line["slice"] == "breakdown" and line["slug"] == "lead_volume"}
    assert keys == {"'=1+1"}


def test_the_table_can_be_read():
    leads(1234)
    table = printed("--from=2026-01-01", "--to=2026-03-31")
    assert table.splitlines()[0].endswith("period basis, EUR")
    assert table.startswith("2026-01-01 to 2026-03-31 (Europe/Paris), as of 20")
    assert "Lead volume" in table
    assert "1,234" in table


def test_a_filter_given_twice_means_any_of_them(manager_client):
    first, second = channel("a"), channel("b")
    campaign = Campaign.objects.create(key="c", name="C", channel=first)
    leads(1, channel=first, campaign=campaign)
    leads(2, channel=second)
    leads(4)
    for filters, expected in (
        (["channel=a", "channel=b"], 3),
        (["channel=a", "channel=(none)"], 5),
        (["channel=(none)", "campaign=c"], 0),
        (["campaign=(none)"], 6),
    ):
        report = manager_client.get(URL, {**PERIOD, "kpi": "lead_volume", "filter": filters}).json()
        assert report["kpis"][0]["value"] == expected, filters
