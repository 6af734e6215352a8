"""Derived columns of a lead against its events."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from leads import milestones
from leads.models import Lead
from tests.factories import (
    NOON,
    make_attempt,
    make_lead,
    make_opportunity,
    make_policy,
    make_stage_event,
)

pytestmark = pytest.mark.django_db
RUNGS = ["mql_at", "sal_at", "sql_at", "opportunity_at", "customer_at"]


def at(hours):
    """So many hours after the lead was created, at noon."""
    return NOON + timedelta(hours=hours)


def stamped(lead, *columns):
    """Rebuild, and return these columns as hours after creation."""
    milestones.rebuild()
    lead.refresh_from_db()
    values = [getattr(lead, column) for column in columns]
    return [value and (value - NOON) / timedelta(hours=1) for value in values]


def test_a_lead_without_events_has_no_milestones():
    columns = ["treated_at", "first_attempt_at", "first_response_at", "answered_at"]
    assert stamped(make_lead(), *columns, *RUNGS) == [None] * 9


def test_a_lead_is_treated_by_its_first_attempt_whatever_came_of_it():
    lead = make_lead()
    make_attempt(lead, at(3), "connected")
    make_attempt(lead, at(1), "no_answer")
    assert stamped(lead, "treated_at", "first_attempt_at", "first_response_at") == [1, 1, 3]


def test_an_attempt_before_creation_only_makes_the_lead_treated():
    lead = make_lead()
    make_attempt(lead, at(-1))
    assert stamped(lead, "treated_at", "first_attempt_at", "first_response_at") == [-1, None, None]


def test_an_attempt_at_the_instant_of_creation_is_an_answer():
    lead = make_lead()
    make_attempt(lead, at(0))
    assert stamped(lead, "treated_at", "first_attempt_at", "first_response_at") == [0, 0, 0]


@pytest.mark.parametrize(
    ("outcome", "response"),
    [
        ("connected", 1),
        ("replied", 1),
        ("email_sent", 1),
        ("message_sent", 1),
        ("meeting_booked", 1),
        ("no_answer", None),
        ("voicemail", None),
        ("wrong_number", None),
        ("bounced", None),
        ("gatekeeper", None),
    ],
)
def test_only_meaningful_outcomes_are_responses(outcome, response):
    lead = make_lead()
    make_attempt(lead, at(1), outcome)
    assert stamped(lead, "first_attempt_at", "first_response_at") == [1, response]


@pytest.mark.parametrize(("stops_on", "answered"), [("any", 1), ("meaningful", 2)])
def test_the_policy_says_what_answers_a_lead(stops_on, answered):
    lead = make_lead(sla_policy=make_policy(stops_on=stops_on))
    make_attempt(lead, at(1), "voicemail")
    make_attempt(lead, at(2), "replied")
    assert stamped(lead, "answered_at") == [answered]


def test_a_lead_under_no_policy_is_not_answered():
    lead = make_lead()
    make_attempt(lead, at(1))
    assert stamped(lead, "answered_at") == [None]


@pytest.mark.parametrize(
    ("stage", "reached"),
    [
        ("mql", [1, None, None, None, None]),
        ("sal", [1, 1, None, None, None]),
        ("sql", [1, 1, 1, None, None]),
        ("opportunity", [1, 1, 1, 1, None]),
        ("customer", [1, 1, 1, 1, 1]),
        ("rejected", [None] * 5),
        ("recycled", [None] * 5),
        ("disqualified", [None] * 5),
    ],
)
def test_a_rung_counts_for_those_below_it_and_outcomes_for_none(stage, reached):
    lead = make_lead()
    make_stage_event(lead, stage, at(1))
    assert stamped(lead, *RUNGS) == reached


def test_a_rung_is_reached_at_the_earliest_event_for_it_or_a_later_one():
    lead = make_lead()
    make_stage_event(lead, "mql", at(5))
    make_stage_event(lead, "sql", at(3))
    make_stage_event(lead, "sal", at(4))
    assert stamped(lead, *RUNGS) == [3, 3, 3, None, None]


def test_entering_again_after_recycling_keeps_the_first_time():
    lead = make_lead()
    for hour, stage in enumerate(["mql", "sal", "recycled", "mql", "sal", "sql"]):
        make_stage_event(lead, stage, at(hour))
    assert stamped(lead, *RUNGS) == [0, 1, 5, None, None]


def test_stage_events_before_creation_count_at_their_own_date():
    lead = make_lead()
    make_stage_event(lead, "mql", at(-24))
    assert stamped(lead, "mql_at") == [-24]


def test_opening_a_deal_reaches_opportunity_even_if_it_is_lost():
    lead = make_lead()
    make_opportunity(lead, at(2), status="lost", closed_at=at(9))
    assert stamped(lead, *RUNGS) == [2, 2, 2, 2, None]


def test_winning_a_deal_makes_a_customer_at_its_closing():
    lead = make_lead()
    make_opportunity(lead, at(2), status="won", closed_at=at(9))
    make_opportunity(lead, at(1), status="won", closed_at=at(12))
    assert stamped(lead, *RUNGS) == [1, 1, 1, 1, 9]


def test_a_deal_closed_before_it_was_opened_counts_from_its_closing():
    lead = make_lead()
    make_opportunity(lead, at(5), status="won", closed_at=at(3))
    assert stamped(lead, *RUNGS) == [3, 3, 3, 3, 3]


def test_an_open_deal_with_a_closing_date_is_not_won():
    lead = make_lead()
    make_opportunity(lead, at(2), status="open", closed_at=at(9))
    assert stamped(lead, "opportunity_at", "customer_at") == [2, None]


def test_fractions_of_a_second_keep_their_order():
    lead = make_lead()
    make_attempt(lead, NOON + timedelta(microseconds=500_000), "no_answer")
    make_attempt(lead, NOON + timedelta(seconds=1), "no_answer")
    milestones.rebuild()
    lead.refresh_from_db()
    assert lead.treated_at == NOON + timedelta(microseconds=500_000)


def test_the_events_of_other_leads_do_not_matter():
    lead, other = make_lead(), make_lead()
    make_attempt(other, at(1))
    make_stage_event(other, "customer", at(1))
    assert stamped(lead, "treated_at", *RUNGS) == [None] * 6


def test_stamps_that_no_event_backs_are_cleared():
    lead = make_lead(mql_at=at(1), treated_at=at(1), answered_at=at(1))
    assert stamped(lead, "mql_at", "treated_at", "answered_at") == [None] * 3


def test_a_second_rebuild_changes_nothing():
    lead = make_lead()
    make_attempt(lead, at(1))
    make_lead()
    assert milestones.stale() == 1
    assert milestones.rebuild() == 1
    assert milestones.stale() == 0
    assert milestones.rebuild() == 0


def test_only_the_leads_asked_for_are_rebuilt():
    first, second = make_lead(), make_lead()
    make_stage_event(first, "mql", at(1))
    make_stage_event(second, "mql", at(1))
    assert milestones.rebuild(Lead.objects.filter(pk=first.pk)) == 1
    assert milestones.rebuild(Lead.objects.filter(pk__in=[])) == 0
    assert milestones.rebuild(Lead.objects.none()) == 0
    assert list(Lead.objects.filter(mql_at=at(1))) == [first]
    assert milestones.rebuild(Lead.objects.filter(stage_events__stage="mql")) == 1


def run(*options):
    out = StringIO()
    call_command("rebuild_milestones", *options, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_read_and_changed():
    make_stage_event(make_lead(), "mql", at(1))
    Lead.objects.bulk_create(Lead(created_at=NOON) for _ in range(1233))
    assert run() == "1,234 leads read, 1 changed\n"
    assert run() == "1,234 leads read, 0 changed\n"
    assert run("--check") == "1,234 leads read, 0 would change\n"


def test_the_check_fails_on_a_stale_lead_and_writes_nothing():
    lead = make_lead(mql_at=at(1))
    with pytest.raises(CommandError, match="1 leads read, 1 would change") as failure:
        run("--check")
    assert failure.value.returncode == 1
    lead.refresh_from_db()
    assert lead.mql_at == at(1)
