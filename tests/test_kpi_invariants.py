"""What must hold whatever the data: slices add up, periods split, cohorts stay within their leads."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpis import listings, report
from kpis.attribution import MODELS
from kpis.catalog import KPIS
from kpis.definitions import DIMENSIONS
from kpis.query import parse
from kpis.rows import SIDES, behind
from leads import milestones
from leads.models import (
    Appointment,
    Campaign,
    Channel,
    ContactAttempt,
    ExchangeRate,
    LandingPage,
    Lead,
    Opportunity,
    Session,
    Spend,
    Stage,
    StageEvent,
    Submission,
    Touch,
    User,
)
from tests.kpi_helpers import definitions, workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = "2026-05-01T00:00:00Z"
DISTINCT = {"visitor_conversion_rate", "landing_page_conversion_rate"}
NOT_ADDITIVE = {"channel_share", "ltv_cac_ratio"}
COHORTS = [slug for slug, kpi in KPIS.items() if kpi.has_cohort]
CHANNELS = ("ads", "direct", "fairs", "partners")

instants = st.integers(-10 * 24, 100 * 24).map(lambda hours: START + timedelta(hours=hours))
days = st.integers(0, 90).map(lambda number: START.date() + timedelta(days=number))
channels = st.sampled_from([None, *CHANNELS])
amounts = st.none() | st.integers(0, 5000).map(Decimal)
lead_rows = st.fixed_dictionaries(
    {
        "at": instants,
        "channel": channels,
        "owner": st.sampled_from([None, "ann", "bob"]),
        "page": st.booleans(),
        "campaign": st.booleans(),
        "country": st.sampled_from(["", "FR", "DE"]),
        "size": st.sampled_from([None, 1, 10, 11, 5000, 9999]),
        "status": st.sampled_from(["open", "open", "open", "spam"]),
        "stages": st.lists(st.tuples(st.sampled_from(Stage.values), instants), max_size=3),
        "attempts": st.lists(st.tuples(st.sampled_from(ContactAttempt.Outcome.values), instants), max_size=3),
        "touches": st.lists(st.tuples(st.sampled_from(CHANNELS), instants), max_size=4),
        "deals": st.lists(st.tuples(instants, instants, amounts, st.booleans(), st.booleans()), max_size=2),
        "meetings": st.lists(st.tuples(instants, st.sampled_from(Appointment.Status.values)), max_size=2),
    }
)
spend_rows = st.tuples(
    days,
    channels,
    st.integers(-50, 900),
    st.sampled_from(["marketing", "sales"]),
    st.sampled_from(["", "USD", "GBP"]),
)
session_rows = st.tuples(st.sampled_from("abcdef"), instants, channels, st.booleans(), st.booleans())


def build_facts(leads, spend, sessions):
    workspace()
    definitions(icp={"field": "country", "op": "eq", "value": "FR"})
    kinds = {"ads": "paid", "direct": "direct", "fairs": "event", "partners": "partner"}
    channel = {key: Channel.objects.create(key=key, name=key, kind=kinds[key]) for key in CHANNELS}
    campaign = Campaign.objects.create(key="spring", name="Spring", channel=channel["ads"])
    page = LandingPage.objects.create(key="demo", name="Demo", path="/demo", offer="Demo")
    owner = {name: User.objects.create(username=name) for name in ("ann", "bob")}
    ExchangeRate.objects.create(currency="USD", date=date(2026, 1, 20), rate=Decimal("0.9"))
    for row in leads:
        _build_lead(row, channel, campaign, page, owner)
    for day, key, amount, side, currency in spend:
        Spend.objects.create(
            date=day, side=side, category="ads", channel=channel.get(key), amount=amount, currency=currency
        )
    for visitor, when, key, with_page, intent in sessions:
        Session.objects.create(
            visitor=visitor,
            started_at=when,
            channel=channel.get(key),
            landing_page=page if with_page else None,
            high_intent=intent,
        )
    milestones.rebuild()


def _build_lead(row, channel, campaign, page, owner):
    lead = Lead.objects.create(
        created_at=row["at"],
        channel=channel["ads"] if row["campaign"] else channel.get(row["channel"]),
        campaign=campaign if row["campaign"] else None,
        landing_page=page if row["page"] else None,
        owner=owner.get(row["owner"]),
        country=row["country"],
        company_size=row["size"],
        status=row["status"],
    )
    Submission.objects.create(lead=lead, at=row["at"], complete=row["page"], landing_page=lead.landing_page)
    for stage, when in row["stages"]:
        StageEvent.objects.create(lead=lead, stage=stage, at=when)
    for outcome, when in row["attempts"]:
        ContactAttempt.objects.create(lead=lead, at=when, medium="call", outcome=outcome)
    for key, when in row["touches"]:
        Touch.objects.create(lead=lead, at=when, channel=channel[key])
    for opened, closed, amount, won, foreign in row["deals"]:
        Opportunity.objects.create(
            lead=lead,
            opened_at=opened,
            closed_at=closed if won else None,
            status="won" if won else "open",
            amount=amount,
            currency="USD" if foreign else "",
        )
    for when, status in row["meetings"]:
        Appointment.objects.create(
            lead=lead, booked_at=when - timedelta(days=2), scheduled_for=when, status=status
        )


facts = given(
    st.lists(lead_rows, max_size=8), st.lists(spend_rows, max_size=6), st.lists(session_rows, max_size=8)
)
few = settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)


def entries(start="2026-01-01", to="2026-03-31", **params):
    asked = {"from": start, "to": to, "as_of": AS_OF, **params}
    return {entry["slug"]: entry for entry in report.build(parse(asked))["kpis"]}


def close(numbers):
    return pytest.approx(float(sum(numbers)), rel=1e-9, abs=1e-6)


class Invariants(TestCase):
    @few
    @facts
    def test_the_rows_of_a_breakdown_add_up_to_the_total(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        for by in DIMENSIONS:
            for slug, entry in entries(by=by, attribution="linear").items():
                self._adds_up(slug, by, entry)

    def _adds_up(self, slug, by, entry):
        if slug in NOT_ADDITIVE or by not in KPIS[slug].dimensions:
            return
        for side in SIDES:
            total, parts = entry[side], [row[side] for row in entry["breakdown"]]
            if total is None or None in parts or (slug in DISTINCT and side == "denominator"):
                continue
            assert float(total) == close(parts), (slug, by, side)

    @few
    @facts
    def test_a_period_split_in_two_splits_every_count(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        whole, first, second = entries(), entries(to="2026-02-10"), entries("2026-02-11")
        for slug, entry in whole.items():
            if slug in DISTINCT | NOT_ADDITIVE | {"lead_velocity_rate", "outside_icp_rate"}:
                continue
            parts = [first[slug]["numerator"], second[slug]["numerator"]]
            if entry["numerator"] is not None and None not in parts:
                assert float(entry["numerator"]) == close(parts), slug

    @few
    @facts
    def test_a_series_adds_up_to_the_period(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        for slug, entry in entries(grain="week").items():
            if slug in DISTINCT | NOT_ADDITIVE | {"lead_velocity_rate"} or entry["numerator"] is None:
                continue
            parts = [bucket["numerator"] for bucket in entry["series"]]
            assert None in parts or float(entry["numerator"]) == close(parts), slug

    @few
    @facts
    def test_a_filter_gives_the_figure_of_its_breakdown_row(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        for by in ("channel", "campaign", "owner", "country", "company_size"):
            for slug, entry in entries(by=by, attribution="u_shaped").items():
                for row in entry["breakdown"]:
                    asked = {"filter": [f"{by}={row['key']}"], "kpi": [slug], "attribution": "u_shaped"}
                    found = entries(**asked)[slug]
                    expected = {name: row[name] for name in ("value", "numerator", "denominator")}
                    for name, number in expected.items():
                        same = pytest.approx(float(number)) if number is not None else None
                        got = found[name] if found[name] is None else float(found[name])
                        assert got == same, (slug, by, row["key"], name)

    @few
    @facts
    def test_under_the_cohort_basis_no_numerator_passes_its_denominator(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        for slug in COHORTS:
            entry = entries(basis="cohort", kpi=[slug])[slug]
            assert entry["numerator"] <= entry["denominator"], slug
        for step in entries(basis="cohort")["lead_conversion_rate"]["details"]["steps"]:
            assert step["numerator"] <= step["denominator"], step

    @few
    @facts
    def test_every_model_credits_exactly_what_was_won(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        found = listings.credits(None, None, datetime(2026, 5, 1, tzinfo=UTC))
        for model in MODELS:
            credited = sum(found["models"][model].values(), Decimal(0))
            if found["total"] is not None:
                assert credited == pytest.approx(found["total"], rel=Decimal("1e-12")), model

    @few
    @facts
    def test_a_count_opens_to_exactly_its_rows(self, leads, spend, sessions):
        build_facts(leads, spend, sessions)
        query = parse({"from": "2026-01-01", "to": "2026-03-31", "as_of": AS_OF})
        for slug, entry in entries().items():
            for side in SIDES:
                rows = behind(query, slug, side)
                counted = KPIS[slug].unit in ("count", "percent") and isinstance(entry[side], int)
                if rows and counted and slug not in {"lead_velocity_rate"}:
                    assert rows.count() == entry[side], (slug, side)
