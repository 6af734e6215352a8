"""The real leads and deals of Olist, where the files are at hand: their address is in OLIST_DATA."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from leads.exchange import tables
from leads.models import LandingPage, Lead, Opportunity, Submission, User, Workspace

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("OLIST_DATA") or ROOT.parent / "shared/data/olist")
LEADS = DATA / "olist_marketing_qualified_leads_dataset.csv"
DEALS = DATA / "olist_closed_deals_dataset.csv"
SAO_PAULO = ZoneInfo("America/Sao_Paulo")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (LEADS.is_file() and DEALS.is_file()), reason="no Olist files; set OLIST_DATA"),
]


def plan(table, path, mapping):
    return tables.read(table, path, tables.load(ROOT / "examples/olist" / mapping))


def test_the_olist_files_give_the_published_figures():
    at = timezone.now()
    leads = plan("leads", LEADS, "leads.json").apply(at)
    deals = plan("opportunities", DEALS, "deals.json").apply(at)

    assert (leads.rows, leads.kinds["new"], leads.problem_count, leads.warning_count) == (8000, 8000, 0, 0)
    assert (deals.rows, deals.kinds["new"], deals.problem_count) == (842, 842, 0)
    assert [(warning.column, warning.reason) for warning in deals.warnings] == [
        ("won_date", "2018-03-06 19:38 UTC is before the lead's creation")
    ]
    check_volumes()
    check_conversion_by_origin()
    check_deals()

    assert plan("leads", LEADS, "leads.json").apply(at).kinds == {"unchanged": 8000}
    assert plan("opportunities", DEALS, "deals.json").apply(at).kinds == {"unchanged": 842}


def check_volumes():
    assert Workspace.current().zone == SAO_PAULO
    assert Lead.objects.count() == Submission.objects.count() == 8000
    assert LandingPage.objects.count() == 495
    span = Lead.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    assert span["first"].astimezone(SAO_PAULO).isoformat() == "2017-06-14T00:00:00-03:00"
    assert span["last"].astimezone(SAO_PAULO).isoformat() == "2018-05-31T00:00:00-03:00"
    months = (
        Lead.objects.annotate(month=TruncMonth("created_at", tzinfo=SAO_PAULO))
        .values_list("month")
        .annotate(leads=Count("pk"))
        .order_by("month")
    )
    volumes = [4, 239, 386, 312, 416, 445, 200, 1141, 1028, 1174, 1352, 1303]
    assert [leads for _, leads in months] == volumes
    assert [month.strftime("%Y-%m") for month, _ in months] == [
        *(f"2017-{month:02}" for month in range(6, 13)),
        *(f"2018-{month:02}" for month in range(1, 6)),
    ]


def check_conversion_by_origin():
    origins = Lead.objects.values_list("channel__key").annotate(
        leads=Count("pk"), customers=Count("pk", filter=Q(customer_at__isnull=False))
    )
    assert {origin: (leads, customers) for origin, leads, customers in origins} == {
        "organic_search": (2296, 271),
        "paid_search": (1586, 195),
        "social": (1350, 75),
        "unknown": (1099, 179),
        "direct_traffic": (499, 56),
        "email": (493, 15),
        "referral": (284, 24),
        "other": (150, 4),
        "display": (118, 6),
        "other_publicities": (65, 3),
        None: (60, 14),
    }
    customers = Lead.objects.filter(customer_at__isnull=False).count()
    assert (customers, 100 * customers / 8000) == (842, 10.525)


def check_deals():
    won = Opportunity.objects.filter(status="won", opened_at=F("closed_at"), currency="")
    span = won.aggregate(deals=Count("pk"), first=Min("closed_at"), last=Max("closed_at"))
    assert (span["deals"], span["first"].date().isoformat(), span["last"].date().isoformat()) == (
        842,
        "2017-12-05",
        "2018-11-14",
    )
    assert won.filter(lead__customer_at=F("closed_at"), lead__opportunity_at=F("opened_at")).count() == 842
    assert won.filter(closed_at__lt=F("lead__created_at")).get().closed_at == datetime(
        2018, 3, 6, 19, 38, 55, tzinfo=UTC
    )
    assert won.aggregate(highest=Max("amount"))["highest"] == Decimal(50_000_000)
    assert won.filter(amount=0).count() == 797
    owners = User.objects.filter(leads__isnull=False).distinct()
    assert {(user.role, user.has_usable_password()) for user in owners} == {("rep", False)}
    assert (owners.count(), Lead.objects.exclude(owner=None).count()) == (32, 842)
    assert Lead.objects.exclude(industry="").count() == 841
