"""Deals, attempts and appointments: rows that hang on leads, and what follows for those leads."""

from decimal import Decimal

import pytest

from leads.exchange import tables
from leads.models import Appointment, ContactAttempt, DefinitionSet, Lead, Opportunity, Submission, Workspace
from tests.factories import NOON, make_attempt, make_lead, make_opportunity, make_policy, utc

pytestmark = pytest.mark.django_db

DEAL = {
    "id": "Deal",
    "lead": "Lead",
    "opened_at": "Won",
    "closed_at": "Won",
    "status": {"value": "won"},
    "amount": "Sum",
}
OWNED = {**DEAL, "lead.owner": {"column": "Rep", "create": {}}, "lead.industry": "Segment"}
HEADER = "Deal,Lead,Won,Sum,Rep,Segment\n"


@pytest.fixture(autouse=True)
def workspace():
    return Workspace.objects.create(pk=1, name="Acme", time_zone="Europe/Paris", currency="EUR")


@pytest.fixture
def read(tmp_path):
    def read(content, table="opportunities", fields=OWNED, **mapping):
        path = tmp_path / "export.csv"
        path.write_text(content)
        return tables.read(table, path, tables.parse({"fields": fields, **mapping}))

    return read


def listed(found):
    return [str(problem) for problem in found]


def test_a_won_deal_makes_its_lead_a_customer(read):
    make_lead(key="L1", company="Acme", created_at=utc("2026-01-01 00:00"))
    content = HEADER + 'D1,L1,2026-02-01 12:00,"50,000,000",ann,pet\n'
    plan = read(content, time_zone="UTC", numbers={"thousands": ","})
    assert plan.apply(NOON).kinds == {"new": 1}
    deal = Opportunity.objects.get()
    won = utc("2026-02-01 12:00")
    assert (deal.opened_at, deal.closed_at, deal.status, deal.amount) == (
        won,
        won,
        "won",
        Decimal(50_000_000),
    )
    lead = Lead.objects.get()
    assert (lead.mql_at, lead.opportunity_at, lead.customer_at) == (won, won, won)
    assert (lead.owner.username, lead.industry, lead.company) == ("ann", "pet", "Acme")
    assert read(content, time_zone="UTC", numbers={"thousands": ","}).apply(NOON).kinds == {"unchanged": 1}


def test_naive_times_are_in_the_workspaces_zone_unless_told(read):
    make_lead(key="L1", created_at=utc("2026-01-01 00:00"))
    read(HEADER + "D1,L1,2026-02-01 12:00,1,,\n").apply(NOON)
    assert Opportunity.objects.get().opened_at == utc("2026-02-01 11:00")


def test_a_blank_cell_leaves_the_leads_column_alone(read):
    make_lead(key="L1", industry="pet")
    read(HEADER + "D1,L1,2026-03-03,,,\n").apply(NOON)
    assert Lead.objects.get().industry == "pet"
    assert Opportunity.objects.get().amount is None


def test_a_change_of_the_lead_alone_is_an_update(read):
    make_lead(key="L1", created_at=utc("2026-01-01 00:00"))
    content = HEADER + "D1,L1,2026-02-01,1,ann,pet\n"
    read(content).apply(NOON)
    tally = read(content.replace("pet", "zoo")).apply(NOON)
    assert tally.kinds == {"update": 1}
    assert Lead.objects.get().industry == "zoo"


def test_where_rows_differ_about_a_lead_the_first_has_its_way(read):
    make_lead(key="L1", created_at=utc("2026-01-01 00:00"))
    content = HEADER + "D1,L1,2026-02-01,1,ann,pet\nD2,L1,2026-02-02,1,bob,pet\n"
    tally = read(content).apply(NOON)
    assert listed(tally.warnings) == ["3: Rep: lead 'L1' has its owner from line 2 already"]
    assert Lead.objects.get().owner.username == "ann"
    assert read(content).apply(NOON).kinds == {"unchanged": 2}


def test_a_deal_older_than_its_lead_is_imported_with_a_warning(read):
    make_lead(key="L1", created_at=utc("2026-02-02 00:00"))
    tally = read(HEADER + "D1,L1,2026-02-01T12:00:00Z,1,,\n").apply(NOON)
    assert tally.kinds == {"new": 1}
    assert listed(tally.warnings) == ["2: Won: 2026-02-01 12:00 UTC is before the lead's creation"]
    assert Lead.objects.get().customer_at == utc("2026-02-01 12:00")


def test_a_deal_won_at_the_very_creation_is_no_cause_for_a_warning(read):
    make_lead(key="L1", created_at=utc("2026-02-01 00:00"))
    assert read(HEADER + "D1,L1,2026-02-01T00:00:00Z,1,,\n").check().warnings == []


def test_a_deal_needs_a_lead_that_counts_and_a_date_if_closed(read):
    survivor = make_lead(key="KEPT")
    make_lead(key="GONE", status="merged", merged_into=survivor)
    fields = {"id": "Deal", "lead": "Lead", "opened_at": "Opened", "closed_at": "Closed", "status": "State"}
    tally = read(
        "Deal,Lead,Opened,Closed,State\n"
        "D1,NONE,2026-03-03,,open\n"
        "D2,GONE,2026-03-03,,open\n"
        "D3,KEPT,2026-03-03,,lost\n"
        "D4,KEPT,2026-03-03,2026-03-04,lost\n"
        "D5,,2026-03-03,,open\n",
        fields=fields,
    ).check()
    assert listed(tally.problems) == [
        "2: Lead: unknown lead 'NONE'",
        "3: Lead: lead 'GONE' was merged into another",
        "4: Closed: a deal that is lost needs a closing date",
        "6: Lead: is required",
    ]
    assert tally.kinds == {"error": 4, "new": 1}


def test_a_stored_deal_may_be_closed_by_a_later_import(read):
    lead = make_lead(key="L1", created_at=utc("2026-01-01 00:00"))
    make_opportunity(lead, utc("2026-01-05 00:00"), key="D1", name="Big", amount=5)
    tally = read("Deal,Lead,Won,Sum,Rep,Segment\nD1,L1,2026-02-01T00:00:00Z,7,,\n").apply(NOON)
    assert tally.kinds == {"update": 1}
    deal = Opportunity.objects.get()
    assert (deal.status, deal.amount, deal.name, deal.closed_at) == ("won", 7, "Big", utc("2026-02-01 00:00"))
    assert Lead.objects.get().customer_at == utc("2026-02-01 00:00")


def test_a_deal_that_changes_hands_leaves_no_mark_on_the_former_lead(read):
    for key in ("L1", "L2"):
        make_lead(key=key, created_at=utc("2026-01-01 00:00"))
    read(HEADER + "D1,L1,2026-02-01T00:00:00Z,7,,\n").apply(NOON)
    read(HEADER + "D1,L2,2026-02-01T00:00:00Z,7,,\n").apply(NOON)
    assert list(Lead.objects.order_by("key").values_list("customer_at", flat=True)) == [
        None,
        utc("2026-02-01 00:00"),
    ]


def test_leads_cannot_be_redated_by_what_hangs_on_them(read):
    with pytest.raises(tables.MappingError, match=r"^fields\.lead\.created_at: no such field"):
        read(HEADER, fields={**DEAL, "lead.created_at": "Won"})


def test_attempts_stop_the_clocks_that_imported_leads_start(read):
    make_policy(minutes=60)
    read("Id,At\nL1,2026-03-02T12:00:00Z\n", table="leads", fields={"id": "Id", "created_at": "At"}).apply(
        NOON
    )
    lead = Lead.objects.get()
    assert (lead.response_due_at, lead.answered_at) == (utc("2026-03-02 13:00"), None)

    fields = {
        "id": {"template": "{Lead}/{At}"},
        "lead": "Lead",
        "at": "At",
        "medium": {"column": "How", "values": {"tel": "call"}},
        "outcome": {"column": "Result", "values": {"ok": "connected"}, "otherwise": "no_answer"},
        "by": {"column": "Who", "create": {}},
    }
    content = (
        "Lead,At,How,Result,Who\n"
        "L1,2026-03-02T12:10:00Z,tel,busy,ann\n"
        "L1,2026-03-02T12:30:00Z,tel,ok,ann\n"
        "L1,2026-03-01T12:00:00Z,email,sent,\n"
    )
    tally = read(content, table="attempts", fields=fields).apply(NOON)
    assert (tally.kinds, tally.added) == ({"new": 3}, {"users": 1})
    assert listed(tally.warnings) == ["4: At: 2026-03-01 12:00 UTC is before the lead's creation"]
    lead.refresh_from_db()
    assert (lead.treated_at, lead.first_attempt_at) == (utc("2026-03-01 12:00"), utc("2026-03-02 12:10"))
    assert lead.first_response_at == lead.answered_at == utc("2026-03-02 12:30")
    assert ContactAttempt.objects.filter(by__username="ann", medium="call").count() == 2


def test_a_corrected_creation_starts_the_clock_anew(read):
    make_policy(minutes=60)
    fields = {"id": "Id", "created_at": "At"}
    read("Id,At\nL1,2026-03-02T12:00:00Z\n", table="leads", fields=fields).apply(NOON)
    make_attempt(Lead.objects.get(), utc("2026-03-02 11:30"))
    read("Id,At\nL1,2026-03-02T11:00:00Z\n", table="leads", fields=fields).apply(NOON)
    lead = Lead.objects.get()
    assert (lead.response_due_at, lead.answered_at) == (utc("2026-03-02 12:00"), utc("2026-03-02 11:30"))
    assert Submission.objects.get().at == utc("2026-03-02 11:00")


def test_leads_are_scored_as_they_come_and_when_a_deal_tells_more(read):
    rule = {"field": "industry", "op": "eq", "value": "pet"}
    DefinitionSet.objects.create(
        number=1,
        status="published",
        scoring={
            "rules": [{"slug": "pets", "category": "firmographic", "when": rule, "points": 30}],
            "thresholds": {"warm": 20, "mql": 50, "sql": 80},
        },
    )
    read("Id,At\nL1,2026-03-01\n", table="leads", fields={"id": "Id", "created_at": "At"}).apply(NOON)
    assert Lead.objects.get().score == 0
    read(HEADER + "D1,L1,2026-03-02,1,,pet\n").apply(NOON)
    assert Lead.objects.get().score == 30


def test_appointments_come_with_their_outcome(read):
    make_lead(key="L1")
    fields = {
        "id": "Id",
        "lead": "Lead",
        "booked_at": "Booked",
        "scheduled_for": "For",
        "minutes": "Long",
        "status": {"column": "Came", "values": {"yes": "held", "no": "no_show"}},
    }
    content = "Id,Lead,Booked,For,Long,Came\nA1,L1,2026-03-03,2026-03-04 09:00,30,no\n"
    read(content, table="appointments", fields=fields).apply(NOON)
    appointment = Appointment.objects.get()
    assert (appointment.status, appointment.minutes) == ("no_show", 30)
    assert (appointment.booked_at, appointment.scheduled_for) == (
        utc("2026-03-02 23:00"),
        utc("2026-03-04 08:00"),
    )
    assert read(content, table="appointments", fields=fields).apply(NOON).kinds == {"unchanged": 1}
