"""How many queries a report takes: a fixed number, whatever it is asked over."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kpis import report
from kpis.catalog import KPIS
from kpis.query import parse
from leads.models import User
from tests.kpi_helpers import LATER, channel, definitions, leads, spend, workspace

pytestmark = pytest.mark.django_db


def queries(**params):
    asked = {"from": "2026-01-01", "to": "2026-03-31", "as_of": LATER, **params}
    with CaptureQueriesContext(connection) as captured:
        report.build(parse(asked))
    return len(captured)


@pytest.fixture(autouse=True)
def _workspace():
    workspace()
    definitions(
        icp={"field": "country", "op": "eq", "value": "FR"},
        scoring={
            "rules": [{"slug": "any", "category": "demographic", "points": 10}],
            "thresholds": {"warm": 20, "mql": 50, "sql": 80},
        },
    )


def test_a_further_kpi_over_the_same_rows_takes_no_further_query():
    one = queries(kpi=["untreated_lead_rate"])
    three = queries(kpi=["untreated_lead_rate", "first_contact_time", "mql_to_lead_ratio"])
    assert three == one + 2  # leads that reached MQL, in each of the two periods


def test_the_whole_report_takes_about_a_query_per_table_date_and_period():
    assert queries() <= 2 * 22
    assert queries() < 2 * len(KPIS)


@pytest.mark.parametrize(
    "params", [{}, {"by": "channel"}, {"grain": "day"}, {"by": "owner", "grain": "week"}]
)
def test_queries_do_not_grow_with_rows_or_channels(params):
    leads(1, channel=channel("first"), owner=User.objects.create(username="ann"))
    spend("10")
    few = queries(**params)
    for number in range(6):
        leads(3, channel=channel(f"channel-{number}"))
        spend("10")
    assert queries(**params) == few
