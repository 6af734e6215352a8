"""Which policy a lead is under, and by when it must be answered."""

from datetime import timedelta
from decimal import Decimal

import pytest

from leads import response
from leads.models import BehaviourEvent, Lead
from leads.response import clocks
from tests.factories import NOON, make_calendar, make_lead, make_policy, utc

pytestmark = pytest.mark.django_db

IN_FRANCE = {"field": "country", "op": "eq", "value": "FR"}
BUSINESS = {"clock": "business_hours"}


def judged(lead, **options):
    response.judge(**options)
    lead.refresh_from_db()
    return lead


def test_the_first_policy_whose_condition_holds_applies():
    make_policy(slug="rest", position=9)
    french = make_policy(slug="french", position=1, when=IN_FRANCE)
    make_policy(slug="french-too", position=2, when=IN_FRANCE)
    assert judged(make_lead(country="FR")).sla_policy == french
    assert judged(make_lead(country="DE")).sla_policy.slug == "rest"


def test_a_lead_that_no_policy_wants_is_judged_and_under_none():
    make_policy(when=IN_FRANCE)
    lead = judged(make_lead(country="DE"))
    assert (lead.sla_judged, lead.sla_policy, lead.response_due_at) == (True, None, None)


def test_around_the_clock_a_lead_is_due_exactly_so_many_minutes_after_creation():
    make_policy(minutes=Decimal("1.5001"))
    lead = judged(make_lead(created_at=utc("2026-03-28 23:59:59.123456")))
    assert lead.response_due_at == utc("2026-03-29 00:01:29.129456")  # 90.006 seconds later


def test_no_minutes_are_due_at_creation():
    make_policy(minutes=0)
    assert judged(make_lead()).response_due_at == NOON


def test_in_business_hours_a_lead_is_due_after_so_many_open_minutes():
    make_policy(**BUSINESS, calendar=make_calendar(), minutes=120)
    lead = judged(make_lead(created_at=utc("2026-03-06 15:30")))  # Friday, half an hour before closing
    assert lead.response_due_at == utc("2026-03-09 09:30")


def test_each_policy_runs_on_its_own_calendar():
    paris = make_calendar(slug="paris")
    new_york = make_calendar(slug="new-york", time_zone="America/New_York")
    make_policy(**BUSINESS, calendar=paris, when=IN_FRANCE)
    make_policy(**BUSINESS, calendar=new_york)
    created_at = utc("2026-03-02 06:00")
    assert judged(make_lead(country="FR", created_at=created_at)).response_due_at == utc("2026-03-02 09:00")
    assert judged(make_lead(country="US", created_at=created_at)).response_due_at == utc("2026-03-02 15:00")


@pytest.mark.parametrize("clock", [{}, BUSINESS])
@pytest.mark.parametrize(("stops_on", "answered"), [("any", 1), ("meaningful", 2)])
def test_the_policy_says_what_answers_a_lead(clock, stops_on, answered):
    make_policy(**clock, calendar=make_calendar(), stops_on=stops_on)
    hour = timedelta(hours=1)
    lead = make_lead(first_attempt_at=NOON + hour, first_response_at=NOON + 2 * hour)
    assert judged(lead).answered_at == NOON + answered * hour


def test_a_condition_is_judged_as_of_creation():
    make_policy(when={"event": "pricing_view", "op": "count_gte", "value": 1})
    before, after = make_lead(), make_lead()
    BehaviourEvent.objects.create(lead=before, kind="pricing_view", at=NOON)
    BehaviourEvent.objects.create(lead=after, kind="pricing_view", at=NOON + timedelta(seconds=1))
    assert judged(before).sla_policy
    assert judged(after).sla_policy is None


def test_a_condition_may_look_at_other_tables():
    make_policy(when={"field": "owner", "op": "is_set"}, **BUSINESS, calendar=make_calendar())
    make_policy(when={"field": "stage", "op": "eq", "value": "lead"})
    assert judged(make_lead()).response_due_at == NOON + timedelta(hours=1)


def test_a_lead_is_judged_once():
    policy = make_policy(when=IN_FRANCE)
    lead = judged(make_lead(country="FR"))
    policy.minutes, lead.country = 999, "DE"
    policy.save()
    lead.save()
    assert response.judge() == 0
    assert judged(lead).response_due_at == NOON + timedelta(hours=1)


def test_a_policy_that_is_not_active_never_applies():
    make_policy(active=False)
    second = make_policy()
    assert judged(make_lead()).sla_policy == second


def test_without_policies_leads_wait_for_the_first_ones():
    lead = judged(make_lead())
    assert not lead.sla_judged
    policy = make_policy()
    assert response.judge() == 1
    assert judged(lead).sla_policy == policy


@pytest.mark.parametrize("status", ["spam", "test"])
def test_leads_that_do_not_count_are_judged_too(status):
    make_policy()
    assert judged(make_lead(status=status)).response_due_at


def test_only_the_leads_asked_for_are_judged():
    make_policy()
    first, second = make_lead(), make_lead()
    assert response.judge(Lead.objects.filter(pk=first.pk)) == 1
    assert list(Lead.objects.filter(sla_judged=True)) == [first]
    assert response.judge() == 1
    assert judged(second).sla_judged


def test_many_leads_are_started_in_chunks(monkeypatch):
    monkeypatch.setattr(clocks, "CHUNK", 2)
    make_policy(**BUSINESS, calendar=make_calendar(), when=IN_FRANCE)
    leads = [make_lead(country=country) for country in ("FR", "DE", "FR", "FR", "FR", "FR")]
    assert response.judge() == 6
    due = list(Lead.objects.order_by("pk").values_list("response_due_at", flat=True))
    hour = NOON + timedelta(hours=1)
    assert due == [hour, None, hour, hour, hour, hour]
    assert len(leads) == Lead.objects.filter(sla_judged=True).count()


def test_judging_again_follows_a_new_creation():
    make_policy()
    lead, other = judged(make_lead()), judged(make_lead())
    Lead.objects.update(created_at=NOON + timedelta(days=1))
    assert response.rejudge(Lead.objects.filter(pk=lead.pk)) == 1
    assert judged(lead).response_due_at == NOON + timedelta(days=1, hours=1)
    assert judged(other).response_due_at == NOON + timedelta(hours=1)


def test_the_number_of_queries_does_not_grow_with_the_leads(django_assert_num_queries):
    make_policy()
    make_policy(**BUSINESS, calendar=make_calendar(), when=IN_FRANCE)
    for _ in range(50):
        make_lead()
    # The policies, an update for the first, a look for the second, those left; and the transaction's two.
    with django_assert_num_queries(6):
        response.judge()


def test_a_lead_that_arrives_during_the_judging_waits_for_the_next(monkeypatch):
    make_policy(when=IN_FRANCE)
    make_policy()
    put_under = clocks._put_under

    def with_an_arrival(policy, leads):
        count = put_under(policy, leads)
        make_lead(country="FR", key=f"after {policy}")
        return count

    monkeypatch.setattr(clocks, "_put_under", with_an_arrival)
    assert response.judge() == 0
    assert not Lead.objects.filter(sla_judged=True).exists()
